//! `perfgate.toml`: what is read, what is refused and where, and that the published schema agrees.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use perfgate::cli::settings::config::{self, Config, Work};
use perfgate::compare::{Allowed, OnInconclusive, Severity};
use perfgate::toml_file::FileError;

const WHOLE: &str = r#"#:schema ./perfgate.schema.json
baseline = "baselines/main.json"
require_baseline = false
on_inconclusive = "fail"
on_missing = "warn"
on_other_environment = "refuse"
environment = "lab"
max_detectable = "10%"
warmup = "30s"

[[source]]
scenario = "load/api.toml"
runs = 5
[[source]]
name = "browsing"
command = "locust --headless --csv out/run{n}"
results = "out/run{n}_stats.csv"
inputs = ["locustfile.py"]
timeout = "30m"
runs = 3

[defaults]
max_regression = "5%"

[[rule]]
subject = "GET /search*"
metric = "latency.p95"
max_regression = "10%"
min_delta = "2ms"
budget = 500
severity = "warn"

[[accept]]
subject = "GET /report"
metric = "latency.p95"
up_to = "30%"
reason = "encrypts at rest now"
until = 2027-01-31
"#;

fn parse(text: &str) -> Result<Config, FileError> {
    config::parse("perfgate.toml", text)
}

/// The place, the message and the hint of a refusal.
fn refused(text: &str) -> String {
    let error = parse(text).expect_err(text);
    match &error.hint {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    }
}

#[test]
fn a_whole_config_is_read_with_the_line_of_each_decision() {
    let config = parse(WHOLE).unwrap();
    let baseline = config.baseline.unwrap();
    assert_eq!(baseline.value, "baselines/main.json");
    assert_eq!(baseline.from.to_string(), "perfgate.toml:2");
    assert_eq!(config.on_inconclusive.unwrap().value, OnInconclusive::Fail);
    assert_eq!(config.warmup.unwrap().value, Duration::from_secs(30));
    assert_eq!(config.environment.unwrap().value, "lab");

    assert_eq!(config.sources.len(), 2);
    let command = config.sources.last().unwrap();
    assert_eq!(command.runs, 3);
    assert_eq!(command.name.as_deref(), Some("browsing"));
    assert_eq!(command.inputs, ["locustfile.py"]);
    let Work::Command {
        results, timeout, ..
    } = &command.work
    else {
        panic!("{command:?}");
    };
    assert_eq!(results, "out/run{n}_stats.csv");
    assert_eq!(*timeout, Duration::from_secs(1800));

    let limit = config.defaults.max_regression.unwrap();
    assert_eq!(
        (limit.value, limit.from.to_string().as_str()),
        (0.05, "perfgate.toml:23")
    );
    let [rule] = config.rules.as_slice() else {
        panic!("{:?}", config.rules);
    };
    assert_eq!(rule.from.to_string(), "perfgate.toml:25");
    assert_eq!(rule.subject.as_str(), "GET /search*");
    assert_eq!(rule.max_regression, Some(0.1));
    assert_eq!(rule.min_delta.as_ref().unwrap().unit.as_str(), "ms");
    let Some(Allowed::Limit(budget)) = rule.budgets.warn.as_ref().map(|b| &b.allowed) else {
        panic!("{:?}", rule.budgets);
    };
    assert_eq!(
        (budget.value.to_string(), budget.unit.as_str()),
        ("500".to_owned(), "")
    );
    assert_eq!(rule.budgets.fail, None);
    assert_eq!(rule.severity, Some(Severity::Warn));
    let [accept] = config.acceptances.as_slice() else {
        panic!("{:?}", config.acceptances);
    };
    assert_eq!(accept.until, jiff::civil::date(2027, 1, 31));
    assert_eq!(accept.from.to_string(), "perfgate.toml:33");
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_the_nearest_known_one() {
    for (text, said) in [
        (
            "baselin = \"x\"\n",
            "perfgate.toml:1:1: unknown key `baselin` in perfgate.toml (did you mean `baseline`?)",
        ),
        (
            "[[rule]]\nsubject = \"a\"\n  max_regresion = \"5%\"\n",
            "perfgate.toml:3:3: unknown key `max_regresion` in [[rule]] (did you mean `max_regression`?)",
        ),
        (
            "[defaults]\nbudget = \"5ms\"\n",
            "perfgate.toml:2:1: unknown key `budget` in [defaults] (a budget is of some series: [[rule]] subject = \"…\", metric = \"…\", budget = \"500ms\")",
        ),
    ] {
        assert_eq!(refused(text), said);
    }
}

#[test]
fn a_wrong_value_is_refused_at_its_own_place() {
    for (text, said) in [
        (
            "on_missing = \"pass\"\n",
            "perfgate.toml:1:14: `on_missing`: `pass` is not one of \"fail\", \"warn\"",
        ),
        (
            "[defaults]\nmax_regression = 5\n",
            "perfgate.toml:2:18: `max_regression`: a percentage is written in quotes, like \"5%\"",
        ),
        (
            "[defaults]\nmax_regression = \"0%\"\n",
            "perfgate.toml:2:18: `max_regression`: `0%` is not a limit; it must be more than 0%, for no measurement repeats exactly",
        ),
        (
            "[[rule]]\nmin_delta = \"-2ms\"\n",
            "perfgate.toml:2:13: `min_delta`: `-2ms` is negative, and limits are not",
        ),
        (
            "[[rule]]\nbudget = nan\n",
            "perfgate.toml:2:10: `budget`: expected a finite number",
        ),
        (
            "[[rule]]\nbudget = \"5msec\"\n[[rule]]\nbudget = \"5mss\"\n",
            "perfgate.toml:4:10: `budget`: unknown unit `mss`; did you mean `ms`?",
        ),
        (
            "require_baseline = \"yes\"\n",
            "perfgate.toml:1:20: `require_baseline`: expected true or false, found a string",
        ),
        (
            "baseline = \" \"\n",
            "perfgate.toml:1:12: `baseline`: it is empty",
        ),
        (
            "rule = 3\n",
            "perfgate.toml:1:8: `rule`: expected [[rule]], found an integer",
        ),
        (
            "[rule]\nsubject = \"a\"\n",
            "perfgate.toml:1:1: `rule`: expected [[rule]], found a table",
        ),
        (
            "[[rule]]\nbudget = true\n",
            "perfgate.toml:2:10: `budget`: expected a number, a text such as \"500ms\", or { warn = \"80%\", fail = \"90%\" }, found a boolean",
        ),
        (
            "[[rule]]\nrole = \"subject\"\n",
            "perfgate.toml:2:8: `role`: `subject` is not one of \"control\"",
        ),
        (
            "[[rule]]\nmin_delta = -2.5\n",
            "perfgate.toml:2:13: `min_delta`: `-2.5` is negative, and limits are not",
        ),
        (
            "defaults = []\n",
            "perfgate.toml:1:12: `defaults`: expected a table, found an array",
        ),
    ] {
        assert_eq!(refused(text), said);
    }
}

#[test]
fn words_of_other_tools_are_answered_with_what_to_write() {
    for (text, instead) in [
        (
            "[thresholds]\nhttp_req_duration = [\"p(95)<500\"]\n",
            "[[rule]]",
        ),
        (
            "[thresholds]\nhttp_req_duration = [\"p(95)<500\"]\n",
            "budget = \"500ms\"",
        ),
        ("limits = { p95 = 500 }\n", "budget = \"500ms\""),
        ("tolerance = \"5%\"\n", "max_regression = \"5%\""),
        ("[[benchmarks]]\nname = \"x\"\n", "[[source]]"),
        ("[defaults]\nthreshold = 0.2\n", "max_regression = \"5%\""),
        ("[[rule]]\nthreshold = \"5%\"\n", "budget = \"500ms\""),
        ("[[rule]]\np95 = \"5ms\"\n", "metric = \"latency.p95\""),
        ("[[source]]\ncmd = \"x\"\n", "`command`"),
        ("[[source]]\nrepeat = 3\n", "`runs`"),
    ] {
        let said = refused(text);
        assert!(
            said.contains("unknown key `") && said.contains(instead),
            "{said}"
        );
        assert!(!said.contains("did you mean"), "{said}");
    }
    // What is only misspelt is still answered with its name.
    assert!(refused("[[rule]]\nbudgt = \"5ms\"\n").contains("did you mean `budget`"));
}

#[test]
fn broken_toml_is_refused_with_its_place() {
    let said = refused("baseline = \"a\"\nbaseline = \"b\"\n");
    assert!(said.starts_with("perfgate.toml:2:1: "), "{said}");
    let said = refused("on_missing = \n");
    assert!(said.starts_with("perfgate.toml:1:"), "{said}");
}

#[test]
fn an_acceptance_without_scope_size_reason_or_end_is_refused() {
    let keys = [
        ("subject", "subject = \"a\"\n"),
        ("up_to", "up_to = \"30%\"\n"),
        ("reason", "reason = \"r\"\n"),
        ("until", "until = 2027-01-31\n"),
    ];
    for (missing, _) in keys {
        let rest: String = keys
            .iter()
            .filter(|(key, _)| *key != missing)
            .map(|(_, line)| *line)
            .collect();
        let said = refused(&format!("\n[[accept]]\n{rest}"));
        assert!(
            said.starts_with(&format!("perfgate.toml:2:1: [[accept]] has no `{missing}`")),
            "{said}"
        );
    }
    for until in ["\"2027-01-31\"", "2027-01-31T00:00:00Z", "10:00:00"] {
        let text = format!(
            "[[accept]]\nsubject = \"a\"\nup_to = \"3%\"\nreason = \"r\"\nuntil = {until}\n"
        );
        let said = refused(&text);
        assert!(
            said.starts_with("perfgate.toml:5:9: `until`: expected a date"),
            "{said}"
        );
    }
}

#[test]
fn a_source_says_where_its_results_are_and_each_run_has_its_own() {
    for (text, said) in [
        ("[[source]]\nruns = 3\n", "[[source]] names no results"),
        (
            "[[source]]\ncommand = \"x\"\n",
            "[[source]] has a `command` and no `results`",
        ),
        (
            "[[source]]\nscenario = \"x\"\nresults = \"y\"\n",
            "[[source]] has `scenario` and also",
        ),
        (
            "[[source]]\ncommand = \"x\"\nresults = \"y\"\nruns = 2\n",
            "it has no `{n}`",
        ),
        (
            "[[source]]\nresults = \"y\"\nruns = 0\n",
            "expected a whole number from 1 to 1000",
        ),
        (
            "[[source]]\nresults = \"y\"\nruns = 1.5\n",
            "expected a whole number from 1 to 1000",
        ),
    ] {
        let refused = refused(text);
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn a_file_of_another_tool_of_the_same_name_is_told_as_such() {
    for text in [
        "[defaults]\nrepeat = 5\nwarn_factor = 0.9\n",
        "[[bench]]\nname = \"x\"\ncommand = [\"true\"]\n",
    ] {
        let said = refused(text);
        assert!(
            said.contains("belongs to another tool named perfgate"),
            "{said}"
        );
        assert!(said.contains("--config"), "{said}");
    }
}

#[test]
fn an_empty_config_decides_nothing() {
    assert_eq!(parse("").unwrap(), Config::default());
    assert_eq!(parse("# nothing\n").unwrap(), Config::default());
}

/// TOML as the JSON that editors validate.
fn as_json(text: &str) -> serde_json::Value {
    fn convert(value: toml::Value) -> serde_json::Value {
        match value {
            toml::Value::Datetime(at) => at.to_string().into(),
            toml::Value::Array(items) => items.into_iter().map(convert).collect(),
            toml::Value::Table(table) => table
                .into_iter()
                .map(|(key, value)| (key, convert(value)))
                .collect(),
            toml::Value::String(text) => text.into(),
            toml::Value::Integer(number) => number.into(),
            toml::Value::Float(number) => number.into(),
            toml::Value::Boolean(is) => is.into(),
        }
    }
    convert(toml::Value::Table(text.parse().unwrap()))
}

fn schema() -> serde_json::Value {
    serde_json::from_str(&config::json_schema()).unwrap()
}

/// The configs of the documents and of the examples.
fn published() -> Vec<String> {
    let mut texts = Vec::new();
    for page in ["README.md", "docs"] {
        for page in files(Path::new(page)) {
            let page = fs::read_to_string(page).unwrap_or_default();
            let blocks = page.split("```toml\n").skip(1);
            let blocks = blocks.map(|rest| rest.split("```").next().unwrap().to_owned());
            let signs = [
                "baseline = ",
                "[defaults]",
                "[[source]]",
                "[[rule]]",
                "[[accept]]",
            ];
            texts.extend(blocks.filter(|block| signs.iter().any(|sign| block.contains(sign))));
        }
    }
    let documented = texts.len();
    for file in files(Path::new("examples")) {
        if file.file_name().is_some_and(|name| name == "perfgate.toml") {
            texts.push(fs::read_to_string(file).unwrap());
        }
    }
    let examples = texts.len() - documented;
    assert!(
        documented >= 3 && examples >= 3,
        "{documented} and {examples}"
    );
    texts
}

fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap();
    entries
        .flat_map(|entry| files(&entry.unwrap().path()))
        .collect()
}

#[test]
fn what_is_published_is_read_and_the_schema_takes_it() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for text in published() {
        if let Err(error) = parse(&text) {
            panic!("{error}\n{text}");
        }
        let errors: Vec<String> = validator
            .iter_errors(&as_json(&text))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{text}\n{errors:#?}");
    }
}

/// As editors get it: `UPDATE_GOLDENS=1` writes it anew.
#[test]
fn the_schema_is_the_one_that_was_read_by_a_person() {
    let path = "tests/formats/config.schema.json";
    let schema = format!("{}\n", config::json_schema());
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(path, &schema).unwrap();
    }
    assert!(
        fs::read_to_string(path).unwrap() == schema,
        "{path} is not what the structs say: UPDATE_GOLDENS=1 writes it anew"
    );
}

#[test]
fn the_schema_accepts_what_the_parser_accepts_and_refuses_what_it_refuses() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for text in [
        WHOLE,
        "",
        "[[rule]]\nmin_delta = 2.5\nbudget = \"9 req/s\"\nbetter = \"higher\"\n",
        "[[source]]\nresults = \"out/*_stats.csv\"\n",
        "[[source]]\nresults = \"a.json\"\ninputs = \"locustfile.py\"\n",
        "[defaults]\nmin_delta = \"0.5%\"\nseverity = \"off\"\n",
        "ids = \"keep\"\n[[subject]]\nmatch = \"/m/*\"\nname = \"m\"\n[[subject]]\nmatch = \"/n\"\n",
    ] {
        assert!(parse(text).is_ok(), "{text}");
        assert!(validator.is_valid(&as_json(text)), "{text}");
    }
    for text in [
        "baselin = \"x\"\n",
        "on_missing = \"pass\"\n",
        "ids = \"drop\"\n",
        "[[subject]]\nname = \"m\"\n",
        "[[subject]]\nmatch = \"m\"\nmetric = \"latency\"\n",
        "[defaults]\nmax_regression = 5\n",
        "[defaults]\nmax_regression = \"5\"\n",
        "[[rule]]\nmin_delta = -2\n",
        "[[rule]]\nmin_delta = \"-2ms\"\n",
        "[[accept]]\nsubject = \"a\"\n",
        "[[source]]\nruns = 3\n",
        "[[source]]\ncommand = \"x\"\n",
        "[[source]]\nscenario = \"x\"\nresults = \"y\"\n",
        "[[source]]\nresults = \"y\"\ntimeout = \"5m\"\n",
        "[[source]]\nresults = \"y\"\ninputs = [\"\"]\n",
        "[[source]]\nresults = \"y\"\nruns = 0\n",
        "[[source]]\ncommand = \"x\"\nresults = \"y\"\ntimeout = 5\n",
        "[defaults]\nbudget = \"5ms\"\n",
        "defaults = []\n",
        "rule = 3\n",
        "rule = [3]\n",
        "[rule]\nsubject = \"a\"\n",
        "[[rule]]\nrole = \"subject\"\n",
        "[[rule]]\nmax_regresion = \"5%\"\n",
        "[[rule]]\nseverity = \"error\"\n",
        "[[rule]]\nsubject = \"\"\n",
        "require_baseline = \"yes\"\n",
        "baseline = \" \"\n",
        "warmup = \"30\"\n",
    ] {
        assert!(parse(text).is_err(), "{text}");
        assert!(!validator.is_valid(&as_json(text)), "{text}");
    }
}

#[test]
fn the_reference_names_every_key() {
    let reference = fs::read_to_string("docs/config.md").unwrap();
    let mut known = BTreeSet::new();
    keys(&schema(), &mut known);
    assert!(known.len() > 30, "{known:?}");
    for key in known {
        let forms = [
            format!("`{key}`"),
            format!("`[{key}]`"),
            format!("`[[{key}]]`"),
        ];
        assert!(forms.iter().any(|form| reference.contains(form)), "{key}");
    }
}

fn keys(schema: &serde_json::Value, found: &mut BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(fields) => {
            if let Some(serde_json::Value::Object(properties)) = fields.get("properties") {
                let known = properties.iter().filter(|(_, schema)| schema.is_object());
                found.extend(known.map(|(key, _)| key.clone()));
            }
            fields.values().for_each(|value| keys(value, found));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

/// Values of every kind, where one was expected.
const WRONG: [&str; 12] = [
    "1",
    "-1",
    "1e308",
    "nan",
    "true",
    "\"\"",
    "\"x\"",
    "[]",
    "{}",
    "[[1]]",
    "{ a = 1 }",
    "1979-05-27",
];

#[test]
fn whatever_is_written_is_read_or_refused_in_words_of_our_own_and_can_be_drawn() {
    let mut texts: Vec<String> = (0..WHOLE.len())
        .filter(|end| WHOLE.is_char_boundary(*end))
        .map(|end| WHOLE[..end].to_owned())
        .collect();
    let lines: Vec<&str> = WHOLE.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let key = line.split_once(" = ").map(|(key, _)| key);
        for wrong in WRONG {
            let changed = format!("{} = {wrong}", key.unwrap_or("rule"));
            let mut lines = lines.clone();
            lines[at] = &changed;
            texts.push(lines.join("\r\n"));
        }
    }
    let mut refused = 0;
    for text in texts {
        let Err(error) = parse(&text) else { continue };
        refused += 1;
        for foreign in [
            "invalid type",
            "invalid value",
            "invalid length",
            "unknown field",
            "variant",
            "spanned",
            "sequence",
            "struct",
        ] {
            assert!(!error.message.contains(foreign), "{error}\n{text}");
        }
        for width in [0, 1, 20, 80] {
            let drawn = error.drawn(width, false).unwrap_or_default();
            assert!(
                !drawn.contains('\r') && drawn.lines().count() != 1,
                "{drawn}"
            );
        }
    }
    assert!(refused > 500, "{refused}");
}
