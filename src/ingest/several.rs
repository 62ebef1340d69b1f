//! Several results at once, as a comparison names them: side by side, and what they share is looked at once.

use std::path::{Path, PathBuf};

use super::locate::{ResultPlace, locate};
use super::{Ingested, ReadOptions, read_baselines, read_place, shares};

/// What each of the paths holds, in their order.
///
/// Baselines of one criterion folder are found in one walk of it: it may hold thousands of small files.
pub fn read_all(paths: &[PathBuf], options: &ReadOptions) -> anyhow::Result<Vec<Vec<Ingested>>> {
    let mut tasks: Vec<Task<'_>> = Vec::new();
    for (at, path) in paths.iter().enumerate() {
        let asked = AskedPath { at, path };
        match locate(path)? {
            ResultPlace::CriterionBaseline { folder, name } => {
                let of_folder = tasks.iter_mut().find_map(|task| task.baselines_of(&folder));
                match of_folder {
                    Some(baselines) => baselines.push((asked, name)),
                    None => tasks.push(Task::Baselines(folder, vec![(asked, name)])),
                }
            }
            place => tasks.push(Task::One(asked, place)),
        }
    }
    let mut all: Vec<Vec<Ingested>> = paths.iter().map(|_| Vec::new()).collect();
    for read in shares::each(&tasks, |task| task.read(options)) {
        for (at, ingested) in read? {
            if let Some(of_path) = all.get_mut(at) {
                of_path.extend(ingested);
            }
        }
    }
    Ok(all)
}

/// One of the paths, and which.
struct AskedPath<'a> {
    at: usize,
    path: &'a Path,
}

/// What one thread reads.
enum Task<'a> {
    One(AskedPath<'a>, ResultPlace),
    /// A criterion folder, and the names of its baselines.
    Baselines(PathBuf, Vec<(AskedPath<'a>, String)>),
}

impl<'a> Task<'a> {
    fn baselines_of(&mut self, wanted: &Path) -> Option<&mut Vec<(AskedPath<'a>, String)>> {
        match self {
            Self::Baselines(folder, asked) if folder == wanted => Some(asked),
            _ => None,
        }
    }

    fn read(&self, options: &ReadOptions) -> anyhow::Result<Vec<(usize, Vec<Ingested>)>> {
        match self {
            Self::One(asked, place) => {
                Ok(vec![(asked.at, read_place(asked.path, place, options)?)])
            }
            Self::Baselines(folder, asked) => {
                let named = asked
                    .iter()
                    .map(|(asked, name)| (asked.path, name.as_str()));
                let read = read_baselines(folder, &named.collect::<Vec<_>>(), options)?;
                let each = asked.iter().zip(read);
                Ok(each
                    .map(|((asked, _), one)| (asked.at, vec![one]))
                    .collect())
            }
        }
    }
}
