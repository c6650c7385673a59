"""Fetches what members attach from Discord's CDN.

discord.py would hold each file in memory as a whole; here it flows into a file.
"""

from __future__ import annotations

import asyncio
from functools import cached_property
from http import HTTPStatus
from pathlib import Path

import aiohttp
import stamina

from bot.chat.proxies import credentials
from bot.domain.errors import ChatUnavailableError
from bot.domain.network import ForwardProxy
from bot.domain.ports import LocalFile

ATTEMPTS = 3
"""The CDN does not always have a fresh file: https://github.com/python-discord/bot/pull/1230"""
FIRST_WAIT_SECONDS = 0.3
MOST_WAIT_SECONDS = 1.0

TIMEOUT = aiohttp.ClientTimeout(total=None, sock_read=15)
PATIENCE_SECONDS = 20.0
SLOWEST_BYTES_PER_SECOND = 1024 * 1024
"""How long a file may take, attempts together: others wait for its place. What arrives earns the
time it needs at this rate, so that a slow line is no reason to refuse a large file."""
PIECE_BYTES = 256 * 1024

GONE_BODY = b"This content is no longer available."
"""What Discord's CDN hands out for a file it has no more, with status 200: seen in 2026."""


class _NotHandedOutError(Exception):
    """The CDN answers, but not with the file."""


_UNREAD = (aiohttp.ClientError, TimeoutError, _NotHandedOutError)


class Attachments:
    """Fetches files by the URLs an interaction gave them, which are good for a day."""

    def __init__(self, proxy: ForwardProxy | None = None) -> None:
        self._proxy = None if proxy is None else proxy.address
        self._proxy_auth = credentials(proxy)

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(timeout=TIMEOUT)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def fetch(self, url: str, into: LocalFile, *, max_bytes: int) -> None:
        """Stream a file to this machine; see ``Chat.fetch_attachment``."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS) as patience:
                async for attempt in stamina.retry_context(
                    on=_UNREAD,
                    attempts=ATTEMPTS,
                    wait_initial=FIRST_WAIT_SECONDS,
                    wait_max=MOST_WAIT_SECONDS,
                ):
                    with attempt:
                        await self._fetch(url, Path(into), patience, max_bytes=max_bytes)
        except _UNREAD as error:
            # Not aiohttp's words: they name the URL, whose signature lets anybody read the file.
            what = str(error) if isinstance(error, _NotHandedOutError) else type(error).__name__
            raise ChatUnavailableError(what) from None

    async def _fetch(
        self, url: str, into: Path, patience: asyncio.Timeout, *, max_bytes: int
    ) -> None:
        asked = self._session.get(url, proxy=self._proxy, proxy_auth=self._proxy_auth)
        async with asked as answer:
            if answer.status != HTTPStatus.OK:
                raise _NotHandedOutError(f"HTTP {answer.status}")
            received = 0
            beginning = b""
            with await asyncio.to_thread(into.open, "wb") as file:
                async for piece in answer.content.iter_chunked(PIECE_BYTES):
                    received += len(piece)
                    if received > max_bytes:
                        raise ChatUnavailableError(f"more than {max_bytes} bytes")
                    if received <= len(GONE_BODY):
                        beginning += piece
                    if (until := patience.when()) is not None:
                        patience.reschedule(until + len(piece) / SLOWEST_BYTES_PER_SECOND)
                    await asyncio.to_thread(file.write, piece)
        if beginning == GONE_BODY and received == len(GONE_BODY):
            raise _NotHandedOutError("gone, with status 200")
