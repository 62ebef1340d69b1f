//! How a subject went in the course of a run, as metrics and in words.

use std::time::Duration;

use super::{Better, Evidence, EvidenceError, Measurement, MetricName, Role, Run, Subject, Unit};

/// How a latency went, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LatencyCourse {
    /// Nothing is certain.
    Steady,
    /// Over the whole time.
    Rose { before: f64, after: f64 },
    /// So many seconds after counting began.
    Stepped { at: f64, before: f64, after: f64 },
}

/// What is certain of one subject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Courses {
    pub latency: LatencyCourse,
    /// By how many points the share of errors rose.
    pub errors: f64,
}

/// A sentence about a course, and how large it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    pub size: f64,
    pub text: String,
}

/// The most courses that are told in words, the largest first.
const TOLD: usize = 5;

impl LatencyCourse {
    /// By how much more at the end than at the beginning, in percent; a latency that fell did not rise.
    pub fn rise(self) -> f64 {
        match self {
            Self::Steady => 0.0,
            Self::Rose { before, after } | Self::Stepped { before, after, .. } => {
                ((after / before - 1.0) * 100.0).max(0.0)
            }
        }
    }

    /// How much of that came at one moment.
    pub fn step(self) -> f64 {
        match self {
            Self::Stepped { .. } => self.rise(),
            Self::Steady | Self::Rose { .. } => 0.0,
        }
    }

    fn told(self, subject: &Subject) -> Option<String> {
        let (before, after, how) = match self {
            Self::Steady => return None,
            Self::Rose { before, after } => {
                let how = format!("over the run: by {:.0} %", self.rise());
                (before, after, how)
            }
            Self::Stepped { at, before, after } => {
                (before, after, format!("at {} and stayed", moment(at)))
            }
        };
        let (before, after) = (time(before), time(after));
        Some(format!(
            "latency of `{subject}` rose from {before} to {after} {how}"
        ))
    }
}

impl Courses {
    /// Writes them as metrics of the subject, and says what is worth a word.
    pub fn write(self, subject: &Subject, run: &mut Run) -> Result<Vec<Sentence>, EvidenceError> {
        let Self { latency, errors } = self;
        let rise = latency.rise();
        Figure::outcome(MetricName::LATENCY_TREND, "%", rise).put(subject, run)?;
        Figure::outcome(MetricName::ERRORS_TREND, "%", errors).put(subject, run)?;
        // It is a part of the trend, which is judged.
        Figure::fixed(MetricName::STEP, "%", latency.step()).put(subject, run)?;
        let mut said = Vec::new();
        let told = latency.told(subject);
        if let Some(text) = told.filter(|_| rise >= MetricName::LEAST_TREND) {
            said.push(Sentence { size: rise, text });
        }
        if errors >= MetricName::LEAST_ERRORS_TREND {
            said.push(Sentence {
                size: errors,
                text: format!("errors of `{subject}` rose over the run: by {errors:.1} points"),
            });
        }
        Ok(said)
    }
}

/// One number of a course.
pub struct Figure {
    metric: &'static str,
    unit: &'static str,
    role: Role,
    value: f64,
}

impl Figure {
    pub fn outcome(metric: &'static str, unit: &'static str, value: f64) -> Self {
        Self {
            metric,
            unit,
            role: Role::Outcome,
            value,
        }
    }

    /// It follows from another one, which is judged.
    pub fn fixed(metric: &'static str, unit: &'static str, value: f64) -> Self {
        Self {
            role: Role::Fixed,
            ..Self::outcome(metric, unit, value)
        }
    }

    pub fn put(self, subject: &Subject, run: &mut Run) -> Result<(), EvidenceError> {
        // The digits behind are noise, and would fill baselines.
        let value = (self.value * 100.0).round() / 100.0;
        let measurement = Measurement {
            unit: Unit::new(self.unit),
            better: Better::Lower,
            role: self.role,
            evidence: Evidence::value(value)?,
        };
        run.insert(subject.clone(), MetricName::new(self.metric), measurement);
        Ok(())
    }
}

/// Adds the largest of them to the warnings of the run.
pub fn tell(mut said: Vec<Sentence>, run: &mut Run) {
    said.sort_by(|a, b| b.size.total_cmp(&a.size));
    let more = said.len().saturating_sub(TOLD);
    let largest = said.into_iter().take(TOLD);
    run.warnings.extend(largest.map(|sentence| sentence.text));
    if more > 0 {
        let others = match more {
            1 => "one more of its kind".to_owned(),
            more => format!("{more} more of their kind"),
        };
        run.warnings.push(format!(
            "{others}: `latency_trend`, `step`, `errors_trend`, `outage` and `recovery` of the run have them all"
        ));
    }
}

/// `2.1 ms`, `350 µs`, `1.2 s`.
pub fn time(ms: f64) -> String {
    let (value, unit) = match ms {
        ms if ms < 1.0 => (ms * 1e3, "µs"),
        ms if ms < 1e3 => (ms, "ms"),
        ms => (ms / 1e3, "s"),
    };
    let digits = if value < 9.95 { 1 } else { 0 };
    format!("{value:.digits$} {unit}")
}

/// `0:12` from when counting began.
pub fn moment(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default();
    let whole = whole.as_secs();
    format!("{}:{:02}", whole / 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_two_digits_and_moments_are_minutes_and_seconds() {
        let shown = [0.35, 2.14, 9.96, 11.0, 1_240.0].map(time);
        assert_eq!(shown, ["350 µs", "2.1 ms", "10 ms", "11 ms", "1.2 s"]);
        assert_eq!([moment(12.9), moment(605.0)], ["0:12", "10:05"]);
    }

    #[test]
    fn of_many_courses_the_largest_are_told() {
        let mut run = Run::default();
        let said = (0..8).map(|n| Sentence {
            size: f64::from(n),
            text: n.to_string(),
        });
        tell(said.collect(), &mut run);
        assert_eq!(run.warnings[..5], ["7", "6", "5", "4", "3"]);
        assert!(run.warnings[5].starts_with("3 more of their kind: "));
    }
}
