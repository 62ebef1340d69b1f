//! The document of a judgement. Beside the comparisons it tells where both sides come from, what deviates and what to type
//! next.

use crate::cli::commands::gate::Judged;
use crate::cli::settings::Settings;
use crate::compare::FoundBaseline;
use crate::model::{Environment, History, Run, Subject, Unit};
use crate::report::context::{
    BaselineSource, Commands, Context, CurrentSource, Difference, ResultFile, Setting, Surroundings,
};
use crate::report::{self, BaseRules, Document, Profile, RunsBehind, TimeSpent, Trend};
use crate::stats::{order, reading};

/// More than this would bury the verdict.
const MOST_WARNINGS: usize = 8;

/// Everything that a document is made of.
pub(crate) struct Material<'a> {
    pub(crate) judged: &'a Judged<'a>,
    pub(crate) settings: &'a Settings,
    pub(crate) current: &'a [Run],
    /// All runs of the baseline, of other machines and works, too.
    pub(crate) history: &'a [Run],
    pub(crate) sources: Vec<ResultFile>,
    /// How messages call the other side.
    pub(crate) baseline: &'a str,
    pub(crate) commands: Commands,
    /// Which names were put together.
    pub(crate) names: Vec<String>,
    /// What the pull request changes of its own gate.
    pub(crate) base_rules: Option<BaseRules>,
    /// What else a reader should know, told last.
    pub(crate) notes: Vec<String>,
    /// Where what regressed spent its time.
    pub(crate) profiles: Vec<Profile>,
    /// Where the time went, where both sides were measured in turns.
    pub(crate) spent: Option<TimeSpent>,
}

impl<'a> Material<'a> {
    /// The runs, for what no document holds.
    pub(crate) fn measured(&self) -> RunsBehind<'a> {
        RunsBehind {
            baseline: &self.judged.baseline,
            history: self.history,
            current: self.current,
        }
    }
}

pub(crate) fn document(mut material: Material<'_>, gate: Option<String>) -> Document {
    let (verdict, policy) = (&material.judged.verdict, &material.settings.policy);
    let profiles = std::mem::take(&mut material.profiles);
    let spent = material.spent;
    Document {
        profiles,
        spent,
        ..report::document(verdict, policy, context(material, gate))
    }
}

fn context(material: Material<'_>, gate: Option<String>) -> Context {
    let judgement = material.judged.verdict.judgement();
    let baseline = &material.judged.baseline;
    let settings = material.settings;
    let (before, now) = (newest(baseline), newest(material.current));
    let mut notes = material.names;
    notes.extend(warnings(material.current));
    if let Some(label) = &judgement.anchor_elsewhere {
        notes.push(format!(
            "the anchor {label} holds no runs of this work and environment; drift is not judged"
        ));
    }
    let invalid = baseline
        .iter()
        .filter(|run| run.provenance.invalid.is_some());
    match invalid.count() {
        0 => {}
        n => notes.push(format!(
            "{n} of {} baseline runs are invalid, and were taken all the same",
            baseline.len()
        )),
    }
    notes.extend(material.notes);
    let mut judged = judgement
        .workloads
        .iter()
        .filter(|w| !matches!(w.found, FoundBaseline::No(_)));
    let in_one_session = judged.clone().count() > 0 && judged.all(|w| w.in_one_session);
    Context {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        gate,
        baseline: before.map(|newest| BaselineSource {
            path: material.baseline.to_owned(),
            runs: baseline.len(),
            partial: partial(baseline),
            sessions: sessions(baseline),
            commit: newest.provenance.commit.clone(),
            newest_at: started(baseline).max(),
            oldest_at: started(baseline).min(),
            environment: newest.provenance.environment.key(),
        }),
        current: CurrentSource {
            runs: material.current.len(),
            partial: partial(material.current),
            commit: now.and_then(|run| run.provenance.commit.clone()),
            sources: material.sources,
        },
        environment: Surroundings {
            key: now.and_then(|run| run.provenance.environment.key()),
            differences: match (before, now) {
                (Some(before), Some(now)) => differences(before, now),
                _ => Vec::new(),
            },
        },
        config: settings
            .config_path()
            .map(|path| path.display().to_string()),
        settings: deviations(settings),
        interleaved: settings.interleaved || in_one_session,
        notes,
        commands: material.commands,
        base_rules: material.base_rules,
    }
}

/// How the worst series moved over the sessions of the baseline, where these are of one workload.
pub(super) fn trend(document: &Document, judged: &Judged<'_>) -> Option<Trend> {
    if judged.verdict.judgement().workloads.len() > 1 {
        return None;
    }
    let worst = report::worst(document)?;
    let (subject, unit) = (Subject::new(worst.subject.as_str()), Unit::new(&worst.unit));
    let of_run = |run: &&Run| -> Option<f64> {
        let metrics = run.subjects.get(&subject)?;
        let measured = metrics.get(worst.metric.as_str())?;
        let reading = reading::read(&measured.evidence, worst.statistic)?;
        (measured.unit == unit).then_some(reading.value)
    };
    let history = History::of(judged.baseline.iter());
    let of_session = |runs: &[&Run]| -> Option<f64> {
        let values: Vec<f64> = runs.iter().filter_map(of_run).collect();
        order::median(&values)
    };
    let sessions: Vec<f64> = history
        .sessions()
        .filter_map(|session| of_session(&session.runs))
        .collect();
    (sessions.len() > 1).then(|| Trend {
        subject: worst.subject.clone(),
        metric: worst.metric.clone(),
        statistic: worst.statistic,
        sessions,
    })
}

/// The run that was made last.
fn newest(runs: &[Run]) -> Option<&Run> {
    History::of(runs).newest()
}

fn partial(runs: &[Run]) -> usize {
    runs.iter().filter(|run| run.provenance.partial).count()
}

fn deviations(settings: &Settings) -> Vec<Setting> {
    let decided = settings.deviations.iter();
    decided
        .map(|deviation| Setting {
            name: deviation.name.to_owned(),
            value: deviation.value.clone(),
            from: deviation.from.to_string(),
        })
        .collect()
}

/// How many sessions the runs are of.
fn sessions(runs: &[Run]) -> usize {
    History::of(runs).sessions().count()
}

/// Each once, oldest first.
pub(crate) fn commits(runs: &[Run]) -> Vec<String> {
    let mut commits: Vec<String> = Vec::new();
    for commit in runs.iter().filter_map(|run| run.provenance.commit.clone()) {
        if !commits.contains(&commit) {
            commits.push(commit);
        }
    }
    commits
}

pub(crate) fn started(runs: &[Run]) -> impl Iterator<Item = jiff::Timestamp> {
    runs.iter().filter_map(|run| run.provenance.started_at)
}

/// What was recorded on both sides and differs: the environment's shown parts, and the load tool's version.
fn differences(before: &Run, now: &Run) -> Vec<Difference> {
    let shown = |environment: &Environment| environment.shown();
    let here = shown(&now.provenance.environment);
    let mut differences: Vec<Difference> = shown(&before.provenance.environment)
        .into_iter()
        .filter_map(|(name, baseline)| {
            let (_, current) = here.iter().find(|(other, _)| *other == name)?;
            (*current != baseline).then(|| Difference {
                name: name.to_owned(),
                baseline,
                current: current.clone(),
            })
        })
        .collect();
    if let (Some(old), Some(new)) = (&before.provenance.tool, &now.provenance.tool)
        && old.name == new.name
        && let (Some(baseline), Some(current)) = (&old.version, &new.version)
        && baseline != current
    {
        differences.push(Difference {
            name: old.name.clone(),
            baseline: baseline.clone(),
            current: current.clone(),
        });
    }
    differences.extend(measured_times(before, now));
    differences
}

/// Where the load does not say how long was asked for, and the two times differ by more than chance.
fn measured_times(before: &Run, now: &Run) -> Option<Difference> {
    const WORTH_TELLING: f64 = 1.1;
    let digest = |run: &Run| run.provenance.load.as_ref()?.digest.clone();
    if digest(before).is_some() && digest(now).is_some() {
        return None;
    }
    let (old, new) = (
        before.measured_time()?.seconds,
        now.measured_time()?.seconds,
    );
    (old.max(new) > WORTH_TELLING * old.min(new)).then(|| Difference {
        name: "measured time".to_owned(),
        baseline: format!("{old:.0} s"),
        current: format!("{new:.0} s"),
    })
}

/// What the readers of the results had to say. Runs of one workload tend to say the same with other numbers: the
/// first says it, and how many more do.
fn warnings(runs: &[Run]) -> Vec<String> {
    let mut told: Vec<(String, String, usize)> = Vec::new();
    for warning in runs.iter().flat_map(|run| &run.warnings) {
        let shape = shape(warning);
        match told.iter_mut().find(|(known, ..)| *known == shape) {
            Some((_, first, more)) if first != warning => *more += 1,
            Some(_) => {}
            None => told.push((shape, warning.clone(), 0)),
        }
    }
    let left_out = told.len().saturating_sub(MOST_WARNINGS);
    let line = |(_, first, more): (String, String, usize)| match more {
        0 => first,
        1 => format!("{first} (and another run alike)"),
        more => format!("{first} (and {more} other runs alike)"),
    };
    let mut warnings: Vec<String> = told.into_iter().take(MOST_WARNINGS).map(line).collect();
    if left_out > 0 {
        warnings.push(format!("{left_out} more; `perfgate inspect` shows all"));
    }
    warnings
}

/// A warning with its numbers taken out, to find those that differ only in numbers.
fn shape(warning: &str) -> String {
    let mut shape = String::with_capacity(warning.len());
    for c in warning.chars() {
        if !c.is_ascii_digit() {
            shape.push(c);
        } else if !shape.ends_with('#') {
            shape.push('#');
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ToolName;

    fn run(kernel: &str, version: &str) -> Run {
        let mut run = Run::default();
        run.provenance.environment.kernel = Some(kernel.to_owned());
        run.provenance.environment.image = Some("same".to_owned());
        run.provenance.tool = Some(ToolName {
            name: "locust".to_owned(),
            version: Some(version.to_owned()),
        });
        run
    }

    #[test]
    fn only_what_differs_is_told() {
        let told = differences(&run("6.1", "2.1"), &run("6.2", "2.2"));
        let names: Vec<&str> = told.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(names, ["kernel", "locust"]);
        assert!(differences(&run("6.1", "2.1"), &run("6.1", "2.1")).is_empty());
    }

    #[test]
    fn warnings_are_told_once_and_not_without_end() {
        let mut runs = vec![run("a", "b"), run("a", "b")];
        for run in &mut runs {
            run.warnings = ('a'..='j').map(|c| c.to_string()).collect();
        }
        let told = warnings(&runs);
        assert_eq!(told.len(), MOST_WARNINGS + 1);
        assert_eq!(told.last().unwrap(), "2 more; `perfgate inspect` shows all");
    }

    #[test]
    fn runs_that_say_the_same_with_other_numbers_are_told_as_one() {
        let mut runs = vec![run("a", "b"), run("a", "b"), run("a", "b")];
        for (run, n) in runs.iter_mut().zip([16, 6, 13]) {
            run.warnings = vec![format!("{n} failed of 600")];
        }
        assert_eq!(
            warnings(&runs),
            ["16 failed of 600 (and 2 other runs alike)"]
        );
    }
}
