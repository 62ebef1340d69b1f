//! A counter of a service between two looks at it. Pure.

/// How much it grew since it was `before`, which is nothing for a series that was not there. One that fell began anew
/// from nothing, so that all of it is growth.
pub fn growth(before: f64, now: f64) -> f64 {
    if has_fallen(before, now) {
        now
    } else {
        now - before
    }
}

pub fn has_fallen(before: f64, now: f64) -> bool {
    now < before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fell_began_anew_from_nothing() {
        for (before, now, grown) in [(0.0, 3.0, 3.0), (100.0, 107.0, 7.0), (100.0, 7.0, 7.0)] {
            assert!(
                (growth(before, now) - grown).abs() < 1e-12,
                "{before} {now}"
            );
            assert_eq!(has_fallen(before, now), now < before);
        }
    }
}
