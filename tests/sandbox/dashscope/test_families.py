"""What each family of models takes, how large and long its videos become, and what fails late."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.dashscope.models import MODELS
from sandbox.dashscope.problems import ApiError, InputRejectedError
from sandbox.dashscope.rows import Limits, Region, Sound
from tests.sandbox.dashscope.helpers import FIRST, data_uri, picture
from tests.sandbox.dashscope.media import Desk, media

TALL = data_uri(picture(size=(300, 400), kind="PNG"), "image/png")
PICTURE: dict[str, object] = {"img_url": FIRST, "prompt": "p"}
PROMPT: dict[str, object] = {"prompt": "p"}
REFERENCES: dict[str, object] = {"prompt": "p", "reference_urls": ["file:a.png", "file:c.mp4"]}
EDIT = media(video="file:c.mp4")

SOLD = {
    Region.BEIJING: (
        *("2.5-i2v-preview", "2.5-t2v-preview", "2.6-i2v", "2.6-i2v-flash"),
        *("2.6-t2v", "2.6-r2v", "2.6-r2v-flash", "2.7-t2v", "2.7-t2v-2026-04-25"),
        *("2.7-t2v-2026-06-12", "2.7-i2v", "2.7-i2v-2026-04-25", "2.7-r2v"),
        *("2.7-r2v-2026-06-12", "2.7-videoedit", "3.0-video", "3.0-video-prime"),
    ),
    Region.VIRGINIA: (
        *("2.6-i2v", "2.6-i2v-us", "2.6-t2v", "2.6-t2v-us", "2.6-r2v"),
        *("2.7-r2v-2026-06-12", "3.0-video", "3.0-video-prime"),
    ),
    Region.FRANKFURT: (
        *("2.6-i2v", "2.6-i2v-flash", "2.6-t2v", "2.6-r2v", "2.6-r2v-flash"),
        *("3.0-video", "3.0-video-prime"),
    ),
    Region.TOKYO: ("3.0-video", "3.0-video-prime"),
}


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("region", SOLD)
def test_each_region_sells_its_models_with_five_lanes(region: Region) -> None:
    rows = [row for row in MODELS.values() if row.sound is not Sound.NONE and region in row.limits]
    assert {row.name for row in rows} == {f"wan{name}" for name in SOLD[region]}
    assert {row.limits[region] for row in rows} == {Limits(5, 5)}
    assert {row.kind.path for row in rows} == {"video-generation"}


def test_singapore_sells_what_beijing_sells_from_2_5_on() -> None:
    for row in MODELS.values():
        if row.sound is not Sound.NONE:
            assert (Region.BEIJING in row.limits) is (Region.SINGAPORE in row.limits)


def test_each_region_has_the_identifier_that_lists_show() -> None:
    assert [region.region_id for region in Region] == [
        "cn-beijing",
        "ap-southeast-1",
        "us-east-1",
        "eu-central-1",
        "ap-northeast-1",
    ]


async def test_a_model_of_virginia_is_not_found_elsewhere(desk: Desk) -> None:
    with pytest.raises(ApiError, match="ModelNotFound"):
        await desk.planned("wan2.6-t2v-us", PROMPT)
    plan = await desk.planned("wan2.6-t2v-us", PROMPT, {"duration": 10}, region=Region.VIRGINIA)
    assert plan.frames == 300


@pytest.mark.parametrize(
    ("model", "task_input", "parameters", "size", "seconds"),
    [
        ("wan2.5-i2v-preview", PICTURE, {}, (1648, 1232), 5),
        ("wan2.5-i2v-preview", PICTURE, {"resolution": "480P", "duration": 10}, (720, 544), 10),
        ("wan2.6-i2v", {"img_url": TALL}, {"resolution": "720P", "duration": 2}, (816, 1104), 2),
        ("wan2.6-i2v-flash", PICTURE, {"resolution": "720P", "duration": 15}, (1104, 816), 15),
        ("wan2.5-t2v-preview", PROMPT, {"size": "832*480"}, (832, 480), 5),
        ("wan2.6-t2v", PROMPT, {}, (1920, 1080), 5),
        ("wan2.6-t2v", PROMPT, {"size": "1088*832", "shot_type": "multi"}, (1088, 832), 5),
        ("wan2.6-r2v", REFERENCES, {"size": "1280*720", "duration": 10}, (1280, 720), 10),
        (
            "wan2.6-r2v-flash",
            {"prompt": "p", "reference_video_urls": ["file:c2.mp4"]},
            {},
            (1920, 1080),
            5,
        ),
        ("wan2.7-t2v", PROMPT, {}, (1920, 1080), 5),
        ("wan2.7-t2v", PROMPT, {"resolution": "720P", "ratio": "4:3"}, (1104, 832), 5),
        # It has no size and no shot_type, and says nothing about them.
        ("wan2.7-t2v", PROMPT, {"size": "1*1", "shot_type": "x"}, (1920, 1080), 5),
        # Media are ignored, too.
        ("wan2.7-t2v", media(first_frame=FIRST), {"resolution": "720P"}, (1280, 720), 5),
        ("wan2.7-i2v", media(first_frame=TALL), {"resolution": "720P"}, (816, 1104), 5),
        ("wan2.7-i2v", media(first_frame=TALL, last_frame=FIRST), {}, (1232, 1648), 5),
        ("wan2.7-i2v", media(first_clip="file:c2.mp4"), {"resolution": "720P"}, (816, 1104), 5),
        ("wan2.7-r2v", media(reference_image=TALL), {"resolution": "720P"}, (1280, 720), 5),
        (
            "wan2.7-r2v",
            media(reference_image=FIRST, first_frame=TALL),
            {"resolution": "720P", "ratio": "1:1"},
            (816, 1104),
            5,
        ),
        ("wan2.7-videoedit", EDIT, {"resolution": "720P"}, (1104, 816), 3),
        ("wan2.7-videoedit", EDIT, {"resolution": "720P", "duration": 2}, (1104, 816), 2),
        ("wan2.7-videoedit", EDIT, {"resolution": "720P", "ratio": "1:1"}, (960, 960), 3),
        ("wan3.0-video", PROMPT, {"resolution": "720P"}, (1280, 720), 5),
        ("wan3.0-video", PROMPT, {"resolution": "480P", "ratio": "21:9"}, (960, 400), 5),
        ("wan3.0-video", media(first_frame=TALL), {"resolution": "720P"}, (816, 1104), 5),
        (
            "wan3.0-video",
            media(first_frame=TALL),
            {"resolution": "720P", "ratio": "1:1"},
            (960, 960),
            5,
        ),
        ("wan3.0-video", media(reference_image=[FIRST, TALL]), {"duration": 30}, (1648, 1232), 30),
        ("wan3.0-video-prime", media(reference_audio="file:a.wav"), {}, (1920, 1080), 5),
        ("wan3.0-video", media(link="https://example.com/article"), {}, (1920, 1080), 5),
        ("wan3.0-video", media(file="file:talk.txt", reference_image=FIRST), {}, (1648, 1232), 5),
    ],
)
async def test_a_video_is_as_large_and_long_as_was_asked_for(
    desk: Desk,
    model: str,
    task_input: dict[str, object],
    parameters: dict[str, object],
    size: tuple[int, int],
    seconds: int,
) -> None:
    plan = await desk.planned(model, task_input, parameters)
    assert (plan.width, plan.height) == size
    assert plan.seconds == seconds


EXCLUSIVE = (
    "The two modes are mutually exclusive. Do not pass reference_xx and first_frame/last_frame "
    "at the same time."
)
MEDIA_REQUIRED = "Field required: input.media"
BETWEEN_2_AND_15 = "Duration should be between 2 and 15"
FIRST_FRAME = media(first_frame=FIRST)


@pytest.mark.parametrize(
    ("model", "task_input", "parameters", "message"),
    [
        ("wan2.7-i2v", {"prompt": "p", "img_url": FIRST}, {}, MEDIA_REQUIRED),
        (
            "wan2.7-r2v",
            {"prompt": "p", "first_frame_url": FIRST},
            {},
            "Field required: input.media",
        ),
        ("wan2.7-videoedit", PROMPT, {}, MEDIA_REQUIRED),
        ("wan3.0-video", PICTURE, {}, MEDIA_REQUIRED),
        ("wan3.0-video", {"media": []}, {}, "Field required: input.prompt"),
        ("wan2.7-r2v", {"media": FIRST_FRAME["media"]}, {}, "Field required: input.prompt"),
        ("wan2.7-t2v", FIRST_FRAME | {"prompt": None}, {}, "Field required: input.prompt"),
        ("wan2.6-r2v", PROMPT, {}, "Field required: input.reference_urls"),
        ("wan2.6-i2v", FIRST_FRAME, {}, "Field required: input.img_url"),
        ("wan2.6-i2v-flash", {"first_frame_url": FIRST}, {}, "Field required: input.img_url"),
        ("wan2.7-i2v", FIRST_FRAME, {"duration": 16}, BETWEEN_2_AND_15),
        ("wan2.7-t2v", PROMPT, {"duration": 1}, BETWEEN_2_AND_15),
        ("wan2.7-t2v", PROMPT, {"duration": -1}, BETWEEN_2_AND_15),
        ("wan3.0-video", PROMPT, {"duration": 31}, "Duration should be between 2 and 30"),
        ("wan3.0-video", PROMPT, {"duration": 0}, "Duration should be between 2 and 30"),
        ("wan2.5-i2v-preview", PICTURE, {"duration": 6}, "Input should be 5 or 10"),
        (
            "wan2.7-r2v",
            media(reference_video="file:c.mp4"),
            {"duration": 11},
            "Duration should be between 2 and 10",
        ),
        ("wan2.7-i2v", FIRST_FRAME, {"resolution": "480P"}, "Input should be '1080P' or '720P'"),
        ("wan2.6-i2v", PICTURE, {"resolution": "480P"}, "Input should be '1080P' or '720P'"),
        ("wan2.6-t2v", PROMPT, {"size": "832*480"}, "size must be in 1080*1920,1920*1080,"),
        ("wan2.6-t2v", PROMPT, {"size": "1104*832"}, "size must be in 1080*1920,1920*1080,"),
        ("wan2.7-t2v", PROMPT, {"ratio": "21:9"}, "Input should be '16:9', '9:16', '1:1'"),
        ("wan3.0-video", PROMPT, {"ratio": "2:1"}, "Input should be 'adaptive', '21:9'"),
        ("wan2.6-i2v", PICTURE, {"shot_type": "triple"}, "Input should be 'single' or 'multi'"),
        ("wan2.6-i2v-flash", PICTURE, {"audio": "no"}, "valid boolean: parameters.audio"),
        ("wan2.7-videoedit", EDIT, {"audio_setting": "x"}, "Input should be 'auto' or 'origin'"),
        ("wan2.7-t2v", PROMPT, {"seed": -1}, "greater than or equal to 0: parameters.seed"),
        (
            "wan2.7-i2v",
            media(reference_image=FIRST),
            {},
            "Input should be 'first_frame', 'last_frame', 'driving_audio' or 'first_clip'",
        ),
        (
            "wan3.0-video",
            media(first_frame=FIRST, reference_image=FIRST),
            {},
            EXCLUSIVE,
        ),
        ("wan2.7-i2v", media(last_frame=FIRST), {}, "This set of media is not supported"),
        ("wan2.7-i2v", media(first_frame=[FIRST, FIRST]), {}, "This set of media"),
        (
            "wan2.7-i2v",
            media(first_clip="file:c.mp4", driving_audio="file:a.wav"),
            {},
            "This set of media",
        ),
        ("wan2.7-r2v", media(reference_image=[FIRST] * 6), {}, "This set of media"),
        ("wan2.7-r2v", FIRST_FRAME, {}, "This set of media"),
        ("wan2.7-videoedit", media(reference_image=FIRST), {}, "This set of media"),
        ("wan3.0-video", media(last_frame=FIRST), {}, "This set of media"),
        ("wan3.0-video", media(reference_image=[FIRST] * 11), {}, "This set of media"),
        ("wan3.0-video", media(link=["https://a", "https://b"]), {}, "This set of media"),
        (
            "wan3.0-video",
            media(link="https://example.com"),
            {"prompt_extend": False},
            "parameters.prompt_extend",
        ),
        ("wan2.7-i2v", media(first_clip="file:c8.mp4"), {"duration": 8}, "than the first clip"),
        (
            "wan3.0-video",
            media(reference_video="file:c8.mp4"),
            {"duration": 23},
            "together should not be longer than 30",
        ),
        ("wan2.6-r2v", {"prompt": "p", "reference_urls": [FIRST]}, {}, "media format"),
        (
            "wan2.6-r2v",
            {"prompt": "p", "reference_urls": ["file:c2.mp4"] * 4},
            {},
            "at most 3 videos",
        ),
        ("wan2.6-r2v", {"prompt": "p", "reference_urls": ["file:a.png"] * 6}, {}, "at most 5"),
        ("wan2.7-i2v", {"media": "x"}, {}, "valid list: input.media"),
        ("wan2.7-i2v", {"media": ["x"]}, {}, "valid dictionary: input.media.0"),
        ("wan2.7-i2v", {"media": [{"type": "first_frame"}]}, {}, "input.media.0.url"),
    ],
)
async def test_what_does_not_fit_a_model_fails_in_the_task(
    desk: Desk,
    model: str,
    task_input: dict[str, object],
    parameters: dict[str, object],
    message: str,
) -> None:
    with pytest.raises(InputRejectedError) as failure:
        await desk.planned(model, task_input, parameters)
    assert message in failure.value.problem.message
    assert failure.value.problem.code.startswith("InvalidParameter")


async def test_3_0_with_a_misplaced_picture_may_be_told_to_film_the_prompt(desk: Desk) -> None:
    plan = await desk.planned("wan3.0-video", PICTURE, ignores_picture_fields=True)
    assert plan.pictures == ()


@pytest.mark.parametrize("seed", [None, -1, 0, 7, 2147483647])
async def test_3_0_chooses_a_length_that_the_input_leaves_room_for(
    desk: Desk, seed: int | None
) -> None:
    parameters = {"duration": -1, "seed": seed}
    free = await desk.planned("wan3.0-video", PROMPT, parameters)
    again = await desk.planned("wan3.0-video", PROMPT, parameters)
    assert 2 <= free.seconds <= 30
    assert free.seconds == again.seconds
    task_input = media(reference_video=["file:c12.mp4", "file:c.mp4"])
    left = await desk.planned("wan3.0-video", task_input, parameters)
    assert 2 <= left.seconds <= 15


async def test_lengths_chosen_for_different_seeds_differ(desk: Desk) -> None:
    plans = [
        await desk.planned("wan3.0-video", PROMPT, {"duration": -1, "seed": seed})
        for seed in range(1, 9)
    ]
    assert len({plan.seconds for plan in plans}) > 3


@pytest.mark.parametrize(
    ("model", "characters"),
    [("wan2.6-t2v", 1500), ("wan2.7-t2v", 5000), ("wan3.0-video", 20000)],
)
async def test_a_prompt_is_cut_at_the_limit_of_its_model(
    desk: Desk, model: str, characters: int
) -> None:
    plan = await desk.planned(model, {"prompt": "猫" * (characters + 1)})
    assert plan.prompt == "猫" * characters


@pytest.mark.parametrize(
    ("model", "task_input", "parameters", "heard"),
    [
        ("wan2.5-i2v-preview", PICTURE, {"audio": False}, True),
        ("wan2.6-i2v", PICTURE, {"audio": False}, True),
        ("wan2.6-i2v-flash", PICTURE, {}, True),
        ("wan2.6-i2v-flash", PICTURE, {"audio": False}, False),
        ("wan2.6-r2v", REFERENCES, {"audio": False}, True),
        ("wan2.6-r2v-flash", REFERENCES, {"audio": False}, False),
        ("wan2.7-t2v", PROMPT, {"audio": False}, True),
        ("wan2.7-i2v", FIRST_FRAME, {}, True),
        ("wan3.0-video", PROMPT, {"audio": True}, True),
        ("wan3.0-video", PROMPT, {"audio": False}, False),
        ("wan2.2-t2v-plus", PROMPT, {"audio": True}, False),
        ("wan2.7-videoedit", EDIT, {}, True),
        # The video that was sent has no sound to keep.
        ("wan2.7-videoedit", EDIT, {"audio_setting": "origin"}, False),
    ],
)
async def test_only_some_models_can_be_silent(
    desk: Desk,
    model: str,
    task_input: dict[str, object],
    parameters: dict[str, object],
    heard: bool,  # noqa: FBT001 - a row of the table
) -> None:
    plan = await desk.planned(model, task_input, parameters)
    assert (plan.sound is not None) is heard


async def test_no_sound_beats_a_soundtrack(desk: Desk) -> None:
    task_input = PICTURE | {"audio_url": "https://example.com/a.mp3"}
    plan = await desk.planned("wan2.6-i2v-flash", task_input, {"audio": False})
    assert plan.sound is None
    with pytest.raises(InputRejectedError, match=r"Failed to download https://example\.com/a\.mp3"):
        await desk.planned("wan2.6-i2v-flash", task_input)


async def test_a_model_without_soundtracks_ignores_one(desk: Desk) -> None:
    task_input = PROMPT | {"audio_url": "https://example.com/a.mp3"}
    assert (await desk.planned("wan2.2-t2v-plus", task_input)).sound is None
    plan = await desk.planned("wan3.0-video", task_input)
    assert plan.sound is not None
    assert plan.sound.file is None


WORDS = st.sampled_from(
    [
        *("p", "", "720P", "1280*720", "16:9", "adaptive", "origin", "multi", "first_frame"),
        *("reference_image", "file:a.png", "file:c2.mp4", "file:a.wav", "https://example.com/x"),
        *("data:image/png;base64,AAAA", "oss://nothing"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers(-3, 40) | st.floats(0, 40) | WORDS
ITEMS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("type", "url", "reference_voice"), SCALARS)
)
ANYTHING = SCALARS | st.lists(SCALARS | ITEMS, max_size=3) | ITEMS
INPUT_NAMES = "prompt negative_prompt template img_url audio_url reference_urls media"
PARAMETER_NAMES = (
    "resolution ratio size duration audio shot_type seed audio_setting watermark prompt_extend"
)
INPUTS = st.fixed_dictionaries({}, optional=dict.fromkeys(INPUT_NAMES.split(), ANYTHING))
PARAMETERS = st.fixed_dictionaries({}, optional=dict.fromkeys(PARAMETER_NAMES.split(), ANYTHING))
NAMES = [name for name, row in MODELS.items() if Region.BEIJING in row.limits and row.media]
NAMES += ["wan2.2-i2v-plus", "wan2.6-i2v-flash", "wan2.6-t2v", "wan2.6-r2v", "wan2.7-t2v"]


@settings(max_examples=60, deadline=None)
@given(model=st.sampled_from(NAMES), task_input=INPUTS, parameters=PARAMETERS)
def test_whatever_is_sent_is_planned_or_fails_as_a_task_does(
    model: str, task_input: dict[str, object], parameters: dict[str, object]
) -> None:
    with contextlib.suppress(InputRejectedError):
        assert asyncio.run(Desk().planned(model, task_input, parameters)).frames > 0
