//! `[[source]]` as whole processes: which results are fresh, whose they are, and what becomes of a command.

mod budgets;
mod checkout;
mod commands;
mod confirmed;
mod desk;
mod freshness;
#[cfg(unix)]
mod k6_operator;
mod mapping;
mod names;
mod suite;
mod watch;
