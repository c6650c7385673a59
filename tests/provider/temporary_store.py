"""A temporary store to upload to, which answers and stands where it is told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx

from bot.provider import DashScopeProvider, Deadlines
from tests.provider.doubles import answering, provider_on
from tests.provider.servers import Peer, Served, serving

MODEL = "wan2.7-i2v"
HOST = "dashscope-file-mgr.oss-cn-beijing.aliyuncs.com"
DIRECTORY = "dashscope-instant/0123456789abcdef0123456789abcdef/2026-11-29/8c5b2c5e"
SOUND = bytes(range(256)) * 10
SECRETS = ("LTAI-upload", "c2lnbmF0dXJl", "cG9saWN5LXdvcmRz")
XML = b'<?xml version="1.0"?>\n<Error><Code>%b</Code><Message>%b</Message></Error>'

Answer = Callable[[httpx.Request], httpx.Response]


def a_policy(**changes: object) -> dict[str, object]:
    """Return what getPolicy answers, as recorded."""
    data: dict[str, object] = {
        "policy": SECRETS[2],
        "signature": SECRETS[1],
        "upload_dir": DIRECTORY,
        "upload_host": f"https://{HOST}",
        "expire_in_seconds": 300,
        "max_file_size_mb": 100,
        "capacity_limit_mb": 999999999,
        "oss_access_key_id": SECRETS[0],
        "x_oss_object_acl": "private",
        "x_oss_forbid_overwrite": "true",
    }
    return {"data": data | changes, "request_id": "r-1"}


def store(
    policy: Answer | None = None, bucket: Answer | None = None
) -> tuple[list[httpx.Request], Answer]:
    """Build a handler that answers both requests, and remembers them."""
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.method == "GET":
            return (policy or answering(200, a_policy()))(request)
        return (bucket or answering(200, ""))(request)

    return asked, handle


@asynccontextmanager
async def sending(
    bucket: Callable[[Peer], Awaitable[None]],
    *,
    host: str = "127.0.0.1",
    deadlines: Deadlines | None = None,
    **policy: object,
) -> AsyncIterator[tuple[Served, DashScopeProvider]]:
    """Serve a bucket on a port of its own, and a policy that names it."""
    async with serving(bucket) as served:

        async def answer(peer: Peer) -> None:
            while await peer.read_request():
                body = a_policy(upload_host=f"http://{host}:{served.port}/oss", **policy)
                await peer.answer(json.dumps(body).encode())

        async with (
            serving(answer) as api,
            provider_on(
                api.base_url, result_hosts=("*.aliyuncs.com", "127.0.0.1"), deadlines=deadlines
            ) as provider,
        ):
            yield served, provider


async def take(peer: Peer) -> None:
    await peer.read_request()
    await peer.answer(b"")
