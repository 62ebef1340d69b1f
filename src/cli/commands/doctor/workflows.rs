//! What the workflows of a repository do with perfgate: read line by line, for what is looked for stands on lines of its own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

/// A workflow that runs perfgate.
#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(super) struct WorkflowFile {
    /// Below the root of the repository.
    pub(super) path: String,
    /// What starts it: `pull_request`, `push`.
    events: Vec<String>,
    /// The branches that it names; none means all.
    branches: Vec<String>,
    /// It adds runs to a baseline.
    updates: bool,
    /// Each that is written; where none is, the checkout holds one commit.
    fetch_depth: Vec<u64>,
    /// `pull-requests: write`, without which no comment can be written.
    may_comment: bool,
    /// A step that runs perfgate may fail without the job failing.
    may_fail: bool,
}

/// A file of more than this is no workflow.
const LARGEST: u64 = 1 << 20;

impl WorkflowFile {
    fn parse(path: String, text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(without_comment).collect();
        let runs = |line: &&&str| runs_perfgate(line);
        let step_lines: Vec<&&str> = lines.iter().filter(runs).collect();
        if step_lines.is_empty() {
            return None;
        }
        let (events, branches) = events(&lines);
        let value = |line: &&str, key: &str| -> Option<String> {
            let line = line.trim_start_matches([' ', '-']);
            let value = line.strip_prefix(key)?.strip_prefix(':')?;
            Some(value.trim().trim_matches(['"', '\'']).to_owned())
        };
        let depths = lines.iter().filter_map(|line| value(line, "fetch-depth"));
        let depths: BTreeSet<u64> = depths.filter_map(|depth| depth.parse().ok()).collect();
        let has = |key: &str, wanted: &str| {
            let mut values = lines.iter().filter_map(|line| value(line, key));
            values.any(|value| value == wanted)
        };
        let ignored = step_lines.iter().any(|line| {
            let rest = line.split_once("perfgate").map_or("", |(_, rest)| rest);
            ["|| true", "|| :", "|| exit 0"]
                .iter()
                .any(|end| rest.trim_end().ends_with(end))
        });
        Some(Self {
            path,
            events,
            branches,
            updates: has("mode", "update")
                || lines
                    .iter()
                    .any(|line| line.contains("perfgate baseline update")),
            fetch_depth: depths.into_iter().collect(),
            may_comment: has("pull-requests", "write") || has("permissions", "write-all"),
            may_fail: ignored || continues_after_perfgate(&lines),
        })
    }

    fn told(&self) -> String {
        let on = match self.events.is_empty() {
            true => String::new(),
            false => format!(" on {}", self.events.join(", ")),
        };
        let branches = match self.branches.is_empty() {
            true => String::new(),
            false => format!(" of {}", self.branches.join(", ")),
        };
        let work = if self.updates {
            "updates the baseline"
        } else {
            "judges"
        };
        let depth = match self.fetch_depth.as_slice() {
            [] => "one commit".to_owned(),
            [0] => "all commits".to_owned(),
            depths => {
                let depths: Vec<String> = depths.iter().map(u64::to_string).collect();
                format!("fetch-depth {}", depths.join(" and "))
            }
        };
        let comment = match (self.updates, self.may_comment) {
            (true, _) => "",
            (false, true) => ", may comment",
            (false, false) => ", may not comment (no `pull-requests: write`)",
        };
        format!("{}: {work}{on}{branches}; {depth}{comment}", self.path)
    }

    /// A branch named, by a pattern or not at all.
    fn is_for(&self, branch: &str) -> bool {
        let matches =
            |pattern: &String| crate::model::Pattern::new(pattern.as_str()).matches(branch);
        self.branches.is_empty() || self.branches.iter().any(matches)
    }
}

/// What was found, in words: findings, and facts.
#[derive(Default)]
pub(super) struct WorkflowFindings {
    pub(super) findings: Vec<String>,
    pub(super) facts: Vec<String>,
    pub(super) files: Vec<WorkflowFile>,
}

/// Of a repository with workflows; elsewhere there is nothing to say.
pub(super) fn look(root: &Path, default_branch: Option<&str>) -> WorkflowFindings {
    let mut found = WorkflowFindings::default();
    let folder = root.join(".github/workflows");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return found;
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        matches!(ending, Some("yml" | "yaml"))
    });
    paths.sort();
    for path in &paths {
        let small = std::fs::metadata(path).is_ok_and(|about| about.len() <= LARGEST);
        let text = std::fs::read(path).ok().filter(|_| small);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let shown = format!(".github/workflows/{name}");
        let text = text.map(|text| String::from_utf8_lossy(&text).into_owned());
        found
            .files
            .extend(text.and_then(|text| WorkflowFile::parse(shown, &text)));
    }
    if found.files.is_empty() {
        found.facts.push(
            "no workflow of .github/workflows runs perfgate: `perfgate init` writes one".to_owned(),
        );
        return found;
    }
    for file in &found.files {
        found.facts.push(file.told());
        if file.may_fail {
            found.findings.push(format!(
                "{}: its step may fail without the job failing (`continue-on-error`, `|| true`)",
                file.path
            ));
        }
    }
    let mut updating = found.files.iter().filter(|file| file.updates).peekable();
    if updating.peek().is_none() {
        found
            .facts
            .push("no workflow adds runs to the baseline".to_owned());
    } else if let Some(branch) = default_branch
        && !updating.any(|file| file.is_for(branch))
    {
        found.facts.push(format!(
            "no workflow adds runs to the baseline on `{branch}`, which is the default branch"
        ));
    }
    found
}

fn without_comment(line: &str) -> &str {
    let start = line.trim_start();
    if start.starts_with('#') {
        return "";
    }
    line.split(" #").next().unwrap_or(line)
}

/// The action by any owner, or the program as a command.
fn runs_perfgate(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '-']);
    if let Some(action) = line.strip_prefix("uses:") {
        let action = action.trim().trim_matches(['"', '\'']);
        let name = action.split('@').next().unwrap_or_default();
        return name.rsplit('/').next() == Some("perfgate");
    }
    line.split("perfgate ").skip(1).any(is_command)
}

/// A command of ours, perhaps behind global flags with a value each.
fn is_command(words: &str) -> bool {
    let mut may_be_value = false;
    for word in words.split_whitespace() {
        if ["check", "ab", "compare", "baseline", "post"].contains(&word) {
            return true;
        }
        if !word.starts_with('-') && !may_be_value {
            return false;
        }
        may_be_value = word.starts_with('-');
    }
    false
}

/// `continue-on-error: true` in a step that runs perfgate.
fn continues_after_perfgate(lines: &[&str]) -> bool {
    let mut steps: Vec<Vec<&str>> = vec![Vec::new()];
    for line in lines {
        if line.trim_start().starts_with("- ") {
            steps.push(Vec::new());
        }
        if let Some(step) = steps.last_mut() {
            step.push(line);
        }
    }
    steps.iter().any(|step| {
        let ignored = |line: &&str| {
            line.trim_start_matches([' ', '-']).trim_end() == "continue-on-error: true"
        };
        step.iter().any(ignored) && step.iter().any(|line| runs_perfgate(line))
    })
}

/// What starts it, and the branches that are named there.
fn events(lines: &[&str]) -> (Vec<String>, Vec<String>) {
    let is_on = |line: &&str| {
        ["on:", "\"on\":", "'on':"]
            .iter()
            .any(|on| line.starts_with(on))
    };
    let Some(at) = lines.iter().position(is_on) else {
        return (Vec::new(), Vec::new());
    };
    let inline = lines.get(at).and_then(|line| line.split_once(':'));
    let inline = items(inline.map_or("", |(_, rest)| rest));
    if !inline.is_empty() {
        return (inline, Vec::new());
    }
    let (mut events, mut branches) = (Vec::new(), Vec::new());
    let (mut indent, mut in_branches) = (None, false);
    for line in lines
        .iter()
        .skip(at + 1)
        .filter(|line| !line.trim().is_empty())
    {
        let own = line.len() - line.trim_start().len();
        if own == 0 {
            break;
        }
        let first = *indent.get_or_insert(own);
        let text = line.trim();
        if let Some(item) = text.strip_prefix("- ") {
            let item = item.trim_matches(['"', '\'']).to_owned();
            match (own == first, in_branches) {
                (true, _) => events.push(item),
                (false, true) => branches.push(item),
                (false, false) => {}
            }
            continue;
        }
        in_branches = text.starts_with("branches:");
        if own == first {
            events.push(
                text.trim_end_matches(':')
                    .split(':')
                    .next()
                    .unwrap_or(text)
                    .to_owned(),
            );
        } else if in_branches {
            branches.extend(items(text.trim_start_matches("branches:")));
        }
    }
    (events, branches)
}

/// `a`, or `[a, "b"]`.
fn items(text: &str) -> Vec<String> {
    let text = text.trim().trim_start_matches('[').trim_end_matches(']');
    text.split(',')
        .map(|item| item.trim().trim_matches(['"', '\'']).to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<WorkflowFile> {
        WorkflowFile::parse("gate.yml".to_owned(), text)
    }

    #[test]
    fn every_shipped_workflow_is_seen_for_what_it_is() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/workflows");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let file = parsed(&std::fs::read_to_string(&path).unwrap());
            let file = file.unwrap_or_else(|| panic!("{name} runs perfgate"));
            assert_eq!(
                file.updates,
                name.starts_with("baseline"),
                "{name}: {file:?}"
            );
            assert!(!file.may_fail, "{name}: {file:?}");
            assert!(!file.events.is_empty(), "{name}: {file:?}");
            seen += 1;
        }
        assert!(seen > 5);
    }

    #[test]
    fn events_branches_depth_and_rights_are_read_in_every_form() {
        let block = "on:\n  push:\n    branches:\n      - main\n      - 'release/*'\n  pull_request:\njobs:\n  a:\n    permissions:\n      pull-requests: write # the comment\n    steps:\n      - uses: actions/checkout@v4\n        with:\n          fetch-depth: 0\n      - uses: me/perfgate@abc\n        with:\n          mode: update\n";
        let file = parsed(block).unwrap();
        assert_eq!(file.events, ["push", "pull_request"]);
        assert_eq!(file.branches, ["main", "release/*"]);
        assert_eq!(file.fetch_depth, [0]);
        assert!(file.updates && file.may_comment && !file.may_fail);
        assert!(file.is_for("main") && file.is_for("release/1") && !file.is_for("develop"));
        let inline = "on: [push, pull_request]\njobs:\n  a:\n    steps:\n      - run: perfgate -C app check --baseline main\n";
        let file = parsed(inline).unwrap();
        assert_eq!(file.events, ["push", "pull_request"]);
        assert!(!file.updates && !file.may_comment);
        for other in [
            "on: push\njobs: {}\n",
            "on: push\n# perfgate check\n",
            "on: push\njobs:\n  a:\n    steps:\n      - run: echo perfgate is nice\n",
            "on: push\njobs:\n  a:\n    steps:\n      - uses: me/other@perfgate\n",
        ] {
            assert_eq!(parsed(other), None, "{other}");
        }
    }

    #[test]
    fn a_step_that_may_fail_is_seen_and_that_of_another_is_not() {
        let job = |steps: &str| format!("on: push\njobs:\n  a:\n    steps:\n{steps}");
        for (steps, may_fail) in [
            ("      - run: perfgate check || true\n", true),
            (
                "      - run: perfgate check\n        continue-on-error: true\n",
                true,
            ),
            (
                "      - continue-on-error: true\n        uses: me/perfgate@a\n",
                true,
            ),
            (
                "      - run: ./flaky\n        continue-on-error: true\n      - run: perfgate check\n",
                false,
            ),
            (
                "      - run: ./flaky || true\n      - run: perfgate check\n",
                false,
            ),
        ] {
            let file = parsed(&job(steps)).unwrap();
            assert_eq!(file.may_fail, may_fail, "{steps}");
        }
    }
}
