//! Tables, which scroll inside their box where a screen is narrow.

use super::markup::Markup;
use super::parts::folded;
use crate::report::sentence::Sentence;

/// A column by its name, and how its cells stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Column {
    /// One word in the colour of its row.
    Word(&'static str),
    Words(&'static str),
    Number(&'static str),
}

#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Sentence>>,
    /// The class of each row, where it has one.
    tones: Vec<&'static str>,
    /// On a narrow screen each row is a block of its own.
    stacked: bool,
}

impl Column {
    fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Word(name) => (name, "word"),
            Self::Words(name) => (name, "w"),
            Self::Number(name) => (name, "n"),
        }
    }
}

impl Table {
    pub(super) fn new(columns: &[Column]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
            tones: Vec::new(),
            stacked: false,
        }
    }

    /// For few rows that are read rather than looked up.
    pub(super) fn stacked(columns: &[Column]) -> Self {
        Self {
            stacked: true,
            ..Self::new(columns)
        }
    }

    pub(super) fn toned(&mut self, tone: &'static str, row: Vec<Sentence>) {
        self.tones.resize(self.rows.len(), "");
        self.tones.push(tone);
        self.rows.push(row);
    }

    pub(super) fn write(&self, page: &mut Markup) {
        page.element("div", &[("class", "scroll"), ("tabindex", "0")], |page| {
            let class = if self.stacked { "stack" } else { "" };
            page.element("table", &[("class", class)], |page| {
                page.element("tr", &[], |page| {
                    for column in &self.columns {
                        let (name, class) = column.parts();
                        page.element("th", &[("class", class), ("scope", "col")], |th| {
                            th.text(name);
                        });
                    }
                });
                for (i, row) in self.rows.iter().enumerate() {
                    let tone = self.tones.get(i).copied().unwrap_or_default();
                    page.line();
                    page.element("tr", &[("class", tone)], |page| {
                        for (column, cell) in self.columns.iter().zip(row) {
                            let (_, class) = column.parts();
                            page.element("td", &[("class", class)], |td| td.sentence(cell));
                        }
                    });
                }
            });
        });
        page.line();
    }

    /// Folded under a line that says what it holds.
    pub(super) fn folded(&self, page: &mut Markup, title: &str) {
        folded(page, title, |page| self.write(page));
    }
}
