//! `[[flow]]` and, where there is only one, `[[step]]`.

use std::collections::BTreeSet;

use crate::toml_file::{Form, FormError, Node};

use super::reader::pause;
use super::steps::{self, General, steps, subject};
use super::{Flow, Pause};

const KEYS: [&str; 4] = ["name", "weight", "think", "step"];

pub(super) fn flows(
    top: &Form<'_>,
    general: &General<'_, '_>,
    scenario: &str,
) -> Result<Vec<Flow>, FormError> {
    if top.has("flow") && top.has("step") {
        return Err(top
            .error_at("step", "there are [[flow]] and also [[step]]")
            .hint("with several flows, a step stands in one of them: [[flow.step]]"));
    }
    let forms = top.tables("flow", "[[flow]]", &KEYS)?;
    let alone = top.tables("step", "[[step]]", &steps::KEYS)?;
    if !alone.is_empty() {
        return Ok(vec![Flow {
            name: scenario.to_owned(),
            weight: 1.0,
            steps: steps(&alone, &mut fresh(general), Pause::NONE)?,
        }]);
    }
    let mut flows: Vec<Flow> = Vec::new();
    for form in &forms {
        let flow = flow(form, general, flows.len() + 1)?;
        if flows.iter().any(|other| other.name == flow.name) {
            let message = format!("there are two flows of the name `{}`", flow.name);
            return Err(form.error_at("name", message));
        }
        flows.push(flow);
    }
    match forms.first() {
        None => Err(top
            .error("there is nothing to send: no [[step]] and no [[flow]]")
            .hint("write [[step]] and below it get = \"/items\"")),
        Some(first) if flows.iter().all(|flow| flow.weight == 0.0) => Err(first.error_at(
            "weight",
            "every flow has the weight 0, so none is ever taken",
        )),
        Some(_) => Ok(flows),
    }
}

/// Each flow begins with what nobody captured yet.
fn fresh<'g, 't>(general: &General<'g, 't>) -> General<'g, 't> {
    General {
        reader: general.reader,
        names: general.names.clone(),
        headers: general.headers.clone(),
        auth: general.auth.clone(),
    }
}

fn flow(form: &Form<'_>, general: &General<'_, '_>, number: usize) -> Result<Flow, FormError> {
    let weight = match form.node("weight") {
        Some(node) => weight(&node)?,
        None => 1.0,
    };
    let think = match form.node("think") {
        Some(node) => pause(&node)?,
        None => Pause::NONE,
    };
    let name = match form.node("name") {
        Some(node) => subject(&node)?,
        None => format!("flow {number}"),
    };
    let forms = form.tables("step", "[[flow.step]]", &steps::KEYS)?;
    if forms.is_empty() {
        return Err(form
            .error(format!("the flow `{name}` has no steps"))
            .hint("write [[flow.step]] and below it get = \"/items\""));
    }
    Ok(Flow {
        name,
        weight,
        steps: steps(&forms, &mut fresh(general), think)?,
    })
}

fn weight(node: &Node<'_>) -> Result<f64, FormError> {
    let weight = node.number()?;
    if !(0.0..=1e9).contains(&weight) {
        return Err(node.error("expected a weight from 0 on"));
    }
    Ok(weight)
}

/// Every name that some step captures, for hints; what is malformed is refused elsewhere.
pub(super) fn captured(top: &Form<'_>) -> BTreeSet<String> {
    let mut tables = below(top.node("step"), "capture");
    for steps in below(top.node("flow"), "step") {
        tables.extend(below(Some(steps), "capture"));
    }
    tables
        .iter()
        .filter_map(|table| table.entries().ok())
        .flatten()
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// What stands under a key in each table of a list.
fn below<'t>(node: Option<Node<'t>>, key: &str) -> Vec<Node<'t>> {
    let entries = node.and_then(|node| node.list().ok()).unwrap_or_default();
    let tables = entries.iter().filter_map(|entry| entry.entries().ok());
    tables
        .flatten()
        .filter_map(|(name, node)| (name == key).then_some(node))
        .collect()
}
