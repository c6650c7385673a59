"""Where certificates are fetched from, how often, and what counts as one."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bot.domain.errors import (
    BotError,
    MalformedResponseError,
    ProviderUnavailableError,
    ResultHostError,
)
from bot.domain.network import ForwardProxy
from bot.provider.certificates import (
    FETCHES_SPAN_SECONDS,
    KEPT_SECONDS,
    LONGEST_CERTIFICATE_BYTES,
    MOST_FETCHES,
    MOST_KEPT,
)
from bot.provider.certificates import CertificateKeys as Keys
from tests.provider.doubles import ManualClock
from tests.provider.eventbridge import (
    CERTIFICATE_URL,
    HOST,
    CertificateHost,
    certificate,
    key,
    keys_from,
)
from tests.provider.servers import Peer, serving
from tests.proxies import certificates_for, proxying


@pytest.fixture
def host() -> CertificateHost:
    return CertificateHost()


@pytest.fixture
def keys(host: CertificateHost, moments: ManualClock) -> Keys:
    return keys_from(host, moments)


@pytest.fixture
def moments() -> ManualClock:
    return ManualClock()


async def test_a_key_is_fetched_once_and_again_after_an_hour(
    keys: Keys, host: CertificateHost, moments: ManualClock
) -> None:
    found = await asyncio.gather(*(keys.key_of(CERTIFICATE_URL) for _ in range(20)))
    assert {one.public_numbers() for one in found} == {key("genuine").public_key().public_numbers()}
    moments.seconds = KEPT_SECONDS - 1
    await keys.key_of(CERTIFICATE_URL)
    assert host.fetched == [HOST]
    moments.seconds = KEPT_SECONDS
    await keys.key_of(CERTIFICATE_URL)
    assert host.fetched == [HOST, HOST]


@pytest.mark.parametrize(
    "url",
    [
        "https://mine.oss-accelerate.aliyuncs.com/x.pem",
        f"https://x.{HOST}/x.pem",
        f"https://{HOST}.example/x.pem",
        f"https://{HOST}@mine.example/x.pem",
        f"https://mine.example\\@{HOST}/x.pem",
        f"http://{HOST}/x.pem",
        f"HTTP://{HOST}/x.pem",
        f"ftp://{HOST}/x.pem",
        f"//{HOST}/x.pem",
        "https://127.0.0.1/x.pem",
        "http://localhost/x.pem",
        "",
    ],
)
async def test_nothing_is_fetched_from_anywhere_else(
    keys: Keys, host: CertificateHost, url: str
) -> None:
    with pytest.raises(ResultHostError, match=r"^certificate: "):
        await keys.key_of(url)
    assert host.fetched == []


async def test_a_pattern_is_no_name(host: CertificateHost, moments: ManualClock) -> None:
    """The settings refuse one; should one get here, it names nobody."""
    keys = keys_from(host, moments, "*.oss-accelerate.aliyuncs.com")
    with pytest.raises(ResultHostError):
        await keys.key_of(CERTIFICATE_URL)


async def test_a_host_is_the_same_in_capitals(keys: Keys) -> None:
    await keys.key_of(CERTIFICATE_URL.replace("cn-beijing", "CN-Beijing"))


async def test_addresses_without_end_are_not_fetched_without_end(
    keys: Keys, host: CertificateHost, moments: ManualClock
) -> None:
    """Somebody who has the token makes addresses up; those that fail count as well."""
    refused: list[str] = []

    async def ask(number: int) -> None:
        host.status = 404 if number % 2 else 200
        try:
            await keys.key_of(f"{CERTIFICATE_URL}?{number}")
        except ProviderUnavailableError as error:
            refused.append(str(error))

    for number in range(100):
        await ask(number)
    assert len(host.fetched) == MOST_FETCHES
    assert len(refused) == 100 - MOST_FETCHES // 2
    assert "too many fetches" in refused[-1]
    for span in range(1, 20):
        moments.seconds = FETCHES_SPAN_SECONDS * span
        for number in range(100):
            await ask(span * 100 + number)
    assert len(host.fetched) == MOST_FETCHES * 20
    assert len(keys._kept) == MOST_KEPT


async def test_a_key_in_use_is_kept_whatever_else_is_fetched(
    keys: Keys, host: CertificateHost, moments: ManualClock
) -> None:
    await keys.key_of(CERTIFICATE_URL)
    for number in range(3 * MOST_KEPT):
        moments.seconds += FETCHES_SPAN_SECONDS / 4
        await keys.key_of(f"{CERTIFICATE_URL}?{number}")
        await keys.key_of(CERTIFICATE_URL)
    assert len(host.fetched) == 1 + 3 * MOST_KEPT


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>not found</html>",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        certificate(ec.generate_private_key(ec.SECP256R1())),
        certificate(rsa.generate_private_key(public_exponent=65537, key_size=1024)),  # noqa: S505
        certificate() + b" " * LONGEST_CERTIFICATE_BYTES,
    ],
    ids=["empty", "html", "broken", "of another kind", "short key", "long"],
)
async def test_anything_else_is_no_certificate(
    keys: Keys, host: CertificateHost, content: bytes
) -> None:
    host.content = content
    with pytest.raises(MalformedResponseError, match="is none"):
        await keys.key_of(CERTIFICATE_URL)


async def _hand_out(peer: Peer) -> None:
    await peer.read_head()
    await peer.answer(certificate())


async def _found(keys: Keys, url: str) -> str:
    """Return what came of a fetch: the error's name, or nothing."""
    try:
        await keys.key_of(url)
    except BotError as error:
        return type(error).__name__
    finally:
        await keys.aclose()
    return ""


async def test_loopback_only_where_it_is_named_and_reached(moments: ManualClock) -> None:
    async with serving(_hand_out) as served:
        url = f"http://127.0.0.1:{served.port}/x.pem"
        named = Keys(hosts=("127.0.0.1",), clock=moments, user_agent="t")
        assert await _found(named, url) == ""
        assert served.connections == 1
        # A name that is none of loopback's, and leads there.
        other = Keys(hosts=("127.1",), clock=moments, user_agent="t")
        assert await _found(other, url.replace("http://127.0.0.1", "https://127.1")) == (
            "ResultHostError"
        )
        assert served.whole_requests == 0


async def test_a_certificate_comes_through_the_proxy_and_not_from_just_anybody(
    tmp_path: Path, moments: ManualClock
) -> None:
    made = certificates_for(HOST, tmp_path)
    async with (
        serving(_hand_out, tls=made.server) as served,
        proxying(routes={f"{HOST}:443": served.port}) as seen,
    ):

        def keys(believed: ssl.SSLContext | None) -> Keys:
            return Keys(
                hosts=(HOST,),
                clock=moments,
                user_agent="t",
                proxy=ForwardProxy(address=seen.address()),
                certificates=believed,
            )

        assert await _found(keys(made.client), CERTIFICATE_URL) == ""
        assert seen.request_lines == [f"CONNECT {HOST}:443 HTTP/1.1"]
        nobodys = ssl.create_default_context(cadata=None)
        assert await _found(keys(nobodys), CERTIFICATE_URL) == "ProviderUnavailableError"


async def test_a_host_that_says_nothing_is_given_up(moments: ManualClock) -> None:
    never = asyncio.Event()

    async def silent(_: Peer) -> None:
        await never.wait()

    async with serving(silent) as served:
        keys = Keys(hosts=("127.0.0.1",), clock=moments, user_agent="t", fetch_seconds=0.1)
        found = await _found(keys, f"http://127.0.0.1:{served.port}/x.pem")
        assert found == "ProviderUnavailableError"
