"""A clock moved by hand, a provider that talks to a function, and requests to send."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx

from bot.domain.catalogue import FileRole, Region, RequestShape
from bot.domain.network import ForwardProxy, IPNetwork
from bot.domain.requests.task import TaskImage, TaskLink, TaskRequest
from bot.provider import DashScopeProvider, Deadlines

KEY = "sk-0123456789abcdef"
BASE_URL = "https://dashscope.aliyuncs.com/api/v1"
START = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


class ManualClock:
    """Time passes only while somebody sleeps, or when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


def provider_on(
    base_url: str = BASE_URL,
    *,
    handler: Callable[[httpx.Request], httpx.Response] | None = None,
    result_hosts: tuple[str, ...] = ("*.aliyuncs.com",),
    deadlines: Deadlines | None = None,
    clock: ManualClock | None = None,
    workspace_id: str | None = None,
    result_networks: tuple[IPNetwork, ...] = (),
    proxy: ForwardProxy | None = None,
    certificates: ssl.SSLContext | None = None,
) -> DashScopeProvider:
    return DashScopeProvider(
        base_url=base_url,
        api_key=KEY,
        region=Region.BEIJING,
        result_hosts=result_hosts,
        result_networks=result_networks,
        proxy=proxy,
        certificates=certificates,
        clock=clock or ManualClock(),
        workspace_id=workspace_id,
        user_agent="tween/test",
        deadlines=deadlines or Deadlines(create=10, query=10, download=20),
        transport=None if handler is None else httpx.MockTransport(handler),
    )


def answering(
    status: int = 200, body: object = None, *, headers: dict[str, str] | None = None
) -> Callable[[httpx.Request], httpx.Response]:
    """Build a handler that always answers so; text and bytes go out as they are."""
    content = body if isinstance(body, bytes) else str(body).encode()
    if isinstance(body, dict | list):
        content = json.dumps(body).encode()

    def handle(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, stream=httpx.ByteStream(content), headers=headers)

    return handle


def a_request(
    *,
    images: tuple[TaskImage, ...] = (),
    model: str = "wan2.2-kf2v-flash",
    shape: RequestShape = RequestShape.FRAME_FIELDS,
    prompt: str | None = "a black kitten looks up",
    negative_prompt: str | None = None,
    template: str | None = None,
    resolution: str | None = "720P",
    size: str | None = None,
    duration_seconds: int | None = None,
    ratio: str | None = None,
    audio: bool | None = None,
    seed: int | None = None,
    prompt_extend: bool | None = True,
    watermark: bool = False,
    links: tuple[TaskLink, ...] = (),
) -> TaskRequest:
    return TaskRequest(
        model=model,
        shape=shape,
        images=images,
        prompt=prompt,
        negative_prompt=negative_prompt,
        template=template,
        resolution=resolution,
        size=size,
        duration_seconds=duration_seconds,
        ratio=ratio,
        audio=audio,
        seed=seed,
        prompt_extend=prompt_extend,
        watermark=watermark,
        links=links,
    )


def a_picture(*, role: FileRole = FileRole.FIRST_FRAME, size_bytes: int = 300) -> TaskImage:
    content = bytes(number % 251 for number in range(251)) * (size_bytes // 251 + 1)
    return TaskImage(role=role, jpeg=content)
