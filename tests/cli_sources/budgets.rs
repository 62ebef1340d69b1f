//! Budgets hold without any baseline.

use crate::desk::Desk;

fn gate(budget: &str) -> Desk {
    let desk = Desk::new();
    desk.run_file("a.json", 100.0);
    let rule = format!("[[rule]]\nsubject = \"parse\"\nmetric = \"time\"\nbudget = \"{budget}\"\n");
    desk.write("perfgate.toml", &rule);
    desk
}

#[test]
fn a_budget_is_judged_where_no_baseline_is_named() {
    let said = gate("50ns").ends("check a.json", 1);
    assert!(
        said.out.contains("over the budget of 50 ns"),
        "{}",
        said.out
    );
    gate("500ns").ends("check a.json", 0);
    gate("500ns").ends("check a.json --require-baseline", 3);
    gate("50ns").ends("check a.json --require-baseline", 1);
}

#[test]
fn a_gate_with_neither_asks_for_a_baseline() {
    let desk = gate("50ns");
    desk.write("perfgate.toml", "[[rule]]\nsubject = \"parse\"\n");
    let said = desk.ends("check a.json", 2);
    assert!(said.err.contains("no baseline is named"), "{}", said.err);
}
