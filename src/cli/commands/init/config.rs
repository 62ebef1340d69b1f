//! `perfgate.toml` for what was found, with a reason at each line.

use super::draft::{comment, quoted};
use super::finding::Finding;

/// How the gate compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Base and head are measured in turns, in one job.
    Turns,
    /// With what was stored before.
    Baseline,
}

/// What the file is made of.
pub(super) struct Plan<'a> {
    pub(super) findings: &'a [Finding],
    /// The file of a scenario of our own.
    pub(super) scenario: Option<&'a str>,
    pub(super) mode: Mode,
    /// The branch that others are merged into.
    pub(super) branch: &'a str,
}

/// So often a command is run: the runs differ by more than what is inside one of them.
const RUNS: usize = 5;

impl Plan<'_> {
    pub(super) fn text(&self) -> String {
        let mut lines: Vec<String> = [
            "# What this repository asks of its performance gate. Written by `perfgate init`; every line is yours to change.",
            "# Every key is described in docs/config.md; `perfgate schema config` prints them for editors.",
            "",
        ]
        .map(str::to_owned)
        .to_vec();
        lines.extend(self.comparison());
        for finding in self.findings {
            lines.push(String::new());
            lines.extend(source(finding));
        }
        if let Some(scenario) = self.scenario {
            lines.extend(
                [
                    "",
                    "# Load by perfgate itself: every request is timed from when it was due, and kept in a histogram.",
                    "[[source]]",
                ]
                .map(str::to_owned),
            );
            lines.push(format!("scenario = {}", quoted(scenario)));
            lines.push(format!("runs = {RUNS}"));
        }
        if self.findings.is_empty() && self.scenario.is_none() {
            lines.extend(starter());
        }
        lines.extend(self.turns());
        lines.extend(
            [
                "",
                "[defaults]",
                "# How much worse is tolerated. A change of twice as much is what the gate is built to find.",
                "max_regression = \"5%\"",
                "",
                "# Rules for some series, once you know their names (`perfgate inspect RESULT` lists them). One that matches none is an error.",
                "# [[rule]]",
                "# subject = \"GET /search\"",
                "# metric = \"latency.p95\"",
                "# max_regression = \"10%\"",
                "# budget = \"500ms\"               # holds without any baseline",
                "",
            ]
            .map(str::to_owned),
        );
        lines.join("\n")
    }

    fn comparison(&self) -> Vec<String> {
        let baseline = quoted(&format!("baselines/{}.json", self.branch));
        match self.mode {
            Mode::Turns => vec![
                "# Base and head of a pull request are built and measured in turns in one job, so no baseline is stored and it does".to_owned(),
                "# not matter which machine the job gets. A stored one sees slow drift as well: `perfgate baseline update` makes it.".to_owned(),
                format!("# baseline = {baseline}"),
                String::new(),
                "[gate]".to_owned(),
                "mode = \"ab\"".to_owned(),
            ],
            Mode::Baseline => vec![
                "# The runs of the base branch, which results are compared with. `perfgate baseline update` adds to it.".to_owned(),
                format!("baseline = {baseline}"),
                "# Once it is there, a gate without it should not be green:".to_owned(),
                "# require_baseline = true".to_owned(),
            ],
        }
    }

    fn turns(&self) -> Vec<String> {
        let turns = self
            .findings
            .first()
            .and_then(|finding| finding.turns.as_ref());
        let mut lines = vec![String::new()];
        match (self.mode, turns) {
            (Mode::Turns, Some(turns)) => {
                lines.push("# How each revision is built and measured, in a worktree of its own.".to_owned());
                lines.extend(turns.comments.iter().map(|text| comment(text)));
                lines.push("[ab]".to_owned());
                lines.extend(turns.build.iter().map(|build| format!("build = {}", quoted(build))));
                lines.extend(turns.run.iter().map(|run| format!("run = {}", quoted(run))));
                lines.push("# All measuring of both sides: ten times as long as one run is the least that decides.".to_owned());
                lines.push("time_budget = \"15m\"".to_owned());
            }
            _ if self.scenario.is_some() && self.findings.is_empty() => lines.extend(
                [
                    "# If one command starts the service, base and head can be loaded in turns in one job, which needs no baseline and does",
                    "# not depend on the machine that the job gets:",
                    "# [gate]",
                    "# mode = \"ab\"",
                    "# [ab]",
                    "# build = \"make\"",
                    "# run = \"./server --port {port}\"",
                ]
                .map(str::to_owned),
            ),
            _ if self.findings.iter().any(|finding| finding.turns.is_some()) => lines.push(
                "# With the benchmarks as the only source, base and head can be measured in turns instead: docs/ab.md.".to_owned(),
            ),
            _ => lines.clear(),
        }
        lines
    }
}

fn source(finding: &Finding) -> Vec<String> {
    /// The most files that are named.
    const NAMED: usize = 6;
    let mut files: Vec<&str> = finding
        .files
        .iter()
        .take(NAMED)
        .map(String::as_str)
        .collect();
    let more = finding.files.len().saturating_sub(NAMED);
    let behind = format!("{more} more");
    if more > 0 {
        files.push(&behind);
    }
    let mut lines = vec![comment(&format!("{}: {}", finding.tool, files.join(", ")))];
    lines.extend(finding.comments.iter().map(|text| comment(text)));
    lines.push("[[source]]".to_owned());
    lines.push(format!("name = {}", quoted(&finding.name)));
    lines.push(format!("command = {}", quoted(&finding.command)));
    lines.push(format!("results = {}", quoted(&finding.results)));
    lines.push(format!("runs = {RUNS}"));
    if !finding.inputs.is_empty() {
        let inputs: Vec<String> = finding.inputs.iter().map(|input| quoted(input)).collect();
        lines.push(
            "# Runs that were made with other contents of these are another workload.".to_owned(),
        );
        lines.push(format!("inputs = [{}]", inputs.join(", ")));
    }
    if !finding.left_out.is_empty() {
        lines.push(comment(&format!(
            "Of the same kind, and no source yet: {}",
            finding.left_out.join(", ")
        )));
    }
    lines
}

/// The text where nothing was found: sources as comments, to be filled in.
fn starter() -> Vec<String> {
    [
        "",
        "# Nothing that measures was found here. One of these is where results come from:",
        "#",
        "# [[source]]                            # what a tool has written already",
        "# results = \"out/run{n}.json\"",
        "# runs = 5",
        "#",
        "# [[source]]                            # a command that perfgate runs five times",
        "# command = \"mkdir -p out && hyperfine --warmup 1 --export-json out/run{n}.json './tool input.txt'\"",
        "# results = \"out/run{n}.json\"",
        "# runs = 5",
        "#",
        "# [[source]]                            # load that perfgate puts on a service: docs/scenario.md",
        "# scenario = \"load/api.toml\"",
        "# runs = 5",
    ]
    .map(str::to_owned)
    .to_vec()
}
