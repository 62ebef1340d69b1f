//! What base and head are: commands, services that run already, or revisions in worktrees of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};

use crate::ab::built::Cache;
use crate::ab::command::Program;
use crate::ab::criterion::BenchTarget;
use crate::ab::layout::Reordered;
use crate::ab::revision::{Chosen, RevisionRequest};
use crate::ab::service::{Deployed, Deployment};
use crate::ab::worktrees::Worktrees;
use crate::ab::{Files, Version, named_target, written_by_both};
use crate::cli::args::{AbArgs, AbRevisions};
use crate::cli::env::Env;
use crate::hint::WithHint;
use crate::load::Stop;
use crate::load::scenario::Base;
use crate::model::Pattern;

/// What `--bench` measures, as messages call it.
const BENCHMARKS: &str = "benchmarks";

/// Both versions; worktrees that were made for them are removed with the value.
pub(super) struct Versions {
    base: Side,
    head: Side,
    chosen: Option<Chosen>,
    worktrees: Option<Worktrees>,
    benches: [Vec<BenchTarget>; 2],
    /// What is started has to run in the folder of its version.
    in_worktrees: bool,
    notes: Vec<String>,
}

/// One of them.
#[derive(Clone)]
struct Side {
    /// How messages call it.
    shown: String,
    what: Deployment,
    folder: PathBuf,
    /// Variables of its own.
    environment: BTreeMap<String, String>,
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
                    environment: BTreeMap::new(),
                })
            };
            return Ok(Self::plain(side(base)?, side(head)?));
        }
        let measured = match &revisions.bench {
            Some(_) => Some(BENCHMARKS.to_owned()),
            None => revisions.run.clone(),
        };
        if let Some(run) = measured {
            if let Some(folder) = named_target(&run) {
                let folder = folder.display();
                return Err(anyhow!("--run names {folder}, into which cargo would build both revisions"))
                    .hint("each is built into a `target` of its own, which CARGO_TARGET_DIR names while it is built and run: write \"$CARGO_TARGET_DIR\"/release/tool");
            }
            let asked = RevisionRequest {
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
                environment: BTreeMap::new(),
            };
            return Ok(Self {
                notes: chosen.notes.clone(),
                chosen: Some(chosen),
                ..Self::plain(side(&asked.base), side(&asked.head))
            });
        }
        let (Some(base), Some(head)) = (&args.base, &args.head) else {
            return Err(anyhow!("there is nothing to compare")).hint(
                "give --base and --head, or --base-ref and --run or --bench, or --base-url and --head-url with --scenario",
            );
        };
        let side = |command: &String, folder: &Option<PathBuf>| Side {
            shown: command.clone(),
            what: Deployment::Command(command.clone()),
            folder: here(folder),
            environment: BTreeMap::new(),
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
            benches: [Vec::new(), Vec::new()],
            in_worktrees: false,
            notes: Vec::new(),
        }
    }

    /// Checks revisions out and builds them; whether it was done to the end.
    pub(super) fn build(
        &mut self,
        args: &AbRevisions,
        env: &Env,
        stop: &Stop,
    ) -> anyhow::Result<bool> {
        let Some(chosen) = &self.chosen else {
            return Ok(true);
        };
        let cache = cache(args, env, chosen, "")?;
        let worktrees = Worktrees::check_out(chosen, cache.as_ref())?;
        for (side, version) in [
            (&mut self.base, Version::Base),
            (&mut self.head, Version::Head),
        ] {
            side.folder = worktrees.folder(version);
            side.environment = worktrees.environment(version);
        }
        self.in_worktrees = true;
        self.notes.extend(worktrees.notes());
        // Kept before anything can fail, so that they are removed in any case.
        let programs = self.programs(None);
        let worktrees = self.worktrees.insert(worktrees);
        if let Some(command) = &args.build {
            // File systems keep times by a clock that is a few milliseconds behind.
            let begun = SystemTime::now() - Duration::from_millis(20);
            if worktrees.build(command, stop)?.is_none() {
                return Ok(false);
            }
            if let Some(path) = written_by_both(&programs, begun) {
                return Err(anyhow!(
                    "both builds have written {}, and both sides would run what was built last",
                    path.display()
                ))
                .hint("let --build write into the folder that it is run in, and name it from there: --run './target/release/tool'");
            }
        }
        if let Some(arguments) = &args.bench {
            let command = BenchTarget::build_command(arguments);
            for (version, targets) in Version::BOTH.into_iter().zip(&mut self.benches) {
                let Some(told) = worktrees.told(version, &command, stop)? else {
                    return Ok(false);
                };
                *targets = BenchTarget::built(&told)?;
            }
        }
        worktrees.are_built()?;
        if let Some(cache) = cache {
            cache.tidy();
        }
        Ok(true)
    }

    /// The bench targets of both.
    pub(super) fn benches(&self) -> [Vec<BenchTarget>; 2] {
        self.benches.clone()
    }

    /// Base on both sides, in the worktree that this value holds.
    pub(super) fn base_twice(&self) -> Self {
        let [base, _] = &self.benches;
        Self {
            benches: [base.clone(), base.clone()],
            in_worktrees: self.in_worktrees,
            ..Self::plain(self.base.clone(), self.base.clone())
        }
    }

    /// Head as both, once as it is and once built with its code in another order, in a worktree that is held beside it.
    /// `None` where somebody asked to stop.
    pub(super) fn head_in_order(
        &self,
        order: usize,
        args: &AbRevisions,
        env: &Env,
        stop: &Stop,
    ) -> anyhow::Result<Option<(Self, Reordered)>> {
        let chosen = self.chosen.as_ref().context("find the commit of head")?;
        let cache = cache(args, env, chosen, &format!(" order {order}"))?;
        let mut reordered = Reordered::check_out(chosen, cache.as_ref(), order)?;
        let mut targets = Vec::new();
        if let Some(command) = &args.build
            && reordered.build(command, stop)?.is_none()
        {
            return Ok(None);
        }
        if let Some(arguments) = &args.bench {
            let Some(told) = reordered.told(&BenchTarget::build_command(arguments), stop)? else {
                return Ok(None);
            };
            targets = BenchTarget::built(&told)?;
        }
        reordered.is_finished()?;
        let other = Side {
            folder: reordered.folder(),
            environment: reordered.environment(),
            ..self.head.clone()
        };
        let [_, head] = &self.benches;
        let twice = Self {
            benches: [head.clone(), targets],
            in_worktrees: true,
            ..Self::plain(self.head.clone(), other)
        };
        Ok(Some((twice, reordered)))
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

    pub(super) fn deployments(&self) -> [Deployed; 2] {
        Version::BOTH.map(|version| {
            let side = self.side(version);
            Deployed {
                what: side.what.clone(),
                folder: side.folder.clone(),
                environment: side.environment.clone(),
            }
        })
    }

    pub(super) fn programs(&self, prepare: Option<&String>) -> [Program; 2] {
        Version::BOTH.map(|version| {
            let side = self.side(version);
            let command = match &side.what {
                Deployment::Command(command) => command.as_str(),
                Deployment::Url(_) => "",
            };
            Program {
                prepare: prepare.cloned(),
                environment: side.environment.clone(),
                ..Program::new(command, &side.folder)
            }
        })
    }

    /// Whether the versions have worktrees, in which what is started has to run.
    pub(super) fn have_worktrees(&self) -> bool {
        self.in_worktrees
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

/// The builds that are kept of what the arguments build; `otherwise` is how else than that it is done.
fn cache(
    args: &AbRevisions,
    env: &Env,
    chosen: &Chosen,
    otherwise: &str,
) -> anyhow::Result<Option<Cache>> {
    if args.build.is_none() && args.bench.is_none() {
        return Ok(None);
    }
    let Some(folder) = caches(env) else {
        return Ok(None);
    };
    let builds = format!("{:?} {:?}{otherwise}", args.build, args.bench);
    let mut cache = Cache::of(&folder, chosen.root(), &builds)?;
    cache.rebuilds = args.rebuild;
    Ok(Some(cache))
}

/// Where builds are kept. In CI only where somebody says so: what one job builds there another would take.
fn caches(env: &Env) -> Option<PathBuf> {
    let named = |name: &str| {
        env.get(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    if let Some(folder) = named("PERFGATE_CACHE") {
        return Some(folder);
    }
    if env.is_on("CI") || env.in_github_actions() {
        return None;
    }
    let folder = named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")))?;
    Some(folder.join("perfgate"))
}
