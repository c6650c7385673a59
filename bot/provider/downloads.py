"""Fetches a finished video: from allowed hosts only, streamed to disk, checked while it flows."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, runtime_checkable

import httpx
from typing_extensions import override

from bot.domain.errors import (
    MalformedResponseError,
    MediaTooLargeError,
    ProviderUnavailableError,
    ResultExpiredError,
    ResultHostError,
)
from bot.domain.ports import Clock, LocalFile
from bot.provider.exchange import Deadlines, trouble_of
from bot.provider.hosts import ResultHosts, ResultPlace
from bot.provider.wire import expires_of

WRITE_BYTES = 512 * 1024
"""What is collected in memory before a write."""
_ERROR_BYTES = 16 * 1024
"""OSS's XML errors have under 1 kB."""
_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404
_MARKUP = (b"<", b"{")
"""What HTML, XML and JSON begin with; an MP4 begins with a length."""
_NO_VIDEO_TYPES = ("text/", "application/json", "application/xml")


@runtime_checkable
class _Stream(Protocol):
    """What httpcore hands to the trace of a connection."""

    def get_extra_info(self, info: str) -> tuple[str, int] | None: ...

    async def aclose(self) -> None: ...


class ExactURL(httpx.URL):
    """An address whose path and query go out byte for byte as given.

    httpx would normalise a signed query. Its ``target`` extension leaves one alone, but httpcore
    gives a proxy's CONNECT the same target: the signed query instead of ``host:port``, in clear
    (httpcore 1.0.9, ``_async/http_proxy.py``). The transport reads ``raw_path``, and only for the
    request itself.
    """

    def __init__(self, origin: str, target: bytes) -> None:
        super().__init__(origin)
        self._target = target

    @property
    @override
    def raw_path(self) -> bytes:
        """Path and query."""
        return self._target


class PeerGuard:
    """Ends a connection to the wrong address before a byte leaves, TLS greeting included.

    It listens to httpcore's ``trace`` extension
    (https://www.encode.io/httpcore/extensions/#trace), the only place between connecting and
    sending.
    """

    def __init__(self, hosts: ResultHosts, place: ResultPlace) -> None:
        self._hosts = hosts
        self._place = place
        self.has_checked = False

    async def __call__(self, event: str, facts: Mapping[str, object]) -> None:
        """Check the peer once it is known."""
        if event != "connection.connect_tcp.complete":
            return
        stream = facts["return_value"]
        if not isinstance(stream, _Stream):
            return  # and with has_checked unset the answer is refused
        peer = stream.get_extra_info("server_addr")
        try:
            self._hosts.check_peer(self._place, "" if peer is None else peer[0])
        except ResultHostError:
            await stream.aclose()
            raise
        self.has_checked = True


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
        self,
        *,
        transport: httpx.AsyncBaseTransport,
        hosts: ResultHosts,
        clock: Clock,
        user_agent: str,
        deadlines: Deadlines,
        connects: bool,
        tunnel: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            transport: reaches results itself.
            hosts: where results lie.
            clock: judges expiry.
            user_agent: what we call ourselves.
            deadlines: how long things may take.
            connects: False only for a transport of a test, which reaches no address to check.
            tunnel: reaches results through a proxy, and is used for all but loopback.
        """
        self._transport = transport
        self._tunnel = tunnel
        self._hosts = hosts
        self._clock = clock
        self._user_agent = user_agent
        self._deadlines = deadlines
        self._connects = connects

    async def download(self, url: str, into: LocalFile, *, max_bytes: int) -> int:
        """Stream a result into a file and return its bytes; see ``VideoProvider``."""
        place = self._hosts.place_of(url)
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
        guard, transport = PeerGuard(self._hosts, place), self._transport
        extensions: dict[str, object] = {}
        if self._tunnel is not None and not place.is_loopback:
            # The proxy looks the name up, so the peer is the proxy, wherever that is. What the
            # URL itself says is judged all the same.
            transport = self._tunnel
            if place.address is not None:
                self._hosts.check_peer(place, place.address)
            guard.has_checked = True
        else:
            extensions["trace"] = guard
        timeout = httpx.Timeout(self._deadlines.download_read, connect=self._deadlines.connect)
        request = httpx.Request(
            "GET",
            place.origin,
            headers={
                "User-Agent": self._user_agent,
                "Accept": "*/*",
                "Accept-Encoding": "identity",
            },
            extensions={**extensions, "timeout": timeout.as_dict()},
        )
        request.url = ExactURL(place.origin, place.target)
        response = await transport.handle_async_request(request)
        try:
            if self._connects and not guard.has_checked:
                raise ResultHostError(f"download: the address of {place.host} was not checked")
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
