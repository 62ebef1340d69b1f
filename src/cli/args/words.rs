//! The words that flags take, and what they stand for elsewhere.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::compare::{Decide, OnInconclusive, OnMissing, OnOtherEnvironment, RulesFrom};
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

words!(ReportFormat => report::Format { Text, Json, Markdown, Junit, Github, Badge });
words!(IdsWord => names::Ids { Merge, Keep });
words!(DecideWord => Decide { Certain, Limit });
words!(InconclusiveWord => OnInconclusive { Warn, Fail, Pass });
words!(MissingWord => OnMissing { Fail, Warn });
words!(RulesFromWord => RulesFrom { Head, Base });
words!(OtherEnvironmentWord => OnOtherEnvironment { Refuse, Warn, Ignore });

/// A format of results, by the list that `ingest` keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResultFormat(ingest::Format);

impl From<ResultFormat> for ingest::Format {
    fn from(word: ResultFormat) -> Self {
        word.0
    }
}

impl ValueEnum for ResultFormat {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: std::sync::LazyLock<Vec<ResultFormat>> = std::sync::LazyLock::new(|| {
            ingest::Format::ALL
                .iter()
                .map(|f| ResultFormat(*f))
                .collect()
        });
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.as_str()))
    }
}

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
