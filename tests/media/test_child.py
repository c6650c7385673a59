"""The front: pictures and videos go to children and come back, and nothing here loads a decoder."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain.errors import InvalidImageError, MediaTooLargeError, MediaUnreadableError
from bot.domain.jobs.delivery import part_of
from bot.media import work
from bot.media.child import MediaPool
from tests.media import hooks
from tests.media.films import film
from tests.media.hooks import MIB
from tests.media.malformed_inputs import HTML, exactly, jpeg, png

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[MediaPool]:
    """Children for all tests that do not mind who had them before."""
    async with MediaPool(workers=1) as pool:
        yield pool


async def until(condition: Callable[[], object], *, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.01)


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


# --- the work --------------------------------------------------------------------------------


async def test_pictures_are_prepared_and_previewed(pool: MediaPool) -> None:
    pictures, preview = await pool.prepare([("first_frame", jpeg()), ("last_frame", png(480, 640))])
    assert [picture.option for picture in pictures] == ["first_frame", "last_frame"]
    assert all(picture.jpeg.startswith(b"\xff\xd8") for picture in pictures)
    assert preview.startswith(b"\xff\xd8")


async def test_refusals_cross_the_process_boundary(pool: MediaPool, tmp_path: Path) -> None:
    with pytest.raises(InvalidImageError) as image:
        await pool.prepare([("first_frame", jpeg()), ("last_frame", png(239, 300))])
    assert (image.value.option, image.value.problem) == ("last_frame", "too_small")
    assert image.value.facts == {"width": 239, "height": 300, "limit": 240}
    page = tmp_path / "a.mp4"
    page.write_bytes(HTML)
    with pytest.raises(MediaUnreadableError) as unreadable:
        await pool.probe(page)
    assert unreadable.value.problem == "not_a_video"
    video = film(tmp_path / "b.mp4", 64, 64, 5, noise=True)
    with pytest.raises(MediaTooLargeError) as large:
        await pool.shrink(video, tmp_path / "c.mp4", limit_bytes=2000)
    assert large.value.limit_bytes == 2000


async def test_video_is_probed_and_shrunk(pool: MediaPool, tmp_path: Path) -> None:
    source = film(tmp_path / "a.mp4", 64, 64, 5, noise=True)
    found = await pool.probe(source)
    shrunk = await pool.shrink(source, tmp_path / "b.mp4", limit_bytes=found.size_bytes * 2 // 3)
    assert shrunk.size_bytes <= found.size_bytes * 2 // 3


async def test_missing_file_is_no_refusal(pool: MediaPool, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await pool.probe(tmp_path / "none.mp4")


async def test_crash_is_a_refusal_and_the_next_picture_is_made(
    pool: MediaPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(work, "prepare", hooks.die)
        with pytest.raises(InvalidImageError) as caught:
            await pool.prepare([("first_frame", jpeg()), ("last_frame", jpeg())])
    assert (caught.value.option, caught.value.problem) == ("first_frame", "decoder_failed")
    assert await pool.prepare([("image", jpeg())])


async def test_a_closed_pool_refuses(tmp_path: Path) -> None:
    pool = MediaPool(workers=1)
    await pool.aclose()
    with pytest.raises(InvalidImageError):
        await pool.prepare([("image", jpeg())])
    with pytest.raises(MediaUnreadableError):
        await pool.probe(film(tmp_path / "a.mp4", frames=5))


async def test_event_loop_runs_on_while_two_large_pictures_are_prepared(pool: MediaPool) -> None:
    await pool.warm_up()
    sources = [("first_frame", exactly(25 * MIB)), ("last_frame", exactly(25 * MIB))]
    lags: list[float] = []
    loop = asyncio.get_running_loop()

    async def sample() -> None:
        while True:
            before = loop.time()
            await asyncio.sleep(0.002)
            lags.append(loop.time() - before - 0.002)

    sampling = asyncio.ensure_future(sample())
    try:
        for _ in range(3):
            await pool.prepare(sources)
    finally:
        sampling.cancel()
    # A machine that is busy with other tests delays a sample now and then; work on the loop
    # would delay one in each of the three rounds.
    assert sorted(lags)[-3] < 0.05


# --- when children are there -----------------------------------------------------------------


def children_of(pool: MediaPool) -> list[int]:
    return [kind.children for kind in (pool._quick, pool._readers, pool._encoders)]


async def test_there_are_no_children_without_work(tmp_path: Path) -> None:
    source = film(tmp_path / "a.mp4", 64, 64, 5, noise=True)
    async with MediaPool(workers=3, idle_seconds=0.1) as pool:
        assert children_of(pool) == [0, 0, 0]
        await pool.probe(source)
        for _ in range(2):
            await pool.shrink(source, tmp_path / "b.mp4", limit_bytes=source.stat().st_size * 2)
        assert pool._encoders.children <= 1, "each is started when all others are at work"
        await until(lambda: children_of(pool) == [0, 0, 0])


async def test_a_check_leaves_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    async with MediaPool(workers=1) as pool:
        await pool.check()
        await until(lambda: children_of(pool) == [0, 0, 0])
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(MediaUnreadableError):
            await pool.check()


async def test_a_child_has_loaded_what_expected_pictures_need() -> None:
    async with MediaPool(workers=1) as pool:
        await pool.expect_pictures()
        assert pool._quick.children == 1
        loaded = await pool._quick.run(10, hooks.modules)
    assert "bot.media.images" in loaded
    assert loaded.isdisjoint({"av", "matplotlib"})


# --- videos that arrive ----------------------------------------------------------------------


async def test_a_video_is_read_while_it_arrives(pool: MediaPool, tmp_path: Path) -> None:
    content = film(tmp_path / "a.mp4", faststart=True).read_bytes()
    target = tmp_path / "b.mp4"
    async with pool.expecting(target):
        part_of(target).write_bytes(content[: len(content) // 2])
        await until(lambda: pool._readers.children == 1)
        with part_of(target).open("ab") as part:
            part.write(content[len(content) // 2 :])
        part_of(target).rename(target)
        found = await pool.probe(target)
    assert found == await pool.probe(target)
    assert pool._readers.children == 1, "it is there for the next one"


async def test_a_video_that_does_not_come_leaves_no_child(pool: MediaPool, tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"

    async def break_off() -> None:
        async with pool.expecting(target):
            part_of(target).write_bytes(b"half of something")
            await until(lambda: pool._readers.is_busy)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await break_off()
    assert pool._readers.children == 0


async def test_no_video_waits_because_another_one_arrives(pool: MediaPool, tmp_path: Path) -> None:
    other = film(tmp_path / "a.mp4", frames=5)
    async with pool.expecting(tmp_path / "b.mp4"), pool.expecting(tmp_path / "c.mp4"):
        assert (await pool.probe(other)).width == 320


@pytest.mark.parametrize("broken", [hooks.die, hooks.hang])
async def test_a_reader_that_breaks_costs_one_refusal(
    pool: MediaPool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: Callable[..., object],
) -> None:
    path = film(tmp_path / "a.mp4", frames=5)
    with monkeypatch.context() as patch:
        patch.setattr(work, "probe_arriving", broken)
        patch.setattr(work, "PROBE_SECONDS", 0.5)
        async with pool.expecting(path):
            with pytest.raises(MediaUnreadableError):
                await pool.probe(path)
    assert (await pool.probe(path)).width == 320


# --- re-encoding -----------------------------------------------------------------------------


async def test_closing_in_the_middle_of_a_shrink_leaves_no_part(tmp_path: Path) -> None:
    source = film(tmp_path / "a.mp4", 640, 360, 60, noise=True, bits_per_second=20_000_000)
    pool = MediaPool(workers=1)
    shrinking = asyncio.ensure_future(
        pool.shrink(source, tmp_path / "b.mp4", limit_bytes=source.stat().st_size // 3)
    )
    await until(lambda: any(tmp_path.glob(".b.mp4.part*")))
    async with asyncio.timeout(2):
        await pool.aclose()
    with pytest.raises(MediaUnreadableError):
        await shrinking
    assert names_in(tmp_path) == [source.name]


async def test_as_many_videos_as_cores_are_re_encoded_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = [tmp_path / "one", tmp_path / "two"]
    monkeypatch.setattr(work, "shrink", hooks.mark_and_wait_for_another)
    async with MediaPool(workers=2) as pool, asyncio.timeout(30):
        assert pool.encoders == 2
        pids = await asyncio.gather(
            pool.shrink(marks[0], marks[1], limit_bytes=0),
            pool.shrink(marks[1], marks[0], limit_bytes=0),
        )
        assert pids[0] != pids[1]


async def test_an_encoder_that_is_killed_leaves_nothing_and_the_next_video_is_made(
    pool: MediaPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = film(tmp_path / "a.mp4", 64, 64, 5, noise=True)
    limit = source.stat().st_size * 2
    with monkeypatch.context() as patch:
        patch.setattr(work, "shrink", hooks.write_a_part_and_die)
        with pytest.raises(MediaUnreadableError):
            await pool.shrink(source, tmp_path / "b.mp4", limit_bytes=limit)
    assert names_in(tmp_path) == ["a.mp4"]
    assert (await pool.shrink(source, tmp_path / "b.mp4", limit_bytes=limit)).width == 64


async def test_a_re_encoding_that_takes_too_long_is_given_up(
    pool: MediaPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = film(tmp_path / "a.mp4", 640, 360, 60, noise=True, bits_per_second=20_000_000)
    monkeypatch.setattr(work, "SHRINK_SECONDS", 0.3)
    with pytest.raises(MediaUnreadableError):
        await pool.shrink(source, tmp_path / "b.mp4", limit_bytes=source.stat().st_size // 2)
    assert names_in(tmp_path) == ["a.mp4"]
    assert not pool._encoders.is_busy, "it is another's turn"


async def test_encoders_give_way(pool: MediaPool) -> None:
    assert await pool._encoders.run(10, hooks.niceness) > os.nice(0)
    assert await pool._quick.run(10, hooks.niceness) == os.nice(0)
