//! Benchmarks of code: criterion, Go's own, pytest-benchmark. Base and head of them can be measured in turns, for
//! nothing has to be started first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::cli::output::shell_repr::quoted;

use super::finding::{Finding, OUT, Turns};
use super::survey::{Survey, folder, name, written};

/// Files that are named one by one on a command line; of more the folder is taken.
const NAMED: usize = 8;

pub(super) fn all(survey: &Survey) -> Vec<Finding> {
    [criterion(survey), go(survey), pytest(survey)]
        .into_iter()
        .flatten()
        .collect()
}

/// The benches of one `Cargo.toml` that criterion runs.
struct Crate {
    manifest: PathBuf,
    benches: Vec<String>,
    features: BTreeSet<String>,
    files: Vec<String>,
}

impl Crate {
    /// As Cargo is told.
    fn command(&self) -> String {
        let mut words = vec!["cargo bench".to_owned()];
        if self.manifest != Path::new("Cargo.toml") {
            words.push(format!(
                "--manifest-path {}",
                quoted(&written(&self.manifest))
            ));
        }
        if !self.features.is_empty() {
            let features: Vec<&str> = self.features.iter().map(String::as_str).collect();
            words.push(format!("--features {}", quoted(&features.join(","))));
        }
        words.extend(
            self.benches
                .iter()
                .map(|bench| format!("--bench {}", quoted(bench))),
        );
        words.join(" ")
    }
}

fn criterion(survey: &Survey) -> Option<Finding> {
    let manifests = survey.files().filter(|path| name(path) == "cargo.toml");
    let crates: Vec<Crate> = manifests
        .filter_map(|manifest| criterion_crate(survey, manifest))
        .collect();
    if crates.is_empty() {
        return None;
    }
    let commands = |behind: &str| {
        let each = crates
            .iter()
            .map(|one| format!("{}{behind}", one.command()));
        each.collect::<Vec<_>>().join(" && ")
    };
    // The folder of the benchmark process is that of its package, so the path has to be whole.
    let into = |n: &str| format!("export CRITERION_HOME=\"$PWD/{OUT}/criterion-{n}\" && ");
    Some(Finding {
        tool: "criterion",
        name: "criterion".to_owned(),
        files: crates.iter().flat_map(|one| one.files.clone()).collect(),
        comments: vec![
            "Each run keeps the samples of every benchmark in a folder of its own.".to_owned(),
        ],
        command: into("{n}") + &commands(""),
        results: format!("{OUT}/criterion-{{n}}"),
        turns: Some(Turns {
            build: Some(commands(" --no-run")),
            run: Some(into("1") + &commands(" -- {filter}")),
            comments: vec![
                "{filter} leaves out the benchmarks that are decided already, so later rounds are short."
                    .to_owned(),
            ],
        }),
        ..Finding::default()
    })
}

fn criterion_crate(survey: &Survey, manifest: &Path) -> Option<Crate> {
    let text = survey.head(manifest);
    let table: toml::Table = text.parse().ok()?;
    table.get("package")?;
    if !depends_on_criterion(&table) {
        return None;
    }
    let mut found = Crate {
        manifest: manifest.to_owned(),
        benches: Vec::new(),
        features: BTreeSet::new(),
        files: Vec::new(),
    };
    for bench in table.get("bench")?.as_array()? {
        let is_off = bench.get("harness").and_then(toml::Value::as_bool) == Some(false);
        let Some(name) = bench.get("name").and_then(toml::Value::as_str) else {
            continue;
        };
        if !is_off {
            continue;
        }
        let said = bench.get("path").and_then(toml::Value::as_str);
        let usual = [
            format!("benches/{name}.rs"),
            format!("benches/{name}/main.rs"),
        ];
        let candidates = said.map(str::to_owned).into_iter().chain(usual);
        let file = candidates
            .map(|path| folder(manifest).join(path))
            .find(|path| survey.has(path));
        // The rest of it may be in modules; a crate can have benches of another runner beside.
        let Some(file) = file.filter(|file| is_of_criterion(survey, file)) else {
            continue;
        };
        let features = bench
            .get("required-features")
            .and_then(toml::Value::as_array);
        let features = features
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str);
        found.features.extend(features.map(str::to_owned));
        found.benches.push(name.to_owned());
        found.files.push(written(&file));
    }
    (!found.benches.is_empty()).then_some(found)
}

fn is_of_criterion(survey: &Survey, file: &Path) -> bool {
    let text = survey.head(file);
    text.contains("criterion")
        || !["divan", "iai", "gungraun", "#[bench]"]
            .iter()
            .any(|other| text.contains(other))
}

fn depends_on_criterion(manifest: &toml::Table) -> bool {
    let tables = ["dependencies", "dev-dependencies", "dev_dependencies"];
    let has = |table: &toml::Table| {
        let of_kind = tables
            .iter()
            .filter_map(|kind| table.get(*kind)?.as_table());
        of_kind
            .flat_map(|table| table.keys())
            .any(|key| key == "criterion")
    };
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let mut targets = targets.into_iter().flat_map(|targets| targets.values());
    has(manifest) || targets.any(|target| target.as_table().is_some_and(has))
}

fn go(survey: &Survey) -> Option<Finding> {
    let is_benchmark =
        |line: &str| line.starts_with("func Benchmark") && line.contains("*testing.B");
    let mut modules: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    let mut files = Vec::new();
    for path in survey.with_extension(&["go"]) {
        if !name(path).ends_with("_test.go") || !survey.head(path).lines().any(is_benchmark) {
            continue;
        }
        // Outside a module `go test` would not know where the packages come from.
        let Some(module) = survey.nearest(path, &["go.mod"]) else {
            continue;
        };
        let packages = modules.entry(folder(&module).to_owned()).or_default();
        let package = folder(path).strip_prefix(folder(&module));
        packages.insert(package.unwrap_or(folder(path)).to_owned());
        files.push(written(path));
    }
    if modules.is_empty() {
        return None;
    }
    let each = modules.iter().map(|(module, packages)| {
        let place = match module.as_os_str().is_empty() {
            true => String::new(),
            false => format!(" -C {}", quoted(&written(module))),
        };
        let packages: Vec<String> = match packages.len() <= NAMED {
            true => packages
                .iter()
                .map(|package| package_path(package))
                .collect(),
            false => vec!["./...".to_owned()],
        };
        let packages = packages.join(" ");
        format!("go{place} test -run '^$' -bench . -benchmem -count 3 -timeout 1h {packages}")
    });
    let each: Vec<String> = each.collect();
    let command = match each.as_slice() {
        [one] => one.clone(),
        several => format!("{{ {}; }}", several.join(" && ")),
    };
    Some(Finding {
        tool: "Go",
        name: "go".to_owned(),
        files,
        comments: vec![
            "-benchmem counts allocations, which do not vary; each line of -count is a sample."
                .to_owned(),
        ],
        command: format!("mkdir -p {OUT} && {command} > {OUT}/go-{{n}}.txt"),
        results: format!("{OUT}/go-{{n}}.txt"),
        turns: Some(Turns::default()),
        ..Finding::default()
    })
}

fn package_path(package: &Path) -> String {
    match package.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => quoted(&format!("./{}", written(package))),
    }
}

/// Where a Python project says what it needs.
const PYTHON_MANIFESTS: [&str; 6] = [
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "tox.ini",
    "pipfile",
    "noxfile.py",
];

fn pytest(survey: &Survey) -> Option<Finding> {
    let mentions = |path: &&Path| {
        let text = survey.head(path).to_ascii_lowercase();
        text.contains("pytest-benchmark") || text.contains("pytest_benchmark")
    };
    let is_manifest = |path: &&Path| {
        let name = name(path);
        PYTHON_MANIFESTS.contains(&name.as_str())
            || (name.contains("requirements") && (name.ends_with(".txt") || name.ends_with(".in")))
            || folder(path).ends_with("requirements")
    };
    let manifests: Vec<&Path> = survey
        .files()
        .filter(is_manifest)
        .filter(mentions)
        .collect();
    let has_any = survey.files().any(|path| is_manifest(&path));
    let tests: Vec<&Path> = survey
        .with_extension(&["py"])
        .filter(|path| uses_benchmark(&survey.head(path)))
        .collect();
    let imported = tests.iter().any(mentions);
    if tests.is_empty() || (manifests.is_empty() && has_any && !imported) {
        return None;
    }
    let files: Vec<String> = tests.iter().map(|path| written(path)).collect();
    let named: Vec<String> = match files.len() <= NAMED {
        true => files.iter().map(|file| quoted(file)).collect(),
        false => common_folder(&tests).into_iter().collect(),
    };
    let behind = |n: &str| {
        let named: String = named.iter().map(|file| format!(" {file}")).collect();
        format!("-m pytest --benchmark-only --benchmark-json={OUT}/pytest-{n}.json{named}")
    };
    let make = format!("mkdir -p {OUT} && ");
    let install = installed(survey, &manifests);
    Some(Finding {
        tool: "pytest-benchmark",
        name: "pytest".to_owned(),
        files,
        comments: vec!["The JSON holds every round of every test.".to_owned()],
        command: format!("{make}python3 {}", behind("{n}")),
        results: format!("{OUT}/pytest-{{n}}.json"),
        turns: Some(Turns {
            build: Some(format!("python3 -m venv .venv && {install}")),
            run: Some(format!("{make}.venv/bin/python {}", behind("1"))),
            comments: vec!["Each revision is installed in an environment of its own.".to_owned()],
        }),
        ..Finding::default()
    })
}

/// A test that is given the fixture.
fn uses_benchmark(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once("def test") {
        let arguments = behind.split(')').next().unwrap_or_default();
        let is_fixture = |word: &str| {
            word.split([':', '='])
                .next()
                .is_some_and(|name| name.trim() == "benchmark")
        };
        let inside = arguments.split_once('(').map_or("", |(_, inside)| inside);
        if inside.split(',').any(is_fixture) {
            return true;
        }
        rest = behind;
    }
    false
}

fn common_folder(files: &[&Path]) -> Option<String> {
    let first = folder(files.first()?);
    let common = first
        .ancestors()
        .find(|folder| files.iter().all(|file| file.starts_with(folder)))?;
    (!common.as_os_str().is_empty()).then(|| quoted(&written(common)))
}

/// The commands of pip after which the project and the plugin are there.
fn installed(survey: &Survey, manifests: &[&Path]) -> String {
    const PIP: &str = ".venv/bin/python -m pip install --quiet";
    let mut words = Vec::new();
    let mut newest = String::new();
    let pyproject = Path::new("pyproject.toml");
    if survey.has(pyproject) || survey.has(Path::new("setup.py")) {
        let group = survey
            .head(pyproject)
            .parse::<toml::Table>()
            .ok()
            .and_then(|table| group_of(&table));
        match group {
            Some(Group::Extra(name)) => words.push(format!("-e {}", quoted(&format!(".[{name}]")))),
            Some(Group::Dependencies(name)) => {
                // pip knows groups since 25.1, and an interpreter brings the pip of its own age.
                newest = format!("{PIP} --upgrade pip && ");
                words.push(format!("-e . --group {}", quoted(&name)));
            }
            None => words.push("-e .".to_owned()),
        }
    }
    let is_list = |path: &&&Path| path.extension().is_some_and(|extension| extension == "txt");
    // Several that have the plugin are for several versions of Python or of what is tested, and contradict each other.
    let lists = manifests.iter().filter(is_list);
    let list = lists.min_by_key(|path| (path.as_os_str().len(), **path));
    words.extend(list.map(|path| format!("-r {}", quoted(&written(path)))));
    words.push("pytest pytest-benchmark".to_owned());
    format!("{newest}{PIP} {}", words.join(" "))
}

/// Where `pyproject.toml` lists the plugin.
enum Group {
    Extra(String),
    /// Of `[dependency-groups]`.
    Dependencies(String),
}

fn group_of(table: &toml::Table) -> Option<Group> {
    let lists_it = |group: &toml::Value| {
        let entries = group.as_array();
        let mut entries = entries
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str);
        entries.any(|entry| entry.starts_with("pytest-benchmark"))
    };
    let named = |groups: Option<&toml::Value>| {
        let groups = groups?.as_table()?;
        groups
            .iter()
            .find(|(_, group)| lists_it(group))
            .map(|(name, _)| name.clone())
    };
    let extras = table
        .get("project")
        .and_then(|project| project.get("optional-dependencies"));
    named(extras)
        .map(Group::Extra)
        .or_else(|| named(table.get("dependency-groups")).map(Group::Dependencies))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_takes_the_fixture_is_told_from_one_that_only_speaks_of_it() {
        for text in [
            "def test_a(benchmark):",
            "async def test_a(self, benchmark: BenchmarkFixture, x=1):",
            "def test_plain(x):\n  pass\ndef test_b(\n    benchmark,\n):",
        ] {
            assert!(uses_benchmark(text), "{text}");
        }
        for text in [
            "def test_benchmark():",
            "def test_a(benchmarks):",
            "benchmark(f)",
            "def helper(benchmark): ...",
        ] {
            assert!(!uses_benchmark(text), "{text}");
        }
    }
}
