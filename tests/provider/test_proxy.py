"""Calls and results through a forward proxy, which reads no more than it must."""

from __future__ import annotations

import base64
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import ProviderUnavailableError, ResultHostError
from bot.domain.ids import TaskId
from bot.domain.network import ForwardProxy, parse_proxy
from bot.provider import DashScopeProvider
from tests.provider.doubles import KEY, a_request, provider_on
from tests.provider.servers import OK_CREATE, OK_TASK, Peer, Served, closed_port, serving
from tests.proxies import ProxySeen, certificates_for, proxying

HOST = "dashscope-result-bj.oss-cn-beijing.aliyuncs.com"
API = "dashscope.aliyuncs.com"
MP4 = b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 40
SIGNED = (
    "/1d/a%2Fb//c/../x.mp4?Expires=1759943296&OSSAccessKeyId=LTAI5t&Signature=8xfX%2Bd5s%2f~'%3D"
)
MIB = 1024 * 1024
USER, PASSWORD = "mia", "p:ss/w@rd é"
CREDENTIALS = f"{USER}:{PASSWORD}"


async def send_video(peer: Peer) -> None:
    await peer.read_head()
    await peer.answer(MP4, headers="Content-Type: video/mp4\r\n")


async def answer_calls(peer: Peer) -> None:
    while request := await peer.read_request():
        await peer.answer(OK_CREATE if request.startswith(b"POST") else OK_TASK)


@contextlib.asynccontextmanager
async def behind_proxy(
    folder: Path, *, host: str = HOST, credentials: str | None = CREDENTIALS
) -> AsyncIterator[tuple[ProxySeen, Served, DashScopeProvider]]:
    """Put a proxy between the client and a host with a certificate, which answers as either."""
    made = certificates_for(host, folder)
    behave = answer_calls if host == API else send_video
    async with (
        serving(behave, tls=made.server) as served,
        proxying(routes={f"{host}:443": served.port}, credentials=credentials) as seen,
        provider_on(
            proxy=ForwardProxy(address=seen.address(), user=USER, password=PASSWORD),
            certificates=made.client,
            result_hosts=("*.aliyuncs.com", "127.0.0.1", "47.100.1.1", "169.254.169.254"),
        ) as provider,
    ):
        yield seen, served, provider


@pytest.fixture
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody on this side look up a name of the provider's."""
    real = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # stands in for a C function
        assert "aliyuncs" not in str(host)
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.usefixtures("no_names")
async def test_a_result_passes_the_proxy_in_a_tunnel_with_its_query_unread(tmp_path: Path) -> None:
    async with behind_proxy(tmp_path) as (seen, served, provider):
        got = await provider.download(
            f"https://{HOST}{SIGNED}", tmp_path / "x.mp4", max_bytes=len(MP4)
        )
    assert (got, (tmp_path / "x.mp4").read_bytes()) == (len(MP4), MP4)
    assert seen.request_lines == [f"CONNECT {HOST}:443 HTTP/1.1"]
    assert served.received.split(b"\r\n")[0] == f"GET {SIGNED} HTTP/1.1".encode()
    assert b"proxy-authorization" not in served.received.lower()
    read_by_proxy = b"".join(seen.heads) + bytes(seen.passed)
    for secret in (b"Signature", b"LTAI5t", b"x.mp4", b"1759943296"):
        assert secret not in read_by_proxy
    assert base64.b64encode(CREDENTIALS.encode()) in seen.heads[0]


@pytest.mark.usefixtures("no_names")
async def test_plain_http_is_never_spoken_to_a_proxy_about_a_result(tmp_path: Path) -> None:
    async with behind_proxy(tmp_path) as (seen, _, provider):
        await provider.download(f"http://{HOST}{SIGNED}", tmp_path / "x.mp4", max_bytes=MIB)
    assert seen.request_lines == [f"CONNECT {HOST}:443 HTTP/1.1"]


@pytest.mark.usefixtures("no_names")
async def test_calls_pass_the_proxy_with_the_key_unread(tmp_path: Path) -> None:
    async with behind_proxy(tmp_path, host=API) as (seen, served, provider):
        assert await provider.create_task(a_request(prompt="a kitten")) == "t-1"
        assert (await provider.get_task(TaskId("t-1"))).task_id == "t-1"
        await provider.get_task(TaskId("t-1"))
    # The create has a connection of its own, queries share one.
    assert seen.request_lines == [f"CONNECT {API}:443 HTTP/1.1"] * 2
    assert KEY.encode() in served.received
    assert KEY.encode() not in b"".join(seen.heads) + bytes(seen.passed)


async def test_a_host_that_is_not_named_is_not_asked_of_the_proxy(tmp_path: Path) -> None:
    async with behind_proxy(tmp_path) as (seen, _, provider):
        for host in ("evil.com", "aliyuncs.com.evil.com", "127.0.0.2"):
            with pytest.raises(ResultHostError, match="not among"):
                await provider.download(f"https://{host}/x", tmp_path / "x", max_bytes=MIB)
    assert seen.heads == []


async def test_an_address_in_the_link_is_judged_though_the_proxy_would_connect(
    tmp_path: Path,
) -> None:
    async with behind_proxy(tmp_path) as (seen, _, provider):
        with pytest.raises(ResultHostError, match=r"led to 169\.254\.169\.254"):
            await provider.download(
                "https://169.254.169.254/latest/meta-data", tmp_path / "x", max_bytes=MIB
            )
    assert seen.heads == []


async def test_a_loopback_host_is_reached_without_the_proxy(tmp_path: Path) -> None:
    async with behind_proxy(tmp_path) as (seen, _, provider), serving(send_video) as near:
        url = f"http://127.0.0.1:{near.port}{SIGNED}"
        assert await provider.download(url, tmp_path / "x.mp4", max_bytes=MIB) == len(MP4)
    assert seen.heads == []
    assert near.received.split(b"\r\n")[0] == f"GET {SIGNED} HTTP/1.1".encode()


async def test_a_proxy_that_refuses_says_so_and_nothing_was_sent(tmp_path: Path) -> None:
    async with behind_proxy(tmp_path, credentials="mia:another") as (_, served, provider):
        with pytest.raises(ProviderUnavailableError) as create:
            await provider.create_task(a_request())
        with pytest.raises(ProviderUnavailableError) as download:
            await provider.download(f"https://{HOST}{SIGNED}", tmp_path / "x", max_bytes=MIB)
    assert served.connections == 0
    assert not create.value.request_was_sent
    for error in (create.value, download.value):
        assert "ProxyError 407" in str(error)
        for secret in (PASSWORD, "Signature", base64.b64encode(CREDENTIALS.encode()).decode()):
            assert secret not in str(error)


async def test_a_proxy_that_is_away_means_not_sent() -> None:
    proxy = ForwardProxy(address=f"http://127.0.0.1:{closed_port()}", user=USER, password=PASSWORD)
    async with provider_on(proxy=proxy) as provider:
        with pytest.raises(ProviderUnavailableError) as caught:
            await provider.create_task(a_request())
    assert not caught.value.request_was_sent
    assert PASSWORD not in str(caught.value)


async def test_proxies_of_the_environment_are_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with proxying() as seen, serving(answer_calls) as api, serving(send_video) as results:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, seen.address())
        async with provider_on(api.base_url, result_hosts=("127.0.0.1",)) as provider:
            await provider.get_task(TaskId("t-1"))
            url = f"http://127.0.0.1:{results.port}{SIGNED}"
            await provider.download(url, tmp_path / "x.mp4", max_bytes=MIB)
    assert seen.heads == []


def test_a_password_is_not_in_what_is_printed() -> None:
    proxy = parse_proxy("http://mia:S3cret%40@proxy.example:3128")
    assert proxy == ForwardProxy(
        address="http://proxy.example:3128", user="mia", password="S3cret@"
    )
    assert "S3cret" not in repr(proxy)
