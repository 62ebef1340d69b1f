//! Only what is certainly not there is "no baseline yet"; what cannot be reached is an error.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use super::desk::Desk;
use crate::support::desk::said;

#[test]
fn a_baseline_that_cannot_be_reached_is_not_a_first_run() {
    let desk = Desk::with_results();
    symlink("nowhere.json", desk.path("dangling.json")).unwrap();
    symlink("nowhere", desk.path("lost")).unwrap();
    symlink("circle.json", desk.path("circle.json")).unwrap();
    let long = format!("{}.json", "x".repeat(300));
    for (path, why) in [
        (
            "dangling.json",
            "dangling.json is a link that leads nowhere",
        ),
        ("lost/main.json", "lost is a link that leads nowhere"),
        ("circle.json", "symbolic links"),
        ("main.json/main.json", "Not a directory"),
        (long.as_str(), "File name too long"),
    ] {
        for command in ["check", "baseline update", "baseline pin --label v1"] {
            let line = format!("{command} --baseline {path} now.ndjson");
            let said = desk.ends(&line, 2);
            assert!(said.err.contains(why), "{line}\n{}", said.err);
            assert!(said.err.contains("hint: "), "{line}\n{}", said.err);
        }
        desk.ends(&format!("baseline show --baseline {path}"), 2);
        desk.write("perfgate.toml", &format!("baseline = \"{path}\"\n"));
        let said = desk.ends("check now.ndjson", 2);
        assert!(said.err.contains(why), "{path}\n{}", said.err);
        fs::remove_file(desk.path("perfgate.toml")).unwrap();
    }
    for path in ["new.json", "new/new.json", "new"] {
        let said = desk.ends(&format!("check --baseline {path} now.ndjson"), 0);
        assert!(
            said.err.contains("does not exist yet"),
            "{path}\n{}",
            said.err
        );
    }
}

#[test]
fn a_branch_below_the_name_of_a_file_has_its_baseline_in_the_next_place() {
    let desk = Desk::with_results();
    desk.write("release", "notes\n");
    desk.write(".git/HEAD", "ref: refs/heads/release/1.x\n");
    let check = "check --baseline {base} now.ndjson";
    let first = desk.ends(check, 0);
    assert!(first.err.contains("does not exist yet"), "{}", first.err);
    desk.write("baselines/release/1.x.json", &desk.read("main.json"));
    assert!(desk.ends(check, 0).out.contains("PASS"));
}

#[test]
fn a_config_file_that_cannot_be_read_is_never_ignored() {
    let desk = Desk::with_results();
    let check = "check --baseline main.json now.ndjson";
    symlink("nowhere.toml", desk.path("perfgate.toml")).unwrap();
    let said = desk.ends(check, 2);
    assert!(
        said.err
            .contains("perfgate.toml is a link that leads nowhere"),
        "{}",
        said.err
    );
    fs::create_dir(desk.path("sub")).unwrap();
    desk.ends(
        &format!(
            "-C sub {}",
            check.replace("main", "../main").replace("now", "../now")
        ),
        2,
    );
    fs::remove_file(desk.path("perfgate.toml")).unwrap();
    symlink("perfgate.toml", desk.path("perfgate.toml")).unwrap();
    desk.ends(check, 2);
    fs::remove_file(desk.path("perfgate.toml")).unwrap();
    fs::create_dir(desk.path("perfgate.toml")).unwrap();
    let said = desk.ends(check, 2);
    assert!(said.err.contains("it is not a file"), "{}", said.err);
    fs::remove_dir(desk.path("perfgate.toml")).unwrap();
    desk.ends(check, 0);
}

/// The superuser may enter every folder, so there the program runs as nobody where the system can do that.
#[test]
fn a_folder_that_may_not_be_entered_hides_no_baseline() {
    let desk = Desk::with_results();
    desk.write("locked/main.json", &desk.read("main.json"));
    let program = desk.path("perfgate");
    fs::copy(env!("CARGO_BIN_EXE_perfgate"), &program).unwrap();
    for open in [program, desk.path(".")] {
        fs::set_permissions(open, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(desk.path("locked"), fs::Permissions::from_mode(0o000)).unwrap();
    let is_hidden = || fs::metadata(desk.path("locked/main.json")).is_err();
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let as_nobody = Command::new(nobody[0])
        .args(&nobody[1..])
        .arg("true")
        .output();
    let can_be_nobody = as_nobody.is_ok_and(|ended| ended.status.success());
    let prefix = match (is_hidden(), can_be_nobody) {
        (true, _) => String::new(),
        (false, true) => nobody.join(" "),
        // Nothing can be hidden here from whoever runs the tests.
        (false, false) => return,
    };
    let script = format!("{prefix} ./perfgate check --baseline locked/main.json now.ndjson");
    let said = said(desk.shell(&script));
    fs::set_permissions(desk.path("locked"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("Permission denied"), "{}", said.err);
    assert!(said.err.contains("hint: "), "{}", said.err);
}
