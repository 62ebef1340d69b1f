//! Progress in the task bar, by the sequence OSC 9;4, on terminals that are known to read it: others would show a
//! notification. It stays until it is taken away, so whoever ends the program takes it away first.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::env::Env;

static SHOWN: AtomicBool = AtomicBool::new(false);

const REMOVE: &str = "\x1b]9;4;0;\x1b\\";

/// Whether the terminal of this environment reads it.
pub(crate) fn is_read(env: &Env) -> bool {
    let program = env.get("TERM_PROGRAM");
    env.get("WT_SESSION").is_some()
        || env.get("ConEmuANSI") == Some("ON")
        || matches!(program, Some("WezTerm" | "ghostty"))
}

/// The sequence for a share of the work, from 0 to 1.
pub(super) fn show(share: f64) -> String {
    SHOWN.store(true, Ordering::Relaxed);
    format!("\x1b]9;4;1;{:.0}\x1b\\", share.clamp(0.0, 1.0) * 100.0)
}

/// The sequence that takes it away, where it is shown.
pub(super) fn remove() -> &'static str {
    match SHOWN.swap(false, Ordering::Relaxed) {
        true => REMOVE,
        false => "",
    }
}

/// Before the program ends at once.
pub(crate) fn remove_now() {
    let sequence = remove();
    if !sequence.is_empty() {
        // Nobody is left to be told that it stays.
        drop(std::io::stderr().write_all(sequence.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_terminals_that_are_known_to_read_it_get_it() {
        for (name, value, reads) in [
            ("WT_SESSION", "4f6d", true),
            ("ConEmuANSI", "ON", true),
            ("ConEmuANSI", "OFF", false),
            ("TERM_PROGRAM", "WezTerm", true),
            // A notification, there.
            ("TERM_PROGRAM", "iTerm.app", false),
            ("TERM", "xterm-256color", false),
        ] {
            assert_eq!(is_read(&Env::from_iter([(name, value)])), reads, "{name}");
        }
    }
}
