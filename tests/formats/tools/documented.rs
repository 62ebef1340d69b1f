//! What could not be recorded: outputs written by hand from a tool's documentation and source. What is held here is that
//! these are read as documented, and not that the tools write them.

use super::*;

#[test]
fn memtier_counts_connections_that_broke() {
    let broken = run("memtier/connection-errors.json");
    assert_eq!(errors(&broken, "all requests"), (12, 312));
    assert_eq!(errors(&broken, "Gets"), (0, 300));
    assert!(warns(&broken, "12 connections broke") && warns(&broken, "it was interrupted"));
    let judged = &broken.subjects["all requests"]["errors"];
    assert_eq!(judged.role, perfgate::model::Role::Outcome);
}

#[test]
fn benchmark_dotnet_json() {
    let md5 = "Demo.Md5VsSha256.Md5(N: 1000)";
    holds(
        "benchmarkdotnet/documented-full.json",
        &[
            (md5, "time", "p50", 2305.5, 0.0),
            (md5, "time", "mean", 2307.2, 0.01),
            (md5, "allocated", "value", 80.0, 0.0),
        ],
    );
    let full = run("benchmarkdotnet/documented-full.json");
    assert_eq!(kind(&full, md5, "time").0, "samples");
    let tool = full.provenance.tool.as_ref().unwrap();
    assert_eq!(tool.version.as_deref(), Some("0.13.12"));
    // The same method in two jobs, and one of them without its values.
    let older = "Demo.Md5VsSha256.Sha256(N: 1000) (Job-ABCDEF(Runtime=.NET 6.0))";
    let newer = "Demo.Md5VsSha256.Sha256(N: 1000) (Job-GHIJKL(Runtime=.NET 8.0))";
    assert_eq!(kind(&full, older, "time").0, "quantiles");
    assert!((number(&full, newer, "time", "p50") - 4105.0).abs() < 1e-9);
    let throws = "Demo.Md5VsSha256.Throws(N: 1000)";
    assert_eq!(errors(&full, throws), (1, 1));
    assert!(!has(&full, throws, "time") && warns(&full, "1 benchmarks failed"));
    let failed = refusal("benchmarkdotnet/all-failed-brief-compressed.json");
    assert!(
        failed.contains("none of its 1 benchmarks was measured"),
        "{failed}"
    );
}

#[test]
fn nanobench_json() {
    let run = run("nanobench/documented.json");
    let plain = "compare_exchange_strong";
    assert!((number(&run, plain, "time", "p50") - 5.63e-9).abs() < 1e-15);
    assert_eq!(kind(&run, plain, "time").0, "samples");
    assert!(!has(&run, plain, "instructions"), "nothing counted them");
    // An operation does four units, and times are of one.
    let batch = "random/std::mt19937, 64 | 32 (complexityN=100)";
    assert!((number(&run, batch, "time", "mean") - 2.05e-9).abs() < 1e-15);
    assert!((number(&run, batch, "instructions", "value") - 25.0).abs() < 1e-9);
    assert_eq!(errors(&run, "++x"), (1, 1));
    assert!(!has(&run, "++x", "time"));
}

#[test]
fn nanobench_table() {
    holds(
        "nanobench/documented.txt",
        &[
            ("compare_exchange_strong", "time", "value", 5.63, 0.0),
            ("random fluctuations", "time", "value", 334.12, 0.0),
            (
                "random/std::mt19937, 64 | 32",
                "time",
                "value",
                1035.87,
                0.0,
            ),
            ("parallel/sum (threads=1)", "time", "value", 95.32, 0.0),
            ("parallel/sum (threads=4)", "time", "value", 27.11, 0.0),
        ],
    );
    let run = run("nanobench/documented.txt");
    assert_eq!(errors(&run, "++x"), (1, 1));
    let slow = &run.subjects["random/std::mt19937, 64 | 32"]["time"];
    assert_eq!(slow.unit.to_string(), "ms");
    let failed = refusal("nanobench/all-failed.txt");
    assert!(
        failed.contains("none of its 1 benchmarks was measured"),
        "{failed}"
    );
}
