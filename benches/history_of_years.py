#!/usr/bin/env python3
"""How long `perfgate history` takes for ten years of nightly runs: 3,650 commits of a baseline with 100 series.

For maintainers, and not a part of CI: making the repository takes a minute and 100 MB. Each night adds five runs to a
window of twenty; two series move by 10 % in the middle. Told are the time and the CPU seconds of perfgate and of the git
that it starts.

Usage: benches/history_of_years.py PERFGATE [NIGHTS [SERIES]]
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

RUNS, WINDOW = 5, 20
START = datetime(2016, 1, 1, 2, tzinfo=timezone.utc)
ENVIRONMENT = {"arch": "x86_64", "cores": 8, "key": "nightly", "os": "linux"}


def run(night, number, series, dice):
    """One run as a baseline has it, a line for each series."""
    at = START + timedelta(days=night, minutes=number)
    head = {"commit": f"{night:040x}", "environment": ENVIRONMENT, "session": f"night {night}"}
    head["started_at"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = []
    for n in range(series):
        moved = 1.1 if n < 2 and night >= 1825 else 1.0
        value = (10 + n) * moved * (1 + 0.03 * dice.gauss(0, 1))
        measured = {"time": {"unit": "ms", "value": round(value, 6)}}
        lines.append(f'    "bench {n:03}": {json.dumps(measured)}')
    head = ", ".join(f'"{key}": {json.dumps(value)}' for key, value in head.items())
    return f'{{\n  {head},\n  "subjects": {{\n' + ",\n".join(lines) + "\n}}"


def make(folder, nights, series):
    """A repository with a commit for each night."""
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    command = ["git", "-C", folder, "fast-import", "--quiet"]
    dice, window = random.Random(7), []
    with subprocess.Popen(command, stdin=subprocess.PIPE) as git:
        for night in range(nights):
            window += [run(night, number, series, dice) for number in range(RUNS)]
            window = window[-WINDOW:]
            runs = ", ".join(window)
            text = f'{{\n"schema": "perfgate.baseline/1",\n"runs": [{runs}]\n}}\n'.encode()
            at = int((START + timedelta(days=night, hours=1)).timestamp())
            head = "commit refs/heads/main\n"
            head += f"committer Nightly <n@example.org> {at} +0000\ndata 0\n"
            head += f"M 100644 inline main.json\ndata {len(text)}\n"
            git.stdin.write(head.encode() + text + b"\n")
    if git.returncode:
        sys.exit("git fast-import failed")
    subprocess.run(["git", "-C", folder, "reset", "-q", "--hard"], check=True)


def main():
    perfgate = str(Path(sys.argv[1]).resolve())
    nights, series = [int(text) for text in sys.argv[2:4]] + [3650, 100][len(sys.argv[2:4]) :]
    with tempfile.TemporaryDirectory() as folder:
        make(folder, nights, series)
        begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [perfgate, "history", "--baseline", "main.json", "--format", "ndjson"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        took, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    records = [json.loads(line) for line in done.stdout.splitlines()]
    points = sum(record["kind"] == "point" for record in records)
    strong = [r for r in records if r["kind"] == "change" and r["strength"] == "strong"]
    moved = sorted({change["series"] for change in strong})
    print(f"{nights} commits, {points} points: {took:.1f} s, {cpu:.1f} CPU seconds")
    print(f"changes: {len(strong)}, of {', '.join(moved) or 'no series'}")


if __name__ == "__main__":
    main()
