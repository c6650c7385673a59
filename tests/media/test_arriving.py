"""Reading ahead: the same verdict as on a whole file, whatever happens to it on its way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from bot.domain.errors import MediaUnreadableError
from bot.domain.jobs.delivery import ProbedVideo
from bot.media import arriving, video
from bot.media.arriving import probe_arriving
from tests.media.films import film, repacked

PIECE_BYTES = 5000


class Arrival:
    """A file on its way, and what is found of it meanwhile."""

    def __init__(self, folder: Path, reader: ThreadPoolExecutor) -> None:
        self.target = folder / "result.mp4"
        self.whole = folder / "result.mp4.whole"
        self.is_being_read = threading.Event()
        self._reader = reader

    def read(self) -> Future[ProbedVideo]:
        """Begin to read."""
        return self._reader.submit(probe_arriving, self.target, self.whole)

    def write(self, content: bytes) -> None:
        """Write a new file in pieces, as a download does, while it is read."""
        with self.target.open("xb", buffering=0) as file:
            for start in range(0, len(content), PIECE_BYTES):
                file.write(content[start : start + PIECE_BYTES])
                assert self.is_being_read.wait(10)

    def finish(self) -> None:
        """Say that it has all its bytes."""
        self.whole.touch()


def verdict(probe: Callable[[], ProbedVideo]) -> ProbedVideo | str:
    """Return what was found, or the refusal."""
    try:
        return probe()
    except MediaUnreadableError as refusal:
        return str(refusal)


@pytest.fixture
def arrival(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arrival]:
    with ThreadPoolExecutor(1) as reader:
        arrival = Arrival(tmp_path, reader)
        read = arriving._GrowingFile.read

        def read_and_tell(file: arriving._GrowingFile, size: int) -> bytes:
            arrival.is_being_read.set()
            return read(file, size)

        monkeypatch.setattr(arriving._GrowingFile, "read", read_and_tell)
        yield arrival
        # A reader that a failure has left waiting.
        arrival.target.touch()
        arrival.finish()


@pytest.fixture
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail whoever reads the whole file in the end."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(video, "examine", refuse)


first = partial(film, faststart=True)
last = partial(film, faststart=False)


def fragmented(path: Path) -> Path:
    return repacked(film(path.with_name("whole.mp4")), path, movflags="frag_keyframe+empty_moov")


def padded(path: Path) -> Path:
    content = first(path).read_bytes()
    path.write_bytes(content + (100_008).to_bytes(4, "big") + b"free" + bytes(100_000))
    return path


def cut(path: Path) -> Path:
    content = first(path, noise=True, frames=10).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


def damaged(path: Path) -> Path:
    content = bytearray(first(path, noise=True, frames=10).read_bytes())
    start = content.index(b"mdat") + 4 + len(content) // 10
    content[start : start + len(content) // 2] = bytes(len(content) // 2)
    path.write_bytes(content)
    return path


def followed_by_text(path: Path) -> Path:
    path.write_bytes(first(path).read_bytes() + b"\n")
    return path


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(first, id="the index comes first"),
        pytest.param(partial(first, audio=True), id="sound"),
        pytest.param(partial(first, preset="veryfast"), id="frames stored out of order"),
        pytest.param(padded, id="a box that players skip"),
    ],
)
@pytest.mark.usefixtures("read_once")
def test_a_video_that_plays_is_read_once(
    arrival: Arrival, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    reading = arrival.read()
    arrival.write(make(tmp_path / "a.mp4").read_bytes())
    arrival.finish()
    found = reading.result(10)
    assert (found.width, found.size_bytes) == (320, arrival.target.stat().st_size)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(first, id="the index comes first"),
        pytest.param(last, id="the index comes last"),
        pytest.param(partial(last, audio=True), id="the index comes last, with sound"),
        pytest.param(fragmented, id="fragments"),
        pytest.param(padded, id="a box that players skip"),
        pytest.param(cut, id="cut"),
        pytest.param(damaged, id="damaged"),
        pytest.param(followed_by_text, id="bytes behind the last box"),
        pytest.param(partial(first, codec="mpeg4"), id="another codec"),
        pytest.param(partial(first, width=4112, height=64, frames=2), id="too wide"),
        pytest.param(partial(film, form="matroska"), id="another container"),
    ],
)
def test_the_verdict_is_that_on_the_whole_file(
    arrival: Arrival, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    reading = arrival.read()
    arrival.write(make(tmp_path / "a.mp4").read_bytes())
    arrival.finish()
    assert verdict(lambda: reading.result(10)) == verdict(lambda: video.probe(arrival.target))


@pytest.mark.parametrize("make", [first, last])
def test_a_file_that_was_never_seen_to_grow_is_probed(
    arrival: Arrival, make: Callable[[Path], Path]
) -> None:
    make(arrival.target)
    arrival.finish()
    assert arrival.read().result(10) == video.probe(arrival.target)
