//! The table of exit codes, held over whole processes: 0 only for a completed verdict that passes, 1 for one
//! that fails, 2 where the work could not be done, 3 where a decision was asked for and cannot be given.

mod gate;

use gate::{Gate, Page, page, results};
use perfgate::exit::Exit;
use serde_json::Value;

const CHECK: &[&str] = &["check", "--baseline", "base.json", "now.json"];

/// One gate from its results to its code.
struct Case {
    name: &'static str,
    config: &'static str,
    /// Runs a side, and what was measured in them; no pages, no file.
    runs: u32,
    base: &'static [Page],
    now: &'static [Page],
    extra: &'static [&'static str],
    verdict: &'static str,
    exit: Exit,
}

/// Five runs a side, nothing changed, no config: each case says what differs from it.
const SAME: Case = Case {
    name: "nothing changed",
    config: "",
    runs: 5,
    base: &[page("GET /", 1.0), page("GET /search", 1.0)],
    now: &[page("GET /", 1.0), page("GET /search", 1.0)],
    extra: &[],
    verdict: "pass",
    exit: Exit::Pass,
};

const SLOWER: &[Page] = &[page("GET /", 1.0), page("GET /search", 1.3)];

const CASES: &[Case] = &[
    SAME,
    Case {
        name: "a page became slower",
        now: SLOWER,
        verdict: "fail",
        exit: Exit::Fail,
        ..SAME
    },
    Case {
        name: "a page became faster",
        base: SLOWER,
        ..SAME
    },
    Case {
        name: "a page became slower, and its rule only warns",
        config: "[[rule]]\nsubject = 'GET /search'\nseverity = 'warn'\n",
        now: SLOWER,
        verdict: "warn",
        ..SAME
    },
    Case {
        name: "a page became slower, and nobody is to look at it",
        config: "[[rule]]\nsubject = 'GET /search'\nseverity = 'off'\n",
        now: SLOWER,
        ..SAME
    },
    Case {
        name: "a page became slower, which is accepted",
        config: "[[accept]]\nsubject = 'GET /search'\nmetric = 'latency'\nup_to = '50%'\n\
                 reason = 'encrypts at rest'\nuntil = 2999-12-31\n",
        now: SLOWER,
        verdict: "warn",
        ..SAME
    },
    Case {
        name: "a page became slower, and the acceptance has expired",
        config: "[[accept]]\nsubject = 'GET /search'\nmetric = 'latency'\nup_to = '50%'\n\
                 reason = 'encrypts at rest'\nuntil = 2001-12-31\n",
        now: SLOWER,
        verdict: "fail",
        exit: Exit::Fail,
        ..SAME
    },
    Case {
        name: "a page became slower within a wider limit",
        extra: &["--max-regression", "80%"],
        now: SLOWER,
        ..SAME
    },
    Case {
        name: "a budget is broken though nothing changed",
        config: "[[rule]]\nsubject = 'GET /'\nmetric = 'latency.p95'\nbudget = '50ms'\n",
        verdict: "fail",
        exit: Exit::Fail,
        ..SAME
    },
    Case {
        name: "a budget is broken and there is no baseline",
        config: "[[rule]]\nsubject = 'GET /'\nmetric = 'latency.p95'\nbudget = '50ms'\n",
        base: &[],
        verdict: "fail",
        exit: Exit::Fail,
        ..SAME
    },
    Case {
        name: "a page vanished",
        now: &[page("GET /", 1.0)],
        verdict: "fail",
        exit: Exit::Fail,
        ..SAME
    },
    Case {
        name: "a page vanished, which only warns",
        config: "on_missing = 'warn'\n",
        now: &[page("GET /", 1.0)],
        verdict: "warn",
        ..SAME
    },
    Case {
        name: "requests fail",
        now: &[
            page("GET /", 1.0),
            Page {
                name: "GET /search",
                factor: 1.0,
                failed: 30,
            },
        ],
        verdict: "fail",
        exit: Exit::Fail,
        ..SAME
    },
    Case {
        name: "one run a side looks slower",
        runs: 1,
        now: SLOWER,
        verdict: "inconclusive",
        ..SAME
    },
    Case {
        name: "one run a side looks slower, and a decision is asked for",
        runs: 1,
        now: SLOWER,
        extra: &["--strict"],
        verdict: "inconclusive",
        exit: Exit::Undecided,
        ..SAME
    },
    Case {
        name: "one run a side looks slower, and the config asks for a decision",
        config: "on_inconclusive = 'fail'\n",
        runs: 1,
        now: SLOWER,
        verdict: "inconclusive",
        exit: Exit::Undecided,
        ..SAME
    },
    Case {
        name: "one run a side became ten times slower",
        runs: 1,
        now: &[page("GET /", 1.0), page("GET /search", 10.0)],
        verdict: "fail",
        exit: Exit::Fail,
        ..SAME
    },
    Case {
        name: "there is no baseline yet",
        base: &[],
        verdict: "no-baseline",
        ..SAME
    },
    Case {
        name: "there is no baseline, and a decision is asked for",
        base: &[],
        extra: &["--strict"],
        verdict: "no-baseline",
        exit: Exit::Undecided,
        ..SAME
    },
    Case {
        name: "there is no baseline, and the config requires one",
        config: "require_baseline = true\n",
        base: &[],
        verdict: "no-baseline",
        exit: Exit::Undecided,
        ..SAME
    },
    Case {
        name: "nothing could be compared",
        config: "on_missing = 'warn'\n",
        now: &[page("GET /elsewhere", 1.0)],
        verdict: "inconclusive",
        exit: Exit::Error,
        ..SAME
    },
];

#[test]
fn each_verdict_ends_with_its_code_and_its_reports_are_written_before() {
    let mut wrong = Vec::new();
    for case in CASES {
        let gate = Gate::new(case.config);
        for (file, pages) in [("base.json", case.base), ("now.json", case.now)] {
            if !pages.is_empty() {
                gate.write(file, &results(case.runs, pages));
            }
        }
        let reports = ["--report", "json=out.json", "--report", "junit=out.xml"];
        let output = gate.run(&[CHECK, &reports, case.extra].concat());
        let report: Value = serde_json::from_str(&gate.read("out.json")).unwrap_or_default();
        let expected = (
            Some(i32::from(case.exit.code())),
            Some(case.verdict),
            Some(u64::from(case.exit.code())),
        );
        let found = (
            output.status.code(),
            report.get("verdict").and_then(Value::as_str),
            report.get("exit_code").and_then(Value::as_u64),
        );
        if found != expected || output.stdout.is_empty() || gate.read("out.xml").is_empty() {
            wrong.push(format!(
                "{}: expected {expected:?}, found {found:?}\n{}{}",
                case.name,
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n\n"));
}

#[test]
fn compare_ends_with_the_same_codes() {
    let gate = Gate::new("this is no config, and compare does not read one");
    gate.write("old.json", &results(5, SAME.base));
    gate.write("same.json", &results(5, SAME.now));
    gate.write("slower.json", &results(5, SLOWER));
    gate.write("one.json", &results(1, SAME.base));
    gate.write("one-slower.json", &results(1, SLOWER));
    for (arguments, exit) in [
        (&["old.json", "same.json"][..], Exit::Pass),
        (&["old.json", "slower.json"], Exit::Fail),
        (&["old.json", "absent.json"], Exit::Error),
        (&["one.json", "one-slower.json"], Exit::Pass),
        (
            &["one.json", "one-slower.json", "--strict"],
            Exit::Undecided,
        ),
    ] {
        let output = gate.run(&[&["compare"], arguments].concat());
        assert_eq!(
            output.status.code(),
            Some(i32::from(exit.code())),
            "{arguments:?}: {output:?}"
        );
    }
}

#[test]
fn a_baseline_takes_no_run_that_the_gate_fails_unless_it_is_told_why() {
    let gate = Gate::new("baseline = 'store.json'\n");
    gate.write("base.json", &results(5, SAME.base));
    gate.write("slower.json", &results(5, SLOWER));
    let update = |extra: &[&str]| {
        let output = gate.run(&[&["baseline", "update"], extra].concat());
        output.status.code()
    };
    assert_eq!(update(&["base.json"]), Some(0));
    let before = gate.read("store.json");
    assert!(before.contains("perfgate.baseline/1"), "{before}");
    assert_eq!(update(&["slower.json"]), Some(1));
    assert_eq!(gate.read("store.json"), before);
    let told = ["--accept-regression", "encrypts at rest", "slower.json"];
    assert_eq!(update(&told), Some(0));
    assert_ne!(gate.read("store.json"), before);
}

/// Nothing is judged, standard output stays empty and standard error says why.
fn could_not(gate: &Gate, arguments: &[&str], because: &str) {
    let output = gate.run(arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
    assert!(message.contains(because), "{arguments:?}: {message}");
    assert!(!message.contains("panicked"), "{message}");
}

#[test]
fn what_cannot_be_done_ends_with_2_and_says_why() {
    let gate = Gate::new("");
    gate.write("base.json", &results(2, SAME.base));
    gate.write("empty.json", "");
    gate.write("broken.json", "[{\"schema\": \"perfgate.run/1\", \"subj");
    gate.write(
        "future.json",
        "{\"schema\": \"perfgate.run/9\", \"subjects\": {}}",
    );
    gate.write("poem.txt", "roses are red");
    let check = |result| ["check", "--baseline", "base.json", result];
    could_not(&gate, &[], "Usage");
    could_not(&gate, &["chekc"], "chekc");
    could_not(&gate, &["check", "--basline", "x"], "--basline");
    could_not(&gate, &check("absent.json"), "absent.json");
    could_not(&gate, &check("empty.json"), "empty.json");
    could_not(&gate, &check("broken.json"), "broken.json");
    could_not(&gate, &check("future.json"), "perfgate.run/9");
    could_not(&gate, &check("poem.txt"), "poem.txt");
    could_not(&gate, &["-C", "nowhere", "check"], "nowhere");
    could_not(
        &gate,
        &["check", "--baseline", "poem.txt", "base.json"],
        "poem.txt",
    );
}

#[test]
fn a_config_that_means_nothing_ends_with_2() {
    for (config, because) in [
        ("max_regresion = '5%'\n", "max_regresion"),
        ("[[rule]]\nsubject = 'GET /serch'\n", "GET /search"),
        ("[defaults]\nmax_regression = 'five'\n", "five"),
        ("[[bench]]\nname = 'x'\n", "bench"),
        ("baseline = [\n", "perfgate.toml"),
    ] {
        let gate = Gate::new(config);
        gate.write("base.json", &results(2, SAME.base));
        gate.write("now.json", &results(2, SAME.now));
        could_not(&gate, CHECK, because);
    }
}

#[test]
fn a_report_that_cannot_be_written_never_ends_with_0() {
    let gate = Gate::new("");
    gate.write("base.json", &results(5, SAME.base));
    gate.write("now.json", &results(5, SAME.now));
    // A folder stands where the file should be.
    let output = gate.run(&[CHECK, &["--report", "json=.git"]].concat());
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn a_closed_pipe_never_ends_with_0() {
    let gate = Gate::new("");
    gate.write("base.json", &results(5, SAME.base));
    gate.write("now.json", &results(5, SAME.now));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = gate.command(CHECK).stdout(writer).status().unwrap();
    assert_ne!(status.code(), Some(0));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_never_ends_with_0() {
    let gate = Gate::new("");
    gate.write("base.json", &results(5, SAME.base));
    gate.write("now.json", &results(5, SAME.now));
    let full = std::fs::File::create("/dev/full").unwrap();
    let status = gate.command(CHECK).stdout(full).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn help_and_version_are_no_error() {
    let gate = Gate::new("");
    for arguments in [&["--help"][..], &["--version"], &["check", "--help"]] {
        let output = gate.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn the_documented_table_has_these_codes_and_no_other() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let codes = Exit::ALL.map(|e| e.code().to_string());
    for page in ["README.md", "docs/exit-codes.md"] {
        let text = std::fs::read_to_string(root.join(page)).unwrap();
        let table = text.split("| code |").nth(1).unwrap_or_default();
        let listed: Vec<&str> = table
            .lines()
            .skip(2)
            .map_while(|line| line.strip_prefix("| "))
            .filter_map(|line| line.split(" |").next())
            .collect();
        assert_eq!(listed, codes, "{page}");
    }
}
