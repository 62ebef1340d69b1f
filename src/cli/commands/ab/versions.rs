//! What base and head are: commands, services that run already, or revisions in worktrees of their own.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::ab::command::Program;
use crate::ab::revision::{Asked, Chosen, Worktrees};
use crate::ab::service::Deployment;
use crate::ab::{Files, Version};
use crate::cli::args::AbArgs;
use crate::cli::env::Env;
use crate::hint::WithHint;
use crate::load::Stop;
use crate::load::scenario::Base;
use crate::model::Pattern;

/// Both versions; worktrees that were made for them are removed with the value.
pub(super) struct Versions {
    base: Side,
    head: Side,
    chosen: Option<Chosen>,
    worktrees: Option<Worktrees>,
    notes: Vec<String>,
}

/// One of them.
struct Side {
    /// How messages call it.
    shown: String,
    what: Deployment,
    folder: PathBuf,
}

impl Versions {
    pub(super) fn of(args: &AbArgs, env: &Env) -> anyhow::Result<Self> {
        let (revisions, services) = (&args.revisions, &args.services);
        let here = |folder: &Option<PathBuf>| folder.clone().unwrap_or_else(|| PathBuf::from("."));
        if let (Some(base), Some(head)) = (&services.base_url, &services.head_url) {
            let side = |url: &String| -> anyhow::Result<Side> {
                let address = Base::parse(url).map_err(|why| anyhow!("read the URL {url}: {why}"));
                Ok(Side {
                    shown: url.clone(),
                    what: Deployment::Url(address.hint("write it as http://127.0.0.1:8080")?),
                    folder: PathBuf::from("."),
                })
            };
            return Ok(Self::plain(side(base)?, side(head)?));
        }
        if let Some(run) = &revisions.run {
            let asked = Asked {
                base: revisions
                    .base_ref
                    .clone()
                    .unwrap_or_else(|| default_base(env)),
                head: revisions
                    .head_ref
                    .clone()
                    .unwrap_or_else(|| "HEAD".to_owned()),
                exact: revisions.exact,
                head_is_worktree: revisions.head_worktree,
            };
            let chosen = Chosen::find(&asked, Path::new("."))?;
            let side = |name: &str| Side {
                shown: format!("{run} of {name}"),
                what: Deployment::Command(run.clone()),
                folder: PathBuf::new(),
            };
            return Ok(Self {
                notes: chosen.notes.clone(),
                chosen: Some(chosen),
                ..Self::plain(side(&asked.base), side(&asked.head))
            });
        }
        let (Some(base), Some(head)) = (&args.base, &args.head) else {
            return Err(anyhow!("there is nothing to compare")).hint(
                "give --base and --head, or --base-ref and --run, or --base-url and --head-url with --scenario",
            );
        };
        let side = |command: &String, folder: &Option<PathBuf>| Side {
            shown: command.clone(),
            what: Deployment::Command(command.clone()),
            folder: here(folder),
        };
        Ok(Self::plain(
            side(base, &args.base_folder),
            side(head, &args.head_folder),
        ))
    }

    fn plain(base: Side, head: Side) -> Self {
        Self {
            base,
            head,
            chosen: None,
            worktrees: None,
            notes: Vec::new(),
        }
    }

    /// Checks revisions out and builds them; whether it was done to the end.
    pub(super) fn build(&mut self, command: Option<&str>, stop: &Stop) -> anyhow::Result<bool> {
        let Some(chosen) = &self.chosen else {
            return Ok(true);
        };
        let worktrees = Worktrees::check_out(chosen)?;
        self.base.folder = worktrees.folder(Version::Base);
        self.head.folder = worktrees.folder(Version::Head);
        // Kept before anything can fail, so that they are removed in any case.
        let worktrees = self.worktrees.insert(worktrees);
        match command {
            Some(command) => Ok(worktrees.build(command, stop)?.is_some()),
            None => Ok(true),
        }
    }

    /// What is known of the files of both.
    pub(super) fn files(&self, ignored: &[Pattern], may_trace: bool) -> anyhow::Result<Files> {
        Ok(Files {
            differing: self.chosen.as_ref().map(Chosen::differing).transpose()?,
            ignored: ignored.to_vec(),
            may_trace,
        })
    }

    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    pub(super) fn commits(&self) -> Option<[String; 2]> {
        let chosen = self.chosen.as_ref()?;
        Some([chosen.base.clone(), chosen.head.clone()])
    }

    fn side(&self, version: Version) -> &Side {
        match version {
            Version::Base => &self.base,
            Version::Head => &self.head,
        }
    }

    pub(super) fn shown(&self, version: Version) -> String {
        self.side(version).shown.clone()
    }

    pub(super) fn deployments(&self) -> [(Deployment, PathBuf); 2] {
        Version::BOTH.map(|version| {
            let side = self.side(version);
            (side.what.clone(), side.folder.clone())
        })
    }

    pub(super) fn programs(&self, prepare: Option<&String>) -> [Program; 2] {
        Version::BOTH.map(|version| {
            let side = self.side(version);
            Program {
                command: match &side.what {
                    Deployment::Command(command) => command.clone(),
                    Deployment::Url(_) => String::new(),
                },
                folder: side.folder.clone(),
                prepare: prepare.cloned(),
            }
        })
    }

    /// Whether the versions have worktrees, in which what is started has to run.
    pub(super) fn have_worktrees(&self) -> bool {
        self.worktrees.is_some()
    }
}

/// What the pull request goes to, else what the remote calls its own.
fn default_base(env: &Env) -> String {
    match env
        .get("GITHUB_BASE_REF")
        .filter(|target| !target.is_empty())
    {
        Some(target) => format!("origin/{target}"),
        None => "origin/HEAD".to_owned(),
    }
}
