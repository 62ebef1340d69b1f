//! Budgets: hard limits of a series, which hold with and without a baseline.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::policy::{Allowed, Budget, Budgets, Grade, Origin, Quantity, Severity};
use crate::model::{Better, Series, Unit};

/// The values that a budget allows, in the unit of the series, ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
struct AllowedRange {
    least: Option<f64>,
    most: Option<f64>,
}

/// How a budget was kept.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetState {
    Held,
    Broken,
    /// The current runs do not carry the value: too few observations, or they do not hold the series.
    NotJudged,
}

/// A series held against one of its budgets.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetCheck {
    /// What follows where it is broken.
    pub level: Severity,
    /// What is allowed, in the unit of the series, ends included.
    pub least: Option<f64>,
    pub most: Option<f64>,
    /// The centre of the current runs.
    pub value: Option<f64>,
    pub state: BudgetState,
    /// Where it is written.
    pub from: String,
}

/// The grade that a series reached.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GradeReached {
    /// `None` where it is below all of them.
    pub name: Option<String>,
    /// In the unit of the series: the limit of that grade, or of the lowest.
    pub limit: f64,
}

/// A limit that cannot be held against a series, for it measures something else.
#[derive(Clone, Debug, PartialEq)]
pub struct UnfitLimit {
    pub from: Origin,
    /// The key of the rule: `budget`, `min_delta`.
    pub key: &'static str,
    pub unit: Unit,
    pub series: String,
    pub series_unit: Unit,
}

impl Budget {
    fn quantity(&self) -> &Quantity {
        match &self.allowed {
            Allowed::Limit(limit) => limit,
            Allowed::Band { expect, .. } => expect,
        }
    }

    pub(super) fn unit(&self) -> &Unit {
        &self.quantity().unit
    }

    /// `None` where its unit does not fit the series.
    fn range(&self, series: &Series, better: Better) -> Option<AllowedRange> {
        let value = self.quantity().in_unit(&series.unit)?;
        Some(match (&self.allowed, better) {
            (Allowed::Limit(_), Better::Lower) => AllowedRange {
                least: None,
                most: Some(value),
            },
            (Allowed::Limit(_), Better::Higher) => AllowedRange {
                least: Some(value),
                most: None,
            },
            (Allowed::Band { within, .. }, _) => AllowedRange {
                least: Some(value - value.abs() * within),
                most: Some(value + value.abs() * within),
            },
        })
    }
}

impl AllowedRange {
    fn holds(self, value: f64) -> bool {
        self.least.is_none_or(|least| value >= least) && self.most.is_none_or(|most| value <= most)
    }
}

impl Budgets {
    pub fn is_empty(&self) -> bool {
        self.warn.is_none() && self.fail.is_none()
    }

    /// With the levels that a later rule sets.
    pub(super) fn override_by(&mut self, later: &Self) {
        for (own, later) in [(&mut self.warn, &later.warn), (&mut self.fail, &later.fail)] {
            if later.is_some() {
                own.clone_from(later);
            }
        }
    }

    fn by_level(&self) -> impl Iterator<Item = (Severity, &Budget)> {
        let of = |level, budget| Option::map(budget, |budget| (level, budget));
        [
            of(Severity::Warn, self.warn.as_ref()),
            of(Severity::Fail, self.fail.as_ref()),
        ]
        .into_iter()
        .flatten()
    }

    /// The first of them that measures something else than the series.
    pub(super) fn unfit(&self, series: &Series) -> Option<&Budget> {
        let mut all = self.by_level().map(|(_, budget)| budget);
        all.find(|budget| budget.quantity().in_unit(&series.unit).is_none())
    }

    /// Holds what the current runs say against each of them, the milder level first. Those of another unit are not
    /// of this series. `better` says on which side of a limit it has to be.
    pub(super) fn check(
        &self,
        series: &Series,
        better: Better,
        value: Option<f64>,
    ) -> Vec<BudgetCheck> {
        let checks = self.by_level().filter_map(|(level, budget)| {
            let allowed = budget.range(series, better)?;
            Some(BudgetCheck {
                level,
                least: allowed.least,
                most: allowed.most,
                value,
                state: match value {
                    None => BudgetState::NotJudged,
                    Some(value) if allowed.holds(value) => BudgetState::Held,
                    Some(_) => BudgetState::Broken,
                },
                from: budget.from.to_string(),
            })
        });
        checks.collect()
    }
}

/// The best of the grades that the value reaches.
pub(super) fn grade(
    grades: &[Grade],
    unit: &Unit,
    better: Better,
    value: f64,
) -> Option<GradeReached> {
    let in_unit = |grade: &Grade| Some((grade.name.clone(), grade.limit.in_unit(unit)?));
    let mut limits: Vec<(String, f64)> = grades.iter().filter_map(in_unit).collect();
    // The strictest first.
    limits.sort_by(|(_, a), (_, b)| match better {
        Better::Lower => a.total_cmp(b),
        Better::Higher => b.total_cmp(a),
    });
    let reaches = |limit: f64| match better {
        Better::Lower => value <= limit,
        Better::Higher => value >= limit,
    };
    let lowest = limits.last()?.1;
    let reached = limits.into_iter().find(|(_, limit)| reaches(*limit));
    Some(match reached {
        Some((name, limit)) => GradeReached {
            name: Some(name),
            limit,
        },
        None => GradeReached {
            name: None,
            limit: lowest,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MetricName, Quantile, Statistic, Subject};

    fn series(metric: &str, unit: &str, better: Better) -> Series {
        Series {
            subject: Subject::new("GET /"),
            metric: MetricName::new(metric),
            statistic: Statistic::Quantile(Quantile::P95),
            unit: Unit::new(unit),
            better,
        }
    }

    fn of(value: f64, unit: &str) -> Quantity {
        Quantity {
            value,
            unit: Unit::new(unit),
        }
    }

    fn limit(value: f64, unit: &str) -> Option<Budget> {
        Some(Budget {
            allowed: Allowed::Limit(of(value, unit)),
            from: Origin::new("perfgate.toml:3"),
        })
    }

    fn states(budgets: &Budgets, series: &Series, value: f64) -> Vec<(Severity, BudgetState)> {
        let checks = budgets.check(series, series.better, Some(value));
        checks.iter().map(|c| (c.level, c.state)).collect()
    }

    #[test]
    fn each_level_is_judged_by_itself_and_the_limit_itself_is_allowed() {
        use BudgetState::{Broken, Held};
        let budgets = Budgets {
            warn: limit(80.0, "%"),
            fail: limit(90.0, "%"),
        };
        let cpu = series("cpu", "%", Better::Lower);
        for (value, warn, fail) in [
            (80.0, Held, Held),
            (80.1, Broken, Held),
            (90.1, Broken, Broken),
        ] {
            let expected = [(Severity::Warn, warn), (Severity::Fail, fail)];
            assert_eq!(states(&budgets, &cpu, value), expected, "{value}");
        }
        let rate = series("throughput", "%", Better::Higher);
        assert_eq!(states(&budgets, &rate, 85.0)[1].1, Broken);
    }

    #[test]
    fn a_later_rule_replaces_the_budget_of_its_level_only() {
        let mut budgets = Budgets {
            warn: limit(80.0, "ms"),
            fail: limit(90.0, "ms"),
        };
        budgets.override_by(&Budgets {
            warn: None,
            fail: limit(95.0, "ms"),
        });
        assert_eq!(budgets.warn, limit(80.0, "ms"));
        assert_eq!(budgets.fail, limit(95.0, "ms"));
    }

    #[test]
    fn a_band_is_broken_on_either_side() {
        let budgets = Budgets {
            warn: None,
            fail: Some(Budget {
                allowed: Allowed::Band {
                    expect: of(100.0, "req/s"),
                    within: 0.1,
                },
                from: Origin::new("perfgate.toml:3"),
            }),
        };
        let rate = series("throughput", "req/s", Better::Higher);
        for (value, state) in [
            (89.0, BudgetState::Broken),
            (90.0, BudgetState::Held),
            (110.0, BudgetState::Held),
            (111.0, BudgetState::Broken),
        ] {
            assert_eq!(states(&budgets, &rate, value), [(Severity::Fail, state)]);
        }
    }

    #[test]
    fn a_budget_of_another_unit_is_none_of_the_series() {
        let budgets = Budgets {
            warn: None,
            fail: limit(80.0, "%"),
        };
        let latency = series("latency", "ms", Better::Lower);
        assert_eq!(budgets.check(&latency, Better::Lower, Some(1.0)), []);
        assert!(budgets.unfit(&latency).is_some());
        assert!(budgets.unfit(&series("cpu", "%", Better::Lower)).is_none());
    }

    #[test]
    fn without_a_value_nothing_is_said_to_hold() {
        let budgets = Budgets {
            warn: None,
            fail: limit(80.0, "ms"),
        };
        let latency = series("latency", "ms", Better::Lower);
        let checks = budgets.check(&latency, Better::Lower, None);
        assert_eq!(checks[0].state, BudgetState::NotJudged);
    }

    #[test]
    fn the_grade_is_the_best_one_reached_whatever_their_order() {
        let grades = [("good", 500.0), ("excellent", 200.0)].map(|(name, ms)| Grade {
            name: name.to_owned(),
            limit: of(ms, "ms"),
        });
        let seconds = Unit::new("s");
        let name = |value| grade(&grades, &seconds, Better::Lower, value).unwrap().name;
        assert_eq!(name(0.2).as_deref(), Some("excellent"));
        assert_eq!(name(0.3).as_deref(), Some("good"));
        assert_eq!(name(0.6), None);
    }
}
