//! The first lines of every report: the verdict in one sentence, what was compared, and what follows.

use super::control;
use super::document::Document;
use super::entry::Entry;
use super::sentence::Sentence;
use super::targets::Targets;
use super::units::{self, count, plural};
use super::unjudged;
use crate::compare::{OnInconclusive, OutcomeName, Severity};
use crate::model::Better;
use crate::model::unit::Dimension;
use crate::verdict::Counts;
use crate::verdict::Reason;
use crate::verdict::{Standing, VerdictKind};

/// The verdict in one sentence, from the same values as the exit code.
pub(super) fn headline(document: &Document) -> String {
    let counts = &document.counts;
    let series = |n: usize| plural(n, "series", "series");
    if let Some(missing) = control::missing(document) {
        return missing;
    }
    if document.policy.targets_only {
        return Targets::of(document).line();
    }
    if is_empty_gate(document) {
        return "nothing was compared".to_owned();
    }
    if is_same_binary(document) {
        return "unchanged: same binary on both sides, nothing was measured".to_owned();
    }
    let slower = control::slower(document);
    let unjudged = unjudged::headline(document);
    if let Some(budgets) = document.budgets_only() {
        return only_budgets(document, budgets, unjudged);
    }
    let said = match document.verdict {
        VerdictKind::NoBaseline => return unjudged.unwrap_or_else(|| "no baseline yet".to_owned()),
        VerdictKind::Fail => failed(document),
        VerdictKind::Inconclusive if slower.is_some() => "could not tell".to_owned(),
        VerdictKind::Inconclusive => format!(
            "could not tell for {} of {}",
            count(counts.inconclusive),
            series(counts.compared)
        ),
        VerdictKind::Warn if unjudged.is_some() && warnings(document).next().is_none() => {
            format!("no regression in {}", series(counts.compared))
        }
        VerdictKind::Warn => format!("{} in {}", warned(document), series(counts.total())),
        // A gate that could not have seen a change may not say that there is none.
        VerdictKind::Pass if standing(document, Standing::NoSignal) > 0 => {
            format!("no sign of a regression in {}", series(counts.compared))
        }
        VerdictKind::Pass => format!("no regression in {}", series(counts.compared)),
    };
    let parts = [Some(said), slower, unjudged];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Both sides are one program.
fn is_same_binary(document: &Document) -> bool {
    match document.comparisons.as_slice() {
        [only] => {
            only.metric == crate::model::MetricName::SAME_BINARY
                && only.outcome == OutcomeName::Unchanged
        }
        _ => false,
    }
}

/// The verdict in one word, or two.
pub(super) fn word(document: &Document) -> &'static str {
    match document.verdict {
        _ if is_empty_gate(document) => "ERROR",
        VerdictKind::Pass => "PASS",
        VerdictKind::Warn => "WARN",
        VerdictKind::NoBaseline => "NO BASELINE",
        VerdictKind::Inconclusive => "INCONCLUSIVE",
        VerdictKind::Fail => "FAIL",
    }
}

/// For a pull request: what regressed is counted by what people know, endpoints and benchmarks, and what follows is said.
pub(super) fn conclusion(document: &Document) -> String {
    let fails = document.verdict == VerdictKind::Fail
        && document.budgets_only().is_none()
        && !is_empty_gate(document);
    if !fails {
        return headline(document);
    }
    let said = failing(document, |regressed| {
        let mut subjects: Vec<(&str, Option<&str>)> = Vec::new();
        for entry in regressed {
            let subject = (entry.subject.as_str(), entry.workload.as_deref());
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        let n = subjects.len();
        let counted = if regressed.iter().all(|entry| is_endpoint(&entry.subject)) {
            plural(n, "endpoint", "endpoints")
        } else if regressed
            .iter()
            .all(|e| e.metric == crate::model::MetricName::TIME)
        {
            plural(n, "benchmark", "benchmarks")
        } else {
            plural(regressed.len(), "series", "series")
        };
        format!("{counted} {}", got(regressed))
    });
    let said = match unjudged::headline(document) {
        Some(unjudged) => format!("{said}; {unjudged}"),
        None => said,
    };
    format!("{said}, so this check fails")
}

/// So many problems are named in one line.
const NAMED_PROBLEMS: usize = 3;

/// For a terminal, where a gate fails: `2 problems: POST /checkout errors, GET /search latency`.
pub(super) fn problems(document: &Document) -> Option<Sentence> {
    let fails = document.verdict == VerdictKind::Fail
        && document.budgets_only().is_none()
        && !is_empty_gate(document)
        && control::missing(document).is_none();
    if !fails {
        return None;
    }
    let mut named: Vec<(String, &str)> = Vec::new();
    for entry in document
        .comparisons
        .iter()
        .filter(|e| e.standing == Standing::Fail)
    {
        let problem = (
            format!("{} {}", entry.shown_subject(), entry.metric),
            problem(entry),
        );
        if !named.contains(&problem) {
            named.push(problem);
        }
    }
    // Errors before what follows from them.
    named.sort_by_key(|(name, _)| !name.ends_with(" errors"));
    let more = named.len().saturating_sub(NAMED_PROBLEMS);
    let counted = plural(named.len(), "problem", "problems");
    let each = named
        .iter()
        .take(NAMED_PROBLEMS)
        .map(|(name, what)| Sentence::default().foreign(name).own((*what).to_owned()));
    let mut said = Sentence::new(format!("{counted}: ")).then(Sentence::join(each, ", "));
    if more > 0 {
        said = said.own(format!(" and {} more", count(more)));
    }
    let others = [control::slower(document), unjudged::headline(document)];
    Some(
        others
            .into_iter()
            .flatten()
            .fold(said, |said, other| said.own("; ").own(other)),
    )
}

/// What a failing series did, where it did not get worse than its baseline.
fn problem(entry: &Entry) -> &'static str {
    if entry.outcome == OutcomeName::Missing {
        " is missing"
    } else if entry.outcome == OutcomeName::Regressed {
        ""
    } else if entry.broken_budget().is_some() {
        " over budget"
    } else if entry.drift.as_ref().is_some_and(|drift| drift.broken) {
        " drifted"
    } else {
        ""
    }
}

/// `GET /search`
fn is_endpoint(subject: &str) -> bool {
    subject.split_once(' ').is_some_and(|(method, path)| {
        method.len() >= 3
            && method.bytes().all(|byte| byte.is_ascii_uppercase())
            && (path.starts_with('/') || path.starts_with("http"))
    })
}

/// `18 series held`, of a gate in which nothing needs to be looked at.
pub(super) fn held(document: &Document) -> String {
    match document.budgets_only() {
        Some(_) => headline(document),
        None => format!(
            "{} held",
            plural(document.counts.compared, "series", "series")
        ),
    }
}

/// `all 3 budgets hold; no baseline, 3 budgets only`
fn only_budgets(document: &Document, budgets: usize, unjudged: Option<String>) -> String {
    let over = |e: &&Entry| e.broken_budget().is_some();
    let broken = document.comparisons.iter().filter(over).count();
    let said = match (broken, budgets) {
        (0, 1) => "the budget holds".to_owned(),
        (0, n) => format!("all {} budgets hold", count(n)),
        (broken, _) => format!("{} over budget", plural(broken, "series", "series")),
    };
    let only = format!("no baseline, {} only", plural(budgets, "budget", "budgets"));
    // That there is no baseline is said already; that the load changed is news.
    match unjudged.filter(|said| !said.starts_with("no baseline")) {
        Some(unjudged) => format!("{said}; {only}; {unjudged}"),
        None => format!("{said}; {only}"),
    }
}

/// Warnings that are not those of a workload without a baseline, which is told by itself.
fn warnings(document: &Document) -> impl Iterator<Item = &Entry> {
    let unjudged = unjudged::workloads(document).next().is_some();
    document
        .comparisons
        .iter()
        .filter(move |e| e.standing == Standing::Warn && !(unjudged && unjudged::is_of_one(e)))
}

/// `Compared 18 of 20 series: 1 regressed, 14 unchanged; 1 new, 1 missing.`
pub(super) fn counted(document: &Document) -> String {
    if document.policy.targets_only {
        return format!("{}; nothing was compared.", Targets::of(document).line());
    }
    let counts = &document.counts;
    let Counts {
        compared,
        regressed,
        improved,
        unchanged,
        inconclusive,
        missing,
        new,
        incomparable,
    } = *counts;
    let listed = |named: &[(usize, &str)]| {
        named
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| format!("{} {word}", count(n)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let compared_ones = listed(&[
        (regressed, "regressed"),
        (improved, "improved"),
        (unchanged, "unchanged"),
        (inconclusive, "inconclusive"),
    ]);
    let others = listed(&[
        (missing, "missing"),
        (new, "new"),
        (incomparable, "not comparable"),
    ]);
    let parts: Vec<String> = [compared_ones, others]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    let shown = match document.not_gated() {
        0 => String::new(),
        n => format!(" {} more shown and not gated.", count(n)),
    };
    let colon = if parts.is_empty() { "" } else { ": " };
    format!(
        "Compared {} of {}{colon}{}.{shown}{}",
        count(compared),
        plural(counts.total(), "series", "series"),
        parts.join("; "),
        partial(document).map_or_else(String::new, |said| format!(" {said}."))
    )
}

/// `1 of 5 current runs was ended early`: no reader of any format may take such a side for a whole one.
pub(super) fn partial(document: &Document) -> Option<String> {
    let side = |partial: usize, runs: usize, name: &str| {
        let was = if partial == 1 { "was" } else { "were" };
        let of = plural(runs, "run", "runs");
        let (n, of) = (count(partial), of.replace(' ', &format!(" {name} ")));
        (partial > 0).then(|| format!("{n} of {of} {was} ended early"))
    };
    let current = &document.current;
    let baseline = document.baseline.as_ref();
    let said: Vec<String> = [
        side(current.partial, current.runs, "current"),
        baseline.and_then(|baseline| side(baseline.partial, baseline.runs, "baseline")),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// What the verdict means where its name does not say it.
pub(super) fn consequence(document: &Document) -> Option<Sentence> {
    let strict = document.exit_code == 3;
    let words = match document.verdict {
        _ if control::missing(document).is_some() => {
            "This is an error and not a pass: nothing watches the machine where a control is missing."
        }
        _ if is_empty_gate(document) && document.policy.targets_only => {
            "This is an error and not a pass: no target could be judged."
        }
        _ if is_empty_gate(document) => {
            "This is an error and not a pass: no gated series has a comparable counterpart on the other side."
        }
        VerdictKind::NoBaseline if strict => {
            "This fails the check, because a baseline is required and there is none."
        }
        VerdictKind::NoBaseline => "Nothing was compared: this run can become the baseline.",
        VerdictKind::Inconclusive if strict => {
            "This fails the check, because a decision is asked for where there is none."
        }
        VerdictKind::Inconclusive => return None,
        _ => return possible(document),
    };
    Some(Sentence::new(words))
}

/// So many possible changes are named in one line.
const NAMED: usize = 3;

/// `1 possible slowdown, not certain: GET / latency.p50 +4 %`
fn possible(document: &Document) -> Option<Sentence> {
    let possible: Vec<&Entry> = document
        .comparisons
        .iter()
        .filter(|e| e.standing == Standing::Possible)
        .collect();
    let timed = |e: &&Entry| {
        matches!(e.unit().dimension(), Dimension::Time(_)) && e.better == Better::Lower
    };
    let (one, many) = if possible.iter().all(timed) {
        ("possible slowdown", "possible slowdowns")
    } else {
        ("possible regression", "possible regressions")
    };
    if possible.is_empty() {
        return None;
    }
    let head = format!("{}, not certain: ", plural(possible.len(), one, many));
    let named = possible.iter().take(NAMED).map(|entry| {
        let name = format!("{} {}", entry.subject, entry.metric_statistic());
        let by = entry.change.map_or_else(String::new, |change| {
            format!(" {}", units::coarse_signed(change.ratio - 1.0))
        });
        Sentence::default().foreign(&name).own(by)
    });
    let more = possible.len().saturating_sub(NAMED);
    let mut line = Sentence::new(head).then(Sentence::join(named, ", "));
    if more > 0 {
        line = line.own(format!(" and {more} more"));
    }
    Some(line)
}

/// Whether the gate had a baseline and still compared nothing.
pub(super) fn is_empty_gate(document: &Document) -> bool {
    document.exit_code == 2
        || document.counts.compared == 0 && document.verdict == VerdictKind::Inconclusive
}

/// Why the verdict is what it is, for the document.
pub(super) fn reason(reason: &Reason) -> String {
    let series = |n: &usize| plural(*n, "series", "series");
    match reason {
        Reason::Regressed(n) => format!("{} regressed", series(n)),
        Reason::BudgetsBroken(n) => format!("{} over budget", series(n)),
        Reason::DriftedTooFar(n) => format!("{} drifted too far from the anchor", series(n)),
        Reason::Vanished(n) => format!("{} missing from the current runs", series(n)),
        Reason::Possible(n) => format!(
            "{}, not certain",
            plural(*n, "possible regression", "possible regressions")
        ),
        Reason::NotDecided(n) => format!("{} could not be decided", series(n)),
        Reason::Warnings(n) => plural(*n, "warning", "warnings"),
        Reason::Accepted(n) => plural(*n, "accepted regression", "accepted regressions"),
        Reason::ControlMoved => "the machine is slower than that of the baseline".to_owned(),
        Reason::ControlsMissing(n) => {
            format!("{} missing", plural(*n, "control is", "controls are"))
        }
        Reason::NothingCompared => "nothing was compared".to_owned(),
        Reason::NoBaseline => "there is no baseline yet".to_owned(),
        Reason::WorkloadsUnknown(n) => format!(
            "{} not in the baseline",
            plural(*n, "workload is", "workloads are")
        ),
    }
}

fn standing(document: &Document, wanted: Standing) -> usize {
    let is = |e: &&Entry| e.standing == wanted;
    document.comparisons.iter().filter(is).count()
}

/// `2 warnings`, or what all of them are.
fn warned(document: &Document) -> String {
    let n = warnings(document).count();
    let mut warnings = warnings(document);
    if warnings.all(|e| e.accepted.is_some()) {
        plural(n, "accepted regression", "accepted regressions")
    } else {
        plural(n, "warning", "warnings")
    }
}

fn failed(document: &Document) -> String {
    let of = plural(document.counts.compared, "series", "series");
    failing(document, |regressed| {
        format!("{} of {of} {}", count(regressed.len()), got(regressed))
    })
}

/// Everything for which a gate fails, with `words` for what regressed.
fn failing(document: &Document, words: impl Fn(&[&Entry]) -> String) -> String {
    let failing: Vec<&Entry> = document
        .comparisons
        .iter()
        .filter(|e| e.standing == Standing::Fail)
        .collect();
    let regressed: Vec<&Entry> = failing
        .iter()
        .copied()
        .filter(|e| e.outcome == OutcomeName::Regressed && e.severity == Severity::Fail)
        .collect();
    let those = |is: &dyn Fn(&Entry) -> bool| failing.iter().filter(|e| is(e)).count();
    let broken = those(&|e| e.broken_budget().is_some());
    let drifted = those(&|e| e.drift.as_ref().is_some_and(|d| d.broken));
    let vanished = those(&|e| e.outcome == OutcomeName::Missing);
    let mut parts = Vec::new();
    if !regressed.is_empty() {
        parts.push(words(&regressed));
    }
    let series = |n: usize| plural(n, "series", "series");
    for (n, words) in [
        (broken, "over budget"),
        (drifted, "drifted too far"),
        (vanished, "missing"),
    ] {
        if n > 0 {
            parts.push(format!("{} {words}", series(n)));
        }
    }
    parts.join(", ")
}

/// What regressed series did, in the word that fits all of them.
fn got(regressed: &[&Entry]) -> &'static str {
    let timed = |e: &&Entry| {
        matches!(e.unit().dimension(), Dimension::Time(_)) && e.better == Better::Lower
    };
    let failed = |e: &&Entry| e.is_errors();
    if regressed.iter().all(timed) {
        "got slower"
    } else if regressed.iter().all(failed) && regressed.len() == 1 {
        "fails more often"
    } else if regressed.iter().all(failed) {
        "fail more often"
    } else {
        "got worse"
    }
}

/// What is done about series that look worse and could not be settled.
pub(super) fn suspects_fail(document: &Document) -> bool {
    document.policy.on_inconclusive == OnInconclusive::Fail
}
