//! What a page is put together of: sections, what is folded in them, legends and cards.

use super::markup::Markup;
use crate::report::sentence::Sentence;

pub(super) fn section(
    page: &mut Markup,
    id: &'static str,
    title: &str,
    inside: impl FnOnce(&mut Markup),
) {
    page.element("section", &[("id", id)], |page| {
        page.element("h2", &[], |h2| h2.text(title));
        page.line();
        inside(page);
    });
    page.line();
}

pub(super) fn legend(page: &mut Markup, entries: impl Iterator<Item = (String, Sentence)>) {
    page.element("ul", &[("class", "legend")], |list| {
        for (class, told) in entries {
            let class = format!("key {class}");
            list.element("li", &[], |item| {
                item.element("span", &[("class", &class)], |_| {});
                item.sentence(&told);
            });
        }
    });
    page.line();
}

pub(super) fn cards(page: &mut Markup, inside: impl FnOnce(&mut Markup)) {
    page.element("div", &[("class", "cards")], inside);
    page.line();
}

/// What is there for those who ask.
pub(super) fn folded(page: &mut Markup, title: &str, inside: impl FnOnce(&mut Markup)) {
    page.element("details", &[], |page| {
        page.element("summary", &[], |summary| summary.text(title));
        inside(page);
    });
    page.line();
}
