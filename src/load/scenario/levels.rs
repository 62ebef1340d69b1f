//! `[load]`: users that wait, or requests that are due; one level, or several for a matrix.

use std::num::NonZeroUsize;

use crate::toml_file::{Form, FormError, Node, value};

use super::reader::{pause, some_time};
use super::{Arrivals, Closed, Flow, Level, Load, Open, Pause, Phase, Until};

pub(super) const KEYS: [&str; 10] = [
    "users",
    "spawn_rate",
    "think",
    "duration",
    "iterations",
    "requests",
    "rate",
    "arrivals",
    "max_users",
    "phase",
];
const PHASE_KEYS: [&str; 4] = ["name", "duration", "rate", "counted"];
const ARRIVALS: [(&str, Arrivals); 2] = [
    ("constant", Arrivals::Constant),
    ("poisson", Arrivals::Poisson),
];

pub(super) const MOST_USERS: usize = 1_000_000;
pub(super) const MOST_PER_SECOND: f64 = 1_000_000.0;
/// Of one scenario; more would be no sweep but a slip.
const MOST_LEVELS: usize = 100;
/// At once under a rate, where nobody said: as many connections as a service with its system as it comes takes.
pub(super) const USUAL_MAX_USERS: usize = 10_000;

pub(super) fn levels(form: &Form<'_>, flows: &[Flow]) -> Result<Vec<Level>, FormError> {
    match (form.node("users"), form.node("rate"), form.has("phase")) {
        (Some(_), Some(rate), _) => Err(rate
            .error("[load] has `users` and also `rate`, which are two models of load")
            .hint("users wait for answers, a rate does not: keep one of them")),
        (Some(_), None, true) => Err(form
            .error_at(
                "phase",
                "`phase`: phases have a rate, and `users` wait for answers",
            )
            .hint("keep one of them; users = [10, 50, 100] measures several levels of users")),
        (None, Some(rate), true) => Err(rate
            .error("with phases, each phase has its own `rate`")
            .hint("move it into [[load.phase]]")),
        (Some(users), None, false) => closed(form, &users, flows),
        (None, rate, _) if rate.is_some() || form.has("phase") => open(form, rate.as_ref()),
        _ => Err(form
            .error("[load] has neither `users` nor `rate`")
            .hint("users = 50 for users that wait for answers, rate = 200 for requests a second")),
    }
}

/// Refuses keys of the other model.
fn only(form: &Form<'_>, foreign: &[&str], model: &str, hint: &str) -> Result<(), FormError> {
    match foreign.iter().find(|key| form.has(key)) {
        Some(key) => Err(form
            .error_at(key, format!("`{key}` has no meaning with {model}"))
            .hint(hint)),
        None => Ok(()),
    }
}

/// One value for one level, or a list of different ones for a matrix.
fn matrix<T: PartialEq + Copy + ToString>(
    node: &Node<'_>,
    read: impl Fn(&Node<'_>) -> Result<T, FormError>,
) -> Result<Vec<(T, Option<String>)>, FormError> {
    let entries = node.one_or_more()?;
    if entries.is_empty() || entries.len() > MOST_LEVELS {
        return Err(node.error(format!("expected one to {MOST_LEVELS} levels")));
    }
    let several = entries.len() > 1;
    let mut levels: Vec<(T, Option<String>)> = Vec::new();
    for entry in &entries {
        let level = read(entry)?;
        let shown = level.to_string();
        if levels.iter().any(|(other, _)| *other == level) {
            return Err(entry.error(format!("{shown} stands there twice")));
        }
        let prefix = several.then(|| format!("{}={shown}", node.label()));
        levels.push((level, prefix));
    }
    Ok(levels)
}

fn closed(form: &Form<'_>, users: &Node<'_>, flows: &[Flow]) -> Result<Vec<Level>, FormError> {
    let hint = "users send their next request when they have the answer; a rate belongs to another scenario";
    only(form, &["arrivals", "max_users"], "`users`", hint)?;
    let spawn_rate = form.node("spawn_rate").map(|node| per_second(&node));
    let spawn_rate = spawn_rate.transpose()?;
    let think = form.node("think").map(|node| pause(&node)).transpose()?;
    let until = until(form, flows)?;
    Ok(matrix(users, |node| node.whole(1..=MOST_USERS))?
        .into_iter()
        .map(|(users, prefix)| Level {
            prefix,
            load: Load::Closed(Closed {
                users: NonZeroUsize::new(users).unwrap_or(NonZeroUsize::MIN),
                spawn_rate,
                think: think.unwrap_or(Pause::NONE),
                until,
            }),
        })
        .collect())
}

fn until(form: &Form<'_>, flows: &[Flow]) -> Result<Until, FormError> {
    let ends: Vec<Node<'_>> = ["duration", "iterations", "requests"]
        .iter()
        .filter_map(|key| form.node(key))
        .collect();
    let end = match ends.as_slice() {
        [end] => end,
        [] => {
            return Err(form
                .error("[load] says `users` and not for how long")
                .hint("add duration = \"30s\", or iterations = 1000"));
        }
        [first, second, ..] => {
            let message = format!(
                "`{}` ends the load, and so does `{}`",
                first.label(),
                second.label()
            );
            return Err(form
                .error_at(second.label(), message)
                .hint("keep one of them"));
        }
    };
    match end.label() {
        "duration" => some_time(end).map(Until::For),
        label => {
            let longest = flows.iter().map(|flow| flow.steps.len()).max().unwrap_or(0);
            if label == "requests" && longest > 1 {
                return Err(end
                    .error(format!(
                        "it is for flows of one step, and one here has {longest}"
                    ))
                    .hint(
                        "write `iterations`: each takes one flow from its first step to its last",
                    ));
            }
            end.whole(1..=1_000_000_000_000_u64).map(Until::Iterations)
        }
    }
}

fn open(form: &Form<'_>, rate: Option<&Node<'_>>) -> Result<Vec<Level>, FormError> {
    let hint =
        "requests of a rate are sent when they are due; a flow and its steps may have a `think`";
    let foreign = ["spawn_rate", "think", "iterations", "requests"];
    only(form, &foreign, "a rate", hint)?;
    let max_users = value(form.whole("max_users", 1..=MOST_USERS)?).unwrap_or(USUAL_MAX_USERS);
    let arrivals = value(form.choice("arrivals", &ARRIVALS)?).unwrap_or_default();
    let level = |prefix, phases| Level {
        prefix,
        load: Load::Open(Open {
            phases,
            arrivals,
            max_users: NonZeroUsize::new(max_users).unwrap_or(NonZeroUsize::MIN),
        }),
    };
    let Some(rate) = rate else {
        only(
            form,
            &["duration"],
            "phases",
            "each phase has its own `duration`",
        )?;
        return Ok(vec![level(None, phases(form)?)]);
    };
    let duration = form.node("duration").ok_or_else(|| {
        form.error("[load] says `rate` and not for how long")
            .hint("add duration = \"30s\"")
    })?;
    let duration = some_time(&duration)?;
    Ok(matrix(rate, per_second)?
        .into_iter()
        .map(|(rate, prefix)| {
            let phase = Phase {
                name: None,
                duration,
                from: rate,
                to: rate,
                counted: true,
            };
            level(prefix, vec![phase])
        })
        .collect())
}

fn phases(form: &Form<'_>) -> Result<Vec<Phase>, FormError> {
    let mut phases: Vec<Phase> = Vec::new();
    let forms = form.tables("phase", "[[load.phase]]", &PHASE_KEYS)?;
    for form in &forms {
        let phase = phase(form)?;
        if phase.name.is_some() && phases.iter().any(|other| other.name == phase.name) {
            return Err(form.error_at("name", "`name`: another phase has it already"));
        }
        phases.push(phase);
    }
    if !phases.iter().any(|phase| phase.counted) {
        return Err(form
            .error_at("phase", "no phase is counted, so nothing would be measured")
            .hint("leave out counted = false of the phases that matter"));
    }
    Ok(phases)
}

fn phase(form: &Form<'_>) -> Result<Phase, FormError> {
    let missing = |key: &str| {
        form.error(format!("[[load.phase]] has no `{key}`")).hint(
            "write it like duration = \"60s\", rate = 50; or rate = [10, 50], which rises evenly",
        )
    };
    let rate = form.node("rate").ok_or_else(|| missing("rate"))?;
    let duration = form.node("duration").ok_or_else(|| missing("duration"))?;
    let (from, to) = match rate.one_or_more()?.as_slice() {
        [rate] => (per_second(rate)?, per_second(rate)?),
        [from, to] => (ramp_end(from)?, ramp_end(to)?),
        _ => return Err(rate.error("expected a rate, or a first and a last one, like [10, 50]")),
    };
    if from == 0.0 && to == 0.0 {
        return Err(rate.error("nothing would be sent at a rate of 0"));
    }
    Ok(Phase {
        name: form
            .node("name")
            .map(|node| super::steps::subject(&node))
            .transpose()?,
        duration: some_time(&duration)?,
        from,
        to,
        counted: value(form.flag("counted")?).unwrap_or(true),
    })
}

fn per_second(node: &Node<'_>) -> Result<f64, FormError> {
    let rate = node.number()?;
    if rate == 0.0 {
        return Err(node.error("nothing would be sent at a rate of 0"));
    }
    if !(0.0..=MOST_PER_SECOND).contains(&rate) {
        return Err(node.error(format!("expected a rate up to {MOST_PER_SECOND} a second")));
    }
    Ok(rate)
}

/// A ramp may begin or end at nothing.
fn ramp_end(node: &Node<'_>) -> Result<f64, FormError> {
    if node.number()? == 0.0 {
        return Ok(0.0);
    }
    per_second(node)
}
