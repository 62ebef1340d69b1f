//! Text from outside made harmless, with one function for each place where it is shown.
//!
//! | place | what has power there | what is written instead |
//! |---|---|---|
//! | everywhere | line ends and tabs | a space |
//! | everywhere | control, direction and invisible characters | `U+FFFD`, or the code in [`escaped`] |
//! | everywhere | more than two combining marks on one letter | the first two |
//! | everywhere | `##[`, for a workflow runner | `## [` |
//! | a line of a log | `::` at its beginning, for a workflow runner | `.::` |
//! | Markdown | all markup | a code span with a fence that is long enough |
//! | a Markdown table | a bar | `\|` |
//! | XML and HTML | `& < > " '` | entities |
//! | a workflow command | `%`, line ends; in a property `:` and `,` | `%25`, `%0A`, … |
//! | a label of Prometheus | `\ "` | `\\`, `\"` |
//! | JSON in a log | `##[` | `##\u005b`, which is the same data |

use unicode_width::UnicodeWidthChar;

use super::shorten;

/// Stands where a character was that shows nothing or changes what is shown beside it.
const REPLACED: char = '\u{fffd}';

/// More combining marks than any script puts on one letter.
const MARKS_ON_A_LETTER: usize = 2;

/// What a character does where text is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Shown,
    /// It ends a line or jumps to a column.
    Breaks,
    /// It moves the cursor, turns the text around, or cannot be seen: two names may differ in it alone.
    Hidden,
    /// It is drawn onto the letter before it.
    Combines,
}

fn effect(c: char) -> Effect {
    match c {
        ' '..='~' => Effect::Shown,
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Effect::Breaks,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{fffe}'
        | '\u{ffff}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => Effect::Hidden,
        _ if c.is_control() => Effect::Hidden,
        _ if c.width() == Some(0) => Effect::Combines,
        _ => Effect::Shown,
    }
}

/// One line in which nothing is hidden, and which holds no command of the `##[` form.
pub fn inline(text: &str) -> String {
    if text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return without_commands(text);
    }
    let mut marks = 0;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let effect = effect(c);
        marks = if effect == Effect::Combines {
            marks + 1
        } else {
            0
        };
        match effect {
            Effect::Breaks => out.push(' '),
            Effect::Hidden => out.push(REPLACED),
            Effect::Combines if marks > MARKS_ON_A_LETTER => {}
            Effect::Combines | Effect::Shown => out.push(c),
        }
    }
    without_commands(&out)
}

/// A runner takes `##[name]` for a command anywhere in a line.
fn without_commands(text: &str) -> String {
    text.replace("##[", "## [")
}

/// A whole line of a terminal or log: a runner also takes `::name::` at its beginning for a command.
pub fn line(text: &str) -> String {
    without_command_at_start(inline(text))
}

/// Lines of ours around words of others, such as the messages of the command line's parser: they keep their line ends
/// and colours.
pub fn lines(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| {
            let (line, end) = line
                .strip_suffix('\n')
                .map_or((line, ""), |line| (line, "\n"));
            let mut out = String::with_capacity(line.len());
            let mut rest = line;
            while let Some(at) = rest.find("\u{1b}[") {
                let (before, from) = rest.split_at(at);
                out.push_str(&inline(before));
                let length = colour(from).unwrap_or(0);
                let (colour, behind) = from.split_at(length.max(1));
                out.push_str(&if length > 0 {
                    colour.to_owned()
                } else {
                    inline(colour)
                });
                rest = behind;
            }
            out.push_str(&inline(rest));
            without_command_at_start(out) + end
        })
        .collect()
}

/// The length of the sequence for a colour or weight with which the text begins: `ESC [ 1 ; 31 m`.
fn colour(text: &str) -> Option<usize> {
    let numbers = text.strip_prefix("\u{1b}[")?;
    let end = numbers.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    numbers.get(end..)?.starts_with('m').then_some(end + 3)
}

/// A line of which the words are harmless, and that no runner takes for a command because of how it begins.
pub fn without_command_at_start(line: String) -> String {
    let mut seen = line.as_str();
    while let Some(length) = colour(seen) {
        seen = seen.get(length..).unwrap_or_default();
    }
    if seen.trim_start().starts_with("::") {
        return format!(".{line}");
    }
    line
}

/// JSON with the same data in which a runner finds no command: `##[` can only be inside a string.
pub fn json(text: &str) -> String {
    text.replace("##[", "##\\u005b")
}

/// For a sentence about bytes: up to `most` characters of a text, in which what is not seen is written by its code.
pub fn escaped(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in shorten::end(text, most).chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => match effect(c) {
                Effect::Shown => out.push(c),
                Effect::Breaks | Effect::Hidden | Effect::Combines => {
                    out.extend(c.escape_unicode())
                }
            },
        }
    }
    without_commands(&out)
}

/// Only words and harmless punctuation: nothing in it is markup, a link, a mention or a reference.
pub fn is_words(text: &str) -> bool {
    let plain = |c: char| {
        c.is_alphanumeric() && effect(c) != Effect::Hidden || " ,;:.()%'/+-=\"".contains(c)
    };
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

/// A Markdown code span, for anywhere but a table.
///
/// The fence is one backtick longer than any run inside; that alone keeps every other character plain.
pub fn code_span(text: &str) -> String {
    let text = inline(text);
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
pub fn cell_code_span(text: &str) -> String {
    // Renderers disagree on what two backslashes before a bar mean, so there is never a second one.
    code_span(&text.replace("\\|", "\\ |")).replace('|', "\\|")
}

/// Whether an address can stand in a link of Markdown as it is.
pub fn is_plain_url(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://")) && url.chars().all(is_plain_in_url)
}

/// Whether a character of an address means nothing else anywhere.
pub fn is_plain_in_url(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~:/?#@!$&*+,;=%".contains(c)
}

/// Character data or an attribute of XML 1.0.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in inline(text).chars() {
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

/// The value of a label, as Prometheus and OpenMetrics read it.
pub fn label(text: &str) -> String {
    inline(text).replace('\\', "\\\\").replace('"', "\\\"")
}

/// The message of a workflow command, escaped as the runner undoes it.
pub fn command_message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property of a workflow command, which also ends at a colon or comma.
pub fn command_property(text: &str) -> String {
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
        assert_eq!(inline("a\nb\tc"), "a b c");
        assert_eq!(
            inline("\u{1b}[31mred\u{202e}\u{200b}"),
            "\u{fffd}[31mred\u{fffd}\u{fffd}"
        );
        assert_eq!(inline("größe 測定 e\u{301}"), "größe 測定 e\u{301}");
        assert_eq!(inline("e\u{301}\u{301}\u{301}\u{301}"), "e\u{301}\u{301}");
    }

    #[test]
    fn a_line_is_no_command_to_a_workflow_runner() {
        assert_eq!(line("::error::x"), ".::error::x");
        assert_eq!(line("a ##[error]x"), "a ## [error]x");
        assert_eq!(line("#\u{200e}#[group]"), "#\u{fffd}#[group]");
        assert_eq!(line("a ###[group]"), "a ### [group]");
    }

    #[test]
    fn lines_keep_their_colours_and_no_other_sequence() {
        assert_eq!(
            lines("a\n  ::stop::\n\u{1b}[1m::x::\n"),
            "a\n.  ::stop::\n.\u{1b}[1m::x::\n"
        );
        assert_eq!(
            lines("\u{1b}[1;31mred\u{1b}[0m \u{1b}[2Jcleared \u{1b}]0;title\u{7}"),
            "\u{1b}[1;31mred\u{1b}[0m \u{fffd}[2Jcleared \u{fffd}]0;title\u{fffd}"
        );
    }

    #[test]
    fn json_stays_the_same_data() {
        assert_eq!(json("[\"##[x]\"]"), "[\"##\\u005bx]\"]");
    }

    #[test]
    fn a_sentence_about_bytes_shows_the_code_of_what_is_hidden() {
        assert_eq!(
            escaped("a\u{1b}[31mb\r\nc\td\0", 80),
            "a\\u{1b}[31mb\\r\\nc\\td\\u{0}"
        );
        assert_eq!(
            escaped("x\u{202e}y\u{200b}\u{9b}", 80),
            "x\\u{202e}y\\u{200b}\\u{9b}"
        );
        assert_eq!(escaped("abcdef", 3), "abc…");
    }

    #[test]
    fn commands_are_escaped_as_the_runner_undoes_it() {
        assert_eq!(command_message("5 % : a,\r\n"), "5 %25 : a,%0D%0A");
        assert_eq!(command_property("a:b,c%"), "a%3Ab%2Cc%25");
    }
}
