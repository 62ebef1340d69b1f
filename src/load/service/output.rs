//! What a service prints: read all the time, so that the service never waits for perfgate, with its end kept for an
//! error message.

use crate::text::{sanitize, shorten};
use std::collections::VecDeque;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How many bytes of the output are kept.
const KEPT: usize = 64 * 1024;
/// How many lines are shown, and how many characters of each.
const LINES: usize = 20;
const WIDTH: usize = 400;

/// Both output streams of a service, in the order in which they were written.
#[derive(Debug)]
pub(super) struct Output {
    last: Arc<Mutex<VecDeque<u8>>>,
    reader: JoinHandle<()>,
}

impl Output {
    /// Starts to read. The caller has to drop its copy of the writer once the service has one.
    pub(super) fn capture() -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        let last = Arc::new(Mutex::new(VecDeque::with_capacity(KEPT)));
        let kept = Arc::clone(&last);
        let reader = thread::Builder::new()
            .name("service output".to_owned())
            .spawn(move || drain(reader, &kept))?;
        Ok((Self { last, reader }, writer))
    }

    /// The last lines, sanitized.
    pub(super) fn last_lines(&self) -> Vec<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = last.iter().copied().collect();
        drop(last);
        last_lines(&bytes)
    }

    /// The last lines of a service that has ended. The rest of its output may still be in the pipe, so this waits
    /// shortly.
    pub(super) fn final_lines(&self) -> Vec<String> {
        let until = Instant::now() + Duration::from_millis(200);
        while !self.reader.is_finished() && Instant::now() < until {
            thread::sleep(Duration::from_millis(2));
        }
        self.last_lines()
    }
}

fn drain(mut from: PipeReader, kept: &Mutex<VecDeque<u8>>) {
    let mut buffer = vec![0; KEPT];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let surplus = (kept.len() + read).saturating_sub(KEPT).min(kept.len());
        kept.drain(..surplus);
        kept.extend(buffer.iter().take(read));
    }
}

fn last_lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines: Vec<String> = text
        .lines()
        .rev()
        .filter(|line| !line.trim().is_empty())
        .take(LINES)
        .map(|line| sanitize::line(&shorten::end(line.trim_end(), WIDTH)))
        .collect();
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn only_the_last_lines_are_shown_and_they_cannot_steer_a_terminal() {
        let text: String = (0..50).map(|n| format!("line {n}\n\n")).collect();
        let lines = last_lines(text.as_bytes());
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines.first().unwrap(), "line 30");
        assert_eq!(lines.last().unwrap(), "line 49");
        let lines = last_lines(b"\x1b[31mred\x07\n::error::x\n##[group]\n\xff\n");
        assert_eq!(
            lines,
            [
                "\u{fffd}[31mred\u{fffd}",
                ".::error::x",
                "## [group]",
                "\u{fffd}"
            ]
        );
        let long = last_lines("x".repeat(5000).as_bytes());
        assert_eq!(long[0].chars().count(), WIDTH + 1);
    }

    #[test]
    fn a_writer_is_never_held_up_and_the_end_of_what_it_wrote_is_kept() {
        let (output, mut writer) = Output::capture().unwrap();
        // This is much more than the pipe and the buffer hold.
        for n in 0..100_000 {
            writeln!(writer, "this is line {n}").unwrap();
        }
        drop(writer);
        assert_eq!(output.final_lines().last().unwrap(), "this is line 99999");
        assert!(output.last.lock().unwrap().len() <= KEPT);
    }
}
