"""Pages of headless Chromium, by its debugging protocol, for the suites beside this file. Needs the package `websockets`."""

import asyncio
import contextlib
import itertools
import json
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

import websockets

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Page:
    """A page of a browser, by its debugging protocol."""

    numbers = itertools.count(1)

    def __init__(self, socket):
        self.socket = socket

    async def run(self, script):
        number = next(self.numbers)
        order = {"id": number, "method": "Runtime.evaluate", "params": {"expression": script, "returnByValue": True}}
        await self.socket.send(json.dumps(order))
        while True:
            answer = json.loads(await asyncio.wait_for(self.socket.recv(), 20))
            if answer.get("id") == number:
                return answer["result"]["result"].get("value")

    async def until(self, script, within=30):
        until = time.monotonic() + within
        while time.monotonic() < until:
            if await self.run(script):
                return True
            await asyncio.sleep(0.05)
        return await self.run("document.body.innerText")


@contextlib.asynccontextmanager
async def browser(directory, kind=Page):
    """Starts Chromium, and gives what opens a page in it, as a `kind` of page."""
    quiet = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command = [CHROMIUM, "--headless", "--no-sandbox", *quiet, "--remote-debugging-port=0", f"--user-data-dir={directory}", "about:blank"]
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
