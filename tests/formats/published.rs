//! The JSON Schemas of runs and baselines: as they are published, and that all that is read or written obeys them.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use perfgate::ingest::{self, ReadOptions};
use perfgate::model::{Baseline, Run, run_file};
use perfgate::store;
use serde_json::Value;

use crate::contract;

/// As they are published: `UPDATE_GOLDENS=1` writes them anew.
#[test]
fn the_schemas_are_those_that_were_read_by_a_person() {
    for (path, schema) in [
        ("tests/formats/run.schema.json", run_file::json_schema()),
        ("tests/formats/baseline.schema.json", store::json_schema()),
    ] {
        let schema = format!("{schema}\n");
        if std::env::var_os("UPDATE_GOLDENS").is_some() {
            fs::write(path, &schema).unwrap();
        }
        assert!(
            fs::read_to_string(path).unwrap() == schema,
            "{path} is not what the structs say: UPDATE_GOLDENS=1 writes it anew"
        );
        let schema = serde_json::from_str(&schema).unwrap();
        jsonschema::draft202012::meta::validate(&schema).unwrap();
    }
}

fn validator(schema: &str) -> Validator {
    jsonschema::draft202012::new(&serde_json::from_str(schema).unwrap()).unwrap()
}

fn obeys(validator: &Validator, text: &str, place: &Path) {
    let document: Value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}\n{errors:#?}", place.display());
}

#[test]
fn the_result_of_every_tool_is_written_as_the_schemas_say() {
    let of_run = validator(&run_file::json_schema());
    let of_baseline = validator(&store::json_schema());
    let folder = tempfile::tempdir().unwrap();
    let mut read = 0;
    for (path, format, bytes) in contract::results() {
        let Ok(runs) = ingest::parse_bytes(format, &bytes, &ReadOptions::default()) else {
            continue;
        };
        read += 1;
        for run in &runs {
            obeys(&of_run, &run_file::write(run), &path);
        }
        obeys(&of_baseline, &as_baseline(folder.path(), runs), &path);
    }
    assert!(read > 100, "only {read} results were read");
}

fn as_baseline(folder: &Path, runs: Vec<Run>) -> String {
    let path = folder.join("baseline.json");
    let baseline = Baseline { anchor: None, runs };
    store::update(&path, |_| Ok(baseline)).unwrap();
    fs::read_to_string(&path).unwrap()
}

#[test]
fn the_baselines_and_runs_of_this_repository_are_as_the_schemas_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let of_baseline = validator(&store::json_schema());
    for path in ["baselines/main.json", "examples/shop/baselines/main.json"] {
        let path = root.join(path);
        obeys(&of_baseline, &fs::read_to_string(&path).unwrap(), &path);
    }
    let of_run = validator(&run_file::json_schema());
    let folder = root.join("tests/fixtures/locust-listener/v2.47.0");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        if text.contains("\"perfgate.run/1\"") {
            obeys(&of_run, &text, &path);
        }
    }
}
