//! The log as lines of tab-separated cells.

use anyhow::{Context, bail};

use super::{KIND, subject};
use crate::hint::WithHint;
use crate::ingest::ReadOptions;
use crate::ingest::records::{self, Record, Sink};
use crate::ingest::sheet::Sheet;
use crate::ingest::source::{self, End, ResultBytes};
use crate::model::{Role, Run};

pub(super) fn read(source: &ResultBytes<'_>, options: &ReadOptions) -> anyhow::Result<Run> {
    let head = source.head()?;
    let head = String::from_utf8_lossy(&head);
    let run_line = head
        .lines()
        .find(|line| line.starts_with("RUN\t"))
        .unwrap_or_default();
    let cells: Vec<&str> = run_line.split('\t').collect();
    let version = cells
        .last()
        .filter(|version| cells.len() >= 6 && version.starts_with(|c: char| c.is_ascii_digit()));
    let mut sheet = Sheet::new("gatling", version.map(|version| version.trim()));
    if let Some(class) = cells.get(1).filter(|class| !class.is_empty()) {
        sheet.provenance().scenario = Some((*class).to_owned());
    }
    records::read(*source, options, KIND, each)?.write(&mut sheet)?;
    sheet.run()
}

fn each(source: ResultBytes<'_>, sink: Sink<'_>) -> anyhow::Result<End> {
    source.each_line(|_, line| {
        if !line.starts_with(b"REQUEST\t") {
            return Ok(());
        }
        let line = std::str::from_utf8(line)
            .context("it is not UTF-8")
            .hint(source::CONVERT)?;
        let cells: Vec<&str> = line.split('\t').collect();
        // A name may hold tabs, which Gatling writes as they are: the cells behind it are counted from the end.
        let ok = cells.iter().rposition(|cell| matches!(*cell, "OK" | "KO"));
        let Some(at) = ok.filter(|at| *at >= 5) else {
            bail!("it is no complete request");
        };
        let time = |back: usize| -> anyhow::Result<f64> {
            let cell = cells.get(at - back).copied().unwrap_or_default();
            cell.parse()
                .with_context(|| format!("`{cell:.40}` is no time"))
        };
        let (start, end) = (time(2)?, time(1)?);
        let groups: Vec<&str> = cells.get(1).map_or(Vec::new(), |groups| {
            groups
                .split(',')
                .filter(|group| !group.is_empty())
                .collect()
        });
        let name = cells.get(2..at - 2).unwrap_or_default().join(" ");
        let message = cells.get(at + 1).map_or("", |message| message.trim());
        let failed = cells.get(at) == Some(&"KO");
        sink(&Record {
            subject: &subject(&groups, &name),
            role: Role::Outcome,
            start_s: Some(start / 1e3),
            ms: end - start,
            failed: failed.then_some(if message.is_empty() { "KO" } else { message }),
        })
    })
}
