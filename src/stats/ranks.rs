//! The rank test that guards the t test: it needs no shape of the noise.

use super::student;

/// Up to so many runs a side the chance is counted out; beyond, the normal approximation is good to a few per cent
/// of the chance, and counting would cost the fourth power of the number of runs.
const MOST_COUNTED: usize = 50;

/// The one-sided chance, under exchange of the sides, of a rank sum of `upper` at least as large as the one seen
/// (Wilcoxon 1945; ties take mid-ranks, and the exact distribution is that of the ranks as they are).
pub fn rank_sum_upper_tail(lower: &[f64], upper: &[f64]) -> f64 {
    rank_sum_tail(&doubled_mid_ranks(lower, upper))
}

/// The same with all ranks above the middle tied at the middle: it asks whether `lower` holds the lower half, and one
/// run of it that met a bad moment is one run out of place, however far away it lies.
pub fn lower_half_tail(lower: &[f64], upper: &[f64]) -> f64 {
    rank_sum_tail(&tied_above_the_middle(doubled_mid_ranks(lower, upper)))
}

fn tied_above_the_middle(mut ranks: Vec<(bool, usize)>) -> Vec<(bool, usize)> {
    // The middle of n runs is n / 2, and the ranks are doubled.
    let middle = ranks.len();
    for (_, rank) in &mut ranks {
        *rank = (*rank).min(middle);
    }
    ranks
}

/// The smallest chance that [`lower_half_tail`] can give with so many runs a side and no ties: for n and n it is
/// (n + 1) / C(2n, n), all of the upper side beyond all but one of the lower.
pub fn smallest_lower_half_tail(lower: usize, upper: usize) -> f64 {
    let runs = lower + upper;
    let ranks = (1..=runs).map(|rank| (rank > lower, 2 * rank)).collect();
    rank_sum_tail(&tied_above_the_middle(ranks))
}

/// The chance of a rank sum of the upper side at least as large, for ranks that are given twice their size.
fn rank_sum_tail(ranks: &[(bool, usize)]) -> f64 {
    let upper = ranks.iter().filter(|(is_upper, _)| *is_upper).count();
    let lower = ranks.len() - upper;
    if lower == 0 || upper == 0 {
        return 1.0;
    }
    let seen: usize = ranks
        .iter()
        .filter(|(is_upper, _)| *is_upper)
        .map(|(_, rank)| rank)
        .sum();
    if lower.max(upper) <= MOST_COUNTED {
        counted_tail(ranks, upper, seen)
    } else {
        normal_tail(ranks, upper, seen)
    }
}

fn counted_tail(ranks: &[(bool, usize)], upper: usize, seen: usize) -> f64 {
    let total: usize = ranks.iter().map(|(_, rank)| rank).sum();
    // ways[k][s]: choices of k runs with doubled rank sum s. Counts as f64: only their ratio matters.
    let mut ways = vec![vec![0.0_f64; total + 1]; upper + 1];
    if let Some(start) = ways.first_mut().and_then(|row| row.first_mut()) {
        *start = 1.0;
    }
    for (_, rank) in ranks {
        for chosen in (1..=upper).rev() {
            let (fewer, more) = ways.split_at_mut(chosen);
            if let (Some(from), Some(to)) = (fewer.last(), more.first_mut()) {
                for (to, from) in to.iter_mut().skip(*rank).zip(from) {
                    *to += from;
                }
            }
        }
    }
    let all = ways.last().map_or(&[][..], Vec::as_slice);
    let beyond: f64 = all.iter().skip(seen).sum();
    let sum: f64 = all.iter().sum();
    if sum > 0.0 { beyond / sum } else { 1.0 }
}

/// The normal approximation with the variance of the ranks as they are, ties included, and half a rank of
/// correction for continuity (Lehmann 1975, Nonparametrics, appendix 4).
#[expect(
    clippy::cast_precision_loss,
    reason = "ranks and their sums stay below 2^53"
)]
fn normal_tail(ranks: &[(bool, usize)], upper: usize, seen: usize) -> f64 {
    let n = ranks.len() as f64;
    let k = upper as f64;
    let mean_rank = ranks.iter().map(|(_, rank)| *rank as f64).sum::<f64>() / n;
    let squares: f64 = ranks
        .iter()
        .map(|(_, rank)| (*rank as f64 - mean_rank).powi(2))
        .sum();
    // The sum of k ranks drawn without replacement, in doubled ranks: half a rank is 1.
    let variance = k * (n - k) / (n * (n - 1.0)) * squares;
    if variance <= 0.0 {
        return 1.0;
    }
    let z = (seen as f64 - k * mean_rank - 1.0) / variance.sqrt();
    student::upper_tail(z, f64::INFINITY)
}

/// The smallest chance that so many runs a side can give: all of one side beyond the other.
pub fn smallest_tail(lower: usize, upper: usize) -> f64 {
    let mut choices = 1.0;
    for i in 0..upper {
        #[expect(clippy::cast_precision_loss, reason = "a side has few runs")]
        {
            choices *= (lower + upper - i) as f64 / (i + 1) as f64;
        }
    }
    1.0 / choices
}

/// Twice the mid-ranks, so that they are whole, marked by side.
fn doubled_mid_ranks(lower: &[f64], upper: &[f64]) -> Vec<(bool, usize)> {
    let mut all: Vec<(f64, bool)> = lower
        .iter()
        .map(|v| (*v, false))
        .chain(upper.iter().map(|v| (*v, true)))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = Vec::with_capacity(all.len());
    for group in all.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let before = ranks.len();
        // Ranks before+1 ..= before+len have twice the mean 2*before + len + 1.
        ranks.extend(
            group
                .iter()
                .map(|(_, is_upper)| (*is_upper, 2 * before + group.len() + 1)),
        );
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_agree_with_scipy() {
        // scipy.stats.mannwhitneyu(upper, lower, alternative='greater', method='exact').pvalue
        let got = rank_sum_upper_tail(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]);
        assert!((got - 0.05).abs() < 1e-12, "{got}");
        let got = rank_sum_upper_tail(&[1.0, 2.0, 4.0, 6.0, 10.0], &[3.0, 5.0, 7.0, 8.0, 9.0]);
        assert!((got - 0.210_317_460_317_460_32).abs() < 1e-9, "{got}");
        assert!((smallest_tail(5, 5) - 1.0 / 252.0).abs() < 1e-12);
    }

    #[test]
    fn many_runs_agree_with_scipy() {
        // scipy.stats.mannwhitneyu(upper, lower, alternative='greater', method='asymptotic').pvalue
        let lower: Vec<f64> = (0..120).map(f64::from).collect();
        let upper: Vec<f64> = lower.iter().map(|v| v + 12.5).collect();
        let got = rank_sum_upper_tail(&lower, &upper);
        assert!(
            (got / 0.004_105_019_448_844_669 - 1.0).abs() < 1e-6,
            "{got}"
        );
        let lower: Vec<f64> = (0..80).map(|i| f64::from(i % 7)).collect();
        let upper: Vec<f64> = (0..90)
            .map(|i| f64::from(i % 7 + i32::from(i % 3 == 0)))
            .collect();
        let got = rank_sum_upper_tail(&lower, &upper);
        assert!((got / 0.126_889_109_899_126_6 - 1.0).abs() < 1e-6, "{got}");
    }

    #[test]
    fn counting_and_approximation_agree_where_they_meet() {
        let lower: Vec<f64> = (0..50).map(f64::from).collect();
        let upper: Vec<f64> = lower.iter().map(|v| v + 7.5).collect();
        let ranks = doubled_mid_ranks(&lower, &upper);
        let seen = ranks.iter().filter(|r| r.0).map(|r| r.1).sum();
        let (counted, approximate) = (
            counted_tail(&ranks, 50, seen),
            normal_tail(&ranks, 50, seen),
        );
        assert!(
            (counted / approximate - 1.0).abs() < 0.05,
            "{counted} {approximate}"
        );
    }

    #[test]
    fn the_lower_half_forgives_one_run_that_is_out_of_place() {
        let base = [1.0, 2.0, 3.0, 4.0, 50.0];
        let current = [5.0, 6.0, 7.0, 8.0, 9.0];
        let six_of_252 = 6.0 / 252.0;
        assert!((lower_half_tail(&base, &current) - six_of_252).abs() < 1e-12);
        assert!((smallest_lower_half_tail(5, 5) - six_of_252).abs() < 1e-12);
        assert!((smallest_lower_half_tail(6, 6) - 7.0 / 924.0).abs() < 1e-12);
        // Two out of place are too many.
        let base = [1.0, 2.0, 3.0, 40.0, 50.0];
        assert!(lower_half_tail(&base, &current) > 2.0 * six_of_252);
        // By enumeration of all 252 choices: base 1 2 3 4 6 against 5 7 8 9 10 is one of the six as well.
        let near = lower_half_tail(&[1.0, 2.0, 3.0, 4.0, 6.0], &[5.0, 7.0, 8.0, 9.0, 10.0]);
        assert!((near - six_of_252).abs() < 1e-12, "{near}");
    }

    #[test]
    fn equal_sides_are_no_evidence() {
        assert!((rank_sum_upper_tail(&[1.0; 4], &[1.0; 4]) - 1.0).abs() < 1e-12);
        assert_eq!(rank_sum_upper_tail(&[], &[1.0]), 1.0);
    }
}
