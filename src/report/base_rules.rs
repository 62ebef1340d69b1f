//! What a pull request changes of the gate that judges it: its rules and its baseline, held against those of its base.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sentence::Sentence;
use super::units::{self, plural};
use crate::compare::{PolicyChange, RulesFrom};

/// More limits than these do not fit a line.
const LIMITS: usize = 3;

/// The gate of the pull request beside that of its base.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseRules {
    /// The branch that the pull request goes to.
    pub base: Option<String>,
    pub state: BaseState,
    pub judged_by: RulesFrom,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<GateChange>,
}

/// What could be held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaseState {
    Compared,
    /// The base has no config file yet.
    NoRules,
    /// The files of the base cannot be read here.
    NotCompared,
}

/// One thing that the pull request changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
pub enum GateChange {
    Limit { before: f64, now: f64, rules: usize },
    RulesOff { rules: usize },
    RulesWarn { rules: usize },
    RulesFail { rules: usize },
    RulesAdded { rules: usize },
    RulesRemoved { rules: usize },
    RulesReordered,
    Budgets { rules: usize },
    MinDeltas { rules: usize },
    MaxDetectable { rules: usize },
    Judged { rules: usize },
    AcceptancesAdded { regressions: usize },
    AcceptancesChanged { regressions: usize },
    AcceptancesRemoved { regressions: usize },
    Setting { name: GateSetting },
    Sources,
    BaselineEdited,
    BaselineAdded,
    BaselineRemoved,
}

/// A key of the config file that is no rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateSetting {
    OnMissing,
    OnInconclusive,
    OnOtherEnvironment,
    RequireBaseline,
    Baseline,
    Environment,
    Warmup,
    Names,
    Mode,
    Confirm,
}

impl GateSetting {
    fn as_str(self) -> &'static str {
        match self {
            Self::OnMissing => "on_missing",
            Self::OnInconclusive => "on_inconclusive",
            Self::OnOtherEnvironment => "on_other_environment",
            Self::RequireBaseline => "require_baseline",
            Self::Baseline => "baseline",
            Self::Environment => "environment",
            Self::Warmup => "warmup",
            Self::Names => "ids",
            Self::Mode => "mode",
            Self::Confirm => "confirm",
        }
    }
}

impl GateChange {
    /// Each kind once, with its number.
    pub fn of(changes: &[PolicyChange]) -> Vec<Self> {
        let mut told: Vec<(PolicyChange, usize)> = Vec::new();
        for change in changes {
            match told.iter_mut().find(|(known, _)| known == change) {
                Some((_, n)) => *n += 1,
                None => told.push((*change, 1)),
            }
        }
        told.into_iter()
            .map(|(change, n)| Self::one(change, n))
            .collect()
    }

    fn one(change: PolicyChange, n: usize) -> Self {
        use PolicyChange as From;
        let setting = |name| Self::Setting { name };
        match change {
            From::Limit { before, now } => Self::Limit {
                before,
                now,
                rules: n,
            },
            From::RuleOff => Self::RulesOff { rules: n },
            From::RuleWarns => Self::RulesWarn { rules: n },
            From::RuleFails => Self::RulesFail { rules: n },
            From::RuleAdded => Self::RulesAdded { rules: n },
            From::RuleRemoved => Self::RulesRemoved { rules: n },
            From::RulesReordered => Self::RulesReordered,
            From::Budget => Self::Budgets { rules: n },
            From::MinDelta => Self::MinDeltas { rules: n },
            From::MaxDetectable => Self::MaxDetectable { rules: n },
            From::Judged => Self::Judged { rules: n },
            From::AcceptanceAdded => Self::AcceptancesAdded { regressions: n },
            From::AcceptanceChanged => Self::AcceptancesChanged { regressions: n },
            From::AcceptanceRemoved => Self::AcceptancesRemoved { regressions: n },
            From::OnMissing => setting(GateSetting::OnMissing),
            From::OnInconclusive => setting(GateSetting::OnInconclusive),
            From::OnOtherEnvironment => setting(GateSetting::OnOtherEnvironment),
            From::RequireBaseline => setting(GateSetting::RequireBaseline),
        }
    }

    /// In words of ours and numbers alone.
    fn words(&self, strong: &str) -> String {
        let rules = |n: usize, what: &str| format!("{} {what}", plural(n, "rule", "rules"));
        match self {
            Self::Limit { before, now, rules } => {
                let of = match rules {
                    1 => String::new(),
                    n => format!(" of {}", plural(*n, "rule", "rules")),
                };
                let (before, now) = (units::limit(*before), units::limit(*now));
                format!("limit{of} {before} → {strong}{now}{strong}")
            }
            Self::RulesOff { rules: n } => rules(*n, "off"),
            Self::RulesWarn { rules: 1 } => "1 rule only warns".to_owned(),
            Self::RulesWarn { rules: n } => rules(*n, "only warn"),
            Self::RulesFail { rules: 1 } => "1 rule fails now".to_owned(),
            Self::RulesFail { rules: n } => rules(*n, "fail now"),
            Self::RulesAdded { rules: n } => rules(*n, "added"),
            Self::RulesRemoved { rules: n } => rules(*n, "removed"),
            Self::RulesReordered => "rules in another order".to_owned(),
            Self::Budgets { rules: n } => format!("{} changed", plural(*n, "budget", "budgets")),
            Self::MinDeltas { rules: n } => rules(*n, "with another `min_delta`"),
            Self::MaxDetectable { rules: n } => rules(*n, "with another `max_detectable`"),
            Self::Judged { rules: n } => rules(*n, "judged otherwise"),
            Self::AcceptancesAdded { regressions: n } => {
                format!("{} accepted", plural(*n, "regression", "regressions"))
            }
            Self::AcceptancesChanged { regressions: n } => {
                format!("{} changed", plural(*n, "acceptance", "acceptances"))
            }
            Self::AcceptancesRemoved { regressions: n } => {
                format!("{} removed", plural(*n, "acceptance", "acceptances"))
            }
            Self::Setting { name } => format!("`{}` changed", name.as_str()),
            Self::Sources => "what is measured changed (`[[source]]`)".to_owned(),
            Self::BaselineEdited => "baseline edited".to_owned(),
            Self::BaselineAdded => "baseline added".to_owned(),
            Self::BaselineRemoved => "baseline removed".to_owned(),
        }
    }
}

impl BaseRules {
    /// For whoever cannot read the files of the base.
    pub fn not_compared(base: Option<String>) -> Self {
        Self {
            base,
            state: BaseState::NotCompared,
            judged_by: RulesFrom::Head,
            changes: Vec::new(),
        }
    }

    fn base(&self) -> Sentence {
        match &self.base {
            Some(base) => Sentence::default().foreign(base),
            None => Sentence::new("the base"),
        }
    }

    /// `This pull request changes the gate: limit 10 % → 500 %, 1 rule off, baseline edited. …`, with `strong` around
    /// what is to be seen.
    pub(super) fn told(&self, strong: &'static str) -> Option<Sentence> {
        if self.changes.is_empty() {
            return None;
        }
        let limits = |change: &&GateChange| matches!(change, GateChange::Limit { .. });
        let more = self
            .changes
            .iter()
            .filter(limits)
            .count()
            .saturating_sub(LIMITS);
        let mut shown = 0;
        let mut words: Vec<String> = Vec::new();
        for change in &self.changes {
            if limits(&change) {
                shown += 1;
                if shown > LIMITS {
                    continue;
                }
            }
            words.push(change.words(strong));
        }
        if more > 0 {
            words.push(format!("{} more", plural(more, "limit", "limits")));
        }
        let said = Sentence::new(format!(
            "{strong}This pull request changes the gate{strong}: {}. ",
            words.join(", ")
        ));
        Some(match self.judged_by {
            RulesFrom::Head => said.own("It is judged as changed."),
            RulesFrom::Base => said
                .own("It is judged by the rules of ")
                .then(self.base())
                .own("."),
        })
    }

    /// Beside what needs no decision: whose rules these are, where that is not plain.
    pub(super) fn beside(&self) -> Option<Sentence> {
        match self.state {
            BaseState::NotCompared => {
                Some(Sentence::new("rules not compared with ").then(self.base()))
            }
            BaseState::NoRules => Some(
                Sentence::new("the rules are this pull request's own (none on ")
                    .then(self.base())
                    .own(")"),
            ),
            BaseState::Compared if self.judged_by == RulesFrom::Base => {
                Some(Sentence::new("by the rules of ").then(self.base()))
            }
            BaseState::Compared => None,
        }
    }

    /// What to do about it.
    pub(super) fn remark(&self) -> Option<Sentence> {
        (self.state == BaseState::NotCompared).then(|| {
            Sentence::new("the rules and the baseline are those of this pull request, and could not be compared with ")
                .then(self.base())
                .own(": a checkout with `fetch-depth: 2` has both")
        })
    }
}
