//! Names that hold ids, from results to an exit code: what is put together, what stays, and what becomes of the evidence.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::support::desk::Desk;

/// What Locust counted of one name: milliseconds with how often.
type Counted<'a> = (&'a str, Vec<(u32, u64)>);

impl Desk {
    /// What `locust --json` writes for these names, `at` seconds after a fixed time.
    fn locust_json(&self, name: &str, at: u32, entries: &[Counted<'_>]) {
        let start = 1_790_000_000.0 + f64::from(at);
        let entries: Vec<Value> = entries
            .iter()
            .map(|(name, counts)| {
                let requests: u64 = counts.iter().map(|(_, n)| n).sum();
                let total: f64 = counts
                    .iter()
                    .map(|(ms, n)| f64::from(*ms) * *n as f64)
                    .sum();
                let times: serde_json::Map<String, Value> = counts
                    .iter()
                    .map(|(ms, n)| (ms.to_string(), json!(n)))
                    .collect();
                json!({
                    "name": name, "method": "GET", "start_time": start,
                    "last_request_timestamp": start + 10.0, "num_requests": requests,
                    "num_none_requests": 0, "num_failures": 0, "total_response_time": total,
                    "min_response_time": counts.iter().map(|(ms, _)| ms).min(),
                    "max_response_time": counts.iter().map(|(ms, _)| ms).max(),
                    "response_times": times,
                })
            })
            .collect();
        self.write(name, &Value::from(entries).to_string());
    }

    /// A `_stats.csv` of these names, with 100 requests of each and a median in ms.
    fn locust_csv(&self, name: &str, entries: &[(&str, u32)]) {
        let mut text = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Requests/s,50%,95%,99%\n".to_owned();
        let rate = 30.0 / entries.len() as f64;
        for (name, ms) in entries {
            writeln!(
                text,
                "GET,{name},100,0,{ms},{ms},{ms},{ms},{rate},{ms},{ms},{ms}"
            )
            .unwrap();
        }
        let all = entries.len() * 100;
        writeln!(text, ",Aggregated,{all},0,9,9,9,9,30,9,9,9").unwrap();
        self.write(name, &text);
    }

    fn verdict(&self, line: &str, code: i32) -> Value {
        serde_json::from_str(&self.ends(&format!("{line} --format json"), code).out).unwrap()
    }

    /// The one run that `inspect` understands.
    fn inspected(&self, line: &str) -> Value {
        let said = self.ends(&format!("inspect --format json {line}"), 0);
        let all: Value = serde_json::from_str(&said.out).unwrap();
        all["runs"][0].clone()
    }

    fn subjects_of(&self, line: &str) -> Vec<String> {
        let run = self.inspected(line);
        run["subjects"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    }
}

fn subjects(verdict: &Value) -> Vec<String> {
    let mut subjects: Vec<String> = verdict["comparisons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["subject"].as_str().unwrap().to_owned())
        .collect();
    subjects.sort();
    subjects.dedup();
    subjects
}

fn outcome<'v>(verdict: &'v Value, subject: &str, statistic: &str) -> &'v str {
    let all = verdict["comparisons"].as_array().unwrap();
    let is_it = |one: &&Value| one["subject"] == subject && one["statistic"] == statistic;
    all.iter().find(is_it).unwrap()["outcome"].as_str().unwrap()
}

fn notes(verdict: &Value) -> String {
    verdict["notes"].to_string()
}

fn repro() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/locust-ids");
    fs::read_dir(folder).unwrap();
    folder.to_owned()
}

fn copied_repro() -> Desk {
    let desk = Desk::new();
    for name in ["run1_stats.csv", "run2_stats.csv"] {
        let text = fs::read_to_string(format!("{}/{name}", repro())).unwrap();
        desk.write(name, &text);
    }
    desk
}

#[test]
fn two_runs_of_an_unchanged_service_with_other_ids_pass() {
    let desk = copied_repro();
    let verdict = desk.verdict("compare run1_stats.csv run2_stats.csv", 0);
    assert_eq!(verdict["counts"]["missing"], 0);
    assert_eq!(verdict["counts"]["new"], 0);
    assert_eq!(
        subjects(&verdict),
        [
            "Aggregated",
            "GET /api/v1/analytics/comprehensive?start_date=…&end_date=…&competition=Championship&team_performance=True&include_predictions=True",
            "GET /api/v1/analytics/comprehensive?start_date=…&end_date=…&competition=League+One&team_performance=True&include_predictions=True",
            "GET /api/v1/analytics/comprehensive?start_date=…&end_date=…&competition=Premier+League&team_performance=True&include_predictions=True",
        ]
        .map(|name| name.replace("start_date=…&end_date=…", "start_date=2023-01-01&end_date=2023-12-31"))
        .into_iter()
        .chain(
            [
                "GET /api/v1/analytics/performance",
                "GET /api/v1/data/matches/{id}",
                "GET /api/v1/data/matches?page=…&per_page=…&status=FINISHED",
                "GET /api/v1/data/matches?page=…&per_page=…&status=IN_PLAY",
                "GET /api/v1/data/matches?page=…&per_page=…&status=SCHEDULED",
                "GET /api/v1/predictions/match/{id}",
                "GET /api/v1/streaming/match/{id}",
                "GET /health",
                "POST /api/v1/predictions",
                "POST /api/v1/predictions/batch",
            ]
            .map(str::to_owned)
        )
        .collect::<Vec<_>>()
    );
    let notes = notes(&verdict);
    assert!(
        notes.contains("`GET /api/v1/streaming/match/{id}`: 100 names put together"),
        "{notes}"
    );
    assert!(
        notes.contains("percentiles of 6 endpoints are not judged"),
        "{notes}"
    );
    assert!(notes.contains("`--json`"), "{notes}");
    let comment = desk.ends("compare run1_stats.csv run2_stats.csv --format markdown", 0);
    assert!(comment.out.len() < 20_000, "{}", comment.out.len());

    let kept = desk.verdict("compare run1_stats.csv run2_stats.csv --ids keep", 1);
    assert!(kept["counts"]["missing"].as_u64().unwrap() > 20);
    assert!(subjects(&kept).contains(&"GET /api/v1/streaming/match/14".to_owned()));
}

#[test]
fn what_is_put_together_is_what_the_union_would_have_been() {
    let desk = Desk::new();
    let fast: Vec<(u32, u64)> = (10..60).map(|ms| (ms, u64::from(ms))).collect();
    let slow: Vec<(u32, u64)> = (40..90).map(|ms| (ms, u64::from(200 - ms))).collect();
    let mut union: Vec<(u32, u64)> = fast.clone();
    for (ms, n) in &slow {
        match union.iter_mut().find(|(known, _)| known == ms) {
            Some((_, sum)) => *sum += n,
            None => union.push((*ms, *n)),
        }
    }
    desk.locust_json("two.json", 0, &[("/m/1", fast), ("/m/2", slow)]);
    desk.locust_json("one.json", 0, &[("/m/{id}", union)]);
    let two = desk.inspected("two.json");
    let one = desk.inspected("one.json");
    assert_eq!(two["subjects"], one["subjects"]);
    assert!(two["subjects"]["GET /m/{id}"]["latency"]["p99"].is_number());
}

#[test]
fn ids_of_every_kind_are_put_together_and_one_name_alone_stays() {
    let desk = Desk::new();
    let few = || vec![(10, 30)];
    desk.locust_json(
        "run.json",
        0,
        &[
            ("/n/1", few()),
            ("/n/22", few()),
            ("/u/123e4567-e89b-12d3-a456-426614174000", few()),
            ("/u/00000000-e89b-12d3-a456-426614174000/", few()),
            ("/u/123e4567-e89b-12d3-a456-426614174001", few()),
            ("/h/9f86d081884c7d65", few()),
            ("/h/5e884898da280471", few()),
            ("/d/2023-01-31", few()),
            ("/d/2024-02-29T10:00:00Z", few()),
            ("/alone/7", few()),
            ("/word/facade", few()),
            ("/word/decade", few()),
        ],
    );
    let expected = [
        "GET /alone/7",
        "GET /d/{id}",
        "GET /h/{id}",
        "GET /n/{id}",
        "GET /u/00000000-e89b-12d3-a456-426614174000/",
        "GET /u/{id}",
        "GET /word/decade",
        "GET /word/facade",
    ];
    assert_eq!(desk.subjects_of("run.json"), expected);
    assert_eq!(desk.subjects_of("run.json --ids keep").len(), 12);
    // The other side has another id: now the template has two names.
    desk.locust_json("other.json", 99, &[("/alone/8", few())]);
    let verdict = desk.verdict("compare run.json other.json", 1);
    assert!(subjects(&verdict).contains(&"GET /alone/{id}".to_owned()));
    assert!(!subjects(&verdict).contains(&"GET /alone/7".to_owned()));
}

#[test]
fn words_of_a_query_stay_while_both_sides_have_at_most_five() {
    let desk = Desk::new();
    let name = |word: &str| format!("/m?page=1&status={word}");
    let run = |file: &str, words: &[&str]| {
        let names: Vec<String> = words.iter().map(|word| name(word)).collect();
        let entries: Vec<Counted<'_>> =
            names.iter().map(|n| (n.as_str(), vec![(10, 30)])).collect();
        desk.locust_json(file, 0, &entries);
    };
    run("five.json", &["a", "b", "c", "d", "e"]);
    assert_eq!(desk.subjects_of("five.json").len(), 5);
    run("others.json", &["b", "c", "f"]);
    let verdict = desk.verdict("compare five.json others.json", 0);
    assert_eq!(subjects(&verdict), ["GET /m?page=…&status=…"]);
    assert!(notes(&verdict).contains("6 names put together"));
}

#[test]
fn a_name_that_a_rule_means_literally_stays() {
    let desk = Desk::new();
    let some = || vec![(10, 100), (20, 100)];
    let all = [("/m/1", some()), ("/m/2", some()), ("/m/3", some())];
    desk.locust_json("a.json", 0, &all);
    desk.locust_json("b.json", 50, &all);
    desk.write(
        "perfgate.toml",
        "[[rule]]\nsubject = \"GET /m/2\"\nmetric = \"latency.p50\"\nmax_regression = \"10%\"\n",
    );
    let verdict = desk.verdict("check --baseline a.json b.json", 0);
    assert_eq!(subjects(&verdict), ["GET /m/2", "GET /m/{id}"]);
    assert!(notes(&verdict).contains("2 names put together"));
    desk.write(
        "perfgate.toml",
        "[[accept]]\nsubject = \"GET /m/3\"\nup_to = \"30%\"\nreason = \"known\"\nuntil = 2999-01-01\n",
    );
    let verdict = desk.verdict("check --baseline a.json b.json", 0);
    assert_eq!(subjects(&verdict), ["GET /m/3", "GET /m/{id}"]);
    // A glob goes by the name that is shown, and a template that is named is made of one name too.
    desk.locust_json("one.json", 0, &[("/m/1", some())]);
    desk.write(
        "perfgate.toml",
        "[[rule]]\nsubject = \"GET /m/{id}\"\nmetric = \"latency.p50\"\nbudget = \"1s\"\n",
    );
    let verdict = desk.verdict("check --baseline one.json one.json", 0);
    assert_eq!(subjects(&verdict), ["GET /m/{id}"]);
}

#[test]
fn names_are_given_by_hand() {
    let desk = Desk::new();
    let some = || vec![(10, 100), (20, 100)];
    let all = [
        ("/match/final/odds", some()),
        ("/match/5/odds", some()),
        ("/match/6/odds", some()),
        ("/match/7", some()),
        ("/match/8", some()),
    ];
    desk.locust_json("a.json", 0, &all);
    desk.locust_json("b.json", 50, &all);
    let with = |text: &str| desk.write("perfgate.toml", text);
    with("[[subject]]\nmatch = \"/match/*/odds\"\nname = \"/match/{match}/odds\"\n");
    let verdict = desk.verdict("check --baseline a.json b.json", 0);
    assert_eq!(
        subjects(&verdict),
        ["GET /match/{id}", "GET /match/{match}/odds"]
    );
    with(
        "[[subject]]\nmatch = \"GET /match/*/odds\"\nname = \"odds\"\n[[subject]]\nmatch = \"GET /match/7\"\n",
    );
    let verdict = desk.verdict("check --baseline a.json b.json", 0);
    assert_eq!(subjects(&verdict), ["GET /match/7", "GET /match/8", "odds"]);
    // By hand holds where ids are kept.
    with("ids = \"keep\"\n[[subject]]\nmatch = \"*odds\"\nname = \"odds\"\n");
    let verdict = desk.verdict("check --baseline a.json b.json", 0);
    assert_eq!(subjects(&verdict), ["GET /match/7", "GET /match/8", "odds"]);
    with("[[subject]]\nmatch = \"/match/*/lineup\"\nname = \"lineup\"\n");
    let said = desk.ends("check --baseline a.json b.json", 2);
    assert!(
        said.err
            .contains("perfgate.toml:1: [[subject]] `/match/*/lineup` matches no name"),
        "{}",
        said.err
    );
    with("[[subject]]\nname = \"lineup\"\n");
    let said = desk.ends("check --baseline a.json b.json", 2);
    assert!(
        said.err.contains("[[subject]] has no `match`"),
        "{}",
        said.err
    );
}

#[test]
fn flag_variable_and_file_turn_it_off_in_this_order() {
    let desk = Desk::new();
    desk.locust_json(
        "a.json",
        0,
        &[("/m/1", vec![(10, 30)]), ("/m/2", vec![(10, 30)])],
    );
    let together = |variables: &[(&str, &str)], flags: &str| {
        let line = format!("check --baseline a.json a.json --format json {flags}");
        let said = desk.run_in(&line, variables);
        let verdict: Value =
            serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.err));
        subjects(&verdict) == ["GET /m/{id}"]
    };
    assert!(together(&[], ""));
    desk.write("perfgate.toml", "ids = \"keep\"\n");
    assert!(!together(&[], ""));
    assert!(together(&[("PERFGATE_IDS", "merge")], ""));
    assert!(!together(&[("PERFGATE_IDS", "merge")], "--ids keep"));
    let said = desk.run_in("check --baseline a.json a.json", &[("PERFGATE_IDS", "yes")]);
    assert_eq!(said.code, Some(2));
    assert!(
        said.err
            .contains("PERFGATE_IDS: `yes` is not one of \"merge\", \"keep\""),
        "{}",
        said.err
    );
    desk.write("perfgate.toml", "ids = \"no\"\n");
    let said = desk.ends("check --baseline a.json a.json", 2);
    assert!(
        said.err.contains("perfgate.toml:1:7: `ids`"),
        "{}",
        said.err
    );
}

#[test]
fn run_files_are_left_as_they_were_written() {
    let desk = Desk::new();
    let time = json!({"latency": {"unit": "ms", "better": "lower", "value": 3.0}});
    let run = json!({
        "schema": "perfgate.run/1", "tool": {"name": "locust"},
        "subjects": {"GET /m/1": time, "GET /m/2": time, "fib/15": time, "fib/20": time},
    });
    desk.write("run.json", &run.to_string());
    assert_eq!(desk.subjects_of("run.json").len(), 4);
    let verdict = desk.verdict("compare run.json run.json", 0);
    assert_eq!(subjects(&verdict).len(), 4);
}

/// Five runs of ids from `first` on, each with three of them.
fn five(desk: &Desk, name: &str, first: u32) -> String {
    let files: Vec<String> = (0..5_u32)
        .map(|n| {
            let file = format!("{name}{n}.json");
            let ids: Vec<String> = (0..3)
                .map(|id| format!("/m/{}", first + 3 * n + id))
                .collect();
            let entries: Vec<Counted<'_>> = ids
                .iter()
                .map(|id| {
                    (
                        id.as_str(),
                        (20..40).map(|ms| (ms, 20 + u64::from(n % 2))).collect(),
                    )
                })
                .collect();
            desk.locust_json(&file, 100 * n + first, &entries);
            file
        })
        .collect();
    files.join(" ")
}

#[test]
fn a_baseline_matches_later_runs_with_other_ids() {
    let desk = Desk::new();
    let before = five(&desk, "before", 1);
    let now = five(&desk, "now", 1000);
    let said = desk.ends(&format!("baseline update --baseline main.json {before}"), 0);
    assert!(
        said.err.contains("`GET /m/{id}`: 15 names put together"),
        "{}",
        said.err
    );
    let stored = fs::read_to_string(desk.path("main.json")).unwrap();
    assert!(
        stored.contains("GET /m/{id}") && !stored.contains("/m/1"),
        "{stored}"
    );
    let verdict = desk.verdict(&format!("check --baseline main.json {now}"), 0);
    assert_eq!(subjects(&verdict), ["GET /m/{id}"]);
    assert_eq!(verdict["counts"]["missing"], 0);
    assert_eq!(outcome(&verdict, "GET /m/{id}", "p50"), "unchanged");
    // One name is enough where the baseline holds the template.
    desk.locust_json("one.json", 9_000, &[("/m/77", vec![(30, 1_000)])]);
    let verdict = desk.verdict("check --baseline main.json one.json", 0);
    assert_eq!(subjects(&verdict), ["GET /m/{id}"]);
    // The same runs once more are known.
    let said = desk.ends(&format!("baseline update --baseline main.json {before}"), 0);
    assert!(
        said.err.contains("5 of 5 runs were there already"),
        "{}",
        said.err
    );
    desk.ends(&format!("baseline update --baseline main.json {now}"), 0);
    let pinned = format!("baseline pin --baseline main.json --label v1 {now}");
    desk.ends(&pinned, 0);
    let stored = fs::read_to_string(desk.path("main.json")).unwrap();
    assert!(!stored.contains("/m/1"), "{stored}");
}

#[test]
fn a_baseline_of_single_names_is_named_too() {
    let desk = Desk::new();
    let before = five(&desk, "before", 1);
    let now = five(&desk, "now", 1000);
    desk.ends(
        &format!("baseline update --ids keep --baseline main.json {before}"),
        0,
    );
    assert!(
        fs::read_to_string(desk.path("main.json"))
            .unwrap()
            .contains("\"GET /m/1\"")
    );
    let verdict = desk.verdict(&format!("check --baseline main.json {now}"), 0);
    assert_eq!(subjects(&verdict), ["GET /m/{id}"]);
    assert_eq!(verdict["counts"]["missing"], 0);
    // What is stored of single names tells no percentiles of all; the mean is judged.
    assert_eq!(outcome(&verdict, "GET /m/{id}", "mean"), "unchanged");
    // The new runs are stored whole all the same.
    desk.ends(&format!("baseline update --baseline main.json {now}"), 0);
    let shown = fs::read_to_string(desk.path("main.json")).unwrap();
    let of_new = shown.lines().filter(|line| line.contains("GET /m/{id}"));
    assert!(
        of_new.clone().all(|line| line.contains("0.95")) && of_new.count() == 5,
        "{shown}"
    );
}

#[test]
fn another_mix_of_ids_is_no_change_and_a_slower_id_is() {
    let desk = Desk::new();
    let times = |ms: u32, n: u64, noise: u64| vec![(ms, n), (ms + 1, n + noise), (ms + 2, n)];
    let side = |name: &str, fast: u64, slow: u64, factor: u32| {
        let files: Vec<String> = (0..5_u32)
            .map(|n| {
                let file = format!("{name}{n}.json");
                let noise = u64::from(n);
                let entries = [
                    ("/m/1", times(20 * factor, fast, noise)),
                    ("/m/2", times(80, slow, noise)),
                ];
                desk.locust_json(&file, 100 * n, &entries);
                file
            })
            .collect();
        files.join(" ")
    };
    let before = side("before", 700, 300, 1);
    let mixed = side("mixed", 300, 700, 1);
    let slower = side("slower", 300, 700, 2);
    let line = |old: &str, new: &str| {
        let many = |flag: &str, files: &str| {
            files
                .split(' ')
                .map(|file| format!("{flag} {file} "))
                .collect::<String>()
        };
        format!("compare {} {}", many("--old", old), many("--new", new))
    };
    let verdict = desk.verdict(&line(&before, &mixed), 0);
    assert_eq!(subjects(&verdict), ["GET /m/{id}"]);
    for statistic in ["p50", "p95"] {
        assert_eq!(outcome(&verdict, "GET /m/{id}", statistic), "unchanged");
    }
    let verdict = desk.verdict(&line(&before, &slower), 1);
    assert_eq!(outcome(&verdict, "GET /m/{id}", "p50"), "regressed");
}

#[test]
fn the_order_of_results_does_not_matter() {
    let desk = Desk::new();
    let before = five(&desk, "before", 1);
    let now = five(&desk, "now", 1000);
    let turned = |files: &str| files.split(' ').rev().collect::<Vec<_>>().join(" ");
    desk.ends(&format!("baseline update --baseline a.json {before}"), 0);
    desk.ends(
        &format!("baseline update --baseline b.json {}", turned(&before)),
        0,
    );
    let one = desk.verdict(&format!("check --baseline a.json {now}"), 0);
    let other = desk.verdict(&format!("check --baseline b.json {}", turned(&now)), 0);
    assert_eq!(one["comparisons"], other["comparisons"]);
    assert_eq!(one["notes"], other["notes"]);
}

#[test]
fn percentiles_of_single_names_are_not_judged_and_their_mean_is() {
    let desk = Desk::new();
    let names = ["/m/1", "/m/2", "/m/3"];
    let run = |file: &str, factor: u32| {
        let entries: Vec<(&str, u32)> = names.iter().map(|name| (*name, 50 * factor)).collect();
        desk.locust_csv(file, &entries);
    };
    run("a_stats.csv", 1);
    run("b_stats.csv", 1);
    run("c_stats.csv", 9);
    let verdict = desk.verdict("compare a_stats.csv b_stats.csv", 0);
    let of = |statistic: &str| {
        let all = verdict["comparisons"].as_array().unwrap();
        let is_it = |one: &&Value| one["subject"] == "GET /m/{id}" && one["statistic"] == statistic;
        all.iter().find(is_it).cloned()
    };
    for statistic in ["p50", "p95", "p99"] {
        let row = of(statistic).unwrap();
        assert_eq!(row["outcome"], "incomparable");
        assert_eq!(row["severity"], "off");
        assert_eq!(row["cause"]["kind"], "of-single-names");
    }
    let mean = of("mean").unwrap()["baseline"]["value"].as_f64().unwrap();
    assert!((mean - 50.0).abs() < 1e-6, "{mean}");
    assert!(notes(&verdict).contains("percentiles of 1 endpoint are not judged"));
    let slower = desk.verdict("compare a_stats.csv c_stats.csv", 1);
    assert_eq!(outcome(&slower, "GET /m/{id}", "mean"), "regressed");
    // Where the other side has percentiles, they are not missing.
    desk.locust_csv("one_stats.csv", &[("/m/9", 50)]);
    let verdict = desk.verdict("compare one_stats.csv a_stats.csv", 0);
    assert_eq!(verdict["counts"]["missing"], 0);
    let verdict = desk.verdict("compare a_stats.csv one_stats.csv", 0);
    assert_eq!(verdict["counts"]["new"], 0);
}

#[test]
fn a_rule_over_percentiles_that_are_not_judged_is_told_and_not_refused() {
    let desk = Desk::new();
    desk.locust_csv("a_stats.csv", &[("/m/1", 50), ("/m/2", 50)]);
    desk.locust_csv("b_stats.csv", &[("/m/1", 50), ("/m/2", 50)]);
    desk.write(
        "perfgate.toml",
        "[[rule]]\nsubject = \"GET /m/{id}\"\nmetric = \"latency.p95\"\nbudget = \"500ms\"\n",
    );
    let verdict = desk.verdict("check --baseline a_stats.csv b_stats.csv", 0);
    assert_ne!(verdict["verdict"], "pass");
    assert_eq!(outcome(&verdict, "GET /m/{id}", "p95"), "incomparable");
    let said = desk.ends("check --baseline a_stats.csv b_stats.csv", 0);
    let why = "known of single names only, which cannot be put together";
    assert!(said.out.contains(why), "{}", said.out);
    let said = desk.ends("check --baseline none.json b_stats.csv", 0);
    assert!(said.err.contains("nothing was compared"), "{}", said.err);
}

#[test]
fn why_requests_failed_follows_the_names() {
    let desk = Desk::new();
    let header = "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Requests/s,50%,95%,99%\n";
    let mut stats = header.to_owned();
    let mut failures = "Method,Name,Error,Occurrences\n".to_owned();
    for id in 1..=9 {
        writeln!(stats, "GET,/m/{id},100,2,9,9,9,9,10,9,9,9").unwrap();
        writeln!(failures, "GET,/m/{id},HTTPError('404 Client Error: Not Found for url: http://h:80/m/{id}?t={id}'),2").unwrap();
    }
    writeln!(stats, "GET,/m/idle,0,0,0,0,0,0,0,N/A,N/A,N/A").unwrap();
    writeln!(stats, ",Aggregated,900,18,9,9,9,9,90,9,9,9").unwrap();
    desk.write("run_stats.csv", &stats);
    desk.write("run_failures.csv", &failures);
    let said = |flags: &str| {
        let run = desk.inspected(&format!("run {flags}"));
        let warnings = run["warnings"].as_array().unwrap().clone();
        warnings
            .into_iter()
            .map(|w| w.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let warnings = said("");
    for expected in [
        "latency of GET /m/{id} includes 18 failed requests of 900: Locust does not time them apart",
        "GET /m/{id} failed 18 times with HTTPError('404 Client Error: Not Found for url: http://h:80/m/{id}?t=…')",
        "GET /m/idle made no request: it is left out",
    ] {
        assert!(
            warnings.iter().any(|warning| warning == expected),
            "{warnings:#?}"
        );
    }
    assert!(
        !warnings.iter().any(|warning| warning.contains("/m/3")),
        "{warnings:#?}"
    );
    let kept = said("--ids keep");
    assert!(
        kept.iter()
            .any(|warning| warning.starts_with("4 more endpoints had failures")),
        "{kept:#?}"
    );
}
