//! Names from outside, on both streams of whole processes: no line of ours is a command to a runner.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

const HOSTILE: [&str; 5] = [
    "::error::x",
    "##[error]x",
    "  ::stop-commands::t",
    "a\n::add-mask::b",
    "\u{1b}[1m::group::\u{2028}::x::",
];

fn run(folder: &Path, arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_perfgate"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap())
        .output()
        .unwrap();
    for stream in [output.stdout, output.stderr] {
        let text = String::from_utf8(stream).unwrap();
        for line in text.split(['\n', '\r']) {
            let is_command = line.trim_start().starts_with("::") || line.contains("##[");
            assert!(!is_command, "{arguments:?}\n{line}\nin\n{text}");
        }
    }
}

fn run_file(name: &str) -> String {
    let samples: Vec<f64> = (0..30_u8).map(|n| 100.0 + f64::from(n) / 100.0).collect();
    json!({
        "schema": "perfgate.run/1",
        "tool": {"name": name, "version": name},
        "session": name,
        "commit": name,
        "environment": {"key": name, "kernel": name},
        "subjects": {
            name: {
                "time": {"unit": "ns", "better": "lower", "samples": samples},
                name: {"unit": name, "better": "lower", "value": 3.0},
            }
        }
    })
    .to_string()
}

#[test]
fn no_name_of_a_result_becomes_a_command() {
    for name in HOSTILE {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::write(folder.join("a.json"), run_file(name)).unwrap();
        for arguments in [
            &["inspect", "a.json"][..],
            &["inspect", "a.json", "--format", "json"],
            &["compare", "a.json", "a.json"],
            &["compare", "a.json", "a.json", "--format", "json"],
            &["compare", "a.json", "a.json", "--format", "markdown"],
            &["compare", "a.json", "a.json", "--format", "junit"],
            &["baseline", "update", "--baseline", "main.json", "a.json"],
            &["baseline", "show", "--baseline", "main.json"],
            &[
                "baseline",
                "show",
                "--baseline",
                "main.json",
                "--format",
                "json",
            ],
            &["check", "--baseline", "main.json", "a.json"],
            &[
                "check",
                "--baseline",
                "main.json",
                "a.json",
                "--environment",
                "other",
            ],
            &["merge", "a.json", "a.json", "--output", "m.json"],
        ] {
            run(folder, arguments);
        }
    }
}

#[test]
fn no_name_of_a_file_a_key_a_schema_or_an_argument_becomes_a_command() {
    for name in HOSTILE {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let artifact = format!("{}.json", name.replace('/', ""));
        run(folder, &["inspect", &artifact]);
        run(folder, &["check", "--baseline", &artifact, &artifact]);
        run(folder, &["post", &artifact]);
        run(folder, &[name]);
        run(folder, &["check", "--format", name]);
        run(folder, &["check", &format!("--{name}")]);
        run(
            folder,
            &["--color", "always", "check", &format!("--{name}")],
        );
        let schema = json!({"schema": name, "subjects": {}}).to_string();
        fs::write(folder.join("schema.json"), schema).unwrap();
        run(folder, &["inspect", "schema.json"]);
        run(folder, &["post", "schema.json"]);
        let key = json!({"schema": "perfgate.run/1", "subjects": {}, name: 3}).to_string();
        fs::write(folder.join("key.json"), key).unwrap();
        run(folder, &["inspect", "key.json"]);
        let config = format!("{} = 3\n", json!(name));
        fs::write(folder.join("gate.toml"), config).unwrap();
        run(
            folder,
            &[
                "check",
                "--config",
                "gate.toml",
                "--baseline",
                "main.json",
                "key.json",
            ],
        );
    }
}

/// Every other way in which a stranger's text gets to a stream: rules and sources of a config, scenarios, addresses,
/// verdicts, variables, folders, and the words that are asked of the documents.
#[test]
fn no_text_of_a_config_a_scenario_a_verdict_or_a_variable_becomes_a_command() {
    for name in HOSTILE {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::write(folder.join("a.json"), run_file(name)).unwrap();
        run(
            folder,
            &["baseline", "update", "--baseline", "main.json", "a.json"],
        );
        let text = json!(name).to_string();
        for config in [
            format!("[[rule]]\nsubject = {text}\nmetric = {text}\n"),
            format!(
                "[[rule]]\nsubject = \"nothing {}\"\n",
                name.escape_default()
            ),
            format!("[[rule]]\nbudget = {text}\n"),
            format!("on_missing = {text}\n"),
            format!("baseline = {text}\n"),
            format!("environment = {text}\n"),
            format!("[[source]]\nresults = {text}\n"),
            format!("[[source]]\nname = {text}\ncommand = \"false\"\nresults = {text}\n"),
            format!("[[source]]\nscenario = {text}\n"),
            format!("[[source]]\nresults = \"a.json\"\ninputs = [{text}]\n"),
            format!("[[subject]]\nmatch = {text}\nname = {text}\n"),
            format!(
                "[[accept]]\nsubject = {text}\nup_to = \"5%\"\nreason = {text}\nuntil = 2099-01-31\n"
            ),
            format!(
                "[[accept]]\nsubject = \"*\"\nup_to = \"900%\"\nreason = {text}\nuntil = 2020-01-31\n"
            ),
            format!("[{text}]\n{text} = {text}\n"),
            format!("not toml {name}\n"),
        ] {
            fs::write(folder.join("gate.toml"), &config).unwrap();
            let flags = ["check", "--config", "gate.toml", "--baseline", "main.json"];
            run(folder, &[&flags[..], &["a.json"]].concat());
            run(folder, &flags);
            let gates = [
                "check",
                "--config",
                "gate.toml",
                "--format",
                "github",
                "a.json",
            ];
            hears_our_commands_alone(folder, &gates);
        }
        let steps = format!(
            "name = {text}\ntarget = \"http://127.0.0.1:9\"\n[load]\nduration = \"1s\"\nrate = 1\n[[step]]\nname = {text}\nget = \"/\"\n"
        );
        for scenario in [
            steps,
            format!("name = {text}\n{text} = 3\n"),
            format!("target = {text}\n"),
            format!("name = {name}\n"),
        ] {
            fs::write(folder.join("load.toml"), scenario).unwrap();
            run(folder, &["run", "load.toml", "--output", "r.json"]);
        }
        run(folder, &["run", name]);
        run(folder, &["run", &format!("http://{name}/")]);
        run(
            folder,
            &["ab", "--base", name, "--head", name, "--max-rounds", "1"],
        );
        run(folder, &["ab", "--base-ref", name, "--head", "true"]);
        run(folder, &["merge", name, "--output", name]);
        run(
            folder,
            &["baseline", "pin", name, "--baseline", "main.json"],
        );
        run(folder, &["baseline", "show", "--baseline", name]);
        run(folder, &["-C", name, "inspect", "a.json"]);
        run(folder, &["schema", name]);
        run(folder, &["completions", name]);
        run(folder, &["man", name]);
        run(folder, &["check", "--report", name, "a.json"]);
        run(folder, &["check", "--template", name, "a.json"]);
        run(folder, &["inspect", "a.json", "--from", name]);
        run(
            folder,
            &[
                "compare",
                "a.json",
                "a.json",
                "--report",
                &format!("json={name}/x"),
            ],
        );
        fs::write(folder.join("t.md"), format!("{{{{ nothing }}}}\n{name}\n")).unwrap();
        run(
            folder,
            &[
                "compare",
                "a.json",
                "a.json",
                "--report",
                "markdown=o.md",
                "--template",
                "t.md",
            ],
        );
        run(
            folder,
            &[
                "compare",
                "a.json",
                "a.json",
                "--report",
                "json=verdict.json",
            ],
        );
        run(
            folder,
            &[
                "post",
                "verdict.json",
                "--id",
                name,
                "--status",
                name,
                "--pr",
                name,
            ],
        );
        let verdict = fs::read_to_string(folder.join("verdict.json")).unwrap();
        let mut forged: serde_json::Value = serde_json::from_str(&verdict).unwrap();
        forged["verdict"] = json!(name);
        fs::write(folder.join("forged.json"), forged.to_string()).unwrap();
        run(folder, &["post", "forged.json"]);
        forged["verdict"] = json!("fail");
        fs::write(folder.join("forged.json"), forged.to_string()).unwrap();
        run(folder, &["post", "forged.json"]);
    }
}

/// Annotations are commands, and each of them is ours: its level, one title that ends where we end it, one line.
fn hears_our_commands_alone(folder: &Path, arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_perfgate"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PERFGATE_BASELINE", "main.json")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        let ours = ["::error title=", "::warning title=", "::notice title="];
        let rest = ours.iter().find_map(|start| line.strip_prefix(start));
        let title = rest.and_then(|rest| rest.split_once("::"));
        assert!(
            title.is_some_and(|(title, _)| !title.contains([':', ','])),
            "{line}"
        );
        assert!(!line.contains("##["), "{line}");
    }
    let told = String::from_utf8(output.stderr).unwrap();
    for line in told.split(['\n', '\r']) {
        let is_command = line.trim_start().starts_with("::") || line.contains("##[");
        assert!(!is_command, "{arguments:?}: {line}");
    }
}
