//! Both revisions, each in a worktree of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::built::Cache;
use super::order::Version;
use super::revision::Chosen;
use super::tree::{Temporary, Tree, VersionFolder, sweep};
use crate::load::Stop;

/// Both worktrees. Dropped, they are no worktrees any more, and what is not kept is removed.
#[derive(Debug)]
pub struct Worktrees {
    trees: [Tree; 2],
    /// Holds what is not kept: dropped last.
    _temporary: Temporary,
}

impl Worktrees {
    /// With a cache what is built is kept, and what was built is taken from it.
    pub fn check_out(chosen: &Chosen, cache: Option<&Cache>) -> anyhow::Result<Self> {
        let root = chosen.root();
        sweep(root);
        let temporary = Temporary::new()?;
        let kept = cache.map(|cache| kept(cache, chosen)).transpose()?;
        let [base, head] = kept.flatten().unwrap_or_else(|| {
            let head = if chosen.head_is_worktree() {
                VersionFolder::Own(root.to_owned())
            } else {
                temporary.place(Version::Head.as_str())
            };
            [temporary.place(Version::Base.as_str()), head]
        });
        let base = Tree::check_out(root, Version::Base.as_str(), &chosen.base, base)?;
        let head = Tree::check_out(root, Version::Head.as_str(), &chosen.head, head)?;
        Ok(Self {
            trees: [base, head],
            _temporary: temporary,
        })
    }

    fn tree(&self, version: Version) -> &Tree {
        let [base, head] = &self.trees;
        match version {
            Version::Base => base,
            Version::Head => head,
        }
    }

    pub fn folder(&self, version: Version) -> PathBuf {
        self.tree(version).folder()
    }

    /// Variables for the build and the program of a version.
    pub fn environment(&self, version: Version) -> BTreeMap<String, String> {
        self.tree(version).environment()
    }

    /// What was not built now, for whoever reads the verdict.
    pub fn notes(&self) -> Vec<String> {
        let built = Version::BOTH
            .into_iter()
            .filter(|version| self.tree(*version).is_built());
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
        for tree in &self.trees {
            if !tree.is_built() && tree.build(command, &BTreeMap::new(), stop)?.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    /// Builds one by a command of cargo that says on its stdout what it has built.
    pub fn told(
        &self,
        version: Version,
        command: &str,
        stop: &Stop,
    ) -> anyhow::Result<Option<String>> {
        self.tree(version).told(command, &BTreeMap::new(), stop)
    }

    /// Both are built to the end and can be kept.
    pub fn are_built(&mut self) -> anyhow::Result<()> {
        self.trees.iter_mut().try_for_each(Tree::keep)
    }
}

/// The places of both in the cache. `None` where one of them cannot be there: the paths of both have to be of one length.
fn kept(cache: &Cache, chosen: &Chosen) -> anyhow::Result<Option<[VersionFolder; 2]>> {
    let root = chosen.root();
    let Some(base) = VersionFolder::kept(cache, root, &chosen.base)? else {
        return Ok(None);
    };
    if chosen.head_is_worktree() {
        return Ok(Some([base, VersionFolder::Own(root.to_owned())]));
    }
    Ok(VersionFolder::kept(cache, root, &chosen.head)?.map(|head| [base, head]))
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::ab::revision::{RevisionRequest, git};
    use crate::ab::tree::{LOCK, PREFIX};
    use std::fs::{self, File};
    use std::path::Path;
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
        let asked = RevisionRequest {
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
        let asked = RevisionRequest {
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
        // A process that another test is just starting holds it until then as well.
        for _ in 0..50 {
            drop(Worktrees::check_out(&chosen, None).unwrap());
            if !left.path().exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        assert!(!left.path().exists() && worktrees_of(repository.path()) == 1);
    }
}
