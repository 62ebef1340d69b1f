//! Sources that perfgate runs itself are measured again where a series is in doubt: red is only what fresh runs confirm.

use std::collections::BTreeMap;

use crate::ab::{Again, Confirmation, Glance};
use crate::cli::commands::gate::{Gate, Judged, verdict_of};
use crate::cli::env::today;
use crate::cli::interrupt::exit_of;
use crate::cli::output::Output;
use crate::cli::results::scenarios::LoadOptions;
use crate::cli::results::times::Times;
use crate::cli::results::{self, checkout::Checkout};
use crate::cli::settings::config::{Source, Work};
use crate::exit::Exit;
use crate::model::{Run, Series, WorkloadKey};
use crate::text::sanitize;
use crate::verdict::Verdict;

/// More series than this are counted and not named.
const MOST_NAMED: usize = 5;

/// A gate as it was judged first, with what measuring again needs.
pub(super) struct Doubtful<'a> {
    pub(super) first: Gate<'a, 'a>,
    /// Of each current run which `[[source]]` it is from; empty where the results were named.
    pub(super) made_by: &'a [usize],
    pub(super) load_options: &'a LoadOptions<'a>,
}

/// What became of measuring again.
pub(super) enum SecondLook {
    /// Nothing is in doubt, or perfgate measured none of it itself.
    None,
    /// It could not be measured again, and the first look stands.
    Failed(String),
    Both(Box<Confirmed>),
}

/// What both looks came to.
pub(super) struct Confirmed {
    pub(super) verdict: Verdict,
    pub(super) fresh: Vec<Run>,
    pub(super) notes: Vec<String>,
}

impl Doubtful<'_> {
    /// An error is that somebody ended it.
    pub(super) fn measure_again(
        &self,
        judged: &Judged<'_>,
        output: &mut Output<'_>,
    ) -> anyhow::Result<SecondLook> {
        let settings = self.first.settings;
        let confirmation = Confirmation::of(judged.verdict.judgement().clone());
        let times = self.times(&confirmation);
        if !settings.confirm || times.is_empty() {
            return Ok(SecondLook::None);
        }
        let doubtful: Vec<&Series> = confirmation.series().collect();
        output.note(&format!(
            "measuring again, because {} in doubt: {}",
            if doubtful.len() == 1 {
                "1 series is"
            } else {
                "series are"
            },
            named(&doubtful)
        ));
        let of_source = |index: usize, _: &Source| times.get(&index).copied();
        let mut fresh = match results::again(settings, of_source, self.load_options, output) {
            Ok(fresh) => fresh,
            Err(error) if exit_of(&error) == Exit::Interrupted => return Err(error),
            Err(error) => {
                let said =
                    format!("could not be measured again, so the first runs decide: {error:#}");
                output.warn(&said);
                return Ok(SecondLook::Failed(said));
            }
        };
        self.load_options.given_provenance.put(fresh.runs_mut());
        fresh.look_up_commits(&Checkout::new(&[]));
        let mut fresh = fresh.into_runs();
        // The baseline was named with the first runs.
        let mut baseline = self.first.baseline.cloned();
        settings.names.settle(baseline.as_mut(), &mut fresh)?;
        let pooled: Vec<Run> = self.first.current.iter().chain(&fresh).cloned().collect();
        let runs = (
            of_most(times.values().map(|times| times.first - 1)),
            of_most(times.values().map(|times| times.count)),
        );
        let gate = Gate {
            baseline: baseline.as_ref(),
            ..self.first
        };
        let again = Again {
            pooled: gate.sides(&pooled),
            fresh: gate.sides(&fresh),
        };
        let confirmed = confirmation.decide(&again, runs, (&settings.policy, today()));
        Ok(SecondLook::Both(Box::new(Confirmed {
            verdict: verdict_of(confirmed.judgement, &settings.policy),
            notes: notes(&confirmed.looks),
            fresh,
        })))
    }

    /// The sources of what is in doubt that do work, and how often each is run again.
    fn times(&self, confirmation: &Confirmation) -> BTreeMap<usize, Times> {
        let doubtful = confirmation.workloads();
        let runs = self.first.current.iter().zip(self.made_by);
        let suspected = runs.filter(|(run, _)| doubtful.contains(&WorkloadKey::of(run)));
        let mut times = BTreeMap::new();
        for (_, index) in suspected {
            let Some(source) = self.first.settings.sources.get(*index) else {
                continue;
            };
            if !matches!(source.work, Work::Nothing { .. }) {
                times.insert(*index, Times::again(source));
            }
        }
        times
    }
}

fn of_most(counts: impl Iterator<Item = u32>) -> usize {
    usize::try_from(counts.max().unwrap_or(1)).unwrap_or(1)
}

fn named(series: &[&Series]) -> String {
    let first = series.iter().take(MOST_NAMED);
    let mut named: Vec<String> = first
        .map(|one| sanitize::inline(&one.to_string()))
        .collect();
    let more = series.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

/// What each look saw, for whoever reads the verdict.
fn notes(looks: &[(Series, Vec<Glance>)]) -> Vec<String> {
    let shown = |(series, seen): &(Series, Vec<Glance>)| {
        let seen: Vec<String> = seen.iter().filter_map(glance).collect();
        format!(
            "measured again: {} {}",
            sanitize::inline(&series.to_string()),
            seen.join(", ")
        )
    };
    let mut notes: Vec<String> = looks.iter().take(MOST_NAMED).map(shown).collect();
    let more = looks.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        notes.push(format!(
            "measured again: {more} more series that were in doubt"
        ));
    }
    notes
}

fn glance(seen: &Glance) -> Option<String> {
    let change = seen.change?;
    let percent = |ratio: f64| 100.0 * (ratio - 1.0);
    Some(format!(
        "{:+.1} % ({:+.1} to {:+.1}) after {} runs",
        percent(change.ratio),
        percent(change.low),
        percent(change.high),
        seen.runs
    ))
}
