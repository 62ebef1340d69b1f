//! `perfgate inspect` for people.

use serde_json::Value;

use crate::cli::commands::inspect::understood;
use crate::ingest::Ingested;
use crate::model::Run;
use crate::text::sanitize;

pub(crate) fn text(ingested: &[Ingested]) -> String {
    let mut text = String::new();
    for one in ingested {
        let count = one.runs.len();
        let runs = if count == 1 { "run" } else { "runs" };
        let path = sanitize::line(&one.path.display().to_string());
        line(
            &mut text,
            0,
            &format!("{path}: {}, {count} {runs}", one.format.as_str()),
        );
        for (number, run) in one.runs.iter().enumerate() {
            if count > 1 {
                line(&mut text, 1, &format!("run {} of {count}", number + 1));
            }
            append(&mut text, run);
        }
    }
    text
}

fn append(text: &mut String, run: &Run) {
    let from = &run.provenance;
    let tool = from.tool.as_ref().map(|tool| match &tool.version {
        Some(version) => format!("{} {version}", tool.name),
        None => tool.name.clone(),
    });
    let facts = [
        ("tool", tool),
        ("started", from.started_at.map(|at| at.to_string())),
        (
            "duration",
            from.duration_s.map(|seconds| format!("{seconds} s")),
        ),
        ("session", from.session.clone()),
        ("commit", from.commit.clone()),
        ("scenario", from.scenario.clone()),
        ("source", from.source.clone()),
        ("environment", from.environment.key()),
        (
            "partial",
            from.partial.then(|| "it was ended early".to_owned()),
        ),
        ("invalid", from.invalid.clone()),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            line(text, 1, &format!("{name:<11} {}", sanitize::line(&value)));
        }
    }
    for (subject, metrics) in &run.subjects {
        line(text, 1, &sanitize::line(subject.as_str()));
        let width = metrics.keys().map(|m| m.as_str().chars().count()).max();
        for (metric, measured) in metrics {
            let said: Vec<String> = understood(measured)
                .0
                .into_iter()
                .map(|(name, value)| said(&name, &value))
                .collect();
            let metric = sanitize::line(metric.as_str());
            let width = width.unwrap_or(0);
            line(text, 2, &format!("{metric:<width$}  {}", said.join("  ")));
        }
    }
    for warning in &run.warnings {
        line(text, 1, &format!("warning: {}", sanitize::line(warning)));
    }
}

fn said(name: &str, value: &Value) -> String {
    match (name, value) {
        ("unit" | "evidence", Value::String(text)) => sanitize::line(text),
        (_, Value::Number(number)) => format!("{name} {}", rounded(number)),
        (_, other) => sanitize::line(&format!("{name} {other}")),
    }
}

/// Four digits tell a person enough; the JSON has them all.
fn rounded(number: &serde_json::Number) -> String {
    let Some(value) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.to_string();
    };
    let digits = value.abs().log10().floor();
    let decimals = if digits.is_finite() {
        (3.0 - digits).clamp(0.0, 9.0)
    } else {
        0.0
    };
    let scale = 10f64.powf(decimals);
    format!("{}", (value * scale).round() / scale)
}

fn line(text: &mut String, depth: usize, content: &str) {
    text.push_str(&"  ".repeat(depth));
    text.push_str(content);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Format;
    use crate::model::{Better, Evidence, Measurement, MetricName, Role, Subject, Unit};

    #[test]
    fn a_result_is_told_by_subject_and_metric_and_its_names_are_inert() {
        let mut run = Run::default();
        run.warnings.push("rounded to 10 ms".to_owned());
        let errors = Measurement {
            unit: Unit::none(),
            better: Better::Lower,
            role: Role::Outcome,
            evidence: Evidence::proportion(3, 12_000).unwrap(),
        };
        run.insert(
            Subject::new("GET /a\u{1b}[2J"),
            MetricName::new("errors"),
            errors,
        );
        let ingested = Ingested {
            path: "out/run1_stats.csv".into(),
            format: Format::Locust,
            runs: vec![run],
            stale: Vec::new(),
        };
        assert_eq!(
            text(&[ingested]),
            "out/run1_stats.csv: locust, 1 run\n  GET /a\u{fffd}[2J\n    errors  count 3  of 12000  rate 0.00025\n  warning: rounded to 10 ms\n"
        );
    }

    #[test]
    fn numbers_are_rounded_to_four_digits() {
        let shown = |value: f64| rounded(&serde_json::Number::from_f64(value).unwrap());
        assert_eq!(shown(1203.123), "1203");
        assert_eq!(shown(84.0125), "84.01");
        assert_eq!(shown(0.000_123_456), "0.0001235");
        assert_eq!(shown(0.0), "0");
    }
}
