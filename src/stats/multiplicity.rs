//! Many tests in one gate.

/// Holm's step-down adjustment (Holm 1979, Scandinavian Journal of Statistics 6:65): the chance that any true
/// null among them is rejected stays below the level at which the adjusted values are read.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    let at = |i: usize| p.get(i).copied().unwrap_or(1.0);
    order.sort_by(|a, b| at(*a).total_cmp(&at(*b)));
    let mut adjusted = vec![1.0; p.len()];
    let mut largest: f64 = 0.0;
    for (step, index) in order.into_iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a gate has few series")]
        let left = (p.len() - step) as f64;
        largest = largest.max((at(index) * left).min(1.0));
        if let Some(slot) = adjusted.get_mut(index) {
            *slot = largest;
        }
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_agrees_with_r() {
        // p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") = 0.03 0.06 0.06 0.02
        let got = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (g, e) in got.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((g - e).abs() < 1e-12, "{got:?}");
        }
        assert!(holm(&[]).is_empty());
    }
}
