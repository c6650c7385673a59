from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.errors import MediaUnreadableError
from bot.media.video import MAX_SECONDS, probe
from tests.media.films import film, sound_alone
from tests.media.malformed_inputs import HTML, jpeg


def problem_of(path: Path, *, max_seconds: float = MAX_SECONDS) -> str:
    with pytest.raises(MediaUnreadableError) as caught:
        probe(path, max_seconds=max_seconds)
    return caught.value.problem


@pytest.mark.parametrize("faststart", [True, False])
@pytest.mark.parametrize("audio", [True, False])
def test_good_video_is_measured(tmp_path: Path, *, faststart: bool, audio: bool) -> None:
    path = film(tmp_path / "a.mp4", faststart=faststart, audio=audio)
    found = probe(path)
    assert (found.width, found.height) == (320, 240)
    assert found.duration_seconds == pytest.approx(1.0, abs=0.01)
    assert found.size_bytes == path.stat().st_size


@pytest.mark.parametrize("faststart", [True, False])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.99, 0.9999])
def test_cut_video_is_truncated_in_both_layouts(
    tmp_path: Path, share: float, *, faststart: bool
) -> None:
    path = film(tmp_path / "a.mp4", faststart=faststart, noise=True, frames=10)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert problem_of(path) == "truncated"


def test_index_that_points_behind_the_end_is_truncated(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", faststart=True, noise=True, frames=10)
    data = path.read_bytes()
    at = data.index(b"mdat") - 4
    body = data[at + 8 : at + 8 + (len(data) - at) // 2]
    path.write_bytes(data[:at] + (len(body) + 8).to_bytes(4, "big") + b"mdat" + body)
    assert problem_of(path) == "truncated"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(b"", "not_a_video", id="empty"),
        pytest.param(HTML, "not_a_video", id="html"),
        pytest.param(jpeg(), "not_a_video", id="jpeg"),
        pytest.param(b"#EXTM3U\nfile:///etc/hostname\n", "not_a_video", id="playlist"),
        pytest.param(b"\x00\x00\x00\x14ftypisom" + bytes(8), "truncated", id="ftyp_alone"),
        pytest.param(b"\x00\x00\x00\x03ftypisom" + bytes(8), "truncated", id="tiny_box"),
        pytest.param(
            b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00"
            b"\x00\x00\x00\x0cmoovAAAA\x00\x00\x00\x0cmdatAAAA",
            "not_a_video",
            id="nonsense_index",
        ),
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    assert problem_of(path) == problem


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    assert problem_of(sound_alone(tmp_path / "a.mp4")) == "not_a_video"


def test_other_container_is_no_video(tmp_path: Path) -> None:
    assert problem_of(film(tmp_path / "a.mkv", form="matroska")) == "not_a_video"


def test_damaged_content_is_found_by_decoding(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", noise=True, frames=10)
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + 4 + len(data) // 10
    data[at : at + len(data) // 2] = bytes(len(data) // 2)
    path.write_bytes(data)
    assert problem_of(path) == "decoder_failed"


def test_too_long_video_is_refused(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", frames=60)
    assert problem_of(path, max_seconds=1.5) == "too_long"
    assert probe(path, max_seconds=2.5).duration_seconds == pytest.approx(2.0, abs=0.01)


def test_too_wide_video_is_refused(tmp_path: Path) -> None:
    assert problem_of(film(tmp_path / "a.mp4", 4112, 64, 2)) == "too_wide"
