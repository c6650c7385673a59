"""What members attach flows from the CDN into a file, or is said not to be there."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from bot.chat import attachments as module
from bot.chat.attachments import PIECE_BYTES, Attachments
from bot.domain.errors import ChatUnavailableError
from sandbox.discord import DiscordServer, Upload
from tests.provider.servers import Peer, Served, closed_port, serving

PICTURE = bytes(range(256)) * (PIECE_BYTES // 100)
"""More than one piece, and no whole number of them."""
MOST = 1 << 20
SIGNED = "/attachments/1/2/cat.png?ex=6&is=5&hm=secret"
FILES = "/cdn/*"


@pytest.fixture
async def attachments() -> AsyncIterator[Attachments]:
    attachments = Attachments()
    yield attachments
    await attachments.aclose()


async def attached(server: DiscordServer, content: bytes = PICTURE) -> str:
    """Return the URL of what tom attached."""
    upload = Upload(filename="cat.png", data=content)
    message = await server.actions.say("tom", server.channel, files=[upload])
    return server.cdn.url(message.attachments[0])


def url_of(served: Served) -> str:
    """Return the URL of a file on a CDN that misbehaves as told."""
    return f"http://127.0.0.1:{served.port}{SIGNED}"


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


async def refused(
    attachments: Attachments, url: str, into: Path, *, max_bytes: int = MOST
) -> ChatUnavailableError:
    with pytest.raises(ChatUnavailableError) as caught:
        await attachments.fetch(url, into, max_bytes=max_bytes)
    return caught.value


@pytest.mark.parametrize("content", [PICTURE, b"", b"x" * MOST], ids=["pieces", "empty", "most"])
async def test_a_file_arrives_whole(
    server: DiscordServer, attachments: Attachments, tmp_path: Path, content: bytes
) -> None:
    url = await attached(server, content)
    await attachments.fetch(url, tmp_path / "a.png", max_bytes=MOST)
    assert (tmp_path / "a.png").read_bytes() == content
    assert [status for _, status in server.cdn.downloads] == [200]


# --- what is worth another try ----------------------------------------------------------------


async def test_a_file_that_is_not_there_at_once_is_asked_for_again(
    server: DiscordServer, attachments: Attachments, tmp_path: Path
) -> None:
    url = await attached(server)
    server.faults.respond("GET", FILES, 404)
    server.faults.drop("GET", FILES)
    await attachments.fetch(url, tmp_path / "a.png", max_bytes=MOST)
    assert (tmp_path / "a.png").read_bytes() == PICTURE


async def test_a_transfer_that_breaks_off_begins_anew(
    attachments: Attachments, tmp_path: Path
) -> None:
    async def break_off_at_first(peer: Peer) -> None:
        await peer.read_head()
        if peer.served.connections > 1:
            await peer.answer(PICTURE)
            return
        peer.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + PICTURE[::-1])
        await peer.writer.drain()

    async with serving(break_off_at_first) as served:
        await attachments.fetch(url_of(served), tmp_path / "a.png", max_bytes=MOST)
    assert served.connections == 2
    assert (tmp_path / "a.png").read_bytes() == PICTURE


@pytest.mark.parametrize("status", [403, 404, 500, 503])
async def test_a_file_that_is_not_handed_out_is_unavailable_after_three_attempts(
    server: DiscordServer, attachments: Attachments, tmp_path: Path, status: int
) -> None:
    url = await attached(server)
    server.faults.respond("GET", FILES, status, count=3)
    error = await refused(attachments, url, tmp_path / "a.png")
    assert str(error) == f"HTTP {status}"
    assert names_in(tmp_path) == []
    await attachments.fetch(url, tmp_path / "a.png", max_bytes=MOST)


async def test_a_cdn_that_falls_silent_is_asked_three_times(
    attachments: Attachments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fall_silent(peer: Peer) -> None:
        await peer.read_head()
        peer.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + PICTURE)
        await peer.reader.read()

    monkeypatch.setattr(module, "TIMEOUT", aiohttp.ClientTimeout(sock_read=0.1))
    async with serving(fall_silent) as served:
        await refused(attachments, url_of(served), tmp_path / "a.png")
    assert served.connections == 3


async def test_a_signature_that_has_expired_is_unavailable(
    server: DiscordServer, attachments: Attachments, tmp_path: Path
) -> None:
    url = await attached(server)
    server.clock.advance(2 * 86_400)
    await refused(attachments, url, tmp_path / "a.png")
    assert [status for _, status in server.cdn.downloads] == [404, 404, 404]


async def test_the_words_discord_hands_out_for_a_file_it_has_no_more_are_no_file(
    server: DiscordServer, attachments: Attachments, tmp_path: Path
) -> None:
    url = await attached(server, b"This content is no longer available.")
    error = await refused(attachments, url, tmp_path / "a.png")
    assert str(error) == "gone, with status 200"


async def test_a_transfer_that_trickles_ends_in_time_and_a_large_one_earns_its_time(
    attachments: Attachments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    piece = b"x" * 1000

    async def trickle(peer: Peer) -> None:
        await peer.read_head()
        peer.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n")
        for _ in range(20):
            peer.writer.write(piece)
            await peer.writer.drain()
            await asyncio.sleep(0.02)

    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)
    async with serving(trickle) as served:
        assert str(await refused(attachments, url_of(served), tmp_path / "a.png")) == "TimeoutError"
        assert served.connections == 1, "attempts share the time"
        monkeypatch.setattr(module, "SLOWEST_BYTES_PER_SECOND", len(piece))
        await attachments.fetch(url_of(served), tmp_path / "b.png", max_bytes=MOST)
    assert (tmp_path / "b.png").stat().st_size == 20 * len(piece)


# --- what ends it at once ---------------------------------------------------------------------


async def test_a_file_larger_than_allowed_is_not_read_to_its_end(
    attachments: Attachments, tmp_path: Path
) -> None:
    async def flood(peer: Peer) -> None:
        await peer.read_head()
        peer.writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            peer.writer.write(bytes(65_536))
            await peer.writer.drain()

    async with serving(flood) as served:
        error = await refused(attachments, url_of(served), tmp_path / "a.png", max_bytes=MOST)
    assert str(error) == f"more than {MOST} bytes"
    assert served.connections == 1
    assert (tmp_path / "a.png").stat().st_size <= MOST


async def test_one_byte_too_many_is_too_many(
    server: DiscordServer, attachments: Attachments, tmp_path: Path
) -> None:
    url = await attached(server)
    await refused(attachments, url, tmp_path / "a.png", max_bytes=len(PICTURE) - 1)
    assert len(server.cdn.downloads) == 1


@pytest.mark.parametrize(
    ("into", "number"),
    [("/dev/full", errno.ENOSPC), ("/dev/null/a.png", errno.ENOTDIR)],
    ids=["full", "no folder"],
)
async def test_what_the_disk_refuses_is_the_disks_and_not_discords(
    server: DiscordServer, attachments: Attachments, into: str, number: int
) -> None:
    url = await attached(server)
    with pytest.raises(OSError, match=r"\[Errno") as caught:
        await attachments.fetch(url, Path(into), max_bytes=MOST)
    assert caught.value.errno == number
    assert len(server.cdn.downloads) == 1


# --- what is told of it -----------------------------------------------------------------------


async def hang_up(peer: Peer) -> None:
    await peer.read_head()
    peer.reset()


async def talk_nonsense(peer: Peer) -> None:
    await peer.read_head()
    peer.writer.write(b"220 smtp.example.com ready\r\n\r\n")
    await peer.writer.drain()


async def send_in_circles(peer: Peer) -> None:
    while True:
        await peer.read_head()
        await peer.answer(b"", status=302, headers=f"Location: {SIGNED}\r\n")


async def send_nowhere(peer: Peer) -> None:
    await peer.read_head()
    await peer.answer(b"", status=302, headers=f"Location: http://[{SIGNED}\r\n")


@pytest.mark.parametrize("behave", [hang_up, talk_nonsense, send_in_circles, send_nowhere])
async def test_the_signature_is_not_told(
    attachments: Attachments, tmp_path: Path, behave: Callable[[Peer], Awaitable[None]]
) -> None:
    async with serving(behave) as served:
        error = await refused(attachments, url_of(served), tmp_path / "a.png")
    assert str(error)
    assert "secret" not in str(error)
    assert error.__suppress_context__


async def test_nobody_there_is_unavailable(attachments: Attachments, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{closed_port()}{SIGNED}"
    assert "secret" not in str(await refused(attachments, url, tmp_path / "a.png"))
