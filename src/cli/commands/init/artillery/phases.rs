//! The phases of a script of Artillery as those of a load.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::draft::quoted;
use super::super::recorded::plain;

/// The lines of `[load]`; none where it has no phase.
pub(super) fn load(config: &Value, left: &mut BTreeSet<String>) -> Vec<String> {
    let phases = config.get("phases").and_then(Value::as_array);
    let mut written = Vec::new();
    let mut most: Option<u64> = None;
    for phase in phases.into_iter().flatten() {
        let number = |key: &str| phase.get(key).and_then(number);
        let Some(time) = phase.get("duration").and_then(seconds).filter(|s| *s > 0.0) else {
            left.insert("a pause between phases".to_owned());
            continue;
        };
        let count = number("arrivalCount").map(|count| count / time);
        let from = number("arrivalRate").or(count).unwrap_or(0.0);
        let to = number("rampTo").unwrap_or(from);
        let rate = match (from > 0.0, to > 0.0) {
            (true, true) if from.to_bits() == to.to_bits() => shown(from),
            (_, true) => format!("[{}, {}]", shown(from.max(0.1)), shown(to)),
            _ => {
                left.insert("a phase without arrivals".to_owned());
                continue;
            }
        };
        if let Some(limit) = phase.get("maxVusers").and_then(Value::as_u64) {
            most = most.max(Some(limit));
        }
        let name = phase.get("name").and_then(Value::as_str).map(plain);
        written.push((name, duration(time), rate));
    }
    if written.is_empty() {
        return Vec::new();
    }
    let mut lines = vec!["# Iterations that begin at their time, whether the service keeps up or not, as Artillery's do.".to_owned(), "[load]".to_owned()];
    lines.extend(most.map(|most| format!("max_users = {most}")));
    if let [(_, time, rate)] = written.as_slice()
        && !rate.starts_with('[')
    {
        lines.extend([format!("rate = {rate}"), format!("duration = \"{time}\"")]);
        return lines;
    }
    let mut names = BTreeSet::new();
    for (name, time, rate) in written {
        lines.extend([String::new(), "[[load.phase]]".to_owned()]);
        if let Some(name) = name.filter(|name| names.insert(name.clone())) {
            lines.push(format!("name = {}", quoted(&name)));
        }
        lines.extend([format!("duration = \"{time}\""), format!("rate = {rate}")]);
    }
    lines
}

fn number(value: &Value) -> Option<f64> {
    let number = value
        .as_f64()
        .or_else(|| value.as_str()?.trim().parse().ok())?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

/// `30`, `"30"`, `"30s"`, `"5 min"`, `"500ms"`.
pub(super) fn seconds(value: &Value) -> Option<f64> {
    if let Some(seconds) = number(value) {
        return Some(seconds);
    }
    let text = value.as_str()?.trim();
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (digits, unit) = text.split_at(at);
    let by = match unit.trim() {
        "ms" | "msec" | "millisecond" | "milliseconds" => 1e-3,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    };
    Some(digits.parse::<f64>().ok()? * by)
}

pub(super) fn duration(seconds: f64) -> String {
    match (seconds * 1e3).round() {
        thousandths if thousandths % 1e3 == 0.0 => format!("{}s", thousandths / 1e3),
        thousandths => format!("{thousandths}ms"),
    }
}

fn shown(rate: f64) -> String {
    match rate.fract() == 0.0 {
        true => format!("{rate:.0}"),
        false => format!("{rate}"),
    }
}
