"""The emulator tells of finished tasks as EventBridge does, and otherwise where it is told to."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from sandbox.dashscope import CallbackTarget
from sandbox.dashscope.callbacks import LATE_SECONDS, RETRIES, RETRY_SECONDS
from tests.sandbox.dashscope.helpers import Account

TOKEN = "a-token-of-a-test"


@dataclass
class Target:
    """What an HTTP target was sent."""

    url: str = ""
    status: int = 200
    heads: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.heads.append({name.lower(): value for name, value in request.headers.items()})
        return web.Response(status=self.status)


@asynccontextmanager
async def listening(account: Account) -> AsyncIterator[Target]:
    """Be the target of a rule."""
    target, app = Target(), web.Application()
    app.router.add_post("/called", target.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    target.url = f"http://127.0.0.1:{runner.addresses[0][1]}/called"
    control = f"{account.server.control_url}/callbacks"
    async with account.http.put(control, json={"url": target.url, "token": TOKEN}) as answer:
        assert answer.status == 204
    yield target
    await runner.cleanup()


async def calls(account: Account, count: int) -> list[int | None]:
    """Wait until so many calls were made, and return their answers."""
    sender = account.server.callbacks
    await account.server.wait_for(lambda: len(sender.calls) >= count and sender.busy == 0)
    return [call.status for call in sender.calls]


async def is_signed(account: Account, target: Target, number: int = -1) -> bool:
    """Tell whether a call is signed by the key whose certificate it names."""
    head, body = target.heads[number], target.bodies[number]
    async with account.http.get(head["x-eventbridge-signature-url"]) as answer:
        key = x509.load_pem_x509_certificate(await answer.read()).public_key()
    assert isinstance(key, RSAPublicKey)
    text = (
        f"{target.url}\n"
        f"x-eventbridge-signature-timestamp: {head['x-eventbridge-signature-timestamp']}\n"
        "x-eventbridge-hash-method: SHA256\n"
        "x-eventbridge-signature-version: 1.0\n"
        f"x-eventbridge-signature-url: {head['x-eventbridge-signature-url']}\n"
        f"x-eventbridge-signature-token: {head['x-eventbridge-signature-token']}\n"
    )
    signature = base64.b64decode(head["x-eventbridge-signature-v2"])
    try:
        key.verify(signature, text.encode() + body, padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


async def test_nobody_is_told_where_no_rule_is(account: Account) -> None:
    await account.finished()
    assert account.server.callbacks.calls == []
    assert account.server.callbacks.busy == 0


async def test_an_end_is_told_in_the_documented_form_and_signed(account: Account) -> None:
    async with listening(account) as target:
        task_id = (await account.finished()).task_id
        assert await calls(account, 1) == [200]
        assert await is_signed(account, target)
        head = target.heads[0]
        assert head["x-eventbridge-signature-token"] == TOKEN
        skew = account.server.clock.epoch() - int(head["x-eventbridge-signature-timestamp"]) / 1000
        assert 0 <= skew < 10
        body = target.bodies[0].decode()
        assert f'"task_id":"{task_id}"' in body
        assert '"source":"acs.dashscope"' in body
        assert '"type":"dashscope:System:AsyncTaskFinish"' in body
        assert (
            '"user_api_unique_key":"apikey:v1:aigc:image2video:video-synthesis:wan2.2-kf2v-flash"'
            in body
        )
        assert '"task_status":"SUCCEEDED","contain_result":false' in body


async def test_a_failure_and_a_cancel_are_ends_too(account: Account) -> None:
    async with listening(account) as target:
        account.server.faults.add("task", "fail")
        await account.finished()
        await calls(account, 1)
        account.server.faults.add("task", "hang_pending")
        task_id = (await account.create()).task_id
        path = f"/tasks/{task_id}/cancel"
        assert (await account.send("POST", path)).status == 200
        await calls(account, 2)
        assert b'"task_status":"FAILED"' in target.bodies[0]
        assert b'"task_status":"CANCELED"' in target.bodies[1]


async def test_what_is_not_taken_is_sent_again_with_the_same_id(account: Account) -> None:
    async with listening(account) as target:
        target.status = 503
        await account.finished()
        for made in range(1, RETRIES + 2):
            assert await calls(account, made) == [503] * made
            account.server.clock.advance(RETRY_SECONDS[1])
        assert len({call.event_id for call in account.server.callbacks.calls}) == 1
        stamps = [int(head["x-eventbridge-signature-timestamp"]) for head in target.heads]
        assert stamps == sorted(set(stamps))


@pytest.mark.parametrize("action", ["wrong_key", "altered"])
async def test_a_forged_signature_is_none(account: Account, action: str) -> None:
    async with listening(account) as target:
        account.server.faults.add("callback", action)
        await account.finished()
        await calls(account, 1)
        assert not await is_signed(account, target)


async def test_other_forgeries_are_signed_as_they_are(account: Account) -> None:
    async with listening(account) as target:
        for action in ("wrong_token", "old", "foreign_host"):
            account.server.faults.add("callback", action)
            await account.finished()
        await calls(account, 3)
        token, old, foreign = target.heads
        assert token["x-eventbridge-signature-token"] != TOKEN
        assert await is_signed(account, target, 0)
        assert await is_signed(account, target, 1)
        stamps = [int(head["x-eventbridge-signature-timestamp"]) for head in (old, foreign)]
        assert stamps[1] - stamps[0] > (LATE_SECONDS - 5) * 1000
        host = "https://anybodys-bucket.oss-accelerate.aliyuncs.com/"
        assert foreign["x-eventbridge-signature-url"].startswith(host)


async def test_twice_late_and_never(account: Account) -> None:
    async with listening(account) as target:
        account.server.faults.add("callback", "twice")
        await account.finished()
        assert await calls(account, 2) == [200, 200]
        account.server.faults.add("callback", "never")
        await account.finished()
        account.server.faults.add("callback", "late")
        await account.finished()
        assert await calls(account, 2) == [200, 200]
        account.server.clock.advance(LATE_SECONDS)
        assert await calls(account, 3) == [200, 200, 200]
        assert target.bodies[0] == target.bodies[1] != target.bodies[2]


async def test_a_rule_can_be_taken_away_and_a_wrong_one_is_refused(account: Account) -> None:
    control = f"{account.server.control_url}/callbacks"
    async with listening(account):
        async with account.http.put(control, json={"url": "http://127.0.0.1"}) as answer:
            assert answer.status == 400
        assert account.server.callbacks.target is not None
        async with account.http.put(control, json={}) as answer:
            assert answer.status == 204
        await account.finished()
    async with account.http.get(control) as answer:
        assert await answer.json() == {"calls": []}
    target = CallbackTarget(url="http://127.0.0.1:9/", token="t")
    account.server.callbacks.target = target
    await account.finished()
    assert await calls(account, 1) == [None]
