//! What an answer says of the time that the server needed: `Server-Timing`, and headers that the scenario names.

use std::time::Duration;

use crate::load::http::Response;
use crate::load::scenario::{Measure, metric_name};

/// A service that invents names would fill memory.
const MOST_ENTRIES: usize = 16;

/// Gives each time of an answer with its metric to `each`.
pub fn times(measure: &Measure, answer: &Response, each: &mut dyn FnMut(&str, Duration)) {
    for (name, value) in &answer.headers {
        let Ok(text) = std::str::from_utf8(value) else {
            continue;
        };
        if measure.server_timing && name == "server-timing" {
            entries(text).take(MOST_ENTRIES).for_each(|(name, time)| {
                each(&name, time);
            });
        }
        for header in measure
            .headers
            .iter()
            .filter(|header| header.header == *name)
        {
            if let Some(time) = duration(text.trim(), header.seconds_per_unit) {
                each(&header.metric, time);
            }
        }
    }
}

/// `db;dur=53.2;desc="…", app;dur=47`: names with their milliseconds. What has no duration is not a time.
fn entries(text: &str) -> impl Iterator<Item = (String, Duration)> {
    split(text, ',').into_iter().filter_map(|entry| {
        let mut parts = split(entry, ';').into_iter();
        let name = parts.next()?.trim();
        let time = parts.find_map(|part| {
            let (key, value) = part.split_once('=')?;
            let is_duration = key.trim().eq_ignore_ascii_case("dur");
            is_duration.then(|| duration(value.trim().trim_matches('"'), 1e-3))?
        })?;
        Some((metric_name("server", name)?, time))
    })
}

/// The parts between separators that do not stand in quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(move |letter| {
        quoted ^= letter == '"';
        letter == separator && !quoted
    })
    .collect()
}

fn duration(text: &str, seconds_per_unit: f64) -> Option<Duration> {
    let number: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(number * seconds_per_unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::scenario::MeasuredHeader;

    fn told(headers: &[(&str, &'static str)]) -> Vec<(String, f64)> {
        let measure = Measure {
            flows: false,
            server_timing: true,
            headers: vec![MeasuredHeader {
                header: "x-process-time".to_owned(),
                metric: "x_process_time".to_owned(),
                seconds_per_unit: 1.0,
            }],
            slow: None,
        };
        let answer = Response {
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().into()))
                .collect(),
            ..Response::default()
        };
        let mut all = Vec::new();
        times(&measure, &answer, &mut |name, time| {
            all.push((name.to_owned(), (time.as_secs_f64() * 1e6).round() / 1e3));
        });
        all
    }

    #[test]
    fn server_timing_is_read_as_its_standard_says() {
        let found = told(&[
            (
                "server-timing",
                "miss, db;dur=53.2, cache;desc=\"Read, twice; dur=9\";dur=23.5, cpu;DUR=\"2.4\", app-1;desc=x",
            ),
            ("Server-Timing", "no;dur=1"),
            ("server-timing", "total; dur=123"),
        ]);
        let expected = [
            ("server_db", 53.2),
            ("server_cache", 23.5),
            ("server_cpu", 2.4),
            ("server_total", 123.0),
        ];
        assert_eq!(found, expected.map(|(name, ms)| (name.to_owned(), ms)));
    }

    #[test]
    fn a_named_header_is_a_time_in_its_unit_and_what_is_none_is_passed_over() {
        let found = told(&[
            ("x-process-time", "0.0125"),
            ("x-process-time", "soon"),
            ("x-process-time", "-1"),
            ("x-process-time", "NaN"),
            ("server-timing", "db;dur=-5, \u{7f}\u{1};dur=3, db;dur=x"),
        ]);
        assert_eq!(found, [("x_process_time".to_owned(), 12.5)]);
    }

    #[test]
    fn a_server_that_invents_names_is_bounded() {
        let many: String = (0..500).map(|n| format!("n{n};dur=1,")).collect();
        let leaked: &'static str = Box::leak(many.into_boxed_str());
        assert_eq!(told(&[("server-timing", leaked)]).len(), MOST_ENTRIES);
    }
}
