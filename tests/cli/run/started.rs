//! Scenarios that start their own service: whatever becomes of it or of perfgate, no process of it is left.

use std::fs;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::desk::{Desk, comes, document, finished, within};
use super::signals::{send, send_until_it_ends};
use crate::support::server::{Reply, Script, Server, nobody};

const PORT: &str = "CLI_RUN_PORT";
/// After so many milliseconds the service dies with some last words.
const LIFE: &str = "CLI_RUN_LIFE";

/// The service is this test binary once more.
#[test]
#[ignore = "the service of the tests, which run it as a process"]
fn serving() {
    let number = |name| std::env::var(name).ok()?.parse().ok();
    let Some(port) = number(PORT) else {
        return;
    };
    let takes = Duration::from_millis(5);
    let script = Script::new().on("*", move |_| Reply::text("ok").after(takes));
    let _server = Server::start(script.at(port));
    let life = number(LIFE).map_or(Duration::from_secs(60), |life| {
        Duration::from_millis(life.into())
    });
    thread::sleep(life);
    println!("no more items\n::error::the shop is closed");
    std::process::exit(7);
}

/// A desk with `api.toml`, whose service is started by `command`, where `$SERVE` is a server.
fn desk(command: &str, seconds: f64, service: &str) -> Desk {
    let (desk, address) = (Desk::new(), nobody());
    let serve = r#""$SERVER" --exact --ignored --nocapture run::started::serving"#;
    let command = format!("echo $$ > group; {}", command.replace("$SERVE", serve));
    let server = std::env::current_exe().unwrap();
    desk.write(
        "api.toml",
        &format!(
            "base = \"http://{address}\"\n[[step]]\nget = \"/items\"\n\
             [load]\nusers = 2\nduration = \"{seconds}s\"\n\
             [service]\ncommand = {}\nenv = {{ SERVER = {}, {PORT} = \"{}\" }}\n{service}",
            quoted(&command),
            quoted(server.to_str().unwrap()),
            address.port()
        ),
    );
    desk
}

/// As TOML writes it, for any command and any folder.
fn quoted(text: &str) -> Value {
    Value::String(text.to_owned())
}

const READY: &str = "ready = { url = \"/health\" }\n";

/// Those of the service's process group that live.
fn left(desk: &Desk) -> Vec<String> {
    let group = desk.read("group");
    let of_group = |pid: &String| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<String> = stat
            .rsplit_once(')')?
            .1
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        Some(fields[0] != "Z" && fields[2] == group.trim())
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|pid| of_group(pid) == Some(true)).collect()
}

const RUN: &str = "run api.toml --output run.json";

#[test]
fn a_service_is_started_loaded_watched_and_ended() {
    let desk = desk(
        "exec $SERVE",
        0.3,
        &format!("{READY}[[watch]]\nservice = true\n"),
    );
    let said = desk.ends(RUN, 0);
    assert_eq!(left(&desk), [""; 0]);
    assert!(said.out.contains("\nservice  "), "{}", said.out);
    let run = desk.document("run.json");
    assert!(
        run["subjects"]["service"]["rss_peak"].is_object(),
        "{run:#}"
    );
}

#[test]
fn a_service_that_dies_in_mid_run_is_told_with_its_last_words_and_no_run_is_kept() {
    let desk = desk(&format!("{LIFE}=700 exec $SERVE"), 30.0, READY);
    let begun = Instant::now();
    let said = desk.ends(RUN, 2);
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(left(&desk), [""; 0]);
    assert!(said.out.is_empty(), "{}", said.out);
    assert!(!desk.has("run.json"));
    let lines: Vec<&str> = said.err.lines().collect();
    assert!(
        lines[0].starts_with("error: the service `echo $$ > group;"),
        "{}",
        said.err
    );
    let how = "ended with exit status 7 in mid-run; the last it printed:";
    assert!(lines[0].ends_with(how), "{}", said.err);
    assert!(lines.contains(&"    no more items"), "{}", said.err);
    // Not as a command to a log reader.
    assert!(
        lines.contains(&"    .::error::the shop is closed"),
        "{}",
        said.err
    );
}

#[test]
fn a_service_that_never_gets_ready_is_told_with_its_last_words() {
    let ready = "ready = { url = \"/health\", within = \"500ms\" }\n";
    for (command, how) in [
        (
            "echo warming up; echo caches; exec sleep 60",
            "was not ready within 500ms",
        ),
        (
            "echo warming up; echo caches; exit 3",
            "ended with exit status 3 before it was ready",
        ),
    ] {
        let desk = desk(command, 30.0, ready);
        let said = desk.ends(RUN, 2);
        assert_eq!(left(&desk), [""; 0]);
        assert!(said.err.contains(how), "{}", said.err);
        assert!(
            said.err.contains(":\n    warming up\n    caches\n"),
            "{}",
            said.err
        );
        assert!(said.out.is_empty() && !desk.has("run.json"));
    }
}

#[test]
fn an_interrupt_while_the_service_starts_ends_it_and_the_program() {
    let desk = desk("sleep 60 & exec sleep 60", 30.0, READY);
    let child = desk.spawn(RUN);
    assert!(comes(|| desk.has("group") && left(&desk).len() == 2));
    let begun = Instant::now();
    send(&child, Signal::INT);
    let said = finished(child, RUN, 130);
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(left(&desk), [""; 0]);
    assert_eq!(said.err, "error: interrupted: nothing was measured yet\n");
    assert!(!desk.has("run.json"));
}

#[test]
fn an_interrupt_in_mid_run_keeps_the_run_and_ends_the_service() {
    let desk = desk("sleep 60 & exec $SERVE", 60.0, READY);
    let child = desk.spawn(&format!("{RUN} --format json"));
    assert!(comes(|| is_loading(&child)));
    thread::sleep(Duration::from_millis(300));
    send(&child, Signal::TERM);
    let said = finished(child, RUN, 130);
    assert_eq!(left(&desk), [""; 0]);
    assert_eq!(document(&said.out)["partial"], true);
    assert_eq!(said.out, desk.read("run.json"));
}

#[test]
fn a_second_interrupt_leaves_no_service_either() {
    // It does not end when it is asked to, so that there is time to be impatient.
    let desk = desk("trap '' TERM; sleep 60 & $SERVE", 60.0, READY);
    let mut child = desk.spawn(RUN);
    assert!(comes(|| is_loading(&child)));
    assert!(!left(&desk).is_empty());
    send_until_it_ends(&mut child, Signal::INT);
    let none_left = within(Duration::from_secs(2), || left(&desk).is_empty());
    assert!(none_left, "{:?} live", left(&desk));
    finished(child, RUN, 130);
    assert!(!desk.has("run.json"));
}

/// Whether the threads are there that send.
fn is_loading(perfgate: &Child) -> bool {
    let tasks = fs::read_dir(format!("/proc/{}/task", perfgate.id()));
    let tasks = tasks.into_iter().flatten().flatten();
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).ok();
    tasks
        .filter_map(name)
        .any(|name| name.trim_end() == "load 0")
}
