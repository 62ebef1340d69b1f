//! Baseline files: `format` is the text and touches no file, `window` decides what stays, `file` reads and writes
//! baselines, `lock` keeps two writers apart, and `whole` is how every file of ours is written.

mod file;
mod format;
mod lock;
mod whole;
mod window;

pub use file::{read, update};
pub use format::{JSON_SCHEMA, SCHEMA, is_baseline, parse};
pub use whole::{Destination, exists, resolved, write, write_new};
pub use window::{Window, add};
