//! Our own words with names from outside between them, kept apart until a format escapes the names.

use std::borrow::Cow;

use crate::text::{sanitize, shorten};

/// A name says enough in this many characters.
const NAME: usize = 120;
const REMARK: usize = 300;
/// A command is to be copied, so it is cut only where it cannot be one.
const COMMAND: usize = 1_000;

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Own(Cow<'static, str>),
    Foreign(String),
}

/// What is own may hold no text from outside; what is foreign is escaped by each format.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sentence(Vec<Piece>);

impl Sentence {
    pub(super) fn new(words: impl Into<Cow<'static, str>>) -> Self {
        Self::default().own(words)
    }

    #[must_use]
    pub(super) fn own(mut self, words: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Piece::Own(words.into()));
        self
    }

    #[must_use]
    pub(super) fn foreign(mut self, name: &str) -> Self {
        self.0.push(Piece::Foreign(shorten::middle(name, NAME)));
        self
    }

    #[must_use]
    pub(super) fn command(mut self, command: &str) -> Self {
        self.0
            .push(Piece::Foreign(shorten::middle(command, COMMAND)));
        self
    }

    #[must_use]
    pub(super) fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A remark that someone else wrote. Names in backticks are foreign, and so is all of it where what
    /// stands between them could be more than words.
    pub(super) fn quoted(remark: &str) -> Self {
        let remark = shorten::middle(remark, REMARK);
        let parts: Vec<&str> = remark.split('`').collect();
        // Two code spans without a word between them would be one.
        let apart = parts
            .iter()
            .skip(2)
            .step_by(2)
            .rev()
            .skip(1)
            .all(|p| !p.is_empty());
        let paired = parts.len() % 2 == 1 && apart;
        if !(paired && parts.iter().step_by(2).all(|part| sanitize::is_words(part))) {
            return Self(vec![Piece::Foreign(remark)]);
        }
        let piece = |(i, part): (usize, &&str)| match i % 2 {
            0 => Piece::Own((*part).to_owned().into()),
            _ => Piece::Foreign((*part).to_owned()),
        };
        Self(parts.iter().enumerate().map(piece).collect())
    }

    /// One after the other with `between` them.
    pub(super) fn join(sentences: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        let mut joined = Self::default();
        for sentence in sentences.into_iter().filter(|s| !s.is_empty()) {
            if !joined.is_empty() {
                joined = joined.own(between);
            }
            joined = joined.then(sentence);
        }
        joined
    }

    /// With each name as `sanitize` writes it.
    pub(super) fn written(&self, sanitize: impl Fn(&str) -> String) -> String {
        self.0
            .iter()
            .fold(String::new(), |text, piece| match piece {
                Piece::Own(words) => text + words,
                Piece::Foreign(name) => text + &sanitize(name),
            })
    }

    /// As data: names in backticks and otherwise as they came.
    pub(super) fn plain(&self) -> String {
        self.written(|name| format!("`{name}`"))
    }

    pub(super) fn terminal(&self) -> String {
        self.written(|name| format!("`{}`", sanitize::inline(name)))
    }

    pub(super) fn markdown(&self) -> String {
        self.written(sanitize::code_span)
    }

    pub(super) fn cell(&self) -> String {
        self.written(sanitize::cell_code_span)
    }

    /// For a page: names as code, and what Markdown would make strong or code is so here too.
    pub(super) fn html(&self) -> String {
        let mut strong = false;
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Own(words) => {
                    for (i, part) in words.split("**").enumerate() {
                        if i > 0 {
                            strong = !strong;
                            out.push_str(if strong { "<b>" } else { "</b>" });
                        }
                        own_html(part, &mut out);
                    }
                }
                Piece::Foreign(name) => code_html(name, &mut out),
            }
        }
        if strong {
            out.push_str("</b>");
        }
        out
    }

    /// Without the emoji before what is counted: a page has colours, and not every machine that opens one has emoji.
    #[must_use]
    pub(super) fn without_signs(mut self) -> Self {
        const SIGNS: [&str; 4] = ["✅ ", "🟢 ", "🆕 ", "⚪ "];
        for piece in &mut self.0 {
            if let Piece::Own(words) = piece
                && let Some(rest) = SIGNS.iter().find_map(|sign| words.strip_prefix(sign))
            {
                *words = rest.to_owned().into();
            }
        }
        self
    }

    /// For a title that is read aloud: names as they are, in one line.
    pub(super) fn spoken(&self) -> String {
        self.written(str::to_owned).replace("**", "")
    }

    /// A cell whose numbers are not torn from their units where the table is narrow.
    pub(super) fn number_cell(&self) -> String {
        let mut after_digit = false;
        let mut tied = |words: &str| -> String {
            let tie = |c: char| {
                let tied = if c == ' ' && after_digit { '\u{a0}' } else { c };
                after_digit = c.is_ascii_digit();
                tied
            };
            words.chars().map(tie).collect()
        };
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Own(words) => tied(words),
            Piece::Foreign(name) => sanitize::cell_code_span(name),
        });
        pieces.collect()
    }
}

/// Words of ours, in which backticks stand around keys of the configuration.
fn own_html(words: &str, out: &mut String) {
    for (i, part) in words.split('`').enumerate() {
        if i % 2 == 1 {
            code_html(part, out);
        } else {
            out.push_str(&sanitize::xml(part));
        }
    }
}

fn code_html(name: &str, out: &mut String) {
    let shown = if name.trim().is_empty() {
        "(blank)"
    } else {
        name
    };
    out.push_str("<code>");
    out.push_str(&sanitize::xml(shown));
    out.push_str("</code>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_names_as_code_and_nothing_of_them_as_markup() {
        let sentence = Sentence::new("**Since** ")
            .foreign("</title><script>")
            .own(": a -> b, `x` **now")
            .foreign("");
        assert_eq!(
            sentence.html(),
            "<b>Since</b> <code>&lt;/title&gt;&lt;script&gt;</code>: a -&gt; b, <code>x</code> \
             <b>now<code>(blank)</code></b>"
        );
    }

    #[test]
    fn a_remark_of_plain_words_stays_words_and_its_names_stay_names() {
        let remark = "Locust rounds above 100 ms, so `GET /a` may hide 10 ms.";
        assert_eq!(Sentence::quoted(remark).markdown(), remark);
    }

    #[test]
    fn a_remark_that_could_be_markup_is_foreign_as_a_whole() {
        for remark in [
            "see http://a.example",
            "see www.a.example",
            "ask @team",
            "fixes #1",
            "fixes GH-1",
            "<b>hi",
            "**bold**",
            "in 3f2a1c9d",
            "odd ` tick",
            "`a``b`",
            "```a```",
            "- item",
            "a | b",
        ] {
            let written = Sentence::quoted(remark).markdown();
            assert!(
                written.starts_with('`') && written.ends_with('`'),
                "{written}"
            );
        }
    }
}
