//! How much starts of one program differ, from runs of which several share a start.

use std::collections::BTreeMap;

use super::spread::Variance;

/// What the other series of the gate tell about one of them, in degrees of freedom.
const GATE_DF: f64 = 8.0;

/// What the launches of a series say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaunchSpread {
    /// The variance that a launch adds, of one launch.
    pub value: f64,
    /// Degrees of freedom between launches, of both sides.
    pub df: f64,
    /// So many times this variance the difference of the sides has more than its runs show, because runs share
    /// launches.
    pub shared: f64,
}

impl LaunchSpread {
    /// Moderated by what is typical of the gate, as the variance between sessions is.
    pub fn moderated(self, typical: f64) -> Variance {
        let df = self.df + GATE_DF;
        Variance {
            value: (self.df * self.value + GATE_DF * typical) / df,
            df,
        }
    }
}

/// The variance of launches by the analysis of variance of one way with groups of unequal size (Searle, Casella and
/// McCulloch 1992, Variance Components, section 3.6), pooled over the sides. Each side is its values with the launch of
/// each. `None` where a side has one launch only, or where every run is a launch of its own.
pub fn spread(sides: [(&[f64], &[u32]); 2]) -> Option<LaunchSpread> {
    let mut total = Sums::default();
    for (values, launches) in sides {
        total.add(&Sums::of(values, launches)?);
    }
    if total.df_within <= 0.0 {
        return None;
    }
    let between = total.between / total.df_between;
    let within = total.within / total.df_within;
    // The mean size of a group that the expectation of `between` carries.
    let size = total.size / total.df_between;
    Some(LaunchSpread {
        value: ((between - within) / size).max(0.0),
        df: total.df_between,
        shared: total.shared,
    })
}

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    between: f64,
    within: f64,
    df_between: f64,
    df_within: f64,
    /// `N − Σ k² / N` of each side.
    size: f64,
    /// `Σ k² / N² − 1 / N` of each side.
    shared: f64,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.between += other.between;
        self.within += other.within;
        self.df_between += other.df_between;
        self.df_within += other.df_within;
        self.size += other.size;
        self.shared += other.shared;
    }

    fn of(values: &[f64], launches: &[u32]) -> Option<Self> {
        if values.len() != launches.len() {
            return None;
        }
        let mut groups: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for (value, launch) in values.iter().zip(launches) {
            groups.entry(*launch).or_default().push(*value);
        }
        if groups.len() < 2 {
            return None;
        }
        let n = count(values);
        let mean = values.iter().sum::<f64>() / n;
        let (mut between, mut within, mut squares) = (0.0, 0.0, 0.0);
        for group in groups.values() {
            let size = count(group);
            let own = group.iter().sum::<f64>() / size;
            between += size * (own - mean).powi(2);
            within += group.iter().map(|v| (v - own).powi(2)).sum::<f64>();
            squares += size * size;
        }
        #[expect(clippy::cast_precision_loss, reason = "a side has few launches")]
        let launches = groups.len() as f64;
        Some(Self {
            between,
            within,
            df_between: launches - 1.0,
            df_within: n - launches,
            size: n - squares / n,
            shared: squares / (n * n) - 1.0 / n,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "a side has few runs")]
fn count(values: &[f64]) -> f64 {
    values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn launches_of_two_runs_agree_with_the_analysis_of_variance_by_hand() {
        // Launches (1, 3) and (5, 7): between 2 * (2 - 4)^2 * 2 = 16 on 1 df, within 4 on 2 df, a side.
        let values: &[f64] = &[1.0, 3.0, 5.0, 7.0];
        let launches: &[u32] = &[0, 0, 1, 1];
        let got = spread([(values, launches), (values, launches)]).unwrap();
        assert!((got.value - (16.0 - 2.0) / 2.0).abs() < 1e-12, "{got:?}");
        assert!((got.df - 2.0).abs() < 1e-12);
        // Of two launches of two: 8 / 16 - 1 / 4 a side.
        assert!((got.shared - 0.5).abs() < 1e-12);
    }

    #[test]
    fn launches_that_do_not_differ_add_nothing() {
        let values: &[f64] = &[1.0, 3.0, 1.0, 3.0, 2.0];
        let launches: &[u32] = &[0, 0, 1, 1, 2];
        let got = spread([(values, launches), (values, launches)]).unwrap();
        assert_eq!(got.value, 0.0);
    }

    #[test]
    fn one_launch_a_side_says_nothing_and_neither_do_launches_of_one_run_each() {
        let values: &[f64] = &[1.0, 2.0];
        assert_eq!(spread([(values, &[0, 0]), (values, &[0, 1])]), None);
        assert_eq!(spread([(values, &[0, 1]), (values, &[0, 1])]), None);
    }

    #[test]
    fn the_gate_moderates_what_few_launches_say() {
        let own = LaunchSpread {
            value: 3.0,
            df: 4.0,
            shared: 0.5,
        };
        let got = own.moderated(1.0);
        assert!((got.value - 20.0 / 12.0).abs() < 1e-12 && (got.df - 12.0).abs() < 1e-12);
    }
}
