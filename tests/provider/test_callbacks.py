"""A call is genuine or it is refused: each way to forge one, and what it names."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.domain.ids import TaskId
from bot.provider.callbacks import CallbackRefusal, GenuineCallback, RefusalReason
from tests.provider.doubles import START, ManualClock
from tests.provider.eventbridge import (
    BODY,
    CERTIFICATE_URL,
    HOST,
    OPENSSL_CERTIFICATE,
    OPENSSL_HEADERS,
    TASK,
    TOKEN,
    URL,
    CertificateHost,
    key,
    signed_headers,
    verifier_on,
)

GENUINE = GenuineCallback(task_id=TaskId(TASK))


async def judged(
    headers: dict[str, str],
    body: bytes = BODY,
    *,
    host: CertificateHost | None = None,
    clock: ManualClock | None = None,
) -> GenuineCallback | RefusalReason:
    said = await verifier_on(host or CertificateHost(), clock or ManualClock()).verify(
        headers.items(), body
    )
    return said.reason if isinstance(said, CallbackRefusal) else said


async def test_what_openssl_signed_is_genuine_and_no_bit_of_it_may_change() -> None:
    host = CertificateHost(OPENSSL_CERTIFICATE)
    assert await judged(OPENSSL_HEADERS, host=host) == GENUINE
    assert await judged(OPENSSL_HEADERS, BODY + b" ", host=host) is RefusalReason.WRONG_SIGNATURE
    later = {**OPENSSL_HEADERS, "X-EventBridge-Signature-Timestamp": "1777636800001"}
    assert await judged(later, host=host) is RefusalReason.WRONG_SIGNATURE


@pytest.mark.parametrize("milliseconds", [-60_000, 60_000])
async def test_a_minute_is_not_too_old(milliseconds: int) -> None:
    at = START + timedelta(milliseconds=milliseconds)
    assert await judged(signed_headers(at=at)) == GENUINE


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        pytest.param(
            signed_headers(at=START - timedelta(milliseconds=60_001)),
            RefusalReason.TOO_OLD,
            id="old",
        ),
        pytest.param(
            signed_headers(at=START + timedelta(milliseconds=60_001)),
            RefusalReason.TOO_OLD,
            id="ahead",
        ),
        pytest.param(
            signed_headers(token="a-token-of-another"), RefusalReason.WRONG_TOKEN, id="token"
        ),
        pytest.param(signed_headers(by="forger"), RefusalReason.WRONG_SIGNATURE, id="key"),
        pytest.param(
            signed_headers(url="https://tween.example/callbacks/dashscope/"),
            RefusalReason.WRONG_SIGNATURE,
            id="another address",
        ),
        pytest.param(
            signed_headers(BODY.replace(b"SUCCEEDED", b"FAILED")),
            RefusalReason.WRONG_SIGNATURE,
            id="another body",
        ),
        pytest.param(
            signed_headers(certificate_url="https://mine.oss-accelerate.aliyuncs.com/x.pem"),
            RefusalReason.FOREIGN_CERTIFICATE,
            id="anybody's bucket",
        ),
        pytest.param(
            signed_headers(certificate_url=f"http://{HOST}/x.pem"),
            RefusalReason.FOREIGN_CERTIFICATE,
            id="certificate over http",
        ),
        pytest.param(signed_headers(method="MD5"), RefusalReason.MALFORMED, id="method"),
        pytest.param(signed_headers(version="2.0"), RefusalReason.MALFORMED, id="version"),
        pytest.param(
            {**signed_headers(), "x-eventbridge-signature-v2": "not base64!"},
            RefusalReason.MALFORMED,
            id="signature",
        ),
        pytest.param(
            {**signed_headers(), "x-eventbridge-signature-v2": base64.b64encode(b"0").decode()},
            RefusalReason.WRONG_SIGNATURE,
            id="short signature",
        ),
        pytest.param(
            {**signed_headers(), "x-eventbridge-signature-timestamp": "9" * 15},
            RefusalReason.MALFORMED,
            id="a moment that is none",
        ),
        pytest.param(
            {**signed_headers(), "x-eventbridge-signature-timestamp": "1777636800000.5"},
            RefusalReason.MALFORMED,
            id="no whole number",
        ),
        pytest.param(
            {**signed_headers(), "X-EventBridge-Signature-Token": TOKEN},
            RefusalReason.MALFORMED,
            id="a header twice",
        ),
        pytest.param(
            {**signed_headers(), "x-eventbridge-signature-token": f"{TOKEN}é"},
            RefusalReason.MALFORMED,
            id="unusual letters",
        ),
    ],
)
async def test_a_forged_call_is_refused(headers: dict[str, str], reason: RefusalReason) -> None:
    assert await judged(headers) is reason


@pytest.mark.parametrize("name", signed_headers())
async def test_every_header_is_needed(name: str) -> None:
    headers = signed_headers()
    del headers[name]
    assert await judged(headers) is RefusalReason.MALFORMED
    assert await judged({**headers, name: ""}) is RefusalReason.MALFORMED


async def test_nothing_is_fetched_for_a_call_without_our_token_or_out_of_date() -> None:
    host = CertificateHost()
    for headers in (
        signed_headers(token="a-guess-of-a-stranger"),
        signed_headers(at=START - timedelta(hours=1)),
        signed_headers(certificate_url="https://127.0.0.1/x.pem"),
    ):
        assert await judged(headers, host=host) is not None
    assert host.fetched == []


async def test_a_certificate_that_cannot_be_had_is_another_matter_than_a_forgery() -> None:
    host = CertificateHost()
    host.status = 404
    assert await judged(signed_headers(), host=host) is RefusalReason.NO_CERTIFICATE


@pytest.mark.parametrize(
    "event",
    [
        {"source": "acs.oss", "type": "dashscope:System:AsyncTaskFinish", "data": {"task_id": "t"}},
        {"source": "acs.dashscope", "type": "another", "data": None},
    ],
)
async def test_a_genuine_call_may_be_about_something_else(event: dict[str, object]) -> None:
    body = json.dumps(event).encode()
    assert await judged(signed_headers(body), body) == GenuineCallback(task_id=None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff{",
        BODY.replace(b"task_id", b"task"),
        BODY.replace(TASK.encode(), b"x" * 129),
        BODY.replace(f'"{TASK}"'.encode(), b"7"),
    ],
)
async def test_a_signed_body_of_another_form_is_refused(body: bytes) -> None:
    assert await judged(signed_headers(body), body) is RefusalReason.MALFORMED


async def test_nothing_said_of_a_refusal_repeats_token_or_body() -> None:
    for headers in (
        signed_headers(at=START - timedelta(hours=1)),
        signed_headers(by="forger"),
        signed_headers(certificate_url="https://mine.example/x.pem?Signature=abc"),
    ):
        said = await verifier_on(CertificateHost(), ManualClock()).verify(headers.items(), BODY)
        assert isinstance(said, CallbackRefusal)
        for secret in (TOKEN, TASK, "abc"):
            assert secret not in said.detail


def documented() -> Callable[..., dict[str, str]]:
    """Return the function the page on operations shows to those who pass events on."""
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    (shown,) = re.findall(r"```python\n(.+?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(shown, names)  # noqa: S102 - our own page
    made: Callable[..., dict[str, str]] = names["signed"]
    return made


async def test_what_a_consumer_passes_on_as_the_page_says_is_taken() -> None:
    host, clock = CertificateHost(), ManualClock()
    pem = key("genuine").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    headers = documented()(BODY, url=URL, token=TOKEN, key_pem=pem, certificate_url=CERTIFICATE_URL)
    clock.seconds = int(headers["x-eventbridge-signature-timestamp"]) / 1000 - START.timestamp()
    assert await judged(headers, host=host, clock=clock) == GENUINE
