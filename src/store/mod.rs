//! Baseline files: `format` is the text and touches no file, `window` decides what stays, `file` reads and writes
//! whole files, `lock` keeps two writers apart.

mod file;
mod format;
mod lock;
mod window;

pub use file::{folder_of, read, temporary, update};
pub use format::{JSON_SCHEMA, SCHEMA, is_baseline, parse};
pub use window::{Window, add};
