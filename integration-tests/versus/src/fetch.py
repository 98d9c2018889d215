"""aiohttp as a client of the comparison: `fetch.py CLIENT WORK PORT COUNT`, as the program `fetch` has it."""

import asyncio
import sys
import time

import aiohttp

IN_FLIGHT = 64
LARGE = 200_000_000
PIECE = b"w" * 65536


async def fetch(session, url, expected, count):
    for _ in range(count):
        async with session.get(url) as response:
            size = 0
            async for piece in response.content.iter_any():
                size += len(piece)
            assert size == expected, size


async def pieces():
    left = LARGE
    while left:
        piece = PIECE[:left]
        left -= len(piece)
        yield piece


async def upload(session, url, count):
    for _ in range(count):
        # Without the length it would be sent in chunks, which no other client of the comparison does.
        headers = {"content-length": str(LARGE)}
        async with session.post(url, data=pieces(), headers=headers) as response:
            assert int(await response.read()) == LARGE


async def parse(session, url, count):
    for _ in range(count):
        async with session.get(url) as response:
            assert (await response.json())["message"] == "Hello, World!"


async def at_once(session, url, count):
    await asyncio.gather(*(parse(session, url, count // IN_FLIGHT) for _ in range(IN_FLIGHT)))


def new_session():
    headers = {"accept": "*/*", "user-agent": "wharf/0.1.0"}
    return aiohttp.ClientSession(headers=headers, skip_auto_headers=["accept-encoding"])


async def fresh(url, count):
    for _ in range(count):
        async with new_session() as session:
            await fetch(session, url, 13, 1)


async def main(work, port, count):
    base = f"http://127.0.0.1:{port}"
    async with new_session() as session:
        calls = {
            "one": lambda count: fetch(session, base + "/", 13, count),
            "many": lambda count: at_once(session, base + "/json", count),
            "fresh": lambda count: fresh(base + "/", count),
            "down": lambda count: fetch(session, base + "/large", LARGE, count),
            "up": lambda count: upload(session, base + "/large", count),
        }
        await calls[work](count // 20)
        cpu, clock = time.process_time_ns(), time.perf_counter_ns()
        await calls[work](count)
        print(time.process_time_ns() - cpu, time.perf_counter_ns() - clock)


try:
    from uvloop import run
except ImportError:
    from asyncio import run
run(main(sys.argv[2], sys.argv[3], int(sys.argv[4])))
