"""The official ``dashscope`` SDK drives each family of models, with files of this machine."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

import dashscope
import pytest
from dashscope import VideoSynthesis

from tests.sandbox.dashscope.helpers import DEADLINE_SECONDS, FIRST, Account, picture
from tests.sandbox.dashscope.media import clip, sound, wav
from tests.sandbox.dashscope.test_sdk import KEY, Result, clean_sdk, in_thread, sdk

__all__ = ["clean_sdk", "sdk"]

VOICED = {"type": "reference_image", "url": "a.png", "reference_voice": "a.wav"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the SDK find these files by their names alone."""
    files = {"a.png": picture(), "b.png": picture("maroon"), "c.mp4": clip(2.5)}
    for name, data in (files | {"a.mp3": sound(4), "a.wav": wav(4)}).items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def media(*items: tuple[str, str]) -> list[dict[str, str]]:
    return [{"type": kind, "url": url} for kind, url in items]


async def finished(sdk: Account, **request: object) -> Result:
    """Create a task with the SDK and fetch it once it is finished."""
    created = await in_thread(VideoSynthesis.async_call, **request)
    assert created.status_code == HTTPStatus.OK, created
    task = sdk.server.tasks[created.output.task_id]
    await sdk.server.wait_for(lambda: task.finished, DEADLINE_SECONDS)
    return await in_thread(VideoSynthesis.fetch, created)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("model", "request_of", "uploads", "billed"),
    [
        (
            "wan2.5-i2v-preview",
            {"img_url": "a.png", "audio_url": "a.mp3", "resolution": "480P", "duration": 10},
            2,
            10,
        ),
        ("wan2.6-i2v-flash", {"img_url": FIRST, "audio": False, "duration": 2}, 0, 2),
        ("wan2.6-t2v", {"audio_url": "a.wav", "size": "1280*720", "shot_type": "multi"}, 1, 5),
        ("wan2.6-r2v", {"reference_urls": ["a.png", "c.mp4"], "size": "1280*720"}, 2, 7.5),
        ("wan2.7-t2v-2026-06-12", {"resolution": "720P", "ratio": "9:16", "duration": 15}, 0, 15),
        (
            "wan2.7-i2v",
            {
                "media": media(
                    ("first_frame", "a.png"), ("last_frame", "b.png"), ("driving_audio", "a.mp3")
                ),
                "resolution": "720P",
            },
            3,
            5,
        ),
        (
            "wan2.7-i2v-2026-04-25",
            {"media": media(("first_clip", "c.mp4"), ("last_frame", "a.png")), "duration": 6},
            2,
            6,
        ),
        ("wan2.7-r2v", {"media": [VOICED], "resolution": "720P"}, 2, 5),
        (
            "wan2.7-videoedit",
            {
                "media": media(("video", "c.mp4"), ("reference_image", "a.png")),
                "audio_setting": "origin",
            },
            2,
            5,
        ),
        ("wan3.0-video", {"media": media(("first_frame", "a.png")), "duration": 30}, 1, 30),
        (
            "wan3.0-video-prime",
            {
                "media": media(
                    ("reference_image", "a.png"),
                    ("reference_video", "c.mp4"),
                    ("reference_audio", "a.mp3"),
                ),
                "resolution": "480P",
                "ratio": "adaptive",
                "audio": False,
                "duration": 5,
            },
            3,
            7.5,
        ),
    ],
)
async def test_the_sdk_makes_a_video_with_each_family(
    sdk: Account, model: str, request_of: dict[str, object], uploads: int, billed: float
) -> None:
    result = await finished(sdk, model=model, prompt="Image 1 meets Video 1", **request_of)
    assert result.output.task_status == "SUCCEEDED", result.output
    assert result.output.video_url.startswith("http://127.0.0.1")
    assert result.usage.video_count == 1
    # Asked for first: the SDK adds a video_duration of 0 where there is none.
    assert (result.usage.get("duration") or result.usage.video_duration) == billed
    points = [record.point for record in sdk.server.requests]
    assert points.count("bucket") == uploads
    create = sdk.server.requests[points.index("create")]
    assert create.path.endswith("/video-generation/video-synthesis")
    assert (create.headers.get("x-dashscope-ossresourceresolve") == "enable") is (uploads > 0)


@pytest.mark.parametrize("model", ["wan2.7-i2v", "wan3.0-video"])
async def test_a_picture_in_the_wrong_field_fails(sdk: Account, model: str) -> None:
    result = await finished(sdk, model=model, prompt="p", img_url=FIRST)
    assert result.status_code == HTTPStatus.OK
    assert result.output.task_status == "FAILED"
    assert result.output.code == "InvalidParameter"
    assert result.output.message == "Field required: input.media"


async def test_the_new_client_makes_media_of_a_picture_for_2_7(sdk: Account) -> None:
    client = dashscope.Client(api_key=KEY, base_url=sdk.server.base_url)
    job = await in_thread(
        client.videos.generate,
        model="wan2.7-i2v",
        prompt="p",
        image_url=FIRST,
        resolution="720P",
        duration=2,
    )
    assert job.status == "SUCCEEDED"
    client.close()
