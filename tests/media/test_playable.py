"""A video that plays everywhere, of one that does not: H.264 of 8 bits in 4:2:0, and AAC."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from bot.domain.errors import MediaUnreadableError
from bot.media import playable
from bot.media.shrink import shrink
from bot.media.video import probe
from tests.media.films import FULL_RANGE, LABEL, film
from tests.media.test_labels import tags_of

small = partial(film, width=128, height=96, frames=8)
make_playable = partial(playable.make_playable, label=LABEL)

BT_709, BT_2020 = 1, 9
UNSPECIFIED, LIMITED_RANGE = 2, 1


def colours_of(path: Path) -> tuple[int, ...]:
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        list(container.decode(video=0))
        return (
            context.colorspace,
            context.color_primaries,
            context.color_trc,
            context.color_range,
        )


def pixels_of(path: Path) -> list[np.ndarray]:
    """Return all frames as a player shows them."""
    with av.open(str(path)) as container:
        return [one.to_ndarray(format="rgb24").astype("i4") for one in container.decode(video=0)]


def times_of(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [one.time or 0 for one in container.decode(video=0)]


def coloured(path: Path, *, codec: str, pixels: str, tags: int = UNSPECIFIED) -> Path:
    """Film a chart of colours that stands still."""
    across, down = np.meshgrid(np.linspace(0, 255, 128), np.linspace(0, 255, 96))
    chart = np.stack([across, down, (across + down) / 2], -1).astype("u1")
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream(codec, rate=24)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 128, 96, pixels
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = tags
        for number in range(4):
            frame = av.VideoFrame.from_ndarray(chart, format="rgb24")
            matrix = None if tags == UNSPECIFIED else tags
            frame = frame.reformat(format=pixels, dst_colorspace=matrix)
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("codec", "pixels", "tags"),
    [
        pytest.param("libx265", "yuv420p", UNSPECIFIED, id="HEVC"),
        pytest.param("libx265", "yuv420p10le", BT_709, id="HEVC of 10 bits"),
        pytest.param("libvpx-vp9", "yuv420p", BT_709, id="VP9"),
        pytest.param("libsvtav1", "yuv420p10le", BT_709, id="AV1"),
        pytest.param("mpeg4", "yuv420p", UNSPECIFIED, id="MPEG-4"),
        pytest.param("libx264", "yuv444p", UNSPECIFIED, id="H.264 in 4:4:4"),
        pytest.param("libx264", "yuv422p", BT_709, id="H.264 in 4:2:2"),
        pytest.param("libx264", "yuv420p10le", BT_2020, id="H.264 of 10 bits"),
    ],
)
def test_it_plays_everywhere_and_looks_as_it_did(
    tmp_path: Path, codec: str, pixels: str, tags: int
) -> None:
    source = coloured(tmp_path / "a.mp4", codec=codec, pixels=pixels, tags=tags)
    assert not probe(source).plays
    made = make_playable(source, target := tmp_path / "b.mp4")
    assert (made.codec, made.plays, made.is_labelled) == ("h264", True, True)
    assert (made.width, made.height) == (128, 96)
    assert (tags_of(target)["AIGC"], tags_of(target)["comment"]) == (LABEL.aigc, LABEL.comment)
    assert colours_of(target)[:3] == colours_of(source)[:3] == (tags, tags, tags)
    before, after = pixels_of(source), pixels_of(target)
    assert len(before) == len(after) == 4
    assert max(abs(a - b).mean() for a, b in zip(before, after, strict=True)) < 2


def test_rgb_becomes_tagged_colours(tmp_path: Path) -> None:
    source = coloured(tmp_path / "a.mp4", codec="libx264rgb", pixels="rgb24", tags=0)
    make_playable(source, target := tmp_path / "b.mp4")
    assert colours_of(target)[0] == BT_709
    assert colours_of(target)[3] == LIMITED_RANGE
    before, after = pixels_of(source), pixels_of(target)
    assert max(abs(a - b).mean() for a, b in zip(before, after, strict=True)) < 2


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(partial(small, pixels="yuv444p", fps=24), id="another rate"),
        pytest.param(
            partial(small, pixels="yuv444p", times=(0, 1, 2, 5, 9, 14, 20, 27)),
            id="uneven frame times",
        ),
        pytest.param(partial(small, pixels="yuv444p", turned=90), id="turned"),
        pytest.param(partial(small, pixels="yuv444p", stretched=Fraction(4, 3)), id="stretched"),
        pytest.param(partial(small, pixels="yuv444p", full_range=True), id="the full range"),
        pytest.param(partial(small, codec="libx265", turned=270, audio=True), id="HEVC, turned"),
    ],
)
def test_all_that_a_player_shows_stays(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    source, target = make(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    before, after = probe(source), make_playable(source, target)
    assert after.duration_seconds == pytest.approx(before.duration_seconds, abs=0.002)
    assert times_of(target) == pytest.approx(times_of(source), abs=0.001)
    with av.open(str(source)) as one, av.open(str(target)) as other:
        old, new = one.streams.video[0], other.streams.video[0]
        shown = [next(container.decode(video=0)) for container in (one, other)]
        assert shown[0].rotation == shown[1].rotation
        assert (old.sample_aspect_ratio or 1) == (new.sample_aspect_ratio or 1)
        full = [stream.codec_context.color_range == FULL_RANGE for stream in (old, new)]
        assert full[0] == full[1]
        assert len(one.streams.audio) == len(other.streams.audio)


@pytest.mark.parametrize("sound", ["libopus", "pcm_s16le", "libmp3lame"])
def test_another_sound_becomes_aac(tmp_path: Path, sound: str) -> None:
    form = "mov" if sound.startswith("pcm") else "mp4"
    source = small(tmp_path / "a.mp4", audio=True, sound_codec=sound, pixels="yuv444p", form=form)
    make_playable(source, target := tmp_path / "b.mp4")
    with av.open(str(target)) as container:
        (audio,) = container.streams.audio
        assert audio.codec_context.name == "aac"
        seconds = sum(one.samples for one in container.decode(audio)) / audio.codec_context.rate
    assert seconds == pytest.approx(8 / 30, abs=0.08)


def test_the_files_own_label_stays_and_ours_is_not_written(tmp_path: Path) -> None:
    made = small(tmp_path / "a.mp4", pixels="yuv444p")
    source = tmp_path / "labelled.mp4"
    options = {"movflags": "use_metadata_tags"}
    with (
        av.open(str(made)) as read,
        av.open(str(source), "w", format="mp4", options=options) as write,
    ):
        write.metadata.update({"AIGC": "theirs", "comment": "their words"})
        copy = write.add_stream_from_template(read.streams.video[0])
        for packet in read.demux():
            if packet.dts is not None:
                packet.stream = copy
                write.mux(packet)
    for number, make in enumerate((make_playable, partial(shrink, limit_bytes=9000, label=LABEL))):
        make(source, target := tmp_path / f"{number}.mp4")
        assert tags_of(target)["AIGC"] == "theirs"
        assert tags_of(target)["comment"] == "their words"


@pytest.mark.parametrize(
    ("height", "tags", "kept"),
    [
        pytest.param(720, None, BT_709, id="untagged and high"),
        pytest.param(718, None, UNSPECIFIED, id="untagged and low"),
        pytest.param(720, BT_2020, BT_2020, id="tagged"),
    ],
)
def test_a_smaller_picture_has_the_colours_its_height_stood_for(
    tmp_path: Path, height: int, tags: int | None, kept: int
) -> None:
    source = film(tmp_path / "a.mp4", 256, height, 8, tags=tags)
    made = shrink(source, target := tmp_path / "b.mp4", limit_bytes=7000, label=LABEL)
    assert made.height < 700
    assert colours_of(target)[:3] == (kept, kept, kept)


def test_a_missing_end_is_a_blemish_when_nothing_better_will_come(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.mp4", 128, 96, 60, noise=True, faststart=True).read_bytes()
    source, target = tmp_path / "cut.mp4", tmp_path / "b.mp4"
    source.write_bytes(whole[:-1000])
    with pytest.raises(MediaUnreadableError, match="truncated"):
        make_playable(source, target)
    made = make_playable(source, target, may_be_cut=True)
    assert made.plays
    assert len(pixels_of(target)) in {58, 59}
    source.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MediaUnreadableError):
        make_playable(source, target, may_be_cut=True)
