//! Baseline files: `format` is the text and touches no file, `window` decides what stays, `baseline` reads and
//! replaces them, `lock` keeps two writers apart, `file` is how every file of ours is written, and
//! `git` asks the repository of a folder. `past` reads every run that the commits of a baseline ever held, `commits` finds
//! them.

mod baseline;
mod commits;
mod file;
mod format;
mod git;
mod lock;
mod past;
mod window;

pub use baseline::{read, update};
pub use commits::order;
pub use file::{Destination, exists, resolved, write, write_new};
pub use format::{SCHEMA, is_baseline, json_schema, parse};
pub use git::git;
pub use past::{Version, Walked, walk};
pub use window::{Window, add};
