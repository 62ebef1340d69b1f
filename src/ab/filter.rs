//! `{filter}`: which benchmarks of a command are still in doubt, in the words of the tool that the command runs.

use crate::model::Subject;

/// How a tool is told which of its benchmarks to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// An anchored regular expression of whole names: criterion, Google Benchmark, divan, vitest and most others.
    #[default]
    Names,
    /// `go test -bench`: an expression for each level of a name, with slashes between.
    GoLevels,
    /// pytest: one argument for each test, and none for all of them.
    NodeIds,
    /// `pytest -k`: one expression, which is empty for all of them.
    Keywords,
}

/// What stands for it in a command.
const PLACE: &str = "{filter}";

impl Filter {
    /// Where the command says itself what it runs.
    pub fn of_command(command: &str) -> Option<Self> {
        let words: Vec<&str> = command.split_whitespace().collect();
        let is_pytest = |word: &&str| {
            let name = word.rsplit(['/', '\\']).next().unwrap_or_default();
            matches!(name, "pytest" | "py.test")
        };
        if words.iter().any(is_pytest) {
            let by_keyword = words.windows(2).any(|pair| pair == ["-k", PLACE]);
            return Some(if by_keyword {
                Self::Keywords
            } else {
                Self::NodeIds
            });
        }
        words
            .windows(2)
            .any(|pair| pair == ["go", "test"])
            .then_some(Self::GoLevels)
    }

    /// Where the results say which tool wrote them.
    pub fn of_tool(tool: &str) -> Option<Self> {
        match tool {
            "go-bench" => Some(Self::GoLevels),
            "pytest-benchmark" => Some(Self::Keywords),
            _ => None,
        }
    }

    /// The command that runs only these; `None` runs all.
    pub fn put(self, command: &str, in_doubt: Option<&[Subject]>) -> String {
        if !command.contains(PLACE) {
            return command.to_owned();
        }
        let names: Option<Vec<&str>> =
            in_doubt.map(|subjects| subjects.iter().map(Subject::as_str).collect());
        let text = match (self, names) {
            (Self::Names | Self::GoLevels, None) => quoted(".*"),
            (Self::Names, Some(names)) => quoted(&any_of(&names)),
            (Self::GoLevels, Some(names)) => quoted(&levels(&names)),
            (Self::NodeIds, names) => node_ids(names.unwrap_or_default()),
            (Self::Keywords, names) => quoted(&keywords(&names.unwrap_or_default())),
        };
        command.replace(PLACE, &text)
    }
}

/// One word of the shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn any_of(names: &[impl AsRef<str>]) -> String {
    let names: Vec<String> = names.iter().map(|name| escaped(name.as_ref())).collect();
    format!("^(?:{})$", names.join("|"))
}

fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// An expression for each level that all names have; with fewer levels than a name has, all below it runs. More may run
/// than was asked for, which is not judged, and never less. Go knows alternatives of whole paths since 1.20 only.
fn levels(names: &[&str]) -> String {
    let paths: Vec<Vec<&str>> = names
        .iter()
        .map(|name| without_package(name).split('/').collect())
        .collect();
    let depth = paths.iter().map(Vec::len).min().unwrap_or(0);
    let of_level = |level: usize| {
        let mut here: Vec<&str> = Vec::new();
        for path in &paths {
            let Some(part) = path.get(level) else {
                continue;
            };
            let variants = [Some(*part), without_number(part)];
            for variant in variants.into_iter().flatten() {
                if !here.contains(&variant) {
                    here.push(variant);
                }
            }
        }
        match here.as_slice() {
            [one] => format!("^{}$", escaped(one)),
            several => any_of(several),
        }
    };
    let levels: Vec<String> = (0..depth).map(of_level).collect();
    levels.join("/")
}

/// Where two packages have a benchmark of one name its package stands before it.
fn without_package(name: &str) -> &str {
    match name.find(".Benchmark") {
        Some(at) if !name.starts_with("Benchmark") => name.get(at + 1..).unwrap_or(name),
        _ => name,
    }
}

/// Go puts the number of processors (`-4`) and of a repeated name (`#01`) behind it, and neither is matched. A name may
/// also end so by itself.
fn without_number(part: &str) -> Option<&str> {
    let name = part.trim_end_matches(|c: char| c.is_ascii_digit());
    if name.len() == part.len() {
        return None;
    }
    let name = name.strip_suffix(['-', '#'])?;
    (!name.is_empty()).then_some(name)
}

/// Names that are no node ids ask for nothing, so that all runs.
fn node_ids(names: Vec<&str>) -> String {
    if !names.iter().all(|name| name.contains("::")) {
        return String::new();
    }
    let words: Vec<String> = names.into_iter().map(quoted).collect();
    words.join(" ")
}

/// `test_sum[small] or test_join`. What an expression cannot hold is left out with all its parameters.
fn keywords(names: &[&str]) -> String {
    let is_known =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '+' | '-' | '.' | '[' | ']' | '/');
    let mut words: Vec<&str> = Vec::new();
    for name in names {
        let test = name.rsplit("::").next().unwrap_or(name);
        let test = if test.chars().all(is_known) {
            test
        } else {
            test.split('[').next().unwrap_or(test)
        };
        if test.is_empty() || !test.chars().all(is_known) {
            return String::new();
        }
        if !words.contains(&test) {
            words.push(test);
        }
    }
    words.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(command: &str, names: &[&str]) -> String {
        let filter = Filter::of_command(command).unwrap_or_default();
        let subjects: Vec<Subject> = names.iter().map(|name| Subject::new(*name)).collect();
        filter.put(command, (!names.is_empty()).then_some(&subjects))
    }

    #[test]
    fn it_is_one_quoted_argument_with_the_names_in_doubt() {
        assert_eq!(put("bench {filter}", &[]), "bench '.*'");
        assert_eq!(
            put("bench {filter}", &["a.b/c", "it's"]),
            r"bench '^(?:a\.b/c|it'\''s)$'"
        );
        assert_eq!(put("bench", &["a"]), "bench");
    }

    #[test]
    fn go_is_asked_by_levels() {
        let go = "go test -bench {filter}";
        assert_eq!(put(go, &[]), "go test -bench '.*'");
        assert_eq!(
            put(go, &["BenchmarkA/b"]),
            "go test -bench '^BenchmarkA$/^b$'"
        );
        assert_eq!(
            put(go, &["BenchmarkA/n=1", "BenchmarkB/n=2"]),
            "go test -bench '^(?:BenchmarkA|BenchmarkB)$/^(?:n=1|n=2)$'"
        );
        // A benchmark without levels below it is not measured where an expression asks for more of them.
        assert_eq!(
            put(go, &["BenchmarkA", "BenchmarkB/n=2"]),
            "go test -bench '^(?:BenchmarkA|BenchmarkB)$'"
        );
        assert_eq!(
            put(go, &["example.org/m/p.BenchmarkA/n-8"]),
            r"go test -bench '^BenchmarkA$/^(?:n\-8|n)$'"
        );
        assert_eq!(Filter::of_tool("go-bench"), Some(Filter::GoLevels));
    }

    #[test]
    fn pytest_is_asked_by_node_ids_or_keywords_and_by_nothing_for_all() {
        let by_ids = "python3 -m pytest {filter} --benchmark-json out.json";
        assert_eq!(
            put(by_ids, &[]),
            "python3 -m pytest  --benchmark-json out.json"
        );
        assert_eq!(
            put(
                by_ids,
                &["t/test_a.py::test_sum[a b]", "t/test_a.py::test_x"]
            ),
            "python3 -m pytest 't/test_a.py::test_sum[a b]' 't/test_a.py::test_x' --benchmark-json out.json"
        );
        let by_keyword = ".venv/bin/pytest -k {filter}";
        assert_eq!(put(by_keyword, &[]), ".venv/bin/pytest -k ''");
        assert_eq!(
            put(
                by_keyword,
                &["t/test_a.py::test_sum[a b]", "t/a.py::T::test_x[1]"]
            ),
            ".venv/bin/pytest -k 'test_sum or test_x[1]'"
        );
        assert_eq!(Filter::of_tool("locust"), None);
    }
}
