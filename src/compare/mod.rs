//! Two sets of runs and a policy in, one [`Comparison`] a series out. Judging cannot fail: what is wrong with
//! the data is an outcome with a reason.

pub mod comparison;
pub mod judge;
pub mod pattern;
pub mod policy;

pub use comparison::{
    Accepted, Assumption, BudgetCheck, Cause, Change, Comparison, Doubt, Drift, Judgement, Method,
    Outcome, Side, Test, UnmatchedRule, UnusedAcceptance,
};
pub use judge::{Sides, judge};
pub use pattern::Pattern;
pub use policy::{
    Acceptance, Limits, OnInconclusive, OnMissing, OnOtherEnvironment, Origin, Policy, Quantity,
    Rule, Severity,
};
