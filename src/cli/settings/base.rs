//! The gate of a pull request beside that of its base. The files of the base are read from the repository that is
//! checked out: no token and no network.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde_json::Value;

use crate::cli::env::Env;
use crate::cli::settings::baseline_path::{BaselineName, Located};
use crate::cli::settings::config::{self, FoundConfig, Source};
use crate::cli::settings::{Settings, Typed};
use crate::compare::{self, RulesFrom};
use crate::hint::WithHint;
use crate::publish::ci;
use crate::report::{BaseRules, BaseState, GateChange, GateSetting};
use crate::store;

/// What a pull request changes of its gate, and by which of the two it is judged.
pub(crate) struct Beside {
    pub(crate) told: BaseRules,
    /// Where the base judges: its settings, and its baseline.
    pub(crate) judging: Option<Judging>,
}

pub(crate) struct Judging {
    pub(crate) settings: Settings,
    base: Base,
}

/// The baseline that judges.
pub(crate) enum BaselineAtBase {
    /// That of the work tree, which is the same or of no commit.
    Here,
    /// There is none.
    Absent,
    Text {
        name: String,
        bytes: Vec<u8>,
    },
}

/// The commit that a pull request is held against.
struct Base {
    /// The root of the repository.
    root: PathBuf,
    revision: String,
    branch: Option<String>,
}

/// Where a job is of a pull request: the base, or that it cannot be read here.
enum PullRequest {
    Base(Base),
    Unreadable { branch: Option<String> },
}

/// A file of the base.
#[derive(Debug, PartialEq, Eq)]
enum AtBase {
    Absent,
    Text(Vec<u8>),
}

/// What became of a file between the base and what is checked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    Same,
    Edited,
    Added,
    Removed,
    /// Neither of them has it: it comes from elsewhere.
    Untracked,
}

/// Holds the gate against that of the base; `None` where this is no pull request. `here` are the settings that the
/// pull request itself asks for.
pub(crate) fn beside(
    typed: &Typed,
    here: &Settings,
    baseline: &Path,
    env: &Env,
) -> anyhow::Result<Option<Beside>> {
    let base = match PullRequest::of(env)? {
        None => return Ok(None),
        Some(PullRequest::Base(base)) => base,
        Some(PullRequest::Unreadable { branch }) => {
            // Nothing but a flag or a variable can ask here: what the pull request's own file says does not count.
            let asked = Settings::at_base(typed.clone(), env, None)?.rules_from;
            if asked == RulesFrom::Base {
                return Err(anyhow!(
                    "rules_from is `base`, and the base of this pull request is not checked out"
                ))
                .hint(DEEPER);
            }
            return Ok(Some(Beside {
                told: BaseRules::not_compared(branch),
                judging: None,
            }));
        }
    };
    let file = base.config(typed.config.as_deref())?;
    let has_rules = file.is_some();
    let there = Settings::at_base(typed.clone(), env, file)?;
    let by = there.rules_from;
    let is_new = !has_rules && here.config.is_some();
    let mut changes = if is_new {
        Vec::new()
    } else {
        changed(&there, here)
    };
    changes.extend(match base.edit(baseline) {
        Edit::Edited => Some(GateChange::BaselineEdited),
        Edit::Added => Some(GateChange::BaselineAdded),
        Edit::Removed => Some(GateChange::BaselineRemoved),
        Edit::Same | Edit::Untracked => None,
    });
    // A base without any rules has none that could judge.
    let judges = by == RulesFrom::Base && !is_new;
    let told = BaseRules {
        base: Some(base.name()),
        state: if is_new {
            BaseState::NoRules
        } else {
            BaseState::Compared
        },
        judged_by: if judges {
            RulesFrom::Base
        } else {
            RulesFrom::Head
        },
        changes,
    };
    let judging = judges.then_some(Judging {
        settings: Settings {
            // What is measured is that which the pull request has.
            sources: here.sources.clone(),
            warnings: Vec::new(),
            ..there
        },
        base,
    });
    Ok(Some(Beside { told, judging }))
}

const DEEPER: &str =
    "give actions/checkout `fetch-depth: 2`, so that the merge commit has its base";

/// The settings that the pull request changes; flags and variables are the same on both sides.
pub(crate) fn changed(there: &Settings, here: &Settings) -> Vec<GateChange> {
    let mut changes = GateChange::of(&compare::changes(&there.policy, &here.policy));
    let named = [there, here].map(|s| s.baseline.as_ref().map(BaselineName::text));
    let [named_there, named_here] = named;
    for (differs, name) in [
        (named_there != named_here, GateSetting::Baseline),
        (
            there.environment != here.environment,
            GateSetting::Environment,
        ),
        (there.read.warmup != here.read.warmup, GateSetting::Warmup),
        (!there.names.ask_like(&here.names), GateSetting::Names),
        (
            there.mode != here.mode || there.ab != here.ab,
            GateSetting::Mode,
        ),
        (there.confirm != here.confirm, GateSetting::Confirm),
    ] {
        if differs {
            changes.push(GateChange::Setting { name });
        }
    }
    let work = |sources: &[Source]| -> Vec<_> {
        let one = |s: &Source| (s.name.clone(), s.work.clone(), s.inputs.clone(), s.runs);
        sources.iter().map(one).collect()
    };
    if work(&there.sources) != work(&here.sources) {
        changes.push(GateChange::Sources);
    }
    changes
}

impl Judging {
    /// The baseline that the base has where its settings say.
    pub(crate) fn baseline(&self, located: &Located) -> anyhow::Result<BaselineAtBase> {
        let path = located.path();
        Ok(match self.base.edit(path) {
            Edit::Same | Edit::Untracked => BaselineAtBase::Here,
            Edit::Added => BaselineAtBase::Absent,
            Edit::Edited | Edit::Removed => match self.base.file(path)? {
                AtBase::Absent => BaselineAtBase::Absent,
                AtBase::Text(bytes) => BaselineAtBase::Text {
                    name: format!("{}:{}", self.base.name(), path.display()),
                    bytes,
                },
            },
        })
    }
}

impl PullRequest {
    /// `None` where the job is of no pull request.
    fn of(env: &Env) -> anyhow::Result<Option<Self>> {
        let commits = if env.in_github_actions() {
            let event = env.event()?;
            let Some(pull) = event.as_ref().and_then(|event| event.get("pull_request")) else {
                return Ok(None);
            };
            Commits::of_github(pull)
        } else if env.get("CI_MERGE_REQUEST_IID").is_some() {
            Commits {
                head: env.get("CI_COMMIT_SHA").map(str::to_owned),
                base: env.get("CI_MERGE_REQUEST_DIFF_BASE_SHA").map(str::to_owned),
            }
        } else {
            return Ok(None);
        };
        let branch = ci::base_branch(&env.lookup());
        let found = commits.find(Path::new("."));
        Ok(Some(match found {
            Some((root, revision)) => Self::Base(Base {
                root,
                revision,
                branch,
            }),
            None => Self::Unreadable { branch },
        }))
    }
}

/// As the event names them.
struct Commits {
    head: Option<String>,
    base: Option<String>,
}

impl Commits {
    fn of_github(pull: &Value) -> Self {
        let text = |pointer: &str| {
            let sha = pull.pointer(pointer)?.as_str()?;
            let is_sha = matches!(sha.len(), 40 | 64) && sha.bytes().all(|b| b.is_ascii_hexdigit());
            is_sha.then(|| sha.to_owned())
        };
        Self {
            head: text("/head/sha"),
            base: text("/base/sha"),
        }
    }

    /// The root of the repository, and the commit of the base whose only difference to what is checked out is the pull
    /// request.
    fn find(&self, folder: &Path) -> Option<(PathBuf, String)> {
        let root = fs::canonicalize(line(folder, &["rev-parse", "--show-toplevel"])?).ok()?;
        let commit = |name: &str| {
            let name = format!("{name}^{{commit}}");
            line(folder, &["rev-parse", "--verify", "--quiet", &name])
        };
        // What a workflow of a pull request checks out is a merge that nobody pushed: first the base, then the head.
        let merged = commit("HEAD^2");
        if merged.is_some() && merged == self.head {
            return Some((root, commit("HEAD^1")?));
        }
        let base = self.base.as_deref()?;
        let revision = line(folder, &["merge-base", "HEAD", base])?;
        Some((root, revision))
    }
}

impl Base {
    /// The config file that a check of the base would have taken, called as git calls it: `3f2a1c9d:perfgate.toml`.
    fn config(&self, named: Option<&Path>) -> anyhow::Result<Option<FoundConfig>> {
        let paths = match named {
            Some(path) => vec![path.to_owned()],
            None => self.nearest()?,
        };
        for path in paths {
            let Some(inside) = self.inside(&path) else {
                continue;
            };
            if let AtBase::Text(bytes) = self.read(&inside)? {
                let name = format!("{}:{inside}", self.name());
                let text = String::from_utf8(bytes)
                    .map_err(|_| anyhow!("it is not UTF-8"))
                    .with_context(|| format!("read {name}"))?;
                let folder = path.parent().map(Path::to_owned).unwrap_or_default();
                return config::of_text(&name, &text, folder).map(Some);
            }
        }
        Ok(None)
    }

    /// As people call it.
    fn name(&self) -> String {
        match &self.branch {
            Some(branch) => branch.clone(),
            None => self.revision.chars().take(9).collect(),
        }
    }

    /// Where `perfgate.toml` may be, nearest first.
    fn nearest(&self) -> anyhow::Result<Vec<PathBuf>> {
        let working = fs::canonicalize(".").context("read the working folder")?;
        let mut paths = Vec::new();
        let mut relative = PathBuf::new();
        for folder in working.ancestors() {
            paths.push(relative.join(config::FILE_NAME));
            if folder == self.root {
                break;
            }
            relative.push("..");
        }
        Ok(paths)
    }

    /// The path as git calls it, from the root; `None` outside the repository.
    fn inside(&self, path: &Path) -> Option<String> {
        let (name, folder) = (path.file_name()?, path.parent());
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        // A pull request that removes a file may remove its folder too.
        let there = folder
            .ancestors()
            .find(|folder| folder.exists() || folder.as_os_str().is_empty())?;
        let gone = folder.strip_prefix(there).ok()?;
        let there = if there.as_os_str().is_empty() {
            Path::new(".")
        } else {
            there
        };
        let inside = fs::canonicalize(there).ok()?.join(gone).join(name);
        let text = inside.strip_prefix(&self.root).ok()?.to_str()?;
        Some(text.replace(std::path::MAIN_SEPARATOR, "/"))
    }

    /// What the base has at this path.
    fn file(&self, path: &Path) -> anyhow::Result<AtBase> {
        match self.inside(path) {
            Some(inside) => self.read(&inside),
            None => Ok(AtBase::Absent),
        }
    }

    fn edit(&self, path: &Path) -> Edit {
        let Some(inside) = self.inside(path) else {
            return Edit::Untracked;
        };
        let id = |revision: &str| self.id(revision, &inside);
        match (id(&self.revision), id("HEAD")) {
            (None, None) => Edit::Untracked,
            (None, Some(_)) => Edit::Added,
            (Some(_), None) => Edit::Removed,
            (Some(base), Some(head)) if base == head => Edit::Same,
            _ => Edit::Edited,
        }
    }

    fn id(&self, revision: &str, inside: &str) -> Option<String> {
        let name = format!("{revision}:{inside}");
        line(&self.root, &["rev-parse", "--verify", "--quiet", &name])
    }

    fn read(&self, inside: &str) -> anyhow::Result<AtBase> {
        let Some(id) = self.id(&self.revision, inside) else {
            return Ok(AtBase::Absent);
        };
        let read = store::git(&self.root)
            .args(["cat-file", "blob", &id])
            .output();
        let output = read.context("run git")?;
        if !output.status.success() {
            return Err(anyhow!("git has it and does not give it"))
                .with_context(|| format!("read {}:{inside}", self.name()))
                .hint(DEEPER);
        }
        Ok(AtBase::Text(output.stdout))
    }
}

/// The first line that git prints, where it succeeds.
fn line(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = store::git(folder).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().next()?.to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}
