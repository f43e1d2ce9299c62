"""A mirror that misbehaves as a path asks: /TEST/BEHAVIOUR/SIZE/SEED.

Prints two ports that it listens on, then for each TEST on standard input that test's counters; ends at the end of that.
The file SIZE/SEED repeats the 251 bytes (31 * i + SEED) % 251.
"""

import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

lock = threading.Lock()
tests = {}
seen = {}


class Counters:
    def __init__(self):
        self.connections = self.requests = self.sent = 0
        self.agents = set()


def content(size, seed):
    block = bytes((31 * i + seed) % 251 for i in range(251))
    return (block * (size // 251 + 1))[:size]


class Mirror(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    counters = None

    def log_message(self, *arguments):
        pass

    def put(self, data):
        with lock:
            self.counters.sent += len(data)
        try:
            self.wfile.write(data)
            return True
        except OSError:
            self.close_connection = True
            return False

    def answer(self, status, headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def refuse(self, status, headers=()):
        page = b"<html>no</html>"
        self.answer(status, headers, len(page))
        self.wfile.write(page)

    def do_GET(self):
        # Of a proxy the whole URL is asked for.
        test, behaviour, size, seed = self.path.split("/")[-4:]
        with lock:
            seen[self.path] = turn = seen.get(self.path, 0) + 1
            is_new = self.counters is None
            self.counters = tests.setdefault(test, Counters())
            self.counters.connections += is_new
            self.counters.requests += 1
            self.counters.agents.add(self.headers.get("User-Agent", "none"))
            if self.headers.get("Accept-Encoding"):
                self.counters.agents.add("encoding")
        self.behave(behaviour, content(int(size), int(seed)), turn)

    def behave(self, behaviour, data, turn):
        if behaviour == "login" and self.headers.get("Authorization") != "Basic dTpwJXc=":  # u:p%w
            return self.refuse(401, [("WWW-Authenticate", 'Basic realm="x"')])
        if behaviour.isdigit():
            return self.refuse(int(behaviour))
        if behaviour == "flaky" and turn <= 2:
            return self.refuse(500)
        if behaviour == "busy" and turn == 1:
            return self.refuse(429, [("Retry-After", "2")])
        if behaviour == "never":
            return time.sleep(30)
        if behaviour == "loop":
            return self.answer(302, [("Location", self.path)], 0)
        if behaviour == "moved":
            return self.answer(302, [("Location", self.path.replace("moved", "ok"))], 0)
        if behaviour == "wrong":
            data = data[::-1]
        if behaviour == "endless":
            self.answer(200, [("Connection", "close")])
            while self.put(bytes(10000)):
                pass
            return
        if behaviour == "longer":
            data += data
        start = 0
        wanted = self.headers.get("Range")
        if wanted and behaviour == "refuses":
            return self.refuse(416)
        if wanted and behaviour != "norange":
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(data):
                return self.refuse(416)
        stamps = [("ETag", '"tag"'), ("Last-Modified", "Sat, 21 Nov 2026 00:00:00 GMT")]
        if behaviour == "unsaid":
            self.answer(200, [("Connection", "close")])
            return self.put(data[: len(data) // 2] if turn == 1 else data)
        self.answer(206 if start else 200, stamps, len(data) - start)
        if behaviour == "half" or (behaviour == "halfonce" and turn == 1):
            self.put(data[start : start + (len(data) - start) // 2])
            self.close_connection = True
        elif behaviour == "drip":
            while start < len(data) and not self.close_connection:
                self.put(data[start : start + 10])
                start += 10
                time.sleep(0.05)
        elif behaviour == "hang":
            self.put(data[start : len(data) // 2])
            time.sleep(30)
        else:
            self.put(data[start:])


class Server(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True

    def handle_error(self, request, address):
        pass


servers = [Server(("127.0.0.1", 0), Mirror) for _ in range(2)]
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(*(server.server_address[1] for server in servers), flush=True)
for line in sys.stdin:
    with lock:
        counters = tests.get(line.strip(), Counters())
        print(counters.connections, counters.requests, counters.sent, *sorted(counters.agents), flush=True)
os._exit(0)
