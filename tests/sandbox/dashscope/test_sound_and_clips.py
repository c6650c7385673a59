"""Videos with sound, with references, and videos that begin with another."""

from __future__ import annotations

import array
import io
import threading
from dataclasses import dataclass

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from sandbox.dashscope.plans import VideoPlan
from sandbox.dashscope.sounds import SoundPlan
from sandbox.dashscope.video import render
from tests.sandbox.dashscope.helpers import VIDEO_PATH, Account, picture
from tests.sandbox.dashscope.media import LOUD, clip, wav

SIZE = (160, 120)
QUIET = LOUD // 4


@dataclass
class Decoded:
    """The pictures of a video and its sound, as the left channel at 48 kHz."""

    frames: list[Image.Image]
    samples: array.array[int]
    codec: str | None
    rate: int | None
    channels: int | None
    starts: list[float]
    seconds: list[float]

    def loudest(self, start: float, end: float) -> int:
        """Return the greatest value between two moments, seconds."""
        return max(map(abs, self.samples[round(start * 48000) : round(end * 48000)]), default=0)


def decoded(data: bytes) -> Decoded:
    with av.open(io.BytesIO(data), "r") as container:
        frames = [
            frame.to_image()  # type: ignore[no-untyped-call] # in PyAV
            for frame in container.decode(container.streams.video[0])
        ]
        starts = [float((one.start_time or 0) * (one.time_base or 0)) for one in container.streams]
        seconds = [float((one.duration or 0) * (one.time_base or 0)) for one in container.streams]
        samples: array.array[int] = array.array("h")
        track = container.streams.audio[0] if container.streams.audio else None
        if track is None:
            return Decoded(frames, samples, None, None, None, starts, seconds)
        container.seek(0)
        resampler = av.AudioResampler(format="s16p", layout="stereo", rate=48000)
        for frame in container.decode(track):
            for part in resampler.resample(frame):
                samples.frombytes(bytes(part.planes[0])[: part.samples * 2])
        return Decoded(
            frames,
            samples,
            track.codec_context.name,
            track.codec_context.sample_rate,
            track.codec_context.channels,
            starts,
            seconds,
        )


def plan(*pictures: bytes, frames: int = 90, **others: object) -> VideoPlan:
    # The keywords are those of VideoPlan; a wrong one fails at once.
    return VideoPlan(
        width=SIZE[0],
        height=SIZE[1],
        frames=frames,
        pictures=pictures,
        prompt="p",
        watermark=False,
        **others,  # type: ignore[arg-type]
    )


def rendered(video: VideoPlan) -> Decoded:
    return decoded(render(video, threading.Event()))


def differs(one: Image.Image, other: Image.Image) -> float:
    """Return the mean absolute difference, 0 to 255."""
    means = ImageStat.Stat(ImageChops.difference(one, other.resize(one.size))).mean
    return sum(means) / len(means)


def shown(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def first_frame(data: bytes) -> Image.Image:
    return decoded(data).frames[0]


@pytest.mark.parametrize("frames", [60, 301])
def test_an_invented_sound_is_quiet_stereo_and_exactly_as_long(frames: int) -> None:
    video = rendered(plan(frames=frames, sound=SoundPlan(tune=1)))
    assert (video.codec, video.rate, video.channels) == ("aac", 48000, 2)
    assert len(video.frames) == frames
    assert video.starts == [0, 0]
    assert video.seconds[1] == pytest.approx(video.seconds[0], abs=0.001)
    assert 200 < video.loudest(0, frames / 30) < QUIET
    assert video.loudest(frames / 30 - 0.5, frames / 30) > 100


async def test_the_service_hands_out_a_video_that_can_be_heard(account: Account) -> None:
    answer = await account.finished(
        model="wan3.0-video",
        path=VIDEO_PATH,
        task_input={"prompt": "fog"},
        parameters={"resolution": "480P", "duration": 2},
    )
    async with account.http.get(str(answer.output["video_url"])) as response:
        video = decoded(await response.read())
    assert video.frames[0].size == (832, 480)
    assert (len(video.frames), video.codec) == (60, "aac")


def test_without_sound_there_is_no_track() -> None:
    assert rendered(plan(frames=3)).codec is None


def test_each_tune_is_another_sound_of_the_same_pictures() -> None:
    one, other = (rendered(plan(frames=15, sound=SoundPlan(tune=tune))) for tune in (0, 1))
    assert one.samples != other.samples
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one.frames, other.frames, strict=True))


def test_a_shorter_soundtrack_is_followed_by_silence() -> None:
    video = rendered(plan(sound=SoundPlan(file=wav(2))))
    assert video.loudest(0, 0.1) > QUIET
    assert video.loudest(1.8, 2.0) > QUIET
    assert video.loudest(2.1, 3.0) < 50
    assert video.seconds[1] == pytest.approx(3)


def test_a_longer_soundtrack_is_cut() -> None:
    video = rendered(plan(frames=60, sound=SoundPlan(file=wav(4))))
    assert video.loudest(1.8, 2.0) > QUIET
    assert video.seconds[1] == pytest.approx(2)


def test_every_reference_appears() -> None:
    pictures = [picture(colour) for colour in ("teal", "maroon", "gold")]
    video = rendered(plan(frames=30, references=(*pictures, clip(2, colour="purple"))))
    assert len(video.frames) == 30
    for expected in (*map(shown, pictures), first_frame(clip(2, colour="purple"))):
        assert min(differs(frame, expected) for frame in video.frames) < 6


def test_a_continuation_begins_with_the_clip_and_its_sound() -> None:
    start = clip(2, tone=True)
    video = rendered(
        plan(
            clip=start,
            clip_frames=60,
            sound=SoundPlan(file=start, file_seconds=2.0, tune=0),
        )
    )
    assert len(video.frames) == 90
    navy = first_frame(start)
    assert all(differs(frame, navy) < 4 for frame in video.frames[:60])
    assert video.loudest(0.5, 1.8) > QUIET
    assert 200 < video.loudest(2.2, 3.0) < QUIET


def test_a_continuation_ends_with_the_last_picture() -> None:
    ending = picture("gold")
    video = rendered(plan(ending, clip=clip(2), clip_frames=60))
    assert differs(video.frames[59], first_frame(clip(2))) < 4
    assert differs(video.frames[-1], shown(ending)) < 6


def test_an_edited_clip_shows_its_references_in_the_corner() -> None:
    reference = picture("gold")
    video = rendered(plan(clip=clip(1), clip_frames=15, frames=15, references=(reference,)))
    corner = (0, 0, SIZE[0] // 5, SIZE[1] // 5)
    elsewhere = (SIZE[0] // 2, SIZE[1] // 2, *SIZE)
    navy = Image.new("RGB", SIZE, "navy")
    for frame in video.frames:
        assert differs(frame.crop(corner), shown(reference)) < 12
        assert differs(frame.crop(elsewhere), navy.crop(elsewhere)) < 5


def test_a_clip_of_another_rate_and_shape_keeps_its_time() -> None:
    half = 15
    slow = clip(1, (240, 320), rate=10)
    video = rendered(plan(clip=slow, clip_frames=half, frames=half))
    assert len(video.frames) == half
    assert video.frames[0].size == SIZE
    assert differs(video.frames[-1], Image.new("RGB", SIZE, "navy")) < 5


def test_a_damaged_clip_stands_still_where_it_ends() -> None:
    whole = clip(3)
    at = whole.index(b"mdat") + 4
    # What is declared stays, the second half of the pictures is gone.
    rest = (len(whole) - at) // 4
    damaged = whole[: at + rest] + bytes(rest) + whole[at + 2 * rest :]
    video = rendered(plan(clip=damaged, clip_frames=90))
    assert len(video.frames) == 90


def test_what_is_heard_and_shown_has_its_own_key() -> None:
    start = clip(2)
    plans = [
        plan(),
        plan(sound=SoundPlan(tune=0)),
        plan(sound=SoundPlan(tune=1)),
        plan(sound=SoundPlan(file=wav(2))),
        plan(references=(picture(),)),
        plan(clip=start, clip_frames=60),
        plan(clip=start, clip_frames=30),
    ]
    assert len({video.key() for video in plans}) == len(plans)
    assert len({video.unheard().key() for video in plans[:4]}) == 1
