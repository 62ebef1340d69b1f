//! The parts of a config file that become rules: `[defaults]`, `[[rule]]`, `[[accept]]`.

use crate::compare::{Acceptance, Decide, Origin, Pattern, Quantity, Rule, SeriesRole, Severity};
use crate::model::Better;
use crate::model::names::ByHand;
use crate::toml_file::{Form, value};

use super::ConfigError;
use super::limits::{Limits, Placed, decided, origin};

pub(crate) const DEFAULTS_KEYS: [&str; 5] = [
    "max_regression",
    "min_delta",
    "severity",
    "decide",
    "max_detectable",
];
pub(crate) const RULE_KEYS: [&str; 10] = [
    "subject",
    "metric",
    "max_regression",
    "min_delta",
    "budget",
    "severity",
    "decide",
    "max_detectable",
    "better",
    "role",
];
pub(crate) const ACCEPT_KEYS: [&str; 5] = ["subject", "metric", "up_to", "reason", "until"];

pub(crate) const SUBJECT_KEYS: [&str; 2] = ["match", "name"];

const SEVERITIES: [(&str, Severity); 3] = [
    ("fail", Severity::Fail),
    ("warn", Severity::Warn),
    ("off", Severity::Off),
];
/// By certainty, or by the estimate alone.
pub const DECIDE: [(&str, Decide); 2] = [("certain", Decide::Certain), ("limit", Decide::Limit)];
const ROLES: [(&str, SeriesRole); 1] = [("control", SeriesRole::Control)];
const DIRECTIONS: [(&str, Better); 2] = [("lower", Better::Lower), ("higher", Better::Higher)];

/// What holds where no rule says otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
    pub max_regression: Option<Placed<f64>>,
    pub min_delta: Option<Placed<Quantity>>,
    pub severity: Option<Placed<Severity>>,
    pub decide: Option<Placed<Decide>>,
    pub max_detectable: Option<Placed<f64>>,
}

pub(crate) fn defaults(form: &Form<'_>) -> Result<Defaults, ConfigError> {
    Ok(Defaults {
        max_regression: form.percent("max_regression")?.map(decided),
        min_delta: form.quantity("min_delta")?.map(decided),
        severity: form.choice("severity", &SEVERITIES)?.map(decided),
        decide: form.choice("decide", &DECIDE)?.map(decided),
        max_detectable: form.percent("max_detectable")?.map(decided),
    })
}

pub(crate) fn rule(form: &Form<'_>) -> Result<Rule, ConfigError> {
    Ok(Rule {
        subject: pattern(form, "subject")?,
        metric: pattern(form, "metric")?,
        max_regression: value(form.percent("max_regression")?),
        min_delta: value(form.quantity("min_delta")?),
        budget: value(form.quantity("budget")?),
        max_detectable: value(form.percent("max_detectable")?),
        severity: value(form.choice("severity", &SEVERITIES)?),
        decide: value(form.choice("decide", &DECIDE)?),
        better: value(form.choice("better", &DIRECTIONS)?),
        role: value(form.choice("role", &ROLES)?),
        from: origin(form.place()),
    })
}

/// An acceptance without a scope, a size, a reason or an end would be a hole in the gate.
pub(crate) fn acceptance(form: &Form<'_>) -> Result<Acceptance, ConfigError> {
    let missing = |key: &str| {
        form.error(format!("[[accept]] has no `{key}`"))
            .hint("an acceptance names `subject`, `up_to`, `reason` and `until`")
    };
    if form.text("subject")?.is_none() {
        return Err(missing("subject"));
    }
    Ok(Acceptance {
        subject: pattern(form, "subject")?,
        metric: pattern(form, "metric")?,
        up_to: value(form.percent("up_to")?).ok_or_else(|| missing("up_to"))?,
        reason: value(form.text("reason")?).ok_or_else(|| missing("reason"))?,
        until: value(form.date("until")?).ok_or_else(|| missing("until"))?,
        from: origin(form.place()),
    })
}

/// One `[[subject]]`, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectRule {
    pub rule: ByHand,
    pub from: Origin,
}

pub(crate) fn subject(form: &Form<'_>) -> Result<SubjectRule, ConfigError> {
    let Some(matches) = form.text("match")? else {
        return Err(form.error("[[subject]] has no `match`").hint(
            "`match` is a glob over the names of a result: match = \"/match/*/odds\", name = \"/match/{id}/odds\"",
        ));
    };
    Ok(SubjectRule {
        rule: ByHand {
            matches: Pattern::new(matches.value),
            name: value(form.text("name")?),
        },
        from: origin(form.place()),
    })
}

fn pattern(form: &Form<'_>, key: &str) -> Result<Pattern, ConfigError> {
    Ok(form
        .text(key)?
        .map_or_else(Pattern::any, |text| Pattern::new(text.value)))
}
