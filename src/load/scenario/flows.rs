//! Flows and their steps, in order: each step may use what those before it captured.

use std::collections::BTreeSet;

use super::call::{General, call};
use super::file::{FlowFile, ScenarioFile, StepFile};
use super::socket::socket;
use super::{Action, Flow, Pause, Step};
use crate::toml_file::{FilledText, Located, Problem, Table};

/// Subjects of a run that no step can have.
const RESERVED: [&str; 2] = ["total", "generator"];

pub(super) fn flows(
    file: &ScenarioFile,
    general: &General<'_>,
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
    match &file.step {
        Some(steps) if !flows.is_empty() => Err(Problem::at(
            steps.span(),
            "there are [[flow]] and also [[step]]",
        )
        .hint("with several flows, a step stands in one of them: [[flow.step]]")),
        Some(alone) if alone.is_empty() => Err(nothing()),
        Some(alone) => Ok(vec![Flow {
            name: scenario.to_owned(),
            weight: 1.0,
            steps: steps(alone, general.clone(), Pause::NONE)?,
        }]),
        None if flows.is_empty() => Err(nothing()),
        None => several(flows, general),
    }
}

fn several(
    files: &[Located<Table<FlowFile>>],
    general: &General<'_>,
) -> Result<Vec<Flow>, Problem> {
    let mut flows: Vec<Flow> = Vec::new();
    for file in files {
        let flow = flow(file, general, flows.len() + 1)?;
        if flows.iter().any(|other| other.name == flow.name) {
            let span = file.name.as_ref().map_or(file.span(), Located::span);
            let message = format!("there are two flows of the name `{}`", flow.name);
            return Err(Problem::at(span, message));
        }
        flows.push(flow);
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
    Ok(Flow {
        name,
        weight: file.weight.as_ref().map_or(1.0, |weight| weight.0),
        steps: steps(own, general.clone(), file.think.unwrap_or(Pause::NONE))?,
    })
}

/// `general` is this flow's own: it learns what the steps capture.
fn steps(
    files: &[Located<Table<StepFile>>],
    mut general: General<'_>,
    think: Pause,
) -> Result<Vec<Step>, Problem> {
    let mut steps = Vec::new();
    for file in files {
        let step = step(file, &general, think)?;
        if let Action::Call(call) = &step.action {
            for (name, _) in &call.captures {
                general.names.learn(name);
            }
        }
        steps.push(step);
    }
    Ok(steps)
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
    Ok(Step {
        subject: match &file.name {
            Some(name) => subject(name)?,
            None => usual,
        },
        action,
        timeout: file.timeout.map(|timeout| timeout.0),
        think: file.think.unwrap_or(think),
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
    let alone = file.step.iter().flatten();
    let steps = flows
        .flat_map(|flow| flow.step.iter().flatten())
        .chain(alone);
    steps
        .filter_map(|step| step.capture.as_ref())
        .flat_map(|captures| captures.entries())
        .map(|(name, _)| name.to_owned())
        .collect()
}
