"""Pages of headless Chromium, by its debugging protocol, for the suites beside this file. Needs the package `websockets`."""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

import websockets

from harbour import check

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Page:
    """A page of a browser, by its debugging protocol."""

    numbers = itertools.count(1)

    def __init__(self, socket):
        self.socket = socket
        self.events = []

    async def call(self, method, **parameters):
        """Calls a method of the protocol; what happens meanwhile goes to `events`."""
        number = next(self.numbers)
        await self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(await asyncio.wait_for(self.socket.recv(), 60))
            if answer.get("id") == number:
                return answer.get("result", {})
            self.events.append(answer)

    async def run(self, script):
        """Runs a script, waits for what it promises, and returns it; `None` when it fails, or the page goes away meanwhile."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return answer.get("result", {}).get("value")

    async def until(self, script, within=30):
        until = time.monotonic() + within
        while time.monotonic() < until:
            if await self.run(script):
                return True
            await asyncio.sleep(0.05)
        return await self.run("document.body.innerText")

    async def choose(self, selector, files):
        """Chooses files in an input, as somebody does in the dialogue of the browser."""
        root = await self.call("DOM.getDocument")
        node = await self.call("DOM.querySelector", nodeId=root["root"]["nodeId"], selector=selector)
        await self.call("DOM.setFileInputFiles", nodeId=node["nodeId"], files=[str(file) for file in files])

    async def pictures(self, name):
        """Checks that nothing is wider than a phone or a desktop, and takes pictures into the folder `PICTURES`, if there is one."""
        for width, device in ((360, "phone"), (1280, "desktop")):
            await self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500)
            wide = await self.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
            check(f"nothing is wider than a {device}", wide, True)
            for scheme in ("light", "dark") if os.environ.get("PICTURES") else ():
                await self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
                # Colours fade into each other.
                await asyncio.sleep(0.5)
                shot = await self.call("Page.captureScreenshot")
                pathlib.Path(os.environ["PICTURES"], f"{name}-{device}-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))
        await self.call("Emulation.clearDeviceMetricsOverride")


@contextlib.asynccontextmanager
async def browser(directory, kind=Page, options=()):
    """Starts Chromium, and gives what opens a page in it, as a `kind` of page."""
    quiet = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command = [CHROMIUM, "--headless", "--no-sandbox", *quiet, "--remote-debugging-port=0", f"--user-data-dir={directory}", *options, "about:blank"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        found = None
        for line in process.stderr:
            found = re.search(r"ws://127\.0\.0\.1:(\d+)/", line)
            if found:
                break
        if not found:
            raise SystemExit("FAILED the browser did not start")
        async with contextlib.AsyncExitStack() as stack:

            async def open_page(url):
                where = f"http://127.0.0.1:{found[1]}/json/new?{urllib.parse.quote(url, safe='')}"
                ask = urllib.request.Request(where, method="PUT")
                page = json.load(await asyncio.to_thread(urllib.request.urlopen, ask))
                connecting = websockets.connect(page["webSocketDebuggerUrl"], max_size=None)
                return kind(await stack.enter_async_context(connecting))

            yield open_page
    finally:
        process.kill()
        process.wait()
