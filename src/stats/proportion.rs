//! k of n against k of n.

use super::student;

/// Successes and trials, or failures and requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    pub count: f64,
    pub of: f64,
}

impl Counted {
    pub fn rate(self) -> f64 {
        if self.of > 0.0 {
            self.count / self.of
        } else {
            0.0
        }
    }
}

/// A difference of two rates with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

/// Wilson's score interval (Wilson 1927, JASA 22:209).
fn wilson(counted: Counted, z: f64) -> (f64, f64) {
    let Counted { count, of } = counted;
    if of <= 0.0 {
        return (0.0, 1.0);
    }
    let (rate, z2) = (count / of, z * z);
    let centre = (rate + z2 / (2.0 * of)) / (1.0 + z2 / of);
    let half = z / (1.0 + z2 / of) * (rate * (1.0 - rate) / of + z2 / (4.0 * of * of)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// Newcombe's hybrid score interval of `after - before` (Newcombe 1998, Statistics in Medicine 17:873, method 10).
pub fn newcombe(before: Counted, after: Counted, confidence: f64) -> Difference {
    let z = student::normal_quantile(f64::midpoint(1.0, confidence));
    let ((low_b, high_b), (low_a, high_a)) = (wilson(before, z), wilson(after, z));
    let (b, a) = (before.rate(), after.rate());
    let estimate = a - b;
    Difference {
        estimate,
        low: estimate - (a - low_a).hypot(high_b - b),
        high: estimate + (high_a - a).hypot(b - low_b),
    }
}

/// The one-sided chance of so much more in `after`, by the pooled score test.
pub fn upper_tail(before: Counted, after: Counted) -> f64 {
    let of = before.of + after.of;
    if before.of <= 0.0 || after.of <= 0.0 {
        return 1.0;
    }
    let pooled = (before.count + after.count) / of;
    let variance = pooled * (1.0 - pooled) * (1.0 / before.of + 1.0 / after.of);
    if variance <= 0.0 {
        return 1.0;
    }
    student::upper_tail(
        (after.rate() - before.rate()) / variance.sqrt(),
        f64::INFINITY,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_agree_with_newcombes_table() {
        // Newcombe 1998, table II: 56/70 - 48/80, method 10: 0.0524 to 0.3339.
        let got = newcombe(
            Counted {
                count: 48.0,
                of: 80.0,
            },
            Counted {
                count: 56.0,
                of: 70.0,
            },
            0.95,
        );
        assert!((got.estimate - 0.2).abs() < 1e-12);
        assert!(
            (got.low - 0.0524).abs() < 5e-5 && (got.high - 0.3339).abs() < 5e-5,
            "{got:?}"
        );
        // 0/20 against 0/10: -0.1611 to 0.2775 for 0/10 - 0/20.
        let got = newcombe(
            Counted {
                count: 0.0,
                of: 20.0,
            },
            Counted {
                count: 0.0,
                of: 10.0,
            },
            0.95,
        );
        assert!(
            (got.low + 0.1611).abs() < 5e-5 && (got.high - 0.2775).abs() < 5e-5,
            "{got:?}"
        );
    }

    #[test]
    fn no_failures_on_either_side_are_no_evidence() {
        let none = Counted {
            count: 0.0,
            of: 100.0,
        };
        assert_eq!(upper_tail(none, none), 1.0);
        assert!(
            upper_tail(
                none,
                Counted {
                    count: 10.0,
                    of: 100.0
                }
            ) < 0.001
        );
    }
}
