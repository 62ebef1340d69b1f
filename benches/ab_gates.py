#!/usr/bin/env python3
"""How often `perfgate ab` is right on this machine: gates of ten series with the same work on both sides, and with 5 and
10 % more of it in one of them, quiet and beside a competing process on each core.

Usage: benches/ab_gates.py target/release/perfgate [--gates N] [--busy] [--budget TIME] [--more 0,5,10]

A window is one start of a process that does ten pieces of work and times each; its median of a few is the value of a
series. Told are alarms (a red gate without a change, or a red series that has none), what was found, rounds, and the
share of the time in which no window ran, warming up included: what perfgate itself takes.
"""

import argparse
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

SERIES = 10
PIECE = 2_000
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


def work(more, spent):
    """One window: writes its run into the folder, and how long it took into the list."""
    subjects = {}
    for number in range(SERIES):
        rounds = round(PIECE * (1 + more / 100)) if number == 0 else PIECE
        value = statistics.median(piece(rounds) for _ in range(REPEATS))
        measured = {"unit": "s", "better": "lower", "samples": [value]}
        subjects[f"work {number}"] = {"time": measured}
    run = {"schema": "perfgate.run/1", "subjects": subjects}
    pathlib.Path("run.json").write_text(json.dumps(run))
    with open(spent, "a", encoding="utf-8") as file:
        file.write(f"{age()}\n")


def gate(perfgate, more, budget, seed):
    """One gate: the red series, the rounds, and the share of its time without a window."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for side in ("base", "head"):
            (folder / side).mkdir()
        spent = folder / "spent"
        command = f"{sys.executable} {pathlib.Path(__file__).resolve()} --work"
        begun = time.perf_counter()
        ran = subprocess.run(
            [perfgate, "ab", "--seed", str(seed), "--format", "json", "--time-budget", budget]
            + ["--base-folder", "base", "--head-folder", "head", "--results", "run.json"]
            + ["--base", f"{command} 0 ../spent", "--head", f"{command} {more} ../spent"],
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
        return red, rounds, 1 - sum(worked) / took


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("perfgate", nargs="?")
    parser.add_argument("--gates", type=int, default=20)
    parser.add_argument("--budget", default="5m")
    parser.add_argument("--more", default="0,5,10")
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--work", nargs=2)
    options = parser.parse_args()
    if options.work:
        work(float(options.work[0]), options.work[1])
        return
    perfgate = str(pathlib.Path(options.perfgate).resolve())
    busy = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(os.cpu_count() if options.busy else 0)
    ]
    try:
        for more in [float(text) for text in options.more.split(",")]:
            alarms = found = 0
            rounds, idle = [], []
            for seed in range(options.gates):
                red, took, share = gate(perfgate, more, options.budget, seed)
                found += more > 0 and "work 0" in red
                alarms += bool(red - ({"work 0"} if more else set()))
                rounds.append(took)
                idle.append(share)
            print(
                f"+{more:g} %: {options.gates} gates, {alarms} with an alarm, {found} found, "
                f"{statistics.mean(rounds):.1f} rounds, {100 * statistics.median(idle):.0f} % of the "
                f"time without a window (load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores)",
                flush=True,
            )
    finally:
        for process in busy:
            process.kill()
            process.wait()


main()
