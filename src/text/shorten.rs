//! Long text made shorter, with `…` where something was left out.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The first `most` characters, and `…` behind them where more came.
pub fn end(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
    }
}

/// At most `most` characters, the middle left out: both ends tell names apart.
pub fn middle(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let tail = most.saturating_sub(1) / 2;
    let head = most.saturating_sub(1) - tail;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}

/// At most `width` columns of a terminal, the end left out.
pub fn end_to_width(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let Some(room) = width.checked_sub(1) else {
        return String::new();
    };
    first_columns(text.chars(), room) + "…"
}

/// At most `width` columns of a terminal, the middle left out.
pub fn middle_to_width(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let tail = width.saturating_sub(1) / 2;
    let head = width.saturating_sub(1) - tail;
    let end = first_columns(text.chars().rev(), tail);
    let end: String = end.chars().rev().collect();
    format!("{}…{end}", first_columns(text.chars(), head))
}

/// The characters that fit into so many columns of a terminal.
fn first_columns(characters: impl Iterator<Item = char>, columns: usize) -> String {
    let mut used = 0;
    characters
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_loses_its_middle() {
        assert_eq!(middle("abcdefghij", 5), "ab…ij");
        assert_eq!(middle("abcde", 5), "abcde");
        assert_eq!(middle_to_width("測定測定測定", 7), "測…定");
        assert_eq!(middle_to_width("abcde", 5), "abcde");
    }

    #[test]
    fn a_long_text_loses_its_end() {
        assert_eq!(end("abcdef", 5), "abcde…");
        assert_eq!(end("üüüü", 4), "üüüü");
        assert_eq!(end_to_width("GET /items", 6), "GET /…");
        assert_eq!(end_to_width("GET /items", 10), "GET /items");
    }
}
