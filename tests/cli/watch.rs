//! `perfgate watch` as a whole process beside real processes: what it keeps, what it tells, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::run::desk::{Desk, Said, comes};
use crate::support::server::{Reply, Script, Server};

/// A process of a name of its own, which is ended with the test.
struct Named {
    child: Child,
    /// It ends when this is closed.
    _input: ChildStdin,
}

impl Named {
    fn start(name: &str) -> Self {
        let mut command = Command::new("sh");
        let line = format!("printf {name} > /proc/$$/comm; read line");
        command.arg("-c").arg(line).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let named = Self {
            child,
            _input: input,
        };
        let comm = format!("/proc/{}/comm", named.child.id());
        let is_named = || fs::read_to_string(&comm).is_ok_and(|found| found.trim() == name);
        assert!(comes(is_named), "{name}");
        named
    }

    fn end(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A name that no other test and no other run of the tests has, as short as the kernel wants it.
fn name(letter: char) -> String {
    format!("soak{letter}{}", std::process::id())
}

/// A watch that has begun.
struct Watching {
    child: Child,
    errors: BufReader<std::process::ChildStderr>,
    first: String,
}

impl Watching {
    fn start(desk: &Desk, line: &str) -> Self {
        let mut child = desk.spawn(line);
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        errors.read_line(&mut first).unwrap();
        assert!(first.starts_with("watching for "), "{first}");
        Self {
            child,
            errors,
            first,
        }
    }

    fn ends(mut self, code: i32) -> Said {
        let (mut out, mut err) = (String::new(), self.first);
        let mut printed = self.child.stdout.take().unwrap();
        printed.read_to_string(&mut out).unwrap();
        self.errors.read_to_string(&mut err).unwrap();
        let found = self.child.wait().unwrap().code();
        assert_eq!(found, Some(code), "{out}\n{err}");
        Said {
            code: found,
            out,
            err,
        }
    }
}

fn value(document: &Value, subject: &str, metric: &str) -> f64 {
    let measured = &document["subjects"][subject][metric]["value"];
    let missing = || panic!("{subject} {metric} in {document}");
    measured.as_f64().unwrap_or_else(missing)
}

fn warnings(document: &Value) -> String {
    document["warnings"].to_string()
}

#[test]
fn a_process_and_the_machine_are_a_run_that_a_gate_judges() {
    let (desk, service) = (Desk::new(), Named::start(&name('a')));
    let pid = service.child.id();
    let line =
        format!("watch --for 1s --every 100ms --pid api={pid} --host --output out/soak.json");
    let said = desk.ends(&line, 0);
    assert!(said.out.contains("\napi  "), "{}", said.out);
    assert!(!said.out.contains("nothing was measured"), "{}", said.out);
    let document = desk.document("out/soak.json");
    assert!(value(&document, "api", "rss_peak") > 0.1);
    assert!(value(&document, "api", "cpu_share") < 50.0);
    assert!(value(&document, "host", "memory_share") > 0.1);
    assert!(document.get("partial").is_none(), "{document}");
    // What was looked at ten times stands on a timeline, to be drawn.
    let gauges = &document["timeline"]["gauges"];
    for (subject, metric, unit) in [
        ("api", "rss", "MiB"),
        ("api", "cpu", "cores"),
        ("host", "load_average", ""),
    ] {
        let gauge = &gauges[subject][metric];
        assert_eq!(gauge["unit"], unit, "{gauges}");
        assert!(gauge["values"].as_array().unwrap().len() > 2, "{gauges}");
    }
    // A second is too short for a growth, and that is told.
    assert!(warnings(&document).contains("rss_growth"), "{document}");
    let rule = "[[rule]]\nsubject = \"api\"\nmetric = \"rss_peak\"\nbudget = \"1KiB\"\n";
    desk.write("perfgate.toml", rule);
    let said = desk.ends("check out/soak.json", 1);
    assert!(said.out.contains("not met"), "{}", said.out);
}

#[test]
fn what_is_started_anew_is_watched_again_and_told() {
    let (desk, name) = (Desk::new(), name('b'));
    let mut service = Named::start(&name);
    let line = format!("watch --for 5s --every 100ms --process api={name} --output soak.json");
    let watching = Watching::start(&desk, &line);
    service.end();
    thread::sleep(Duration::from_secs(1));
    let _again = Named::start(&name);
    let said = watching.ends(0);
    assert!(said.out.contains("restarts 1"), "{}", said.out);
    let document = desk.document("soak.json");
    assert!((value(&document, "api", "restarts") - 1.0).abs() < 1e-9);
    assert!(value(&document, "api", "rss") > 0.1);
    let told = warnings(&document);
    assert!(told.contains("not there once"), "{told}");
    assert!(document.get("partial").is_none(), "{document}");
}

#[test]
fn what_is_gone_at_the_end_is_kept_and_is_an_error() {
    let (desk, name) = (Desk::new(), name('c'));
    let mut service = Named::start(&name);
    let line = format!("watch --for 3s --every 100ms --process {name} --output soak.json");
    let watching = Watching::start(&desk, &line);
    thread::sleep(Duration::from_millis(500));
    service.end();
    let said = watching.ends(2);
    assert!(said.err.contains("not there at the end"), "{}", said.err);
    assert!(said.err.contains("hint: "), "{}", said.err);
    let document = desk.document("soak.json");
    assert!(value(&document, &name, "rss_peak") > 0.1);
    assert!((value(&document, &name, "restarts")).abs() < 1e-9);
}

#[test]
fn a_number_that_ends_ends_the_watch_with_what_was_seen() {
    let (desk, mut service) = (Desk::new(), Named::start(&name('d')));
    let pid = service.child.id();
    let line = format!("watch --for 60s --every 100ms --pid {pid} --output soak.json");
    let watching = Watching::start(&desk, &line);
    thread::sleep(Duration::from_millis(500));
    let begun = Instant::now();
    service.end();
    let said = watching.ends(2);
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(
        said.err.contains(&format!("process {pid} has ended")),
        "{}",
        said.err
    );
    assert!(said.err.contains("--process"), "{}", said.err);
    let document = desk.document("soak.json");
    assert_eq!(document["partial"], true);
    assert!(value(&document, "service", "rss_peak") > 0.1);
}

#[test]
fn an_interrupted_watch_keeps_what_was_seen() {
    for which in [Signal::INT, Signal::TERM] {
        let desk = Desk::new();
        let line = "watch --for 24h --host --output soak.json";
        let watching = Watching::start(&desk, line);
        let pid = Pid::from_raw(i32::try_from(watching.child.id()).unwrap()).unwrap();
        kill_process(pid, which).unwrap();
        let said = watching.ends(130);
        assert!(said.out.starts_with("PARTIAL  "), "{}", said.out);
        assert!(!said.out.contains("next:"), "{}", said.out);
        let document = desk.document("soak.json");
        assert_eq!(document["partial"], true);
        assert!(value(&document, "host", "memory_share") > 0.1);
    }
}

#[test]
fn an_endpoint_tells_how_much_its_counters_grew() {
    let hits = std::sync::atomic::AtomicU64::new(100);
    let server = Server::start(Script::new().on("/metrics", move |_| {
        let now = hits.fetch_add(10, std::sync::atomic::Ordering::Relaxed);
        Reply::text(&format!("hits_total {now}\ndepth 3\n"))
    }));
    let desk = Desk::new();
    let url = server.url("/metrics");
    let line = format!(
        "watch --for 1s --prometheus shop={url} --metrics hits_total=higher --metrics depth --output soak.json"
    );
    desk.ends(&line, 0);
    let document = desk.document("soak.json");
    // Read where counting begins, and where it ends.
    assert!((value(&document, "shop", "hits_total") - 10.0).abs() < 1e-9);
    assert_eq!(
        document["subjects"]["shop"]["hits_total"]["better"],
        "higher"
    );
    assert_eq!(document["subjects"]["shop"]["depth"]["better"], "lower");
}

#[test]
fn what_cannot_be_watched_is_refused_at_once_and_touches_no_file() {
    let desk = Desk::new();
    desk.write("soak.json", "older\n");
    for (flags, message) in [
        ("", "hint: name it: --process"),
        ("--process no-such-process", "there is no such process"),
        ("--pid x", "is not the number of a process"),
        ("--pid 1 --pid 1", "two of this name"),
        ("--cgroup no/such/group", "no/such/group"),
        ("--prometheus 127.0.0.1 --metrics up", "is no address"),
        (
            "--prometheus http://127.0.0.1:1/ --metrics 1x",
            "is no metric",
        ),
        ("--metrics up", "--prometheus"),
        ("--host --every 1ms", "100ms"),
        ("--host --for 0s", "--for"),
    ] {
        let span = if flags.contains("--for") {
            ""
        } else {
            "--for 60s"
        };
        let said = desk.ends(&format!("watch {span} {flags} --output soak.json"), 2);
        assert!(said.err.contains(message), "{flags}: {}", said.err);
        assert_eq!(desk.read("soak.json"), "older\n");
    }
    let said = desk.ends("watch --for 60s --host --output no/..", 2);
    assert!(said.err.contains("--output"), "{}", said.err);
    desk.ends("watch --for 100ms --host --output soak.json", 0);
    assert!(desk.document("soak.json")["subjects"]["host"].is_object());
}
