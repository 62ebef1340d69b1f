//! A first scenario, as the text of its file.

use std::collections::BTreeMap;

use crate::text::sanitize;

/// What stands in the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// Where it comes from, in a sentence.
    pub(super) from: String,
    /// What is to be decided or known, one line each.
    pub(super) notes: Vec<String>,
    pub(super) base: String,
    /// Whole lines behind the base.
    pub(super) top: Vec<String>,
    /// Whole lines of `[load]` and what comes with it; a first guess where there are none.
    pub(super) load: Vec<String>,
    pub(super) values: Values,
    pub(super) flows: Vec<Flow>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    pub(super) name: String,
    /// It is written and never taken, for what it asks for was made up.
    pub(super) is_off: bool,
    /// One where nothing is said.
    pub(super) weight: Option<u64>,
    pub(super) notes: Vec<String>,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    /// Where the path holds placeholders.
    pub(super) name: Option<String>,
    /// In small letters.
    pub(super) method: String,
    /// As a scenario writes it, placeholders and all.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    /// Whole lines behind them: the body, captures, a pause.
    pub(super) more: Vec<String>,
}

/// Where a placeholder takes its value from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Generator {
    Int(i64, i64),
    Choice(Vec<String>),
    Text(u32),
    Uuid,
}

/// Named generators; two of one name and different contents get two names.
#[derive(Clone, Debug, Default)]
pub(super) struct Values(BTreeMap<String, Generator>);

impl Values {
    /// The placeholder of a value like this one.
    pub(super) fn placeholder(&mut self, wanted: &str, generator: Generator) -> String {
        let plain = plain_name(wanted);
        let names = (1..).map(|n: usize| match n {
            1 => plain.clone(),
            n => format!("{plain}_{n}"),
        });
        for name in names {
            match self.0.get(&name) {
                Some(known) if *known != generator => {}
                _ => {
                    self.0.insert(name.clone(), generator);
                    return format!("{{{{{name}}}}}");
                }
            }
        }
        String::new()
    }
}

/// A name that a placeholder may have.
fn plain_name(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .collect();
    match name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => name,
        false => format!("value_{name}"),
    }
}

/// A text in which nothing is a placeholder or a variable.
pub(super) fn literal(text: &str) -> String {
    text.replace("${", "$${").replace("{{", "\\{{")
}

/// As TOML writes a text, on one line.
pub(super) fn quoted(text: &str) -> String {
    let written = toml::Value::String(text.to_owned()).to_string();
    match written.contains('\n') {
        true => escaped(text),
        false => written,
    }
}

/// As TOML writes a key.
pub(super) fn key(text: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !text.is_empty() && text.chars().all(is_bare) {
        true => text.to_owned(),
        false => escaped(text),
    }
}

/// JSON's escapes are those of TOML, but for one character that only TOML refuses.
fn escaped(text: &str) -> String {
    let json = serde_json::Value::String(text.to_owned()).to_string();
    json.replace('\u{7f}', "\\u007F")
}

/// A line of a comment, whatever it quotes.
pub(super) fn comment(text: &str) -> String {
    format!("# {}", sanitize::inline(text))
}

impl Draft {
    pub(super) fn steps(&self) -> usize {
        self.flows.iter().map(|flow| flow.steps.len()).sum()
    }

    pub(super) fn text(&self) -> String {
        let mut lines = vec![comment(&format!(
            "{} Written by `perfgate init`; every key is described in docs/scenario.md.",
            self.from
        ))];
        lines.extend(self.notes.iter().map(|note| comment(note)));
        lines.push(format!("base = {}", quoted(&self.base)));
        lines.push(
            "warmup = \"1s\"                       # sent first, and not measured".to_owned(),
        );
        lines.extend(self.top.iter().cloned());
        if self.load.is_empty() {
            lines.extend(
                [
                    "",
                    "# Users that each wait for an answer before they go on. `rate = 50` instead of `users` sends so many a second whether the",
                    "# service keeps up or not, which is what visitors do. 1,000 requests of a step make its p99 worth judging, 200 its p95.",
                    "[load]",
                    "users = 10",
                    "duration = \"10s\"                    # to begin with; more of it finds smaller changes",
                ]
                .map(str::to_owned),
            );
        } else {
            lines.push(String::new());
            lines.extend(self.load.iter().cloned());
        }
        if !self.values.0.is_empty() {
            lines.push(String::new());
            lines.push("# Made anew for every iteration.".to_owned());
            lines.push("[values]".to_owned());
            for (name, generator) in &self.values.0 {
                let inside = match generator {
                    Generator::Int(low, high) => format!("int = [{low}, {high}]"),
                    Generator::Text(length) => format!("text = {length}"),
                    Generator::Uuid => "uuid = true".to_owned(),
                    Generator::Choice(words) => {
                        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
                        format!("choice = [{}]", words.join(", "))
                    }
                };
                lines.push(format!("{name} = {{ {inside} }}"));
            }
        }
        let all_off = self.flows.iter().all(|flow| flow.is_off);
        for flow in &self.flows {
            lines.push(String::new());
            lines.extend(flow.notes.iter().map(|note| comment(note)));
            let step = match self.flows.len() {
                1 => "[[step]]",
                _ => {
                    lines.push("[[flow]]".to_owned());
                    lines.push(format!("name = {}", quoted(&flow.name)));
                    let weight = match flow.is_off && !all_off {
                        true => 0,
                        false => flow.weight.unwrap_or(1),
                    };
                    lines.push(format!("weight = {weight}"));
                    "[[flow.step]]"
                }
            };
            for (at, one) in flow.steps.iter().enumerate() {
                if at > 0 || step == "[[flow.step]]" {
                    lines.push(String::new());
                }
                lines.push(step.to_owned());
                lines.extend(one.lines());
            }
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

/// Those that are keys of a step.
const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

impl Step {
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(name) = &self.name {
            lines.push(format!("name = {}", quoted(name)));
        }
        let path = quoted(&self.path);
        match METHODS.contains(&self.method.as_str()) {
            true => lines.push(format!("{} = {path}", self.method)),
            false => {
                let method = quoted(&self.method.to_ascii_uppercase());
                lines.extend([format!("method = {method}"), format!("path = {path}")]);
            }
        }
        for (key, entries) in [("query", self.query()), ("headers", pairs(&self.headers))] {
            if !entries.is_empty() {
                lines.push(format!("{key} = {{ {entries} }}"));
            }
        }
        lines.extend(self.more.iter().cloned());
        lines
    }

    /// A parameter that comes several times is a list.
    fn query(&self) -> String {
        let mut grouped: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, value) in &self.query {
            match grouped.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value),
                None => grouped.push((name, vec![value])),
            }
        }
        let mut text = String::new();
        for (name, values) in grouped {
            let separator = if text.is_empty() { "" } else { ", " };
            let values: Vec<String> = values.into_iter().map(quoted).collect();
            let value = match values.as_slice() {
                [one] => one.clone(),
                several => format!("[{}]", several.join(", ")),
            };
            text += &format!("{separator}{} = {value}", key(name));
        }
        text
    }
}

fn pairs(entries: &[(String, String)]) -> String {
    let each = entries
        .iter()
        .map(|(name, value)| format!("{} = {}", key(name), quoted(value)));
    each.collect::<Vec<_>>().join(", ")
}

/// The headers that all of several steps have, as the line that says so once.
pub(super) fn common_headers(steps: &mut [Step]) -> Option<String> {
    let (first, others) = steps.split_first()?;
    let common: Vec<(String, String)> = first
        .headers
        .iter()
        .filter(|header| header.0 != "content-type")
        .filter(|header| others.iter().all(|step| step.headers.contains(header)))
        .cloned()
        .collect();
    if common.is_empty() || others.is_empty() {
        return None;
    }
    for step in steps {
        step.headers.retain(|header| !common.contains(header));
    }
    Some(format!("headers = {{ {} }}", pairs(&common)))
}

/// A path as it may stand in a scenario: what is no part of a path is percent-encoded, placeholders stay.
pub(super) fn path_text(path: &str) -> String {
    let mut text = String::new();
    let mut rest = path;
    while let Some((before, behind)) = rest.split_once("{{") {
        let Some((inside, after)) = behind.split_once("}}") else {
            break;
        };
        text += &encoded(before);
        text += &format!("{{{{{inside}}}}}");
        rest = after;
    }
    text + &encoded(rest)
}

fn encoded(text: &str) -> String {
    let mut whole = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/%".contains(c) {
            whole.push(c);
        } else {
            whole += &format!("%{byte:02X}");
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_name_and_different_contents_get_two_names() {
        let mut values = Values::default();
        let one = Generator::Choice(vec!["1".to_owned()]);
        assert_eq!(values.placeholder("item id", one.clone()), "{{item_id}}");
        assert_eq!(values.placeholder("item id", one), "{{item_id}}");
        assert_eq!(
            values.placeholder("item id", Generator::Int(1, 2)),
            "{{item_id_2}}"
        );
        assert_eq!(
            values.placeholder("2nd", Generator::Int(1, 2)),
            "{{value_2nd}}"
        );
    }

    #[test]
    fn what_is_no_path_is_encoded_and_placeholders_stay() {
        assert_eq!(
            path_text("/a b/{{id}}/ü?#{x}"),
            "/a%20b/{{id}}/%C3%BC%3F%23%7Bx%7D"
        );
        assert_eq!(literal("${A} {{b}}"), "$${A} \\{{b}}");
    }
}
