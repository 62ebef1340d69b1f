//! `--watch`: what is measured beside the requests, and what its series are called.

use std::path::PathBuf;

use anyhow::anyhow;

use crate::hint::WithHint;
use crate::load::scenario::{Source, Watched};

const KNOWN: &str =
    "write pid:1234, name:server or cgroup:PATH, with `NAME=` before it to call it so";

/// `[NAME=]pid:1234`, `[NAME=]name:server`, `[NAME=]cgroup:PATH`.
pub(crate) fn parse(text: &str) -> Result<Watched, String> {
    let (kind_part, _) = text.split_once(':').ok_or(KNOWN)?;
    let (name, what) = match kind_part.split_once('=') {
        Some((name, _)) => {
            let rest = text.get(name.len() + 1..).unwrap_or_default();
            (Some(name.trim()), rest)
        }
        None => (None, text),
    };
    let (kind, value) = what.split_once(':').ok_or(KNOWN)?;
    if value.is_empty() || name == Some("") {
        return Err(format!("`{text}` names nothing; {KNOWN}"));
    }
    let (usual, what) = match kind {
        "pid" => {
            let number = value.parse::<u32>().ok().filter(|pid| *pid > 0);
            let pid = number.ok_or_else(|| format!("`{value}` is not the number of a process"))?;
            // The number is another each time, and series are told apart by their name.
            ("service".to_owned(), Source::Pid(pid))
        }
        "name" => (value.to_owned(), Source::Process(value.to_owned())),
        "cgroup" => {
            let path = PathBuf::from(value);
            let last = path
                .file_name()
                .map(|last| last.to_string_lossy().into_owned());
            (
                last.unwrap_or_else(|| "cgroup".to_owned()),
                Source::Cgroup(path),
            )
        }
        _ => return Err(format!("`{kind}` cannot be watched; {KNOWN}")),
    };
    Ok(Watched {
        name: name.map_or(usual, str::to_owned),
        what,
    })
}

/// What the scenario watches and what was typed; two of one name would be one series.
pub(crate) fn add(known: &mut Vec<Watched>, typed: Vec<Watched>) -> anyhow::Result<()> {
    for one in typed {
        if known.iter().any(|other| other.name == one.name) {
            return Err(anyhow!("watch {}: two of this name are watched", one.name))
                .hint("name one of them: --watch NAME=pid:1234");
        }
        known.push(one);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_watched_has_a_name_that_stays_the_same() {
        for (text, name, what) in [
            ("pid:1234", "service", Source::Pid(1234)),
            ("api=pid:1234", "api", Source::Pid(1234)),
            ("name:nginx", "nginx", Source::Process("nginx".to_owned())),
            ("name:a=b", "a=b", Source::Process("a=b".to_owned())),
            (
                "cgroup:system.slice/api.service",
                "api.service",
                Source::Cgroup("system.slice/api.service".into()),
            ),
        ] {
            let name = name.to_owned();
            assert_eq!(parse(text), Ok(Watched { name, what }), "{text}");
        }
        for bad in ["1234", "pid:", "pid:x", "pid:0", "port:80", "=pid:1", ""] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn two_of_one_name_are_refused() {
        let watch = |text: &str| parse(text).unwrap();
        let mut known = vec![watch("pid:1")];
        assert!(add(&mut known, vec![watch("pid:2")]).is_err());
        assert!(add(&mut known, vec![watch("db=pid:2")]).is_ok());
        assert_eq!(known.len(), 2);
    }
}
