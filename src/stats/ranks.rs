//! The rank test that guards the t test: it needs no shape of the noise.

/// The exact one-sided chance, under exchange of the sides, of a rank sum of `upper` at least as large as the one
/// seen (Wilcoxon 1945; ties take mid-ranks and the exact distribution is that of the ranks as they are).
pub fn rank_sum_upper_tail(lower: &[f64], upper: &[f64]) -> f64 {
    if lower.is_empty() || upper.is_empty() {
        return 1.0;
    }
    let ranks = doubled_mid_ranks(lower, upper);
    let seen: usize = ranks
        .iter()
        .filter(|(is_upper, _)| *is_upper)
        .map(|(_, rank)| rank)
        .sum();
    let total: usize = ranks.iter().map(|(_, rank)| rank).sum();
    // ways[k][s]: choices of k runs with doubled rank sum s. Counts as f64: only their ratio matters.
    let mut ways = vec![vec![0.0_f64; total + 1]; upper.len() + 1];
    if let Some(start) = ways.first_mut().and_then(|row| row.first_mut()) {
        *start = 1.0;
    }
    for (_, rank) in &ranks {
        for chosen in (1..=upper.len()).rev() {
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
    fn equal_sides_are_no_evidence() {
        assert!((rank_sum_upper_tail(&[1.0; 4], &[1.0; 4]) - 1.0).abs() < 1e-12);
        assert_eq!(rank_sum_upper_tail(&[], &[1.0]), 1.0);
    }
}
