//! Outputs that are no plain files, or that are protected.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::process::Command;

use super::desk::{Desk, finished};

/// Commands that write a file, each up to its path.
fn writers(desk: &Desk) -> Vec<String> {
    let one = desk.read("now.ndjson").lines().next().unwrap().to_owned();
    desk.write(
        "a.json",
        &one.replace("\"value\"", "\"samples\"")
            .replace("10.02", "[1.0]"),
    );
    desk.write(
        "b.json",
        &one.replace("\"value\"", "\"samples\"")
            .replace("10.02", "[2.0]"),
    );
    let check = "check --baseline main.json now.ndjson --report";
    let mut writers = vec!["merge a.json b.json --output ".to_owned()];
    for format in ["text", "json", "markdown", "junit", "github"] {
        writers.push(format!("{check} {format}="));
    }
    writers.push("compare old.ndjson now.ndjson --report json=".to_owned());
    writers
}

fn is_whole(text: &str) -> bool {
    !text.trim().is_empty() && text.ends_with('\n')
}

#[test]
fn devices_and_pipes_are_written_into_and_stay_what_they_are() {
    let desk = Desk::with_results();
    let made = Command::new("mkfifo").arg(desk.path("pipe")).status();
    assert!(made.unwrap().success());
    for writer in writers(&desk) {
        desk.ends(&format!("{writer}/dev/null"), 0);
        assert!(
            fs::metadata("/dev/null")
                .unwrap()
                .file_type()
                .is_char_device()
        );
        let script = format!("cat pipe > read & \"$1\" {writer}pipe; code=$?; wait; exit $code");
        finished(desk.shell(&script).spawn().unwrap(), &script, 0);
        assert!(
            fs::symlink_metadata(desk.path("pipe"))
                .unwrap()
                .file_type()
                .is_fifo()
        );
        assert!(is_whole(&desk.read("read")), "{writer}");
        symlink("/dev/null", desk.path("null")).unwrap();
        desk.ends(&format!("{writer}null"), 0);
        assert!(
            fs::symlink_metadata(desk.path("null"))
                .unwrap()
                .is_symlink()
        );
        fs::remove_file(desk.path("null")).unwrap();
    }
    // Both may end in the same device, which keeps neither.
    desk.ends(
        "check --baseline main.json now.ndjson --report json=/dev/null --report junit=/dev/null",
        0,
    );
}

#[test]
fn what_stands_for_standard_output_is_written_to_it() {
    let desk = Desk::with_results();
    let line = "check --baseline main.json now.ndjson --report json=/dev/stdout";
    let said = desk.ends(line, 0);
    assert!(
        said.out.starts_with('{') && said.out.contains("PASS"),
        "{}",
        said.out
    );
}

#[test]
fn links_are_followed_and_the_mode_of_a_file_stays() {
    let desk = Desk::with_results();
    for writer in writers(&desk) {
        fs::create_dir(desk.path("real")).unwrap();
        symlink("real/out", desk.path("link")).unwrap();
        // A link to what is not there yet, then to what is.
        for _ in 0..2 {
            desk.ends(&format!("{writer}link"), 0);
            assert!(
                fs::symlink_metadata(desk.path("link"))
                    .unwrap()
                    .is_symlink()
            );
            assert!(is_whole(&desk.read("real/out")), "{writer}");
            fs::set_permissions(desk.path("real/out"), fs::Permissions::from_mode(0o604)).unwrap();
        }
        desk.ends(&format!("{writer}link"), 0);
        let mode = fs::metadata(desk.path("real/out")).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o604, "{writer}");
        assert_eq!(desk.names("real"), ["out"], "{writer}");
        fs::remove_dir_all(desk.path("real")).unwrap();
        fs::remove_file(desk.path("link")).unwrap();
    }
}

#[test]
fn a_file_that_nobody_may_write_is_refused_by_the_superuser_too() {
    let desk = Desk::with_results();
    desk.write("kept", "as it was\n");
    fs::set_permissions(desk.path("kept"), fs::Permissions::from_mode(0o444)).unwrap();
    for writer in writers(&desk) {
        let said = desk.ends(&format!("{writer}kept"), 2);
        assert!(
            said.err.contains("write kept: the file is read-only"),
            "{}",
            said.err
        );
        assert!(said.err.contains("hint: make it writable"), "{}", said.err);
        assert_eq!(desk.read("kept"), "as it was\n");
    }
    let run = desk.ends("run http://127.0.0.1:9/ --output kept", 2);
    assert!(run.err.contains("the file is read-only"), "{}", run.err);
    fs::set_permissions(desk.path("main.json"), fs::Permissions::from_mode(0o444)).unwrap();
    let before = desk.read("main.json");
    let update = desk.ends("baseline update --baseline main.json now.ndjson", 2);
    assert!(
        update.err.contains("the file is read-only"),
        "{}",
        update.err
    );
    assert_eq!(desk.read("main.json"), before);
}

#[test]
fn the_output_of_a_run_is_looked_at_and_not_touched_before_there_is_a_run() {
    let desk = Desk::with_results();
    desk.write("kept", "as it was\n");
    // Nobody listens there.
    desk.ends(
        "run http://127.0.0.1:9/ --users 1 --for 100ms --output kept",
        2,
    );
    desk.ends(
        "run http://127.0.0.1:9/ --users 1 --for 100ms --output /dev/null",
        2,
    );
    assert!(
        fs::metadata("/dev/null")
            .unwrap()
            .file_type()
            .is_char_device()
    );
    assert!(desk.names("").iter().all(|name| !name.ends_with(".tmp")));
    for refused in [".", "..", "main.json/run.json"] {
        let said = desk.ends(&format!("run http://127.0.0.1:9/ --output {refused}"), 2);
        assert!(
            said.err.contains(&format!("write {refused}: ")),
            "{}",
            said.err
        );
    }
}

/// A file system of one page stands for a disk that is full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_file_that_was_there() {
    let desk = Desk::with_results();
    let report = "check --baseline main.json now.ndjson --report json=";
    desk.ends(&format!("{report}good.json"), 0);
    let before = desk.read("good.json");
    let limited = format!("ulimit -f 1; \"$1\" {report}good.json");
    let code = desk.shell(&limited).output().unwrap().status.code();
    assert_ne!(code, Some(0));
    assert_eq!(desk.read("good.json"), before);
    desk.ends(&format!("{report}good.json"), 0);
    assert!(desk.names("").iter().all(|name| !name.ends_with(".tmp")));
}
