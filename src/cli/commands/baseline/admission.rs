//! Which runs may enter a baseline: whole and valid ones, in which hardly more requests fail than in those before.

use anyhow::anyhow;

use crate::hint::WithHint;
use crate::model::matching::Machines;
use crate::model::{Matching, Partner, Run};

/// More than this share of requests failed: the run is one of failures.
pub(crate) const MOST_FAILED: f64 = 0.01;

/// Why the run is nothing to compare with for long, whatever the baseline holds.
pub(crate) fn flaw(run: &Run) -> Option<String> {
    if let Some(reason) = &run.provenance.invalid {
        return Some(format!("the run is invalid: {reason}"));
    }
    if run.provenance.partial {
        return Some("the run is partial, which was ended early".to_owned());
    }
    let failed = run.failed_share()?;
    (failed > MOST_FAILED).then(|| format!("{:.1} % of its requests failed", failed * 100.0))
}

/// Refuses runs that a baseline should not hold. Where its own runs fail as well, failures are what is compared.
pub(crate) fn refuse(baseline: &[Run], new: &[Run], doing: &str) -> anyhow::Result<()> {
    let matching = Matching::of(baseline, new, Machines::Apart);
    for matched in &matching.current {
        let fails_already = match &matched.partner {
            Partner::Found { baseline, .. } => {
                let base = baseline.reference().base;
                let shares: Vec<f64> = base.iter().filter_map(|run| run.failed_share()).collect();
                shares.iter().any(|share| *share > MOST_FAILED)
            }
            _ => false,
        };
        for run in matched.current.runs() {
            let sound = run.provenance.invalid.is_none() && !run.provenance.partial;
            if sound && fails_already {
                continue;
            }
            if let Some(flaw) = flaw(run) {
                let rest = if sound {
                    ", while those of the baseline did not"
                } else {
                    ""
                };
                return Err(anyhow!("{doing}: {flaw}{rest}")).hint(
                    "later runs would be compared with it: measure again; where it is what you want, add --force",
                );
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Better, Evidence, Measurement, MetricName, Role, Subject, Unit};

    fn run(failed: u64) -> Run {
        let mut run = Run::default();
        run.insert(
            Subject::new("GET /"),
            MetricName::new(MetricName::ERRORS),
            Measurement {
                unit: Unit::none(),
                better: Better::Lower,
                role: Role::Outcome,
                evidence: Evidence::proportion(failed, 1_000).unwrap(),
            },
        );
        run
    }

    #[test]
    fn a_run_of_failures_enters_only_a_baseline_of_failures() {
        assert!(refuse(&[], &[run(10)], "update").is_ok());
        assert!(refuse(&[], &[run(11)], "update").is_err());
        let error = refuse(&[run(0)], &[run(0), run(670)], "update b.json").unwrap_err();
        assert_eq!(
            error.to_string(),
            "update b.json: 67.0 % of its requests failed, while those of the baseline did not"
        );
        assert!(refuse(&[run(600)], &[run(670)], "update").is_ok());
    }

    #[test]
    fn partial_and_invalid_runs_enter_none() {
        let mut partial = run(0);
        partial.provenance.partial = true;
        let mut invalid = run(0);
        invalid.provenance.invalid = Some("busy".to_owned());
        for one in [partial, invalid] {
            assert!(flaw(&one).is_some());
            assert!(refuse(&[run(600)], &[one], "update").is_err());
        }
        assert_eq!(flaw(&run(0)), None);
    }
}
