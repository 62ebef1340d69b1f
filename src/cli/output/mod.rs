//! The result to stdout, everything else to stderr, and what a failed write does to the exit code.

pub(crate) mod collisions;
pub(crate) mod github;
mod links;
pub(crate) mod progress;
mod reading;
pub(crate) mod run_file;
pub(crate) mod shell_repr;
pub(crate) mod taskbar;
pub(crate) mod write_reports;

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use crate::cli::args::Color;
use crate::cli::env::Env;
use crate::cli::output::progress::ProgressStyle;
use crate::cli::output::reading::ReadingLine;
use crate::exit::Exit;
use crate::hint;
use crate::ingest::watching::Watching;
use crate::load::service;
use crate::report::Style;
use crate::text::sanitize;
use crate::toml_file::FileError;

/// The standard streams, as `main` or a test hands them over.
pub struct Streams<'a> {
    pub out: &'a mut dyn Write,
    pub err: &'a mut (dyn Write + Send),
    pub out_is_terminal: bool,
    pub err_is_terminal: bool,
}

/// Where a command writes.
pub(crate) struct Output<'a> {
    streams: Streams<'a>,
    color: bool,
    width: Option<usize>,
    ascii: bool,
    color_of_errors: bool,
    error_width: usize,
    progress: ProgressStyle,
    links: Links,
    stdout_failed: bool,
    report_failed: bool,
}

/// Where links can be followed.
#[derive(Clone, Copy)]
struct Links {
    in_result: bool,
    in_notes: bool,
    to_files: bool,
}

/// What is drawn for a log has room in the narrowest place where logs are read.
const WIDTH_OF_LOGS: usize = 80;

/// What the user says, else what the terminal says.
fn columns(env: &Env) -> Option<usize> {
    let said = env.get("COLUMNS").and_then(|columns| columns.parse().ok());
    said.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
}

/// Whether a terminal shows more than ASCII, by the locale, of which the most special setting counts.
fn shows_unicode(env: &Env) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| env.get(name).filter(|value| !value.is_empty()));
    set.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.ends_with("utf-8") || locale.ends_with("utf8")
    })
}

impl<'a> Output<'a> {
    pub(crate) fn new(streams: Streams<'a>, color: Color, env: &Env) -> Self {
        let terminal = streams.out_is_terminal;
        Self {
            color: wants_color(color, env, terminal),
            color_of_errors: wants_color(color, env, streams.err_is_terminal),
            error_width: match streams.err_is_terminal {
                true => columns(env).unwrap_or(WIDTH_OF_LOGS),
                false => WIDTH_OF_LOGS,
            },
            width: terminal.then(|| columns(env)).flatten(),
            ascii: terminal && !shows_unicode(env),
            progress: progress_style(&streams, env),
            links: Links {
                in_result: links::are_shown(env, color, terminal),
                in_notes: links::are_shown(env, color, streams.err_is_terminal),
                to_files: links::reach_files(env),
            },
            streams,
            stdout_failed: false,
            report_failed: false,
        }
    }

    pub(crate) fn style(&self) -> Style {
        Style {
            color: self.color,
            width: self.width,
            ascii: self.ascii,
            ..Style::default()
        }
    }

    /// The result. That it could not be written is kept for the end: reports are still to come.
    pub(crate) fn result(&mut self, text: &str) {
        if self.stdout_failed {
            return;
        }
        let out = &mut self.streams.out;
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            self.stdout_failed = true;
            self.complain(&format!("error: write standard output: {}", said(&error)));
        }
    }

    /// A result of one line, in which addresses can be followed.
    pub(crate) fn result_line(&mut self, line: &str) {
        let line = match self.links.in_result {
            true => links::of_addresses(line),
            false => line.to_owned(),
        };
        self.result(&(line + "\n"));
    }

    /// The path of a file in a result.
    pub(crate) fn file_in_result(&self, path: &Path) -> String {
        self.file(path, self.links.in_result)
    }

    fn file(&self, path: &Path, linked: bool) -> String {
        let shown = sanitize::line(&path.display().to_string());
        match linked && self.links.to_files {
            true => links::of_file(path, &shown),
            false => shown,
        }
    }

    /// A file that was asked for is there.
    pub(crate) fn wrote(&mut self, path: &Path) {
        let file = self.file(path, self.links.in_notes);
        self.diagnostics(&format!("wrote {file}\n"));
    }

    /// What was done or taken, for people who watch.
    pub(crate) fn note(&mut self, text: &str) {
        self.complain(text);
    }

    pub(crate) fn warn(&mut self, text: &str) {
        self.complain(&format!("warning: {text}"));
    }

    /// The chain once, on one line, and what to do next. What a service printed stands on lines of its own.
    pub(crate) fn error(&mut self, error: &anyhow::Error) {
        let text = format!("error: {error:#}");
        if error
            .chain()
            .any(|link| link.is::<service::ServiceFailure>())
        {
            text.lines().for_each(|line| self.complain(line));
        } else {
            self.complain(&text);
        }
        if let Some(drawn) = hint::find::<FileError>(error)
            .and_then(|error| error.drawn(self.error_width, self.color_of_errors))
        {
            self.diagnostics(&sanitize::lines(&drawn));
        }
        if let Some(hint) = hint::of(error) {
            self.complain(&format!("hint: {hint}"));
        }
    }

    /// A report that could not be written: the work is not done, whatever the verdict.
    pub(crate) fn report_failed(&mut self, error: &anyhow::Error) {
        self.report_failed = true;
        self.error(error);
    }

    /// How people watch a measurement on stderr.
    pub(crate) fn progress(&self) -> ProgressStyle {
        self.progress
    }

    /// Who is told how far large files are read: people at a terminal, and nobody elsewhere.
    pub(crate) fn watching(&self) -> Watching {
        match self.progress {
            ProgressStyle::Terminal { columns, .. } => {
                // The commands write between files and never beside one.
                let line = ReadingLine::new(Box::new(io::stderr()), columns);
                Watching::by(Arc::new(line))
            }
            ProgressStyle::Log => Watching::default(),
        }
    }

    /// Where they watch it.
    pub(crate) fn watchers(&mut self) -> &mut (dyn Write + Send) {
        self.streams.err
    }

    /// Text with lines of its own, as clap and our renderers make it.
    pub(crate) fn diagnostics(&mut self, text: &str) {
        // Where stderr is closed nobody is left to be told.
        drop(self.streams.err.write_all(text.as_bytes()));
        drop(self.streams.err.flush());
    }

    fn complain(&mut self, line: &str) {
        let mut line = sanitize::line(line) + "\n";
        if self.links.in_notes {
            line = links::of_addresses(&line);
        }
        self.diagnostics(&line);
    }

    /// The exit code after all is written.
    pub(crate) fn finish(&self, exit: Exit) -> Exit {
        if self.report_failed || (self.stdout_failed && exit == Exit::Pass) {
            Exit::Error
        } else {
            exit
        }
    }
}

/// A terminal that cannot move its cursor is a log.
fn progress_style(streams: &Streams<'_>, env: &Env) -> ProgressStyle {
    if !streams.err_is_terminal || env.get("TERM") == Some("dumb") {
        return ProgressStyle::Log;
    }
    let said = env.get("COLUMNS").and_then(|columns| columns.parse().ok());
    ProgressStyle::Terminal {
        columns: said,
        ascii: !shows_unicode(env),
        taskbar: taskbar::is_read(env),
    }
}

fn said(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::BrokenPipe => "its reader has gone".to_owned(),
        _ => error.to_string(),
    }
}

fn wants_color(choice: Color, env: &Env, terminal: bool) -> bool {
    match choice {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if env.get("NO_COLOR").is_some() => false,
        Color::Auto => terminal || env.is_on("CLICOLOR_FORCE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_the_flag_then_the_environment_then_the_terminal() {
        let (no, force) = (
            Env::from_iter([("NO_COLOR", "1")]),
            Env::from_iter([("CLICOLOR_FORCE", "1")]),
        );
        let none = Env::default();
        for (choice, env, terminal, is) in [
            (Color::Auto, &none, true, true),
            (Color::Auto, &none, false, false),
            (Color::Auto, &no, true, false),
            (Color::Auto, &force, false, true),
            (Color::Always, &no, false, true),
            (Color::Never, &force, true, false),
        ] {
            assert_eq!(wants_color(choice, env, terminal), is, "{choice:?} {env:?}");
        }
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_never_ends_with_zero_and_never_hides_a_verdict() {
        let mut err = Vec::new();
        let streams = Streams {
            out: &mut Closed,
            err: &mut err,
            out_is_terminal: false,
            err_is_terminal: false,
        };
        let mut output = Output::new(streams, Color::Auto, &Env::default());
        assert_eq!(output.finish(Exit::Pass), Exit::Pass);
        output.result("table\n");
        output.result("more\n");
        assert_eq!(output.finish(Exit::Pass), Exit::Error);
        assert_eq!(output.finish(Exit::Fail), Exit::Fail);
        output.report_failed(&anyhow::anyhow!("write out.xml"));
        assert_eq!(output.finish(Exit::Fail), Exit::Error);
        let said = String::from_utf8(err).unwrap();
        assert_eq!(
            said,
            "error: write standard output: its reader has gone\nerror: write out.xml\n"
        );
    }
}
