//! What a path that was given as a result stands for, before anything in it is read.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use super::locust;
use crate::hint::WithHint;
use crate::text::nearest::near;

#[derive(Debug, PartialEq)]
pub(super) enum ResultPlace {
    File,
    Folder,
    /// `target/criterion@main`: a folder, and the name of a baseline in it.
    CriterionBaseline {
        folder: PathBuf,
        name: String,
    },
    /// `out/run` where there is an `out/run_stats.csv`.
    LocustPrefix,
}

pub(super) fn locate(path: &Path) -> anyhow::Result<ResultPlace> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Ok(ResultPlace::Folder),
        Ok(found) if found.is_file() => return Ok(ResultPlace::File),
        // A pipe can be read once, and a result is looked at before it is read.
        Ok(_) => bail!("read {}: it is neither a file nor a folder", path.display()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("open {}", path.display()));
        }
        Err(_) => {}
    }
    if let Some(place) = criterion_baseline(path) {
        return Ok(place);
    }
    if locust::is_prefix(path) {
        return Ok(ResultPlace::LocustPrefix);
    }
    let missing = Err(anyhow!(
        "open {}: there is no such file or folder",
        path.display()
    ));
    match nearest(path) {
        Some(near) => missing.hint(format!("did you mean {}?", near.display())),
        None => missing.hint("check the path, and that the run which should have written it did"),
    }
}

/// A baseline's name may hold `@` and `/`, so each `@` that follows a folder may be the mark.
fn criterion_baseline(path: &Path) -> Option<ResultPlace> {
    let text = path.to_str()?;
    text.rmatch_indices('@').find_map(|(at, mark)| {
        let (folder, name) = text.split_at_checked(at)?;
        let name = name.strip_prefix(mark)?;
        (!name.is_empty() && Path::new(folder).is_dir()).then(|| ResultPlace::CriterionBaseline {
            folder: PathBuf::from(folder),
            name: name.to_owned(),
        })
    })
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// The existing sibling whose name is closest, or that of the first folder on the way which is missing.
fn nearest(path: &Path) -> Option<PathBuf> {
    let folder = parent(path);
    if !folder.is_dir() {
        return nearest(folder);
    }
    let wanted = path.file_name()?.to_string_lossy();
    let entries = fs::read_dir(folder).ok()?.flatten();
    let names: Vec<OsString> = entries.map(|entry| entry.file_name()).collect();
    let name = near(&wanted, names.iter().filter_map(|name| name.to_str()))?;
    // As the user wrote the folder: no `./` in front.
    Some(path.with_file_name(name))
}
