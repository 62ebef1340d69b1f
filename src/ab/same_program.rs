//! Both versions are one program: then nothing has to be measured.
//!
//! That is concluded only of native executables with equal content and equal arguments, whose shared libraries outside
//! the system folders are equal, and where it is shown that no file that differs is read: no file in version control
//! differs but those that no measured program reads, or one traced run of each version has opened files of equal
//! content only. Nothing is concluded of scripts, of interpreters and of what starts containers: what they run is
//! another program.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use super::command::{Conditions, Program, on_path};
use super::criterion::BenchTarget;
use super::filter::quoted;
use super::order::Version;
use super::round::Window;
use crate::compare::{Change, Comparison, Judgement, Limits, Method, Outcome, Severity, Side};
use crate::model::Pattern;
use crate::model::digest::Digest;
use crate::model::{Better, MetricName, Series, Statistic, Subject, Unit};

/// Libraries below these are the machine's, and the same for both.
const SYSTEM: [&str; 5] = ["/lib", "/lib64", "/usr", "/etc", "/nix/store"];
/// Below these are no files that a version could bring.
const KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];
/// A command line with any of these may run more than one program.
const MORE_PROGRAMS: [char; 8] = ['|', '&', ';', '(', ')', '`', '\n', '\\'];

/// What is known of the files of both versions.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Those that differ between the revisions; `None` where no revisions are compared.
    pub differing: Option<Vec<String>>,
    /// No measured program reads these.
    pub ignored: Vec<Pattern>,
    /// A run of the commands may be traced.
    pub may_trace: bool,
}

/// One program on both sides, or the same several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SameProgram {
    /// What reports call it.
    pub name: String,
    executables: usize,
    /// Of all of them.
    bytes: u64,
    /// Why nothing that it reads differs.
    because: String,
}

/// What comparing the programs came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    Same(SameProgram),
    /// No source differs and the executables do: by paths or stamps.
    DiffersByBuild,
    /// It is not the same, or it cannot be known.
    Other,
}

impl Finding {
    pub fn of(programs: &[Program; 2], files: &Files, conditions: &Conditions<'_>) -> Self {
        let [base, head] = programs;
        let executables = (Executable::of(base), Executable::of(head));
        let (Some(of_base), Some(of_head)) = executables else {
            return Self::Other;
        };
        // One file that is named twice is a measurement of the noise, and asked for.
        let is_comparable = of_base.path != of_head.path
            && of_base.arguments == of_head.arguments
            && (files.differing.is_none() || of_base.is_in(base) && of_head.is_in(head));
        if !is_comparable {
            return Self::Other;
        }
        match (digest(&of_base.path), digest(&of_head.path)) {
            (Some(base), Some(head)) if base == head => {}
            (Some(_), Some(_)) if files.none_is_read().is_some() => return Self::DiffersByBuild,
            _ => return Self::Other,
        }
        let same = SameProgram::find(programs, (&of_base, &of_head), files, conditions);
        same.map_or(Self::Other, Self::Same)
    }

    /// Of all bench executables that cargo has built. They run too long to be traced.
    pub fn of_benches(benches: &[Vec<BenchTarget>; 2], files: &Files) -> Self {
        let [base, head] = benches;
        let names = |targets: &[BenchTarget]| -> Vec<String> {
            targets.iter().map(|target| target.name.clone()).collect()
        };
        let Some(because) = files.none_is_read() else {
            return Self::Other;
        };
        if base.is_empty() || names(base) != names(head) {
            return Self::Other;
        }
        let mut bytes = 0;
        for (of_base, of_head) in base.iter().zip(head) {
            let both = [of_base, of_head].map(|target| target.executable.as_path());
            if !both.into_iter().all(is_native) {
                return Self::Other;
            }
            match both.map(digest) {
                [Some(base), Some(head)] if base == head => {}
                [Some(_), Some(_)] => return Self::DiffersByBuild,
                _ => return Self::Other,
            }
            let of = |target: &BenchTarget| libraries(&target.executable, &target.folder);
            let (Some(of_base), Some(of_head)) = (of(of_base), of(of_head)) else {
                return Self::Other;
            };
            if of_base != of_head {
                return Self::Other;
            }
            let [_, head] = both;
            bytes += head.metadata().map_or(0, |facts| facts.len());
        }
        Self::Same(SameProgram {
            name: match head.as_slice() {
                [one] => one.name.clone(),
                _ => "benchmarks".to_owned(),
            },
            executables: head.len(),
            bytes,
            because,
        })
    }

    /// What a reader should know of programs that are measured.
    pub const DIFFERS_BY_BUILD: &'static str = "no source that a program reads differs, and the two builds do: by paths or stamps. Builds that can be repeated (go build -trimpath -buildvcs=false, cargo with --remap-path-prefix in RUSTFLAGS, cc -ffile-prefix-map) need no measuring here";
}

impl SameProgram {
    fn find(
        programs: &[Program; 2],
        (of_base, of_head): (&Executable, &Executable),
        files: &Files,
        conditions: &Conditions<'_>,
    ) -> Option<Self> {
        let of = |executable: &Executable| libraries(&executable.path, &executable.folder);
        if of(of_base)? != of(of_head)? {
            return None;
        }
        let name = of_head.path.file_name().unwrap_or_default();
        Some(Self {
            name: name.to_string_lossy().into_owned(),
            executables: 1,
            bytes: of_head.path.metadata().ok()?.len(),
            because: files.reason(programs, conditions)?,
        })
    }

    /// For whoever reads the verdict.
    pub fn note(&self) -> String {
        let executables = match self.executables {
            1 => "one executable".to_owned(),
            n => format!("the same {n} executables"),
        };
        format!(
            "unchanged: same binary. Both sides run {executables} ({} bytes, byte for byte), and {}; nothing was measured. A build that did nothing looks the same: see that it builds what is run",
            self.bytes, self.because
        )
    }

    /// One row that says so.
    pub fn judgement(&self) -> Judgement {
        #[expect(clippy::cast_precision_loss, reason = "no executable has 2^53 bytes")]
        let bytes = self.bytes as f64;
        let side = Side {
            value: bytes,
            runs: 1,
            values: vec![bytes],
            observations: None,
        };
        let comparison = Comparison {
            series: Series {
                subject: Subject::new(self.name.as_str()),
                metric: MetricName::new(MetricName::SAME_BINARY),
                statistic: Statistic::Value,
                unit: Unit::new("bytes"),
                better: Better::Lower,
            },
            gated: true,
            outcome: Outcome::Unchanged,
            severity: Severity::Fail,
            baseline: Some(side.clone()),
            current: Some(side),
            change: Some(Change {
                ratio: 1.0,
                low: 1.0,
                high: 1.0,
                confidence: 0.95,
            }),
            test: None,
            weighed: None,
            method: Method::Exact,
            detectable: None,
            runs_needed: None,
            one_session_needed: false,
            limits: Limits::default(),
            control: None,
            budgets: Vec::new(),
            grade: None,
            drift: None,
            accepted: None,
            cause: None,
            assumed: Vec::new(),
            left_out: Vec::new(),
            workload: 0,
        };
        Judgement {
            comparisons: vec![comparison],
            ..Judgement::default()
        }
    }
}

/// What a plain command line runs.
struct Executable {
    /// Without symbolic links.
    path: PathBuf,
    arguments: String,
    folder: PathBuf,
}

impl Executable {
    /// `None` where the line may run anything else than one native executable that is named by its path.
    fn of(program: &Program) -> Option<Self> {
        let line = without_exec(&program.command);
        let word = own_word(line);
        let arguments = line.get(word.len()..).unwrap_or_default();
        let is_plain = |c: char| c.is_alphanumeric() || "/._-+@:".contains(c);
        if !word.contains('/')
            || !word.chars().all(is_plain)
            || arguments.contains(MORE_PROGRAMS)
            || arguments.contains("$(")
        {
            return None;
        }
        let path = program.folder.join(word).canonicalize().ok()?;
        is_native(&path).then(|| Self {
            path,
            arguments: arguments.trim().to_owned(),
            folder: program.folder.clone(),
        })
    }

    /// A program of the machine may read anything, as interpreters and build tools do.
    fn is_in(&self, program: &Program) -> bool {
        let folder = program.folder.canonicalize();
        folder.is_ok_and(|folder| self.path.starts_with(folder))
    }
}

impl Files {
    /// Why no file in version control that differs is read, where that is so.
    fn none_is_read(&self) -> Option<String> {
        let differing = self.differing.as_ref()?;
        let is_read = |file: &String| !self.ignored.iter().any(|glob| glob.matches(file));
        if differing.iter().any(is_read) {
            return None;
        }
        Some(match differing.len() {
            0 => "no file in version control differs".to_owned(),
            1 => "the one file that differs is one that no measured program reads ([ab] ignore)"
                .to_owned(),
            n => format!(
                "the {n} files that differ are those that no measured program reads ([ab] ignore)"
            ),
        })
    }

    fn reason(&self, programs: &[Program; 2], conditions: &Conditions<'_>) -> Option<String> {
        if let Some(reason) = self.none_is_read() {
            return Some(reason);
        }
        if !self.may_trace {
            return None;
        }
        let [base, head] = Version::BOTH.map(|version| traced(programs, version, conditions));
        let (base, head) = (base?, head?);
        let content = |only: Vec<&PathBuf>| -> Option<BTreeSet<String>> {
            only.into_iter().map(|path| digest(path)).collect()
        };
        let of_base = content(base.difference(&head).collect())?;
        let of_head = content(head.difference(&base).collect())?;
        (of_base == of_head).then(|| {
            "one traced run of each (strace) opened files of equal content only".to_owned()
        })
    }
}

/// What both commands run, where that is one file and was written since: each of two builds has put its own there.
pub fn written_by_both(programs: &[Program; 2], since: SystemTime) -> Option<PathBuf> {
    let [base, head] = programs;
    let (base, head) = (file_of(base)?, file_of(head)?);
    let written = head.metadata().ok()?.modified().ok()?;
    (base == head && written >= since).then_some(head)
}

/// Whether what both run is known to be the same, byte for byte: the benchmarks, or else what the commands name and was
/// built in their folders.
pub fn same_executables(programs: &[Program; 2], benches: &[Vec<BenchTarget>; 2]) -> bool {
    let own = |program: &Program| {
        let folder = program.folder.canonicalize().ok()?;
        file_of(program).filter(|file| file.starts_with(folder))
    };
    let [base, head] = benches;
    let pairs: Vec<[PathBuf; 2]> = if base.is_empty() {
        match programs.each_ref().map(own) {
            [Some(base), Some(head)] => vec![[base, head]],
            _ => Vec::new(),
        }
    } else {
        let both = base.iter().zip(head);
        both.map(|(base, head)| [base.executable.clone(), head.executable.clone()])
            .collect()
    };
    let is_same = |[base, head]: &[PathBuf; 2]| matches!((digest(base), digest(head)), (Some(base), Some(head)) if base == head);
    !pairs.is_empty() && pairs.iter().all(is_same)
}

/// The file that a command runs first, where the line names it without help of the shell.
fn file_of(program: &Program) -> Option<PathBuf> {
    let line = without_exec(&program.command);
    // A path with a space is one word between its quotes.
    let word = match line.strip_prefix(['\'', '"']) {
        Some(quoted) => quoted.split(['\'', '"']).next().unwrap_or(quoted),
        None => own_word(line),
    };
    if word.contains('/') {
        return program.folder.join(word).canonicalize().ok();
    }
    on_path(word)?.canonicalize().ok()
}

fn without_exec(command: &str) -> &str {
    let line = command.trim();
    line.strip_prefix("exec ").unwrap_or(line).trim_start()
}

/// The word that names the program.
fn own_word(command: &str) -> &str {
    let line = without_exec(command);
    line.split([' ', '\t']).next().unwrap_or(line)
}

/// The files that a run of this version opened to read, and the programs that it started.
fn traced(
    programs: &[Program; 2],
    version: Version,
    conditions: &Conditions<'_>,
) -> Option<BTreeSet<PathBuf>> {
    let [base, head] = programs;
    let program = match version {
        Version::Base => base,
        Version::Head => head,
    };
    if program.command.contains("{filter}") {
        return None;
    }
    let found = Command::new("strace")
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    if !found.is_ok_and(|told| told.status.success()) {
        return None;
    }
    let told = tempfile::NamedTempFile::new().ok()?;
    let to = quoted(told.path().to_str()?);
    let command = quoted(&program.command);
    let tracing = Program {
        command: format!(
            "exec strace -f -y -qq -o {to} -e trace=open,openat,openat2,execve,execveat /bin/sh -c {command}"
        ),
        ..program.clone()
    };
    let window = Window {
        version,
        round: 0,
        repetition: 0,
        in_doubt: None,
    };
    // Where tracing is not allowed, or a process is left running, nothing is known.
    let spent = tracing.execute(&window, conditions).ok()??.spent;
    if spent.left_running || !spent.ended.is_success {
        return None;
    }
    let mut text = String::new();
    let read = File::open(told.path()).and_then(|mut file| file.read_to_string(&mut text));
    read.ok()?;
    let files = opened(&text, own_word(&program.command))?;
    // Without the shell in it, it is no trace.
    (!files.is_empty()).then_some(files)
}

/// What the lines of strace name: `openat(AT_FDCWD</a>, "b", O_RDONLY) = 3</a/b>`. `None` where a program was started
/// by a path from a folder that they do not name; `own` is the measured one, which is known.
fn opened(trace: &str, own: &str) -> Option<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    for line in trace.lines() {
        let Some((call, result)) = line.rsplit_once(" = ") else {
            continue;
        };
        if let Some((_, started)) = call.split_once("execve(\"") {
            let (path, _) = started.split_once("\", [")?;
            match result.trim() {
                "0" if Path::new(path).is_absolute() => files.insert(PathBuf::from(path)),
                "0" if path != own => return None,
                _ => continue,
            };
            continue;
        }
        // What it writes anew it does not read from before.
        if ["O_WRONLY", "O_TRUNC", "O_EXCL", "O_DIRECTORY", "O_PATH"]
            .iter()
            .any(|flag| call.contains(flag))
        {
            continue;
        }
        let Some((_, path)) = result.split_once('<') else {
            continue;
        };
        let path = Path::new(path.trim_end().trim_end_matches('>'));
        if path.is_absolute() && !KERNEL.iter().any(|below| path.starts_with(below)) {
            files.insert(path.to_owned());
        }
    }
    Some(files)
}

/// Those outside the folders of the system, by what they hold. `None` where the machine does not tell.
fn libraries(executable: &Path, folder: &Path) -> Option<BTreeSet<String>> {
    let told = Command::new("ldd")
        .arg(executable)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let (out, error) = (
        String::from_utf8_lossy(&told.stdout).into_owned(),
        String::from_utf8_lossy(&told.stderr).into_owned(),
    );
    let is_static = [&out, &error].iter().any(|text| {
        text.contains("not a dynamic executable") || text.contains("statically linked")
    });
    if is_static {
        return Some(BTreeSet::new());
    }
    if !told.status.success() {
        return None;
    }
    let mut own = BTreeSet::new();
    for line in out.lines() {
        let Some((_, place)) = line.split_once(" => ") else {
            continue;
        };
        let place = place
            .rsplit_once(" (")
            .map_or(place, |(path, _)| path)
            .trim();
        let path = folder.join(place).canonicalize().ok()?;
        if !SYSTEM.iter().any(|below| path.starts_with(below)) {
            own.insert(digest(&path)?);
        }
    }
    Some(own)
}

/// By its first bytes. What other systems run is not looked at: there is no `ldd`.
fn is_native(path: &Path) -> bool {
    let mut first = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && first == *b"\x7fELF"
}

/// `None` for what cannot be read whole.
fn digest(path: &Path) -> Option<String> {
    /// Longer than this it takes longer than measuring.
    const MOST: u64 = 1 << 30;
    let facts = path.metadata().ok()?;
    if !facts.is_file() || facts.len() > MOST {
        return None;
    }
    let mut file = File::open(path).ok()?;
    let mut digest = Digest::new("content of a file");
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part) {
            Ok(0) => return Some(digest.hex()),
            Ok(n) => digest.field(part.get(..n)?),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_trace_opened_to_read_is_found_and_what_it_wrote_is_not() {
        // strace 6.1, `strace -f -y -qq -e trace=open,openat,execve sh -c './tool a > b'`, shortened.
        let trace = concat!(
            "21 execve(\"/usr/bin/sh\", [\"sh\", \"-c\", \"./tool a > b\"], 0x55 /* 35 vars */) = 0\n",
            "22 execve(\"./tool\", [\"./tool\", \"a\"], 0x55 /* 35 vars */) = 0\n",
            "22 openat(AT_FDCWD</w>, \"/lib/x86_64-linux-gnu/libc.so.6\", O_RDONLY|O_CLOEXEC) = 3</usr/lib/x86_64-linux-gnu/libc.so.6>\n",
            "22 openat(AT_FDCWD</w>, \"a\", O_RDONLY) = 3</w/a>\n",
            "22 openat(AT_FDCWD</w>, \"none\", O_RDONLY) = -1 ENOENT (No such file or directory)\n",
            "21 openat(AT_FDCWD</w>, \"b\", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</w/b>\n",
            "22 openat(AT_FDCWD</w>, \".\", O_RDONLY|O_DIRECTORY) = 3</w>\n",
            "22 openat(AT_FDCWD</w>, \"/proc/self/maps\", O_RDONLY) = 3</proc/22/maps>\n",
        );
        let expected =
            ["/usr/bin/sh", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/w/a"].map(PathBuf::from);
        assert_eq!(opened(trace, "./tool"), Some(BTreeSet::from(expected)));
        // Where it was, the line does not say.
        let helper = "22 execve(\"./helper\", [\"./helper\"], 0x55 /* 35 vars */) = 0\n";
        assert_eq!(opened(helper, "./tool"), None);
    }

    #[test]
    fn nothing_is_concluded_of_scripts_of_programs_of_the_machine_and_of_several_commands() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("script"), "#!/bin/sh\n").unwrap();
        std::fs::copy("/bin/sh", folder.path().join("tool")).unwrap();
        let of = |command: &str| Executable::of(&Program::new(command, folder.path()));
        assert!(of("./tool input 'two words' > out").is_some());
        assert!(of("exec ./tool --port {port}").is_some());
        for other in [
            "./script",
            "cat input",
            "./tool; ./tool",
            "./tool $(cat list)",
            "./tool | cat",
            "$TOOL/x",
            "./none",
        ] {
            assert!(of(other).is_none(), "{other}");
        }
    }
}
