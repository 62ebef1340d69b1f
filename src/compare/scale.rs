//! The scale on which a series is judged.

use crate::model::{Better, Series};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// Logarithms: twice as slow and half as fast are the same distance.
    Log,
    /// The numbers themselves, where they may be zero or negative; the size is that of the larger side.
    Linear { size: f64 },
}

impl Scale {
    /// A level on this scale, with up as worse.
    pub fn level(self, series: &Series, value: f64) -> f64 {
        let up = match self {
            Self::Log => value.ln(),
            Self::Linear { .. } => value,
        };
        match series.better {
            Better::Lower => up,
            Better::Higher => -up,
        }
    }

    /// A level back as the value that was measured.
    pub fn value(self, series: &Series, level: f64) -> f64 {
        let up = match series.better {
            Better::Lower => level,
            Better::Higher => -level,
        };
        match self {
            Self::Log => up.exp(),
            Self::Linear { .. } => up,
        }
    }

    /// A share of the values, as a distance on this scale.
    pub fn share(self, share: f64) -> f64 {
        match self {
            Self::Log => share,
            Self::Linear { size } => share * size,
        }
    }

    /// A distance on this scale as a share of the values: the way back.
    pub fn as_share(self, distance: f64) -> f64 {
        match self {
            Self::Linear { size } if size > 0.0 => distance / size,
            Self::Log | Self::Linear { .. } => distance,
        }
    }

    /// An absolute distance, seen from a typical value.
    pub fn distance(self, distance: f64, typical: f64) -> f64 {
        match self {
            Self::Log => distance / typical,
            Self::Linear { .. } => distance,
        }
    }
}
