//! A verdict in one line, for places that hold no more.

use super::Document;
use super::headline;

/// `1 of 18 series got slower. Compared 18 of 18 series: …` Words of ours and numbers alone.
pub fn summary(document: &Document) -> String {
    let (headline, counted) = (headline::headline(document), headline::counted(document));
    format!("{headline}. {counted}")
}
