//! No text makes the reader panic, and none that is cut off is taken for whole by accident.

use std::path::Path;

use perfgate::load::scenario::parse_in;
use proptest::prelude::*;

use super::{Around, WHOLE, parse};

#[test]
fn a_file_cut_off_anywhere_is_read_or_refused() {
    let mut refused = 0;
    for end in (0..WHOLE.len()).filter(|end| WHOLE.is_char_boundary(*end)) {
        if let Err(error) = parse(&WHOLE[..end]) {
            refused += 1;
            assert!(error.line > 0 && error.column > 0 && !error.message.is_empty());
        }
    }
    assert!(refused > WHOLE.len() / 2, "{refused}");
}

#[test]
fn a_line_left_out_is_read_or_refused() {
    let lines: Vec<&str> = WHOLE.lines().collect();
    for skipped in 0..lines.len() {
        let text: Vec<&str> = lines
            .iter()
            .enumerate()
            .filter_map(|(at, line)| (at != skipped).then_some(*line))
            .collect();
        let _ = parse(&text.join("\n"));
    }
}

/// Values of every kind, where one was expected.
const WRONG: [&str; 14] = [
    "1",
    "-1",
    "0",
    "1e308",
    "nan",
    "true",
    "\"\"",
    "\"x\"",
    "\"{{\"",
    "\"${\"",
    "[]",
    "{}",
    "[[1]]",
    "1979-05-27",
];

#[test]
fn any_value_under_any_key_is_read_or_refused() {
    let lines: Vec<&str> = WHOLE.lines().collect();
    let mut tried = 0;
    for (at, line) in lines.iter().enumerate() {
        let Some((key, _)) = line.split_once(" = ").filter(|_| !line.contains("#")) else {
            continue;
        };
        for wrong in WRONG {
            let changed = format!("{key} = {wrong}");
            let mut lines = lines.clone();
            lines[at] = &changed;
            tried += 1;
            let _ = parse(&lines.join("\n"));
        }
    }
    assert!(tried > 500, "{tried}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn bytes_in_the_middle_never_panic(at in 0..WHOLE.len(), junk in "\\PC{0,12}") {
        let at = (at..WHOLE.len()).find(|at| WHOLE.is_char_boundary(*at)).unwrap_or(0);
        let (before, after) = WHOLE.split_at(at);
        let _ = parse_in(&format!("{before}{junk}{after}"), Path::new("x"), &Around);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }
}
