"""What pictures, sounds, clips and documents may be, and with which words they fail."""

from __future__ import annotations

import wave
from io import BytesIO

import pytest

from sandbox.dashscope.plans import VideoPlan
from sandbox.dashscope.problems import InputRejectedError
from tests.sandbox.dashscope.helpers import FIRST, data_uri, picture
from tests.sandbox.dashscope.media import Desk, clip, media, sound, wav

MEGABYTE = 1024 * 1024
INSPECTION = "InvalidParameter.DataInspection"
TYPES = "File type is not supported. Allowed types are: .wav, .mp3."
WIDE = data_uri(picture(size=(2000, 240), kind="PNG"), "image/png")


def heavy(megabytes: int) -> bytes:
    return picture() + bytes(megabytes * MEGABYTE)


def wav_of(megabytes: int) -> bytes:
    """Return some seconds of a sound of very many samples."""
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(192000)
        out.writeframes(bytes(megabytes * MEGABYTE))
    return file.getvalue()


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def problem(desk: Desk, model: str, task_input: dict[str, object], **files: bytes) -> str:
    with pytest.raises(InputRejectedError) as failure:
        await desk.planned(model, task_input, files=files)
    return str(failure.value)


async def test_pictures_of_twenty_megabytes_are_for_the_models_from_2_5_on(desk: Desk) -> None:
    for model in ("wan2.5-i2v-preview", "wan2.6-i2v"):
        assert (await desk.planned(model, {"img_url": "file:x"}, files={"x": heavy(19)})).pictures
        assert INSPECTION in await problem(desk, model, {"img_url": "file:x"}, x=heavy(20))
    assert INSPECTION in await problem(desk, "wan2.2-i2v-flash", {"img_url": "file:x"}, x=heavy(10))


async def test_a_long_picture_is_refused_from_2_7_on_beyond_one_to_eight(desk: Desk) -> None:
    assert (await desk.planned("wan2.6-i2v", {"img_url": WIDE})).pictures
    for model in ("wan2.7-i2v", "wan3.0-video"):
        assert INSPECTION in await problem(desk, model, media(first_frame=WIDE))
        fitting = data_uri(picture(size=(1920, 240)))
        assert (await desk.planned(model, media(first_frame=fitting))).pictures


@pytest.mark.parametrize(
    ("model", "field", "shortest", "longest"),
    [
        ("wan2.5-i2v-preview", "audio_url", 3, 30),
        ("wan2.6-t2v", "audio_url", 3, 30),
        ("wan2.7-t2v", "audio_url", 2, 30),
        ("wan2.7-i2v", "driving_audio", 2, 30),
        ("wan2.7-r2v", "reference_voice", 1, 10),
        ("wan3.0-video", "reference_audio", 1, 15),
    ],
)
async def test_a_sound_has_a_shortest_and_a_longest_length(
    desk: Desk, model: str, field: str, shortest: int, longest: int
) -> None:
    def with_sound() -> dict[str, object]:
        if field == "audio_url":
            return {"prompt": "p", "img_url": FIRST, "audio_url": "file:x"}
        if field == "driving_audio":
            return media(first_frame=FIRST, driving_audio="file:x")
        if field == "reference_audio":
            return media(reference_audio="file:x")
        return {
            "prompt": "p",
            "media": [{"type": "reference_image", "url": FIRST, "reference_voice": "file:x"}],
        }

    for seconds in (shortest, longest):
        plan = await desk.planned(model, with_sound(), files={"x": wav(seconds)})
        assert plan.sound is not None
        assert (plan.sound.file is not None) is (field != "reference_voice")
    too_long = await problem(desk, model, with_sound(), x=wav(longest + 0.5))
    assert too_long == f"InvalidURL: The input audio is longer than {longest}s."
    too_short = await problem(desk, model, with_sound(), x=wav(shortest - 0.5))
    assert too_short == f"InvalidURL: The input audio is shorter than {shortest}s."


async def test_a_sound_is_a_wav_or_mp3_of_at_most_fifteen_megabytes(desk: Desk) -> None:
    task_input: dict[str, object] = {"prompt": "p", "audio_url": "file:x"}
    assert (await desk.planned("wan2.6-t2v", task_input, files={"x": sound(3.1)})).sound
    for wrong in (sound(4, "libopus", "ogg"), sound(4, "aac", "mp4"), b"words", b"", picture()):
        assert await problem(desk, "wan2.6-t2v", task_input, x=wrong) == f"InvalidURL: {TYPES}"
    assert (await desk.planned("wan2.6-t2v", task_input, files={"x": wav_of(14)})).sound
    assert await problem(desk, "wan2.6-t2v", task_input, x=wav_of(15)) == (
        "InvalidURL: File size is larger than 15MB."
    )


async def test_sounds_and_clips_are_not_taken_as_data(desk: Desk) -> None:
    address = data_uri(wav(4), "audio/wav")
    task_input: dict[str, object] = {"prompt": "p", "audio_url": address}
    assert INSPECTION in await problem(desk, "wan2.6-t2v", task_input)
    address = data_uri(clip(3), "video/mp4")
    assert INSPECTION in await problem(desk, "wan2.7-i2v", media(first_clip=address))


@pytest.mark.parametrize(
    ("model", "kind", "data", "message"),
    [
        pytest.param("wan2.7-i2v", "first_clip", clip(1, rate=4), "between 2 and 10", id="short"),
        pytest.param("wan2.7-i2v", "first_clip", clip(11, rate=2), "between 2 and 10", id="long"),
        pytest.param("wan2.7-videoedit", "video", clip(1, rate=4), "between 2 and 10", id="edit"),
        pytest.param("wan2.7-r2v", "reference_video", clip(31, rate=1), "1 and 30", id="long-2.7"),
        pytest.param("wan3.0-video", "reference_video", clip(16, rate=16), "1 and 15", id="3.0"),
        pytest.param("wan3.0-video", "reference_video", clip(2, rate=15), "at least 16", id="slow"),
        pytest.param(
            "wan2.7-r2v", "reference_video", clip(2, (238, 300)), "240 and 4096", id="small"
        ),
        pytest.param(
            "wan2.7-r2v", "reference_video", clip(2, (2000, 240), rate=2), "1:8 and 8:1", id="wide"
        ),
        pytest.param("wan2.7-r2v", "reference_video", b"words", "cannot be read", id="no-video"),
        pytest.param("wan2.7-r2v", "reference_video", wav(3), "cannot be read", id="no-picture"),
        pytest.param(
            "wan2.7-r2v", "reference_video", clip(2, form="matroska"), "cannot be read", id="mkv"
        ),
    ],
)
async def test_a_clip_outside_its_limits_fails(
    desk: Desk, model: str, kind: str, data: bytes, message: str
) -> None:
    said = await problem(desk, model, media(**{kind: "file:x"}), x=data)
    assert said.startswith("InvalidParameter: ")
    assert message in said
    assert kind in said


async def test_clips_within_their_limits_are_taken(desk: Desk) -> None:
    async def planned(model: str, task_input: dict[str, object], data: bytes) -> VideoPlan:
        return await desk.planned(model, task_input, files={"x": data})

    plan = await planned("wan2.7-r2v", media(reference_video="file:x"), clip(30, rate=1))
    assert len(plan.references) == 1
    plan = await planned("wan2.7-videoedit", media(video="file:x"), clip(2, form="mov"))
    assert plan.clip is not None
    # No bounds of its sides are stated for 2.6.
    referring: dict[str, object] = {"prompt": "p", "reference_urls": ["file:x"]}
    assert (await planned("wan2.6-r2v", referring, clip(2, (128, 96)))).references


@pytest.mark.parametrize("kind", ["reference_video", "reference_audio"])
async def test_3_0_takes_fifteen_seconds_of_videos_and_of_sounds_in_all(
    desk: Desk, kind: str
) -> None:
    long, short = (clip(8, rate=16), clip(4, rate=16))
    if kind == "reference_audio":
        long, short = wav(8), wav(4)
    task_input = media(**{kind: ["file:x", "file:y"]})
    await desk.planned("wan3.0-video", task_input, files={"x": long, "y": short})
    said = await problem(desk, "wan3.0-video", task_input, x=long, y=long)
    assert f"All {kind} together should not be longer than 15" in said


async def test_a_document_has_an_ending_that_is_listed_and_a_link_is_one(desk: Desk) -> None:
    await desk.planned("wan3.0-video", media(file="file:talk.txt"))
    said = await problem(desk, "wan3.0-video", media(file="file:talk_exe"), talk_exe=b"words")
    assert "File type is not supported. Allowed types are: .docx, " in said
    assert "InvalidURL" in await problem(desk, "wan3.0-video", media(link="ftp://example.com"))
