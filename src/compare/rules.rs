//! What is asked of a series: the defaults, overridden field by field by the rules that select it.

use super::comparison::{Accepted, BudgetCheck};
use super::pairs::{gated_by_default, shown, usual};
use super::policy::{Acceptance, Limits, Policy, Severity, selects};
use crate::model::{Role, Series};

/// What a policy says of one series.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub limits: Limits,
    pub gated: bool,
    /// Not worth a row: no rule names it and it is none of the usual statistics.
    pub hidden: bool,
}

/// Folds the rules over one series and notes which of them reached it.
pub(super) fn ask(policy: &Policy, series: &Series, role: Role, reached: &mut [bool]) -> Asked {
    let usual = usual(&series.metric, series.statistic);
    let mut limits = policy.defaults.clone();
    let mut gated = usual && gated_by_default(&series.metric, role);
    let mut named = false;
    for (rule, reached) in policy.rules.iter().zip(reached) {
        if !selects(&rule.subject, &rule.metric, series, usual) {
            continue;
        }
        *reached = true;
        // A rule over everything does not mean the sums and what follows from other series; naming them does.
        let names = match role {
            Role::Total => !rule.subject.is_any(),
            Role::Outcome | Role::Fixed => {
                !rule.metric.is_any() || rule.subject.as_str() == series.subject.as_str()
            }
        };
        named |= names;
        gated |= names;
        if let Some(value) = rule.max_regression {
            limits.max_regression = value;
        }
        if let Some(value) = &rule.min_delta {
            limits.min_delta = Some(value.clone());
        }
        if let Some(value) = &rule.budget {
            limits.budget = Some(value.clone());
        }
        if let Some(value) = rule.max_detectable {
            limits.max_detectable = Some(value);
        }
        if let Some(value) = rule.severity {
            limits.severity = value;
        }
        if let Some(value) = rule.better {
            limits.better = Some(value);
        }
        limits.from = rule.from.clone();
    }
    gated &= limits.severity != Severity::Off;
    Asked {
        limits,
        gated,
        hidden: !named && !shown(&series.metric, series.statistic),
    }
}

/// Holds a value against the budget of its limits.
pub(super) fn budget(limits: &Limits, series: &Series, value: f64) -> Option<BudgetCheck> {
    let limit = limits.budget.clone()?;
    let limit_in_unit = limit.in_unit(&series.unit);
    let broken = limit_in_unit.is_some_and(|most| match series.better {
        crate::model::Better::Lower => value > most,
        crate::model::Better::Higher => value < most,
    });
    Some(BudgetCheck {
        limit,
        limit_in_unit,
        value,
        broken,
    })
}

/// The acceptance that covers a regression of this size today.
pub(super) fn acceptance(
    policy: &Policy,
    series: &Series,
    worse_by: f64,
    today: jiff::civil::Date,
) -> Option<(usize, Accepted)> {
    let covers = |a: &Acceptance| {
        a.until >= today
            && worse_by <= a.up_to
            && selects(
                &a.subject,
                &a.metric,
                series,
                usual(&series.metric, series.statistic),
            )
    };
    policy
        .acceptances
        .iter()
        .enumerate()
        .find(|(_, a)| covers(a))
        .map(|(index, a)| {
            let Acceptance {
                up_to,
                reason,
                until,
                from,
                ..
            } = a.clone();
            (
                index,
                Accepted {
                    up_to,
                    reason,
                    until,
                    from,
                },
            )
        })
}
