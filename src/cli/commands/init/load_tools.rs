//! Load tests of other tools: Locust, k6, JMeter, Gatling, vegeta.

use std::path::{Path, PathBuf};

use crate::cli::output::shell_repr::quoted;

use super::finding::{Finding, MOST_OF_A_KIND, OUT, source_name};
use super::survey::{Survey, folder, name, written};

/// Where a service is expected that nobody named.
pub(super) const HERE: &str = "http://127.0.0.1:8080";

/// Which service is loaded, where the test does not say it itself.
pub(super) struct Target<'a> {
    pub(super) host: Option<&'a str>,
}

pub(super) fn all(survey: &Survey, target: &Target<'_>) -> Vec<Finding> {
    let kinds = [
        locust(survey, target),
        k6(survey),
        jmeter(survey),
        gatling(survey),
        vegeta(survey),
    ];
    kinds.into_iter().flatten().collect()
}

/// One finding for each of the first files, the rest told by name.
fn each(files: &[&Path], finding: impl Fn(&Path, &str) -> Finding) -> Vec<Finding> {
    let names: Vec<String> = files.iter().map(|path| written(path)).collect();
    let some = files.iter().zip(&names).take(MOST_OF_A_KIND);
    let mut found: Vec<Finding> = some
        .map(|(path, file)| {
            let found = finding(path, file);
            Finding {
                name: source_name(&found.name, file, files.len() > 1),
                files: vec![file.clone()],
                ..found
            }
        })
        .collect();
    if let Some(last) = found.last_mut() {
        last.left_out = names.into_iter().skip(MOST_OF_A_KIND).collect();
    }
    number_alike(&mut found);
    found
}

/// Files of one name in several folders.
fn number_alike(found: &mut [Finding]) {
    for at in 1..found.len() {
        let (before, rest) = found.split_at_mut(at);
        if let Some(one) = rest.first_mut()
            && before.iter().any(|other| other.name == one.name)
        {
            one.name = format!("{}-{}", one.name, at + 1);
        }
    }
    for one in found.iter_mut() {
        let place = format!("{OUT}/{}-{{n}}", one.name);
        one.command = one.command.replace("{place}", &place);
        one.results = one.results.replace("{place}", &place);
    }
}

fn locust(survey: &Survey, target: &Target<'_>) -> Vec<Finding> {
    let is_locustfile = |path: &&Path| {
        let text = survey.head(path);
        let imports = text.contains("from locust") || text.contains("import locust");
        let name = name(path);
        let has_users = ["HttpUser)", "FastHttpUser)", "(User)"]
            .iter()
            .any(|user| text.contains(user));
        // What only helps other locustfiles has no tasks, and ours is one of these.
        imports && (name.contains("locustfile") || (has_users && text.contains("@task")))
    };
    let files: Vec<&Path> = survey
        .with_extension(&["py"])
        .filter(is_locustfile)
        .collect();
    each(&files, |path, file| {
        let says_host = survey.head(path).lines().any(|line| {
            let line = line.trim_start();
            line.starts_with("host =") || line.starts_with("host=") || line.starts_with("host:")
        });
        let host = match (target.host, says_host) {
            (None, true) => String::new(),
            (host, _) => format!(" --host {}", quoted(host.unwrap_or(HERE))),
        };
        Finding {
            tool: "Locust",
            name: "locust".to_owned(),
            comments: vec![
                "Locust's CSV has every percentile, with the history what happened when. Enough users and time for 1,000".to_owned(),
                "requests of each endpoint make its p99 worth judging, 200 its p95.".to_owned(),
                "perfgate_listener.py beside it writes every response time, not rounded, once the locustfile imports it.".to_owned(),
            ],
            command: format!(
                "mkdir -p {OUT} && locust -f {} --headless --only-summary{host} --users 20 --spawn-rate 20 --run-time 60s --stop-timeout 5 --csv {{place}} --csv-full-history",
                quoted(file)
            ),
            results: "{place}_stats.csv".to_owned(),
            inputs: vec![file.to_owned()],
            setup: vec![python_tool(survey, path, "locust")],
            ..Finding::default()
        }
    })
}

/// A tool of Python in an environment of its own, on the PATH of the steps behind it.
fn python_tool(survey: &Survey, file: &Path, tool: &str) -> String {
    let list = survey
        .nearest(file, &["requirements.txt"])
        .filter(|list| survey.head(list).contains(tool));
    let what = match list {
        Some(list) => format!("-r {}", quoted(&written(&list))),
        None => tool.to_owned(),
    };
    format!(
        "python3 -m venv .venv && .venv/bin/python -m pip install --quiet {what} && echo \"$PWD/.venv/bin\" >>\"$GITHUB_PATH\""
    )
}

fn k6(survey: &Survey) -> Vec<Finding> {
    let is_script = |path: &&Path| {
        let text = survey.head(path);
        let imports = [
            "'k6/http'",
            "\"k6/http\"",
            "'k6'",
            "\"k6\"",
            "'k6/browser'",
            "'k6/net/grpc'",
            "\"k6/net/grpc\"",
        ]
        .iter()
        .any(|module| text.contains(module));
        // What only helps other scripts has nothing to run.
        imports
            && (text.contains("export default")
                || text.contains("scenarios")
                || text.contains("exports.default"))
    };
    let files: Vec<&Path> = survey
        .with_extension(&["js", "mjs", "ts"])
        .filter(is_script)
        .collect();
    each(&files, |_, file| Finding {
        tool: "k6",
        name: "k6".to_owned(),
        comments: vec![
            "Every request as a point, packed: a whole histogram of each endpoint.".to_owned(),
        ],
        command: format!(
            "mkdir -p {OUT} && k6 run --quiet --out json={{place}}.json.gz {}",
            quoted(file)
        ),
        results: "{place}.json.gz".to_owned(),
        inputs: vec![file.to_owned()],
        setup: vec![
            "go install go.k6.io/k6@latest && echo \"$(go env GOPATH)/bin\" >>\"$GITHUB_PATH\""
                .to_owned(),
        ],
        ..Finding::default()
    })
}

fn jmeter(survey: &Survey) -> Vec<Finding> {
    let is_plan = |path: &&Path| survey.head(path).contains("<jmeterTestPlan");
    let files: Vec<&Path> = survey.with_extension(&["jmx"]).filter(is_plan).collect();
    each(&files, |_, file| {
        Finding {
        tool: "JMeter",
        name: "jmeter".to_owned(),
        comments: vec![
            "-f begins the JTL anew, where JMeter would write on at its end. Every request is a line of it.".to_owned(),
        ],
        command: format!("mkdir -p {OUT} && jmeter -n -f -t {} -l {{place}}.jtl -j {{place}}.log", quoted(file)),
        results: "{place}.jtl".to_owned(),
        inputs: vec![file.to_owned()],
        setup: vec!["sudo apt-get update && sudo apt-get install --yes jmeter".to_owned()],
        ..Finding::default()
    }
    })
}

/// How a build runs its simulations, and where it leaves the results.
struct Build {
    command: String,
    results: PathBuf,
}

fn gatling(survey: &Survey) -> Vec<Finding> {
    let is_simulation = |path: &&Path| {
        let text = survey.head(path);
        (text.contains("io.gatling") && text.contains("Simulation"))
            || text.contains("\"@gatling.io/core\"")
    };
    let of_jvm = survey
        .with_extension(&["scala", "java", "kt"])
        .filter(is_simulation);
    let of_node = survey
        .with_extension(&["js", "ts"])
        .filter(|path| name(path).contains(".gatling."))
        .filter(is_simulation);
    let files: Vec<&Path> = of_jvm.chain(of_node).collect();
    let builds = [
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "build.sbt",
        "package.json",
    ];
    let mut projects: Vec<(PathBuf, Vec<&Path>)> = Vec::new();
    for file in files {
        let Some(project) = survey.nearest(file, &builds) else {
            continue;
        };
        match projects.iter_mut().find(|(known, _)| *known == project) {
            Some((_, files)) => files.push(file),
            None => projects.push((project, vec![file])),
        }
    }
    let paths: Vec<&Path> = projects
        .iter()
        .map(|(project, _)| project.as_path())
        .collect();
    each(&paths, |path, _| {
        let simulations: &[&Path] = projects
            .iter()
            .find(|(project, _)| project == path)
            .map_or(&[], |(_, files)| files);
        let build = gatling_build(survey, path, simulations);
        let results = quoted(&written(&build.results));
        Finding {
            tool: "Gatling",
            name: "gatling".to_owned(),
            comments: vec![
                "Gatling names a folder of its results after the time; each run gets a place of its own.".to_owned(),
            ],
            command: format!(
                "rm -rf {results} {{place}} && mkdir -p {OUT} && {}; mv {results} {{place}}",
                build.command
            ),
            results: "{place}/*/simulation.log".to_owned(),
            inputs: simulations.iter().map(|file| written(file)).collect(),
            ..Finding::default()
        }
    })
}

fn gatling_build(survey: &Survey, build: &Path, simulations: &[&Path]) -> Build {
    let place = folder(build);
    let here = place.as_os_str().is_empty();
    let shown = quoted(&written(place));
    let several = simulations.len() > 1;
    let own = |script: &str, usual: &str| match survey.has(Path::new(script)) {
        true => format!("./{script}"),
        false => usual.to_owned(),
    };
    let inside = |command: String| match here {
        true => command,
        false => format!("(cd {shown} && {command})"),
    };
    match name(build).as_str() {
        "pom.xml" => {
            let file = if here {
                String::new()
            } else {
                format!(" -f {}", quoted(&written(build)))
            };
            let all = if several {
                " -Dgatling.runMultipleSimulations=true"
            } else {
                ""
            };
            Build {
                command: format!(
                    "{}{file} --batch-mode --quiet gatling:test{all}",
                    own("mvnw", "mvn")
                ),
                results: place.join("target/gatling"),
            }
        }
        "build.sbt" => Build {
            command: inside("sbt Gatling/test".to_owned()),
            results: place.join("target/gatling"),
        },
        "package.json" => Build {
            command: inside("npx gatling run --non-interactive".to_owned()),
            results: place.join("target/gatling"),
        },
        _ => {
            let at = if here {
                String::new()
            } else {
                format!(" -p {shown}")
            };
            Build {
                command: format!("{}{at} --quiet gatlingRun", own("gradlew", "gradle")),
                results: place.join("build/reports/gatling"),
            }
        }
    }
}

fn vegeta(survey: &Survey) -> Vec<Finding> {
    let files: Vec<&Path> = survey
        .files()
        .filter(|path| {
            let name = name(path);
            name.ends_with(".targets")
                || (name.ends_with(".txt") && (name.contains("target") || name.contains("vegeta")))
        })
        .filter(|path| is_targets(&survey.head(path)))
        .collect();
    each(&files, |_, file| {
        Finding {
        tool: "vegeta",
        name: "vegeta".to_owned(),
        comments: vec![
            "So many requests a second, each sent when it is due; every one of them is a line of the result.".to_owned(),
        ],
        command: format!(
            "mkdir -p {OUT} && vegeta attack -targets {} -rate 50 -duration 60s -output {{place}}.bin && vegeta encode -to json -output {{place}}.json {{place}}.bin",
            quoted(file)
        ),
        results: "{place}.json".to_owned(),
        inputs: vec![file.to_owned()],
        setup: vec!["go install github.com/tsenart/vegeta/v12@latest && echo \"$(go env GOPATH)/bin\" >>\"$GITHUB_PATH\"".to_owned()],
        ..Finding::default()
    }
    })
}

/// `GET http://…` is its first line that says something.
fn is_targets(text: &str) -> bool {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().is_some_and(|line| {
        let (method, url) = line.split_once(' ').unwrap_or_default();
        let is_method =
            ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(&method);
        is_method && (url.starts_with("http://") || url.starts_with("https://"))
    })
}
