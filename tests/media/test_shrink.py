"""The same video in fewer bytes: what stays, what it costs, and how good it is."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from av.codec.context import Flags
from PIL import Image

from bot.domain.errors import MediaTooLargeError, MediaUnreadableError
from bot.media import shrink as module
from bot.media.encoding import Recipe
from tests.media.films import LABEL, film, repacked

pytestmark = pytest.mark.slow

shrink = partial(module.shrink, label=LABEL)

SAMPLES = Path(__file__).resolve().parents[2] / "sandbox" / "samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything about a video that a player shows, but for its pixels."""

    times: list[float]
    seconds: float
    turned: int
    stretched: Fraction | None
    colours: tuple[int, ...]
    sound: list[bytes]
    sound_times: list[float]


def shown(path: Path) -> Shown:
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        context = video.codec_context
        frames = [(frame.time, frame.rotation) for frame in container.decode(video)]
        colours = (context.color_range, context.color_primaries, context.colorspace)
        seconds = float((video.duration or 0) * (video.time_base or 0))
        stretched = video.sample_aspect_ratio
    with av.open(str(path)) as container:
        sounds = [packet for packet in container.demux() if packet.size]
        sounds = [packet for packet in sounds if packet.stream.type == "audio"]
        return Shown(
            times=[time or 0 for time, _ in frames],
            seconds=seconds,
            turned=frames[0][1],
            stretched=None if stretched == 1 else stretched,
            colours=colours,
            sound=[bytes(packet) for packet in sounds],
            sound_times=[float((one.pts or 0) * (one.time_base or 0)) for one in sounds],
        )


def boxes(path: Path) -> list[bytes]:
    """Return the types of the top-level boxes, in order."""
    data = path.read_bytes()
    found, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        found.append(kind)
        at += size
    return found


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


noisy = partial(film, width=112, height=96, frames=24, noise=True, bits_per_second=1_500_000)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(noisy, id="thirty frames a second"),
        pytest.param(partial(noisy, fps=24), id="twenty-four frames a second"),
        pytest.param(partial(noisy, audio=True), id="sound"),
        pytest.param(partial(noisy, preset="veryfast"), id="frames stored out of order"),
        pytest.param(
            partial(noisy, times=tuple(at * at // 4 for at in range(3, 27))),
            id="uneven frame times",
        ),
        pytest.param(
            partial(noisy, times=range(15, 39), audio=True), id="sound before the first frame"
        ),
        pytest.param(partial(noisy, turned=90), id="turned upright by the player"),
        pytest.param(partial(noisy, stretched=Fraction(4, 3)), id="pixels that are not square"),
        pytest.param(partial(noisy, full_range=True), id="colours of the full range"),
    ],
)
def test_all_that_a_player_shows_stays(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    source, target = make(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    limit = source.stat().st_size * 2 // 3
    shrunk = shrink(source, target, limit_bytes=limit)
    assert 0.7 * limit < shrunk.size_bytes <= limit
    assert (shrunk.size_bytes, shrunk.width, shrunk.height) == (target.stat().st_size, 112, 96)
    before, after = shown(source), shown(target)
    assert after.times == pytest.approx(before.times, abs=0.001)
    assert after.seconds == pytest.approx(before.seconds, abs=0.002)
    assert after.sound == before.sound
    assert after.sound_times == pytest.approx(before.sound_times, abs=0.001)
    kept = ("turned", "stretched", "colours")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    found = boxes(target)
    assert found.index(b"moov") < found.index(b"mdat"), "it plays while it loads"


def test_a_fragmented_video_is_shrunk(tmp_path: Path) -> None:
    whole = noisy(tmp_path / "a.mp4", audio=True)
    source = repacked(whole, tmp_path / "b.mp4", movflags="frag_keyframe+empty_moov")
    target = tmp_path / "c.mp4"
    shrink(source, target, limit_bytes=source.stat().st_size * 2 // 3)
    before, after = shown(source), shown(target)
    assert after.times == pytest.approx(before.times, abs=0.001)
    assert after.sound == before.sound == shown(whole).sound


def test_odd_sides_become_even_ones(tmp_path: Path) -> None:
    even = noisy(tmp_path / "a.mp4", width=116, height=98, frames=8)
    source = tmp_path / "odd.mp4"
    _cut_by_one(even, source)
    shrunk = shrink(source, tmp_path / "b.mp4", limit_bytes=source.stat().st_size // 2)
    assert (shrunk.width, shrunk.height) == (114, 96)


def _cut_by_one(source: Path, path: Path) -> None:
    """Have a player leave out a column and a row, as encoders do for odd sides in 4:4:4."""
    with av.open(str(source)) as read, av.open(str(path), "w", format="mp4") as write:
        stream = write.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 115, 97, "yuv444p"
        for frame in read.decode(video=0):
            write.mux(stream.encode(frame.reformat(width=115, height=97, format="yuv444p")))
        write.mux(stream.encode(None))


# --- how good it is --------------------------------------------------------------------------


def grainy_cats(path: Path) -> Path:
    """Film one cat becoming the other with a camera's grain: neither flat nor noise."""
    width, height, frames = 320, 180, 40
    first, last = (
        np.asarray(Image.open(SAMPLES / f"cat-{name}.jpg").convert("RGB").resize((400, 225)), "f4")
        for name in ("first", "last")
    )
    grain = np.random.default_rng(5)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.bit_rate = 4_000_000
        for number in range(frames):
            share = number / frames
            left, top = int(80 * share), int(45 * (1 - share))
            mixed = (first * (1 - share) + last * share)[top : top + height, left : left + width]
            mixed = np.clip(mixed + grain.normal(0, 5, (height, width, 1)), 0, 255)
            frame = av.VideoFrame.from_ndarray(mixed.astype("u1"), format="rgb24")
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    return path


def plain_two_passes(source: Path, path: Path, *, bits_per_second: int) -> int:
    """Encode as x264 does by default, in two passes; return the size."""
    for number in (Flags.pass1, Flags.pass2):
        with av.open(str(source)) as read, av.open(str(path), "w", format="mp4") as write:
            stream = write.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
            stream.codec_context.bit_rate = bits_per_second
            stream.codec_context.flags |= number
            stream.codec_context.options = {"passlogfile": f"{path}.log"}
            for frame in read.decode(video=0):
                frame.pict_type = 0
                write.mux(stream.encode(frame))
            write.mux(stream.encode(None))
    return path.stat().st_size


def error_decibels(source: Path, other: Path) -> float:
    """Return the peak signal-to-noise ratio over all frames."""
    with av.open(str(source)) as one, av.open(str(other)) as two:
        squares = [
            np.mean((a.to_ndarray().astype("f4") - b.to_ndarray().astype("f4")) ** 2)
            for a, b in zip(one.decode(video=0), two.decode(video=0), strict=True)
        ]
    return float(10 * np.log10(255**2 / np.mean(squares)))


def test_it_uses_the_limit_and_looks_like_a_plain_encoding_in_two_passes(tmp_path: Path) -> None:
    source = grainy_cats(tmp_path / "a.mp4")
    limit = source.stat().st_size // 5
    ours = shrink(source, tmp_path / "b.mp4", limit_bytes=limit)
    assert 0.9 * limit < ours.size_bytes <= limit
    rate = int(ours.size_bytes * 8 / ours.duration_seconds)
    theirs = plain_two_passes(source, tmp_path / "c.mp4", bits_per_second=rate)
    assert theirs > 0.9 * ours.size_bytes, "not the same size"
    decibels = [error_decibels(source, tmp_path / name) for name in ("b.mp4", "c.mp4")]
    assert decibels[0] > decibels[1] - 0.3


# --- when it is hard -------------------------------------------------------------------------


def test_the_picture_gets_smaller_only_when_too_few_bytes_are_left_for_its_size(
    tmp_path: Path,
) -> None:
    source = film(tmp_path / "a.mp4", 640, 360, 30, noise=True, bits_per_second=20_000_000)
    assert shrink(source, tmp_path / "b.mp4", limit_bytes=60_000).width == 640
    smaller = shrink(source, tmp_path / "c.mp4", limit_bytes=22_000)
    assert (smaller.width, smaller.height) == (448, 252)
    assert smaller.size_bytes <= 22_000


def test_the_picture_gets_smaller_where_full_size_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = noisy(tmp_path / "a.mp4", width=176, height=144, bits_per_second=3_000_000)
    encode = module._second_pass
    tried: list[tuple[int, int]] = []

    def too_large_at_first(source: Path, target: Path, plan: Recipe) -> None:
        tried.append((plan.width, plan.bits_per_second or 0))
        encode(source, target, plan)
        if plan.width == 176:
            target.write_bytes(bytes(1_000_000))

    monkeypatch.setattr(module, "_second_pass", too_large_at_first)
    shrunk = shrink(source, tmp_path / "b.mp4", limit_bytes=150_000)
    assert [width for width, _ in tried][:4] == [176, 176, 176, 122]
    assert tried[2][1] < tried[1][1] < tried[0][1], "each attempt aims lower"
    assert (shrunk.width, shrunk.height) == (122, 100)
    assert shrunk.size_bytes <= 150_000


def test_an_impossible_limit_is_refused(tmp_path: Path) -> None:
    source = noisy(tmp_path / "a.mp4")
    with pytest.raises(MediaTooLargeError) as caught:
        shrink(source, tmp_path / "b.mp4", limit_bytes=2000)
    assert caught.value.limit_bytes == 2000
    assert caught.value.actual_bytes > 2000


def test_a_cut_source_is_not_shrunk(tmp_path: Path) -> None:
    source = noisy(tmp_path / "a.mp4")
    source.write_bytes(source.read_bytes()[:5000])
    with pytest.raises(MediaUnreadableError):
        shrink(source, tmp_path / "b.mp4", limit_bytes=1_000_000)
    assert names_in(tmp_path) == ["a.mp4"]


def test_an_attempt_writes_beside_its_target_and_nowhere_else(tmp_path: Path) -> None:
    source = noisy(tmp_path / "a.mp4")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    shrink(source, scratch / "b.mp4", limit_bytes=source.stat().st_size // 2)
    assert names_in(tmp_path) == ["a.mp4", "scratch"]
    assert all(name.startswith("b.mp4") for name in names_in(scratch))
