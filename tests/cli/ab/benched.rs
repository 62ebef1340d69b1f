//! The benchmarks of a criterion crate. cargo and the bench executables are scripts here, which say and write what the
//! real ones do; `.ci/real-tools` does it with the real ones.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::desk::{Desk, Said};
use super::revisions::{git, repository};
use super::{comparison, notes};

/// Says where two bench targets are, of which one is not criterion's.
const CARGO: &str = r#"#!/bin/sh
echo "$*" >>"DESK/built"
for name in sum other; do
    echo '{"reason":"compiler-artifact","manifest_path":"'"$PWD"'/Cargo.toml","target":{"kind":["bench"],"name":"'$name'"},"executable":"'"$PWD/$name"'"}'
done
echo '{"reason":"build-finished","success":true}'
"#;

/// Two benchmarks of about 1000 nanoseconds and of what is put in, in as many iterations.
const SUM: &str = r#"#!/bin/sh
# Takes --sample-size, --warm-up-time and --measurement-time, and prints no help.
for filter; do :; done
echo "$*" >>"DESK/asked"
expression=$(printf %s "$filter" | sed 's/(?:/(/')
for name in other slower; do
    printf %s "sum/$name" | grep -q -E -- "$expression" || continue
    ns=1000 iterations=10
    [ $name = other ] || ns=@NS@ iterations=@ITERATIONS@
    total=$(((ns + ${#PERFGATE_PADDING} % 7) * iterations))
    mkdir -p "$CRITERION_HOME/sum/$name/new"
    echo '{"group_id":"sum","function_id":"'$name'","value_str":null,"throughput":null,"full_id":"sum/'$name'","directory_name":"sum/'$name'","title":"sum/'$name'"}' \
        >"$CRITERION_HOME/sum/$name/new/benchmark.json"
    echo '{"sampling_mode":"Flat","iters":['$iterations','$iterations'],"times":['$total','$total']}' \
        >"$CRITERION_HOME/sum/$name/new/sample.json"
done
@FAILS@
"#;

fn script(desk: &Desk, name: &str, text: &str) {
    let folder = desk.path(".").canonicalize().unwrap();
    desk.write(name, &text.replace("DESK", folder.to_str().unwrap()));
    fs::set_permissions(desk.path(name), fs::Permissions::from_mode(0o755)).unwrap();
}

fn commit(desk: &Desk, ns: &str, iterations: &str, fails: &str) {
    let sum = SUM.replace("@NS@", ns).replace("@ITERATIONS@", iterations);
    let sum = sum.replace("@FAILS@", fails);
    script(desk, "sum", &sum);
    script(desk, "other", "#!/bin/sh\necho no criterion\n");
    git(desk, "add sum other");
    git(desk, "commit -qm benchmarks");
}

fn ab(desk: &Desk, more: &[&str]) -> Said {
    let mut arguments = vec!["ab", "--base-ref", "main", "--format", "json"];
    arguments.extend(more);
    run(desk, &arguments)
}

fn run(desk: &Desk, arguments: &[&str]) -> Said {
    let path = format!(
        "{}:{}",
        desk.path("bin").canonicalize().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    desk.run_in(arguments, &[("PATH", &path)])
}

fn desk(fails: &str) -> Desk {
    let desk = repository();
    fs::create_dir(desk.path("bin")).unwrap();
    script(&desk, "bin/cargo", CARGO);
    git(&desk, "checkout -q main");
    commit(&desk, "1000", "10", "");
    git(&desk, "checkout -qb change");
    commit(&desk, "1100", "30", fails);
    desk
}

#[test]
fn benchmarks_of_two_revisions_are_run_at_one_pace_and_what_is_settled_is_not_run_on() {
    let desk = desk("");
    let said = ab(&desk, &["--bench=-p words", "--window", "200ms"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    let slower = comparison(&verdict, "sum/slower", "time");
    assert_eq!(slower["outcome"], "regressed", "{slower:#}");
    assert_eq!(slower["current"]["runs"], 10);
    assert_eq!(
        comparison(&verdict, "sum/other", "time")["outcome"],
        "unchanged"
    );
    let told = notes(&verdict);
    for part in [
        "200 ms a round in 10 samples",
        "left out: other",
        "sum/slower (20 and 60)",
    ] {
        assert!(told.contains(part), "{told}");
    }
    let built = desk.read("built");
    let command = "bench --no-run --message-format json-render-diagnostics -p words";
    assert_eq!(built.lines().collect::<Vec<_>>(), [command; 2]);
    let pace = "--sample-size 10 --warm-up-time 0.050 --measurement-time 0.150";
    let asked = desk.read("asked");
    assert!(asked.lines().all(|line| line.contains(pace)), "{asked}");
    // Both once to see what they hold, five rounds of all, and five of what is in doubt.
    let of = |filter: &str| asked.lines().filter(|line| line.ends_with(filter)).count();
    assert_eq!((of(" .*"), of(" ^(?:sum/slower)$")), (12, 10), "{asked}");
    assert_eq!(git(&desk, "worktree list").lines().count(), 1);
}

#[test]
fn the_config_says_that_benchmarks_are_measured() {
    let desk = desk("");
    desk.write(
        "perfgate.toml",
        "[ab]\nbase_ref = \"main\"\nbench = \"-p words\"\n[[source]]\nresults = \"none.json\"\n",
    );
    let said = run(&desk, &["ab", "--window", "200ms", "--format", "json"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        comparison(&verdict, "sum/slower", "time")["outcome"],
        "regressed"
    );
    assert!(desk.read("built").contains("-p words"));
    desk.write(
        "perfgate.toml",
        "[ab]\nbench = true\nrun = \"make bench\"\n",
    );
    let said = run(&desk, &["ab"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    for part in ["perfgate.toml:2", "`run` and also `bench`"] {
        assert!(said.err.contains(part), "{}", said.err);
    }
}

/// Builds what is one program in every folder, and with a stamp what is not.
const SAME: &str = r#"#!/bin/sh
cp "$(readlink -f "$(command -v sleep)")" sum
@STAMP@
echo '{"reason":"compiler-artifact","manifest_path":"'"$PWD"'/Cargo.toml","target":{"kind":["bench"],"name":"sum"},"executable":"'"$PWD"'/sum"}'
"#;

#[cfg(target_os = "linux")]
#[test]
fn benchmarks_that_are_one_program_on_both_sides_are_not_run() {
    let desk = desk("");
    git(&desk, "checkout -qb docs main");
    desk.write("README.md", "more words\n");
    git(&desk, "add README.md");
    git(&desk, "commit -qm words");
    script(&desk, "bin/cargo", &SAME.replace("@STAMP@", ""));
    let said = ab(&desk, &["--bench"]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    let verdict: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(verdict["comparisons"][0]["metric"], "same_binary");
    assert_eq!(verdict["comparisons"][0]["subject"], "sum");
    assert!(!desk.path("asked").exists());
    // Another program is measured, or at least tried: this one is no benchmark of criterion.
    script(&desk, "bin/cargo", &SAME.replace("@STAMP@", "pwd >> sum"));
    let said = ab(&desk, &["--bench"]);
    assert!(
        said.err.contains("built no criterion benchmark"),
        "{}",
        said.err
    );
}

#[test]
fn a_benchmark_that_fails_and_a_crate_without_any_end_with_2() {
    let desk = desk("[ $PERFGATE_ROUND -lt 3 ] || { echo overflow >&2; exit 101; }");
    let said = ab(&desk, &["--bench", "--window", "200ms"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    for part in ["measure head in round 3", "exit status 101", "overflow"] {
        assert!(said.err.contains(part), "{}", said.err);
    }
    script(
        &desk,
        "bin/cargo",
        "#!/bin/sh\necho '{\"reason\":\"build-finished\",\"success\":true}'\n",
    );
    let said = ab(&desk, &["--bench"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    let part = "built no criterion benchmark of base";
    assert!(said.err.contains(part), "{}", said.err);
}
