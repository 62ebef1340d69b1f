//! The parts of a config file that become rules: `[defaults]`, `[[rule]]`, `[[accept]]`, `[[subject]]`.

use std::ops::Range;

use crate::compare::{
    Acceptance, Allowed, Budget, Budgets, Decide, Grade, Origin, Pattern, Quantity, Rule, Severity,
};
use crate::model::names::ByHand;
use crate::toml_file::{FilledText, FreeTable, Located, Problem, Table};

use super::file::{AcceptFile, BudgetText, DefaultsFile, QuantityText, RuleFile, SubjectFile};
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

pub(super) fn rule(
    file: &Located<Table<RuleFile>>,
    origins: &Origins<'_>,
) -> Result<Rule, Problem> {
    Ok(Rule {
        subject: pattern(file.subject.as_ref()),
        metric: pattern(file.metric.as_ref()),
        max_regression: file.max_regression.map(|percent| percent.0),
        min_delta: file.min_delta.as_ref().map(|delta| delta.0.clone()),
        budgets: budgets(file, origins)?,
        grades: file.grades.as_ref().map(|grades| self::grades(grades)),
        max_detectable: file.max_detectable.map(|percent| percent.0),
        severity: file.severity.map(|word| word.0),
        decide: file.decide.map(|word| word.0),
        better: file.better.map(|word| word.0),
        role: file.role.map(|word| word.0),
        from: origins.of(file.span()),
    })
}

/// A limit without a level is of that of its own rule.
fn budgets(file: &Table<RuleFile>, origins: &Origins<'_>) -> Result<Budgets, Problem> {
    let limit = |quantity: &QuantityText, span: &Range<usize>| Budget {
        allowed: Allowed::Limit(quantity.0.clone()),
        from: origins.of(span),
    };
    let of_own_level = |budget| match file.severity.map(|word| word.0) {
        Some(Severity::Warn) => Budgets {
            warn: Some(budget),
            fail: None,
        },
        Some(Severity::Fail | Severity::Off) | None => Budgets {
            warn: None,
            fail: Some(budget),
        },
    };
    match (&file.budget, &file.expect, &file.within) {
        (None, None, None) => Ok(Budgets::default()),
        (Some(budget), None, None) => match budget.get() {
            BudgetText::One(quantity) => Ok(of_own_level(limit(quantity, budget.span()))),
            BudgetText::Levels(levels) if levels.warn.is_none() && levels.fail.is_none() => {
                Err(budget
                    .error("it names no level")
                    .hint("write one or both: budget = { warn = \"80%\", fail = \"90%\" }"))
            }
            BudgetText::Levels(levels) => {
                let level = |of: &Option<Located<QuantityText>>| {
                    of.as_ref().map(|text| limit(text.get(), text.span()))
                };
                Ok(Budgets {
                    warn: level(&levels.warn),
                    fail: level(&levels.fail),
                })
            }
        },
        (None, Some(expect), Some(within)) => Ok(of_own_level(Budget {
            allowed: Allowed::Band {
                expect: expect.0.clone(),
                within: within.0,
            },
            from: origins.of(expect.span()),
        })),
        (_, Some(expect), None) => Err(expect
            .error("how far it may be off is missing")
            .hint("write both: expect = \"100 req/s\", within = \"10%\"")),
        (_, None, Some(within)) => Err(within
            .error("what is expected is missing")
            .hint("write both: expect = \"100 req/s\", within = \"10%\"")),
        (Some(budget), Some(_), Some(_)) => Err(budget
            .error("a rule has a budget or an expected value, not both")
            .hint("write a rule of its own for the other one")),
    }
}

fn grades(file: &FreeTable<QuantityText>) -> Vec<Grade> {
    let grade = |(name, limit): (&str, &Located<QuantityText>)| Grade {
        name: name.to_owned(),
        limit: limit.0.clone(),
    };
    file.entries().map(grade).collect()
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
