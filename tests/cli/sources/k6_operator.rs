//! `examples/k6-operator` as it stands, against a `kubectl` whose pods ended with what real k6 summed up.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The tests that were begun are counted by what is taken away before them.
const KUBECTL: &str = r#"#!/bin/sh
set -eu
echo "$@" >>"$CLUSTER/asked"
case "$1" in
    delete) echo x >>"$CLUSTER/tests" ;;
    create) echo 'kind: ConfigMap' ;;
    apply) [ "$3" != - ] || cat >/dev/null ;;
    wait) ;;
    logs)
        test=$(wc -l <"$CLUSTER/tests")
        echo 'time="2026-11-29T10:00:00Z" level=info msg="of the script"'
        echo
        [ "${SILENT:-}" = "$2" ] || printf 'perfgate-summary %s\n' "$(cat "$FIXTURES/$SIDE-$((test)).pod${2##*-}.json")"
        ;;
    *) exit 1 ;;
esac
"#;

/// The example beside the templates, and a cluster.
fn example() -> TempDir {
    let place = tempfile::Builder::new()
        .prefix("a place ")
        .tempdir()
        .unwrap();
    for file in [
        "examples/k6-operator/perfgate.toml",
        "examples/k6-operator/run.sh",
        "examples/k6-operator/script.js",
        "examples/k6-operator/testrun.yaml",
        "templates/k6/perfgate.js",
    ] {
        let copy = place.path().join(file);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(Path::new(ROOT).join(file), copy).unwrap();
    }
    let kubectl = place.path().join("bin/kubectl");
    fs::create_dir(place.path().join("bin")).unwrap();
    fs::write(&kubectl, KUBECTL).unwrap();
    fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).unwrap();
    place
}

/// What `perfgate` says, and how it ends, in a cluster whose service is that of a side.
fn said(place: &TempDir, line: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", place.path().join("bin").display());
    fs::remove_file(place.path().join("tests")).ok();
    let ran = Command::new(env!("CARGO_BIN_EXE_perfgate"))
        .arg("-C")
        .arg(place.path().join("examples/k6-operator"))
        .args(line.split(' '))
        .env_clear()
        .env("PATH", path)
        .env("CLUSTER", place.path())
        .env(
            "FIXTURES",
            Path::new(ROOT).join("tests/fixtures/k6-operator"),
        )
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&ran.stdout) + &text(&ran.stderr);
    (ran.status.code(), said)
}

#[test]
fn each_pod_is_judged_against_the_same_part_of_the_load_before() {
    let place = example();
    let (code, text) = said(
        &place,
        "baseline update --baseline main.json",
        &[("SIDE", "base")],
    );
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = said(&place, "check --baseline main.json", &[("SIDE", "base")]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("6 runs against 6 runs"), "{text}");

    // The service works twice as long: both pods say so, each for itself.
    let (code, text) = said(&place, "check --baseline main.json", &[("SIDE", "head")]);
    assert_eq!(code, Some(1), "{text}");
    for pod in ["pod 1", "pod 2"] {
        let rows = text.lines().filter(|line| line.contains(pod));
        let slower = rows.filter(|row| row.contains("GET /standings") && row.contains('+'));
        assert!(slower.count() > 0, "{pod}\n{text}");
    }
    let asked = fs::read_to_string(place.path().join("asked")).unwrap();
    for call in [
        "create configmap standings --from-file script.js --from-file ../../templates/k6/perfgate.js",
        "apply --filename testrun.yaml",
        "wait testrun/standings",
        "logs job/standings-2",
    ] {
        assert!(asked.contains(call), "{call}\n{asked}");
    }
}

#[test]
fn a_pod_that_ended_without_a_summary_is_no_result() {
    let place = example();
    let variables = [("SIDE", "base"), ("SILENT", "job/standings-2")];
    let (code, text) = said(&place, "baseline update --baseline main.json", &variables);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("pod 2 of 2 wrote no summary"), "{text}");
}
