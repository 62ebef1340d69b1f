//! One module per command. Each takes its arguments, asks `settings` and `results` for values, and hands what came of
//! it to `output`.

pub(crate) mod ab;
pub(crate) mod baseline;
pub(crate) mod check;
pub(crate) mod compare;
mod confirm;
pub(crate) mod doctor;
pub(crate) mod documents;
pub(crate) mod gate;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod merge;
pub(crate) mod post;
pub(crate) mod report;
pub(crate) mod run;
mod stored_verdict;
pub(crate) mod watch;
