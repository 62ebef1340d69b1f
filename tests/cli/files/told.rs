//! Whatever a file is for and whatever is wrong with it: the error says which file it is, and says it once.

use std::fs;

use super::desk::Desk;

/// Not there, in a folder that is not there either.
const GONE: &str = "gone/file";
/// A folder.
const FOLDER: &str = "heap";
/// Below a file, as if that were a folder.
const BELOW: &str = "now.ndjson/file";

#[test]
fn every_error_of_a_file_says_once_which_file_it_is() {
    let desk = Desk::with_results();
    fs::create_dir(desk.path(FOLDER)).unwrap();
    desk.ends(
        "check --baseline main.json now.ndjson --report json=verdict.json",
        0,
    );
    let read = [GONE, FOLDER, BELOW].as_slice();
    // What is made where it is missing.
    let written = [FOLDER, BELOW].as_slice();
    let there = [GONE, BELOW].as_slice();
    for (line, obstacles) in [
        ("check --baseline main.json {}", read),
        ("check --baseline main.json now.ndjson {}", read),
        ("check --baseline {} now.ndjson", written),
        ("check --baseline main.json --config {} now.ndjson", read),
        (
            "check --baseline main.json now.ndjson --template {} --report markdown=out.md",
            read,
        ),
        (
            "check --baseline main.json now.ndjson --report json={}",
            written,
        ),
        (
            "check --baseline main.json now.ndjson --report html={}",
            written,
        ),
        ("compare {} now.ndjson", read),
        ("compare old.ndjson {}", read),
        ("inspect {}", read),
        ("merge {} now.ndjson --output all.json", read),
        ("report {} --baseline main.json --output page.html", read),
        (
            "report now.ndjson --baseline main.json --output {}",
            written,
        ),
        ("baseline update --baseline fresh.json {}", read),
        ("baseline update --baseline {} now.ndjson", written),
        ("baseline show --baseline {}", read),
        ("baseline pin --label v1 --baseline {} now.ndjson", written),
        ("baseline pin --label v1 --baseline main.json {}", read),
        ("history --baseline {}", there),
        ("run {}", read),
        (
            "run http://127.0.0.1:9/ --users 1 --for 1s --output {}",
            written,
        ),
        ("post {}", written),
        ("ab --rerun {}", read),
        ("doctor --baseline {}", there),
        ("-C {} check", there),
    ] {
        for obstacle in obstacles {
            let line = line.replace("{}", obstacle);
            let said = desk.run(&line);
            assert_eq!(said.code, Some(2), "{line}\n{}\n{}", said.out, said.err);
            let mut errors = said.err.lines().filter(|line| line.starts_with("error: "));
            let error = errors.next().unwrap_or_default();
            let named = error.matches(obstacle).count();
            assert_eq!(named, 1, "{line}\n{}", said.err);
        }
    }
}
