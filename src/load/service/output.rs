//! What a service prints: always drained, so that it never waits for us, and its end kept for when it fails.

use crate::text::{sanitize, shorten};
use std::collections::VecDeque;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// So much of the output is kept.
const KEPT: usize = 64 * 1024;
/// So many lines of it are shown, each cut at so many characters.
const LINES: usize = 20;
const WIDTH: usize = 400;

/// Both streams of a service in the order in which they were written.
#[derive(Debug)]
pub(super) struct Output {
    last: Arc<Mutex<VecDeque<u8>>>,
    reader: JoinHandle<()>,
}

impl Output {
    /// The end that the service writes to has to be dropped here once the service has it.
    pub(super) fn capture() -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        let last = Arc::new(Mutex::new(VecDeque::with_capacity(KEPT)));
        let kept = Arc::clone(&last);
        let reader = thread::Builder::new()
            .name("service output".to_owned())
            .spawn(move || drain(reader, &kept))?;
        Ok((Self { last, reader }, writer))
    }

    /// The last lines, harmless to print.
    pub(super) fn last_lines(&self) -> Vec<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = last.iter().copied().collect();
        drop(last);
        last_lines(&bytes)
    }

    /// The same of a service that has ended: the rest of what it wrote may still be on its way to us.
    pub(super) fn final_lines(&self) -> Vec<String> {
        let patience = Instant::now() + Duration::from_millis(200);
        while !self.reader.is_finished() && Instant::now() < patience {
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
        // Much more than a pipe and the ring hold.
        for n in 0..100_000 {
            writeln!(writer, "this is line {n}").unwrap();
        }
        drop(writer);
        assert_eq!(output.final_lines().last().unwrap(), "this is line 99999");
        assert!(output.last.lock().unwrap().len() <= KEPT);
    }
}
