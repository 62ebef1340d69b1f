#!/usr/bin/env python3
"""How often `perfgate ab --bench` finds 5 % more work in one benchmark of a real criterion crate.

Usage: benches/criterion_gates.py target/release/perfgate [--gates N] [--busy] [--budget TIME] [--window TIME] [--more 5]
       [--crate httparse] [--version 1.10.1]

The crate is httparse as cargo fetches it, with criterion 0.5. Its benchmark `req` parses one request; here it parses it 20 times an iteration
at the base, and 21 times at the head (5 %), and everything else is equal. With --more 0 head is another commit of the same
code, with a constant that nobody reads, so that it is measured and not found to be the same binary. Both are built once,
and kept for all gates. With --busy a process competes on each core.
"""

import argparse
import json
import os
import pathlib
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

# One parse in a routine, and so many of it.
ONCE = """\
            let mut req = httparse::Request::new(headers);
            assert_eq!(
                black_box(req.parse(REQ).unwrap()),
                httparse::Status::Complete(REQ.len())
            );
        }, BatchSize::SmallInput));
}

fn req_short("""
SEVERAL = """\
            for _ in 0..{times} {{
                let mut req = httparse::Request::new(headers);
                assert_eq!(
                    black_box(req.parse(REQ).unwrap()),
                    httparse::Status::Complete(REQ.len())
                );
            }}
        }}, BatchSize::SmallInput));
}}

#[used]
static COMMIT: [u8; 8] = *b"{commit}";

fn req_short("""
TIMES = 20


def run(line, folder, **more):
    return subprocess.run(
        shlex.split(line), cwd=folder, check=True, capture_output=True, encoding="utf-8", **more
    )


def fetched(folder, version):
    """The sources of the crate, from wherever cargo has its registry."""
    project = folder / "fetch"
    (project / "src").mkdir(parents=True)
    (project / "src/lib.rs").write_text("")
    (project / "Cargo.toml").write_text(
        f'[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n'
        f'[dependencies]\nhttparse = "={version}"\n'
    )
    told = run("cargo metadata --format-version 1", project).stdout
    manifests = {p["name"]: p["manifest_path"] for p in json.loads(told)["packages"]}
    return pathlib.Path(manifests["httparse"]).parent


def repository(folder, version, more):
    """Two commits, `main` and `head`, of the crate."""
    here = folder / "httparse"
    shutil.copytree(fetched(folder, version), here)
    (here / ".gitignore").write_text("target\n")
    # Its own criterion takes times in whole seconds only.
    manifest = here / "Cargo.toml"
    told = manifest.read_text()
    newer = re.sub(r'(dev-dependencies\.criterion\]\nversion = )"[^"]*"', r'\1"0.5"', told)
    if newer == told:
        sys.exit(f"httparse {version} does not name its criterion as it did")
    manifest.write_text(newer)
    (here / "Cargo.lock").unlink(missing_ok=True)
    bench = here / "benches/parse.rs"
    source = bench.read_text()
    if source.count(ONCE) != 1:
        sys.exit(f"the benchmark `req` of httparse {version} is not the one that is known here")
    run("git init -q -b main", here)
    run("git config user.email bench@example.com", here)
    run("git config user.name bench", here)
    for commit, times in (("main", TIMES), ("head", round(TIMES * (1 + more / 100)))):
        bench.write_text(source.replace(ONCE, SEVERAL.format(times=times, commit=f"{commit:8}")))
        if commit != "main":
            run(f"git checkout -qb {commit}", here)
        run("git add -A", here)
        run(f"git commit -qm {commit}", here)
    return here


def gate(options, here, seed):
    begun = time.perf_counter()
    ran = subprocess.run(
        [options.perfgate, "ab", "--base-ref", "main", "--exact", "--bench"]
        + ["--seed", str(seed), "--time-budget", options.budget, "--format", "json"]
        + (["--window", options.window] if options.window else []),
        cwd=here,
        env={**os.environ, "PERFGATE_CACHE": str(here.parent / "cache")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if ran.returncode not in (0, 1):
        sys.exit(f"perfgate ended with {ran.returncode}:\n{ran.stderr}")
    verdict = json.loads(ran.stdout)
    judged = verdict["comparisons"]
    red = {c["subject"] for c in judged if c["outcome"] == "regressed"}
    rounds = max(c["current"]["runs"] for c in judged if c["current"])
    return red, rounds, len(judged), time.perf_counter() - begun


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("perfgate")
    parser.add_argument("--gates", type=int, default=20)
    parser.add_argument("--budget", default="5m")
    parser.add_argument("--window", default="")
    parser.add_argument("--more", type=float, default=5)
    parser.add_argument("--version", default="1.10.1")
    parser.add_argument("--busy", action="store_true")
    options = parser.parse_args()
    options.perfgate = str(pathlib.Path(options.perfgate).resolve())
    with tempfile.TemporaryDirectory() as folder:
        here = repository(pathlib.Path(folder), options.version, options.more)
        busy = []
        try:
            gate(options, here, 0)
            for _ in range(os.cpu_count() if options.busy else 0):
                busy.append(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            alarms = found = 0
            rounds, times = [], []
            for seed in range(options.gates):
                red, took, series, time_of = gate(options, here, seed)
                hit = {name for name in red if name == "req/req"} if options.more else set()
                found += bool(hit)
                alarms += bool(red - hit)
                rounds.append(took)
                times.append(time_of)
                print(f"{seed}: {sorted(red)} {took} rounds {time_of:.0f} s", flush=True)
            print(
                f"{options.more:+g} % in one of {series} series: {options.gates} gates, {found} found, "
                f"{alarms} with another alarm, {statistics.mean(rounds):.1f} rounds, "
                f"{statistics.mean(times):.0f} s a gate ({max(times):.0f} at most)",
                flush=True,
            )
        finally:
            for process in busy:
                process.kill()
                process.wait()


main()
