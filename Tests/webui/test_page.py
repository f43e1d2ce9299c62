"""The page, in Chromium: every screen in both themes from a phone's width to 4K, a whole installation by mouse and one by keyboard, every error.

Pictures for people are put into the folder WEBUI_PICTURES.
"""
import asyncio
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import unittest

from browser import Browser, key_of_certificate
from machine import LIVE, Machine

PICTURES = os.environ.get("WEBUI_PICTURES")
LOOKS = [(390, "dark"), (1280, "dark"), (2560, "dark"), (3840, "dark"), (390, "light"), (800, "light"), (1280, "light"), (3840, "light")]


class Texts(unittest.TestCase):
    def test_each_text_is_shown_somewhere_and_there_in_both_languages(self):
        scripts = LIVE / "usr/local/share/kldload-webui/js"
        table = re.search(r"const TEXTS = \{(.*?)\n\};", (scripts / "texts.js").read_text(), re.S)[1]
        code = "".join((scripts / name).read_text() for name in ("page.js", "installer.js", "machine.js"))
        made = [re.escape(word).replace(r"\$\{\}", "[a-z0-9]+") for word in re.findall(r"`([a-z_]*\$\{\}[a-z_]*)`", re.sub(r"\$\{[^}]*\}", "${}", code))]
        keys = re.findall(r'(?:^|[ ,])([a-z_0-9]+): \["', table, re.M)
        self.assertGreater(len(keys), 150)
        self.assertEqual([key for key in keys if f'"{key}"' not in code and not any(re.fullmatch(word, key) for word in made)], [])
        self.assertEqual(len(keys), len(set(keys)))
        self.assertEqual(len(keys), len(re.findall(r'[a-z_0-9]+: \["(?:[^"\\]|\\.)+", "(?:[^"\\]|\\.)+"\]', table)))


class InChromium(unittest.IsolatedAsyncioTestCase):
    live, tick, medium = True, "0.1", ("debian:13:core server", "ubuntu:24.04:server")

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.stop()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.machine = Machine(self.folder.name, live=self.live, medium=self.medium, tick=self.tick).start()
        self.addCleanup(self.machine.end)
        self.address = f"http://127.0.0.1:{self.machine.port}/"

    def page(self, **more):
        return self.browser.page(self.address, **more)

    async def enter(self, page):
        await page.until("document.querySelector('#code')")
        await page.run("document.querySelector('#code').closest('details')?.setAttribute('open', '')")
        await page.type("#code", self.machine.code())
        await page.click("button[type=submit]")
        await page.until("document.querySelector('.installer, .progress, main .card, main .log')")

    async def judge(self, page, name):
        """Looks at a screen in every way, and finds nothing wrong with it."""
        for width, scheme in LOOKS:
            await page.look_at(width, 900, scheme)
            await page.run(f"document.documentElement.dataset.theme = '{scheme}'")
            await asyncio.sleep(0.1)
            if PICTURES:
                await page.picture(pathlib.Path(PICTURES) / f"{name}-{width}-{scheme}.png")
            self.assertEqual(await page.faults(), [], f"{name} {width} {scheme}")
        await page.look_at(1280, 900, "dark")
        await page.run("document.documentElement.dataset.theme = 'dark'")
        self.assertEqual(page.complaints, [])

    async def saved_file(self, path):
        """What the browser has put there, once it is whole."""
        for _ in range(100):
            if path.exists():
                return path.read_text()
            await asyncio.sleep(0.1)
        self.fail(f"{path} was not saved")

    async def confirm(self, page, word):
        await page.until("document.querySelector('dialog[open] #typed')")
        self.assertTrue(await page.run("document.querySelector('dialog [type=submit]').disabled"))
        await page.type("#typed", word)
        await page.click("dialog [type=submit]")


class Installer(InChromium):
    async def test_from_login_to_the_end_with_reloads_and_a_second_browser(self):
        async with self.page() as page:
            await page.until("document.querySelector('#code')")
            await self.judge(page, "login")
            await page.type("#code", "AAAA-AAAA")
            await page.click("button[type=submit]")
            await page.see("That was not right.")
            page.complaints.clear()  # the 401
            await self.enter(page)
            await page.see("Debian 13")
            await page.see("recommended")
            await page.see("1 to settle")
            await self.judge(page, "install")
            # a check of the installer's, at the field, while it is typed
            await page.type("#KLDLOAD_HOSTNAME", "-web-")
            await page.until("document.querySelector('#KLDLOAD_HOSTNAME-problem').textContent.includes(\"can't be\")")
            self.assertEqual(await page.run("document.querySelector('#KLDLOAD_HOSTNAME').getAttribute('aria-invalid')"), "true")
            await page.type("#KLDLOAD_HOSTNAME", "web-01")
            await page.type("#KLDLOAD_PASSWORD", "correct horse")
            await page.type("#KLDLOAD_PASSWORD-again", "correct hors")
            await page.see("That is not the same twice.")
            await page.type("#KLDLOAD_PASSWORD-again", "correct horse")
            # several disks make a pool, with what each way costs
            await page.click("label.choice", "vda")
            await page.see("Room for 20 GB")
            await page.click("label.choice", "vdb")
            await page.click("label.choice", "raidz")
            await page.until("document.querySelector('.answers pre').textContent.includes(\"KLDLOAD_ZFS_TOPOLOGY='raidz'\")")
            await page.click("label.choice", "nvme0n1")
            await page.until("document.querySelector('.answers pre').textContent.includes(\"KLDLOAD_DISK='/dev/vda /dev/vdb'\") && document.querySelector('.answers pre').textContent.includes(\"TOPOLOGY='mirror'\")")
            await page.click("label.choice", "AES-256-GCM")
            await page.type("#KLDLOAD_ZFS_PASSPHRASE", "a passphrase")
            await page.type("#KLDLOAD_ZFS_PASSPHRASE-again", "a passphrase")
            await page.see("The installer has nothing against these answers.")
            # that was said of those answers, and of no others
            self.assertFalse(await page.run("document.querySelector('#go').disabled"))
            self.assertTrue(await page.run("(form.set('KLDLOAD_HOSTNAME', '-web-'), document.querySelector('#go').disabled)"))
            self.assertTrue(await page.run("(form.set('KLDLOAD_HOSTNAME', 'web-01'), document.querySelector('#go').disabled)"))
            await page.see("The installer has nothing against these answers.")
            # what core has none of is in no answer for it, and comes back with server
            await page.choose("#KLDLOAD_WEBUI", "lan")
            await page.click("label.choice:has([value=core])")
            await page.until("document.querySelector('.answers pre').textContent.includes(\"'core'\") && !document.querySelector('.answers pre').textContent.includes('WEBUI')")
            await page.see("The installer has nothing against these answers.")
            await page.click("label.choice:has([value=server])")
            await page.until("document.querySelector('.answers pre').textContent.includes(\"KLDLOAD_WEBUI='lan'\")")
            await page.choose("#KLDLOAD_WEBUI", "local")
            await page.see("The installer has nothing against these answers.")
            text = await page.run("document.body.innerText")
            self.assertNotIn("correct horse", text)
            self.assertNotIn("a passphrase", text)
            self.assertEqual(await page.run("document.querySelector('#state').textContent"), "complete")
            await self.judge(page, "install-complete")
            await page.click("#go")
            if PICTURES:
                await page.picture(pathlib.Path(PICTURES) / "confirm.png", whole=False)
            self.machine.write("tick", "2")  # until all have looked
            await self.confirm(page, "vda vdb")
            await page.see("Installing")
            await page.until("document.querySelectorAll('.steps-list li').length > 1")
            await self.judge(page, "installing")
            await page.call("Page.reload")
            await page.until("document.querySelectorAll('.steps-list li').length > 2")
            async with self.page(width=390) as other:  # a second window of the same browser is logged in already
                await other.see("Installing")
                self.machine.write("tick", "0.05")
                await other.see("Installed", 60)
            await page.see("Installed", 60)
            await page.see("Restart")
            log = (self.machine.root / "var/log/installer/kldload-installer.log").read_text().split("\n")[:-1]
            self.assertEqual(await page.run("[...document.querySelectorAll('.log > div')].map((e) => e.textContent.replace(/^ $/, ''))"), log)
            await self.judge(page, "installed")
            await page.call("Page.reload")
            await page.see("Installed")
        answers = (self.machine.root / "installed-with").read_text()
        for line in ("KLDLOAD_DISK='/dev/vda /dev/vdb'", "KLDLOAD_ZFS_TOPOLOGY='mirror'", "KLDLOAD_FORCE_WIPE='1'", "KLDLOAD_PASSWORD='correct horse'", "KLDLOAD_ZFS_PASSPHRASE='a passphrase'", "KLDLOAD_HOSTNAME='web-01'"):
            self.assertIn(line, answers.splitlines())

    async def test_a_failure_has_its_reason_and_a_way_back_to_the_answers(self):
        self.machine.write("fail-in", "partitions")
        async with self.page() as page:
            await self.enter(page)
            await page.type("#KLDLOAD_PASSWORD", "x")
            await page.type("#KLDLOAD_PASSWORD-again", "x")
            await page.see("The installer has nothing against")
            await page.click("#go")
            await self.confirm(page, "nvme0n1")
            await page.see("The installation failed")
            await page.see("sgdisk")
            await self.judge(page, "failed")
            saved = self.machine.root / "saved"
            await page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(saved))
            await page.click("button", "Log: download")
            self.assertEqual(await self.saved_file(saved / "kldload-installer.log"), (self.machine.root / "var/log/installer/kldload-installer.log").read_text())
            await page.click("button", "Back to the answers")
            await page.see("The installer has nothing against")
            self.machine.write("fail-in", "")
            await page.click("#go")
            await self.confirm(page, "nvme0n1")
            await page.see("Installed", 60)

    async def test_the_network_goes_away_and_both_processes_too(self):
        async with self.page() as page:
            await self.enter(page)
            await page.see("Debian 13")
            self.machine.stop()
            await page.see("connection lost")
            self.machine.start()
            await page.see("connected", 30)
            await page.see("Debian 13")

    async def test_the_helper_alone_is_missing(self):
        self.machine.helper.terminate()
        self.machine.helper.wait()
        self.machine.processes.remove(self.machine.helper)
        async with self.page() as page:
            await page.see("does not answer")

    async def test_answers_are_loaded_as_a_shell_would_read_them(self):
        async with self.page() as page:
            await self.enter(page)
            await page.see("Debian 13")
            text = "export KLDLOAD_HOSTNAME=web-02\nKLDLOAD_TIMEZONE='Europe/Vienna' # home\nKLDLOAD_PASSWORD='it'\\''s'\nKLDLOAD_KERNEL_OPTIONS=\"a \\\"b\\\"\"\n"
            await page.load("#load", "web.env", "# of before\n" + text)
            await page.see("4 answers from web.env.")
            self.assertEqual(await page.run("document.querySelector('#KLDLOAD_HOSTNAME').value"), "web-02")
            self.assertEqual(await page.run("form.values.KLDLOAD_PASSWORD"), "it's")
            self.assertEqual(await page.run("form.values.KLDLOAD_KERNEL_OPTIONS"), 'a "b"')
            whole = await page.run("form.text(true)")
            shell = subprocess.run(["bash", "-c", whole + 'printf "%s|%s|%s" "$KLDLOAD_PASSWORD" "$KLDLOAD_TIMEZONE" "$KLDLOAD_KERNEL_OPTIONS"'], capture_output=True, text=True, check=True).stdout
            self.assertEqual(shell, "it's|Europe/Vienna|a \"b\"")
            await page.load("#load", "bad.env", "what is this\n" + text)
            await page.see("bad.env, line 1: this is no NAME=value")
            # what nobody knows is judged by the installer, as in a file of its own, and not dropped
            await page.load("#load", "typo.env", "KLDLOAD_HOSTNAM=web-03\n")
            await page.see("1 answer from typo.env.")
            await page.see("there is no variable KLDLOAD_HOSTNAM (did you mean KLDLOAD_HOSTNAME?)")
            self.assertTrue(await page.run("document.querySelector('#go').disabled"))
            await page.load("#load", "film.env", "KLDLOAD_HOSTNAME=" + "a" * 2**20)
            await page.see("film.env is too large: 1.0 MB; 256 KB at most")
            await page.see("did you mean")

    async def test_a_word_without_an_end_breaks_no_screen(self):
        async with self.page(width=390) as page:
            await self.enter(page)
            await page.see("Debian 13")
            await page.type("#KLDLOAD_HOSTNAME", "a" * 500)
            await page.see("aaaa\": it has letters")
            self.assertEqual(await page.faults(), [])

    async def test_an_image_has_its_fields_when_it_is_wanted(self):
        async with self.page() as page:
            await self.enter(page)
            await page.see("Debian 13")
            self.assertFalse(await page.run("document.querySelector('[id^=KLDLOAD_EXPORT_SCP]')"))
            await page.choose("#KLDLOAD_EXPORT_FORMAT", "qcow2")
            await page.see("Sent to another machine, by ssh")
            await page.see("where to? KLDLOAD_EXPORT_TO or KLDLOAD_EXPORT_SCP_HOST")
            await page.type("#KLDLOAD_EXPORT_SCP_HOST", "images.example.org")
            await page.type("#KLDLOAD_EXPORT_SCP_PASSWORD", "correct horse")
            await page.choose("#KLDLOAD_EXPORT_SCP_TRUST", "first")
            await page.until("document.querySelector('.answers pre').textContent.includes(\"KLDLOAD_EXPORT_SCP_HOST='images.example.org'\")")
            await page.until("!document.querySelector('#problems').textContent.includes('KLDLOAD_EXPORT')")
            self.assertNotIn("correct horse", await page.run("document.body.innerText"))
            self.assertEqual(await page.run("document.querySelector('#KLDLOAD_EXPORT_SCP_PASSWORD').type"), "password")
            await page.run("document.querySelector('#export details').open = true")
            await self.judge(page, "export")
            for _ in range(2):
                self.assertEqual(await page.run("[...document.querySelectorAll('.step [id^=KLDLOAD_]:is(input, select, textarea)')].map((e) => e.id).filter((id) => !ANSWERS[id.replace('-again', '')]?.every(Boolean))"), [])
                await page.click("header button[lang]")
            await page.choose("#KLDLOAD_EXPORT_FORMAT", "none")
            await page.until("!document.querySelector('[id^=KLDLOAD_EXPORT_SCP]') && !document.querySelector('.answers pre').textContent.includes('EXPORT')")

    async def test_what_a_file_says_of_an_image_that_is_not_made_is_shown_and_judged(self):
        async with self.page() as page:
            await self.enter(page)
            await page.see("Debian 13")
            await page.load("#load", "a.env", "KLDLOAD_EXPORT_TO=/mnt/images\n")
            await page.see("KLDLOAD_EXPORT_TO is there, but KLDLOAD_EXPORT_FORMAT is none")
            self.assertEqual(await page.run("document.querySelector('#KLDLOAD_EXPORT_TO').value"), "/mnt/images")

    async def test_a_disk_with_data_is_wiped_when_its_name_was_typed(self):
        async with self.page() as page:
            await self.enter(page)
            await page.click("button", "Wipe sda")
            await self.confirm(page, "sda")
            await page.see("kldload-wipe --yes /dev/sda")
        self.assertEqual((self.machine.root / "wiped").read_text(), "--yes /dev/sda\n")

    async def test_a_reload_keeps_the_answers_but_no_secret(self):
        async with self.page() as page:
            await self.enter(page)
            await page.see("Debian 13")
            await page.type("#KLDLOAD_HOSTNAME", "web-07")
            await page.click("label.choice", "vdb")
            await page.type("#KLDLOAD_PASSWORD", "correct horse")
            await page.see("KLDLOAD_PASSWORD=(secret)")
            await page.call("Page.reload")
            await page.see("KLDLOAD_HOSTNAME='web-07'")
            await page.see("KLDLOAD_DISK='/dev/nvme0n1 /dev/vdb'")
            self.assertEqual(await page.run("document.querySelector('#KLDLOAD_PASSWORD').value"), "")
            self.assertNotIn("correct horse", await page.run("JSON.stringify([{...sessionStorage}, {...localStorage}])"))
            await page.click("button", "Log out")
            await page.until("document.querySelector('#code')")
            self.assertEqual(await page.run("sessionStorage.length"), 0)

    async def test_what_is_drawn_at_once_is_put_right_while_somebody_is_about_it(self):
        async with self.page() as page:
            await self.enter(page)
            await page.see("Wipe sda")
            await page.type("#KLDLOAD_HOSTNAME", "web-07")
            self.machine.program("wipefs", "case ${!#} in /dev/nvme0n1) echo 'zfs_member tank' ;; esac")
            await page.call("Page.reload")
            await page.see("Debian 13")
            await page.run("document.querySelector('#KLDLOAD_HOSTNAME').focus()")
            await page.see("Wipe nvme0n1")
            await page.until("!document.body.innerText.includes('Wipe sda')")
            self.assertEqual(await page.run("document.activeElement.id"), "KLDLOAD_HOSTNAME")

    async def test_what_could_not_be_wiped_is_not_said_to_be(self):
        self.machine.program("kldload-wipe", "echo 'kldload: /dev/sda is in use: it is mounted' >&2; exit 1")
        async with self.page() as page:
            await self.enter(page)
            await page.click("button", "Wipe sda")
            await self.confirm(page, "sda")
            await page.until("document.querySelector('.said .bad')?.textContent.includes('it is mounted')")
            self.assertFalse(await page.run("[...document.querySelectorAll('.said > div')].some((e) => e.textContent.startsWith('ran:'))"))

    async def test_a_password_and_its_repetition_stand_side_by_side(self):
        async with self.page() as page:
            await self.enter(page)
            await page.see("Debian 13")
            for width in (1280, 2560, 3840):
                await page.look_at(width)
                self.assertEqual(await page.run("document.querySelector('#KLDLOAD_PASSWORD').getBoundingClientRect().top === document.querySelector('#KLDLOAD_PASSWORD-again').getBoundingClientRect().top"), True, width)

    async def test_by_keyboard_alone_in_german(self):
        async with self.page(language="de-AT") as page:
            await page.see("Anmelden")
            await page.call("Input.insertText", text=self.machine.code())  # the field has the focus already
            await page.key("Enter")
            await page.see("Was auf diesem Medium ist")
            await page.run("document.querySelector('#KLDLOAD_PASSWORD').focus()")
            await page.call("Input.insertText", text="correct horse")
            await page.key("Tab")
            await page.call("Input.insertText", text="correct horse")
            await page.see("nichts einzuwenden")
            for _ in range(60):  # on to the button, by the tabulator
                if await page.run("document.activeElement.id") == "go":
                    break
                await page.key("Tab")
            self.assertEqual(await page.run("document.activeElement.id"), "go")
            self.assertNotEqual(await page.run("getComputedStyle(document.activeElement).outlineStyle"), "none")
            await page.key("Enter")
            await page.until("document.activeElement.id === 'typed'")
            await page.call("Input.insertText", text="nvme0n1")
            await page.key("Enter")
            await page.see("Installiert", 60)

    async def test_the_qr_code_s_address_logs_in_and_leaves_no_code_in_it(self):
        async with self.browser.page(f"{self.address}#{self.machine.code()}") as page:
            await page.see("Debian 13")
            self.assertEqual(await page.run("location.hash"), "")
        async with self.browser.page(f"{self.address}#{self.machine.code()}") as page:  # who is in already needs none, and leaves none
            await page.see("Debian 13")
            self.assertEqual(await page.run("location.hash"), "")

    async def test_an_installation_that_somebody_else_begins_takes_the_place_of_the_question_before_one(self):
        self.machine.write("tick", "1")
        async with self.page() as page, self.page() as other:
            await self.enter(page)
            await other.call("Page.reload")
            for one in (page, other):
                await one.see("Debian 13")
                for name in ("KLDLOAD_PASSWORD", "KLDLOAD_PASSWORD-again"):
                    await one.type(f"#{name}", "correct horse")
                await one.see("The installer has nothing against")
                await one.click("#go")
                await one.until("document.querySelector('dialog[open] #typed')")
            await self.confirm(page, "nvme0n1")
            await other.until("document.querySelector('.progress') && !document.querySelector('dialog')")
            self.machine.write("tick", "0.02")
            await other.see("Installed", 60)

    async def test_over_tls(self):
        async with self.browser.page(f"https://127.0.0.1:{self.machine.tls_port}/") as page:
            await self.enter(page)
            await page.see("Debian 13")

    async def test_over_tls_with_a_certificate_that_was_compared(self):
        address = f"https://127.0.0.1:{self.machine.tls_port}/"
        right = key_of_certificate((self.machine.root / "var/lib/kldload-webui/tls.crt").read_text())
        for key, text in ((right, "The live system shows a code"), ("A" * 43 + "=", "ERR_CERT_AUTHORITY_INVALID")):
            browser = Browser(key)
            try:
                async with browser.page(address) as page:
                    await page.see(text)
            finally:
                browser.stop()

    async def test_who_may_only_look_can_press_nothing(self):
        async with self.page() as page:
            await self.enter(page)
            await page.run("(machine.session.rights = ['read'], location.hash = '#machine')")
            await page.see("Let somebody else in")
            self.assertEqual(await page.run("[...document.querySelectorAll('.section .buttons button')].filter((e) => !e.disabled && !/Look|^Export$/.test(e.textContent)).map((e) => e.textContent)"), [])

    async def test_the_other_screens_of_the_live_system(self):
        async with self.page() as page:
            await self.enter(page)
            for view, text in (("machine", "Live system"), ("storage", "There is no pool."), ("logs", "Started ssh.service")):
                await page.click("nav a", {"machine": "Machine", "storage": "Storage", "logs": "Logs"}[view])
                await page.see(text)
                await self.judge(page, f"live-{view}")
            await page.click("nav a", "Machine")
            await page.click("button", "Look what is open")
            await page.see("reachable: 22")
            await page.click("button", "Let somebody else in")
            await page.see("https://192.0.2.7:8443")

    async def test_the_core_edition_has_the_installer_and_storage(self):
        self.assertEqual(re.search(r'data-views="([^"]*)"', (LIVE / "usr/local/share/kldload-webui/core/index.html").read_text())[1], "install storage logs")
        self.machine.stop()
        self.machine.show("core")
        self.machine.start()
        async with self.page() as page:
            await self.enter(page)
            self.assertEqual(await page.run("[...document.querySelectorAll('nav[aria-label=Sections] a')].map((e) => e.textContent)"), ["Install", "Storage", "Logs"])


class OneProfile(InChromium):
    medium = ("fedora:41:core",)

    async def test_what_this_medium_has_is_chosen_and_the_rest_is_said_why(self):
        async with self.page() as page:
            await self.enter(page)
            await page.see("Fedora 41")
            await page.until("document.querySelector('.answers pre').textContent.includes(\"KLDLOAD_DISTRO='fedora'\")")
            await page.see("not on this medium; this installer takes nothing from a network")
            self.assertTrue(await page.run("document.querySelector('#KLDLOAD_WIREGUARD').disabled"))


class Installed(InChromium):
    live = False

    async def test_every_screen_and_what_is_done_there(self):
        for name in ("a", "b"):
            subprocess.run([str(self.machine.root / "bin/zfs"), "snapshot", f"rpool/home@{name}"], env=self.machine.env, check=True)
        self.machine.write("failed-units", "nginx.service loaded failed failed web\n")
        self.machine.write("var/log/kldload/firstboot.log", "one\ntwo errors\n")
        async with self.page() as page:
            await page.see("sudo kldload-webui code")
            await self.judge(page, "login-password")
            await self.enter(page)
            await page.see("Not healthy")
            await page.see("nginx.service")
            await self.judge(page, "machine")
            await page.click("button", "Restart it")
            await page.see("systemctl restart nginx.service")
            await page.click("button", "Store …")
            await page.type("dialog #provider", "scp")
            await page.type("dialog #password", "hunter2")
            await page.click("dialog [type=submit]")
            await page.see("password=••••")
            self.assertNotIn("hunter2", await page.run("document.documentElement.innerHTML"))
            async with self.machine.client(secret=self.machine.code()) as somebody:  # what others do is seen, too
                await somebody.ask("token_make", name="ci", days=1, read_only=True)
            await page.until("[...document.querySelectorAll('#events tr')].some((e) => e.textContent.includes('token_make') && e.textContent.includes('done'))")
            await page.click("button", "Restart …")
            await page.until("document.querySelector('dialog[open]')")
            await page.key("Escape")
            await page.until("!document.querySelector('dialog')")

            await page.click("nav a", "Storage")
            await page.see("too many errors")
            await self.judge(page, "storage")
            await page.click("button", "Take one")
            await page.type("dialog #reason", "by hand")
            await page.click("dialog [type=submit]")
            await page.see("ksnap take -m 'by hand'")
            await page.see("@ksnap-by-hand-")
            await page.click("tr:has(.mono) button", "Roll back")
            await page.until("document.querySelector('dialog[open]')")
            await page.key("Escape")
            await page.run("[...document.querySelectorAll('tr')].find((e) => e.textContent.includes('rpool/home@a')).querySelectorAll('button')[2].click()")
            await page.see("2 newer snapshots are lost, too")
            await page.see("rpool/home@b")
            if PICTURES:
                await page.picture(pathlib.Path(PICTURES) / "rollback.png", whole=False)
            await page.key("Escape")
            await page.click("button", "Create …")
            await page.type("dialog #name", "next")
            await page.click("dialog [type=submit]")
            await page.see("kbe create next")
            await page.until("[...document.querySelectorAll('td')].some((e) => e.textContent.includes('next'))")
            await page.click("tr button", "Boot once")
            await page.click("dialog [type=submit]")
            await page.see("kbe activate next --once")
            await page.click("tr button", "Destroy")
            await page.until("document.querySelector('dialog[open]')")

        async with self.page() as page:
            await page.see("Not healthy")  # logged in already, as the browser is
            await page.click("nav a", "Updates")
            await page.click("button", "Look what there is")
            await page.see("openssl")
            await page.see("Held back: linux-image-amd64")
            await self.judge(page, "updates")
            await page.click("button", "Upgrade …")
            await page.click("dialog label", "security")
            await page.click("dialog [type=submit]")
            await page.see("it will be tried at the next start")
            await page.click("nav a", "Logs")
            await page.until("document.querySelector('#which')")
            await page.run("(document.querySelector('#which').value = 'firstboot', document.querySelector('#which').onchange())")
            await page.see("two errors")
            await self.judge(page, "logs")
            await page.type("#wanted", "ONE")
            await page.until("document.querySelector('.log').innerText.trim() === 'one'")
            with open(self.machine.root / "var/log/kldload/firstboot.log", "a", encoding="ascii") as file:
                file.write("another one\n")
            await page.see("another one")
            # Who changes his mind while lines come sees each of them once.
            lines = [f"line {number}" for number in range(200)]
            (self.machine.root / "var/log/kldload/firstboot.log").write_text("\n".join(lines) + "\n")
            await page.run("document.querySelector('#wanted').value = ''")
            for _ in range(8):
                await page.run("document.querySelector('#which').onchange()")
                await asyncio.sleep(0.03)
            await page.see("line 199")
            await asyncio.sleep(1)
            self.assertEqual((await page.run("document.querySelector('.log').innerText")).split(), "\n".join(lines).split())

    async def test_the_journal_is_filtered_by_priority_and_only_the_journal(self):
        self.machine.write("var/log/kldload/firstboot.log", "one\n")
        async with self.page() as page:
            await self.enter(page)
            await page.click("nav a", "Logs")
            await page.choose("#which", "journal")
            await page.see("kernel: again")
            await self.judge(page, "logs-journal")
            lines = "document.querySelector('.log').innerText.split('\\n').filter(Boolean).map((line) => line.replace(/.*web-01 /, ''))"
            self.assertEqual(len(await page.run(lines)), 5)
            await page.choose("#priority", "warning")
            await page.until(f"{lines}.length === 3 && {lines}[2] === 'kernel: again'")
            self.assertIn("smartd", (await page.run(lines))[0])
            await page.choose("#priority", "err")
            await page.until(f"{lines}.join() === 'kernel: I/O error, dev sda,kernel: again'")
            await page.type("#wanted", "sda")
            await page.click("label", "Follow it")
            await page.until(f"{lines}.join() === 'kernel: I/O error, dev sda'")
            await page.run("document.querySelector('#wanted').value = ''")
            await page.choose("#which", "firstboot")  # which has no priorities
            await page.until("document.querySelector('.log').innerText.trim() === 'one' && !document.querySelector('#priority').checkVisibility()")

    async def test_a_token_for_a_program_is_made_shown_once_and_revoked(self):
        async with self.page() as page:
            await self.enter(page)
            await page.see("Tokens for programs")
            await page.click("button", "Make one …")
            self.assertEqual(await page.run("document.querySelector('dialog #days').value"), "90")
            await page.type("dialog #name", "backup")
            await page.type("dialog #days", "7")
            await page.click("dialog label", "only look")
            await self.judge(page, "token-question")
            await page.click("dialog [type=submit]")
            await page.see("It is shown now, and never again.")
            token = await page.run("document.querySelector('dialog #token').textContent")
            self.assertRegex(token, r"^[A-Za-z0-9_-]{43}$")
            await self.judge(page, "token")
            await page.key("Escape")
            await page.until("!document.querySelector('dialog')")
            row = "[...document.querySelectorAll('#tokens tbody tr')].find((e) => e.textContent.startsWith('backup'))"
            await page.until(f"{row}?.textContent.includes('only look')")
            self.assertNotIn(token, await page.run("document.documentElement.innerHTML + JSON.stringify([{...sessionStorage}, {...localStorage}])"))
            await page.click("button", "Make one …")
            await page.type("dialog #name", "backup")
            await page.key("Enter")
            await page.see("there is a token backup; revoke it first")
            await page.call("Page.reload")
            await page.until(row)
            self.assertNotIn(token, await page.run("document.documentElement.innerHTML"))
            await self.judge(page, "tokens")
            async with self.machine.client(secret=token) as program:
                self.assertEqual((await program.ask("ui_mode"))["rights"], ["read"])
                await page.click("#tokens button", "Revoke")
                await page.see("The program that has it is refused from then on.")
                await page.key("Escape")
                self.assertEqual((await program.ask("ping"))["type"], "pong")
                await page.click("#tokens button", "Revoke")
                await page.click("dialog [type=submit]")
                await page.until(f"!{row}")
                self.assertEqual((await program.ask("ping"))["code"], "unauthorized")

    async def test_what_the_page_keeps_is_saved_and_taken_back_with_what_that_overwrites(self):
        async def kept():
            async with self.machine.client(secret=self.machine.code()) as program:
                return (await program.ask("db_export"))["data"]

        async with self.machine.client(secret=self.machine.code()) as program:
            for name in ("blue", "green"):
                await program.ask("db_save", db_type="cluster", name=name, data={"of": name})
            await program.ask("db_node_register", hostname="web-01", role="server")
        saved = self.machine.root / "saved"
        async with self.page() as page:
            await self.enter(page)
            await page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(saved))
            await page.see("What this page keeps")
            await page.click("#state button", "Export")
            name = f"{os.uname().nodename}-state.json"
            text = await self.saved_file(saved / name)
            before = await kept()
            self.assertEqual({table: rows for table, rows in json.loads(text).items() if table != "events"}, {table: rows for table, rows in before.items() if table != "events"})
            # the same again overwrites nothing
            await page.load("#state-file", name, text)
            await page.see("templates: 2")
            await page.see("nodes: 1")
            await page.see("Nothing that is here is lost.")
            await self.judge(page, "import")
            await page.key("Escape")
            # what has the same number is overwritten, what has another one is put beside it; or what is here goes
            async with self.machine.client(secret=self.machine.code()) as program:
                await program.ask("db_delete", template=1)
                await program.ask("db_save", db_type="cluster", name="red", data={})
                await program.ask("db_node_register", hostname="web-01", role="core")
                await program.ask("db_node_register", hostname="web-02", role="core")
            await page.load("#state-file", name, text)
            await page.see("Overwritten here: 1.")
            await page.choose("dialog #mode", "replace")
            await page.see("All that is kept here is lost: 4.")
            await self.judge(page, "import-replace")
            await page.choose("dialog #mode", "merge")
            await page.see("Overwritten here: 1.")
            await page.click("dialog [type=submit]")
            await page.see("Imported: 3.")
            now = await kept()
            self.assertEqual([row["name"] for row in now["templates"]], ["blue", "green", "red"])
            self.assertEqual([(row["hostname"], row["role"]) for row in now["nodes"]], [("web-01", "server"), ("web-02", "core")])
            await page.load("#state-file", name, text)
            await page.choose("dialog #mode", "replace")
            await page.see("All that is kept here is lost: 5.")
            await page.click("dialog [type=submit]")
            await page.until("[...document.querySelectorAll('.said > div')].length && !document.querySelector('dialog')")
            for _ in range(100):
                now = await kept()
                if len(now["nodes"]) == 1:
                    break
            self.assertEqual({table: rows for table, rows in now.items() if table != "events"}, {table: rows for table, rows in before.items() if table != "events"})
            self.assertLess(len(before["events"]), len(now["events"]))  # this machine's own history is nobody's to overwrite
            # what is no such file changes nothing
            for wrong in ("KLDLOAD_HOSTNAME=web-02", "[]", "null", '{"templates": 5}', '{"templates": [5]}'):
                await page.load("#state-file", "wrong.json", wrong)
                await page.see("wrong.json is no export of this page.")
                await page.run("document.querySelector('.said').replaceChildren()")
            await page.load("#state-file", "other.json", '{"tokens": [{"id": 1}]}')
            await page.click("dialog [type=submit]")
            await page.see("there is no table tokens")
            await page.load("#state-file", "large.json", json.dumps({"templates": [{"id": 9, "name": "x" * 2**20}]}))
            await page.see("large.json is too large: 1.0 MB; 1.0 MB at most")
        self.assertEqual((await kept())["templates"], before["templates"])

    async def test_an_upgrade_says_what_would_change_runs_is_tried_and_says_how_it_ended(self):
        async with self.page() as page:
            await self.enter(page)
            await page.click("nav a", "Updates")
            await page.click("button", "Look what there is")
            await page.see("3.5.4-2")
            await page.click("button", "Upgrade …")
            await page.until("document.querySelector('dialog[open]')")
            await self.judge(page, "upgrade")
            await page.click("dialog [type=submit]")
            await page.see("Upgraded, beside the system that runs.")
            # from a medium: those that there are can be chosen, and it is taken as a whole
            await page.until("document.querySelector('#media [value=\"/dev/sdb\"]')?.textContent.includes('KLDLOAD_DELTA')")
            await page.type("#from", "/dev/sdc1")
            await page.click("button", "Look what there is")
            await page.see("/dev/sdc1 is no medium of kldload")
            await page.type("#from", "/dev/sdb")
            await page.click("button", "Look what there is")
            await page.see("6.12.118-1")
            await self.judge(page, "updates-medium")
            await page.click("button", "Upgrade …")
            self.assertFalse(await page.run("Boolean(document.querySelector('dialog #security'))"))
            await page.click("dialog [type=submit]")
            await page.see("kupgrade --yes --from /dev/sdb")
            await page.see("Upgraded, beside the system that runs.")
            await page.type("#from", " ")
            # what was taken back is said, and not how the trial went that is over
            await page.click("button", "Undo …")
            await page.click("dialog [type=submit]")
            await page.see("the one before boots again")
            # one that fails says so, and stays there to be read
            self.machine.program("kupgrade", "echo 'kupgrade: openssl can not be unpacked: no room' >&2; exit 1")
            await page.click("button", "Upgrade …")
            await page.click("dialog [type=submit]")
            await page.see("The upgrade failed (status 1). The system that runs is as it was.")
            await page.see("no room")
            # what waits to be tried, from whomever it comes, is said, and a restart is offered
            await page.click("nav a", "Storage")
            await page.click("button", "Create …")
            await page.type("dialog #name", "tonight")
            await page.click("dialog [type=submit]")
            await page.click("tr button", "Try it")
            await page.click("dialog [type=submit]")
            await page.see("on trial")
            await page.click("nav a", "Updates")
            await page.see("tonight waits to be tried at the next start.")
            await self.judge(page, "updates-waiting")
            await page.click("main button", "Restart …")
            await page.until("document.querySelector('dialog[open] #typed')")

    async def test_what_is_no_name_is_told_what_one_is_and_nothing_said_is_in_the_way(self):
        async with self.page() as page:
            await self.enter(page)
            await page.click("nav a", "Storage")
            await page.see("Boot environments")
            for name in ("../x", "ü", "-x", "a b"):
                await page.click("button", "Create …")
                await page.type("dialog #name", name)
                await page.click("dialog [type=submit]")
                await page.see("this is no name: letters, digits and . _ -, one of the former first, 100 at most")
            self.assertEqual(await page.run("document.querySelectorAll('.said > div').length"), 1)  # the same is said once
            await page.look_at(390)
            await page.click("button", "Take one")  # under what is said
            await page.until("document.querySelector('dialog #reason')")

    async def test_a_boot_environment_gets_another_name_unless_it_runs_boots_or_is_tried(self):
        async with self.page() as page:
            await self.enter(page)
            await page.click("nav a", "Storage")
            await page.see("Boot environments")
            rows = "[...document.querySelectorAll('tr')].filter((e) => e.textContent.includes('Rename')).map((e) => e.querySelector('strong').textContent)"
            self.assertEqual(await page.run(rows), [])  # there is but the one that runs
            for name in ("next", "tried"):
                await page.click("button", "Create …")
                await page.type("dialog #name", name)
                await page.click("dialog [type=submit]")
                await page.until(f"[...document.querySelectorAll('td strong')].some((e) => e.textContent === '{name}')")
            await page.click("tr:has(td):last-child button", "Try it")
            await page.click("dialog [type=submit]")
            await page.see("on trial")
            self.assertEqual(await page.run(rows), ["next"])
            await page.click("tr button", "Rename")
            self.assertEqual(await page.run("document.querySelector('dialog #new').value"), "next")
            await self.judge(page, "rename")
            await page.type("dialog #new", "tried")
            await page.key("Enter")
            await page.until("document.querySelector('.said .bad')?.textContent.includes('tried')")
            await page.click("tr button", "Rename")
            await page.type("dialog #new", "before the move")
            await page.key("Enter")
            await page.see("this is no name: letters, digits")
            await page.click("tr button", "Rename")
            await page.type("dialog #new", "before-the-move")
            await page.key("Enter")
            await page.see("kbe rename next before-the-move")
            await page.until("[...document.querySelectorAll('td strong')].some((e) => e.textContent === 'before-the-move')")
            await self.judge(page, "environments")
        names = subprocess.run([str(self.machine.root / "bin/zfs"), "list", "-H", "-o", "name"], env=self.machine.env, check=True, capture_output=True, text=True).stdout.split()
        self.assertIn("rpool/ROOT/before-the-move", names)
        self.assertNotIn("rpool/ROOT/next", names)

    async def test_going_back_loses_only_what_was_said_and_what_changed_is_shown_before(self):
        for name in ("a", "b"):
            subprocess.run([str(self.machine.root / "bin/zfs"), "snapshot", f"rpool/home@{name}"], env=self.machine.env, check=True)
        self.machine.fake("set", "rpool/home", "written@a=5242880")
        async with self.page() as page:
            await self.enter(page)
            await page.click("nav a", "Storage")
            await page.see("rpool/home@a")
            row = "[...document.querySelectorAll('tr')].find((e) => e.textContent.includes('rpool/home@a'))"
            await page.run(f"({row}.querySelectorAll('button')[2].focus(), {row}.querySelectorAll('button')[2].click())")
            await page.see("What was written since is lost: 5.0 MB.")
            await page.see("1 newer snapshot is lost, too:")
            await self.judge(page, "going-back")
            await page.key("Escape")
            await page.until("!document.querySelector('dialog')")
            self.assertEqual(await page.run("document.activeElement.textContent"), "Roll back")  # where the keyboard was
            await page.run(f"{row}.querySelectorAll('button')[2].click()")
            await self.confirm(page, "rpool/home")
            await page.see("ksnap rollback rpool/home@a --yes")
            await page.until("![...document.querySelectorAll('td')].some((e) => e.textContent.includes('rpool/home@b'))")

    async def test_an_image_of_the_machine_is_made_and_listed(self):
        self.machine.program("kexport", f"""echo "$*" >> "{self.machine.root}/exported"; echo 'sealed; this machine is as it was'
echo image > "{self.machine.root}/root/kldload-export-20261130-0412.$1" """)
        async with self.page() as page:
            await self.enter(page)
            await page.click("button", "Export …")
            await page.choose("dialog #format", "vmdk")
            await self.judge(page, "golden")
            await page.click("dialog [type=submit]")
            await page.see("kexport vmdk")
            await page.see("sealed; this machine is as it was")
            await page.see("kldload-export-20261130-0412.vmdk")
        self.assertEqual((self.machine.root / "exported").read_text(), "vmdk\n")

    async def test_a_long_command_is_followed_by_whoever_comes_and_rests_its_buttons(self):
        for program in ("kexport", "kupgrade"):
            self.machine.program(program, f"echo '{program} has begun'; while [ ! -e '{self.machine.root}/{program}-may-end' ]; do sleep 0.1; done; echo '{program} has ended'")
        async with self.page() as page:
            await self.enter(page)
            async with self.page() as other:  # another window, in which nobody has begun anything
                for view, program, words, runs in (("Machine", "kexport", ["Export …"], "An image is being made."),
                                                   ("Updates", "kupgrade", ["Upgrade …", "Look what there is", "Undo …"], "An upgrade runs.")):
                    can = [f"[...document.querySelectorAll('main button')].find((e) => e.textContent === {word!r} && !e.disabled)" for word in words]
                    for one in (page, other):
                        await one.click("nav a", view)
                        await one.until(" && ".join(can))
                    await page.click("button", words[0])
                    await page.click("dialog [type=submit]")
                    for one in (page, other):
                        await one.see(runs)
                        await one.until(f"!({' || '.join(can)})")
                    await other.call("Page.reload")
                    await other.see(runs)
                    await other.see(f"{program} has begun")
                    await other.until(f"!({' || '.join(can)})")
                    self.assertIn(f"# {program}", await other.run("document.querySelector('main .log').innerText"))
                    await self.judge(other, f"{program}-runs")
                    self.machine.write(f"{program}-may-end")
                    for one in (page, other):
                        await one.see(f"{program} has ended")
                        await one.until(" && ".join(can))
                        await one.until(f"!document.body.innerText.includes({runs!r})")
                    # where the keyboard was, unless somebody has gone on with it
                    self.assertEqual(await page.run("document.activeElement.textContent"), words[0])
                    self.assertEqual(await other.run("document.activeElement === document.body"), True)
                await other.see("Upgraded, beside the system that runs.")

    async def test_by_keyboard_alone(self):
        subprocess.run([str(self.machine.root / "bin/zfs"), "snapshot", "rpool/home@a"], env=self.machine.env, check=True)
        async with self.page() as page:
            await self.enter(page)

            async def on_to(text):
                for _ in range(60):
                    await page.key("Tab")
                    if await page.run("document.activeElement.textContent") == text:
                        return
                self.fail(f"the tabulator does not lead to {text}")

            await page.see("Not healthy")
            await page.run("document.querySelector('.skip').focus()")
            await on_to("Storage")
            await page.key("Enter")
            await page.see("rpool/home@a")
            self.assertEqual(await page.run("document.activeElement.textContent"), "Storage")  # and not at the beginning again
            await on_to("Hold")
            await page.key("Enter")
            await page.see("ksnap hold rpool/home@a")
            await page.see("Release")
            # what was drawn anew has not sent the keyboard back to the top
            self.assertEqual(await page.run("document.activeElement.tagName"), "MAIN")
            await on_to("Release")


# Notes when what a screen is for is drawn first: the browser's own paint of anything comes earlier, by the frame.
NOTE = """(() => {
  const watch = new MutationObserver(() => {
    if (!document.querySelector(SELECTOR)) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.useful = performance.now(); }));
  });
  watch.observe(document, { childList: true, subtree: true });
})()"""


class Quick(InChromium):
    """Loads without a cache. The best is judged, and looked for longer on a busy machine; the median is for people, beside the load."""
    loads, most = 9, 300

    async def painted(self, page, what, selector):
        first, useful = [], []
        note = await page.call("Page.addScriptToEvaluateOnNewDocument", source=NOTE.replace("SELECTOR", repr(selector)))
        while len(useful) < self.loads or (min(useful) >= self.most and len(useful) < 4 * self.loads):
            await page.call("Network.clearBrowserCache")
            await page.call("Page.reload", ignoreCache=True)
            await page.until("window.useful && performance.getEntriesByName('first-contentful-paint').length")
            first.append(await page.run("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
            useful.append(await page.run("useful"))
        await page.call("Page.removeScriptToEvaluateOnNewDocument", identifier=note["identifier"])
        load = pathlib.Path("/proc/loadavg").read_text().split()[0]
        print(f"\n  {what}: first paint {statistics.median(first):.0f} ms ({min(first):.0f} to {max(first):.0f}), "
              f"useful {statistics.median(useful):.0f} ms ({min(useful):.0f} to {max(useful):.0f}), load {load} of {os.cpu_count()} processors", end=" ")
        self.assertLess(min(useful), self.most, what)

    async def test_the_page_is_small(self):
        for edition in ("free", "core"):
            bytes_ = sum(path.stat().st_size for path in (LIVE / "usr/local/share/kldload-webui").rglob("*") if path.is_file() and path.parent.name in (edition, "css", "js"))
            print(f"{edition}: {bytes_ // 1024} KB", end=" ")
            self.assertLess(bytes_, 150 * 1024)

    async def test_something_useful_is_painted_in_less_than_three_tenths_of_a_second(self):
        for edition in ("free", "core"):
            self.machine.stop()
            self.machine.show(edition)
            self.machine.start()
            async with self.browser.page(self.address) as page:
                await page.call("Network.clearBrowserCookies")
                await page.call("Page.reload", ignoreCache=True)
                await page.until("document.querySelector('#code')")
                await self.painted(page, f"{edition}, login", "#code")
                await self.enter(page)
                await self.painted(page, f"{edition}, installer", ".installer .step")
                if edition == "free":
                    await page.click("nav a", "Machine")
                    await self.painted(page, "free, live machine", "main .card")


class QuickInstalled(Quick):
    live = False
    test_the_page_is_small = None

    async def test_something_useful_is_painted_in_less_than_three_tenths_of_a_second(self):
        async with self.page() as page:
            await page.until("document.querySelector('#code')")
            await self.painted(page, "installed, login", "#user")
            await self.enter(page)
            await self.painted(page, "installed, machine", "main .card")
            await page.see("Not healthy")


if __name__ == "__main__":
    unittest.main()
