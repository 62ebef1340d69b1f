//! The windows of what was asked for, and rounds of them with their provenance.

use std::time::{Duration, Instant};

use super::benched::Benched;
use super::rerun::Rerun;
use super::services;
use super::terms::Terms;
use super::time_sheet::TimeSheet;
use super::versions::Versions;
use super::view::View;
use super::windows::{self, ByResults, Commanded};
use crate::ab::{self, End, FIRST_LOOK, Order, Plan, Sequence};
use crate::cli::Invocation;
use crate::cli::args::{AbArgs, AbMeasuring};
use crate::cli::env::today;
use crate::cli::settings::provenance::GivenProvenance;
use crate::cli::settings::{Settings, reading};
use crate::compare::Judgement;
use crate::load::Stop;
use crate::model::{Baseline, Run};

pub(super) fn windows_of<'w>(
    args: &'w AbArgs,
    versions: &Versions,
    terms: &Terms<'w>,
) -> anyhow::Result<Box<dyn windows::Measures + 'w>> {
    if let Some(scenario) = &args.services.scenario {
        let loaded = services::Loaded::new(scenario, &args.services, (versions, terms))?;
        return Ok(Box::new(loaded));
    }
    let conditions = ab::command::Conditions {
        seed: terms.seed,
        timeout: args.measuring.timeout,
        ignores_failure: args.measuring.ignore_failure,
        cores: terms.cores,
        stop: terms.stop,
    };
    if let Some(arguments) = &args.revisions.bench {
        let targets = versions.benches();
        let asked = (args.services.window, terms.budget);
        let benched = Benched::new(targets, conditions, asked, arguments)?;
        return Ok(Box::new(benched));
    }
    let programs = versions.programs(args.measuring.prepare.as_ref());
    Ok(match &args.measuring.results {
        None => {
            let (name, window) = (&args.measuring.name, args.services.window);
            Box::new(Commanded::new(programs, conditions, (name, window)))
        }
        Some(pattern) => Box::new(ByResults::new(programs, conditions, pattern, {
            let AbMeasuring { from, .. } = &args.measuring;
            let mut read = terms.settings.read.clone();
            reading::read_as(&mut read, from.as_ref())?;
            read
        })),
    })
}

/// What both versions come to after the rounds of a first look, as far as the time reaches for them.
pub(super) struct FirstLook {
    pub(super) end: End,
    pub(super) rounds: usize,
    pub(super) judgement: Judgement,
}

impl FirstLook {
    /// Measures for a note beside the comparison, of `only` what is named there.
    pub(super) fn measure(
        (args, terms): (&AbArgs, &Terms<'_>),
        versions: &Versions,
        only: Option<&Rerun>,
        (stamping, view, sheet): (&mut Stamping<'_>, &mut View<'_>, &mut TimeSheet),
    ) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let left = terms.budget.saturating_sub(sheet.measuring);
        let mut windows = windows_of(args, versions, terms)?;
        sheet.warm_up(|| windows.warm_up(args.measuring.warmup, terms.stop))?;
        let mut rounds = Rounds {
            windows: windows.as_mut(),
            stamping,
            rerun: only,
        };
        // The budget holds the warming up, too.
        let left = left.saturating_sub(begun.elapsed());
        let left = left.max(Duration::from_millis(1));
        let order = Order::of_seed(terms.seed);
        let plan = Plan::up_to(FIRST_LOOK);
        let mut sequence = Sequence::new(plan, order, &terms.settings.policy, today());
        let end = ab::measure(&mut sequence, order, &mut rounds, view, (left, terms.stop));
        view.end();
        sheet.measuring += begun.elapsed();
        sheet.busy += windows.busy();
        Ok(Self {
            end: end?,
            rounds: sequence.rounds(),
            judgement: sequence.finish(),
        })
    }
}

/// Where the runs of every round are from.
pub(super) struct Stamping<'a> {
    given_provenance: GivenProvenance,
    settings: &'a Settings,
    session: String,
    pub(super) format: &'static str,
    /// Of base and head, where revisions are compared.
    pub(super) commits: Option<[String; 2]>,
    pub(super) names: Vec<String>,
}

impl<'a> Stamping<'a> {
    pub(super) fn new(args: &AbArgs, settings: &'a Settings, invocation: &Invocation<'_>) -> Self {
        let name = args.origin.environment.as_deref();
        let name = name.or(settings.environment.as_deref());
        Self {
            given_provenance: GivenProvenance::new(&args.origin, name, invocation.env),
            settings,
            session: format!("ab {}", jiff::Timestamp::now()),
            format: match (&args.measuring.results, &args.services.scenario) {
                (Some(_), _) => "results",
                (_, Some(_)) => "perfgate",
                _ if args.revisions.bench.is_some() => "criterion",
                _ => "command",
            },
            commits: None,
            names: Vec::new(),
        }
    }

    fn put(&mut self, base: &mut Run, head: &mut Run) -> anyhow::Result<()> {
        use crate::cli::settings::provenance::Maker;
        let now = jiff::Timestamp::now();
        for run in [&mut *base, &mut *head] {
            run.provenance
                .session
                .get_or_insert_with(|| self.session.clone());
            run.provenance.started_at = Some(now);
        }
        self.given_provenance.put_as(Maker::Ourselves, [&mut *head]);
        let commit = base.provenance.commit.take();
        self.given_provenance.put_as(Maker::Ourselves, [&mut *base]);
        // The commit that is checked out or that the job is for is that of head.
        base.provenance.commit = commit;
        if let Some([of_base, of_head]) = &self.commits {
            base.provenance.commit = Some(of_base.clone());
            head.provenance.commit = Some(of_head.clone());
        }
        base.provenance.session.clone_from(&head.provenance.session);
        let mut baseline = Baseline {
            runs: vec![std::mem::take(base)],
            anchor: None,
        };
        let mut current = [std::mem::take(head)];
        let names = self
            .settings
            .names
            .settle(Some(&mut baseline), &mut current)?;
        let [settled] = current;
        *head = settled;
        *base = baseline.runs.pop().unwrap_or_default();
        if self.names.is_empty() {
            self.names = names;
        }
        Ok(())
    }
}

/// Windows with their provenance.
pub(super) struct Rounds<'r, 's> {
    pub(super) windows: &'r mut (dyn windows::Measures + 'r),
    pub(super) stamping: &'r mut Stamping<'s>,
    pub(super) rerun: Option<&'r Rerun>,
}

impl ab::Windows for Rounds<'_, '_> {
    fn begin_block(&mut self, stop: &Stop) -> anyhow::Result<()> {
        self.windows.begin_block(stop)
    }

    fn window(&mut self, window: &ab::Window<'_>, _stop: &Stop) -> anyhow::Result<Option<Run>> {
        let Some(rerun) = self.rerun else {
            return self.windows.window(window);
        };
        let asked = ab::Window {
            in_doubt: window.in_doubt.or(Some(rerun.subjects())),
            ..window.clone()
        };
        self.windows.window(&asked)
    }

    fn end_block(&mut self) -> anyhow::Result<()> {
        self.windows.end_block()
    }

    fn complete(&mut self, base: &mut Run, head: &mut Run) -> anyhow::Result<()> {
        self.stamping.put(base, head)?;
        for run in [base, head] {
            if let Some(rerun) = self.rerun {
                rerun.keep(run)?;
            }
        }
        Ok(())
    }
}
