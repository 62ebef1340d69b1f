//! The one way to write a file: whole and in one step, through links, into devices and pipes, and never over a file
//! that is protected. Whoever reads, or is killed while writing, sees the old file or the new one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use tempfile::NamedTempFile;

use crate::hint::WithHint;

/// The name of a temporary file is `.NAME.perfgate-XXXXXXXX.tmp`: only perfgate makes such names.
const MARK: &str = ".perfgate-";
const SUFFIX: &str = ".tmp";
const RANDOM: usize = 8;
/// As much of the name of the file as its temporary file repeats: a name has at most 255 bytes.
const LONGEST_NAME: usize = 100;

/// Where the bytes of a written file go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A regular file, or one that is not there yet; links are followed.
    File(PathBuf),
    /// A device, a pipe or a descriptor of a process: written into, never replaced.
    Stream(PathBuf),
}

impl Destination {
    /// What a path stands for. Nothing is made or opened.
    pub fn of(path: &Path) -> anyhow::Result<Self> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => bail!("it is a folder"),
            Ok(found) if !found.is_file() => Ok(Self::Stream(path.to_owned())),
            Err(_) if path.file_name().is_none() => bail!("it names no file"),
            // Not there, or a link to what is not there yet. Anything else is told where the file is made.
            Ok(_) | Err(_) => followed(path),
        }
    }

    /// The path without links, as far as it exists; `None` for a stream, which several may write into.
    pub fn resolved(&self) -> Option<PathBuf> {
        match self {
            Self::File(path) => Some(resolved(path)),
            Self::Stream(_) => None,
        }
    }

    /// Refuses a file that must not be replaced. The superuser may write everything, and is heard all the same where
    /// nobody was meant to.
    fn refuse_protected(&self) -> anyhow::Result<Option<fs::Metadata>> {
        let (Self::File(path) | Self::Stream(path)) = self;
        let old = match fs::metadata(path) {
            Ok(old) => old,
            // A file in the place of its folder is told where the folder is made.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let hint = "make it writable, or name another file";
        if old.permissions().readonly() {
            return Err(anyhow!("the file is read-only")).hint(hint);
        }
        if matches!(self, Self::File(_)) {
            // A rename asks for the rights of the folder only.
            OpenOptions::new().write(true).open(path).hint(hint)?;
        }
        Ok(Some(old))
    }

    /// Makes the folder, and finds out whether a file can be written there, before anything costly is done.
    pub fn prepare(&self) -> anyhow::Result<()> {
        self.refuse_protected()?;
        if let Self::File(path) = self {
            let folder = folder_of(path);
            make_folder(folder)?;
            remove_stale(folder);
            // A folder may be there and take no files.
            temporary(path)?;
        }
        Ok(())
    }

    /// Writes the whole file, or leaves the old one as it is.
    pub fn write(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let old = self.refuse_protected()?;
        match self {
            Self::Stream(path) => {
                // Where a descriptor leads to a file, what stands in it is not ours.
                let mut stream = OpenOptions::new().append(true).open(path)?;
                stream.write_all(bytes)?;
                Ok(stream.flush()?)
            }
            Self::File(path) => {
                let file = written(path, bytes, old.as_ref())?;
                file.persist(path).map_err(|failed| failed.error)?;
                flush_folder(folder_of(path));
                Ok(())
            }
        }
    }
}

/// Writes a whole file at once; the folders on the way are made.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let destination = Destination::of(path)?;
    if let Destination::File(file) = &destination {
        make_folder(folder_of(file))?;
    }
    destination.write(bytes)
}

/// Writes a whole file under the first of the names that no file has; which one is decided in the same step.
pub fn write_new(
    names: impl IntoIterator<Item = PathBuf>,
    bytes: &[u8],
) -> anyhow::Result<PathBuf> {
    let mut file: Option<NamedTempFile> = None;
    for path in names {
        let ready = match file.take() {
            Some(ready) => ready,
            None => {
                make_folder(folder_of(&path))?;
                written(&path, bytes, None)?
            }
        };
        match ready.persist_noclobber(&path) {
            Ok(_) => {
                flush_folder(folder_of(&path));
                return Ok(path);
            }
            Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => {
                file = Some(taken.file);
            }
            Err(failed) => return Err(failed.error.into()),
        }
    }
    bail!("every name for it is taken")
}

/// A temporary file with all that `path` is to hold, on the disk.
fn written(path: &Path, bytes: &[u8], old: Option<&fs::Metadata>) -> anyhow::Result<NamedTempFile> {
    remove_stale(folder_of(path));
    let mut file = temporary(path)?;
    file.write_all(bytes)
        .and_then(|()| old.map_or(Ok(()), |old| keep(old, file.as_file())))
        .and_then(|()| file.as_file().sync_all())
        .hint("is the disk full? the file that was there is as it was")?;
    Ok(file)
}

/// Mode and, where that is allowed, owner of the file that is replaced.
fn keep(old: &fs::Metadata, file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let new = file.metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            // Only the superuser may give a file away.
            drop(fchown(file, Some(old.uid()), Some(old.gid())));
        }
    }
    file.set_permissions(old.permissions())
}

fn make_folder(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("create folder {}", folder.display()))
}

/// Not every system can: then the rename is on its way to the disk, and whole in either case.
fn flush_folder(folder: &Path) {
    let _best_effort = File::open(folder).and_then(|folder| folder.sync_all());
}

pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Whether there is something at a path. Only what is certainly not there is `false`: a link that leads nowhere, a
/// folder that may not be entered or a file in the place of a folder is an error.
pub fn exists(path: &Path) -> anyhow::Result<bool> {
    let doing = || format!("open {}", path.display());
    let missing = match fs::metadata(path) {
        Ok(_) => return Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => error,
        Err(error) => {
            return Err(error)
                .with_context(doing)
                .hint("it cannot be told whether it is there: correct the path, or the rights of its folders");
        }
    };
    // The last part that is there: a link has to lead somewhere.
    let mut part = Some(path);
    while let Some(place) = part.filter(|place| !place.as_os_str().is_empty()) {
        match fs::symlink_metadata(place) {
            Ok(found) if found.is_symlink() => {
                return Err(anyhow!("{} is a link that leads nowhere", place.display()))
                    .with_context(doing)
                    .hint("make what the link names, or remove the link");
            }
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => part = place.parent(),
            Err(_) => return Err(missing).with_context(doing),
        }
    }
    Ok(false)
}

/// The file at the end of all links, which need not be there yet.
fn followed(path: &Path) -> anyhow::Result<Destination> {
    const LINKS: usize = 40;
    let mut target = path.to_path_buf();
    for _ in 0..LINKS {
        match fs::read_link(&target) {
            // The links of /proc to open files lead further than their text says.
            Ok(_) if target.starts_with("/proc") || target.starts_with("/dev/fd") => {
                return Ok(Destination::Stream(target));
            }
            Ok(link) => target = folder_of(&target).join(link),
            // Not a link, or not there yet.
            Err(_) => return Ok(Destination::File(target)),
        }
    }
    bail!("its links lead in a circle")
}

/// The path without links, `.` and `..`, as far as it exists.
pub fn resolved(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    if let Ok(found) = fs::canonicalize(path) {
        return found;
    }
    match path.components().next_back() {
        Some(Component::Normal(name)) => resolved(folder_of(path)).join(name),
        Some(Component::ParentDir) => {
            let mut folder = resolved(folder_of(path));
            folder.pop();
            folder
        }
        _ => path.to_owned(),
    }
}

/// A file beside `path`, to be written and then renamed; gone again where nobody keeps it. As long as it is written
/// it is locked, which tells it from one that a killed process left behind.
fn temporary(path: &Path) -> anyhow::Result<NamedTempFile> {
    /// A cleaner may take a new file for an old one, for a moment.
    const ATTEMPTS: usize = 100;
    let folder = folder_of(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().scan(0, short).collect();
    let mut builder = tempfile::Builder::new();
    let prefix = format!(".{name}{MARK}");
    builder.prefix(&prefix).suffix(SUFFIX).rand_bytes(RANDOM);
    if let Some(permissions) = usual_permissions() {
        builder.permissions(permissions);
    }
    for _ in 0..ATTEMPTS {
        let file = builder
            .tempfile_in(folder)
            .with_context(|| format!("create a file in {}", folder.display()))?;
        match file.as_file().try_lock() {
            Ok(()) if is_at(file.as_file(), file.path()) => return Ok(file),
            // A file system without locks: then age alone tells what is stale.
            Err(TryLockError::Error(_)) => return Ok(file),
            _ => {}
        }
    }
    bail!(
        "create a file in {}: each one was taken for a stale one",
        folder.display()
    )
}

/// The characters of a name up to so many bytes.
fn short(bytes: &mut usize, character: char) -> Option<char> {
    *bytes += character.len_utf8();
    (*bytes <= LONGEST_NAME).then_some(character)
}

/// Of a new file, as any program would make it; a temp file would be its owner's alone.
#[cfg(unix)]
fn usual_permissions() -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn usual_permissions() -> Option<fs::Permissions> {
    None
}

/// Whether an open file is still the one of that name.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(open), Ok(named)) = (file.metadata(), fs::symlink_metadata(path)) else {
        return false;
    };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

#[cfg(not(unix))]
pub(super) fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// Removes what killed processes left in a folder: temporary files of ours that nobody is writing. A failure is of no
/// consequence here.
fn remove_stale(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if is_ours(&entry.file_name().to_string_lossy()) {
            remove_if_stale(&entry.path());
        }
    }
}

fn is_ours(name: &str) -> bool {
    let random = name
        .strip_prefix('.')
        .and_then(|name| name.strip_suffix(SUFFIX))
        .and_then(|name| name.rsplit_once(MARK));
    random.is_some_and(|(_, random)| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn remove_if_stale(path: &Path) {
    /// Where nothing can be locked: no file is written for this long.
    const AGE: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
    let is_file = fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    let Some(file) = is_file.then(|| File::open(path).ok()).flatten() else {
        return;
    };
    let stale = match file.try_lock() {
        Ok(()) => is_at(&file, path),
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => file
            .metadata()
            .and_then(|found| found.modified())
            .is_ok_and(|written| written.elapsed().is_ok_and(|age| age > AGE)),
    };
    if stale {
        drop(fs::remove_file(path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
        let mut names: Vec<String> = entries.map(|entry| name(entry).unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_stale_files_of_ours_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let stale = at(".main.json.perfgate-aB3dE6gH.tmp");
        for path in [
            &stale,
            &at(".main.json.backup.tmp"),
            &at(".main.json.perfgate-old.tmp"),
            &at("main.json.perfgate-aB3dE6gH.tmp"),
        ] {
            fs::write(path, "half").unwrap();
        }
        let busy = temporary(&at("other.json")).unwrap();
        write(&at("main.json"), b"{}").unwrap();
        assert!(!stale.exists());
        assert!(busy.path().exists(), "somebody is writing it");
        assert_eq!(names(folder.path()).len(), 5);
        drop(busy);
        assert_eq!(names(folder.path()).len(), 4);
    }

    #[test]
    fn a_new_name_never_takes_a_file_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let name = |n: usize| folder.path().join(format!("{n}.json"));
        let write = || write_new((0..40).map(name), b"{}").unwrap();
        let taken: Vec<PathBuf> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..10).map(|_| write()).collect::<Vec<_>>()))
                .collect();
            let done = threads.into_iter().map(|thread| thread.join().unwrap());
            done.flatten().collect()
        });
        assert_eq!(taken.len(), 40);
        assert_eq!(names(folder.path()).len(), 40);
        assert!(write_new((0..40).map(name), b"{}").is_err());
        assert_eq!(names(folder.path()).len(), 40);
    }

    #[test]
    fn a_path_that_is_not_there_yet_is_known_under_each_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| resolved(&folder.path().join(name));
        assert_eq!(at("new/../new/./a.json"), at("new/a.json"));
        assert_eq!(at("./a"), at("a"));
        assert_ne!(at("a"), at("b"));
    }
}
