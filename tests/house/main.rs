//! The rules of the house, held by reading the project's own files: who may know whom, which rooms are pure, where
//! files know each other in circles, which are long, which names and words are not used.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends at the first surprise"
)]

mod circles;
mod fixtures;
mod paths;
mod source;

use std::fs;

use source::{Source, files, relative, root, rust};

/// Whom each room may know besides itself. The core may know who stands left of it; `cli` knows everyone
/// and nobody knows `cli`; `exit` is for those who end the program, `hint` and `toml_file` are for the edges, `json_schema` for whoever has a document.
const LAW: &[(&str, &[&str])] = &[
    ("model", &["json_schema", "text"]),
    ("stats", &["model", "text"]),
    ("compare", &["model", "stats", "text"]),
    ("verdict", &["model", "stats", "compare", "exit"]),
    ("history", &["model", "stats", "json_schema", "text"]),
    (
        "report",
        &[
            "model",
            "stats",
            "compare",
            "verdict",
            "history",
            "json_schema",
            "text",
        ],
    ),
    ("ingest", &["model", "stats", "hint", "text"]),
    (
        "load",
        &["model", "stats", "hint", "toml_file", "json_schema", "text"],
    ),
    ("store", &["model", "hint", "json_schema", "text"]),
    (
        "ab",
        &[
            "model", "stats", "compare", "ingest", "load", "store", "hint", "text",
        ],
    ),
    ("publish", &["hint", "text"]),
    (
        "cli",
        &[
            "model",
            "stats",
            "compare",
            "verdict",
            "history",
            "report",
            "ingest",
            "load",
            "store",
            "ab",
            "publish",
            "exit",
            "hint",
            "toml_file",
            "json_schema",
            "text",
        ],
    ),
    ("exit", &[]),
    ("hint", &[]),
    ("toml_file", &["json_schema", "text"]),
    ("json_schema", &[]),
    ("text", &[]),
    ("lib", &[]),
    ("main", &["cli", "exit"]),
];

const PURE: [&str; 7] = [
    "text", "model", "stats", "compare", "verdict", "history", "report",
];

fn program() -> Vec<Source> {
    let sources = rust("src");
    assert!(sources.len() > 20, "only {} files in src/", sources.len());
    sources
}

fn holds(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// The rooms that a file names, by `crate::`, `perfgate::` or enough `super::`.
fn rooms_named(source: &Source) -> Vec<String> {
    let is_room = |name: &String| LAW.iter().any(|(room, _)| room == name);
    paths::named(&source.code)
        .into_iter()
        .filter_map(|path| {
            let supers = path.iter().take_while(|part| *part == "super").count();
            let from_root = match path[0].as_str() {
                "crate" | "perfgate" => 1,
                "super" if supers >= source.depth() => supers,
                _ => return None,
            };
            path.get(from_root).filter(|name| is_room(name)).cloned()
        })
        .collect()
}

#[test]
fn each_room_knows_only_the_rooms_that_the_law_allows() {
    let mut broken = Vec::new();
    let mut named = 0;
    for source in program() {
        let Some((_, allowed)) = LAW.iter().find(|(room, _)| *room == source.room()) else {
            broken.push(format!("{}: the law names no such room", source.path));
            continue;
        };
        for room in rooms_named(&source) {
            named += 1;
            if room != source.room() && !allowed.contains(&room.as_str()) {
                broken.push(format!("{} may not know {room}", source.path));
            }
        }
    }
    broken.dedup();
    holds(&broken);
    assert!(named > 10, "the test sees only {named} imports");
}

/// What a pure room would need to reach outside, by path.
fn reaches_outside(path: &[String]) -> bool {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let last = parts.last().copied().unwrap_or_default();
    match parts.as_slice() {
        ["std", "fs" | "net" | "env" | "process" | "os", ..] | ["std", "*"] => true,
        ["tempfile" | "rand" | "getrandom", _, ..] => true,
        _ => {
            parts.iter().any(|part| {
                ["SystemTime", "Instant", "File", "stdin", "stdout", "stderr"].contains(part)
            }) || (parts.len() > 1 && last == "now")
                || ["print!", "println!", "eprint!", "eprintln!", "dbg!"].contains(&last)
        }
    }
}

#[test]
fn pure_rooms_touch_no_file_clock_network_environment_or_terminal() {
    let mut broken = Vec::new();
    let mut seen = 0;
    for source in program() {
        if PURE.contains(&source.room()) {
            seen += 1;
            for path in paths::named(&source.outside_tests()) {
                if reaches_outside(&path) {
                    broken.push(format!("{} names {}", source.path, path.join("::")));
                }
            }
        }
    }
    holds(&broken);
    assert!(seen > 10, "the test sees only {seen} pure files");
}

#[test]
fn the_purity_test_would_see_each_way_outside() {
    for code in [
        "use std::{fmt, fs};",
        "std::env::var(x)",
        "std::time::Instant::now()",
        "jiff::Timestamp::now()",
        "println!()",
        "use std::io::stdout;",
        "std::process::exit(1)",
    ] {
        let paths = paths::named(code);
        assert!(paths.iter().any(|path| reaches_outside(path)), "{code}");
    }
    for code in [
        "use std::time::Duration;",
        "std::fmt::Display",
        "let now = 1;",
    ] {
        let paths = paths::named(code);
        assert!(!paths.iter().any(|path| reaches_outside(path)), "{code}");
    }
}

#[test]
fn no_parts_of_a_module_know_each_other_in_a_circle() {
    let circles = circles::circles(&program());
    let broken: Vec<String> = circles
        .iter()
        .map(|circle| format!("a circle: {}", circle.join(", ")))
        .collect();
    holds(&broken);
}

/// Files of more than 600 lines, and why each is one idea all the same.
const LONG: &[(&str, &str)] = &[];

#[test]
fn a_file_of_more_than_600_lines_says_why_it_is_one_idea() {
    let mut broken = Vec::new();
    for source in program() {
        let lines = source.text.lines().count();
        let excused = LONG.iter().any(|(path, _)| *path == source.path);
        match (lines > 600, excused) {
            (true, false) => broken.push(format!(
                "{} has {lines} lines: is it two ideas? If not, say why in LONG",
                source.path
            )),
            (false, true) => broken.push(format!("{} is short: out of LONG", source.path)),
            _ => {}
        }
    }
    holds(&broken);
}

#[test]
fn each_module_opens_with_what_lives_there() {
    let mut broken = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for source in rust(folder) {
            let first = source.text.lines().next().unwrap_or_default();
            let words = first.strip_prefix("//! ").map(str::split_whitespace);
            if words.map_or(0, Iterator::count) < 2 {
                broken.push(format!("{} does not open with `//! …`", source.path));
            }
        }
    }
    holds(&broken);
}

#[test]
fn names_are_of_the_domain() {
    let vague = [
        "util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "stuff",
    ];
    let mut broken = Vec::new();
    for folder in [
        "src",
        "tests",
        "benches",
        "examples",
        "templates",
        "docs",
        "fuzz",
    ] {
        for path in files(&root().join(folder)) {
            let path = relative(&path);
            let mut names = path.split(['/', '.', '_', '-']);
            if names.any(|name| vague.contains(&name)) {
                broken.push(format!("{path}: say what it holds"));
            }
        }
    }
    holds(&broken);
}

#[test]
fn exit_numbers_stand_in_one_file() {
    let mut broken = Vec::new();
    for source in program() {
        if source.path == "src/exit.rs" {
            continue;
        }
        for number in '0'..='9' {
            for call in ["ExitCode::from(", "process::exit(", "exit("] {
                if source.outside_tests().contains(&format!("{call}{number}")) {
                    broken.push(format!("{}: {call}{number}…", source.path));
                }
            }
        }
    }
    holds(&broken);
}

#[test]
fn exceptions_to_lints_are_expected_and_not_allowed() {
    let mut broken = Vec::new();
    for source in program() {
        if source.code.contains("[allow(") {
            broken.push(format!("{}: write #[expect(…, reason = …)]", source.path));
        }
    }
    holds(&broken);
}

/// Spelt in two halves, so that this file is not found by its own search.
const FOREIGN: &[(&str, &str)] = &[
    ("/work", "/shared"),
    ("/work", "/main"),
    ("/work", "/wt-"),
    ("shared", "/facts"),
    ("shared", "/eval"),
    ("shared", "/fixtures"),
    ("shared", "/design"),
    ("farm", "-bench"),
    ("farm", "-studio"),
    ("score", ".py"),
    ("dev.jsonl", ".gz"),
    ("PRODUCT", ".md"),
    ("ARCHITECTURE", ".md"),
    ("STATISTICS", ".md"),
];

#[test]
fn nothing_names_the_place_where_it_was_built() {
    let mut broken = Vec::new();
    let mut seen = 0;
    for path in files(root()) {
        seen += 1;
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for (start, end) in FOREIGN {
            let word = format!("{start}{end}");
            if text.contains(&word) {
                broken.push(format!("{} names {word}", relative(&path)));
            }
        }
    }
    holds(&broken);
    assert!(seen > 50, "the test sees only {seen} files");
}
