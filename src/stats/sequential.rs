//! Several looks at data that grow: at which level each look tests, so that all of them together keep one level.

use super::student;

/// Gamma of the spending function: negative values leave most of the level to the last look.
const GAMMA: f64 = -2.0;
/// Steps of the numeric integration between two bounds.
const STEPS: u16 = 600;
/// The integral starts this many standard deviations below the middle; what lies further out is too small to matter.
const FAR: f64 = 9.0;

/// The share of the level that is spent when a share of the information is there (Hwang, Shih and De Cani 1990,
/// Statistics in Medicine 9:1439).
pub fn spent(information: f64) -> f64 {
    (-GAMMA * information).exp_m1() / (-GAMMA).exp_m1()
}

/// The one-sided level at which each look tests by itself, for looks at these amounts of information, so that the
/// chance to be beyond the bound at any of them is `level`.
///
/// The bounds follow from the joint normal distribution of the looks (Armitage, McPherson and Rowe 1969, Journal of
/// the Royal Statistical Society A 132:235): the density of the sum that has crossed no bound yet is carried from look
/// to look, and each bound is placed where the chance to cross it is what the spending function adds there.
pub fn nominal_levels(information: &[f64], level: f64) -> Vec<f64> {
    let Some(full) = information.last().copied().filter(|full| *full > 0.0) else {
        return Vec::new();
    };
    let mut levels = Vec::with_capacity(information.len());
    let mut inside = Density::start();
    let mut before = 0.0;
    for amount in information {
        let time = amount / full;
        let spend = level * (spent(time) - spent(before));
        let step = (time - before).sqrt();
        let bound = bound(|at| inside.beyond(at, step), spend, time.sqrt());
        levels.push(student::upper_tail(bound / time.sqrt(), f64::INFINITY));
        inside = inside.carried(bound, step, time.sqrt());
        before = time;
    }
    levels
}

/// Where the chance to lie beyond is what may be spent.
fn bound(beyond: impl Fn(f64) -> f64, spend: f64, scale: f64) -> f64 {
    let (mut low, mut high) = (-FAR * scale, FAR * scale);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if beyond(middle) > spend {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The density of the sum at a look, where no bound was crossed, as points with their weights.
struct Density(Vec<(f64, f64)>);

impl Density {
    /// All of it at zero.
    fn start() -> Self {
        Self(vec![(0.0, 1.0)])
    }

    /// The chance that the next sum lies beyond a point, one step of this size later.
    fn beyond(&self, at: f64, step: f64) -> f64 {
        let tail = |(from, weight): &(f64, f64)| {
            weight * student::upper_tail((at - from) / step, f64::INFINITY)
        };
        self.0.iter().map(tail).sum()
    }

    /// The density one step later below a bound, by Simpson's rule.
    fn carried(&self, bound: f64, step: f64, scale: f64) -> Self {
        let low = -FAR * scale;
        let width = (bound - low) / f64::from(STEPS);
        let point = |index: u16| {
            let at = low + f64::from(index) * width;
            let density: f64 = self
                .0
                .iter()
                .map(|(from, weight)| weight * normal_density((at - from) / step) / step)
                .sum();
            let simpson = match index {
                0 | STEPS => 1.0,
                odd if odd % 2 == 1 => 4.0,
                _ => 2.0,
            };
            (at, density * simpson * width / 3.0)
        };
        Self((0..=STEPS).map(point).collect())
    }
}

fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_look_spends_the_whole_level() {
        let levels = nominal_levels(&[20.0], 0.01);
        assert!((levels[0] - 0.01).abs() < 1e-9, "{levels:?}");
        assert!((spent(1.0) - 1.0).abs() < 1e-12 && spent(0.0).abs() < 1e-12);
    }

    #[test]
    fn the_bounds_cross_as_often_as_the_level_says() {
        // Two hundred thousand pairs of looks, at half and at all of the information.
        let levels = nominal_levels(&[1.0, 2.0], 0.025);
        let bound = |level: f64| student::normal_quantile(1.0 - level);
        let (first, second) = (bound(levels[0]), bound(levels[1]));
        let mut state: u64 = 7;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (f64::from(u32::try_from(state >> 32).unwrap()) + 0.5) / 4_294_967_296.0
        };
        let mut normal = || student::normal_quantile(uniform());
        let looks = 200_000;
        let crossed = (0..looks)
            .filter(|_| {
                let (one, other) = (normal(), normal());
                one > first || (one + other) / 2.0_f64.sqrt() > second
            })
            .count();
        let share = f64::from(u32::try_from(crossed).unwrap()) / f64::from(looks);
        assert!((share - 0.025).abs() < 0.0012, "{share}");
    }

    #[test]
    fn a_first_look_is_tested_at_what_it_spends() {
        // (e^0.5 - 1) / (e^2 - 1) of the level at a quarter of the information.
        let levels = nominal_levels(&[5.0, 10.0, 20.0], 0.01);
        assert!(
            (levels[0] / 0.01 - 0.101_536_324).abs() < 1e-7,
            "{levels:?}"
        );
        // Later looks are tested at more than they add, because much of what crosses there has crossed before.
        assert!(levels[1] / 0.01 > spent(0.5) - spent(0.25));
        assert!(levels[2] / 0.01 > 1.0 - spent(0.5) && levels[2] < 0.01);
    }
}
