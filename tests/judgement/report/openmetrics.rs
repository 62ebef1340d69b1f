//! Metrics are read by a parser of their own here, which takes nothing that either Prometheus or OpenMetrics would refuse.

use std::collections::{BTreeMap, BTreeSet};

use super::hostile;
use crate::support::scenes;
use crate::support::verdicts::*;
use perfgate::model::{Quantile, Unit};
use perfgate::report::{self, Document, Format, Style};
use perfgate::verdict::VerdictKind;

type Labels = BTreeMap<String, String>;

/// Each sample by its metric.
#[derive(Default)]
struct Exposed(BTreeMap<String, Vec<(Labels, f64)>>);

impl Exposed {
    fn of(document: &Document) -> Self {
        let style = Style::default();
        let text = report::render(document, Format::Openmetrics, &style, None).unwrap();
        Self::parse(&text).unwrap_or_else(|refused| panic!("{refused}\n{text}"))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let body = text.strip_suffix("# EOF\n").ok_or("no # EOF at the end")?;
        let mut exposed = Self::default();
        let (mut helped, mut family) = (String::new(), String::new());
        for line in body.split_terminator('\n') {
            let refused = |why: &str| Err(format!("{why}: {line:?}"));
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, text) = help.split_once(' ').ok_or("a help without a text")?;
                if text.contains(['\\', '"']) {
                    return refused("a help that needs escapes");
                }
                name.clone_into(&mut helped);
            } else if let Some(declared) = line.strip_prefix("# TYPE ") {
                let name = declared.strip_suffix(" gauge").ok_or("not a gauge")?;
                let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
                let kept = [
                    "_total", "_count", "_sum", "_bucket", "_info", "_created", "_gsum",
                ];
                if name != helped || !name.chars().all(is_name) {
                    return refused("a type that follows no help of the same name");
                }
                if kept.iter().any(|end| name.ends_with(end)) {
                    return refused("an ending that stands for another type");
                }
                name.clone_into(&mut family);
                if exposed.0.insert(family.clone(), Vec::new()).is_some() {
                    return refused("a family in two parts");
                }
            } else {
                let (labels, value) = sample(line, &family)?;
                let samples = exposed.0.get_mut(&family).ok_or("a sample of no family")?;
                if samples.iter().any(|(known, _)| *known == labels) {
                    return refused("the same labels twice");
                }
                samples.push((labels, value));
            }
        }
        Ok(exposed)
    }

    fn all(&self, metric: &str) -> &[(Labels, f64)] {
        self.0.get(metric).map_or(&[], Vec::as_slice)
    }

    /// The sample that has these labels, and perhaps others.
    fn one(&self, metric: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |of: &Labels| labels.iter().all(|(name, value)| of[*name] == *value);
        let mut found = self.all(metric).iter().filter(|(of, _)| has(of));
        let value = found.next().map(|(_, value)| *value);
        assert!(found.next().is_none(), "{metric} {labels:?} is not one");
        value
    }
}

/// `name{label="value",…} number`, and nothing behind it.
fn sample(line: &str, family: &str) -> Result<(Labels, f64), String> {
    let refused = |why: &str| format!("{why}: {line:?}");
    let mut rest = line
        .strip_prefix(family)
        .filter(|_| !family.is_empty())
        .ok_or_else(|| refused("another name than its family"))?;
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (name, after) = rest.split_once("=\"").ok_or_else(|| refused("no value"))?;
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase()) {
                return Err(refused("a name of a label"));
            }
            let (value, after) = quoted(after).ok_or_else(|| refused("a value without an end"))?;
            if labels.insert(name.to_owned(), value).is_some() {
                return Err(refused("a label twice"));
            }
            match after.strip_prefix(',') {
                Some(more) => rest = more,
                None => break rest = after.strip_prefix('}').ok_or_else(|| refused("no }"))?,
            }
        }
    }
    let number = rest.strip_prefix(' ').ok_or_else(|| refused("no space"))?;
    let value: f64 = number.parse().map_err(|_| refused("no number"))?;
    if !value.is_finite() {
        return Err(refused("not finite"));
    }
    Ok((labels, value))
}

/// What the escapes stand for, and what follows the closing quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                _ => return None,
            }),
            c => value.push(c),
        }
    }
    None
}

#[test]
fn the_parser_of_this_test_refuses_what_prometheus_refuses() {
    let head = "# HELP a b\n# TYPE a gauge\n";
    for wrong in [
        "a 1\n# EOF\n".to_owned(),
        format!("{head}a 1\n"),
        format!("{head}a NaN\n# EOF\n"),
        format!("{head}a{{x=\"1}} 1\n# EOF\n"),
        format!("{head}a{{x=\"\\q\"}} 1\n# EOF\n"),
        format!("{head}a 1\na 1\n# EOF\n"),
        format!("{head}a 1 1700000000\n# EOF\n"),
        format!("{head}b 1\n# EOF\n"),
        format!("{head}\n# EOF\n"),
    ] {
        assert!(Exposed::parse(&wrong).is_err(), "{wrong}");
    }
    assert!(Exposed::parse(&format!("{head}a{{x=\"\\\\\\\"\"}} 0.5\n# EOF\n")).is_ok());
}

#[test]
fn every_verdict_and_every_hostile_name_is_valid() {
    let scenes = scenes::all()
        .into_iter()
        .map(|(name, document)| (name.to_owned(), document));
    for (name, document) in scenes.chain(hostile::documents()) {
        let exposed = Exposed::of(&document);
        for kind in VerdictKind::ALL {
            let is_it = f64::from(u8::from(document.verdict == kind));
            let told = exposed.one("perfgate_verdict", &[("verdict", kind.as_str())]);
            assert_eq!(told, Some(is_it), "{name}");
        }
        let code = f64::from(document.exit_code);
        assert_eq!(exposed.one("perfgate_exit_code", &[]), Some(code), "{name}");
        for (labels, _) in exposed.0.values().flatten() {
            let longest = labels.values().map(|value| value.chars().count()).max();
            assert!(longest.unwrap_or(0) <= 120, "{name}: {labels:?}");
        }
    }
}

#[test]
fn a_series_has_its_values_in_base_units_and_its_outcome_as_a_label() {
    let exposed = Exposed::of(&scenes::fail());
    let series = [
        ("subject", "GET /search"),
        ("metric", "latency"),
        ("statistic", "p95"),
        ("unit", "seconds"),
    ];
    let near = |metric: &str, expected: f64| {
        let told = exposed.one(metric, &series).unwrap();
        assert!((told - expected).abs() < 1e-9, "{metric} {told}");
    };
    near("perfgate_series_current", 0.103);
    near("perfgate_series_baseline", 0.084);
    near("perfgate_series_limit", 0.0924);
    near("perfgate_series_tolerated", 0.1);
    let worse = exposed.one("perfgate_series_worse", &series).unwrap();
    let change = exposed.one("perfgate_series_change", &series).unwrap();
    let low = exposed.one("perfgate_series_change_low", &series).unwrap();
    let high = exposed.one("perfgate_series_change_high", &series).unwrap();
    assert!(
        low < change && change < high && change == worse,
        "{low} {change} {high}"
    );
    let outcomes = exposed.all("perfgate_series_outcome");
    let regressed = outcomes
        .iter()
        .filter(|(of, _)| of["outcome"] == "regressed");
    assert_eq!(regressed.count(), 1);
    let counted = exposed.one("perfgate_series", &[("outcome", "regressed")]);
    assert_eq!(counted, Some(1.0));
}

#[test]
fn what_is_worse_is_above_zero_also_where_higher_is_better() {
    let mut slower = regressed(throughput("GET /"), 200.0, 150.0);
    slower.series.unit = Unit::new("req/s");
    let document = document_of(
        vec![slower],
        &perfgate::compare::Policy::default(),
        context(),
    );
    let exposed = Exposed::of(&document);
    let labels = [("unit", "req/s")];
    let told = |metric: &str| exposed.one(metric, &labels).unwrap();
    assert!((told("perfgate_series_change") + 0.25).abs() < 1e-9);
    assert!((told("perfgate_series_worse") - 1.0 / 3.0).abs() < 1e-9);
}

#[test]
fn a_budget_that_is_met_is_one_and_a_broken_one_is_zero() {
    let (_, document) = scenes::all()
        .into_iter()
        .find(|(name, _)| *name == "budget")
        .unwrap();
    let exposed = Exposed::of(&document);
    let told: BTreeSet<bool> = exposed
        .all("perfgate_budget_met")
        .iter()
        .map(|(_, met)| *met > 0.5)
        .collect();
    assert!(told.contains(&false), "a budget of this scene is broken");
    let counted = |state| {
        exposed
            .one("perfgate_budgets", &[("state", state)])
            .unwrap()
    };
    let judged = counted("met") + counted("failed") + counted("warned");
    assert_eq!(judged, exposed.all("perfgate_budget_met").len() as f64);
}

#[test]
fn ten_thousand_series_are_cut_to_what_needs_a_decision_and_the_file_says_so() {
    let document = scenes::many(10_000);
    let exposed = Exposed::of(&document);
    let outcomes = exposed.all("perfgate_series_outcome");
    assert_eq!(outcomes.len(), 500);
    let left_out = exposed.one("perfgate_series_left_out", &[("because", "too-many")]);
    let informational = exposed.one("perfgate_series_left_out", &[("because", "informational")]);
    let all = document.comparisons.len() as f64;
    assert_eq!(left_out.unwrap() + informational.unwrap() + 500.0, all);
    let regressed = outcomes
        .iter()
        .filter(|(of, _)| of["outcome"] == "regressed")
        .count();
    assert_eq!(regressed, document.counts.regressed.min(500));
}

#[test]
fn names_that_show_as_one_are_told_apart() {
    let same = |subject: &str| unchanged(latency(subject, Quantile::P50), 84.0, 84.0);
    let long = |end: &str| format!("{}{end}{}", "a".repeat(300), "b".repeat(300));
    let all = vec![
        same("x\u{200b}"),
        same("x\u{200c}"),
        same(&long("1")),
        same(&long("2")),
    ];
    let document = document_of(all, &perfgate::compare::Policy::default(), context());
    assert_eq!(
        Exposed::of(&document).all("perfgate_series_outcome").len(),
        4
    );
}

fn metrics_in(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    text.split(|c| !is_name(c))
        .filter(|word| word.starts_with("perfgate_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_page_names_every_metric_and_the_examples_ask_for_no_other() {
    let read = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let written: BTreeSet<String> = scenes::all()
        .iter()
        .flat_map(|(_, document)| Exposed::of(document).0.into_keys())
        .collect();
    assert_eq!(metrics_in(&read("docs/prometheus.md")), written);
    for example in ["alerts.yml", "alerts.test.yml", "dashboard.json"] {
        let asked = metrics_in(&read(&format!("examples/prometheus/{example}")));
        assert!(asked.len() > 3, "{example} asks for {asked:?}");
        let unknown: Vec<&String> = asked.difference(&written).collect();
        assert!(unknown.is_empty(), "{example} asks for {unknown:?}");
    }
}
