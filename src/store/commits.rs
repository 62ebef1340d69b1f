//! The commits of a file, and the contents that they gave it, by the program git.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;

use anyhow::{Context, anyhow};

use super::file::{folder_of, resolved};
use super::git::git;
use crate::hint::WithHint;
use crate::text::sanitize;

/// A content of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// That brought it.
    pub commit: String,
    /// Of the commit.
    pub date: jiff::Timestamp,
}

/// The contents of a file over the commits that the checked out one descends from.
#[derive(Debug)]
pub(super) struct Commits {
    pub folder: PathBuf,
    /// Oldest first, each content once, with its object.
    pub versions: Vec<(Version, String)>,
    pub shallow: bool,
    pub uncommitted: bool,
}

/// Deepens the clone in which it is typed.
const DEEPEN: &str = "this clone is shallow: run `git fetch --unshallow`";

impl Commits {
    pub(super) fn of(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        // git knows links, and not what stands behind them.
        let whole = resolved(path);
        let folder = folder_of(&whole).to_path_buf();
        let name = whole
            .file_name()
            .ok_or_else(|| anyhow!("read the history of {shown}: it names no file"))
            .hint("name a baseline file")?;
        if !folder.is_dir() {
            return Err(anyhow!(
                "read the history of {shown}: its folder does not exist"
            ))
            .hint("run it in the repository that holds the baseline, with the branch checked out");
        }
        let shallow = asked(&folder, &["rev-parse", "--is-shallow-repository"])
            .with_context(|| format!("read the history of {shown}"))
            .or_hint("the history of a baseline is that of its git repository: run it where the baseline is committed")?
            == "true";
        let listed = git(&folder)
            .arg("--literal-pathspecs")
            .args(["log", "--follow", "-M", "-m", "--raw", "--no-abbrev"])
            // Whatever the user has set for their own eyes.
            .args([
                "--no-color",
                "--no-show-signature",
                "--no-notes",
                "--no-ext-diff",
            ])
            .args(["--format=commit %H %ct", "HEAD", "--"])
            .arg(name)
            .output()
            .context("run git")
            .hint("the program `git` has to be installed")?;
        if !listed.status.success() {
            return Err(failed(&listed.stderr))
                .with_context(|| format!("read the history of {shown}"))
                .hint("the baseline has to be committed: git add it, commit, and ask again");
        }
        let versions = versions(&String::from_utf8_lossy(&listed.stdout));
        if versions.is_empty() {
            let hint = match shallow {
                true => DEEPEN,
                false => "the baseline has to be committed: git add it, commit, and ask again",
            };
            return Err(anyhow!(
                "read the history of {shown}: no commit holds this file"
            ))
            .hint(hint);
        }
        let changed = git(&folder)
            .arg("--literal-pathspecs")
            .args(["status", "--porcelain", "--"])
            .arg(name)
            .output()
            .context("run git")?;
        Ok(Self {
            folder,
            versions,
            shallow,
            uncommitted: !changed.stdout.is_empty(),
        })
    }
}

/// The places of the commits that the checked out one descends from, each ancestor before its descendants; those that the
/// repository does not hold have none.
pub fn order(path: &Path, commits: &BTreeSet<String>) -> anyhow::Result<HashMap<String, usize>> {
    if commits.is_empty() {
        return Ok(HashMap::new());
    }
    let whole = resolved(path);
    let listed = asked(
        folder_of(&whole),
        &["rev-list", "--topo-order", "--reverse", "HEAD"],
    )?;
    let places = listed.lines().enumerate();
    Ok(places
        .filter(|(_, commit)| commits.contains(*commit))
        .map(|(place, commit)| (commit.to_owned(), place))
        .collect())
}

fn asked(folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = git(folder)
        .args(arguments)
        .output()
        .context("run git")
        .hint("the program `git` has to be installed")?;
    if !output.status.success() {
        return Err(failed(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn failed(stderr: &[u8]) -> anyhow::Error {
    let said = String::from_utf8_lossy(stderr);
    let first = said.lines().next().unwrap_or("it failed without a word");
    anyhow!("git: {}", sanitize::inline(first.trim()))
}

/// `commit HASH SECONDS`, an empty line, and `:MODE MODE OLD NEW STATUS<tab>PATH` for each parent.
fn versions(log: &str) -> Vec<(Version, String)> {
    let mut found = Vec::new();
    let mut commit: Option<Version> = None;
    for line in log.lines() {
        if let Some(words) = line.strip_prefix("commit ") {
            commit = version(words);
        } else if let Some(fields) = line.strip_prefix(':')
            && let Some(blob) = fields.split_whitespace().nth(3)
            && let Some(commit) = &commit
            // A commit that took the file away has no content for it.
            && blob.bytes().any(|digit| digit != b'0')
        {
            found.push((commit.clone(), blob.to_owned()));
        }
    }
    found.reverse();
    // A content that comes back brings no run that was not there before.
    let mut seen = HashSet::new();
    found.retain(|(_, blob)| seen.insert(blob.clone()));
    found
}

fn version(words: &str) -> Option<Version> {
    // Of a merge, git adds the parent in words.
    let mut words = words.split_whitespace();
    let commit = words.next()?.to_owned();
    let date = words.next()?.parse().ok()?;
    Some(Version {
        commit,
        date: jiff::Timestamp::from_second(date).ok()?,
    })
}

/// More than this is no baseline, and would fill the memory.
const LARGEST: usize = 256 * 1024 * 1024;

/// Contents by one process of git, one at a time in memory.
pub(super) struct Blobs;

impl Blobs {
    /// Hands over each of the contents in the order of `ids`, or why it cannot be read.
    pub(super) fn read(
        folder: &Path,
        ids: Vec<String>,
        each: &mut dyn FnMut(Result<&str, String>),
    ) -> anyhow::Result<()> {
        let count = ids.len();
        let mut child = git(folder)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("run git")?;
        let (asking, told) = (child.stdin.take(), child.stdout.take());
        let (Some(mut asking), Some(told)) = (asking, told) else {
            return ended(child).context("talk to git");
        };
        let read = thread::scope(|scope| {
            scope.spawn(move || {
                for id in &ids {
                    if writeln!(asking, "{id}").is_err() {
                        // git has ended: whoever reads finds out.
                        return;
                    }
                }
            });
            let mut told = BufReader::with_capacity(1 << 16, told);
            let mut content = Vec::new();
            (0..count).try_for_each(|_| next(&mut told, &mut content, each))
        });
        read.and(ended(child))
    }
}

fn ended(mut child: Child) -> anyhow::Result<()> {
    let status = child.wait().context("wait for git")?;
    match status.success() {
        true => Ok(()),
        false => Err(anyhow!("git cat-file ended with {status}")),
    }
}

/// `HASH blob SIZE`, the content and a line break; or `HASH missing`.
fn next(
    told: &mut impl BufRead,
    content: &mut Vec<u8>,
    each: &mut dyn FnMut(Result<&str, String>),
) -> anyhow::Result<()> {
    let mut head = String::new();
    told.read_line(&mut head).context("read from git")?;
    let mut words = head.split_whitespace();
    let (Some(id), Some(kind), size) = (words.next(), words.next(), words.next()) else {
        return Err(anyhow!("git cat-file ended before all was read"));
    };
    let Some(size) = size.and_then(|size| size.parse::<usize>().ok()) else {
        each(Err(format!("git has no object {id} ({kind})")));
        return Ok(());
    };
    content.clear();
    let after = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(1);
    if size > LARGEST || kind != "blob" {
        std::io::copy(&mut told.take(after), &mut std::io::sink()).context("read from git")?;
        each(Err(format!("it is a {kind} of {size} bytes")));
        return Ok(());
    }
    told.take(after)
        .read_to_end(content)
        .context("read from git")?;
    if content.len() <= size {
        return Err(anyhow!("git cat-file ended before all was read"));
    }
    content.truncate(size);
    let text = std::str::from_utf8(content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content));
    each(text.map_err(|_| "it is not UTF-8 text".to_owned()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_read_oldest_first_and_each_content_once() {
        let log = "commit cc 30 (from bb)\n\n:100644 100644 22 11 M\ta b.json\n\
                   commit cc 30 (from dd)\n\n:100644 100644 44 11 M\ta b.json\n\
                   commit dd 25\n\n:100644 000000 33 0000 D\ta b.json\n\
                   commit bb 20\n\n:100644 100644 11 22 R097\told.json\ta b.json\n\
                   commit aa 10\n\n:000000 100644 0000 11 A\told.json\n";
        let found: Vec<(String, String)> = versions(log)
            .into_iter()
            .map(|(version, blob)| (version.commit, blob))
            .collect();
        let expected = [("aa", "11"), ("bb", "22")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn contents_come_whole_and_what_is_missing_is_told() {
        let told = "11 blob 6\nab\ncd\n\n22 missing\n33 tree 2\nxx\n44 blob 1\n\u{00e9}";
        let mut told = told.as_bytes();
        let mut found = Vec::new();
        let mut content = Vec::new();
        for _ in 0..3 {
            next(&mut told, &mut content, &mut |text| {
                found.push(text.map(str::to_owned).map_err(|_| ()));
            })
            .unwrap();
        }
        assert_eq!(found, [Ok("ab\ncd\n".to_owned()), Err(()), Err(())]);
        assert!(next(&mut &b"44 blob 9\nab"[..], &mut content, &mut |_| {}).is_err());
    }
}
