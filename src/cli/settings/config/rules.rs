//! The parts of a config file that become rules: `[defaults]`, `[[rule]]`, `[[accept]]`, `[[subject]]`.

use crate::compare::{Acceptance, Decide, Origin, Pattern, Quantity, Rule, Severity};
use crate::model::names::ByHand;
use crate::toml_file::{FilledText, Located, Table};

use super::file::{AcceptFile, DefaultsFile, RuleFile, SubjectFile};
use super::{Origins, Placed};

/// What holds where no rule says otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
    pub max_regression: Option<Placed<f64>>,
    pub min_delta: Option<Placed<Quantity>>,
    pub severity: Option<Placed<Severity>>,
    pub decide: Option<Placed<Decide>>,
    pub max_detectable: Option<Placed<f64>>,
}

pub(super) fn defaults(file: &DefaultsFile, origins: &Origins<'_>) -> Defaults {
    Defaults {
        max_regression: origins.decided(&file.max_regression, |percent| percent.0),
        min_delta: origins.decided(&file.min_delta, |quantity| quantity.0.clone()),
        severity: origins.decided(&file.severity, |word| word.0),
        decide: origins.decided(&file.decide, |word| word.0),
        max_detectable: origins.decided(&file.max_detectable, |percent| percent.0),
    }
}

pub(super) fn rule(file: &Located<Table<RuleFile>>, origins: &Origins<'_>) -> Rule {
    Rule {
        subject: pattern(file.subject.as_ref()),
        metric: pattern(file.metric.as_ref()),
        max_regression: file.max_regression.map(|percent| percent.0),
        min_delta: file.min_delta.as_ref().map(|delta| delta.0.clone()),
        budget: file.budget.as_ref().map(|budget| budget.0.clone()),
        max_detectable: file.max_detectable.map(|percent| percent.0),
        severity: file.severity.map(|word| word.0),
        decide: file.decide.map(|word| word.0),
        better: file.better.map(|word| word.0),
        role: file.role.map(|word| word.0),
        from: origins.of(file.span()),
    }
}

pub(super) fn acceptance(file: &Located<Table<AcceptFile>>, origins: &Origins<'_>) -> Acceptance {
    Acceptance {
        subject: pattern(Some(&file.subject)),
        metric: pattern(file.metric.as_ref()),
        up_to: file.up_to.0,
        reason: file.reason.to_string(),
        until: file.until.0,
        from: origins.of(file.span()),
    }
}

/// One `[[subject]]`, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectRule {
    pub rule: ByHand,
    pub from: Origin,
}

pub(super) fn subject(file: &Located<Table<SubjectFile>>, origins: &Origins<'_>) -> SubjectRule {
    SubjectRule {
        rule: ByHand {
            matches: pattern(Some(&file.matches)),
            name: file.name.as_deref().map(str::to_owned),
        },
        from: origins.of(file.span()),
    }
}

fn pattern(text: Option<&FilledText>) -> Pattern {
    text.map_or_else(Pattern::any, |text| Pattern::new(text.to_string()))
}
