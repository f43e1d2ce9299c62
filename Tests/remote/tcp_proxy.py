#!/usr/bin/env python3
"""A proxy that breaks connections as its rules say, before any server that talks over TCP.

    tcp_proxy.py PORT TARGET RULES LOG      listens at 127.0.0.1:PORT, passes on to TARGET (HOST:PORT)

RULES is a file with a JSON list, read again for every connection; the first rule that applies is followed. What a rule can have:

    "connection"     what becomes of it: "close" (an orderly end), "reset" (RST), "hang" (stays open, nothing passes any more)
    "after_bytes"    … once so many bytes have passed; without it, at once
    "upload"         true: those from the client are counted; without it, those from the server
    "rate"           bytes a second, in each direction
    "skip", "times"  the first so many connections are left alone; it holds for so many after them
    "chance"         of 1: it holds for so many of them, at random

LOG gets a line of JSON when a connection ends: "connection" (what was done, or null), "up" and "down" (bytes).
"""
import asyncio
import json
import os
import random
import socket
import struct
import sys
import threading

PIECE = 1 << 16


class Rules:
    """The rules of a file, and how often each was asked since the file was written."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.version, self.rules, self.asked = None, [], []

    def pick(self, applies):
        """The first rule that `applies`, or {}."""
        with self.lock:
            about = os.stat(self.path)
            version = (about.st_mtime_ns, about.st_ino)
            if version != self.version:
                with open(self.path, encoding="utf-8") as file:
                    self.rules = json.load(file)
                self.version, self.asked = version, [0] * len(self.rules)
            for place, rule in enumerate(self.rules):
                if not applies(rule):
                    continue
                number = self.asked[place] - rule.get("skip", 0)
                self.asked[place] += 1
                if 0 <= number < rule.get("times", sys.maxsize) and random.random() < rule.get("chance", 1):
                    return rule
            return {}


class Log:
    """A file that gets a line for each thing that ended."""

    def __init__(self, path):
        self.file = open(path, "a", buffering=1, encoding="utf-8")
        self.lock = threading.Lock()

    def write(self, **line):
        with self.lock:
            self.file.write(json.dumps(line) + "\n")


class Connection:
    """One of a client, and the one to the server that belongs to it."""

    def __init__(self, rule, client, server):
        self.rule, self.client, self.server = rule, client, server
        self.up = self.down = 0
        self.done = None

    async def run(self):
        ways = ((self.client[0], self.server[1], "up"), (self.server[0], self.client[1], "down"))
        tasks = [asyncio.ensure_future(self.pass_on(*way)) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _, writer in (self.client, self.server):
            writer.close()

    async def pass_on(self, reader, writer, way):
        counted = "connection" in self.rule and way == ("up" if self.rule.get("upload") else "down")
        while True:
            left = PIECE
            if counted and not self.done:
                left = self.rule.get("after_bytes", 0) - getattr(self, way)
            if left <= 0:
                self.done = self.rule["connection"]
                if self.done == "reset":
                    self.reset()
                if self.done != "hang":
                    return
                continue
            data = await reader.read(min(PIECE, left))
            if not data:
                return
            if self.done == "hang":
                continue  # both ways: what is sent still is lost
            if "rate" in self.rule:
                await asyncio.sleep(len(data) / self.rule["rate"])
            writer.write(data)
            setattr(self, way, getattr(self, way) + len(data))
            await writer.drain()

    def reset(self):
        """Ends it as a machine does that knows nothing of it: the other side sees ECONNRESET."""
        self.done = "reset"
        transport = self.client[1].transport
        if not transport.is_closing():
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()


class TCPProxy:
    """Listens, and passes on; runs in a thread of its own where `start` is called."""

    def __init__(self, port, target, rules, log):
        self.port, self.rules, self.log = port, rules, log
        self.host, _, target_port = target.rpartition(":")
        self.target_port = int(target_port)
        self.connections = {}  # by the port from which the server sees it come
        self.loop = None

    async def accept(self, *client):
        rule = self.rules.pick(lambda rule: "connection" in rule or "rate" in rule and "method" not in rule)
        try:
            server = await asyncio.open_connection(self.host, self.target_port)
        except OSError:
            client[1].close()
            return
        connection = Connection(rule, client, server)
        port = server[1].get_extra_info("sockname")[1]
        self.connections[port] = connection
        try:
            await connection.run()
        finally:
            del self.connections[port]
            self.log.write(connection=connection.done, up=connection.up, down=connection.down)

    async def serve(self, ready):
        self.loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self.accept, "127.0.0.1", self.port)
        ready.set()
        await server.serve_forever()

    def reset(self, port):
        """Resets the connection that the server knows by this port of the proxy's; called from other threads."""
        connection = self.connections.get(port)
        if connection:
            self.loop.call_soon_threadsafe(connection.reset)

    def start(self):
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.serve(ready)), daemon=True).start()
        if not ready.wait(10):
            sys.exit(f"tcp_proxy.py: port {self.port} can not be had")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    asyncio.run(TCPProxy(int(sys.argv[1]), sys.argv[2], Rules(sys.argv[3]), Log(sys.argv[4])).serve(threading.Event()))
