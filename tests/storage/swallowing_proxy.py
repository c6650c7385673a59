"""A network between the bot and PostgreSQL that swallows what is sent, and closes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.engine import make_url

PORT = 5432


class SwallowingProxy:
    """Forwards bytes until it is told to swallow them; connections from then never come back."""

    def __init__(self, server_url: str) -> None:
        self._url = make_url(server_url)
        self._is_swallowing = False
        self._epoch = 0
        """Counts holes: who was connected before one is not heard after it either."""
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """Where the database is found behind the proxy."""
        behind = self._url.set(host="127.0.0.1", port=self.port, query={})
        return behind.render_as_string(hide_password=False)

    def swallow(self) -> None:
        """Forward nothing from now on, not even that somebody has hung up."""
        self._is_swallowing = True
        self._epoch += 1

    def forward(self) -> None:
        """Forward again what connects from now on."""
        self._is_swallowing = False
        self._epoch += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[SwallowingProxy]:
        """Listen on a free port."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        epoch = self._epoch
        from_server, to_server = await self._open()
        pumps = [
            asyncio.ensure_future(self._pump(reader, to_server, epoch)),
            asyncio.ensure_future(self._pump(from_server, writer, epoch)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            writer.close()
            to_server.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = self._url.port or PORT
        folder = self._url.query.get("host")
        if isinstance(folder, str):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        return await asyncio.open_connection(self._url.host, port)

    async def _pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, epoch: int
    ) -> None:
        while True:
            data = await source.read(65_536)
            if self._is_swallowing or epoch != self._epoch:
                # Who hangs up is not heard: only the one who waits for it may end this.
                await asyncio.Event().wait()
            if not data:
                return
            target.write(data)
            await target.drain()
