"""Fetches a finished video: from allowed hosts only, streamed to disk, checked while it flows."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx

from bot.domain.errors import (
    MalformedResponseError,
    MediaTooLargeError,
    ProviderUnavailableError,
    ResultExpiredError,
)
from bot.domain.ports import Clock, LocalFile
from bot.provider.exchange import Deadlines, trouble_of
from bot.provider.hosts import ResultPlace
from bot.provider.result_transport import ResultTransport
from bot.provider.wire import expires_of

WRITE_BYTES = 512 * 1024
"""What is collected in memory before a write."""
_ERROR_BYTES = 16 * 1024
"""OSS's XML errors have under 1 kB."""
_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404
_MARKUP = (b"<", b"{")
"""What HTML, XML and JSON begin with; an MP4 begins with a length."""
_NO_VIDEO_TYPES = ("text/", "application/json", "application/xml")


class FileWriter:
    """A file in the making, written by a thread of its own.

    One thread, so that closing always comes after a write that was cancelled half-way.
    """

    def __init__(self, into: LocalFile) -> None:
        self._into = into
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="download")
        self._fd: int | None = None
        self.size_bytes = 0

    async def open(self) -> None:
        """Begin a file that is not there yet."""
        await self._run(self._open)

    def _open(self) -> None:
        self._fd = os.open(self._into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    async def write(self, content: bytes) -> None:
        """Append."""
        await self._run(partial(self._write, content))

    def _write(self, content: bytes) -> None:
        if self._fd is None:
            raise OSError("the file is closed")
        self.size_bytes += len(content)
        view = memoryview(content)
        while view:
            view = view[os.write(self._fd, view) :]

    async def _run(self, step: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, step)

    async def close(self) -> None:
        """Close the file and let the thread go; a second cancel cannot stop it."""
        closing = self._thread.submit(self._close)
        self._thread.shutdown(wait=False)
        with contextlib.suppress(OSError):
            await asyncio.shield(asyncio.wrap_future(closing))

    def _close(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.close(fd)


class Downloader:
    """Fetches results."""

    def __init__(
        self, transport: ResultTransport, *, clock: Clock, user_agent: str, deadlines: Deadlines
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            transport: reaches results.
            clock: judges expiry.
            user_agent: what we call ourselves.
            deadlines: how long things may take.
        """
        self._transport = transport
        self._clock = clock
        self._user_agent = user_agent
        self._deadlines = deadlines

    async def download(self, url: str, into: LocalFile, *, max_bytes: int) -> int:
        """Stream a result into a file and return its bytes; see ``VideoProvider``."""
        place = self._transport.place_of(url, call="download")
        file = FileWriter(into)
        try:
            async with asyncio.timeout(self._deadlines.download):
                return await self._fetch(url, place, file, max_bytes=max_bytes)
        except TimeoutError as error:
            raise _broken(place, "took too long") from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise _broken(place, trouble_of(error)) from error
        except OSError as error:
            # A full disk may have room again while the URL still lives: worth another try.
            raise _broken(place, f"our disk: {error.strerror}") from error
        finally:
            await file.close()

    async def _fetch(
        self, url: str, place: ResultPlace, file: FileWriter, *, max_bytes: int
    ) -> int:
        response = await self._transport.send(
            place,
            method="GET",
            headers={
                "User-Agent": self._user_agent,
                "Accept": "*/*",
                "Accept-Encoding": "identity",
            },
            patience=httpx.Timeout(self._deadlines.download_read, connect=self._deadlines.connect),
        )
        try:
            if response.status_code != _OK:
                raise await self._refusal(response, url=url, place=place)
            return await _store(response, place, file, max_bytes=max_bytes)
        finally:
            await response.aclose()

    async def _refusal(
        self, response: httpx.Response, *, url: str, place: ResultPlace
    ) -> MalformedResponseError | ResultExpiredError | ProviderUnavailableError:
        status = response.status_code
        if status < 400:  # noqa: PLR2004  # first of HTTP's error statuses
            return MalformedResponseError(
                f"download: HTTP {status} for {place.shown}; redirects are not followed",
                status=status,
            )
        words = bytearray()
        async for piece in response.aiter_raw():
            words += piece
            if len(words) > _ERROR_BYTES:
                break
        expires_at = expires_of(url)
        is_past = expires_at is not None and expires_at <= self._clock.now()
        says_so = status == _FORBIDDEN and b"Request has expired" in words
        if says_so or (is_past and status in {_FORBIDDEN, _NOT_FOUND}):
            return ResultExpiredError(
                f"download: HTTP {status} for {place.shown}, which has expired", status=status
            )
        return _broken(place, f"HTTP {status}", status=status)


async def _store(
    response: httpx.Response, place: ResultPlace, file: FileWriter, *, max_bytes: int
) -> int:
    kind: str = response.headers.get("Content-Type", "").strip().lower()
    if kind.startswith(_NO_VIDEO_TYPES) or kind.partition(";")[0].endswith(("+xml", "+json")):
        raise _no_video(place, f"{kind[:40]!r}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _no_video(place, "compressed")
    length: str = response.headers.get("Content-Length", "")
    promised = int(length) if length.isascii() and length.isdecimal() else None
    if promised is not None and promised > max_bytes:
        raise MediaTooLargeError(limit_bytes=max_bytes, actual_bytes=promised)
    await file.open()
    received = 0
    gathered = bytearray()
    async for piece in response.aiter_raw():
        received += len(piece)
        if received > max_bytes:
            raise MediaTooLargeError(limit_bytes=max_bytes, actual_bytes=received)
        gathered += piece
        if len(gathered) >= WRITE_BYTES:
            await _write(file, gathered, place)
    await _write(file, gathered, place)
    if promised is not None and received != promised:
        raise _broken(place, f"ended after {received} of {promised} bytes")
    if received == 0:
        raise _no_video(place, "empty")
    return received


async def _write(file: FileWriter, gathered: bytearray, place: ResultPlace) -> None:
    content = bytes(gathered)
    gathered.clear()
    if file.size_bytes == 0 and content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_MARKUP):
        raise _no_video(place, "markup")
    await file.write(content)


def _no_video(place: ResultPlace, what: str) -> MalformedResponseError:
    return MalformedResponseError(f"download: {place.shown} is no video: {what}", status=_OK)


def _broken(place: ResultPlace, why: str, *, status: int | None = None) -> ProviderUnavailableError:
    return ProviderUnavailableError(
        f"download: {place.shown}: {why}", request_was_sent=True, status=status
    )
