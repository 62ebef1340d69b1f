"""What perfgate measures against what went over the wire: tcpdump sees both ends of each request on loopback.

Needs nginx and tcpdump on the PATH and the right to capture, and takes a minute or two.
Usage: python3 -B benches/load_wire.py target/release/perfgate [latency] [arrivals] [--users 10000]

`latency`: a JSON answer of 14 kB, without checks and with each kind of them. From the packet with the first byte of a request
to the one with the last byte of its answer, against the latency that perfgate tells (`nan` where it was too late itself to say it); what counts is the difference at p50.
`arrivals`: users with a pause between their requests, and how many requests there are in each 50 ms, against an even spread.
All load goes to loopback and ends by itself; the nginx and the tcpdump that were started are stopped by their ids.
"""

import argparse
import collections
import contextlib
import getpass
import json
import pathlib
import resource
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

BIN = 0.05
NGINX = """
worker_processes 1;
worker_rlimit_nofile 60000;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 30000; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 3600;
    client_body_temp_path {folder}/bodies;
    types {{ application/json json; }}
    server {{
        listen 127.0.0.1:{port} backlog=16384;
        root {folder}/files;
    }}
}}
"""
# Each kind of check, with a capture where there is one of the kind.
CHECKS = {
    "no checks": "",
    "status": "expect = { status = 200 }",
    "header": 'expect = { headers = { content-type = "json" } }',
    "size": "expect = { size = [10_000, 20_000] }",
    "text": 'expect = { contains = "item 199", not_contains = "error" }',
    "time": 'expect = { within = "5s" }',
    "json": 'expect = { json = { "$[199].name" = "item 199" }, absent = "$[200]" }\n'
    'capture = { id = { json = "$[100].id" } }',
    "regex": "capture = { id = { regex = '\"id\": (19\\d)' } }",
    "all": 'expect = { status = 200, headers = { content-type = "json" }, size = [10_000, 20_000], '
    'contains = "item 199", not_contains = "error", within = "5s", '
    'json = { "$[199].name" = "item 199" } }\n'
    'capture = { id = { json = "$[100].id" }, last = { regex = \'"id": (19\\d)\' } }',
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def served(folder, port):
    files = folder / "files"
    files.mkdir()
    items = [{"id": n, "name": f"item {n}", "note": "x" * 30} for n in range(200)]
    (files / "items.json").write_text(json.dumps(items), encoding="utf-8")
    (files / "small").write_text("x" * 100, encoding="utf-8")
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port), encoding="utf-8")
    # Its worker is nobody where it is started by root, and has to read the files.
    folder.chmod(0o755)
    command = ["nginx", "-p", str(folder), "-c", str(config)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)


@contextlib.contextmanager
def captured(port, file):
    """Everything at this port, until the end of the block."""
    command = ["tcpdump", "-i", "lo", "-s", "120", "-B", "65536", "-w", str(file)]
    # It would write as somebody who may not write here.
    command += ["-Z", getpass.getuser(), "--time-stamp-precision=nano", f"tcp port {port}"]
    dump = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for line in dump.stderr:
        if "listening on" in line:
            break
    try:
        yield
        # What is in its buffer is still written.
        time.sleep(1.5)
    finally:
        dump.send_signal(signal.SIGINT)
        said = dump.stderr.read()
        dump.wait(10)
    dropped = next(line for line in said.splitlines() if "dropped by kernel" in line)
    if not dropped.strip().startswith("0 "):
        sys.exit(f"tcpdump: {dropped}")


def packets(file, port):
    """Of each packet with data: when it was, the client's port, and whether the client sent it."""
    data = file.read_bytes()
    if struct.unpack_from("<I", data)[0] != 0xA1B23C4D:
        sys.exit("the capture is no pcap with nanoseconds")
    at = 24
    while at + 16 <= len(data):
        seconds, nanos, held, _ = struct.unpack_from("<IIII", data, at)
        packet = data[at + 16 : at + 16 + held]
        at += 16 + held
        # Ethernet of loopback, IPv4, TCP.
        words = (packet[14] & 0xF) * 4
        total = struct.unpack_from(">H", packet, 16)[0]
        source, target = struct.unpack_from(">HH", packet, 14 + words)
        head = (packet[14 + words + 12] >> 4) * 4
        if total > words + head:
            is_sent = target == port
            yield seconds + nanos / 1e9, source if is_sent else target, is_sent


def exchanges(file, port):
    """When each request began, and how long it took until the last byte of its answer."""
    begun, last = {}, {}
    for when, client, is_sent in packets(file, port):
        if not is_sent:
            last[client] = when
            continue
        if client in begun and client in last:
            yield begun[client], last.pop(client) - begun[client]
            del begun[client]
        begun.setdefault(client, when)
    for client, when in begun.items():
        if client in last:
            yield when, last[client] - when


def run(program, folder, scenario):
    (folder / "load.toml").write_text(scenario, encoding="utf-8")
    command = [program, "run", "load.toml", "--output", "run.json"]
    ran = subprocess.run(
        command, check=False, cwd=folder, capture_output=True, text=True, timeout=180
    )
    if ran.returncode != 0:
        sys.exit(f"{scenario}\nended with {ran.returncode}\n{ran.stdout}{ran.stderr}")
    command = [program, "inspect", "run.json", "--format", "json"]
    told = subprocess.run(command, check=True, cwd=folder, capture_output=True, text=True)
    return json.loads(told.stdout)["runs"][0]["subjects"]


def latency(program, folder, port, rounds):
    print(
        "checks       requests      wire p50     perfgate p50   difference   wire p95  perfgate p95"
    )
    differences = {name: [] for name in CHECKS}
    for name in list(CHECKS) * rounds:
        file = folder / "wire.pcap"
        with captured(port, file):
            subjects = run(
                program,
                folder,
                f'base = "http://127.0.0.1:{port}"\nthreads = 1\n'
                f'[[step]]\nname = "items"\nget = "/items.json"\n{CHECKS[name]}\n'
                '[load]\nrate = 400\nduration = "3s"\n',
            )
        wire = sorted(took * 1e3 for _, took in exchanges(file, port))
        ours = subjects["items"]["latency"]
        p50, p95 = statistics.median(wire), wire[len(wire) * 95 // 100]
        differences[name].append(ours["p50"] - p50)
        # The first connection asks whether anybody is there, and sends nothing.
        print(
            f"{name:10} {ours['n']:6} of {len(wire):6} {p50:9.3f} ms {ours['p50']:12.3f} ms"
            f" {ours['p50'] - p50:+9.3f} ms {p95:8.3f} ms {ours.get('p95', float('nan')):9.3f} ms",
            flush=True,
        )
    for name, each in differences.items():
        print(
            f"{name:10} {statistics.median(each):+.3f} ms of p50 are not the wire's, of {rounds} the median"
        )


def arrivals(program, folder, port, users, think):
    file = folder / "wire.pcap"
    seconds = think * 3
    with captured(port, file):
        run(
            program,
            folder,
            f'base = "http://127.0.0.1:{port}"\n[[step]]\nget = "/small"\n'
            f'[load]\nusers = {users}\nthink = "{think}s"\nduration = "{seconds}s"\n',
        )
    begun = [when for when, _ in exchanges(file, port)]
    # The last is the end of the load, from which is counted back past its first pause.
    end = max(begun)
    bins = collections.Counter(int((end - when) / BIN) for when in begun)
    whole = range(1, int((seconds - think) / BIN))
    counts = [bins[number] for number in whole]
    even = users / think * BIN
    mean = statistics.mean(counts)
    off = max(abs(count - mean) for count in counts) / mean
    within = sum(abs(count - mean) <= 0.2 * mean for count in counts)
    print(
        f"{users} users, a pause of {think} s: {len(counts)} bins of 50 ms, {even:.0f} are even; "
        f"there were {mean:.1f}, from {min(counts)} to {max(counts)}: {off:.0%} off at most, "
        f"{within} bins within 20 %"
    )


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("program")
    arguments.add_argument("what", nargs="*", default=["latency", "arrivals"])
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--users", type=int, default=10_000)
    arguments.add_argument("--think", type=int, default=4)
    asked = arguments.parse_args()
    program = str(pathlib.Path(asked.program).resolve())
    for name in ["nginx", "tcpdump"]:
        if shutil.which(name) is None:
            sys.exit(f"{name} is not on the PATH")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        port = free_port()
        with served(folder, port):
            if "latency" in asked.what:
                latency(program, folder, port, asked.rounds)
            if "arrivals" in asked.what:
                arrivals(program, folder, port, asked.users, asked.think)


if __name__ == "__main__":
    main()
