//! Student's t and the normal distribution, by statrs.

use std::cell::Cell;

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::function::gamma::ln_gamma;

/// From so many degrees of freedom on the tail is taken from Hill's expansion: the continued fraction of statrs
/// loses digits there, and its inverse does not end.
const LARGE_DF: f64 = 1000.0;

/// The chance of a value above `t`. Zero degrees of freedom are no evidence: the chance is 1.
pub fn upper_tail(t: f64, df: f64) -> f64 {
    if t.is_nan() {
        return 1.0;
    }
    if df > LARGE_DF {
        return Normal::standard().sf(normal_equivalent(t, df));
    }
    match StudentsT::new(0.0, 1.0, df) {
        Ok(distribution) if df.is_finite() => distribution.sf(t),
        _ => 1.0,
    }
}

/// The normal deviate with the same tail as `t` (Hill 1970, Communications of the ACM 13:617, algorithm 395).
fn normal_equivalent(t: f64, df: f64) -> f64 {
    let a = df - 0.5;
    let b = 48.0 * a * a;
    let y = a * (t * t / df).ln_1p();
    if !y.is_finite() || !b.is_finite() {
        return t;
    }
    let inner = ((-0.4 * y - 3.3) * y - 24.0) * y - 85.5;
    let z = ((inner / (0.8 * y * y + 100.0 + b) + y + 3.0) / b + 1.0) * y.sqrt();
    z.copysign(t)
}

/// The value that is exceeded with the chance `1 - probability`.
///
/// It is found by iteration, and a thousand series of as many runs ask the same few questions: the newest answers
/// are kept.
pub fn quantile(probability: f64, df: f64) -> f64 {
    thread_local! {
        static NEWEST: Cell<[Option<Answer>; 4]> = const { Cell::new([None; 4]) };
    }
    let question = [probability.to_bits(), df.to_bits()];
    let mut newest = NEWEST.get();
    let known = newest.iter().flatten().find(|known| known.to == question);
    if let Some(known) = known {
        return known.value;
    }
    let value = found_quantile(probability, df);
    newest.rotate_right(1);
    if let Some(first) = newest.first_mut() {
        *first = Some(Answer {
            to: question,
            value,
        });
    }
    NEWEST.set(newest);
    value
}

#[derive(Clone, Copy)]
struct Answer {
    /// To the last bit.
    to: [u64; 2],
    value: f64,
}

fn found_quantile(probability: f64, df: f64) -> f64 {
    if !(probability > 0.0 && probability < 1.0 && df > 0.0) {
        return f64::INFINITY;
    }
    if df == f64::INFINITY {
        return normal_quantile(probability);
    }
    if probability < 0.5 {
        return -upper_quantile(probability, df);
    }
    upper_quantile(1.0 - probability, df)
}

/// Newton's method needs three or four steps; halving the exponents and then the rest of an interval fewer than this.
const MOST_STEPS: usize = 200;
/// A step of this share of the value is the last: the one after it would be below the precision of a number.
const LAST_STEP: f64 = 1e-9;

/// The positive value that is exceeded with this chance of at most one half.
///
/// Newton's method on the logarithms of tail and value, in which a heavy tail is a straight line, and a normal one is
/// bent to one side. A step that leaves the interval in which the value must be is replaced by half of the interval.
fn upper_quantile(tail: f64, df: f64) -> f64 {
    if tail >= 0.5 {
        return 0.0;
    }
    let density = Density::of(df);
    let (mut low, mut high) = (0.0_f64, f64::MAX);
    let mut value = -normal_quantile(tail);
    if !(value > 0.0 && value.is_finite()) {
        value = 1.0;
    }
    for _ in 0..MOST_STEPS {
        let here = upper_tail(value, df);
        if here > tail {
            low = value;
        } else {
            high = value;
        }
        let step = (here / tail).ln() * here / (value * density.at(value));
        let next = value * step.exp();
        if step.abs() < LAST_STEP {
            return next;
        }
        value = if low < next && next < high {
            next
        } else if low > 0.0 && high > 4.0 * low {
            low.sqrt() * high.sqrt()
        } else {
            f64::midpoint(low, high)
        };
        if value <= low || value >= high {
            break;
        }
    }
    f64::midpoint(low, high)
}

/// The density of Student's t, as precise as the length of a step has to be.
struct Density {
    df: f64,
    /// The logarithm of the density at 0.
    peak: f64,
}

impl Density {
    fn of(df: f64) -> Self {
        let peak = if df > LARGE_DF {
            -0.5 * std::f64::consts::TAU.ln()
        } else {
            let half = |df: f64| ln_gamma(df / 2.0);
            half(df + 1.0) - half(df) - 0.5 * (df * std::f64::consts::PI).ln()
        };
        Self { df, peak }
    }

    fn at(&self, t: f64) -> f64 {
        (self.peak - 0.5 * (self.df + 1.0) * (t / self.df * t).ln_1p()).exp()
    }
}

pub fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_and_quantiles_agree_with_scipy() {
        // scipy.stats.t.sf(t, df)
        for (t, df, expected) in [
            (2.0, 8.0, 0.040_258_118_978_610_96),
            (3.5, 24.0, 0.000_921_182_177_332_0),
            (-1.0, 4.5, 0.815_997_458_059_9),
            (2.0, 1e4, 0.022_763_630_330_717_7),
            (3.5, 1e6, 0.000_232_639_196_840_5),
            (4.2, 1.5e7, 1.334_582_592_498_4e-5),
            (-1.0, 2e8, 0.841_344_745_463_6),
            (5.0, 1e12, 2.866_515_719_275_1e-7),
            (2.5, 1500.5, 0.006_262_683_743_617_7),
            (6.0, 1001.0, 1.377_235_663_795_4e-9),
        ] {
            assert!(
                (upper_tail(t, df) / expected - 1.0).abs() < 1e-6,
                "{t} {df} {}",
                upper_tail(t, df)
            );
        }
        // scipy.stats.t.ppf(q, df)
        for (q, df, expected) in [
            (0.975, 8.0, 2.306_004_135),
            (0.999, 28.0, 3.408_155),
            (0.975, 0.5, 164.557_673_48),
            (0.999, 1.0, 318.308_838_98),
            (0.975, 999.0, 1.962_341_461_1),
            (0.975, 1001.0, 1.962_336_705_3),
            (0.999, 1.5e7, 3.090_232_849_5),
            (0.9995, 3e8, 3.290_526_763_9),
            (0.8, 4.5, 0.928_965_568_6),
            (0.25, 7.0, -0.711_141_778_1),
            (0.999_99, 2.0, 223.603_443_63),
        ] {
            assert!(
                (quantile(q, df) / expected - 1.0).abs() < 1e-6,
                "{q} {df} {}",
                quantile(q, df)
            );
        }
        assert!((normal_quantile(0.975) - 1.959_963_985).abs() < 1e-6);
    }

    #[test]
    fn each_question_gets_its_own_answer_however_often_and_in_what_order_it_is_asked() {
        for round in 0..3 {
            for (p, df) in [
                (0.6, 1.5),
                (0.7, 1.5),
                (0.6, 2.5),
                (0.9, 9.0),
                (0.95, 5.0),
                (0.6, 1.5),
            ] {
                assert_eq!(quantile(p, df), found_quantile(p, df), "{round} {p} {df}");
            }
        }
    }

    #[test]
    fn every_question_ends_however_large_or_small_it_is() {
        for df in [
            f64::MIN_POSITIVE,
            1e-3,
            0.3,
            1e3,
            1.6e7,
            1e15,
            1e200,
            f64::MAX,
        ] {
            for p in [1e-300, 1e-9, 0.3, 0.5, 0.9, 1.0 - 1e-12] {
                assert!(!quantile(p, df).is_nan(), "{p} {df}");
            }
            for t in [-1e300, -1.0, 0.0, 1e-300, 1.0, 1e300, f64::INFINITY] {
                let tail = upper_tail(t, df);
                assert!((0.0..=1.0).contains(&tail), "{t} {df} {tail}");
            }
        }
    }

    #[test]
    fn the_two_ways_to_the_tail_meet() {
        for t in [0.5, 2.0, 4.0, 6.0] {
            let below = upper_tail(t, LARGE_DF);
            let above = upper_tail(t, LARGE_DF.next_up());
            assert!((below / above - 1.0).abs() < 1e-8, "{t} {below} {above}");
        }
    }

    #[test]
    fn a_quantile_is_exceeded_with_the_chance_that_was_asked_for() {
        for df in [0.1, 0.5, 1.0, 2.0, 4.5, 30.0, 999.0, 1e4, 1e8] {
            for tail in [1e-12, 1e-5, 0.001, 0.025, 0.1, 0.3, 0.49] {
                let value = upper_quantile(tail, df);
                let found = upper_tail(value, df);
                assert!((found / tail - 1.0).abs() < 1e-9, "{df} {tail}: {found}");
            }
        }
    }

    #[test]
    fn nothing_known_is_no_evidence() {
        assert_eq!(upper_tail(f64::NAN, 5.0), 1.0);
        assert_eq!(upper_tail(3.0, 0.0), 1.0);
        assert_eq!(quantile(0.975, 0.0), f64::INFINITY);
    }
}
