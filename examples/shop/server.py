"""A small shop that answers over HTTP and sleeps instead of working.

SHOP_VARIANT=main is the shop as it is. SHOP_VARIANT=pr is the change under
review: search takes 30 % longer and one checkout in fifty fails. Nothing else
differs, so a gate has to find exactly these two.

Usage: SHOP_VARIANT=main python3 server.py [PORT]   (0, the default, takes a free port)
The port in use is the first line of standard output. Python's standard library is all it needs.
"""

import json
import math
import os
import random
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VARIANTS = {
    "main": {"search_factor": 1.0, "checkout_failures": 0.0},
    "pr": {"search_factor": 1.3, "checkout_failures": 0.02},
}

# The median of each endpoint in milliseconds. Locust rounds to 1 ms below 100 ms and to 10 ms
# above it, so that most of the answers stay below 100 ms.
MEDIAN_MS = {
    "GET /": 35,
    "GET /products": 48,
    "GET /products/[id]": 41,
    "GET /search": 55,
    "POST /cart": 45,
    "POST /checkout": 74,
}
SPREAD = 0.12  # of the logarithm: 95 of 100 answers within about 24 % of the median
SLOW_ONE_IN = 100  # a cold cache, now and then
SLOW_FACTOR = 1.8


def endpoint(method, path):
    """The name of the endpoint that a request is for, or None."""
    path = path.partition("?")[0]
    if method == "GET" and path.startswith("/products/"):
        return "GET /products/[id]"
    name = f"{method} {path}"
    return name if name in MEDIAN_MS else None


def think(name, variant):
    """Take as long as the endpoint takes."""
    median = MEDIAN_MS[name]
    if name == "GET /search":
        median *= variant["search_factor"]
    if random.randrange(SLOW_ONE_IN) == 0:
        median *= SLOW_FACTOR
    time.sleep(random.lognormvariate(math.log(median), SPREAD) / 1000)


class Shop(BaseHTTPRequestHandler):
    """Answers with a small JSON document and keeps the connection open."""

    protocol_version = "HTTP/1.1"
    # Without it (TCP_NODELAY) kept-alive clients see 40 ms that the shop never took.
    disable_nagle_algorithm = True
    # Head and body leave in one write.
    wbufsize = -1
    variant = VARIANTS["main"]

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = endpoint(self.command, self.path)
        if name is None:
            self.reply(404, {"error": "no such page"})
            return
        think(name, self.variant)
        if name == "POST /checkout" and random.random() < self.variant["checkout_failures"]:
            self.reply(500, {"error": "payment provider did not answer"})
        else:
            self.reply(200, {"endpoint": name})

    do_GET = answer
    do_POST = answer

    def reply(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        """Locust counts; a log would only cost time."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    variant = os.environ.get("SHOP_VARIANT", "main")
    if variant not in VARIANTS:
        sys.exit(f"SHOP_VARIANT is {variant!r}, expected one of: {', '.join(VARIANTS)}")
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    Shop.variant = VARIANTS[variant]
    server = Server(("127.0.0.1", port), Shop)
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
