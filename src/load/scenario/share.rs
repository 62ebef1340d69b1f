//! One machine's part of a load that several put on together: with all parts every user, arrival, row and number of the
//! whole is there, and each once.

use std::num::NonZeroUsize;
use std::str::FromStr;

use super::{Level, Load, Until};

/// The n-th of so many parts; the whole is the first of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// From 0.
    number: usize,
    of: usize,
}

/// More machines than this are a slip.
const MOST: usize = 1000;

impl Default for Share {
    fn default() -> Self {
        Self { number: 0, of: 1 }
    }
}

impl FromStr for Share {
    type Err = String;

    /// `2/3`
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a share; the second of three machines is `2/3`");
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        let read = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
        let (number, of) = (read(number)?, read(of)?);
        match (1..=MOST).contains(&of) && (1..=of).contains(&number) {
            true => Ok(Self {
                number: number - 1,
                of,
            }),
            false => Err(wrong()),
        }
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number + 1, self.of)
    }
}

impl Share {
    /// Which of how many, from 1.
    pub fn parts(self) -> (usize, usize) {
        (self.number + 1, self.of)
    }

    pub fn is_whole(self) -> bool {
        self.of == 1
    }

    /// What a machine counts as its n-th is this one of the whole.
    pub fn global(self, own: u64) -> u64 {
        let wide = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        own.saturating_mul(wide(self.of))
            .saturating_add(wide(self.number))
    }

    /// A worker thread of this machine, among those of all: which, and of how many.
    pub fn thread(self, thread: usize, of: usize) -> (usize, usize) {
        (self.number + thread * self.of, self.of * of)
    }

    /// Its part of a level. Nothing where there are more machines than users or iterations.
    pub fn of_level(self, level: &Level) -> Option<Level> {
        let mut mine = level.clone();
        match &mut mine.load {
            Load::Closed(closed) => {
                closed.users = NonZeroUsize::new(self.part(closed.users.get()))?;
                closed.spawn_rate = closed.spawn_rate.map(|rate| {
                    let of = u32::try_from(self.of).unwrap_or(u32::MAX);
                    rate / f64::from(of)
                });
                if let Until::Iterations(count) = &mut closed.until {
                    let all = usize::try_from(*count).unwrap_or(usize::MAX);
                    *count = u64::try_from(self.part(all))
                        .ok()
                        .filter(|mine| *mine > 0)?;
                }
            }
            Load::Open(open) => {
                let users = open.max_users.get().div_ceil(self.of);
                open.max_users = NonZeroUsize::new(users)?;
            }
        }
        Some(mine)
    }

    fn part(self, all: usize) -> usize {
        all / self.of + usize::from(self.number < all % self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(of: usize) -> Vec<Share> {
        (1..=of)
            .map(|n| format!("{n}/{of}").parse().unwrap())
            .collect()
    }

    #[test]
    fn shares_together_are_the_whole_and_nothing_twice() {
        for of in 1..=7 {
            let mut numbers: Vec<u64> = Vec::new();
            let mut threads: Vec<usize> = Vec::new();
            let mut users = 0;
            for share in shares(of) {
                numbers.extend((0..20).map(|own| share.global(own)));
                users += share.part(100);
                for thread in 0..2 {
                    let (at, all) = share.thread(thread, 2);
                    assert_eq!(all, 2 * of);
                    threads.push(at);
                }
            }
            numbers.sort_unstable();
            threads.sort_unstable();
            assert!(numbers.iter().copied().eq(0..20 * of as u64));
            assert!(threads.iter().copied().eq(0..2 * of));
            assert_eq!(users, 100);
        }
    }

    #[test]
    fn a_share_is_written_as_it_is_read_and_impossible_ones_are_refused() {
        assert_eq!("2/3".parse::<Share>().unwrap().to_string(), "2/3");
        assert!("1/1".parse::<Share>().unwrap().is_whole());
        for bad in ["0/3", "4/3", "1/0", "1", "a/b", "1/", "-1/3", "1/100000"] {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
    }
}
