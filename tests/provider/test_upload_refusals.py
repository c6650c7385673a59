"""What is made of a temporary store that refuses, breaks off or says nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import (
    AuthenticationError,
    BotError,
    MalformedResponseError,
    ModelNotAvailableError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    RequestRefusedError,
)
from bot.domain.failure import FailureReason
from bot.provider import Deadlines
from tests.provider.doubles import KEY, answering, provider_on
from tests.provider.servers import Peer, closed_port, serving
from tests.provider.temporary_store import (
    MODEL,
    SECRETS,
    SOUND,
    XML,
    Answer,
    a_policy,
    sending,
    store,
)

MIB = 1024 * 1024


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "of a member.bin"
    path.write_bytes(SOUND)
    return path


async def _refused(sound: Path, policy: Answer | None = None, bucket: Answer | None = None) -> Any:  # noqa: ANN401  # of the kind that is expected
    _, handler = store(policy, bucket)
    async with provider_on(handler=handler) as provider:
        with pytest.raises(BotError) as caught:
            await provider.upload_file(sound, model=MODEL, name="a.mp3")
    for secret in (*SECRETS, KEY):
        assert secret not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"code": "InvalidApiKey", "message": f"no {KEY}"}, AuthenticationError),
        (403, {"code": "AccessDenied", "message": "Access denied."}, ModelNotAvailableError),
        (404, {"code": "ModelNotFound", "message": "Model can not be found."},
         ModelNotAvailableError),
        (429, {"code": "Throttling.RateQuota", "message": "too many"}, RateLimitedError),
        (400, {"code": "UnsupportedOperation", "message": "referee"}, RequestRefusedError),
        (500, {"code": "InternalError", "message": "x"}, ProviderUnavailableError),
        (502, "<html>", ProviderUnavailableError),
        (302, "", MalformedResponseError),
        (200, "<html>", MalformedResponseError),
        (200, {"data": None}, MalformedResponseError),
        (200, a_policy(signature=7), MalformedResponseError),
        (200, a_policy(policy=f"{SECRETS[2]}\r\n--x"), MalformedResponseError),
        (200, a_policy(upload_dir="a b"), MalformedResponseError),
    ],
)  # fmt: skip
async def test_refusals_of_a_policy(
    sound: Path, status: int, body: object, kind: type[ProviderError]
) -> None:
    error = await _refused(sound, answering(status, body))
    assert type(error) is kind
    if isinstance(error, ProviderUnavailableError):
        assert not error.request_was_sent, "no task can have come of it"


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (403, b"AccessDenied", b"Invalid according to Policy: Policy expired.",
         ProviderUnavailableError),
        (400, b"RequestTimeout", SECRETS[0].encode(), ProviderUnavailableError),
        (409, b"FileAlreadyExists", b"", ProviderUnavailableError),
        (503, b"SlowDown", b"", ProviderUnavailableError),
        (429, b"", b"", ProviderUnavailableError),
        (403, b"SignatureDoesNotMatch", SECRETS[1].encode(), RequestRefusedError),
        (403, b"AccessDenied", SECRETS[2].encode(), RequestRefusedError),
        (400, b"EntityTooLarge", b"", RequestRefusedError),
        (400, b"x" * 100_000, b"", RequestRefusedError),
        (307, b"TemporaryRedirect", b"", MalformedResponseError),
    ],
)  # fmt: skip
async def test_refusals_of_the_bucket(
    sound: Path, status: int, code: bytes, message: bytes, kind: type[ProviderError]
) -> None:
    error = await _refused(sound, bucket=answering(status, XML % (code, message)))
    assert isinstance(error, ProviderError)
    assert (type(error), error.status) == (kind, status)
    assert f"HTTP {status}" in str(error)
    if isinstance(error, ProviderUnavailableError):
        assert not error.request_was_sent
    if isinstance(error, RequestRefusedError):
        fault = code != b"EntityTooLarge"
        expected = FailureReason.PROVIDER_FAULT if fault else FailureReason.PARAMETERS_REJECTED
        assert error.reason is expected


async def test_a_file_above_the_policys_limit_is_not_sent(sound: Path) -> None:
    asked, handler = store(answering(200, a_policy(max_file_size_mb=0.002)))
    async with provider_on(handler=handler) as provider:
        with pytest.raises(RequestRefusedError, match=r"2560 bytes, and the store takes 0\.002"):
            await provider.upload_file(sound, model=MODEL, name="a.mp3")
    assert len(asked) == 1


async def test_a_file_that_is_gone_is_our_disks_trouble(tmp_path: Path) -> None:
    _, handler = store()
    async with provider_on(handler=handler) as provider:
        with pytest.raises(FileNotFoundError):
            await provider.upload_file(tmp_path / "none", model=MODEL, name="a.mp3")


async def test_a_refusal_before_the_end_of_the_form_is_heard(tmp_path: Path) -> None:
    async def refuse(peer: Peer) -> None:
        await peer.read_head()
        await peer.answer(XML % (b"EntityTooLarge", b""), status=400)

    large = tmp_path / "large"
    large.write_bytes(bytes(8 * MIB))
    async with sending(refuse) as (_, provider):
        with pytest.raises((RequestRefusedError, ProviderUnavailableError)):
            await provider.upload_file(large, model=MODEL, name="a.mp4")


async def test_nobody_there_is_worth_another_try(sound: Path) -> None:
    async def answer(peer: Peer) -> None:
        await peer.read_request()
        body = a_policy(upload_host=f"http://127.0.0.1:{closed_port()}")
        await peer.answer(json.dumps(body).encode())

    async with (
        serving(answer) as api,
        provider_on(api.base_url, result_hosts=("127.0.0.1",)) as provider,
    ):
        with pytest.raises(ProviderUnavailableError, match="ConnectError"):
            await provider.upload_file(sound, model=MODEL, name="a.mp3")


@pytest.mark.parametrize(
    "deadlines",
    [Deadlines(upload=0.3), Deadlines(upload=20, download_read=0.3)],
    ids=["total", "silence"],
)
async def test_a_bucket_that_says_nothing_is_left(sound: Path, deadlines: Deadlines) -> None:
    async def stall(peer: Peer) -> None:
        await peer.read_request()
        await peer.reader.read()

    async with sending(stall, deadlines=deadlines) as (_, provider):
        with pytest.raises(ProviderUnavailableError):
            await provider.upload_file(sound, model=MODEL, name="a.mp3")
