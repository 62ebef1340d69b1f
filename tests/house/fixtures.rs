//! Fixtures can be made again: each folder has a recipe, or a reason why there is none.

use std::collections::BTreeSet;
use std::fs;

use toml::{Table, Value};

use super::holds;
use super::source::root;

/// From where `tests/fixtures/regenerate` installs tools.
const REGISTRIES: [&str; 7] = ["apt", "cargo", "git", "go", "npm", "path", "pip"];

fn table(path: &str) -> Table {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let read: Result<Table, _> = text.parse();
    read.map_err(|error| format!("{path}: {error}")).unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

#[test]
fn each_folder_of_fixtures_has_a_recipe_or_the_reason_why_not() {
    let by_hand = table("tests/fixtures/by-hand.toml");
    let mut left: BTreeSet<&str> = by_hand.keys().map(String::as_str).collect();
    let mut broken = Vec::new();
    let mut recipes = 0;
    for entry in fs::read_dir(root().join("tests/fixtures")).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        let name = folder.file_name().unwrap().to_str().unwrap();
        if !folder.join("README.md").is_file() {
            broken.push(format!("{name}: no README.md tells version and command"));
        }
        let recipe = folder.join("recipe.toml").is_file();
        recipes += usize::from(recipe);
        if recipe == left.remove(name) {
            broken.push(format!(
                "{name}: a recipe.toml, or a reason in by-hand.toml"
            ));
        }
    }
    broken.extend(
        left.iter()
            .map(|name| format!("by-hand.toml: there is no folder {name}")),
    );
    assert!(recipes > 30, "only {recipes} recipes");
    holds(&broken);
}

#[test]
fn each_recipe_says_what_is_installed_run_and_written() {
    let mut broken = Vec::new();
    for entry in fs::read_dir(root().join("tests/fixtures")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("tests/fixtures/{name}/recipe.toml");
        if !root().join(&path).is_file() {
            continue;
        }
        for step in table(&path)["make"].as_array().unwrap() {
            let tools = texts(&step["install"]);
            let known = |tool: &&str| {
                let registry = tool.split_once(' ').map(|(registry, _)| registry);
                registry.is_some_and(|registry| REGISTRIES.contains(&registry))
            };
            if tools.is_empty() || !tools.iter().all(known) {
                broken.push(format!("{path}: it installs {tools:?}"));
            }
            // What is not of the machine's own packages has a version.
            let dated = |tool: &&str| {
                tool.starts_with("apt ") || tool.starts_with("path ") || tool.contains(['.', '@'])
            };
            if !tools.iter().all(dated) {
                broken.push(format!("{path}: a version is missing in {tools:?}"));
            }
            if texts(&step["results"]).is_empty() || texts(&step["command"]).is_empty() {
                broken.push(format!("{path}: no command, or no results"));
            }
        }
    }
    holds(&broken);
}
