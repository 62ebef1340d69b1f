//! `--find-max`: levels of one rate each, until it is known which is the largest that holds the conditions.

use std::time::Duration;

use anyhow::{Context, anyhow};

use super::conditions::{Conditions, Judged};
use crate::cli::interrupt::{Interrupt, Interrupted};
use crate::cli::output::Output;
use crate::cli::results::measure::{MeasuredRuns, measure};
use crate::cli::settings::provenance::GivenProvenance;
use crate::hint::WithHint;
use crate::load::scenario::{Load, Open, Phase};
use crate::load::search::{Observation, Search, Step};
use crate::load::{LoadOutcome, RunRequest, Scenario, definition};
use crate::model::run::Metrics;
use crate::model::{Better, Evidence, Measurement, MetricName, Role, Run, Subject, Unit};
use crate::stats::reading;

/// Where nobody says at which rate to begin.
pub(super) const START: f64 = 50.0;
/// The highest rate that a scenario may ask for.
const MOST: f64 = 1_000_000.0;
const SHORTEST: Duration = Duration::from_secs(3);
const LONGEST: Duration = Duration::from_secs(30);
/// What is not counted in front of a level, so that what the one before it left behind is gone.
const SETTLING: Duration = Duration::from_millis(500);
/// A level this near to its limit is measured again.
const NEAR: f64 = 0.1;
/// So often in a row a level is measured again at which the load generator was at fault: it may have been one bad moment
/// of the machine.
const AGAIN: u32 = 2;
/// A service that ends fewer of the requests that are due does not keep up.
const KEEPS_UP: f64 = 0.98;

/// What all steps together are called, where there are several.
const TOTAL: &str = "total";

/// A search that was asked for.
pub(super) struct FindMax<'a> {
    pub(super) conditions: &'a Conditions,
    pub(super) scenario: &'a Scenario,
    /// How long each level is measured, where somebody says so.
    pub(super) each: Option<Duration>,
    pub(super) allow_remote: bool,
}

/// A run that holds the capacity, and what to say of it.
pub(super) struct CapacityRun {
    pub(super) measured: MeasuredRuns,
    pub(super) sentence: String,
}

impl FindMax<'_> {
    pub(super) fn run(
        &self,
        interrupt: &Interrupt,
        given_provenance: &GivenProvenance,
        output: &mut Output<'_>,
    ) -> anyhow::Result<CapacityRun> {
        let (open, start) = self.open()?;
        let mut search = Search::new(start, self.least(), MOST);
        let (mut held, mut last) = (Vec::new(), String::new());
        let mut again = 0;
        loop {
            match search.step() {
                Step::Measure(rate) => {
                    let scenario = self.level(open, rate);
                    let request = RunRequest {
                        scenario: &scenario,
                        allow_remote: self.allow_remote,
                    };
                    let measured = measure(&request, interrupt, given_provenance, output)?;
                    if measured.interrupted {
                        return Err(anyhow!(Interrupted)).context("search the largest rate");
                    }
                    let judged = match self.judge(&measured.outcome, rate, &scenario)? {
                        Ok(judged) => judged,
                        Err(why) if again < AGAIN => {
                            again += 1;
                            let says = "says nothing, and is measured again";
                            output.note(&format!("{rate:.1}/s {says}: {why}"));
                            continue;
                        }
                        Err(why) => return Err(own_fault(rate, &why)),
                    };
                    again = 0;
                    let verdict = if judged.holds { "holds" } else { "breaks" };
                    output.note(&format!("{rate:.1}/s {verdict}: {}", judged.said));
                    search.tell(Observation {
                        holds: judged.holds,
                        near: (judged.ratio - 1.0).abs() <= NEAR,
                    });
                    last = judged.said;
                    if judged.holds {
                        held.retain(|(other, _)| *other != rate);
                        held.push((rate, measured));
                    }
                }
                Step::Found { held: rate, broke } => {
                    let sentence = format!(
                        "capacity: {rate:.1} iterations/s hold {}; {broke:.1}/s break it\n",
                        self.conditions.text()
                    );
                    return self.found(rate, held, sentence);
                }
                Step::AllHold(rate) => {
                    return Err(anyhow!(
                        "{rate:.0}/s hold, and no higher rate can be asked for"
                    ))
                    .hint("the limits are too wide to be a capacity");
                }
                Step::NoneHolds(rate) => {
                    return Err(anyhow!(
                        "{rate:.1}/s, the lowest rate of the search, breaks already: {last}"
                    ))
                    .hint("allow more, or ask for a lower quantile, which needs fewer answers, or give levels more time with --for");
                }
            }
        }
    }

    /// The load whose rate is searched, and the rate that it says.
    fn open(&self) -> anyhow::Result<(&Open, f64)> {
        let name = &self.scenario.name;
        let [level] = self.scenario.levels.as_slice() else {
            return Err(anyhow!(
                "search the largest rate of {name}: it has several levels"
            ))
            .hint("keep a scenario of one level and one rate beside it");
        };
        match &level.load {
            Load::Closed(_) => Err(anyhow!(
                "search the largest rate of {name}: its users wait for answers, so no rate is asked for"
            ))
            .hint("write `rate` instead of `users` in its [load]"),
            Load::Open(open) => match open.phases.as_slice() {
                [phase] if phase.from == phase.to && phase.to > 0.0 => Ok((open, phase.to)),
                _ => Err(anyhow!("search the largest rate of {name}: its rate changes by itself"))
                    .hint("keep a scenario with one steady rate beside it"),
            },
        }
    }

    /// Below this rate a level has too few answers for the quantile.
    fn least(&self) -> f64 {
        let longest = self.each.unwrap_or(LONGEST).as_secs_f64();
        let single = subjects(self.scenario) == 1;
        let throughput = self.conditions.least_throughput();
        (self.answers() / longest)
            .max(1.0)
            .max(if single { throughput } else { 0.0 })
    }

    /// A tenth more than is needed: some may fail.
    #[expect(clippy::cast_precision_loss, reason = "at most ten million")]
    fn answers(&self) -> f64 {
        self.conditions.needed() as f64 * 1.1
    }

    fn level(&self, open: &Open, rate: f64) -> Scenario {
        let needed = self.answers().max(self.conditions.requests()) / rate;
        let needed = Duration::try_from_secs_f64(needed).unwrap_or(LONGEST);
        let phase = Phase {
            name: None,
            duration: self.each.unwrap_or(needed.clamp(SHORTEST, LONGEST)),
            from: rate,
            to: rate,
            counted: true,
        };
        let mut scenario = self.scenario.clone();
        scenario.warmup = scenario.warmup.max(SETTLING);
        for level in &mut scenario.levels {
            level.prefix = None;
            level.load = Load::Open(Open {
                phases: vec![phase.clone()],
                ..open.clone()
            });
        }
        scenario
    }

    /// Why the level says nothing, where the load generator, and not the service, is what broke.
    fn judge(
        &self,
        outcome: &LoadOutcome,
        rate: f64,
        scenario: &Scenario,
    ) -> anyhow::Result<Result<Judged, String>> {
        let run = &outcome.run;
        if let Some(why) = &run.provenance.invalid {
            return Ok(Err(why.clone()));
        }
        if run.provenance.partial {
            return Err(anyhow!("the level of {rate:.1}/s ended early"))
                .hint("did the service die? Its output may say why");
        }
        let broken = |said: String, ratio| Judged {
            holds: false,
            ratio,
            said,
        };
        let metrics = judged_subject(self.scenario, outcome)
            .and_then(|subject| run.subjects.get(&subject))
            .ok_or_else(|| anyhow!("the level of {rate:.1}/s measured nothing"))
            .hint("give levels more time with --for")?;
        if let Some(said) = behind(run) {
            return Ok(Ok(broken(said, f64::INFINITY)));
        }
        let answers = metrics.get(MetricName::LATENCY);
        let answers = answers.and_then(|latency| latency.evidence.observations());
        if answers.unwrap_or_default() < self.conditions.needed() {
            let said = format!(
                "{} successful answers, and {} are needed",
                answers.unwrap_or_default(),
                self.conditions.needed()
            );
            return Ok(Ok(broken(said, f64::INFINITY)));
        }
        // Percentiles are left out where the generator itself was late.
        let judged = match self.conditions.judge(metrics) {
            Ok(judged) => judged,
            Err(why) => return Ok(Err(why)),
        };
        Ok(Ok(
            match ended_share(run, metrics, scenario).filter(|share| *share < KEEPS_UP) {
                Some(share) if judged.holds => broken(
                    format!(
                        "requests queue up: {:.0}% of them ended in the time in which they were due",
                        share * 100.0
                    ),
                    1.0 / share.max(f64::MIN_POSITIVE),
                ),
                _ => judged,
            },
        ))
    }

    fn found(
        &self,
        rate: f64,
        held: Vec<(f64, MeasuredRuns)>,
        sentence: String,
    ) -> anyhow::Result<CapacityRun> {
        let of_rate = held.into_iter().find(|(other, _)| *other == rate);
        let (_, mut measured) =
            of_rate.ok_or_else(|| anyhow!("the level of {rate:.1}/s was not kept"))?;
        let subject = judged_subject(self.scenario, &measured.outcome)
            .ok_or_else(|| anyhow!("the scenario has no step"))?;
        let run = &mut measured.outcome.run;
        // Each search ends at a rate of its own, so the rest is no outcome that two searches could be compared by.
        for metrics in run.subjects.values_mut() {
            let fixed = metrics.iter().map(|(name, measurement)| {
                let role = Role::Fixed;
                (
                    name.clone(),
                    Measurement {
                        role,
                        ..measurement.clone()
                    },
                )
            });
            *metrics = fixed.collect();
        }
        let capacity = Measurement {
            unit: Unit::new("iterations/s"),
            better: Better::Higher,
            role: Role::Outcome,
            evidence: Evidence::value(rate)?,
        };
        run.insert(subject, MetricName::new(MetricName::CAPACITY), capacity);
        run.provenance.load = Some(definition::of_search(
            self.scenario,
            &self.conditions.text(),
            self.each,
        ));
        Ok(CapacityRun { measured, sentence })
    }
}

fn own_fault(rate: f64, why: &str) -> anyhow::Error {
    let error: anyhow::Result<()> = Err(anyhow!(
        "the load generator broke at {rate:.1}/s, and not the service, so its capacity is unknown: {why}"
    ))
    .hint("give the generator more room, or another machine");
    error.err().unwrap_or_else(|| anyhow!("{why}"))
}

fn subjects(scenario: &Scenario) -> usize {
    let steps = scenario.flows.iter().flat_map(|flow| &flow.steps);
    let names: std::collections::BTreeSet<&str> = steps.map(|step| step.subject.as_str()).collect();
    names.len()
}

/// The one step, or all of them together.
fn judged_subject(scenario: &Scenario, outcome: &LoadOutcome) -> Option<Subject> {
    match subjects(scenario) {
        1 => outcome.order.first().cloned(),
        _ => Some(Subject::new(TOTAL)),
    }
}

/// What was due and not begun, or not ended.
fn behind(run: &Run) -> Option<String> {
    let metrics = run.subjects.get("generator")?;
    let count = |metric: &str| {
        let evidence = &metrics.get(metric)?.evidence;
        reading::read(evidence, crate::model::Statistic::Value).map(|reading| reading.value)
    };
    let (due, dropped) = (count("due")?, count("dropped")?);
    let unfinished = count("unfinished").unwrap_or_default();
    (dropped + unfinished > (1.0 - KEEPS_UP) * due).then(|| {
        format!("of {due:.0} iterations that were due, {dropped:.0} were dropped and {unfinished:.0} requests did not end")
    })
}

/// Of the requests that were due in the second half of a level, as many as ended in it. Their latency alone hides a
/// queue that has only begun to grow.
#[expect(clippy::cast_precision_loss, reason = "request counts stay below 2^53")]
fn ended_share(run: &Run, metrics: &Metrics, scenario: &Scenario) -> Option<f64> {
    let timeline = run.timeline.as_deref()?;
    let Load::Open(open) = &scenario.levels.first()?.load else {
        return None;
    };
    let seconds = open.phases.first()?.duration.as_secs_f64();
    let Evidence::Proportion(errors) = &metrics.get(MetricName::ERRORS)?.evidence else {
        return None;
    };
    let slices = (seconds / timeline.slice_s).floor();
    let first = (slices / 2.0).floor();
    let inside = |index: usize| (first..slices).contains(&(index as f64));
    let ended: u64 = timeline
        .subjects
        .iter()
        .filter(|(subject, _)| subjects(scenario) == 1 || subject.as_str() != TOTAL)
        .flat_map(|(_, of)| of)
        .filter(|slice| inside(slice.index))
        .map(|slice| slice.errors + slice.successes.total())
        .sum();
    let due = errors.of() as f64 * (slices - first) * timeline.slice_s / seconds;
    // What is due at random times may by chance be less in one half.
    let chance = match open.arrivals {
        crate::load::scenario::Arrivals::Constant => 2.0,
        crate::load::scenario::Arrivals::Poisson => 3.0 * due.sqrt(),
    };
    (due > 0.0).then(|| (ended as f64 + chance) / due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::scenario::{Simple, from_url};

    fn scenario(rate: Option<f64>) -> Scenario {
        from_url(Simple {
            url: "http://127.0.0.1:1/total".to_owned(),
            rate,
            ..Simple::default()
        })
        .unwrap()
    }

    fn search<'a>(conditions: &'a Conditions, scenario: &'a Scenario) -> FindMax<'a> {
        FindMax {
            conditions,
            scenario,
            each: None,
            allow_remote: false,
        }
    }

    #[test]
    fn a_level_lasts_until_its_quantile_is_sure_and_within_bounds() {
        let scenario = scenario(Some(50.0));
        let conditions = Conditions::parse("latency.p99 < 100ms").unwrap();
        let search = search(&conditions, &scenario);
        let (open, start) = search.open().unwrap();
        assert!((start - 50.0).abs() < 1e-9 && (search.least() - 1_100.0 / 30.0).abs() < 1e-9);
        for (rate, seconds) in [(10.0, 30.0), (50.0, 22.0), (5_000.0, 3.0)] {
            let level = search.level(open, rate);
            let Load::Open(open) = &level.levels[0].load else {
                panic!("open")
            };
            let lasts = open.phases[0].duration.as_secs_f64();
            assert!((lasts - seconds).abs() < 1e-6, "{rate}/s for {lasts} s");
        }
    }

    #[test]
    fn a_generator_that_breaks_is_no_capacity() {
        let scenario = scenario(Some(50.0));
        let conditions = Conditions::parse("latency.p99 < 100ms").unwrap();
        let mut run = Run::default();
        run.provenance.invalid = Some("no time left".to_owned());
        let outcome = LoadOutcome {
            run,
            failures: Vec::new(),
            reasons: Vec::new(),
            order: Vec::new(),
            silent_end: None,
        };
        let search = search(&conditions, &scenario);
        let why = search.judge(&outcome, 800.0, &scenario).unwrap();
        let said = format!("{:#}", own_fault(800.0, &why.unwrap_err()));
        assert!(said.contains("generator broke at 800.0/s"), "{said}");
        assert!(said.contains("no time left"), "{said}");
    }

    #[test]
    fn users_are_refused_as_no_rate_is_asked_for() {
        let scenario = scenario(None);
        let conditions = Conditions::parse("errors < 1%").unwrap();
        let error = search(&conditions, &scenario).open().unwrap_err();
        assert!(format!("{error:#}").contains("no rate is asked for"));
    }
}
