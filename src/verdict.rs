//! Folds comparisons into a verdict by a small lattice; the only road to an exit code.

use crate::compare::{
    Comparison, ControlState, Doubt, Judgement, OnInconclusive, OnMissing, Outcome, Policy,
    Severity,
};
use crate::exit::Exit;

/// What is said of the whole gate, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Pass,
    Warn,
    NoBaseline,
    Inconclusive,
    Fail,
}

impl Kind {
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// What one gated comparison asks for, by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    kind: Kind,
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
    pub fn kind(&self) -> Kind {
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
        let counts = count(&judgement.comparisons);
        let standing = |wanted: Standing| {
            judgement
                .comparisons
                .iter()
                .filter(|c| stands(c, policy) == wanted)
                .count()
        };
        let (fails, warns) = (standing(Standing::Fail), standing(Standing::Warn));
        let undecided_series = Undecided::of(&judgement.comparisons, policy);
        let mut reasons = reasons(&judgement.comparisons, policy, situation);
        let unknown = judgement.without_baseline();
        if situation == Situation::Compared && unknown > 0 {
            reasons.push(Reason::WorkloadsUnknown(unknown));
        }
        let nothing = situation == Situation::Compared && counts.compared == 0;
        let undecided = |asked: bool, kind| {
            if asked {
                (kind, Exit::Undecided)
            } else {
                (kind, Exit::Pass)
            }
        };
        let (kind, exit) = if fails > 0 {
            (Kind::Fail, Exit::Fail)
        } else if has_control(&judgement.comparisons, ControlState::Missing) {
            // Nobody would notice that nothing watches the machine any more.
            (Kind::Inconclusive, Exit::Error)
        } else if nothing {
            // Green here would be the gate that cannot fail.
            (Kind::Inconclusive, Exit::Error)
        } else if situation == Situation::NoBaseline
            && (policy.require_baseline || !judgement.comparisons.iter().any(has_judged_budget))
        {
            undecided(policy.require_baseline, Kind::NoBaseline)
        } else if undecided_series.rules(policy.on_inconclusive)
            || policy.on_inconclusive != OnInconclusive::Pass
                && has_control(&judgement.comparisons, ControlState::Worse)
        {
            undecided(
                policy.on_inconclusive == OnInconclusive::Fail,
                Kind::Inconclusive,
            )
        } else if warns > 0 {
            (Kind::Warn, Exit::Pass)
        } else {
            (Kind::Pass, Exit::Pass)
        };
        let (kind, exit) = if situation == Situation::Compared && unknown > 0 {
            // A part of the gate looked at nothing: it is the verdict of the others, and never better than a warning.
            let asked = policy.require_baseline && exit == Exit::Pass;
            (
                kind.max(Kind::Warn),
                if asked { Exit::Undecided } else { exit },
            )
        } else {
            (kind, exit)
        };
        Self {
            kind,
            exit,
            counts,
            reasons,
            situation,
            judgement,
        }
    }
}

fn has_control(comparisons: &[Comparison], state: ControlState) -> bool {
    comparisons.iter().any(|c| c.control == Some(state))
}

/// A budget holds without any baseline, where its unit fits the series.
fn has_judged_budget(c: &Comparison) -> bool {
    let fits = c.budget.as_ref().is_some_and(|b| b.limit_in_unit.is_some());
    c.gated && fits
}

/// What one comparison asks for under a policy.
pub fn stands(c: &Comparison, policy: &Policy) -> Standing {
    let by_severity = |severity| match severity {
        Severity::Fail => Standing::Fail,
        Severity::Warn => Standing::Warn,
        Severity::Off => Standing::Quiet,
    };
    if !c.gated {
        return Standing::Quiet;
    }
    let over =
        c.budget.as_ref().is_some_and(|b| b.broken) || c.drift.as_ref().is_some_and(|d| d.broken);
    let limit = if over {
        by_severity(c.severity)
    } else {
        Standing::Quiet
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
    limit.max(outcome)
}

/// Whether the owner asked to see smaller changes than these runs could have shown, or than the one that they may show.
fn is_blind(c: &Comparison) -> bool {
    let Some(most) = c.limits.max_detectable else {
        return false;
    };
    c.detectable.is_some_and(|detectable| detectable > most)
        || worse_by(c) > c.limits.max_regression
}

/// A possible change of this size is worth the headline.
const LARGE: f64 = 0.5;

/// What could not be decided of a gate, as far as it would fail if it were sure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undecided {
    /// Series that were compared and can fail the gate.
    pub compared: usize,
    pub inconclusive: usize,
    pub possible: usize,
    /// A possible change that is estimated at half as much again or more.
    pub large: bool,
    pub blind: usize,
}

impl Undecided {
    fn of(comparisons: &[Comparison], policy: &Policy) -> Self {
        let mut undecided = Self::default();
        for c in comparisons
            .iter()
            .filter(|c| c.gated && c.severity == Severity::Fail)
        {
            let inconclusive = matches!(c.outcome, Outcome::Inconclusive(_));
            undecided.add(stands(c, policy), inconclusive, worse_by(c));
            undecided.compared += usize::from(is_compared(c.outcome));
        }
        undecided
    }

    /// Adds one series that can fail the gate.
    pub fn add(&mut self, standing: Standing, inconclusive: bool, worse_by: f64) {
        self.inconclusive += usize::from(inconclusive);
        self.blind += usize::from(standing == Standing::Blind);
        if standing == Standing::Possible {
            self.possible += 1;
            self.large |= worse_by >= LARGE;
        }
    }

    /// Whether the whole gate is called inconclusive: at least half of it could not be decided, a possible change is
    /// large, or the policy asks for a decision.
    pub fn rules(self, on_inconclusive: OnInconclusive) -> bool {
        let half = self.inconclusive > 0 && 2 * self.inconclusive >= self.compared;
        match on_inconclusive {
            OnInconclusive::Pass => false,
            OnInconclusive::Warn => half || self.large || self.blind > 0,
            OnInconclusive::Fail => half || self.blind > 0 || self.possible > 0,
        }
    }
}

/// From zero everything is large.
fn worse_by(c: &Comparison) -> f64 {
    c.change
        .map_or(f64::INFINITY, |change| match c.series.better {
            crate::model::Better::Lower => change.ratio - 1.0,
            crate::model::Better::Higher => change.ratio.recip() - 1.0,
        })
}

fn is_compared(outcome: Outcome) -> bool {
    !matches!(
        outcome,
        Outcome::Missing | Outcome::New | Outcome::Incomparable
    )
}

fn count(comparisons: &[Comparison]) -> Counts {
    let mut counts = Counts::default();
    for c in comparisons.iter().filter(|c| c.gated) {
        let (slot, compared) = match c.outcome {
            Outcome::Regressed => (&mut counts.regressed, 1),
            Outcome::Improved => (&mut counts.improved, 1),
            Outcome::Unchanged => (&mut counts.unchanged, 1),
            Outcome::Inconclusive(_) => (&mut counts.inconclusive, 1),
            Outcome::Missing => (&mut counts.missing, 0),
            Outcome::New => (&mut counts.new, 0),
            Outcome::Incomparable => (&mut counts.incomparable, 0),
        };
        *slot += 1;
        counts.compared += compared;
    }
    counts
}

fn reasons(comparisons: &[Comparison], policy: &Policy, situation: Situation) -> Vec<Reason> {
    let gated = || {
        comparisons
            .iter()
            .filter(|c| c.gated && c.severity == Severity::Fail)
    };
    let count = |is: &dyn Fn(&Comparison) -> bool| gated().filter(|c| is(c)).count();
    let regressed = count(&|c| c.outcome == Outcome::Regressed && c.accepted.is_none());
    let accepted = comparisons.iter().filter(|c| c.accepted.is_some()).count();
    let broken = count(&|c| c.budget.as_ref().is_some_and(|b| b.broken));
    let drifted = count(&|c| c.drift.as_ref().is_some_and(|d| d.broken));
    let vanished =
        count(&|c| c.outcome == Outcome::Missing && policy.on_missing == OnMissing::Fail);
    let standing = |wanted: Standing| {
        let stands = comparisons.iter().filter(|c| stands(c, policy) == wanted);
        stands.count()
    };
    let warnings = standing(Standing::Warn);
    let undecided = Undecided::of(comparisons, policy);
    let nothing = situation == Situation::Compared
        && !comparisons.iter().any(|c| {
            c.gated
                && !matches!(
                    c.outcome,
                    Outcome::Missing | Outcome::New | Outcome::Incomparable
                )
        });
    let mut reasons = Vec::new();
    for (n, reason) in [
        (regressed, Reason::Regressed as fn(usize) -> Reason),
        (broken, Reason::BudgetsBroken),
        (drifted, Reason::DriftedTooFar),
        (vanished, Reason::Vanished),
        (undecided.possible, Reason::Possible),
        (
            undecided.inconclusive - undecided.possible,
            Reason::NotDecided,
        ),
        (warnings, Reason::Warnings),
        (accepted, Reason::Accepted),
    ] {
        if n > 0 {
            reasons.push(reason(n));
        }
    }
    let controls = |state| {
        let is = |c: &&Comparison| c.control == Some(state);
        comparisons.iter().filter(is).count()
    };
    if controls(ControlState::Worse) > 0 {
        reasons.push(Reason::ControlMoved);
    }
    let missing = controls(ControlState::Missing);
    if missing > 0 {
        reasons.push(Reason::ControlsMissing(missing));
    }
    if nothing {
        reasons.push(Reason::NothingCompared);
    }
    if situation == Situation::NoBaseline {
        reasons.push(Reason::NoBaseline);
    }
    reasons
}
