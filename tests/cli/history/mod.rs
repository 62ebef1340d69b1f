//! `perfgate history`: what the commits of a baseline say, from repositories in which is known what happened.

mod repository;

use std::sync::LazyLock;

use serde_json::Value;

use repository::{Night, Repository, build, date, history};

/// The night from which on `parse` takes a tenth longer.
const STEP: u32 = 200;
/// No night was measured from here
const HALT: u32 = 100;
/// to here, and `print` came back a fifth slower.
const RESUMED: u32 = 130;
/// The file got its name of today.
const RENAMED: u32 = 80;
const NIGHTS: u32 = 280;
/// On the other machine, which is faster, from here on.
const SECOND_MACHINE: u32 = 240;

/// Nine months of nights: a file that is renamed, a month without nights, a change, and a second machine that measured
/// every third night of the last weeks.
static SHOP: LazyLock<Repository> = LazyLock::new(|| {
    let mut nights = Vec::new();
    for day in (0..NIGHTS).filter(|day| !(HALT..RESUMED).contains(day)) {
        let lab = Night {
            day,
            environment: "lab",
            parse: Some(if day >= STEP { 55.0 } else { 50.0 }),
            print: if day >= RESUMED { 24.0 } else { 20.0 },
        };
        nights.push(lab);
        if day >= SECOND_MACHINE && day % 3 == 0 {
            nights.push(Night {
                environment: "fast",
                parse: Some(30.0),
                print: 10.0,
                ..lab
            });
        }
    }
    Repository::of(&nights, RENAMED)
});

fn series<'a>(document: &'a Value, environment: &str, subject: &str) -> &'a Value {
    let all = document["series"].as_array().unwrap();
    let is_it = |s: &&Value| s["environment"] == environment && s["subject"] == subject;
    all.iter().find(is_it).unwrap()
}

fn shop() -> Value {
    SHOP.history(&["--baseline", "main", "--format", "json"])
        .json()
}

fn strong(series: &Value) -> Vec<&Value> {
    let changes = series["changes"].as_array().unwrap().iter();
    changes
        .filter(|change| change["strength"] == "strong")
        .collect()
}

#[test]
fn every_run_of_every_commit_is_a_part_of_exactly_one_point() {
    let document = shop();
    let nights = (NIGHTS - (RESUMED - HALT)) as usize;
    let parse = series(&document, "lab", "parse");
    let points = parse["points"].as_array().unwrap();
    assert_eq!(points.len(), nights);
    assert!(points.iter().all(|point| point["runs"] == 3));
    let first = &points[0];
    assert_eq!(first["commit"], build(0));
    assert_eq!(first["date"], "2026-01-01T00:00:00Z");
    assert_eq!(first["session"], "night lab 0");
    let log = SHOP.git(&["rev-list", "--max-parents=0", "HEAD"]);
    assert_eq!(first["recorded_in"], log.trim());
    let versions = SHOP.git(&["rev-list", "--count", "HEAD"]);
    assert_eq!(document["history"]["versions"].to_string(), versions.trim());
    assert_eq!(document["history"]["shallow"], false);
}

#[test]
fn a_change_is_found_with_its_commits_and_its_size() {
    let document = shop();
    let parse = series(&document, "lab", "parse");
    let [change] = strong(parse)[..] else {
        panic!("{}", parse["changes"]);
    };
    assert_eq!(change["first_after"]["commit"], build(STEP));
    assert_eq!(change["last_before"]["commit"], build(STEP - 1));
    assert_eq!(change["direction"], "worse");
    assert_eq!(change["detectors"], serde_json::json!(["energy", "pelt"]));
    let number = |name: &str| change["size"][name].as_f64().unwrap();
    assert!(number("low") < 0.1 && 0.1 < number("high"), "{change}");
    assert!((number("value") - 0.1).abs() < 0.01, "{change}");
    assert_eq!(parse["trend"]["certain"], true);
    assert_eq!(parse["drift"]["direction"], "worse");
    assert_eq!(parse["drift"]["anchor"], "v1");
}

#[test]
fn nothing_is_told_across_a_gap_or_between_two_machines() {
    let document = shop();
    let print = series(&document, "lab", "print");
    assert_eq!(print["changes"], serde_json::json!([]));
    let gaps = print["gaps"].as_array().unwrap();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0]["last_before"]["commit"], build(HALT - 1));
    assert_eq!(gaps[0]["first_after"]["commit"], build(RESUMED));
    for subject in ["parse", "print"] {
        let fast = series(&document, "fast", subject);
        assert!(strong(fast).is_empty(), "{}", fast["changes"]);
        assert!(fast["points"].as_array().unwrap().len() > 10);
    }
}

#[test]
fn sessions_without_a_series_are_a_gap_of_it() {
    let nights: Vec<Night> = (0..60)
        .map(|day| Night {
            day,
            environment: "lab",
            parse: match day {
                0..30 => Some(50.0),
                30..34 => None,
                _ => Some(75.0),
            },
            print: 20.0,
        })
        .collect();
    let repository = Repository::of(&nights, 0);
    let document = repository
        .history(&["--baseline", "main", "--format", "json"])
        .json();
    let parse = series(&document, "lab", "parse");
    assert_eq!(parse["gaps"][0]["sessions_without"], 4);
    assert_eq!(parse["changes"], serde_json::json!([]));
    assert_eq!(
        series(&document, "lab", "print")["gaps"],
        serde_json::json!([])
    );
}

#[test]
fn the_same_repository_gives_the_same_bytes() {
    let said = |format| {
        SHOP.history(&["--baseline", "main", "--format", format])
            .out
    };
    for format in ["text", "json", "ndjson"] {
        assert!(said(format) == said(format), "{format}");
    }
}

#[test]
fn a_document_obeys_the_schema_that_is_published() {
    let schema = perfgate::history::History::json_schema();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for arguments in [
        &["--baseline", "main"][..],
        &["parse", "--baseline", "main", "--since", "2026-08-01"],
    ] {
        let said = SHOP.history(&[arguments, &["--format", "json"]].concat());
        let errors: Vec<String> = schema
            .iter_errors(&said.json())
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    let mut wrong = shop();
    wrong["series"][0]["points"][0]["value"] = "fast".into();
    assert!(!schema.is_valid(&wrong));
}

/// As it is published: `UPDATE_GOLDENS=1` writes it anew.
#[test]
fn the_schema_is_the_one_that_was_read_by_a_person() {
    let path = "tests/goldens/history.schema.json";
    let schema = format!("{}\n", perfgate::history::History::json_schema());
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(path, &schema).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == schema,
        "{path} is not what the structs say: UPDATE_GOLDENS=1 writes it anew"
    );
}

#[test]
fn each_record_is_flat_and_the_document_has_the_same_points_and_changes() {
    let said = SHOP.history(&["--baseline", "main", "--format", "ndjson"]);
    let mut kinds = [0, 0];
    for line in said.out.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        for (name, value) in record.as_object().unwrap() {
            assert!(!value.is_object() && !value.is_array(), "{name}: {value}");
        }
        kinds[usize::from(record["kind"] == "change")] += 1;
    }
    let document = shop();
    let count = |what: &str| {
        let all = document["series"].as_array().unwrap().iter();
        all.map(|s| s[what].as_array().unwrap().len())
            .sum::<usize>()
    };
    assert_eq!(kinds, [count("points"), count("changes")]);
}

#[test]
fn series_dates_and_machines_narrow_what_is_shown() {
    let asked = |arguments: &[&str]| {
        let arguments = [arguments, &["--baseline", "main", "--format", "json"]].concat();
        SHOP.history(&arguments).json()
    };
    for name in ["parse", "parse time", "pars*"] {
        let document = asked(&[name]);
        let all = document["series"].as_array().unwrap();
        assert!(
            !all.is_empty() && all.iter().all(|s| s["subject"] == "parse"),
            "{name}"
        );
    }
    let fast = asked(&["--environment", "fa*"]);
    assert_eq!(fast["series"].as_array().unwrap().len(), 2);
    let since = date(STEP + 5);
    let late = asked(&["parse", "--since", &since]);
    let first = series(&late, "lab", "parse")["points"][0]["date"].clone();
    assert_eq!(first, format!("{since}T00:00:00Z"));
    assert_eq!(
        series(&late, "lab", "parse")["changes"],
        serde_json::json!([])
    );
}

#[test]
fn people_see_a_line_for_each_series_and_the_change_with_its_commits() {
    let said = SHOP.history(&["--baseline", "main"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let short = |day| build(day).get(..9).unwrap().to_owned();
    for part in [
        "lab\n",
        "fast\n",
        "parse time",
        "print time",
        "budget 15 %",
        "changes\n",
    ] {
        assert!(said.out.contains(part), "{part}\n{}", said.out);
    }
    let between = format!(
        "between {} ({}) and {} ({})",
        short(STEP - 1),
        date(STEP - 1),
        short(STEP),
        date(STEP)
    );
    assert!(said.out.contains(&between), "{}", said.out);
    assert!(
        said.out.lines().all(|line| line.chars().count() <= 100),
        "{}",
        said.out
    );
    let one = SHOP.history(&["parse time", "--environment", "lab", "--baseline", "main"]);
    assert!(
        one.out.lines().filter(|line| line.contains('│')).count() == 10,
        "{}",
        one.out
    );
    assert!(one.out.contains("gap: nothing between"), "{}", one.out);
}

#[test]
fn a_shallow_clone_says_how_to_deepen_it() {
    let folder = tempfile::tempdir().unwrap();
    let from = format!("file://{}", SHOP.path().display());
    let to = folder.path().join("clone");
    let clone = std::process::Command::new("git")
        .args(["clone", "-q", "--depth", "5", &from])
        .arg(&to)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env_remove("GIT_DIR")
        .status()
        .unwrap();
    assert!(clone.success());
    let said = history(&to, &["--baseline", "main", "--format", "json"]);
    assert!(
        said.err.contains("run `git fetch --unshallow`"),
        "{}",
        said.err
    );
    assert_eq!(said.json()["history"]["shallow"], true);
    assert!(said.json()["history"]["versions"].as_u64().unwrap() <= 5);
}

#[test]
fn what_is_not_in_a_repository_or_not_in_a_commit_is_an_error_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        SHOP.path().join("baselines/main.json"),
        folder.path().join("main.json"),
    )
    .unwrap();
    let fails = |folder: &std::path::Path, arguments: &[&str], parts: &[&str]| {
        let said = history(folder, arguments);
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.out.is_empty());
        for part in parts {
            assert!(said.err.contains(part), "{part}\n{}", said.err);
        }
        assert_eq!(said.err.matches("hint:").count(), 1, "{}", said.err);
    };
    fails(
        folder.path(),
        &["--baseline", "main.json"],
        &[
            "not a git repository",
            "run it where the baseline is committed",
        ],
    );
    let repository = Repository::of(
        &[Night {
            day: 0,
            environment: "lab",
            parse: None,
            print: 20.0,
        }],
        0,
    );
    std::fs::copy(
        folder.path().join("main.json"),
        repository.path().join("new.json"),
    )
    .unwrap();
    fails(
        &repository.path(),
        &["--baseline", "new.json"],
        &["no commit holds this file", "has to be committed"],
    );
    fails(&repository.path(), &[], &["no baseline is named"]);
    fails(
        &repository.path(),
        &["search", "--baseline", "main"],
        &["no series is called `search`", "print time"],
    );
    fails(
        &repository.path(),
        &["--baseline", "main", "--since", "2030-01-01"],
        &["no point is left"],
    );
    let empty = tempfile::tempdir().unwrap();
    let init = std::process::Command::new("git")
        .args(["init", "-q"])
        .arg(empty.path())
        .env_remove("GIT_DIR")
        .status()
        .unwrap();
    assert!(init.success());
    std::fs::copy(
        folder.path().join("main.json"),
        empty.path().join("main.json"),
    )
    .unwrap();
    fails(
        empty.path(),
        &["--baseline", "main.json"],
        &["main.json", "has to be committed"],
    );
}

#[test]
fn a_version_that_is_no_baseline_is_named_and_left_out() {
    let night = |day| Night {
        day,
        environment: "lab",
        parse: Some(50.0),
        print: 20.0,
    };
    let repository = Repository::of(&[night(0), night(1)], 0);
    let path = repository.path().join("baselines/main.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("<<<<<<< HEAD\n{whole}")).unwrap();
    repository.git(&["commit", "-qam", "broken"]);
    let broken = repository.git(&["rev-parse", "HEAD"]);
    std::fs::write(&path, whole.replace("}}, {", "}},\n{")).unwrap();
    repository.git(&["commit", "-qam", "mended by hand"]);
    std::fs::write(&path, "not committed").unwrap();
    let said = repository.history(&["--baseline", "main", "--format", "json"]);
    assert!(
        said.err
            .contains(&format!("left out the version of commit {}", broken.trim()))
    );
    assert!(said.err.contains("conflict markers"), "{}", said.err);
    assert!(said.err.contains("not committed"), "{}", said.err);
    let document = said.json();
    assert_eq!(document["history"]["unreadable"][0], broken.trim());
    let points = series(&document, "lab", "parse")["points"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!((points, document["history"]["runs"].as_u64()), (2, Some(6)));
}

#[test]
fn what_a_branch_measured_is_there_after_its_merge() {
    let night = |day| Night {
        day,
        environment: "lab",
        parse: Some(50.0),
        print: 20.0,
    };
    let repository = Repository::of(&[night(0), night(1)], 0);
    let path = repository.path().join("baselines/main.json");
    let measured = |days: &[u32]| {
        // The folder of a repository is gone with it: its file is read before.
        let nights: Vec<Night> = days.iter().map(|day| night(*day)).collect();
        let other = Repository::of(&nights, 0);
        std::fs::copy(other.path().join("baselines/main.json"), &path).unwrap();
    };
    repository.git(&["checkout", "-q", "-b", "side"]);
    measured(&[0, 1, 3]);
    repository.git(&["commit", "-qam", "side"]);
    repository.git(&["checkout", "-q", "main"]);
    measured(&[0, 1, 2]);
    repository.git(&["commit", "-qam", "main"]);
    repository.git(&["merge", "-q", "--no-commit", "-s", "ours", "side"]);
    measured(&[0, 1, 2, 3]);
    repository.git(&["commit", "-qam", "merged"]);
    let document = repository
        .history(&["--baseline", "main", "--format", "json"])
        .json();
    assert_eq!(document["history"]["runs"], 12);
    let points = series(&document, "lab", "print")["points"]
        .as_array()
        .unwrap();
    let builds: Vec<&str> = points
        .iter()
        .filter_map(|point| point["commit"].as_str())
        .collect();
    assert_eq!(builds, [build(0), build(1), build(2), build(3)]);
}

/// Sessions of two builds, on two machines of which one is twice as fast.
fn with_pairs() -> (Repository, Vec<String>) {
    let nights: Vec<Night> = (0..5)
        .map(|day| Night {
            day,
            environment: "other work",
            parse: Some(50.0),
            print: 20.0,
        })
        .collect();
    let repository = Repository::of(&nights, 0);
    let commits = repository.git(&["rev-list", "--reverse", "HEAD"]);
    let commits: Vec<String> = commits.lines().map(str::to_owned).collect();
    let [a, b, c, d, ..] = commits.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        panic!("{commits:?}");
    };
    // A head that was squashed is not in the repository.
    let squashed = "f".repeat(40);
    repository.pairs(&[
        (a, b, "slow", 1.2),
        (b, c, "fast", 1.5),
        (c, d, "slow", 1.0),
        (a, &squashed, "fast", 0.5),
    ]);
    (repository, commits)
}

#[test]
fn what_one_session_measured_of_two_builds_is_a_ratio_that_survives_a_change_of_machine() {
    let (repository, commits) = with_pairs();
    let document = repository
        .history(&["print", "--baseline", "main", "--format", "json"])
        .json();
    let ratios = document["ratios"].as_array().unwrap();
    assert_eq!(ratios.len(), 1, "{ratios:?}");
    assert_eq!(ratios[0]["subject"], "print");
    let points = ratios[0]["points"].as_array().unwrap();
    let bases: Vec<&Value> = points.iter().map(|point| &point["base"]).collect();
    assert_eq!(bases, [&commits[0], &commits[1], &commits[2], &commits[0]]);
    let machines: Vec<&Value> = points.iter().map(|point| &point["environment"]).collect();
    assert_eq!(machines, ["slow", "fast", "slow", "fast"]);
    for (point, (ratio, chained)) in
        points
            .iter()
            .zip([(1.2, 1.2), (1.5, 1.8), (1.0, 1.8), (0.5, 0.5)])
    {
        let near = |name: &str, expected: f64| {
            let value = point[name].as_f64().unwrap();
            assert!((value / expected - 1.0).abs() < 0.15, "{name} {point}");
        };
        near("ratio", ratio);
        near("chained", chained);
        assert_eq!(
            (&point["runs"], &point["base_runs"]),
            (&3.into(), &3.into())
        );
    }
    let schema: Value = serde_json::from_str(&perfgate::history::History::json_schema()).unwrap();
    assert!(
        jsonschema::validator_for(&schema)
            .unwrap()
            .is_valid(&document)
    );
}

#[test]
fn ratios_are_records_of_their_own_and_stand_below_the_changes() {
    let (repository, _) = with_pairs();
    let said = repository.history(&["--baseline", "main", "--format", "ndjson"]);
    let records = said.out.lines().map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        record
    });
    let ratios: Vec<Value> = records.filter(|record| record["kind"] == "ratio").collect();
    assert_eq!(ratios.len(), 4, "{}", said.out);
    assert!(ratios.iter().all(|record| record["series"] == "print time"));
    let text = repository.history(&["--baseline", "main"]).out;
    let (_, below) = text.split_once("measured together").unwrap();
    assert!(below.contains("print time"), "{text}");
    assert!(below.contains("4 pairs"), "{text}");
    let since = repository.history(&["--baseline", "main", "--since", "2026-01-04"]);
    assert!(
        since.out.contains("1 pair\n") || since.out.contains("1 pair "),
        "{}",
        since.out
    );
}

#[test]
fn a_page_shows_what_moved_with_its_numbers_and_stays_small() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("history.html");
    let page = page.to_str().unwrap();
    let said = SHOP.history(&["--baseline", "main", "--output", page]);
    assert_eq!(
        (said.code, said.out.as_str()),
        (Some(0), ""),
        "{}",
        said.err
    );
    assert!(said.err.contains("wrote "), "{}", said.err);
    let html = std::fs::read_to_string(page).unwrap();
    assert!(html.len() < 100_000, "{} bytes", html.len());
    let on_stdout = SHOP.history(&["--baseline", "main", "--format", "html"]);
    assert_eq!(on_stdout.out, html);
    for part in [
        "default-src 'none'",
        "1 change, 1 towards worse",
        "<code>parse time</code>",
        build(STEP).get(..9).unwrap(),
        "role=\"img\"",
        "The numbers",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let (_, data) = html.split_once("id=\"data\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["history"]["schema"], "perfgate.history/1");
    let drawn = data["history"]["series"].as_array().unwrap();
    assert_eq!(drawn.len(), 4);
    // What changed comes first, and no picture has more points than it has room for.
    assert_eq!(drawn[0]["series"], "parse time");
    for series in drawn {
        let points = series["points"].as_array().unwrap();
        assert!((10..=101).contains(&points.len()), "{}", points.len());
        let merged = points.iter().map(|point| point["points"].as_u64().unwrap());
        assert!(merged.sum::<u64>() >= 10);
    }
}

#[test]
fn a_page_of_pairs_is_drawn_on_one_line_for_all_machines() {
    let (repository, _) = with_pairs();
    let said = repository.history(&["--baseline", "main", "--format", "html"]);
    assert!(said.out.contains("Measured together"), "{}", said.err);
    let (_, together) = said.out.split_once("id=\"together\"").unwrap();
    // Three that follow on each other, and one beside them.
    let (together, _) = together.split_once("id=\"all\"").unwrap();
    assert_eq!(together.matches("<path ").count(), 2, "{together}");
    assert_eq!(together.matches("<circle ").count(), 4);
}
