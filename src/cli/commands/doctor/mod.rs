//! `perfgate doctor`: is this gate able to fail?

mod machine;
mod steadier;
mod told;
mod trial;
mod workflows;

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::cli::Env;
use crate::cli::args::{DoctorArgs, InspectFormat, OriginFlags};
use crate::cli::commands::gate::unmatched;
use crate::cli::env::today;
use crate::cli::output::Output;
use crate::cli::results;
use crate::cli::settings::baseline_path::{self, Located};
use crate::cli::settings::config::{GateMode, Source, Work};
use crate::cli::settings::provenance::{GivenProvenance, Maker};
use crate::cli::settings::{Settings, Typed};
use crate::compare::OnOtherEnvironment;
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::load::scenario;
use crate::model::{Baseline, Run};
use crate::report::figures;
use crate::store;
use crate::text::sanitize;

pub(crate) use told::json_schema;

use steadier::{Steadier, steadier};
use told::{DoctorDocument, TrialTold};
use trial::{Replay, Trial, can_fail};
use workflows::WorkflowFile;

/// Of a baseline that nobody added to for so long it is not known whether it still is the code that is changed.
const STALE_DAYS: i64 = 90;
/// The most names in one line.
const NAMED: usize = 5;

/// Where nothing says how wide a terminal is, and beyond what nobody reads.
const WIDTH: usize = 80;
const WIDEST: usize = 100;

/// What was seen.
#[derive(Default)]
struct Seen {
    /// Each keeps the gate from failing where it should.
    findings: Vec<String>,
    lines: Vec<String>,
    trial: Option<TrialTold>,
}

pub(crate) fn run(args: DoctorArgs, env: &Env, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let settings = Settings::load(Typed::from(args.file), env)?;
    for warning in &settings.warnings {
        output.warn(warning);
    }
    let mut seen = Seen::default();
    seen.sources(&settings);
    let stored = stored(&settings, env)?;
    let headline = match stored {
        Some((path, mut baseline)) => {
            for note in settings.names.settle(Some(&mut baseline), &mut [])? {
                output.note(&note);
            }
            seen.age(&path, &baseline);
            seen.environment(&baseline, &settings, env);
            let replay = Replay::of(&baseline);
            let trial = replay.tried(&settings.policy, today());
            seen.trial(&replay, &trial);
            seen.steadier(&steadier(&baseline, &trial.unchanged, can_fail));
            trial.headline()
        }
        None => "base and head are measured in turns: nothing is stored that it could be tried on"
            .to_owned(),
    };
    let workflows = seen.workflows();
    seen.lines
        .push(format!("machine: {}", machine::facts().join(", ")));
    let exit = match seen.findings.is_empty() {
        true => Exit::Pass,
        false => Exit::Fail,
    };
    let told = DoctorDocument {
        able_to_fail: exit == Exit::Pass,
        headline,
        findings: seen.findings,
        facts: seen.lines,
        trial: seen.trial,
        workflows,
        ..DoctorDocument::default()
    };
    output.result(&match args.format {
        InspectFormat::Json => told.json()?,
        InspectFormat::Text => {
            let style = output.style();
            let text = told.text(style.width.unwrap_or(WIDTH).min(WIDEST));
            let text = sanitize::lines(&text);
            if style.ascii {
                figures::ascii(&text)
            } else {
                text
            }
        }
    });
    Ok(output.finish(exit))
}

/// `None` where the gate needs none.
fn stored(settings: &Settings, env: &Env) -> anyhow::Result<Option<(PathBuf, Baseline)>> {
    let needs_none = settings.mode == GateMode::Ab;
    let located = match baseline_path::located(settings.baseline.as_ref(), env) {
        Ok(located) => located,
        Err(_) if needs_none => return Ok(None),
        Err(error) => return Err(error),
    };
    match located {
        Located::Found(path) => {
            let baseline = results::baseline(&path, &settings.read)?;
            if baseline.runs.is_empty() {
                return Err(anyhow!("{}: it holds no runs", path.display()))
                    .hint("a gate without a baseline compares nothing: perfgate baseline update");
            }
            Ok(Some((path, baseline)))
        }
        Located::Missing(_) if needs_none => Ok(None),
        Located::Missing(path) => Err(anyhow!("{} does not exist", path.display()))
            .hint("a gate without a baseline compares nothing: perfgate baseline update"),
    }
}

fn some<T: ToString>(names: &[T]) -> String {
    let named: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|name| format!("`{}`", name.to_string()))
        .collect();
    match names.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

impl Seen {
    /// What the workflows of this repository do with it.
    fn workflows(&mut self) -> Vec<WorkflowFile> {
        let here = std::env::current_dir().unwrap_or_default();
        let Some(root) = here.ancestors().find(|folder| folder.join(".git").exists()) else {
            return Vec::new();
        };
        let found = workflows::look(root, default_branch(root).as_deref());
        self.findings.extend(found.findings);
        self.lines.extend(found.facts);
        found.files
    }

    /// What a source needs has to be there before it can measure anything.
    fn sources(&mut self, settings: &Settings) {
        let folder = settings
            .config
            .as_ref()
            .map(|place| place.folder.clone())
            .unwrap_or_default();
        for source in &settings.sources {
            self.source(source, &folder);
        }
    }

    fn source(&mut self, source: &Source, folder: &Path) {
        let from = &source.from;
        match &source.work {
            Work::Scenario { scenario } => {
                let path = folder.join(scenario);
                match std::fs::read_to_string(&path) {
                    Err(error) => self
                        .findings
                        .push(format!("{from}: scenario {}: {error}", path.display())),
                    Ok(text) => {
                        if let Err(error) = scenario::parse(&text, &path) {
                            self.findings.push(format!("{from}: {error}"));
                        }
                    }
                }
            }
            Work::Command { command, .. } => {
                let here = command
                    .split_whitespace()
                    .filter(|word| word.starts_with("./"));
                for script in here.filter(|script| !folder.join(script).exists()) {
                    self.findings.push(format!(
                        "{from}: the command runs `{script}`, which does not exist"
                    ));
                }
            }
            Work::Nothing { .. } => {}
        }
        let plain = source.inputs.iter().filter(|input| !input.contains('*'));
        for input in plain.filter(|input| !folder.join(input).exists()) {
            self.findings
                .push(format!("{from}: the input `{input}` does not exist"));
        }
    }

    fn age(&mut self, path: &Path, baseline: &Baseline) {
        let path = path.display();
        let runs = baseline.runs.len();
        let newest = baseline
            .runs
            .iter()
            .filter_map(|run| run.provenance.started_at)
            .max();
        let Some(newest) = newest else {
            self.lines
                .push(format!("{path}: {runs} runs, of no known time"));
            return;
        };
        let day = newest.to_zoned(jiff::tz::TimeZone::UTC).date();
        let days = day
            .until(today())
            .map_or(0, |span| i64::from(span.get_days()));
        self.lines.push(format!(
            "{path}: {runs} runs, the newest of {day} ({days} days ago)"
        ));
        if days > STALE_DAYS {
            self.findings.push(format!(
                "{path} is stale: its newest run is {days} days old; `perfgate baseline update` on the base branch adds to it"
            ));
        }
    }

    fn environment(&mut self, baseline: &Baseline, settings: &Settings, env: &Env) {
        let mut here = Run::default();
        let given_provenance = GivenProvenance::new(
            &OriginFlags::default(),
            settings.environment.as_deref(),
            env,
        );
        given_provenance.put_as(Maker::Ourselves, [&mut here]);
        let key = here.provenance.environment.key();
        let known = |run: &Run| run.provenance.environment.key();
        let mut all: Vec<String> = baseline.runs.iter().filter_map(known).collect();
        all.sort();
        all.dedup();
        // Where nothing says where it was measured, every machine is taken for that one.
        if all.is_empty() || baseline.runs.iter().any(|run| known(run) == key) {
            self.lines.push(format!(
                "this machine is known: {}",
                key.unwrap_or_default()
            ));
            return;
        }
        let told = format!(
            "the baseline knows no machine like this one ({}), only {}",
            key.unwrap_or_default(),
            some(&all)
        );
        let refuses = settings.policy.on_other_environment == OnOtherEnvironment::Refuse;
        match settings.mode == GateMode::Baseline && refuses {
            true => self.findings.push(format!(
                "{told}: what is measured here is compared with nothing"
            )),
            false => self.lines.push(told),
        }
    }

    fn trial(&mut self, replay: &Replay, trial: &Trial) {
        self.trial = Some(TrialTold::of(trial, replay.sessions, replay.against_itself));
        for rule in &trial.unchanged.unmatched {
            self.findings.push(unmatched(rule));
        }
        for unfit in &trial.unchanged.unfit {
            self.findings.push(format!(
                "{}: this `{}` is in another unit than `{}`",
                unfit.from, unfit.key, unfit.series
            ));
        }
        if trial.gated.is_empty() {
            self.findings.push(match trial.warned {
                0 => format!("no series is gated: {} are shown only", trial.shown),
                n => format!("no series can fail: {n} are warned of at most"),
            });
            return;
        }
        self.lines.push(match replay.against_itself {
            true => "tried with the one session that is stored, against itself: how much sessions differ is assumed, and no false alarm can be seen".to_owned(),
            false => format!("tried with the newest of {} sessions against those before it", replay.sessions),
        });
        self.lines.push(format!(
            "unchanged: {} of {} series fail",
            trial.false_alarms.len(),
            trial.gated.len()
        ));
        let (low, high) = trial.limits.unwrap_or_default();
        for (size, found, possible) in &trial.found {
            let within = if *size <= low {
                ", for that much is tolerated"
            } else {
                ""
            };
            self.lines.push(format!(
                "{} slower: found on {found} of {} series, possible on {possible}{within}",
                percent(*size),
                trial.slowed
            ));
        }
        self.lines.push(match low < high {
            true => format!("limits: {} to {}", percent(low), percent(high)),
            false => format!("limit: {}", percent(low)),
        });
        if !trial.accepted.is_empty() {
            let names: Vec<&String> = trial.accepted.iter().collect();
            self.lines.push(format!(
                "accepted to be worse, and not counted: {}",
                some(&names)
            ));
        }
        if trial.warned + trial.shown > 0 {
            self.lines.push(format!(
                "never failing: {} warned of, {} shown only",
                trial.warned, trial.shown
            ));
        }
        if !trial.false_alarms.is_empty() {
            self.findings.push(format!(
                "unchanged runs fail: {}",
                some(&trial.false_alarms)
            ));
        }
        let largest = trial.found.last();
        if let Some((size, found, _)) =
            largest.filter(|(_, found, _)| 2 * found < trial.slowed && low < trial::LARGEST)
        {
            self.findings.push(format!(
                "a change of {} is found on {found} of {} series: more runs, a quieter machine, or both sides in one session (`perfgate ab`) would find it",
                percent(*size),
                trial.slowed
            ));
        }
        for series in trial.never.iter().take(NAMED) {
            let sees = trial
                .gated
                .iter()
                .find(|(one, _)| one == series)
                .and_then(|(_, sees)| *sees);
            let sees = match sees {
                Some(sees) if sees < 10.0 => format!(": it sees changes above {}", percent(sees)),
                Some(_) => ": it sees hardly any change".to_owned(),
                None => String::new(),
            };
            self.lines
                .push(format!("cannot be judged: `{series}`{sees}"));
        }
        let more = trial.never.len().saturating_sub(NAMED);
        if more > 0 {
            self.lines.push(format!("cannot be judged: {more} more"));
        }
    }

    /// A choice of the rules: on a quiet machine the median is steadier.
    fn steadier(&mut self, all: &[Steadier]) {
        for one in all.iter().take(NAMED) {
            let Steadier {
                series,
                spread,
                statistic,
                steadier,
            } = one;
            let metric = &series.metric;
            self.lines.push(format!(
                "`{series}` differs by {} from run to run, its {statistic} by {}: a rule with `metric = \"{metric}.{statistic}\"` would see smaller changes",
                tenths(*spread),
                tenths(*steadier)
            ));
        }
        let more = all.len().saturating_sub(NAMED);
        if more > 0 {
            self.lines
                .push(format!("{more} more have a steadier statistic"));
        }
    }
}

/// As the clone remembers it of its remote.
fn default_branch(root: &Path) -> Option<String> {
    let asked = store::git(root)
        .args(["symbolic-ref", "--short", "refs/remotes/origin/HEAD"])
        .stderr(std::process::Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8(asked.stdout).ok()?;
    let branch = said.trim().strip_prefix("origin/")?;
    Some(branch.to_owned()).filter(|_| asked.status.success())
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

fn tenths(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

impl Trial {
    /// The smallest change that it finds on most series, else what becomes of the largest.
    fn headline(&self) -> String {
        let mut sizes = self.found.iter();
        let most = sizes.find(|(_, found, _)| 2 * found >= self.slowed);
        match most.or(self.found.last()).filter(|_| self.slowed > 0) {
            Some((size, found, _)) => {
                let (size, slowed) = (percent(*size), self.slowed);
                format!("this gate finds +{size} on {found} of {slowed} series")
            }
            None => "there is nothing that this gate could find slower".to_owned(),
        }
    }
}
