//! `--watch`: what is measured beside the requests, and what its series are called.

use std::path::PathBuf;

use anyhow::anyhow;

use super::WhatFlags;
use crate::hint::WithHint;
use crate::load::scenario::{WatchTarget, Watched, endpoint};

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
            ("service".to_owned(), WatchTarget::Pid(pid))
        }
        "name" => (value.to_owned(), WatchTarget::Process(value.to_owned())),
        "cgroup" => {
            let path = PathBuf::from(value);
            let last = path
                .file_name()
                .map(|last| last.to_string_lossy().into_owned());
            (
                last.unwrap_or_else(|| "cgroup".to_owned()),
                WatchTarget::Cgroup(path),
            )
        }
        _ => return Err(format!("`{kind}` cannot be watched; {KNOWN}")),
    };
    Ok(Watched {
        name: name.map_or(usual, str::to_owned),
        what,
    })
}

/// What the flags of `perfgate watch` name; a NAME= before a value holds neither `/` nor `:`.
pub(crate) fn of_flags(flags: WhatFlags) -> anyhow::Result<Vec<Watched>> {
    let mut all = Vec::new();
    for (flag, kind, values) in [
        ("--pid", "pid", flags.pid),
        ("--process", "name", flags.process),
        ("--cgroup", "cgroup", flags.cgroup),
    ] {
        for text in values {
            let (name, value) = named(&text);
            let mut one =
                parse(&format!("{kind}:{value}")).map_err(|why| anyhow!("{flag} {text}: {why}"))?;
            name.map_err(|why| anyhow!("{flag} {text}: {why}"))?
                .into_iter()
                .for_each(|name| name.clone_into(&mut one.name));
            push(&mut all, one)?;
        }
    }
    if flags.host {
        let host = Watched {
            name: "host".to_owned(),
            what: WatchTarget::Host,
        };
        push(&mut all, host)?;
    }
    if let Some(text) = flags.prometheus {
        let why = |why| anyhow!("--prometheus {text}: {why}");
        let (name, url) = named(&text);
        let endpoint = Watched {
            name: name.map_err(why)?.unwrap_or("metrics").to_owned(),
            what: endpoint(url, &flags.metrics).map_err(why)?,
        };
        push(&mut all, endpoint)?;
    }
    if all.is_empty() {
        return Err(anyhow!("watch: nothing is named that is to be watched"))
            .hint("name it: --process nginx, --pid 1234, --cgroup PATH, --host, or --prometheus URL --metrics NAME");
    }
    Ok(all)
}

fn push(all: &mut Vec<Watched>, one: Watched) -> anyhow::Result<()> {
    if all.iter().any(|other| other.name == one.name) {
        return Err(anyhow!("watch {}: two of this name are watched", one.name))
            .hint("name one of them: --pid NAME=1234, --process NAME=nginx");
    }
    all.push(one);
    Ok(())
}

/// A name that was given, and the value behind it.
fn named(text: &str) -> (Result<Option<&str>, String>, &str) {
    match text.split_once('=') {
        Some((name, value)) if !name.contains(['/', ':']) => match name.trim() {
            "" => (
                Err(format!("there is no name before `=` in `{text}`")),
                value,
            ),
            name => (Ok(Some(name)), value),
        },
        _ => (Ok(None), text),
    }
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
            ("pid:1234", "service", WatchTarget::Pid(1234)),
            ("api=pid:1234", "api", WatchTarget::Pid(1234)),
            (
                "name:nginx",
                "nginx",
                WatchTarget::Process("nginx".to_owned()),
            ),
            ("name:a=b", "a=b", WatchTarget::Process("a=b".to_owned())),
            (
                "cgroup:system.slice/api.service",
                "api.service",
                WatchTarget::Cgroup("system.slice/api.service".into()),
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
    fn flags_name_what_is_watched_and_may_call_it_something() {
        let flags = |pid: &[&str], process: &[&str]| WhatFlags {
            pid: pid.iter().map(|text| (*text).to_owned()).collect(),
            process: process.iter().map(|text| (*text).to_owned()).collect(),
            ..WhatFlags::default()
        };
        let names = |flags| {
            let all = of_flags(flags).unwrap();
            all.into_iter().map(|one| one.name).collect::<Vec<_>>()
        };
        assert_eq!(
            names(flags(&["7", "api=8"], &["nginx"])),
            ["service", "api", "nginx"]
        );
        assert!(of_flags(flags(&["7", "8"], &[])).is_err());
        assert!(of_flags(flags(&["=8"], &[])).is_err());
        assert!(of_flags(flags(&["api="], &[])).is_err());
        assert!(of_flags(WhatFlags::default()).is_err());
        let url = "http://127.0.0.1:1/metrics?a=b".to_owned();
        let endpoint = WhatFlags {
            prometheus: Some(url),
            metrics: vec![("up".to_owned(), crate::model::Better::Higher)],
            ..WhatFlags::default()
        };
        assert_eq!(names(endpoint), ["metrics"]);
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
