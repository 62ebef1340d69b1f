#!/usr/bin/env python3
"""How often `perfgate ab` is right on this machine: gates of ten series with the same work on both sides, and with 5 and
10 % more of it in one of them, quiet and beside a competing process on each core.

Usage: benches/ab_gates.py target/release/perfgate [--gates N] [--busy] [--window SECONDS] [--budget TIME] [--more 0,5,10]
       [--flags '--pin']

A window is one start of a process that does ten pieces of work and times each; its median of a few is the value of a
series. All pieces together take about as long as --window says. Told are alarms (a red gate without a change, or a red
series that has none), what was found, rounds, how long a gate measured, and the share of the time in which no window ran,
warming up included: from outside, and as the verdict tells it.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

SERIES = 10
REPEATS = 5


def piece(rounds):
    digest = b"perfgate"
    begun = time.perf_counter()
    for _ in range(rounds):
        digest = hashlib.sha256(digest).digest()
    return time.perf_counter() - begun


def age():
    """How long ago this process was started; Linux tells it to a hundredth of a second."""
    started = pathlib.Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19]
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(started) / os.sysconf("SC_CLK_TCK")


def rounds_of(window):
    """So much work in a piece that all pieces of a window take about so long."""
    tried = 20_000
    fastest = min(piece(tried) for _ in range(REPEATS))
    return max(1, round(tried * window / fastest / SERIES / REPEATS))


def work(more, plain, spent):
    """One window: writes its run into the folder, and how long it took into the list."""
    subjects = {}
    for number in range(SERIES):
        rounds = round(plain * (1 + more / 100)) if number == 0 else plain
        value = statistics.median(piece(rounds) for _ in range(REPEATS))
        measured = {"unit": "s", "better": "lower", "samples": [value]}
        subjects[f"work {number}"] = {"time": measured}
    run = {"schema": "perfgate.run/1", "subjects": subjects}
    pathlib.Path("run.json").write_text(json.dumps(run))
    with open(spent, "a", encoding="utf-8") as file:
        file.write(f"{age()}\n")
    # What an interpreter does at its end is no time without a window.
    os._exit(0)


def gate(perfgate, more, options, seed):
    """One gate: the red series, the rounds, its time, and the share of it without a window, seen and told."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for side in ("base", "head"):
            (folder / side).mkdir()
        spent = folder / "spent"
        command = f"{sys.executable} {pathlib.Path(__file__).resolve()}"
        base, head = (f"{command} --work {of} {options.rounds} ../spent" for of in (0, more))
        begun = time.perf_counter()
        ran = subprocess.run(
            [perfgate, "ab", "--seed", str(seed), "--format", "json"]
            + ["--time-budget", options.budget, *shlex.split(options.flags)]
            + ["--base-folder", "base", "--head-folder", "head", "--results", "run.json"]
            + ["--base", base, "--head", head],
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        took = time.perf_counter() - begun
        if ran.returncode not in (0, 1):
            sys.exit(f"perfgate ended with {ran.returncode}:\n{ran.stderr}")
        verdict = json.loads(ran.stdout)
        worked = [float(line) for line in spent.read_text().split()]
        red = {c["subject"] for c in verdict["comparisons"] if c["outcome"] == "regressed"}
        rounds = max(c["current"]["runs"] for c in verdict["comparisons"] if c["current"])
        told = verdict.get("spent", {})
        ran = told.get("loading_s", 0) + told.get("warming_up_s", 0)
        other = told.get("other_s", 0)
        return red, rounds, took, 1 - sum(worked) / took, other / ((ran + other) or 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("perfgate", nargs="?")
    parser.add_argument("--gates", type=int, default=20)
    parser.add_argument("--budget", default="5m")
    parser.add_argument("--window", type=float, default=1.0)
    parser.add_argument("--more", default="0,5,10")
    parser.add_argument("--flags", default="")
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--work", nargs=3)
    options = parser.parse_args()
    if options.work:
        more, plain, spent = options.work
        work(float(more), int(plain), spent)
        return
    options.rounds = rounds_of(options.window)
    perfgate = str(pathlib.Path(options.perfgate).resolve())
    busy = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(os.cpu_count() if options.busy else 0)
    ]
    try:
        for more in [float(text) for text in options.more.split(",")]:
            alarms = found = 0
            rounds, times, idle, told = [], [], [], []
            for seed in range(options.gates):
                red, took, time_of, share, said = gate(perfgate, more, options, seed)
                found += more > 0 and "work 0" in red
                alarms += bool(red - ({"work 0"} if more else set()))
                rounds.append(took)
                times.append(time_of)
                idle.append(share)
                told.append(said)
            print(
                f"+{more:g} %: {options.gates} gates, {alarms} with an alarm, {found} found, "
                f"{statistics.mean(rounds):.1f} rounds in {statistics.mean(times):.0f} s, "
                f"{100 * statistics.median(idle):.1f} % of the time without a window "
                f"({100 * statistics.median(told):.1f} % by the verdict; "
                f"load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores)",
                flush=True,
            )
    finally:
        for process in busy:
            process.kill()
            process.wait()


main()
