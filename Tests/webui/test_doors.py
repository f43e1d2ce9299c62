"""Nobody gets in without showing that he may: codes, passwords, tokens, sessions, and how slow guessing is."""
import asyncio
import hashlib
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import time
import unittest

from machine import Machine
from test_requests import InProcess, web

# --- without processes


class Codes(InProcess):
    def doors(self, live=True, words=""):
        web.is_live = lambda: live
        self.addCleanup(setattr, web, "kernel_words", web.kernel_words)
        web.kernel_words = words.split
        return web.Doors(web.State(web.STATE))

    def test_a_code_lets_in_once_and_another_one_follows(self):
        doors = self.doors()
        first = doors.code
        self.assertRegex(first, r"^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$")
        self.assertTrue(doors.take_code(first.lower().replace("-", " ")))
        self.assertNotEqual(doors.code, first)
        self.assertFalse(doors.take_code(first))
        self.assertTrue(doors.take_code(doors.code))

    def test_the_code_of_the_kernel_s_command_line_stays(self):
        doors = self.doors(words="boot=live kldload.webui=Lab-7 quiet")
        self.assertTrue(doors.take_code("Lab-7"))
        self.assertTrue(doors.take_code("Lab-7"))
        self.assertFalse(doors.take_code("LAB-7"))
        self.assertFalse(doors.take_code("\ud800"))
        self.assertFalse(doors.take_code(""))

    def test_an_installed_system_has_no_code_until_one_is_asked_for_and_that_runs_out(self):
        doors = self.doors(live=False)
        self.assertEqual(doors.codes, {})
        self.assertFalse(doors.take_code(""))
        code = doors.new_code(600)
        doors.codes[code] = (doors.codes[code][0] - 601, "code")
        self.assertFalse(doors.take_code(code))

    def test_the_browser_on_the_screen_has_a_code_of_its_own_and_is_called_so(self):
        doors = self.doors()
        on_the_consoles = doors.code
        code = doors.new_code(600, "screen")
        self.assertEqual(doors.take_code(code), "screen")
        self.assertIsNone(doors.take_code(code))
        self.assertEqual(doors.code, on_the_consoles)
        self.assertEqual(doors.take_code(on_the_consoles), "code")

    def test_however_many_others_are_drawn_the_code_on_the_consoles_holds(self):
        doors = self.doors()
        for _ in range(40):
            last = doors.new_code(600)
        self.assertLessEqual(len(doors.codes), 16)
        self.assertTrue(doors.take_code(last))
        self.assertTrue(doors.take_code(doors.code))

    def test_guessing_gets_slower_for_the_one_who_guesses(self):
        clock = [0.0]
        slowdown = web.Slowdown(lambda: clock[0])
        waited = []
        for _ in range(12):
            slowdown.check("192.0.2.1")
            slowdown.failed("192.0.2.1")
            until = slowdown.failures["192.0.2.1"][1]
            waited.append(max(0, until - clock[0]))
            if until > clock[0]:
                with self.assertRaises(web.Refused):
                    slowdown.check("192.0.2.1")
                slowdown.check("192.0.2.2")
            clock[0] = max(clock[0], until)
        self.assertEqual(waited, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60])
        for number in range(5000):
            slowdown.failed(f"2001:db8:{number:x}::1")
        self.assertLessEqual(len(slowdown.failures), 2048)
        for number in range(4):  # one machine, which has 2^64 addresses
            slowdown.failed(f"2001:db8:ffff::{number:x}")
        with self.assertRaises(web.Refused):
            slowdown.check("2001:db8:ffff::99")
        self.assertEqual(web.neighbourhood("::ffff:192.0.2.1"), "192.0.2.1")

    def test_sessions_are_kept_by_digest_and_run_out(self):
        doors = self.doors()
        secret = doors.open("code", ("read",))
        self.assertNotIn(secret, repr(doors.sessions))
        self.assertEqual(doors.session(secret).who, "code")
        key = web.digest(secret)
        doors.sessions[key] = doors.sessions[key]._replace(expires=1.0)
        self.assertIsNone(doors.session(secret))
        for _ in range(600):
            doors.open("code", ("read",))
        self.assertLessEqual(len(doors.sessions), 512)

    def test_sessions_outlive_the_process_and_nothing_else_does(self):
        doors = self.doors()
        code, over, closed = doors.code, doors.open("code", ("read",)), doors.open("code", ("read",))
        secret = doors.open("ada", ("read", "change"))
        doors.sessions[web.digest(over)] = doors.sessions[web.digest(over)]._replace(expires=1.0)
        doors.close(closed)
        with open(web.SESSIONS, encoding="ascii") as file:
            text = file.read()
        self.assertEqual(os.stat(web.SESSIONS).st_mode & 0o777, 0o600)
        for word in (secret, over, closed, code, code.replace("-", "")):
            self.assertNotIn(word, text)
        again = self.doors()
        self.assertEqual(again.session(secret)[:2], ("ada", ("read", "change")))
        self.assertIsNone(again.session(over))
        self.assertIsNone(again.session(closed))
        self.assertFalse(again.take_code(code))

    def test_who_has_logged_out_stays_out_where_that_can_t_be_written(self):
        doors = self.doors()
        secret = doors.open("ada", ("read",))
        self.addCleanup(setattr, web, "write_private", web.write_private)

        def full(path, text):
            raise OSError(28, "No space left on device")

        web.write_private = full
        doors.close(secret)
        self.assertIsNone(self.doors().session(secret))

    def test_what_is_no_list_of_sessions_lets_nobody_in(self):
        os.makedirs(web.RUN)
        for text in ("", "[]", "{", '{"a": 1}', '{"a": ["ada", ["read"], "soon"]}', "[" * 100):
            with open(web.SESSIONS, "w", encoding="ascii") as file:
                file.write(text)
            self.assertEqual(self.doors().sessions, {})


class People(InProcess):
    def login(self, administrator=True, **given):
        async def going():
            helper = web.Helper((lambda user, password: (user, password) in (("ada", "right"), ("bob", "right")), lambda user: user == "ada" and administrator))
            return await helper.doors.login({"address": "192.0.2.1", **given})

        return asyncio.run(going())

    def test_the_password_and_the_group_are_both_needed(self):
        who, secret = self.login(user="ada", password="right")
        self.assertEqual(who, "ada")
        self.assertGreater(len(secret), 40)
        for given in ({"user": "ada", "password": "wrong"}, {"user": "bob", "password": "right"}, {"user": "ada", "password": "right", "administrator": False}):
            with self.assertRaises(web.Refused) as caught:
                self.login(**given)
            self.assertEqual(caught.exception.code, "unauthorized")

    def test_what_is_no_name_and_no_password_is_asked_of_nobody(self):
        for given in ({}, {"user": "ada"}, {"user": "", "password": "x"}, {"user": "a" * 100, "password": "x"}, {"user": "ada", "password": "x" * 5000}, {"user": ["ada"], "password": "right"},
                      {"user": "ada", "password": "a\0b"}, {"user": "ada", "password": "\ud800"}):
            with self.assertRaises(web.Refused) as caught:
                self.login(**given)
            self.assertEqual(caught.exception.code, "bad_argument")

    def test_the_live_system_takes_no_passwords(self):
        web.is_live = lambda: True
        with self.assertRaises(web.Refused) as caught:
            self.login(user="ada", password="right")
        self.assertEqual(caught.exception.code, "bad_argument")

    def test_pam_itself_is_asked(self):
        """libpam, by a service whose one module hands the password to a script; the host's own services are not touched."""
        import ctypes
        folder = tempfile.mkdtemp()
        with open(f"{folder}/ask", "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\nIFS= read -r given || :\n[ "$PAM_USER" = root ] && [ "$given" = "correct horse ü" ]\n')
        os.chmod(f"{folder}/ask", 0o755)
        with open(f"{folder}/kldload-webui", "w", encoding="ascii") as file:
            file.write(f"auth required pam_exec.so expose_authtok quiet {folder}/ask\naccount required pam_permit.so\n")
        pam = ctypes.CDLL("libpam.so.0")
        real = pam.pam_start_confdir

        class Redirected:
            def __getattr__(self, name):
                return getattr(pam, name)

            def pam_start(self, service, user, conversation, handle):
                return real(service, user, conversation, folder.encode(), handle)

        load = ctypes.CDLL
        ctypes.CDLL = lambda name: Redirected() if name == "libpam.so.0" else load(name)
        try:
            self.assertTrue(web.pam_verify("root", "correct horse ü"))
            self.assertFalse(web.pam_verify("root", "wrong"))
            self.assertFalse(web.pam_verify("nobody", "correct horse ü"))
            with open(f"{folder}/kldload-webui", "a", encoding="ascii") as file:
                file.write("account required pam_deny.so\n")
            self.assertFalse(web.pam_verify("root", "correct horse ü"))
        finally:
            ctypes.CDLL = load

    def test_administrators_are_who_sudo_or_wheel_has(self):
        self.assertFalse(web.is_administrator("nobody"))
        self.assertFalse(web.is_administrator("there-is-no-such-user"))


# --- with both processes


class AtTheDoor(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.machine = Machine(self.folder.name).start()
        self.addCleanup(self.machine.stop)

    async def test_a_code_becomes_a_cookie_that_scripts_and_other_sites_do_not_see(self):
        for secure in (False, True):
            status, headers, text = self.machine.http("POST", "/login", {"code": self.machine.code()}, secure=secure)
            self.assertEqual(status, 200, text)
            cookie = headers["Set-Cookie"]
            for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
                self.assertIn(word, cookie)
            self.assertEqual("Secure" in cookie, secure)
            self.assertEqual(cookie.startswith("__Host-kldload="), secure)
            async with self.machine.client(cookie=cookie.split(";")[0], secure=secure) as client:
                self.assertEqual((await client.ask("ui_mode"))["live"], True)

    async def test_the_console_shows_the_next_code_when_one_was_used_and_no_log_has_any(self):
        code = self.machine.code()
        self.machine.login()
        console = (self.machine.root / "console").read_text()
        self.assertIn("the page was opened from 127.0.0.1", console)
        issue = (self.machine.root / "run/kldload/webui/issue").read_text()  # what a getty shows from then on
        self.assertIn(f"kldload: code {self.machine.code()}, for one login\n", issue)
        self.assertIn("https://192.0.2.7:8443", issue)
        self.assertIn("▀", issue)
        self.assertIn(self.machine.code(), console)
        for path in (*self.machine.root.glob("*.log"), *(self.machine.root / "var/lib/kldload").glob("*"), *(self.machine.root / "var/log").rglob("*.log")):
            self.assertNotIn(code.encode(), path.read_bytes(), path)

    async def test_the_browser_on_the_screen_gets_in_by_itself_and_no_console_s_code_is_used_up(self):
        before = self.machine.code()
        code = self.machine.command("code", "--screen").stdout
        self.assertRegex(code, r"^[2-9A-Z]{4}-[2-9A-Z]{4}\n$")
        status, headers, text = self.machine.http("POST", "/login", {"code": code.strip()})
        self.assertEqual((status, json.loads(text)["who"]), (200, "screen"))
        self.assertEqual(self.machine.http("POST", "/login", {"code": code.strip()})[0], 401)
        self.assertEqual(self.machine.code(), before)
        self.assertEqual((self.machine.root / "console").read_text(), "")
        async with self.machine.client(cookie=headers["Set-Cookie"].split(";")[0]) as client:
            events = (await client.ask("db_events"))["events"]
            self.assertEqual([event["who"] for event in events if (event["action"], event["outcome"]) == ("login", "done")], ["screen"])

    def test_without_a_page_it_says_which_one_it_misses(self):
        self.machine.stop()
        shutil.rmtree(self.machine.root / "usr/local/share/kldload-webui/active")
        said = self.machine.command("serve", check=False)
        self.assertNotEqual(said.returncode, 0)
        self.assertIn("there is no page", said.stderr)

    async def test_wrong_codes_are_refused_and_then_wait(self):
        right = self.machine.code()  # asked for before: the wait is a second, and a program may take longer to say it
        seen = [self.machine.http("POST", "/login", {"code": "AAAA-AAAA"}) for _ in range(4)]
        self.assertEqual([status for status, _, _ in seen], [401, 401, 401, 429])
        self.assertEqual(seen[3][1]["Retry-After"], "1")
        self.assertEqual(self.machine.http("POST", "/login", {"code": right})[0], 429)
        # A page with an old cookie is still told where it is.
        self.assertEqual(json.loads(self.machine.http("GET", "/session", headers={"Cookie": "kldload=" + "A" * 43})[2])["login"], "code")

    async def test_logging_out_ends_what_is_open_too(self):
        cookie = self.machine.login()
        async with self.machine.client(cookie=cookie) as client:
            self.assertEqual((await client.ask("ping"))["type"], "pong")
            status, headers, _ = self.machine.http("POST", "/logout", {}, {"Cookie": cookie})
            self.assertEqual(status, 200)
            self.assertIn("Max-Age=0", headers["Set-Cookie"])
            self.assertEqual((await client.ask("ping"))["code"], "unauthorized")
        self.assertEqual(json.loads(self.machine.http("GET", "/session", headers={"Cookie": cookie})[2])["ok"], False)

    async def test_who_is_in_stays_in_when_both_processes_are_started_anew_and_the_code_is_another_one(self):
        used, cookie, other = self.machine.code(), self.machine.login(), self.machine.login()
        unused = self.machine.code()
        self.machine.http("POST", "/logout", {}, {"Cookie": other})
        self.machine.stop()
        self.machine.start()
        async with self.machine.client(cookie=cookie) as client:
            self.assertEqual((await client.ask("ping"))["type"], "pong")
        self.assertEqual(json.loads(self.machine.http("GET", "/session", headers={"Cookie": other})[2])["ok"], False)
        now = self.machine.code()
        self.assertIn(f"the next code is {now}", (self.machine.root / "console").read_text())
        self.assertIn(now, (self.machine.root / "run/kldload/webui/issue").read_text())
        for code in (used, unused):
            self.assertEqual(self.machine.http("POST", "/login", {"code": code})[0], 401)

    async def test_tokens_are_for_programs_may_be_for_looking_only_and_are_taken_back(self):
        token = self.machine.command("token", "cron", "--read-only", "--days", "1").stdout.strip()
        async with self.machine.client(secret=token) as client:
            self.assertEqual((await client.ask("ui_mode"))["rights"], ["read"])
            self.assertEqual((await client.ask("wipe_disk", disk="/dev/vda"))["code"], "forbidden")
            self.assertIn("cron\tread\tuntil 20", self.machine.command("tokens").stdout)
            self.assertIn("there is a token cron", self.machine.command("token", "cron", check=False).stderr)
            self.machine.command("revoke", "cron")
            self.assertEqual((await client.ask("ping"))["code"], "unauthorized")
        self.assertNotEqual(self.machine.command("revoke", "cron", check=False).returncode, 0)
        for path in (self.machine.root / "var/lib/kldload").glob("*"):
            self.assertNotIn(token.encode(), path.read_bytes(), path)

    async def test_tokens_are_made_by_who_has_logged_in_and_by_no_token(self):
        async with self.machine.client(cookie=self.machine.login()) as client:
            made = await client.ask("token_make", name="backup", days=7, read_only=True)
            self.assertEqual(made["commands"], ["kldload-webui token backup --days 7 --read-only"])
            self.assertAlmostEqual(made["expires"], time.time() + 7 * 86400, delta=60)
            all_of_it = await client.ask("token_make", name="all")
            self.assertEqual((await client.ask("token_make", name="all"))["code"], "bad_argument")  # whoever has it would be refused from then on
            for wrong in ({"name": "-x"}, {"name": "a b"}, {"name": "x", "days": 0}, {"name": "x", "days": 4000}, {"name": "x", "read_only": "perhaps"}, {}):
                self.assertEqual((await client.ask("token_make", **wrong))["code"], "bad_argument", wrong)
            known = (await client.ask("token_list"))["tokens"]
            self.assertEqual([(row["name"], row["rights"], sorted(row)) for row in known],
                             [(name, rights, ["created", "expires", "name", "rights"]) for name, rights in (("all", ["read", "change"]), ("backup", ["read"]))])
            async with self.machine.client(secret=made["token"]) as program:
                self.assertEqual((await program.ask("ui_mode"))["rights"], ["read"])
                self.assertEqual((await program.ask("token_make", name="more"))["code"], "forbidden")
                self.assertEqual(len((await program.ask("token_list"))["tokens"]), 2)
                self.assertEqual((await client.ask("token_revoke", name="backup"))["commands"], ["kldload-webui revoke backup"])
                self.assertEqual((await program.ask("ping"))["code"], "unauthorized")
            self.assertEqual((await client.ask("token_revoke", name="backup"))["code"], "failed")
            async with self.machine.client(secret=all_of_it["token"]) as program:  # which would outlive its being revoked
                for action, given in (("token_make", {"name": "more"}), ("invite", {})):
                    self.assertEqual((await program.ask(action, **given))["code"], "forbidden", action)
        for path in (*(self.machine.root / "var/lib/kldload").glob("*"), *(self.machine.root / "var/log").rglob("*.log"), *self.machine.root.glob("*.log")):
            for token in (made["token"], all_of_it["token"]):
                self.assertNotIn(token.encode(), path.read_bytes(), path)

    async def test_a_program_may_come_with_the_code_itself(self):
        async with self.machine.client(secret=self.machine.code()) as client:
            self.assertEqual((await client.ask("ping"))["type"], "pong")
            self.assertIn(self.machine.code(), (self.machine.root / "console").read_text())

    async def test_what_stands_in_the_process_list_is_no_secret(self):
        self.machine.login()
        lists = subprocess.run(["ps", "-ww", "-e", "-o", "args"], capture_output=True, text=True, check=True).stdout
        self.assertNotIn(self.machine.code(), lists)

    async def test_the_helper_answers_nobody_but_the_server_s_user_and_root(self):
        socket_path = self.machine.root / "run/kldload/webui/helper.sock"
        for folder in (self.machine.root, self.machine.root / "run", self.machine.root / "run/kldload", socket_path.parent):
            folder.chmod(0o755)
        self.assertEqual(socket_path.stat().st_mode & 0o777, 0o660)
        socket_path.chmod(0o666)  # even where the file would let in
        script = ("import socket,struct,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); m=b'{\"op\":\"code\"}'; s.sendall(struct.pack('!I',len(m))+m); print(s.recv(9))")
        said = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "/usr/bin/python3", "-I", "-c", script, str(socket_path)],
                              capture_output=True, text=True, check=False)
        self.assertIn("b''", said.stdout + said.stderr.replace("ConnectionResetError", "b''").replace("BrokenPipeError", "b''"))


class Installed(unittest.IsolatedAsyncioTestCase):
    async def test_on_the_network_only_where_that_was_said(self):
        for network in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                machine = Machine(folder, live=False, network=network).start()
                try:
                    self.assertEqual(machine.answers(machine.tls_port), network)
                    listening = subprocess.run(["ss", "-Htln"], capture_output=True, text=True, check=True).stdout
                    mine = {line.split()[3].rsplit(":", 1)[0] for line in listening.splitlines() if line.split()[3].endswith(f":{machine.port}")}
                    self.assertEqual(mine - {"[::]", "[::1]"}, {"0.0.0.0"} if network else {"127.0.0.1"})
                    # What the page itself listens at is nothing to be warned of; where it does not, somebody else does.
                    machine.program("ss", "printf 'LISTEN 0 128 0.0.0.0:%s 0.0.0.0:*\\n' 22 8080")
                    async with machine.client(secret=machine.code()) as client:
                        ports = next(item for item in (await client.ask("run_audit"))["results"] if item["name"] == "open ports")
                    self.assertEqual((ports["status"], ports["actual"]), ("ok" if network else "warn", "reachable: 22, 8080"))
                finally:
                    machine.stop()

    def installed(self, network):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        machine = Machine(folder.name, live=False, network=network)
        machine.program("ip", """echo '[{"ifname":"eth0","addr_info":[{"local":"2001:db8::7","scope":"global"},{"local":"192.0.2.7","scope":"global"}]}]'""")
        self.addCleanup(machine.stop)
        return machine

    def served(self, machine):
        """The SHA-256 of the certificate that is served, as people write it."""
        text = ssl.get_server_certificate(("127.0.0.1", machine.tls_port))
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).digest().hex(":").upper()

    def lets_in(self, machine, code, secure):
        return machine.http("POST", "/login", {"code": code}, secure=secure)[0] == 200

    def test_what_its_console_says_of_the_page_after_the_first_start_is_so(self):
        """Addresses, the fingerprint of the certificate that is served, a code that lets in once: of kldload-webui code, the one thing that
        shows them there. Who does not type it is shown no code."""
        machine = self.installed(network=True)
        self.assertFalse((machine.root / "var/lib/kldload-webui/tls.crt").exists())  # it is made at the first start
        machine.start()
        text = machine.command("code").stdout
        self.assertRegex(text, r"^kldload: the page of this machine: https://192\.0\.2\.7:8443  https://\[2001:db8::7\]:8443  http://127\.0\.0\.1:8080\n"
                               r"kldload: code [2-9A-Z]{4}-[2-9A-Z]{4}, for one login, within 10 minutes\nkldload: the certificate's SHA-256 is [0-9A-F:]{95}\n")
        self.assertIn(f" {self.served(machine)}\n", text)
        code = text.split("kldload: code ")[1].split(",")[0]
        drawn = subprocess.run(["qrencode", "--type=UTF8", "--margin=1", "--read-from=/dev/stdin"], input=f"https://192.0.2.7:8443/#{code}".encode(), capture_output=True, check=True).stdout
        self.assertTrue(text.endswith(drawn.decode()))
        self.assertEqual((self.lets_in(machine, code, True), self.lets_in(machine, code, True)), (True, False))
        unused = machine.code()
        # The next start: the same certificate, and no code of the one before.
        machine.stop()
        shutil.rmtree(machine.root / "run/kldload/webui")
        machine.start()
        self.assertEqual(machine.command("code").stdout.splitlines()[2], text.splitlines()[2])
        self.assertFalse(self.lets_in(machine, unused, True))
        # No code stands on a console by itself, nor is left for a getty.
        self.assertEqual((machine.root / "console").read_text(), "")
        self.assertFalse((machine.root / "run/kldload/webui/issue").exists())

    def test_gettys_say_where_the_page_is_and_by_which_certificate(self):
        machine = self.installed(network=True).start()
        issue = machine.root / "run/issue.d/20-kldload-page.issue"
        machine.program("agetty", f"""[[ $* == --reload ]]; cp "{issue}" "{machine.root}/shown" 2> /dev/null || rm "{machine.root}/shown" """)
        machine.command("issue")
        self.assertEqual((machine.root / "shown").read_text(),
                         f"kldload: the page of this machine: https://\\4:8443\nkldload: the certificate's SHA-256 is {self.served(machine)}\n\n")
        machine.env["KLDLOAD_WEBUI"] = "local"  # as an administrator may decide later
        machine.command("issue")
        self.assertFalse(issue.exists() or (machine.root / "shown").exists())

    def test_what_its_console_says_where_the_page_is_local_or_there_is_no_address_yet(self):
        machine = self.installed(network=False).start()
        text = machine.command("code").stdout
        self.assertRegex(text, r"^kldload: the page of this machine: http://127\.0\.0\.1:8080\nkldload: code [2-9A-Z-]{9}, for one login, within 10 minutes\n$")
        self.assertTrue(self.lets_in(machine, text.split("kldload: code ")[1].split(",")[0], False))
        self.assertEqual(json.loads(machine.http("GET", "/session")[2])["login"], "password")  # which its page asks for, and names the command
        machine.stop()
        refused = machine.command("code", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("the helper does not answer (systemctl status kldload-webui-helper); this takes root", refused.stderr)
        waits = self.installed(network=True)
        waits.program("ip", "echo '[]'")
        text = waits.start().command("code").stdout
        self.assertIn("kldload: the page of this machine: http://127.0.0.1:8080\n", text)


if __name__ == "__main__":
    unittest.main()
