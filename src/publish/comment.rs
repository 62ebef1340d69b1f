//! One comment per gate: how it is known again, when it is written, how it fits. Pure.

use super::RunNumber;

/// GitHub refuses 65,536 characters. It does not say what a character is; UTF-16 units are the most it can mean.
pub const LIMIT: usize = 65_500;

/// A key that is longer is cut, with a number of its own behind it.
const LONGEST_KEY: usize = 120;

const OPENING: &str = "<!-- perfgate-gate:";

/// The first line of a comment of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    key: String,
    pub sha: Option<String>,
    pub run: Option<RunNumber>,
}

/// What to do with a comment that stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentState {
    /// Written by a run that came later.
    Newer,
    /// Says this already.
    Same,
    Outdated,
}

/// When a comment is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// Where it would say something else than it does.
    #[default]
    OnChange,
    /// Every time.
    Always,
    /// Only where one is there already: nothing failed, and an old failure must not stand.
    IfThere,
}

impl Marker {
    pub fn new(gate: &str, sha: Option<String>, run: Option<RunNumber>) -> Self {
        Self {
            key: key(gate),
            sha,
            run,
        }
    }

    /// The start of every comment of this gate, whatever run wrote it.
    fn start(&self) -> String {
        format!("{OPENING}{} ", self.key)
    }

    /// The whole comment. Only its first line is looked at later, so no name in the text can be taken for a marker.
    pub fn body(&self, text: &str) -> String {
        let mut line = self.start();
        if let Some(sha) = &self.sha {
            line += &format!("sha={sha} ");
        }
        if let Some(RunNumber { id, attempt }) = self.run {
            line += &format!("run={id} attempt={attempt} ");
        }
        line += "-->\n";
        let room = LIMIT.saturating_sub(line.len());
        line + &fit(text, room)
    }

    pub fn owns(&self, body: &str) -> bool {
        body.starts_with(&self.start())
    }

    /// How a comment of this gate relates to what is to be written.
    pub fn standing(&self, there: &str, wanted: &str) -> CommentState {
        let newer = |ours: RunNumber| run_of(there).is_some_and(|theirs| theirs > ours);
        if self.run.is_some_and(newer) {
            CommentState::Newer
        } else if lines_alike(there, wanted) {
            CommentState::Same
        } else {
            CommentState::Outdated
        }
    }
}

/// GitHub may give a text back with other line ends, and without the last.
fn lines_alike(a: &str, b: &str) -> bool {
    a.trim_end().lines().eq(b.trim_end().lines())
}

fn run_of(body: &str) -> Option<RunNumber> {
    let line = body.lines().next()?;
    let field = |name: &str| {
        let value = line
            .split(' ')
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value?.parse().ok()
    };
    Some(RunNumber {
        id: field("run")?,
        attempt: field("attempt").unwrap_or(1),
    })
}

/// A gate's name as one word that cannot end a comment of HTML, and no two names as the same word.
fn key(gate: &str) -> String {
    let mut key = String::new();
    for byte in gate.trim().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'/' => {
                key.push(char::from(byte));
            }
            other => key += &format!("%{other:02X}"),
        }
    }
    if key.len() > LONGEST_KEY {
        let number = fnv(key.as_bytes());
        key.truncate(LONGEST_KEY - 18);
        key += &format!("~{number:016x}");
    }
    key
}

/// Fowler, Noll and Vo's hash, 1a: the same on every machine and in every version.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The text within `room` UTF-16 units. Reports fit by themselves and put the worst first; this is for what a server
/// counts otherwise.
pub fn fit(text: &str, room: usize) -> String {
    const CUT: &str = "\n\nCut here; the report of the run has the rest.\n";
    const CLOSE: &str = "\n</details>\n";
    let length = |text: &str| text.encode_utf16().count();
    if length(text) <= room {
        return text.to_owned();
    }
    let left = room.saturating_sub(CUT.len() + CLOSE.len());
    let (mut kept, mut used) = (String::new(), 0);
    for line in text.split_inclusive('\n') {
        used += length(line);
        if used > left {
            break;
        }
        kept += line;
    }
    // A fold that is left open would take the rest of the page with it.
    if kept.matches("<details>").count() > kept.matches("</details>").count() {
        kept += CLOSE;
    }
    kept + CUT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(gate: &str, id: u64) -> Marker {
        let run = RunNumber { id, attempt: 1 };
        Marker::new(gate, Some("abc".to_owned()), Some(run))
    }

    #[test]
    fn the_first_line_says_gate_commit_and_run() {
        assert_eq!(
            marker("api", 7).body("### ok\n"),
            "<!-- perfgate-gate:api sha=abc run=7 attempt=1 -->\n### ok\n"
        );
        assert_eq!(
            Marker::new("api", None, None).body("x"),
            "<!-- perfgate-gate:api -->\nx"
        );
    }

    #[test]
    fn a_gate_knows_its_own_comments_and_nobody_elses() {
        let api = marker("api", 7);
        assert!(api.owns(&marker("api", 9).body("x")));
        assert!(!api.owns(&marker("api-2", 7).body("x")));
        assert!(!api.owns(&format!("> {}", api.body("x"))), "a quotation");
        assert!(!api.owns("<!-- perfgate -->\nanother tool of this name"));
    }

    #[test]
    fn no_name_ends_the_marker_and_no_two_names_are_one() {
        let names = [
            "a b", "a-b", "a%20b", "a --> b", "a\nb", "ä", "a/b", "A B", "run=9",
        ];
        let mut keys: Vec<String> = names.iter().map(|name| key(name)).collect();
        for key in &keys {
            assert!(!key.contains(['>', ' ', '\n', '=']), "{key}");
        }
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), names.len());
        let (a, b) = (key(&"x".repeat(500)), key(&"x".repeat(501)));
        assert!(a != b && a.len() <= LONGEST_KEY, "{a}");
    }

    #[test]
    fn an_older_run_gives_way_and_a_later_attempt_does_not() {
        let mine = marker("api", 7);
        let wanted = mine.body("x");
        for (there, standing) in [
            (marker("api", 8).body("x"), CommentState::Newer),
            (marker("api", 6).body("x"), CommentState::Outdated),
            (marker("api", 7).body("y"), CommentState::Outdated),
            (wanted.clone(), CommentState::Same),
            (wanted.replace('\n', "\r\n") + "\r\n", CommentState::Same),
            (
                wanted.replace("attempt=1", "attempt=2"),
                CommentState::Newer,
            ),
            (wanted.replace("run=7", "run=x"), CommentState::Outdated),
        ] {
            assert_eq!(mine.standing(&there, &wanted), standing, "{there}");
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_between_lines_and_its_fold_is_closed() {
        let text = format!(
            "head\n<details><summary>x</summary>\n{}",
            "row 𝄞\n".repeat(12_000)
        );
        let body = marker("api", 1).body(&text);
        assert!(body.encode_utf16().count() <= LIMIT);
        assert!(body.contains("</details>\n\n\nCut here"));
        assert!(body.encode_utf16().count() > LIMIT - 200);
        assert_eq!(fit("short\n", 100), "short\n");
    }
}
