//! Pages of Markdown: the blocks in them that show what a command prints.
//!
//! Two forms are understood. A fenced block of `console`, where each line that begins with `$ ` is a command
//! and the lines after it are what it prints. And a quotation between `<!-- output of: COMMAND -->` and
//! `<!-- end of output -->`, for output that is itself Markdown; `<!-- beginning of: COMMAND -->` shows of it what stands
//! before its first fold. A line right above may say
//! `<!-- in: FOLDER -->` or `<!-- not executed: REASON -->`.

use std::ops::Range;

/// Output that a page shows.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) command: String,
    /// The lines of the page that hold the output, counted from zero.
    pub(crate) lines: Range<usize>,
    /// What stands in front of each line: nothing, or `> ` in a quotation.
    pub(crate) prefix: &'static str,
    /// Only what stands before the first fold is shown.
    pub(crate) is_beginning: bool,
}

impl Shown {
    /// Of what was printed, what the page has to show.
    pub(crate) fn of<'t>(&self, printed: &'t str) -> &'t str {
        let fold = printed.find("<details>").filter(|_| self.is_beginning);
        fold.map_or(printed, |at| &printed[..at]).trim_end()
    }
}

/// One block, executed from top to bottom.
#[derive(Debug)]
pub(crate) struct Block {
    /// Counted from one.
    pub(crate) line: usize,
    pub(crate) folder: String,
    pub(crate) skipped: Option<String>,
    pub(crate) shown: Vec<Shown>,
}

/// The blocks of a page in order.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let opened = lines[at].trim_end();
        let end = if opened == "```console" {
            let end = find(&lines, at + 1, "```");
            blocks.push(block(&lines, at, commands(&lines, at + 1..end)));
            end
        } else if let Some((command, is_beginning)) = quoted(opened) {
            let end = find(&lines, at + 1, "<!-- end of output -->");
            let shown = Shown {
                command,
                lines: at + 1..end,
                prefix: "> ",
                is_beginning,
            };
            blocks.push(block(&lines, at, vec![shown]));
            end
        } else if opened.starts_with("```") {
            find(&lines, at + 1, "```")
        } else {
            at
        };
        at = end + 1;
    }
    blocks
}

fn quoted(line: &str) -> Option<(String, bool)> {
    let whole = directive(line, "output of").map(|command| (command, false));
    whole.or_else(|| Some((directive(line, "beginning of")?, true)))
}

fn find(lines: &[&str], from: usize, end: &str) -> usize {
    (from..lines.len())
        .find(|at| lines[*at].trim_end() == end)
        .unwrap_or_else(|| panic!("the block above line {from} has no `{end}`"))
}

fn block(lines: &[&str], at: usize, shown: Vec<Shown>) -> Block {
    assert!(!shown.is_empty(), "line {}: no command", at + 1);
    let mut block = Block {
        line: at + 1,
        folder: ".".to_owned(),
        skipped: None,
        shown,
    };
    for above in lines[..at].iter().rev() {
        if let Some(folder) = directive(above, "in") {
            block.folder = folder;
        } else if let Some(reason) = directive(above, "not executed") {
            assert!(reason.len() > 10, "line {}: no reason is given", at + 1);
            block.skipped = Some(reason);
        } else {
            break;
        }
    }
    block
}

/// `<!-- name: value -->`.
fn directive(line: &str, name: &str) -> Option<String> {
    let inside = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?;
    let value = inside.trim().strip_prefix(name)?.strip_prefix(':')?;
    Some(value.trim().to_owned())
}

fn commands(lines: &[&str], range: Range<usize>) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    let mut at = range.start;
    while at < range.end {
        if let Some(first) = lines[at].strip_prefix("$ ") {
            let mut command = first.to_owned();
            // A backslash at the end of a line carries the command on.
            while command.ends_with('\\') && at + 1 < range.end {
                command.pop();
                at += 1;
                command.push_str(lines[at].trim_start_matches("> ").trim_start());
            }
            shown.push(Shown {
                command,
                lines: at + 1..at + 1,
                prefix: "",
                is_beginning: false,
            });
        } else {
            let last = shown.last_mut();
            last.expect("a console block begins with `$ `").lines.end = at + 1;
        }
        at += 1;
    }
    shown
}

/// Whether what was printed is what the page shows. In the page, `[..]` stands for any text within a line.
pub(crate) fn agrees(page: &[String], printed: &[String]) -> bool {
    let same = |(p, t): (&String, &String)| line_agrees(&undated(p), &undated(t));
    page.len() == printed.len() && page.iter().zip(printed).all(same)
}

/// An acceptance that is offered ends so many days from today.
fn undated(line: &str) -> String {
    const UNTIL: &str = "until = ";
    match line.split_once(UNTIL) {
        Some((before, date)) if date.len() >= 10 && date.is_char_boundary(10) => {
            format!("{before}{UNTIL}DAY{}", &date[10..])
        }
        _ => line.to_owned(),
    }
}

fn line_agrees(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(found) => rest = &rest[found + part.len()..],
            None => return false,
        }
    }
    true
}

#[test]
fn commands_and_their_output_are_told_apart() {
    let page = "<!-- in: a/b -->\n```console\n$ one \\\n    two\nout\n\n$ three\n```\n\
                <!-- output of: four -->\n> x\n<!-- end of output -->\n\
                ```sh\n$ not a command\n```\n\
                <!-- not executed: needs the network -->\n```console\n$ five\n```\n";
    let blocks = blocks(page);
    assert_eq!(blocks.len(), 3);
    assert_eq!(blocks[0].folder, "a/b");
    let commands: Vec<_> = blocks
        .iter()
        .flat_map(|b| &b.shown)
        .map(|s| (s.command.as_str(), s.lines.clone()))
        .collect();
    assert_eq!(
        commands,
        [
            ("one two", 4..6),
            ("three", 7..7),
            ("four", 9..10),
            ("five", 17..17)
        ]
    );
    assert_eq!(blocks[2].skipped.as_deref(), Some("needs the network"));
}

#[test]
fn dots_in_brackets_stand_for_any_text_and_nothing_else_does() {
    for (page, printed, agree) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("a[..]c", "abc", true),
        ("a[..]c", "ab", false),
        ("[..]b[..]", "abc", true),
        ("a*", "abc", false),
    ] {
        assert_eq!(line_agrees(page, printed), agree, "{page} for {printed}");
    }
    assert!(!agrees(&["a".into()], &["a".into(), "b".into()]));
}
