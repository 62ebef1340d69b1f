//! `PREFIX_stats.csv`: one row of final figures per endpoint, and their sum last.

use std::collections::BTreeMap;
use std::io::BufRead;

use anyhow::{Context, anyhow, bail};

use super::endpoint::{self, Endpoint, Latency};
use super::rounding;
use super::table::{Column, Row, Table};
use crate::hint::WithHint;
use crate::model::evidence::Moments;
use crate::model::{Quantile, Role, Run, Subject};

struct Columns {
    method: Column,
    name: Column,
    requests: Column,
    failures: Column,
    mean: Column,
    min: Option<Column>,
    max: Option<Column>,
    rate: Option<Column>,
    percentiles: Vec<(Quantile, Column)>,
}

pub(super) fn read(reader: impl BufRead) -> anyhow::Result<Run> {
    let mut table = Table::of(reader)?;
    let columns = Columns {
        method: table.required("Type")?,
        name: table.required("Name")?,
        requests: table.required("Request Count")?,
        failures: table.required("Failure Count")?,
        mean: table.required("Average Response Time")?,
        min: table.optional("Min Response Time")?,
        max: table.optional("Max Response Time")?,
        rate: table.optional("Requests/s")?,
        percentiles: table.percentiles()?,
    };
    let mut run = endpoint::empty_run();
    let mut seen: BTreeMap<Subject, u64> = BTreeMap::new();
    let mut total = None;
    while let Some(row) = table.next()? {
        let endpoint = columns.endpoint(&row)?;
        let subject = endpoint.subject.clone();
        if let Some(first) = seen.insert(subject.clone(), row.line()) {
            bail!("lines {first} and {}: both are `{subject}`", row.line());
        }
        if endpoint.role == Role::Total {
            let rate = endpoint.requests_per_second.filter(|rate| *rate > 0.0);
            total = Some(rate.map(|rate| endpoint.requests as f64 / rate));
        }
        if endpoint.requests == 0 {
            endpoint::idle(subject, &mut run);
            continue;
        }
        endpoint
            .record(&mut run)
            .with_context(|| format!("line {}", row.line()))?;
    }
    if seen.is_empty() {
        return Err(anyhow!("it has a header and no rows"))
            .hint("the run may have ended before Locust's first flush: look at its output");
    }
    if run.subjects.is_empty() {
        return Err(anyhow!("no request was made"))
            .hint("look at Locust's output: did any user start?");
    }
    match total {
        Some(duration) => run.provenance.duration_s = duration,
        None => run.warnings.push(
            "there is no Aggregated row, which Locust writes last: the file may be cut short"
                .to_owned(),
        ),
    }
    Ok(run)
}

impl Columns {
    fn endpoint(&self, row: &Row<'_>) -> anyhow::Result<Endpoint> {
        let (subject, role) = endpoint::named(&row.text(&self.method)?, &row.text(&self.name)?);
        let requests = row.count(&self.requests)?;
        let failures = row.count(&self.failures)?;
        if failures > requests {
            bail!(
                "line {}: `{subject}` has {failures} failures of {requests} requests",
                row.line()
            );
        }
        Ok(Endpoint {
            subject,
            role,
            requests,
            failures,
            latency: self.latency(row, requests)?,
            requests_per_second: known(row, self.rate.as_ref())?,
        })
    }

    fn latency(&self, row: &Row<'_>, requests: u64) -> anyhow::Result<Option<Latency>> {
        if requests == 0 {
            return Ok(None);
        }
        let moments = Moments {
            mean: row.known(&self.mean)?,
            min: known(row, self.min.as_ref())?,
            max: known(row, self.max.as_ref())?,
        };
        let mut points = BTreeMap::new();
        for (quantile, column) in &self.percentiles {
            if let Some(ms) = row.known(column)? {
                points.insert(*quantile, rounding::point(ms));
            }
        }
        // An exact mean of 0 means that no request carried a response time.
        let timed = moments.mean.is_some_and(|mean| mean > 0.0);
        Ok(timed.then_some(Latency {
            points,
            n: requests,
            moments,
            counts: None,
        }))
    }
}

fn known(row: &Row<'_>, column: Option<&Column>) -> anyhow::Result<Option<f64>> {
    column.map_or(Ok(None), |column| row.known(column))
}
