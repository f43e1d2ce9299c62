"""What a request may be: the table, the checks of its arguments, what JSON is taken, and made up messages without end."""
import asyncio
import json
import os
import random
import re
import tempfile
import time
import unittest

from machine import webui_module

web = webui_module()


def run(coroutine):
    return asyncio.run(coroutine)


class FakeChannel:
    """Somebody who may everything, and keeps what he is sent."""

    def __init__(self, rights=("read", "change")):
        self.session = web.Session("tester", rights, time.time() + 3600, None)
        self.address, self.secret, self.topics, self.tail, self.sent = "192.0.2.9", None, set(), None, []

    async def send(self, message):
        self.sent.append(json.loads(json.dumps(message)))

    def stop_tail(self):
        pass


class InProcess(unittest.TestCase):
    """The helper without its socket, in an empty machine."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for name in ("STATE", "AUDIT_LOG", "CREDENTIALS", "RUN", "ANSWERS", "SESSIONS", "INSTALL_LOCK"):
            before = getattr(web, name)
            self.addCleanup(setattr, web, name, before)
            setattr(web, name, f"{self.folder.name}/{name.lower()}")
        self.addCleanup(setattr, web, "is_live", web.is_live)
        web.is_live = lambda: False
        self.ran = []

        async def never(command, apart=False, stdin=None, stderr=None):
            self.ran.append((list(command), apart))
            raise web.Refused("failed", "nothing runs in this test")

        self.start = web.start
        self.addCleanup(setattr, web, "start", web.start)
        web.start = never

    def ask(self, text, rights=("read", "change")):
        async def asking():
            helper = web.Helper()
            channel = FakeChannel(rights)
            await helper.answer(channel, text if isinstance(text, (str, bytes)) else json.dumps(text))
            return channel.sent[-1]

        return run(asking())


class Table(InProcess):
    def test_every_action_says_what_it_is(self):
        for action in web.ACTIONS.values():
            given = action.described()
            self.assertTrue(given["text"], action.name)
            self.assertIn(given["right"], ("read", "change"))
            self.assertTrue(callable(action.does) or isinstance(action.does, list))

    def test_the_actions_of_the_documentation_are_all_known(self):
        documented = """ping system_info network_info list_disks infra_status install install_state wipe_disk test_rhel_cdn zfs_list zfs_status snapshot_list
            snapshot_take snapshot_rollback be_list be_create spawn list_vms vm_op vm_clone vm_replace golden golden_status wg_status wg_gen_keypair wg_add_peer
            wg_remove_peer wg_planes_list wg_plane_create wg_plane_delete cluster_deploy cluster_save node_list node_apply service_list service_save service_deploy
            service_delete db_list db_save db_load db_delete db_export db_import db_node_register db_nodes db_events tail_log read_log run_audit credentials_load
            credentials_save credentials_test stamp poof""".split()
        for name in documented:
            self.assertIn(name, {**web.ACTIONS, **web.NOT_YET_REASONS})

    def test_what_comes_with_the_next_step_is_refused_with_its_reason(self):
        answer = self.ask({"action": "spawn", "id": 7, "params": {}})
        self.assertEqual((answer["type"], answer["code"], answer["id"]), ("error", "not_available", 7))
        self.assertIn("virtual machines", answer["msg"])

    def test_words_of_commands_stand_in_the_table_or_were_checked(self):
        """No argument of a command that the table writes can begin with - or hold anything but a name."""
        for action in web.ACTIONS.values():
            if callable(action.does):
                continue
            used = set(re.findall(r"\{(\w+)\}", " ".join(" ".join(word) if isinstance(word, web.Given) else word for word in action.does)))
            for name in used:
                check = action.checks[name]
                for bad in ("-r", "--yes", "a b;c", "a\nb", "../x", "$(id)", "`id`", "", "a/../b" if check is web.DISK else "\0"):
                    if check is web.LINE and not bad.startswith("-") and bad.isprintable():
                        continue
                    with self.assertRaises(web.Refused, msg=f"{action.name} {name} {bad!r}"):
                        check.judge(bad)

    def test_a_command_is_a_list_whose_options_come_from_flags(self):
        answer = self.ask({"action": "be_activate", "name": "next", "trial": True})
        self.assertEqual(answer["code"], "failed")
        self.assertEqual(self.ran, [(["kbe", "activate", "next", "--trial"], True)])
        self.assertEqual(answer["commands"], ["kbe activate next --trial"])


class Arguments(InProcess):
    def test_what_nobody_knows_is_an_error_and_not_ignored(self):
        answer = self.ask({"action": "ping", "more": 1})
        self.assertEqual((answer["code"], answer["argument"]), ("bad_argument", "more"))

    def test_what_is_needed_is_asked_for(self):
        answer = self.ask({"action": "snapshot_rollback"})
        self.assertEqual((answer["code"], answer["argument"]), ("bad_argument", "name"))

    def test_no_argument_reaches_a_command_that_is_more_than_a_name(self):
        for bad in ("rpool/home", "rpool/home@x;reboot", "rpool/home@x\nreboot", "-r@x", "--@x", "rpool@x --yes", "rpool/../x@y", "rpoöl@x", "rpool@x\u202e", "@x", "rpool@",
                    "x" * 500 + "@y", 5, None, ["rpool@x"], {"name": "rpool@x"}, True):
            answer = self.ask({"action": "snapshot_rollback", "name": bad})
            self.assertEqual(answer["code"], "bad_argument", bad)
        self.assertEqual(self.ran, [])

    def test_disks_are_devices_without_ways_out(self):
        web.is_live = lambda: True
        for bad in ("/dev/../etc/passwd", "/etc/passwd", "/dev/", "/dev/vda;x", "/dev/vda ", "vda", "/dev/-r", "/dev//vda"):
            self.assertEqual(self.ask({"action": "wipe_disk", "disk": bad})["code"], "bad_argument", bad)
        for good in ("/dev/vda", "/dev/disk/by-id/nvme-Samsung_SSD_980_S64ENX0:1"):
            self.assertEqual(self.ask({"action": "wipe_disk", "disk": good})["code"], "failed", good)

    def test_answers_come_by_any_of_their_names_and_with_no_line_break(self):
        given = web.answers_of({"action": "install", "distro": "debian", "disks": ["/dev/vda", "/dev/vdb"], "params": {"role": "core", "zfs_encryption": True},
                                "answers": {"KLDLOAD_HOSTNAME": "web-01", "KLDLOAD_TIMEZONE": ""}, "net_prefix": 24})
        self.assertEqual(given, {"KLDLOAD_DISTRO": "debian", "KLDLOAD_DISK": "/dev/vda /dev/vdb", "KLDLOAD_PROFILE": "core", "KLDLOAD_ZFS_ENCRYPT": "1",
                                 "KLDLOAD_HOSTNAME": "web-01", "KLDLOAD_NET_PREFIX": "24"})
        for bad in ({"hostname": "a\nKLDLOAD_FORCE_WIPE=1"}, {"hostname": "a\x00"}, {"a b": "c"}, {"x;y": "1"}, {"answers": []}, {"hostname": {}}, {"hostname": 1.5}, {"hostname": "x" * 30000}):
            with self.assertRaises(web.Refused, msg=bad):
                web.answers_of(bad)

    def test_an_answers_file_says_just_what_was_meant(self):
        import subprocess
        for value in ("it's", "a'b'c", "$(reboot)", "`id`", '"', "\\", "a;b", "--", "ü €", "#x", "'; reboot; '"):
            text = web.answers_text({"KLDLOAD_HOSTNAME": value}, True)
            shell = subprocess.run(["bash", "-c", text + 'printf %s "$KLDLOAD_HOSTNAME"'], capture_output=True, text=True, check=True)
            self.assertEqual(shell.stdout, value)

    def test_secrets_are_in_no_text_that_is_shown(self):
        text = web.answers_text({"KLDLOAD_PASSWORD": "hunter2", "KLDLOAD_ZFS_PASSPHRASE": "hunter2", "KLDLOAD_RHEL_ACTIVATION_KEY": "hunter2", "KLDLOAD_EXPORT_SCP_PASSWORD": "hunter2"}, False)
        self.assertNotIn("hunter2", text)


class Rights(InProcess):
    def test_who_may_only_look_changes_nothing(self):
        for action in web.ACTIONS.values():
            if action.right == "change":
                self.assertEqual(self.ask({"action": action.name}, rights=("read",))["code"], "forbidden", action.name)
        self.assertEqual(self.ask({"action": "update_check", "from": "/dev/sdb"}, rights=("read",))["code"], "forbidden")  # it would be mounted
        self.assertEqual(self.ask({"action": "ping"}, rights=("read",))["type"], "pong")
        self.assertEqual(self.ran, [])

    def test_what_changes_something_is_written_down_without_secrets(self):
        self.ask({"action": "credentials_save", "creds": {"scp": {"user": "root", "password": "hunter2"}}})
        self.ask({"action": "be_create", "name": "next"})
        with open(web.AUDIT_LOG, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual([(line["action"], line["outcome"].split(":")[0]) for line in lines],
                         [("credentials_save", "begun"), ("credentials_save", "done"), ("be_create", "begun"), ("be_create", "failed")])
        self.assertEqual(lines[3]["commands"], ["kbe create next"])
        self.assertEqual(lines[3]["who"], "tester")
        for path in (web.AUDIT_LOG, web.STATE, web.STATE + "-wal"):
            if os.path.exists(path):
                with open(path, "rb") as file:
                    self.assertNotIn(b"hunter2", file.read())

    def test_nothing_is_changed_that_can_not_be_written_down(self):
        web.AUDIT_LOG = self.folder.name + "/there/is/no"
        with open(self.folder.name + "/there", "w", encoding="ascii"):
            pass
        with self.assertLogs_nothing():
            answer = self.ask({"action": "be_create", "name": "next"})
        self.assertEqual(answer["type"], "error")
        self.assertEqual(self.ran, [])

    def assertLogs_nothing(self):
        import contextlib
        import io
        return contextlib.redirect_stderr(io.StringIO())

    def test_secrets_never_come_back(self):
        saved = self.ask({"action": "credentials_save", "creds": {"scp": {"user": "root", "password": "hunter2", "key": "PRIVATE"}}})
        self.assertNotIn("hunter2", json.dumps(saved))
        loaded = self.ask({"action": "credentials_load"})
        self.assertNotIn("hunter2", json.dumps(loaded))
        self.assertNotIn("PRIVATE", json.dumps(loaded))
        self.assertEqual(loaded["creds"]["scp"]["user"], "root")
        self.assertEqual(os.stat(web.CREDENTIALS).st_mode & 0o777, 0o600)
        # What was shown masked stays what it was.
        self.ask({"action": "credentials_save", "creds": {"scp": {"user": "ada", "password": "••••"}}})
        with open(web.CREDENTIALS, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["scp"], {"user": "ada", "password": "hunter2"})


class Started(InProcess):
    def test_what_can_not_be_started_is_refused_by_its_name(self):
        web.start = self.start
        broken = f"{self.folder.name}/broken"
        with open(broken, "wb") as file:
            file.write(b"\x7fELF and no more")
        os.chmod(broken, 0o755)
        with self.assertRaisesRegex(web.Refused, f"{broken} can't be started: Exec format error"):
            run(web.said([broken]))


class Json(InProcess):
    def test_bombs_are_refused_before_they_are_built(self):
        for bomb in ("[" * 100000, '{"a":' * 50000, '{"action":"ping","x":' + "[" * 500 + "]" * 500 + "}", "9" * 5000000):
            begun = time.process_time()
            self.assertIn(self.ask(bomb)["code"], ("bad_request", "too_large"))
            self.assertLess(time.process_time() - begun, 1)

    def test_strings_of_quotes_and_backslashes_take_no_longer_than_others(self):
        for text in ('"' * 999999, '\\"' * 400000, '"' + "\\" * 999999, '{"action":"' + '\\"' * 400000, '"' + "\\\\\"" * 300000):
            begun = time.process_time()
            self.assertEqual(self.ask(text)["code"], "bad_request")
            self.assertLess(time.process_time() - begun, 2)

    def test_what_is_no_json_is_refused(self):
        for text in ("", "x", "{", '{"action":NaN}', '{"action":Infinity}', "[]", "1", '"ping"', "null", b"\xff\xfe", '{"action":' + "9" * 30 + "}", '{"action":"ping","id":{}}',
                     '{"action":5}', '{"action":null}', '{"action":"ping\\u0000"}', '{"id":1}'):
            self.assertIn(self.ask(text)["code"], ("bad_request", "unknown_action"), text)

    def test_an_id_comes_back_and_is_no_place_to_put_more(self):
        self.assertEqual(self.ask({"action": "ping", "id": "a-1"})["id"], "a-1")
        self.assertEqual(self.ask({"action": "ping", "id": 0})["id"], 0)
        self.assertEqual(self.ask({"action": "ping", "id": "x" * 200})["code"], "bad_request")

    def test_brackets_in_strings_nest_nothing(self):
        self.assertEqual(self.ask({"action": "ping", "id": "[" * 90})["type"], "pong")


class Fuzz(InProcess):
    SCRAPS = ["", "-", "--", "--yes", ";", "\n", "\0", "a b", "$(id)", "`id`", "../..", "/dev/vda", "rpool", "rpool/home@x", "ü", "\u202e", "\ud800", "x" * 300, "é" * 300, "%s", "{0}", "{name}",
              "{name.__class__}", "'", '"', "\\", "next", 0, 1, -1, 2**63, 1.5, True, False, None, [], {}, ["status"], {"a": 1}, [[]], "journal", "installer", "/etc/passwd", "templates",
              "ssh.service", {"templates": [{"id": 1, "name": "x"}]}, {"events; DROP TABLE events": []}, {"templates": [{"id": 1, "x); DROP TABLE nodes; --": 1}]}]

    def test_made_up_requests_are_all_answered_and_start_nothing_that_was_not_checked(self):
        chance = random.Random(int(os.environ.get("WEBUI_SEED", "1")))
        names = sorted(web.ACTIONS) + sorted(web.NOT_YET_REASONS)
        count = int(os.environ.get("WEBUI_FUZZ", "6000"))

        async def asking():
            helper = web.Helper()
            codes = set()
            for _ in range(count):
                channel = FakeChannel()
                name = chance.choice(names) if chance.random() < 0.95 else chance.choice(self.SCRAPS)
                known = list(web.ACTIONS[name].checks) if isinstance(name, str) and name in web.ACTIONS else []
                message = {"action": name, "id": chance.randrange(100)}
                for _ in range(chance.randrange(5)):
                    key = chance.choice(known) if known and chance.random() < 0.8 else chance.choice([scrap for scrap in self.SCRAPS if isinstance(scrap, str)])
                    message[key] = chance.choice(self.SCRAPS)
                text = json.dumps(message)
                if chance.random() < 0.2:  # a flipped character
                    at = chance.randrange(len(text))
                    text = text[:at] + chance.choice('{}[]",:\\x0\n') + text[at + 1:]
                await helper.answer(channel, text)
                self.assertEqual(len(channel.sent), 1, text)
                answer = channel.sent[0]
                self.assertIn("type", answer)
                if answer["type"] == "error":
                    self.assertTrue(answer["msg"])
                    self.assertNotEqual(answer["code"], "internal", (text, answer))
                    codes.add(answer["code"])
            return codes

        codes = run(asking())
        self.assertLessEqual({"bad_request", "bad_argument", "not_available", "failed"}, codes)
        programs = {"ip", "lsblk", "zfs", "zpool", "ksnap", "kbe", "kst", "kupgrade", "kexport", "systemctl", "journalctl", "ss", "nft", "sshd", "kldload-install-target", "tail", "findmnt"}
        for command, _ in self.ran:
            self.assertIn(command[0], programs)
            for word in command[1:]:
                self.assertTrue(word.isprintable(), command)
                self.assertLess(len(word), 500)
                self.assertNotRegex(word, r"[;`$\\]" if command[0] not in ("ksnap", "journalctl") else r"[\n\0]", command)


class StateOfThePage(InProcess):
    def test_templates_nodes_and_events_are_kept_exported_and_taken(self):
        async def going():
            helper, channel = web.Helper(), FakeChannel()

            async def ask(action, **given):
                await helper.answer(channel, json.dumps({"action": action, **given}))
                return channel.sent[-1]

            saved = await ask("db_save", db_type="cluster", name="blue one", data={"nodes": [1, 2]})
            self.assertEqual((saved["type"], saved["id"]), ("db_save", saved["template"]))
            await helper.answer(channel, json.dumps({"action": "db_node_register", "hostname": "other", "id": "mine"}))
            self.assertEqual(channel.sent[-1]["id"], "mine")
            await ask("db_import", data={"nodes": []}, merge=False)
            self.assertEqual((await ask("db_load", template=saved["template"]))["template"]["data"], {"nodes": [1, 2]})
            self.assertEqual((await ask("db_load", id=saved["template"]))["template"]["name"], "blue one")
            self.assertEqual(len((await ask("db_list", db_type="node"))["items"]), 0)
            self.assertEqual(len((await ask("db_list"))["items"]), 1)
            node = await ask("db_node_register", hostname="web-01", role="server", ip_mgmt="192.0.2.7", facts={"cpus": 4})
            again = await ask("db_node_register", hostname="web-01", role="core")
            self.assertEqual(node["node"], again["node"])
            self.assertEqual((await ask("db_nodes"))["nodes"][0]["role"], "core")
            whole = (await ask("db_export"))["data"]
            self.assertNotIn("tokens", whole)
            self.assertEqual((await ask("db_delete", template=saved["template"]))["type"], "db_delete")
            counts = await ask("db_import", data={"templates": whole["templates"], "nodes": []}, merge=False)
            self.assertEqual(counts["counts"], {"templates": 1, "nodes": 0})
            self.assertEqual((await ask("db_nodes"))["nodes"], [])
            self.assertEqual((await ask("db_load", template=saved["template"]))["template"]["name"], "blue one")
            self.assertGreater(len((await ask("db_events", limit=3))["events"]), 2)

        run(going())

    def test_an_import_is_taken_whole_or_not_at_all(self):
        async def going():
            helper, channel = web.Helper(), FakeChannel()
            for bad in ({"tokens": []}, {"sqlite_master": []}, {"templates": [{"id": 1, "name": "x"}, {"id": "2"}]}, {"templates": [{"id": 1, "x": 1}]}, {"templates": {}},
                        {"templates": [{"id": 1, "name": {}}]}, {"templates": [{"id": 1}], "nodes": [{"id": 1, "hostname": "a"}, {"id": 2, "hostname": []}]},
                        {"templates": [{"id": 1}, {"id": 2**63}]}, {"templates": [{"id": 1}, {"id": 2, "name": "\ud800"}]}, {"templates": [{"id": 1}, {"id": 2, "name": 2**63}]}):
                await helper.answer(channel, json.dumps({"action": "db_import", "data": bad}))
                self.assertEqual(channel.sent[-1]["code"], "bad_argument", bad)
            self.assertEqual(helper.state.rows("SELECT * FROM templates"), [])
            self.assertEqual(os.stat(web.STATE).st_mode & 0o777, 0o600)
            self.assertEqual(helper.state.rows("PRAGMA journal_mode")[0]["journal_mode"], "wal")

        run(going())


class Parsed(unittest.TestCase):
    STATUS = """  pool: tank
 state: DEGRADED
status: One or more devices has experienced an unrecoverable error.  An
\tattempt was made to correct the error.
action: Determine if the device needs to be replaced.
  scan: scrub repaired 0B in 00:00:12 with 0 errors on Sun Nov  8 00:24:13 2026
config:

\tNAME                 STATE     READ WRITE CKSUM
\ttank                 DEGRADED     0     0     0
\t  raidz1-0           DEGRADED     0     0     0
\t    /dev/vda2        ONLINE       0     0     0
\t    replacing-1      DEGRADED     0     0     0
\t      /dev/vdb2      FAULTED     12     0     3  too many errors
\t      /dev/vdc2      ONLINE       0     0     0  (resilvering)
\tlogs
\t  /dev/nvme0n1p1     ONLINE       0     0     0

errors: No known data errors

  pool: rpool
 state: ONLINE
config:

\tNAME        STATE     READ WRITE CKSUM
\trpool       ONLINE       0     0     0
\t  /dev/sda2 ONLINE       0     0     0

errors: No known data errors
"""

    def test_pools_become_trees(self):
        tank, rpool = web.vdev_tree(self.STATUS)
        self.assertEqual((tank["name"], tank["state"], rpool["name"], rpool["errors"]), ("tank", "DEGRADED", "rpool", "No known data errors"))
        self.assertIn("An attempt was made", tank["status"])
        self.assertTrue(tank["scan"].endswith("00:24:13 2026"), tank["scan"])
        self.assertEqual([vdev["name"] for vdev in tank["vdevs"]], ["tank", "logs"])
        raidz = tank["vdevs"][0]["children"][0]
        self.assertEqual([vdev["name"] for vdev in raidz["children"]], ["/dev/vda2", "replacing-1"])
        faulted = raidz["children"][1]["children"][0]
        self.assertEqual((faulted["state"], faulted["read"], faulted["checksum"], faulted["note"]), ("FAULTED", 12, 3, "too many errors"))
        self.assertEqual(tank["vdevs"][1]["children"][0]["name"], "/dev/nvme0n1p1")

    def test_an_installation_is_what_its_log_says(self):
        told = []
        installation = web.Installation(told.append)
        installation.running = lambda: True
        for line in ("[   0 s] step 1/10 disks: look at the disks", "[  11 s] step 1/10 disks: done in 11 s", "[  11 s] step 2/10 bootstrap: packages of the profile",
                     "noise INSTALLED 5 %, 3 s left", "[  20 s] 50 %, 20 s left"):
            installation.understand(line)
        state = installation.state()
        self.assertEqual((state["running"], state["rc"], state["total"], [step["state"] for step in state["steps"]]), (True, None, 10, ["done", "running"]))
        self.assertTrue(25 <= state["percent"] <= 60, state)
        self.assertTrue(20 <= state["seconds_left"] <= 80, state)
        installation.noted -= 1000  # a step that takes longer than was thought: nobody knows
        self.assertIsNone(installation.state()["seconds_left"])
        installation.understand("[  30 s] INSTALL FAILED in step bootstrap: dpkg ended with status 1 (log: /x)")
        installation.running = lambda: False
        state = installation.state()
        self.assertEqual((state["running"], state["rc"], state["reason"], state["steps"][-1]["state"]), (False, 1, "dpkg ended with status 1 (log: /x)", "failed"))

    def test_one_package_by_package_is_known_by_what_dpkg_says(self):
        """By the seconds of the README's table: core by packages took 372, 270 of them for the packages and 76 for the boot loader."""
        installation = web.Installation(lambda event: None)
        installation.running = lambda: True
        percents = []

        def say(*lines):
            for line in lines:
                installation.understand(line)
            percents.append(installation.state()["percent"])

        say("[   0 s] step 1/10 disks: look at the disks", "[   1 s] reading the packages that will be installed", "[  11 s] step 1/10 disks: done in 11 s",
            "[  18 s] step 5/10 bootstrap: packages of the profile", "[  18 s] 301 packages, 290 MB")
        say(*[f"Unpacking made-{number}:amd64 (1.{number}-1) ..." for number in range(301)])
        say(*[f"Setting up made-{number}:amd64 (1.{number}-1) ..." for number in range(150)])
        left = installation.state()["seconds_left"]
        say(*[f"Setting up made-{number}:amd64 (1.{number}-1) ..." for number in range(150, 301)])
        say("[ 288 s] step 5/10 bootstrap: done in 270 s", "[ 289 s] step 8/10 boot: initramfs and boot loader", "Setting up something (1) ...")
        self.assertEqual(percents, sorted(percents))
        for seen, expected in zip(percents, (3, 39, 57, 76, 76)):
            self.assertLess(abs(seen - expected), 4, percents)
        self.assertTrue(100 <= left <= 220, left)

    def test_a_step_is_seen_also_behind_what_another_program_has_not_ended_its_line_of(self):
        """As in a virtual machine: locale-gen works on while the installer does, and says what it makes before that is made."""
        installation = web.Installation(lambda event: None)
        installation.running = lambda: True
        for line in ("[ 205 s] step 6/10 system: name, language, users, network", "  en_US.UTF-8...[ 209 s] step 6/10 system: done in 4 s", " done",
                     "[ 209 s] step 7/10 services: services of the profile", "x[ 216 s] INSTALLED debian server on /dev/vda in 216 s"):
            installation.understand(line)
        state = installation.state()
        self.assertEqual([(step["name"], step["state"]) for step in state["steps"]], [("system", "done"), ("services", "running")])
        self.assertEqual((state["rc"], state["summary"]), (0, "INSTALLED debian server on /dev/vda in 216 s"))

    def test_one_that_ended_without_a_word_has_failed(self):
        installation = web.Installation(lambda event: None)
        installation.running = lambda: False
        installation.understand("[   0 s] step 1/10 disks: look at the disks")
        self.assertEqual(installation.state()["rc"], 1)


if __name__ == "__main__":
    unittest.main()
