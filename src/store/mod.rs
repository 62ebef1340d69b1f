//! Baseline files: `format` is the text and touches no file, `window` decides what stays, `baseline` reads and
//! replaces them, `lock` keeps two writers apart, `file` is how every file of ours is written, and
//! `git` asks the repository of a folder.

mod baseline;
mod file;
mod format;
mod git;
mod lock;
mod window;

pub use baseline::{read, update};
pub use file::{Destination, exists, resolved, write, write_new};
pub use format::{JSON_SCHEMA, SCHEMA, is_baseline, parse};
pub use git::git;
pub use window::{Window, add};
