//! The text format of Prometheus endpoints, and the part of OpenMetrics that is the same:
//! `http_requests_total{code="200"} 17`. Pure.

use std::borrow::Cow;
use std::fmt;

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample<'a> {
    pub name: Cow<'a, str>,
    pub labels: Labels<'a>,
    pub value: f64,
}

/// Labels in the order in which they are written.
pub type Labels<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// A line that is neither a sample nor a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The number of the line, counted from one.
    pub line: usize,
    pub why: &'static str,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for BadLine {}

/// All samples in order, without comments.
pub fn samples(text: &str) -> impl Iterator<Item = Result<Sample<'_>, BadLine>> {
    samples_of(text, |_| true)
}

/// The samples of the names that are wanted. Others are not read any further than their name; what does not begin with
/// a name is read all the same, because it may have one inside its braces, or be no sample at all.
pub fn samples_of(
    text: &str,
    wanted: impl Fn(&str) -> bool,
) -> impl Iterator<Item = Result<Sample<'_>, BadLine>> {
    text.split('\n')
        .enumerate()
        .map(|(at, line)| (at + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .filter(move |(_, line)| {
            let (name, _) = bare_name(line);
            name.is_empty() || wanted(name)
        })
        .map(|(line, text)| sample(text).map_err(|why| BadLine { line, why }))
}

/// The names that have a declared type, even if there is no sample yet.
pub fn declared(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("# TYPE "))
        .filter_map(|rest| rest.split_whitespace().next())
}

/// The names that are declared to be counters.
pub fn counters(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("# TYPE "))
        .filter_map(|rest| {
            let mut words = rest.split_whitespace();
            let name = words.next()?;
            (words.next() == Some("counter")).then_some(name)
        })
}

fn sample(text: &str) -> Result<Sample<'_>, &'static str> {
    let (name, labels, rest) = head(text)?;
    // A time and an exemplar after `#` may follow. Neither is used.
    let mut words = rest.split_whitespace();
    let value = words.next().ok_or("a value is missing")?;
    let value = value.parse().map_err(|_| "the value is not a number")?;
    match words.next() {
        Some(word) if !word.starts_with('#') => {
            word.parse::<f64>()
                .map_err(|_| "the time is not a number")?;
        }
        _ => {}
    }
    Ok(Sample {
        name,
        labels,
        value,
    })
}

/// Reads a name with its labels. Returns them with the text after them.
pub(super) fn head(text: &str) -> Result<(Cow<'_, str>, Labels<'_>, &str), &'static str> {
    let (bare, rest) = bare_name(text);
    let mut name = (!bare.is_empty()).then_some(Cow::Borrowed(bare));
    let mut labels = Vec::new();
    let Some(inside) = rest.trim_start().strip_prefix('{') else {
        return Ok((name.ok_or("it does not begin with a name")?, labels, rest));
    };
    let mut rest = inside.trim_start();
    loop {
        if let Some(behind) = rest.strip_prefix('}') {
            return Ok((name.ok_or("it names no metric")?, labels, behind));
        }
        let (word, is_quoted, behind) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (word, behind) = unquote(quoted)?;
                (word, true, behind)
            }
            None => {
                let (word, behind) = bare_name(rest);
                (Cow::Borrowed(word), false, behind)
            }
        };
        rest = behind.trim_start();
        if let Some(behind) = rest.strip_prefix('=') {
            if word.is_empty() {
                return Err("a label has no name");
            }
            let quoted = behind.trim_start().strip_prefix('"');
            let (value, behind) = unquote(quoted.ok_or("the value of a label is not quoted")?)?;
            labels.push((word, value));
            rest = behind.trim_start();
        } else if is_quoted && name.is_none() && !word.is_empty() {
            // A name with other characters is quoted, inside the braces.
            name = Some(word);
        } else {
            return Err("a label is not written as name=\"value\"");
        }
        match rest.strip_prefix(',') {
            Some(behind) => rest = behind.trim_start(),
            None if rest.starts_with('}') => {}
            None => return Err("the braces are not closed"),
        }
    }
}

/// A name of letters, digits, `_` and `:`. A `.` is accepted, too, which some services write without the required
/// quotes.
fn bare_name(text: &str) -> (&str, &str) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.');
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return ("", text);
    }
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Reads up to the closing quote. Returns the unescaped text and the text after the quote.
fn unquote(text: &str) -> Result<(Cow<'_, str>, &str), &'static str> {
    let mut plain = Cow::Borrowed("");
    let mut rest = text;
    loop {
        let special = rest.find(['"', '\\']).ok_or("a quote is not closed")?;
        let (before, behind) = rest.split_at_checked(special).unwrap_or((rest, ""));
        plain += before;
        if let Some(behind) = behind.strip_prefix('"') {
            return Ok((plain, behind));
        }
        let mut escaped = behind.chars();
        escaped.next();
        match escaped.next() {
            Some('n') => plain += "\n",
            Some('"') => plain += "\"",
            Some('\\') => plain += "\\",
            // There are no other escapes; readers of the format leave them as they are.
            Some(other) => {
                let plain = plain.to_mut();
                plain.push('\\');
                plain.push(other);
            }
            None => return Err("a quote is not closed"),
        }
        rest = escaped.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(text: &str) -> Sample<'_> {
        let all: Vec<_> = samples(text).collect();
        assert_eq!(all.len(), 1, "{all:?}");
        all.into_iter().next().unwrap().unwrap()
    }

    fn labels(sample: &Sample<'_>) -> Vec<(String, String)> {
        let owned =
            |(name, value): &(Cow<'_, str>, Cow<'_, str>)| (name.to_string(), value.to_string());
        sample.labels.iter().map(owned).collect()
    }

    #[test]
    fn every_form_of_the_format_is_read() {
        let text = r#"
# HELP http_requests_total The number.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero",} +Inf -3982045
http_request_duration_seconds_bucket { le = "0.05" } 24054 # {trace="x"} 0.04
{"a.quoted name", "and.label"="}"} 5
# EOF
"#;
        let all: Vec<Sample<'_>> = samples(text).map(Result::unwrap).collect();
        let values: Vec<f64> = all.iter().map(|sample| sample.value).collect();
        assert_eq!(
            values,
            [1027.0, 1_458_255_915.0, 12.47, f64::INFINITY, 24054.0, 5.0]
        );
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            labels(&all[0]),
            [pair("method", "post"), pair("code", "200")]
        );
        assert_eq!(labels(&all[1])[0], pair("path", r"C:\DIR\FILE.TXT"));
        assert_eq!(
            labels(&all[1])[1],
            pair("error", "Cannot find file:\n\"FILE.TXT\"")
        );
        assert_eq!(labels(&all[4]), [pair("le", "0.05")]);
        assert_eq!(all[5].name, "a.quoted name");
        assert_eq!(labels(&all[5]), [pair("and.label", "}")]);
        assert_eq!(declared(text).collect::<Vec<_>>(), ["http_requests_total"]);
    }

    #[test]
    fn names_that_are_not_wanted_are_passed_over_and_a_page_that_is_none_is_still_told() {
        let text = "a 1\nb{x=\"1\"} 2\n{\"a.b\"} 3\nab 4\nb 5\n";
        let read: Vec<f64> = samples_of(text, |name| name == "b")
            .map(|sample| sample.unwrap().value)
            .collect();
        assert_eq!(read, [2.0, 3.0, 5.0]);
        let bad = samples_of("a 1\n<html>\n", |_| false).next();
        assert!(matches!(bad, Some(Err(BadLine { line: 2, .. }))), "{bad:?}");
    }

    #[test]
    fn a_line_that_is_none_is_told_with_its_number_and_the_others_are_read() {
        for (line, why) in [
            ("<html>", "it does not begin with a name"),
            ("a", "a value is missing"),
            ("a b", "the value is not a number"),
            ("a 1 b", "the time is not a number"),
            ("a{b=\"c\" 1", "the braces are not closed"),
            ("a{b=\"c} 1", "a quote is not closed"),
            ("a{b=c} 1", "the value of a label is not quoted"),
            ("a{b} 1", "a label is not written as name=\"value\""),
            ("a{=\"b\"} 1", "a label has no name"),
            ("{b=\"c\"} 1", "it names no metric"),
        ] {
            let text = format!("ok 1\n{line}\nok 2\n");
            let all: Vec<_> = samples(&text).collect();
            assert_eq!(all.len(), 3, "{line}");
            assert_eq!(all[1], Err(BadLine { line: 2, why }), "{line}");
            assert!(all[0].is_ok() && all[2].is_ok());
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_stumble(text in ".{0,300}") {
            for sample in samples(&text).flatten() {
                prop_assert!(!sample.name.is_empty());
            }
            declared(&text).count();
        }

        #[test]
        fn nothing_in_the_form_of_a_sample_makes_it_stumble(text in "[a{}=\"\\\\,# \n1.n]{0,60}") {
            samples(&text).count();
        }

        #[test]
        fn what_is_written_is_read_back(
            name in "[a-z_:][a-z0-9_:]{0,12}",
            given in prop::collection::vec(("[a-z_][a-z0-9_]{0,8}", "\\PC{0,12}|[\"\\\\\n]{0,6}"), 0..5),
            value in prop::num::f64::NORMAL | prop::num::f64::ZERO,
        ) {
            let escaped = |text: &str| text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            let inside: Vec<String> = given.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let text = format!("{name}{{{}}} {value:e}\n", inside.join(","));
            let sample = one(&text);
            prop_assert_eq!(sample.name.as_ref(), &name);
            prop_assert_eq!(labels(&sample), given);
            prop_assert!((sample.value - value).abs() <= value.abs() * 1e-15);
        }
    }
}
