"""``/healthz``, ``/readyz`` and ``/metrics``, on a port of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from bot.domain.errors import ConfigurationError

Probe = Callable[[], Awaitable[bool]]


class HealthPage:
    """Answers those who watch the process."""

    def __init__(self, *, checks: dict[str, Probe], registry: CollectorRegistry) -> None:
        self._checks = checks
        self._registry = registry
        self.app = web.Application()
        self.app.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
            ]
        )

    async def _healthz(self, _: web.Request) -> web.Response:
        """Answering at all shows that the event loop lives."""
        return web.json_response({"status": "ok"})

    async def _readyz(self, _: web.Request) -> web.Response:
        """Tell what is well; 503 unless all of it is."""
        states = {name: await check() for name, check in self._checks.items()}
        return web.json_response(states, status=200 if all(states.values()) else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        body = generate_latest(self._registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    @asynccontextmanager
    async def listening(self, address: tuple[str, int] | None) -> AsyncIterator[None]:
        """Serve while the block runs; None serves nothing.

        Raises:
            ConfigurationError: the address is taken or not ours.
        """
        if address is None:
            yield
            return
        runner = web.AppRunner(self.app, access_log=None)
        await runner.setup()
        try:
            host, port = address
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            await runner.cleanup()
            raise ConfigurationError("HTTP_LISTEN", str(error)) from error
        try:
            yield
        finally:
            await runner.cleanup()
