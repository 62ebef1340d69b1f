//! Names that hold ids: which subjects of a load tool are one endpoint, and the endpoint's evidence.
//!
//! A load test that puts ids into its names gives `GET /match/5/odds` and `GET /match/7/odds`, and the next run of
//! the same service gives others. Here they become `GET /match/{id}/odds`. It is decided over all runs that are
//! looked at together, so that both sides of a comparison and a stored baseline get the same names whichever ids
//! they met, in any order.
//!
//! **How evidence is put together.** Requests, failures and rates are added. A latency is the distribution of all
//! requests of the endpoint; but ids differ in speed, and a run that happens to ask for more of the slow ones is not
//! slower software. So where the baseline still holds the single names, each name that both sides have counts, in
//! every run, with the share of the requests that it had in the baseline. Names of one side only, and everything
//! against a baseline that holds the endpoint already, count as they were requested.

mod decide;
mod merge;
mod template;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pattern, Quantile, Role, Run, Subject};

use decide::Decision;

pub use merge::level;

/// Whether ids are looked for in names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ids {
    #[default]
    Merge,
    Keep,
}

/// What a team says of names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NameRules {
    pub ids: Ids,
    /// Earlier ones win.
    pub by_hand: Vec<ByHand>,
    /// Names that rules mean literally: they stay, and a template among them is made of one name too.
    pub literal: BTreeSet<String>,
}

/// One `[[subject]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ByHand {
    pub matches: Pattern,
    /// Without one, what matches keeps its name.
    pub name: Option<String>,
}

/// The runs that are looked at together.
#[derive(Debug, Default)]
pub struct Sides<'a> {
    pub baseline: Vec<&'a mut Run>,
    pub current: Vec<&'a mut Run>,
}

/// What was decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settled {
    /// Endpoints of more than one name, or of a name that the baseline does not have.
    pub merged: BTreeMap<Subject, Merged>,
    /// Which of the rules by hand match no name, where there were names to match.
    pub unmatched: Vec<usize>,
    /// The names that were looked at.
    pub seen: BTreeSet<Subject>,
    /// The load tools that chose them.
    pub tools: BTreeSet<String>,
}

/// One endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// How many names it was.
    pub names: usize,
    /// Metrics of which only the mean is known of all together, with the percentiles of the single names.
    pub without_percentiles: BTreeMap<String, BTreeSet<Quantile>>,
    /// Metrics that cannot be put together at all.
    pub left_out: BTreeSet<String>,
}

/// Which share a name counts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shares {
    /// That of the baseline: for comparing.
    OfBaseline,
    /// Its own: for what is stored.
    Own,
}

/// Gives the subjects of every run its names, in place. Runs of which no load tool chose the names are left alone.
pub fn settle(sides: &mut Sides<'_>, rules: &NameRules, shares: Shares) -> Settled {
    let tools: BTreeSet<String> = sides
        .runs()
        .filter(|run| run.unsettled.is_some())
        .filter_map(tool)
        .collect();
    let named_by_tool =
        |run: &Run| run.unsettled.is_some() || tool(run).is_some_and(|tool| tools.contains(&tool));
    let decision = Decision::of(sides.runs().filter(|run| named_by_tool(run)), rules);
    let mut settled = Settled {
        merged: decision.merged(),
        unmatched: decision.unmatched(rules),
        seen: decision.names().cloned().collect(),
        tools: tools.clone(),
    };
    let weights = match shares {
        Shares::OfBaseline => merge::Weights::of(sides, &decision, &named_by_tool),
        Shares::Own => merge::Weights::default(),
    };
    for run in sides.runs_mut() {
        if named_by_tool(run) {
            merge::rename(run, &decision, &weights, &mut settled);
        }
        // What was kept for this decision is of no use behind it.
        run.unsettled = None;
    }
    if shares == Shares::OfBaseline {
        level(sides, &settled);
    }
    settled
}

fn tool(run: &Run) -> Option<String> {
    run.provenance.tool.as_ref().map(|tool| tool.name.clone())
}

/// The subjects whose names are looked at: a sum over all of them is none.
fn endpoints(run: &Run) -> impl Iterator<Item = &Subject> {
    let is_total = |role: Role| role == Role::Total;
    run.subjects
        .iter()
        .filter(move |(_, metrics)| !metrics.values().any(|m| is_total(m.role)))
        .map(|(subject, _)| subject)
}

impl<'a> Sides<'a> {
    fn runs(&self) -> impl Iterator<Item = &Run> {
        self.baseline.iter().chain(&self.current).map(|run| &**run)
    }

    fn runs_mut(&mut self) -> impl Iterator<Item = &mut &'a mut Run> {
        self.baseline.iter_mut().chain(&mut self.current)
    }
}
