"""What becomes of the one paid call when the transport breaks, on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from bot.domain.errors import (
    MalformedResponseError,
    ProviderUnavailableError,
    RateLimitedError,
    RequestRefusedError,
)
from bot.provider import Deadlines
from tests.provider.doubles import KEY, a_picture, a_request, answering, provider_on
from tests.provider.servers import OK_CREATE, Peer, Served, closed_port, serving

BIG = 6 * 1024 * 1024
"""More than the kernel buffers of a connection whose reader does not read."""
SHORT = Deadlines(create=0.4, query=0.4, connect=0.3)
PROMPT = "a very private prompt"


async def _failure(
    base_url: str, *, size_bytes: int = 300, deadlines: Deadlines | None = None
) -> ProviderUnavailableError:
    """Create a task, which must break, and return how."""
    request = a_request(prompt=PROMPT, images=(a_picture(size_bytes=size_bytes),))
    async with provider_on(base_url, deadlines=deadlines) as provider:
        with pytest.raises(ProviderUnavailableError) as caught:
            await provider.create_task(request)
    assert KEY not in str(caught.value)
    assert PROMPT not in str(caught.value)
    return caught.value


# --- the body certainly did not arrive whole -------------------------------------------------


async def test_unknown_name_means_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    error = await _failure("https://nowhere.invalid/api/v1")
    assert not error.request_was_sent


async def test_refused_connection_means_not_sent() -> None:
    error = await _failure(f"http://127.0.0.1:{closed_port()}/api/v1")
    assert not error.request_was_sent


@contextlib.contextmanager
def _full_backlog() -> Iterator[int]:
    """Yield a port whose queue is full, so that a connection is neither taken nor refused."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listening.getsockname())
        yield listening.getsockname()[1]


async def test_connect_timeout_means_not_sent() -> None:
    with _full_backlog() as port:
        error = await _failure(f"http://127.0.0.1:{port}/api/v1", deadlines=SHORT)
    assert not error.request_was_sent


async def test_tls_failure_means_not_sent() -> None:
    async def speak_plain(peer: Peer) -> None:
        await peer.reader.read(100)
        await peer.answer(b"", status=400)

    async with serving(speak_plain) as served:
        base_url = served.base_url.replace("http://", "https://")
        error = await _failure(base_url)
    assert not error.request_was_sent


async def test_silence_in_the_tls_handshake_means_not_sent() -> None:
    async def say_nothing(peer: Peer) -> None:
        await peer.reader.read()

    async with serving(say_nothing) as served:
        base_url = served.base_url.replace("http://", "https://")
        error = await _failure(base_url, deadlines=SHORT)
    assert not error.request_was_sent


async def test_server_that_closes_before_the_body_means_not_sent() -> None:
    async def slam(peer: Peer) -> None:
        await peer.read_head()
        peer.reset()

    async with serving(slam, receive_buffer_bytes=4096) as served:
        error = await _failure(served.base_url, size_bytes=BIG)
    assert not error.request_was_sent
    assert served.connections == 1


async def test_deadline_in_the_middle_of_the_body_means_not_sent() -> None:
    given_up = asyncio.Event()

    async def ignore_until_given_up(peer: Peer) -> None:
        await given_up.wait()
        while piece := await peer.reader.read(1 << 20):
            peer.served.received += piece

    async with serving(ignore_until_given_up, receive_buffer_bytes=4096) as served:
        error = await _failure(served.base_url, size_bytes=BIG, deadlines=SHORT)
        given_up.set()
    assert not error.request_was_sent
    assert len(served.received) < BIG


# --- a task may exist ------------------------------------------------------------------------


async def test_server_that_closes_after_the_body_may_have_a_task() -> None:
    async def read_and_close(peer: Peer) -> None:
        await peer.read_request()

    async with serving(read_and_close) as served:
        error = await _failure(served.base_url, size_bytes=BIG)
    assert error.request_was_sent
    assert served.whole_requests == served.connections == 1


@pytest.mark.parametrize(
    "start",
    [b"HTT", b"HTTP/1.1 200 OK\r\nContent-Length: 75\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\x15\x03"],
    ids=["status line", "headers", "body", "not http"],
)
async def test_reset_in_the_answer_may_have_a_task(start: bytes) -> None:
    async def break_off(peer: Peer) -> None:
        await peer.read_request()
        peer.writer.write(start)
        await peer.writer.drain()
        peer.reset()

    async with serving(break_off) as served:
        error = await _failure(served.base_url)
    assert error.request_was_sent
    assert served.whole_requests == served.connections == 1


async def test_truncated_answer_may_have_a_task() -> None:
    async def cut(peer: Peer) -> None:
        await peer.read_request()
        peer.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 75\r\n\r\n" + OK_CREATE[:40])
        await peer.writer.drain()

    async with serving(cut) as served:
        error = await _failure(served.base_url)
    assert error.request_was_sent


async def test_silence_after_the_body_may_have_a_task() -> None:
    async def fall_silent(peer: Peer) -> None:
        await peer.read_request()
        await peer.reader.read()

    async with serving(fall_silent) as served:
        error = await _failure(served.base_url, deadlines=SHORT)
    assert error.request_was_sent
    assert served.whole_requests == served.connections == 1


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"],
    ids=["headers", "body"],
)
async def test_slow_drip_ends_at_the_deadline(head: bytes) -> None:
    async def drip(peer: Peer) -> None:
        await peer.read_request()
        peer.writer.write(head)
        while True:
            peer.writer.write(b"H")
            await peer.writer.drain()
            await asyncio.sleep(0.02)

    loop = asyncio.get_running_loop()
    async with serving(drip) as served:
        started_at = loop.time()
        error = await _failure(served.base_url, deadlines=SHORT)
        took_seconds = loop.time() - started_at
    assert error.request_was_sent
    assert "no answer within" in str(error)
    assert took_seconds < 3


@contextlib.asynccontextmanager
async def _answering(body: bytes, *, status: int, headers: str = "") -> AsyncIterator[Served]:
    async def answer(peer: Peer) -> None:
        await peer.read_request()
        await peer.answer(body, status=status, headers=headers)

    async with serving(answer) as served:
        yield served


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b'{"code":"InternalError","message":"Internal server error!"}'),
        (500, b'{"code":"SomethingNew","message":"x"}'),
        (500, b""),
        (502, b"<html>Bad Gateway</html>"),
        (503, b"<html>Unavailable</html>"),
        (503, b'{"code":"DataInspectionFailed","message":"Input data"}'),
        (504, b"{}"),
        (408, b""),
    ],
)
async def test_server_error_may_have_a_task(status: int, body: bytes) -> None:
    async with _answering(body, status=status) as served:
        error = await _failure(served.base_url)
        assert error.request_was_sent
        assert error.status == status
        assert served.whole_requests == served.connections == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>Welcome</html>"),
        (200, b""),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"output":null}'),
        (200, b'{"output":{"task_status":"PENDING","task_id":""}}'),
        (200, b'{"output":[],"request_id":"r"}'),
        (200, b'{"code":"InvalidParameter","message":"x"}'),
        (200, b'{"output":{"task_id":"t'),
        (200, b"\xff\xfe"),
        (204, b""),
        (301, b""),
        (307, b'{"output":{"task_id":"t"}}'),
    ],
)
async def test_success_without_a_task_id_is_malformed(status: int, body: bytes) -> None:
    location = "Location: http://127.0.0.1:9/elsewhere\r\n"
    async with _answering(body, status=status, headers=location) as served:
        async with provider_on(served.base_url) as provider:
            with pytest.raises(MalformedResponseError):
                await provider.create_task(a_request())
        assert served.connections == 1


async def test_endless_answer_is_malformed() -> None:
    async with provider_on(handler=answering(200, b" " * (2 << 20))) as provider:
        with pytest.raises(MalformedResponseError, match="endless"):
            await provider.create_task(a_request())


# --- one request, one connection -------------------------------------------------------------


async def test_each_create_has_a_connection_of_its_own() -> None:
    async def serve_for_ever(peer: Peer) -> None:
        while True:
            await peer.read_request()
            await peer.answer(OK_CREATE)

    async with serving(serve_for_ever) as served, provider_on(served.base_url) as provider:
        for _ in range(3):
            request = a_request(images=(a_picture(size_bytes=200_000),))
            assert await provider.create_task(request) == "t-1"
    assert served.connections == served.whole_requests == 3


async def test_content_type_of_the_answer_does_not_matter() -> None:
    plain = "Content-Type: text/plain\r\n"
    async with (
        _answering(OK_CREATE, status=200, headers=plain) as served,
        provider_on(served.base_url) as provider,
    ):
        assert await provider.create_task(a_request()) == "t-1"


async def test_cancellation_passes_through() -> None:
    async def fall_silent(peer: Peer) -> None:
        await peer.read_request()
        await peer.reader.read()

    async with serving(fall_silent) as served, provider_on(served.base_url) as provider:
        async with asyncio.TaskGroup() as group:
            creating = group.create_task(provider.create_task(a_request()))
            await served.has_request.wait()
            creating.cancel()
        assert creating.cancelled()
    assert served.connections == 1


# --- nothing was created ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7.0),
        ("1.5", 1.5),
        ("3600", 60.0),
        ("-5", 0.0),
        ("Fri, 01 May 2026 12:00:30 GMT", 30.0),
        ("Fri, 01 May 2026 11:00:00 GMT", 0.0),
        ("Sat, 02 May 2026 12:00:00 GMT", 60.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
    ],
)
async def test_servers_plea_is_read_and_bounded(value: str, expected: float | None) -> None:
    body = {"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded"}
    handler = answering(429, body, headers={"Retry-After": value})
    async with provider_on(handler=handler) as provider:
        with pytest.raises(RateLimitedError) as caught:
            await provider.create_task(a_request())
    assert caught.value.retry_after_seconds == expected
    assert caught.value.provider_code == "Throttling.RateQuota"


async def test_refusal_does_not_repeat_prompt_key_picture_or_query() -> None:
    message = (
        f"bad {PROMPT} with {KEY} and another sk-abcdef at https://u:p@x.com/a.jpg?Signature=abc "
        "from data:image/jpeg;base64,AAAA"
    )
    handler = answering(400, {"code": "InvalidParameter", "message": message, "request_id": "r-9"})
    async with provider_on(handler=handler) as provider:
        with pytest.raises(RequestRefusedError) as caught:
            await provider.create_task(a_request(prompt=PROMPT))
    text = str(caught.value)
    for secret in (PROMPT, KEY, "sk-abcdef", "Signature", "u:p", "AAAA"):
        assert secret not in text
    assert "https://x.com/a.jpg" in text
    assert caught.value.request_id == "r-9"


async def test_unsupported_create_is_a_refusal() -> None:
    body = {"code": "UnsupportedOperation", "message": "The operation is unsupported"}
    async with provider_on(handler=answering(400, body)) as provider:
        with pytest.raises(RequestRefusedError):
            await provider.create_task(a_request())


async def test_request_id_is_taken_from_the_headers_where_the_body_has_none() -> None:
    handler = answering(401, b"", headers={"X-Request-ID": "r-7"})
    async with provider_on(handler=handler) as provider:
        with pytest.raises(Exception, match="HTTP 401") as caught:
            await provider.create_task(a_request())
    assert getattr(caught.value, "request_id", None) == "r-7"
