//! One project for each tool: what it wrote when it was really run is what its script writes here, to the place that
//! the written command names.

use perfgate::cli::settings::config::{self, GateMode, Work};

use super::project::Project;
use super::{LOCUSTFILE, WORKFLOW, workflow};

/// A project, the script of its tool, and what the written command has to hold.
struct Kind {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    tool: (&'static str, &'static str),
    command: &'static [&'static str],
    mode: GateMode,
}

const K6: &str = "import http from 'k6/http';\nexport default function () { http.get('http://127.0.0.1:8080/'); }\n";
const JMX: &str = "<?xml version=\"1.0\"?>\n<jmeterTestPlan version=\"1.2\"/>\n";
const SIMULATION: &str = "import io.gatling.core.Predef._\nclass Shop extends Simulation {}\n";
const GO_TEST: &str = "package p\n\nimport \"testing\"\n\nfunc BenchmarkAdd(b *testing.B) { for i := 0; i < b.N; i++ {} }\n";
const PYTEST: &str = "def test_add(benchmark):\n    benchmark(sum, [1, 2])\n";
const PYPROJECT: &str = "[project]\nname = \"p\"\nversion = \"1\"\n[project.optional-dependencies]\ntest = [\"pytest-benchmark>=4\"]\n";
const CARGO: &str = "[package]\nname = \"p\"\nversion = \"0.1.0\"\n[dev-dependencies]\ncriterion = \"0.8\"\n[[bench]]\nname = \"parse\"\nharness = false\nrequired-features = [\"std\"]\n[[bench]]\nname = \"other\"\nharness = false\n";

/// `$2` behind the flag.
const KINDS: [Kind; 8] = [
    Kind {
        name: "locust",
        files: &[
            ("locustfile.py", LOCUSTFILE),
            ("requirements.txt", "locust==2.47.0\n"),
        ],
        tool: (
            "locust",
            "while [ \"$1\" != --csv ]; do shift; done\ncp \"$fixtures/../../examples/shop/recorded/main-1_stats.csv\" \"$2_stats.csv\"",
        ),
        command: &[
            "-f locustfile.py",
            "--headless",
            "--csv-full-history",
            "--host http://127.0.0.1:8080",
        ],
        mode: GateMode::Baseline,
    },
    Kind {
        name: "k6",
        files: &[
            ("load/shop.js", K6),
            (
                "load/helper.js",
                "import { check } from 'k6';\nexport function f() {}\n",
            ),
        ],
        tool: (
            "k6",
            "for a; do case $a in json=*) to=${a#json=};; esac; done\ncp \"$fixtures/k6/v2.2.0-base-1.points.ndjson.gz\" \"$to\"",
        ),
        command: &["--out json=out/k6-{n}.json.gz", "load/shop.js"],
        mode: GateMode::Baseline,
    },
    Kind {
        name: "jmeter",
        files: &[("plan.jmx", JMX)],
        tool: (
            "jmeter",
            "while [ \"$1\" != -l ]; do shift; done\ncp \"$fixtures/jmeter/base-1.csv.jtl\" \"$2\"",
        ),
        command: &["-n -f -t plan.jmx"],
        mode: GateMode::Baseline,
    },
    Kind {
        name: "gatling",
        files: &[
            ("pom.xml", "<project/>\n"),
            ("src/test/scala/Shop.scala", SIMULATION),
        ],
        tool: (
            "mvn",
            "mkdir -p target/gatling/shop-2026\ncp \"$fixtures/gatling/v3.15.0-base-1.log\" target/gatling/shop-2026/simulation.log",
        ),
        command: &["gatling:test"],
        mode: GateMode::Baseline,
    },
    Kind {
        name: "vegeta",
        files: &[(
            "targets.txt",
            "# the shop\nGET http://127.0.0.1:8080/items\n",
        )],
        tool: (
            "vegeta",
            "[ \"$1\" = encode ] || exit 0\nwhile [ \"$1\" != -output ]; do shift; done\ncp \"$fixtures/vegeta/base-1.results.ndjson\" \"$2\"",
        ),
        command: &["-targets targets.txt", "encode -to json"],
        mode: GateMode::Baseline,
    },
    Kind {
        name: "go",
        files: &[
            ("go.mod", "module p\n"),
            ("add_test.go", GO_TEST),
            ("inner/add_test.go", GO_TEST),
        ],
        tool: ("go", "cat \"$fixtures/go-bench/bench-count3.txt\""),
        command: &["-run '^$' -bench . -benchmem", ". ./inner"],
        mode: GateMode::Ab,
    },
    Kind {
        name: "pytest",
        files: &[("tests/test_add.py", PYTEST), ("pyproject.toml", PYPROJECT)],
        tool: (
            "python3",
            "for a; do case $a in --benchmark-json=*) to=${a#--benchmark-json=};; esac; done\ncp \"$fixtures/pytest-benchmark/with-data.json\" \"$to\"",
        ),
        command: &["-m pytest --benchmark-only", "tests/test_add.py"],
        mode: GateMode::Ab,
    },
    Kind {
        name: "criterion",
        files: &[
            ("Cargo.toml", CARGO),
            ("benches/parse.rs", "use criterion::Criterion;\n"),
            ("benches/other.rs", "fn main() { divan::main() }\n"),
        ],
        tool: (
            "cargo",
            "mkdir -p \"$CRITERION_HOME\"\ncp -R \"$fixtures/criterion/target/criterion/.\" \"$CRITERION_HOME\"",
        ),
        command: &[
            "cargo bench --features std --bench parse",
            "CRITERION_HOME=\"$PWD/out/criterion-{n}\"",
        ],
        mode: GateMode::Ab,
    },
];

#[test]
fn each_tool_gets_a_source_whose_command_leaves_results_that_the_gate_reads() {
    for kind in KINDS {
        let desk = Project::new(kind.files);
        let said = desk.ends("init", 0);
        let text = desk.read("perfgate.toml");
        let config = config::parse("perfgate.toml", &text).unwrap();
        let [source] = config.sources.as_slice() else {
            panic!("{}: {text}", kind.name);
        };
        assert_eq!(source.name.as_deref(), Some(kind.name));
        assert_eq!(source.runs, 5);
        let Work::Command { command, .. } = &source.work else {
            panic!("{text}");
        };
        for words in kind.command {
            assert!(command.contains(words), "{}: {command}", kind.name);
        }
        assert!(
            !command.contains("other") && !command.contains("helper"),
            "{command}"
        );
        let mode = config.mode.map_or(GateMode::Baseline, |mode| mode.value);
        assert_eq!(mode, kind.mode, "{}", kind.name);
        assert_eq!(config.ab.is_some(), mode == GateMode::Ab);
        workflow(&desk.read(WORKFLOW));
        let has_baseline = desk
            .file(".github/workflows/perfgate-baseline.yml")
            .exists();
        assert_eq!(has_baseline, mode == GateMode::Baseline);
        assert!(said.err.contains("next: "), "{}", said.err);
        // What lets a tool write better evidence stands beside its script.
        let beside = [
            ("locust", "perfgate_listener.py"),
            ("k6", "load/perfgate.js"),
        ];
        for (tool, file) in beside {
            assert_eq!(desk.file(file).exists(), kind.name == tool, "{file}");
        }

        desk.tool(kind.tool.0, kind.tool.1);
        desk.ends("baseline update --baseline baselines/main.json", 0);
        let said = desk.ends("check --baseline baselines/main.json", 0);
        let is_judged = ["PASS", "INCONCLUSIVE"]
            .iter()
            .any(|word| said.out.starts_with(word));
        assert!(is_judged, "{}: {}", kind.name, said.out);
    }
}

#[test]
fn base_and_head_of_benchmarks_are_measured_in_turns_by_what_was_written() {
    let desk = Project::new(&[
        ("go.mod", "module p\n"),
        ("add_test.go", GO_TEST),
        (".gitignore", "out/\n"),
    ]);
    desk.git("add .");
    desk.git("commit --quiet --message base");
    desk.git("checkout --quiet -b change");
    desk.ends("init", 0);
    desk.git("add .");
    desk.git("commit --quiet --message gate");
    desk.git("update-ref refs/remotes/origin/main main");
    desk.git("symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main");
    desk.tool("go", "cat \"$fixtures/go-bench/bench-count3.txt\"");
    let said = desk.ends("check", 0);
    assert!(said.out.starts_with("PASS"), "{}", said.out);
    assert!(said.out.contains("rounds"), "{}", said.out);
}

#[test]
fn several_sources_have_names_and_a_stored_baseline_for_turns_measure_one() {
    let desk = Project::new(&[
        ("go.mod", "module p\n"),
        ("add_test.go", GO_TEST),
        ("load/locustfile.py", LOCUSTFILE),
        ("load/b/locustfile.py", LOCUSTFILE),
        ("load/c/locustfile_c.py", LOCUSTFILE),
        ("load/d/locustfile_d.py", LOCUSTFILE),
        (
            "openapi.json",
            "{\"openapi\": \"3.0.0\", \"paths\": {\"/\": {\"get\": {}}}}",
        ),
    ]);
    let said = desk.ends("init", 0);
    let text = desk.read("perfgate.toml");
    let config = config::parse("perfgate.toml", &text).unwrap();
    let names: Vec<&str> = config
        .sources
        .iter()
        .filter_map(|one| one.name.as_deref())
        .collect();
    assert_eq!(
        names,
        [
            "go",
            "locust-locustfile",
            "locust-locustfile-c",
            "locust-locustfile-d"
        ]
    );
    assert!(config.mode.is_none(), "{text}");
    assert!(
        said.err.contains("left out Locust: load/locustfile.py"),
        "{}",
        said.err
    );
    assert!(
        said.err
            .contains("left out openapi.json: a load test is here already"),
        "{}",
        said.err
    );
}
