"""What a finished task of each family says it made, and what it is billed for."""

from __future__ import annotations

import pytest

from sandbox.dashscope.models import MODELS
from sandbox.dashscope.rows import Region
from sandbox.dashscope.tasks import TaskRecord
from sandbox.dashscope.wire import queried
from tests.sandbox.dashscope.helpers import FIRST
from tests.sandbox.dashscope.media import Desk, media

MOMENT = 1_800_000_000.0


async def finished(
    model: str, task_input: dict[str, object], parameters: dict[str, object]
) -> TaskRecord:
    plan = await Desk().planned(model, task_input, parameters)
    return TaskRecord(
        task_id="t",
        request_id="r",
        row=MODELS[model],
        region=Region.BEIJING,
        api_key="sk-test",
        input=task_input,
        parameters=parameters,
        submitted_at=MOMENT,
        not_before=MOMENT,
        fail_at=MOMENT,
        run_seconds=1.0,
        status="SUCCEEDED",
        plan=plan,
    )


def ints(seconds: int, **others: object) -> dict[str, object]:
    return {
        "duration": seconds,
        "input_video_duration": 0,
        "output_video_duration": seconds,
        "video_count": 1,
        "SR": 720,
    } | others


PICTURE: dict[str, object] = {"img_url": FIRST, "prompt": "p"}
PROMPT: dict[str, object] = {"prompt": "p"}
IN_720P: dict[str, object] = {"resolution": "720P"}
SIZED: dict[str, object] = {"size": "1280*720"}


@pytest.mark.parametrize(
    ("model", "task_input", "parameters", "usage", "billed"),
    [
        (
            "wan2.5-i2v-preview",
            PICTURE,
            {"resolution": "480P", "duration": 10},
            {"duration": 10, "SR": 480, "video_count": 1},
            10,
        ),
        (
            "wan2.5-t2v-preview",
            PROMPT,
            {"size": "832*480"},
            {"video_duration": 5, "video_ratio": "832*480", "video_count": 1},
            5,
        ),
        ("wan2.6-i2v", PICTURE, IN_720P, ints(5), 5),
        ("wan2.6-i2v-flash", PICTURE, IN_720P, ints(5, audio=True), 5),
        ("wan2.6-i2v-flash", PICTURE, IN_720P | {"audio": False}, ints(5, audio=False), 5),
        ("wan2.6-t2v", PROMPT, SIZED | {"duration": 10}, ints(10, size="1280*720"), 10),
        (
            "wan2.6-r2v",
            {"prompt": "p", "reference_urls": ["file:a.png", "file:c8.mp4"]},
            SIZED,
            ints(5, duration=10.0, input_video_duration=5, size="1280*720"),
            10,
        ),
        (
            "wan2.6-r2v-flash",
            {"prompt": "p", "reference_urls": ["file:c2.mp4"]},
            SIZED,
            ints(5, duration=7.0, input_video_duration=2, size="1280*720"),
            7,
        ),
        ("wan2.7-t2v", PROMPT, IN_720P, ints(5, ratio="16:9"), 5),
        ("wan2.7-i2v", media(first_frame=FIRST), IN_720P | {"duration": 2}, ints(2), 2),
        (
            "wan2.7-i2v",
            media(first_clip="file:c.mp4"),
            IN_720P | {"duration": 15},
            ints(15, input_video_duration=3, output_video_duration=12),
            15,
        ),
        (
            "wan2.7-r2v",
            media(reference_image=FIRST, reference_video="file:c.mp4"),
            IN_720P | {"ratio": "9:16"},
            ints(5, duration=8, input_video_duration=3, ratio="9:16"),
            8,
        ),
        (
            "wan2.7-videoedit",
            media(video="file:c.mp4"),
            IN_720P,
            ints(3, duration=6.0, input_video_duration=3.0, output_video_duration=3.0),
            6,
        ),
        (
            "wan3.0-video",
            PROMPT,
            IN_720P,
            {
                "video_count": 1,
                "duration": 5.0,
                "input_video_duration": 0.0,
                "output_video_duration": 5.0,
                "fps": 30,
                "SR": 720,
                "ratio": "16:9",
            },
            5,
        ),
    ],
)
async def test_the_usage_has_the_shape_of_its_family(
    model: str,
    task_input: dict[str, object],
    parameters: dict[str, object],
    usage: dict[str, object],
    billed: float,
) -> None:
    task = await finished(model, task_input, parameters)
    answered = queried(task, "r")["usage"]
    assert isinstance(answered, dict)
    # As text, because 5 and 5.0 are not the same to whoever reads it.
    assert {name: repr(value) for name, value in answered.items()} == {
        name: repr(value) for name, value in usage.items()
    }
    assert task.billed_seconds == billed


async def test_3_0_bills_its_input_video_whatever_it_calls_the_duration() -> None:
    parameters = IN_720P | {"duration": 7}
    task = await finished("wan3.0-video", media(reference_video="file:c.mp4"), parameters)
    both = queried(task, "r")["usage"]
    alone = queried(task, "r", counts_input=False)["usage"]
    assert isinstance(both, dict)
    assert isinstance(alone, dict)
    assert (both["duration"], alone["duration"]) == (10.0, 7.0)
    for usage in (both, alone):
        assert usage["input_video_duration"] == 3.0
        assert usage["output_video_duration"] == 7.0
        assert usage["ratio"] == "4:3"
    assert task.billed_seconds == 10


@pytest.mark.parametrize(
    ("model", "extended", "told"),
    [
        ("wan2.5-t2v-preview", True, True),
        ("wan2.5-t2v-preview", False, False),
        ("wan2.6-t2v", True, False),
        ("wan2.7-t2v", True, False),
        ("wan3.0-video", True, False),
    ],
)
async def test_only_models_up_to_2_5_tell_the_prompt_they_rewrote(
    model: str,
    extended: bool,  # noqa: FBT001 - a row of the table
    told: bool,  # noqa: FBT001 - a row of the table
) -> None:
    output = queried(await finished(model, PROMPT, {"prompt_extend": extended}), "r")["output"]
    assert isinstance(output, dict)
    assert output["orig_prompt"] == "p"
    assert ("actual_prompt" in output) is told
