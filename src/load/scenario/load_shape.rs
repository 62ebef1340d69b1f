//! `[load]`: users that wait, or requests that are due; one level, or several for a matrix.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::file::{IterationCount, LoadFile, PhaseFile, RampEnd, Rate, StageFile, UserCount};
use super::flows::subject;
use super::keys::{MOST_LEVELS, OF_RATES, OF_STAGES, OF_USERS, USUAL_MAX_USERS};
use super::{Closed, Flow, Level, Load, Open, Pause, Phase, Until};
use crate::toml_file::{
    FilledText, Located, OneOrMany, Problem, Table, Tables, Whole, at_most_30_days, from_text,
    schema, written,
};

pub(super) const MOST_USERS: usize = 1_000_000;
impl LoadFile {
    /// The place of a key, where it is there.
    fn place(&self, key: &str) -> Option<&Range<usize>> {
        match key {
            "users" => self.users.as_ref().map(OneOrMany::span),
            "spawn_rate" => self.spawn_rate.as_ref().map(Located::span),
            "think" => self.think.as_ref().map(Located::span),
            "duration" => self.duration.as_ref().map(Located::span),
            "iterations" => self.iterations.as_ref().map(OneOrMany::span),
            "requests" => self.requests.as_ref().map(OneOrMany::span),
            "rate" => self.rate.as_ref().map(OneOrMany::span),
            "arrivals" => self.arrivals.as_ref().map(Located::span),
            "max_users" => self.max_users.as_ref().map(Located::span),
            "phase" => self.phase.as_ref().map(Tables::span),
            "stage" => self.stage.as_ref().map(Tables::span),
            "class" => self.class.as_ref().map(Tables::span),
            _ => None,
        }
    }

    /// Refuses keys of the other model.
    fn only(&self, foreign: &[&str], model: &str, hint: &str) -> Result<(), Problem> {
        let mut given = foreign
            .iter()
            .filter_map(|key| Some((key, self.place(key)?)));
        match given.next() {
            Some((key, span)) => {
                let message = format!("`{key}` has no meaning with {model}");
                Err(Problem::at(span, message).hint(hint))
            }
            None => Ok(()),
        }
    }
}

pub(super) fn levels(
    load: &Located<Table<LoadFile>>,
    flows: &[Flow],
) -> Result<Vec<Level>, Problem> {
    if let Some(stages) = &load.stage {
        return Ok(vec![in_stages(load, stages)?]);
    }
    match (&load.users, &load.rate, &load.phase) {
        (Some(_), Some(rate), _) => Err(rate
            .error("[load] has `users` and also `rate`, which are two models of load")
            .hint("users wait for answers, a rate does not: keep one of them")),
        (Some(_), None, Some(phases)) => Err(phases
            .error("phases have a rate, and `users` wait for answers")
            .hint("keep one of them; users = [10, 50, 100] measures several levels of users")),
        (None, Some(rate), Some(_)) => Err(rate
            .error("with phases, each phase has its own `rate`")
            .hint("move it into [[load.phase]]")),
        (Some(users), None, None) => closed(load, users, flows),
        (None, Some(rate), None) => open(load, rate),
        (None, None, Some(phases)) => {
            load.only(&["duration"], "phases", "each phase has its own `duration`")?;
            Ok(vec![due(load, None, self::phases(phases)?)?])
        }
        (None, None, None) => Err(load
            .error_here("[load] has neither `users` nor `rate`")
            .hint("users = 50 for users that wait for answers, rate = 200 for requests a second")),
    }
}

/// One value for one level, or a list of different ones for a matrix, each with what stands in front of its subjects.
fn matrix<T: PartialEq + Copy>(
    key: &str,
    values: &OneOrMany<T>,
    shown: impl Fn(T) -> String,
) -> Result<Vec<(T, Option<String>)>, Problem> {
    let entries = values.entries();
    if entries.is_empty() || entries.len() > MOST_LEVELS {
        return Err(values.error(format!("expected one to {MOST_LEVELS} levels")));
    }
    let mut levels: Vec<(T, Option<String>)> = Vec::new();
    for entry in entries {
        let (level, shown) = (*entry.get(), shown(*entry.get()));
        if levels.iter().any(|(other, _)| *other == level) {
            return Err(entry.error(format!("{shown} stands there twice")));
        }
        let prefix = (entries.len() > 1).then(|| format!("{key}={shown}"));
        levels.push((level, prefix));
    }
    Ok(levels)
}

fn count(users: UserCount) -> NonZeroUsize {
    users
        .to()
        .and_then(NonZeroUsize::new)
        .unwrap_or(NonZeroUsize::MIN)
}

fn closed(
    load: &Located<Table<LoadFile>>,
    users: &OneOrMany<UserCount>,
    flows: &[Flow],
) -> Result<Vec<Level>, Problem> {
    load.only(&OF_RATES, "`users`", "users send their next request when they have the answer; a rate belongs to another scenario")?;
    let ends = ends_of(load, flows)?;
    let mut levels = Vec::new();
    for (users, of_users) in matrix("users", users, |users| users.to_string())? {
        for (until, of_end) in &ends {
            let prefixes: Vec<&str> = of_users.iter().chain(of_end).map(String::as_str).collect();
            levels.push(Level {
                prefix: (!prefixes.is_empty()).then(|| prefixes.join(" ")),
                load: Load::Closed(Closed {
                    users: count(users),
                    spawn_rate: load.spawn_rate.as_ref().map(|rate| rate.0),
                    think: think(load),
                    until: *until,
                    stages: Vec::new(),
                }),
            });
        }
    }
    match levels.len() <= MOST_LEVELS {
        true => Ok(levels),
        false => Err(load.error_here(format!(
            "these are {} levels, and more than {MOST_LEVELS} are a slip",
            levels.len()
        ))),
    }
}

fn think(load: &LoadFile) -> Pause {
    let think = load.think.as_ref().map(|think| *think.get());
    think.unwrap_or(Pause::NONE)
}

/// When the load ends: once, or in as many ways as there are levels of it, each with what stands in front of its
/// subjects.
fn ends_of(
    load: &Located<Table<LoadFile>>,
    flows: &[Flow],
) -> Result<Vec<(Until, Option<String>)>, Problem> {
    let ends = ["duration", "iterations", "requests"];
    let mut given = ends.iter().filter_map(|key| Some((key, load.place(key)?)));
    if let (Some((first, _)), Some((second, span))) = (given.next(), given.next()) {
        let message = format!("`{first}` ends the load, and so does `{second}`");
        return Err(Problem::at(span, message).hint("keep one of them"));
    }
    let counts = |key: &str, counts: &OneOrMany<IterationCount>| {
        let levels = matrix(key, counts, |count| count.to_string())?;
        let levels = levels.into_iter();
        let levels = levels.map(|(count, prefix)| (Until::Iterations(count.get()), prefix));
        Ok(levels.collect())
    };
    let longest = flows.iter().map(|flow| flow.steps.len()).max().unwrap_or(0);
    match (&load.duration, &load.iterations, &load.requests) {
        (Some(duration), ..) => Ok(vec![(Until::For(duration.0), None)]),
        (_, Some(iterations), _) => counts("iterations", iterations),
        (.., Some(requests)) if longest > 1 => Err(requests
            .error(format!(
                "it is for flows of one step, and one here has {longest}"
            ))
            .hint("write `iterations`: each takes one flow from its first step to its last")),
        (.., Some(requests)) => counts("requests", requests),
        (None, None, None) => Err(load
            .error_here("[load] says `users` and not for how long")
            .hint("add duration = \"30s\", or iterations = 1000")),
    }
}

/// Users that come and go.
fn in_stages(load: &LoadFile, files: &Tables<StageFile>) -> Result<Level, Problem> {
    load.only(
        &["users", "rate", "phase"],
        "stages",
        "each stage says how many `users` there are; a rate belongs to another scenario",
    )?;
    load.only(&OF_STAGES, "stages", "each stage has its own `duration`")?;
    load.only(&OF_RATES, "stages", "users wait for their answers")?;
    let mut stages: Vec<Phase> = Vec::new();
    for file in files {
        let name = named(file.name.as_ref(), &stages, "stage")?;
        let users = |users: &Located<Whole<0, 1_000_000>>| {
            f64::from(u32::try_from(users.get().get()).unwrap_or(u32::MAX))
        };
        let (from, to) = match file.users.entries() {
            [only] => (users(only), users(only)),
            [first, last] => (users(first), users(last)),
            _ => {
                let message =
                    "expected how many users there are, or how many first and last, like [0, 50]";
                return Err(file.users.error(message));
            }
        };
        stages.push(Phase {
            name,
            duration: file.duration.0,
            from,
            to,
            counted: file.counted,
        });
    }
    if !stages.iter().any(|stage| stage.counted) {
        return Err(files
            .error("no stage is counted, so nothing would be measured")
            .hint("leave out counted = false of the stages that matter"));
    }
    let numbers = files.iter().flat_map(|file| file.users.entries());
    let most = numbers.filter_map(|users| users.to()).max();
    let Some(users) = most.and_then(NonZeroUsize::new) else {
        return Err(files.error("there is never a user"));
    };
    let whole: Duration = stages.iter().map(|stage| stage.duration).sum();
    Ok(Level {
        prefix: None,
        load: Load::Closed(Closed {
            users,
            spawn_rate: None,
            think: think(load),
            until: Until::For(whole),
            stages,
        }),
    })
}

/// The name of a phase or a stage, which no other may have.
fn named(
    name: Option<&Located<FilledText>>,
    others: &[Phase],
    what: &str,
) -> Result<Option<String>, Problem> {
    let Some(written) = name else {
        return Ok(None);
    };
    let name = subject(written)?;
    match others
        .iter()
        .any(|other| other.name.as_ref() == Some(&name))
    {
        true => Err(written.error(format!("another {what} has it already"))),
        false => Ok(Some(name)),
    }
}

fn open(load: &Located<Table<LoadFile>>, rates: &OneOrMany<Rate>) -> Result<Vec<Level>, Problem> {
    let Some(duration) = &load.duration else {
        return Err(load
            .error_here("[load] says `rate` and not for how long")
            .hint("add duration = \"30s\""));
    };
    let levels = matrix("rate", rates, |rate| rate.0.to_string())?;
    let levels = levels.into_iter().map(|(rate, prefix)| {
        let phase = Phase {
            name: None,
            duration: duration.0,
            from: rate.0,
            to: rate.0,
            counted: true,
        };
        due(load, prefix, vec![phase])
    });
    levels.collect()
}

/// A level of requests that are due.
fn due(load: &LoadFile, prefix: Option<String>, phases: Vec<Phase>) -> Result<Level, Problem> {
    load.only(
        &OF_USERS,
        "a rate",
        "requests of a rate are sent when they are due; a flow and its steps may have a `think`",
    )?;
    let max_users = load.max_users.as_ref().map(|users| count(*users.get()));
    let arrivals = load.arrivals.as_ref().map(|arrivals| arrivals.0);
    Ok(Level {
        prefix,
        load: Load::Open(Open {
            phases,
            arrivals: arrivals.unwrap_or_default(),
            max_users: max_users
                .or(NonZeroUsize::new(USUAL_MAX_USERS))
                .unwrap_or(NonZeroUsize::MIN),
        }),
    })
}

fn phases(files: &Tables<PhaseFile>) -> Result<Vec<Phase>, Problem> {
    let mut phases: Vec<Phase> = Vec::new();
    for file in files {
        let name = named(file.name.as_ref(), &phases, "phase")?;
        let (from, to) = ends(&file.rate)?;
        phases.push(Phase {
            name,
            duration: file.duration.0,
            from,
            to,
            counted: file.counted,
        });
    }
    if !phases.iter().any(|phase| phase.counted) {
        return Err(Problem::at(
            files.span(),
            "no phase is counted, so nothing would be measured",
        )
        .hint("leave out counted = false of the phases that matter"));
    }
    Ok(phases)
}

/// The rate with which a phase begins, and that with which it ends.
fn ends(rate: &OneOrMany<RampEnd>) -> Result<(f64, f64), Problem> {
    let (from, to) = match rate.entries() {
        [rate] => (rate.0, rate.0),
        [from, to] => (from.0, to.0),
        _ => return Err(rate.error("expected a rate, or a first and a last one, like [10, 50]")),
    };
    if from == 0.0 && to == 0.0 {
        return Err(rate.error("nothing would be sent at a rate of 0"));
    }
    Ok((from, to))
}

impl Pause {
    pub const NONE: Self = Self {
        low: Duration::ZERO,
        high: Duration::ZERO,
    };

    /// `1s`, or `1s..3s` for anything between.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (low, high) = text.split_once("..").unwrap_or((text, text));
        let (low, high) = (written::duration(low)?, written::duration(high)?);
        if low > high {
            return Err(format!("`{text}` ends before it begins"));
        }
        Ok(Self { low, high })
    }
}

impl<'de> Deserialize<'de> for Pause {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, |text| {
            if text.trim().is_empty() {
                return Err("it is empty".to_owned());
            }
            let pause = Self::parse(text)?;
            at_most_30_days(pause.high).map(|_| pause)
        })
    }
}

schema!(Pause, {
    "title": "pause",
    "type": "string",
    "pattern": "^\\s*\\+?[0-9.]+\\s*(ms|s|m|min|h)\\s*(\\.\\.\\s*\\+?[0-9.]+\\s*(ms|s|m|min|h)\\s*)?$",
    "examples": ["1s", "1s..3s"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_a_time_or_a_range_of_times() {
        let (one, three) = (Duration::from_secs(1), Duration::from_secs(3));
        assert_eq!(
            Pause::parse("1s..3s"),
            Ok(Pause {
                low: one,
                high: three
            })
        );
        assert_eq!(
            Pause::parse("1s"),
            Ok(Pause {
                low: one,
                high: one
            })
        );
        for bad in ["3s..1s", "1..3s", "..", "1s..", "1s..2s..3s", ""] {
            assert!(Pause::parse(bad).is_err(), "{bad}");
        }
    }
}
