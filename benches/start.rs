//! How long it takes until perfgate says anything: the whole process, from start to its first output.

#![expect(clippy::unwrap_used, reason = "a bench that cannot run says so")]

use std::process::Command;

use criterion::{Criterion, criterion_group, criterion_main};

fn start(c: &mut Criterion) {
    c.bench_function("start to first output", |b| {
        b.iter(|| {
            let output = Command::new(env!("CARGO_BIN_EXE_perfgate"))
                .arg("--version")
                .output()
                .unwrap();
            assert!(output.stdout.starts_with(b"perfgate "));
        });
    });
}

criterion_group!(benches, start);
criterion_main!(benches);
