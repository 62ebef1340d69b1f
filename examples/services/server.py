"""The services that the load scenarios beside this folder run against: small, local, with made-up work.

Usage: python3 server.py [PORT]   (0, the default, takes a free port)
The port in use is the first line of standard output. Python's standard library is all it needs.
SLOWER=10 in its environment lets the made-up work take ten times as long.

    /matches /standings /predictions /predict   a football API           football-api/
    /users, /users/ID, /metrics                 a service with CRUD      users-service/
    /predict                                    a model that takes time  model-server/
    /recommendations                            a recommender            recommender/
    /graphql                                    a catalogue              graphql/
    /ws                                         a WebSocket              websocket/
    /chat                                       a stream of events       events/
    /health                                     of all of them
"""

import base64
import hashlib
import itertools
import json
import os
import resource
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

# Seconds that the made-up work takes.
WORK = {
    "/matches": 0.004,
    "/standings": 0.003,
    "/predictions": 0.008,
    "/predict": 0.012,
    "/recommendations": 0.005,
    "/graphql": 0.004,
    "/users": 0.002,
}
SLOWER = float(os.environ.get("SLOWER", "1"))
TEAMS = ["Rovers", "United", "City", "Athletic"]
CATEGORIES = ["books", "games", "garden"]
PRODUCTS = [
    {"id": f"p{n}", "name": f"Product {n}", "category": CATEGORIES[n % 3], "price": 5, "stock": n}
    for n in range(1, 201)
]


class State:
    """What the service remembers between requests."""

    def __init__(self):
        self.lock = threading.Lock()
        self.users = {}
        self.ids = itertools.count(1)
        self.requests = {}

    def count(self, route, status):
        """For /metrics."""
        with self.lock:
            key = (route, status)
            self.requests[key] = self.requests.get(key, 0) + 1


class Service(BaseHTTPRequestHandler):
    """Answers with small JSON documents and keeps connections open."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # the head and the body of an answer leave in one packet
    disable_nagle_algorithm = True
    state = State()

    def do_GET(self):
        self.serve()

    def do_POST(self):
        self.serve()

    def do_PUT(self):
        self.serve()

    def do_DELETE(self):
        self.serve()

    def serve(self):
        url = urlsplit(self.path)
        parts = [part for part in url.path.split("/") if part]
        route = "/" + (parts[0] if parts else "")
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if route == "/ws" and self.headers.get("upgrade", "").lower() == "websocket":
            self.echo()
            return
        if route == "/chat":
            self.chat(body)
            return
        time.sleep(WORK.get(route, 0) * SLOWER)
        handler = getattr(self, "on_" + route[1:], None)
        try:
            status, answer = (
                handler(parts[1:], parse_qs(url.query), body) if handler else (404, None)
            )
        except (ValueError, KeyError, TypeError):
            status, answer = 400, {"error": "not what this takes"}
        self.state.count(route, status)
        self.answer(status, answer)

    def answer(self, status, answer):
        text = answer if isinstance(answer, str) else json.dumps(answer)
        kind = "text/plain; version=0.0.4" if isinstance(answer, str) else "application/json"
        bytes_ = b"" if status == 204 else text.encode()
        self.send_response(status)
        if status != 204:
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(bytes_)))
        self.end_headers()
        self.wfile.write(bytes_)
        self.wfile.flush()

    def on_health(self, _parts, _query, _body):
        return 200, {"status": "ok"}

    def on_matches(self, parts, _query, _body):
        number = int(parts[0])
        return 200, {"match": number, "home": TEAMS[number % 4], "away": TEAMS[(number + 1) % 4]}

    def on_standings(self, _parts, _query, _body):
        return 200, {"standings": TEAMS}

    def on_predictions(self, parts, query, _body):
        if parts:
            return 200, {"ok": True, "id": int(parts[0]), "probabilities": [0.5, 0.2, 0.3]}
        page = int(query["page"][0])
        return 200, {"ok": True, "page": page, "league": query["league"][0], "predictions": [page]}

    def on_predict(self, _parts, _query, body):
        asked = json.loads(body)
        with self.state.lock:
            number = next(self.state.ids)
        return 200, {"ok": True, "id": number, "asked": sorted(asked), "score": 0.93}

    def on_recommendations(self, _parts, query, _body):
        user, limit = int(query["user"][0]), int(query["limit"][0])
        return 200, {"ok": True, "user": user, "items": [(user * k) % 1000 for k in range(limit)]}

    def on_graphql(self, _parts, _query, body):
        asked = json.loads(body)["variables"]
        if "category" in asked:
            found = [p for p in PRODUCTS if p["category"] == asked["category"]]
            return 200, {"data": {"products": found[: asked["first"]]}}
        found = [p for p in PRODUCTS if p["id"] == asked["id"]]
        return 200, {"data": {"product": found[0] if found else None}}

    def on_users(self, parts, query, body):
        state = self.state
        if self.command == "POST":
            with state.lock:
                user = {"id": next(state.ids), **json.loads(body)}
                state.users[user["id"]] = user
            return 201, user
        if not parts:
            page = int(query.get("page", ["1"])[0])
            with state.lock:
                users = list(itertools.islice(state.users.values(), (page - 1) * 20, page * 20))
            return 200, {"page": page, "users": users}
        number = int(parts[0])
        with state.lock:
            user = state.users.get(number)
            if user is None:
                return 404, {"error": "no such user"}
            if self.command == "DELETE":
                del state.users[number]
                return 204, None
            if self.command == "PUT":
                user.update(json.loads(body))
            return 200, user

    def on_metrics(self, _parts, _query, _body):
        used = resource.getrusage(resource.RUSAGE_SELF)
        with self.state.lock:
            counts = sorted(self.state.requests.items())
        lines = [
            "# TYPE process_cpu_seconds_total counter",
            f"process_cpu_seconds_total {used.ru_utime + used.ru_stime:.6f}",
            "# TYPE process_resident_memory_bytes gauge",
            f"process_resident_memory_bytes {used.ru_maxrss * 1024}",
            "# TYPE http_requests_total counter",
            'http_requests_total{route="/",code="500"} 0',
        ]
        for (route, status), count in counts:
            lines.append(f'http_requests_total{{route="{route}",code="{status}"}} {count}')
        return 200, "\n".join(lines) + "\n"

    def chat(self, body):
        """Server-sent events: the words that were asked come back one by one, and then the end is said."""
        words = json.loads(body)["prompt"].split()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for word in words:
            time.sleep(0.004 * SLOWER)
            self.event(json.dumps({"word": word}))
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def event(self, data):
        event = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
        self.wfile.flush()

    def echo(self):
        """RFC 6455: sends every text back until the other side closes."""
        key = self.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("upgrade", "websocket")
        self.send_header("connection", "upgrade")
        self.send_header(
            "sec-websocket-accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        )
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                return
            kind, length = head[0] & 0x0F, head[1] & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", self.rfile.read(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self.rfile.read(8))
            mask = self.rfile.read(4)
            text = bytes(byte ^ mask[n % 4] for n, byte in enumerate(self.rfile.read(length)))
            answers = {1: 1, 2: 2, 8: 8, 9: 10}  # text, binary, close, ping to pong
            if kind in answers:
                self.frame(answers[kind], text)
            if kind == 8:
                return

    def frame(self, kind, payload):
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | kind, size)
        elif size < 65536:
            head = struct.pack("!BBH", 0x80 | kind, 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | kind, 127, size)
        self.wfile.write(head + payload)
        self.wfile.flush()

    def log_message(self, *_arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # A thousand users connect at once.
    request_queue_size = 4096

    def handle_error(self, *_arguments):
        # A client that has gone is its own affair.
        pass


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    server = Server(("127.0.0.1", port), Service)
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
