//! Sampled stacks, and the folded form of them that most profilers can write: `main;handle;query 97`.

use std::collections::BTreeMap;

/// A stack deeper than this is cut at its leaf.
const DEEPEST: usize = 128;
/// The most different stacks that are kept; a service has fewer.
const MOST: usize = 100_000;

/// How often each stack was seen, outermost frame first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stacks {
    counts: BTreeMap<Vec<String>, u64>,
}

impl Stacks {
    /// Reads folded stacks. The number of a line is that of the samples, or any other weight that is a whole number.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut stacks = Self::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            // dtrace and some converters write headings.
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || format!("line {} is no folded stack: `frame;frame 12`", at + 1);
            let (frames, count) = line.rsplit_once(' ').ok_or_else(wrong)?;
            let count: u64 = count.parse().map_err(|_| wrong())?;
            let frames = frames
                .split(';')
                .map(|frame| without_line(frame.trim()).into_owned());
            if !stacks.add(frames, count) {
                return Err(wrong());
            }
        }
        stacks.sampled()
    }

    /// Adds a stack that was seen so often, outermost frame first. Whether it has a frame.
    pub fn add(&mut self, frames: impl Iterator<Item = String>, count: u64) -> bool {
        let frames: Vec<String> = frames
            .filter(|frame| !frame.is_empty())
            .take(DEEPEST)
            .collect();
        if frames.is_empty() {
            return false;
        }
        if self.counts.len() < MOST || self.counts.contains_key(&frames) {
            let known = self.counts.entry(frames).or_default();
            *known = known.saturating_add(count);
        }
        true
    }

    /// Stacks that nobody sampled are an error.
    pub fn sampled(self) -> Result<Self, String> {
        match self.samples() {
            0 => Err("it holds no samples".to_owned()),
            _ => Ok(self),
        }
    }

    pub fn samples(&self) -> u64 {
        self.counts
            .values()
            .fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Each stack with its share of all samples.
    pub fn shares(&self) -> impl Iterator<Item = (&[String], f64)> {
        let all = as_f64(self.samples()).max(1.0);
        let shares = self.counts.iter();
        shares.map(move |(frames, count)| (frames.as_slice(), as_f64(*count) / all))
    }
}

/// `work (app.py:31)` is `work (app.py)`: another line above it makes no other function.
fn without_line(frame: &str) -> std::borrow::Cow<'_, str> {
    let inside = frame.strip_suffix(')').unwrap_or(frame);
    match inside.rsplit_once(':') {
        Some((name, line)) if !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit()) => {
            let end = if inside.len() < frame.len() { ")" } else { "" };
            format!("{name}{end}").into()
        }
        _ => frame.into(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "samples are below 2^53")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_stacks_are_read_with_spaces_in_frames_and_without_lines() {
        let text = "# a heading\n<module> (app.py:40);work (app.py:7) 30\n\
                    <module> (app.py:41);work (app.py:9) 10\nmain;std::vec<a, b>::push 60\n";
        let stacks = Stacks::parse(text).unwrap();
        assert_eq!(stacks.samples(), 100);
        let shares: Vec<(String, f64)> = stacks
            .shares()
            .map(|(frames, share)| (frames.join(";"), share))
            .collect();
        let expected = [
            ("<module> (app.py);work (app.py)".to_owned(), 0.4),
            ("main;std::vec<a, b>::push".to_owned(), 0.6),
        ];
        assert_eq!(shares, expected);
    }

    #[test]
    fn what_is_no_folded_stack_is_told_with_its_line() {
        let wrong = |text: &str| Stacks::parse(text).unwrap_err();
        assert!(wrong("a;b 1\n{\"json\": true}\n").starts_with("line 2"));
        assert!(wrong("a;b many\n").starts_with("line 1"));
        assert_eq!(wrong(""), "it holds no samples");
        assert_eq!(wrong("a;b 0\n"), "it holds no samples");
    }
}
