//! Flows and their steps, in order: each step may use what those before it captured.

use std::collections::BTreeSet;

use super::call::{General, call};
use super::file::{FlowFile, ScenarioFile};
use super::hosts::destination;
use super::socket::socket;
use super::step_file::StepFile;
use super::turns::turns;
use super::{Action, Flow, Pause, Step};
use crate::toml_file::{FilledText, Located, OneOrMany, Problem, Table};

/// Subjects of a run that no step can have.
const RESERVED: [&str; 2] = ["total", "generator"];

/// All steps of a scenario.
pub(super) struct Parts {
    pub(super) setup: Vec<Step>,
    pub(super) flows: Vec<Flow>,
    pub(super) teardown: Vec<Step>,
}

/// `general` learns what is known to every user: what the setup captures, and what each user captures once.
pub(super) fn parts(
    file: &ScenarioFile,
    general: &mut General<'_>,
    scenario: &str,
) -> Result<Parts, Problem> {
    let of_run = |entries: &Option<OneOrMany<Table<StepFile>>>, general: &mut General<'_>| {
        let entries = entries.as_ref().map_or(&[][..], OneOrMany::entries);
        steps(entries, general, Pause::NONE)
    };
    let setup = of_run(&file.setup, general)?;
    let teardown = of_run(&file.teardown, &mut general.clone())?;
    Ok(Parts {
        setup,
        flows: flows(file, general, scenario)?,
        teardown,
    })
}

fn flows(
    file: &ScenarioFile,
    general: &mut General<'_>,
    scenario: &str,
) -> Result<Vec<Flow>, Problem> {
    let nothing = || {
        Problem::at(
            &(0..0),
            "there is nothing to send: no [[step]] and no [[flow]]",
        )
        .hint("write [[step]] and below it get = \"/items\"")
    };
    let flows = file.flow.as_deref().unwrap_or_default();
    if let (Some(once), None) = (&file.once, &file.step) {
        return Err(Problem::at(
            once.span(),
            "[[once]] stands beside [[step]], of which there is none",
        )
        .hint("in one of several flows it is [[flow.once]]"));
    }
    match &file.step {
        Some(steps) if !flows.is_empty() => Err(Problem::at(
            steps.span(),
            "there are [[flow]] and also [[step]]",
        )
        .hint("with several flows, a step stands in one of them: [[flow.step]]")),
        Some(alone) if alone.is_empty() => Err(nothing()),
        Some(alone) => {
            let once = file.once.as_deref().unwrap_or_default();
            Ok(vec![Flow {
                name: scenario.to_owned(),
                weight: 1.0,
                once: steps(once, general, Pause::NONE)?,
                steps: steps(alone, &mut general.clone(), Pause::NONE)?,
            }])
        }
        None if flows.is_empty() => Err(nothing()),
        None => several(flows, general),
    }
}

fn several(
    files: &[Located<Table<FlowFile>>],
    general: &mut General<'_>,
) -> Result<Vec<Flow>, Problem> {
    let mut once = Vec::new();
    for file in files {
        let own = file.once.as_deref().unwrap_or_default();
        once.push(steps(own, general, file.think.unwrap_or(Pause::NONE))?);
    }
    let mut flows: Vec<Flow> = Vec::new();
    for (file, once) in files.iter().zip(once) {
        let flow = flow(file, general, flows.len() + 1)?;
        if flows.iter().any(|other| other.name == flow.name) {
            let span = file.name.as_ref().map_or(file.span(), Located::span);
            let message = format!("there are two flows of the name `{}`", flow.name);
            return Err(Problem::at(span, message));
        }
        flows.push(Flow { once, ..flow });
    }
    if flows.iter().all(|flow| flow.weight == 0.0) {
        let weight = files.first().and_then(|first| first.weight.as_ref());
        return Err(Problem::at(
            weight.map_or(&(0..0), Located::span),
            "every flow has the weight 0, so none is ever taken",
        ));
    }
    Ok(flows)
}

fn flow(
    file: &Located<Table<FlowFile>>,
    general: &General<'_>,
    number: usize,
) -> Result<Flow, Problem> {
    let name = match &file.name {
        Some(name) => subject(name)?,
        None => format!("flow {number}"),
    };
    let own = file.step.as_deref().unwrap_or_default();
    if own.is_empty() {
        return Err(file
            .error_here(format!("the flow `{name}` has no steps"))
            .hint("write [[flow.step]] and below it get = \"/items\""));
    }
    let think = file.think.unwrap_or(Pause::NONE);
    Ok(Flow {
        name,
        weight: file.weight.as_ref().map_or(1.0, |weight| weight.0),
        once: Vec::new(),
        steps: steps(own, &mut general.clone(), think)?,
    })
}

/// `general` learns what the steps capture.
fn steps(
    files: &[Located<Table<StepFile>>],
    general: &mut General<'_>,
    think: Pause,
) -> Result<Vec<Step>, Problem> {
    let mut steps: Vec<Step> = Vec::new();
    // What is known to steps that are sent at the same time: nothing of each other.
    let mut alone = general.names.clone();
    for (number, file) in files.iter().enumerate() {
        let is_beside = file.together.as_ref().is_some_and(|flag| *flag.get());
        let mut step = match is_beside {
            false => step(file, general, think)?,
            true => {
                let before = files.get(number.wrapping_sub(1));
                check_together(file, before)?;
                // The pause is behind all of them.
                if let Some(last) = steps.last_mut() {
                    last.think = Pause::NONE;
                }
                let names = alone.clone();
                step(
                    file,
                    &General {
                        names,
                        ..general.clone()
                    },
                    think,
                )?
            }
        };
        if !is_beside {
            alone = general.names.clone();
        }
        step.together = is_beside;
        let before = general.names.clone();
        if let Action::Call(call) = &step.action {
            for (name, _) in &call.captures {
                general.names.learn(name);
            }
        }
        step.turns = turns(file, general.reader, (&before, &general.names))?;
        steps.push(step);
    }
    Ok(steps)
}

/// Refuses what steps cannot have that are sent at the same time.
fn check_together(
    file: &Located<Table<StepFile>>,
    before: Option<&Located<Table<StepFile>>>,
) -> Result<(), Problem> {
    let Some(before) = before else {
        return Err(
            file.error_here("there is no step before it that it could be sent together with")
        );
    };
    for step in [before, file] {
        let unfit = [
            ("websocket", step.websocket.as_ref().map(Located::span)),
            ("when", step.when.as_ref().map(Located::span)),
            ("repeat", step.repeat.as_ref().map(Located::span)),
        ];
        if let Some((key, span)) = unfit.into_iter().find_map(|(key, span)| Some((key, span?))) {
            let message = format!("a step with `{key}` is not sent together with others");
            return Err(Problem::at(span, message));
        }
    }
    match &before.think {
        Some(think) => Err(think
            .error("the next step is sent at the same time, so there is no time for a pause")
            .hint("write it in the last of the steps that are sent together")),
        None => Ok(()),
    }
}

fn step(
    file: &Located<Table<StepFile>>,
    general: &General<'_>,
    think: Pause,
) -> Result<Step, Problem> {
    let (action, usual) = match (&file.websocket, &file.messages) {
        (Some(path), _) => {
            let (socket, usual) = socket(file, path, general)?;
            (Action::Socket(Box::new(socket)), usual)
        }
        (None, Some(messages)) => {
            return Err(messages.error("messages are for a step with `websocket`"));
        }
        (None, None) => {
            let (call, usual) = call(file, general)?;
            (Action::Call(Box::new(call)), usual)
        }
    };
    let destination = destination(file.host.as_ref(), general.hosts)?;
    Ok(Step {
        subject: match (&file.name, &file.host) {
            (Some(name), _) => subject(name)?,
            // Two hosts may have the same paths.
            (None, Some(host)) => format!("{} {usual}", host.trim()),
            (None, None) => usual,
        },
        destination,
        together: false,
        action,
        timeout: file.timeout.map(|timeout| timeout.0),
        think: file.think.as_ref().map_or(think, |think| *think.get()),
        turns: None,
    })
}

/// A name that stands in reports.
pub(super) fn subject(name: &Located<FilledText>) -> Result<String, Problem> {
    let text = name.trim();
    if text.chars().any(char::is_control) {
        return Err(name.error("a name is one line of text"));
    }
    if RESERVED.contains(&text) {
        return Err(name.error(format!("`{text}` is a subject of perfgate's own")));
    }
    Ok(text.to_owned())
}

/// Every name that some step captures, for hints.
pub(super) fn captured(file: &ScenarioFile) -> BTreeSet<String> {
    let flows = file.flow.iter().flatten();
    let of_flows = flows.flat_map(|flow| flow.once.iter().chain(&flow.step).flatten());
    let alone = file.once.iter().chain(&file.step).flatten();
    of_flows
        .chain(alone)
        .filter_map(|step| step.capture.as_ref())
        .flat_map(|captures| captures.entries())
        .map(|(name, _)| name.to_owned())
        .collect()
}
