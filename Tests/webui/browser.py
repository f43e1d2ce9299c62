"""Chromium, driven over its DevTools protocol: a page, what it says and does, and what it looks like."""
import asyncio
import base64
import contextlib
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request

import websockets


class Browser:
    """One Chromium, with a profile of its own."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0", "--no-first-run", "--ignore-certificate-errors",
             "--disable-background-networking", "--disable-component-update", f"--user-data-dir={self.folder}", "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port = pathlib.Path(self.folder, "DevToolsActivePort")
        until = time.monotonic() + 60
        while not port.exists() or not port.read_text().strip():
            if time.monotonic() > until or self.process.poll() is not None:
                raise AssertionError("Chromium did not start")
            time.sleep(0.05)
        self.port = port.read_text().split()[0]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.asynccontextmanager
    async def page(self, address, width=1280, height=900, scheme="dark", language="en"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/json/new?about:blank", method="PUT")
        target = json.load(urllib.request.urlopen(request, timeout=20))
        async with websockets.connect(target["webSocketDebuggerUrl"], max_size=2**27) as connection:
            page = Page(connection)
            try:
                await page.begin(address, width, height, scheme, language)
                yield page
            finally:
                page.reading.cancel()
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/json/close/{target['id']}", timeout=20).read()


class Page:
    def __init__(self, connection):
        self.connection, self.number, self.waiting, self.complaints = connection, 0, {}, []

    async def begin(self, address, width, height, scheme, language):
        self.reading = asyncio.ensure_future(self.read())
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")
        await self.look_at(width, height, scheme)
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=f"Object.defineProperty(navigator, 'language', {{value: {language!r}}})")
        await self.call("Page.navigate", url=address)
        await self.until("document.readyState === 'complete'")

    async def look_at(self, width, height=900, scheme="dark"):
        await self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}])

    async def read(self):
        async for text in self.connection:
            message = json.loads(text)
            if "id" in message:
                self.waiting.pop(message["id"]).set_result(message)
            elif message["method"] == "Runtime.exceptionThrown":
                detail = message["params"]["exceptionDetails"]
                self.complaints.append(detail.get("exception", {}).get("description", detail["text"]))
            elif message["method"] == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                entry = message["params"]["entry"]
                self.complaints.append(f"{entry['text']} {entry.get('url', '')}")

    async def call(self, method, **parameters):
        self.number += 1
        answer = self.waiting[self.number] = asyncio.get_running_loop().create_future()
        await self.connection.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        message = await asyncio.wait_for(answer, 60)
        if "error" in message:
            raise AssertionError(f"{method}: {message['error']}")
        return message["result"]

    async def run(self, script):
        """The value of an expression in the page."""
        answer = await self.call("Runtime.evaluate", expression=f"(async () => ({script}))()", awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"].get("exception", {}).get("description", answer["exceptionDetails"]["text"]))
        return answer["result"].get("value")

    async def until(self, script, seconds=20):
        limit = time.monotonic() + seconds
        while True:
            with contextlib.suppress(AssertionError):  # the page may be on its way to another one
                if await self.run(f"Boolean({script})"):
                    return
            if time.monotonic() > limit:
                raise AssertionError(f"this did not become true: {script}\nthe page says: {await self.run('document.body.innerText')}\n{self.complaints}")
            await asyncio.sleep(0.05)

    async def see(self, text, seconds=20):
        await self.until(f"document.body.innerText.includes({json.dumps(text)})", seconds)

    async def type(self, selector, text):
        """As a person types: the field has the focus, and each letter comes by the keyboard."""
        await self.run(f"(document.querySelector({json.dumps(selector)}).focus(), document.querySelector({json.dumps(selector)}).select?.())")
        await self.call("Input.insertText", text=text)

    async def click(self, selector, text=None):
        """With the mouse, where it is: what lies under something else or outside is not hit."""
        find = f"[...document.querySelectorAll({json.dumps(selector)})].find((e) => {json.dumps(text)} === null || e.textContent.includes({json.dumps(text)}))"
        await self.until(f"Boolean({find}) && !{find}.disabled")
        await self.run(f"{find}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = await self.run(f"(() => {{ const r = {find}.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] }})()")
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    async def key(self, name, code=None, **more):
        for kind in ("keyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=name, code=code or name, windowsVirtualKeyCode={"Tab": 9, "Enter": 13, " ": 32, "Escape": 27}.get(name, 0),
                            **({"text": "\r"} if name == "Enter" and kind == "keyDown" else {"text": " "} if name == " " and kind == "keyDown" else {}), **more)

    async def picture(self, path, whole=True):
        if whole:
            height = await self.run("document.documentElement.scrollHeight")
            width = await self.run("innerWidth")
            data = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip={"x": 0, "y": 0, "width": width, "height": min(height, 6000), "scale": 1})
        else:
            data = await self.call("Page.captureScreenshot", format="png")
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(path).write_bytes(base64.b64decode(data["data"]))
