"""The last frame of a video: which one it is, which way up, how wide, and in which colours."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from functools import partial
from io import BytesIO
from itertools import count
from pathlib import Path

import av
import numpy as np
import pytest
import pytest_asyncio
from av.video.frame import PictureType
from PIL import Image

from bot.domain.errors import MediaTooLargeError, MediaUnreadableError
from bot.media.child import MediaPool
from bot.media.last_frame import MAX_VIDEO_BYTES, write_last_frame
from bot.media.video import MAX_SIDE_PIXELS
from tests.media.films import film, repacked, sound_alone
from tests.media.malformed_inputs import HTML, jpeg
from tests.media.stills import BT_709, NEAR, filmed, kept, last_frame, off, patches

SIZE = (128, 96)
BITS = 8
WHITE, BLACK = 235, 16


def problem_of(video: Path) -> str:
    with pytest.raises(MediaUnreadableError) as caught:
        write_last_frame(video, video.with_suffix(".png"), first_picture=None)
    return caught.value.problem


# --- which frame -----------------------------------------------------------------------------


def numbered(
    path: Path,
    frames: int = 40,
    *,
    codec: str = "libx264",
    options: tuple[tuple[str, str], ...] = (("preset", "veryfast"),),
    times: tuple[int, ...] | range | None = None,
    faststart: bool = False,
    key: int = 0,
) -> Path:
    """Write a film whose frames show their numbers, as stripes; ``key`` is a key frame."""
    layout = {"movflags": "+faststart"} if faststart else {}
    with av.open(str(path), "w", format="mp4", options=layout) as container:
        stream = container.add_stream(codec, rate=30, options=dict(options))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(frames):
            stripes = [WHITE if number >> bit & 1 else BLACK for bit in range(BITS)]
            row = b"".join(bytes([level]) * (SIZE[0] // BITS) for level in stripes)
            frame = av.VideoFrame(*SIZE, "yuv420p")
            luma, *chroma = frame.planes
            luma.update(row.ljust(luma.line_size, b"\0") * SIZE[1])
            for plane in chroma:
                plane.update(bytes([128]) * plane.buffer_size)
            frame.pts = number if times is None else times[number]
            frame.time_base = Fraction(1, 30)
            if number == key:
                frame.pict_type = PictureType.I
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def number_in(image: Image.Image) -> int:
    """Read the number off a frame; a mixture of two has none."""
    width, height = image.width // BITS, image.height // 2
    row = bytes(np.asarray(image.convert("L"))[height])
    levels = row[width // 2 :: width]
    assert all(not 60 < level < 200 for level in levels), levels
    return sum(int(level > 128) << bit for bit, level in enumerate(levels))


def packets_of(path: Path) -> list[tuple[int, int]]:
    """Return where the packets of a film lie, in the order of the file."""
    with av.open(str(path)) as container:
        return [
            (packet.pos or 0, packet.size) for packet in container.demux(video=0) if packet.size
        ]


def overwritten(path: Path, packets: list[int]) -> Path:
    """Leave nothing of some packets."""
    places, data = packets_of(path), bytearray(path.read_bytes())
    for number in packets:
        at, size = places[number]
        data[at : at + size] = bytes(size)
    path.write_bytes(data)
    return path


def short_groups(path: Path, frames: int = 40) -> Path:
    """Write a film of a key frame each ten frames."""
    options = (("preset", "veryfast"), ("g", "10"), ("sc_threshold", "0"))
    return numbered(path, frames, options=options)


def open_groups(path: Path) -> Path:
    options = (("preset", "veryfast"), ("x264-params", "open-gop=1:keyint=12:bframes=3:scenecut=0"))
    return numbered(path, options=options)


def all_called_key_frames(path: Path) -> Path:
    """Have the index name no key frame, which makes all of them some."""
    path.write_bytes(numbered(path).read_bytes().replace(b"stss", b"free"))
    return path


def left_out_behind(path: Path, *, share: float, frames: int = 40) -> Path:
    """Have an edit list end sooner than the frames do."""
    data = bytearray(short_groups(path, frames).read_bytes())
    at = data.rindex(b"elst") + 12
    (length,) = struct.unpack_from(">I", data, at)
    struct.pack_into(">I", data, at, int(length * share))
    path.write_bytes(data)
    return path


def in_fragments(path: Path) -> Path:
    return repacked(
        numbered(path.with_name("whole.mp4")), path, movflags="frag_every_frame+empty_moov"
    )


@pytest.mark.parametrize(
    ("make", "number"),
    [
        pytest.param(partial(numbered, options=(("preset", "ultrafast"),)), 39, id="in order"),
        pytest.param(numbered, 39, id="frames stored out of order"),
        pytest.param(partial(numbered, frames=1), 0, id="a single frame"),
        pytest.param(short_groups, 39, id="many key frames"),
        pytest.param(
            partial(numbered, options=(("forced-idr", "1"),), key=39),
            39,
            id="a key frame at the end",
        ),
        pytest.param(open_groups, 39, id="frames that need the key frame behind them"),
        pytest.param(partial(numbered, options=(("g", "1"),)), 39, id="nothing but key frames"),
        pytest.param(all_called_key_frames, 39, id="frames that are called key frames"),
        pytest.param(
            partial(numbered, times=tuple(at * at // 4 for at in range(3, 43))), 39, id="uneven"
        ),
        pytest.param(partial(numbered, times=range(15, 55)), 39, id="a late beginning"),
        pytest.param(partial(left_out_behind, share=0.5), 19, id="an edit list"),
        pytest.param(partial(left_out_behind, share=0.2), 7, id="a shorter edit list"),
        pytest.param(in_fragments, 39, id="fragments"),
        pytest.param(partial(numbered, codec="libx265"), 39, id="HEVC"),
        pytest.param(partial(numbered, codec="libvpx-vp9", options=()), 39, id="VP9"),
        pytest.param(partial(numbered, codec="libsvtav1", options=()), 39, id="AV1"),
        pytest.param(partial(numbered, codec="mpeg4", options=(("bf", "2"),)), 39, id="MPEG-4"),
    ],
)
def test_it_is_the_last_by_time(tmp_path: Path, make: Callable[[Path], Path], number: int) -> None:
    assert number_in(last_frame(make(tmp_path / "a.mp4"))) == number


def test_nothing_is_decoded_but_the_end(tmp_path: Path) -> None:
    path = overwritten(short_groups(tmp_path / "a.mp4"), list(range(25)))
    assert number_in(last_frame(path)) == 39


@pytest.mark.parametrize("share", [0.97, 0.99])
def test_a_file_that_ends_a_little_too_early_has_the_last_that_decodes(
    tmp_path: Path, share: float
) -> None:
    options = (("preset", "ultrafast"), ("g", "60"))
    path = numbered(tmp_path / "a.mp4", 200, options=options, faststart=True)
    data = path.read_bytes()
    places = packets_of(path)
    begin = places[0][0]
    cut = begin + int((len(data) - begin) * share)
    whole = sum(at + size <= cut for at, size in places)
    assert 190 <= whole < 200
    path.write_bytes(data[:cut])
    assert number_in(last_frame(path)) == whole - 1


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_file_that_ends_much_too_early_is_truncated(tmp_path: Path, share: float) -> None:
    path = numbered(tmp_path / "a.mp4", faststart=True)
    data = path.read_bytes()
    begin = packets_of(path)[0][0]
    path.write_bytes(data[: begin + int((len(data) - begin) * share)])
    assert problem_of(path) == "truncated"


@pytest.mark.parametrize(
    ("damaged", "number"),
    [
        pytest.param([99], 98, id="the last"),
        # The frames that follow it decode, and show nothing that was ever in the video.
        pytest.param([97], 96, id="one that two others are made from"),
        pytest.param([96, 97, 98, 99], 95, id="the last four"),
    ],
)
def test_frames_that_do_not_decode_are_passed_over(
    tmp_path: Path, damaged: list[int], number: int
) -> None:
    options = (("preset", "ultrafast"), ("g", "30"))
    path = overwritten(numbered(tmp_path / "a.mp4", 100, options=options), damaged)
    assert number_in(last_frame(path)) == number


def test_a_damaged_key_frame_leads_back_to_the_one_before(tmp_path: Path) -> None:
    options = (("preset", "ultrafast"), ("forced-idr", "1"))
    path = numbered(tmp_path / "a.mp4", 103, options=options, key=100)
    with av.open(str(path)) as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    assert keys[100], "not the frame this is about"
    overwritten(path, [100])
    assert number_in(last_frame(path)) == 99


def test_an_error_at_the_end_takes_no_other_frame_along(tmp_path: Path) -> None:
    path = overwritten(short_groups(tmp_path / "a.mp4", 201), [200])
    assert number_in(last_frame(path)) == 199


def test_a_blemish_far_before_the_end_costs_nothing(tmp_path: Path) -> None:
    options = (("preset", "ultrafast"), ("g", "200"))
    path = overwritten(numbered(tmp_path / "a.mp4", 100, options=options), [50])
    assert last_frame(path).size == SIZE


def test_damage_that_leaves_no_end_is_told(tmp_path: Path) -> None:
    path = overwritten(numbered(tmp_path / "a.mp4"), list(range(30, 40)))
    assert problem_of(path) == "decoder_failed"


# --- what is written, and what is refused ----------------------------------------------------


def test_it_is_a_plain_png(tmp_path: Path) -> None:
    numbered(tmp_path / "a.mp4", 3)
    write_last_frame(tmp_path / "a.mp4", tmp_path / "b.png", first_picture=None)
    data = (tmp_path / "b.png").read_bytes()
    with Image.open(BytesIO(data)) as image:
        assert (image.format, image.mode, image.size, image.info) == ("PNG", "RGB", SIZE, {})
    assert set(chunks(data)) == {b"IHDR", b"IDAT", b"IEND"}


def chunks(png: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(png):
        size, kind = struct.unpack_from(">I4s", png, at)
        found.append(kind)
        at += 12 + size
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MediaPool]:
    async with MediaPool(workers=1, scratch=tmp_path_factory.getbasetemp()) as pool:
        yield pool


tiny = partial(film, width=64, height=64)


def no_film(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def without_frames(path: Path) -> Path:
    """Have the index count no frame."""
    data = bytearray(numbered(path).read_bytes())
    for kind in (b"stts", b"stss", b"stsc", b"stco", b"ctts"):
        at = data.rindex(kind) + 8
        data[at : at + 4] = bytes(4)
    at = data.rindex(b"stsz") + 8
    data[at : at + 8] = bytes(8)
    path.write_bytes(data)
    return path


def cut(path: Path) -> Path:
    path.write_bytes(numbered(path).read_bytes()[:-40])
    return path


def said_to_be_giant(path: Path) -> Path:
    data = bytearray(numbered(path, codec="mpeg4", options=()).read_bytes())
    at = data.rindex(b"mp4v") + 28
    data[at : at + 4] = struct.pack(">HH", 65535, 65535)
    path.write_bytes(data)
    return path


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("make", "problems"),
    [
        pytest.param(partial(no_film, data=b""), {"not_a_video"}, id="no bytes"),
        pytest.param(partial(no_film, data=HTML), {"not_a_video"}, id="HTML"),
        pytest.param(partial(no_film, data=jpeg()), {"not_a_video"}, id="a picture"),
        pytest.param(sound_alone, {"not_a_video"}, id="sound alone"),
        pytest.param(without_frames, {"not_a_video", "decoder_failed", "truncated"}, id="no frame"),
        pytest.param(cut, {"truncated"}, id="cut"),
        pytest.param(partial(film, width=4112, height=64, frames=2), {"too_wide"}, id="too wide"),
        pytest.param(
            partial(film, width=64, height=64, frames=122, fps=1), {"too_long"}, id="too long"
        ),
        pytest.param(
            partial(film, width=64, height=64, frames=15_002, fps=1000),
            {"too_long"},
            id="too many frames",
        ),
    ],
)
async def test_what_has_no_last_frame_is_refused(
    pool: MediaPool, tmp_path: Path, make: Callable[[Path], Path], problems: set[str]
) -> None:
    path = make(tmp_path / "a.mp4")
    with pytest.raises(MediaUnreadableError) as caught:
        await pool.last_frame(path, tmp_path / "a.png", first_picture=None)
    assert caught.value.problem in problems
    assert not (tmp_path / "a.png").exists()


@pytest.mark.asyncio(loop_scope="module")
async def test_more_bytes_than_any_result_are_refused_unread(
    pool: MediaPool, tmp_path: Path
) -> None:
    path = numbered(tmp_path / "a.mp4", 3)
    with path.open("r+b") as file:
        file.truncate(MAX_VIDEO_BYTES + 1)
    with pytest.raises(MediaTooLargeError) as caught:
        await pool.last_frame(path, tmp_path / "a.png", first_picture=None)
    assert caught.value.limit_bytes == MAX_VIDEO_BYTES


@pytest.mark.asyncio(loop_scope="module")
async def test_a_size_that_is_only_claimed_is_not_believed(pool: MediaPool, tmp_path: Path) -> None:
    path = said_to_be_giant(tmp_path / "a.mp4")
    try:
        await pool.last_frame(path, tmp_path / "a.png", first_picture=None)
    except MediaUnreadableError:
        return
    with Image.open(tmp_path / "a.png") as image:
        assert max(image.size) <= MAX_SIDE_PIXELS


@pytest.mark.asyncio(loop_scope="module")
async def test_a_child_writes_it_where_it_is_told_to(pool: MediaPool, tmp_path: Path) -> None:
    image = patches(320, 240)
    video = filmed(tmp_path / "a.mp4", [image] * 3, matrix=BT_709)
    picture = kept(image, tmp_path / "p.jpg")
    for number, first_picture in zip(count(), (picture, None), strict=False):
        target = tmp_path / f"{number}.png"
        await pool.last_frame(video, target, first_picture=first_picture)
        with Image.open(target) as found:
            assert (off(found, image) < NEAR) == (first_picture is not None)
