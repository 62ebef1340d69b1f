//! Services as the two versions.

use std::time::Duration;

use serde_json::{Value, json};

use super::desk::Desk;
use super::served::command;
use super::{comparison, notes};

const SCENARIO: &str = r#"
base = "http://127.0.0.1:9"

[load]
users = 2
duration = "10s"

[[step]]
get = "/items"
"#;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("load.toml", SCENARIO);
    desk
}

fn ab<'a>(base: &'a str, head: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut line = vec![
        "ab",
        "--base",
        base,
        "--head",
        head,
        "--scenario",
        "load.toml",
        "--window",
        "400ms",
    ];
    line.extend_from_slice(more);
    line
}

/// A profiler that sees two functions, and at its second call more of the one; the process has to be there.
const PROFILER: &str = r#"
kill -0 "$1" || exit 9
test "$2" = 10 || exit 8
if test -e called; then query=150; else query=50; fi
echo "$1" >> called
printf 'main (app.py:1);handle (app.py:7);query (app.py:9) %s\n' "$query" > "$3"
printf 'main (app.py:1);handle (app.py:7);<script>alert(1)</script> 50\n' >> "$3"
"#;

#[test]
fn a_service_with_more_work_is_red_and_every_block_has_a_launch_of_its_own() {
    let desk = desk();
    desk.write("profiler.sh", PROFILER);
    desk.write(
        "perfgate.toml",
        "[ab]\nprofile = \"sh profiler.sh {pid} {seconds} {out}\"\n",
    );
    let (base, head) = (command("WORK_US=3000"), command("WORK_US=6000"));
    let more = [
        "--format",
        "json",
        "--output",
        "kept",
        "--report",
        "html=page.html",
    ];
    let said = desk.ends(&ab(&base, &head, &more), 1);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    let latency = comparison(&verdict, "GET /items", "latency");
    assert_eq!(latency["outcome"], "regressed", "{latency:#}");
    let told = notes(&verdict);
    assert!(told.contains("launches of each service"), "{told}");
    assert_eq!(desk.processes_with("ab::served::serving"), 0);
    let kept: Value = serde_json::from_str(&desk.read("kept/head.json")).unwrap();
    assert!(kept.as_array().unwrap().len() >= 10);
    let each: Vec<String> = desk.read("called").lines().map(str::to_owned).collect();
    assert!(each.len() == 2 && each[0] != each[1], "{each:?}");
    let profile = &verdict["profiles"][0];
    // Both moved by a quarter; what grew stands first.
    assert_eq!(profile["functions"][0]["function"], "query (app.py)");
    let shrunk = &profile["functions"][1];
    assert_eq!(
        shrunk["function"], "<script>alert(1)</script>",
        "{profile:#}"
    );
    assert_eq!(
        (&shrunk["base"], &shrunk["head"]),
        (&json!(0.5), &json!(0.25))
    );
    let page = desk.read("page.html");
    assert!(page.contains("own time of functions"), "{page}");
    assert!(page.contains("rect class=\"frame more\""), "{page}");
    assert!(!page.contains("<script>alert"), "{page}");
}

#[test]
fn of_a_service_all_processes_are_watched() {
    let desk = Desk::new();
    desk.write(
        "load.toml",
        &format!(
            "{SCENARIO}[service]\ncommand = \"true\"\nready = {{ url = \"/\" }}\n[[watch]]\nservice = true\n"
        ),
    );
    // The shell stays in front of the service, and does nothing.
    let below_a_shell = command("SPIN_US=3000").replace("exec ", "") + "; true";
    let once = ["--max-rounds", "1", "--output", "kept"];
    desk.ends(&ab(&below_a_shell, &below_a_shell, &once), 0);
    for side in ["base", "head"] {
        let kept: Value = serde_json::from_str(&desk.read(&format!("kept/{side}.json"))).unwrap();
        let run = kept.as_array().map_or(&kept, |runs| &runs[0]);
        let cpu = &run["subjects"]["service"]["cpu_per_request"]["value"];
        let cpu = cpu.as_f64().unwrap_or_else(|| panic!("{run:#}"));
        assert!(cpu > 0.5, "{side}: {cpu} ms a request");
    }
}

#[test]
fn services_that_do_the_same_pass_with_the_idle_one_stopped() {
    let desk = desk();
    let same = command("WORK_US=3000");
    let more = [
        "--pause-idle",
        "--max-regression",
        "60%",
        "--report",
        "json=verdict.json",
    ];
    let said = desk.ends(&ab(&same, &same, &more), 0);
    assert!(said.out.starts_with("PASS"), "{}", said.out);
    let verdict: Value = serde_json::from_str(&desk.read("verdict.json")).unwrap();
    let spent = |what: &str| verdict["spent"][what].as_f64().unwrap();
    // Five rounds of two windows, and three launches of both that are warmed up by a window each.
    assert!(spent("loading_s") >= 3.9, "{verdict:#}");
    assert!(spent("warming_up_s") >= 2.4, "{verdict:#}");
    assert_eq!(desk.processes_with("ab::served::serving"), 0);
}

#[test]
fn a_service_that_never_gets_ready_or_dies_is_told_with_its_side_and_what_it_printed() {
    let desk = desk();
    let (good, broken, mortal) = (
        command("WORK_US=1000"),
        command("BROKEN=1"),
        command("LIFE=1500"),
    );
    let said = desk.ends(&ab(&good, &broken, &[]), 2);
    for part in [
        "start the service of head",
        "exit status 3",
        "no such database",
    ] {
        assert!(said.err.contains(part), "{}", said.err);
    }
    let said = desk.ends(&ab(&mortal, &good, &[]), 2);
    for part in ["base", "exit status 7", "my life is over"] {
        assert!(said.err.contains(part), "{}", said.err);
    }
    assert_eq!(desk.processes_with("ab::served::serving"), 0);
}

#[test]
fn a_service_that_fails_more_often_is_red_for_its_errors_and_not_for_its_speed() {
    let desk = desk();
    let (base, head) = (
        command("WORK_US=3000"),
        command("WORK_US=1000 FAILS_EVERY=5"),
    );
    let said = desk.ends(&ab(&base, &head, &["--format", "json"]), 1);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        comparison(&verdict, "GET /items", "errors")["outcome"],
        "regressed"
    );
    assert_eq!(
        comparison(&verdict, "GET /items", "latency")["outcome"],
        "incomparable"
    );
}

#[test]
fn services_that_run_already_are_loaded_where_they_are() {
    let desk = desk();
    let running: Vec<(std::process::Child, String)> = ["WORK_US=2000", "WORK_US=5000"]
        .iter()
        .map(|variables| {
            let port = std::net::TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let line = command(variables).replace("{port}", &port.to_string());
            let child = std::process::Command::new("sh")
                .args(["-c", &line])
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap();
            let answers = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
            for _ in 0..200 {
                if answers() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            (child, format!("http://127.0.0.1:{port}"))
        })
        .collect();
    let said = desk.run(&[
        "ab",
        "--base-url",
        &running[0].1,
        "--head-url",
        &running[1].1,
        "--scenario",
        "load.toml",
        "--window",
        "300ms",
        "--format",
        "json",
    ]);
    for (mut child, _) in running {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(said.code, Some(1), "{}", said.err);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    assert!(
        notes(&verdict).contains("ran already"),
        "{}",
        notes(&verdict)
    );
}

#[test]
fn what_is_no_service_is_not_paused_and_what_writes_results_has_no_window() {
    let ab = |more: &[&str]| {
        let mut arguments = vec!["ab", "--base", "true", "--head", "true"];
        arguments.extend(more);
        desk().ends(&arguments, 2).err
    };
    let told = ab(&["--pause-idle"]);
    assert!(told.contains("no scenario"), "{told}");
    let told = ab(&["--results", "out.json", "--window", "1s"]);
    assert!(
        told.contains("its windows are as long as it runs"),
        "{told}"
    );
}

#[test]
fn a_profiler_that_fails_is_a_note_and_changes_nothing() {
    let desk = Desk::new();
    desk.write("perfgate.toml", "[ab]\nprofile = \"exit 3\"\n");
    let line = [
        "ab",
        "--base",
        "sleep 0.02",
        "--head",
        "sleep 0.05",
        "--format",
        "json",
    ];
    let said = desk.ends(&line, 1);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    let told = notes(&verdict);
    assert!(told.contains("there is no profile"), "{told}");
    assert!(
        told.contains("exit status 3") || told.contains("exit status: 3"),
        "{told}"
    );
    assert_eq!(verdict["profiles"], Value::Null);
}
