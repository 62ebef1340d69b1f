//! `perfgate run` as a whole process against a small service: what it writes, prints, and how it ends.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use perfgate::model::run_file;
use serde_json::Value;

/// Answers every request with 200 until the test ends.
fn service() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(stream: TcpStream) {
    drop(stream.set_nodelay(true));
    let Ok(mut out) = stream.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|n| n > 0) {
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            let mut body = vec![0; std::mem::take(&mut length)];
            if reader.read_exact(&mut body).is_err() {
                return;
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            if out.write_all(answer).is_err() {
                return;
            }
        }
        line.clear();
    }
}

struct Desk(tempfile::TempDir);

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::create_dir(desk.path(".git")).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn files(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfgate"));
        command
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn ends(&self, line: &str, code: i32) -> Said {
        let child = self.command(line).spawn().unwrap();
        finished(child, line, code)
    }

    /// A scenario of one request, for so long.
    fn scenario(&self, name: &str, address: SocketAddr, seconds: f64) {
        let text = format!("url = \"http://{address}/items\"\nusers = 2\nfor = \"{seconds}s\"\n");
        self.write(name, &text);
    }
}

fn finished(child: Child, line: &str, code: i32) -> Said {
    let output = child.wait_with_output().unwrap();
    let said = Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    assert_eq!(said.code, Some(code), "{line}\n{}\n{}", said.out, said.err);
    said
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_url_is_loaded_and_the_run_can_be_inspected_and_kept_and_judged() {
    let (desk, address) = (Desk::new(), service());
    let line = format!("run http://{address}/items --rate 200 --for 300ms --output out/run.json");
    let said = desk.ends(&line, 0);
    assert!(said.out.contains("GET /items"), "{}", said.out);
    assert!(said.out.contains("run: out/run.json\n"), "{}", said.out);
    let next = "next: perfgate baseline update --baseline main.json out/run.json";
    assert!(said.out.contains(next), "{}", said.out);
    assert!(!said.out.contains("PARTIAL") && !said.out.contains("INVALID"));
    let run = run_file::parse(&desk.read("out/run.json"))
        .unwrap()
        .remove(0);
    assert!(run.provenance.environment.key().is_some());
    assert!(run.subjects.contains_key("GET /items"));
    desk.ends("inspect out/run.json", 0);
    desk.ends("baseline update --baseline main.json out/run.json", 0);
    desk.ends("check --baseline main.json out/run.json", 0);
}

#[test]
fn without_a_name_the_run_is_called_after_its_time_and_nothing_is_overwritten() {
    let (desk, address) = (Desk::new(), service());
    for _ in 0..2 {
        desk.ends(&format!("run {address}/items --users 2 --for 100ms"), 0);
    }
    let files = desk.files("perfgate-results");
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(
        files
            .iter()
            .all(|name| name.ends_with(".json") && !name.contains(':'))
    );
}

#[test]
fn standard_output_can_be_the_run_file_itself_and_nothing_else() {
    let (desk, address) = (Desk::new(), service());
    let line = format!(
        "run {address}/items --for 100ms --format json --output run.json --commit abc --session night --environment lab"
    );
    let said = desk.ends(&line, 0);
    assert_eq!(said.out, desk.read("run.json"));
    let run = document(&said.out);
    assert_eq!(run["commit"], "abc");
    assert_eq!(run["session"], "night");
    assert_eq!(run["environment"]["key"], "lab");
}

#[test]
fn a_scenario_is_loaded_with_what_flags_replace_and_says_that_they_did() {
    let (desk, address) = (Desk::new(), service());
    desk.scenario("load/api.toml", address, 30.0);
    let line = "run load/api.toml --users 3 --for 100ms --output run.json";
    let said = desk.ends(line, 0);
    let warning = "warning: not the load that load/api.toml says: --users 3 --for 0.1s";
    assert!(said.out.contains(warning), "{}", said.out);
    let refused = desk.ends("run load/api.toml --method POST --output no.json", 2);
    assert!(
        refused.err.contains("--method is for a URL"),
        "{}",
        refused.err
    );
    assert!(!desk.path("no.json").exists());
}

#[test]
fn what_cannot_be_loaded_is_told_with_a_hint_and_writes_nothing() {
    let desk = Desk::new();
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    desk.write("bad.toml", "url = \"http://127.0.0.1:1/\"\nrat = 5\n");
    for (line, because) in [
        (format!("run http://{gone}/ --for 100ms"), gone.to_string()),
        (
            "run bad.toml".to_owned(),
            "bad.toml:2:1: unknown key `rat`".to_owned(),
        ),
        ("run absent.toml".to_owned(), "read absent.toml".to_owned()),
        (
            "run http://192.0.2.1/ --for 100ms".to_owned(),
            "192.0.2.1".to_owned(),
        ),
    ] {
        let said = desk.ends(&format!("{line} --output run.json"), 2);
        assert!(
            said.err.contains("error: ") && said.err.contains(&because),
            "{}",
            said.err
        );
        assert!(said.out.is_empty());
        assert!(!desk.path("run.json").exists(), "{line}");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_told_before_anything_is_loaded() {
    let (desk, address) = (Desk::new(), service());
    desk.write("file", "");
    let begun = Instant::now();
    let line = format!("run {address}/items --for 60s --output file/run.json");
    let said = desk.ends(&line, 2);
    assert!(said.err.contains("file"), "{}", said.err);
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[cfg(unix)]
mod signals {
    use super::*;
    use rustix::process::{Pid, Signal, kill_process};

    fn signal(child: &Child, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    #[test]
    fn an_interrupted_run_is_kept_and_called_partial() {
        for (name, which) in [("int", Signal::INT), ("term", Signal::TERM)] {
            let (desk, address) = (Desk::new(), service());
            let line = format!("run {address}/items --for 60s --output {name}.json");
            let child = desk.command(&line).spawn().unwrap();
            thread::sleep(Duration::from_millis(700));
            signal(&child, which);
            let begun = Instant::now();
            let said = finished(child, &line, 130);
            assert!(begun.elapsed() < Duration::from_secs(20));
            assert!(said.out.starts_with("PARTIAL"), "{}", said.out);
            assert!(!said.out.contains("next:"), "{}", said.out);
            assert!(said.err.contains("stopping; "), "{}", said.err);
            let file = format!("{name}.json");
            assert_eq!(document(&desk.read(&file))["partial"], true);
            let refused = desk.ends(&format!("baseline update --baseline main.json {file}"), 2);
            assert!(refused.err.contains("a partial run"), "{}", refused.err);
            assert!(!desk.path("main.json").exists());
        }
    }

    #[test]
    fn a_signal_while_nothing_is_measured_ends_the_program_at_once() {
        let (desk, address) = (Desk::new(), service());
        desk.scenario("api.toml", address, 0.1);
        desk.write(
            "perfgate.toml",
            "baseline = \"main.json\"\n[[source]]\nscenario = \"api.toml\"\n\
             [[source]]\ncommand = \"touch begun; exec sleep 5 >/dev/null 2>&1\"\nresults = \"x.json\"\n",
        );
        let child = desk.command("check").spawn().unwrap();
        let begun = Instant::now();
        while !desk.path("begun").exists() && begun.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(20));
        }
        let begun = Instant::now();
        signal(&child, Signal::TERM);
        finished(child, "check", 130);
        assert!(begun.elapsed() < Duration::from_secs(3));
    }

    #[test]
    fn a_check_whose_load_is_interrupted_judges_nothing() {
        let (desk, address) = (Desk::new(), service());
        desk.scenario("load/api.toml", address, 60.0);
        desk.write(
            "perfgate.toml",
            "baseline = \"main.json\"\n[[source]]\nscenario = \"load/api.toml\"\nruns = 3\n",
        );
        let child = desk.command("check").spawn().unwrap();
        thread::sleep(Duration::from_millis(700));
        signal(&child, Signal::INT);
        let said = finished(child, "check", 130);
        assert!(said.out.is_empty(), "{}", said.out);
        assert!(said.err.contains("interrupted"), "{}", said.err);
        assert_eq!(desk.files("perfgate-results"), ["api-1.json"]);
        assert_eq!(
            document(&desk.read("perfgate-results/api-1.json"))["partial"],
            true
        );
    }
}

#[test]
fn the_next_command_is_the_gate_where_there_is_a_baseline() {
    let (desk, address) = (Desk::new(), service());
    desk.write("perfgate.toml", "baseline = \"main.json\"\n");
    let line = format!("run {address}/items --for 100ms --output run.json");
    let first = desk.ends(&line, 0).out;
    assert!(
        first.contains("\nnext: perfgate baseline update run.json\n"),
        "{first}"
    );
    desk.ends("baseline update run.json", 0);
    let second = desk.ends(&line, 0).out;
    assert!(
        second.contains("\nnext: perfgate check run.json\n"),
        "{second}"
    );
}

#[test]
fn check_and_baseline_update_run_the_scenarios_of_the_config() {
    let (desk, address) = (Desk::new(), service());
    desk.scenario("load/api.toml", address, 0.2);
    desk.write(
        "perfgate.toml",
        "baseline = \"main.json\"\n[[source]]\nscenario = \"load/api.toml\"\nruns = 2\n",
    );
    let first = desk.ends("check", 0);
    assert!(
        first.err.contains("running load/api.toml, 2 of 2"),
        "{}",
        first.err
    );
    let next = "on the base branch, run `perfgate baseline update --baseline main.json`";
    assert!(first.err.contains(next), "{}", first.err);
    assert_eq!(desk.files("perfgate-results"), ["api-1.json", "api-2.json"]);
    let updated = desk.ends("baseline update", 0);
    assert!(
        updated.out.contains("main.json: added 2 runs"),
        "{}",
        updated.out
    );
    let judged = desk.ends("check --max-regression 900% --format json", 0);
    assert!(
        document(&judged.out)["counts"]["compared"]
            .as_u64()
            .unwrap()
            > 0
    );
    let below = desk.path("sub");
    fs::create_dir(&below).unwrap();
    desk.ends("-C sub check --max-regression 900%", 0);
    assert!(desk.files("sub").is_empty(), "runs lie beside the config");
}
