//! Seeded noise of four shapes, each with mean 0 and standard deviation 1.

/// `SplitMix64` (Steele, Lea and Flood 2014): a few lines, good enough to deal runs, and the same everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In 0..1, never 0.
    pub(crate) fn uniform(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are what a f64 holds")]
        let number = (self.next() >> 11) as f64;
        (number + 0.5) / 9_007_199_254_740_992.0
    }

    /// Box and Muller 1958.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// How runs of one build differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    Normal,
    /// A tail towards slow, skewness 1.8: most runs are alike, some meet a bad moment.
    LogNormal,
    /// Half of the runs in a fast and half in a slow mode, as memory layout makes them.
    Bimodal,
    /// Each run resembles the one before it (correlation 0.5).
    Autocorrelated,
    /// One run in ten is of noise six times as wide. Not in the published table.
    Outliers,
}

impl Shape {
    pub(crate) const ALL: [Self; 4] = [
        Self::Normal,
        Self::LogNormal,
        Self::Bimodal,
        Self::Autocorrelated,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::LogNormal => "log-normal",
            Self::Bimodal => "two humps",
            Self::Autocorrelated => "like the run before",
            Self::Outliers => "outliers",
        }
    }

    /// The deviations of so many runs, in the order in which they are measured.
    pub(crate) fn deal(self, dice: &mut Dice, runs: usize) -> Vec<f64> {
        const SKEW: f64 = 0.5;
        const HUMP: f64 = 0.9;
        const MEMORY: f64 = 0.5;
        const WIDE: f64 = 6.0;
        const SHARE: f64 = 0.1;
        let mut before = dice.normal();
        let mut one = || match self {
            Self::Normal => dice.normal(),
            Self::LogNormal => {
                let grown = (SKEW * SKEW).exp();
                let (mean, sd) = (grown.sqrt(), (grown * (grown - 1.0)).sqrt());
                ((SKEW * dice.normal()).exp() - mean) / sd
            }
            Self::Bimodal => {
                let mode = if dice.uniform() < 0.5 { -HUMP } else { HUMP };
                mode + (1.0 - HUMP * HUMP).sqrt() * dice.normal()
            }
            Self::Outliers => {
                let wide = if dice.uniform() < SHARE { WIDE } else { 1.0 };
                let sd = (1.0 + SHARE * (WIDE * WIDE - 1.0)).sqrt();
                wide * dice.normal() / sd
            }
            Self::Autocorrelated => {
                before = MEMORY * before + (1.0 - MEMORY * MEMORY).sqrt() * dice.normal();
                before
            }
        };
        (0..runs).map(|_| one()).collect()
    }
}
