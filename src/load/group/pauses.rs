//! How long to wait until something is looked at again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(1);

/// Short pauses at first, and longer ones from look to look: what happens at once is seen at once, and what takes long
/// is not disturbed.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    pub(in crate::load) fn up_to(longest: Duration) -> Self {
        Self {
            next: FIRST.min(longest),
            longest,
        }
    }

    pub(in crate::load) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause.saturating_mul(3) / 2).min(self.longest);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let longest = Duration::from_millis(50);
        let mut pauses = Pauses::up_to(longest);
        let first: Vec<Duration> = (0..20).map(|_| pauses.next()).collect();
        assert_eq!(first.first(), Some(&FIRST));
        assert!(first.is_sorted());
        assert_eq!(first.last(), Some(&longest));
        // Somebody who comes in the first tenth of a second waits for no more than a third of the time that has passed.
        let passed: Duration = first.iter().take(8).sum();
        assert!(passed < Duration::from_millis(50), "{passed:?}");
    }
}
