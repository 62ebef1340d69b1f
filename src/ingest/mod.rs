//! Results of other tools to runs.

mod text;
