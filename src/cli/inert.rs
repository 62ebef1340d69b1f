//! Names that came from outside, made harmless for a terminal and a log.

/// One line without control characters, and never a command to GitHub's log reader.
pub(super) fn line(text: &str) -> String {
    let mut line: String = text
        .chars()
        .map(|c| if is_harmful(c) { ' ' } else { c })
        .collect();
    if line.trim_start().starts_with("::") {
        line.insert(0, '.');
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
        assert_eq!(line("x\u{202e}y"), "x y");
        assert_eq!(line("GET /users/{id} µs"), "GET /users/{id} µs");
    }
}
