//! A measurement's evidence as written to [`Evidence`]: exactly one kind, with the keys that belong to it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::error::Flaw;
use super::form::{Entries, EstimateForm, MeasurementForm, Object, Resolution};
use super::histogram::{self, HistogramMemory};
use super::place::shown;
use super::rules::{COMPANIONS, KINDS};
use super::syntax::list;
use crate::model::evidence::{Estimate, Moments};
use crate::model::{Evidence, EvidenceError, Point, Quantile};

impl MeasurementForm<'_> {
    /// Which kinds are there, in the order of `KINDS`.
    fn kinds(&self) -> [bool; 6] {
        [
            self.samples.is_some(),
            self.histogram.is_some(),
            self.quantiles.is_some(),
            self.estimate.is_some(),
            self.count.is_some(),
            self.value.is_some(),
        ]
    }

    /// Which of the `COMPANIONS` are there, in their order.
    fn companions(&self) -> [bool; 8] {
        [
            self.weights.is_some(),
            self.scale.is_some(),
            self.n.is_some(),
            self.mean.is_some(),
            self.min.is_some(),
            self.max.is_some(),
            self.resolution.is_some(),
            self.of.is_some(),
        ]
    }

    /// A key that is there and does not go with the kind, and the kind that it goes with.
    fn stranger_to(&self, kind: &str) -> Option<(&'static str, &'static str)> {
        let given = COMPANIONS.into_iter().zip(self.companions());
        let mut strangers = given.filter(|((_, kinds), there)| *there && !kinds.contains(&kind));
        strangers.find_map(|((key, kinds), _)| Some((key, *kinds.last()?)))
    }

    fn only_kind(&self) -> Result<&'static str, Flaw> {
        let given: Vec<&'static str> = KINDS
            .into_iter()
            .zip(self.kinds())
            .filter_map(|(kind, there)| there.then_some(kind))
            .collect();
        match given.as_slice() {
            [kind] => Ok(kind),
            [] => Err(Flaw::new("it holds no evidence")
                .hint(format!("give exactly one of {}", list(&KINDS)))),
            several => Err(Flaw::new(format!(
                "evidence is exactly one kind, and here are {}",
                list(several)
            ))
            .hint("keep the one that holds most: samples, then histogram, then quantiles")),
        }
    }
}

/// Takes the evidence out of a form.
pub(super) fn take(form: MeasurementForm<'_>, memory: &HistogramMemory) -> Result<Evidence, Flaw> {
    let kind = form.only_kind()?;
    if let Some((key, owner)) = form.stranger_to(kind) {
        return Err(
            Flaw::new(format!("`{key}` goes with `{owner}`, and here is `{kind}`")).at(key),
        );
    }
    if let Some(values) = form.samples {
        return samples(values.into_owned(), form.weights.map(Cow::into_owned));
    }
    if let Some(text) = form.histogram {
        let scale = form.scale.ok_or_else(|| {
            Flaw::new("a histogram needs `scale`").hint(
                "the factor from its whole numbers to the unit: 0.001 for microseconds shown in ms",
            )
        })?;
        let resolution = match form.resolution {
            None => 0.0,
            Some(Resolution::All(step)) => step_size(step).map_err(|flaw| flaw.at("resolution"))?,
            Some(Resolution::Each(_)) => {
                return Err(Flaw::new(
                    "a histogram has one resolution, a number: that of each observation",
                )
                .at("resolution"));
            }
        };
        return recorded(&text.0, (scale, resolution), memory);
    }
    if let Some(points) = form.quantiles {
        let n = form.n.ok_or_else(|| {
            Flaw::new("quantiles need `n`, the number of observations behind them")
        })?;
        let moments = Moments {
            mean: form.mean,
            min: form.min,
            max: form.max,
        };
        let points = self::points(points, form.resolution)?;
        return Evidence::quantiles(points, n, moments).map_err(|error| {
            let flaw = Flaw::new(error.to_string());
            flaw.at(if n == 0 { "n" } else { "quantiles" })
        });
    }
    if let Some(Object(form)) = form.estimate {
        return estimate(&form).map_err(|flaw| flaw.at("estimate"));
    }
    if let Some(count) = form.count {
        let of = form
            .of
            .ok_or_else(|| Flaw::new("`count` needs `of`, the number of all"))?;
        return Evidence::proportion(count, of).map_err(|error| {
            let flaw = Flaw::new(error.to_string());
            flaw.at(if of == 0 { "of" } else { "count" })
        });
    }
    // The one kind that is left.
    let value = form.value.unwrap_or(f64::NAN);
    Evidence::value(value).map_err(|error| Flaw::new(error.to_string()).at("value"))
}

fn samples(values: Vec<f64>, weights: Option<Vec<f64>>) -> Result<Evidence, Flaw> {
    Evidence::weighted_samples(values, weights).map_err(|error| {
        let key = match error {
            EvidenceError::BadWeights(_) => "weights",
            _ => "samples",
        };
        Flaw::new(error.to_string()).at(key)
    })
}

fn recorded(
    text: &str,
    (scale, resolution): (f64, f64),
    memory: &HistogramMemory,
) -> Result<Evidence, Flaw> {
    let flaw = |error: EvidenceError| Flaw::new(error.to_string()).at("histogram");
    let histogram = histogram::decode(text).map_err(|error| {
        flaw(error)
            .hint("it is an HdrHistogram, V2 compressed, in base64, as its libraries write it")
    })?;
    memory.add(&histogram, text.len()).map_err(flaw)?;
    #[expect(clippy::cast_precision_loss, reason = "only whether it is finite")]
    let largest = histogram.max() as f64 * scale;
    if !(scale > 0.0 && largest.is_finite()) {
        return Err(Flaw::new(
            "the scale has to be above 0, and its product with the values finite",
        )
        .at("scale"));
    }
    Evidence::rounded_histogram(histogram, scale, resolution).map_err(flaw)
}

fn quantile(key: &str) -> Result<Quantile, Flaw> {
    key.parse::<f64>()
        .ok()
        .and_then(Quantile::from_fraction)
        .ok_or_else(|| {
            Flaw::new(format!(
                "`{}` is not a quantile between 0 and 1",
                shown(key)
            ))
            .hint("p95 is written \"0.95\"")
            .at(key)
        })
}

fn points(
    entries: Entries<'_, f64>,
    resolution: Option<Resolution<'_>>,
) -> Result<BTreeMap<Quantile, Point>, Flaw> {
    let all = match &resolution {
        Some(Resolution::All(step)) => step_size(*step).map_err(|flaw| flaw.at("resolution"))?,
        _ => 0.0,
    };
    let mut points = BTreeMap::new();
    for (key, value) in entries.0 {
        let point = Point {
            value,
            resolution: all,
        };
        let quantile = quantile(&key.0).map_err(|flaw| flaw.at("quantiles"))?;
        if points.insert(quantile, point).is_some() {
            return Err(Flaw::twice("quantile", &key.0).at("quantiles"));
        }
    }
    if let Some(Resolution::Each(steps)) = resolution {
        let mut seen = std::collections::BTreeSet::new();
        for (key, step) in steps.0 {
            let place = |flaw: Flaw| flaw.at("resolution");
            let quantile = quantile(&key.0).map_err(place)?;
            if !seen.insert(quantile) {
                return Err(Flaw::twice("quantile", &key.0).at("resolution"));
            }
            let point = points.get_mut(&quantile).ok_or_else(|| {
                place(Flaw::new("there is no such key in `quantiles`").at(&key.0))
            })?;
            point.resolution = step_size(step).map_err(|flaw| place(flaw.at(&key.0)))?;
        }
    }
    Ok(points)
}

fn step_size(step: f64) -> Result<f64, Flaw> {
    if step >= 0.0 {
        Ok(step)
    } else {
        Err(Flaw::new(EvidenceError::BadResolution(step).to_string()))
    }
}

fn estimate(form: &EstimateForm) -> Result<Evidence, Flaw> {
    let needed = |value: Option<f64>, key: &str| {
        value.ok_or_else(|| {
            Flaw::new(format!("an estimate needs `{key}`"))
                .hint("an estimate has `point`, `low`, `high` and `confidence`; a number alone is a `value`")
        })
    };
    Evidence::estimate(Estimate {
        point: needed(form.point, "point")?,
        low: needed(form.low, "low")?,
        high: needed(form.high, "high")?,
        confidence: needed(form.confidence, "confidence")?,
    })
    .map_err(|error| Flaw::new(error.to_string()))
}
