//! The project's files as the house tests read them: code without its comments and strings.

use std::fs;
use std::path::{Path, PathBuf};

/// One file of Rust.
pub(crate) struct Source {
    /// From the root of the project, with `/` on every system.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments, strings and character literals blanked; line numbers stay.
    pub(crate) code: String,
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        Self {
            path: relative(path),
            code: blank(&text),
            text,
        }
    }

    /// The folder or file right under `src/`: `src/compare/effect.rs` is in `compare`.
    pub(crate) fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap();
        let first = inside.split('/').next().unwrap();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How many modules deep the file is: `src/verdict.rs` and `src/compare/mod.rs` are one deep.
    pub(crate) fn depth(&self) -> usize {
        let parts = self.path.strip_prefix("src/").unwrap().split('/').count();
        if self.path.ends_with("/mod.rs") {
            parts - 1
        } else {
            parts
        }
    }

    /// The code that is built into the program.
    pub(crate) fn outside_tests(&self) -> String {
        if self.path.ends_with("/tests.rs") || self.path.contains("/tests/") {
            return String::new();
        }
        without_tests(&self.code)
    }
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of Rust under a folder of the project, sorted.
pub(crate) fn rust(folder: &str) -> Vec<Source> {
    files(&root().join(folder))
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .map(|path| Source::read(path))
        .collect()
}

/// Every file of the project, sorted; not what was built and not what Git keeps.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap();
            if kind.is_file() && !built(&path) {
                found.push(path);
            } else if kind.is_dir() && !built(&path) {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}

fn built(path: &Path) -> bool {
    let built = [
        ".git",
        "target",
        "fuzz/target",
        "fuzz/corpus",
        "fuzz/artifacts",
        "perfgate-results",
    ];
    let name = path.file_name().unwrap_or_default();
    built.contains(&relative(path).as_str()) || name == "__pycache__" || name == "node_modules"
}

pub(crate) fn relative(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap();
    inside.to_string_lossy().replace('\\', "/")
}

/// Comments, strings and characters become spaces.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skipped(&chars, at);
        if end > at {
            code.extend(
                chars[at..end]
                    .iter()
                    .map(|c| if *c == '\n' { '\n' } else { ' ' }),
            );
            at = end;
        } else {
            code.push(chars[at]);
            at += 1;
        }
    }
    code
}

/// Where the comment, string or character that starts here ends; `at` itself where none starts.
fn skipped(chars: &[char], at: usize) -> usize {
    let is = |offset: usize, c: char| chars.get(at + offset) == Some(&c);
    let after = |from: usize, end: &[char]| {
        chars[from.min(chars.len())..]
            .windows(end.len())
            .position(|w| w == end)
            .map_or(chars.len(), |found| from + found + end.len())
    };
    let inside_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match chars[at] {
        '/' if is(1, '/') => after(at, &['\n']) - 1,
        '/' if is(1, '*') => after(at + 2, &['*', '/']),
        'r' if !inside_word || chars[at - 1] == 'b' => {
            let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
            if !is(1 + hashes, '"') {
                return at;
            }
            let mut end = vec!['"'];
            end.resize(1 + hashes, '#');
            after(at + 2 + hashes, &end)
        }
        '"' => quoted(chars, at, '"'),
        // A lifetime has no closing quote after one character.
        '\'' if is(1, '\\') || is(2, '\'') => quoted(chars, at, '\''),
        _ => at,
    }
}

fn quoted(chars: &[char], at: usize, quote: char) -> usize {
    let mut end = at + 1;
    while end < chars.len() && chars[end] != quote {
        end += if chars[end] == '\\' { 2 } else { 1 };
    }
    (end + 1).min(chars.len())
}

/// Blanks each item that is marked `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::new();
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        kept.push_str(&rest[..start]);
        let item = &rest[start..];
        let end = match item.find(['{', ';']) {
            Some(open) if item[open..].starts_with('{') => open + braces(&item[open..]),
            Some(semicolon) => semicolon + 1,
            None => item.len(),
        };
        kept.extend(item[..end].chars().filter(|c| *c == '\n'));
        rest = &item[end..];
    }
    kept + rest
}

/// The length of the text up to the brace that closes its first one.
fn braces(text: &str) -> usize {
    let mut open = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 1 => return at + 1,
            '}' => open -= 1,
            _ => {}
        }
    }
    text.len()
}

#[test]
fn comments_strings_and_tests_are_not_code() {
    let code = blank(
        "a /* x */ b // y\nlet s = \"cr\\\"ate\"; r#\"z\"# 'q' &'a str\n#[cfg(test)]\nmod t { fn f() {} }\nend",
    );
    for gone in ["x", "y", "cr", "z", "q"] {
        assert!(!code.contains(gone), "{gone} in {code}");
    }
    assert!(code.contains("&'a str") && code.contains("mod t"));
    let program = without_tests(&code);
    assert!(!program.contains("mod t") && program.contains("end"));
    assert_eq!(program.lines().count(), code.lines().count());
}
