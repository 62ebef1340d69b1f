//! A command and all that it starts end with it, with its time, and with perfgate.

use std::fs;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::desk::{Desk, comes, finished};

/// Starts a child that would outlive its shell, writes both numbers down, and goes on for a minute.
const LINGERS: &str = "sleep 60 & echo $! > child.tmp; mv child.tmp child; echo $$ > shell; wait";

fn source(desk: &Desk, command: &str, rest: &str) {
    desk.config(&format!(
        "[[source]]\ncommand = \"{command}\"\nresults = \"run.json\"\n{rest}"
    ));
}

fn number(desk: &Desk, name: &str) -> Option<Pid> {
    let text = fs::read_to_string(desk.path(name)).ok()?;
    Pid::from_raw(text.trim().parse().ok()?)
}

fn is_running(process: Pid) -> bool {
    // One that is dead and not yet asked after by whoever inherited it still has its number.
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    match stat {
        Ok(stat) => !stat
            .rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with(['Z', 'X'])),
        Err(_) => test_kill_process(process).is_ok() && !cfg!(target_os = "linux"),
    }
}

fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_all_that_it_started() {
    let desk = Desk::new();
    source(&desk, LINGERS, "timeout = \"500ms\"\n");
    let begun = Instant::now();
    let said = desk.ends("check", 2);
    assert!(begun.elapsed() < Duration::from_secs(15));
    assert!(
        said.err
            .contains("took longer than 500ms and was ended, with all that it started"),
        "{}",
        said.err
    );
    assert!(said.err.contains("`timeout`"), "{}", said.err);
    assert!(comes(|| !is_running(number(&desk, "child").unwrap())));
}

#[test]
fn what_does_not_heed_being_asked_is_killed() {
    let desk = Desk::new();
    let stubborn = "trap '' TERM; sleep 60 & echo $! > child; while :; do sleep 1; done";
    source(&desk, stubborn, "timeout = \"300ms\"\n");
    desk.ends("check", 2);
    assert!(comes(|| !is_running(number(&desk, "child").unwrap())));
}

#[test]
fn a_signal_ends_perfgate_with_130_and_the_command_with_it() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let desk = Desk::new();
        source(&desk, LINGERS, "");
        let child = desk.spawn("check");
        assert!(comes(|| number(&desk, "shell").is_some()));
        send(&child, signal);
        let said = finished(child, "check", 130);
        assert!(said.out.is_empty(), "{}", said.out);
        assert!(said.err.contains("interrupted"), "{}", said.err);
        for name in ["shell", "child"] {
            let process = number(&desk, name).unwrap();
            assert!(!is_running(process), "{name} after {signal:?}");
        }
    }
}

#[test]
fn perfgate_that_is_killed_leaves_no_command_behind() {
    let desk = Desk::new();
    source(&desk, LINGERS, "");
    let mut child = desk.spawn("check");
    assert!(comes(|| number(&desk, "shell").is_some()));
    send(&child, Signal::KILL);
    child.wait().unwrap();
    for name in ["shell", "child"] {
        let process = number(&desk, name).unwrap();
        assert!(comes(|| !is_running(process)), "{name}");
    }
}

#[test]
fn under_nohup_a_hangup_is_not_heeded() {
    let desk = Desk::new();
    desk.run_file("template.json", 100.0);
    source(
        &desk,
        "echo $$ > shell; while [ ! -e go ]; do sleep 0.05; done; cat template.json > run.json",
        "",
    );
    let mut shell = std::process::Command::new("/bin/sh");
    shell
        .args(["-c", "trap '' HUP; exec \"$0\" check"])
        .arg(env!("CARGO_BIN_EXE_perfgate"))
        .current_dir(desk.path(""))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = shell.spawn().unwrap();
    assert!(comes(|| number(&desk, "shell").is_some()));
    send(&child, Signal::HUP);
    std::thread::sleep(Duration::from_millis(100));
    desk.write("go", "");
    finished(child, "check", 0);
}

#[test]
fn what_a_command_leaves_running_is_ended_and_told() {
    let desk = Desk::new();
    desk.run_file("template.json", 100.0);
    source(
        &desk,
        "sleep 60 & echo $! > child; cat template.json > run.json",
        "",
    );
    let said = desk.ends("check", 0);
    assert!(
        said.err
            .contains("left processes running, which were ended"),
        "{}",
        said.err
    );
    assert!(comes(|| !is_running(number(&desk, "child").unwrap())));
}

#[test]
fn a_timeout_is_for_a_command_and_more_than_nothing() {
    let desk = Desk::new();
    desk.run_file("a.json", 100.0);
    for (source, said_so) in [
        (
            "results = \"a.json\"\ntimeout = \"5m\"\n",
            "`timeout` has no `command` that it could end",
        ),
        (
            "command = \"true\"\nresults = \"a.json\"\ntimeout = \"0s\"\n",
            "`timeout`: it must be longer than nothing",
        ),
        (
            "command = \"true\"\nresults = \"a.json\"\ntimeout = 30\n",
            "`timeout`: expected a text in quotes",
        ),
    ] {
        desk.config(&format!("[[source]]\n{source}"));
        let said = desk.ends("check", 2);
        assert!(said.err.contains(said_so), "{}", said.err);
    }
}
