//! Folds comparisons into a verdict by a small lattice; the only road to an exit code.

use crate::compare::{
    Comparison, Doubt, Judgement, OnInconclusive, OnMissing, Outcome, Policy, Severity,
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
    /// Could not have shown a change of the size of the limit; folded into one line.
    Weak,
    /// Got better.
    Better,
    /// To be looked at; the verdict can pass.
    Warn,
    /// Looks worse and could not be settled.
    Suspect,
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
    Suspect(usize),
    Warnings(usize),
    Accepted(usize),
    NothingCompared,
    NoBaseline,
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
    judgement: Judgement,
}

impl Verdict {
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
        let (fails, suspects, warns) = (
            standing(Standing::Fail),
            standing(Standing::Suspect),
            standing(Standing::Warn),
        );
        let mut reasons = reasons(&judgement.comparisons, policy, situation, suspects);
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
        } else if nothing {
            // Green here would be the gate that cannot fail.
            (Kind::Inconclusive, Exit::Error)
        } else if situation == Situation::NoBaseline {
            undecided(policy.require_baseline, Kind::NoBaseline)
        } else if suspects > 0 && policy.on_inconclusive != OnInconclusive::Pass {
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
            judgement,
        }
    }
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
        // What would not fail if it were sure does not ask for a decision while it is unsure.
        Outcome::Inconclusive(Doubt::Suspect) => match c.severity {
            Severity::Fail => Standing::Suspect,
            Severity::Warn | Severity::Off => Standing::Warn,
        },
        Outcome::Inconclusive(Doubt::Weak) => Standing::Weak,
        Outcome::Improved => Standing::Better,
        Outcome::Incomparable => Standing::Warn.min(by_severity(c.severity)),
        Outcome::Unchanged | Outcome::New => Standing::Quiet,
    };
    limit.max(outcome)
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

fn reasons(
    comparisons: &[Comparison],
    policy: &Policy,
    situation: Situation,
    suspects: usize,
) -> Vec<Reason> {
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
    let warnings = comparisons
        .iter()
        .filter(|c| stands(c, policy) == Standing::Warn)
        .count();
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
        (suspects, Reason::Suspect),
        (warnings, Reason::Warnings),
        (accepted, Reason::Accepted),
    ] {
        if n > 0 {
            reasons.push(reason(n));
        }
    }
    if nothing {
        reasons.push(Reason::NothingCompared);
    }
    if situation == Situation::NoBaseline {
        reasons.push(Reason::NoBaseline);
    }
    reasons
}
