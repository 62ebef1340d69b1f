//! Which config file holds: the one that was named, or the nearest one up to the repository root.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::hint::WithHint;
use crate::store;

use super::{Config, parse};

pub(crate) const FILE_NAME: &str = "perfgate.toml";

/// A config with the place that its relative paths start from.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundConfig {
    /// As messages call it.
    pub path: PathBuf,
    /// Empty for the working folder.
    pub folder: PathBuf,
    pub config: Config,
}

/// `perfgate.toml` in the working folder or above it, no further than the repository root. Outside a
/// repository only the working folder counts: a stray file in a home folder is nobody's policy. One that is there and
/// cannot be read, or a link that leads nowhere, is an error: a gate without its rules is another gate.
pub fn find(working: &Path) -> anyhow::Result<Option<PathBuf>> {
    let root = working
        .ancestors()
        .position(|folder| folder.join(".git").exists())
        .unwrap_or(0);
    let mut relative = PathBuf::new();
    for folder in working.ancestors().take(root + 1) {
        let file = folder.join(FILE_NAME);
        let found = relative.join(FILE_NAME);
        if store::exists(&file).context("find the config file")? {
            if !file.is_file() {
                return Err(anyhow!("read {}: it is not a file", found.display()))
                    .hint("perfgate.toml is the name of its config file: rename what is there");
            }
            return Ok(Some(found));
        }
        relative.push("..");
    }
    Ok(None)
}

pub fn read(path: &Path) -> anyhow::Result<FoundConfig> {
    let bytes = fs::read(path)
        .with_context(|| format!("read {}", path.display()))
        .hint("check the path; without --config the nearest perfgate.toml is taken")?;
    let name = path.display().to_string();
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow::anyhow!("it is not UTF-8"))
        .with_context(|| format!("read {name}"))
        .hint("save it as UTF-8")?;
    of_text(
        &name,
        &text,
        path.parent().map(Path::to_owned).unwrap_or_default(),
    )
}

/// A config that lies nowhere in the work tree, as it would be read with its relative paths beginning at `folder`.
pub(crate) fn of_text(name: &str, text: &str, folder: PathBuf) -> anyhow::Result<FoundConfig> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let config = parse(name, text).or_else(|mut error| {
        let hint = error.hint.take();
        let hint = hint.unwrap_or_else(|| "`perfgate schema config` prints every key".to_owned());
        Err(error).hint(hint)
    })?;
    Ok(FoundConfig {
        folder,
        path: PathBuf::from(name),
        config,
    })
}
