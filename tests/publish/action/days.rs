//! The first days of a repository: every workflow that the documents tell to copy, executed from its first step to its
//! last, from a repository without a baseline to a red pull request.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::files::FileServer;
use super::runner::{Runner, Step, archive, copy, git_alone};
use super::source::with_rust;
use crate::support::github::{GitHub, HEAD, Pull};

macro_rules! workflow {
    ($name:literal) => {
        include_str!(concat!("../../../examples/workflows/", $name, ".yml"))
    };
}

/// How fast the software is that a revision holds: as the recorded runs of the shop.
#[derive(Clone, Copy)]
enum Speed {
    Main,
    Slower,
}

impl Speed {
    fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Slower => "pr",
        }
    }
}

/// A repository on the runner's disk, with what the workflows expect of it.
struct Project {
    runner: Runner,
    github: GitHub,
}

impl Project {
    /// With nothing but software and its load test.
    fn new(runner: Runner) -> Self {
        let github = GitHub::start();
        let project = Self { runner, github };
        project.git("", &["init", "-q", "--bare", "-b", "main", "origin.git"]);
        project.git("", &["clone", "-q", "origin.git", "mine"]);
        let mine = project.runner.at("mine");
        for folder in ["recorded", "results"] {
            let from = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/shop/");
            copy(
                std::path::Path::new(&format!("{from}{folder}")),
                &mine.join("data"),
            );
        }
        // What is measured looks for a token wherever code of a pull request could.
        let measure = "#!/bin/sh\nset -e\n\
                       if env | grep -q \"ghs_canary\" || grep -rqs \"ghs_canary\" .git \"$RUNNER_TEMP\"; then\n\
                       echo 'a token lies here'\nexit 1\nfi\nmkdir -p out\nspeed=$(cat speed)\nfor n in $(seq \"$1\"); do\n\
                       cp \"data/$speed-${n}_stats.csv\" \"out/run${n}_stats.csv\"\ndone\n";
        // Each part of a monorepo measures itself.
        for (folder, script) in [("load", "run.sh"), ("services/api", "load.sh")] {
            fs::create_dir_all(mine.join(folder)).unwrap();
            let path = mine.join(folder).join(script);
            let measure = match folder {
                "load" => measure.to_owned(),
                part => measure
                    .replace(" out", &format!(" {part}/out"))
                    .replace("\"out", &format!("\"{part}/out")),
            };
            fs::write(&path, measure).unwrap();
            Command::new("chmod")
                .arg("755")
                .arg(&path)
                .status()
                .unwrap();
        }
        let config = "[[source]]\nresults = \"out/run{n}_stats.csv\"\nruns = 5\n";
        fs::write(mine.join("services/api/perfgate.toml"), config).unwrap();
        project.commit(Speed::Main);
        project.git("mine", &["push", "-q", "origin", "HEAD:main"]);
        project
    }

    fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(self.runner.at(folder));
        let done = git_alone(&mut command).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "git {arguments:?}: {said}");
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, speed: Speed) {
        fs::write(self.runner.at("mine/speed"), speed.name()).unwrap();
        self.git("mine", &["add", "--all"]);
        self.git("mine", &["commit", "-q", "--allow-empty", "-m", "a change"]);
    }

    /// A workflow behind a push to `main`.
    fn pushed(&self, workflow: &str) -> Step {
        let sha = self.git("origin.git", &["rev-parse", "main"]);
        let event = json!({"ref": "refs/heads/main", "after": sha});
        self.runner.event("push", &event, &self.github);
        for (part, value) in [
            ("ref", "refs/heads/main"),
            ("ref_name", "main"),
            ("base_ref", ""),
            ("head_ref", ""),
            ("sha", &sha),
        ] {
            self.runner.set(part, value);
        }
        self.runner.job(workflow)
    }

    /// A branch on top of what `main` is now, and what merging it would make.
    fn proposed(&self, speed: Speed) -> String {
        self.git("mine", &["fetch", "-q", "origin"]);
        self.git("mine", &["checkout", "-q", "-B", "fast", "origin/main"]);
        self.commit(speed);
        self.git(
            "mine",
            &["push", "-q", "--force", "origin", "HEAD:refs/pull/7/merge"],
        );
        self.git("mine", &["rev-parse", "HEAD"])
    }

    fn event(&self, name: &str, event: &Value, sha: &str) {
        self.runner.event(name, event, &self.github);
        for (part, value) in [
            ("ref", "refs/pull/7/merge"),
            ("ref_name", "7/merge"),
            ("base_ref", "main"),
            ("head_ref", "fast"),
            ("sha", sha),
        ] {
            self.runner.set(part, value);
        }
    }

    /// A workflow of a pull request that makes the software so fast.
    fn pull_request(&self, workflow: &str, speed: Speed) -> Step {
        let sha = self.proposed(speed);
        let event = json!({"action": "synchronize", "number": 7, "pull_request": {"number": 7, "head": {"sha": HEAD}, "base": {"ref": "main"}}});
        self.event("pull_request", &event, &sha);
        self.runner.job(workflow)
    }

    /// A workflow of a pull request that holds what lies in the folder now.
    fn proposed_as_it_is(&self, workflow: &str) -> Step {
        self.commit(Speed::Main);
        self.git(
            "mine",
            &["push", "-q", "--force", "origin", "HEAD:refs/pull/7/merge"],
        );
        let sha = self.git("mine", &["rev-parse", "HEAD"]);
        let event = json!({"action": "synchronize", "number": 7, "pull_request": {"number": 7, "head": {"sha": HEAD}, "base": {"ref": "main"}}});
        self.event("pull_request", &event, &sha);
        self.runner.job(workflow)
    }

    fn baseline_of_main(&self) -> Option<String> {
        let mut command = Command::new("git");
        command
            .args(["show", "main:baselines/main.json"])
            .current_dir(self.runner.at("origin.git"));
        let shown = git_alone(&mut command).output().unwrap();
        let text = String::from_utf8(shown.stdout).unwrap();
        shown.status.success().then_some(text)
    }

    fn comment(&self) -> String {
        let marked = self.github.world().marked(7);
        assert_eq!(marked.len(), 1);
        marked[0].body.clone()
    }
}

/// The two ways in which a hosted runner comes to the program.
fn machines() -> Vec<(&'static str, Runner, Option<FileServer>)> {
    let released = Runner::new();
    let url = format!("/OWNER/perfgate/releases/download{}", released.asset_url());
    let server = FileServer::start(&[(&url, archive())]);
    released.list_release(&archive());
    released.set("server_url", server.url());
    vec![
        ("without a release", with_rust("1.95.0"), None),
        ("with a release", released, Some(server)),
    ]
}

/// Before the first baseline, behind it, and with a slower change.
fn comes_to_a_red_pull_request(project: &Project, what: &str) {
    let step = project.pull_request(workflow!("pull-request"), Speed::Main);
    assert_eq!(step.code, 0, "{what}: {}", step.said);
    let step = project.pull_request(workflow!("pull-request"), Speed::Slower);
    assert_eq!(step.code, 1, "{what}: {}", step.said);
    assert!(project.comment().contains("GET /search"), "{what}");
    assert!(step.summary.contains("GET /search"), "{what}");
}

#[test]
fn from_an_empty_repository_pushes_bring_the_baseline_onto_main_and_a_slower_change_is_red() {
    for (what, runner, _server) in machines() {
        let project = Project::new(runner);
        let step = project.pull_request(workflow!("pull-request"), Speed::Main);
        assert_eq!(step.code, 0, "{what}: {}", step.said);
        assert!(project.baseline_of_main().is_none());

        let step = project.pushed(workflow!("baseline-push"));
        assert_eq!(step.code, 0, "{what}: {}", step.said);
        let baseline = project.baseline_of_main().unwrap();
        assert!(baseline.contains("perfgate.baseline/1"), "{what}");
        comes_to_a_red_pull_request(&project, what);

        // The next push adds to it.
        let step = project.pushed(workflow!("baseline-push"));
        assert_eq!(step.code, 0, "{what}: {}", step.said);
    }
}

/// What the workflow asks of GitHub's own tool, written down; a pull request that it opened stays open.
const GH: &str = "#!/bin/sh\necho \"$@\" >>\"$(dirname \"$0\")/../gh.log\"\n\
                  case \"$1 $2\" in\n\
                  \"pr create\") : >\"$(dirname \"$0\")/../opened\" ;;\n\
                  \"pr view\") [ -e \"$(dirname \"$0\")/../opened\" ] && echo OPEN ;;\n\
                  *) exit 1 ;;\n\
                  esac\n";

#[test]
fn from_an_empty_repository_the_first_baseline_is_proposed_as_a_pull_request() {
    for (what, runner, _server) in machines() {
        runner.put_script_on_path("gh", GH);
        let project = Project::new(runner);
        let workflow = workflow!("baseline-pull-request");
        let step = project.pushed(workflow);
        assert_eq!(step.code, 0, "{what}: {}", step.said);
        assert!(project.baseline_of_main().is_none());
        let created = || {
            let log = fs::read_to_string(project.runner.at("gh.log")).unwrap();
            log.lines()
                .filter(|line| line.starts_with("pr create"))
                .count()
        };
        assert_eq!(created(), 1, "{what}");

        // Another push before it is merged renews the proposal.
        let step = project.pushed(workflow);
        assert_eq!(step.code, 0, "{what}: {}", step.said);
        assert_eq!(created(), 1, "{what}");

        project.git(
            "origin.git",
            &[
                "update-ref",
                "refs/heads/main",
                "refs/heads/perfgate/baseline-main",
            ],
        );
        let baseline = project.baseline_of_main().unwrap();
        assert!(baseline.contains("perfgate.baseline/1"), "{what}");
        comes_to_a_red_pull_request(&project, what);
    }
}

/// A program that takes longer on a branch, and nothing stored anywhere.
#[test]
fn from_an_empty_repository_base_and_head_in_turns_need_no_baseline() {
    for (what, runner, _server) in machines() {
        let project = Project::new(runner);
        let config = "[ab]\nrun = \"sh work.sh\"\nmax_rounds = 10\n";
        fs::write(project.runner.at("mine/perfgate.toml"), config).unwrap();
        let work = |seconds: &str| {
            let script = format!("sleep {seconds}\n");
            fs::write(project.runner.at("mine/work.sh"), script).unwrap();
        };
        work("0.15");
        project.commit(Speed::Main);
        project.git("mine", &["push", "-q", "origin", "HEAD:main"]);

        let step = project.pull_request(workflow!("ab"), Speed::Main);
        assert_eq!(step.code, 0, "{what}: {}", step.said);

        project.git("mine", &["checkout", "-q", "-B", "fast", "origin/main"]);
        work("0.45");
        let step = project.proposed_as_it_is(workflow!("ab"));
        assert_eq!(step.code, 1, "{what}: {}", step.said);
        let comment = project.comment();
        assert!(comment.contains("this check fails"), "{what}: {comment}");
        assert!(project.baseline_of_main().is_none(), "{what}");
    }
}

/// With a baseline on `main`, without a release of the action and with one.
fn seeded() -> Vec<(Project, Option<FileServer>)> {
    let seed = |(what, runner, server): (&str, Runner, Option<FileServer>)| {
        let project = Project::new(runner);
        let step = project.pushed(workflow!("baseline-push"));
        assert_eq!(step.code, 0, "{what}: {}", step.said);
        (project, server)
    };
    machines().into_iter().map(seed).collect()
}

fn finished(conclusion: &str) -> Value {
    json!({"workflow_run": {
        "id": 50, "run_attempt": 1, "name": "performance", "event": "pull_request", "conclusion": conclusion,
        "head_sha": HEAD, "head_branch": "fast", "pull_requests": [],
        "head_repository": {"owner": {"login": "stranger"}}
    }})
}

#[test]
fn the_pair_for_forks_comments_on_a_pull_request_that_is_red_in_its_own_run() {
    for (project, _server) in seeded() {
        project.github.world().pulls = vec![Pull {
            number: 7,
            open: true,
            head: "stranger:fast".to_owned(),
            sha: HEAD.to_owned(),
        }];
        let gate = project.pull_request(workflow!("fork-gate"), Speed::Slower);
        assert_eq!(gate.code, 1, "{}", gate.said);
        assert!(project.github.world().comments.is_empty());

        let sha = project.git("origin.git", &["rev-parse", "main"]);
        project.event("workflow_run", &finished("failure"), &sha);
        let post = project.runner.job(workflow!("fork-post"));
        assert_eq!(post.code, 0, "{}", post.said);
        assert!(project.comment().contains("GET /search"));
    }
}

/// The workflows that stand in a page, whole or without their `on:`.
fn shown(page: &str) -> Vec<&str> {
    let blocks = page.split("\n```yaml\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split("\n```").next());
    blocks
        .filter(|block| block.contains("OWNER/perfgate@"))
        .collect()
}

#[test]
fn the_workflows_of_the_pages_are_executed_as_they_stand() {
    for (project, _server) in seeded() {
        for page in [
            include_str!("../../../README.md"),
            include_str!("../../../docs/github-action.md"),
        ] {
            let workflows = shown(page);
            assert_eq!(workflows.len(), 1);
            for workflow in workflows {
                let step = project.pull_request(workflow, Speed::Slower);
                assert_eq!(step.code, 1, "{}", step.said);
                assert!(step.summary.contains("GET /search"), "{}", step.said);
            }
        }
    }
}

/// A load test that does not run leaves nothing to judge, and the gate of the fork nothing to post.
#[test]
fn the_pair_for_forks_says_that_nothing_was_judged_where_the_gate_came_to_no_verdict() {
    for (project, _server) in seeded() {
        project.github.world().pulls = vec![Pull {
            number: 7,
            open: true,
            head: "stranger:fast".to_owned(),
            sha: HEAD.to_owned(),
        }];
        fs::write(project.runner.at("mine/load/run.sh"), "#!/bin/sh\nexit 1\n").unwrap();
        let gate = project.pull_request(workflow!("fork-gate"), Speed::Main);
        assert_eq!(gate.code, 1, "{}", gate.said);
        let sha = project.git("origin.git", &["rev-parse", "main"]);
        project.event("workflow_run", &finished("failure"), &sha);
        let post = project.runner.job(workflow!("fork-post"));
        assert_eq!(post.code, 0, "{}", post.said);
        assert!(
            project.comment().contains("not judged"),
            "{}",
            project.comment()
        );
    }
}

#[test]
fn a_merge_queue_measures_once_more_and_decides() {
    for (project, _server) in seeded() {
        let step = project.pull_request(workflow!("merge-queue"), Speed::Slower);
        assert_eq!(step.code, 1, "{}", step.said);
        let sha = project.proposed(Speed::Slower);
        let reference = "refs/heads/gh-readonly-queue/main/pr-7-aaaa";
        let event = json!({"merge_group": {"head_ref": reference, "base_ref": "refs/heads/main"}});
        project.event("merge_group", &event, &sha);
        for (part, value) in [("ref", reference), ("base_ref", ""), ("head_ref", "")] {
            project.runner.set(part, value);
        }
        let step = project.runner.job(workflow!("merge-queue"));
        assert_eq!(step.code, 1, "{}", step.said);
    }
}

#[test]
fn a_part_of_a_monorepo_has_its_own_gate() {
    for (what, runner, _server) in machines() {
        let project = Project::new(runner);
        let sha = project.proposed(Speed::Main);
        let event =
            json!({"pull_request": {"number": 7, "head": {"sha": HEAD}, "base": {"ref": "main"}}});
        project.event("pull_request", &event, &sha);
        let matrix = json!({"part": "api"});
        let step = project.runner.job_of(workflow!("monorepo"), matrix);
        assert_eq!(step.code, 0, "{what}: {}", step.said);
        assert!(project.comment().contains("api"), "{}", project.comment());
    }
}

/// Every other test of these workflows holds by this: their load tests look for a token themselves.
#[test]
fn a_load_test_that_could_read_the_token_is_told_by_these_tests() {
    let project = Project::new(with_rust("1.95.0"));
    let kept = workflow!("baseline-push")
        .replace("persist-credentials: false", "persist-credentials: true");
    let step = project.pushed(&kept);
    assert_eq!(step.code, 1, "{}", step.said);
    assert!(step.said.contains("a token lies here"), "{}", step.said);
    assert!(project.baseline_of_main().is_none());
}

#[test]
fn the_badge_follows_main_also_where_main_got_slower() {
    for (project, _server) in seeded() {
        let shown = || {
            let badge = project.git(
                "origin.git",
                &["show", "perfgate-badge:perfgate-badge.json"],
            );
            let badge: Value = serde_json::from_str(&badge).unwrap();
            (
                badge["message"].as_str().unwrap().to_owned(),
                badge["color"].clone(),
            )
        };
        let step = project.pushed(workflow!("badge"));
        assert_eq!(step.code, 0, "{}", step.said);
        assert_eq!(shown().1, "brightgreen", "{}", step.said);
        let files = project.git("origin.git", &["ls-tree", "--name-only", "perfgate-badge"]);
        assert_eq!(files, "perfgate-badge.json");

        project.commit(Speed::Slower);
        project.git("mine", &["pull", "-q", "--rebase", "origin", "main"]);
        project.git("mine", &["push", "-q", "origin", "HEAD:main"]);
        let step = project.pushed(workflow!("badge"));
        assert_eq!(step.code, 1, "{}", step.said);
        let (message, color) = shown();
        assert!(message.ends_with("got worse"), "{message}");
        assert_eq!(color, "red");
    }
}
