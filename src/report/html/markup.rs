//! The one place where a page is written: every text goes through one function that escapes it.

use crate::report::sentence::Sentence;
use crate::text::sanitize;

/// Markup in which every text is escaped.
#[derive(Clone, Debug, Default)]
pub(super) struct Markup(String);

/// The name of an attribute, and its value before it is escaped.
pub(super) type Attribute<'a> = (&'static str, &'a str);

impl Markup {
    /// Something made of a closure, so that what is opened is closed.
    pub(super) fn of(write: impl FnOnce(&mut Self)) -> Self {
        let mut markup = Self::default();
        write(&mut markup);
        markup
    }

    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: &[Attribute<'_>],
        inside: impl FnOnce(&mut Self),
    ) {
        self.open(tag, attributes);
        self.0.push('>');
        inside(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
    }

    /// An element of SVG without anything in it.
    pub(super) fn shape(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) {
        self.open(tag, attributes);
        self.0.push_str("/>");
    }

    fn open(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes.iter().filter(|(_, value)| !value.is_empty()) {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.0.push_str(&sanitize::xml(value));
            self.0.push('"');
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.0.push_str(&sanitize::xml(text));
    }

    /// Names of others as code, our own words as they are.
    pub(super) fn sentence(&mut self, sentence: &Sentence) {
        self.0.push_str(&sentence.html());
    }

    pub(super) fn put(&mut self, markup: &Self) {
        self.0.push_str(&markup.0);
    }

    /// What is ours to the last letter: the style.
    pub(super) fn own(&mut self, text: &'static str) {
        self.0.push_str(text);
    }

    pub(super) fn line(&mut self) {
        self.0.push('\n');
    }

    pub(super) fn paragraph(&mut self, class: &str, sentence: &Sentence) {
        self.element("p", &[("class", class)], |p| p.sentence(sentence));
        self.line();
    }

    /// JSON as data in a page: nothing in it can end the element, no character is hidden, and
    /// no log takes it for a command.
    pub(super) fn data(&mut self, json: &str) {
        self.own("<script type=\"application/json\" id=\"data\">");
        for c in sanitize::json(json).chars() {
            match c {
                '<' | '>' | '&' => self.escape(u32::from(c)),
                c if c.is_ascii() => self.0.push(c),
                c => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        self.escape(u32::from(*unit));
                    }
                }
            }
        }
        self.own("</script>\n");
    }

    fn escape(&mut self, unit: u32) {
        self.0.push_str(&format!("\\u{unit:04x}"));
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_stays_data_whatever_the_names_are() {
        let json = serde_json::to_string(&["</script><b>", "é\u{202e}&", "𝒳"]).unwrap();
        let page = Markup::of(|page| page.data(&json)).finish();
        assert_eq!(page.matches("</script>").count(), 1, "{page}");
        assert!(page.is_ascii(), "{page}");
        let inside = page
            .strip_prefix("<script type=\"application/json\" id=\"data\">")
            .and_then(|rest| rest.strip_suffix("</script>\n"))
            .unwrap();
        let read: Vec<String> = serde_json::from_str(inside).unwrap();
        assert_eq!(read, ["</script><b>", "é\u{202e}&", "𝒳"]);
    }

    #[test]
    fn a_value_of_an_attribute_ends_nowhere_else() {
        let page = Markup::of(|page| page.shape("g", &[("class", "a\"onload=\"b<")]));
        assert_eq!(page.finish(), "<g class=\"a&quot;onload=&quot;b&lt;\"/>");
    }
}
