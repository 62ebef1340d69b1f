//! The words that flags take, and what they stand for elsewhere.

use clap::ValueEnum;

use crate::compare::{OnInconclusive, OnMissing, OnOtherEnvironment};
use crate::model::names;
use crate::{ingest, report};

/// Words of the command line for values of another room.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident => $target:ty { $($word:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
        pub(crate) enum $name { $($word),+ }

        impl From<$name> for $target {
            fn from(word: $name) -> Self {
                match word { $($name::$word => Self::$word),+ }
            }
        }
    };
}

words!(ReportFormat => report::Format { Text, Json, Markdown, Junit, Github });
words!(ResultFormat => ingest::Format { Perfgate, Locust, Criterion, CargoCriterion });
words!(IdsWord => names::Ids { Merge, Keep });
words!(InconclusiveWord => OnInconclusive { Warn, Fail, Pass });
words!(MissingWord => OnMissing { Fail, Warn });
words!(OtherEnvironmentWord => OnOtherEnvironment { Refuse, Warn, Ignore });

/// Of commands that show rather than judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum InspectFormat {
    #[default]
    Text,
    Json,
}

/// The word as it is typed.
pub(crate) fn typed(word: impl ValueEnum) -> String {
    word.to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}
