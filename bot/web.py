"""``/healthz``, ``/readyz``, ``/metrics``, and what else is answered on the same port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from typing_extensions import override

from bot.domain.errors import ConfigurationError

Probe = Callable[[], Awaitable[bool]]

MOST_CONNECTIONS = 32
"""At the same time: a few who watch. Each is a descriptor that jobs may need."""
REQUEST_SECONDS = 10.0
"""A request arrives whole in this time, or its connection is closed."""


class HealthPage:
    """Answers those who watch the process."""

    def __init__(
        self,
        *,
        checks: dict[str, Probe],
        registry: CollectorRegistry,
        routes: Iterable[web.RouteDef] = (),
        request_seconds: float = REQUEST_SECONDS,
    ) -> None:
        """Remember what is shown.

        Args:
            checks: what ``/readyz`` asks, by name.
            registry: what ``/metrics`` shows.
            routes: what else is answered; each bounds what it reads and how long it takes.
            request_seconds: a request arrives whole in this time, or its connection is closed.
        """
        self._request_seconds = request_seconds
        self._checks = checks
        self._registry = registry
        self._silent: dict[object, asyncio.TimerHandle] = {}
        """When connections are closed whose request has not arrived yet."""
        self.app = web.Application(middlewares=[self._one_request])
        self.app.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
                *routes,
            ]
        )

    @web.middleware
    async def _one_request(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer, and let the connection go: one that stays open could be silent for ever."""
        timer = self._silent.pop(request.protocol, None)
        if timer is not None:
            timer.cancel()
        try:
            response = await handler(request)
        except web.HTTPException as refused:
            refused.force_close()
            raise
        response.force_close()
        return response

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
        # Who is answered before all is read is not listened to any longer: a connection that
        # lingers is one that others do not have.
        runner = web.AppRunner(self.app, access_log=None, lingering_time=0.0)
        await runner.setup()
        host, port = address
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(lambda: self._connected(runner), host, port)
        except OSError as error:
            await runner.cleanup()
            raise ConfigurationError("HTTP_LISTEN", str(error)) from error
        try:
            yield
        finally:
            server.close()
            await runner.cleanup()

    def _connected(self, runner: web.AppRunner) -> asyncio.Protocol:
        """Return who speaks with a new connection."""
        if runner.server is None or len(runner.server.connections) >= MOST_CONNECTIONS:
            return _Refusal()
        handler = runner.server()
        loop = asyncio.get_running_loop()
        self._silent[handler] = loop.call_later(self._request_seconds, self._hang_up, handler)
        return handler

    def _hang_up(self, handler: web.RequestHandler) -> None:
        del self._silent[handler]
        if handler.transport is not None:
            handler.transport.abort()


class _Refusal(asyncio.Protocol):
    """Closes a connection at once: there are enough."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
