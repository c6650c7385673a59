"""The create body against what the official SDK sent."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.domain.catalogue import FileRole, RequestShape
from bot.domain.errors import RequestRefusedError
from bot.domain.failure import FailureReason
from bot.domain.requests.task import TaskLink, TaskRequest
from bot.provider.requests import create_body
from tests.provider.doubles import KEY, a_picture, a_request, answering, provider_on

RECORDINGS = Path(__file__).parent / "recordings"
ROLES = {
    "first_frame_url": FileRole.FIRST_FRAME,
    "last_frame_url": FileRole.LAST_FRAME,
    "img_url": FileRole.FIRST_FRAME,
    "audio_url": FileRole.SOUNDTRACK,
    "driving_audio": FileRole.SOUNDTRACK,
    **{role.value: role for role in FileRole if role is not FileRole.SOUNDTRACK},
}
"""What a field or a type of ``media`` is for."""


def _recorded(name: str) -> dict[str, Any]:
    recording: dict[str, Any] = json.loads((RECORDINGS / name).read_text(encoding="utf-8"))
    return recording


def _shape_of(body: dict[str, Any]) -> RequestShape:
    if "media" in body["input"] or body["model"].startswith("wan3"):
        return RequestShape.MEDIA
    if "reference_urls" in body["input"]:
        return RequestShape.REFERENCE_URLS
    if "kf2v" in body["model"]:
        return RequestShape.FRAME_FIELDS
    if "img_url" in body["input"]:
        return RequestShape.IMAGE_FIELD
    return RequestShape.TEXT_SIZE if "size" in body["parameters"] else RequestShape.TEXT_RATIO


def _files_of(sent: dict[str, Any]) -> list[tuple[FileRole, str]]:
    """Return what each file of a recorded input is for, and its address."""
    return [
        *((ROLES[name], url) for name, url in sent.items() if name in ROLES),
        *((FileRole.REFERENCE_IMAGE, url) for url in sent.get("reference_urls", ())),
        *(
            (ROLES[item["type"]], item["url"])
            for item in sent.get("media", ())
            if item["type"] in ROLES
        ),
    ]


def _request_like(recorded: dict[str, Any]) -> TaskRequest:
    sent, parameters = recorded["input"], recorded["parameters"]
    files = _files_of(sent)
    return a_request(
        model=recorded["model"],
        images=tuple(a_picture(role=role) for role, url in files if url.startswith("data:")),
        links=tuple(
            TaskLink(role=role, url=url) for role, url in files if not url.startswith("data:")
        ),
        shape=_shape_of(recorded),
        prompt=sent["prompt"],
        negative_prompt=sent.get("negative_prompt"),
        template=sent.get("template"),
        resolution=parameters.get("resolution"),
        size=parameters.get("size"),
        ratio=parameters.get("ratio"),
        duration_seconds=parameters.get("duration"),
        audio=parameters.get("audio"),
        seed=parameters.get("seed"),
        prompt_extend=parameters.get("prompt_extend", True),
        watermark=parameters.get("watermark", False),
    )


def _expected(recorded: dict[str, Any]) -> dict[str, Any]:
    """Return a recorded body less what is deprecated, and what no member can ask for."""
    sent = {
        name: value
        for name, value in recorded["input"].items()
        if name not in {"extend_prompt", "function"} and value is not None
    }
    if "media" in sent:
        sent["media"] = [
            {name: item[name] for name in ("type", "url")}
            for item in sent["media"]
            if item["type"] in ROLES
        ]
    parameters = {
        name: value for name, value in recorded["parameters"].items() if name != "shot_type"
    }
    # The SDK leaves out switches that were not given; we always say both.
    switches = {"prompt_extend": True, "watermark": False}
    return {"model": recorded["model"], "input": sent, "parameters": switches | parameters}


@pytest.mark.parametrize("path", sorted(RECORDINGS.iterdir()), ids=lambda path: path.stem)
async def test_body_is_the_sdks_less_its_deprecated_fields(path: Path) -> None:
    recording = _recorded(path.name)
    recorded = recording["body_json"]
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answering(200, {"output": {"task_id": "t"}})(request)

    async with provider_on(handler=handle) as provider:
        await provider.create_task(_request_like(recorded))
    request = requests[0]
    ours = json.loads(request.content)

    expected = _expected(recorded)
    for name, value in expected["input"].items():
        if isinstance(value, str) and value.startswith("data:"):
            data = base64.b64encode(a_picture(role=ROLES[name]).jpeg).decode()
            expected["input"][name] = f"data:image/jpeg;base64,{data}"
    assert ours == expected
    assert list(ours) == ["model", "input", "parameters"]
    assert request.method == recording["method"]
    assert request.url.raw_path.decode() == recording["raw_path"]
    for name, value in recording["headers"].items():
        if name.lower() == "authorization":
            assert request.headers[name] == f"Bearer {KEY}"
        else:
            assert request.headers[name] == value.partition(";")[0]
    assert request.headers["Content-Length"] == str(len(request.content))
    assert "Transfer-Encoding" not in request.headers


async def test_workspace_and_agent_are_named() -> None:
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answering(200, {"output": {"task_id": "t"}})(request)

    async with provider_on(handler=handle, workspace_id="ws-123") as provider:
        await provider.create_task(a_request())
    assert requests[0].headers["X-DashScope-WorkSpace"] == "ws-123"
    assert requests[0].headers["User-Agent"] == "tween/test"
    assert "cookie" not in requests[0].headers


@pytest.mark.parametrize(
    ("resolution", "size"), [(None, None), ("720P", "1280*720")], ids=["neither", "both"]
)
def test_tier_is_never_left_to_the_provider(resolution: str | None, size: str | None) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        create_body(a_request(resolution=resolution, size=size))
    assert caught.value.reason is FailureReason.PARAMETERS_REJECTED


def test_unasked_fields_are_absent() -> None:
    body = json.loads(create_body(a_request(prompt=None)))
    assert body["input"] == {}
    assert body["parameters"] == {"resolution": "720P", "prompt_extend": True, "watermark": False}


def test_seed_zero_and_a_duration_are_sent() -> None:
    body = json.loads(create_body(a_request(seed=0, duration_seconds=5)))
    assert body["parameters"]["seed"] == 0
    assert body["parameters"]["duration"] == 5


@pytest.mark.parametrize(
    "prompt", ["黑色小猫 looks up", 'quotes " and \\ and \n', "🐈", "\x00\x1f\u2028"]
)
def test_any_prompt_survives(prompt: str) -> None:
    request = a_request(prompt=prompt, images=(a_picture(),))
    assert json.loads(create_body(request))["input"]["prompt"] == prompt


def test_half_a_surrogate_pair_does_not_break_the_body() -> None:
    assert json.loads(create_body(a_request(prompt="a\ud83d")))["input"]["prompt"] == "a?"
