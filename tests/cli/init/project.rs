//! A small project, and in front of the real tools scripts that write what the real ones wrote.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::desk::{Desk, Said, finished};

/// A repository on a desk, and beside it a folder of tools.
pub(crate) struct Project(Desk);

impl Project {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let desk = Self(Desk::new());
        fs::create_dir(desk.0.path("repository")).unwrap();
        fs::create_dir(desk.0.path("bin")).unwrap();
        desk.git("init --quiet --initial-branch main");
        for (name, text) in files {
            desk.write(name, text);
        }
        desk
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path("repository").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        self.0.write(&format!("repository/{name}"), text);
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// A program that the commands of a config find before any other of its name.
    pub(crate) fn tool(&self, name: &str, script: &str) {
        let file = self.0.path("bin").join(name);
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let text = format!(
            "#!/bin/sh\nset -e\nfixtures='{}'\n{script}\n",
            fixtures.display()
        );
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self, program: &str, line: &str) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let here = [self.0.path("bin")];
        let path = std::env::join_paths(here.into_iter().chain(std::env::split_paths(&path)));
        let mut command = Command::new(program);
        self.0.at_home(&mut command);
        command
            .args(line.split_whitespace())
            .current_dir(self.0.path("repository"))
            .env("PATH", path.unwrap())
            .env("GIT_CEILING_DIRECTORIES", self.0.path(""))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null");
        command
    }

    /// perfgate, with arguments that hold spaces.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_perfgate"), "");
        command.args(arguments).output().unwrap()
    }

    pub(crate) fn git(&self, line: &str) {
        let named = "-c user.name=Test -c user.email=test@example.com";
        let done = self.command("git", &format!("{named} {line}")).output();
        let done = done.unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    pub(crate) fn ends(&self, line: &str, code: i32) -> Said {
        let program = env!("CARGO_BIN_EXE_perfgate");
        finished(self.command(program, line).spawn().unwrap(), line, code)
    }
}
