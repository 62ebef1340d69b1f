//! Budgets hold without any baseline.

use perfgate::report::Document;

use super::desk::Desk;

fn gate(budget: &str) -> Desk {
    let desk = Desk::new();
    desk.run_file("a.json", 100.0);
    let rule = format!("[[rule]]\nsubject = \"parse\"\nmetric = \"time\"\nbudget = \"{budget}\"\n");
    desk.write("perfgate.toml", &rule);
    desk
}

fn warning(budget: &str) -> Desk {
    let desk = gate(budget);
    let rule = format!(
        "[[rule]]\nsubject = \"parse\"\nmetric = \"time\"\nbudget = \"{budget}\"\nseverity = \"warn\"\n"
    );
    desk.write("perfgate.toml", &rule);
    desk
}

#[test]
fn a_budget_is_judged_where_no_baseline_is_named() {
    let said = gate("50ns").ends("check a.json", 1);
    assert!(said.out.contains("not met  at most 50 ns"), "{}", said.out);
    gate("500ns").ends("check a.json", 0);
    gate("500ns").ends("check a.json --require-baseline", 3);
    gate("50ns").ends("check a.json --require-baseline", 1);
}

#[test]
fn budgets_alone_are_a_verdict_and_the_headline_says_that_they_are_alone() {
    for (desk, code, verdict) in [
        (gate("500ns"), 0, "pass"),
        (gate("50ns"), 1, "fail"),
        (warning("50ns"), 0, "warn"),
    ] {
        let json = desk.ends("check a.json --format json", code).out;
        let document: Document = serde_json::from_str(&json).unwrap();
        assert_eq!(document.verdict.as_str(), verdict);
        assert_eq!(document.contradiction(), None, "{verdict}");
        for format in ["text", "markdown"] {
            let said = desk.ends(&format!("check a.json --format {format}"), code);
            assert!(
                said.out.contains("no baseline, 1 budget only"),
                "{}",
                said.out
            );
            assert!(!said.out.contains("no baseline yet"), "{}", said.out);
            assert!(
                said.err.contains("perfgate baseline update"),
                "{}",
                said.err
            );
        }
    }
    let required = gate("500ns").ends("check a.json --require-baseline --format json", 3);
    let document: Document = serde_json::from_str(&required.out).unwrap();
    assert_eq!(document.verdict.as_str(), "no-baseline");
    assert_eq!(document.contradiction(), None);
}

#[test]
fn a_gate_with_neither_asks_for_a_baseline() {
    let desk = gate("50ns");
    desk.write("perfgate.toml", "[[rule]]\nsubject = \"parse\"\n");
    let said = desk.ends("check a.json", 2);
    assert!(said.err.contains("no baseline is named"), "{}", said.err);
}
