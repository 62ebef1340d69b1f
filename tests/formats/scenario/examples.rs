//! The scenarios under `examples/` and in the documents are valid.

use std::fs;
use std::path::{Path, PathBuf};

use perfgate::load::Scenario;
use perfgate::load::scenario::{Load, Until, parse};

use super::seconds;

/// Every TOML file with a base, below a folder.
pub fn scenarios() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in fs::read_dir("examples").unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let is_toml = path.extension().is_some_and(|e| e == "toml");
            if is_toml && fs::read_to_string(&path).unwrap().contains("\nbase = ") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn example(name: &str) -> Scenario {
    let path = Path::new("examples").join(name);
    let text = fs::read_to_string(&path).unwrap();
    match parse(&text, &path) {
        Ok(scenario) => scenario,
        Err(error) => panic!("{error} ({:?})", error.hint),
    }
}

#[test]
fn every_example_is_read() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 9, "{scenarios:?}");
    for path in scenarios {
        example(path.strip_prefix("examples").unwrap().to_str().unwrap());
    }
}

#[test]
fn the_football_scenarios_are_those_of_the_team() {
    for (name, users, duration) in [
        ("baseline", 50, 300),
        ("peak", 500, 600),
        ("stress", 1000, 600),
    ] {
        let scenario = example(&format!("football-api/{name}.toml"));
        let Load::Closed(closed) = &scenario.levels[0].load else {
            panic!("{name}");
        };
        assert_eq!(
            (closed.users.get(), closed.until),
            (users, Until::For(seconds(duration)))
        );
        assert_eq!(
            (closed.think.low, closed.think.high),
            (seconds(1), seconds(3))
        );
        let mut weights: Vec<f64> = scenario.flows.iter().map(|flow| flow.weight).collect();
        weights.sort_by(f64::total_cmp);
        assert_eq!(weights, [10.0, 15.0, 20.0, 25.0, 30.0]);
    }
    let Load::Closed(closed) = &example("football-api/endpoints.toml").levels[0].load else {
        panic!("closed");
    };
    assert_eq!(
        (closed.users.get(), closed.until),
        (50, Until::Iterations(1000))
    );
}

#[test]
fn the_users_service_is_loaded_in_phases() {
    let Load::Open(open) = &example("users-service/load.toml").levels[0].load else {
        panic!("open");
    };
    let rates: Vec<f64> = open.phases.iter().map(|phase| phase.to).collect();
    assert_eq!(rates, [10.0, 50.0, 100.0, 100.0, 200.0]);
}

#[test]
fn the_model_server_is_swept() {
    let levels = example("model-server/matrix.toml").levels;
    let prefixes: Vec<_> = levels
        .iter()
        .map(|l| l.prefix.as_deref().unwrap())
        .collect();
    assert_eq!(prefixes, ["users=10", "users=50", "users=100"]);
}
