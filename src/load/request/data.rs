//! Values that are made for every iteration. The same seed, iteration and name give the same value, whichever user or
//! thread takes the iteration, so that two runs of a scenario send the same requests.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::load::Scenario;
use crate::load::scenario::{Action, Auth, Body, Call, Feed, Flow, RowOrder, Rows, Socket, Step};
use crate::load::template::{Template, ValueGenerator, Values, random, seed_of};

/// The generated values and feed columns that a scenario uses. Unused ones are not made.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    made: Vec<GeneratedValue>,
    feeds: Vec<FeedColumns>,
}

#[derive(Clone, Debug, PartialEq)]
struct GeneratedValue {
    name: String,
    generator: ValueGenerator,
    seed: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct FeedColumns {
    /// Each name, as in `user.email`, with the index of its column.
    columns: Vec<(String, usize)>,
    rows: Arc<Rows>,
    order: RowOrder,
    seed: u64,
}

impl Data {
    /// The data that any of the flows uses.
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        Self::of_steps(scenario, scenario.flows.iter().flat_map(steps), seed)
    }

    /// The data that one flow uses. The values are the same as those of `new`.
    pub fn of_flow(scenario: &Scenario, flow: &Flow, seed: u64) -> Self {
        Self::of_steps(scenario, &flow.steps, seed)
    }

    /// The data that some steps use. The values are the same as those of `new`.
    pub fn of_steps<'a>(
        scenario: &Scenario,
        steps: impl IntoIterator<Item = &'a Step>,
        seed: u64,
    ) -> Self {
        Self::naming(scenario, seed, steps.into_iter().flat_map(names))
    }

    fn naming<'a>(
        scenario: &Scenario,
        seed: u64,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let names: BTreeSet<&str> = names.into_iter().collect();
        let made = scenario.values.iter();
        let made = made.filter(|(name, _)| names.contains(name.as_str()));
        Self {
            made: made
                .map(|(name, generator)| GeneratedValue {
                    name: name.clone(),
                    generator: generator.clone(),
                    seed: seed_of(name, seed),
                })
                .collect(),
            feeds: scenario
                .feeds
                .iter()
                .filter_map(|feed| FeedColumns::new(feed, &names, seed))
                .collect(),
        }
    }

    /// Sets the values of an iteration, which is counted from 0 over all users of the run.
    pub fn fill(&self, iteration: u64, values: &mut Values) {
        for made in &self.made {
            values.rewrite(&made.name, |buffer| {
                made.generator.write(iteration, made.seed, buffer);
            });
        }
        for feed in &self.feeds {
            let row = feed.row(iteration);
            for (name, column) in &feed.columns {
                let cell = feed.rows.cell(row, *column).unwrap_or_default();
                values.rewrite(name, |buffer| buffer.push_str(cell));
            }
        }
    }
}

impl FeedColumns {
    fn new(feed: &Feed, names: &BTreeSet<&str>, seed: u64) -> Option<Self> {
        let columns: Vec<_> = feed
            .columns
            .iter()
            .enumerate()
            .map(|(column, title)| (format!("{}.{title}", feed.name), column))
            .filter(|(name, _)| names.contains(name.as_str()))
            .collect();
        (!columns.is_empty()).then(|| Self {
            columns,
            rows: Arc::clone(&feed.rows),
            order: feed.order,
            seed: seed_of(&feed.name, seed),
        })
    }

    fn row(&self, iteration: u64) -> usize {
        let rows = u64::try_from(self.rows.len()).unwrap_or(u64::MAX).max(1);
        let row = match self.order {
            RowOrder::Sequence => iteration % rows,
            RowOrder::Random => random(self.seed, iteration).u64(..rows),
        };
        usize::try_from(row).unwrap_or_default()
    }
}

fn steps(flow: &Flow) -> impl Iterator<Item = &Step> {
    flow.once.iter().chain(&flow.steps)
}

fn names(step: &Step) -> impl Iterator<Item = &str> {
    let templates = match &step.action {
        Action::Call(call) => templates_of_call(call),
        Action::Socket(socket) => templates_of_socket(socket),
    };
    templates.into_iter().flat_map(Template::names)
}

fn templates_of_call(call: &Call) -> Vec<&Template> {
    let mut all = vec![&call.path];
    all.extend(call.query.iter().map(|(_, value)| value));
    all.extend(call.headers.iter().map(|(_, value)| value));
    match &call.auth {
        Some(Auth::Basic { user, password }) => all.extend([user, password]),
        Some(Auth::Bearer(token)) => all.push(token),
        None => {}
    }
    match &call.body {
        Body::Text(text) | Body::Json(text) => all.push(text),
        Body::Form(fields) => all.extend(fields.iter().map(|(_, value)| value)),
        Body::Multipart(body) => all.extend(body.fields()),
        Body::Empty | Body::Bytes(_) => {}
    }
    all.extend(
        call.events
            .iter()
            .filter_map(|events| events.until.as_ref()),
    );
    all.extend(call.expect.templates());
    all
}

fn templates_of_socket(socket: &Socket) -> Vec<&Template> {
    let mut all = vec![&socket.path];
    all.extend(socket.headers.iter().map(|(_, value)| value));
    for message in &socket.messages {
        all.push(&message.send);
        all.extend(&message.awaits);
    }
    all
}
