//! Names that came from outside, made harmless for a terminal and a log.

/// One line without control characters, and never a command to GitHub's log reader.
pub(super) fn line(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if is_harmful(c) { ' ' } else { c })
        .collect();
    powerless(&line)
}

/// Lines of ours around words of others, such as clap's: they keep their colours, and are no commands.
pub(super) fn lines(text: &str) -> String {
    let kept = |c: char| c == '\u{1b}' || c == '\n' || !is_harmful(c);
    let text: String = text
        .chars()
        .map(|c| if kept(c) { c } else { ' ' })
        .collect();
    text.split_inclusive('\n').map(powerless).collect()
}

/// JSON with the same data in which a runner finds no command: `##[` can only be inside a string.
pub(super) fn json(text: &str) -> String {
    text.replace("##[", "##\\u005b")
}

/// A runner takes `::name::` at the start of a line and `##[name]` anywhere in it for a command, on both streams.
fn powerless(line: &str) -> String {
    let line = line.replace("##[", "## [");
    if without_colours(&line).trim_start().starts_with("::") {
        return format!(".{line}");
    }
    line
}

/// The text behind the sequences of a terminal with which it begins.
fn without_colours(mut line: &str) -> &str {
    while let Some(rest) = line.strip_prefix("\u{1b}[") {
        let end = rest.find(|c: char| c.is_ascii_alphabetic());
        line = end.and_then(|end| rest.get(end + 1..)).unwrap_or_default();
    }
    line
}

/// Control characters move the cursor, and direction marks turn text around.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_newlines_and_log_commands_lose_their_power() {
        assert_eq!(line("a\u{1b}[31mb\nc"), "a [31mb c");
        assert_eq!(line("::error::x"), ".::error::x");
        assert_eq!(line("a ##[error]x"), "a ## [error]x");
        assert_eq!(line("#\u{200e}#[group]"), "# #[group]");
        assert_eq!(
            lines("a\n  ::stop::\n\u{1b}[1m::x::\n"),
            "a\n.  ::stop::\n.\u{1b}[1m::x::\n"
        );
        assert_eq!(json("[\"##[x]\"]"), "[\"##\\u005bx]\"]");
        assert_eq!(line("x\u{202e}y"), "x y");
        assert_eq!(line("GET /users/{id} µs"), "GET /users/{id} µs");
    }
}
