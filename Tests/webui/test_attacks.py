"""Attacks: each is refused with a clear code, nothing gets in, and afterwards everybody else is served as before."""
import asyncio
import json
import socket
import ssl
import struct
import tempfile
import time
import unittest

from machine import Machine


class Attacks(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.machine = Machine(cls.folder.name).start()

    @classmethod
    def tearDownClass(cls):
        cls.machine.stop()
        cls.folder.cleanup()

    def setUp(self):
        # One address for all: what is written down of its failures is another test's.
        self.cookie = self.machine.login()
        self.address = ("127.0.0.1", self.machine.port)
        self.host = f"127.0.0.1:{self.machine.port}"

    async def asyncTearDown(self):
        """Still well: a new client is served at once."""
        self.assertIsNone(self.machine.helper.poll())
        self.assertIsNone(self.machine.server.poll())
        begun = time.monotonic()
        async with self.machine.client(cookie=self.cookie) as client:
            self.assertEqual((await client.ask("ping"))["type"], "pong")
        self.assertLess(time.monotonic() - begun, 3)

    def upgrade(self, **headers):
        """The status of a handshake with these fields; None takes one out."""
        fields = {"Host": self.host, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
                  "Origin": f"http://{self.host}", "Cookie": self.cookie}
        fields.update({name.replace("_", "-"): value for name, value in headers.items() if name != "path"})
        text = f"GET {headers.get('path', '/ws')} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None) + "\r\n"
        return self.raw(text.encode())

    def raw(self, data, wait=True):
        with socket.create_connection(self.address, 15) as client:
            client.sendall(data)
            said = b""
            try:
                while b"\r\n" not in said:
                    piece = client.recv(4096)
                    if not piece:
                        break
                    said += piece
            except ConnectionResetError:
                pass
        return int(said.split()[1]) if said.startswith(b"HTTP/1.1 ") else 0

    # who asks

    async def test_no_session(self):
        self.assertEqual(self.upgrade(Cookie=None), 401)
        self.assertEqual(self.upgrade(Cookie="kldload=" + "A" * 43), 401)
        self.assertEqual(self.upgrade(Cookie="kldload="), 401)
        self.assertEqual(self.upgrade(Cookie=self.cookie), 101)

    async def test_a_cookie_without_an_origin_is_nobody_s_page(self):
        self.assertEqual(self.upgrade(Origin=None), 401)

    async def test_another_origin(self):
        for origin in ("http://evil.example", "https://" + self.host, "http://127.0.0.1", "http://127.0.0.1:1", "null", f"http://{self.host}.evil.example", f"http://evil.example#{self.host}"):
            self.assertEqual(self.upgrade(Origin=origin), 403, origin)
        self.assertEqual(self.upgrade(Sec_Fetch_Site="cross-site"), 403)
        status = self.machine.http("POST", "/login", {"code": "x"}, {"Origin": "http://evil.example"})[0]
        self.assertEqual(status, 403)

    async def test_another_host(self):
        for host in ("evil.example", f"evil.example:{self.machine.port}", "127.0.0.1.evil.example", "192.0.2.1", "", "localhost.evil.example", "127.0.0.1@evil.example", "[::1].evil.example"):
            self.assertEqual(self.upgrade(Host=host, Origin=f"http://{host}"), 421, host)
            self.assertEqual(self.machine.http("GET", "/", host=host or "x")[0], 421)
        for secure_host, status in (("evil.example", 421), ("127.0.0.1", 200), ("192.0.2.1:8443", 200), ("[2001:db8::1]", 200), ("localhost", 200)):
            self.assertEqual(self.machine.http("GET", "/", host=secure_host, secure=True)[0], status, secure_host)

    async def test_a_form_of_another_site_can_not_log_in(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            self.assertEqual(self.machine.http("POST", "/login", '{"code":"x"}', {"Content-Type": kind})[0], 415)

    async def test_the_page_can_not_be_framed_nor_given_other_scripts(self):
        headers = self.machine.http("GET", "/")[1]
        policy = headers["Content-Security-Policy"]
        for word in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"):
            self.assertIn(word, policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")

    # what is asked for

    async def test_paths_lead_nowhere_else(self):
        for path in ("/../../etc/passwd", "/css/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/css/%2e%2e%2findex.html", "/css/", "/.git", "/index.html/", "/\\..\\etc",
                     "/css/app.css\x00.html", "/etc/passwd", "http://evil.example/", "/free/index.html"):
            self.assertIn(self.raw(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode()), (400, 404), path)

    async def test_heads_that_can_be_read_in_two_ways(self):
        host = f"Host: {self.host}\r\n"
        for text in ("GET / HTTP/1.1\r\n" + host + host, "POST /login HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 50\r\n",
                     "POST /login HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n", "GET / HTTP/1.1\r\n" + host + "X : y\r\n", "GET / HTTP/1.1\r\n" + host + " folded\r\n",
                     "GET  / HTTP/1.1\r\n" + host, "DELETE / HTTP/1.1\r\n" + host, "GET / HTTP/2.0\r\n" + host, "\r\nGET / HTTP/1.1\r\n" + host, "GET / HTTP/1.1\r\n" + host + "X: \x01\r\n",
                     "GET / HTTP/1.1\r\n" + host + "X: \xfc\r\n", "GET / HTTP/1.1\r\n" + host + "".join(f"x{number}: 1\r\n" for number in range(100))):
            self.assertIn(self.raw((text + "\r\n").encode("latin-1")), (0, 400), text)

    async def test_a_head_without_end(self):
        self.assertIn(self.raw(b"GET / HTTP/1.1\r\nX: " + b"x" * 100000), (0, 431))

    async def test_bodies_that_are_too_large_or_never_come(self):
        self.assertEqual(self.machine.http("POST", "/login", "x" * 20000)[0], 413)
        self.assertEqual(self.raw(f"POST /login HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n".encode()), 411)

    async def test_handshakes_that_are_none(self):
        self.assertEqual(self.upgrade(Sec_WebSocket_Version="8"), 426)
        self.assertEqual(self.upgrade(Sec_WebSocket_Key="short"), 426)
        self.assertEqual(self.upgrade(Upgrade="h2c"), 400)
        self.assertEqual(self.upgrade(path="/login"), 400)
        self.assertEqual(self.upgrade(Authorization="Basic !!!!", Cookie=None), 401)

    # messages

    def connect(self):
        client = socket.create_connection(self.address, 20)
        client.sendall((f"GET /ws HTTP/1.1\r\nHost: {self.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        f"Origin: http://{self.host}\r\nCookie: {self.cookie}\r\n\r\n").encode())
        self.assertIn(b" 101 ", client.recv(4096))
        return client

    @staticmethod
    def closing_code(client):
        """The code of the close frame that comes in the end; 0 where the connection was just ended."""
        said = b""
        try:
            while True:
                piece = client.recv(65536)
                if not piece:
                    break
                said += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
        at = said.rfind(b"\x88")
        return struct.unpack("!H", said[at + 2:at + 4])[0] if at >= 0 and len(said) >= at + 4 else 0

    async def test_a_message_of_a_hundred_megabytes(self):
        with self.connect() as client:
            begun = time.monotonic()
            client.sendall(b"\x81\xff" + struct.pack("!Q", 100 * 1024 * 1024) + b"\0\0\0\0")
            try:
                for _ in range(100):
                    client.sendall(b"x" * 1024 * 1024)
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertIn(self.closing_code(client), (0, 1009))
            self.assertLess(time.monotonic() - begun, 5)
        with open(f"/proc/{self.machine.server.pid}/status", encoding="ascii") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        self.assertLess(peak, 80 * 1024)

    async def test_a_message_in_pieces_without_end(self):
        with self.connect() as client:
            try:
                client.sendall(b"\x01\x80\0\0\0\0")
                for _ in range(200):
                    client.sendall((b"\x00\xfe" + struct.pack("!H", 20000) + b"\0\0\0\0" + b"x" * 20000))
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertIn(self.closing_code(client), (0, 1009))

    async def test_frames_that_are_none(self):
        for data, codes in ((b"\xf1\x85\0\0\0\0hello", (1002,)), (b"\x81\x05hello", (1002,)), (b"\x83\x80\0\0\0\0", (1002,)), (b"\x82\x85\0\0\0\0hello", (1003,)), (b"\x81\x82\0\0\0\0\xff\xfe", (1007, 1000, 0))):
            with self.connect() as client:
                client.sendall(data)
                client.settimeout(1.5)
                try:
                    self.assertIn(self.closing_code(client), codes, data)
                except TimeoutError:
                    self.assertIn(0, codes)  # answered with an error, and open still

    async def test_bombs_in_json(self):
        async with self.machine.client(cookie=self.cookie) as client:
            for bomb in ("[" * 500000, '{"action":' * 50000, "9" * 900000, '"' * 900000):
                await client.connection.send(bomb)
                answer = json.loads(await asyncio.wait_for(client.connection.recv(), 10))
                self.assertEqual(answer["code"], "bad_request")
            self.assertEqual((await client.ask("ping"))["type"], "pong")

    async def test_arguments_that_want_to_be_commands(self):
        async with self.machine.client(cookie=self.cookie) as client:
            for bad in ("; reboot", "$(reboot)", "`reboot`", "a\nreboot", "--yes", "-", "/dev/vda /dev/vdb", "/dev/vda;x", "\u202e/dev/vda", "/dev/ü", "/dev/vda\0", "' || reboot"):
                self.assertEqual((await client.ask("wipe_disk", disk=bad))["code"], "bad_argument", bad)
                answer = await client.ask("check", hostname=bad)
                self.assertTrue(answer.get("code") == "bad_argument" or not answer["good"], (bad, answer))
        self.assertFalse((self.machine.root / "wiped").exists())
        self.assertNotIn("reboot", (self.machine.root / "systemctl-said").read_text() if (self.machine.root / "systemctl-said").exists() else "")

    # many, and slow ones

    async def test_more_messages_than_anybody_needs_are_slowed_down_and_answered(self):
        async with self.machine.client(cookie=self.cookie) as client:
            begun = time.monotonic()
            for number in range(180):
                await client.connection.send(json.dumps({"action": "ping", "id": number}))
            for _ in range(180):
                self.assertEqual(json.loads(await asyncio.wait_for(client.connection.recv(), 20))["type"], "pong")
            self.assertGreater(time.monotonic() - begun, 1.5)
            async with self.machine.client(cookie=self.cookie) as other:
                self.assertEqual((await other.ask("ping"))["type"], "pong")

    async def test_a_thousand_connections(self):
        held = []
        async with self.machine.client(cookie=self.cookie) as client:
            try:
                for _ in range(1000):
                    one = socket.socket()
                    one.setblocking(False)
                    one.connect_ex(self.address)
                    held.append(one)
                await asyncio.sleep(0.5)
                self.assertEqual((await client.ask("ping"))["type"], "pong")  # who is in stays in
            finally:
                for one in held:
                    one.close()
        await asyncio.sleep(0.3)

    async def test_who_opens_and_says_nothing_is_let_go(self):
        with socket.create_connection(self.address, 20) as silent, socket.create_connection(self.address, 20) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\n")
            begun = time.monotonic()
            while time.monotonic() - begun < 9:
                await asyncio.sleep(1)
                try:
                    slow.sendall(b"X: y\r\n")  # a line a second, for ever
                except (BrokenPipeError, ConnectionResetError):
                    break
            silent.settimeout(5)
            slow.settimeout(5)
            self.assertEqual(silent.recv(1), b"")
            try:
                self.assertEqual(slow.recv(1), b"")
            except ConnectionResetError:
                pass

    async def test_who_says_nothing_behind_tls_is_let_go(self):
        with socket.create_connection(("127.0.0.1", self.machine.tls_port), 20) as silent:
            silent.settimeout(14)
            self.assertEqual(silent.recv(1), b"")

    async def test_who_asks_for_much_and_reads_nothing_holds_up_nobody(self):
        with self.connect() as greedy:
            message = json.dumps({"action": "help"}).encode()
            packed = b"\x81\xfe" + struct.pack("!H", len(message)) + b"\0\0\0\0" + message if len(message) > 125 else b"\x81" + bytes([0x80 | len(message)]) + b"\0\0\0\0" + message
            greedy.settimeout(3)
            try:
                for _ in range(3000):
                    greedy.sendall(packed)
            except (TimeoutError, BrokenPipeError, ConnectionResetError):
                pass
            async with self.machine.client(cookie=self.cookie) as other:
                self.assertEqual((await other.ask("ping"))["type"], "pong")
        with open(f"/proc/{self.machine.helper.pid}/status", encoding="ascii") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        self.assertLess(peak, 100 * 1024)


class Redirect(unittest.TestCase):
    def test_8080_on_the_network_only_leads_to_tls(self):
        import subprocess
        with tempfile.TemporaryDirectory() as folder:
            machine = Machine(folder).start()
            try:
                address = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split()
                if not address:
                    self.skipTest("this machine has no address but loopback")
                for request, host in ((f"GET /x HTTP/1.1\r\nHost: {address[0]}:1\r\n\r\n", address[0]), ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", address[0]),
                                      ("POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n", "127.0.0.1")):
                    with socket.create_connection((address[0], machine.port), 10) as client:
                        client.sendall(request.encode())
                        said = client.recv(4096).decode()
                    self.assertTrue(said.startswith("HTTP/1.1 308 "), said)
                    self.assertIn(f"Location: https://{host}:{machine.tls_port}/\r\n", said)
                # TLS of today alone.
                old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
                old.maximum_version = ssl.TLSVersion.TLSv1_1
                with self.assertRaises((ssl.SSLError, OSError, ValueError)):
                    with socket.create_connection(("127.0.0.1", machine.tls_port), 10) as client:
                        old.wrap_socket(client)
                self.assertEqual((machine.root / "var/lib/kldload-webui/tls.key").stat().st_mode & 0o777, 0o600)
            finally:
                machine.stop()


if __name__ == "__main__":
    unittest.main()
