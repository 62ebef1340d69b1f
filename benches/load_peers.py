"""perfgate's load against wrk's and oha's, on the same local server, in turns, in one session.

Needs nginx, wrk, oha, taskset and GNU time on the PATH, two cores, and a quiet machine.
Usage: python3 benches/load_peers.py target/release/perfgate [--rounds 7] [--seconds 5]

nginx has one worker on core 0 and answers 200 with 16 bytes; each tool keeps 50 connections busy from core 1. What is
compared is the CPU time (user and system) for each request, which is steady on a shared machine, and beside it the
requests a second and the peak of memory. Every ratio is the median over the rounds of perfgate's figure over the peer's
in the same round. All load goes to loopback and ends by itself; the nginx that was started is stopped by its id.
"""

import argparse
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
    server {{
        listen 127.0.0.1:{port} backlog=16384;
        location / {{ return 200 "0123456789abcdef"; }}
    }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_nginx(folder, port):
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port))
    server = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(config)])
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server
        time.sleep(0.05)
    raise SystemExit("nginx did not start")


def measured(command, folder):
    """The command on core 1: what it printed, its CPU seconds and its peak of memory in MB."""
    # A process counts the memory of whoever forked it as its own, so a small program forks it.
    peak = folder / "peak"
    child = subprocess.Popen(
        ["taskset", "-c", "1", "time", "--quiet", "-f", "%M", "-o", str(peak), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    printed = child.stdout.read()
    _, _, usage = os.wait4(child.pid, 0)
    return printed, usage.ru_utime + usage.ru_stime, int(peak.read_text().split()[-1]) / 1024


def perfgate(program, url, seconds, folder):
    run = folder / "run.json"
    command = [program, "run", url, "--users", str(CONNECTIONS), "--for", f"{seconds}s"]
    command += ["--threads", "1", "--output", str(run)]
    _, cpu, memory = measured(command, folder)
    document = json.loads(run.read_text())
    name, metrics = next((n, m) for n, m in document["subjects"].items() if "throughput" in m)
    done = metrics["errors"]["of"]
    if metrics["errors"]["count"]:
        raise SystemExit(f"{metrics['errors']['count']} of {name} failed")
    return done, metrics["throughput"]["value"], cpu, memory


def wrk(url, seconds, folder):
    printed, cpu, memory = measured(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", url], folder
    )
    done = int(re.search(r"(\d+) requests in", printed).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", printed).group(1))
    return done, rate, cpu, memory


def oha(url, seconds, folder):
    command = [
        "oha",
        "--no-tui",
        "--output-format",
        "json",
        "-c",
        str(CONNECTIONS),
        "-z",
        f"{seconds}s",
        url,
    ]
    printed, cpu, memory = measured(command, folder)
    document = json.loads(printed)
    done = sum(document["statusCodeDistribution"].values())
    return done, document["summary"]["requestsPerSec"], cpu, memory


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("program")
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--seconds", type=int, default=5)
    asked = arguments.parse_args()
    program = str(pathlib.Path(asked.program).resolve())
    tools = {"perfgate": lambda *a: perfgate(program, *a), "wrk": wrk, "oha": oha}
    for name in ["nginx", "taskset", "time", "wrk", "oha"]:
        if shutil.which(name) is None:
            sys.exit(f"{name} is not on the PATH")

    figures = {name: [] for name in tools}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        port = free_port()
        server = start_nginx(folder, port)
        try:
            url = f"http://127.0.0.1:{port}/"
            for turn in range(asked.rounds):
                order = list(tools)[turn % 3 :] + list(tools)[: turn % 3]
                for name in order:
                    done, rate, cpu, memory = tools[name](url, asked.seconds, folder)
                    figures[name].append((cpu / done * 1e6, rate, memory))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(10)

    print(f"{'tool':10} {'CPU us/request':>16} {'requests/s':>12} {'peak MB':>9}")
    for name, rounds in figures.items():
        cpu, rate, memory = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:10} {cpu:16.2f} {rate:12,.0f} {memory:9.1f}")
    for peer in ["wrk", "oha"]:
        pairs = list(zip(figures["perfgate"], figures[peer], strict=True))
        cpu = statistics.median(ours[0] / theirs[0] for ours, theirs in pairs)
        rate = statistics.median(ours[1] / theirs[1] for ours, theirs in pairs)
        print(f"perfgate / {peer}: CPU per request {cpu:.2f}, requests a second {rate:.2f}")


if __name__ == "__main__":
    main()
