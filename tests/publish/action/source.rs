//! Without a release: the action builds perfgate from its own source, once, whatever the repository says that it measures.

use std::fs;

use super::runner::{Runner, Step, program};
use super::{SHOP, with};

/// Where Cargo stands in for itself: it writes down how it was called, and what it builds calls this build, which is too
/// large to be copied by each step of many tests.
pub(crate) fn with_rust(version: &str) -> Runner {
    let runner = Runner::new();
    let log = runner.at("built.log");
    runner.put_script_on_path(
        "cargo",
        &format!(
            "#!/bin/sh\n\
             {{ echo \"$@\"; pwd; echo \"${{RUSTFLAGS-none}} ${{RUSTUP_TOOLCHAIN-none}} ${{CARGO_TARGET_DIR-none}}\"; }} >>'{log}'\n\
             env >>'{log}.env'\n\
             while [ \"$1\" != --target-dir ]; do shift; done\n\
             mkdir -p \"$2/release\"\n\
             printf '#!/bin/sh\\nexec \"%s\" \"$@\"\\n' '{}' >\"$2/release/perfgate\"\n\
             chmod 755 \"$2/release/perfgate\"\n",
            program(),
            log = log.display(),
        ),
    );
    runner.put_script_on_path(
        "rustc",
        &format!("#!/bin/sh\necho 'rustc {version} (5980 2026-04-14)'\n"),
    );
    runner
}

/// How often Cargo was called.
fn builds(runner: &Runner) -> usize {
    let log = fs::read_to_string(runner.at("built.log")).unwrap_or_default();
    log.lines()
        .filter(|line| line.starts_with("build "))
        .count()
}

/// The next job: its machine has nothing of the last one.
fn next_job(runner: &Runner, inputs: &[(&str, &str)]) -> Step {
    for folder in ["temp", "tools"] {
        fs::remove_dir_all(runner.at(folder)).unwrap();
        fs::create_dir(runner.at(folder)).unwrap();
    }
    runner.step(inputs)
}

#[test]
fn it_is_built_once_and_kept_before_the_gate_turns_red() {
    let runner = with_rust("1.95.0");
    let step = runner.step(&SHOP);
    assert_eq!(step.code, 1, "{}", step.said);
    assert_eq!(step.output("verdict"), "fail", "{}", step.said);
    assert_eq!(
        step.used,
        [
            "OWNER/perfgate",
            "actions/cache/restore",
            "actions/cache/save",
            "actions/upload-artifact"
        ]
    );
    let again = next_job(&runner, &SHOP);
    assert_eq!(again.code, 1, "{}", again.said);
    assert_eq!(
        again.used,
        [
            "OWNER/perfgate",
            "actions/cache/restore",
            "actions/upload-artifact"
        ]
    );
    assert_eq!(builds(&runner), 1, "the cache was not used");
    let seen = fs::read_to_string(runner.at("built.log.env")).unwrap();
    assert!(!seen.contains(runner.token()), "{seen}");
}

#[test]
fn another_source_or_compiler_is_built_anew_and_a_revision_that_changes_neither_is_not() {
    let runner = with_rust("1.95.0");
    runner.step(&SHOP);
    fs::write(runner.at("action/README.md"), "changed").unwrap();
    fs::write(runner.at("action/.github/action/note"), "changed").unwrap();
    next_job(&runner, &SHOP);
    assert_eq!(builds(&runner), 1);
    for (expected, part) in [
        (2, "src/lib.rs"),
        (3, "templates/comment.md"),
        (4, "Cargo.lock"),
    ] {
        let path = runner.at("action").join(part);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text + "\n").unwrap();
        next_job(&runner, &SHOP);
        assert_eq!(builds(&runner), expected, "{part}");
    }
    runner.put_script_on_path("rustc", "#!/bin/sh\necho 'rustc 1.96.0 (1 2026-06-01)'\n");
    next_job(&runner, &SHOP);
    assert_eq!(builds(&runner), 5);
}

#[test]
fn neither_toolchain_nor_flags_of_the_repository_decide_the_build() {
    let runner = with_rust("1.95.0");
    fs::write(
        runner.workspace().join("rust-toolchain.toml"),
        "[toolchain]\nchannel = \"1.60\"\n",
    )
    .unwrap();
    // As a step before would set them for all that follow.
    runner.export("RUSTFLAGS", "-D warnings");
    runner.export("RUSTUP_TOOLCHAIN", "1.60");
    runner.export("CARGO_TARGET_DIR", "elsewhere");
    let step = runner.step(&SHOP);
    assert_eq!(step.code, 1, "{}", step.said);
    let log = fs::read_to_string(runner.at("built.log")).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].contains("--release --locked"), "{log}");
    let folder = fs::canonicalize(runner.at("action")).unwrap();
    assert_eq!(fs::canonicalize(lines[1]).unwrap(), folder, "{log}");
    assert_eq!(lines[2], "none none none", "{log}");
}

#[test]
fn where_rust_is_too_old_the_oldest_that_can_build_it_is_installed() {
    let runner = with_rust("1.60.0");
    let step = runner.step(&SHOP);
    assert_eq!(step.code, 2, "{}", step.said);
    assert!(
        step.said.contains("this runner has 1.60.0"),
        "{}",
        step.said
    );

    let log = runner.at("rustup.log");
    let script = format!("#!/bin/sh\necho \"$@\" >>'{}'\n", log.display());
    runner.put_script_on_path("rustup", &script);
    let step = next_job(&runner, &SHOP);
    assert_eq!(step.code, 1, "{}", step.said);
    let needed = env!("CARGO_PKG_RUST_VERSION");
    let asked = fs::read_to_string(log).unwrap();
    assert!(asked.trim_end().ends_with(needed), "{asked}");
    let built = fs::read_to_string(runner.at("built.log")).unwrap();
    assert!(built.contains(&format!("none {needed} none")), "{built}");
}

#[test]
fn without_rust_and_without_a_release_it_is_said_what_to_do() {
    let step = Runner::new().step(&SHOP);
    assert_eq!(step.code, 2);
    assert_eq!(step.output("exit-code"), "2", "{}", step.said);
    assert!(
        step.said.contains("no Rust to build it with"),
        "{}",
        step.said
    );
    for input in ["release", "never"] {
        let step = Runner::new().step(&with(&[("install", input)]));
        assert_eq!(step.code, 2, "{input}");
        assert!(step.said.contains("install"), "{input}: {}", step.said);
    }
}

#[test]
fn a_revision_that_lists_a_release_can_be_built_all_the_same() {
    let runner = with_rust("1.95.0");
    runner.list_release(b"an archive");
    let step = runner.step(&with(&[("install", "cargo")]));
    assert_eq!(step.code, 1, "{}", step.said);
    assert_eq!(builds(&runner), 1);
}
