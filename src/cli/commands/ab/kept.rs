//! The runs of both sides as files, to be judged again: where they were asked for, and where measuring was ended early.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::ab::{Sequence, Version};
use crate::cli::output::Output;
use crate::cli::output::run_file::FOLDER;
use crate::hint::WithHint;
use crate::model::{Run, run_file};
use crate::store;

pub(super) struct KeptResults {
    asked: Option<PathBuf>,
}

impl KeptResults {
    /// A folder that cannot be made is told before anything is measured.
    pub(super) fn prepare(asked: Option<PathBuf>) -> anyhow::Result<Self> {
        if let Some(folder) = &asked {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("make the folder {}", folder.display()))
                .hint("--output takes a folder that can be written")?;
        }
        Ok(Self { asked })
    }

    pub(super) fn write(
        &self,
        sequence: &Sequence<'_>,
        output: &mut Output<'_>,
    ) -> anyhow::Result<()> {
        if let Some(folder) = &self.asked {
            write(folder, sequence, false)?;
            tell(folder, sequence, output);
        }
        Ok(())
    }

    /// What was measured until it ended early, marked as partial. That it cannot be kept is told, and the reason for
    /// the end stays the error.
    pub(super) fn rescue(&self, sequence: &Sequence<'_>, output: &mut Output<'_>) {
        if sequence.rounds() == 0 {
            return;
        }
        let now = jiff::Timestamp::now()
            .strftime("ab-%Y-%m-%dT%H-%M-%SZ")
            .to_string();
        let folder = self
            .asked
            .clone()
            .unwrap_or_else(|| Path::new(FOLDER).join(now));
        let made = std::fs::create_dir_all(&folder)
            .with_context(|| format!("make the folder {}", folder.display()));
        match made.and_then(|()| write(&folder, sequence, true)) {
            Ok(()) => tell(&folder, sequence, output),
            Err(error) => output.warn(&format!("what was measured is lost: {error:#}")),
        }
    }
}

fn write(folder: &Path, sequence: &Sequence<'_>, partial: bool) -> anyhow::Result<()> {
    for version in Version::BOTH {
        let path = folder.join(format!("{}.json", version.as_str()));
        let runs: Vec<String> = sequence
            .runs(version)
            .iter()
            .map(|run| {
                let mut run: Run = run.clone();
                run.provenance.partial |= partial;
                run_file::write(&run).trim_end().to_owned()
            })
            .collect();
        let text = format!("[\n{}\n]\n", runs.join(",\n"));
        store::write(&path, text.as_bytes())
            .with_context(|| format!("write {}", path.display()))
            .or_hint("is there room on the disk, and may perfgate write there?")?;
    }
    Ok(())
}

fn tell(folder: &Path, sequence: &Sequence<'_>, output: &mut Output<'_>) {
    let folder = folder.display();
    output.note(&format!(
        "kept {} rounds; judge them again: perfgate compare --interleaved {folder}/base.json {folder}/head.json",
        sequence.rounds()
    ));
}
