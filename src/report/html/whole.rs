//! What every page is in: the head with its policy and style, and the data at the end.

use super::markup::Markup;

/// Nothing is fetched, and nothing runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";
const STYLE: &str = include_str!("style.css");

/// A page beside what is seen of it.
pub(super) struct Whole<'a> {
    pub(super) title: &'a str,
    /// What it shows, as JSON.
    pub(super) data: &'a str,
}

impl Whole<'_> {
    pub(super) fn write(&self, seen: impl FnOnce(&mut Markup)) -> String {
        let mut page = Markup::default();
        page.own("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
        page.own("<meta http-equiv=\"Content-Security-Policy\" content=\"");
        page.own(POLICY);
        page.own("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.own("<meta name=\"color-scheme\" content=\"light dark\">\n");
        page.element("title", &[], |title| title.text(self.title));
        page.own("\n<style>\n");
        page.own(STYLE);
        page.own("</style></head>\n<body><main>\n");
        seen(&mut page);
        page.own("</main>\n");
        page.data(self.data);
        page.own("</body></html>\n");
        page.finish()
    }
}
