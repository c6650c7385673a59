"""Sound and pictures stay together through every re-encoding: flashes and clicks, at both ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import av
import pytest

from bot.media.playable import make_playable
from bot.media.shrink import shrink
from bot.media.video import probe
from tests.media.films import LABEL
from tests.media.in_step import click_times, flash_times, flashing, offsets

pytestmark = pytest.mark.slow

MOST_SECONDS = 0.020
"""What nobody notices: ITU-R BT.1359 puts it at 45 ms and more."""

film = partial(flashing, seconds=2, bits_per_second=1_500_000)


def to_half(source: Path, target: Path) -> None:
    """Make a video smaller."""
    shrink(source, target, limit_bytes=source.stat().st_size // 2, label=LABEL)


def to_play(source: Path, target: Path) -> None:
    """Make a video play everywhere."""
    make_playable(source, target, label=LABEL)


@pytest.mark.parametrize(
    ("re_encode", "make"),
    [
        pytest.param(to_half, partial(film, rate=44_100), id="AAC"),
        pytest.param(
            to_half, partial(film, options=(("use_editlist", "0"),)), id="AAC without edit list"
        ),
        pytest.param(
            to_half,
            partial(film, options=(("movflags", "frag_keyframe+empty_moov"),)),
            id="fragments",
        ),
        pytest.param(to_half, partial(film, sound_from=0.1, fps=24), id="sound that begins late"),
        pytest.param(to_half, partial(film, sound="libmp3lame"), id="MP3"),
        pytest.param(
            to_play, partial(film, sound="libopus", sound_from=0.1), id="Opus that begins late"
        ),
        pytest.param(to_play, partial(film, fps=24), id="AAC, by quality"),
    ],
)
def test_sound_and_pictures_stay_together(
    tmp_path: Path, make: Callable[[Path], Path], re_encode: Callable[[Path, Path], None]
) -> None:
    source, target = make(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    before = offsets(source)
    re_encode(source, target)
    assert flash_times(target) == pytest.approx(flash_times(source), abs=0.001)
    assert len(before) == 2, "one near each end"
    assert offsets(target) == pytest.approx(before, abs=MOST_SECONDS)
    assert offsets(target) == pytest.approx([0, 0], abs=MOST_SECONDS)


def test_half_a_minute_does_not_drift(tmp_path: Path) -> None:
    """The longest video a model makes."""
    source = flashing(
        tmp_path / "a.mp4", seconds=30, width=64, height=48, fps=12, bits_per_second=900_000
    )
    target = tmp_path / "b.mp4"
    smaller = shrink(source, target, limit_bytes=source.stat().st_size // 3, label=LABEL)
    assert smaller.duration_seconds == pytest.approx(30, abs=0.002)
    assert flash_times(target) == pytest.approx([0.25, 29.75], abs=0.001)
    assert offsets(target) == pytest.approx([0, 0], abs=MOST_SECONDS)
    assert [bytes(packet) for packet in packets_of_sound(target)] == [
        bytes(packet) for packet in packets_of_sound(source)
    ]


def packets_of_sound(path: Path) -> list[av.Packet[av.AudioStream]]:
    with av.open(str(path)) as container:
        return [packet for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("re_encode", [to_half, to_play])
def test_what_has_no_sound_gets_none(
    tmp_path: Path, re_encode: Callable[[Path, Path], None]
) -> None:
    source, target = film(tmp_path / "a.mp4", sound=None), tmp_path / "b.mp4"
    re_encode(source, target)
    assert click_times(target) == []
    with av.open(str(target)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
    assert probe(target).plays
