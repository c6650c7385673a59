"""MP4s made to kill, to hold up or to fool a decoder: one refusal each, and the next one plays."""

from __future__ import annotations

import os
import struct
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain.errors import MediaUnreadableError
from bot.media import work
from bot.media.child import MediaPool
from tests.media import hooks
from tests.media.films import LABEL, film, repacked

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MediaPool]:
    async with MediaPool(workers=1, scratch=tmp_path_factory.getbasetemp()) as pool:
        yield pool


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


FTYP = box(b"ftyp", b"isom\x00\x00\x02\x00isomavc1mp41")


def nothing(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def stack_of_boxes(path: Path, *, depth: int = 50_000) -> Path:
    """Nest containers as deep as a recursive reader's stack would never go."""
    sizes = range(8 * depth, 0, -8)
    heads = b"".join(struct.pack(">I4s", size, b"trak") for size in sizes)
    path.write_bytes(FTYP + box(b"moov", heads) + box(b"mdat", bytes(64)))
    return path


def many_boxes(path: Path) -> Path:
    path.write_bytes(FTYP + box(b"free") * 500_000)
    return path


def endless_table(path: Path) -> Path:
    """Claim four billion samples in a table of a few bytes."""
    return _patched(film(path), b"stsz", offset=8, value=struct.pack(">I", 0xFFFFFFFF))


def giant_picture(path: Path) -> Path:
    return _patched(film(path), b"avc1", offset=24, value=struct.pack(">HH", 65535, 65535))


def renamed(path: Path, codec: bytes) -> Path:
    data = film(path).read_bytes()
    path.write_bytes(data.replace(b"avc1", codec).replace(b"avcC", b"free"))
    return path


def _patched(path: Path, kind: bytes, *, offset: int, value: bytes) -> Path:
    """Overwrite bytes of the last box of a kind, counted from behind its type."""
    data = bytearray(path.read_bytes())
    at = data.rindex(kind) + 4 + offset
    data[at : at + len(value)] = value
    path.write_bytes(data)
    return path


def references_outside(path: Path) -> Path:
    """Let the track's data lie in another file."""
    data = film(path).read_bytes()
    at = data.index(b"url ") + 4
    path.write_bytes(data[:at] + b"\x00\x00\x00\x00" + data[at + 4 :])
    return path


@pytest.mark.parametrize(
    ("make", "problems"),
    [
        pytest.param(nothing, {"not_a_video"}, id="no bytes"),
        pytest.param(
            stack_of_boxes, {"not_a_video", "decoder_failed", "truncated"}, id="a stack of boxes"
        ),
        pytest.param(many_boxes, {"truncated"}, id="half a million boxes"),
        pytest.param(endless_table, {"truncated", "decoder_failed"}, id="a table without an end"),
        pytest.param(partial(renamed, codec=b"hvc1"), {"decoder_failed"}, id="H.264 called HEVC"),
        pytest.param(partial(renamed, codec=b"av01"), {"decoder_failed"}, id="H.264 called AV1"),
        pytest.param(partial(renamed, codec=b"????"), {"unknown_codec"}, id="an unknown codec"),
        pytest.param(
            partial(film, width=4112, height=64, frames=2), {"too_wide"}, id="a wide picture"
        ),
    ],
)
async def test_it_is_refused_and_the_next_one_plays(
    pool: MediaPool, tmp_path: Path, make: Callable[[Path], Path], problems: set[str]
) -> None:
    path = make(tmp_path / "a.mp4")
    with pytest.raises(MediaUnreadableError) as caught:
        await pool.probe(path)
    assert caught.value.problem in problems
    assert (await pool.probe(film(tmp_path / "b.mp4", frames=5))).width == 320


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(giant_picture, id="a header of 65535 by 65535 pixels over a small picture"),
        pytest.param(partial(film, fps=1_000_000), id="a million frames a second"),
        pytest.param(references_outside, id="data said to lie in another file"),
        pytest.param(
            lambda path: repacked(
                film(path.with_name("whole.mp4")), path, movflags="frag_keyframe+empty_moov"
            ),
            id="fragments",
        ),
    ],
)
async def test_what_only_looks_dangerous_plays_or_is_refused(
    pool: MediaPool, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    path = make(tmp_path / "a.mp4")
    try:
        media = await pool.probe(path)
    except MediaUnreadableError:
        return
    assert (media.width, media.height) == (320, 240)
    shrunk = await pool.shrink(
        path, tmp_path / "b.mp4", limit_bytes=path.stat().st_size + 9000, label=LABEL
    )
    assert shrunk.duration_seconds == pytest.approx(media.duration_seconds, rel=0.05)


# --- decoders that break ---------------------------------------------------------------------


@pytest.mark.parametrize("broken", [hooks.crash, hooks.spin, hooks.eat_memory])
async def test_a_decoder_that_breaks_costs_one_refusal(
    pool: MediaPool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: Callable[..., object],
) -> None:
    path = film(tmp_path / "a.mp4", frames=5)
    with monkeypatch.context() as patch:
        patch.setattr(work, "probe", broken)
        patch.setattr(work, "PROBE_SECONDS", 0.5)
        with pytest.raises(MediaUnreadableError) as caught:
            await pool.probe(path)
    assert caught.value.problem == "decoder_failed"
    assert (await pool.probe(path)).width == 320
    assert os.listdir(tmp_path) == ["a.mp4"]  # noqa: PTH208 - one entry, in a test
