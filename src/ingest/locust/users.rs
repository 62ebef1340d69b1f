//! How many users a run was asked to have, as far as its history shows it.

use std::io::BufRead;

use crate::model::Load;

use super::table::Table;

/// The highest number of users, and for how long it was held.
///
/// Locust's files do not say what was asked for. A number of users that was reached and kept was; the peak of a
/// load that rises all the time is only where it happened to end.
#[derive(Debug, Default)]
pub(super) struct Users {
    highest: u64,
    /// Seconds in which the highest number was seen, and in which any user was.
    held: u64,
    loaded: u64,
    second: Option<u64>,
    is_held: bool,
}

/// Two seconds of one number are no accident.
const LEAST: u64 = 2;
/// And no less than this part of the seconds with users, in per cent.
const SHARE: u64 = 20;

impl Users {
    pub(super) fn see(&mut self, second: u64, users: u64) {
        if users == 0 {
            return;
        }
        let is_new = self.second != Some(second);
        self.second = Some(second);
        if is_new {
            self.loaded += 1;
            self.is_held = false;
        }
        if users > self.highest {
            self.highest = users;
            self.held = 0;
            self.is_held = false;
        }
        if users == self.highest && !self.is_held {
            self.is_held = true;
            self.held += 1;
        }
    }

    /// What was asked for, where it was held.
    pub(super) fn load(&self) -> Option<Load> {
        let mut load = Load::default();
        load.terms
            .insert("users".to_owned(), self.plateau()?.to_string());
        Some(load)
    }

    fn plateau(&self) -> Option<u64> {
        let is_plateau = self.held >= LEAST && self.held * 100 >= self.loaded * SHARE;
        is_plateau.then_some(self.highest)
    }
}

/// What a history says of the load; nothing where it cannot be read, for it is not what was measured.
pub(super) fn load(history: impl BufRead) -> Option<Load> {
    let mut table = Table::of(history).ok()?;
    let second = table.required("Timestamp").ok()?;
    let count = table.optional("User Count").ok()??;
    let mut users = Users::default();
    while let Ok(Some(row)) = table.next() {
        users.see(row.count(&second).ok()?, row.count(&count).ok()?);
    }
    users.load()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(counts: &[u64]) -> Option<String> {
        let mut history = "Timestamp,User Count,Type,Name\n".to_owned();
        for (second, count) in (100..).zip(counts) {
            for name in ["/a", "/b"] {
                history.push_str(&format!("{second},{count},GET,{name}\n"));
            }
        }
        load(history.as_bytes())?.terms.get("users").cloned()
    }

    #[test]
    fn a_number_of_users_that_was_held_was_asked_for() {
        for (counts, expected) in [
            (&[0, 10, 20, 30, 30, 30, 30, 12][..], Some("30")),
            (&[0, 0, 20, 20, 20][..], Some("20")),
            (&[10, 10, 10, 20, 20, 20, 40, 40, 40][..], Some("40")),
            // The end is cut, or users leave one by one.
            (&[5, 5, 5, 4, 3, 2, 1, 0][..], Some("5")),
        ] {
            assert_eq!(users(counts).as_deref(), expected, "{counts:?}");
        }
    }

    #[test]
    fn a_load_that_never_stays_has_no_number_of_users() {
        let ramp: Vec<u64> = (0..60).collect();
        let spike: Vec<u64> = (0..60)
            .map(|s| if s == 30 || s == 31 { 90 } else { 10 })
            .collect();
        for counts in [&ramp[..], &spike[..], &[0, 0, 0][..], &[7][..], &[][..]] {
            assert_eq!(users(counts), None, "{counts:?}");
        }
        assert_eq!(load("Timestamp,Type,Name\n1,GET,/\n".as_bytes()), None);
        assert_eq!(load("".as_bytes()), None);
    }
}
