//! The verdict as one page that opens in any browser: no network, no script, light and dark. What a comment says comes
//! first, from the same values; then pictures, each with its numbers, and all of it once more as data.
//!
//! `page` puts it together, `pictures` says which series are drawn. `intervals`, `runs`, `percentiles`, `clock` and `sessions` are one picture each; they draw with
//! `frame`, `axis` and `svg`, and every letter goes through `markup`. `history` is a page of its own; `whole` is what both are in.

mod axis;
mod clock;
mod flame;
mod frame;
mod history;
mod intervals;
mod markup;
mod measured;
mod page;
mod parts;
mod percentiles;
mod pictures;
mod runs;
mod sessions;
mod svg;
mod table;
mod whole;

use super::{Document, RenderError};

pub use history::history;
pub use measured::RunsBehind;

/// What a page is made of beside its document.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The runs of both sides, where they are at hand: which session each is of, and whole distributions.
    pub measured: Option<RunsBehind<'a>>,
    /// Nothing was judged: it shows what results hold.
    pub only_results: bool,
}

/// The page of a document.
pub fn html(document: &Document, about: &About<'_>) -> Result<String, RenderError> {
    page::page(document, about)
}
