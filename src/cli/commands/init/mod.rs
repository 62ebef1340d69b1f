//! `perfgate init`: what is here becomes a config, a workflow and, for a service, a first scenario.

mod artillery;
mod benchmarks;
mod config;
mod curl;
mod draft;
mod finding;
mod har;
mod load_tools;
mod openapi;
mod recorded;
mod service;
mod shell_words;
mod survey;
mod workflow;
mod yaml;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::cli::args::InitArgs;
use crate::cli::output::Output;
use crate::cli::output::shell_repr::quoted;
use crate::cli::settings::config as settings;
use crate::cli::shipped;
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::load::scenario::{self, Machine, Surroundings};
use crate::store;
use crate::text::sanitize;

use config::{Mode, Plan};
use finding::Finding;
use load_tools::Target;
use service::{Origin, Service};
use survey::Survey;
use workflow::Here;

/// Where a first scenario goes.
const SCENARIO: &str = "load/api.toml";
const GATE: &str = ".github/workflows/perfgate.yml";
const BASELINE: &str = ".github/workflows/perfgate-baseline.yml";

/// A file that is written, unless it is there.
struct Planned {
    path: PathBuf,
    text: String,
    /// What stands in it, in some words.
    what: String,
    is_there: bool,
}

impl Planned {
    fn new(path: PathBuf, text: String, what: impl Into<String>) -> anyhow::Result<Self> {
        let is_there = fs::symlink_metadata(&path).is_ok() || store::exists(&path)?;
        Ok(Self {
            path,
            text,
            what: what.into(),
            is_there,
        })
    }
}

/// All that was seen, and what becomes of it.
struct InitSurvey {
    findings: Vec<Finding>,
    service: Option<Service>,
    /// Documents of a service that a load test makes needless.
    unused: Vec<String>,
    cut: bool,
}

pub(crate) fn run(args: InitArgs, output: &mut Output<'_>) -> anyhow::Result<Exit> {
    let ours = read_config(&args.config)?;
    let found = look(&args)?;
    let mode = match &ours {
        Some(config)
            if config
                .mode
                .as_ref()
                .is_some_and(|mode| mode.value != settings::GateMode::Baseline) =>
        {
            Mode::Turns
        }
        Some(_) => Mode::Baseline,
        None => found.mode(),
    };
    let place = RepositoryPlace::of(Path::new("."));
    let files = files(&args, &found, mode, &place)?;
    if args.dry_run {
        output.result(&dry(&files));
    }
    for line in found.lines() {
        output.note(&line);
    }
    let fresh: Vec<&Planned> = files.iter().filter(|file| !file.is_there).collect();
    for file in files.iter().filter(|file| file.is_there) {
        output.note(&format!(
            "{} is there already and stays as it is",
            file.path.display()
        ));
    }
    if fresh.is_empty() {
        return Err(anyhow!("nothing was written: every file is there already"))
            .hint("`perfgate init --dry-run` prints what would stand in them; `perfgate check` runs the gate");
    }
    if !args.dry_run {
        let mut text = String::new();
        for file in &fresh {
            store::write_new([file.path.clone()], file.text.as_bytes())
                .with_context(|| format!("write {}", file.path.display()))?;
            text += &format!(
                "wrote {}: {}\n",
                output.file_in_result(&file.path),
                sanitize::inline(&file.what)
            );
        }
        output.result(&text);
    }
    if ours.is_some() && fresh.iter().any(|file| file.path == Path::new(SCENARIO)) {
        output.note(&format!(
            "add it to {}: [[source]] with scenario = \"{SCENARIO}\" and runs = 5",
            args.config.display()
        ));
    }
    for line in found.next(mode, &args, &files) {
        output.note(&line);
    }
    Ok(output.finish(Exit::Pass))
}

/// The config that is there; one of another tool is told as what it is.
fn read_config(path: &Path) -> anyhow::Result<Option<settings::Config>> {
    if !store::exists(path)? {
        return Ok(None);
    }
    let read = settings::read(path);
    Ok(Some(
        read.context("look at the config that is here")?.config,
    ))
}

/// A path of this folder, as the scenario names it.
fn from_scenario(path: &str) -> String {
    match Path::new(path).is_absolute() {
        true => path.to_owned(),
        false => format!("../{path}"),
    }
}

/// The machine, with the variables that this scenario has no default for and that are to be set before it runs.
struct Prepared<'a>(&'a str);

impl Surroundings for Prepared<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        let is_asked = self.0.contains(&format!("${{{name}}}"));
        Machine
            .variable(name)
            .or_else(|| is_asked.then(|| "http://127.0.0.1:8080".to_owned()))
    }

    fn file(&self, path: &Path) -> io::Result<Vec<u8>> {
        Machine.file(path)
    }
}

fn look(args: &InitArgs) -> anyhow::Result<InitSurvey> {
    let what = args.what.as_deref();
    let origin = match (&args.from_curl, &args.from_har, &args.from_artillery) {
        (Some(command), ..) => Some(Origin::Curl(command)),
        (_, Some(file), _) => Some(Origin::Recording(file)),
        (.., Some(file)) => Some(Origin::Artillery(file)),
        _ => None,
    };
    let survey = Survey::of(Path::new("."));
    let url = what.map(service::address).transpose()?.flatten();
    let target = Target {
        host: url.as_ref().map(|url| url.origin.as_str()),
    };
    let benchmarks = benchmarks::all(&survey);
    let loads = load_tools::all(&survey, &target);
    let named = what.filter(|_| url.is_none()).map(Path::new);
    let is_loaded = !loads.is_empty() && what.is_none();
    let (service, unused) = match (&origin, is_loaded) {
        (Some(origin), _) => {
            let service = service::of_origin(origin, args.unsafe_methods)?;
            (Some(service), Vec::new())
        }
        (None, true) => (None, service::documents(&survey)),
        (None, false) => {
            let found = service::find(&survey, url.as_ref(), named, args.unsafe_methods)?;
            (found, Vec::new())
        }
    };
    Ok(InitSurvey {
        findings: benchmarks.into_iter().chain(loads).collect(),
        service,
        unused,
        cut: survey.cut,
    })
}

/// Where the repository begins, seen from the working folder.
struct RepositoryPlace {
    /// With `..` on the way, or empty.
    root: PathBuf,
    /// The working folder, seen from there.
    folder: Option<String>,
    branch: String,
}

impl RepositoryPlace {
    fn of(working: &Path) -> Self {
        let whole = fs::canonicalize(working).unwrap_or_else(|_| working.to_owned());
        let above = whole
            .ancestors()
            .position(|folder| folder.join(".git").exists());
        let steps = above.unwrap_or(0);
        let below: Vec<String> = whole
            .components()
            .rev()
            .take(steps)
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        let below: Vec<String> = below.into_iter().rev().collect();
        Self {
            root: std::iter::repeat_n("..", steps).collect(),
            folder: (steps > 0).then(|| below.join("/")),
            branch: branch(working),
        }
    }
}

/// The one that others are merged into, as far as git knows it here.
fn branch(working: &Path) -> String {
    let asked = [
        &[
            "symbolic-ref",
            "--quiet",
            "--short",
            "refs/remotes/origin/HEAD",
        ][..],
        &["rev-parse", "--verify", "--quiet", "--abbrev-ref", "main"],
        &["rev-parse", "--verify", "--quiet", "--abbrev-ref", "master"],
    ];
    let answers = asked.iter().filter_map(|arguments| {
        let answer = store::git(working).args(*arguments).output().ok()?;
        let text = String::from_utf8(answer.stdout).ok()?;
        let name = text.trim();
        let name = name.strip_prefix("origin/").unwrap_or(name);
        (answer.status.success() && !name.is_empty()).then(|| name.to_owned())
    });
    answers
        .into_iter()
        .next()
        .unwrap_or_else(|| "main".to_owned())
}

fn files(
    args: &InitArgs,
    found: &InitSurvey,
    mode: Mode,
    place: &RepositoryPlace,
) -> anyhow::Result<Vec<Planned>> {
    let plan = Plan {
        findings: &found.findings,
        scenario: found.service.as_ref().map(|_| SCENARIO),
        mode,
        branch: &place.branch,
    };
    let text = plan.text();
    settings::of_text(&args.config.display().to_string(), &text, PathBuf::new())
        .context("what init made of this folder is no config")
        .hint("this is a mistake of perfgate: the names of your files are unusual; `perfgate init` in an empty folder writes a starter")?;
    let mut files = vec![Planned::new(args.config.clone(), text, found.sources())?];
    if let Some(service) = &found.service {
        let text = service.draft.text();
        scenario::parse_in(&text, Path::new(SCENARIO), &Prepared(&text))
            .with_context(|| format!("what init made of {} is no scenario", service.from))
            .hint("name another document, or the address of the service: perfgate init URL")?;
        let what = match service.draft.steps() {
            1 => "1 step".to_owned(),
            n => format!("{n} steps"),
        };
        files.push(Planned::new(PathBuf::from(SCENARIO), text, what)?);
    }
    for finding in &found.findings {
        let beside = finding
            .files
            .first()
            .map(|file| survey::folder(Path::new(file)));
        for helper in shipped::files_for(&finding.tool.to_ascii_lowercase()) {
            let path = beside.unwrap_or(Path::new("")).join(helper.name);
            if files.iter().all(|file| file.path != path) {
                files.push(Planned::new(path, helper.text.to_owned(), helper.what)?);
            }
        }
    }
    // A job that has nothing to judge would be red for ever.
    if found.is_empty() && !args.config.exists() {
        return Ok(files);
    }
    let mut setup: Vec<String> = Vec::new();
    for command in found.findings.iter().flat_map(|finding| &finding.setup) {
        if !setup.contains(command) {
            setup.push(command.clone());
        }
    }
    let here = Here {
        setup,
        needs_service: found.loads(),
        folder: place.folder.clone(),
        config: (args.config != Path::new(settings::FILE_NAME))
            .then(|| args.config.display().to_string()),
        branch: place.branch.clone(),
    };
    let what = match mode {
        Mode::Turns => "base and head in turns, on every pull request",
        Mode::Baseline => "every pull request against the baseline",
    };
    files.push(Planned::new(
        place.root.join(GATE),
        workflow::gate(mode, &here),
        what,
    )?);
    // Below the root of a repository the file would have other paths than in the example.
    if mode == Mode::Baseline && place.folder.is_none() && here.config.is_none() {
        let what = format!(
            "every push to {} adds its runs to the baseline",
            place.branch
        );
        files.push(Planned::new(
            place.root.join(BASELINE),
            workflow::baseline(&here),
            what,
        )?);
    }
    Ok(files)
}

fn dry(files: &[Planned]) -> String {
    let mut text = String::new();
    for file in files {
        let there = if file.is_there {
            " (is there already, and would stay as it is)"
        } else {
            ""
        };
        text += &format!(
            "==> {}{there}\n{}\n",
            file.path.display(),
            sanitize::lines(&file.text)
        );
    }
    text
}

/// The first of several names, and how many more there are.
fn some(names: &[String]) -> String {
    const NAMED: usize = 4;
    let named = names
        .iter()
        .take(NAMED)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

impl InitSurvey {
    /// Where something is measured that nobody has to start, and nothing else.
    fn mode(&self) -> Mode {
        match (self.findings.as_slice(), &self.service) {
            ([one], None) if one.turns.is_some() => Mode::Turns,
            _ => Mode::Baseline,
        }
    }

    fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.service.is_none()
    }

    fn loads(&self) -> bool {
        self.service.is_some() || self.findings.iter().any(|finding| finding.turns.is_none())
    }

    fn sources(&self) -> String {
        let names = self.findings.iter().map(|finding| finding.name.as_str());
        let names: Vec<&str> = names.chain(self.service.iter().map(|_| SCENARIO)).collect();
        match names.len() {
            0 => "a starter, for nothing that measures was found".to_owned(),
            1 => format!("1 source ({})", names.join(", ")),
            n => format!("{n} sources ({})", names.join(", ")),
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .findings
            .iter()
            .map(|finding| match finding.files.as_slice() {
                [one] => format!("found {}: {one}", finding.tool),
                files => format!(
                    "found {}: {} files, {} first",
                    finding.tool,
                    files.len(),
                    files.first().map_or("", String::as_str)
                ),
            })
            .collect();
        for finding in self
            .findings
            .iter()
            .filter(|finding| !finding.left_out.is_empty())
        {
            lines.push(format!(
                "left out {}: {}",
                finding.tool,
                some(&finding.left_out)
            ));
        }
        lines.extend(
            self.service
                .iter()
                .map(|service| format!("found {}", service.from)),
        );
        if let Some(service) = &self.service
            && !service.others.is_empty()
        {
            lines.push(format!("left out {}", some(&service.others)));
        }
        lines.extend(self.unused.iter().map(|document| {
            format!("left out {document}: a load test is here already; `perfgate init {}` makes a scenario of it", quoted(document))
        }));
        if self.is_empty() {
            lines.push(
                "found nothing that measures: no criterion, Go or pytest benchmark, no Locust, k6, JMeter, Gatling or vegeta, no OpenAPI and no HAR file".to_owned(),
            );
        }
        if self.cut {
            lines.push(
                "the folder holds more files than were looked at: begin in a part of it".to_owned(),
            );
        }
        lines
    }

    /// What to type now.
    fn next(&self, mode: Mode, args: &InitArgs, files: &[Planned]) -> Vec<String> {
        let config = match args.config == Path::new(settings::FILE_NAME) {
            true => String::new(),
            false => format!(" --config {}", quoted(&args.config.display().to_string())),
        };
        if args.dry_run {
            return vec!["next: perfgate init, without --dry-run".to_owned()];
        }
        let has_scenario = files.iter().any(|file| file.path == Path::new(SCENARIO));
        match (mode, self.findings.is_empty(), has_scenario) {
            (_, true, false) => vec![
                "next: give the config a [[source]], or name a service: perfgate init http://127.0.0.1:8080/".to_owned(),
            ],
            (_, _, true) => vec![format!("next: perfgate run {SCENARIO}, while the service runs; then perfgate baseline update{config}")],
            (Mode::Turns, ..) => vec![format!("next: commit these on a branch, then perfgate check{config}")],
            (Mode::Baseline, ..) if self.loads() => vec![format!(
                "next: perfgate baseline update{config}, while the service runs; then perfgate check{config}"
            )],
            (Mode::Baseline, ..) => vec![format!("next: perfgate baseline update{config}; then perfgate check{config}")],
        }
    }
}
