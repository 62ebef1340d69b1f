//! The actions of others that ours and the workflows use, as far as they use them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value};

use super::runner::{Done, Runner, Step, TOKEN, copy, git_alone, plain};

impl Runner {
    pub(super) fn of_others(
        &self,
        name: &str,
        github: &Map<String, Value>,
        with: &Map<String, Value>,
        log: &mut Step,
    ) -> Done {
        let input = |name: &str| with.get(name).map(plain).unwrap_or_default();
        match name {
            "actions/checkout" => self.checkout(github, with),
            "actions/upload-artifact" => self.upload(github, with, log),
            "actions/download-artifact" => self.download(with, log),
            // What it signs is another's to check.
            "actions/attest-build-provenance" => Done::default(),
            "actions/cache/restore" => {
                let from = self.at("cache").join(input("key"));
                if from.exists() {
                    copy(&from, Path::new(&input("path")));
                }
                Done::default()
            }
            "actions/cache/save" => {
                copy(
                    Path::new(&input("path")),
                    &self.at("cache").join(input("key")),
                );
                Done::default()
            }
            other => panic!("{other} is not simulated"),
        }
    }

    /// `src/upload/upload-artifact.ts` at v7.0.0: without an archive the name is that of the file, and a name that the run
    /// has already is an error.
    fn upload(
        &self,
        github: &Map<String, Value>,
        with: &Map<String, Value>,
        log: &mut Step,
    ) -> Done {
        let input = |name: &str| with.get(name).map(plain).unwrap_or_default();
        let mut fails = |why: &str| {
            log.said.push_str(why);
            Done::failed()
        };
        if self.is_enterprise.get() {
            return fails(
                "@actions/artifact v2.0.0+, upload-artifact@v4+ and download-artifact@v4+ are not currently supported on GHES.\n",
            );
        }
        let paths = input("path");
        let found: Vec<_> = paths
            .lines()
            .map(|path| self.workspace().join(path.trim()))
            .filter(|path| path.is_file())
            .collect();
        let Some(first) = found.first() else {
            let none = fails("No files were found with the provided path\n");
            return if input("if-no-files-found") == "error" {
                none
            } else {
                Done::default()
            };
        };
        let file_name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let name = if input("archive") == "false" {
            assert_eq!(found.len(), 1, "{paths}");
            file_name(first)
        } else {
            input("name")
        };
        let mut uploaded = self.uploaded.borrow_mut();
        if uploaded.contains(&name) {
            return fails(
                "Conflict: an artifact with this name already exists on the workflow run\n",
            );
        }
        uploaded.push(name.clone());
        let to = self.at("artifacts").join(name);
        fs::create_dir_all(&to).unwrap();
        for path in &found {
            fs::copy(path, to.join(file_name(path))).unwrap();
        }
        let part = |name: &str| plain(&github[name]);
        let url = format!(
            "{}/{}/actions/runs/{}/artifacts/{}",
            part("server_url"),
            part("repository"),
            part("run_id"),
            uploaded.len()
        );
        Done {
            code: 0,
            outputs: BTreeMap::from([("artifact-url".to_owned(), url)]),
        }
    }

    /// One artifact by its name, or all of a pattern into one folder.
    fn download(&self, with: &Map<String, Value>, log: &mut Step) -> Done {
        let input = |name: &str| with.get(name).map(plain).unwrap_or_default();
        let (name, pattern) = (input("name"), input("pattern"));
        let entries = fs::read_dir(self.at("artifacts")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let wanted: Vec<String> = names
            .filter(|stored| match pattern.strip_suffix('*') {
                Some(start) => stored.starts_with(start),
                None => *stored == name,
            })
            .collect();
        if wanted.is_empty() {
            log.said.push_str("Artifact not found\n");
            return Done::failed();
        }
        for name in wanted {
            copy(
                &self.at("artifacts").join(name),
                &self.workspace().join(input("path")),
            );
        }
        Done::default()
    }

    /// Of the repository that lies beside the runner. The token stays with git unless the workflow says otherwise, in a
    /// file below RUNNER_TEMP (`src/git-auth-helper.ts` at v7.0.1).
    fn checkout(&self, github: &Map<String, Value>, with: &Map<String, Value>) -> Done {
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command.args(arguments).current_dir(self.workspace());
            let done = git_alone(&mut command).output().unwrap();
            assert!(
                done.status.success(),
                "{}",
                String::from_utf8_lossy(&done.stderr)
            );
        };
        let sha = plain(&github["sha"]);
        let depth = with.get("fetch-depth").map_or("1".to_owned(), plain);
        git(&["init", "-q", "."]);
        git(&[
            "remote",
            "add",
            "origin",
            self.at("origin.git").to_str().unwrap(),
        ]);
        let depth = format!("--depth={depth}");
        if depth == "--depth=0" {
            // All branches and tags, as `getRefSpecForAllHistory` of actions/checkout has it.
            let all = [
                "+refs/heads/*:refs/remotes/origin/*",
                "+refs/tags/*:refs/tags/*",
            ];
            git(&[["fetch", "-q", "origin"].as_slice(), &all].concat());
            git(&["fetch", "-q", "origin", &sha]);
        } else {
            git(&["fetch", "-q", &depth, "origin", &sha]);
        }
        // A branch is checked out by its name, everything else as a commit.
        match plain(&github["ref"]).strip_prefix("refs/heads/") {
            Some(branch) => git(&["checkout", "-q", "-B", branch, "FETCH_HEAD"]),
            None => git(&["checkout", "-q", "FETCH_HEAD"]),
        }
        if with.get("persist-credentials").map(plain).as_deref() != Some("false") {
            let kept = self.at("temp/git-credentials-1.config");
            let text = format!(
                "[http \"https://github.com/\"]\n\textraheader = AUTHORIZATION: basic {TOKEN}\n"
            );
            fs::write(&kept, text).unwrap();
            git(&["config", "include.path", kept.to_str().unwrap()]);
        }
        Done::default()
    }
}
