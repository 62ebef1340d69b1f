//! `perfgate run` as a whole process against a scripted service: what it writes, prints, and how it ends.

mod course;
pub(crate) mod desk;
mod find_max;
#[cfg(target_os = "linux")]
mod keys;
mod once;
#[cfg(unix)]
mod outage;
mod refusals;
#[cfg(unix)]
mod signals;
#[cfg(target_os = "linux")]
mod started;
mod told;

use std::fs;
use std::time::Duration;

use crate::support::server::{Reply, Script, Server};
use desk::{Desk, document, finished, scenario, shop, slow_shop};
use perfgate::model::run_file;

#[test]
fn a_url_is_loaded_and_the_run_can_be_inspected_and_kept_and_judged() {
    let (desk, server) = (Desk::new(), slow_shop());
    let url = server.url("/items");
    let line = format!("run {url} --rate 40 --for 500ms --output out/run.json");
    let said = desk.ends(&line, 0);
    assert!(said.out.contains("\nGET /items "), "{}", said.out);
    assert!(said.out.contains("\ngenerator "), "{}", said.out);
    assert!(said.out.contains("\nrun: out/run.json\n"), "{}", said.out);
    let next = "next: perfgate baseline update --baseline main.json out/run.json";
    assert!(said.out.contains(next), "{}", said.out);
    assert!(!said.out.contains("PARTIAL") && !said.out.contains("INVALID"));
    let run = run_file::parse(&desk.read("out/run.json"))
        .unwrap()
        .remove(0);
    assert!(run.provenance.environment.key().is_some());
    assert!(run.subjects.contains_key("GET /items"));
    let errors = &desk.document("out/run.json")["subjects"]["GET /items"]["errors"];
    let loaded = server.log().of("/items").0.len();
    assert_eq!(loaded, 20, "40 a second for half a second: {errors}");
    let inspected = desk.ends("inspect out/run.json", 0);
    assert!(inspected.out.contains("GET /items"), "{}", inspected.out);
    desk.ends("baseline update --baseline main.json out/run.json", 0);
    desk.ends("check --baseline main.json out/run.json", 0);
}

#[test]
fn without_a_name_the_run_is_called_after_its_time_and_nothing_is_overwritten() {
    let (desk, server) = (Desk::new(), shop());
    for _ in 0..2 {
        // As people type it: without a scheme.
        let address = server.address();
        desk.ends(&format!("run {address}/items --users 2 --for 100ms"), 0);
    }
    let files = desk.names("perfgate-results");
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(
        files
            .iter()
            .all(|name| name.ends_with(".json") && !name.contains(':'))
    );
}

/// As in a slim container.
#[test]
fn without_certificate_authorities_whatever_has_no_tls_is_loaded_and_watched() {
    let script = Script::new().on("/items", |_| {
        Reply::text("ok").after(Duration::from_millis(5))
    });
    let server = Server::start(script.on("/metrics", |_| Reply::text("heap_bytes 4096\n")));
    let desk = Desk::new();
    let watched = "[[watch]]\nname = \"shop\"\nprometheus = \"/metrics\"\n\
                   metrics = [{ name = \"heap_bytes\", unit = \"B\", better = \"lower\" }]\n";
    desk.write("api.toml", &scenario(&server, 0.3, watched));
    let line = "run api.toml --output run.json";
    let mut command = desk.command(line);
    command.env("SSL_CERT_FILE", "absent.pem");
    command.env("SSL_CERT_DIR", "absent");
    finished(command.spawn().unwrap(), line, 0);
    let heap = &desk.document("run.json")["subjects"]["shop"]["heap_bytes"];
    assert_eq!(heap["value"], 4096.0, "{heap}");
}

#[test]
fn standard_output_can_be_the_run_file_itself_and_nothing_else() {
    let (desk, server) = (Desk::new(), shop());
    let url = server.url("/items");
    let line = format!(
        "run {url} --users 2 --for 1100ms --format json --output run.json --commit abc --session night --environment lab"
    );
    let said = desk.ends(&line, 0);
    assert_eq!(said.out, desk.read("run.json"));
    assert_eq!(said.err, "", "a log gets a line every ten seconds");
    let run = document(&said.out);
    assert_eq!(run["commit"], "abc");
    assert_eq!(run["session"], "night");
    assert_eq!(run["environment"]["key"], "lab");
}

#[test]
fn a_scenario_is_loaded_with_what_flags_replace_and_says_that_they_did() {
    let (desk, server) = (Desk::new(), shop());
    desk.write("load/api.toml", &scenario(&server, 30.0, ""));
    let line = "run load/api.toml --users 3 --for 100ms --output run.json";
    let said = desk.ends(line, 0);
    let warning = "warning: not the load that load/api.toml says: --users 3 --for 0.1s";
    assert!(said.out.contains(warning), "{}", said.out);
    assert_eq!(desk.document("run.json")["scenario"], "api");
    assert!(server.connections() >= 3, "one of each user");
    let refused = desk.ends("run load/api.toml --method POST --output no.json", 2);
    let why = "--method is for a URL";
    assert!(refused.err.contains(why), "{}", refused.err);
    assert!(!desk.has("no.json"));
}

#[test]
fn the_next_command_is_the_gate_where_there_is_a_baseline() {
    let (desk, server) = (Desk::new(), shop());
    desk.write("perfgate.toml", "baseline = \"main.json\"\n");
    let url = server.url("/items");
    let line = format!("run {url} --users 2 --for 100ms --output run.json");
    let first = desk.ends(&line, 0).out;
    let next = "\nnext: perfgate baseline update run.json\n";
    assert!(first.contains(next), "{first}");
    desk.ends("baseline update run.json", 0);
    let second = desk.ends(&line, 0).out;
    let next = "\nnext: perfgate check run.json\n";
    assert!(second.contains(next), "{second}");
}

#[test]
fn check_and_baseline_update_run_the_scenarios_of_the_config() {
    let (desk, server) = (Desk::new(), shop());
    desk.write("load/api.toml", &scenario(&server, 0.1, ""));
    desk.write(
        "perfgate.toml",
        "baseline = \"main.json\"\n[[source]]\nscenario = \"load/api.toml\"\nruns = 2\n",
    );
    let first = desk.ends("check", 0);
    let running = "running load/api.toml, 2 of 2";
    assert!(first.err.contains(running), "{}", first.err);
    let judging = "\njudging perfgate-results/api-1.json, perfgate-results/api-2.json\n";
    assert!(first.err.contains(judging), "{}", first.err);
    let next = "on the base branch, run `perfgate baseline update --baseline main.json`";
    assert!(first.err.contains(next), "{}", first.err);
    assert_eq!(desk.names("perfgate-results"), ["api-1.json", "api-2.json"]);
    let updated = desk.ends("baseline update", 0);
    let added = "main.json: added 2 runs";
    assert!(updated.out.contains(added), "{}", updated.out);
    let next = "\nnext: perfgate check --baseline main.json\n";
    assert!(updated.out.contains(next), "{}", updated.out);
    let adding = "\nadding perfgate-results/api-1.json, perfgate-results/api-2.json\n";
    assert!(updated.err.contains(adding), "{}", updated.err);
    let judged = desk.ends("check --max-regression 900% --format json", 0);
    let compared = &document(&judged.out)["counts"]["compared"];
    assert!(compared.as_u64().unwrap() > 0);
    fs::create_dir(desk.path("sub")).unwrap();
    desk.ends("-C sub check --max-regression 900%", 0);
    assert!(desk.names("sub").is_empty(), "runs lie beside the config");
}
