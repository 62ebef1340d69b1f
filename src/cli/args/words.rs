//! The words that flags take, and what they stand for elsewhere.

use std::ffi::OsStr;

use clap::ValueEnum;
use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};

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

words!(ReportFormat => report::Format { Text, Json, Markdown, Junit, Github, Badge, Html, Openmetrics });
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

/// What `--from` takes: a format, or a mapping of the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReadAs {
    Format(ingest::Format),
    Mapping(String),
}

/// Reads [`ReadAs`].
#[derive(Clone, Copy)]
pub(crate) struct ReadAsParser;

impl TypedValueParser for ReadAsParser {
    type Value = ReadAs;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<ReadAs, clap::Error> {
        let text = value.to_str().unwrap_or_default();
        match text.strip_prefix(ingest::mapping::PREFIX) {
            Some(name) if !name.is_empty() => Ok(ReadAs::Mapping(name.to_owned())),
            _ => {
                let formats = EnumValueParser::<ResultFormat>::new();
                let format = formats.parse_ref(command, argument, value)?;
                Ok(ReadAs::Format(format.into()))
            }
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let formats = ResultFormat::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value);
        let mapping = PossibleValue::new("mapping:NAME");
        Some(Box::new(formats.chain([mapping])))
    }
}

/// Of commands that show rather than judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum InspectFormat {
    #[default]
    Text,
    Json,
}

/// Of a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum HistoryFormat {
    #[default]
    Text,
    Json,
    Ndjson,
    /// One page for a browser
    Html,
}

/// The word as it is typed.
pub(crate) fn typed(word: impl ValueEnum) -> String {
    word.to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}
