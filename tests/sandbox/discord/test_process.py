"""``python -m sandbox.discord`` driven over HTTP with the bot process, then SIGTERM."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from sandbox.discord import Upload
from tests.sandbox.discord.conftest import REPOSITORY


@contextlib.asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a module; SIGTERM must end it with 0 within five seconds."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=REPOSITORY,
    )
    try:
        yield started
        started.terminate()
        async with asyncio.timeout(5):
            await started.communicate()
        assert started.returncode == 0
    finally:
        if started.returncode is None:
            started.kill()
            await started.communicate()


async def test_another_process_can_drive_everything(picture: Upload) -> None:
    assert isinstance(picture.data, bytes)
    async with (
        process("sandbox.discord", "--port", "0") as sandbox,
        aiohttp.ClientSession() as session,
    ):
        assert sandbox.stdout is not None
        told = json.loads(await sandbox.stdout.readline())
        control = told["control_url"]

        async def call(method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  # JSON
            async with session.request(method, control + path, json=body) as response:
                assert response.status == 200, await response.text()
                return await response.json()

        async def event(kind: str, after: int = 0) -> dict[str, Any]:
            while True:
                found = await call("GET", f"/events?after={after}&wait_seconds=10")
                assert found, f"no event {kind!r}"
                for event in found:
                    if event["kind"] == kind:
                        return dict(event)
                after = found[-1]["number"]

        bot = "tests.sandbox.discord.kitten_bot"
        async with process(bot, told["token"], told["api_base_url"]):
            await event("commands")
            while not (await call("GET", "/state"))["connected"]:
                await event("gateway")
            file = {"filename": "a.jpg", "base64": base64.b64encode(picture.data).decode()}
            invocation = await call(
                "POST",
                "/slash",
                {
                    "user": "tom",
                    "channel": told["channel_id"],
                    "command": "video frames",
                    "options": {"first_frame": file, "prompt": "hi"},
                },
            )
            answered = await call("GET", f"/invocations/{invocation['id']}?wait_seconds=10")
            assert answered["replies"][0]["text"].startswith("Queued")
            assert (await event("private_answer"))["ephemeral_for"] == told["users"][1]["id"]
            ping = await event("ping")
            assert ping["user_id"] == told["users"][1]["id"]
            shown = await call("GET", f"/messages?channel={told['channel_id']}")
            assert shown[0]["revisions"][-1]["attachments"][0]["filename"] == "ABC123.mp4"
            assert (await call("GET", "/pings"))[0]["reason"] == "mention"
            assert (await call("GET", "/requests"))[0]["path"] == "/users/@me"

            thread = await call("POST", "/threads", {"parent": "videos", "name": "talk"})
            await call("PATCH", f"/channels/{thread['id']}", {"archived": True, "locked": True})
            await call("POST", "/overwrites", {"channel": "videos", "deny": ["SEND_MESSAGES"]})
            await call("POST", "/faults", {"method": "GET", "path": "/x", "status": 500})
            await call("DELETE", "/faults")
            await call("POST", "/clock", {"advance_seconds": 60})
            await call("POST", "/gateway", {"do": "reconnect"})
            user = await call("POST", "/users", {"name": "zoe"})
            guild = await call("POST", "/guilds", {"name": "Second", "premium_tier": 3})
            await call("POST", "/members", {"guild": guild["id"], "user": user["id"]})
            await call("POST", "/channels", {"guild": guild["id"], "name": "films"})
            async with session.post(f"{control}/slash", json={"user": "zoe"}) as refused:
                assert refused.status == 400
