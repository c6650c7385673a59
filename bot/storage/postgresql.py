"""Connections to PostgreSQL over a network that may swallow what is sent.

A network that drops packets without a word closes no connection: whoever waits for an answer waits
for ever, and so do all who want the rows that are locked. So each side has its own bounds. The
server undoes a transaction whose next statement does not come; the client gives up an answer that
does not come, and with it all connections of the pool, which lead through the same hole.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from importlib import import_module
from typing import Protocol
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.engine import URL, AdaptedConnection, ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from bot.storage.timeouts import Timeouts

POOL_SIZE = 5

ANSWER_SECONDS = 1.0
"""The server's own word about a statement that took too long has so long to arrive."""

KEEPALIVE_IDLE_SECONDS = 10
KEEPALIVE_INTERVAL_SECONDS = 5
KEEPALIVE_COUNT = 2
"""A peer that is gone is noticed within 20 s, and no router forgets a connection that is idle."""

_FRESH = "fresh"


class _Driver(Protocol):
    """asyncpg's connection: https://magicstack.github.io/asyncpg/current/api/index.html."""

    _transport: asyncio.Transport

    async def execute(self, query: str) -> str: ...
    def is_closed(self) -> bool: ...
    def terminate(self) -> None: ...


class PostgresqlEngine:
    """An engine whose every wait has an end."""

    def __init__(self, url: URL, timeouts: Timeouts) -> None:
        """Open nothing yet.

        Raises:
            ModuleNotFoundError: the driver is not installed.
        """
        asyncpg = import_module("asyncpg")
        self._timeouts = timeouts
        self._trouble: tuple[type[Exception], ...] = (
            *(OSError, asyncpg.PostgresError, asyncpg.InterfaceError),
            asyncpg.InternalClientError,
        )
        """What a connection that leads nowhere raises."""
        self._holes = 0
        self._drivers: WeakKeyDictionary[_Driver, int] = WeakKeyDictionary()
        """What is connected, with how many holes were known of by then."""
        # An error that repeats its parameters would carry prompts and signed URLs into the log.
        self.engine: AsyncEngine = create_async_engine(
            url,
            hide_parameters=True,
            pool_size=POOL_SIZE,
            max_overflow=POOL_SIZE,
            pool_timeout=timeouts.line_seconds,
            connect_args={
                "timeout": timeouts.connect_seconds,
                "command_timeout": timeouts.command_seconds + ANSWER_SECONDS
                if timeouts.command_seconds
                else None,
                "server_settings": _server_settings(timeouts),
            },
        )
        event.listen(self.engine.sync_engine, "connect", self._connected)
        event.listen(self.engine.sync_engine, "checkout", self._checked_out)
        event.listen(self.engine.sync_engine, "handle_error", self._failed)
        event.listen(self.engine.sync_engine, "close", self._closing)

    async def aclose(self) -> None:
        """Close all connections; those that do not say goodbye are dropped."""
        with suppress(TimeoutError, OSError):
            # A connection that has a statement or a cancel under way waits for the server first.
            async with asyncio.timeout(self._timeouts.connect_seconds):
                await self.engine.dispose()
                return
        await self.engine.dispose(close=False)
        for driver in self._drivers:
            if not driver.is_closed():
                driver.terminate()

    def _connected(self, connection: AdaptedConnection, entry: ConnectionPoolEntry) -> None:
        driver: _Driver = connection.driver_connection
        self._drivers[driver] = self._holes
        entry.info[_FRESH] = True
        _keep_alive(driver)

    def _checked_out(
        self, connection: AdaptedConnection, entry: ConnectionPoolEntry, _: PoolProxiedConnection
    ) -> None:
        """Make sure that a connection that was idle still leads somewhere.

        SQLAlchemy's ``pool_pre_ping`` has no time of its own, takes three round trips, and lets
        the error of a ping without answer through.
        """
        if entry.info.pop(_FRESH, False):
            return

        async def ping(driver: _Driver) -> None:
            async with asyncio.timeout(self._timeouts.connect_seconds):
                await driver.execute("SELECT 1")

        try:
            connection.run_async(ping)
        except self._trouble as error:
            # All others that are idle are as old: they are closed when their turn comes.
            self._holes += 1
            raise InvalidatePoolError(str(error)) from error

    def _failed(self, context: ExceptionContext) -> None:
        """Let a statement without an answer invalidate the pool; SQLAlchemy takes it for ours."""
        if isinstance(context.original_exception, OSError):
            context.is_disconnect = True
            self._holes += 1

    def _closing(self, connection: AdaptedConnection, _: ConnectionPoolEntry) -> None:
        """Waste no time with a goodbye that nobody hears."""
        driver: _Driver = connection.driver_connection
        if self._drivers.get(driver, 0) < self._holes:
            driver.terminate()


def _server_settings(timeouts: Timeouts) -> dict[str, str]:
    """Return what the server is asked to keep to, in milliseconds where it has no other unit.

    https://www.postgresql.org/docs/current/runtime-config-client.html and
    runtime-config-connection.html. What is about TCP does nothing on a socket of the file system.
    """
    silence_seconds = KEEPALIVE_IDLE_SECONDS + KEEPALIVE_INTERVAL_SECONDS
    return {
        "statement_timeout": _milliseconds(timeouts.command_seconds),
        "lock_timeout": _milliseconds(timeouts.lock_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(timeouts.idle_in_transaction_seconds),
        "tcp_keepalives_idle": str(KEEPALIVE_IDLE_SECONDS),
        "tcp_keepalives_interval": str(KEEPALIVE_INTERVAL_SECONDS),
        "tcp_keepalives_count": str(KEEPALIVE_COUNT),
        "tcp_user_timeout": _milliseconds(silence_seconds),
    }


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def _keep_alive(driver: _Driver) -> None:
    """Let the kernel notice a server that is gone; not every system has every option."""
    # asyncpg has no option for it, unlike libpq.
    connected: socket.socket | None = driver._transport.get_extra_info("socket")  # noqa: SLF001
    if connected is None or connected.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": KEEPALIVE_IDLE_SECONDS,
        "TCP_KEEPINTVL": KEEPALIVE_INTERVAL_SECONDS,
        "TCP_KEEPCNT": KEEPALIVE_COUNT,
        "TCP_USER_TIMEOUT": (KEEPALIVE_IDLE_SECONDS + KEEPALIVE_INTERVAL_SECONDS) * 1000,
    }
    for name, value in options.items():
        if (option := getattr(socket, name, None)) is not None:
            connected.setsockopt(socket.IPPROTO_TCP, option, value)
