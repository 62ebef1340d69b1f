//! What a scenario asks for, as a digest and as terms that people read: two runs are of the same work where the
//! digests are the same, and the terms say what changed where they are not. Pure.
//!
//! Whatever changes the digest changes a term. The address of the service, names of steps and phases, what is watched
//! and how the service is started are no part of it, and secrets only by the kind of authentication.

mod load;
pub mod secret;
mod steps;

use std::time::Duration;

use crate::model::{Digest, Load, Ordered};

use super::scenario::{self, Protocol, Scenario, Scheme};
use crate::toml_file::written::duration_text as time;

/// The way in which a load is written for its digest. A change of it makes every load another.
const VERSION: &str = "perfgate load 1";
/// A longer text is cut in a term, and told apart by its digest.
const SHOWN: usize = 60;

/// What the scenario asks for, flags over it included.
pub fn of(scenario: &Scenario) -> Load {
    let mut definition = Definition::new();
    load::write(scenario, &mut definition);
    general(scenario, &mut definition);
    data(scenario, &mut definition);
    steps::write(scenario, &mut definition);
    match scenario.share.is_whole() {
        true => definition.load(),
        false => part(definition.load(), &scenario.share.to_string()),
    }
}

/// Of a search for the largest rate: its rates follow from how the service does, and are no part of what was asked for.
pub fn of_search(scenario: &Scenario, conditions: &str, each: Option<Duration>) -> Load {
    let mut scenario = scenario.clone();
    for level in &mut scenario.levels {
        if let scenario::Load::Open(open) = &mut level.load {
            for phase in &mut open.phases {
                (phase.from, phase.to) = (1.0, 1.0);
                phase.duration = each.unwrap_or_default();
            }
        }
    }
    let Load { digest, mut terms } = of(&scenario);
    let whole = digest.unwrap_or_default();
    let mut digest = Digest::new("perfgate search of a rate 1");
    digest.field(whole.as_bytes());
    digest.field(conditions.as_bytes());
    terms.insert("rate".to_owned(), format!("the largest with {conditions}"));
    if each.is_none() {
        terms.insert("duration".to_owned(), "as needed".to_owned());
    }
    Load {
        digest: Some(digest.hex()),
        terms,
    }
}

/// In the terms of one machine's part of a load: which it is, and the digest of the whole.
pub const SHARE: &str = "share";
pub const WHOLE: &str = "whole";

/// A part is another load than the whole, and the same as any other part of as many.
fn part(whole: Load, share: &str) -> Load {
    let of = share.split_once('/').map_or(share, |(_, of)| of);
    let mut digest = Digest::new("perfgate part of a load 1");
    let mut terms = whole.terms;
    terms.insert(SHARE.to_owned(), share.to_owned());
    digest.field(of.as_bytes());
    if let Some(whole) = whole.digest {
        digest.field(whole.as_bytes());
        terms.insert(WHOLE.to_owned(), whole);
    }
    Load {
        digest: Some(digest.hex()),
        terms,
    }
}

/// The terms so far, and the digest over them.
pub(super) struct Definition {
    digest: Digest,
    terms: Ordered<String, String>,
}

/// One property of a load.
pub(super) struct Term {
    /// What it is called in the digest: names that people gave are no part of it.
    pub(super) key: String,
    /// What it is called by people.
    pub(super) name: String,
    /// All of it.
    pub(super) exact: String,
    /// As much as people want to see.
    pub(super) shown: String,
}

impl Definition {
    fn new() -> Self {
        Self {
            digest: Digest::new(VERSION),
            terms: Ordered::default(),
        }
    }

    pub(super) fn put(&mut self, term: Term) {
        self.digest.field(term.key.as_bytes());
        self.digest.field(term.exact.as_bytes());
        // Two steps may have one name.
        let mut name = term.name;
        let base = name.clone();
        let mut number = 2;
        while self.terms.contains_key(&name) {
            name = format!("{base} ({number})");
            number += 1;
        }
        self.terms.insert(name, term.shown);
    }

    /// A property that is shown whole.
    pub(super) fn plain(&mut self, name: &str, value: String) {
        self.put(Term {
            key: name.to_owned(),
            name: name.to_owned(),
            exact: value.clone(),
            shown: value,
        });
    }

    fn load(self) -> Load {
        Load {
            digest: Some(self.digest.hex()),
            terms: self.terms,
        }
    }
}

fn general(scenario: &Scenario, definition: &mut Definition) {
    definition.plain("warmup", time(scenario.warmup));
    definition.plain("timeout", time(scenario.timeout));
    definition.plain("seed", scenario.seed.to_string());
    definition.plain("redirects", scenario.redirects.to_string());
    definition.plain("cookies", yes_or_no(scenario.cookies));
    if !scenario.keep_alive {
        definition.plain("keep_alive", yes_or_no(scenario.keep_alive));
    }
    let http = match scenario.protocol {
        Protocol::Http1 => "1.1".to_owned(),
        Protocol::Http2 { streams } => format!("2, {streams} users a connection"),
    };
    definition.plain("http", http);
    definition.plain("tls", yes_or_no(scenario.base.scheme == Scheme::Https));
    if !scenario.hosts.is_empty() {
        let schemes = |named: bool| {
            let each = scenario.hosts.iter().map(|host| match named {
                true => format!("{} {}", host.name, host.base.scheme.as_str()),
                false => host.base.scheme.as_str().to_owned(),
            });
            each.collect::<Vec<_>>().join(", ")
        };
        definition.put(Term {
            key: "hosts".to_owned(),
            name: "hosts".to_owned(),
            exact: schemes(false),
            shown: schemes(true),
        });
    }
}

fn data(scenario: &Scenario, definition: &mut Definition) {
    for (name, generator) in &scenario.values {
        let name = format!("value {name}");
        let exact = steps::generator(generator);
        definition.put(Term {
            key: name.clone(),
            name,
            shown: shown(&exact),
            exact,
        });
    }
    for feed in &scenario.feeds {
        let name = format!("data {}", feed.name);
        let mut digest = Digest::default();
        for cell in feed
            .columns
            .iter()
            .map(String::as_str)
            .chain(feed.rows.cells())
        {
            digest.field(cell.as_bytes());
        }
        let (rows, columns) = (feed.rows.len(), feed.columns.len());
        let order = match feed.order {
            scenario::RowOrder::Sequence => "in sequence",
            scenario::RowOrder::Random => "at random",
        };
        let digest = digest.hex();
        definition.put(Term {
            key: name.clone(),
            name,
            exact: format!("{columns} {rows} {order} {digest}"),
            shown: format!(
                "{rows} rows {order}, {}",
                digest.get(..8).unwrap_or_default()
            ),
        });
    }
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

/// On one line, and where it is long its beginning and a digest of all of it.
pub(super) fn shown(text: &str) -> String {
    let line: String = text.chars().take(SHOWN).collect();
    let is_whole = line.len() == text.len() && !text.chars().any(char::is_control);
    if is_whole {
        return line;
    }
    let line: String = line
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let mut digest = Digest::default();
    digest.field(text.as_bytes());
    format!("{}… ({})", line.trim_end(), digest.short())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_still_told_apart() {
        let long = "x".repeat(100);
        assert_eq!(shown("short"), "short");
        assert_ne!(shown(&long), shown(&format!("{long}y")));
        assert!(shown(&long).chars().count() < 80);
        assert!(!shown("a\nb").contains('\n'));
        assert_ne!(shown("a\nb"), shown("a b"));
    }
}
