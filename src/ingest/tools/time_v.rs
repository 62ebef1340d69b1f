//! GNU time's text (`/usr/bin/time -v COMMAND`).

use anyhow::{Context, anyhow};

use crate::hint::WithHint;
use crate::ingest::adapter::{Adapter, Facts, Form, Read, ToolClass};
use crate::ingest::sheet::{Figure, Sheet, Spread};
use crate::model::{Better, Evidence, MetricName, Role, Run, Unit};

pub(in crate::ingest) const ADAPTER: Adapter = Adapter {
    tool: "time",
    class: ToolClass::Benchmark,
    forms: &[Form {
        what: "GNU time's text (`time -v`)",
        recognise: |head| {
            head.has_line("Command being timed:") && head.has_line("Maximum resident set size")
        },
        read: Read::Whole(parse),
        facts: Facts {
            evidence: "one value each: elapsed, user and system time, and the largest memory",
            resolution: "10 ms; memory 1 KiB",
            lost: "its version, how much executions differ",
            tested: "1.9",
        },
    }],
};

const STEP_S: f64 = 0.01;

fn parse(text: &str) -> anyhow::Result<Run> {
    let value = |key: &str| {
        let mut lines = text.lines().map(str::trim);
        lines.find_map(|line| line.strip_prefix(key))
    };
    if text.matches("Command being timed:").count() > 1 {
        return Err(anyhow!("it holds more than one command"))
            .hint("write each to a file of its own");
    }
    let command =
        value("Command being timed: ").context("there is no line `Command being timed:`")?;
    let subject = command.trim_matches('"');
    let mut sheet = Sheet::new("time", None);
    let status: i64 = value("Exit status: ")
        .and_then(|status| status.parse().ok())
        .context("there is no line `Exit status:`: the file is cut off")?;
    let stopped = value("Command terminated by signal").is_some();
    let failed = u64::from(status != 0 || stopped);
    let figure = |metric, unit: &str, role| Figure {
        subject,
        metric,
        unit: Unit::new(unit),
        better: Better::Lower,
        role,
    };
    sheet.failures(subject, failed, 1)?;
    if failed > 0 {
        sheet.warn(format!(
            "`{subject}` failed (exit status {status}): its times are left out"
        ));
        return sheet.run();
    }
    let once = |value: f64, step: f64| {
        Spread {
            points: vec![(0.5, value, step)],
            // One execution.
            n: 1,
            ..Spread::default()
        }
        .evidence()
    };
    let elapsed = value("Elapsed (wall clock) time (h:mm:ss or m:ss): ")
        .context("there is no elapsed time")?;
    sheet.put(
        figure(MetricName::TIME, "s", Role::Outcome),
        Ok(once(clock(elapsed)?, STEP_S)?),
    )?;
    for (key, metric) in [
        ("User time (seconds): ", "user_time"),
        ("System time (seconds): ", "system_time"),
    ] {
        if let Some(seconds) = value(key).and_then(|text| text.parse().ok()) {
            sheet.put(figure(metric, "s", Role::Fixed), Ok(once(seconds, STEP_S)?))?;
        }
    }
    if let Some(kib) =
        value("Maximum resident set size (kbytes): ").and_then(|text| text.parse().ok())
    {
        sheet.put(
            figure("rss_peak", "KiB", Role::Outcome),
            Evidence::value(kib),
        )?;
    }
    sheet.run()
}

/// `0:00.56` or `1:02:03`, in seconds.
fn clock(text: &str) -> anyhow::Result<f64> {
    let mut seconds = 0.0;
    for part in text.split(':') {
        let part: f64 = part
            .parse()
            .ok()
            .with_context(|| format!("`{text:.40}` is no time"))?;
        seconds = seconds * 60.0 + part;
    }
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn a_clock_is_read_in_seconds() {
        assert!((clock("0:00.56").unwrap() - 0.56).abs() < 1e-9);
        assert!((clock("1:02:03").unwrap() - 3723.0).abs() < 1e-9);
        assert!(clock("soon").is_err());
    }
}
