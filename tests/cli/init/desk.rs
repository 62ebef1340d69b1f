//! A small project, and in front of the real tools scripts that write what the real ones wrote.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) struct Desk(tempfile::TempDir);

pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("a project ")
            .tempdir()
            .unwrap();
        let desk = Self(folder);
        fs::create_dir(desk.path("repository")).unwrap();
        fs::create_dir(desk.path("bin")).unwrap();
        desk.git("init --quiet --initial-branch main");
        for (name, text) in files {
            desk.write(name, text);
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path("repository").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.file(name).parent().unwrap()).unwrap();
        fs::write(self.file(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// A program that the commands of a config find before any other of its name.
    pub(crate) fn tool(&self, name: &str, script: &str) {
        let file = self.path("bin").join(name);
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
        let here = [self.path("bin")];
        let path = std::env::join_paths(here.into_iter().chain(std::env::split_paths(&path)));
        let mut command = Command::new(program);
        command
            .args(line.split_whitespace())
            .current_dir(self.path("repository"))
            .env_clear()
            .env("PATH", path.unwrap())
            .env("GIT_CEILING_DIRECTORIES", self.0.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .stdin(Stdio::null());
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
        let done = self.command(program, line).output().unwrap();
        let said = Said {
            out: String::from_utf8(done.stdout).unwrap(),
            err: String::from_utf8(done.stderr).unwrap(),
        };
        assert_eq!(
            done.status.code(),
            Some(code),
            "perfgate {line}\n{}\n{}",
            said.out,
            said.err
        );
        said
    }
}
