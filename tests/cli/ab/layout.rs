//! `--layout-check`, with a real compiler and linker.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::desk::Desk;
use super::notes;
use super::revisions::{git, repository};

/// Ten functions that are called in turns, so often.
fn source(times: u32) -> String {
    let mut functions = String::new();
    let mut calls = String::new();
    for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
        functions.push_str(&format!(
            "__attribute__((noinline)) static unsigned {name}(unsigned x) {{ return x * 1664525u + '{name}'; }}\n"
        ));
        calls.push_str(&format!(" x = {name}(x);"));
    }
    format!(
        "{functions}int main(void) {{ unsigned x = 1; for (long n = 0; n < {times}; n++) {{{calls} }} return x == 7; }}\n"
    )
}

/// The branch `work` calls four times as often.
fn program() -> Desk {
    let desk = repository();
    for (branch, times) in [("main", 1_000_000), ("work", 4_000_000)] {
        git(&desk, &format!("checkout -q {branch}"));
        desk.write("tool.c", &source(times));
        git(&desk, "add tool.c");
        git(&desk, "commit -qm tool");
    }
    desk
}

/// The notes of a comparison that is red, or nearly so beside other work.
fn check(desk: &Desk, build: &str) -> String {
    let arguments = [
        "ab",
        "--base-ref",
        "main",
        "--exact",
        "--build",
        build,
        "--run",
        "./tool",
        "--layout-check",
        "--max-rounds",
        "10",
        "--format",
        "json",
    ];
    let said = desk.run(&arguments);
    assert!(matches!(said.code, Some(0 | 1)), "{}", said.err);
    assert_eq!(git(desk, "worktree list").lines().count(), 1);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    notes(&verdict)
}

const BUILD: &str = "cc -O1 -ffunction-sections -o tool tool.c";

/// Whether this machine has a linker that takes an order: the system's, or the one of Rust.
fn has_lld() -> bool {
    let asks =
        "command -v ld.lld || test -x \"$(rustc --print sysroot)\"/lib/rustlib/*/bin/gcc-ld/ld.lld";
    let asked = Command::new("sh").args(["-c", asks]).output().unwrap();
    asked.status.success()
}

#[test]
fn what_got_worse_is_measured_with_its_code_in_other_orders() {
    let desk = program();
    let copy = format!(
        "{BUILD} && cp tool '{}'/\"$PERFGATE_LAYOUT\".out",
        desk.path(".").display()
    );
    let told = check(&desk, &copy);
    if !has_lld() {
        assert!(
            told.contains("linked into the same executable again"),
            "{told}"
        );
        return;
    }
    let part = "layout check: command time.p50 is +";
    assert!(told.contains(part), "{told}");
    assert!(
        told.contains("with the code of head in 3 other orders"),
        "{told}"
    );
    assert!(
        told.contains("the order of its code does not explain it"),
        "{told}"
    );
    // The plain builds have no order to tell.
    let built =
        ["", "1", "2", "3"].map(|order| fs::read(desk.path(&format!("{order}.out"))).unwrap());
    for (at, one) in built.iter().enumerate() {
        assert!(
            !built[..at].contains(one),
            "order {at} is one of those before"
        );
    }
}

#[test]
fn a_build_that_takes_no_order_or_fails_with_one_is_told_and_decides_nothing() {
    let desk = program();
    let told = check(&desk, &format!("unset COMPILER_PATH; {BUILD}"));
    assert!(
        told.contains("linked into the same executable again"),
        "{told}"
    );
    let fails = format!("test -z \"$PERFGATE_LAYOUT\" && {BUILD}");
    let told = check(&desk, &fails);
    assert!(
        told.contains("could not be measured in another order: build head in another order"),
        "{told}"
    );
    let arguments = [
        "ab",
        "--base-ref",
        "main",
        "--run",
        "./tool",
        "--layout-check",
    ];
    let said = desk.ends(&arguments, 2);
    assert!(
        said.err.contains("nothing says how it is built"),
        "{}",
        said.err
    );
}
