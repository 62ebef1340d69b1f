//! How results are read: by the format or the mapping that was typed, and by the mappings of the config.

use std::path::Path;

use anyhow::anyhow;

use crate::cli::args::ReadAs;
use crate::cli::settings::config::{self, Config};
use crate::hint::WithHint;
use crate::ingest::ReadOptions;
use crate::ingest::mapping::Mappings;
use crate::text::nearest::near;

/// Makes the options read as `--from` says.
pub(crate) fn read_as(options: &mut ReadOptions, from: Option<&ReadAs>) -> anyhow::Result<()> {
    match from {
        None => {}
        Some(ReadAs::Format(format)) => {
            options.from = Some(*format);
            options.mapping = None;
        }
        Some(ReadAs::Mapping(name)) => {
            options.from = None;
            by_mapping(options, name)?;
        }
    }
    Ok(())
}

/// Makes the options read by the mapping of this name.
pub(crate) fn by_mapping(options: &mut ReadOptions, name: &str) -> anyhow::Result<()> {
    if let Some(mapping) = options.mappings.named(name) {
        options.mapping = Some(mapping.clone());
        return Ok(());
    }
    let hint = match near(name, options.mappings.names()) {
        Some(near) => format!("did you mean mapping:{near}?"),
        None => format!("add [mapping.{name}] to perfgate.toml: it says how the file is read"),
    };
    Err(anyhow!(
        "--from mapping:{name}: there is no [mapping.{name}]"
    ))
    .hint(hint)
}

pub(super) fn of_config(config: &mut Config, folder: Option<&Path>) -> Mappings {
    let mappings = std::mem::take(&mut config.mappings);
    Mappings::new(mappings, folder.unwrap_or(Path::new("")))
}

/// For commands that heed nothing else of a config: how files are read is no rule. A config that cannot be read is
/// theirs to tell only where a mapping of it was asked for.
pub(crate) fn mappings_here(from: Option<&ReadAs>) -> anyhow::Result<Mappings> {
    let is_wanted = matches!(from, Some(ReadAs::Mapping(_)));
    let found = std::env::current_dir()
        .map_err(anyhow::Error::from)
        .and_then(|here| config::find(&here))
        .and_then(|path| path.map(|path| config::read(&path)).transpose());
    match found {
        Ok(Some(mut found)) => Ok(of_config(&mut found.config, Some(&found.folder))),
        Ok(None) => Ok(Mappings::default()),
        Err(error) if is_wanted => Err(error),
        Err(_) => Ok(Mappings::default()),
    }
}
