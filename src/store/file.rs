//! Baseline files, read whole and replaced whole: whoever reads, or is killed while writing, sees the old file
//! or the new one.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};

use super::format;
use super::lock::Lock;
use crate::hint::WithHint;
use crate::model::Baseline;
use crate::model::run_file::FileError;

const PATIENCE: Duration = Duration::from_secs(10);
const SIZE_LIMIT: u64 = 256 * 1024 * 1024;

/// Reads a baseline file.
pub fn read(path: &Path) -> anyhow::Result<Baseline> {
    let text = read_text(path)?
        .ok_or_else(|| anyhow!("read baseline {}: there is no such file", path.display()))
        .hint("`perfgate baseline update` makes one from results")?;
    parse(path, &text)
}

/// Changes a baseline file, or begins it: nobody else writes it meanwhile, and it is replaced in one step.
pub fn update(
    path: &Path,
    change: impl FnOnce(Baseline) -> anyhow::Result<Baseline>,
) -> anyhow::Result<Baseline> {
    let target = target_of(path)?;
    let folder = folder_of(&target);
    fs::create_dir_all(folder).with_context(|| format!("create folder {}", folder.display()))?;
    let _lock = Lock::of(&target, PATIENCE)?;
    let before = read_text(&target)?;
    let baseline = match &before {
        Some(text) => parse(path, text)?,
        None => Baseline::default(),
    };
    let baseline = change(baseline)?;
    let text = format::write(&baseline);
    // A baseline that could not be read again would stop every later gate; better to stop here.
    told(
        format::parse(&text),
        "a result holds what a baseline cannot: look at it with `perfgate inspect`",
    )
    .with_context(|| {
        format!(
            "write baseline {}: it could not be read again",
            path.display()
        )
    })?;
    if before.as_ref() != Some(&text) {
        replace(&target, &text).with_context(|| format!("write baseline {}", path.display()))?;
    }
    Ok(baseline)
}

pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The file that a path stands for: a linked baseline is written through its link, not instead of it.
fn target_of(path: &Path) -> anyhow::Result<PathBuf> {
    const LINKS: usize = 40;
    let mut target = path.to_path_buf();
    for _ in 0..LINKS {
        match fs::read_link(&target) {
            Ok(link) => target = folder_of(&target).join(link),
            // Not a link, or not there yet.
            Err(_) => return Ok(target),
        }
    }
    bail!("read link {}: it leads in a circle", path.display())
}

/// `None` where there is no file.
fn read_text(path: &Path) -> anyhow::Result<Option<String>> {
    let shown = path.display();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("open baseline {shown}")),
    };
    let length = file.metadata().map_or(0, |facts| facts.len());
    if length > SIZE_LIMIT {
        return too_large(path);
    }
    let room = usize::try_from(length).unwrap_or(0);
    let mut bytes = Vec::with_capacity(room.saturating_add(1));
    file.take(SIZE_LIMIT + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("read baseline {shown}"))?;
    if u64::try_from(bytes.len()).is_ok_and(|n| n > SIZE_LIMIT) {
        return too_large(path);
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(anyhow!("read baseline {shown}: it is not UTF-8 text"))
            .hint("perfgate writes UTF-8: take the file back from git"),
    }
}

fn too_large<T>(path: &Path) -> anyhow::Result<T> {
    let shown = path.display();
    Err(anyhow!("read baseline {shown}: it is larger than 256 MiB"))
        .hint("a baseline stays below a few MiB: check the path")
}

fn parse(path: &Path, text: &str) -> anyhow::Result<Baseline> {
    told(
        format::parse(text),
        "take the file back from git, where it was whole",
    )
    .with_context(|| format!("read baseline {}", path.display()))
}

/// A flaw of the text as an error, with its own hint or another.
fn told<T>(result: Result<T, FileError>, otherwise: &str) -> anyhow::Result<T> {
    result.or_else(|mut error| {
        let hint = error.hint.take().unwrap_or_else(|| otherwise.to_owned());
        Err(error).hint(hint)
    })
}

fn replace(target: &Path, text: &str) -> anyhow::Result<()> {
    let folder = folder_of(target);
    let old = fs::metadata(target)
        .map(|metadata| metadata.permissions())
        .ok();
    if old.as_ref().is_some_and(fs::Permissions::readonly) {
        return Err(anyhow!("the file is read-only"))
            .hint("make it writable, or name another file");
    }
    let name = target
        .file_name()
        .ok_or_else(|| anyhow!("the path names no file"))?
        .to_string_lossy();
    let prefix = format!(".{name}.");
    let mut file = temporary(folder, &prefix)
        .with_context(|| format!("create a file in {}", folder.display()))
        .hint("the folder of the baseline has to be writable; the baseline is as it was")?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| old.map_or(Ok(()), |old| file.as_file().set_permissions(old)))
        .and_then(|()| file.as_file().sync_all());
    written.hint("is the disk full? the baseline is as it was")?;
    file.persist(target)
        .map_err(|error| error.error)
        .hint("the baseline is as it was")?;
    // Not every system can: then the rename is on its way to the disk, and whole in either case.
    let _best_effort = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// A file under a name of its own, to be written and then renamed; gone again where nobody keeps it.
pub fn temporary(folder: &Path, prefix: &str) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).suffix(".tmp");
    if let Some(permissions) = usual_permissions() {
        builder.permissions(permissions);
    }
    builder.tempfile_in(folder)
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
