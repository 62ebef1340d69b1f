//! How much is sent and when: what the levels of a scenario have in common once, what differs in their order.

use crate::load::scenario::{Arrivals, Closed, Level, Load, Open, Pause, Phase, Scenario, Until};

use super::Definition;
use crate::toml_file::written::duration_text as time;

pub(super) fn write(scenario: &Scenario, definition: &mut Definition) {
    let levels: Vec<Vec<(&str, String)>> = scenario.levels.iter().map(level).collect();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in levels.iter().flatten() {
        if !names.contains(name) {
            names.push(name);
        }
    }
    for name in names {
        let values: Vec<&str> = levels
            .iter()
            .map(|level| {
                let mut named = level.iter().filter(|(other, _)| *other == name);
                named.next().map_or("-", |(_, value)| value.as_str())
            })
            .collect();
        let value = match values.split_first() {
            Some((first, others)) if others.iter().all(|other| other == first) => {
                (*first).to_owned()
            }
            _ => values.join(", "),
        };
        definition.plain(name, value);
    }
    if scenario.levels.len() > 1 {
        definition.plain("levels", scenario.levels.len().to_string());
    }
}

fn level(level: &Level) -> Vec<(&'static str, String)> {
    match &level.load {
        Load::Closed(closed) => users(closed),
        Load::Open(open) => rate(open),
    }
}

fn users(closed: &Closed) -> Vec<(&'static str, String)> {
    let end = match closed.until {
        Until::For(duration) => ("duration", time(duration)),
        Until::Iterations(count) => ("iterations", count.to_string()),
    };
    if !closed.stages.is_empty() {
        let stages: Vec<String> = closed.stages.iter().map(stage).collect();
        return vec![
            ("stages", stages.join(", ")),
            ("think", pause(closed.think)),
        ];
    }
    let spawn = closed.spawn_rate.map(per_second);
    vec![
        ("users", closed.users.to_string()),
        ("think", pause(closed.think)),
        (
            "spawn_rate",
            spawn.unwrap_or_else(|| "all at once".to_owned()),
        ),
        end,
    ]
}

fn rate(open: &Open) -> Vec<(&'static str, String)> {
    let arrivals = match open.arrivals {
        Arrivals::Constant => "constant",
        Arrivals::Poisson => "poisson",
    };
    let mut terms = match open.phases.as_slice() {
        [only] if only.counted => vec![("rate", rate_of(only)), ("duration", time(only.duration))],
        phases => {
            let phases: Vec<String> = phases.iter().map(phase).collect();
            vec![("phases", phases.join(", "))]
        }
    };
    terms.push(("arrivals", arrivals.to_owned()));
    terms.push(("max_users", open.max_users.to_string()));
    terms
}

fn phase(phase: &Phase) -> String {
    let counted = if phase.counted { "" } else { " not counted" };
    format!("{} at {}{counted}", time(phase.duration), rate_of(phase))
}

/// `10s of 0 to 50 users`
fn stage(stage: &Phase) -> String {
    let counted = if stage.counted { "" } else { " not counted" };
    let users = match stage.from.total_cmp(&stage.to).is_eq() {
        true => stage.from.to_string(),
        false => format!("{} to {}", stage.from, stage.to),
    };
    format!("{} of {users} users{counted}", time(stage.duration))
}

fn rate_of(phase: &Phase) -> String {
    if phase.from.total_cmp(&phase.to).is_eq() {
        per_second(phase.from)
    } else {
        format!("{} to {}", per_second(phase.from), per_second(phase.to))
    }
}

fn per_second(rate: f64) -> String {
    format!("{rate}/s")
}

/// `1s..3s`, `none`.
pub(super) fn pause(pause: Pause) -> String {
    match (pause.low, pause.high) {
        (_, high) if high.is_zero() => "none".to_owned(),
        (low, high) if low == high => time(low),
        (low, high) => format!("{}..{}", time(low), time(high)),
    }
}
