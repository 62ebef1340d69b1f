//! Base against base: what two sides differ by here where nothing can differ.

use crate::compare::{Comparison, Judgement};
use crate::stats::order;
use crate::text::sanitize;

/// What the same program measured as both sides came to, for whoever reads the verdict.
pub fn note(judgement: &Judgement, rounds: usize) -> Option<String> {
    let judged = judgement.comparisons.iter().filter(|c| c.weighed.is_some());
    let widths: Vec<(f64, &Comparison)> = judged
        .filter_map(|c| {
            let change = c.change?;
            let half = (change.high / change.low).ln() / 2.0;
            half.is_finite().then_some((half.exp_m1(), c))
        })
        .collect();
    let halves: Vec<f64> = widths.iter().map(|(half, _)| *half).collect();
    let middle = order::median(&halves)?;
    let (widest, of) = widths.iter().max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    let widest = if widths.len() > 1 {
        format!(
            "; the widest of {} is {}, ±{:.1} %",
            widths.len(),
            sanitize::inline(&of.series.to_string()),
            100.0 * widest
        )
    } else {
        String::new()
    };
    Some(format!(
        "A/A here: ±{:.1} % (base against base for {rounds} rounds, the 95 % interval of the middle series{widest})",
        100.0 * middle
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{self, Policy, Sides};
    use crate::model::{Better, Evidence, Measurement, MetricName, Role, Run, Subject, Unit};

    fn run(values: &[(&str, f64)]) -> Run {
        let mut run = Run::default();
        for (name, value) in values {
            let measurement = Measurement {
                unit: Unit::new("s"),
                better: Better::Lower,
                role: Role::Outcome,
                evidence: Evidence::samples(vec![*value]).unwrap(),
            };
            run.insert(Subject::new(*name), MetricName::new("time"), measurement);
        }
        run
    }

    #[test]
    fn it_tells_the_width_of_the_middle_and_of_the_widest() {
        let side = |shift: f64| -> Vec<Run> {
            (0..5)
                .map(|round| {
                    let step = shift + f64::from(round % 3);
                    run(&[("calm", 1.0 + 0.002 * step), ("loud", 1.0 + 0.05 * step)])
                })
                .collect()
        };
        let (base, head) = (side(0.0), side(0.4));
        let sides = Sides {
            baseline: &base,
            current: &head,
            anchor: None,
            interleaved: true,
        };
        let judgement = compare::judge(&sides, &Policy::default(), jiff::civil::date(2026, 1, 1));
        let note = note(&judgement, 5).unwrap();
        assert!(note.starts_with("A/A here: ±"), "{note}");
        assert!(note.contains("widest of 2 is loud time"), "{note}");
        assert_eq!(super::note(&Judgement::default(), 5), None);
    }
}
