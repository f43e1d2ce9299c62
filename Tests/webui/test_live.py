"""The live system: what there is to install, live checks, an installation that everybody sees the same, and the same for programs."""
import asyncio
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

from machine import HERE, PYTHON, Machine

GOOD = {"distro": "debian", "profile": "server", "disk": "/dev/vda", "hostname": "web-01", "password": "correct horse"}


class Live(unittest.IsolatedAsyncioTestCase):
    tick = "0.05"

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.machine = Machine(self.folder.name, medium=("debian:13:core server", "ubuntu:24.04:server"), tick=self.tick).start()
        self.addCleanup(self.machine.stop)
        self.cookie = self.machine.login()

    def client(self):
        return self.machine.client(cookie=self.cookie)


class Asked(Live):
    async def test_what_the_installer_has_is_what_is_offered(self):
        async with self.client() as client:
            answer = (await client.ask("describe"))["installer"]
            self.assertEqual([(offer["distribution"], offer["profile"], offer["packages"]) for offer in answer["offers"]], [("debian", "core", 301), ("debian", "server", 301), ("ubuntu", "server", 301)])
            self.assertEqual(answer["variables"][0]["name"], "KLDLOAD_DISTRO")
            self.assertEqual(answer["interfaces"], ["eth0"])
            self.assertIn("KLDLOAD_NVIDIA_DRIVERS", [item["name"] for item in answer["refused"]])
            self.assertIn("Europe/Vienna", answer["zones"])
            self.assertIn("de_AT.UTF-8", answer["locales"])
            self.assertIn("ca_ES.UTF-8@valencia", answer["locales"])

    async def test_disks_come_in_the_installer_s_order_and_as_it_judges_them(self):
        async with self.client() as client:
            disks = (await client.ask("list_disks"))["disks"]
        self.assertEqual([disk["path"] for disk in disks], ["/dev/nvme0n1", "/dev/vda", "/dev/vdb", "/dev/sda", "/dev/sdc", "/dev/sdb"])
        by_name = {disk["name"]: disk for disk in disks}
        self.assertEqual((by_name["nvme0n1"]["type"], by_name["nvme0n1"]["problems"], by_name["nvme0n1"]["data"]), ("NVMe", [], []))
        self.assertTrue(by_name["sdb"]["medium"])
        self.assertIn("LIVE BOOT DEVICE", by_name["sdb"]["warning"])
        self.assertIn("holds data (ext4 photos)", by_name["sda"]["data"][0])
        self.assertIn("MiB are too few", by_name["sdc"]["problems"][0])

    async def test_checks_are_the_installer_s_and_show_no_secret(self):
        async with self.client() as client:
            answer = await client.ask("check", **GOOD)
            self.assertEqual((answer["good"], answer["problems"]), (True, []))
            answer = await client.ask("check", params={**GOOD, "hostname": "-x-", "zfs_topology": "mirror", "zfs_encrypt": True, "zfs_passphrase": "hunter2!"})
            self.assertEqual([problem["name"] for problem in answer["problems"]], ["KLDLOAD_HOSTNAME", "KLDLOAD_ZFS_TOPOLOGY"])
            self.assertNotIn("hunter2", json.dumps(answer))
            self.assertIn("KLDLOAD_ZFS_PASSPHRASE='(secret)'", answer["answers"])
        self.assertEqual([path.name for path in (self.machine.root / "run/kldload/webui").glob("check-*")], [])

    async def test_machine_facts(self):
        async with self.client() as client:
            data = (await client.ask("system_info"))["data"]
            self.assertEqual((data["live_mode"], data["memory_total"], data["edition"], data["uptime"]), (True, 8000000 * 1024, "free", 4242))
            self.assertEqual((await client.ask("network_info"))["interfaces"], [{"name": "eth0", "up": True, "addr": "192.0.2.7/24", "addresses": ["192.0.2.7/24"], "mac": "52:54:00:12:34:56"}])
            self.assertEqual((await client.ask("zfs_list"))["pools"], [])
            self.assertEqual((await client.ask("status"))["code"], "not_available")
            self.assertEqual((await client.ask("golden"))["code"], "not_available")
            invited = await client.ask("invite")
            self.assertIn("https://192.0.2.7:8443", invited["addresses"])
            self.machine.login(code=invited["code"])
            actions = await client.ask("help")
            self.assertIn("install", [action["action"] for action in actions["actions"]])

    async def test_what_was_described_last_comes_at_once_and_what_is_no_more_so_as_an_event(self):
        def data(installer):
            return [disk["path"] for disk in installer["disks"] if disk["data"]]

        async with self.client() as client:
            await client.ask("subscribe", topics=["install"])
            self.assertEqual(data((await client.ask("describe"))["installer"]), ["/dev/sda"])
            looked = self.machine.root / "looked"
            self.machine.program("wipefs", f"until [[ -e {looked} ]]; do sleep 0.05; done; case ${{!#}} in /dev/vda) echo 'zfs_member tank' ;; esac")
            self.assertEqual(data((await client.ask("describe", kept=True))["installer"]), ["/dev/sda"])  # while nobody can look at a disk
            looked.touch()
            event = await client.until(lambda event: event["type"] == "installer")
            self.assertEqual(data(event["installer"]), ["/dev/vda"])
            self.machine.program("wipefs", "true")
            self.assertEqual(data((await client.ask("describe"))["installer"]), [])  # who does not ask for it gets nothing old
            self.machine.program("wipefs", "case ${!#} in /dev/sda1) echo 'ext4 photos' ;; esac")
            await client.ask("wipe_disk", disk="/dev/vdb")
            self.assertEqual(data((await client.ask("describe", kept=True))["installer"]), ["/dev/sda"])

    async def test_a_disk_is_wiped_by_a_command_that_is_shown(self):
        async with self.client() as client:
            answer = await client.ask("wipe_disk", disk="/dev/sda")
            self.assertEqual((answer["type"], answer["rc"], answer["commands"]), ("wipe_result", 0, ["kldload-wipe --yes /dev/sda"]))
            self.assertEqual([event["type"] for event in client.events], ["exec_start", "log_line", "log_line", "exec_done"])
        self.assertEqual((self.machine.root / "wiped").read_text(), "--yes /dev/sda\n")


class Installs(Live):
    async def test_bad_answers_install_nothing_and_are_named(self):
        async with self.client() as client:
            answer = await client.ask("install", **{**GOOD, "disk": "/dev/vda /dev/vdb"})
            self.assertEqual((answer["code"], answer["problems"][0]["name"]), ("bad_argument", "KLDLOAD_ZFS_TOPOLOGY"))
            self.assertEqual((await client.ask("install_state"))["known"], False)
        self.assertFalse((self.machine.root / "run/kldload/webui/answers.env").exists())

    async def test_one_is_started_watched_and_ends(self):
        async with self.client() as client:
            answer = await client.ask("install", **GOOD, zfs_encrypt=True, zfs_passphrase="it's \"$1\" ü")
            self.assertEqual((answer["type"], answer["running"]), ("install_state", True))
            self.assertNotIn("it's", json.dumps(answer))
            last = await client.until(lambda event: event["type"] == "install_state" and event["rc"] is not None)
            self.assertEqual((last["rc"], last["percent"], last["running"]), (0, 100, False))
            self.assertEqual([step["state"] for step in last["steps"]], ["done"] * 10)
            percents = [event["percent"] for event in client.events if event["type"] == "install_state"]
            self.assertEqual(percents, sorted(percents))
            lines = "".join(event["line"] for event in client.events if event["type"] == "install_log")
        log = (self.machine.root / "var/log/installer/kldload-installer.log").read_text()
        self.assertEqual(lines, log)
        answers = (self.machine.root / "installed-with").read_text()
        self.assertEqual(subprocess.run(["bash", "-c", answers + 'printf %s "$KLDLOAD_ZFS_PASSPHRASE"'], capture_output=True, text=True, check=True).stdout, "it's \"$1\" ü")
        self.assertEqual(os.stat(self.machine.root / "run/kldload/webui/answers.env").st_mode & 0o777, 0o600)
        for path in (*self.machine.root.glob("*.log"), *(self.machine.root / "var/log").rglob("*.log"), *(self.machine.root / "var/lib/kldload").glob("*")):
            self.assertNotIn(b"correct horse", path.read_bytes(), path)

    async def test_what_the_answers_want_afterwards_is_done_when_it_went_well(self):
        async with self.client() as client:
            await client.ask("install", **GOOD, after="poweroff")
            await client.until(lambda event: event["type"] == "install_state" and event["rc"] == 0)
            await asyncio.sleep(0.5)
        self.assertIn("--force poweroff", (self.machine.root / "systemctl-said").read_text())

    async def test_one_that_fails_says_in_which_step_and_another_one_can_follow(self):
        self.machine.write("fail-in", "partitions")
        async with self.client() as client:
            await client.ask("install", **GOOD)
            last = await client.until(lambda event: event["type"] == "install_state" and event["rc"] is not None)
            self.assertEqual((last["rc"], last["steps"][-1]["state"], last["steps"][-1]["name"]), (1, "failed", "partitions"))
            self.assertIn("sgdisk", last["reason"])
            self.machine.write("fail-in", "")
            self.assertEqual((await client.ask("install", **GOOD))["type"], "install_state")
            last = await client.until(lambda event: event["type"] == "install_state" and event["rc"] == 0)
            self.assertIn("INSTALL FAILED", (await client.ask("read_log", log="before"))["content"])


class Watched(Live):
    tick = "0.25"

    async def test_fifty_see_the_same_and_who_comes_later_too(self):
        async with self.client() as first:
            await first.ask("install", **GOOD)
            self.assertEqual((await first.ask("install", **GOOD))["code"], "busy")
            self.assertEqual((await first.ask("wipe_disk", disk="/dev/vdb"))["code"], "busy")

            async def watch(late):
                await asyncio.sleep(late)
                async with self.client() as client:
                    await client.ask("subscribe", topics=["install"])
                    log = await client.ask("install_log")
                    lines = {number: line + "\n" for number, line in enumerate(log["lines"], 1)}
                    if (await client.ask("install_state"))["rc"] is None:
                        await client.until(lambda event: event["type"] == "install_state" and event["rc"] is not None)
                    lines.update({event["number"]: event["line"] for event in client.events if event["type"] == "install_log"})
                    return "".join(lines[number] for number in sorted(lines))

            seen = await asyncio.gather(*(watch(index * 0.05) for index in range(50)))
        log = (self.machine.root / "var/log/installer/kldload-installer.log").read_text()
        for one in seen:
            self.assertTrue(log.startswith(one) and len(one) > len(log) * 0.9 or one == log, (len(one), len(log)))

    async def test_it_goes_on_when_the_page_is_closed_and_when_both_processes_start_anew(self):
        async with self.client() as client:
            await client.ask("install", **GOOD)
        self.machine.stop()
        await asyncio.sleep(0.5)
        self.machine.start()
        self.cookie = self.machine.login()
        async with self.client() as client:
            state = await client.ask("install_state")
            self.assertEqual((state["running"], state["known"]), (True, True))
            await client.ask("subscribe", topics=["install"])
            last = await client.until(lambda event: event["type"] == "install_state" and event["rc"] is not None)
            self.assertEqual(last["rc"], 0)

    async def test_one_that_was_started_elsewhere_is_seen(self):
        self.machine.write("answers.env", "KLDLOAD_DISTRO=debian\n")
        elsewhere = subprocess.Popen([str(self.machine.root / "bin/kldload-install-target"), "--config", str(self.machine.root / "answers.env")], env=self.machine.env)
        try:
            async with self.client() as client:
                await client.ask("subscribe", topics=["install"])
                self.assertEqual((await client.ask("install", **GOOD))["code"], "busy")
                last = await client.until(lambda event: event["type"] == "install_state" and event["rc"] is not None)
                self.assertEqual(last["rc"], 0)
        finally:
            elsewhere.wait()


class Programs(unittest.TestCase):
    @staticmethod
    def client_of_the_readme():
        text = (HERE.parent.parent / "README.md").read_text(encoding="utf-8")
        return re.search(r"```python\n(.*?kldload-webui.*?)```", text, re.S)[1]

    def test_the_ten_lines_of_the_readme_install_twenty_machines_at_once(self):
        """Each in a folder of its own, and each by the very lines that people read."""
        lines = self.client_of_the_readme()
        self.assertLessEqual(len([line for line in lines.splitlines() if line.strip() and not line.startswith("#")]), 10)
        with tempfile.TemporaryDirectory() as folder:
            machines = [Machine(pathlib.Path(folder) / str(number), tick="0.02") for number in range(20)]
            try:
                for machine in machines:
                    machine.start()
                begun = time.monotonic()
                clients = [subprocess.Popen([PYTHON, "-c", lines, f"127.0.0.1:{machine.port}", machine.code()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for machine in machines]
                for client, machine in zip(clients, machines):
                    out, err = client.communicate(timeout=120)
                    self.assertEqual(client.returncode, 0, out + err + "".join((machine.root / log).read_text() for log in ("helper.log", "serve.log")))
                    self.assertIn("INSTALLED debian server", out)
                    self.assertIn("KLDLOAD_HOSTNAME='web-01'", (machine.root / "installed-with").read_text())
                print(f"20 installed in {time.monotonic() - begun:.1f} s", end=" ")
            finally:
                for machine in machines:
                    machine.stop()


class Cost(unittest.IsolatedAsyncioTestCase):
    async def test_both_processes_take_less_than_sixty_megabytes_and_no_time_while_nothing_happens(self):
        with tempfile.TemporaryDirectory() as folder:
            machine = Machine(folder).start()
            try:
                cookie = machine.login()
                async with machine.client(cookie=cookie) as client:
                    await client.ask("describe")
                    await client.ask("system_info")
                    kilobytes = 0
                    for process in (machine.helper, machine.server):
                        with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as file:
                            kilobytes += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
                print(f"{kilobytes // 1024} MB", end=" ")
                self.assertLess(kilobytes, 60 * 1024)
                await asyncio.sleep(1)

                def spent():
                    return sum(sum(int(word) for word in pathlib.Path(f"/proc/{process.pid}/stat").read_text().split()[13:15]) for process in (machine.helper, machine.server))

                async def idle():
                    before = spent()
                    await asyncio.sleep(3)
                    return spent() - before

                # Ticks of 10 ms; what the last answers left to do is done later on a busy machine.
                self.assertLessEqual(min([await idle() for _ in range(3)]), 1)
            finally:
                machine.stop()


if __name__ == "__main__":
    unittest.main()
