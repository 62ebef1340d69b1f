//! `[measure]`: what is measured of each request beside its time and its outcome.

use std::time::Duration;

use super::file::{MeasureFile, TimeUnit};
use crate::toml_file::{FreeTable, Problem};

/// The longest name of a metric that a server may give.
const LONGEST_NAME: usize = 40;

/// What is measured of each request beside its time and its outcome.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measure {
    /// Requests that take longer are counted.
    pub slow: Option<Duration>,
    /// Whether the times in `Server-Timing` are metrics.
    pub server_timing: bool,
    pub headers: Vec<MeasuredHeader>,
}

/// A header in which the server says how long something took.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredHeader {
    /// In lower case.
    pub header: String,
    pub metric: String,
    pub seconds_per_unit: f64,
}

impl Measure {
    /// Whether headers of answers are needed for it.
    pub fn needs_headers(&self) -> bool {
        self.server_timing || !self.headers.is_empty()
    }
}

/// Reads the table.
pub(super) fn read(file: &MeasureFile) -> Result<Measure, Problem> {
    let mut headers: Vec<MeasuredHeader> = Vec::new();
    for (name, unit) in file.headers.iter().flat_map(FreeTable::entries) {
        let Some(metric) = metric_name("", name) else {
            return Err(unit.error(format!("`{name}` is no header that can name a metric")));
        };
        if headers.iter().any(|other| other.metric == metric) {
            return Err(unit.error(format!("`{name}` is named twice")));
        }
        headers.push(MeasuredHeader {
            header: name.to_ascii_lowercase(),
            metric,
            seconds_per_unit: match unit.get().0 {
                TimeUnit::S => 1.0,
                TimeUnit::Ms => 1e-3,
                TimeUnit::Us => 1e-6,
                TimeUnit::Ns => 1e-9,
            },
        });
    }
    Ok(Measure {
        slow: file.slow.map(|slow| slow.0),
        server_timing: file.server_timing,
        headers,
    })
}

/// A metric's name of what a server or a header calls it.
pub fn metric_name(prefix: &str, name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let good = !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(is_plain);
    let plain = name.to_ascii_lowercase().replace('-', "_");
    good.then(|| match prefix {
        "" => plain,
        prefix => format!("{prefix}_{plain}"),
    })
}
