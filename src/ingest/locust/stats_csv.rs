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

/// The row that sums up the others.
struct Total {
    subject: Subject,
    requests: u64,
    rate: Option<f64>,
}

impl Total {
    /// How long the run took, by what it counted in all and a second.
    fn seconds(&self) -> Option<f64> {
        self.rate.map(|rate| self.requests as f64 / rate)
    }

    /// Locust writes the rows one after another while requests go on, so the sum may be a little behind.
    fn is_of_another_time(&self, counted: u64) -> bool {
        const BEHIND_S: f64 = 3.0;
        const FEW: f64 = 20.0;
        let behind = self.rate.map_or(counted as f64, |rate| rate * BEHIND_S);
        self.requests.abs_diff(counted) as f64 > behind + FEW
    }
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
    let mut counted = 0_u64;
    let mut rates = Vec::new();
    while let Some(row) = table.next()? {
        let endpoint = columns.endpoint(&row)?;
        let subject = endpoint.subject.clone();
        if let Some(first) = seen.insert(subject.clone(), row.line()) {
            bail!("lines {first} and {}: both are `{subject}`", row.line());
        }
        if endpoint.role == Role::Total {
            let rate = endpoint.requests_per_second.filter(|rate| *rate > 0.0);
            total = Some(Total {
                subject: subject.clone(),
                requests: endpoint.requests,
                rate,
            });
        } else {
            counted = counted.saturating_add(endpoint.requests);
            rates.extend(
                endpoint
                    .requests_per_second
                    .map(|rate| (row.line(), endpoint.requests, rate)),
            );
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
        Some(total) if counted > 0 && total.is_of_another_time(counted) => {
            run.subjects.remove(&total.subject);
            run.warnings.push(format!(
                "the {} row counts {} requests, and the endpoints {counted}: it is of another time, and left out",
                total.subject, total.requests
            ));
        }
        Some(total) => {
            if let Some(seconds) = total.seconds() {
                check_rates(&rates, seconds)?;
            }
            run.provenance.duration_s = total.seconds();
        }
        None => run.warnings.push(
            "there is no Aggregated row, which Locust writes last: the file may be cut short"
                .to_owned(),
        ),
    }
    Ok(run)
}

/// Each is a line, how many requests it counts and how many a second: all rates of a file are over the same time (`total_rps`
/// of `locust/stats.py`).
fn check_rates(rates: &[(u64, u64, f64)], seconds: f64) -> anyhow::Result<()> {
    const FEW: f64 = 20.0;
    for &(line, requests, rate) in rates {
        let (implied, counted) = (rate * seconds, requests as f64);
        if implied > counted * 2.0 + FEW || implied + FEW < counted / 2.0 {
            return Err(anyhow!(
                "line {line}: {rate:.1} requests a second for {seconds:.1} s are {implied:.0} requests, and it counts {requests}"
            ))
            .hint("the file contradicts itself: is it complete, and of one run?");
        }
    }
    Ok(())
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
