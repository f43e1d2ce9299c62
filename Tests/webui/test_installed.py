"""The installed system, with the real ksnap, kbe and kst on the pool of folders: what is shown, what is done, and by which command."""
import asyncio
import pathlib
import subprocess
import tempfile
import unittest

from machine import Machine


class Installed(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.machine = Machine(cls.folder.name, live=False).start()

    @classmethod
    def tearDownClass(cls):
        cls.machine.stop()
        cls.folder.cleanup()

    def client(self):
        return self.machine.client(cookie=self.machine.login())

    async def good(self, client, action, **given):
        answer = await client.ask(action, **given)
        self.assertNotEqual(answer["type"], "error", answer)
        return answer

    async def test_pools_and_file_systems(self):
        async with self.client() as client:
            answer = await self.good(client, "zfs_list")
            self.assertEqual((answer["pools"][0]["name"], answer["pools"][0]["size"], answer["pools"][0]["health"]), ("rpool", 10737418240, "ONLINE"))
            self.assertIn("rpool/ROOT/default", [row["name"] for row in answer["datasets"]])
            status = await self.good(client, "zfs_status")
            mirror = status["pools"][0]["vdevs"][0]["children"][0]
            self.assertEqual([(vdev["name"], vdev["state"]) for vdev in mirror["children"]], [("/dev/vda2", "ONLINE"), ("/dev/vdb2", "DEGRADED")])
            self.assertIn("pool: rpool", status["output"])
            history = await self.good(client, "capacity_history", pool="rpool")
            self.assertEqual(history["samples"][0]["size"], 10737418240)
            self.assertEqual((await self.good(client, "infra_status"))["pools"], {"rpool": "ONLINE"})

    async def test_a_snapshot_from_beginning_to_end(self):
        async with self.client() as client:
            taken = await self.good(client, "snapshot_take", dataset="rpool/home", reason="before the move")
            self.assertRegex(taken["ts"], r"^20\d{6}T\d{6}Z$")
            self.assertEqual(taken["commands"], ["ksnap take rpool/home -m 'before the move'"])
            snapshots = (await self.good(client, "snapshot_list", dataset="rpool/home"))["snapshots"]
            name = snapshots[0]["name"]
            self.assertTrue(name.startswith("rpool/home@ksnap-before-the-move-"))
            self.assertEqual(snapshots[0]["taken_by"], "ksnap")
            await self.good(client, "snapshot_hold", name=name, reason="keep")
            self.assertEqual((await self.good(client, "snapshot_list", dataset="rpool/home"))["snapshots"][0]["holds"], 1)
            self.assertEqual((await client.ask("snapshot_destroy", name=name))["code"], "failed")
            await self.good(client, "snapshot_release", name=name)
            loss = await self.good(client, "snapshot_loss", name=name)
            self.assertEqual((loss["newer"], loss["running"]), ([], False))
            self.machine.fake("set", "rpool/home", f"written@{name.split('@')[1]}=4096")
            self.assertEqual((await self.good(client, "snapshot_loss", name=name))["written"], 4096)
            await self.good(client, "snapshot_rollback", name=name)
            await self.good(client, "snapshot_destroy", name=name)
            self.assertEqual((await self.good(client, "snapshot_list", dataset="rpool/home"))["total"], 0)
            self.assertEqual((await client.ask("snapshot_loss", name=name))["code"], "failed")

    async def test_a_boot_environment_from_beginning_to_end(self):
        async with self.client() as client:
            await self.good(client, "be_create", name="next")
            environments = (await self.good(client, "be_list"))["environments"]
            self.assertEqual([(item["name"], item["running"]) for item in environments], [("default", True), ("next", False)])
            await self.good(client, "be_activate", name="next")
            self.assertIn("next\tR\t", (await self.good(client, "be_list"))["output"])
            self.assertEqual((await client.ask("be_destroy", name="next"))["code"], "failed")  # it is what boots
            await self.good(client, "be_activate", name="default")
            await self.good(client, "be_rename", name="next", new="later")
            await self.good(client, "be_destroy", name="later")
            self.assertEqual(len((await self.good(client, "be_list"))["environments"]), 1)
            events = (await self.good(client, "db_events", limit=50))["events"]
            self.assertIn("be_destroy", [event["action"] for event in events])

    async def test_how_the_machine_is(self):
        async with self.client() as client:
            status = (await self.good(client, "status"))["status"]
            self.assertEqual(status["host"], "web-01")
            self.assertEqual(status["pools"][0]["pool"], "rpool")
            self.assertEqual((await client.ask("install", disk="/dev/vda"))["code"], "not_available")
            self.assertEqual((await self.good(client, "ui_mode"))["role"], "machine")
            audit = await self.good(client, "run_audit")
            self.assertIn("open ports", [item["name"] for item in audit["results"]])
            self.assertEqual(next(item["status"] for item in audit["results"] if item["name"] == "open ports"), "ok")

    async def test_updates_are_checked_and_run_with_every_line_told(self):
        async with self.client() as client:
            found = (await self.good(client, "update_check"))["updates"]
            self.assertEqual(found["upgrades"][0]["name"], "openssl")
            done = await self.good(client, "update_run", security=True)
            self.assertEqual((done["rc"], done["commands"]), (0, ["kupgrade --yes --security"]))
            self.assertEqual([event["line"] for event in client.events if event["type"] == "log_line"][0], "kupgrade: fetching")
            await self.good(client, "update_undo")

    async def test_updates_come_from_a_medium_too(self):
        async with self.client() as client:
            media = (await self.good(client, "update_media"))["media"]
            self.assertEqual([item["path"] for item in media], ["/dev/sdb", "/dev/sdc1", "/dev/sr0"])
            found = (await self.good(client, "update_check", **{"from": "/dev/sdb"}))["updates"]
            self.assertEqual(found["upgrades"][0]["name"], "linux-image-6.12.118")
            done = await self.good(client, "update_run", **{"from": "/media/ada/Stick ä/delta.img"})
            self.assertEqual(done["commands"], ["kupgrade --yes --from '/media/ada/Stick ä/delta.img'"])
            self.assertIn("no medium of kldload", (await client.ask("update_check", **{"from": "/dev/sdc1"}))["msg"])
            for wrong in ("--apply-now", "dev/sdb", "/dev/sdb;reboot", "/dev/$(id)", "/a\nb", "", "/"):
                self.assertEqual((await client.ask("update_run", **{"from": wrong}))["code"], "bad_argument", wrong)

    async def test_logs_are_read_filtered_and_followed(self):
        log = self.machine.write("var/log/kldload/firstboot.log", "one\ntwo\nthree\n")
        async with self.client() as client:
            self.assertEqual((await self.good(client, "read_log", log="firstboot"))["lines"], ["one", "two", "three"])
            self.assertEqual((await self.good(client, "read_log", log="firstboot", filter="T"))["lines"], ["two", "three"])
            self.assertEqual((await client.ask("read_log", log="../../etc/shadow"))["code"], "bad_argument")
            self.assertEqual((await client.ask("read_log", log="shadow"))["code"], "bad_argument")
            await self.good(client, "tail_log", log="firstboot")
            await client.until(lambda event: event.get("line") == "three")
            with open(log, "a", encoding="ascii") as file:
                file.write("four\n")
            self.assertEqual((await client.until(lambda event: event.get("line") == "four"))["log"], "firstboot")
            await self.good(client, "tail_log", log="journal", unit="ssh.service")
            await client.until(lambda event: "later" in event.get("line", ""))
            await self.good(client, "tail_stop")
            errors = await self.good(client, "read_log", log="journal", priority="err")
            self.assertEqual([line.split("web-01 ")[1] for line in errors["lines"]], ["kernel: I/O error, dev sda"])
            self.assertIn("--priority=err", errors["commands"][0])
            self.assertEqual((await client.ask("read_log", log="journal", priority="err --all"))["code"], "bad_argument")
            self.assertIn("firstboot", [item["key"] for item in (await self.good(client, "log_list"))["logs"]])

    async def test_what_the_first_boot_is_at_and_what_of_it_failed(self):
        """By the kldload-firstboot of the machine."""
        root = self.machine.root
        for name, script in (("10-slow", f'until [ -e "{root}/go-on" ]; do sleep 0.1; done'), ("20-bad", '[ -e "$0-mended" ]')):
            self.machine.write(f"firstboot.d/{name}", f"#!/bin/bash\n{script}\n").chmod(0o755)
        tool = pathlib.Path((root / "target-tools").read_text().strip()) / "usr/sbin/kldload-firstboot"
        command, environment = [str(tool), "run"], {**self.machine.env, "KLDLOAD_STATE": f"{root}/var/lib/kldload", "KLDLOAD_FIRSTBOOT": f"{root}/firstboot.d",
                                                    "KLDLOAD_LOG": f"{root}/var/log/kldload", "KLDLOAD_TMP": str(root)}
        async with self.client() as client:
            async def said():
                return (await self.good(client, "system_info"))["data"]["firstboot"]

            self.assertIsNone(await said())
            running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                while running.poll() is None and not (root / "var/lib/kldload/firstboot/10-slow").exists():
                    await asyncio.sleep(0.05)
                self.assertEqual(await said(), "10-slow")
            finally:
                self.machine.write("go-on")
                running.wait(20)
            self.assertEqual(await said(), "20-bad failed (kldload-firstboot log)")
            self.machine.write("firstboot.d/20-bad-mended")
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
            self.assertIsNone(await said())

    async def test_an_answer_may_be_as_long_as_a_log_and_one_that_is_too_long_ends_no_connection(self):
        self.machine.write("var/log/kldload/firstboot.log", ("x" * 200 + "\n") * 30000)
        async with self.client() as client:
            self.assertEqual(len((await self.good(client, "read_log", log="firstboot"))["lines"]), 2000)
            for _ in range(19):
                await self.good(client, "db_save", db_type="big", name="one", data="y" * 900000)
            answer = await client.ask("db_export")
            self.assertEqual((answer["type"], answer["code"]), ("error", "too_large"))
            for item in (await self.good(client, "db_list"))["items"][3:]:
                await self.good(client, "db_delete", template=item["id"])
            self.assertEqual(len((await self.good(client, "db_export"))["data"]["templates"]), 3)


if __name__ == "__main__":
    unittest.main()
