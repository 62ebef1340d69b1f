//! What the program says and how it ends where it cannot begin: usage, config, folders, closed pipes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn perfgate(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perfgate"));
    command.args(arguments).current_dir(folder).env_clear();
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    perfgate(folder, arguments).output().unwrap()
}

/// Standard error of a run that has to end with `code` and print nothing.
fn complains(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = run(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{arguments:?} printed a result");
    said
}

fn empty() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn usage_errors_end_with_2_and_name_what_is_wrong() {
    let folder = empty();
    for (arguments, said) in [
        (&["chekc"][..], "'check'"),
        (&[][..], "Usage:"),
        (&["check", "--formt", "json"][..], "--format"),
        (
            &["check", "--format", "yaml"][..],
            "text, json, markdown, junit, github, badge, html, openmetrics",
        ),
        (&["check", "--report", "junit"][..], "expected FORMAT=PATH"),
        (
            &["check", "--report", "yaml=a"][..],
            "unknown format 'yaml'",
        ),
        (&["check", "--report", "json="][..], "the path is empty"),
        (
            &["check", "--max-regression", "5"][..],
            "is not a percentage",
        ),
        (&["check", "--max-regression", "0%"][..], "more than 0%"),
        (&["check", "--warmup", "30"][..], "is not a duration"),
        (&["compare", "a"][..], "<NEW>"),
        (&["compare", "--old", "a"][..], "--new"),
        (
            &["compare", "a", "b", "--old", "c", "--new", "d"][..],
            "cannot be used with",
        ),
        (
            &["baseline", "update", "--baseline", "a.json"][..],
            "no RESULT is named",
        ),
        (&["baseline", "pin"][..], "--label"),
        (
            &["baseline", "update", "--window", "0", "x"][..],
            "1..=1000",
        ),
        (&["run"][..], "SCENARIO|URL"),
        (&["run", "nowhere"][..], "no such file"),
        (&["run", "a:1", "--rate", "0"][..], "is not a rate"),
        (
            &["run", "a:1", "--rate", "1", "--users", "2"][..],
            "cannot be used with",
        ),
        (&["run", "a:1", "--watch", "x"][..], "pid:1234"),
        (&["merge", "a.json", "--output", "b"][..], "2 values"),
        (&["ab"][..], "--base"),
        (&["attend"][..], "unrecognized subcommand"),
    ] {
        let text = complains(folder.path(), arguments, 2);
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
}

#[test]
fn version_and_help_are_results() {
    let folder = empty();
    let version = run(folder.path(), &["--version"]);
    assert_eq!(version.status.code(), Some(0));
    let text = String::from_utf8(version.stdout).unwrap();
    assert_eq!(text, format!("perfgate {}\n", env!("CARGO_PKG_VERSION")));
    for arguments in [
        &["--help"][..],
        &["check", "-h"][..],
        &["help", "baseline", "pin"][..],
    ] {
        let help = run(folder.path(), arguments);
        assert_eq!(help.status.code(), Some(0));
        let text = String::from_utf8(help.stdout).unwrap();
        let (examples, usage) = (text.find("Examples:"), text.find("Usage:"));
        assert!(examples.is_some() && examples < usage, "{text}");
    }
}

#[test]
fn an_error_in_the_config_is_told_with_its_place_and_the_nearest_name() {
    let folder = empty();
    fs::create_dir(folder.path().join(".git")).unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    let config = "baseline = \"main.json\"\n\n[[rule]]\nmax_regresion = \"5%\"\n";
    fs::write(folder.path().join("perfgate.toml"), config).unwrap();
    assert_eq!(
        complains(folder.path(), &["check"], 2),
        "error: perfgate.toml:4:1: unknown key `max_regresion` in [[rule]]\n  |\n4 | max_regresion = \"5%\"\n  | ^^^^^^^^^^^^^\nhint: did you mean `max_regression`?\n"
    );
    let below = complains(&folder.path().join("sub"), &["check"], 2);
    assert!(
        below.starts_with("error: ../perfgate.toml:4:1: "),
        "{below}"
    );
}

#[test]
fn a_config_above_the_repository_or_outside_of_one_is_not_taken() {
    let folder = empty();
    fs::create_dir_all(folder.path().join("repo/.git")).unwrap();
    fs::create_dir_all(folder.path().join("plain")).unwrap();
    fs::write(folder.path().join("perfgate.toml"), "broken").unwrap();
    for inner in ["repo", "plain"] {
        let said = complains(&folder.path().join(inner), &["check"], 2);
        assert!(
            said.starts_with("error: no baseline is named\nhint: "),
            "{said}"
        );
    }
}

#[test]
fn a_named_config_that_is_not_there_is_an_error() {
    let folder = empty();
    let said = complains(folder.path(), &["check", "--config", "gate.toml"], 2);
    assert!(said.starts_with("error: read gate.toml: "), "{said}");
    assert!(said.contains("\nhint: "), "{said}");
}

#[test]
fn another_tools_config_gets_a_sentence_that_says_so() {
    let folder = empty();
    fs::write(
        folder.path().join("perfgate.toml"),
        "[[bench]]\nname = \"x\"\n",
    )
    .unwrap();
    let said = complains(folder.path(), &["check"], 2);
    assert!(
        said.contains("belongs to another tool named perfgate"),
        "{said}"
    );
}

#[test]
fn a_bad_variable_is_named_and_a_misspelt_one_is_told() {
    let folder = empty();
    let output = perfgate(folder.path(), &["check", "--baseline", "main"])
        .env("PERFGATE_ON_MISSING", "maybe")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with(
            "error: read PERFGATE_ON_MISSING: `maybe` is not one of \"fail\", \"warn\"\n"
        ),
        "{said}"
    );
    let output = perfgate(folder.path(), &["check", "--baseline", "main"])
        .env("PERFGATE_MAX_REGRESION", "3%")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("did you mean PERFGATE_MAX_REGRESSION?"),
        "{said}"
    );
}

#[test]
fn c_moves_everything_to_its_folder() {
    let folder = empty();
    fs::create_dir(folder.path().join("shop")).unwrap();
    fs::write(folder.path().join("shop/perfgate.toml"), "baseline = 3\n").unwrap();
    let said = complains(folder.path(), &["-C", "shop", "check"], 2);
    assert!(said.starts_with("error: perfgate.toml:1:12: "), "{said}");
    let after = complains(folder.path(), &["check", "-C", "shop"], 2);
    assert_eq!(after, said);
    let nowhere = complains(folder.path(), &["-C", "nowhere", "check"], 2);
    assert!(nowhere.starts_with("error: work in nowhere: "), "{nowhere}");
}

#[test]
fn check_without_anything_to_judge_says_what_it_looked_for() {
    let folder = empty();
    let said = complains(folder.path(), &["check", "--baseline", "main.json"], 2);
    assert!(
        said.starts_with("error: found no results to judge\nhint: "),
        "{said}"
    );
    assert!(said.contains("target/criterion"), "{said}");
}

#[test]
fn a_source_without_results_names_the_missing_run_and_its_line() {
    let folder = empty();
    let config =
        "baseline = \"main.json\"\n[[source]]\nresults = \"out/run{n}_stats.csv\"\nruns = 2\n";
    fs::write(folder.path().join("perfgate.toml"), config).unwrap();
    let said = complains(folder.path(), &["check"], 2);
    assert!(said.contains("perfgate.toml:2"), "{said}");
    assert!(said.contains("found no out/run1_stats.csv"), "{said}");
    let scenario = "baseline = \"main.json\"\n[[source]]\nscenario = \"load/api.toml\"\n";
    fs::write(folder.path().join("perfgate.toml"), scenario).unwrap();
    let said = complains(folder.path(), &["check"], 2);
    assert!(
        said.contains("perfgate.toml:2") && said.contains("load/api.toml"),
        "{said}"
    );
}

#[test]
fn a_command_that_wrote_no_new_result_cannot_pass_with_an_old_one() {
    let folder = empty();
    let config = "baseline = \"main.json\"\n[[source]]\ncommand = \"echo run {n}; exit 3\"\nresults = \"old.json\"\n";
    fs::write(folder.path().join("perfgate.toml"), config).unwrap();
    let old = fs::File::create(folder.path().join("old.json")).unwrap();
    let hour = std::time::Duration::from_secs(3600);
    old.set_modified(std::time::SystemTime::now() - hour)
        .unwrap();
    let said = complains(folder.path(), &["check"], 2);
    assert!(said.contains("run 1\n"), "{said}");
    assert!(said.contains("ended with exit status 3"), "{said}");
    assert!(
        said.contains("old.json is older than the command"),
        "{said}"
    );
}

#[test]
fn base_outside_of_a_branch_is_an_error_with_a_way_out() {
    let folder = empty();
    let said = complains(folder.path(), &["check", "--baseline", "{base}"], 2);
    assert!(
        said.starts_with("error: find {base}: {base} needs a branch"),
        "{said}"
    );
    assert!(said.contains("\nhint: "), "{said}");
}

#[test]
fn show_and_pin_of_a_baseline_that_is_not_there_say_how_to_create_it() {
    let folder = empty();
    for arguments in [
        &["baseline", "show", "--baseline", "main.json"][..],
        &[
            "baseline",
            "pin",
            "--baseline",
            "main.json",
            "--label",
            "v1",
        ][..],
    ] {
        let said = complains(folder.path(), arguments, 2);
        assert!(said.contains("main.json: it does not exist"), "{said}");
        assert!(
            said.contains("perfgate baseline update --baseline main.json"),
            "{said}"
        );
    }
}

#[test]
fn update_refuses_to_write_over_what_is_no_baseline() {
    let folder = empty();
    fs::write(folder.path().join("main.json"), "{\"precious\": true}\n").unwrap();
    let arguments = ["baseline", "update", "--baseline", "main.json", "x.csv"];
    let said = complains(folder.path(), &arguments, 2);
    assert!(
        said.contains("main.json: it is not a baseline file"),
        "{said}"
    );
    let kept = fs::read_to_string(folder.path().join("main.json")).unwrap();
    assert_eq!(kept, "{\"precious\": true}\n");
}

#[test]
fn completions_manual_pages_and_schemas_are_printed() {
    let folder = empty();
    for (arguments, said) in [
        (&["completions", "bash"][..], "_perfgate"),
        (&["completions", "zsh"][..], "#compdef perfgate"),
        (&["man"][..], ".TH perfgate 1"),
        (&["man", "baseline", "pin"][..], "perfgate\\-baseline\\-pin"),
        (&["schema", "config"][..], "\"perfgate.toml\""),
        (&["schema", "scenario"][..], "A load scenario of perfgate"),
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
    let said = complains(folder.path(), &["man", "checks"], 2);
    assert!(
        said.starts_with("error: there is no command `checks`"),
        "{said}"
    );
}

#[test]
fn a_closed_pipe_does_not_end_with_0() {
    let folder = empty();
    for arguments in [
        &["schema", "config"][..],
        &["--help"][..],
        &["completions", "bash"][..],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = perfgate(folder.path(), arguments)
            .stdout(writer)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.starts_with("error: write standard output: "), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_ends_with_2() {
    let folder = empty();
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = perfgate(folder.path(), &["schema", "config"])
        .stdout(full)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error: write standard output: "), "{said}");
}
