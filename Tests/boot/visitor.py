"""People who look at a machine in QEMU by its page, in Chromium on this host: its network reaches nobody but a port of this host's loopback."""
import asyncio
import contextlib
import hashlib
import re
import ssl

from machine import Failure
from situation import BOOT_SECONDS, LOGS, do, network
from browser import Browser, key_of_certificate  # where situation looks, too

PATIENCE = 180  # seconds, for what a machine does at once that is not emulated
CODE = r"code (?:is )?([2-9A-Z]{4}-[2-9A-Z]{4})"
FINGERPRINT = r"the certificate's SHA-256 is ([0-9A-F:]{95})"


def reached_at(port):
    return network("restrict=on", f"hostfwd=tcp:127.0.0.1:{port}-:8443")


def judged_key(port, fingerprint):
    """The key that is served at this port, of a certificate that has just this fingerprint."""
    text = ssl.get_server_certificate(("127.0.0.1", port), timeout=PATIENCE)
    served = hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest().upper()
    if served != fingerprint.replace(":", ""):
        raise Failure(f"the console says that the certificate is {fingerprint}, and there is one with {served}")
    return key_of_certificate(text)


def from_console(machine, pattern):
    return re.search(pattern, machine.wait_for(pattern, machine.seconds() + BOOT_SECONDS))[1]


@contextlib.asynccontextmanager
async def person(key, port, name):
    """A person with a browser, whose last sight is kept where something goes wrong."""
    browser = Browser(key)
    try:
        async with browser.page(f"https://127.0.0.1:{port}/") as page:
            page.patience = PATIENCE
            try:
                yield page
            except (AssertionError, TimeoutError) as error:
                with contextlib.suppress(AssertionError, TimeoutError):  # it may have gone
                    await page.picture(f"{LOGS}/page-failed-{name}.png")
                raise Failure(f"the page: {error}") from None
    finally:
        browser.stop()


async def look(page, name, whole=True):
    await page.picture(f"{LOGS}/page-{name}.png", whole)
    if wrong := await page.faults():
        raise Failure(f"the page does not look right ({name}): {wrong}")


async def asked(machine, command):
    """What the machine itself says, on its console."""
    return await asyncio.to_thread(do, machine, command)


async def expect(machine, command, what):
    said = await asked(machine, command)
    if not any(what in line for line in said):
        raise Failure(f"{command} says nothing of {what}: {said}")


async def log_in_with_code(page, code):
    await page.see("The live system shows a code on its console.")
    await page.type("#code", code)
    await page.click("button[type=submit]")
