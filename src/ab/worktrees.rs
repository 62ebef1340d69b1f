//! Both revisions as Git worktrees: checked out, built once, and removed whatever happens.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::built::{Cache, Entry};
use super::order::Version;
use super::revision::{Chosen, git, short};
use super::submodules;
use crate::hint::WithHint;
use crate::load::Stop;
use crate::load::group::{Awaited, Launch, Spending, spend};

/// How the folders of worktrees that are not kept are called.
const PREFIX: &str = "perfgate-ab-";
/// Variables that name a folder for what cargo builds of whatever it builds.
const SHARED_TARGETS: [&str; 2] = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"];

/// In such a folder: held as long as its owner lives.
const LOCK: &str = "lock";

/// Both worktrees. Dropped, they are no worktrees any more, and what is not kept is removed.
#[derive(Debug)]
pub struct Worktrees {
    root: PathBuf,
    /// Holds what is not kept, under paths of one length.
    _folder: tempfile::TempDir,
    _lock: File,
    places: [Place; 2],
}

#[derive(Debug)]
enum Place {
    /// The user's own folder.
    Own(PathBuf),
    Temporary(PathBuf),
    Kept {
        entry: Entry,
        is_built: bool,
    },
}

impl Place {
    fn folder(&self) -> PathBuf {
        match self {
            Self::Own(path) | Self::Temporary(path) => path.clone(),
            Self::Kept { entry, .. } => entry.tree(),
        }
    }

    fn is_built(&self) -> bool {
        matches!(self, Self::Kept { is_built: true, .. })
    }
}

impl Worktrees {
    /// With a cache what is built is kept, and what was built is taken from it.
    pub fn check_out(chosen: &Chosen, cache: Option<&Cache>) -> anyhow::Result<Self> {
        let root = chosen.root();
        sweep(root);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir()
            .context("make a folder for the worktrees")?;
        let lock = File::create(folder.path().join(LOCK))
            .context("make a file in the folder for the worktrees")?;
        // Without locks on this file system nobody takes the folder of another for a forgotten one.
        drop(lock.try_lock());
        let at = |version: Version| folder.path().join(version.as_str());
        let kept = cache.map(|cache| kept(cache, chosen)).transpose()?;
        let head = if chosen.head_is_worktree() {
            Place::Own(root.to_owned())
        } else {
            Place::Temporary(at(Version::Head))
        };
        let temporary = [Place::Temporary(at(Version::Base)), head];
        let mut worktrees = Self {
            places: kept.flatten().unwrap_or(temporary),
            root: root.to_owned(),
            _folder: folder,
            _lock: lock,
        };
        worktrees.add(Version::Base, &chosen.base)?;
        worktrees.add(Version::Head, &chosen.head)?;
        Ok(worktrees)
    }

    fn place(&self, version: Version) -> &Place {
        let [base, head] = &self.places;
        match version {
            Version::Base => base,
            Version::Head => head,
        }
    }

    fn add(&mut self, version: Version, commit: &str) -> anyhow::Result<()> {
        let root = self.root.clone();
        let [base, head] = &mut self.places;
        let place = match version {
            Version::Base => base,
            Version::Head => head,
        };
        if let Place::Kept { entry, is_built } = place {
            *is_built = entry.is_built() && entry.take_up(&root, commit).unwrap_or(false);
            if *is_built {
                return Ok(());
            }
            entry.let_go(&root);
            entry.clear()?;
        }
        if matches!(place, Place::Own(_)) {
            return Ok(());
        }
        let path = place.folder();
        let arguments: [&OsStr; 5] = [
            "worktree".as_ref(),
            "add".as_ref(),
            "--detach".as_ref(),
            path.as_os_str(),
            commit.as_ref(),
        ];
        git(&root, arguments)
            .with_context(|| format!("check {} out into {}", short(commit), path.display()))?;
        let modules = git(&root, ["rev-parse", "--git-common-dir"])?;
        submodules::initialise(&path, &root.join(modules).join("modules"))
            .with_context(|| format!("check {} out", version.as_str()))
    }

    pub fn folder(&self, version: Version) -> PathBuf {
        self.place(version).folder()
    }

    /// Variables for the build and the program of a version: what cargo builds of one is never taken for the other.
    pub fn environment(&self, version: Version) -> BTreeMap<String, String> {
        if matches!(self.place(version), Place::Own(_)) {
            return BTreeMap::new();
        }
        let target = self.target(version);
        let shared = SHARED_TARGETS
            .into_iter()
            .filter(|name| shared_target(name).is_some());
        shared
            .map(|name| (name.to_owned(), target.clone()))
            .collect()
    }

    fn target(&self, version: Version) -> String {
        let target = self.folder(version).join("target");
        target.to_string_lossy().into_owned()
    }

    /// What was not built now, for whoever reads the verdict.
    pub fn notes(&self) -> Vec<String> {
        let built = Version::BOTH
            .into_iter()
            .filter(|version| self.place(*version).is_built());
        built
            .map(|version| {
                format!(
                    "{} was built before and is taken as it was (--rebuild builds it anew)",
                    version.as_str()
                )
            })
            .collect()
    }

    /// Builds both, but for what was built before. `None` where somebody asked to stop.
    pub fn build(&self, command: &str, stop: &Stop) -> anyhow::Result<Option<()>> {
        for version in Version::BOTH {
            if self.place(version).is_built() {
                continue;
            }
            // Our stdout is the verdict's.
            let output = (std::io::stderr().into(), self.environment(version));
            if self.build_one(version, command, output, stop)?.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    /// Both are built to the end and can be kept.
    pub fn are_built(&mut self) -> anyhow::Result<()> {
        for place in &mut self.places {
            if let Place::Kept { entry, is_built } = place {
                entry.is_finished()?;
                *is_built = true;
            }
        }
        Ok(())
    }

    /// Builds one by a command of cargo that says on its stdout what it has built.
    pub fn told(
        &self,
        version: Version,
        command: &str,
        stop: &Stop,
    ) -> anyhow::Result<Option<String>> {
        let mut output = tempfile::tempfile().context("keep the output of a build")?;
        let writer = output.try_clone().context("keep the output of a build")?;
        let mut environment = BTreeMap::new();
        if !matches!(self.place(version), Place::Own(_)) {
            // In a folder for both, cargo would take what it built of one for what the other is.
            environment.insert("CARGO_TARGET_DIR".to_owned(), self.target(version));
        }
        let to = (writer.into(), environment);
        if self.build_one(version, command, to, stop)?.is_none() {
            return Ok(None);
        }
        let mut text = String::new();
        output
            .seek(SeekFrom::Start(0))
            .and_then(|_| output.read_to_string(&mut text))
            .with_context(|| format!("read what `{command}` says"))?;
        Ok(Some(text))
    }

    fn build_one(
        &self,
        version: Version,
        command: &str,
        (stdout, environment): (Stdio, BTreeMap<String, String>),
        stop: &Stop,
    ) -> anyhow::Result<Option<()>> {
        /// Longer than this nothing is built on a runner.
        const WITHIN: Duration = Duration::from_secs(3600);
        let folder = self.folder(version);
        let doing = || format!("build {} in {}", version.as_str(), folder.display());
        let launch = Launch {
            command,
            folder: &folder,
            environment: &environment,
            stdout,
            stderr: std::io::stderr().into(),
        };
        let is_stopped = || stop.is_asked();
        match spend(launch, &Spending::plain(WITHIN, &is_stopped)).with_context(doing)? {
            Awaited::Ended(spent) if spent.ended.is_success => Ok(Some(())),
            Awaited::Ended(spent) => Err(anyhow!("`{command}` ended with {}", spent.ended.how))
                .with_context(doing)
                .hint("its output is above; the same command has to build both revisions"),
            Awaited::TimedOut => {
                Err(anyhow!("`{command}` took longer than an hour")).with_context(doing)
            }
            Awaited::Stopped => Ok(None),
        }
    }
}

impl Drop for Worktrees {
    fn drop(&mut self) {
        for place in &self.places {
            match place {
                Place::Own(_) => {}
                Place::Kept {
                    entry,
                    is_built: true,
                } => entry.let_go(&self.root),
                Place::Kept { entry, .. } => {
                    entry.let_go(&self.root);
                    // What cannot be removed is no build, and is removed the next time.
                    drop(entry.clear());
                }
                Place::Temporary(path) => remove(&self.root, path),
            }
        }
        drop(git(&self.root, ["worktree", "prune"]));
    }
}

/// The folder that cargo would build both versions into. One that is named from the folder of a version is its own.
fn shared_target(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os(name)?);
    let is_own = folder
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    (!is_own).then_some(folder)
}

/// A folder for what cargo builds that a command names although both versions would share it.
pub fn named_target(command: &str) -> Option<PathBuf> {
    let mut shared = SHARED_TARGETS.into_iter().filter_map(shared_target);
    shared.find(|folder| {
        folder
            .to_str()
            .is_some_and(|folder| command.contains(folder))
    })
}

/// The places of both in the cache. `None` where one of them cannot be there: the paths of both have to be of one length.
fn kept(cache: &Cache, chosen: &Chosen) -> anyhow::Result<Option<[Place; 2]>> {
    let place = |commit: &str| -> anyhow::Result<Option<Place>> {
        // The submodules of a tree are worktrees of other repositories, which do not survive.
        let modules = format!("{commit}:.gitmodules");
        if git(chosen.root(), ["cat-file", "-e", &modules]).is_ok() {
            return Ok(None);
        }
        let entry = cache.entry(commit)?;
        Ok(entry.map(|entry| Place::Kept {
            entry,
            is_built: false,
        }))
    };
    let Some(base) = place(&chosen.base)? else {
        return Ok(None);
    };
    if chosen.head_is_worktree() {
        return Ok(Some([base, Place::Own(chosen.root().to_owned())]));
    }
    Ok(place(&chosen.head)?.map(|head| [base, head]))
}

fn remove(root: &Path, path: &Path) {
    let arguments: [&OsStr; 4] = [
        "worktree".as_ref(),
        "remove".as_ref(),
        "--force".as_ref(),
        path.as_os_str(),
    ];
    // The folder goes with its holder; what is left in the repository is pruned.
    drop(git(root, arguments));
    drop(std::fs::remove_dir_all(path));
}

/// Removes what a perfgate that was killed has left of its worktrees.
fn sweep(root: &Path) {
    let Ok(listed) = git(root, ["worktree", "list", "--porcelain"]) else {
        return;
    };
    let paths = listed
        .lines()
        .filter_map(|line| line.strip_prefix("worktree "));
    for path in paths.map(Path::new) {
        let Some(folder) = path.parent() else {
            continue;
        };
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let lock = name
            .starts_with(PREFIX)
            .then(|| File::open(folder.join(LOCK)).ok())
            .flatten();
        if lock.is_some_and(|lock| lock.try_lock().is_ok()) {
            remove(root, path);
            // Gone with the last of them.
            let is_empty = Version::BOTH
                .iter()
                .all(|v| !folder.join(v.as_str()).exists());
            if is_empty {
                drop(std::fs::remove_dir_all(folder));
            }
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::ab::revision::Asked;
    use std::fs;
    use std::process::Command;

    fn sh(folder: &Path, line: &str) {
        let done = Command::new("sh")
            .args(["-c", line])
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{line}: {said}");
    }

    const AS_SOMEBODY: &str = "git config user.email a@b && git config user.name a";

    /// Two commits of `file`, the second on the branch `work`.
    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        sh(here, &format!("git init -q -b main . && {AS_SOMEBODY}"));
        sh(
            here,
            "echo one > file && git add file && git commit -qm one",
        );
        sh(
            here,
            "git checkout -qb work && echo two > file && git commit -qam two",
        );
        folder
    }

    fn chosen(folder: &Path) -> Chosen {
        let asked = Asked {
            base: "main".to_owned(),
            head: "HEAD".to_owned(),
            exact: false,
            head_is_worktree: false,
        };
        Chosen::find(&asked, folder).unwrap()
    }

    fn worktrees_of(folder: &Path) -> usize {
        git(folder, ["worktree", "list"]).unwrap().lines().count()
    }

    fn built(chosen: &Chosen, cache: &Cache) -> Worktrees {
        let mut worktrees = Worktrees::check_out(chosen, Some(cache)).unwrap();
        let done = worktrees.build("cat file > made", &Stop::new()).unwrap();
        assert!(done.is_some());
        worktrees.are_built().unwrap();
        worktrees
    }

    #[test]
    fn both_are_checked_out_under_paths_of_one_length_and_removed() {
        let repository = repository();
        let chosen = chosen(repository.path());
        let worktrees = Worktrees::check_out(&chosen, None).unwrap();
        let [base, head] = Version::BOTH.map(|version| worktrees.folder(version));
        assert_eq!(fs::read_to_string(base.join("file")).unwrap(), "one\n");
        assert_eq!(fs::read_to_string(head.join("file")).unwrap(), "two\n");
        assert_eq!(base.as_os_str().len(), head.as_os_str().len());
        assert_eq!(worktrees_of(repository.path()), 3);
        assert!(
            worktrees
                .build("test -f file", &Stop::new())
                .unwrap()
                .is_some()
        );
        let error = worktrees.build("exit 7", &Stop::new()).unwrap_err();
        assert!(format!("{error:#}").contains("build base"), "{error:#}");
        drop(worktrees);
        assert_eq!(worktrees_of(repository.path()), 1);
        assert!(!base.exists() && !head.exists());
    }

    #[test]
    fn the_folder_as_it_is_stays_where_it_is() {
        let repository = repository();
        fs::write(repository.path().join("file"), "three\n").unwrap();
        let asked = Asked {
            base: "HEAD".to_owned(),
            head: "HEAD".to_owned(),
            exact: false,
            head_is_worktree: true,
        };
        let chosen = Chosen::find(&asked, repository.path()).unwrap();
        let worktrees = Worktrees::check_out(&chosen, None).unwrap();
        let head = worktrees.folder(Version::Head);
        assert_eq!(fs::read_to_string(head.join("file")).unwrap(), "three\n");
        drop(worktrees);
        let left = fs::read_to_string(repository.path().join("file"));
        assert_eq!(left.unwrap(), "three\n");
    }

    #[test]
    fn what_was_built_is_kept_by_its_commit_and_taken_as_it_was() {
        let (repository, caches) = (repository(), tempfile::tempdir().unwrap());
        let chosen = chosen(repository.path());
        let cache = Cache::of(caches.path(), repository.path(), "make").unwrap();
        let worktrees = built(&chosen, &cache);
        assert_eq!(worktrees.notes().len(), 2, "both are there now");
        let [base, head] = Version::BOTH.map(|version| worktrees.folder(version));
        assert_eq!(base.as_os_str().len(), head.as_os_str().len());
        // What another uses is not waited for.
        let beside = Worktrees::check_out(&chosen, Some(&cache)).unwrap();
        assert!(beside.notes().is_empty() && beside.folder(Version::Base) != base);
        drop((beside, worktrees));
        assert_eq!(worktrees_of(repository.path()), 1);
        assert_eq!(fs::read_to_string(head.join("made")).unwrap(), "two\n");

        let again = Worktrees::check_out(&chosen, Some(&cache)).unwrap();
        assert_eq!(again.notes().len(), 2);
        assert_eq!(again.folder(Version::Head), head);
        assert_eq!(git(&head, ["rev-parse", "HEAD"]).unwrap(), chosen.head);
        // Nothing is built that was.
        assert!(again.build("exit 9", &Stop::new()).unwrap().is_some());
        // What is measured may write, but not into what is in version control.
        fs::write(base.join("result"), "1").unwrap();
        fs::write(head.join("file"), "three\n").unwrap();
        drop(again);
        let again = Worktrees::check_out(&chosen, Some(&cache)).unwrap();
        assert_eq!(again.notes().len(), 1, "{:?}", again.notes());
        assert!(base.join("made").exists() && !head.join("made").exists());
        assert_eq!(fs::read_to_string(head.join("file")).unwrap(), "two\n");
        drop(again);

        let other = Cache::of(caches.path(), repository.path(), "make fast").unwrap();
        let fresh = Worktrees::check_out(&chosen, Some(&other)).unwrap();
        assert!(fresh.notes().is_empty());
        drop(fresh);
        let mut anew = cache.clone();
        anew.rebuilds = true;
        let fresh = Worktrees::check_out(&chosen, Some(&anew)).unwrap();
        assert!(fresh.notes().is_empty() && !base.join("made").exists());
    }

    #[test]
    fn a_build_that_was_not_finished_is_not_kept_and_few_are() {
        let (repository, caches) = (repository(), tempfile::tempdir().unwrap());
        let chosen = chosen(repository.path());
        let cache = Cache::of(caches.path(), repository.path(), "make").unwrap();
        let worktrees = Worktrees::check_out(&chosen, Some(&cache)).unwrap();
        let base = worktrees.folder(Version::Base);
        assert!(worktrees.build("exit 9", &Stop::new()).is_err());
        drop(worktrees);
        assert!(!base.exists() && worktrees_of(repository.path()) == 1);

        let repositories = caches.path().join("ab");
        let of_this = fs::read_dir(&repositories)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        for commit in 0..9 {
            let entry = cache.entry(&format!("{commit:012}")).unwrap().unwrap();
            fs::create_dir(entry.tree()).unwrap();
            fs::write(entry.tree().with_file_name("built"), "").unwrap();
        }
        let used = cache.entry("000000000000").unwrap();
        assert!(used.is_some());
        cache.tidy();
        let left = fs::read_dir(&of_this).unwrap().count();
        // The newest six, and the one that is used, which may be one of them.
        assert!((6..=7).contains(&left), "{left}");
        assert!(used.unwrap().tree().exists());
    }

    #[test]
    fn submodules_come_from_the_clone_without_a_network_or_are_told() {
        let (repository, inner) = (repository(), tempfile::tempdir().unwrap());
        let (here, origin) = (repository.path(), inner.path().join("inner"));
        fs::create_dir(&origin).unwrap();
        sh(&origin, &format!("git init -q -b main . && {AS_SOMEBODY}"));
        sh(
            &origin,
            "echo deep > data && git add data && git commit -qm inner",
        );
        let add = format!(
            "git -c protocol.file.allow=always submodule --quiet add '{}' 'sub folder' && git commit -qm sub",
            origin.display()
        );
        sh(here, &add);
        fs::remove_dir_all(&origin).unwrap();
        let asked = chosen(here);
        let worktrees = Worktrees::check_out(&asked, None).unwrap();
        let data = worktrees.folder(Version::Head).join("sub folder/data");
        assert_eq!(fs::read_to_string(data).unwrap(), "deep\n");
        drop(worktrees);
        assert_eq!(worktrees_of(here), 1);
        fs::remove_dir_all(here.join(".git/modules")).unwrap();
        let error = Worktrees::check_out(&asked, None).unwrap_err();
        let text = format!("{error:#}");
        assert!(
            text.contains("check head out: initialise the submodule sub folder"),
            "{text}"
        );
        assert_eq!(worktrees_of(here), 1);
    }

    #[test]
    fn what_a_killed_perfgate_left_is_removed_by_the_next() {
        let repository = repository();
        let chosen = chosen(repository.path());
        let left = tempfile::Builder::new().prefix(PREFIX).tempdir().unwrap();
        let path = left.path().join("base");
        sh(
            repository.path(),
            &format!("git worktree add -q --detach '{}' main", path.display()),
        );
        let lock = File::create(left.path().join(LOCK)).unwrap();
        lock.lock().unwrap();
        drop(Worktrees::check_out(&chosen, None).unwrap());
        assert!(path.exists(), "its owner lives");
        drop(lock);
        drop(Worktrees::check_out(&chosen, None).unwrap());
        assert!(!left.path().exists() && worktrees_of(repository.path()) == 1);
    }
}
