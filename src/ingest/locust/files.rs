//! Which files belong together: a CSV set by its prefix or any of its files, and kinds by content.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::ingest::source;

/// The files that `--csv PREFIX` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    Stats,
    History,
    Failures,
    Exceptions,
}

impl Member {
    pub(super) const ALL: [Self; 4] =
        [Self::Stats, Self::History, Self::Failures, Self::Exceptions];

    fn suffix(self) -> &'static str {
        match self {
            Self::Stats => "_stats.csv",
            Self::History => "_stats_history.csv",
            Self::Failures => "_failures.csv",
            Self::Exceptions => "_exceptions.csv",
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Stats => "statistics",
            Self::History => "history",
            Self::Failures => "failures",
            Self::Exceptions => "exceptions",
        }
    }

    /// By the columns that every version writes; versions differ in the rest.
    fn of_header(columns: &BTreeSet<&str>) -> Option<Self> {
        let has = |names: &[&str]| names.iter().all(|name| columns.contains(name));
        if has(&["Timestamp", "Type", "Name", "Total Request Count"]) {
            Some(Self::History)
        } else if has(&["Type", "Name", "Request Count", "Failure Count"]) {
            Some(Self::Stats)
        } else if has(&["Method", "Name", "Error", "Occurrences"]) {
            Some(Self::Failures)
        } else if has(&["Count", "Message", "Traceback"]) {
            Some(Self::Exceptions)
        } else {
            None
        }
    }
}

/// Which of Locust's files this is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LocustFileKind {
    Csv(Member),
    Json,
}

impl LocustFileKind {
    pub(super) fn of(head: &str) -> Option<Self> {
        let head = head.trim_start_matches('\u{feff}').trim_start();
        if let Some(list) = head.strip_prefix('[') {
            let keys = [
                "\"num_requests\"",
                "\"num_reqs_per_sec\"",
                "\"response_times\"",
            ];
            let entries = list.trim_start().starts_with('{');
            return (entries && keys.iter().any(|key| head.contains(key))).then_some(Self::Json);
        }
        let header = head.lines().next()?;
        // No column that tells a kind holds a comma, so quotes only need to be taken off.
        let columns = header
            .split(',')
            .map(|name| name.trim_matches('"'))
            .collect();
        Member::of_header(&columns).map(Self::Csv)
    }
}

/// The files of one `--csv PREFIX`.
#[derive(Clone, Debug)]
pub(super) struct Set {
    prefix: PathBuf,
}

impl Set {
    pub(super) fn at(prefix: &Path) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    /// The set that a file belongs to by its name.
    pub(super) fn of_member(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let prefix = Member::ALL
            .into_iter()
            .find_map(|member| name.strip_suffix(member.suffix()))?;
        // A bare `_stats.csv` is a set with an empty name.
        Some(Self {
            prefix: path.parent().unwrap_or(Path::new("")).join(prefix),
        })
    }

    pub(super) fn path(&self, member: Member) -> PathBuf {
        let mut path = OsString::from(&self.prefix);
        path.push(member.suffix());
        PathBuf::from(path)
    }

    pub(super) fn has(&self, member: Member) -> bool {
        self.path(member).is_file()
    }

    /// Those that are there.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        Member::ALL
            .into_iter()
            .filter(|member| self.has(*member))
            .map(|member| self.path(member))
            .collect()
    }

    pub(super) fn display(&self) -> std::path::Display<'_> {
        self.prefix.display()
    }
}

pub(super) fn prefixes(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let sets: BTreeSet<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| holds_statistics(path))
        .filter_map(|path| Set::of_member(&path))
        .map(|set| set.prefix)
        .collect();
    sets.into_iter().collect()
}

/// A name is not enough: other tools write a `_stats.csv` too.
fn holds_statistics(path: &Path) -> bool {
    let named = |member: Member| {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.ends_with(member.suffix()))
    };
    if !(named(Member::Stats) || named(Member::History)) {
        return false;
    }
    let mut head = Vec::new();
    let read = source::open(path).and_then(|file| file.take(super::HEAD).read_to_end(&mut head));
    read.is_ok()
        && matches!(
            LocustFileKind::of(&String::from_utf8_lossy(&head)),
            Some(LocustFileKind::Csv(Member::Stats | Member::History))
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_file_of_a_set_names_its_prefix() {
        for name in [
            "_stats.csv",
            "_stats_history.csv",
            "_failures.csv",
            "_exceptions.csv",
        ] {
            let set = Set::of_member(Path::new(&format!("out/run{name}"))).unwrap();
            assert_eq!(set.path(Member::Stats), Path::new("out/run_stats.csv"));
        }
        assert!(Set::of_member(Path::new("out/run.csv")).is_none());
        let bare = Set::of_member(Path::new("out/_stats.csv")).unwrap();
        assert_eq!(bare.path(Member::Stats), Path::new("out/_stats.csv"));
    }

    #[test]
    fn kinds_are_told_by_their_columns_in_any_order_and_quoting() {
        let stats = "\"Type\",\"Name\",\"Request Count\",\"Failure Count\",\"50%\"\nGET,/,1,0,3";
        assert_eq!(
            LocustFileKind::of(stats),
            Some(LocustFileKind::Csv(Member::Stats))
        );
        assert_eq!(
            LocustFileKind::of("\n[\n {\"num_requests\": 1}]"),
            Some(LocustFileKind::Json)
        );
        assert_eq!(
            LocustFileKind::of("[{\"schema\": \"perfgate.run/1\"}]"),
            None
        );
        assert_eq!(LocustFileKind::of("Name,Type,Count"), None);
        assert_eq!(LocustFileKind::of(""), None);
    }
}
