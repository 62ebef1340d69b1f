//! From values to places, and the round numbers that stand beside an axis.

/// A stretch of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    /// From the smallest of the values to the largest, with a little room to both sides; `None` without a finite one.
    pub(super) fn around(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        const ROOM: f64 = 0.06;
        let (low, high) = ends(values)?;
        // Values that are all alike lie in the middle.
        let wide = match high - low {
            wide if wide > 0.0 => wide,
            _ if high.abs() > 0.0 => high.abs(),
            _ => 1.0,
        };
        Some(Self {
            low: low - ROOM * wide,
            high: high + ROOM * wide,
        })
    }

    /// From zero to a little more than the largest.
    pub(super) fn from_zero(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        const ROOM: f64 = 1.08;
        let (_, high) = ends(values)?;
        (high > 0.0).then_some(Self {
            low: 0.0,
            high: high * ROOM,
        })
    }

    pub(super) fn between(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// 0 at the low end, 1 at the high one.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    pub(super) fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// What is between two of about `most` round numbers on it; 0 where there are none.
    pub(super) fn step(&self, most: u32) -> f64 {
        let raw = (self.high - self.low) / f64::from(most.max(1));
        if !(raw.is_finite() && raw > 0.0) {
            return 0.0;
        }
        let power = 10_f64.powf(raw.log10().floor());
        [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|step| *step >= raw)
            .unwrap_or(10.0 * power)
    }

    /// About `most` round numbers on it.
    pub(super) fn ticks(&self, most: u32) -> Vec<f64> {
        let step = self.step(most);
        if step <= 0.0 {
            return Vec::new();
        }
        let first = (self.low / step).ceil();
        (0..=most + 1)
            .map(|i| (first + f64::from(i)) * step)
            .filter(|tick| self.holds(*tick))
            .map(|tick| if tick.abs() < step / 1e6 { 0.0 } else { tick })
            .collect()
    }
}

fn ends(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let mut finite = values.into_iter().filter(|value| value.is_finite());
    let first = finite.next()?;
    Some(finite.fold((first, first), |(low, high), value| {
        (low.min(value), high.max(value))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_inside() {
        assert_eq!(
            Axis::between(-0.12, 0.48).ticks(6),
            [-0.1, 0.0, 0.1, 0.2, 0.300_000_000_000_000_04, 0.4]
        );
        assert_eq!(Axis::between(83.0, 104.0).ticks(4), [90.0, 100.0]);
        assert!(Axis::between(1.0, 1.0).ticks(4).is_empty());
    }

    #[test]
    fn values_that_are_alike_have_an_axis_and_none_have_none() {
        let axis = Axis::around([5.0, 5.0]).unwrap();
        assert!((axis.share(5.0) - 0.5).abs() < 1e-9);
        assert!(Axis::around([0.0]).is_some());
        assert_eq!(Axis::around([f64::NAN]), None);
        assert_eq!(Axis::from_zero([0.0]), None);
    }
}
