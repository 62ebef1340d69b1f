"""perfgate's load against the load of wrk, oha, h2load and k6, on the same local server, in turns, in one session.

Needs nginx, openssl, taskset, GNU time, and the peers that are to be measured on the PATH, two cores, and a quiet machine.
Usage: python3 benches/load_peers.py target/release/perfgate [--rounds 5] [--seconds 4] [--only '10 kB'] [--peers wrk,oha]

nginx has one worker on core 0; each tool keeps 50 connections busy from core 1. What is compared is the CPU time (user and
system) for each request, which is steady on a shared machine, and beside it the requests a second and the peak of memory.
Every ratio is the median over the rounds of perfgate's figure over the peer's in the same round. All load goes to loopback
and ends by itself; the nginx that was started is stopped by its id.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

CONNECTIONS = 50
NGINX = """
worker_processes 1;
worker_cpu_affinity 01;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 3600;
    http2_max_requests 1000000000;
    client_body_temp_path {folder}/bodies;
    server {{
        listen 127.0.0.1:{plain} backlog=16384;
        listen 127.0.0.1:{tls} ssl http2 backlog=16384;
        ssl_certificate {folder}/cert.pem;
        ssl_certificate_key {folder}/key.pem;
        root {folder}/files;
        location = /echo {{ return 200 "0123456789abcdef"; }}
    }}
}}
"""


@dataclasses.dataclass
class Case:
    """One request, and the tools that can make it."""

    name: str
    path: str
    peers: tuple
    tls: bool = False
    http2: bool = False
    body: int = 0


CASES = [
    Case("100 B", "/100", ("wrk", "oha", "k6")),
    Case("10 kB", "/10k", ("wrk", "oha", "k6")),
    Case("1 MB", "/1m", ("wrk", "oha")),
    Case("1 kB POST", "/echo", ("wrk", "k6"), body=1_000),
    Case("TLS, 100 B", "/100", ("wrk",), tls=True),
    Case("HTTP/2, 100 B", "/100", ("h2load",), tls=True, http2=True),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_nginx(folder, plain, tls):
    files = folder / "files"
    files.mkdir()
    for name, size in [("100", 100), ("10k", 10_000), ("1m", 1_000_000)]:
        (files / name).write_bytes(b"x" * size)
    (folder / "body").write_text("x" * 1_000)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        + ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
        + ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, plain=plain, tls=tls))
    # Its worker is nobody where it is started by root, and has to read the files.
    folder.chmod(0o755)
    server = subprocess.Popen(
        ["nginx", "-p", str(folder), "-c", str(config)], stderr=subprocess.DEVNULL
    )
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", plain)) == 0:
                return server
        time.sleep(0.05)
    raise SystemExit("nginx did not start")


def measured(command, folder):
    """The command on core 1: what it printed, its CPU seconds and its peak of memory in MB."""
    # A process counts the memory of whoever forked it as its own, so a small program forks it.
    peak = folder / "peak"
    child = subprocess.Popen(
        ["taskset", "-c", "1", "time", "--quiet", "-f", "%M", "-o", str(peak), *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    printed = child.stdout.read()
    _, _, usage = os.wait4(child.pid, 0)
    return printed, usage.ru_utime + usage.ru_stime, int(peak.read_text().split()[-1]) / 1024


def perfgate(program, case, url, seconds, folder):
    run = folder / "run.json"
    command = [program, "run", url, "--users", CONNECTIONS, "--for", f"{seconds}s"]
    command += ["--threads", "1", "--output", run]
    command += ["--insecure"] if case.tls else []
    command += ["--http2"] if case.http2 else []
    command += ["--body", f"@{folder}/body"] if case.body else []
    _, cpu, memory = measured(command, folder)
    document = json.loads(run.read_text())
    name, metrics = next((n, m) for n, m in document["subjects"].items() if "throughput" in m)
    done = metrics["errors"]["of"]
    if metrics["errors"]["count"]:
        raise SystemExit(f"{metrics['errors']['count']} of {name} failed")
    return done, metrics["throughput"]["value"], cpu, memory


def wrk(case, url, seconds, folder):
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    if case.body:
        script = folder / "post.lua"
        script.write_text(f'wrk.method = "POST"\nwrk.body = string.rep("x", {case.body})\n')
        command += ["-s", script]
    printed, cpu, memory = measured([*command, url], folder)
    done = int(re.search(r"(\d+) requests in", printed).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", printed).group(1))
    return done, rate, cpu, memory


def oha(case, url, seconds, folder):
    command = ["oha", "--no-tui", "--output-format", "json", "-c", CONNECTIONS]
    printed, cpu, memory = measured([*command, "-z", f"{seconds}s", url], folder)
    document = json.loads(printed)
    done = sum(document["statusCodeDistribution"].values())
    return done, document["summary"]["requestsPerSec"], cpu, memory


def h2load(case, url, seconds, folder):
    command = ["h2load", "-t1", f"-c{CONNECTIONS}", "-m1", "-D", seconds, url]
    printed, cpu, memory = measured(command, folder)
    done = int(re.search(r"(\d+) done", printed).group(1))
    rate = float(re.search(r"([\d.]+) req/s", printed).group(1))
    return done, rate, cpu, memory


K6 = """
import http from 'k6/http';
export const options = {{ vus: {users}, duration: '{seconds}s', discardResponseBodies: true }};
const body = 'x'.repeat({body});
export default function () {{ {request}; }}
export function handleSummary(data) {{ return {{ stdout: JSON.stringify(data.metrics.http_reqs.values) }}; }}
"""


def k6(case, url, seconds, folder):
    request = f"http.post('{url}', body)" if case.body else f"http.get('{url}')"
    script = folder / "k6.js"
    script.write_text(
        K6.format(users=CONNECTIONS, seconds=seconds, body=case.body, request=request)
    )
    command = ["k6", "run", "--quiet", "--no-usage-report", "--address", "", script]
    printed, cpu, memory = measured(command, folder)
    counted = json.loads(printed[printed.index("{") : printed.rindex("}") + 1])
    return counted["count"], counted["rate"], cpu, memory


PEERS = {"wrk": wrk, "oha": oha, "h2load": h2load, "k6": k6}


def compared(case, peers, program, url, asked, folder):
    """Each tool in turns, and perfgate's figures over each peer's."""
    tools = {"perfgate": lambda *a: perfgate(program, *a), **{p: PEERS[p] for p in peers}}
    figures = {name: [] for name in tools}
    for turn in range(asked.rounds):
        first = turn % len(tools)
        for name in (list(tools) * 2)[first : first + len(tools)]:
            done, rate, cpu, memory = tools[name](case, url, asked.seconds, folder)
            figures[name].append((cpu / done * 1e6, rate, memory))
    for name, rounds in figures.items():
        cpu, rate, memory = (statistics.median(column) for column in zip(*rounds, strict=True))
        line = f"{case.name:14} {name:9} {cpu:9.2f} us {rate:12,.0f}/s {memory:8.1f} MB"
        if name in peers:
            pairs = list(zip(figures["perfgate"], rounds, strict=True))
            cpu = statistics.median(ours[0] / theirs[0] for ours, theirs in pairs)
            rate = statistics.median(ours[1] / theirs[1] for ours, theirs in pairs)
            line += f"   perfgate/{name}: CPU {cpu:.2f}, rate {rate:.2f}"
        print(line, flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("program")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=4)
    arguments.add_argument("--only", help="one request, by its name")
    arguments.add_argument("--peers", default=",".join(PEERS))
    asked = arguments.parse_args()
    program = str(pathlib.Path(asked.program).resolve())
    wanted = asked.peers.split(",")
    for name in ["nginx", "openssl", "taskset", "time", *wanted]:
        if shutil.which(name) is None:
            sys.exit(f"{name} is not on the PATH")

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        plain, tls = free_port(), free_port()
        server = start_nginx(folder, plain, tls)
        try:
            for case in CASES:
                peers = [p for p in case.peers if p in wanted]
                if not peers or asked.only not in (None, case.name):
                    continue
                scheme, port = ("https", tls) if case.tls else ("http", plain)
                url = f"{scheme}://127.0.0.1:{port}{case.path}"
                compared(case, peers, program, url, asked, folder)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(10)


if __name__ == "__main__":
    main()
