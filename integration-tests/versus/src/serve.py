"""aiohttp as a server of the comparison, with the loop of uvloop where there is one: `serve.py ROW FOLDER`, as the others have it."""

import asyncio
import os
import sys
import threading

from aiohttp import web

try:
    import uvloop
except ImportError:
    uvloop = None

HELLO = "Hello, World!"
RESOURCES = "berths captains cranes crews docks holds lights locks pilots quays ships tides tugs".split()


async def hello(request):
    return web.Response(text=HELLO)


async def json(request):
    return web.json_response({"message": HELLO})


async def echo(request):
    return web.json_response(await request.json())


async def ids(request):
    user, post = int(request.match_info["user"]), int(request.match_info["post"])
    return web.Response(text=f"{user} {post}")


async def upload(request):
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
    return web.Response(text=str(size))


@web.middleware
async def through(request, handler):
    return await handler(request)


def application(folder):
    inner = web.Application(middlewares=[through] * 5)
    inner.router.add_get("", hello)
    fillers = [f"/{name}{rest}" for name in RESOURCES for rest in ("", "/{id}", "/{id}/log", "/{id}/log/{entry}")]
    half = len(fillers) // 2
    app = web.Application()
    app.router.add_get("/plaintext", hello)
    app.router.add_get("/json", json)
    app.router.add_post("/echo", echo)
    app.router.add_post("/upload", upload)
    app.add_subapp("/middlewares", inner)
    for path in fillers[:half]:
        app.router.add_get(path, hello)
    app.router.add_get("/users/{user}/posts/{post}", ids)
    for path in fillers[half:]:
        app.router.add_get(path, hello)
    app.router.add_static("/files", folder)
    return app


def end_with_standard_input():
    sys.stdin.read()
    os._exit(0)


async def main():
    runner = web.AppRunner(application(sys.argv[2]), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    await asyncio.Event().wait()


(uvloop or asyncio).run(main())
