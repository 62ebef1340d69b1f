//! Flags over a scenario: those that name the same thing replace it, and the results say that they did.

use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;

use crate::cli::args::LoadFlags;
use crate::hint::WithHint;
use crate::load::Scenario;
use crate::load::scenario::{Closed, Load, Open, Until};

/// A scenario with what a reader of its results should know.
pub(crate) struct Planned {
    pub(crate) scenario: Scenario,
    pub(crate) warnings: Vec<String>,
}

pub(crate) fn apply(
    mut scenario: Scenario,
    flags: &LoadFlags,
    path: &Path,
) -> anyhow::Result<Planned> {
    let shown = path.display().to_string();
    refuse_others(flags, &shown)?;
    let mut replaced = Vec::new();
    if let Some(users) = flags.users {
        let closed = closed(&mut scenario, "--users", &shown)?;
        refuse_stages(closed, "--users", &shown)?;
        closed.users = users;
        replaced.push(format!("--users {users}"));
    }
    if let Some(rate) = flags.rate {
        let open = open(&mut scenario, "--rate", &shown)?;
        let phase = only_phase(open, "--rate", &shown)?;
        (phase.from, phase.to) = (rate, rate);
        replaced.push(format!("--rate {rate}"));
    }
    if let Some(duration) = flags.duration {
        set_duration(&mut scenario, duration, &shown)?;
        replaced.push(format!("--for {}s", duration.as_secs_f64()));
    }
    if let Some(warmup) = flags.warmup {
        scenario.warmup = warmup;
        replaced.push(format!("--warmup {}s", warmup.as_secs_f64()));
    }
    scenario.threads = flags.threads.or(scenario.threads);
    if let Some(seed) = flags.seed {
        scenario.seed = seed;
        replaced.push(format!("--seed {seed}"));
    }
    let warnings = if replaced.is_empty() {
        Vec::new()
    } else {
        // Compared with runs of the scenario as it stands, such a run would show a change that is none.
        vec![format!(
            "not the load that {shown} says: {}",
            replaced.join(" ")
        )]
    };
    Ok(Planned { scenario, warnings })
}

fn refuse_others(flags: &LoadFlags, shown: &str) -> anyhow::Result<()> {
    let given = [
        ("--requests", flags.requests.is_some()),
        ("--arrivals", flags.arrivals.is_some()),
        ("--max-users", flags.max_users.is_some()),
        ("--think", flags.think.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(anyhow!(
            "load {shown}: {flag} is for a URL, and a scenario says it itself"
        ))
        .hint("write it into the scenario; --rate, --users, --for, --warmup, --threads and --seed replace what it says"),
        None => Ok(()),
    }
}

/// The one level, where there is one: a flag over a matrix would make its levels alike.
fn only_level<'s>(
    scenario: &'s mut Scenario,
    flag: &str,
    shown: &str,
) -> anyhow::Result<&'s mut Load> {
    let levels = scenario.levels.len();
    match scenario.levels.as_mut_slice() {
        [level] => Ok(&mut level.load),
        _ => Err(anyhow!(
            "load {shown}: {flag} cannot replace {levels} levels at once"
        ))
        .hint("change the levels in the scenario, or keep a scenario of one level beside it"),
    }
}

fn closed<'s>(
    scenario: &'s mut Scenario,
    flag: &str,
    shown: &str,
) -> anyhow::Result<&'s mut Closed> {
    match only_level(scenario, flag, shown)? {
        Load::Closed(closed) => Ok(closed),
        Load::Open(_) => Err(anyhow!("load {shown}: {flag} cannot replace a rate")).hint(
            "--rate replaces it; users that wait are another kind of load, and another scenario",
        ),
    }
}

fn open<'s>(scenario: &'s mut Scenario, flag: &str, shown: &str) -> anyhow::Result<&'s mut Open> {
    match only_level(scenario, flag, shown)? {
        Load::Open(open) => Ok(open),
        Load::Closed(_) => Err(anyhow!("load {shown}: {flag} cannot replace users"))
            .hint("--users replaces them; a rate is another kind of load, and another scenario"),
    }
}

fn only_phase<'o>(
    open: &'o mut Open,
    flag: &str,
    shown: &str,
) -> anyhow::Result<&'o mut crate::load::scenario::Phase> {
    let phases = open.phases.len();
    match open.phases.as_mut_slice() {
        [phase] => Ok(phase),
        _ => Err(anyhow!(
            "load {shown}: {flag} cannot replace {phases} phases at once"
        ))
        .hint("change the phases in the scenario"),
    }
}

fn refuse_stages(closed: &Closed, flag: &str, shown: &str) -> anyhow::Result<()> {
    let stages = closed.stages.len();
    match stages {
        0 => Ok(()),
        _ => Err(anyhow!(
            "load {shown}: {flag} cannot replace {stages} stages at once"
        ))
        .hint("change the stages in the scenario"),
    }
}

/// Of every level: levels of users may last alike.
fn set_duration(scenario: &mut Scenario, duration: Duration, shown: &str) -> anyhow::Result<()> {
    for level in &mut scenario.levels {
        match &mut level.load {
            Load::Closed(closed) => {
                refuse_stages(closed, "--for", shown)?;
                closed.until = Until::For(duration);
            }
            Load::Open(open) => only_phase(open, "--for", shown)?.duration = duration,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::scenario::{Simple, from_url};

    fn scenario(rate: Option<f64>) -> Scenario {
        from_url(Simple {
            url: "http://127.0.0.1:1/x".to_owned(),
            users: if rate.is_none() {
                "3".parse().ok()
            } else {
                None
            },
            rate,
            duration: Some(Duration::from_secs(9)),
            ..Simple::default()
        })
        .unwrap()
    }

    fn apply_to(scenario: Scenario, flags: &LoadFlags) -> anyhow::Result<Planned> {
        apply(scenario, flags, Path::new("api.toml"))
    }

    fn users(n: &str) -> LoadFlags {
        LoadFlags {
            users: n.parse().ok(),
            duration: Some(Duration::from_secs(2)),
            ..LoadFlags::default()
        }
    }

    #[test]
    fn flags_replace_what_the_scenario_says_and_the_run_tells() {
        let planned = apply_to(scenario(None), &users("7")).unwrap();
        let Load::Closed(closed) = &planned.scenario.levels[0].load else {
            panic!("closed");
        };
        assert_eq!(closed.users.get(), 7);
        assert_eq!(closed.until, Until::For(Duration::from_secs(2)));
        assert_eq!(
            planned.warnings,
            ["not the load that api.toml says: --users 7 --for 2s"]
        );
        let rate = LoadFlags {
            rate: Some(50.0),
            ..LoadFlags::default()
        };
        let planned = apply_to(scenario(Some(10.0)), &rate).unwrap();
        let Load::Open(open) = &planned.scenario.levels[0].load else {
            panic!("open");
        };
        assert_eq!((open.phases[0].from, open.phases[0].to), (50.0, 50.0));
        let none = apply_to(scenario(None), &LoadFlags::default()).unwrap();
        assert!(none.warnings.is_empty());
    }

    #[test]
    fn what_cannot_be_replaced_is_refused_in_a_sentence() {
        let refused = |scenario: Scenario, flags: &LoadFlags| {
            format!("{:#}", apply_to(scenario, flags).err().unwrap())
        };
        let rate = LoadFlags {
            rate: Some(50.0),
            ..LoadFlags::default()
        };
        assert!(refused(scenario(None), &rate).contains("--rate cannot replace users"));
        assert!(
            refused(scenario(Some(1.0)), &users("3")).contains("--users cannot replace a rate")
        );
        let mut matrix = scenario(None);
        matrix.levels.push(matrix.levels[0].clone());
        assert!(refused(matrix, &users("3")).contains("2 levels"));
        let mut ramp = scenario(Some(1.0));
        if let Load::Open(open) = &mut ramp.levels[0].load {
            open.phases.push(open.phases[0].clone());
        }
        assert!(refused(ramp, &rate).contains("2 phases"));
        let requests = LoadFlags {
            requests: Some(5),
            ..LoadFlags::default()
        };
        assert!(refused(scenario(None), &requests).contains("--requests is for a URL"));
    }
}
