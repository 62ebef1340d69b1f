"""How fast large results are read, and many benchmarks beside critcmp and benchstat, in turns.

Needs taskset, and critcmp and benchstat on the PATH for their parts (`cargo install critcmp`,
`go install golang.org/x/perf/cmd/benchstat@latest`).
Usage: python3 benches/read_peers.py target/release/perfgate [--rounds 5] [--megabytes 1000]

The files are real outputs of the fixtures, repeated: requests of JMeter and k6 as they are, and Locust's history with times
and totals that go on. They are made in a temporary folder and taken away at the end. Everything runs on one core; what is
told is the CPU time (user and system), which is steady on a shared machine, and the peak of memory. Every ratio is the
median over the rounds of perfgate's CPU time over the peer's in the same round.
"""

import argparse
import gzip
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import sys
import tempfile

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures"
BENCHMARKS = 5_000
GO_BENCHMARKS = 2_000
GO_COUNT = 10


def measured(command):
    """CPU seconds and peak memory in MB of one command on core 0; what it prints is thrown away."""
    with open(os.devnull, "wb") as nowhere:
        actions = [(os.POSIX_SPAWN_DUP2, nowhere.fileno(), fd) for fd in (1, 2)]
        command = ["taskset", "-c", "0", *map(str, command)]
        child = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
        _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    # A gate that fails has read everything, too.
    if code not in (0, 1):
        sys.exit(f"{' '.join(command)} ended with {code}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def repeat(path, head, body, size):
    with open(path, "wb") as out:
        out.write(head)
        written = len(head)
        while written < size:
            written += out.write(body)


def jmeter(path, size):
    head, body = (FIXTURES / "jmeter/base-1.csv.jtl").read_bytes().split(b"\n", 1)
    repeat(path, head + b"\n", body, size)


def k6(path, size):
    packed = (FIXTURES / "k6/v1.8.1-base-1.points.ndjson.gz").read_bytes()
    repeat(path, b"", gzip.decompress(packed), size)


def locust(path, size):
    text = (FIXTURES / "locust/base-1/run_stats_history.csv").read_text()
    head, *rows = text.splitlines()
    names = head.split(",")
    rows = [row.split(",") for row in rows]
    # Rows of the first seconds have no percentiles yet.
    rows = [row for row in rows if len(row) == len(names) and "N/A" not in row]
    second, requests, failures = (
        names.index(name) for name in ("Timestamp", "Total Request Count", "Total Failure Count")
    )
    seconds = int(rows[-1][second]) - int(rows[0][second]) + 1
    with open(path, "w") as out:
        written, times = out.write(head + "\n"), 0
        totals = {}
        while written < size:
            block = []
            for row in rows:
                row = list(row)
                name = (row[2], row[3])
                before = totals.get((times, name), (0, 0))
                now = (before[0] + int(row[requests]), before[1] + int(row[failures]))
                totals[(times + 1, name)] = now
                row[second] = str(int(row[second]) + times * seconds)
                row[requests], row[failures] = map(str, now)
                block.append(",".join(row))
            written += out.write("\n".join(block) + "\n")
            totals = {key: value for key, value in totals.items() if key[0] == times + 1}
            times += 1


def criterion(folder):
    """Benchmarks with two baselines, each a real one with its numbers scaled."""
    chance = random.Random(1)
    source = FIXTURES / "criterion/target/criterion/hash/1KiB/new"
    files = {path.name: json.loads(path.read_text()) for path in source.glob("*.json")}
    for number in range(BENCHMARKS):
        group = f"group{number // 50}"
        for baseline in ("base", "new"):
            place = folder / "criterion" / group / f"case{number}" / baseline
            place.mkdir(parents=True)
            scale = 1 + 0.02 * chance.random()
            for name, content in files.items():
                if name == "benchmark.json":
                    content = dict(content)
                    content["group_id"], content["function_id"] = group, f"case{number}"
                    content["value_str"] = None
                    content["full_id"] = content["directory_name"] = f"{group}/case{number}"
                    content["title"] = content["full_id"]
                elif name == "sample.json":
                    # As criterion writes them: whole nanoseconds.
                    times = [float(round(scale * time)) for time in content["times"]]
                    content = dict(content, times=times)
                (place / name).write_text(json.dumps(content, separators=(",", ":")))


def go(folder):
    chance = random.Random(2)
    for name in ("old.txt", "new.txt"):
        lines = ["goos: linux", "goarch: amd64", "pkg: example.org/peers"]
        for number in range(GO_BENCHMARKS):
            for _ in range(GO_COUNT):
                time = 1000 + number + 10 * chance.random()
                lines.append(
                    f"BenchmarkCase{number}-2\t100000\t{time:.1f} ns/op\t64 B/op\t2 allocs/op"
                )
        (folder / name).write_text("\n".join(lines) + "\nPASS\n")


def large(perfgate, folder, options):
    for what, make, name in [
        ("JMeter CSV", jmeter, "requests.jtl"),
        ("k6 NDJSON", k6, "points.json"),
        ("Locust history", locust, "run_stats_history.csv"),
    ]:
        path = folder / name
        make(path, options.megabytes * 1_000_000)
        size = path.stat().st_size / 1e6
        rounds = [measured([perfgate, "inspect", path]) for _ in range(options.rounds)]
        seconds = statistics.median(cpu for cpu, _ in rounds)
        memory = max(memory for _, memory in rounds)
        print(f"{what:16} {size:6.0f} MB  {size / seconds:6.0f} MB/s  at most {memory:.0f} MB")
        path.unlink()


def beside(what, ours, theirs, rounds):
    if shutil.which(theirs[0]) is None:
        print(f"{what}: {theirs[0]} is not on the PATH")
        return
    pairs = [(measured(ours), measured(theirs)) for _ in range(rounds)]
    ratio = statistics.median(own[0] / peer[0] for own, peer in pairs)
    own, peer = (statistics.median(pair[side][0] for pair in pairs) for side in (0, 1))
    memory = [max(pair[side][1] for pair in pairs) for side in (0, 1)]
    print(
        f"{what}: {own:.2f} s of CPU beside {peer:.2f} s of {theirs[0]}, ratio {ratio:.2f}; "
        f"{memory[0]:.0f} MB beside {memory[1]:.0f} MB"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("perfgate", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--only", type=re.compile, default=re.compile(""))
    options = parser.parse_args()
    perfgate = options.perfgate.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if options.only.search("large"):
            large(perfgate, folder, options)
        if options.only.search("criterion"):
            criterion(folder)
            root = folder / "criterion"
            ours = [perfgate, "compare", f"{root}@base", f"{root}@new"]
            theirs = ["critcmp", "--target-dir", folder, "base", "new"]
            beside(f"{BENCHMARKS} of criterion", ours, theirs, options.rounds)
        if options.only.search("go"):
            go(folder)
            files = [folder / "old.txt", folder / "new.txt"]
            what = f"{GO_BENCHMARKS * GO_COUNT} lines a side of Go"
            ours = [perfgate, "compare", *files]
            beside(what, ours, ["benchstat", *files], options.rounds)


if __name__ == "__main__":
    main()
