"""A request's whole way to the provider: the body that leaves is the official SDK's."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dashscope
import httpx
import pytest
from dashscope import VideoSynthesis
from dashscope.api_entities.http_request import close_shared_sync_session

from bot.domain.catalogue import Choices, Kind
from bot.domain.requests.submission import MAX_SEED, VideoOptions
from bot.domain.requests.task import TaskState
from sandbox.dashscope import DashScopeServer
from tests.provider.doubles import answering, provider_on
from tests.sandbox.dashscope.conftest import QUICK
from tests.sandbox.dashscope.helpers import data_uri, picture
from tests.services.core import Core
from tests.services.video_requests import request_for

RECORDED: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parents[2] / "provider" / "recordings").iterdir())
    # A sound or a clip comes from somebody, and no command sends videos as references or a seed
    # of -1: what such a body looks like, tests of the provider's client say.
    if not any(
        word in path.stem
        for word in ("audio", "continuation", "edit", "all", "r2v", "reference", "auto")
    )
}
SWITCHES = {"prompt_extend": True, "watermark": False}
"""The provider's defaults: the SDK leaves them out unless they were given, we always say both."""
PICTURES = ("img_url", "first_frame_url", "last_frame_url")


def kind_of(body: Mapping[str, Any]) -> Kind:
    """Tell which command would send a body."""
    sent = body["input"]
    types = {item["type"] for item in sent.get("media", ())}
    if sent.get("template"):
        return Kind.EFFECT
    if "-kf2v-" in body["model"] or "last_frame" in types:
        return Kind.FRAMES
    if "reference_urls" in sent or "reference_image" in types:
        return Kind.REFERENCE
    return Kind.IMAGE if "img_url" in sent or "first_frame" in types else Kind.TEXT


def _data_uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def less_the_deprecated(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body of the SDK without ``extend_prompt``, ``function`` and a null prompt."""
    left = {
        name: value
        for name, value in body["input"].items()
        if name not in {"extend_prompt", "function"} and value is not None
    }
    return {**body, "input": left, "parameters": SWITCHES | body["parameters"]}


# --- as recorded -----------------------------------------------------------------------------


def test_each_kind_was_recorded_from_both_generations_of_the_sdk() -> None:
    found = {
        (recording["sdk_version"], kind_of(recording["body_json"]))
        for recording in RECORDED.values()
    }
    kinds = set(Kind) - {Kind.REFERENCE}
    assert found == {(version, kind) for version in ("1.25.8", "2.0.2") for kind in kinds}


@pytest.mark.parametrize("name", RECORDED)
async def test_the_body_of_a_job_is_the_sdks_for_the_same_request(core: Core, name: str) -> None:
    recording = RECORDED[name]
    recorded = recording["body_json"]
    sent, parameters = recorded["input"], recorded["parameters"]
    options = VideoOptions(
        prompt=sent["prompt"],
        negative_prompt=sent.get("negative_prompt"),
        effect=sent.get("template"),
        seed=parameters.get("seed"),
        prompt_extend=parameters.get("prompt_extend", True),
        watermark=parameters.get("watermark", False),
    )
    kind, size = kind_of(recorded), parameters.get("size")
    if kind is Kind.TEXT and "ratio" in parameters:
        size = f"{parameters['resolution']} {parameters['ratio']}"
    choices = Choices(
        model=recorded["model"],
        resolution=parameters.get("resolution"),
        size=size,
        duration_seconds=parameters.get("duration"),
    )
    request = await request_for(core, kind, options, choices)
    requests: list[httpx.Request] = []

    def handle(call: httpx.Request) -> httpx.Response:
        requests.append(call)
        return answering(200, {"output": {"task_id": "t"}})(call)

    async with provider_on(handler=handle) as provider:
        await provider.create_task(request)
    (call,) = requests
    ours = json.loads(call.content)

    expected = less_the_deprecated(recorded)
    # No command asks for one.
    expected["parameters"].pop("shot_type", None)
    model = core.catalogue.get(recorded["model"])
    if model is not None and model.abilities.has_fixed_duration:
        # A recording that names the fixed length would fail as a task of that model.
        expected["parameters"].pop("duration", None)
    # A seed nobody chose is drawn by us, or the same video could not be made again.
    if "seed" not in parameters:
        assert 0 <= ours["parameters"].pop("seed") <= MAX_SEED
    # What the SDK leaves to the service's dear defaults, we always say.
    assert model is not None or recorded["model"] == "wan2.2-kf2v-flash"
    said = {name: ours["parameters"].get(name) for name in ("duration", "audio", "ratio")}
    for key, value in said.items():
        if value is not None and key not in parameters:
            assert value == {"duration": 5, "audio": request.audio, "ratio": "adaptive"}[key]
            expected["parameters"][key] = value
    data = [_data_uri(image.jpeg) for image in request.images]
    fields = [field for field in PICTURES if field in sent]
    if fields:
        expected["input"] |= dict(zip(fields, data, strict=True))
    for item, uri in zip(expected["input"].get("media", []), data, strict=bool(not fields)):
        item["url"] = uri
    assert ours == expected
    assert (call.method, call.url.raw_path.decode()) == (recording["method"], recording["raw_path"])


# --- live ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Live:
    """One request, as it is given to the SDK and as it is chosen in Discord."""

    kind: Kind
    sdk: Mapping[str, Any]
    """Keywords of ``VideoSynthesis.async_call``, less the pictures."""
    pictures: Mapping[str, str]
    """The SDK's keyword of each picture, by our option."""
    options: VideoOptions
    choices: Choices = field(default_factory=Choices)

    def __post_init__(self) -> None:
        assert self.sdk["seed"] == self.options.seed


COLOURS = {"first_frame": "teal", "last_frame": "maroon", "image": "navy"}
IMAGE_FIELD = MappingProxyType({"image": "img_url"})

LIVE = [
    Live(
        Kind.FRAMES,
        {
            "model": "wan2.2-kf2v-flash",
            "prompt": "黑色小猫 looks up",
            "negative_prompt": "people",
            "resolution": "480P",
            "seed": 7,
            "prompt_extend": False,
            "watermark": True,
        },
        {"first_frame": "first_frame_url", "last_frame": "last_frame_url"},
        VideoOptions(
            prompt="黑色小猫 looks up",
            negative_prompt="people",
            seed=7,
            prompt_extend=False,
            watermark=True,
        ),
        Choices(resolution="480P"),
    ),
    Live(
        Kind.IMAGE,
        {
            "model": "wanx2.1-i2v-turbo",
            "prompt": "it rains",
            "resolution": "480P",
            "duration": 3,
            "seed": 0,
        },
        IMAGE_FIELD,
        VideoOptions(prompt="it rains", seed=0),
        Choices(model="wanx2.1-i2v-turbo", resolution="480p", duration_seconds=3),
    ),
    Live(
        Kind.TEXT,
        {"model": "wan2.2-t2v-plus", "prompt": "fog", "size": "480*832", "seed": 2_147_483_647},
        {},
        VideoOptions(prompt="fog", seed=2_147_483_647),
        Choices(size="480x832"),
    ),
    Live(
        Kind.EFFECT,
        {
            "model": "wanx2.1-i2v-turbo",
            "prompt": None,
            "template": "squish",
            "resolution": "720P",
            "seed": 5,
        },
        IMAGE_FIELD,
        VideoOptions(effect="Squish", seed=5),
    ),
    Live(
        Kind.EFFECT,
        {
            "model": "wanx2.1-kf2v-plus",
            "prompt": None,
            "template": "hanfu-1",
            "resolution": "720P",
            "seed": 5,
            "watermark": True,
        },
        {"image": "first_frame_url"},
        VideoOptions(effect="hanfu-1", seed=5, watermark=True),
    ),
]


@pytest.fixture
async def emulator(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DashScopeServer]:
    """A server that the SDK takes for the service."""
    async with DashScopeServer(QUICK) as server:
        monkeypatch.setattr(dashscope, "api_key", "sk-sdk")
        monkeypatch.setattr(dashscope, "base_http_api_url", server.base_url)
        yield server
        close_shared_sync_session()


@pytest.mark.parametrize("live", LIVE, ids=[f"{live.kind} of {live.sdk['model']}" for live in LIVE])
async def test_the_sdk_and_our_client_buy_the_same_video(
    core: Core, emulator: DashScopeServer, live: Live
) -> None:
    jpegs = {option: picture(colour) for option, colour in COLOURS.items()}
    addresses = {live.pictures[option]: data_uri(jpegs[option]) for option in live.pictures}
    asked: dict[str, Any] = {**live.sdk, **addresses}
    created = await asyncio.to_thread(VideoSynthesis.async_call, **asked)
    request = await request_for(core, live.kind, live.options, live.choices, jpegs=jpegs)
    async with provider_on(emulator.base_url) as provider:
        task_id = await provider.create_task(request)
        theirs, ours = emulator.tasks[created.output.task_id], emulator.tasks[task_id]
        await emulator.wait_for(lambda: theirs.finished and ours.finished)
        assert (await provider.get_task(task_id)).state is TaskState.SUCCEEDED
    assert theirs.status == ours.status == "SUCCEEDED"
    assert theirs.plan == ours.plan

    by_sdk, by_us = (request for request in emulator.requests if request.point == "create")
    assert isinstance(by_sdk.json, dict)
    assert isinstance(by_us.json, dict)
    assert by_us.json == less_the_deprecated(by_sdk.json)
    assert (by_us.method, by_us.path) == (by_sdk.method, by_sdk.path)
    assert set(addresses) == set(by_us.json["input"]) & set(PICTURES)
