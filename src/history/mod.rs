//! How series moved over all that a baseline ever held: pure, from runs with the commits that brought them to one
//! value, [`History`], which every output is made of.
//!
//! `gathered` keeps of each run what is judged, `assembled` puts the points of each series together from the `builds` of each
//! session, `ratios` those of sessions that measured two, `course` finds where one moved, `document` is what is written.

mod assembled;
mod builds;
mod course;
mod document;
mod filter;
mod gathered;
mod ratios;

pub use document::{
    AnchorSaid, Change, Commit, Detector, Direction, Drift, Gap, History, OfHistory, Point,
    RatioHistory, RatioPoint, SCHEMA, SeriesHistory, Size, SizeOf, Strength, Time, Trend,
};
pub use filter::HistoryFilter;
pub use gathered::{Gathered, Recorded};
