//! Which samples of a Prometheus endpoint are chosen: a name, and labels that they must have. Pure.

use std::collections::BTreeSet;

use crate::toml_file::nearest::near;

use crate::load::exposition::{self, Sample};

/// A selector as in `http_requests_total` or `http_requests_total{code="500"}`. Other labels may have any value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    name: String,
    labels: Vec<(String, String)>,
}

/// Why a selector matches nothing at an endpoint, with the nearest name there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnknownMetric {
    pub(super) what: String,
    pub(super) nearest: Option<String>,
}

impl Selector {
    pub fn parse(text: &str) -> Result<Self, String> {
        let flaw = |why: &str| format!("`{text}` selects no metric: {why}");
        let (name, labels, rest) = exposition::head(text.trim()).map_err(flaw)?;
        if !rest.trim().is_empty() {
            return Err(flaw(
                "write a name, and labels as name{label=\"value\"}; nothing is computed here",
            ));
        }
        Ok(Self {
            name: name.into_owned(),
            labels: labels
                .into_iter()
                .map(|(label, value)| (label.into_owned(), value.into_owned()))
                .collect(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn takes(&self, sample: &Sample<'_>) -> bool {
        sample.name == self.name
            && self.labels.iter().all(|(label, value)| {
                let own = sample.labels.iter().find(|(own, _)| own == label);
                // A missing label is an empty one.
                own.map_or("", |(_, value)| value.as_ref()) == value
            })
    }

    /// Whether the endpoint has the name and the labels, though perhaps not yet with these values: a counter of
    /// failures appears with the first failure.
    pub(super) fn known(
        &self,
        samples: &[Sample<'_>],
        declared: &[&str],
    ) -> Result<(), UnknownMetric> {
        let own: Vec<&Sample<'_>> = samples
            .iter()
            .filter(|sample| sample.name == self.name)
            .collect();
        if own.is_empty() {
            return known_name(&self.name, samples, declared);
        }
        let labels: BTreeSet<&str> = own
            .iter()
            .flat_map(|sample| sample.labels.iter().map(|(label, _)| label.as_ref()))
            .collect();
        let unknown = self
            .labels
            .iter()
            .find(|(label, value)| !value.is_empty() && !labels.contains(label.as_str()));
        match unknown {
            None => Ok(()),
            Some((label, _)) => Err(UnknownMetric {
                what: format!("metric `{}` has no label `{label}`", self.name),
                nearest: near(label, labels).map(str::to_owned),
            }),
        }
    }
}

/// Whether an endpoint has a metric of this name, though perhaps no sample of it yet.
pub(super) fn known_name(
    name: &str,
    samples: &[Sample<'_>],
    declared: &[&str],
) -> Result<(), UnknownMetric> {
    if declared.contains(&name) || samples.iter().any(|sample| sample.name == name) {
        return Ok(());
    }
    let names: BTreeSet<&str> = samples.iter().map(|sample| sample.name.as_ref()).collect();
    let all = names.into_iter().chain(declared.iter().copied());
    Err(UnknownMetric {
        what: format!("there is no metric `{name}`"),
        nearest: near(name, all).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# TYPE later_total counter\nhits{code=\"200\",path=\"/\"} 5\nhits{code=\"500\",path=\"/\"} 1\nup 1\n";

    fn inherited(selector: &str) -> f64 {
        let selector = Selector::parse(selector).unwrap();
        let samples = exposition::samples(TEXT).map(Result::unwrap);
        samples
            .filter(|sample| selector.takes(sample))
            .map(|sample| sample.value)
            .sum()
    }

    fn known(selector: &str) -> Result<(), UnknownMetric> {
        let samples: Vec<Sample<'_>> = exposition::samples(TEXT).flatten().collect();
        let declared: Vec<&str> = exposition::declared(TEXT).collect();
        Selector::parse(selector)
            .unwrap()
            .known(&samples, &declared)
    }

    #[test]
    fn labels_that_are_named_must_match_and_others_may_be_anything() {
        assert!((inherited("hits") - 6.0).abs() < 1e-9);
        assert!((inherited("hits{path=\"/\"}") - 6.0).abs() < 1e-9);
        assert!((inherited("hits{code=\"500\"}") - 1.0).abs() < 1e-9);
        assert!((inherited("hits{code=\"500\",zone=\"\"}") - 1.0).abs() < 1e-9);
        assert!(inherited("hits{code=\"404\"}").abs() < 1e-9);
    }

    #[test]
    fn a_name_or_label_that_is_not_there_is_told_with_the_nearest() {
        let absent = known("hitz").unwrap_err();
        assert_eq!(absent.what, "there is no metric `hitz`");
        assert_eq!(absent.nearest.as_deref(), Some("hits"));
        let absent = known("hits{cod=\"500\"}").unwrap_err();
        assert_eq!(absent.what, "metric `hits` has no label `cod`");
        assert_eq!(absent.nearest.as_deref(), Some("code"));
        assert_eq!(known("hits{code=\"404\"}"), Ok(()));
        assert_eq!(known("later_total{code=\"404\"}"), Ok(()));
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in [
            "",
            "1a",
            "rate(hits[1m])",
            "hits{code=~\"5..\"}",
            "hits{code=\"5\"} 1",
            "{a=\"b\"}",
        ] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
        let spaced = Selector::parse(" hits { code = \"5\\\"\" } ").unwrap();
        assert_eq!(spaced.labels, [("code".to_owned(), "5\"".to_owned())]);
    }
}
