//! Baseline files: `format` is the text and touches no file, `window` decides what stays, `baseline` reads and
//! replaces them, `lock` keeps two writers apart, and `file` is how every file of ours is written.

mod baseline;
mod file;
mod format;
mod lock;
mod window;

pub use baseline::{read, update};
pub use file::{Destination, exists, resolved, write, write_new};
pub use format::{JSON_SCHEMA, SCHEMA, is_baseline, parse};
pub use window::{Window, add};
