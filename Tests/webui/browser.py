"""Chromium, driven over its DevTools protocol: a page, what it says and does, and what it looks like."""
import asyncio
import base64
import contextlib
import hashlib
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request

import websockets


# Every text that is seen, against what is behind it: WCAG's contrast, 4.5, or 3 for large text. Text that is tiny, prose in lines that no eye
# follows. Fields without a name. Buttons that a table has to be scrolled for. Ids that are there twice. A phone makes its window as wide as what
# is in it, so the width is what was asked for.
JUDGE = """((width) => {
  const wrong = [];
  const colour = (text) => { const m = text.match(/[\\d.]+/g)?.map(Number) ?? [0, 0, 0, 0]; return text.startsWith("color(srgb") ? [m[0] * 255, m[1] * 255, m[2] * 255, m[3] ?? 1] : [m[0], m[1], m[2], m[3] ?? 1]; };
  const over = (front, back) => front.slice(0, 3).map((value, index) => value * front[3] + back[index] * (1 - front[3]));
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = (e) => { const layers = []; for (let at = e; at; at = at.parentElement) layers.push(colour(getComputedStyle(at).backgroundColor)); return layers.reverse().reduce((back, front) => over(front, back), [255, 255, 255]); };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement, text = walk.currentNode.textContent.trim(), style = getComputedStyle(e);
    if (!text || !e.checkVisibility({ visibilityProperty: true }) || e.closest("noscript, .only-heard, .skip, :disabled, option, datalist") || style.clipPath !== "none") continue;
    const back = behind(e), front = over(colour(style.color), back), [a, b] = [light(front), light(back)].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) wrong.push(`contrast ${ratio.toFixed(1)}: ${text.slice(0, 40)}`);
    if (parseFloat(style.fontSize) < 11.5) wrong.push(`tiny, ${style.fontSize}: ${text.slice(0, 40)}`);
    const range = document.createRange();
    range.selectNodeContents(walk.currentNode);
    const lines = new Set([...range.getClientRects()].map((line) => Math.round(line.top))).size;
    if (!e.closest("pre, .log, code, .mono") && text.length / lines > 110) wrong.push(`${Math.round(text.length / lines)} letters a line: ${text.slice(0, 40)}`);
  }
  for (const e of document.querySelectorAll("input, select, textarea, button, a[href]")) {
    const name = e.getAttribute("aria-label") || e.textContent.trim() || [...(e.labels ?? [])].map((l) => l.textContent.trim()).join("") || e.title;
    if (!name && !e.hidden && !e.closest("[hidden]") && !(e.tagName === "A" && e.classList.contains("skip"))) wrong.push(`no name: ${e.outerHTML.slice(0, 80)}`);
  }
  for (const e of document.querySelectorAll("td button")) if (e.getBoundingClientRect().right > width) wrong.push(`outside of the window: ${e.textContent}`);
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) wrong.push(`id twice: ${id}`);
  if (document.documentElement.scrollWidth > width) wrong.push(`wider than its window: ${document.documentElement.scrollWidth} of ${width}`);
  return wrong;
})"""


def key_of_certificate(text):
    """What names its public key to Chromium: SHA-256, as base64."""
    key = subprocess.run(["openssl", "x509", "-noout", "-pubkey"], input=text.encode(), capture_output=True, check=True).stdout
    key = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, capture_output=True, check=True).stdout
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


class Browser:
    """One Chromium, with a profile of its own. It takes any certificate, or with `key` (of key_of_certificate) that one alone of those that
    nobody signed."""

    def __init__(self, key=None):
        self.folder = tempfile.mkdtemp()
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0", "--no-first-run",
             f"--ignore-certificate-errors-spki-list={key}" if key else "--ignore-certificate-errors", "--disable-background-networking", "--disable-component-update", f"--user-data-dir={self.folder}", "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
    patience = 20  # seconds

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
        self.width = width
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

    async def until(self, script, seconds=None):
        limit = time.monotonic() + (seconds or self.patience)
        while True:
            with contextlib.suppress(AssertionError):  # the page may be on its way to another one
                if await self.run(f"Boolean({script})"):
                    return
            if time.monotonic() > limit:
                raise AssertionError(f"this did not become true: {script}\nthe page says: {await self.run('document.body.innerText')}\n{self.complaints}")
            await asyncio.sleep(0.05)

    async def see(self, text, seconds=None):
        await self.until(f"document.body.innerText.includes({json.dumps(text)})", seconds)

    async def type(self, selector, text):
        """As a person types: the field has the focus, and each letter comes by the keyboard."""
        await self.run(f"(document.querySelector({json.dumps(selector)}).focus(), document.querySelector({json.dumps(selector)}).select?.())")
        await self.call("Input.insertText", text=text)

    async def click(self, selector, text=None):
        """With the mouse, where it is: what lies under something else or outside is not hit. What moved away meanwhile is clicked again."""
        means = f"(e) => {json.dumps(text)} === null || e.textContent.includes({json.dumps(text)})"
        find = f"[...document.querySelectorAll({json.dumps(selector)})].find({means})"
        until = time.monotonic() + self.patience
        while True:
            await self.until(f"Boolean({find}) && !{find}.disabled")
            await self.run(f"{find}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
            box = await self.run(f"""(() => {{ const r = {find}.getBoundingClientRect(), met = (event) => {{ const e = event.target.closest({json.dumps(selector)}); window.clicked = Boolean(e && ({means})(e)); }};
                window.clicked = false; addEventListener("click", met, {{ capture: true, once: true }}); return [r.x + r.width / 2, r.y + r.height / 2] }})()""")
            for kind in ("mousePressed", "mouseReleased"):
                await self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)
            try:
                if await self.run("window.clicked ?? true"):
                    return
            except AssertionError:  # it led to another page
                return
            if time.monotonic() > until:
                raise AssertionError(f"no click meets {selector} {text or ''}: something lies over it")

    async def choose(self, selector, value):
        """An option of a list, whose window is the system's: no mouse of ours gets there."""
        await self.until(f"[...(document.querySelector({json.dumps(selector)})?.options ?? [])].some((option) => option.value === {json.dumps(value)})")
        await self.run(f"(() => {{ const list = document.querySelector({json.dumps(selector)}); list.value = {json.dumps(value)}; list.dispatchEvent(new Event('change')); }})()")

    async def load(self, selector, name, text):
        """A file with this text, as if it had been chosen: its window is the system's, too."""
        await self.run(f"""(() => {{ const files = new DataTransfer(), input = document.querySelector({json.dumps(selector)});
            files.items.add(new File([{json.dumps(text)}], {json.dumps(name)})); input.files = files.files; input.dispatchEvent(new Event("change")); }})()""")

    async def faults(self):
        """What is wrong with what it looks like now."""
        return await self.run(f"{JUDGE}({self.width})")

    async def key(self, name, code=None, **more):
        for kind in ("keyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=name, code=code or name, windowsVirtualKeyCode={"Tab": 9, "Enter": 13, " ": 32, "Escape": 27}.get(name, 0),
                            **({"text": "\r"} if name == "Enter" and kind == "keyDown" else {"text": " "} if name == " " and kind == "keyDown" else {}), **more)

    async def picture(self, path, whole=True):
        if whole:
            height = await self.run("(scrollTo({ top: 0, behavior: 'instant' }), document.documentElement.scrollHeight)")
            width = await self.run("innerWidth")
            data = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip={"x": 0, "y": 0, "width": width, "height": min(height, 6000), "scale": 1})
        else:
            data = await self.call("Page.captureScreenshot", format="png")
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(path).write_bytes(base64.b64decode(data["data"]))
