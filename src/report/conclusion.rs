//! What a reader of a pull request sees in thirty seconds: one conclusion that names the endpoints, each row's change
//! and its runs, one line for all the rest, and the acceptance that would let an intended change through.

use super::base_rules::BaseRules;
use super::change;
use super::document::Document;
use super::entry::Entry;
use super::headline;
use super::remarks::short;
use super::sentence::Sentence;
use super::units::{self, Scale, plural};
use super::view::{Group, GroupKind, View};
use super::why;
use crate::compare::{Cause, OutcomeName};
use crate::model::Better;
use crate::model::MetricName;
use crate::text::sanitize;
use crate::verdict::VerdictKind;

/// What the place where a text goes knows and no document holds.
#[derive(Clone, Debug, Default)]
pub struct CommentPlace {
    /// The page of the run that judged; without one the text itself has every row.
    pub run_url: Option<String>,
    /// The page that has every row, where that is another one than the run's.
    pub table_url: Option<String>,
    /// The start of the address of a commit's page; the name of the commit follows it.
    pub commits_url: Option<String>,
    /// For the acceptance that is offered, which ends on a day.
    pub today: Option<jiff::civil::Date>,
}

/// The most subjects that are named in one line.
const NAMED: usize = 3;

/// The kind of GitHub's alert around the conclusion; `None` where nothing is alarming.
pub(super) fn alert(document: &Document) -> Option<&'static str> {
    match document.verdict {
        _ if document.exit_code != 0 || headline::is_empty_gate(document) => Some("CAUTION"),
        VerdictKind::Fail => Some("CAUTION"),
        VerdictKind::Warn | VerdictKind::Inconclusive => Some("WARNING"),
        VerdictKind::Pass | VerdictKind::NoBaseline => None,
    }
}

/// `GET /search is **29 % slower** · POST /checkout now **fails 1.8 %** of its requests`
pub(super) fn named(view: &View<'_>) -> Option<Sentence> {
    let decided = |kind: GroupKind| view.groups.iter().find(|group| group.kind == kind);
    let group = decided(GroupKind::Failing).or_else(|| decided(GroupKind::Warning))?;
    let mut subjects: Vec<(String, Vec<&Entry>)> = Vec::new();
    for entry in &group.entries {
        let subject = entry.shown_subject();
        match subjects.iter_mut().find(|(known, _)| *known == subject) {
            Some((_, entries)) => entries.push(entry),
            None => subjects.push((subject, vec![entry])),
        }
    }
    let more = subjects.len().saturating_sub(NAMED);
    let phrases = subjects
        .iter()
        .take(NAMED)
        .filter_map(|(subject, entries)| phrase(subject, entries));
    let line = Sentence::join(phrases, " · ");
    if line.is_empty() {
        return None;
    }
    Some(match more {
        0 => line,
        _ => line
            .own(format!(" · and {}", units::count(more)))
            .own(" more"),
    })
}

/// What became of one subject; its worst row stands first.
fn phrase(subject: &str, entries: &[&Entry]) -> Option<Sentence> {
    let worst = entries.first()?;
    let name = Sentence::default().foreign(subject);
    let series = Sentence::default().foreign(&format!("{subject} {}", worst.metric_statistic()));
    let current = worst.current.as_ref();
    if worst.outcome == OutcomeName::Missing {
        let all = entries.iter().all(|e| e.outcome == OutcomeName::Missing);
        return Some((if all { name } else { series }).own(" is **missing**"));
    }
    if worst.outcome != OutcomeName::Regressed {
        if worst.broken_budget().is_some() {
            return Some(series.own(" is **over its budget**"));
        }
        // What happened since the anchor is a line of its own.
        if why::only_drifted(worst) {
            return None;
        }
    }
    if worst.is_errors()
        && let Some(current) = current
    {
        let share = Scale::share().write(current.value);
        return Some(
            name.own(" now **fails ")
                .then(share)
                .own("** of its requests"),
        );
    }
    let (more, less) = change::words(worst);
    let subject = if more == "slower" {
        name
    } else {
        series.clone()
    };
    Some(match worst.change {
        Some(by) if by.ratio >= 10.0 => subject.own(format!(
            " is **{} times** what it was",
            units::count(by.ratio.round())
        )),
        Some(by) => {
            let direction = if by.ratio > 1.0 { more } else { less };
            let size = units::coarse((by.ratio - 1.0).abs());
            subject.own(format!(" is **{size} {direction}**"))
        }
        None => series.own(": **").then(change::change(worst)).own("**"),
    })
}

/// `Since the anchor v1.4: GET /search p95 is **16.3 % slower**, …`: the work of many changes, and never in one line with
/// what this one did.
pub(super) fn drifts(view: &View<'_>) -> Vec<Sentence> {
    let notable = |entry: &&Entry| entry.gated && why::notable_drift(entry).is_some();
    let mut entries: Vec<&Entry> = view.document.comparisons.iter().filter(notable).collect();
    entries.sort_by_key(|entry| !entry.drift.as_ref().is_some_and(|drift| drift.broken));
    let more = entries.len().saturating_sub(NAMED);
    let line = |entry: &&Entry| {
        let drift = entry.drift.as_ref()?;
        Some(
            Sentence::new("**Since the anchor** ")
                .foreign(&drift.anchor)
                .own(": ")
                .then(series(entry))
                .own(" is ")
                .then(why::drifted_by(entry, drift)),
        )
    };
    let mut lines: Vec<Sentence> = entries.iter().take(NAMED).filter_map(line).collect();
    if more > 0 {
        lines.push(Sentence::new(format!(
            "and {more} more series since their anchor"
        )));
    }
    lines
}

/// Where drift alone decides: what this change did to the series, so that nobody looks for it here.
pub(super) fn this_change(view: &View<'_>) -> Option<Sentence> {
    let failing = view
        .groups
        .iter()
        .find(|group| group.kind == GroupKind::Failing)?;
    if !failing.entries.iter().all(|entry| why::only_drifted(entry)) {
        return None;
    }
    let first = failing.entries.first()?;
    let by = first.change?;
    Some(
        Sentence::new("**This pull request**: ")
            .then(series(first))
            .own(format!(
                " {}, within its limit",
                units::coarse_signed(by.ratio - 1.0)
            )),
    )
}

/// The series with its subject before its short name.
pub(super) fn series(entry: &Entry) -> Sentence {
    Sentence::default()
        .foreign(&entry.shown_subject())
        .own(" ")
        .then(short_name(entry))
}

/// `p50` of a latency or a time says enough beside its subject; any other metric is named.
pub(super) fn short_name(entry: &Entry) -> Sentence {
    match entry.metric.as_str() {
        MetricName::LATENCY | MetricName::TIME => Sentence::new(entry.statistic.to_string()),
        MetricName::ERRORS | MetricName::THROUGHPUT if !has_statistic(entry) => {
            Sentence::new(if entry.is_errors() {
                MetricName::ERRORS
            } else {
                MetricName::THROUGHPUT
            })
        }
        _ => Sentence::default().foreign(&entry.metric_statistic()),
    }
}

/// Whether the metric has several numbers, so that its name alone does not say which.
fn has_statistic(entry: &Entry) -> bool {
    entry.metric_statistic() != entry.metric
}

/// `56.4 → **72.8 ms**`, both in one unit.
pub(super) fn values(entry: &Entry) -> Sentence {
    let sides = [&entry.baseline, &entry.current];
    let scale = entry.scale(sides.into_iter().flatten().map(|side| side.value));
    match (&entry.baseline, &entry.current) {
        (Some(baseline), Some(current)) => scale
            .number(baseline.value)
            .own(" → **")
            .then(scale.write(current.value))
            .own("**"),
        (Some(baseline), None) => scale.write(baseline.value).own(" → **missing**"),
        (None, Some(current)) => Sentence::new("**")
            .then(scale.write(current.value))
            .own("**"),
        (None, None) => Sentence::default(),
    }
}

/// `**+29 %** (25 to 33), limit 10 %`
pub(super) fn effect(entry: &Entry) -> Sentence {
    let size = size(entry);
    let limits = why::deciding_limit(entry, "limit ", " and ");
    if size.is_empty() || limits.is_empty() || !entry.gated || entry.cause.is_some() {
        return size;
    }
    size.own(", ").then(limits)
}

fn size(entry: &Entry) -> Sentence {
    if entry.is_errors()
        && let Some(current) = &entry.current
        && let Some(of) = current.observations
        && entry.outcome != OutcomeName::Incomparable
    {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a number of requests, shown rounded"
        )]
        let failed = (current.value * of as f64).round();
        return Sentence::new(format!(
            "**{} of {}**",
            units::count(failed),
            units::count(of)
        ));
    }
    let Some(by) = entry.change.filter(|by| by.ratio < 10.0) else {
        return change::change(entry);
    };
    let interval = change::bare_interval(by);
    Sentence::new(format!(
        "**{}**{interval}",
        units::coarse_signed(by.ratio - 1.0)
    ))
}

/// The newest runs of a side that are drawn.
const DRAWN: usize = 10;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// `▁▁▂▁▁│█▇███`: the runs of both sides in their order, on one scale from the smallest to the largest.
pub(super) fn sparkline(entry: &Entry) -> String {
    let (Some(baseline), Some(current)) = (&entry.baseline, &entry.current) else {
        return String::new();
    };
    let newest = |values: &[f64]| {
        let from = values.len().saturating_sub(DRAWN);
        values.get(from..).unwrap_or_default().to_vec()
    };
    let (baseline, current) = (newest(&baseline.values), newest(&current.values));
    let all = || baseline.iter().chain(&current).copied();
    let (low, high) = (
        all().fold(f64::INFINITY, f64::min),
        all().fold(f64::NEG_INFINITY, f64::max),
    );
    if baseline.is_empty() || current.is_empty() || !(high - low).is_finite() {
        return String::new();
    }
    let drawn = |values: &[f64]| -> String { values.iter().map(|v| bar(*v, low, high)).collect() };
    format!("{}│{}", drawn(&baseline), drawn(&current))
}

fn bar(value: f64, low: f64, high: f64) -> char {
    let share = if high > low {
        (value - low) / (high - low)
    } else {
        0.0
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of one, times the number of bars"
    )]
    let at = (share * 7.0).round() as usize;
    BARS.get(at).copied().unwrap_or('█')
}

/// What needs no decision, each in a few words, with the ways to all of it.
pub(super) fn rest(view: &View<'_>, place: &CommentPlace) -> Vec<Sentence> {
    let mut said = Vec::new();
    let counted = |group: &Group<'_>, words: &str| {
        Sentence::new(format!("{words} {}", units::count(group.entries.len())))
    };
    for group in &view.groups {
        match group.kind {
            GroupKind::Unchanged => said.push(counted(group, "✅").own(" unchanged")),
            GroupKind::Better => said.push(counted(group, "🟢").own(" improved")),
            GroupKind::NoSignal => said.push(undecided(group)),
            GroupKind::New if view.document.policy.targets_only => {}
            GroupKind::New => said.push(counted(group, "🆕").own(" new")),
            _ => {}
        }
    }
    said.extend(silenced(view.document).into_iter().map(silent));
    said.extend(table(place).map(|url| Sentence::new(format!("[full table]({url})"))));
    said.extend(sides(view.document, place));
    said.extend(view.base_rules.and_then(BaseRules::beside));
    said
}

/// The page that has every row.
fn table(place: &CommentPlace) -> Option<&str> {
    let url = place.table_url.as_ref().or(place.run_url.as_ref())?;
    sanitize::is_plain_url(url).then_some(url.as_str())
}

/// `⚪ 3 undecided: these runs show changes above 24 %`
fn undecided(group: &Group<'_>) -> Sentence {
    let n = units::count(group.entries.len());
    match sees(group.entries.iter().copied()) {
        Some(size) => Sentence::new(format!(
            "⚪ {n} undecided (these runs show changes above {size})"
        )),
        None => Sentence::new(format!("⚪ {n} undecided")),
    }
}

/// The change that half of these series would show.
fn sees<'e>(entries: impl Iterator<Item = &'e Entry>) -> Option<String> {
    let mut sizes: Vec<f64> = entries.filter_map(|entry| entry.detectable).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() / 2).copied().map(units::coarse)
}

/// The subjects and metrics that are not judged because more requests fail, each once; only the first few.
pub(super) fn silenced(document: &Document) -> Vec<(String, String)> {
    const MOST: usize = 3;
    let mut found: Vec<(String, String)> = Vec::new();
    for entry in &document.comparisons {
        let named = (entry.shown_subject(), entry.metric.clone());
        if entry.gated && entry.cause == Some(Cause::ErrorsRose) && !found.contains(&named) {
            found.push(named);
        }
    }
    found.truncate(MOST);
    found
}

/// `⚪ latency of POST /checkout not judged while it fails`
fn silent((subject, metric): (String, String)) -> Sentence {
    let metric = if metric == MetricName::LATENCY {
        Sentence::new(MetricName::LATENCY)
    } else {
        Sentence::default().foreign(&metric)
    };
    Sentence::new("⚪ ")
        .then(metric)
        .own(" of ")
        .foreign(&subject)
        .own(" not judged while it fails")
}

/// `9bd0e4f1a against main.json`
fn sides(document: &Document, place: &CommentPlace) -> Option<Sentence> {
    let baseline = document.baseline.as_ref();
    let commit = document.current.commit.as_deref();
    let mut said = Sentence::default();
    if let Some(commit) = commit {
        let name = Sentence::default().foreign(&short(commit));
        let hex = commit.len() >= 7 && commit.chars().all(|c| c.is_ascii_hexdigit());
        let url = place
            .commits_url
            .as_deref()
            .filter(|url| hex && sanitize::is_plain_url(url));
        said = match url {
            Some(url) => Sentence::new("[")
                .then(name)
                .own(format!("]({url}/{commit})")),
            None => name,
        };
    }
    if let Some(baseline) = baseline {
        said = said
            .own(if commit.is_some() {
                " against "
            } else {
                "against "
            })
            .foreign(&baseline.path);
    }
    (!said.is_empty()).then_some(said)
}

/// The one line of a gate in which nothing needs a decision: `18 series held · sees changes above 12 % · details`
pub(super) fn quiet(view: &View<'_>, place: &CommentPlace) -> Vec<Sentence> {
    let document = view.document;
    let mut said = vec![Sentence::new(headline::held(document))];
    let gated = document.comparisons.iter().filter(|entry| entry.gated);
    said.extend(sees(gated).map(|size| Sentence::new(format!("sees changes above {size}"))));
    if !view.targets.is_empty() {
        said.push(Sentence::new(view.targets.line()));
    }
    said.extend(table(place).map(|url| Sentence::new(format!("[details]({url})"))));
    said.extend(view.base_rules.and_then(BaseRules::beside));
    said
}

/// How long an acceptance that is offered holds.
const DAYS: i64 = 90;
/// The most that are written out.
const OFFERED: usize = 10;

/// A regression that could be accepted.
struct Acceptable<'a> {
    subject: &'a str,
    metric: String,
    up_to: String,
}

/// What regressed and has a ratio that an acceptance can be written for, each metric of a subject once.
fn acceptable(document: &Document) -> Vec<Acceptable<'_>> {
    let mut wanted: Vec<(&Entry, Vec<&Entry>)> = Vec::new();
    let regressed = document.comparisons.iter().filter(|entry| {
        entry.outcome == OutcomeName::Regressed
            && entry.gated
            && entry.accepted.is_none()
            && !entry.is_rate()
            && entry.change.is_some()
    });
    for entry in regressed {
        let same = |(first, _): &&mut (&Entry, Vec<&Entry>)| {
            first.subject == entry.subject && first.metric == entry.metric
        };
        match wanted.iter_mut().find(same) {
            Some((_, entries)) => entries.push(entry),
            None => wanted.push((entry, vec![entry])),
        }
    }
    let offered = wanted.into_iter().take(OFFERED).map(|(first, entries)| {
        let metric = match entries.as_slice() {
            [one] => one.metric_statistic(),
            _ => format!("{}.*", first.metric),
        };
        let worst = entries.iter().map(|e| worst_end(e)).fold(0.0, f64::max);
        // In steps of five per cent, and never at the very end of the interval.
        let up_to = ((worst * 20.0).floor() + 1.0) * 5.0;
        Acceptable {
            subject: &first.subject,
            metric,
            up_to: format!("{up_to:.0}%"),
        }
    });
    offered.collect()
}

fn until(today: jiff::civil::Date) -> Option<jiff::civil::Date> {
    use jiff::ToSpan as _;
    today.checked_add(DAYS.days()).ok()
}

/// `[[accept]]` entries for what regressed, ready for `perfgate.toml`; nothing where the day is not known.
pub(super) fn acceptances(document: &Document, place: &CommentPlace) -> Option<String> {
    let until = until(place.today?)?;
    let blocks: Vec<String> = acceptable(document)
        .iter()
        .map(|offer| {
            format!(
                "[[accept]]\nsubject = {}\nmetric = {}\nup_to = \"{}\"\nreason = \"intended: say why\"\nuntil = {until}\n",
                toml_string(offer.subject),
                toml_string(&offer.metric),
                offer.up_to,
            )
        })
        .collect();
    (!blocks.is_empty()).then(|| blocks.join("\n"))
}

/// The first of them in one line, for a terminal: the keys of an entry, side by side.
pub(super) fn first_acceptance(document: &Document, today: jiff::civil::Date) -> Option<String> {
    let until = until(today)?;
    let offers = acceptable(document);
    let first = offers.first()?;
    Some(format!(
        "[[accept]] subject = {}, metric = {}, up_to = \"{}\", reason = \"…\", until = {until}",
        toml_string(first.subject),
        toml_string(&first.metric),
        first.up_to,
    ))
}

/// How much worse it can be at most, by the end of its interval.
fn worst_end(entry: &Entry) -> f64 {
    let Some(by) = entry.change else { return 0.0 };
    let end = match entry.better {
        Better::Lower => by.high().unwrap_or(by.ratio),
        Better::Higher => 1.0 / by.low().unwrap_or(by.ratio).max(f64::MIN_POSITIVE),
    };
    (end - 1.0).clamp(0.0, 1e4)
}

/// A basic string of TOML; characters that cannot be seen are written as escapes.
fn toml_string(text: &str) -> String {
    let mut written = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            c if c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric() => written.push(c),
            c => written.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    written + "\""
}

/// What stands above the drawn runs: `5 runs: baseline │ now`.
pub(super) fn runs_title(document: &Document) -> String {
    let baseline = document.baseline.as_ref().map_or(0, |b| b.runs);
    let current = document.current.runs;
    let runs = if baseline == current {
        plural(current, "run", "runs")
    } else {
        format!(
            "{} │ {}",
            units::count(baseline),
            plural(current, "run", "runs")
        )
    };
    format!("{runs}: baseline │ now")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_drawn_from_the_smallest_to_the_largest_of_both_sides() {
        assert_eq!(bar(1.0, 1.0, 2.0), '▁');
        assert_eq!(bar(2.0, 1.0, 2.0), '█');
        assert_eq!(bar(1.5, 1.0, 2.0), '▅');
        // All alike: nothing stands out.
        assert_eq!(bar(3.0, 3.0, 3.0), '▁');
    }

    #[test]
    fn a_name_in_an_acceptance_stays_one_string_of_toml() {
        for name in [
            "GET /a",
            "a\"b\\c",
            "x\ny\u{202e}z",
            "```\n# é 文",
            "\u{7f}\t",
        ] {
            let text = format!("subject = {}", toml_string(name));
            assert_eq!(text.lines().count(), 1, "{text}");
            let read: toml::Table = toml::from_str(&text).unwrap();
            assert_eq!(read["subject"].as_str(), Some(name), "{text}");
        }
    }
}
