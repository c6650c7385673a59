"""Finished files: signed addresses, their expiry, and how they are served."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta, timezone
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from sandbox.dashscope.geometry import output_size
from tests.sandbox.dashscope.helpers import Account


async def _url(account: Account) -> str:
    return str((await account.finished(parameters={"resolution": "480P"})).output["video_url"])


async def test_the_address_has_the_form_of_the_real_ones(account: Account) -> None:
    url = await _url(account)
    assert re.fullmatch(
        r"http://127\.0\.0\.1:\d+/results/1d/cd/\d{8}/[0-9a-f]{8}/[0-9a-f-]{36}\.mp4"
        r"\?Expires=\d+&OSSAccessKeyId=LTAI\w+&Signature=[\w%]+%3D",
        url,
    )
    task = next(iter(account.server.tasks.values()))
    assert task.ended_at is not None
    assert int(parse_qs(urlsplit(url).query)["Expires"][0]) == int(task.ended_at) + 24 * 3600
    day = account.server.clock.now().astimezone(timezone(timedelta(hours=8)))
    assert f"/{day:%Y%m%d}/" in url


async def test_a_result_is_an_mp4_with_its_length(account: Account) -> None:
    url = await _url(account)
    async with account.http.get(url) as response:
        data = await response.read()
    assert response.status == 200
    assert response.content_type == "video/mp4"
    assert int(response.headers["content-length"]) == len(data)
    assert data[4:8] == b"ftyp"
    assert data.index(b"moov") < data.index(b"mdat")


async def test_a_task_tells_what_was_served_for_it(account: Account) -> None:
    url = await _url(account)
    task = next(iter(account.server.tasks.values()))
    assert task.video_sha256 is None
    async with account.http.get(url) as response:
        assert task.video_sha256 == hashlib.sha256(await response.read()).hexdigest()
    account.server.faults.add("result", "big", bytes=3_000_000)
    async with account.http.get(url) as response:
        await response.read()
    assert task.video_sha256 is None


async def test_a_range_is_served(account: Account) -> None:
    url = await _url(account)
    whole = await account.send("GET", url)
    async with account.http.get(url, headers={"Range": "bytes=4-7"}) as response:
        assert response.status == 206
        assert await response.read() == b"ftyp"
        total = whole.headers["content-length"]
        assert response.headers["content-range"] == f"bytes 4-7/{total}"


def _encoded_twice(url: str) -> str:
    return url.replace("%", "%25")


def _other_signature(url: str) -> str:
    return url.partition("&Signature=")[0] + "&Signature=" + quote("A" * 27 + "=", "")


def _longer(url: str) -> str:
    expires = parse_qs(urlsplit(url).query)["Expires"][0]
    return url.replace(expires, str(int(expires) + 60))


def _bare(url: str) -> str:
    return url.partition("?")[0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(_encoded_twice, "SignatureDoesNotMatch", id="encoded-twice"),
        pytest.param(_other_signature, "SignatureDoesNotMatch", id="other-signature"),
        pytest.param(_longer, "SignatureDoesNotMatch", id="later-expiry"),
        pytest.param(_bare, "AccessDenied", id="no-query"),
    ],
)
async def test_a_changed_address_is_refused_in_xml(
    account: Account, change: object, code: str
) -> None:
    assert callable(change)
    answer = await account.send("GET", change(await _url(account)))
    assert answer.status == 403
    assert answer.headers["content-type"] == "application/xml"
    assert f"<Code>{code}</Code>" in answer.text


async def test_head_does_not_fit_the_signature_of_get(account: Account) -> None:
    assert (await account.send("HEAD", await _url(account))).status == 403


async def test_an_address_ends_after_a_day(account: Account) -> None:
    url = await _url(account)
    account.server.clock.advance(24 * 3600 - 30)
    assert (await account.send("GET", url)).status == 200
    account.server.clock.advance(60)
    answer = await account.send("GET", url)
    assert answer.status == 403
    assert "<Code>AccessDenied</Code>" in answer.text
    assert "<Message>Request has expired.</Message>" in answer.text
    assert re.search(r"<Expires>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z</Expires>", answer.text)
    assert "<ServerTime>" in answer.text


@pytest.mark.parametrize(
    ("width", "height", "tier", "expected"),
    [
        pytest.param(750, 1000, "720P", (816, 1104), id="documented-example"),
        pytest.param(1000, 1000, "720P", (960, 960), id="square"),
        pytest.param(1920, 1080, "720P", (1280, 720), id="wide"),
        pytest.param(1080, 1920, "720P", (720, 1280), id="tall"),
        pytest.param(1024, 768, "720P", (1104, 816), id="4-3"),
        pytest.param(750, 1000, "1080P", (1232, 1648), id="documented-ratio-1080"),
        pytest.param(1000, 1000, "1080P", (1440, 1440), id="square-1080"),
        pytest.param(750, 1000, "480P", (544, 720), id="documented-ratio-480"),
        pytest.param(1000, 1000, "480P", (624, 624), id="square-480"),
        pytest.param(1920, 1080, "480P", (832, 464), id="wide-480"),
    ],
)
def test_the_size_follows_the_first_picture_and_the_tier(
    width: int, height: int, tier: str, expected: tuple[int, int]
) -> None:
    assert output_size(width, height, tier) == expected
