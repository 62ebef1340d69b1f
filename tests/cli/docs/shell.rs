//! A copy of the project's examples in a temporary folder, and just enough of a shell to follow the docs there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use perfgate::compare::Pattern;
use tempfile::TempDir;

/// What the docs work with; everything else of the project is not there.
const COPIED: [&str; 4] = ["examples", "baselines", "templates", "tests/fixtures"];

pub(crate) struct Shell {
    sandbox: TempDir,
    pub(crate) last_code: i32,
}

impl Shell {
    pub(crate) fn new() -> Self {
        let sandbox = tempfile::tempdir().unwrap();
        for folder in COPIED {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            if from.exists() {
                copy(&from, &sandbox.path().join(folder));
            }
        }
        // Where the search for a perfgate.toml upwards has to end.
        fs::create_dir(sandbox.path().join(".git")).unwrap();
        Self {
            sandbox,
            last_code: 0,
        }
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.sandbox.path().join(name), text).unwrap();
    }

    /// What the command prints on both streams, in order.
    pub(crate) fn run(&mut self, command: &str, folder: &str) -> String {
        let folder = self.sandbox.path().join(folder);
        assert!(
            folder.is_dir(),
            "no folder {} for the docs",
            folder.display()
        );
        let mut words = words(command, &folder);
        if words.starts_with(&["cargo", "run", "--release", "--"].map(String::from)) {
            words.splice(..4, ["perfgate".to_owned()]);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["echo", "$?"] => format!("{}\n", self.last_code),
            ["cat", file] => fs::read_to_string(folder.join(file)).unwrap(),
            ["perfgate", arguments @ ..] => self.perfgate(arguments, &folder),
            ["git", "clone", "-q", bundle, to] => {
                let mut git = Command::new("git");
                git.args(["clone", "-q", bundle, to]).current_dir(&folder);
                assert!(git.status().unwrap().success(), "{command}");
                String::new()
            }
            _ => panic!(
                "`{command}` cannot be executed; mark its block `not executed`, with a reason"
            ),
        }
    }

    fn perfgate(&mut self, arguments: &[&str], folder: &Path) -> String {
        let printed = self.sandbox.path().join(".git/printed");
        let stdout = File::create(&printed).unwrap();
        // A rendered report stands in a page without what a terminal says beside it.
        let report_alone = arguments.contains(&"markdown");
        let stderr = if report_alone {
            std::process::Stdio::null()
        } else {
            std::process::Stdio::from(stdout.try_clone().unwrap())
        };
        let mut program = Command::new(env!("CARGO_BIN_EXE_perfgate"));
        program
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("HOME", self.sandbox.path())
            .stdin(std::process::Stdio::null())
            .stdout(stdout)
            .stderr(stderr);
        for kept in ["PATH", "SystemRoot"] {
            if let Some(value) = std::env::var_os(kept) {
                program.env(kept, value);
            }
        }
        let code = program.status().unwrap().code();
        self.last_code = code.expect("perfgate was ended by a signal");
        fs::read_to_string(printed).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// The words of a command: quotes keep spaces and stars, a comment ends it, a star outside of quotes is
/// replaced by the file names that it matches.
fn words(command: &str, folder: &Path) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let (mut quote, mut star) = (None, false);
    for c in command.chars().chain([' ']) {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ', None) => match word.take() {
                Some(glob) if std::mem::take(&mut star) => words.extend(expand(&glob, folder)),
                Some(word) => words.push(word),
                None => {}
            },
            ('#', None) if word.is_none() => break,
            (c, _) => {
                star |= c == '*' && quote.is_none();
                word.get_or_insert_default().push(c);
            }
        }
    }
    words
}

fn expand(glob: &str, folder: &Path) -> Vec<String> {
    let path = PathBuf::from(glob);
    let names = Pattern::new(path.file_name().unwrap().to_str().unwrap());
    let parent = path.parent().unwrap();
    let mut found: Vec<String> = fs::read_dir(folder.join(parent))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| names.matches(name))
        .map(|name| parent.join(name).to_str().unwrap().replace('\\', "/"))
        .collect();
    assert!(!found.is_empty(), "{glob} matches no file");
    found.sort();
    found
}

#[test]
fn words_are_split_as_a_shell_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(
        words("a 'b *c' --d=\"e f\" Cargo.* # g", folder),
        ["a", "b *c", "--d=e f", "Cargo.lock", "Cargo.toml"]
    );
}
