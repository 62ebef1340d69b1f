//! What has to hold at the rate that is searched for: `latency.p99 < 100ms, errors < 0.1%`.

use crate::model::run::Metrics;
use crate::model::unit::Dimension;
use crate::model::{Evidence, MetricName, Quantile, Statistic, Unit};
use crate::stats::reading;
use crate::text::nearest;
use crate::toml_file::written::split;

/// All of them, with at least one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Conditions(Vec<Condition>);

#[derive(Clone, Debug, PartialEq)]
struct Condition {
    written: String,
    metric: &'static str,
    statistic: Statistic,
    /// In the unit in which a run holds the metric; errors as a share.
    limit: f64,
    /// Whether the limit itself holds.
    inclusive: bool,
}

/// How far a level is from the limit that decides.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judged {
    pub(super) holds: bool,
    /// 1 is at the limit, more is worse.
    pub(super) ratio: f64,
    /// The statistic that decided, with its value.
    pub(super) said: String,
}

const METRICS: [&str; 3] = [
    MetricName::LATENCY,
    MetricName::ERRORS,
    MetricName::THROUGHPUT,
];

impl Conditions {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        text.split(',')
            .map(|one| condition(one.trim()))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(super) fn text(&self) -> String {
        let written: Vec<&str> = self.0.iter().map(|one| one.written.as_str()).collect();
        written.join(", ")
    }

    /// How many successful answers the strictest quantile needs.
    pub(super) fn needed(&self) -> u64 {
        let needed = self.0.iter().filter_map(|one| match one.statistic {
            Statistic::Quantile(quantile) => Some(quantile.needed_observations()),
            _ => None,
        });
        needed.max().unwrap_or(20)
    }

    /// How many requests show the smallest share of errors once.
    pub(super) fn requests(&self) -> f64 {
        let errors = self.0.iter().filter(|one| one.metric == MetricName::ERRORS);
        errors.fold(1.0, |most, one| most.max(1.0 / one.limit))
    }

    /// A rate below this cannot hold.
    pub(super) fn least_throughput(&self) -> f64 {
        let of = |one: &&Condition| one.metric == MetricName::THROUGHPUT;
        self.0
            .iter()
            .filter(of)
            .fold(0.0, |most, one| most.max(one.limit))
    }

    /// The condition that is nearest to its limit, or the furthest beyond; the metric that the run does not have is an
    /// error.
    pub(super) fn judge(&self, metrics: &Metrics) -> Result<Judged, String> {
        let mut worst: Option<Judged> = None;
        for one in &self.0 {
            let judged = one.judge(metrics)?;
            let is_worse = worst
                .as_ref()
                .is_none_or(|known| (!judged.holds, judged.ratio) > (!known.holds, known.ratio));
            if is_worse {
                worst = Some(judged);
            }
        }
        worst.ok_or_else(|| "there is no condition".to_owned())
    }
}

impl Condition {
    fn judge(&self, metrics: &Metrics) -> Result<Judged, String> {
        let missing = || format!("{}.{} was not measured", self.metric, self.statistic);
        let evidence: &Evidence = &metrics.get(self.metric).ok_or_else(missing)?.evidence;
        let value = reading::read(evidence, self.statistic)
            .ok_or_else(missing)?
            .value;
        let (ratio, said) = match self.metric {
            MetricName::LATENCY => (
                value / self.limit,
                format!("latency.{} {value:.1} ms", self.statistic),
            ),
            MetricName::ERRORS => (value / self.limit, format!("errors {:.2}%", value * 100.0)),
            _ => (
                self.limit / value.max(f64::MIN_POSITIVE),
                format!("throughput {value:.1} req/s"),
            ),
        };
        Ok(Judged {
            holds: ratio < 1.0 || (self.inclusive && ratio <= 1.0),
            ratio,
            said,
        })
    }
}

fn condition(text: &str) -> Result<Condition, String> {
    let like = "write it like `latency.p99 < 100ms`";
    let Some(at) = text.find(['<', '>']) else {
        return Err(format!("`{text}` compares nothing; {like}"));
    };
    let (name, rest) = text.split_at(at);
    let below = rest.starts_with('<');
    let rest = rest.get(1..).unwrap_or_default();
    let (inclusive, rest) = match rest.strip_prefix('=') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (metric, statistic) = series(name.trim())?;
    if below == (metric == MetricName::THROUGHPUT) {
        let sign = if below { '>' } else { '<' };
        return Err(format!(
            "`{text}` asks for the worse: {metric} is held with `{sign}`"
        ));
    }
    let limit = limit(metric, rest.trim())?;
    Ok(Condition {
        written: text.to_owned(),
        metric,
        statistic,
        limit,
        inclusive,
    })
}

fn series(name: &str) -> Result<(&'static str, Statistic), String> {
    let (word, statistic) = match name.split_once('.') {
        Some((word, statistic)) => (word, Some(statistic)),
        None => (name, None),
    };
    let Some(metric) = METRICS.into_iter().find(|metric| *metric == word) else {
        let near = nearest::near(word, METRICS).or_else(|| nearest::close(word, METRICS));
        return Err(match near {
            Some(near) => format!("unknown metric `{word}`; did you mean `{near}`?"),
            None => format!("unknown metric `{word}`; there are latency, errors and throughput"),
        });
    };
    let asked = statistic.map(|text| {
        text.parse::<Statistic>()
            .map_err(|()| format!("`{text}` is not a statistic; write it like `p99`"))
    });
    let asked = asked.transpose()?;
    match (metric, asked) {
        (MetricName::LATENCY, Some(Statistic::Mean)) => Ok((metric, Statistic::Mean)),
        (MetricName::LATENCY, Some(Statistic::Quantile(q)))
            if (Quantile::P50..Quantile::MAX).contains(&q) =>
        {
            Ok((metric, Statistic::Quantile(q)))
        }
        (MetricName::LATENCY, _) => Err(format!(
            "`{name}` says no statistic that can be held; write `latency.mean`, or `latency.p50` to `latency.p99.9`"
        )),
        (MetricName::ERRORS, None | Some(Statistic::Rate)) => Ok((metric, Statistic::Rate)),
        (MetricName::THROUGHPUT, None | Some(Statistic::Value)) => Ok((metric, Statistic::Value)),
        _ => Err(format!("`{name}` is not measured; write `{metric}`")),
    }
}

fn limit(metric: &str, text: &str) -> Result<f64, String> {
    let (number, unit) = split(text)?;
    let milliseconds = match Unit::new(unit).dimension() {
        Dimension::Time(nanoseconds) => Some(nanoseconds / 1e6),
        _ => None,
    };
    let factor = match (metric, unit, milliseconds) {
        (MetricName::LATENCY, _, Some(factor)) => factor,
        (MetricName::LATENCY, _, None) => {
            return Err(format!("`{text}` is not a time; write it like `100ms`"));
        }
        (MetricName::ERRORS, "%", _) => 0.01,
        (MetricName::ERRORS, _, _) => {
            return Err(format!("`{text}` is not a share; write it like `0.1%`"));
        }
        (_, "" | "/s" | "req/s", _) => 1.0,
        _ => return Err(format!("`{text}` is not a rate; write it like `200/s`")),
    };
    if number <= 0.0 {
        return Err(format!("`{text}` is no limit; it has to be more than 0"));
    }
    Ok(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_with_their_units() {
        let all = Conditions::parse("latency.p99 < 0.1s, errors<=0.1%,throughput > 20/s").unwrap();
        assert_eq!(all.0.len(), 3);
        assert!((all.0[0].limit - 100.0).abs() < 1e-9);
        assert!((all.0[1].limit - 0.001).abs() < 1e-9 && all.0[1].inclusive);
        assert_eq!((all.needed(), all.least_throughput()), (1_000, 20.0));
        assert!((all.requests() - 1_000.0).abs() < 1e-6);
    }

    #[test]
    fn what_is_no_condition_is_refused_with_what_would_be_one() {
        for (text, why) in [
            ("", "compares nothing"),
            ("latency.p99", "compares nothing"),
            ("latency < 1ms", "no statistic"),
            ("latency.max < 1ms", "no statistic"),
            ("latency.p100 < 1ms", "no statistic"),
            ("latency.x < 1ms", "not a statistic"),
            ("latensy.p99 < 1ms", "did you mean `latency`?"),
            ("rss < 1MB", "there are latency, errors and throughput"),
            ("latency.p99 < 100", "is not a time"),
            ("latency.p99 < 5%", "is not a time"),
            ("latency.p99 > 5ms", "asks for the worse"),
            ("throughput < 5", "asks for the worse"),
            ("errors < 1", "is not a share"),
            ("errors.p99 < 1%", "is not measured"),
            ("errors < 0%", "no limit"),
            ("errors < x", "does not begin with a number"),
            ("errors < 1%,", "compares nothing"),
        ] {
            let said = Conditions::parse(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
