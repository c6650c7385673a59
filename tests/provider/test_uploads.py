"""Handing a file to the provider's temporary store, and telling it to look there."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import socket
import threading
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.domain.catalogue import FileRole, RequestShape
from bot.domain.errors import (
    ResultHostError,
)
from bot.domain.network import ForwardProxy
from bot.domain.requests.task import TaskLink, UploadedFile
from sandbox.dashscope import DashScopeServer
from tests.provider.doubles import KEY, START, a_request, answering, provider_on
from tests.provider.servers import Peer, serving
from tests.provider.temporary_store import (
    DIRECTORY,
    HOST,
    MODEL,
    SECRETS,
    SOUND,
    a_policy,
    sending,
    store,
    take,
)
from tests.proxies import certificates_for, proxying

MIB = 1024 * 1024


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "of a member.bin"
    path.write_bytes(SOUND)
    return path


async def test_the_form_is_the_sdks_and_no_key_is_in_it(sound: Path) -> None:
    asked, handler = store()
    async with provider_on(handler=handler) as provider:
        sent = await provider.upload_file(sound, model=MODEL, name="soundtrack.mp3")
    assert sent == UploadedFile(
        url=f"oss://{DIRECTORY}/soundtrack.mp3", expires_at=START + timedelta(hours=48)
    )
    policy, form = asked
    assert str(policy.url) == (
        f"https://dashscope.aliyuncs.com/api/v1/uploads?action=getPolicy&model={MODEL}"
    )
    assert policy.headers["Authorization"] == f"Bearer {KEY}"
    assert (form.method, str(form.url)) == ("POST", f"https://{HOST}")
    assert KEY not in repr(form.headers.raw)
    assert KEY.encode() not in form.content
    # 2.0.2_wan30_file_upload of the official SDK's recordings, with our values.
    boundary = form.headers["Content-Type"].removeprefix("multipart/form-data; boundary=")
    recorded = (
        ("OSSAccessKeyId", SECRETS[0]),
        ("Signature", SECRETS[1]),
        ("policy", SECRETS[2]),
        ("key", f"{DIRECTORY}/soundtrack.mp3"),
        ("x-oss-object-acl", "private"),
        ("x-oss-forbid-overwrite", "true"),
        ("success_action_status", "200"),
        ("x-oss-content-type", "audio/mpeg"),
    )
    said = "Content-Disposition: form-data; name="
    head = "".join(f'--{boundary}\r\n{said}"{name}"\r\n\r\n{value}\r\n' for name, value in recorded)
    head += f'--{boundary}\r\n{said}"file"; filename="soundtrack.mp3"\r\n\r\n'
    assert form.content == head.encode() + SOUND + f"\r\n--{boundary}--\r\n".encode()
    assert int(form.headers["Content-Length"]) == len(form.content)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.wav", "audio/x-wav"), ("a.MP4", "video/mp4"), ("a", "application/octet-stream")],
)
async def test_the_ending_says_what_it_is(sound: Path, name: str, kind: str) -> None:
    asked, handler = store()
    async with provider_on(handler=handler) as provider:
        await provider.upload_file(sound, model=MODEL, name=name)
    assert f'name="x-oss-content-type"\r\n\r\n{kind}\r\n'.encode() in asked[1].content


@pytest.mark.parametrize("name", ["", "../x.mp3", "a b.mp3", 'a".mp3', "a\r\n.mp3", "ü.mp3"])
async def test_a_name_that_could_be_a_path_or_end_the_form_is_a_bug(sound: Path, name: str) -> None:
    asked, handler = store()
    async with provider_on(handler=handler) as provider:
        with pytest.raises(ValueError, match="no name"):
            await provider.upload_file(sound, model=MODEL, name=name)
    assert asked == []


async def test_the_emulators_storetakes_it_and_the_task_finds_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    clip = tmp_path / "clip"
    clip.write_bytes(b"\0" * (2 * MIB + 5))
    async with (
        DashScopeServer() as server,
        provider_on(server.base_url, result_hosts=("127.0.0.1",)) as provider,
    ):
        sent = await provider.upload_file(clip, model=MODEL, name="clip.mp4")
        key = sent.url.removeprefix("oss://")
        kept = server._uploads.files[key]
    assert (kept.model, kept.data) == (MODEL, clip.read_bytes())
    for hidden in (KEY, "Signature", "signature", key):
        assert hidden not in caplog.text


# --- the header of the create ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        ((), None),
        (("https://a.example/x.mp3",), None),
        (("https://a.example/oss://x",), None),
        (("https://a.example/x.mp3", "oss://dashscope-instant/x"), "enable"),
    ],
)
async def test_a_create_says_whether_it_refers_to_the_store(
    urls: tuple[str, ...], expected: str | None
) -> None:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answering(200, {"output": {"task_id": "t"}})(request)

    links = tuple(TaskLink(role=FileRole.SOUNDTRACK, url=url) for url in urls)
    async with provider_on(handler=handle) as provider:
        await provider.create_task(a_request(shape=RequestShape.MEDIA, links=links))
    assert asked[0].headers.get("X-DashScope-OssResourceResolve") == expected


# --- where to --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "https://evil.com",
        "https://aliyuncs.com.evil.com",
        "http://127.0.0.1:1",
        "https://user@a.aliyuncs.com",
        "ftp://a.aliyuncs.com",
        "a.aliyuncs.com",
    ],
)
async def test_a_host_that_is_not_named_gets_nothing(sound: Path, host: str) -> None:
    asked, handler = store(answering(200, a_policy(upload_host=host)))
    async with provider_on(handler=handler) as provider:
        with pytest.raises(ResultHostError, match=r"^upload_file: "):
            await provider.upload_file(sound, model=MODEL, name="a.mp3")
    assert [request.method for request in asked] == ["GET"]


async def test_a_name_that_leads_home_gets_no_byte(
    sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected = asyncio.Event()

    async def listen(peer: Peer) -> None:
        connected.set()
        peer.served.received += await peer.reader.read()

    real = socket.getaddrinfo

    def rebind(host: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # stands in for a C function
        home = host in {"bucket.aliyuncs.com", b"bucket.aliyuncs.com"}
        return real("127.0.0.1" if home else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    async with sending(listen, host="bucket.aliyuncs.com") as (served, provider):
        with pytest.raises(ResultHostError, match=r"led to 127\.0\.0\.1"):
            await provider.upload_file(sound, model=MODEL, name="a.mp3")
        await connected.wait()
    assert served.received == b""


async def test_over_an_unchecked_connection_no_form_is_sent(
    sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If httpcore ever renames its events, uploads stop rather than go unchecked."""

    async def listen(peer: Peer) -> None:
        peer.served.received += await peer.reader.read()

    async def hear_nothing(*_: object) -> None:
        pass

    monkeypatch.setattr("bot.provider.result_transport.PeerGuard.__call__", hear_nothing)
    async with sending(listen) as (served, provider):
        with pytest.raises(ResultHostError, match="not checked"):
            await provider.upload_file(sound, model=MODEL, name="a.mp3")
    assert b"form-data; name" not in served.received
    for secret in SECRETS:
        assert secret.encode() not in served.received


async def test_both_pass_the_proxy_which_reads_neither(sound: Path, tmp_path: Path) -> None:
    made = certificates_for(HOST, tmp_path)

    async def answer(peer: Peer) -> None:
        await peer.read_request()
        await peer.answer(json.dumps(a_policy()).encode())

    async with (
        serving(take, tls=made.server) as bucket,
        serving(answer) as api,
        proxying(routes={f"{HOST}:443": bucket.port}) as seen,
        provider_on(
            api.base_url,
            proxy=ForwardProxy(address=seen.address()),
            certificates=made.client,
        ) as provider,
    ):
        await provider.upload_file(sound, model=MODEL, name="a.mp3")
    assert f"CONNECT {HOST}:443 HTTP/1.1" in seen.request_lines
    assert SOUND in bucket.received
    read_by_proxy = b"".join(seen.heads) + bytes(seen.passed)
    for secret in SECRETS:
        assert secret.encode() not in read_by_proxy


# --- memory, threads, a file that changes ----------------------------------------------------


async def test_a_large_file_needs_little_memory_and_is_read_off_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size_bytes, received = 95 * MIB, 0
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(size_bytes)

    async def take(peer: Peer) -> None:
        nonlocal received
        head = await peer.read_head()
        promised = re.search(rb"content-length: (\d+)", head.lower())
        assert promised
        while received < int(promised[1]):
            received += len(await peer.reader.read(MIB))
        await peer.answer(b"")

    threads: set[int] = set()
    real = Path.open

    def note(self: Path, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # any of Path's
        if self == large:
            threads.add(threading.get_ident())
        return real(self, *args, **kwargs)

    async with sending(take) as (_, provider):
        monkeypatch.setattr(Path, "open", note)
        tracemalloc.start()
        try:
            await provider.upload_file(large, model=MODEL, name="clip.mp4")
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert size_bytes < received < size_bytes + 4096
    assert peak_bytes < 8 * MIB
    assert threads
    assert threading.get_ident() not in threads


async def test_a_file_that_becomes_shorter_is_nottaken_for_whole(
    sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bytes] = []

    async def take(peer: Peer) -> None:
        taken.append(await peer.read_request())
        await peer.answer(b"")

    real = Path.open

    def shorten(self: Path, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # any of Path's
        if self == sound:
            os.truncate(sound, 100)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", shorten)
    async with sending(take) as (_, provider):
        with pytest.raises(OSError, match="became shorter"):
            await provider.upload_file(sound, model=MODEL, name="a.mp3")
    assert taken == []
