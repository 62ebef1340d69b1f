//! Text from outside within a message: short, on one line, sanitized.

use crate::text::sanitize;

/// How many characters of a body or a value are shown in a message.
pub const SHOWN: usize = 100;

/// Up to `limit` characters, `…` behind them where more came. A character that is not seen or that moves others
/// (controls, escapes, marks of direction) is written by its code.
pub fn excerpt(bytes: &[u8], limit: usize) -> String {
    // A character has at most four bytes, so a large body is not read to show its beginning.
    let start = bytes.get(..limit.saturating_mul(4)).unwrap_or(bytes);
    let text = String::from_utf8_lossy(start);
    let out = sanitize::escaped(text.trim_start(), limit);
    if start.len() < bytes.len() && !out.ends_with('…') {
        return out + "…";
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(excerpt(b"abcdef", 6), "abcdef");
        assert_eq!(excerpt(b"abcdefg", 6), "abcdef…");
        assert_eq!(excerpt("üüüü".as_bytes(), 3), "üüü…");
        assert_eq!(excerpt(&vec![b' '; 1000], 5), "…");
        assert_eq!(excerpt(b"", 5), "");
    }

    #[test]
    fn nothing_shown_moves_the_cursor_or_turns_the_text_round() {
        assert_eq!(
            excerpt(b"a\x1b[31mb\r\nc\td\0", 80),
            "a\\u{1b}[31mb\\r\\nc\\td\\u{0}"
        );
        assert_eq!(
            excerpt("x\u{202e}y\u{200b}\u{9b}".as_bytes(), 80),
            "x\\u{202e}y\\u{200b}\\u{9b}"
        );
        assert_eq!(excerpt(b"\xff\xfe", 80), "\u{fffd}\u{fffd}");
    }
}
