"""The slide's application on aiohttp: `gunicorn on_aiohttp:application`, with a worker of aiohttp."""

import asyncpg
from aiohttp import web

SELECT = "select id, name, note from resources order by id limit 20"
DATABASE = web.AppKey("database", asyncpg.Pool)


async def index(request):
    return web.Response(text="Hello, World!")


async def fetch(request):
    rows = await request.app[DATABASE].fetch(SELECT)
    return web.json_response([dict(row) for row in rows])


async def database(app):
    # Found by PGHOST, PGUSER and PGDATABASE; as many connections as there are in all, shared by five workers.
    async with asyncpg.create_pool(min_size=2, max_size=2) as pool:
        app[DATABASE] = pool
        yield


async def application():
    app = web.Application()
    app.add_routes([web.get("/", index), web.get("/fetch", fetch)])
    app.cleanup_ctx.append(database)
    return app
