//! How long a reader waits for a report of a thousand series, and a pull request for the comment of ten thousand.

#[path = "../tests/support/verdicts.rs"]
mod verdicts;

use criterion::{Criterion, criterion_group, criterion_main};
use perfgate::model::Quantile;
use perfgate::report::{self, Format, Style};

fn document(series: usize) -> report::Document {
    let all = (0..series)
        .map(|i| {
            let series = verdicts::latency(&format!("GET /resource/{i:05}"), Quantile::P95);
            match i % 10 {
                0 => verdicts::regressed(series, 84.0, 103.0),
                1 => verdicts::improved(series, 84.0, 62.0),
                _ => verdicts::unchanged(series, 84.0, 84.3),
            }
        })
        .collect();
    verdicts::document(all)
}

fn render(c: &mut Criterion) {
    let thousand = document(1_000);
    for format in Format::ALL {
        c.bench_function(&format!("render 1,000 rows as {}", format.as_str()), |b| {
            b.iter(|| report::render(&thousand, format, &Style::default(), None));
        });
    }
    let ten_thousand = document(10_000);
    c.bench_function("render the comment of 10,000 rows", |b| {
        b.iter(|| report::render(&ten_thousand, Format::Markdown, &Style::default(), None));
    });
}

criterion_group!(benches, render);
criterion_main!(benches);
