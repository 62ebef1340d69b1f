//! How series moved over all that a baseline ever held: pure, from runs with the commits that brought them to one
//! value, [`History`], which every output is made of.
//!
//! `gathered` keeps of each run what is judged, `assembled` puts the points of each series together, `course` finds
//! where one moved, `document` is what is written.

mod assembled;
mod course;
mod document;
mod gathered;

pub use assembled::Asked;
pub use document::{
    AnchorSaid, Change, Commit, Detector, Direction, Drift, Gap, History, OfHistory, Point, SCHEMA,
    SeriesHistory, Size, SizeOf, Strength, Time, Trend,
};
pub use gathered::{Gathered, Recorded};
