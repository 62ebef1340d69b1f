//! `perfgate.toml` as it is written. The structs read the file, and the JSON Schema and the tables of `docs/config.md`
//! come from them and from their comments.
//!
//! A new key is a field of one of these structs, its comment is its line in the reference, and `build` (in `mod.rs`,
//! `rules.rs` or `sources.rs`) makes of it what the gate works with. A new table is a struct here, with its title in
//! the test below, a marker in `docs/config.md`, and where a key of it must be there, a line of [`advice`].

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use toml::de::DeTable;

use super::GateMode;
use super::mapping::MappingFile;
use crate::cli::values;
use crate::compare::{
    DEFAULT_MAX_REGRESSION, Decide, OnInconclusive, OnMissing, OnOtherEnvironment, Quantity,
    RulesFrom, SeriesRole, Severity, WantedDirection,
};
use crate::json_schema::with_only;
use crate::load::scenario::WatchFile;
use crate::model::Unit;
use crate::model::names::Ids;
use crate::toml_file::{
    AnyValue, DurationText, FileFormat, FilledText, FreeTable, Located, OneOrMany,
    PositiveDuration, Problem, Table, Tables, TrueOr, Whole, Word, from_text_or_number, schema,
};

/// What messages know about a config file.
pub(super) const FORMAT: FileFormat = FileFormat {
    name: "perfgate.toml",
    advice,
    foreign,
};

/// What to write where a key is missing.
fn advice(path: &[&str], key: &str) -> Option<&'static str> {
    Some(match (path, key) {
        (["accept"], _) => "an acceptance names `subject`, `up_to`, `reason` and `until`",
        (["subject"], "match") => {
            "`match` is a glob over the names of a result: match = \"/match/*/odds\", name = \"/match/{id}/odds\""
        }
        _ => return None,
    })
}

/// Another project of this name keeps a `perfgate.toml` too: its keys are told from slips of ours.
fn foreign(top: &DeTable<'_>) -> Option<Problem> {
    let find = |table: &DeTable<'_>, word: &str| {
        let (key, value) = table.get_key_value(word)?;
        Some((key.span(), value.get_ref().is_array()))
    };
    let defaults = top
        .get("defaults")
        .and_then(|value| value.get_ref().as_table());
    let factor = || find(top, "warn_factor").or_else(|| find(defaults?, "warn_factor"));
    let (sign, (span, _)) = match find(top, "bench") {
        Some(benches @ (_, true)) => ("[[bench]]", benches),
        _ => ("warn_factor", factor()?),
    };
    let message = format!("this file belongs to another tool named perfgate: it has `{sign}`");
    Some(
        Problem::at(&span, message)
            .hint("keep our settings in a file of another name and pass it: --config gate.toml"),
    )
}

/// What a team asks of its performance gate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "perfgate.toml")]
pub(super) struct ConfigFile {
    /// What results are compared with: a path if one exists, else `baselines/NAME`, else `baselines/NAME.json`; `{base}` in it is the pull request's target branch, else the current branch
    #[schemars(title = "path or name")]
    pub(super) baseline: Option<Located<FilledText>>,
    /// End with exit code 3 where there is no baseline; set it once the baseline is seeded
    #[schemars(extend("default" = false))]
    pub(super) require_baseline: Option<Located<bool>>,
    /// What follows where it cannot be told: with `warn` the headline stays PASS with possible changes in one line, unless half of the gate could not be decided, a possible change is 50 % or more, or `max_detectable` asks; with `fail` any possible change ends with exit code 3
    #[schemars(extend("default" = "warn"))]
    pub(super) on_inconclusive: Option<Located<Word<OnInconclusive>>>,
    /// What follows where a series of the baseline has vanished
    #[schemars(extend("default" = "fail"))]
    pub(super) on_missing: Option<Located<Word<OnMissing>>>,
    /// What follows where the baseline was measured on another class of machine only: `refuse` compares nothing (verdict `no-baseline`); `warn` compares with the machine that was measured last, takes the widest difference that the baseline knows between machines as noise, at least 25 %, and lets nothing regress for certain; `ignore` compares as if all machines were one
    #[schemars(extend("default" = "refuse"))]
    pub(super) on_other_environment: Option<Located<Word<OnOtherEnvironment>>>,
    /// Whose rules and whose baseline judge a pull request: its own, as it changes them, or those of the branch that it goes to. Read from the file of that branch, never from the pull request's
    #[schemars(extend("default" = "head"))]
    pub(super) rules_from: Option<Located<Word<RulesFrom>>>,
    /// The name of the machine class, for every current run; replaces system, architecture, CPU and cores
    #[schemars(title = "name", extend("x-default" = "found out"))]
    pub(super) environment: Option<Located<FilledText>>,
    /// Series whose runs could not have shown a change of this size count as undecided
    #[schemars(extend("x-default" = "off"))]
    pub(super) max_detectable: Option<Located<PercentText>>,
    /// The first part of every run is left out, where the result tells what happened when
    #[schemars(extend("x-default" = "none"))]
    pub(super) warmup: Option<Located<DurationText>>,
    /// Whether names of a load tool that differ only in their ids are put together (below)
    #[schemars(extend("default" = "merge"))]
    pub(super) ids: Option<Located<Word<Ids>>>,
    /// What names of a load tool are called, by hand; the first entry that matches a name decides
    pub(super) subject: Option<Tables<SubjectFile>>,
    /// What is judged where no result is named
    pub(super) source: Option<Tables<SourceFile>>,
    /// How files of no known tool are read
    pub(super) mapping: Option<FreeTable<Table<MappingFile>>>,
    /// How `check` goes about it
    #[serde(default)]
    #[schemars(with = "Option<GateFile>")]
    pub(super) gate: Table<GateFile>,
    /// How the base revision is built and run, for `mode = "ab"` and for `perfgate ab`
    #[schemars(with = "Option<AbFile>")]
    pub(super) ab: Option<Located<Table<AbFile>>>,
    /// What holds where no rule says otherwise
    #[serde(default)]
    #[schemars(with = "Option<DefaultsFile>")]
    pub(super) defaults: Table<DefaultsFile>,
    /// What is asked of some series; later rules override earlier ones, field by field
    pub(super) rule: Option<Tables<RuleFile>>,
    /// Known regressions: scoped, visible, expiring
    pub(super) accept: Option<Tables<AcceptFile>>,
}

/// What names of a load tool are called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectFile {
    /// Which names. One that begins with `/` is held against the path alone, behind the method
    #[serde(rename = "match")]
    #[schemars(title = "glob")]
    pub(super) matches: FilledText,
    /// What they are called; where it begins with `/` and `match` does too, the method stays before it
    #[schemars(extend("x-default" = "the old name"))]
    pub(super) name: Option<FilledText>,
}

/// A command that measures for longer than this is taken to hang, where the config gives it no time of its own.
pub(crate) const USUAL_TIMEOUT: Duration = Duration::from_secs(3600);

/// Where results come from.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = scenario_or_results)]
pub(super) struct SourceFile {
    /// The files that hold the results; `{n}` counts from 1 to `runs`, and each has to be there; `*` is any part of a name
    #[schemars(title = "path")]
    pub(super) results: Option<Located<FilledText>>,
    /// The mapping that reads `results`, where no tool that is known wrote them
    #[schemars(title = "name of a [mapping.NAME]", extend("x-default" = "none"))]
    pub(super) mapping: Option<Located<FilledText>>,
    /// What is run `runs` times before `results` are read, with the number of the run for `{n}`, in the folder of the file
    #[schemars(title = "shell command", extend("x-default" = "none"))]
    pub(super) command: Option<FilledText>,
    /// How often `command` or `scenario` is run
    #[serde(default = "once")]
    pub(super) runs: Whole<1, 1000>,
    /// A load scenario of our own, instead of `command` and `results`: it is run `runs` times
    #[schemars(title = "path")]
    pub(super) scenario: Option<FilledText>,
    /// Tells its results from those of other sources: only runs of one source are compared. Asked for where several sources are results or commands
    #[schemars(extend("x-default" = "none"))]
    pub(super) name: Option<Located<FilledText>>,
    /// The files that define what the command does, such as the locustfile: runs made with other contents are another workload. `*` is any part of a name, `**` any folders, and a folder stands for all files in it; one that does not exist is an error
    #[schemars(title = "paths or globs", extend("x-default" = "none"))]
    pub(super) inputs: Option<OneOrMany<FilledText>>,
    /// A command that takes longer is ended, with all that it started, and the gate ends with 2
    #[schemars(extend("default" = PositiveDuration(USUAL_TIMEOUT)))]
    pub(super) timeout: Option<Located<PositiveDuration>>,
    /// What is measured beside the command, for exactly as long as it runs; becomes metrics of each run
    pub(super) watch: Option<Located<OneOrMany<Table<WatchFile>>>>,
    /// How long is waited before the first run, unless it is the first source: the service comes to rest
    #[schemars(extend("x-default" = "none"))]
    pub(super) pause: Option<Located<PositiveDuration>>,
    /// What is run once before the first run, where `command` is run; where it fails, nothing is measured and the gate ends with 2
    #[schemars(title = "shell command", extend("x-default" = "none"))]
    pub(super) setup: Option<Located<FilledText>>,
    /// What is run once after the last run, also where a run failed, took too long or was interrupted; where it fails, that is told
    #[schemars(title = "shell command", extend("x-default" = "none"))]
    pub(super) teardown: Option<Located<FilledText>>,
    /// What was asked of the load tool, as in `{ users = 50, duration = "5m" }`: runs with another value of a name are another workload. What the result itself says of a name comes first
    #[schemars(extend("x-default" = "none"))]
    pub(super) parameters: Option<Located<FreeTable<ParameterText>>>,
    /// A profiler that writes folded stacks or a profile of pprof to `{out}`, for `{seconds}` of the process `{pid}`: run beside the command or the service of the scenario, once more and not judged, where something regressed. A scenario may have its own
    #[schemars(title = "shell command", extend("x-default" = "none"))]
    pub(super) profile: Option<Located<FilledText>>,
}

/// `50`, or `"10/s"`.
#[derive(Clone, Debug)]
pub(super) struct ParameterText(pub(super) String);

impl<'de> Deserialize<'de> for ParameterText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// It is a cell of a table.
        const LONGEST: usize = 60;
        let text = |text: &str| match text.trim() {
            "" => Err("it is empty".to_owned()),
            text if text.chars().count() > LONGEST => {
                Err(format!("it is longer than {LONGEST} characters"))
            }
            text => Ok(text.to_owned()),
        };
        let expected = "a number, or a short text such as \"10/s\"";
        from_text_or_number(
            deserializer,
            expected,
            text,
            |number| Ok(number.to_string()),
        )
        .map(Self)
    }
}

schema!(ParameterText, {
    "title": "number or short text",
    "anyOf": [
        { "type": "number" },
        { "type": "string", "minLength": 1, "maxLength": 60 },
    ],
    "examples": [50, "10/s", "5m"],
});

fn once() -> Whole<1, 1000> {
    const { Whole::new(1) }
}

/// How `check` goes about it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GateFile {
    /// What the results are compared with: `baseline`; with `ab` the base revision, which is built by `[ab]` and measured in turns with head, on pull requests and outside CI; with `auto` that only where the baseline does not know the machine
    #[schemars(extend("default" = "baseline"))]
    pub(super) mode: Option<Located<Word<GateMode>>>,
    /// Sources that perfgate runs itself are measured again where a series got worse or possibly did, and red is only what the fresh runs confirm
    #[schemars(extend("default" = true))]
    pub(super) confirm: Option<Located<bool>>,
}

/// How both revisions are built and run, each in a worktree of its own.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AbFile {
    /// Builds a revision, once
    #[schemars(title = "shell command", extend("x-default" = "none"))]
    pub(super) build: Option<FilledText>,
    /// What is measured of each revision; where a source is a scenario, its service, with `{port}`
    #[schemars(title = "shell command", extend("x-default" = "the command of the source"))]
    pub(super) run: Option<FilledText>,
    /// The criterion benchmarks of each revision are measured, which cargo builds; a text is arguments for `cargo bench --no-run`, as in `"-p parser --bench words"`. No `run` and no source is measured then
    #[schemars(extend("x-default" = "none"))]
    pub(super) bench: Option<Located<TrueOr<FilledText>>>,
    /// The revision of before; measured is the commit where head has left it. `{base}` is the target of the pull request, else the current branch
    #[schemars(title = "revision", extend("x-default" = "the target of the pull request, else `origin/HEAD`"))]
    pub(super) base_ref: Option<FilledText>,
    /// The most rounds; five are looked at first, and only what is in doubt then is measured on
    #[schemars(extend("default" = 20))]
    pub(super) max_rounds: Option<Whole<1, 1000>>,
    /// How long all the measuring may take, without the builds
    #[schemars(extend("default" = "5m"))]
    pub(super) time_budget: Option<PositiveDuration>,
    /// Files of the repository that no measured program reads: where no other file differs and both sides are one executable, nothing is measured. `*` is any part of a path
    #[schemars(title = "globs", extend("default" = json!(["*.md", "docs/**"])))]
    pub(super) ignore: Option<OneOrMany<FilledText>>,
    /// A profiler that writes folded stacks or a profile of pprof to `{out}`, for `{seconds}` of the process `{pid}`: run beside both versions, once more and not judged, where something got worse
    #[schemars(title = "shell command", extend("x-default" = "that of the source or of the scenario"))]
    pub(super) profile: Option<FilledText>,
}

/// Limits for every series.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DefaultsFile {
    /// How much worse than the baseline is tolerated; a change of twice as much is what the gate is built to find
    #[schemars(extend("default" = PercentText(DEFAULT_MAX_REGRESSION)))]
    pub(super) max_regression: Option<Located<PercentText>>,
    /// A change has to be larger than this as well
    #[schemars(extend("x-default" = "none"))]
    pub(super) min_delta: Option<Located<QuantityText>>,
    /// What a bad outcome leads to
    #[schemars(extend("default" = "fail"))]
    pub(super) severity: Option<Located<Word<Severity>>>,
    /// What fails: a change beyond the limit that is certain, or any estimate beyond the limit, sure or not
    #[schemars(extend("default" = "certain"))]
    pub(super) decide: Option<Located<Word<Decide>>>,
    /// The same as at the top level, and before it
    #[schemars(extend("x-default" = "off"))]
    pub(super) max_detectable: Option<Located<PercentText>>,
}

/// Limits for the series that it selects.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    /// Which subjects
    #[schemars(title = "glob", extend("default" = "*"))]
    pub(super) subject: Option<FilledText>,
    /// Which metrics (`latency`), or which statistic of them (`latency.p95`): `p1` `p5` `p10` `p25` `p50` `p75` `p90` `p95` `p99` `p99.9` `min` `max` `mean`, where a result holds it
    #[schemars(title = "glob", extend("default" = "*"))]
    pub(super) metric: Option<FilledText>,
    /// How much worse than the baseline is tolerated; a change of twice as much is what the gate is built to find
    pub(super) max_regression: Option<PercentText>,
    /// The change has to be larger than this as well
    pub(super) min_delta: Option<QuantityText>,
    /// A hard limit, which holds without any baseline: of the level that `severity` of this rule says, else `fail`; or both levels, `{ warn = "80%", fail = "90%" }`. A later rule replaces the limit of the same level only. Judged is the centre of the runs
    pub(super) budget: Option<Located<BudgetText>>,
    /// A budget to both sides: what is expected, with `within`
    pub(super) expect: Option<Located<QuantityText>>,
    /// How far it may be off from `expect`
    pub(super) within: Option<Located<PercentText>>,
    /// Names for levels of quality, each with its limit, as in `{ excellent = "200ms", good = "500ms" }`: the best one that is reached is shown. Grades never fail
    pub(super) grades: Option<Located<FreeTable<QuantityText>>>,
    /// What a bad outcome leads to; with `warn` the series never asks for a decision either, sure or unsure, also with `--strict`
    pub(super) severity: Option<Word<Severity>>,
    /// What fails: a change beyond the limit that is certain, or any estimate beyond the limit, sure or not, as fixed thresholds have it
    pub(super) decide: Option<Word<Decide>>,
    /// As at the top level, for these series
    pub(super) max_detectable: Option<PercentText>,
    /// Which direction is an improvement, where the tool does not say it or says it wrongly; with `both` a change in either direction is a regression. A budget keeps the direction of the tool
    pub(super) better: Option<Word<WantedDirection>>,
    /// The series shares no process with the code under test: [where it got slower, the machine did](how-it-decides.md#a-control)
    pub(super) role: Option<Word<SeriesRole>>,
}

/// A known regression. One without a scope, a size, a reason or an end would be a hole in the gate.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptFile {
    /// Which subjects
    #[schemars(title = "glob")]
    pub(super) subject: FilledText,
    /// Which metrics, or which statistic of them
    #[schemars(title = "glob", extend("default" = "*"))]
    pub(super) metric: Option<FilledText>,
    /// How much worse is accepted
    pub(super) up_to: PercentText,
    /// Why; shown in every report
    pub(super) reason: FilledText,
    /// The last day on which it holds
    pub(super) until: Day,
}

/// `"5%"` as 0.05, more than nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct PercentText(pub(super) f64);

impl<'de> Deserialize<'de> for PercentText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text_or_number(deserializer, "a text in quotes", values::percent, |_| {
            Err("a percentage is written in quotes, like \"5%\"".to_owned())
        })
        .map(Self)
    }
}

/// As a default in the schema.
impl Serialize for PercentText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&values::show_percent(self.0))
    }
}

schema!(PercentText, {
    "title": "percentage",
    "type": "string",
    "pattern": "^\\s*\\+?[0-9.]+\\s*%\\s*$",
    "examples": ["5%", "2.5%"],
});

/// `"2ms"`, or a number in the unit of the series.
#[derive(Clone, Debug)]
pub(super) struct QuantityText(pub(super) Quantity);

impl<'de> Deserialize<'de> for QuantityText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a number, or a text such as \"2ms\"";
        from_text_or_number(deserializer, expected, values::quantity, |number| {
            values::not_negative(number, Unit::none(), &number.to_string())
        })
        .map(Self)
    }
}

schema!(QuantityText, {
    "title": "quantity",
    "anyOf": [
        { "type": "number", "minimum": 0 },
        { "type": "string", "pattern": "^\\s*\\+?[0-9.]+\\s*\\S*$" },
    ],
    "examples": ["2ms", "64MiB", "0.5%", 500],
});

/// `"500ms"`, or a limit of each level: `{ warn = "80%", fail = "90%" }`.
#[derive(Clone, Debug)]
pub(super) enum BudgetText {
    One(QuantityText),
    Levels(Table<BudgetLevels>),
}

/// A limit that warns, one that fails, or both.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BudgetLevels {
    pub(super) warn: Option<Located<QuantityText>>,
    pub(super) fail: Option<Located<QuantityText>>,
}

impl<'de> Deserialize<'de> for BudgetText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = BudgetText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a number, a text such as \"500ms\", or { warn = \"80%\", fail = \"90%\" }",
                )
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<BudgetText, E> {
                QuantityText::deserialize(number.into_deserializer()).map(BudgetText::One)
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<BudgetText, E> {
                QuantityText::deserialize(number.into_deserializer()).map(BudgetText::One)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<BudgetText, E> {
                QuantityText::deserialize(text.into_deserializer()).map(BudgetText::One)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<BudgetText, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map)).map(BudgetText::Levels)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl JsonSchema for BudgetText {
    fn schema_name() -> Cow<'static, str> {
        "Budget".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<QuantityText>();
        let levels = generator.subschema_for::<BudgetLevels>();
        json_schema!({ "title": "quantity or levels", "anyOf": [one, levels] })
    }
}

/// A date of TOML, without a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day(pub(super) jiff::civil::Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let AnyValue::Time(text) = AnyValue::deserialize(deserializer)? else {
            return Err(no_day());
        };
        // Longer where a time follows.
        match text.len() == "2027-01-31".len() {
            true => text.parse().map(Self).map_err(|_| no_day()),
            false => Err(no_day()),
        }
    }
}

fn no_day<E: Error>() -> E {
    E::custom("expected a date without quotes, like 2027-01-31")
}

// A date of TOML is no type of JSON: editors check it themselves.
schema!(Day, { "title": "date" });

fn scenario_or_results(schema: &mut Schema) {
    let scenario = with_only(
        &["scenario"],
        &["command", "results", "mapping", "parameters"],
    );
    let results = with_only(&["results"], &["scenario"]);
    schema.insert("oneOf".to_owned(), Value::Array(vec![scenario, results]));
    let of_command = json!({ "timeout": ["command"], "watch": ["command"] });
    schema.insert("dependentRequired".to_owned(), of_command);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::config::mapping::ValueFile;
    use crate::toml_file::reference::{hold, table};

    #[test]
    fn the_tables_of_the_reference_are_those_of_the_structs() {
        hold("docs/config.md", |name, only| match name {
            "perfgate.toml" => table::<ConfigFile>(only),
            "source" => table::<SourceFile>(only),
            "source.watch" => table::<WatchFile>(only),
            "gate" => table::<GateFile>(only),
            "ab" => table::<AbFile>(only),
            "defaults" => table::<DefaultsFile>(only),
            "rule" => table::<RuleFile>(only),
            "accept" => table::<AcceptFile>(only),
            "subject" => table::<SubjectFile>(only),
            "mapping" => table::<MappingFile>(only),
            "mapping.value" => table::<ValueFile>(only),
            other => panic!("no struct reads {other}"),
        });
    }
}
