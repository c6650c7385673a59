"""The videos themselves, decoded frame by frame."""

from __future__ import annotations

import io
import random
import threading

import av
import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from sandbox.dashscope.geometry import output_size
from sandbox.dashscope.video import RenderStoppedError, VideoPlan, render
from tests.sandbox.dashscope.conftest import Open
from tests.sandbox.dashscope.helpers import SAMPLES, data_uri, picture

FIRST = (SAMPLES / "cat-first.jpg").read_bytes()
LAST = (SAMPLES / "cat-last.jpg").read_bytes()


class DecodedVideo:
    """A decoded MP4."""

    def __init__(self, data: bytes) -> None:
        self.frames: list[Image.Image] = []
        with av.open(io.BytesIO(data), "r") as container:
            stream = container.streams.video[0]
            self.codec = stream.codec_context.name
            self.rate = stream.average_rate
            self.pixel_format = stream.codec_context.pix_fmt
            self.tracks = len(container.streams)
            for frame in container.decode(stream):
                self.frames.append(frame.to_image())  # type: ignore[no-untyped-call] # in PyAV

    @property
    def size(self) -> tuple[int, int]:
        return self.frames[0].size


def plan(
    *pictures: bytes,
    size: tuple[int, int] = (320, 240),
    frames: int = 150,
    watermark: bool = False,
    prompt: str = "",
    effect: str | None = None,
) -> VideoPlan:
    return VideoPlan(
        width=size[0],
        height=size[1],
        frames=frames,
        pictures=pictures,
        prompt=prompt,
        watermark=watermark,
        effect=effect,
    )


def rendered(video: VideoPlan) -> bytes:
    return render(video, threading.Event())


def fitted(data: bytes, size: tuple[int, int]) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        return ImageOps.fit(image.convert("RGB"), size)


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean absolute difference, 0 to 255."""
    means = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(means) / len(means)


async def test_the_cat_becomes_a_video_from_the_first_to_the_last_picture(
    open_account: Open,
) -> None:
    account = await open_account(videos=None)
    task_input = {"first_frame_url": data_uri(FIRST), "last_frame_url": data_uri(LAST)}
    answer = await account.finished(task_input=task_input, parameters={"resolution": "720P"})
    async with account.http.get(str(answer.output["video_url"])) as response:
        data = await response.read()
    video = DecodedVideo(data)
    assert 500_000 < len(data) < 4_000_000
    assert (video.codec, video.pixel_format) == ("h264", "yuv420p")
    assert video.rate == 30
    assert (len(video.frames), video.tracks) == (150, 1)
    assert video.size == output_size(960, 638, "720P") == (1168, 768)
    assert difference(video.frames[0], fitted(FIRST, video.size)) < 4
    assert difference(video.frames[-1], fitted(LAST, video.size)) < 4
    assert difference(video.frames[0], video.frames[-1]) > 20


def scenery(seed: int) -> bytes:
    """Return a picture with something to recognise at every place."""
    # Any bytes would do; the seed makes them the same every time.
    noise = random.Random(seed).randbytes(16 * 12 * 3)  # noqa: S311 - no secret
    grid = Image.frombytes("RGB", (16, 12), noise)
    file = io.BytesIO()
    grid.resize((320, 240), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


def closer(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        file = io.BytesIO()
        image.crop((80, 60, 240, 180)).resize((320, 240)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param(scenery(1), scenery(2), id="unrelated"),
        pytest.param(scenery(1), closer(scenery(1)), id="moving-in"),
        pytest.param(closer(scenery(1)), scenery(1), id="moving-out"),
        pytest.param(scenery(1), scenery(1), id="the-same"),
    ],
)
def test_every_pair_changes_gradually_and_ends_as_asked(first: bytes, last: bytes) -> None:
    video = DecodedVideo(rendered(plan(first, last)))
    assert difference(video.frames[0], fitted(first, video.size)) < 6
    assert difference(video.frames[-1], fitted(last, video.size)) < 6
    steps = [difference(a, b) for a, b in zip(video.frames, video.frames[1:], strict=False)]
    assert max(steps) < 8, "a jump"
    assert sum(steps) > 20, "nothing moves"


def test_moving_in_shows_the_part_at_its_place_all_the_way() -> None:
    video = DecodedVideo(rendered(plan(scenery(1), closer(scenery(1)))))
    half = video.frames[75].size[0] / 2**0.5
    left, top = (320 - half) / 2, (240 - half * 0.75) / 2
    box = (left, top, left + half, top + half * 0.75)
    expected = fitted(scenery(1), video.size).resize(video.size, Image.Resampling.BILINEAR, box=box)
    assert difference(video.frames[75], expected) < 8


def test_one_picture_is_filmed() -> None:
    video = DecodedVideo(rendered(plan(scenery(3), frames=90)))
    assert len(video.frames) == 90
    assert difference(video.frames[0], fitted(scenery(3), video.size)) < 6
    assert difference(video.frames[0], video.frames[-1]) > 5


def test_a_spun_picture_stands_on_its_head_halfway_and_fills_every_frame() -> None:
    video = DecodedVideo(rendered(plan(FIRST, effect="rotation", frames=61)))
    upright = fitted(FIRST, video.size)
    assert difference(video.frames[0], upright) < 6
    assert difference(video.frames[-1], upright) < 6
    assert difference(video.frames[30], upright.rotate(180)) < 6
    darkest = min(frame.convert("L").getextrema()[0] for frame in (upright, upright.rotate(180)))
    corners = ((0, 0), (-1, 0), (0, -1), (-1, -1))
    for frame in video.frames:
        grey = frame.convert("L")
        seen = [grey.getpixel((x % grey.width, y % grey.height)) for x, y in corners]
        assert all(isinstance(frame, int) and frame > darkest for frame in seen)


def test_any_other_effect_moves_and_ends_as_it_began() -> None:
    video = DecodedVideo(rendered(plan(FIRST, effect="squish", frames=61)))
    assert difference(video.frames[0], video.frames[-1]) < 6
    assert difference(video.frames[0], video.frames[15]) > 6


def test_a_prompt_becomes_its_own_moving_picture() -> None:
    size = (832, 480)
    fog = DecodedVideo(rendered(plan(size=size, frames=60, prompt="fog")))
    rain = DecodedVideo(rendered(plan(size=size, frames=60, prompt="rain")))
    assert fog.size == size
    assert difference(fog.frames[0], rain.frames[0]) > 10
    assert difference(fog.frames[0], fog.frames[-1]) > 3


def test_the_watermark_is_at_the_bottom_right_of_every_frame() -> None:
    size = (640, 480)
    plain = DecodedVideo(rendered(plan(picture(), picture(), size=size, frames=6)))
    marked = DecodedVideo(rendered(plan(picture(), picture(), size=size, frames=6, watermark=True)))
    for before, after in zip(plain.frames, marked.frames, strict=True):
        box = (size[0] * 2 // 3, size[1] * 9 // 10, *size)
        assert difference(before.crop(box), after.crop(box)) > 5
        box = (0, 0, size[0] // 2, size[1])
        assert difference(before.crop(box), after.crop(box)) < 1


def test_the_same_inputs_give_the_same_video() -> None:
    video = plan(picture(), picture("red"), frames=10)
    assert rendered(video) == rendered(video)


def test_rendering_can_be_stopped() -> None:
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(RenderStoppedError):
        render(plan(picture()), stopping)
