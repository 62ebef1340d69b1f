//! How much runs of one build differ, by all that is known: this session, earlier sessions, and between sessions.

use super::{location, order};

/// A variance with the degrees of freedom that stand behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variance {
    pub value: f64,
    pub df: f64,
}

/// More history than this says no more about today: the prior never outweighs so many degrees of freedom.
pub const MOST_PRIOR_DF: f64 = 20.0;

/// Groups of one build and session each; only groups of two or more say anything of the spread within.
pub struct Groups<'a> {
    /// The runs that are compared.
    pub judged: &'a [&'a [f64]],
    /// Earlier sessions.
    pub history: &'a [&'a [f64]],
    /// The spread is never taken to be smaller (a standard deviation).
    pub floor: f64,
    /// Whether a judged run far from its centre counts as if it were nearer, where it is alone.
    pub outliers: Outliers,
}

/// What becomes of judged runs that lie far from their centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outliers {
    /// They count in full.
    InFull,
    /// One run in five of a side may lie beyond the bound and counts as if it were there; more are a second mode and
    /// count in full.
    Bounded,
}

/// In scales from the centre.
const OUTLIER_BOUND: f64 = 6.0;
/// One run in so many may be an outlier, and at least one.
const RUNS_PER_OUTLIER: usize = 5;

/// The spread between runs, for an estimate of the centre by [`location::huber`] at `scale`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Within {
    pub scale: f64,
    /// Of one run: the centre of n runs has this over n.
    pub variance: Variance,
}

/// The pooled variance of the judged groups, moderated by earlier sessions (as Smyth 2004 moderates by other
/// genes: weights are degrees of freedom).
///
/// Earlier sessions enter through Huber's influence, since the centre does not feel their outliers; the judged runs
/// enter in full up to a far bound, so that a session that was noisier than usual widens its own interval and a single
/// run that met a bad moment does not drown what the others say. Divided by the squared
/// share of runs within the bound, this is the variance of the M-estimate (Huber 1981, section 3.2).
pub fn within(groups: &Groups<'_>) -> Within {
    let all = || {
        groups
            .judged
            .iter()
            .chain(groups.history)
            .copied()
            .filter(|g| g.len() > 1)
    };
    let from_median: Vec<f64> = all()
        .flat_map(|group| {
            let centre = order::median(group).unwrap_or(0.0);
            let stretch = (size(group) / (size(group) - 1.0)).sqrt();
            group.iter().map(move |v| (v - centre) * stretch)
        })
        .collect();
    let scale = location::scale_of_residuals(&from_median)
        .unwrap_or(0.0)
        .max(groups.floor);
    let bound = location::TUNING * scale;
    let residuals = |group: &[f64]| {
        let centre = location::huber(group, scale).unwrap_or(0.0);
        group.iter().map(move |v| v - centre).collect::<Vec<f64>>()
    };
    let (mut inside, mut count) = (0.0_f64, 0.0_f64);
    for group in all() {
        let residuals = residuals(group);
        inside += size(
            &residuals
                .iter()
                .copied()
                .filter(|r| r.abs() <= bound)
                .collect::<Vec<f64>>(),
        );
        count += size(&residuals);
    }
    let share = if count > 0.0 {
        (inside / count).max(0.3)
    } else {
        1.0
    };
    let sum = |group: &[f64], most: f64| -> f64 {
        residuals(group)
            .iter()
            .map(|r| r.clamp(-most, most).powi(2))
            .sum()
    };
    let pooled = |groups: &[&[f64]], most: f64| {
        let many: Vec<&[f64]> = groups.iter().copied().filter(|g| g.len() > 1).collect();
        let squares: f64 = many.iter().map(|g| sum(g, most)).sum();
        let df: f64 = many.iter().map(|g| size(g) - 1.0).sum();
        (squares / (share * share), df)
    };
    let most_judged = |group: &[f64]| {
        let far = OUTLIER_BOUND * scale;
        let beyond = residuals(group).iter().filter(|r| r.abs() > far).count();
        let few = beyond <= (group.len() / RUNS_PER_OUTLIER).max(1);
        match groups.outliers {
            Outliers::Bounded if few => far,
            _ => f64::INFINITY,
        }
    };
    let (mut squares, mut df) = (0.0, 0.0);
    for group in groups.judged {
        let (own, own_df) = pooled(&[group], most_judged(group));
        squares += own;
        df += own_df;
    }
    let (prior_squares, all_prior_df) = pooled(groups.history, bound);
    let prior_df = all_prior_df.min(MOST_PRIOR_DF);
    let prior = if all_prior_df > 0.0 {
        prior_squares / all_prior_df
    } else {
        0.0
    };
    let total = df + prior_df;
    let value = if total > 0.0 {
        (squares + prior_df * prior) / total
    } else {
        0.0
    };
    Within {
        scale,
        variance: Variance {
            value: value.max(groups.floor.powi(2)),
            df: total,
        },
    }
}

/// One session of a machine, oldest first: its centre, and whether it measured the same build as the one before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Session {
    pub centre: f64,
    pub same_build_as_previous: bool,
    pub runs: usize,
}

/// Between how many neighbours the difference has to be known.
const FEWEST_PAIRS: usize = 4;
/// What a pair of neighbours tells, in degrees of freedom.
const PAIR_DF: f64 = 0.6;
/// What the other series of the gate tell about one of them, in degrees of freedom.
const GATE_DF: f64 = 8.0;

/// What neighbouring sessions say of the variance that a session adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbours {
    pub value: f64,
    pub pairs: f64,
    /// The neighbours measured one build, so that only sessions tell them apart.
    pub same_build: bool,
}

/// The variance that a session adds, learned from neighbours that measured the same build: the median absolute
/// difference, inflated for few pairs, or the mean square of the differences where that is larger (the median of a
/// few knows little of their tail), less what the spread within explains.
///
/// The sessions come machine by machine, and only those of one machine are neighbours.
///
/// With fewer than four such pairs, from neighbours of any build: most changes do not move a series, and the median
/// absolute difference does not feel those that do. `None` with fewer than four pairs of any kind.
pub fn between_sessions(machines: &[Vec<Session>], within: f64) -> Option<Neighbours> {
    of_neighbours(machines, within, true).or_else(|| of_neighbours(machines, within, false))
}

fn of_neighbours(machines: &[Vec<Session>], within: f64, same_build: bool) -> Option<Neighbours> {
    let mut differences = Vec::new();
    let mut explained = Vec::new();
    for pair in machines.iter().flat_map(|sessions| sessions.windows(2)) {
        if let [before, after] = pair
            && (after.same_build_as_previous || !same_build)
        {
            differences.push((after.centre - before.centre).abs());
            explained.push(within * (1.0 / size_of(before.runs) + 1.0 / size_of(after.runs)));
        }
    }
    if differences.len() < FEWEST_PAIRS {
        return None;
    }
    let pairs = size(&differences);
    let typical = location::scale_of_residuals(&differences)? * (1.0 + 1.5 / pairs);
    let mean_square = differences.iter().map(|d| d * d).sum::<f64>() / pairs;
    let squared = if same_build {
        mean_square.max(typical * typical)
    } else {
        typical * typical
    };
    let explained = order::median(&explained)?;
    // A difference carries the variance of two sessions.
    Some(Neighbours {
        value: ((squared - explained) / 2.0).max(0.0),
        pairs,
        same_build,
    })
}

impl Neighbours {
    /// Moderated by what is typical of the gate, as the spread within is by earlier sessions.
    pub fn moderated(self, typical: f64) -> Variance {
        let own = PAIR_DF * self.pairs;
        Variance {
            value: (own * self.value + GATE_DF * typical) / (own + GATE_DF),
            df: own + GATE_DF,
        }
    }
}

/// Satterthwaite's degrees of freedom of a sum of variances (Satterthwaite 1946, Biometrics Bulletin 2:110).
pub fn add(parts: &[Variance]) -> Variance {
    let value: f64 = parts.iter().map(|p| p.value).sum();
    let spent: f64 = parts
        .iter()
        .filter(|p| p.df > 0.0)
        .map(|p| p.value * p.value / p.df)
        .sum();
    Variance {
        value,
        df: if spent > 0.0 {
            value * value / spent
        } else {
            0.0
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "groups are small")]
fn size(values: &[f64]) -> f64 {
    values.len() as f64
}

#[expect(clippy::cast_precision_loss, reason = "groups are small")]
fn size_of(runs: usize) -> f64 {
    runs.max(1) as f64
}

/// The sample variance of the logarithms, for small spreads that of the values relative to their mean; `None` of fewer
/// than two values, or where one is not positive.
pub fn relative_variance(values: &[f64]) -> Option<f64> {
    if values.len() < 2 || values.iter().any(|v| *v <= 0.0) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of runs")]
    let n = values.len() as f64;
    let mean = values.iter().map(|v| v.ln()).sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v.ln() - mean).powi(2)).sum();
    Some(squares / (n - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_outliers_the_spread_is_the_pooled_variance() {
        // Two groups of three with variance 1 each, the bound far away.
        let (a, b): (&[f64], &[f64]) = (&[1.0, 2.0, 3.0], &[11.0, 12.0, 13.0]);
        let got = within(&Groups {
            judged: &[a, b],
            history: &[],
            floor: 0.0,
            outliers: Outliers::InFull,
        });
        assert!((got.variance.value - 1.0).abs() < 1e-9, "{got:?}");
        assert!((got.variance.df - 4.0).abs() < 1e-12);
    }

    #[test]
    fn history_moderates_with_its_degrees_of_freedom_and_no_more_than_twenty() {
        let quiet: &[f64] = &[1.0, 2.0, 3.0];
        let judged: &[&[f64]] = &[&[5.0, 5.0, 5.0], &[6.0, 6.0, 6.0]];
        let history = vec![quiet; 15];
        let got = within(&Groups {
            judged,
            history: &history,
            floor: 0.0,
            outliers: Outliers::InFull,
        });
        assert!((got.variance.df - 24.0).abs() < 1e-12, "{got:?}");
        assert!((got.variance.value - 20.0 / 24.0).abs() < 1e-9, "{got:?}");
    }

    #[test]
    fn a_noisy_session_widens_its_own_interval() {
        let calm: &[f64] = &[0.0, 0.1, -0.1, 0.05, -0.05];
        let wild: &[f64] = &[0.0, 3.0, -2.0, 0.1, 0.0];
        let history = vec![calm; 10];
        let quiet = within(&Groups {
            judged: &[calm, calm],
            history: &history,
            floor: 0.0,
            outliers: Outliers::InFull,
        });
        let noisy = within(&Groups {
            judged: &[calm, wild],
            history: &history,
            floor: 0.0,
            outliers: Outliers::InFull,
        });
        assert!(noisy.variance.value > 20.0 * quiet.variance.value);
    }

    #[test]
    fn between_sessions_needs_four_pairs() {
        let session = |centre, same| Session {
            centre,
            same_build_as_previous: same,
            runs: 5,
        };
        let few = [0.0, 1.0, 0.0, 1.0].map(|centre| session(centre, true));
        assert_eq!(between_sessions(&[few.to_vec()], 0.0), None);
        let many: Vec<Session> = (0..6).map(|i| session(f64::from(i % 2), i > 0)).collect();
        let many = [many];
        let got = between_sessions(&many, 0.0).unwrap();
        // |difference| 1 throughout: (1.4826 * 1.3)^2 / 2.
        assert!((got.value - 1.857_4).abs() < 1e-3, "{got:?}");
        assert!(got.same_build && (got.pairs - 5.0).abs() < 1e-12);
        assert_eq!(between_sessions(&many, 100.0).unwrap().value, 0.0);
    }

    #[test]
    fn only_sessions_of_one_machine_are_neighbours() {
        let session = |centre| Session {
            centre,
            same_build_as_previous: false,
            runs: 5,
        };
        // Two machines that are 100 apart, three sessions each that differ by 1.
        let machines = [[0.0, 1.0, 0.0], [100.0, 101.0, 100.0]].map(|m| m.map(session).to_vec());
        let got = between_sessions(&machines, 0.0).unwrap();
        assert!((got.pairs - 4.0).abs() < 1e-12);
        // (1.4826 * (1 + 1.5 / 4))^2 / 2
        assert!((got.value - 2.077_9).abs() < 1e-3, "{got:?}");
    }

    #[test]
    fn neighbours_of_other_builds_tell_by_their_median_alone() {
        // One step of a real change among neighbours that differ by 1 or less.
        let centres = [0.0, 1.0, 0.5, 50.0, 51.0, 50.5];
        let sessions = centres.map(|centre| Session {
            centre,
            same_build_as_previous: false,
            runs: 5,
        });
        let got = between_sessions(&[sessions.to_vec()], 0.0).unwrap();
        // Differences 1, 0.5, 49.5, 1, 0.5: the median is 1.
        assert!((got.value - 1.857_4).abs() < 1e-3, "{got:?}");
        assert!(!got.same_build);
    }

    #[test]
    fn the_gate_moderates_what_few_neighbours_say() {
        let neighbours = Neighbours {
            value: 3.0,
            pairs: 5.0,
            same_build: true,
        };
        // (0.6 * 5 * 3 + 8 * 1) / (0.6 * 5 + 8), with 11 degrees of freedom.
        let got = neighbours.moderated(1.0);
        assert!((got.value - 17.0 / 11.0).abs() < 1e-12 && (got.df - 11.0).abs() < 1e-12);
    }

    #[test]
    fn one_outlier_of_five_counts_as_if_it_were_six_scales_away_and_two_count_in_full() {
        let calm: &[f64] = &[-1.0, -0.5, 0.0, 0.5, 1.0];
        let variance = |judged: &[f64], outliers| {
            let groups = Groups {
                judged: &[calm, judged],
                history: &[],
                floor: 0.0,
                outliers,
            };
            within(&groups).variance.value
        };
        let (near, far) = (
            [-1.0, -0.5, 0.0, 0.5, 100.0],
            [-1.0, -0.5, 0.0, 0.5, 1000.0],
        );
        let bounded = variance(&near, Outliers::Bounded);
        assert!(bounded < variance(&near, Outliers::InFull) / 20.0);
        assert!((bounded / variance(&far, Outliers::Bounded) - 1.0).abs() < 0.2);
        let two = [-1.0, 0.0, 0.5, 100.0, 100.0];
        assert!(
            (variance(&two, Outliers::Bounded) / variance(&two, Outliers::InFull) - 1.0).abs()
                < 1e-12
        );
    }

    #[test]
    fn degrees_of_freedom_follow_satterthwaite() {
        let got = add(&[
            Variance {
                value: 1.0,
                df: 4.0,
            },
            Variance {
                value: 1.0,
                df: 4.0,
            },
        ]);
        assert!((got.df - 8.0).abs() < 1e-12 && (got.value - 2.0).abs() < 1e-12);
        assert_eq!(add(&[]).df, 0.0);
    }

    #[test]
    fn a_relative_variance_is_that_of_logarithms() {
        let (up, down) = (0.1_f64.exp(), (-0.1_f64).exp());
        // Logarithms -0.1, 0 and 0.1: squares of 0.02 over two degrees of freedom.
        let variance = relative_variance(&[down, 1.0, up]).unwrap();
        assert!((variance - 0.01).abs() < 1e-12, "{variance}");
        assert_eq!(relative_variance(&[1.0]), None);
        assert_eq!(relative_variance(&[1.0, 0.0]), None);
    }
}
