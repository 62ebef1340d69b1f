//! A verdict to everywhere it was asked for: files first, then GitHub's log and files, then stdout. Only then may
//! the process end with the verdict's code.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::cli::args::{OutputFlags, Report, ReportFormat, typed};
use crate::cli::env::{Env, today};
use crate::cli::output::Output;
use crate::cli::output::collisions::Files;
use crate::cli::output::github;
use crate::exit::Exit;
use crate::hint::WithHint;
use crate::report::{self, About, Document, RunsBehind, Style};
use crate::store;

/// What is written.
pub(crate) struct ReportInput<'a> {
    pub(crate) document: &'a Document,
    /// The runs behind it, for the pictures of the page.
    pub(crate) measured: RunsBehind<'a>,
}

impl<'a> ReportInput<'a> {
    fn about(&self) -> About<'a> {
        About {
            measured: Some(self.measured),
            only_results: false,
        }
    }
}

/// The outlets of one verdict.
pub(crate) struct Outlets<'a> {
    flags: &'a OutputFlags,
    template: Option<String>,
    /// Set where GitHub's own files and annotations are wanted.
    github: Option<&'a Env>,
}

impl<'a> Outlets<'a> {
    /// Reads the template, so that a wrong path is told before anything is measured.
    pub(crate) fn open(flags: &'a OutputFlags, github: Option<&'a Env>) -> anyhow::Result<Self> {
        let read = |path: &Path| {
            fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
        };
        Ok(Self {
            flags,
            template: flags.template.as_deref().map(read).transpose()?,
            github,
        })
    }

    /// With the template that Markdown is written by where none is named.
    pub(crate) fn or_template(mut self, shipped: &str) -> Self {
        self.template.get_or_insert_with(|| shipped.to_owned());
        self
    }

    /// What of it lies in files.
    pub(crate) fn files(&self) -> Files {
        let mut files = Files::default();
        for report in &self.flags.reports {
            let format = typed(report.format);
            files.writes(format!("--report {format}"), &report.path);
        }
        if let Some(template) = &self.flags.template {
            files.reads("the template", template);
        }
        files
    }

    pub(crate) fn write_reports(
        &self,
        told: &ReportInput<'_>,
        exit: Exit,
        output: &mut Output<'_>,
    ) -> Exit {
        let document = told.document;
        for report in &self.flags.reports {
            if let Err(error) = self.write(report, told) {
                output.report_failed(&error);
            }
        }
        if let Some(env) = self.github.filter(|env| env.in_github_actions()) {
            let template = self.template.as_deref();
            for failed in github::write(document, template, env, &self.outputs()) {
                output.report_failed(&failed);
            }
            if self.flags.format != ReportFormat::Github {
                // GitHub reads its commands from stderr too, and stdout keeps its format.
                match self.render(told, ReportFormat::Github, &plain()) {
                    Ok(text) => output.diagnostics(&text),
                    Err(error) => output.report_failed(&error),
                }
            }
        }
        let style = Style {
            runs: self.flags.runs,
            all: self.flags.all,
            verbose: self.flags.verbose,
            today: Some(today()),
            ..output.style()
        };
        match self.render(told, self.flags.format, &style) {
            Ok(text) => output.result(&text),
            Err(error) => output.report_failed(&error),
        }
        output.finish(exit)
    }

    pub(crate) fn template(&self) -> Option<&str> {
        self.template.as_deref()
    }

    /// Where the verdict lies as data, for the steps that follow; else the first report there is.
    fn outputs(&self) -> Vec<(String, String)> {
        let reports = &self.flags.reports;
        let data = reports.iter().find(|r| r.format == ReportFormat::Json);
        let report = data.or(reports.first());
        let path = |report: &Report| ("report".to_owned(), report.path.display().to_string());
        report.map(path).into_iter().collect()
    }

    fn render(
        &self,
        told: &ReportInput<'_>,
        format: ReportFormat,
        style: &Style,
    ) -> anyhow::Result<String> {
        let (document, template) = (told.document, self.template.as_deref());
        match format {
            ReportFormat::Html => report::html(document, &told.about()),
            _ => report::render(document, format.into(), style, template),
        }
        .context("render the report")
    }

    fn write(&self, report: &Report, told: &ReportInput<'_>) -> anyhow::Result<()> {
        let path = &report.path;
        let doing = || format!("write {}", path.display());
        let text = self
            .render(told, report.format, &plain())
            .with_context(doing)?;
        store::write(path, text.as_bytes())
            .with_context(doing)
            .or_hint("--report takes the path of a file in a folder that can be written")
    }
}

/// Files have neither colour nor a width.
fn plain() -> Style {
    Style::default()
}
