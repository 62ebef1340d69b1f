//! Releases: what the last job of the release workflow leaves, and what the action makes of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::files::FileServer;
use super::runner::{Runner, archive, copy, git_alone};
use super::{SHOP, with};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const TARGETS: [&str; 5] = [
    "aarch64-apple-darwin",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-musl",
];

/// Writes down how it was called; a release can only be made of files that are there.
const GH: &str = "#!/bin/sh\necho \"$@\" >>\"$(dirname \"$0\")/../gh.log\"\n\
                  case \"$*\" in *dist/*) for file in dist/*.tar.gz; do [ -s \"$file\" ] || exit 1; done ;; esac\n";

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(folder);
    let done = git_alone(&mut command).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// A runner whose repository is that of the action, with what the jobs before built.
fn built() -> Runner {
    let runner = Runner::new();
    runner.put_script_on_path("gh", GH);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = runner.at("action");
    copy(
        &root.join(".github/release"),
        &source.join(".github/release"),
    );
    fs::copy(root.join("CHANGELOG.md"), source.join("CHANGELOG.md")).unwrap();
    git(&source, &["init", "-q", "-b", "main"]);
    git(&source, &["add", "--all", "--force"]);
    git(&source, &["commit", "-q", "-m", "a version"]);
    let origin = runner.at("origin.git");
    git(
        &runner.at(""),
        &["clone", "-q", "--bare", "action", "origin.git"],
    );
    runner.set("ref", "refs/heads/main");
    runner.set("sha", &git(&origin, &["rev-parse", "main"]));
    let packed = runner.at("packed");
    fs::write(&packed, archive()).unwrap();
    for target in TARGETS {
        let folder = runner.at("artifacts").join(format!("dist-{target}"));
        fs::create_dir_all(&folder).unwrap();
        let name = format!("perfgate-{VERSION}-{target}.tar.gz");
        fs::hard_link(&packed, folder.join(name)).unwrap();
    }
    runner
}

fn publish(runner: &Runner) -> super::runner::Step {
    runner.job_called(
        include_str!("../../../.github/workflows/release.yml"),
        "publish",
    )
}

/// The action as a workflow finds it that uses this revision.
fn take_revision(runner: &Runner, revision: &str) {
    let origin = runner.at("origin.git");
    let action = runner.at("action");
    fs::remove_dir_all(&action).unwrap();
    let folder = action.to_str().unwrap();
    git(
        &origin,
        &["worktree", "add", "-q", "--detach", folder, revision],
    );
}

#[test]
fn a_tag_holds_the_checksums_of_its_own_release_and_main_holds_none() {
    let runner = built();
    let step = publish(&runner);
    assert_eq!(step.code, 0, "{}", step.said);
    let tag = format!("v{VERSION}");
    let origin = runner.at("origin.git");
    let list = |revision: &str| {
        let file = format!("{revision}:.github/action/release.txt");
        git(&origin, &["show", &file])
    };
    for target in TARGETS {
        assert!(
            list(&tag).contains(&format!("-{target}.tar.gz")),
            "{}",
            list(&tag)
        );
        assert!(!list("main").contains(target));
    }
    // On top of what was built, and nothing else changed.
    let changed = git(&origin, &["diff", "--name-only", "main", &tag]);
    assert_eq!(changed, ".github/action/release.txt");
    let asked = fs::read_to_string(runner.at("gh.log")).unwrap();
    let asked: Vec<&str> = asked.lines().collect();
    assert!(
        asked[0].starts_with(&format!("release create {tag} --draft")),
        "{asked:?}"
    );
    assert_eq!(
        asked[1],
        format!("release edit {tag} --draft=false --verify-tag")
    );

    // Whoever uses the tag, or the revision that it names, gets that release.
    for revision in [tag.clone(), git(&origin, &["rev-parse", &tag])] {
        let user = Runner::new();
        fs::rename(&origin, user.at("origin.git")).unwrap();
        take_revision(&user, &revision);
        let url = format!("/OWNER/perfgate/releases/download{}", user.asset_url());
        let server = FileServer::start(&[(&url, archive())]);
        user.set("server_url", server.url());
        let step = user.step(&SHOP);
        assert_eq!((step.code, server.served()), (1, 1), "{}", step.said);
        fs::rename(user.at("origin.git"), &origin).unwrap();
        git(&origin, &["worktree", "prune"]);
    }
}

#[test]
fn a_version_is_released_once() {
    let runner = built();
    assert_eq!(publish(&runner).code, 0);
    let before = fs::read_to_string(runner.at("gh.log")).unwrap();
    let again = publish(&runner);
    assert_eq!(again.code, 1, "{}", again.said);
    assert!(again.said.contains("is released already"), "{}", again.said);
    assert_eq!(fs::read_to_string(runner.at("gh.log")).unwrap(), before);
}

#[test]
fn an_archive_without_a_valid_attestation_is_not_used_where_it_can_be_asked_for() {
    for (answer, code) in [("true", 1), ("false", 2)] {
        let runner = Runner::new();
        let script = format!(
            "#!/bin/sh\n[ \"$2\" = --help ] && exit 0\necho \"$@\" >>\"$(dirname \"$0\")/../gh.log\"\n{answer}\n"
        );
        runner.put_script_on_path("gh", &script);
        runner.list_release(&archive());
        runner.set("server_url", "https://github.com");
        let server = FileServer::start(&[(&runner.asset_url(), archive())]);
        let step = runner.step(&with(&[("download-url", server.url())]));
        assert_eq!(step.code, code, "{}", step.said);
        assert_eq!(step.said.contains("no valid attestation"), code == 2);
        let asked = fs::read_to_string(runner.at("gh.log")).unwrap();
        assert!(
            asked.trim_end().ends_with("--repo OWNER/perfgate"),
            "{asked}"
        );
        assert_eq!(runner.cached_archive().exists(), code == 1);
    }
}
