from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bot.domain.errors import MediaUnreadableError
from bot.media.boxes import inside
from bot.media.video import MAX_SECONDS, probe
from tests.media.films import film, repacked, sound_alone
from tests.media.malformed_inputs import HTML, jpeg

small = partial(film, width=128, height=96, frames=8)


def box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


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


# --- what plays although it is not tidy -------------------------------------------------------


def followed_by(path: Path, *, tail: bytes, faststart: bool = False) -> Path:
    path.write_bytes(small(path, audio=True, faststart=faststart).read_bytes() + tail)
    return path


def data_said_to_be(path: Path, *, longer: int) -> Path:
    content = bytearray(small(path, audio=True, faststart=True).read_bytes())
    at = content.index(b"mdat") - 4
    size = int.from_bytes(content[at : at + 4], "big")
    assert at + size == len(content)
    content[at : at + 4] = (size + longer).to_bytes(4, "big")
    path.write_bytes(content)
    return path


def with_a_cover(path: Path) -> Path:
    content = small(path).read_bytes()
    picture = box(b"data", (13).to_bytes(4, "big") + bytes(4) + jpeg())
    items = box(b"ilst", box(b"covr", picture))
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    user_data = box(b"udta", box(b"meta", bytes(4) + handler + items))
    path.write_bytes(with_index(content, lambda moov: without(moov, b"udta") + user_data))
    return path


def with_an_empty_track(path: Path, *, kind: bytes = b"vide") -> Path:
    """Put a second track in, of which the index has no sample."""

    def add_track(moov: bytes) -> bytes:
        tracks = [
            moov[one.start : one.end] for one in inside(moov, 0, len(moov)) if one.kind == b"trak"
        ]
        (track,) = [track for track in tracks if kind in track]
        return emptied(track) + moov

    path.write_bytes(with_index(small(path, audio=kind == b"soun").read_bytes(), add_track))
    return path


def emptied(boxes: bytes) -> bytes:
    """Return boxes whose sample tables have no entry."""
    made = b""
    for one in inside(boxes, 0, len(boxes)):
        content = boxes[one.content : one.end]
        if one.kind in {b"trak", b"mdia", b"minf", b"stbl"}:
            content = emptied(content)
        elif one.kind in {b"stts", b"stss", b"stsc", b"stco", b"ctts"}:
            content = bytes(8)
        elif one.kind == b"stsz":
            content = bytes(12)
        elif one.kind == b"tkhd":
            content = content[:12] + (7).to_bytes(4, "big") + content[16:]
        made += box(one.kind, content)
    return made


def without(boxes: bytes, kind: bytes) -> bytes:
    return b"".join(
        boxes[one.start : one.end] for one in inside(boxes, 0, len(boxes)) if one.kind != kind
    )


def with_index(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Change the content of the index of a file in which the index comes last."""
    at = content.index(b"moov") - 4
    return content[:at] + box(b"moov", change(content[at + 8 :]))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(partial(followed_by, tail=b"\n"), id="a newline behind the index"),
        pytest.param(partial(followed_by, tail=b"\n", faststart=True), id="behind the data"),
        pytest.param(partial(followed_by, tail=b"<!-- served by cache 7 -->"), id="text"),
        pytest.param(partial(followed_by, tail=bytes(5)), id="a few zeros"),
        pytest.param(partial(followed_by, tail=bytes(512)), id="a block of zeros"),
        pytest.param(partial(data_said_to_be, longer=8), id="eight bytes more than there are"),
        pytest.param(partial(data_said_to_be, longer=-8), id="eight bytes fewer than there are"),
        pytest.param(with_a_cover, id="a picture on the cover"),
        pytest.param(with_an_empty_track, id="another track without frames"),
        pytest.param(partial(with_an_empty_track, kind=b"soun"), id="a track without sound"),
    ],
)
def test_what_decodes_whole_is_taken_as_it_is(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    found = probe(make(tmp_path / "a.mp4"))
    assert (found.width, found.height, found.codec, found.plays) == (128, 96, "h264", True)
    assert found.duration_seconds == pytest.approx(8 / 30, abs=0.05)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_cut_video_in_fragments_is_truncated(tmp_path: Path, share: float) -> None:
    whole = small(tmp_path / "a.mp4", noise=True)
    path = repacked(whole, tmp_path / "b.mp4", movflags="frag_every_frame+empty_moov")
    content = path.read_bytes()
    content = content[: content.rindex(b"mfra") - 4]
    path.write_bytes(content[: int(len(content) * share)])
    assert problem_of(path) == "truncated"


@pytest.mark.parametrize("lost", [1, 20, 200])
def test_sound_that_is_cut_off_behind_the_pictures_is_truncated(tmp_path: Path, lost: int) -> None:
    content = small(tmp_path / "a.mp4", audio=True, faststart=True).read_bytes()
    path = tmp_path / "b.mp4"
    path.write_bytes(content[:-lost])
    assert problem_of(path) == "truncated"


# --- what does not play everywhere ------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "codec"),
    [
        pytest.param(partial(small, codec="libx265"), "hevc", id="HEVC"),
        pytest.param(partial(small, codec="libvpx-vp9"), "vp9", id="VP9"),
        pytest.param(partial(small, codec="libsvtav1"), "av1", id="AV1"),
        pytest.param(partial(small, codec="mpeg4"), "mpeg4", id="MPEG-4"),
        pytest.param(partial(small, pixels="yuv444p"), "h264", id="H.264 in 4:4:4"),
        pytest.param(partial(small, pixels="yuv422p"), "h264", id="H.264 in 4:2:2"),
        pytest.param(partial(small, pixels="yuv420p10le"), "h264", id="H.264 of 10 bits"),
        pytest.param(partial(small, audio=True, sound_codec="libopus"), "h264", id="Opus"),
    ],
)
def test_what_decodes_and_does_not_play_everywhere_is_told(
    tmp_path: Path, make: Callable[[Path], Path], codec: str
) -> None:
    found = probe(make(tmp_path / "a.mp4"))
    assert (found.width, found.codec, found.plays) == (128, codec, False)


@pytest.mark.parametrize("sound", ["aac", "libmp3lame"])
def test_sounds_that_play_everywhere_leave_the_video_as_it_is(tmp_path: Path, sound: str) -> None:
    assert probe(small(tmp_path / "a.mp4", audio=True, sound_codec=sound)).plays
    assert probe(small(tmp_path / "b.mp4", full_range=True)).plays


def test_what_nothing_decodes_has_a_name(tmp_path: Path) -> None:
    path = small(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    assert problem_of(path) == "unknown_codec"
