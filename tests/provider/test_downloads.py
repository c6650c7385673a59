"""Fetching a result, mostly over real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.domain.errors import (
    BotError,
    MalformedResponseError,
    MediaTooLargeError,
    ProviderUnavailableError,
    ResultExpiredError,
    ResultHostError,
)
from bot.provider import DashScopeProvider, Deadlines
from bot.provider.downloads import WRITE_BYTES, FileWriter
from tests.provider.doubles import KEY, START, ManualClock, answering, provider_on
from tests.provider.servers import Peer, Served, closed_port, serving

MP4 = b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 40
LATER, EARLIER = int(START.timestamp()) + 60, int(START.timestamp()) - 60
SIGNED = f"?Expires={LATER}&OSSAccessKeyId=LTAI&Signature=8xfX%3D"
MIB = 1024 * 1024


@asynccontextmanager
async def _fetching(
    behave: Callable[[Peer], Awaitable[None]], *, deadlines: Deadlines | None = None
) -> AsyncIterator[tuple[Served, DashScopeProvider]]:
    hosts = ("*.aliyuncs.com", "127.0.0.1")
    async with (
        serving(behave) as served,
        provider_on(result_hosts=hosts, deadlines=deadlines) as provider,
    ):
        yield served, provider


def _url(served: Served, target: str = f"/1d/x.mp4{SIGNED}") -> str:
    return f"http://127.0.0.1:{served.port}{target}"


def _left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _opened_in(folder: Path) -> list[str]:
    """Return the files of a folder that this process holds open."""
    opened = [link.resolve() for link in Path("/proc/self/fd").iterdir()]
    return sorted(path.name for path in opened if path.parent == folder)


async def test_result_arrives_whole_and_bare(tmp_path: Path) -> None:
    async def answer(peer: Peer) -> None:
        await peer.read_head()
        await peer.answer(MP4, headers="Content-Type: video/mp4\r\nSet-Cookie: a=b\r\n")

    async with _fetching(answer) as (served, provider):
        for into in (tmp_path / "x.mp4", tmp_path / "y.mp4"):
            got = await provider.download(_url(served), into, max_bytes=len(MP4))
            assert (got, into.read_bytes()) == (len(MP4), MP4)
    sent = bytes(served.received).lower()
    assert sent.count(b"host: 127.0.0.1") == 2
    for absent in (b"authorization", b"cookie", b"dashscope", KEY.encode()):
        assert absent not in sent


@pytest.mark.parametrize(
    "target",
    [
        "/1d/c7.mp4?Expires=1&OSSAccessKeyId=LTAI5t&Signature=8xfXrd5s%2Fa%3D",
        "/a%2Fb//c/../d/./%2e%2e/e.mp4?x=%252F+%2B%20~'\"[]{}|\\^`<>!*();,:@&=$",
        "/?a=1&a=2&&b",
        "/x.mp4?%E4%BD%A0=%e4%bd%a0",
        "/x.mp4?",
    ],
)
async def test_path_and_query_arrive_byte_for_byte(target: str, tmp_path: Path) -> None:
    async def answer(peer: Peer) -> None:
        await peer.read_head()
        await peer.answer(MP4)

    async with _fetching(answer) as (served, provider):
        await provider.download(_url(served, target), tmp_path / "x.mp4", max_bytes=MIB)
    assert served.received.split(b"\r\n")[0] == f"GET {target} HTTP/1.1".encode()


# --- where from ------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1"])
async def test_name_that_leads_home_gets_no_byte(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = asyncio.Event()

    async def listen(peer: Peer) -> None:
        connected.set()
        peer.served.received += await peer.reader.read()

    real = socket.getaddrinfo

    def rebind(host: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # stands in for a C function
        if host in {"bucket.aliyuncs.com", b"bucket.aliyuncs.com"}:
            host = address
        return real(host, *args, **kwargs)

    async with _fetching(listen) as (served, provider):
        monkeypatch.setattr(socket, "getaddrinfo", rebind)
        for scheme in ("http", "https"):
            url = f"{scheme}://bucket.aliyuncs.com:{served.port}/x.mp4{SIGNED}"
            with pytest.raises(ResultHostError, match=r"led to") as caught:
                await provider.download(url, tmp_path / "x.mp4", max_bytes=MIB)
            assert "Signature" not in str(caught.value)
        await connected.wait()
    assert served.connections == 2
    assert served.received == b""
    assert _left_in(tmp_path) == []


async def test_host_that_is_not_named_is_not_asked(tmp_path: Path) -> None:
    async with provider_on() as provider:
        with pytest.raises(ResultHostError):
            await provider.download("https://evil.com/x", tmp_path / "x.mp4", max_bytes=MIB)


async def test_unchecked_connection_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If httpcore ever renames its events, downloads stop rather than go unchecked."""

    async def answer(peer: Peer) -> None:
        await peer.read_head()
        await peer.answer(MP4)

    async def hear_nothing(*_: object) -> None:
        pass

    monkeypatch.setattr("bot.provider.result_transport.PeerGuard.__call__", hear_nothing)
    async with _fetching(answer) as (served, provider):
        with pytest.raises(ResultHostError, match="not checked"):
            await provider.download(_url(served), tmp_path / "x.mp4", max_bytes=MIB)


async def test_redirect_is_not_followed(tmp_path: Path) -> None:
    async def redirect(peer: Peer) -> None:
        await peer.read_head()
        location = f"Location: http://127.0.0.1:{peer.served.port}/elsewhere\r\n"
        await peer.answer(b"", status=302, headers=location)

    async with _fetching(redirect) as (served, provider):
        with pytest.raises(MalformedResponseError, match="redirects are not followed"):
            await provider.download(_url(served), tmp_path / "x.mp4", max_bytes=MIB)
    assert served.connections == 1


# --- broken transfers ------------------------------------------------------------------------


async def _refused(
    behave: Callable[[Peer], Awaitable[None]],
    folder: Path,
    *,
    max_bytes: int = MIB,
    deadlines: Deadlines | None = None,
) -> BotError:
    async with _fetching(behave, deadlines=deadlines) as (served, provider):
        with pytest.raises(BotError) as caught:
            await provider.download(_url(served), folder / "x.mp4", max_bytes=max_bytes)
    assert _opened_in(folder) == []
    assert "Signature" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
    ],
    ids=["length", "chunked"],
)
@pytest.mark.parametrize("ends_with_reset", [False, True])
async def test_truncated_transfer_is_worth_another_try(
    head: bytes,
    ends_with_reset: bool,  # noqa: FBT001  # a column
    tmp_path: Path,
) -> None:
    async def cut(peer: Peer) -> None:
        await peer.read_head()
        peer.writer.write(head + MP4)
        await peer.writer.drain()
        if ends_with_reset:
            peer.reset()

    error = await _refused(cut, tmp_path)
    assert isinstance(error, ProviderUnavailableError)
    assert error.request_was_sent


async def test_length_is_checked_even_where_the_transport_does_not(tmp_path: Path) -> None:
    handler = answering(200, MP4, headers={"Content-Length": str(len(MP4) + 1)})
    async with provider_on(handler=handler) as provider:
        with pytest.raises(ProviderUnavailableError, match="ended after"):
            await provider.download(
                f"https://a.aliyuncs.com/x.mp4{SIGNED}", tmp_path / "x.mp4", max_bytes=MIB
            )
    assert _opened_in(tmp_path) == []


async def test_refused_connection_is_worth_another_try(tmp_path: Path) -> None:
    async with provider_on(result_hosts=("127.0.0.1",)) as provider:
        with pytest.raises(ProviderUnavailableError):
            await provider.download(
                f"http://127.0.0.1:{closed_port()}/x", tmp_path / "x", max_bytes=MIB
            )


@pytest.mark.parametrize(
    "deadlines",
    [Deadlines(download=0.3), Deadlines(download=20, download_read=0.3)],
    ids=["total", "silence"],
)
async def test_stalled_transfer_ends(deadlines: Deadlines, tmp_path: Path) -> None:
    async def stall(peer: Peer) -> None:
        await peer.read_head()
        peer.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + MP4)
        await peer.reader.read()

    error = await _refused(stall, tmp_path, deadlines=deadlines)
    assert isinstance(error, ProviderUnavailableError)


async def test_too_large_by_its_header_is_not_read(tmp_path: Path) -> None:
    async def promise(peer: Peer) -> None:
        await peer.read_head()
        peer.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n")
        await peer.reader.read()

    error = await _refused(promise, tmp_path)
    assert isinstance(error, MediaTooLargeError)
    assert (error.limit_bytes, error.actual_bytes) == (MIB, MIB + 1)
    assert _left_in(tmp_path) == []


async def test_too_large_without_a_length_stops_in_time(tmp_path: Path) -> None:
    async def flood(peer: Peer) -> None:
        await peer.read_head()
        peer.writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + MP4)
        while True:
            peer.writer.write(bytes(65536))
            await peer.writer.drain()

    error = await _refused(flood, tmp_path)
    assert isinstance(error, MediaTooLargeError)
    assert MIB < error.actual_bytes <= MIB + 65536


async def test_transfer_without_a_length_is_taken_to_its_end(tmp_path: Path) -> None:
    async def answer(peer: Peer) -> None:
        await peer.read_head()
        peer.writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + MP4)
        await peer.writer.drain()

    async with _fetching(answer) as (served, provider):
        got = await provider.download(_url(served), tmp_path / "x.mp4", max_bytes=MIB)
    assert got == len(MP4)


async def test_full_disk_is_worth_another_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(peer: Peer) -> None:
        await peer.read_head()
        await peer.answer(MP4)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileWriter, "_write", fail)
    error = await _refused(answer, tmp_path)
    assert isinstance(error, ProviderUnavailableError)
    assert "No space left" in str(error)


# --- answers that are no video ---------------------------------------------------------------

XML = b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code><Message>%b</Message></Error>'


@pytest.mark.parametrize(
    ("status", "body", "expires", "kind"),
    [
        (403, XML % b"Request has expired.", LATER, ResultExpiredError),
        (403, XML % b"Request has expired.", None, ResultExpiredError),
        (403, XML % b"Other", EARLIER, ResultExpiredError),
        (404, b"", EARLIER, ResultExpiredError),
        (403, XML % b"Other", LATER, ProviderUnavailableError),
        (404, XML % b"NoSuchKey", LATER, ProviderUnavailableError),
        (404, b"", None, ProviderUnavailableError),
        (400, b"", EARLIER, ProviderUnavailableError),
        (429, b"", EARLIER, ProviderUnavailableError),
        (500, b"", LATER, ProviderUnavailableError),
        (503, b"x" * 100_000, EARLIER, ProviderUnavailableError),
        (206, MP4, LATER, MalformedResponseError),
        (204, b"", LATER, MalformedResponseError),
    ],
)
async def test_refusals_of_the_store(
    status: int, body: bytes, expires: int | None, kind: type[BotError], tmp_path: Path
) -> None:
    url = "https://a.aliyuncs.com/x.mp4?Signature=s" + (f"&Expires={expires}" if expires else "")
    async with provider_on(handler=answering(status, body), clock=ManualClock()) as provider:
        with pytest.raises(kind) as caught:
            await provider.download(url, tmp_path / "x.mp4", max_bytes=MIB)
    assert type(caught.value) is kind
    assert "Signature" not in str(caught.value)
    assert "a.aliyuncs.com/x.mp4" in str(caught.value)
    assert _left_in(tmp_path) == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html; charset=utf-8", MP4),
        ("TEXT/plain", MP4),
        ("application/xml", MP4),
        ("application/json", MP4),
        ("application/problem+json", MP4),
        ("video/mp4", b"<html>"),
        ("video/mp4", b"\xef\xbb\xbf \r\n<?xml"),
        ("video/mp4", b'{"code":"x"}'),
        ("video/mp4", b""),
    ],
)
async def test_what_is_no_video_is_malformed(
    content_type: str, body: bytes, tmp_path: Path
) -> None:
    handler = answering(200, body, headers={"Content-Type": content_type})
    async with provider_on(handler=handler) as provider:
        with pytest.raises(MalformedResponseError, match="no video"):
            await provider.download(
                "https://a.aliyuncs.com/x.mp4", tmp_path / "x.mp4", max_bytes=MIB
            )
    assert _opened_in(tmp_path) == []


async def test_compressed_result_is_malformed(tmp_path: Path) -> None:
    def handle(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, stream=httpx.ByteStream(MP4), headers={"Content-Encoding": "gzip"}
        )

    async with provider_on(handler=handle) as provider:
        with pytest.raises(MalformedResponseError, match="compressed"):
            await provider.download("https://a.aliyuncs.com/x", tmp_path / "x", max_bytes=MIB)


# --- memory, cancellation, threads -----------------------------------------------------------


async def test_large_result_needs_little_memory(tmp_path: Path) -> None:
    piece, pieces = bytes(256 * 1024), 380

    async def send(peer: Peer) -> None:
        await peer.read_head()
        length = len(piece) * pieces
        peer.writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
        for _ in range(pieces):
            peer.writer.write(piece)
            await peer.writer.drain()

    async with _fetching(send) as (served, provider):
        tracemalloc.start()
        try:
            got = await provider.download(_url(served), tmp_path / "x.mp4", max_bytes=96 * MIB)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert got == 95 * MIB
    assert peak_bytes < 8 * MIB


async def test_cancelled_download_lets_go_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_under_way = asyncio.Event()

    async def stall(peer: Peer) -> None:
        await peer.read_head()
        peer.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n")
        peer.writer.write(b"\x00" * (WRITE_BYTES + 1))
        await peer.writer.drain()
        await peer.reader.read()

    loop, real = asyncio.get_running_loop(), FileWriter._write

    def write(file: FileWriter, content: bytes) -> None:
        real(file, content)
        loop.call_soon_threadsafe(is_under_way.set)

    monkeypatch.setattr(FileWriter, "_write", write)
    async with _fetching(stall) as (served, provider), asyncio.TaskGroup() as group:
        loading = group.create_task(
            provider.download(_url(served), tmp_path / "x.mp4", max_bytes=96 * MIB)
        )
        await is_under_way.wait()
        assert _opened_in(tmp_path) == ["x.mp4"]
        loading.cancel()
    assert loading.cancelled()
    assert _opened_in(tmp_path) == []


async def test_cancel_in_the_middle_of_a_write_lets_go_of_its_file_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_writing, may_go_on = threading.Event(), threading.Event()
    real = FileWriter._write

    def write_slowly(file: FileWriter, content: bytes) -> None:
        is_writing.set()
        assert may_go_on.wait(10)
        real(file, content)

    async def answer(peer: Peer) -> None:
        await peer.read_head()
        await peer.answer(MP4)

    monkeypatch.setattr(FileWriter, "_write", write_slowly)
    async with _fetching(answer) as (served, provider), asyncio.TaskGroup() as group:
        loading = group.create_task(
            provider.download(_url(served), tmp_path / "x.mp4", max_bytes=MIB)
        )
        assert await asyncio.to_thread(is_writing.wait, 10)
        loading.cancel()
        asyncio.get_running_loop().call_soon(may_go_on.set)
    assert loading.cancelled()
    assert _opened_in(tmp_path) == []


async def test_file_work_stays_off_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[str] = set()
    for name in ("open", "write", "close"):
        real = getattr(os, name)

        def note(*args: Any, _real: Any = real, **kwargs: Any) -> Any:  # noqa: ANN401  # any of os
            threads.add(threading.current_thread().name)
            return _real(*args, **kwargs)

        monkeypatch.setattr(f"bot.provider.downloads.os.{name}", note)
    async with provider_on(handler=answering(200, MP4)) as provider:
        await provider.download("https://a.aliyuncs.com/x", tmp_path / "x", max_bytes=MIB)
    assert threads
    assert all(name.startswith("download") for name in threads)


async def test_a_file_that_is_there_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"somebody else's")
    async with provider_on(handler=answering(200, MP4)) as provider:
        with pytest.raises(ProviderUnavailableError, match="our disk"):
            await provider.download("https://a.aliyuncs.com/x", tmp_path / "x.mp4", max_bytes=MIB)
    assert (tmp_path / "x.mp4").read_bytes() == b"somebody else's"
