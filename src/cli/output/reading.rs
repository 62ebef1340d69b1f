//! How far large files are read, for people who wait: one line on a terminal, which is taken away when they are read.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::progress::columns_now;
use crate::ingest::watching::ReadWatcher;
use crate::model::Unit;
use crate::report::figures;
use crate::text::{sanitize, shorten};

/// What is read sooner is not worth a line.
const FIRST_DRAWN: Duration = Duration::from_millis(500);
/// A terminal is drawn no more often.
const REDRAWN: Duration = Duration::from_millis(100);
/// Files between which no more time passes are one wait.
const ONE_WAIT: Duration = Duration::from_millis(100);

/// The watcher of a terminal.
pub(crate) struct ReadingLine {
    state: Mutex<State>,
}

struct State {
    out: Box<dyn Write + Send>,
    /// What the user says of the columns; the terminal is asked otherwise.
    columns: Option<usize>,
    /// The files that are being read, by number.
    files: BTreeMap<u64, OpenFile>,
    next: u64,
    waiting_since: Option<Instant>,
    last_over: Option<Instant>,
    last_drawn: Option<Instant>,
    is_drawn: bool,
}

struct OpenFile {
    name: String,
    bytes: u64,
    at: u64,
}

impl ReadingLine {
    pub(crate) fn new(out: Box<dyn Write + Send>, columns: Option<usize>) -> Self {
        Self {
            state: Mutex::new(State {
                out,
                columns,
                files: BTreeMap::new(),
                next: 0,
                waiting_since: None,
                last_over: None,
                last_drawn: None,
                is_drawn: false,
            }),
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State, Instant) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(|broken| {
            self.state.clear_poison();
            broken.into_inner()
        });
        change(&mut state, Instant::now())
    }
}

impl ReadWatcher for ReadingLine {
    fn begins(&self, path: &Path, bytes: u64) -> u64 {
        self.with(|state, now| state.begins(path, bytes, now))
    }

    fn is_at(&self, file: u64, bytes: u64) {
        self.with(|state, now| state.is_at(file, bytes, now));
    }

    fn is_over(&self, file: u64) {
        self.with(|state, now| state.is_over(file, now));
    }
}

impl State {
    fn begins(&mut self, path: &Path, bytes: u64, now: Instant) -> u64 {
        let goes_on = self
            .last_over
            .is_some_and(|over| now.saturating_duration_since(over) <= ONE_WAIT);
        if self.files.is_empty() && !goes_on {
            self.waiting_since = Some(now);
        }
        let number = self.next;
        self.next = self.next.saturating_add(1);
        let file = OpenFile {
            name: sanitize::line(&path.display().to_string()),
            bytes,
            at: 0,
        };
        self.files.insert(number, file);
        number
    }

    fn is_at(&mut self, file: u64, bytes: u64, now: Instant) {
        if let Some(file) = self.files.get_mut(&file) {
            file.at = bytes;
        }
        let is_longer = |since: Option<Instant>, than| {
            since.is_none_or(|since| now.saturating_duration_since(since) >= than)
        };
        if !is_longer(self.waiting_since, FIRST_DRAWN) || !is_longer(self.last_drawn, REDRAWN) {
            return;
        }
        self.last_drawn = Some(now);
        self.is_drawn = true;
        let line = self.line(self.columns.or_else(columns_now));
        self.write(&format!("\r{line}\x1b[K"));
    }

    fn is_over(&mut self, file: u64, now: Instant) {
        self.files.remove(&file);
        self.last_over = Some(now);
        if self.files.is_empty() && std::mem::take(&mut self.is_drawn) {
            self.write("\r\x1b[K");
        }
    }

    /// Nobody is left to be told where stderr is closed.
    fn write(&mut self, text: &str) {
        drop(self.out.write_all(text.as_bytes()));
        drop(self.out.flush());
    }

    /// `reading 412 MiB of 1.05 GiB, 39 %: points.json and 1 more`
    fn line(&self, columns: Option<usize>) -> String {
        // The last column is left free: some terminals wrap when it is written.
        let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(1));
        let (at, bytes) = self.files.values().fold((0_u64, 0_u64), |sum, file| {
            // A file that grows while it is read is read to its new end.
            let bytes = file.bytes.max(file.at);
            (sum.0.saturating_add(file.at), sum.1.saturating_add(bytes))
        });
        let size = |bytes: u64| figures::quantity(rounded(bytes), &Unit::new("B"));
        let percent = at.saturating_mul(100).checked_div(bytes).unwrap_or(0);
        let name = self.files.values().next().map_or("", |file| &file.name);
        let more = match self.files.len() {
            0 | 1 => String::new(),
            many => format!(" and {} more", many - 1),
        };
        let (at, bytes) = (size(at), size(bytes));
        shorten::end_to_width(
            &format!("reading {at} of {bytes}, {percent} %: {name}{more}"),
            room,
        )
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "it is shown with three digits of its bytes"
)]
fn rounded(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[derive(Clone, Default)]
    struct Terminal(Arc<Mutex<Vec<u8>>>);

    impl Terminal {
        fn taken(&self) -> String {
            String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
        }
    }

    impl Write for Terminal {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    const MB: u64 = 1024 * 1024;

    fn line(columns: usize) -> (Terminal, ReadingLine) {
        let terminal = Terminal::default();
        let line = ReadingLine::new(Box::new(terminal.clone()), Some(columns));
        (terminal, line)
    }

    #[test]
    fn nothing_is_drawn_before_half_a_second_then_ten_times_a_second_and_nothing_is_left() {
        let (terminal, line) = line(80);
        let mut state = line.state.lock().unwrap();
        let begun = Instant::now();
        let after = |ms| begun + Duration::from_millis(ms);
        let file = state.begins(Path::new("out/points.json"), 200 * MB, begun);
        for ms in 0..500 {
            state.is_at(file, ms * MB / 10, after(ms));
        }
        assert_eq!(terminal.taken(), "");
        state.is_at(file, 50 * MB, after(500));
        assert_eq!(
            terminal.taken(),
            "\rreading 50.0 MiB of 200 MiB, 25 %: out/points.json\x1b[K"
        );
        for ms in 501..=1500 {
            state.is_at(file, ms * MB / 10, after(ms));
        }
        let drawn = terminal.taken();
        assert_eq!(drawn.matches('\r').count(), 10, "{drawn:?}");
        assert!(!drawn.contains('\n'), "{drawn:?}");
        state.is_over(file, after(1501));
        assert_eq!(terminal.taken(), "\r\x1b[K");
    }

    #[test]
    fn files_that_follow_each_other_are_one_wait_and_a_later_one_is_another() {
        let (terminal, line) = line(80);
        let mut state = line.state.lock().unwrap();
        let begun = Instant::now();
        let after = |ms| begun + Duration::from_millis(ms);
        for (number, from) in [0, 300, 600].into_iter().enumerate() {
            let name = format!("run{number}.jtl");
            let file = state.begins(Path::new(&name), 10 * MB, after(from));
            state.is_at(file, 5 * MB, after(from + 200));
            state.is_over(file, after(from + 290));
        }
        let drawn = terminal.taken();
        assert!(!drawn.contains("run0"), "{drawn:?}");
        assert!(
            drawn.contains("run1.jtl") && drawn.contains("run2.jtl"),
            "{drawn:?}"
        );
        assert!(drawn.ends_with("\r\x1b[K"), "{drawn:?}");
        // A command ran for a minute in between.
        let file = state.begins(Path::new("late.jtl"), 10 * MB, after(60_000));
        state.is_at(file, 5 * MB, after(60_400));
        state.is_over(file, after(60_450));
        assert_eq!(terminal.taken(), "");
    }

    #[test]
    fn files_that_are_read_at_once_share_the_line_and_their_names_cannot_move_the_cursor() {
        for columns in 2..100 {
            let (terminal, line) = line(columns);
            let mut state = line.state.lock().unwrap();
            let begun = Instant::now();
            let late = begun + Duration::from_secs(1);
            let first = state.begins(Path::new("a\u{1b}[2J\n.json"), 100 * MB, begun);
            let second = state.begins(Path::new("b.json"), 300 * MB, begun);
            state.is_at(first, 100 * MB, begun);
            state.is_at(second, 100 * MB, late);
            let drawn = terminal.taken();
            let shown = drawn
                .strip_prefix('\r')
                .and_then(|it| it.strip_suffix("\x1b[K"));
            let shown = shown.unwrap();
            assert!(shown.width() < columns, "{columns}: {shown}");
            assert!(!shown.contains(['\u{1b}', '\n']), "{shown:?}");
            if columns > 80 {
                assert!(
                    shown.starts_with("reading 200 MiB of 400 MiB, 50 %: a"),
                    "{shown}"
                );
                assert!(shown.ends_with(".json and 1 more"), "{shown}");
            }
            // The line stays while one of them is read.
            state.is_over(first, late);
            assert_eq!(terminal.taken(), "");
            state.is_over(second, late);
            assert_eq!(terminal.taken(), "\r\x1b[K");
        }
    }
}
