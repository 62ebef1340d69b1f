//! Ctrl-C and SIGTERM: what was measured is kept, and where nothing is, the program ends at once.

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::desk::{Desk, comes, finished, scenario, shop};
use crate::support::server::tls::ca;
use crate::support::server::{Reply, Script, Server};

pub(crate) fn send(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// As somebody impatient does: on a busy machine two signals may arrive as one.
pub(crate) fn send_until_it_ends(child: &mut Child, signal: Signal) {
    while child.try_wait().unwrap().is_none() {
        send(child, signal);
        thread::sleep(Duration::from_millis(50));
    }
}

fn is_loaded(server: &Server) -> bool {
    comes(|| server.log().0.len() > 20)
}

#[test]
fn an_interrupted_run_is_kept_and_called_partial() {
    for (name, which) in [
        ("int", Signal::INT),
        ("term", Signal::TERM),
        ("hup", Signal::HUP),
    ] {
        let (desk, server) = (Desk::new(), shop());
        let url = server.url("/items");
        let line = format!("run {url} --users 2 --for 60s --output {name}.json");
        let child = desk.spawn(&line);
        assert!(is_loaded(&server));
        send(&child, which);
        let begun = Instant::now();
        let said = finished(child, &line, 130);
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert!(said.out.starts_with("PARTIAL  "), "{}", said.out);
        assert!(said.out.contains("\nGET /items "), "{}", said.out);
        assert!(!said.out.contains("next:"), "{}", said.out);
        let told = "stopping; what was measured is kept. Once more ends at once\n";
        assert_eq!(said.err, told);
        let file = format!("{name}.json");
        assert_eq!(desk.document(&file)["partial"], true);
        let refused = desk.ends(&format!("baseline update --baseline main.json {file}"), 2);
        assert!(refused.err.contains("a partial run"), "{}", refused.err);
        assert!(!desk.has("main.json"));
    }
}

#[test]
fn whoever_asks_a_run_how_it_goes_is_told_and_it_goes_on() {
    let (desk, server) = (Desk::new(), shop());
    let url = server.url("/items");
    let line = format!("run {url} --users 2 --for 1500ms --output run.json");
    let child = desk.spawn(&line);
    assert!(is_loaded(&server));
    send(&child, Signal::USR1);
    let said = finished(child, &line, 0);
    let told = said.err.trim_end();
    assert!(
        told.ends_with(" so far") && told.contains("/s  0 errors  p50 "),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(desk.document("run.json").get("partial").is_none());
}

#[test]
fn whoever_asks_what_a_source_does_is_told_its_command() {
    let desk = Desk::new();
    desk.write(
        "perfgate.toml",
        "baseline = \"main.json\"\n[[source]]\ncommand = \"touch begun; exec sleep 1\"\nresults = \"x.json\"\n",
    );
    let child = desk.spawn("check");
    assert!(comes(|| desk.has("begun")));
    send(&child, Signal::USR1);
    let said = finished(child, "check", 2);
    let told = "`touch begun; exec sleep 1` has run for 0ms of at most ";
    assert!(said.err.contains(told), "{}", said.err);
}

#[test]
fn a_run_that_shall_outlive_its_terminal_does() {
    let (desk, server) = (Desk::new(), shop());
    let url = server.url("/items");
    let line = format!("run {url} --users 2 --for 1s --output run.json");
    let mut command = desk.command(&line);
    let mut nohup = std::process::Command::new("nohup");
    nohup.arg(command.get_program()).args(command.get_args());
    desk.at_home(&mut nohup);
    command = nohup;
    let child = command.spawn().unwrap();
    assert!(is_loaded(&server));
    send(&child, Signal::HUP);
    finished(child, &line, 0);
    assert!(desk.document("run.json").get("partial").is_none());
}

#[test]
fn a_second_signal_does_not_wait_for_what_is_under_way() {
    let desk = Desk::new();
    let server = Server::start(Script::new().on("/items", |_| Reply::silence()));
    let url = server.url("/items");
    let line = format!("run {url} --users 1 --for 60s --output run.json");
    let mut child = desk.spawn(&line);
    assert!(comes(|| !server.log().0.is_empty()));
    send_until_it_ends(&mut child, Signal::INT);
    let said = finished(child, &line, 130);
    assert_eq!(said.out, "");
    assert!(!desk.has("run.json"));
}

#[test]
fn a_signal_while_a_connection_is_tried_is_no_run() {
    // A TLS server that never says a word: nothing was sent, and nothing can be kept.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let desk = Desk::new();
    // Whatever authorities the system has.
    std::fs::copy(ca(), desk.path("ca.pem")).unwrap();
    let line = format!("run https://{address}/ --users 1 --for 1s --ca ca.pem --output run.json");
    let child = desk.spawn(&line);
    let held = listener.accept().unwrap();
    let begun = Instant::now();
    send(&child, Signal::INT);
    let said = finished(child, &line, 130);
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert!(said.err.starts_with("error: interrupted"), "{}", said.err);
    assert!(!desk.has("run.json"));
    drop(held);
}

#[test]
fn a_signal_while_nothing_is_measured_ends_the_program_at_once() {
    let (desk, server) = (Desk::new(), shop());
    desk.write("api.toml", &scenario(&server, 0.1, ""));
    desk.write(
        "perfgate.toml",
        "baseline = \"main.json\"\n[[source]]\nscenario = \"api.toml\"\n\
         [[source]]\ncommand = \"touch begun; exec sleep 5 >/dev/null 2>&1\"\nresults = \"x.json\"\n",
    );
    let child = desk.spawn("check");
    assert!(comes(|| desk.has("begun")));
    let begun = Instant::now();
    send(&child, Signal::TERM);
    finished(child, "check", 130);
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_check_whose_load_is_interrupted_judges_nothing() {
    let (desk, server) = (Desk::new(), shop());
    desk.write("load/api.toml", &scenario(&server, 60.0, ""));
    desk.write(
        "perfgate.toml",
        "baseline = \"main.json\"\n[[source]]\nscenario = \"load/api.toml\"\nruns = 3\n",
    );
    let child = desk.spawn("check");
    assert!(is_loaded(&server));
    send(&child, Signal::INT);
    let said = finished(child, "check", 130);
    assert!(said.out.is_empty(), "{}", said.out);
    assert!(said.err.contains("interrupted"), "{}", said.err);
    assert_eq!(desk.names("perfgate-results"), ["api-1.json"]);
    let kept = desk.document("perfgate-results/api-1.json");
    assert_eq!(kept["partial"], true);
}

#[test]
fn a_run_that_was_suspended_is_no_measurement() {
    let (desk, server) = (Desk::new(), shop());
    let url = server.url("/items");
    let line = format!("run {url} --users 2 --for 3s --output run.json");
    let child = desk.spawn(&line);
    assert!(is_loaded(&server));
    send(&child, Signal::STOP);
    thread::sleep(Duration::from_millis(1300));
    send(&child, Signal::CONT);
    let said = finished(child, &line, 2);
    let why = desk.document("run.json")["invalid"].to_string();
    assert!(why.contains("perfgate itself did not run for 1."), "{why}");
    assert!(said.out.starts_with("INVALID  "), "{}", said.out);
}

#[test]
fn users_that_still_come_hear_a_signal_too() {
    let (desk, server) = (Desk::new(), shop());
    desk.write(
        "slow.toml",
        &format!(
            "base = \"{}\"\n[[step]]\nget = \"/items\"\n[load]\nusers = 5000\nspawn_rate = 2\nduration = \"1s\"\n",
            server.url("")
        ),
    );
    let child = desk.spawn("run slow.toml --output run.json");
    assert!(comes(|| server.connections() > 1));
    let begun = Instant::now();
    send(&child, Signal::INT);
    finished(child, "run slow.toml", 130);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}
