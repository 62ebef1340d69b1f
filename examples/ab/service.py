"""A small service whose two builds differ by the work of one endpoint: WORK rounds of a hash."""

import contextlib
import hashlib
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        rounds = int(os.environ["WORK"]) if self.path.startswith("/search") else 100
        digest = b"perfgate"
        for _ in range(rounds):
            digest = hashlib.sha256(digest).digest()
        body = digest.hex().encode()
        # Whoever asked may have left.
        with contextlib.suppress(ConnectionError):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
