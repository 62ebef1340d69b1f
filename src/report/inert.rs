//! Text from outside made harmless, one function a format. Nothing else in the reports escapes.

use unicode_width::UnicodeWidthChar;

/// Stands where a character was that shows nothing or changes what is shown beside it.
const REPLACED: char = '\u{fffd}';

/// More combining marks than any script puts on one letter.
const MARKS_ON_A_LETTER: usize = 2;

/// Line ends and tabs to spaces; control, direction and invisible characters to a visible mark.
fn neutral(text: &str) -> String {
    if text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return text.to_owned();
    }
    let mut marks = 0;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let combining = c.width() == Some(0) && !c.is_control() && !is_invisible(c);
        marks = if combining { marks + 1 } else { 0 };
        match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => out.push(' '),
            _ if c.is_control() || is_invisible(c) => out.push(REPLACED),
            _ if marks > MARKS_ON_A_LETTER => {}
            _ => out.push(c),
        }
    }
    out
}

/// Formatting characters, fillers and what else has no ink: two names may differ in them alone.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Only words and harmless punctuation: nothing in it is markup, a link, a mention or a reference.
pub(super) fn is_words(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() && !is_invisible(c) || " ,;:.()%'/+-=\"".contains(c);
    let linked = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let commit = word.len() >= 7 && word.chars().all(|c| c.is_ascii_hexdigit());
        let ticket = word
            .split_once('-')
            .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
        commit || ticket || word.to_ascii_lowercase().starts_with("www.") || word.contains("://")
    };
    // A list or heading begins with a sign, a numbered list with `1.`, an emoji is `:name:`.
    let start = text.trim_start();
    let numbered = start
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with(['.', ')']);
    text.chars().all(plain)
        && !start.starts_with(['+', '-', '='])
        && !(numbered && start.starts_with(|c: char| c.is_ascii_digit()))
        && text
            .split(':')
            .skip(1)
            .all(|after| after.is_empty() || after.starts_with(' '))
        && !text.split(' ').any(linked)
}

/// At most `most` characters, the middle left out: both ends tell names apart.
pub(super) fn shortened(text: &str, most: usize) -> String {
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

/// For a terminal, and for a log in which a runner looks for its commands (`##[` anywhere in a line).
pub(super) fn terminal(text: &str) -> String {
    neutral(text).replace("##[", "## [")
}

/// A Markdown code span, for anywhere but a table.
///
/// The fence is one backtick longer than any run inside; that alone keeps every other character plain.
pub(super) fn code_span(text: &str) -> String {
    let text = terminal(text);
    if text.trim().is_empty() {
        return "`(blank)`".to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A Markdown code span inside a table, where a bar would begin a cell.
pub(super) fn cell_code_span(text: &str) -> String {
    // Renderers disagree on what two backslashes before a bar mean, so there is never a second one.
    code_span(&text.replace("\\|", "\\ |")).replace('|', "\\|")
}

/// Character data or an attribute of XML 1.0.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in terminal(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The message of a workflow command, escaped as the runner undoes it.
pub(super) fn command_message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property of a workflow command, which also ends at a colon or comma.
pub(super) fn command_property(text: &str) -> String {
    command_message(text)
        .replace(':', "%3A")
        .replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_is_longer_fenced_than_any_run_inside() {
        assert_eq!(code_span("a"), "`a`");
        assert_eq!(code_span("a`b"), "``a`b``");
        assert_eq!(code_span("`"), "`` ` ``");
        assert_eq!(code_span("```x"), "```` ```x ````");
        assert_eq!(code_span(" \n"), "`(blank)`");
    }

    #[test]
    fn no_bar_of_a_name_begins_a_cell() {
        assert_eq!(cell_code_span("a|b"), r"`a\|b`");
        assert_eq!(cell_code_span(r"a\|b"), r"`a\ \|b`");
        assert_eq!(cell_code_span(r"a\\|b"), r"`a\\ \|b`");
    }

    #[test]
    fn what_cannot_be_seen_is_marked_and_lines_do_not_break() {
        assert_eq!(terminal("a\nb\tc"), "a b c");
        assert_eq!(
            terminal("\u{1b}[31mred\u{202e}\u{200b}"),
            "\u{fffd}[31mred\u{fffd}\u{fffd}"
        );
        assert_eq!(terminal("##[error]x"), "## [error]x");
        assert_eq!(terminal("größe 測定 e\u{301}"), "größe 測定 e\u{301}");
        assert_eq!(terminal("e\u{301}\u{301}\u{301}\u{301}"), "e\u{301}\u{301}");
    }

    #[test]
    fn commands_are_escaped_as_the_runner_undoes_it() {
        assert_eq!(command_message("5 % : a,\r\n"), "5 %25 : a,%0D%0A");
        assert_eq!(command_property("a:b,c%"), "a%3Ab%2Cc%25");
    }

    #[test]
    fn a_long_name_loses_its_middle() {
        assert_eq!(shortened("abcdefghij", 5), "ab…ij");
        assert_eq!(shortened("abcde", 5), "abcde");
    }
}
