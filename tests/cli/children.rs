//! What the commands find in their environment that perfgate starts: all but the secrets that it posts with, and the files
//! by which a step of a workflow changes the steps behind it.

use std::fs;
use std::process::{Command, Stdio};

/// As steps and jobs of GitHub and GitLab have them.
const WITHHELD: [&str; 26] = [
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "INPUT_TOKEN",
    "INPUT_GITHUB-TOKEN",
    "INPUT_GITHUB_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "PERFGATE_GITLAB_TOKEN",
    "GITLAB_TOKEN",
    "CI_JOB_TOKEN",
    "CI_JOB_JWT",
    "CI_JOB_JWT_V1",
    "CI_JOB_JWT_V2",
    "CI_BUILD_TOKEN",
    "CI_REPOSITORY_URL",
    "CI_REGISTRY_PASSWORD",
    "CI_DEPLOY_PASSWORD",
    "CI_DEPENDENCY_PROXY_PASSWORD",
    "BITBUCKET_STEP_OIDC_TOKEN",
    "GITHUB_ENV",
    "GITHUB_PATH",
    "GITHUB_OUTPUT",
    "GITHUB_STATE",
];

/// Runs perfgate with all of them, and gives what its child wrote down.
fn seen(files: &[(&str, &str)], arguments: &[&str]) -> String {
    let desk = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(desk.path().join(name), text).unwrap();
    }
    fs::create_dir(desk.path().join(".git")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_perfgate"));
    command
        .args(arguments)
        .current_dir(desk.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("DATABASE_URL", "kept")
        .stdin(Stdio::null());
    for name in WITHHELD {
        command.env(name, "canary");
    }
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    fs::read_to_string(desk.path().join("seen")).unwrap_or_else(|_| panic!("{said}"))
}

#[test]
fn no_child_sees_what_perfgate_posts_with_or_how_its_step_speaks_to_the_next() {
    let run =
        r#"{"schema": "perfgate.run/1", "subjects": {"a": {"time": {"unit": "s", "value": 1}}}}"#;
    let source =
        "[[source]]\ncommand = \"env >seen; cp template.json run.json\"\nresults = \"run.json\"\n";
    let scenario = "base = \"http://127.0.0.1:9\"\n[[step]]\nget = \"/\"\n[load]\nusers = 1\nduration = \"1s\"\n\
                    [service]\ncommand = \"env >seen; exit 1\"\nready = { url = \"/\" }\n";
    for (what, child) in [
        (
            "a source",
            seen(
                &[("template.json", run), ("perfgate.toml", source)],
                &["check", "--baseline", "main.json"],
            ),
        ),
        (
            "a service",
            seen(&[("api.toml", scenario)], &["run", "api.toml"]),
        ),
        (
            "a command of ab",
            seen(&[], &["ab", "--base", "env >seen", "--head", "env >seen"]),
        ),
    ] {
        assert!(!child.contains("canary"), "{what}: {child}");
        assert!(child.contains("DATABASE_URL=kept"), "{what}: {child}");
    }
}
