//! How long a gate takes over what large projects have: 1,000 criterion benchmarks, 10,000 series of 20 runs.

#![expect(clippy::unwrap_used, reason = "a bench that cannot run says so")]

use std::fs;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use perfgate::compare::{self, Policy, Sides};
use perfgate::ingest::{self, ReadOptions};
use perfgate::model::{Run, run_file};

/// Reproducible noise around 1, about 2 % wide.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        // The constants of Knuth's MMIX.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let top = u32::try_from(self.0 >> 32).unwrap_or_default();
        1.0 + 0.02 * (f64::from(top) / f64::from(u32::MAX) - 0.5)
    }
}

/// A criterion folder as `cargo bench -- --save-baseline` leaves it, of 100 samples a benchmark.
fn criterion_folder(root: &Path) {
    let mut noise = Noise(1);
    for benchmark in 0..1_000_u32 {
        let name = format!("group_{:02}/function_{benchmark:04}", benchmark / 20);
        for baseline in ["base", "new"] {
            let folder = root.join(&name).join(baseline);
            fs::create_dir_all(&folder).unwrap();
            let iters: Vec<f64> = (1..=100).map(f64::from).collect();
            let times: Vec<f64> = iters.iter().map(|n| n * 73.21 * noise.next()).collect();
            let sample =
                format!(r#"{{"sampling_mode":"Linear","iters":{iters:?},"times":{times:?}}}"#);
            // criterion writes no spaces.
            fs::write(folder.join("sample.json"), sample.replace(' ', "")).unwrap();
            let names = format!(
                r#"{{"group_id":"g","function_id":"f","full_id":"{name}","directory_name":"{name}"}}"#
            );
            fs::write(folder.join("benchmark.json"), names).unwrap();
        }
    }
}

fn read(root: &Path, baseline: &str) -> Vec<Run> {
    let path = format!("{}@{baseline}", root.display());
    let results = ingest::read(Path::new(&path), &ReadOptions::default()).unwrap();
    results.into_iter().flat_map(|one| one.runs).collect()
}

fn judged(baseline: &[Run], current: &[Run]) -> usize {
    let sides = Sides {
        baseline,
        current,
        anchor: None,
        interleaved: false,
    };
    let today = jiff::civil::date(2026, 1, 1);
    compare::judge(&sides, &Policy::default(), today)
        .comparisons
        .len()
}

fn criterion_results(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    criterion_folder(folder.path());
    c.bench_function("read and compare 1,000 criterion benchmarks", |b| {
        b.iter(|| {
            let sides = (read(folder.path(), "base"), read(folder.path(), "new"));
            assert_eq!(judged(&sides.0, &sides.1), 1_000);
        });
    });
}

/// Runs of 10,000 benchmarks in perfgate's own form, four sessions of five runs and one to judge.
fn runs(sessions: std::ops::Range<u32>) -> String {
    let mut noise = Noise(u64::from(sessions.start));
    let run = |session: u32, minute: u32, noise: &mut Noise| {
        let subjects: Vec<String> = (0..10_000)
            .map(|n| {
                let time = f64::from(100 + n % 900) * noise.next();
                format!(
                    r#""group/bench_{n:05}": {{"time": {{"unit": "ns", "samples": [{time}]}}}}"#
                )
            })
            .collect();
        format!(
            r#"{{"schema": "perfgate.run/1", "session": "s{session}", "started_at": "2026-01-{:02}T10:{minute:02}:00Z", "subjects": {{{}}}}}"#,
            session + 1,
            subjects.join(", ")
        )
    };
    let all: Vec<String> = sessions
        .flat_map(|session| (0..5).map(move |minute| (session, minute)))
        .map(|(session, minute)| run(session, minute, &mut noise))
        .collect();
    all.join("\n")
}

fn ten_thousand_series(c: &mut Criterion) {
    let (baseline, current) = (runs(0..4), runs(4..5));
    let mut group = c.benchmark_group("10,000 series");
    group.sample_size(10);
    group.bench_function("read 20 runs", |b| {
        b.iter(|| run_file::parse(&baseline));
    });
    let (baseline, current) = (
        run_file::parse(&baseline).unwrap(),
        run_file::parse(&current).unwrap(),
    );
    group.bench_function("compare 5 runs with 20", |b| {
        b.iter(|| assert_eq!(judged(&baseline, &current), 10_000));
    });
    group.finish();
}

criterion_group!(benches, criterion_results, ten_thousand_series);
criterion_main!(benches);
