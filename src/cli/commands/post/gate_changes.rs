//! What a pull request changes of its gate, by the server's word: the job that posts has checked out nothing, and what
//! the verdict says of it was written by those who may have changed it.

use std::path::PathBuf;

use crate::cli::env::Env;
use crate::cli::settings::base::changed;
use crate::cli::settings::config;
use crate::cli::settings::{Settings, Typed};
use crate::compare::RulesFrom;
use crate::publish::github::{ChangedFile, Ends, GitHub};
use crate::report::{BaseRules, BaseState, Document, GateChange};

/// The most config files that are read: a pull request that changes more of them does not change one gate.
const MOST_CONFIGS: usize = 4;

pub(crate) async fn look(github: &GitHub<'_>, number: u64, document: &Document) -> BaseRules {
    let Some(ends) = github.ends(number).await else {
        return BaseRules::not_compared(None);
    };
    let not_compared = || BaseRules::not_compared(Some(ends.branch.clone()));
    if !ends.is_complete {
        return not_compared();
    }
    let mut told = BaseRules {
        base: Some(ends.branch.clone()),
        state: BaseState::Compared,
        judged_by: RulesFrom::Head,
        changes: Vec::new(),
    };
    let named = document.policy.config.as_deref();
    let configs = ends.files.iter().filter(|file| is_config(file, named));
    for file in configs.take(MOST_CONFIGS) {
        match rules(github, &ends, file).await {
            Some(Rules::Changed(changes)) => told.changes.extend(changes),
            Some(Rules::New) => told.state = BaseState::NoRules,
            None => return not_compared(),
        }
    }
    let baseline = document.baseline.as_ref().map(|b| b.path.as_str());
    told.changes.extend(
        ends.files
            .iter()
            .find(|file| is_baseline(file, baseline))
            .map(|file| match file.status.as_str() {
                "added" => GateChange::BaselineAdded,
                "removed" => GateChange::BaselineRemoved,
                _ => GateChange::BaselineEdited,
            }),
    );
    told
}

enum Rules {
    Changed(Vec<GateChange>),
    /// The base has none.
    New,
}

/// `None` where one of the two cannot be read.
async fn rules(github: &GitHub<'_>, ends: &Ends, file: &ChangedFile) -> Option<Rules> {
    if file.status == "added" {
        return Some(Rules::New);
    }
    let earlier = file.before.as_deref().unwrap_or(&file.path);
    let before = settings(Some(github.text_at(earlier, &ends.base).await?))?;
    let now = match file.status.as_str() {
        "removed" => settings(None)?,
        _ => settings(Some(github.text_at(&file.path, &ends.head).await?))?,
    };
    Some(Rules::Changed(changed(&before, &now)))
}

/// What a file asks for, whatever this job's own environment says.
fn settings(text: Option<String>) -> Option<Settings> {
    let file = match text {
        Some(text) => Some(config::of_text(config::FILE_NAME, &text, PathBuf::new()).ok()?),
        None => None,
    };
    Settings::at_base(Typed::default(), &Env::default(), file).ok()
}

fn is_config(file: &ChangedFile, named: Option<&str>) -> bool {
    paths(file)
        .any(|path| path.rsplit('/').next() == Some(config::FILE_NAME) || Some(path) == named)
}

/// One that is called as baselines are, or that the verdict names.
fn is_baseline(file: &ChangedFile, named: Option<&str>) -> bool {
    paths(file).any(|path| {
        let in_their_folder = path.split('/').any(|part| part == "baselines");
        in_their_folder && path.ends_with(".json") || Some(path) == named
    })
}

fn paths(file: &ChangedFile) -> impl Iterator<Item = &str> {
    [Some(file.path.as_str()), file.before.as_deref()]
        .into_iter()
        .flatten()
}
