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
