//! Commands that are killed while they write: nothing is half-written, and the next call leaves nothing behind.
//!
//! `PERFGATE_KILLS` is how often each command is killed; by default few times, so that the suite stays short.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::desk::Desk;

fn kills() -> usize {
    let said = std::env::var("PERFGATE_KILLS").ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(10)
}

/// One command, the files that it writes, and how one of them is known to be whole.
struct Killed<'a> {
    desk: &'a Desk,
    line: &'a str,
    outputs: &'a [&'a str],
    is_whole: fn(&str, &str) -> bool,
}

impl Killed<'_> {
    fn hold(&self) {
        let begun = Instant::now();
        self.desk.ends(self.line, 0);
        let takes = begun.elapsed();
        let expected: BTreeSet<String> = self.desk.names("").into_iter().collect();
        for kill in 0..kills() {
            let mut child = self
                .desk
                .command(self.line)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            if kill % 2 == 0 {
                thread::sleep(takes.mul_f64(fastrand::f64() * 1.2));
            } else {
                // While it writes: its file has another name then.
                let until = Instant::now() + takes * 3;
                while Instant::now() < until
                    && child.try_wait().unwrap().is_none()
                    && !self
                        .desk
                        .names("")
                        .iter()
                        .any(|name| name.ends_with(".tmp"))
                {}
                thread::sleep(Duration::from_micros(fastrand::u64(0..1500)));
            }
            // It may have ended by itself.
            drop(child.kill());
            child.wait().unwrap();
            for output in self.outputs {
                let text = self.desk.read(output);
                let whole = (self.is_whole)(output, &text);
                assert!(whole, "{}\n{output} is cut:\n{text}", self.line);
            }
        }
        self.desk.ends(self.line, 0);
        let left: BTreeSet<String> = self.desk.names("").into_iter().collect();
        assert_eq!(left, expected, "{}", self.line);
    }
}

/// What a report of the same verdict ends with.
fn whole_report(name: &str, text: &str) -> bool {
    match name {
        "out.json" => serde_json::from_str::<serde_json::Value>(text).is_ok(),
        "out.xml" => text.trim_end().ends_with("</testsuites>"),
        _ => !text.is_empty() && text.ends_with('\n'),
    }
}

fn whole_json(_: &str, text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

/// So many runs of so many subjects: enough that writing takes a while.
fn many(runs: usize, hour: usize) -> String {
    let mut text = String::new();
    for run in 0..runs {
        let subjects: Vec<String> = (0..60)
            .map(|subject| {
                let samples: Vec<String> = (0..20)
                    .map(|n| format!("{}", 10.0 + f64::from((subject * 7 + n * 3) % 13) / 100.0))
                    .collect();
                let samples = samples.join(", ");
                format!(
                    "\"s{subject}\": {{\"time\": {{\"unit\": \"ms\", \"samples\": [{samples}]}}}}"
                )
            })
            .collect();
        writeln!(
            text,
            "{{\"schema\": \"perfgate.run/1\", \"started_at\": \"2026-11-20T{hour:02}:{run:02}:00Z\", \"session\": \"s{hour}\", \
             \"environment\": {{\"key\": \"lab\"}}, \"subjects\": {{{}}}}}",
            subjects.join(", ")
        )
        .unwrap();
    }
    text
}

#[test]
fn a_killed_check_leaves_every_report_whole() {
    let desk = Desk::with_results();
    Killed {
        desk: &desk,
        line: "check --baseline main.json now.ndjson --report json=out.json --report junit=out.xml --report text=out.txt \
               --report markdown=out.md --report github=out.log",
        outputs: &["out.json", "out.xml", "out.txt", "out.md", "out.log"],
        is_whole: |name, text| name == "out.log" || whole_report(name, text),
    }
    .hold();
}

#[test]
fn a_killed_compare_leaves_every_report_whole() {
    let desk = Desk::with_results();
    Killed {
        desk: &desk,
        line: "compare old.ndjson now.ndjson --report json=out.json --report markdown=out.md",
        outputs: &["out.json", "out.md"],
        is_whole: whole_report,
    }
    .hold();
}

#[test]
fn a_killed_update_leaves_a_whole_baseline() {
    let desk = Desk::with_results();
    desk.write("first.ndjson", &many(6, 10));
    desk.write("more.ndjson", &many(6, 11));
    // The window is so small that each call changes the file: the older runs come and go.
    desk.ends("baseline update --baseline many.json first.ndjson", 0);
    for file in ["more", "first"] {
        let line = format!("baseline update --baseline many.json --window 5 {file}.ndjson");
        Killed {
            desk: &desk,
            line: &line,
            outputs: &["many.json"],
            is_whole: whole_json,
        }
        .hold();
        desk.ends("baseline show --baseline many.json", 0);
        std::fs::remove_file(desk.path("many.json")).unwrap();
        desk.ends("baseline update --baseline many.json more.ndjson", 0);
    }
}

#[test]
fn a_killed_pin_leaves_a_whole_baseline() {
    let desk = Desk::with_results();
    desk.write("first.ndjson", &many(6, 10));
    desk.ends("baseline update --baseline many.json first.ndjson", 0);
    for line in [
        "baseline pin --baseline many.json --label v1",
        "baseline pin --baseline many.json --remove",
    ] {
        Killed {
            desk: &desk,
            line,
            outputs: &["many.json"],
            is_whole: whole_json,
        }
        .hold();
    }
    desk.ends("baseline show --baseline many.json", 0);
}

#[test]
fn a_killed_merge_leaves_a_whole_run() {
    let desk = Desk::with_results();
    let one = many(1, 10);
    desk.write("a.json", &one);
    desk.write("b.json", &one.replace("10.1", "10.2"));
    Killed {
        desk: &desk,
        line: "merge a.json b.json --output both.json",
        outputs: &["both.json"],
        is_whole: whole_json,
    }
    .hold();
}

/// Answers every request on every connection.
pub(crate) fn service() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut bytes = [0; 4096];
                while stream.read(&mut bytes).is_ok_and(|n| n > 0) {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                    if stream.write_all(answer).is_err() {
                        return;
                    }
                    thread::sleep(Duration::from_millis(1));
                }
            });
        }
    });
    address
}

#[test]
fn a_killed_run_leaves_a_whole_run_or_the_one_before() {
    let desk = Desk::with_results();
    let address = service();
    let line = format!("run http://{address}/ --users 1 --for 100ms --output run.json");
    Killed {
        desk: &desk,
        line: &line,
        outputs: &["run.json"],
        is_whole: whole_json,
    }
    .hold();
}

#[test]
fn killed_runs_without_a_name_leave_whole_runs_and_nothing_else() {
    let desk = Desk::with_results();
    let address = service();
    let line = format!("run http://{address}/ --users 1 --for 50ms");
    desk.ends(&line, 0);
    for _ in 0..kills() {
        let mut child = desk
            .command(&line)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(fastrand::u64(20..250)));
        drop(child.kill());
        child.wait().unwrap();
    }
    desk.ends(&line, 0);
    for name in desk.names("perfgate-results") {
        assert!(name.ends_with(".json") && !name.starts_with('.'), "{name}");
        assert!(whole_json(
            &name,
            &desk.read(&format!("perfgate-results/{name}"))
        ));
    }
}

#[test]
fn a_signal_hides_no_earlier_result_of_a_source() {
    let desk = Desk::with_results();
    let address = service();
    desk.write(
        "api.toml",
        &format!("base = \"http://{address}\"\n[[step]]\nget = \"/\"\n[load]\nusers = 1\nduration = \"100ms\"\n"),
    );
    desk.write(
        "perfgate.toml",
        "baseline = \"first.json\"\n[[source]]\nscenario = \"api.toml\"\n",
    );
    desk.ends("check --report json=out.json", 0);
    for _ in 0..kills() / 2 {
        let mut child = desk
            .command("check --report json=out.json")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(fastrand::u64(20..350)));
        drop(child.kill());
        child.wait().unwrap();
        assert!(whole_json("", &desk.read("out.json")));
        assert!(whole_json("", &desk.read("perfgate-results/api-1.json")));
    }
    desk.ends("check --report json=out.json", 0);
    assert_eq!(desk.names("perfgate-results"), ["api-1.json"]);
    assert!(desk.names("").iter().all(|name| !name.ends_with(".tmp")));
}
