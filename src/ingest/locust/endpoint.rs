//! One endpoint's figures as measurements of a run.

use std::collections::BTreeMap;

use anyhow::Context;

use crate::ingest::sheet::Spread;
use crate::model::evidence::Moments;
use crate::model::unsettled::{self, Counts};
use crate::model::{
    Better, Evidence, Measurement, MetricName, Point, Provenance, Quantile, Role, Run, Subject,
    ToolName, Unit,
};

/// What Locust says of one endpoint, from whichever of its files.
pub(super) struct Endpoint {
    pub subject: Subject,
    pub role: Role,
    /// At least one: an endpoint without requests was not measured.
    pub requests: u64,
    pub failures: u64,
    /// `None` where no request carries a response time.
    pub latency: Option<Latency>,
    pub requests_per_second: Option<f64>,
}

pub(super) struct Latency {
    pub points: BTreeMap<Quantile, Point>,
    pub n: u64,
    pub moments: Moments,
    /// The counts behind the points, where the file has them.
    pub counts: Option<Counts>,
}

/// The row that sums up all others has no type; an endpoint that a user named `Aggregated` has one.
pub(super) fn named(method: &str, name: &str) -> (Subject, Role) {
    match (method, name) {
        ("", "Aggregated") => (Subject::new(name), Role::Total),
        ("", name) => (Subject::new(name), Role::Outcome),
        (method, name) => (Subject::new(format!("{method} {name}")), Role::Outcome),
    }
}

/// A run of Locust that holds nothing yet.
pub(super) fn empty_run() -> Run {
    Run {
        provenance: Provenance {
            // None of Locust's files says which version wrote it.
            tool: Some(ToolName {
                name: "locust".to_owned(),
                version: None,
            }),
            ..Provenance::default()
        },
        ..Run::default()
    }
}

/// Says that a subject is left out.
pub(super) fn idle(subject: Subject, run: &mut Run) {
    run.warnings.push(unsettled::idle(&subject));
    let details = run.unsettled.get_or_insert_default();
    details.remarks.idle.insert(subject);
}

impl Endpoint {
    /// Adds what was measured, and what a reader has to know of it, to a run.
    pub(super) fn record(self, run: &mut Run) -> anyhow::Result<()> {
        let subject = self.subject.clone();
        self.record_each(run)
            .with_context(|| format!("endpoint `{subject}`"))
    }

    fn record_each(self, run: &mut Run) -> anyhow::Result<()> {
        let Self {
            subject,
            role,
            requests,
            failures,
            latency,
            requests_per_second,
        } = self;
        let mut put = |metric: &'static str, unit: Unit, better, evidence| {
            let measurement = Measurement {
                unit,
                better,
                role,
                evidence,
            };
            run.insert(subject.clone(), MetricName::new(metric), measurement);
        };
        let errors = Evidence::proportion(failures, requests)?;
        put(MetricName::ERRORS, Unit::none(), Better::Lower, errors);
        // Locust writes 0 where the run has no length; that is no rate.
        if let Some(rate) = requests_per_second.filter(|rate| *rate > 0.0) {
            let rate = Evidence::value(rate)?;
            put(
                MetricName::THROUGHPUT,
                Unit::new("req/s"),
                Better::Higher,
                rate,
            );
        }
        // Where everything failed there is no success to time.
        if failures == requests {
            return Ok(());
        }
        match latency {
            Some(Latency {
                points,
                n,
                moments,
                counts,
            }) => {
                Spread {
                    moments,
                    ..Spread::default()
                }
                .check_order()?;
                let latency = Evidence::quantiles(points, n, moments)?;
                put(MetricName::LATENCY, Unit::new("ms"), Better::Lower, latency);
                let details = run.unsettled.get_or_insert_default();
                if let Some(counts) = counts {
                    details.counts.insert(subject.clone(), counts);
                }
                if failures > 0 {
                    let remark = unsettled::failed_in_latency(&subject, failures, requests);
                    run.warnings.push(remark);
                    let facts = &mut details.remarks.failed_in_latency;
                    facts.insert(subject, (failures, requests));
                }
            }
            None => {
                run.warnings.push(unsettled::untimed(&subject, requests));
                let details = run.unsettled.get_or_insert_default();
                details.remarks.untimed.insert(subject, requests);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_row_without_a_type_is_the_total() {
        assert_eq!(named("", "Aggregated").1, Role::Total);
        let (subject, role) = named("GET", "Aggregated");
        assert_eq!((subject.as_str(), role), ("GET Aggregated", Role::Outcome));
        assert_eq!(named("", "custom").0.as_str(), "custom");
    }
}
