//! Names that came from outside, made harmless for a terminal and a log.

pub(super) use crate::text::sanitize::{json, line, lines};
