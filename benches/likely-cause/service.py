"""A small shop with a database that counts its queries, for trials of what a likely cause is worth.

Usage: python3 service.py PORT CAUSE
CAUSE is `none`, or what it is made slower by: `queries`, `cpu`, `bytes`, `lock`.
"""

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, CAUSE = int(sys.argv[1]), sys.argv[2]
QUERIES = 11 if CAUSE == "queries" else 3
ROUNDS = 150_000 if CAUSE == "cpu" else 5_000
SIZE = 3_000_000 if CAUSE == "bytes" else 2_000
COUNTED = {
    "db_queries_total": 0,
    "cache_hits_total": 0,
    "app_requests_total": 0,
    "app_errors_total": 0,
}
COUNTING, STOCK = threading.Lock(), threading.Lock()


def count(name):
    with COUNTING:
        COUNTED[name] += 1


def query():
    """A database elsewhere takes its time."""
    count("db_queries_total")
    time.sleep(0.002)


def work():
    total = 0
    for n in range(ROUNDS):
        total += n
    return total


def answer():
    count("app_requests_total")
    count("cache_hits_total")
    for _ in range(QUERIES):
        query()
    work()
    if CAUSE == "lock":
        with STOCK:
            time.sleep(0.01)
    return b"x" * SIZE


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave together: apart, the body waits for the head to be acknowledged, for 40 ms now and then.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.path == "/metrics":
            lines = [f"# TYPE {name} counter\n{name} {value}\n" for name, value in COUNTED.items()]
            body = "".join(lines).encode()
        else:
            body = answer()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 64


Server(("127.0.0.1", PORT), Handler).serve_forever()
