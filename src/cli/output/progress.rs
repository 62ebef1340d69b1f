//! How a measurement goes, for people who watch: one line that is drawn again on a terminal, a line now and then
//! elsewhere.

use std::collections::VecDeque;
use std::io::Write;
use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthStr;

use super::taskbar;
use crate::cli::status_request::StatusRequest;
use crate::load::{LevelStage, Observer, Snapshot, Stop, Stretch};
use crate::model::Unit;
use crate::report::figures;
use crate::text::{duration, sanitize, shorten};

/// What is over at once needs no picture.
const FIRST: Duration = Duration::from_millis(500);
/// A terminal is drawn no more often.
const REDRAWN: Duration = Duration::from_millis(100);
/// A log grows no faster.
const REPEATED: Duration = Duration::from_secs(10);

/// How progress is shown on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProgressStyle {
    /// Its columns, where they do not change; asked anew each time where they may.
    Terminal {
        columns: Option<usize>,
        /// It shows no signs beyond ASCII.
        ascii: bool,
        /// It shows progress in the task bar.
        taskbar: bool,
    },
    Log,
}

pub(crate) struct Progress<'a> {
    out: &'a mut (dyn Write + Send),
    style: ProgressStyle,
    stop: Stop,
    begun: Instant,
    /// When the last line was shown; a log begins with the start.
    last: Option<Instant>,
    drawn: bool,
    /// What happened second by second, the newest last.
    course: VecDeque<Stretch>,
    told_of_stop: bool,
    asked: StatusRequest,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(out: &'a mut (dyn Write + Send), style: ProgressStyle, stop: Stop) -> Self {
        Self {
            out,
            last: (style == ProgressStyle::Log).then(Instant::now),
            style,
            stop,
            begun: Instant::now(),
            drawn: false,
            course: VecDeque::new(),
            told_of_stop: false,
            asked: StatusRequest::default(),
        }
    }

    /// Tells how it goes whenever somebody asks.
    pub(crate) fn asked_by(mut self, asked: StatusRequest) -> Self {
        self.asked = asked;
        self
    }

    fn tick_at(&mut self, snapshot: &Snapshot, now: Instant) {
        if self.stop.is_asked() && !self.told_of_stop {
            self.told_of_stop = true;
            self.note("stopping; what was measured is kept. Once more ends at once");
        }
        if self.asked.take() {
            let columns = match self.style {
                ProgressStyle::Terminal { columns, .. } => columns.or_else(columns_now),
                ProgressStyle::Log => None,
            };
            self.note(&state(snapshot, columns));
        }
        let pause = match self.style {
            ProgressStyle::Terminal { .. } => REDRAWN,
            ProgressStyle::Log => REPEATED,
        };
        if let Some(stretch) = snapshot.stretch {
            self.course.push_back(stretch);
            if self.course.len() > MOST_BARS {
                self.course.pop_front();
            }
        }
        let since = |last: Instant| now.saturating_duration_since(last);
        let is_early =
            matches!(self.style, ProgressStyle::Terminal { .. }) && since(self.begun) < FIRST;
        if is_early || self.last.is_some_and(|last| since(last) < pause) {
            return;
        }
        self.last = Some(now);
        match self.style {
            ProgressStyle::Terminal {
                columns,
                ascii,
                taskbar,
            } => {
                let columns = columns.or_else(columns_now);
                let mut line = with_course(snapshot, &self.course, (columns, ascii));
                if ascii {
                    line = figures::ascii(&line);
                }
                let share = share(snapshot).filter(|_| taskbar);
                let shown = share.map_or_else(String::new, taskbar::show);
                // One write a frame.
                self.write(&format!("\r{line}\x1b[K{shown}"));
                self.drawn = true;
            }
            ProgressStyle::Log => {
                let line = line(snapshot, None);
                self.write(&format!("{line}\n"));
            }
        }
    }

    /// A failed write is ignored: where stderr is closed, nobody reads it.
    fn write(&mut self, text: &str) {
        drop(self.out.write_all(text.as_bytes()));
        drop(self.out.flush());
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            self.write(&format!("\r\x1b[K{}", taskbar::remove()));
        }
    }
}

impl Observer for Progress<'_> {
    fn tick(&mut self, snapshot: &Snapshot) {
        self.tick_at(snapshot, Instant::now());
    }

    fn note(&mut self, text: &str) {
        self.clear();
        let text: String = text
            .lines()
            .map(|line| sanitize::line(line) + "\n")
            .collect();
        self.write(&text);
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

pub(super) fn columns_now() -> Option<usize> {
    terminal_size::terminal_size_of(std::io::stderr()).map(|(width, _)| usize::from(width.0))
}

/// How much a part of the line matters: where there is no room, the first of these are left out first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Median,
    Tail,
    Level,
    Phase,
    Rate,
    Needed,
}

/// `users=50  measuring  1,204/s  0 errors  p50 420 µs  p95 910 µs  p99 3.20 ms  18s left`
fn line(snapshot: &Snapshot, columns: Option<usize>) -> String {
    let mut parts = parts(snapshot);
    // The last column is left free: some terminals wrap when it is written.
    let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(1));
    while width(&parts) > room {
        let Some(least) = parts.iter().map(|(weight, _)| *weight).min() else {
            break;
        };
        if least == Weight::Needed {
            break;
        }
        parts.retain(|(weight, _)| *weight != least);
    }
    shorten::end_to_width(&joined(&parts), room)
}

/// The line with all that there is to tell, for whoever asks.
fn state(snapshot: &Snapshot, columns: Option<usize>) -> String {
    let first = line(snapshot, None);
    let elapsed = duration::text(Duration::from_secs(snapshot.elapsed.as_secs()));
    let mut more = format!("{elapsed} so far");
    // Without an end that is known the line has it.
    if snapshot.remaining.is_some() {
        more = format!("{} done{GAP}{more}", figures::count(snapshot.done));
    }
    let fits = columns.is_none_or(|columns| (first.width() + GAP.len() + more.width()) < columns);
    match fits {
        true => format!("{first}{GAP}{more}"),
        false => format!("{first}\n{GAP}{more}"),
    }
}

fn parts(snapshot: &Snapshot) -> Vec<(Weight, String)> {
    let mut parts = Vec::new();
    if let Some(level) = &snapshot.level {
        parts.push((Weight::Level, sanitize::line(level)));
    }
    let phase = match snapshot.phase {
        LevelStage::Starting => "starting",
        LevelStage::WarmingUp => "warming up",
        LevelStage::Counting => "measuring",
        LevelStage::Draining | LevelStage::Over => "finishing",
    };
    parts.push((Weight::Phase, phase.to_owned()));
    let rate = figures::quantity(snapshot.rate.round(), &Unit::none());
    parts.push((Weight::Rate, format!("{rate}/s")));
    let errors = match snapshot.errors {
        1 => "1 error".to_owned(),
        n => format!("{} errors", figures::count(n)),
    };
    parts.push((Weight::Needed, errors));
    for (weight, name, time) in [
        (Weight::Median, "p50", snapshot.p50),
        (Weight::Tail, "p95", snapshot.p95),
        (Weight::Tail, "p99", snapshot.p99),
    ] {
        if let Some(time) = time {
            let time = figures::quantity(time.as_secs_f64(), &Unit::new("s"));
            parts.push((weight, format!("{name} {time}")));
        }
    }
    parts.push((
        Weight::Needed,
        match snapshot.remaining {
            Some(left) => format!("{} left", duration::text(in_seconds(left))),
            None => format!("{} done", figures::count(snapshot.done)),
        },
    ));
    parts
}

/// How much of the level is over.
fn share(snapshot: &Snapshot) -> Option<f64> {
    let elapsed = snapshot.elapsed.as_secs_f64();
    let whole = elapsed + snapshot.remaining?.as_secs_f64();
    (whole > 0.0).then(|| elapsed / whole)
}

/// Bars of one number, and how few show nothing.
const MOST_BARS: usize = 30;
const FEWEST_BARS: usize = 4;

/// `1,204/s ▃▅▅▅  0 errors  p50 420 µs ▁▁▂▁  p99 3.20 ms ▁▂█▁  18s left`: with each number over the last seconds where the
/// room allows, for which what matters least is left out.
fn with_course(
    snapshot: &Snapshot,
    course: &VecDeque<Stretch>,
    (columns, ascii): (Option<usize>, bool),
) -> String {
    let without = line(snapshot, columns);
    let Some(room) = columns.map(|columns| columns.saturating_sub(1)) else {
        return without;
    };
    let mut parts = parts(snapshot);
    parts.retain(|(weight, text)| *weight != Weight::Tail || text.starts_with("p99"));
    if snapshot.phase == LevelStage::Counting {
        parts.retain(|(weight, _)| *weight != Weight::Phase);
    }
    let drawn = |weight: Weight| -> Option<Vec<Option<f64>>> {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        let of: fn(&Stretch) -> Option<Duration> = match weight {
            Weight::Rate => return Some(course.iter().map(|s| Some(s.rate)).collect()),
            Weight::Median => |stretch| stretch.p50,
            Weight::Tail => |stretch| stretch.p99,
            Weight::Level | Weight::Phase | Weight::Needed => return None,
        };
        Some(course.iter().map(|stretch| seconds(of(stretch))).collect())
    };
    let with = parts
        .iter()
        .filter(|(weight, _)| drawn(*weight).is_some())
        .count();
    let each = room.saturating_sub(width(&parts) + with) / with.max(1);
    let each = each.min(course.len()).min(MOST_BARS);
    if each < FEWEST_BARS {
        return without;
    }
    for (weight, text) in &mut parts {
        if let Some(values) = drawn(*weight) {
            let newest = values.get(values.len() - each..).unwrap_or_default();
            *text = format!("{text} {}", figures::bars(newest, ascii));
        }
    }
    joined(&parts)
}

/// The last second is not over before it is over.
fn in_seconds(left: Duration) -> Duration {
    Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0))
}

const GAP: &str = "  ";

fn joined(parts: &[(Weight, String)]) -> String {
    let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
    texts.join(GAP)
}

fn width(parts: &[(Weight, String)]) -> usize {
    joined(parts).width()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> Snapshot {
        Snapshot {
            level: Some("users=50".to_owned()),
            phase: LevelStage::Counting,
            elapsed: Duration::from_secs(12),
            remaining: Some(Duration::from_millis(17_400)),
            rate: 1204.3,
            done: 14_400,
            errors: 1,
            p50: Some(Duration::from_micros(420)),
            p95: Some(Duration::from_micros(910)),
            p99: Some(Duration::from_micros(3200)),
            stretch: None,
        }
    }

    const TERMINAL: ProgressStyle = ProgressStyle::Terminal {
        columns: Some(80),
        ascii: false,
        taskbar: false,
    };

    fn course(seconds: u32) -> VecDeque<Stretch> {
        let stretch = |second: u32| Stretch {
            rate: 1000.0 + f64::from(second) * 100.0,
            p50: Some(Duration::from_micros(420)),
            p99: (second != 2).then(|| Duration::from_micros(3200 << (second % 2))),
        };
        (0..seconds).map(stretch).collect()
    }

    #[test]
    fn the_last_seconds_are_drawn_where_there_is_room_and_the_line_still_fits() {
        let drawn = |columns: usize, ascii: bool| {
            with_course(&snapshot(), &course(12), (Some(columns), ascii))
        };
        assert_eq!(
            drawn(80, false),
            "users=50  1,204/s ▁▃▅▇█  1 error  p50 420 µs ▅▅▅▅▅  p99 3.20 ms █▁█▁█  18s left"
        );
        for columns in 1..160 {
            let line = drawn(columns, false);
            assert!(line.width() < columns, "{columns}: {line}");
        }
        assert!(drawn(140, false).contains("▁▁▂▃"));
        let plain = figures::ascii(&drawn(140, true));
        assert!(plain.is_ascii(), "{plain}");
        // A second without an answer is a gap, and a beginning is no course.
        let begun = with_course(&snapshot(), &course(3), (Some(140), false));
        assert_eq!(begun, line(&snapshot(), Some(140)));
        let gap = with_course(&snapshot(), &course(4), (Some(140), false));
        assert!(gap.contains("▁█ █"), "{gap}");
    }

    #[test]
    fn the_task_bar_is_told_how_far_it_is_and_cleared_last() {
        let mut out = Vec::new();
        let style = ProgressStyle::Terminal {
            columns: Some(80),
            ascii: false,
            taskbar: true,
        };
        let mut progress = Progress::new(&mut out, style, Stop::new());
        progress.tick_at(&snapshot(), Instant::now() + FIRST);
        drop(progress);
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\u{1b}]9;4;1;41\u{1b}\\"), "{text:?}");
        assert!(text.ends_with("\u{1b}]9;4;0;\u{1b}\\"), "{text:?}");
    }

    #[test]
    fn what_is_over_at_once_is_never_drawn() {
        let mut out = Vec::new();
        let mut progress = Progress::new(&mut out, TERMINAL, Stop::new());
        progress.tick_at(&snapshot(), Instant::now());
        drop(progress);
        assert!(out.is_empty());
    }

    #[test]
    fn a_line_says_how_it_goes_and_what_is_left() {
        assert_eq!(
            line(&snapshot(), None),
            "users=50  measuring  1,204/s  1 error  p50 420 µs  p95 910 µs  p99 3.20 ms  18s left"
        );
        let mut later = snapshot();
        later.remaining = None;
        assert!(line(&later, None).ends_with("14,400 done"));
    }

    #[test]
    fn a_line_never_wraps_and_keeps_errors_and_time_longest() {
        for columns in 1..100 {
            let line = line(&snapshot(), Some(columns));
            assert!(line.width() < columns, "{columns}: {line}");
        }
        assert_eq!(line(&snapshot(), Some(30)), "1,204/s  1 error  18s left");
        assert_eq!(line(&snapshot(), Some(20)), "1 error  18s left");
    }

    #[test]
    fn a_hostile_level_cannot_move_the_cursor() {
        let mut hostile = snapshot();
        hostile.level = Some("a\u{1b}[2J\n::error::b".to_owned());
        let line = line(&hostile, None);
        assert!(!line.contains(['\u{1b}', '\n']), "{line}");
    }

    /// What is shown over a minute of ticks.
    fn shown(style: ProgressStyle) -> String {
        let mut out = Vec::new();
        let mut progress = Progress::new(&mut out, style, Stop::new());
        let begun = Instant::now();
        for second in 1..=60 {
            progress.tick_at(&snapshot(), begun + Duration::from_secs(second));
        }
        drop(progress);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_log_gets_a_plain_line_every_ten_seconds() {
        let log = shown(ProgressStyle::Log);
        let lines = log.lines().count();
        assert!((5..=6).contains(&lines), "{log}");
        assert!(!log.contains(['\r', '\u{1b}']), "{log}");
    }

    #[test]
    fn a_terminal_gets_one_line_drawn_again_and_cleared() {
        let drawn = shown(TERMINAL);
        assert_eq!(drawn.matches('\r').count(), 61);
        assert!(!drawn.contains('\n'));
        assert!(drawn.ends_with("\r\u{1b}[K"));
    }

    #[test]
    fn whoever_asks_is_told_once_and_on_a_line_of_its_own() {
        for style in [TERMINAL, ProgressStyle::Log] {
            let (mut out, asked) = (Vec::new(), StatusRequest::default());
            let mut progress = Progress::new(&mut out, style, Stop::new()).asked_by(asked.clone());
            let begun = Instant::now() + FIRST;
            for second in 0..3 {
                progress.tick_at(&snapshot(), begun + Duration::from_secs(second));
                asked.ask();
                asked.ask();
            }
            drop(progress);
            let text = String::from_utf8(out).unwrap();
            let begin = "users=50  measuring  1,204/s  1 error  p50 420 µs  p95 910 µs  p99 3.20 ms  18s left";
            let gap = if style == ProgressStyle::Log {
                ""
            } else {
                "\n"
            };
            let told = format!("{begin}{gap}  14,400 done  12s so far\n");
            assert_eq!(text.matches(&told).count(), 2, "{text:?}");
        }
        let mut later = snapshot();
        later.remaining = None;
        assert!(state(&later, Some(140)).ends_with("p99 3.20 ms  14,400 done  12s so far"));
    }

    #[test]
    fn a_stop_is_told_once_and_notes_stand_on_lines_of_their_own() {
        let mut out = Vec::new();
        let stop = Stop::new();
        let mut progress = Progress::new(&mut out, TERMINAL, stop.clone());
        let begun = Instant::now() + FIRST;
        progress.tick_at(&snapshot(), begun);
        progress.note("the service\nsays\u{1b} hello");
        stop.ask();
        for second in 1..=3 {
            progress.tick_at(&snapshot(), begun + Duration::from_secs(second));
        }
        drop(progress);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches("stopping;").count(), 1);
        assert!(
            text.contains("\r\u{1b}[Kthe service\nsays\u{fffd} hello\n"),
            "{text:?}"
        );
    }
}
