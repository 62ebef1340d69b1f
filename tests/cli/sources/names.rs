//! Whose results they are: the names and the inputs of sources.

use serde_json::{Value, json};

use super::desk::Desk;

#[test]
fn results_carry_the_name_of_their_source_and_a_digest_of_its_inputs() {
    let desk = Desk::new();
    desk.run_file("a.json", 100.0);
    desk.write("load/locustfile.py", "wait_time = 1\n");
    let source = |inputs: &str| {
        desk.config(&format!(
            "[[source]]\nname = \"browsing\"\nresults = \"a.json\"\ninputs = [{inputs}]\n"
        ));
    };
    let digest = |inputs: &str| -> Value {
        source(inputs);
        drop(std::fs::remove_file(desk.path("main.json")));
        desk.ends("baseline update", 0);
        assert_eq!(desk.provenance("source"), [json!("browsing")]);
        let mut found = desk.provenance("inputs");
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    };
    let first = digest("\"load/locustfile.py\"");
    assert_eq!(digest("\"load/*.py\""), first);
    assert_eq!(digest("\"**/*.py\""), first);
    desk.write("load/locustfile.py", "wait_time = 2\n");
    assert_ne!(digest("\"load/*.py\""), first);
}

#[test]
fn an_input_that_is_not_there_is_told_before_anything_is_run() {
    let desk = Desk::new();
    for input in ["locustfile.py", "load/*.py"] {
        desk.config(&format!(
            "[[source]]\ncommand = \"touch began\"\nresults = \"a.json\"\ninputs = [\"{input}\"]\n"
        ));
        let said = desk.ends("check", 2);
        let told = format!("find input {input}: there is no such file");
        assert!(said.err.contains(&told), "{}", said.err);
        assert!(!desk.path("began").exists());
    }
}

#[test]
fn several_results_or_commands_need_names_and_scenarios_do_not() {
    let desk = Desk::new();
    desk.run_file("a.json", 100.0);
    let sources = |first: &str, second: &str| {
        desk.config(&format!(
            "[[source]]\nresults = \"a.json\"\n{first}[[source]]\ncommand = \"true\"\nresults = \"a.json\"\n{second}"
        ));
    };
    for (first, second, line) in [
        ("", "", 3),
        ("name = \"a\"\n", "", 6),
        ("name = \"a\"\n", "name = \"a\"\n", 9),
    ] {
        sources(first, second);
        let said = desk.ends("check", 2);
        assert!(
            said.err.contains(&format!("perfgate.toml:{line}:")),
            "{}",
            said.err
        );
        assert!(said.err.contains("hint: give each"), "{}", said.err);
    }
    // One of each kind is told apart without a name; here it is only the scenario that is missing.
    desk.config("[[source]]\nresults = \"a.json\"\n[[source]]\nscenario = \"missing.toml\"\n");
    let said = desk.ends("check", 2);
    assert!(said.err.contains("missing.toml"), "{}", said.err);
    assert!(!said.err.contains("name"), "{}", said.err);
}

#[test]
fn results_of_the_command_line_get_their_source_by_a_flag() {
    let desk = Desk::new();
    desk.run_file("a.json", 100.0);
    desk.ends(
        "baseline update --baseline main.json --environment lab --source browsing a.json",
        0,
    );
    assert_eq!(desk.provenance("source"), [json!("browsing")]);
    desk.ends(
        "check --baseline main.json --environment lab --source browsing a.json",
        0,
    );
    desk.ends("compare --source browsing a.json a.json", 0);

    desk.config("[[source]]\nname = \"own\"\nresults = \"a.json\"\n");
    let said = desk.ends("check --source browsing", 2);
    assert!(
        said.err
            .contains("--source names the results of the command line"),
        "{}",
        said.err
    );
}
