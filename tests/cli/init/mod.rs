//! `perfgate init`: small projects of every kind, what is written for them, and that the gate runs with it.

mod project;
mod services;
mod tools;

use std::path::Path;

use project::Project;

const LOCUSTFILE: &str = "from locust import HttpUser, task\n\nclass Visitor(HttpUser):\n    @task\n    def items(self):\n        self.client.get('/items')\n";
const WORKFLOW: &str = ".github/workflows/perfgate.yml";

/// Every workflow is YAML, and names nothing of the examples that it comes from.
fn workflow(text: &str) -> serde_json::Value {
    let read: serde_json::Value = serde_saphyr::from_str(text).unwrap();
    assert!(
        read["jobs"]
            .as_object()
            .is_some_and(|jobs| !jobs.is_empty()),
        "{text}"
    );
    assert!(
        !text.contains("load/run.sh") && !text.contains("out/run"),
        "{text}"
    );
    read
}

#[test]
fn a_dry_run_shows_every_file_under_its_name_and_writes_none() {
    let desk = Project::new(&[("locustfile.py", LOCUSTFILE)]);
    let said = desk.ends("init --dry-run", 0);
    for heading in [
        "==> perfgate.toml\n",
        "==> .github/workflows/perfgate.yml\n",
        "==> .github/workflows/perfgate-baseline.yml\n",
    ] {
        assert!(said.out.contains(heading), "{}", said.out);
    }
    assert!(
        said.err.contains("found Locust: locustfile.py"),
        "{}",
        said.err
    );
    assert!(said.err.contains("next: perfgate init"), "{}", said.err);
    assert!(!desk.file("perfgate.toml").exists() && !desk.file(".github").exists());
}

#[test]
fn what_is_there_stays_as_it_is_and_is_told() {
    let desk = Project::new(&[("locustfile.py", LOCUSTFILE), (WORKFLOW, "name: mine\n")]);
    let said = desk.ends("init", 0);
    let told = format!("{WORKFLOW} is there already and stays as it is");
    assert!(said.err.contains(&told), "{}", said.err);
    assert_eq!(desk.read(WORKFLOW), "name: mine\n");
    assert!(
        said.out
            .contains("wrote perfgate.toml: 1 source (locust)\n"),
        "{}",
        said.out
    );
    let before = desk.read("perfgate.toml");
    let said = desk.ends("init", 2);
    assert!(
        said.err
            .contains("error: nothing was written: every file is there already"),
        "{}",
        said.err
    );
    assert!(said.err.contains("hint: "), "{}", said.err);
    assert_eq!(desk.read("perfgate.toml"), before);
}

#[test]
fn a_config_of_another_tool_of_the_name_is_told_as_what_it_is() {
    let desk = Project::new(&[
        ("locustfile.py", LOCUSTFILE),
        ("perfgate.toml", "[[bench]]\nname = \"a\"\n"),
    ]);
    let said = desk.ends("init", 2);
    assert!(
        said.err
            .contains("this file belongs to another tool named perfgate"),
        "{}",
        said.err
    );
    assert!(said.err.contains("--config gate.toml"), "{}", said.err);
    assert!(!desk.file(".github").exists());
    desk.ends("init --config gate.toml", 0);
    let gate = workflow(&desk.read(WORKFLOW));
    let steps = gate["jobs"]["gate"]["steps"].as_array().unwrap();
    assert!(
        steps
            .iter()
            .any(|step| step["with"]["config"] == "gate.toml")
    );
}

#[test]
fn where_nothing_measures_a_starter_says_so_and_no_job_is_made_that_would_be_red() {
    let desk = Project::new(&[
        ("README.md", "# Nothing\n"),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    let said = desk.ends("init", 0);
    assert!(
        said.err.contains("found nothing that measures"),
        "{}",
        said.err
    );
    assert!(
        said.err.contains("perfgate init http://127.0.0.1:8080/"),
        "{}",
        said.err
    );
    assert!(!desk.file(".github").exists());
    let text = desk.read("perfgate.toml");
    perfgate::cli::settings::config::parse("perfgate.toml", &text).unwrap();
    assert!(
        text.contains("# Nothing that measures was found here."),
        "{text}"
    );
    let said = desk.ends("check", 2);
    assert!(
        said.err.contains("found no results to judge"),
        "{}",
        said.err
    );
}

#[test]
fn below_the_root_of_a_repository_the_workflow_lies_at_the_root_and_names_the_folder() {
    let desk = Project::new(&[("services/shop/locustfile.py", LOCUSTFILE)]);
    desk.ends("-C services/shop init", 0);
    assert!(desk.file("services/shop/perfgate.toml").exists());
    let gate = workflow(&desk.read(WORKFLOW));
    let steps = gate["jobs"]["gate"]["steps"].as_array().unwrap();
    let is_there = |step: &serde_json::Value| step["with"]["working-directory"] == "services/shop";
    assert!(steps.iter().any(is_there), "{gate}");
}

#[test]
fn results_dependencies_and_hidden_folders_are_not_looked_at() {
    let desk = Project::new(&[
        ("node_modules/a/locustfile.py", LOCUSTFILE),
        (".venv/lib/locustfile.py", LOCUSTFILE),
        ("target/package/locustfile.py", LOCUSTFILE),
        (
            "vendor/x/openapi.json",
            "{\"openapi\": \"3.0.0\", \"paths\": {\"/\": {\"get\": {}}}}",
        ),
    ]);
    let said = desk.ends("init --dry-run", 0);
    assert!(
        said.err.contains("found nothing that measures"),
        "{}",
        said.err
    );
}

/// A name of a file may be anything: it becomes no line of its own, in no file.
#[test]
fn names_of_files_stay_inside_their_quotes() {
    let hostile = "load/a'b\"c\nmalicious = 1 $(touch gone)/locustfile.py";
    let desk = Project::new(&[(hostile, LOCUSTFILE)]);
    desk.ends("init", 0);
    let text = desk.read("perfgate.toml");
    let config = perfgate::cli::settings::config::parse("perfgate.toml", &text).unwrap();
    assert_eq!(config.sources.len(), 1);
    assert_eq!(config.sources[0].inputs, [hostile]);
    workflow(&desk.read(WORKFLOW));
    let script = "while [ \"$1\" != -f ]; do shift; done; [ -f \"$2\" ] || exit 9\nwhile [ \"$1\" != --csv ]; do shift; done\ncp \"$fixtures/../../examples/shop/recorded/main-1_stats.csv\" \"$2_stats.csv\"";
    desk.tool("locust", script);
    desk.ends("baseline update", 0);
    assert!(!Path::new("gone").exists() && !desk.file("gone").exists());
}
