//! A small part of PromQL, evaluated on what was read of an endpoint during the counted time. Pure.
//!
//! `sum by (route) (rate(http_requests_total{code!="200"}[5m])) / …`: selectors, `rate`, `increase`, the `_over_time`
//! functions, `histogram_quantile`, sums and other aggregations, and arithmetic. A range (`[5m]`) is always the counted
//! time, whatever is written, and a selector without one is the last value.

mod evaluate;
mod parse;
mod tally;

pub use tally::Tally;

use parse::{Expression, Leaf};

/// An expression that was understood.
#[derive(Clone, Debug)]
pub struct Query {
    root: Expression,
    leaves: Vec<Leaf>,
}

impl Query {
    /// An error says what is not understood, as a sentence's end.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::query(text)
    }

    /// The names of the metrics that it reads.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.leaves.iter().map(|leaf| leaf.name.as_str())
    }
}
