//! Flags, environment and file become one validated value; nothing behind this asks again who said what.

pub(crate) mod base;
pub(crate) mod baseline_path;
pub mod config;
mod machine;
pub(crate) mod names;
pub(crate) mod precedence;
pub(crate) mod provenance;
pub(crate) mod reading;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::cli::args::{BaselineFlags, PolicyFlags, ReadFlags};
use crate::cli::env::Env;
use crate::cli::settings::baseline_path::BaselineName;
use crate::cli::settings::config::{Ab, Config, FoundConfig, GateMode, Placed, Source};
use crate::cli::settings::names::Names;
use crate::cli::settings::precedence::{Deviation, Precedence, Setting, misspelt};
use crate::cli::values;
use crate::compare::{
    Decide, JudgingMachine, Limits, OnInconclusive, OnMissing, OnOtherEnvironment, Origin, Policy,
    RulesFrom,
};
use crate::ingest::ReadOptions;
use crate::model::names::Ids;
use crate::toml_file;

/// What a command has to know beside the results themselves.
pub(crate) struct Settings {
    pub(crate) policy: Policy,
    /// Whose rules a pull request is judged by, by these settings.
    pub(crate) rules_from: RulesFrom,
    pub(crate) interleaved: bool,
    /// Possible slowdowns are measured again, where perfgate runs the source itself.
    pub(crate) confirm: bool,
    /// A typed baseline overrides it.
    pub(crate) mode: GateMode,
    pub(crate) ab: Option<Ab>,
    pub(crate) baseline: Option<BaselineName>,
    pub(crate) environment: Option<String>,
    pub(crate) read: ReadOptions,
    pub(crate) names: Names,
    pub(crate) sources: Vec<Source>,
    pub(crate) config: Option<ConfigPlace>,
    pub(crate) deviations: Vec<Deviation>,
    /// What the user should know, but need not act on.
    pub(crate) warnings: Vec<String>,
}

/// Where the config is, and where its relative paths start.
pub(crate) struct ConfigPlace {
    pub(crate) path: PathBuf,
    pub(crate) folder: PathBuf,
}

/// What was typed that settings are made of.
#[derive(Clone, Default)]
pub(crate) struct Typed {
    pub(crate) config: Option<PathBuf>,
    pub(crate) baseline: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) require_baseline: bool,
    pub(crate) rules_from: Option<RulesFrom>,
    pub(crate) policy: PolicyFlags,
    pub(crate) read: ReadFlags,
}

/// Of commands that are about a baseline alone.
impl From<BaselineFlags> for Typed {
    fn from(flags: BaselineFlags) -> Self {
        Self {
            config: flags.config,
            baseline: flags.baseline,
            ..Self::default()
        }
    }
}

/// One line for each setting: its name in the file, how its text is read, how its value is shown, and what holds where
/// nobody says.
macro_rules! settings {
    ($($name:ident: $type:ty = $written:literal, $parse:expr, $show:expr, $default:literal;)+) => {
        $(const $name: Setting<$type> = Setting {
            name: $written,
            parse: $parse,
            show: $show,
            default: $default,
        };)+
        const NAMES: &[&str] = &[$($written),+];
    };
}

settings! {
    MODE: GateMode = "mode", toml_file::word, shown, "baseline";
    RULES_FROM: RulesFrom = "rules_from", toml_file::word, shown, "head";
    BASELINE: String = "baseline", text, Clone::clone, "";
    ENVIRONMENT: String = "environment", text, Clone::clone, "";
    MAX_REGRESSION: f64 = "max_regression", values::percent, |value| values::show_percent(*value), "2.5%";
    DECIDE: Decide = "decide", toml_file::word, shown, "certain";
    MAX_DETECTABLE: f64 = "max_detectable", values::percent, |value| values::show_percent(*value), "";
    WARMUP: Duration = "warmup", values::duration, |value| format!("{}s", value.as_secs_f64()), "";
    CONFIRM: bool = "confirm", truth, ToString::to_string, "true";
    IDS: Ids = "ids", toml_file::word, shown, "merge";
    REQUIRE_BASELINE: bool = "require_baseline", truth, ToString::to_string, "false";
    ON_INCONCLUSIVE: OnInconclusive = "on_inconclusive", toml_file::word, shown, "warn";
    ON_MISSING: OnMissing = "on_missing", toml_file::word, shown, "fail";
    ON_OTHER_ENVIRONMENT: OnOtherEnvironment = "on_other_environment", toml_file::word, shown, "refuse";
}

fn text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

fn truth(text: &str) -> Result<bool, String> {
    match text {
        "1" | "true" | "yes" => Ok(true),
        "0" | "false" | "no" => Ok(false),
        _ => Err(format!("`{text}` is not true or false")),
    }
}

/// The word that stands for a value in the file.
fn shown<T: Serialize>(value: &T) -> String {
    let word = serde_json::to_value(value).ok();
    let word = word.as_ref().and_then(|word| word.as_str());
    word.unwrap_or_default().to_owned()
}

impl Settings {
    /// For commands that heed a config file and the environment.
    pub(crate) fn load(typed: Typed, env: &Env) -> anyhow::Result<Self> {
        let file = match &typed.config {
            Some(path) => Some(config::read(path)?),
            None => match config::find(&std::env::current_dir()?)? {
                Some(path) => Some(config::read(&path)?),
                None => None,
            },
        };
        let mut settings = Self::decide(typed, Some(env), file)?;
        settings.warnings = misspelt(env, NAMES);
        settings.judge_on(env);
        Ok(settings)
    }

    /// As the file at the base of a pull request would have them, or no file at all: whatever the pull request wrote
    /// has no part in it.
    pub(crate) fn at_base(
        typed: Typed,
        env: &Env,
        file: Option<FoundConfig>,
    ) -> anyhow::Result<Self> {
        let mut settings = Self::decide(typed, Some(env), file)?;
        settings.judge_on(env);
        Ok(settings)
    }

    /// For `compare`: what is typed is all there is.
    pub(crate) fn of_flags(typed: Typed) -> anyhow::Result<Self> {
        let from = typed.read.from.clone();
        let mut settings = Self::decide(
            Typed {
                read: ReadFlags {
                    from: None,
                    ..typed.read
                },
                ..typed
            },
            None,
            None,
        )?;
        settings.read.mappings = reading::mappings_here(from.as_ref())?;
        reading::read_as(&mut settings.read, from.as_ref())?;
        Ok(settings)
    }

    fn decide(typed: Typed, env: Option<&Env>, file: Option<FoundConfig>) -> anyhow::Result<Self> {
        let (place, mut config) = match file {
            Some(file) => {
                let (path, folder) = (file.path, file.folder);
                (Some(ConfigPlace { path, folder }), file.config)
            }
            None => (None, Config::default()),
        };
        let folder = place.as_ref().map(|place| place.folder.as_path());
        let mut read = ReadOptions {
            mappings: reading::of_config(&mut config, folder),
            ..ReadOptions::default()
        };
        reading::read_as(&mut read, typed.read.from.as_ref())?;
        let mut precedence = Precedence {
            env,
            deviations: Vec::new(),
        };
        let is_baseline_typed = typed.baseline.is_some();
        let baseline = precedence
            .decide(&BASELINE, typed.baseline, config.baseline.as_ref())?
            .map(|name| {
                let home = place.as_ref().map(|place| place.folder.clone());
                BaselineName::new(
                    name.value,
                    home,
                    config.baseline.as_ref().map(|p| &p.from) == Some(&name.from),
                )
            });
        // It has no default and every report names it: news only where the file is overruled.
        if config.baseline.is_none() || baseline.as_ref().is_some_and(|name| name.in_config) {
            precedence.deviations.clear();
        }
        let environment =
            precedence.decide(&ENVIRONMENT, typed.environment, config.environment.as_ref())?;
        let rules_from =
            precedence.decide(&RULES_FROM, typed.rules_from, config.rules_from.as_ref())?;
        let warmup = precedence.decide(&WARMUP, typed.read.warmup, config.warmup.as_ref())?;
        let ids = precedence.decide(&IDS, typed.read.ids.map(Into::into), config.ids.as_ref())?;
        let confirm = precedence.decide(&CONFIRM, None, config.confirm.as_ref())?;
        let mode = precedence.decide(&MODE, None, config.mode.as_ref())?;
        let mode = match is_baseline_typed {
            true => GateMode::Baseline,
            false => or(mode, GateMode::default()),
        };
        let flags = Flags {
            policy: &typed.policy,
            require_baseline: typed.require_baseline,
        };
        let policy = policy(&mut precedence, &flags, &config)?;
        let of_rules = policy.rules.iter().map(|rule| rule.subject.as_str());
        let accepted = policy.acceptances.iter().map(|one| one.subject.as_str());
        let names = Names::new(
            or(ids, Ids::default()),
            &config.subjects,
            of_rules.chain(accepted),
        );
        Ok(Self {
            policy,
            rules_from: or(rules_from, RulesFrom::default()),
            interleaved: typed.policy.interleaved,
            confirm: confirm.is_none_or(|confirm| confirm.value),
            mode,
            ab: config.ab,
            baseline,
            environment: environment.map(|name| name.value),
            read: ReadOptions {
                warmup: warmup.map(|warmup| warmup.value),
                ..read
            },
            names,
            sources: config.sources,
            config: place,
            deviations: precedence.deviations,
            warnings: Vec::new(),
        })
    }

    /// Runs that say nothing of their machine are taken to be from one like this.
    pub(crate) fn judge_on(&mut self, env: &Env) {
        let ci = env.is_on("CI") || env.in_github_actions() || env.is_on("GITLAB_CI");
        self.policy.judging_machine = if ci {
            JudgingMachine::Ci
        } else {
            JudgingMachine::Own
        };
    }

    pub(crate) fn config_path(&self) -> Option<&Path> {
        self.config.as_ref().map(|place| place.path.as_path())
    }
}

struct Flags<'a> {
    policy: &'a PolicyFlags,
    require_baseline: bool,
}

fn policy(
    precedence: &mut Precedence<'_>,
    flags: &Flags<'_>,
    config: &Config,
) -> anyhow::Result<Policy> {
    let typed = flags.policy;
    let defaults = &config.defaults;
    let max_regression = precedence.decide(
        &MAX_REGRESSION,
        typed.max_regression,
        defaults.max_regression.as_ref(),
    )?;
    let decide = precedence.decide(
        &DECIDE,
        typed.decide.map(Into::into),
        defaults.decide.as_ref(),
    )?;
    let max_detectable = precedence.decide(
        &MAX_DETECTABLE,
        typed.max_detectable,
        defaults
            .max_detectable
            .as_ref()
            .or(config.max_detectable.as_ref()),
    )?;
    let strict = typed.strict.then_some(OnInconclusive::Fail);
    let on_inconclusive = precedence.decide(
        &ON_INCONCLUSIVE,
        typed.on_inconclusive.map(Into::into).or(strict),
        config.on_inconclusive.as_ref(),
    )?;
    let on_missing = precedence.decide(
        &ON_MISSING,
        typed.on_missing.map(Into::into),
        config.on_missing.as_ref(),
    )?;
    let on_other_environment = precedence.decide(
        &ON_OTHER_ENVIRONMENT,
        typed.on_other_environment.map(Into::into),
        config.on_other_environment.as_ref(),
    )?;
    let require_baseline = precedence.decide(
        &REQUIRE_BASELINE,
        (flags.require_baseline || typed.strict).then_some(true),
        config.require_baseline.as_ref(),
    )?;
    if typed.strict {
        for deviation in &mut precedence.deviations {
            let by_strict = (deviation.name == REQUIRE_BASELINE.name && !flags.require_baseline)
                || (deviation.name == ON_INCONCLUSIVE.name && typed.on_inconclusive.is_none());
            if by_strict {
                deviation.from = Origin::new("--strict");
            }
        }
    }
    let usual = Policy::default();
    let limits = Limits {
        from: max_regression
            .as_ref()
            .map_or(usual.defaults.from.clone(), |limit| limit.from.clone()),
        max_regression: or(max_regression, usual.defaults.max_regression),
        min_delta: defaults.min_delta.clone().map(|delta| delta.value),
        max_detectable: max_detectable.map(|limit| limit.value),
        severity: or(defaults.severity.clone(), usual.defaults.severity),
        decide: or(decide, usual.defaults.decide),
        ..usual.defaults
    };
    Ok(Policy {
        defaults: limits,
        rules: config.rules.clone(),
        acceptances: config.acceptances.clone(),
        on_missing: or(on_missing, usual.on_missing),
        on_inconclusive: or(on_inconclusive, usual.on_inconclusive),
        on_other_environment: or(on_other_environment, usual.on_other_environment),
        require_baseline: or(require_baseline, usual.require_baseline),
        judging_machine: usual.judging_machine,
        targets_only: usual.targets_only,
        only: usual.only,
    })
}

fn or<T>(decided: Option<Placed<T>>, default: T) -> T {
    decided.map_or(default, |decided| decided.value)
}
