//! How it goes, for people who wait: drawn between windows only, so that nothing that is measured is disturbed.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::ab::{Machine, State, Watcher};
use crate::cli::output::progress::ProgressStyle;
use crate::cli::status_request::StatusRequest;
use crate::compare::Comparison;
use crate::report::figures;
use crate::text::{duration, sanitize, shorten};

/// A measurement that is shorter than this shows no progress.
const FIRST: Duration = Duration::from_millis(500);

pub(super) struct View<'o> {
    style: ProgressStyle,
    begun: Instant,
    to: &'o mut (dyn Write + Send),
    is_drawn: bool,
    cap: Option<usize>,
    asked: StatusRequest,
    machine: Machine,
}

impl<'o> View<'o> {
    pub(super) fn new(
        style: ProgressStyle,
        asked: StatusRequest,
        to: &'o mut (dyn Write + Send),
    ) -> Self {
        Self {
            style,
            begun: Instant::now(),
            to,
            is_drawn: false,
            cap: None,
            asked,
            machine: Machine::default(),
        }
    }

    /// Takes the line away again.
    pub(super) fn end(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            self.write("\r\x1b[K");
        }
    }

    /// How the machine was while it was looked at.
    pub(super) fn machine(&mut self) -> &Machine {
        self.machine.read();
        &self.machine
    }

    /// The cap that the time allowed, where that was lower than asked for.
    pub(super) fn cap(&self) -> Option<usize> {
        self.cap
    }

    fn write(&mut self, text: &str) {
        // Where stderr is closed nobody is left to be shown anything.
        drop(self.to.write_all(text.as_bytes()));
        drop(self.to.flush());
    }
}

impl Watcher for View<'_> {
    fn between_windows(&mut self, state: &State<'_, '_>) {
        self.machine.read_between_windows();
        if self.asked.take() {
            self.end();
            self.write(&format!("{}\n", line(state)));
        }
        match self.style {
            ProgressStyle::Terminal { columns, ascii, .. } if self.begun.elapsed() >= FIRST => {
                let line = shorten::end(&line(state), columns.unwrap_or(80).saturating_sub(1));
                let line = if ascii { figures::ascii(&line) } else { line };
                self.write(&format!("\r\x1b[K{line}"));
                self.is_drawn = true;
            }
            ProgressStyle::Log if state.looked => self.write(&format!("{}\n", line(state))),
            _ => {}
        }
    }

    fn capped(&mut self, cap: usize) {
        self.cap = Some(cap);
    }
}

fn line(state: &State<'_, '_>) -> String {
    let sequence = state.sequence;
    let (round, cap) = (sequence.rounds(), sequence.plan().cap());
    let left = state.budget.saturating_sub(state.elapsed).as_secs();
    let left = duration::text(Duration::from_secs(left));
    let mut parts = vec![format!("round {round} of at most {cap}")];
    if !sequence.taken().is_empty() {
        match sequence.suspects().count() {
            0 => parts.push("nothing in doubt".to_owned()),
            n => parts.push(format!("{n} in doubt")),
        }
    }
    parts.extend(sequence.worst().and_then(worst));
    parts.push(format!("{left} left"));
    parts.join(", ")
}

fn worst(comparison: &Comparison) -> Option<String> {
    let change = comparison.change?;
    let percent = |ratio: f64| 100.0 * (ratio - 1.0);
    Some(format!(
        "{} {:+.1} % ({:+.1} to {:+.1})",
        sanitize::inline(&comparison.series.to_string()),
        percent(change.ratio),
        percent(change.low),
        percent(change.high)
    ))
}
