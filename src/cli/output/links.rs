//! Hyperlinks of a terminal (OSC 8), where it is known to have them.
//!
//! Which terminals these are, and that `FORCE_HYPERLINK` decides otherwise, is what `supports-hyperlinks` of npm and of
//! crates.io say, and cargo.

use std::path::Path;

use crate::cli::args::Color;
use crate::cli::env::Env;
use crate::text::sanitize;

/// Whether a terminal shows links. A pipe never gets one.
pub(super) fn are_shown(env: &Env, color: Color, is_terminal: bool) -> bool {
    if !is_terminal || color == Color::Never {
        return false;
    }
    if env.get("FORCE_HYPERLINK").is_some() {
        return env.is_on("FORCE_HYPERLINK");
    }
    let is_set = |name| env.get(name).is_some();
    if ["NO_COLOR", "CI"].into_iter().any(is_set) || env.get("TERM") == Some("dumb") {
        return false;
    }
    let by_program = matches!(
        env.get("TERM_PROGRAM"),
        Some("iTerm.app" | "WezTerm" | "vscode" | "ghostty" | "Hyper" | "terminology")
    );
    let by_kind = matches!(
        env.get("TERM"),
        Some("xterm-kitty" | "xterm-ghostty" | "alacritty" | "alacritty-direct" | "foot")
    );
    // 0.50.0 falls over a link.
    let vte = env
        .get("VTE_VERSION")
        .and_then(|version| version.parse().ok());
    let by_version = vte.is_some_and(|version: u32| version > 5000);
    by_program
        || by_kind
        || by_version
        || env.get("COLORTERM") == Some("xfce4-terminal")
        || ["WT_SESSION", "KONSOLE_VERSION", "DOMTERM"]
            .into_iter()
            .any(is_set)
}

/// Whether the files of this machine can be opened where the links are seen.
pub(super) fn reach_files(env: &Env) -> bool {
    env.get("SSH_CONNECTION").is_none()
}

fn link(address: &str, text: &str) -> String {
    format!("\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\")
}

/// A line in which every web address is a link.
pub(super) fn of_addresses(line: &str) -> String {
    let mut linked = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, address, behind)) = next_address(rest) {
        linked += before;
        linked += &link(address, address);
        rest = behind;
    }
    linked + rest
}

/// The first web address of a text, and what stands around it.
fn next_address(text: &str) -> Option<(&str, &str, &str)> {
    /// What ends a sentence and no address.
    const BEHIND: [char; 5] = ['.', ',', ';', ':', '?'];
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let schemes =
            ["https://", "http://"].map(|scheme| rest.find(scheme).map(|at| (at, scheme)));
        let (at, scheme) = schemes.into_iter().flatten().min()?;
        let (before, found) = text.split_at_checked(from + at)?;
        let host = found.strip_prefix(scheme)?;
        let end = host.find(|c: char| !sanitize::is_plain_in_url(c));
        let host = host
            .get(..end.unwrap_or(host.len()))?
            .trim_end_matches(BEHIND);
        let (address, behind) = found.split_at_checked(scheme.len() + host.len())?;
        if !host.is_empty() {
            return Some((before, address, behind));
        }
        from += at + scheme.len();
    }
}

/// The path of a file as a link to it; `shown` is how it is told.
pub(super) fn of_file(path: &Path, shown: &str) -> String {
    let whole = std::path::absolute(path).ok();
    let address = whole.and_then(|whole| url::Url::from_file_path(whole).ok());
    address.map_or_else(|| shown.to_owned(), |address| link(address.as_str(), shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_terminal_that_is_known_to_have_links_gets_them() {
        let shown = |variables: &[(&'static str, &'static str)]| {
            are_shown(
                &Env::from_iter(variables.iter().copied()),
                Color::Auto,
                true,
            )
        };
        for (variables, is) in [
            (&[("TERM", "xterm-256color")][..], false),
            (&[("TERM", "xterm-256color"), ("VTE_VERSION", "7200")], true),
            (&[("VTE_VERSION", "5000")], false),
            (&[("TERM", "xterm-kitty")], true),
            (&[("TERM_PROGRAM", "iTerm.app")], true),
            (&[("TERM_PROGRAM", "Apple_Terminal")], false),
            (&[("WT_SESSION", "4f6d")], true),
            (&[("WT_SESSION", "4f6d"), ("NO_COLOR", "1")], false),
            (&[("WT_SESSION", "4f6d"), ("CI", "true")], false),
            (&[("WT_SESSION", "4f6d"), ("TERM", "dumb")], false),
            (&[("WT_SESSION", "4f6d"), ("FORCE_HYPERLINK", "0")], false),
            (&[("TERM", "xterm"), ("FORCE_HYPERLINK", "1")], true),
        ] {
            assert_eq!(shown(variables), is, "{variables:?}");
        }
        let forced = Env::from_iter([("FORCE_HYPERLINK", "1")]);
        assert!(!are_shown(&forced, Color::Auto, false), "a pipe");
        assert!(!are_shown(&forced, Color::Never, true));
    }

    #[test]
    fn every_address_of_a_line_is_a_link_and_nothing_else_changes() {
        let line = "posted to https://github.com/a/b/pull/7#issuecomment-1. See (http://x.example/?q=1), not https://";
        let linked = of_addresses(line);
        let expected = "posted to \
            \x1b]8;;https://github.com/a/b/pull/7#issuecomment-1\x1b\\https://github.com/a/b/pull/7#issuecomment-1\x1b]8;;\x1b\\. See (\
            \x1b]8;;http://x.example/?q=1\x1b\\http://x.example/?q=1\x1b]8;;\x1b\\), not https://";
        assert_eq!(linked, expected);
        for plain in ["", "nothing here", "http:/x", "https://€"] {
            assert_eq!(of_addresses(plain), plain);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_linked_by_its_whole_path_whatever_is_in_it() {
        let linked = of_file(Path::new("/tmp/a b/\u{1b}r.html"), "r.html");
        assert_eq!(
            linked,
            "\x1b]8;;file:///tmp/a%20b/%1Br.html\x1b\\r.html\x1b]8;;\x1b\\"
        );
    }
}
