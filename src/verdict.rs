//! Folds comparisons into a verdict by a small lattice; the only road to an exit code.

use crate::compare::{
    BudgetCheck, BudgetState, Comparison, ControlState, Doubt, FoundBaseline, Judgement,
    OnInconclusive, OnMissing, Outcome, OutcomeName, Policy, Severity,
};
use crate::exit::Exit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is said of the whole gate, from best to worst.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    Pass,
    Warn,
    NoBaseline,
    Inconclusive,
    Fail,
}

impl VerdictKind {
    pub const ALL: [Self; 5] = [
        Self::Pass,
        Self::Warn,
        Self::NoBaseline,
        Self::Inconclusive,
        Self::Fail,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::NoBaseline => "no-baseline",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        }
    }
}

/// How many series ended in which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Gated series for which both sides were there and comparable.
    pub compared: usize,
    pub regressed: usize,
    pub improved: usize,
    pub unchanged: usize,
    pub inconclusive: usize,
    pub missing: usize,
    pub new: usize,
    pub incomparable: usize,
}

impl Counts {
    /// All gated series, compared or not.
    pub fn total(&self) -> usize {
        self.compared + self.missing + self.new + self.incomparable
    }
}

/// What one gated comparison asks for, by itself.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing to say.
    Quiet,
    /// Could not have shown a change of twice the limit; folded into one line.
    NoSignal,
    /// Got better.
    Better,
    /// To be looked at; the verdict can pass.
    Warn,
    /// Probably worse, and not certain enough.
    Possible,
    /// Could not have shown what `max_detectable` asks to see.
    Blind,
    /// Leads to a failing verdict.
    Fail,
}

/// Why the verdict is what it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    Regressed(usize),
    BudgetsBroken(usize),
    DriftedTooFar(usize),
    Vanished(usize),
    /// Probably worse, and not certain enough.
    Possible(usize),
    /// Neither better nor worse nor surely unchanged.
    NotDecided(usize),
    Warnings(usize),
    Accepted(usize),
    NothingCompared,
    NoBaseline,
    /// A control got worse: the machine is slower than that of the baseline.
    ControlMoved,
    /// So many controls of the baseline are not in the current runs.
    ControlsMissing(usize),
    /// So many workloads of the current runs are not in the baseline, and others are.
    WorkloadsUnknown(usize),
}

/// What the gate had to work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Situation {
    /// A baseline was found.
    Compared,
    /// There is none yet: budgets are all that can be judged.
    NoBaseline,
}

/// The verdict of the whole gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    kind: VerdictKind,
    exit: Exit,
    counts: Counts,
    reasons: Vec<Reason>,
    situation: Situation,
    judgement: Judgement,
}

impl Verdict {
    pub fn situation(&self) -> Situation {
        self.situation
    }
    pub fn kind(&self) -> VerdictKind {
        self.kind
    }
    pub fn exit(&self) -> Exit {
        self.exit
    }
    pub fn counts(&self) -> Counts {
        self.counts
    }
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }
    pub fn comparisons(&self) -> &[Comparison] {
        &self.judgement.comparisons
    }
    pub fn judgement(&self) -> &Judgement {
        &self.judgement
    }

    /// Folds what was judged. The kind says what is known, the exit what the policy makes of it.
    pub fn of(judgement: Judgement, policy: &Policy, situation: Situation) -> Self {
        let rows = judgement.comparisons.iter().map(|c| Row::of(c, policy));
        let grounds = Grounds {
            rows: rows.collect(),
            situation,
            unknown_workloads: judgement.without_baseline(),
            on_inconclusive: policy.on_inconclusive,
            require_baseline: policy.require_baseline,
            targets_only: policy.targets_only,
        };
        let (kind, exit) = grounds.verdict();
        Self {
            kind,
            exit,
            counts: grounds.counts(),
            reasons: reasons(&judgement.comparisons, policy, &grounds),
            situation,
            judgement,
        }
    }
}

/// What is said of one workload alone, by the series that it has.
pub fn of_workload(judgement: &Judgement, workload: usize, policy: &Policy) -> VerdictKind {
    let own = judgement
        .comparisons
        .iter()
        .filter(|c| c.workload == workload);
    let found = judgement.workloads.get(workload).map(|w| &w.found);
    let grounds = Grounds {
        rows: own.map(|c| Row::of(c, policy)).collect(),
        situation: match found {
            None | Some(FoundBaseline::No(_)) => Situation::NoBaseline,
            Some(_) => Situation::Compared,
        },
        unknown_workloads: 0,
        on_inconclusive: policy.on_inconclusive,
        require_baseline: policy.require_baseline,
        targets_only: policy.targets_only,
    };
    grounds.verdict().0
}

/// What a verdict sees of one series: the same of a comparison and of a row of a stored document.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub gated: bool,
    pub outcome: OutcomeName,
    /// What the outcome leads to: see [`leads_to`].
    pub severity: Severity,
    pub standing: Standing,
    pub is_accepted: bool,
    /// 0.2 is 20 % worse; from zero everything is large.
    pub worse_by: f64,
    pub control: Option<ControlState>,
    /// A budget of it was judged; it holds without any baseline.
    pub has_budget: bool,
}

impl Row {
    fn of(c: &Comparison, policy: &Policy) -> Self {
        Self {
            gated: c.gated,
            outcome: c.outcome.name(),
            severity: leads_to(c, policy),
            standing: stands(c, policy),
            is_accepted: c.accepted.is_some(),
            worse_by: worse_by(c),
            control: c.control,
            has_budget: has_judged(&c.budgets),
        }
    }

    /// It fails the gate where it is certain, or would but for an acceptance.
    fn can_fail(&self) -> bool {
        let accepted = self.is_accepted && self.outcome == OutcomeName::Regressed;
        self.gated
            && (self.severity == Severity::Fail || accepted && self.severity == Severity::Warn)
    }
}

/// All that a verdict follows from.
#[derive(Clone, Debug)]
pub struct Grounds {
    pub rows: Vec<Row>,
    pub situation: Situation,
    /// Workloads of the current runs that the baseline does not hold.
    pub unknown_workloads: usize,
    pub on_inconclusive: OnInconclusive,
    pub require_baseline: bool,
    /// Budgets are all that was asked for.
    pub targets_only: bool,
}

impl Grounds {
    /// What is known, and what the policy makes of it.
    pub fn verdict(&self) -> (VerdictKind, Exit) {
        let (kind, exit) = self.verdict_of_known_workloads();
        if !self.knows_some_workloads() {
            return (kind, exit);
        }
        // A part of the gate looked at nothing: it is the verdict of the others, and never better than a warning.
        let kind = kind.max(VerdictKind::Warn);
        if self.require_baseline && exit == Exit::Pass {
            (kind, Exit::Undecided)
        } else {
            (kind, exit)
        }
    }

    fn verdict_of_known_workloads(&self) -> (VerdictKind, Exit) {
        let no_baseline = self.situation == Situation::NoBaseline;
        let undecided = |asked: bool, kind| {
            if asked {
                (kind, Exit::Undecided)
            } else {
                (kind, Exit::Pass)
            }
        };
        if self.stand(Standing::Fail) > 0 {
            (VerdictKind::Fail, Exit::Fail)
        } else if self.controls(ControlState::Missing) > 0 || self.is_empty() {
            // Nobody would notice that nothing watches the machine any more, or that the gate looks at nothing.
            (VerdictKind::Inconclusive, Exit::Error)
        } else if self.targets_only && !self.has_budget() {
            (VerdictKind::Inconclusive, Exit::Error)
        } else if no_baseline && (self.require_baseline || !self.has_budget()) {
            undecided(self.require_baseline, VerdictKind::NoBaseline)
        } else if self.is_inconclusive() {
            let asked = self.on_inconclusive == OnInconclusive::Fail;
            undecided(asked, VerdictKind::Inconclusive)
        } else if self.stand(Standing::Warn) > 0 {
            (VerdictKind::Warn, Exit::Pass)
        } else {
            (VerdictKind::Pass, Exit::Pass)
        }
    }

    /// How many gated series ended in which outcome.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in self.rows.iter().filter(|row| row.gated) {
            let count = match row.outcome {
                OutcomeName::Regressed => &mut counts.regressed,
                OutcomeName::Improved => &mut counts.improved,
                OutcomeName::Unchanged => &mut counts.unchanged,
                OutcomeName::Inconclusive => &mut counts.inconclusive,
                OutcomeName::Missing => &mut counts.missing,
                OutcomeName::New => &mut counts.new,
                OutcomeName::Incomparable => &mut counts.incomparable,
            };
            *count += 1;
            counts.compared += usize::from(row.outcome.is_compared());
        }
        counts
    }

    fn stand(&self, standing: Standing) -> usize {
        let stand = self.rows.iter().filter(|row| row.standing == standing);
        stand.count()
    }

    fn controls(&self, state: ControlState) -> usize {
        let is = |row: &&Row| row.control == Some(state);
        self.rows.iter().filter(is).count()
    }

    fn has_budget(&self) -> bool {
        self.rows.iter().any(|row| row.has_budget)
    }

    /// There is a baseline, and nothing could be compared with it.
    fn is_empty(&self) -> bool {
        let compared = |row: &Row| row.gated && row.outcome.is_compared();
        self.situation == Situation::Compared && !self.rows.iter().any(compared)
    }

    fn knows_some_workloads(&self) -> bool {
        self.situation == Situation::Compared && self.unknown_workloads > 0
    }

    fn undecided(&self) -> Undecided {
        let mut undecided = Undecided::default();
        for row in self.rows.iter().filter(|row| row.can_fail()) {
            undecided.compared += usize::from(row.outcome.is_compared());
            undecided.inconclusive += usize::from(row.outcome == OutcomeName::Inconclusive);
            undecided.blind += usize::from(row.standing == Standing::Blind);
            if row.standing == Standing::Possible {
                undecided.possible += 1;
                undecided.large |= row.worse_by >= LARGE;
            }
        }
        undecided
    }

    /// Whether the whole gate is called inconclusive: at least half of it could not be decided, a possible change is
    /// large, a control moved, or the policy asks for a decision.
    fn is_inconclusive(&self) -> bool {
        let undecided = self.undecided();
        let half = undecided.inconclusive > 0 && 2 * undecided.inconclusive >= undecided.compared;
        let some = half || undecided.blind > 0 || self.controls(ControlState::Worse) > 0;
        match self.on_inconclusive {
            OnInconclusive::Pass => false,
            OnInconclusive::Warn => some || undecided.large,
            OnInconclusive::Fail => some || undecided.possible > 0,
        }
    }
}

/// A possible change of this size is worth the headline.
const LARGE: f64 = 0.5;

/// What could not be decided of a gate, as far as it would fail if it were sure.
#[derive(Clone, Copy, Debug, Default)]
struct Undecided {
    /// Series that were compared and can fail the gate.
    compared: usize,
    inconclusive: usize,
    possible: usize,
    /// A possible change is estimated at half as much again or more.
    large: bool,
    blind: usize,
}

/// What one comparison asks for under a policy.
pub fn stands(c: &Comparison, policy: &Policy) -> Standing {
    let by_severity = |severity| match severity {
        Severity::Fail => Standing::Fail,
        Severity::Warn => Standing::Warn,
        Severity::Off => Standing::Quiet,
    };
    let over = c.budgets.iter().filter(|b| b.state == BudgetState::Broken);
    let over = over
        .map(|b| by_severity(b.level))
        .max()
        .unwrap_or(Standing::Quiet);
    if !c.gated {
        return over;
    }
    let drifted = match c.drift.as_ref().is_some_and(|d| d.broken) {
        true => by_severity(c.severity),
        false => Standing::Quiet,
    };
    let outcome = match c.outcome {
        Outcome::Regressed if c.accepted.is_some() => Standing::Warn.min(by_severity(c.severity)),
        Outcome::Regressed => by_severity(c.severity),
        Outcome::Missing => match policy.on_missing {
            OnMissing::Fail => by_severity(c.severity),
            OnMissing::Warn => by_severity(c.severity).min(Standing::Warn),
        },
        Outcome::Inconclusive(_) if c.severity == Severity::Off => Standing::Quiet,
        Outcome::Inconclusive(doubt) => {
            let standing = match doubt {
                _ if is_blind(c) => Standing::Blind,
                Doubt::Possible => Standing::Possible,
                Doubt::NoSignal => Standing::NoSignal,
            };
            // What would not fail if it were sure does not ask for a decision while it is unsure.
            match c.severity {
                Severity::Fail => standing,
                Severity::Warn | Severity::Off => standing.min(Standing::Warn),
            }
        }
        Outcome::Improved => Standing::Better,
        Outcome::Incomparable => Standing::Warn.min(by_severity(c.severity)),
        Outcome::Unchanged | Outcome::New => Standing::Quiet,
    };
    over.max(drifted).max(outcome)
}

/// What the outcome of a comparison itself leads to; a broken budget shows in its standing.
pub fn leads_to(c: &Comparison, policy: &Policy) -> Severity {
    let eased = match c.outcome {
        _ if !c.gated => return Severity::Off,
        Outcome::Regressed => c.accepted.is_some(),
        Outcome::Missing => policy.on_missing == OnMissing::Warn,
        _ => false,
    };
    if eased {
        c.severity.min(Severity::Warn)
    } else {
        c.severity
    }
}

/// Whether the owner asked to see smaller changes than these runs could have shown, or than the one that they may show.
fn is_blind(c: &Comparison) -> bool {
    let Some(most) = c.limits.max_detectable else {
        return false;
    };
    c.detectable.is_some_and(|detectable| detectable > most)
        || worse_by(c) > c.limits.max_regression
}

/// From zero everything is large.
fn worse_by(c: &Comparison) -> f64 {
    c.change.map_or(f64::INFINITY, |change| {
        change.towards_worse(c.series.better) - 1.0
    })
}

/// A budget holds without any baseline, where the runs carry the value.
pub fn has_judged(budgets: &[BudgetCheck]) -> bool {
    budgets.iter().any(|b| b.state != BudgetState::NotJudged)
}

/// Over a budget that fails the gate.
fn fails_budget(c: &Comparison) -> bool {
    let fails = |b: &BudgetCheck| b.state == BudgetState::Broken && b.level == Severity::Fail;
    c.budgets.iter().any(fails)
}

fn reasons(comparisons: &[Comparison], policy: &Policy, grounds: &Grounds) -> Vec<Reason> {
    let count = |is: &dyn Fn(&Comparison) -> bool| {
        let gated = comparisons
            .iter()
            .filter(|c| c.gated && c.severity == Severity::Fail);
        gated.filter(|c| is(c)).count()
    };
    let undecided = grounds.undecided();
    let many = [
        (
            count(&|c| c.outcome == Outcome::Regressed && c.accepted.is_none()),
            Reason::Regressed as fn(usize) -> Reason,
        ),
        (
            comparisons.iter().filter(|c| fails_budget(c)).count(),
            Reason::BudgetsBroken,
        ),
        (
            count(&|c| c.drift.as_ref().is_some_and(|d| d.broken)),
            Reason::DriftedTooFar,
        ),
        (
            count(&|c| c.outcome == Outcome::Missing && policy.on_missing == OnMissing::Fail),
            Reason::Vanished,
        ),
        (undecided.possible, Reason::Possible),
        (
            undecided.inconclusive - undecided.possible,
            Reason::NotDecided,
        ),
        (grounds.stand(Standing::Warn), Reason::Warnings),
        (
            comparisons.iter().filter(|c| c.accepted.is_some()).count(),
            Reason::Accepted,
        ),
    ];
    let mut reasons: Vec<Reason> = many
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, reason)| reason(n))
        .collect();
    let once = |is: bool, reason| is.then_some(reason);
    let missing = grounds.controls(ControlState::Missing);
    let unknown = grounds.unknown_workloads;
    reasons.extend(
        [
            once(
                grounds.controls(ControlState::Worse) > 0,
                Reason::ControlMoved,
            ),
            once(missing > 0, Reason::ControlsMissing(missing)),
            once(grounds.is_empty(), Reason::NothingCompared),
            once(
                grounds.situation == Situation::NoBaseline,
                Reason::NoBaseline,
            ),
            once(
                grounds.knows_some_workloads(),
                Reason::WorkloadsUnknown(unknown),
            ),
        ]
        .into_iter()
        .flatten(),
    );
    reasons
}
