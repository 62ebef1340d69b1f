//! The workflows of `examples/workflows`, with what this repository has to set up. The examples are the only text of
//! them: they are what is linted and what the documents show.

use super::config::Mode;

const TURNS: &str = include_str!("../../../../examples/workflows/ab.yml");
const GATE: &str = include_str!("../../../../examples/workflows/pull-request.yml");
const PUSH: &str = include_str!("../../../../examples/workflows/baseline-push.yml");

/// What the examples say where a repository measures by a script of its own.
const MEASURES: &str = "- run: ./load/run.sh 5";
const MEASURES_COMMENT: &str = "# What is measured: ";
const RESULTS: &str = "results: out/run*_stats.csv";
const STEP: &str = "- uses: OWNER/perfgate@";
/// Behind these the step says more.
const INPUTS: [&str; 3] = [
    "mode: ab",
    "baseline: \"{base}\"",
    "baseline: perfgate-runs.json",
];

/// What differs from repository to repository.
#[derive(Clone, Debug, Default)]
pub(super) struct Here {
    /// Shell commands that come first, in order.
    pub(super) setup: Vec<String>,
    /// Something has to be loaded, and nobody said how it is started.
    pub(super) needs_service: bool,
    /// The folder of the config below that of the repository.
    pub(super) folder: Option<String>,
    /// The config, where it has a name of its own.
    pub(super) config: Option<String>,
    /// The branch that others are merged into.
    pub(super) branch: String,
}

/// The gate on every pull request.
pub(super) fn gate(mode: Mode, here: &Here) -> String {
    let example = match mode {
        Mode::Turns => TURNS,
        Mode::Baseline => GATE,
    };
    here.fill(example)
}

/// What brings the baseline onto the branch.
pub(super) fn baseline(here: &Here) -> String {
    here.fill(PUSH)
}

impl Here {
    fn fill(&self, example: &str) -> String {
        let mut lines = vec![
            "# Written by `perfgate init` from examples/workflows. OWNER is whoever hosts perfgate for you; put a revision of it, in".to_owned(),
            "# full, in place of the zeros.".to_owned(),
        ];
        let measures_itself = example.contains(MEASURES);
        let mut is_set_up = false;
        for line in example.lines() {
            let text = line.trim_start();
            let indent = line.get(..line.len() - text.len()).unwrap_or_default();
            if text.starts_with(MEASURES_COMMENT) || text == RESULTS {
                continue;
            }
            let here = text == MEASURES || (!measures_itself && text.starts_with(STEP));
            if here && !is_set_up {
                is_set_up = true;
                lines.extend(
                    self.steps()
                        .into_iter()
                        .map(|step| format!("{indent}{step}")),
                );
            }
            if text == MEASURES {
                continue;
            }
            lines.push(line.replace("[main", &format!("[{}", self.branch_text())));
            if INPUTS.contains(&text) {
                lines.extend(
                    self.inputs()
                        .into_iter()
                        .map(|input| format!("{indent}{input}")),
                );
            }
        }
        lines.push(String::new());
        lines.join("\n")
    }

    fn steps(&self) -> Vec<String> {
        let mut steps = Vec::new();
        for command in &self.setup {
            steps.push("- run: |".to_owned());
            steps.push(format!("    {command}"));
        }
        if self.needs_service {
            steps
                .push("# Yours: build the service that is loaded and start it, such as".to_owned());
            steps.push("# - run: ./server --port 8080 >server.log 2>&1 &".to_owned());
        }
        steps
    }

    fn inputs(&self) -> Vec<String> {
        let folder = self
            .folder
            .iter()
            .map(|folder| format!("working-directory: {}", yaml(folder)));
        let config = self
            .config
            .iter()
            .map(|config| format!("config: {}", yaml(config)));
        folder.chain(config).collect()
    }

    fn branch_text(&self) -> String {
        match self
            .branch
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_/.".contains(c))
        {
            true => self.branch.clone(),
            false => yaml(&self.branch),
        }
    }
}

/// A text in double quotes, which TOML and YAML write alike but for what no name of a folder holds.
fn yaml(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_examples_say_of_their_own_load_is_replaced_in_each() {
        let here = Here {
            setup: vec!["pip install locust".to_owned()],
            branch: "trunk".to_owned(),
            folder: Some("services/shop".to_owned()),
            ..Here::default()
        };
        for text in [
            gate(Mode::Turns, &here),
            gate(Mode::Baseline, &here),
            baseline(&here),
        ] {
            assert!(
                !text.contains("load/run.sh") && !text.contains("_stats.csv"),
                "{text}"
            );
            assert_eq!(text.matches("pip install locust").count(), 1, "{text}");
            assert_eq!(
                text.matches("working-directory: \"services/shop\"").count(),
                1,
                "{text}"
            );
            assert!(!text.contains("[main"), "{text}");
        }
        assert!(baseline(&here).contains("branches: [trunk, \"release/**\"]"));
    }
}
