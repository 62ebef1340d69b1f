//! A Locust history of 64 MB: users with a long run wait for it.
//!
//! `PERFGATE_HISTORY_MB=1024 cargo bench --bench history` takes the gigabyte that the promise is about.

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot run has nothing to report"
)]

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use perfgate::ingest::{self, Format, ReadOptions};

const HEADER: &str = "Timestamp,User Count,Type,Name,Requests/s,Failures/s,\
    50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,Total Request Count,Total Failure Count,\
    Total Median Response Time,Total Average Response Time,Total Min Response Time,\
    Total Max Response Time,Total Average Content Size\r\n";

/// Rows as Locust writes them: twenty endpoints a second, one name in four quoted, windows that move.
fn write_history(path: &Path, bytes: u64) -> std::io::Result<u64> {
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(HEADER.as_bytes())?;
    let mut written = 0;
    let mut line = Vec::new();
    for second in 1_u64.. {
        for endpoint in 0..=20 {
            line.clear();
            let at = 1_795_191_534 + second;
            match endpoint {
                20 => write!(line, "{at},200,,Aggregated")?,
                n if n % 4 == 0 => write!(line, "{at},200,GET,\"/api/search?q={n},b\"")?,
                n => write!(line, "{at},200,POST,/api/resource/{n}")?,
            }
            write!(line, ",48.666667,0.500000")?;
            for percentile in 0..11 {
                write!(
                    line,
                    ",{}",
                    20 + endpoint + 7 * percentile + (second / 9) % 5
                )?;
            }
            let (n, mean) = (second * 49, 72.457_713_318_606_45 + 1e-9 * second as f64);
            write!(
                line,
                ",{n},{second},40,{mean},0.8298220000142464,474.61659500004316,141.9\r\n"
            )?;
            out.write_all(&line)?;
            written += line.len() as u64;
        }
        if written >= bytes {
            break;
        }
    }
    out.flush()?;
    Ok(written)
}

fn history(criterion: &mut Criterion) {
    let megabytes = std::env::var("PERFGATE_HISTORY_MB")
        .ok()
        .and_then(|mb| mb.parse().ok());
    let folder = tempfile::tempdir().expect("a folder for the history");
    let path = folder.path().join("run_stats_history.csv");
    let bytes =
        write_history(&path, megabytes.unwrap_or(64) * 1_000_000).expect("write the history");
    let mut group = criterion.benchmark_group("locust history");
    group.throughput(Throughput::Bytes(bytes)).sample_size(10);
    for (name, warmup) in [
        ("whole", None),
        ("after a warm-up", Some(Duration::from_secs(30))),
    ] {
        let options = ReadOptions {
            from: Some(Format::Locust),
            warmup,
            ..ReadOptions::default()
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| ingest::read(black_box(&path), &options).expect("read the history"));
        });
    }
    group.bench_function("records of the csv crate alone", |bencher| {
        bencher.iter(|| csv_records(black_box(&path)).expect("split the history"));
    });
    group.finish();
}

/// What the csv crate takes to split the file, with no number read of it.
fn csv_records(path: &Path) -> csv::Result<usize> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_path(path)?;
    let (mut record, mut bytes) = (csv::ByteRecord::new(), 0);
    while reader.read_byte_record(&mut record)? {
        bytes += record.as_slice().len();
    }
    Ok(bytes)
}

criterion_group!(benches, history);
criterion_main!(benches);
