//! `perfgate ab`: base and head in turns, until it is known which series changed.
//!
//! `versions` says what base and head are, `windows` and `services` measure them, `view` shows how it goes, `kept` writes the runs down; what is decided is `crate::ab`'s.

mod benched;
mod configured;
mod control;
mod kept;
mod layout;
mod rerun;
mod rounds;
mod services;
mod terms;
mod time_sheet;
mod versions;
mod view;
mod windows;

use std::borrow::Cow;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::ab::layout::Worse;
use crate::ab::{self, End, Finding, Order, Plan, SameProgram, Sequence, Version};
use crate::cli::Invocation;
use crate::cli::args::AbArgs;
use crate::cli::commands::gate::conclude::{Destinations, conclude};
use crate::cli::commands::gate::document::Material;
use crate::cli::commands::gate::{Judged, refuse_unfit, refuse_unmatched};
use crate::cli::env::today;
use crate::cli::interrupt::{Interrupt, Interrupted};
use crate::cli::output::Output;
use crate::cli::output::shell_repr;
use crate::cli::output::write_reports::Outlets;
use crate::cli::settings::{Settings, Typed};
use crate::compare::{Comparison, Judgement, Outcome};
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::load::Stop;
use crate::load::group::{Cores, listed_cores};
use crate::model::Pattern;
use crate::model::Run;
use crate::model::digest::Digest;
use crate::report::context::{Commands, ResultFile};
use crate::report::{Profile, TimeSpent};
use crate::text::duration;
use crate::verdict::{Situation, Verdict};

use control::Control;
use kept::KeptResults;
use layout::LayoutCheck;
use rerun::Rerun;
use rounds::{Rounds, Stamping, windows_of};
use terms::Terms;
use time_sheet::TimeSheet;
use versions::Versions;
use view::View;

pub(crate) fn run(
    mut args: AbArgs,
    invocation: &Invocation<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<Exit> {
    let flags = args.output.clone();
    let outlets = Outlets::open(&flags, Some(invocation.env))?;
    let mut settings = Settings::load(
        Typed {
            config: args.config.clone(),
            policy: args.policy.clone(),
            ..Typed::default()
        },
        invocation.env,
    )?;
    settings.interleaved = true;
    let mut files = outlets.files();
    files.reads_config(&settings);
    files.refuse_collisions()?;
    for warning in &settings.warnings {
        output.warn(warning);
    }
    let measured = measure(&mut args, &settings, invocation, output)?;
    let to = Destinations {
        outlets: &outlets,
        pull_request: None,
    };
    Ok(conclude(measured.material(&settings), &to, output).exit)
}

/// What was measured and judged, to be reported.
pub(crate) struct MeasuredInTurns {
    judged: Judged<'static>,
    /// Of the head.
    current: Vec<Run>,
    source: ResultFile,
    /// What messages call the base.
    base: String,
    repeat: String,
    notes: Vec<String>,
    /// Where both spent their time.
    profile: Option<Profile>,
    spent: TimeSpent,
}

/// A profiler that fails changes nothing.
pub(crate) fn no_profile(why: &anyhow::Error) -> String {
    format!("there is no profile: {why:#}")
}

impl MeasuredInTurns {
    /// What its document is made of.
    pub(crate) fn material<'a>(&'a self, settings: &'a Settings) -> Material<'a> {
        Material {
            judged: &self.judged,
            settings,
            current: &self.current,
            history: &self.judged.baseline,
            commands: Commands {
                repeat: Some(self.repeat.clone()),
                explain: None,
                next: None,
                settle: None,
            },
            sources: vec![self.source.clone()],
            baseline: &self.base,
            names: self.notes.clone(),
            base_rules: None,
            notes: Vec::new(),
            profiles: self.profile.iter().cloned().collect(),
            spent: Some(self.spent),
        }
    }
}

/// Measures both versions until it is decided. `settings` are those of interleaved sides.
pub(crate) fn measure(
    args: &mut AbArgs,
    settings: &Settings,
    invocation: &Invocation<'_>,
    output: &mut Output<'_>,
) -> anyhow::Result<MeasuredInTurns> {
    let ends = configured::complete(args, settings, invocation.env)?;
    let args = &*args;
    let kept = KeptResults::prepare(args.measuring.kept.clone())?;
    let rerun = args.measuring.rerun.as_deref().map(Rerun::of).transpose()?;
    let interrupt = Interrupt::listen()?;
    let seed = args.measuring.seed.unwrap_or_else(|| seed(args));
    let order = Order::of_seed(seed);
    let plan = Plan::up_to(ends.max_rounds);
    let mut sequence = Sequence::new(plan, order, &settings.policy, today());
    if args.measuring.until_sure {
        sequence = sequence.until_sure();
    }
    let mut stamping = Stamping::new(args, settings, invocation);
    let mut versions = Versions::of(args, invocation.env)?;
    stamping.commits = versions.commits();
    let progress = output.progress();
    for note in versions.notes() {
        output.note(note);
    }
    if let Some(rerun) = &rerun {
        output.note(&rerun.note());
    }
    let cores = args.measuring.pin.as_deref().map(pinned).transpose()?;
    let mut same: Option<SameProgram> = None;
    let mut sheet = TimeSheet::default();
    let (end, _) = interrupt.during(|stop| {
        let begun = Instant::now();
        if !versions.build(&args.revisions, invocation.env, &stop)? {
            return Ok((End::Stopped, Vec::new(), None, None));
        }
        sheet.building = begun.elapsed();
        let begun = Instant::now();
        let mut known = Vec::new();
        match compared(args, &versions, (seed, &ends.ignored), &stop)? {
            Finding::Same(found) => {
                same = Some(found);
                sheet.measuring = begun.elapsed();
                return Ok((End::Decided, Vec::new(), None, None));
            }
            Finding::DiffersByBuild => known.push(Finding::DIFFERS_BY_BUILD.to_owned()),
            Finding::Other => {}
        }
        let (asked, _keys) = interrupt.asked(progress);
        let mut view = View::new(progress, asked, output.watchers());
        let terms = Terms {
            seed,
            settings,
            budget: ends.time_budget,
            cores: cores.as_ref(),
            stop: &stop,
        };
        let mut windows = windows_of(args, &versions, &terms)?;
        sheet.warm_up(|| windows.warm_up(args.measuring.warmup, &stop))?;
        let budget = left(ends.time_budget, begun.elapsed())?;
        let mut round = Rounds {
            windows: windows.as_mut(),
            stamping: &mut stamping,
            rerun: rerun.as_ref(),
        };
        let end = ab::measure(&mut sequence, order, &mut round, &mut view, (budget, &stop));
        view.end();
        sheet.measuring = begun.elapsed();
        sheet.busy += windows.busy();
        let mut profile = None;
        if matches!(end, Ok(End::Decided | End::OutOfTime)) && sequence.got_worse() {
            match windows.sample(ends.profiler.as_deref()) {
                Some(Ok([base, head])) => profile = Some(Profile::new(None, Some(&base), &head)),
                Some(Err(why)) => known.push(no_profile(&why)),
                None => {}
            }
        }
        known.extend(windows.notes());
        drop(windows);
        let cap = view.cap();
        if args.measuring.control && matches!(end, Ok(End::Decided)) {
            let control = Control {
                args,
                rerun: rerun.as_ref(),
                terms,
                spent: sheet.measuring,
                rounds: sequence.rounds(),
            };
            let told = control.measure(&versions, &mut stamping, &mut view, &mut sheet)?;
            view.end();
            let Some(told) = told else {
                return Ok((End::Stopped, Vec::new(), None, None));
            };
            known.push(told);
        }
        if args.measuring.layout_check && matches!(end, Ok(End::Decided | End::OutOfTime)) {
            let check = LayoutCheck {
                args,
                env: invocation.env,
                terms,
                worse: Worse::of(&sequence.clone().finish()),
            };
            let told = check.measure(&versions, &mut stamping, &mut view, &mut sheet);
            let Some(told) = told else {
                return Ok((End::Stopped, Vec::new(), None, None));
            };
            known.extend(told);
        }
        known.extend(view.machine().notes());
        end.map(|end| (end, known, cap, profile))
    });
    let (end, measured, cap, profile) = match end {
        Ok(told) => told,
        Err(error) => {
            kept.rescue(&sequence, output);
            return Err(error);
        }
    };
    if end == End::Stopped {
        kept.rescue(&sequence, output);
        return Err(anyhow::anyhow!(Interrupted).context("measure base and head"));
    }
    let mut notes = versions.notes().to_vec();
    if let Some(same) = same {
        output.note(&same.note());
        notes.push(same.note());
        return Ok(MeasuredInTurns {
            judged: Judged {
                verdict: Verdict::of(same.judgement(), &settings.policy, Situation::Compared),
                baseline: Cow::Borrowed(&[]),
            },
            current: Vec::new(),
            source: ResultFile {
                path: versions.shown(Version::Head),
                format: "command".to_owned(),
            },
            base: versions.shown(Version::Base),
            repeat: shell_repr::command(invocation.arguments),
            notes,
            profile: None,
            spent: sheet.spent(),
        });
    }
    notes.extend(rerun.as_ref().map(Rerun::note));
    notes.extend(measured);
    notes.extend(cores.map(|cores| cores.to_string()));
    notes.append(&mut stamping.names);
    notes.extend(told(&sequence, end, seed, cap));
    kept.write(&sequence, output)?;
    let head: Vec<Run> = sequence.runs(Version::Head).to_vec();
    let base: Vec<Run> = sequence.runs(Version::Base).to_vec();
    let judgement = sequence.finish();
    notes.extend(ab::witness::notes(&judgement));
    let windows = u32::try_from(2 * head.len().max(1)).unwrap_or(u32::MAX);
    notes.extend(longer_windows(
        args,
        &judgement,
        sheet.busy.loading / windows,
    ));
    refuse_unmatched(&judgement)?;
    refuse_unfit(&judgement)?;
    let judged = Judged {
        verdict: Verdict::of(judgement, &settings.policy, Situation::Compared),
        baseline: Cow::Owned(base),
    };
    Ok(MeasuredInTurns {
        judged,
        current: head,
        source: ResultFile {
            path: versions.shown(Version::Head),
            format: stamping.format.to_owned(),
        },
        base: versions.shown(Version::Base),
        repeat: shell_repr::command(invocation.arguments),
        notes,
        profile,
        spent: sheet.spent(),
    })
}

/// Where what is measured runs. perfgate itself is bound to other cores with it, where there are any.
fn pinned(asked: &str) -> anyhow::Result<Cores> {
    const WHAT_NEXT: &str =
        "leave out --pin, which needs Linux and two cores, or name cores as in --pin=2-3";
    let cores = if asked.is_empty() {
        Cores::apart()
            .ok_or_else(|| anyhow::anyhow!("--pin: there is no core beside perfgate's own"))
    } else {
        let asked =
            listed_cores(asked).ok_or_else(|| anyhow::anyhow!("--pin={asked} is no list of cores"));
        asked.and_then(|asked| Cores::of(&asked).map_err(|why| anyhow::anyhow!("--pin: {why}")))
    };
    let cores = cores.hint(WHAT_NEXT)?;
    cores
        .take_own()
        .context("bind perfgate to its cores")
        .hint(WHAT_NEXT)?;
    Ok(cores)
}

/// Where short commands leave something in doubt: longer windows differ less. `each` is how long one ran.
fn longer_windows(args: &AbArgs, judgement: &Judgement, each: Duration) -> Option<String> {
    /// From here on a window is no short one.
    const SHORT: Duration = Duration::from_millis(500);
    let (services, measuring) = (&args.services, &args.measuring);
    let may_repeat = services.scenario.is_none()
        && services.window.is_none()
        && measuring.results.is_none()
        && args.revisions.bench.is_none();
    let is_doubt = |one: &Comparison| one.gated && matches!(one.outcome, Outcome::Inconclusive(_));
    let helps = may_repeat && each < SHORT && judgement.comparisons.iter().any(is_doubt);
    helps.then(|| {
        let each = duration::text(each);
        format!("a window was one run of {each}: --window 1s runs short commands as often as fits, and finds smaller changes")
    })
}

/// What of the time budget is there for rounds.
fn left(budget: Duration, spent: Duration) -> anyhow::Result<Duration> {
    match budget.checked_sub(spent) {
        Some(left) if !left.is_zero() => Ok(left),
        _ => Err(anyhow::anyhow!(
            "the time was over before the first round: warming up took {} of {}",
            duration::text(spent),
            duration::text(budget)
        ))
        .hint("give it more with --time-budget, or warm up less with --warmup"),
    }
}

/// Made of the commands, so that the same comparison has the same order everywhere.
fn seed(args: &AbArgs) -> u64 {
    let mut digest = Digest::new("order of base and head");
    for text in [
        &args.base,
        &args.head,
        &args.revisions.run,
        &args.revisions.bench,
        &args.services.base_url,
    ] {
        digest.field(text.as_deref().unwrap_or_default().as_bytes());
    }
    let digits = digest.hex();
    let digits = digits.rsplit(':').next().unwrap_or_default();
    // Few digits are enough to vary the order, and can be typed.
    let first = digits.get(..4).unwrap_or_default();
    u64::from_str_radix(first, 16).unwrap_or_default()
}

/// Whether there is anything to measure. Only what runs to an end by itself can be traced, and what writes results runs
/// too long for it.
fn compared(
    args: &AbArgs,
    versions: &Versions,
    (seed, ignored): (u64, &[Pattern]),
    stop: &Stop,
) -> anyhow::Result<Finding> {
    if args.revisions.bench.is_some() {
        let files = versions.files(ignored, false)?;
        return Ok(Finding::of_benches(&versions.benches(), &files));
    }
    let may_trace = args.services.scenario.is_none() && args.measuring.results.is_none();
    let conditions = ab::command::Conditions {
        seed,
        timeout: args.measuring.timeout,
        ignores_failure: false,
        cores: None,
        stop,
    };
    let programs = versions.programs(args.measuring.prepare.as_ref());
    let files = versions.files(ignored, may_trace)?;
    Ok(Finding::of(&programs, &files, &conditions))
}

/// How it was measured, for whoever reads the verdict.
fn told(sequence: &Sequence<'_>, end: End, seed: u64, cap: Option<usize>) -> Vec<String> {
    let rounds = sequence.rounds();
    let taken: Vec<String> = sequence
        .taken()
        .iter()
        .map(|s| s.rounds.to_string())
        .collect();
    let looks = match taken.as_slice() {
        [] => "before the first look at five".to_owned(),
        _ if sequence.is_until_sure() => "looked at after every block".to_owned(),
        [one] => format!("looked at after {one}"),
        several => format!("looked at after {}", several.join(", ")),
    };
    let times = match rounds {
        1 => "one round".to_owned(),
        _ => format!("{rounds} rounds"),
    };
    let mut notes = vec![format!(
        "base and head in turns for {times}, {looks}, in the order of seed {seed}"
    )];
    if let Some(cap) = cap {
        notes.push(format!(
            "the time reached for {cap} rounds at most; more of it (--time-budget) finds smaller changes"
        ));
    }
    if end == End::OutOfTime {
        notes.push(format!(
            "the time was over after {rounds} rounds, and what was in doubt stayed so (--time-budget)"
        ));
    }
    let dependence = sequence.dependence();
    if let Some(lag) = dependence.lag_one {
        notes.push(format!(
            "neighbouring windows resemble each other (correlation {lag:.2}): blocks of four are the unit"
        ));
    }
    if let Some(slot) = dependence.second_slot {
        notes.push(format!(
            "the second window of a round differs from the first by {:+.1} %, whichever version it is: blocks of four are the unit",
            100.0 * slot.exp_m1()
        ));
    }
    notes
}
