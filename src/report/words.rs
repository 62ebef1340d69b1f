//! The words of a verdict document: each enum is one closed list of strings in the JSON.

use serde::{Deserialize, Serialize};

use crate::compare;
use crate::model;
use crate::verdict;

/// A closed list of words, each with the variant that it stands for elsewhere.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident for $source:ty { $($word:ident : $pattern:pat,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($word,)+ }

        impl From<$source> for $name {
            fn from(source: $source) -> Self {
                match source { $($pattern => Self::$word,)+ }
            }
        }
    };
}

words! {
    /// What is said of the whole gate.
    Judged for verdict::Kind {
        Pass: verdict::Kind::Pass,
        Warn: verdict::Kind::Warn,
        NoBaseline: verdict::Kind::NoBaseline,
        Inconclusive: verdict::Kind::Inconclusive,
        Fail: verdict::Kind::Fail,
    }
}

words! {
    /// The outcome of one series, without its doubt.
    Outcome for compare::Outcome {
        Regressed: compare::Outcome::Regressed,
        Improved: compare::Outcome::Improved,
        Unchanged: compare::Outcome::Unchanged,
        Inconclusive: compare::Outcome::Inconclusive(_),
        Missing: compare::Outcome::Missing,
        New: compare::Outcome::New,
        Incomparable: compare::Outcome::Incomparable,
    }
}

words! {
    /// Why an outcome is inconclusive.
    Doubt for compare::Doubt {
        Possible: compare::Doubt::Possible,
        NoSignal: compare::Doubt::NoSignal,
    }
}

words! {
    /// How a control moved.
    Control for compare::ControlState {
        Held: compare::ControlState::Held,
        Worse: compare::ControlState::Worse,
        Better: compare::ControlState::Better,
        Missing: compare::ControlState::Missing,
        NotCompared: compare::ControlState::NotCompared,
    }
}

words! {
    /// What a bad outcome leads to.
    Severity for compare::Severity {
        Off: compare::Severity::Off,
        Warn: compare::Severity::Warn,
        Fail: compare::Severity::Fail,
    }
}

words! {
    /// What one comparison asks for under the policy it was judged by; decides where it is shown.
    Standing for verdict::Standing {
        Quiet: verdict::Standing::Quiet,
        NoSignal: verdict::Standing::NoSignal,
        Blind: verdict::Standing::Blind,
        Better: verdict::Standing::Better,
        Warn: verdict::Standing::Warn,
        Possible: verdict::Standing::Possible,
        Fail: verdict::Standing::Fail,
    }
}

words! {
    /// How a series was compared.
    Method for compare::Method {
        Runs: compare::Method::Runs,
        Prediction: compare::Method::Prediction,
        AssumedSpread: compare::Method::AssumedSpread,
        Exact: compare::Method::Exact,
        Proportion: compare::Method::Proportion,
        None: compare::Method::None,
    }
}

words! {
    /// Which direction is an improvement.
    Better for model::Better {
        Lower: model::Better::Lower,
        Higher: model::Better::Higher,
    }
}

words! {
    /// What is done about a series that vanished.
    OnMissing for compare::OnMissing {
        Fail: compare::OnMissing::Fail,
        Warn: compare::OnMissing::Warn,
    }
}

words! {
    /// What is done about what could not be told.
    OnInconclusive for compare::OnInconclusive {
        Warn: compare::OnInconclusive::Warn,
        Fail: compare::OnInconclusive::Fail,
        Pass: compare::OnInconclusive::Pass,
    }
}

impl Judged {
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

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Improved => "improved",
            Self::Unchanged => "unchanged",
            Self::Inconclusive => "inconclusive",
            Self::Missing => "missing",
            Self::New => "new",
            Self::Incomparable => "incomparable",
        }
    }
}

impl From<Standing> for verdict::Standing {
    fn from(word: Standing) -> Self {
        match word {
            Standing::Quiet => Self::Quiet,
            Standing::NoSignal => Self::NoSignal,
            Standing::Better => Self::Better,
            Standing::Warn => Self::Warn,
            Standing::Possible => Self::Possible,
            Standing::Blind => Self::Blind,
            Standing::Fail => Self::Fail,
        }
    }
}

impl From<OnInconclusive> for compare::OnInconclusive {
    fn from(word: OnInconclusive) -> Self {
        match word {
            OnInconclusive::Warn => Self::Warn,
            OnInconclusive::Fail => Self::Fail,
            OnInconclusive::Pass => Self::Pass,
        }
    }
}
