//! How sums are kept when processes end: a parent that waits for its child takes over what the child used, and what no
//! parent takes over must not be lost. So a total never falls and counts nothing twice.

use std::collections::HashMap;

/// A process that was there at the previous reading and has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EndedProcess {
    /// Its nearest ancestor that still runs and is watched.
    pub(super) heir: Option<u32>,
    /// The part of its sum that was counted.
    pub(super) counted: u64,
    /// What its heir takes over: all that it ever used, including before the watch began.
    pub(super) left: u64,
}

/// What has to be added to the sum of the running processes where nobody took over, or taken from it where an heir took
/// over what was used before the watch began.
///
/// `taken` is how much each living process took over since the previous reading, `blur` by how much that may be too
/// little.
pub(super) fn carried(
    ended: &[EndedProcess],
    inherited: &mut HashMap<u32, u64>,
    blur: u64,
) -> i128 {
    // Small ones come first: an heir that took over something took over as many as possible.
    let mut ended = ended.to_vec();
    ended.sort_by_key(|one| one.left);
    let mut carried = 0;
    for one in ended {
        carried += i128::from(one.counted);
        let account = one.heir.and_then(|heir| inherited.get_mut(&heir));
        if let Some(rest) = account
            && *rest > 0
            && one.left <= rest.saturating_add(blur)
        {
            *rest = rest.saturating_sub(one.left);
            // It is part of the heir's sum now, all of it.
            carried -= i128::from(one.left);
        }
    }
    carried
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ended: &[EndedProcess], inherited: &[(u32, u64)]) -> i128 {
        carried(ended, &mut inherited.iter().copied().collect(), 10)
    }

    fn ended(heir: Option<u32>, counted: u64, left: u64) -> EndedProcess {
        EndedProcess {
            heir,
            counted,
            left,
        }
    }

    #[test]
    fn what_nobody_takes_over_is_kept() {
        assert_eq!(after(&[ended(None, 300, 500)], &[]), 300);
        assert_eq!(after(&[ended(Some(1), 300, 500)], &[(1, 0)]), 300);
        assert_eq!(after(&[ended(Some(1), 300, 500)], &[(1, 100)]), 300);
    }

    #[test]
    fn what_an_heir_takes_over_is_not_counted_twice_nor_what_was_before_our_time() {
        // The heir's sum rises by 500, of which 300 were counted: the total stays.
        assert_eq!(after(&[ended(Some(1), 300, 500)], &[(1, 500)]), -200);
        assert_eq!(after(&[ended(Some(1), 500, 500)], &[(1, 495)]), 0);
    }

    #[test]
    fn an_heir_takes_over_several_and_only_what_it_took() {
        let both = [ended(Some(1), 100, 100), ended(Some(1), 100, 100)];
        assert_eq!(after(&both, &[(1, 200)]), 0);
        assert_eq!(after(&both, &[(1, 100)]), 100);
    }
}
