//! How long a reader waits for a report of a thousand series.

#[path = "../tests/support/verdicts.rs"]
mod verdicts;

use criterion::{Criterion, criterion_group, criterion_main};
use perfgate::model::Quantile;
use perfgate::report::{self, Format, Style};

fn render(c: &mut Criterion) {
    let all = (0..1_000)
        .map(|i| {
            let series = verdicts::latency(&format!("GET /resource/{i:04}"), Quantile::P95);
            match i % 10 {
                0 => verdicts::regressed(series, 84.0, 103.0),
                1 => verdicts::improved(series, 84.0, 62.0),
                _ => verdicts::unchanged(series, 84.0, 84.3),
            }
        })
        .collect();
    let document = verdicts::document(all);
    for format in Format::ALL {
        c.bench_function(&format!("render 1,000 rows as {}", format.as_str()), |b| {
            b.iter(|| report::render(&document, format, &Style::default(), None));
        });
    }
}

criterion_group!(benches, render);
criterion_main!(benches);
