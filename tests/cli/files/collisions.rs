//! An output that is an input, or another output, is refused before anything is read or measured.

use std::fs;

use super::desk::Desk;

const CHECK: &str = "check --baseline main.json now.ndjson";

/// The command ends with 2, says why, and no file has changed.
fn refused(desk: &Desk, line: &str, why: &str) {
    let before = contents(desk);
    let said = desk.ends(line, 2);
    assert!(said.err.contains(why), "{line}\n{}", said.err);
    assert!(said.err.contains("\nhint: "), "{line}\n{}", said.err);
    assert_eq!(said.out, "", "{line}");
    assert_eq!(contents(desk), before, "{line}");
}

fn contents(desk: &Desk) -> Vec<(String, Vec<u8>)> {
    let names = desk.names("").into_iter();
    let read = |name: String| {
        let bytes = fs::read(desk.path(&name)).unwrap_or_default();
        (name, bytes)
    };
    names.map(read).collect()
}

#[test]
fn a_report_never_takes_the_place_of_what_is_judged() {
    let desk = Desk::with_results();
    desk.write("perfgate.toml", "baseline = \"main.json\"\n");
    desk.write("ours.md", "{{ verdict }}\n");
    for (report, input) in [
        ("json=main.json", "the baseline"),
        ("json=./main.json", "the baseline"),
        ("junit=sub/../main.json", "the baseline"),
        ("text=now.ndjson", "a result"),
        ("json=perfgate.toml", "the config file"),
        ("markdown=ours.md", "the template"),
    ] {
        let line = format!("{CHECK} --template ours.md --report {report}");
        let why = format!("it is {input}, which this command reads");
        refused(&desk, &line, &why);
    }
    // Where the baseline will be, too.
    let first = "check --baseline first.json now.ndjson --report json=first.json";
    refused(&desk, first, "it is the baseline");
    let compare = "compare old.ndjson now.ndjson --report json=old.ndjson";
    refused(&desk, compare, "it is a result");
    let other = "compare old.ndjson now.ndjson --report json=main.json";
    refused(&desk, other, "it is a baseline");
}

#[cfg(unix)]
#[test]
fn a_link_to_an_input_is_that_input() {
    let desk = Desk::with_results();
    std::os::unix::fs::symlink("main.json", desk.path("linked.json")).unwrap();
    fs::hard_link(desk.path("now.ndjson"), desk.path("hard.ndjson")).unwrap();
    std::os::unix::fs::symlink(".", desk.path("here")).unwrap();
    for (report, input) in [
        ("linked.json", "the baseline"),
        ("here/main.json", "the baseline"),
        ("hard.ndjson", "a result"),
    ] {
        let line = format!("{CHECK} --report json={report}");
        refused(&desk, &line, &format!("it is {input}"));
    }
    let through = "check --baseline linked.json now.ndjson --report json=main.json";
    refused(&desk, through, "it is the baseline");
}

#[test]
fn two_reports_never_share_a_file() {
    let desk = Desk::with_results();
    for (one, other) in [
        ("out.txt", "out.txt"),
        ("out.txt", "./out.txt"),
        ("new/out.txt", "new/../new/out.txt"),
    ] {
        let line = format!("{CHECK} --report json={one} --report junit={other}");
        refused(
            &desk,
            &line,
            "--report json and --report junit name the same file",
        );
    }
    let line = format!("{CHECK} --report json=a.json --report json=b.json");
    desk.ends(&line, 0);
    assert_eq!(desk.read("a.json"), desk.read("b.json"));
}

#[test]
fn a_result_inside_a_folder_of_results_stays() {
    let desk = Desk::with_results();
    fs::create_dir(desk.path("runs")).unwrap();
    fs::rename(desk.path("now.ndjson"), desk.path("runs/now.ndjson")).unwrap();
    let check = "check --baseline main.json runs";
    let before = desk.read("runs/now.ndjson");
    let line = format!("{check} --report json=runs/now.ndjson");
    refused(&desk, &line, "it is a result");
    assert_eq!(desk.read("runs/now.ndjson"), before);
    // A verdict beside the results is none of them, today and tomorrow.
    for _ in 0..2 {
        desk.ends(&format!("{check} --report json=runs/verdict.json"), 0);
    }
}

#[test]
fn the_results_of_sources_are_inputs_before_they_are_there() {
    let desk = Desk::with_results();
    desk.write(
        "perfgate.toml",
        "baseline = \"main.json\"\n[[source]]\nname = \"a\"\ncommand = \"touch measured\"\nresults = \"out/run{n}.json\"\nruns = 2\n\
         [[source]]\nname = \"b\"\nresults = \"more/*.ndjson\"\n",
    );
    for report in ["out/run1.json", "out/../out/run2.json", "more/x.ndjson"] {
        refused(
            &desk,
            &format!("check --report json={report}"),
            "it is a result",
        );
        assert!(!desk.has("measured"), "{report}");
    }
}

#[test]
fn a_merged_run_never_takes_the_place_of_its_parts() {
    let desk = Desk::with_results();
    let one = desk.read("now.ndjson").lines().next().unwrap().to_owned();
    desk.write("a.json", &one);
    desk.write("b.json", &one.replace("10.02", "10.5"));
    refused(
        &desk,
        "merge a.json b.json --output ./a.json",
        "it is a result",
    );
    refused(
        &desk,
        "merge a.json b.json --output main.json",
        "it is a baseline",
    );
    desk.ends("inspect a.json", 0);
}

#[test]
fn a_run_never_takes_the_place_of_its_scenario_or_of_a_baseline() {
    let desk = Desk::with_results();
    desk.write("api.toml", "base = \"http://127.0.0.1:9\"\n[[step]]\nget = \"/\"\n[load]\nusers = 1\nduration = \"1s\"\n");
    desk.write("perfgate.toml", "baseline = \"main.json\"\n");
    for (output, why) in [
        ("api.toml", "it is the scenario"),
        ("perfgate.toml", "it is the config file"),
        ("main.json", "it is a baseline"),
    ] {
        refused(&desk, &format!("run api.toml --output {output}"), why);
    }
}
