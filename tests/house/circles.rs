//! Which parts of a module know each other in a circle, by the `use` lines and the paths in their code.

use std::collections::{BTreeMap, BTreeSet};

use super::paths;
use super::source::Source;

type Path = Vec<String>;

/// The files of one program as modules, and what each of them names and passes on.
struct Modules {
    files: BTreeMap<Path, File>,
}

struct File {
    /// Where it says `pub use`: what it passes on under its own name.
    passed_on: Vec<Path>,
    /// What its own code names, as written.
    named: Vec<Path>,
}

/// Parts of one folder that know each other in a circle, each circle sorted. A part is a file or a folder with all that
/// is in it. What `mod.rs` says belongs to the folder itself: it declares its parts, and they may use what it defines.
pub(crate) fn circles(sources: &[Source]) -> Vec<Vec<String>> {
    let modules = Modules::of(sources);
    let mut folders: BTreeMap<Path, BTreeMap<Path, BTreeSet<Path>>> = BTreeMap::new();
    for (module, file) in &modules.files {
        for depth in 1..module.len() {
            let parts = folders.entry(module[..depth].to_vec()).or_default();
            parts.entry(module[..=depth].to_vec()).or_default();
        }
        let targets = file
            .named
            .iter()
            .filter_map(|path| modules.absolute(path, module))
            .filter_map(|path| modules.defined_in(&path, 8).cloned());
        for target in targets {
            let shared = module
                .iter()
                .zip(&target)
                .take_while(|(a, b)| a == b)
                .count();
            if shared > 0 && shared < module.len().min(target.len()) {
                let parts = folders.entry(module[..shared].to_vec()).or_default();
                let known = parts.entry(module[..=shared].to_vec()).or_default();
                known.insert(target[..=shared].to_vec());
            }
        }
    }
    let mut circles = BTreeSet::new();
    for known in folders.values() {
        let reached: BTreeMap<&Path, BTreeSet<&Path>> = known
            .keys()
            .map(|part| (part, reached(part, known)))
            .collect();
        for part in known.keys() {
            let circle: Vec<String> = reached[part]
                .iter()
                .filter(|other| reached[*other].contains(part))
                .map(|other| other.join("::"))
                .collect();
            if circle.len() > 1 {
                circles.insert(circle);
            }
        }
    }
    circles.into_iter().collect()
}

fn reached<'m>(from: &'m Path, known: &'m BTreeMap<Path, BTreeSet<Path>>) -> BTreeSet<&'m Path> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(part) = open.pop() {
        let next = known.get(part).into_iter().flatten();
        open.extend(next.filter(|next| reached.insert(*next)));
    }
    reached
}

impl Modules {
    fn of(sources: &[Source]) -> Self {
        let file = |source: &Source| {
            let (passed_on, rest) = without_passed_on(&source.outside_tests());
            let file = File {
                passed_on: paths::named(&passed_on),
                named: paths::named(&rest),
            };
            (module(&source.path), file)
        };
        Self {
            files: sources.iter().map(file).collect(),
        }
    }

    /// A path as it is written in a module, from the root of the crate; `None` where it leads out of the crate.
    fn absolute(&self, path: &Path, module: &Path) -> Option<Path> {
        let supers = path.iter().take_while(|part| *part == "super").count();
        let (from, rest) = match path.first()?.as_str() {
            "crate" | "perfgate" => (&[][..], 1),
            "self" => (module.as_slice(), 1),
            "super" => (module.get(..module.len().checked_sub(supers)?)?, supers),
            child
                if self
                    .files
                    .contains_key(&joined(module, &[child.to_owned()])) =>
            {
                (module.as_slice(), 0)
            }
            _ => return None,
        };
        Some(joined(from, &path[rest..]))
    }

    /// The file that holds what a path names, through every `pub use` on the way.
    fn defined_in(&self, path: &Path, most: usize) -> Option<&Path> {
        let depth = (1..=path.len())
            .rev()
            .find(|depth| self.files.contains_key(&path[..*depth]))?;
        let (module, file) = self.files.get_key_value(&path[..depth])?;
        let further = path.get(depth).filter(|_| most > 0).and_then(|name| {
            let passed = file.passed_on.iter().find(|p| p.last() == Some(name))?;
            self.defined_in(&self.absolute(passed, module)?, most - 1)
        });
        Some(further.unwrap_or(module))
    }
}

fn joined(from: &[String], rest: &[String]) -> Path {
    [from, rest].concat()
}

/// `src/compare/effect.rs` is `compare::effect`.
fn module(path: &str) -> Path {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    inside.split('/').map(str::to_owned).collect()
}

/// The `pub use` lines of a file, and the rest of it.
fn without_passed_on(code: &str) -> (String, String) {
    let (mut passed_on, mut rest) = (String::new(), String::new());
    for statement in code.split_inclusive(';') {
        let start = statement
            .rfind("pub use ")
            .or_else(|| statement.rfind("pub(crate) use "))
            .or_else(|| statement.rfind("pub(super) use "));
        let (before, use_line) = statement.split_at(start.unwrap_or(statement.len()));
        rest.push_str(before);
        passed_on.push_str(use_line);
    }
    (passed_on, rest)
}

#[test]
fn a_circle_is_seen_through_what_a_module_passes_on() {
    let source = |path: &str, code: &str| Source {
        path: path.to_owned(),
        text: code.to_owned(),
        code: code.to_owned(),
    };
    let line = [
        source("src/a/mod.rs", "mod x; mod y; pub use y::Y;"),
        source("src/a/x.rs", "use super::Y;"),
        source("src/a/y.rs", "use crate::b::B;"),
        source("src/b.rs", "use crate::a::x::X; pub struct B;"),
    ];
    assert_eq!(circles(&line), Vec::<Vec<String>>::new());
    let circle = [
        source("src/a/mod.rs", "mod x; mod y; pub use y::Y;"),
        source("src/a/x.rs", "use super::Y;"),
        source("src/a/y.rs", "fn f() { super::x::g() }"),
    ];
    assert_eq!(circles(&circle), [["a::x", "a::y"]]);
}
