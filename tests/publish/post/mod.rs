//! `perfgate post` and `check --post` as whole processes, against a small GitHub that misbehaves like the large one:
//! no comment twice, no verdict lost, no wait above the limit, and the right exit code.

mod bad_days;
mod checks;
mod comments;
mod described;
mod events;
mod forks;
mod gate_at_base;
mod gate_changes;
mod gitlab;
mod job;
mod network;
mod trend;
mod unjudged;
