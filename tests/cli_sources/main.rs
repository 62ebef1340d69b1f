//! `[[source]]` as whole processes: which results are fresh, whose they are, and what becomes of a command.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod budgets;
mod checkout;
mod commands;
mod desk;
mod freshness;
mod names;
