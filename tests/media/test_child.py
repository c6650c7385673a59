from __future__ import annotations

import asyncio
import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.domain.errors import InvalidImageError, MediaTooLargeError, MediaUnreadableError
from bot.media import child
from bot.media.child import MediaPool
from tests.media import oddities
from tests.media.films import film
from tests.media.oddities import exactly, jpeg, png

MIB = 1024 * 1024


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[MediaPool]:
    async with MediaPool(workers=1, scratch=tmp_path / "scratch") as pool:
        yield pool


# --- hooks that run in the child -------------------------------------------------------------


def die() -> None:
    os._exit(7)


def hang() -> None:
    threading.Event().wait()


def mark_and_hang(path: Path) -> None:
    path.write_text(str(os.getpid()))
    threading.Event().wait()


def eat_memory() -> int:
    return len(bytearray(8 * 1024 * MIB))


def who() -> int:
    return os.getpid()


def deaf_to() -> list[bool]:
    return [
        signal.getsignal(number) is signal.SIG_IGN for number in (signal.SIGINT, signal.SIGTERM)
    ]


def modules() -> set[str]:
    return {name for name in sys.modules if name.split(".")[0] == "bot"}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.02)


# --- the work --------------------------------------------------------------------------------


async def test_pictures_are_prepared_and_previewed(pool: MediaPool, tmp_path: Path) -> None:
    pictures, preview = await pool.prepare([("first_frame", jpeg()), ("last_frame", png(480, 640))])
    assert [picture.option for picture in pictures] == ["first_frame", "last_frame"]
    assert preview.startswith(b"\xff\xd8")
    assert not list((tmp_path / "scratch").iterdir())


async def test_refusals_cross_the_process_boundary(pool: MediaPool, tmp_path: Path) -> None:
    with pytest.raises(InvalidImageError) as image:
        await pool.prepare([("first_frame", jpeg()), ("last_frame", png(239, 300))])
    assert (image.value.option, image.value.problem) == ("last_frame", "too_small")
    assert image.value.facts == {"width": 239, "height": 300, "limit": 240}
    page = tmp_path / "a.mp4"
    page.write_bytes(oddities.HTML)
    with pytest.raises(MediaUnreadableError) as unreadable:
        await pool.probe(page)
    assert unreadable.value.problem == "not_a_video"
    video = film(tmp_path / "b.mp4", noise=True)
    with pytest.raises(MediaTooLargeError) as large:
        await pool.shrink(video, tmp_path / "c.mp4", limit_bytes=2000)
    assert large.value.limit_bytes == 2000


async def test_video_is_probed_and_shrunk(pool: MediaPool, tmp_path: Path) -> None:
    source = film(tmp_path / "a.mp4", noise=True)
    found = await pool.probe(source)
    shrunk = await pool.shrink(source, tmp_path / "b.mp4", limit_bytes=found.size_bytes // 2)
    assert shrunk.size_bytes <= found.size_bytes // 2


async def test_missing_file_is_no_refusal(pool: MediaPool, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await pool.probe(tmp_path / "none.mp4")


# --- children that go wrong ------------------------------------------------------------------


async def test_crash_is_a_refusal_and_the_next_picture_is_made(
    pool: MediaPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(child, "_prepare", _die_with)
        with pytest.raises(InvalidImageError) as caught:
            await pool.prepare([("first_frame", jpeg()), ("last_frame", jpeg())])
    assert (caught.value.option, caught.value.problem) == ("first_frame", "decoder_failed")
    assert await pool.prepare([("image", jpeg())])


def _die_with(_: object) -> None:
    os._exit(7)


async def test_child_that_is_late_is_killed_and_replaced(pool: MediaPool) -> None:
    first = await pool._quick.run(10, who)
    with pytest.raises(child._ChildDiedError):
        await pool._quick.run(0.2, hang)
    await until(lambda: not is_alive(first))
    assert await pool._quick.run(10, who) != first


async def test_child_that_eats_memory_fails_alone(pool: MediaPool) -> None:
    with pytest.raises(child._ChildDiedError):
        await pool._quick.run(10, eat_memory)
    assert await pool.prepare([("image", jpeg())])


async def test_child_killed_while_idle_is_replaced(pool: MediaPool) -> None:
    pid = await pool._quick.run(10, who)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not is_alive(pid))
    assert await pool._quick.run(10, who) != pid


async def test_cancelled_caller_leaves_no_child_at_work(pool: MediaPool, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    running = asyncio.ensure_future(pool._quick.run(60, mark_and_hang, mark))
    await until(lambda: mark.exists() and mark.read_text() != "")
    pid = int(mark.read_text())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: not is_alive(pid), seconds=3)
    assert await pool._quick.run(10, who) != pid


async def test_cancelled_while_waiting_for_a_child_never_runs(
    pool: MediaPool, tmp_path: Path
) -> None:
    mark, never = tmp_path / "pid", tmp_path / "never"
    running = asyncio.ensure_future(pool._quick.run(60, mark_and_hang, mark))
    await until(mark.exists)
    waiting = asyncio.ensure_future(pool._quick.run(60, mark_and_hang, never))
    await asyncio.sleep(0)
    waiting.cancel()
    running.cancel()
    await asyncio.gather(waiting, running, return_exceptions=True)
    await pool.warm_up()
    assert not never.exists()


async def test_cancelled_while_writing_leaves_no_file(pool: MediaPool, tmp_path: Path) -> None:
    await pool.warm_up()
    preparing = asyncio.ensure_future(pool.prepare([("image", exactly(25 * MIB))]))
    await until((tmp_path / "scratch").exists)
    preparing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await preparing
    assert os.listdir(tmp_path / "scratch") == []  # noqa: PTH208 - one entry, in a test


async def test_children_ignore_signals_of_the_group_and_load_little(pool: MediaPool) -> None:
    assert await pool._quick.run(10, deaf_to) == [True, True]
    loaded = await pool._quick.run(10, modules)
    folders = {".".join(name.split(".")[:2]) for name in loaded}
    assert folders <= {"bot", "bot.media", "bot.domain"}


async def test_closing_ends_children_in_the_middle_of_their_work(tmp_path: Path) -> None:
    pool = MediaPool(workers=1)
    marks = [tmp_path / "quick", tmp_path / "slow"]
    running = [
        asyncio.ensure_future(crew.run(60, mark_and_hang, mark))
        for crew, mark in zip((pool._quick, *pool._encoders), marks, strict=True)
    ]
    await until(lambda: all(mark.exists() and mark.read_text() for mark in marks))
    pids = [int(mark.read_text()) for mark in marks]
    async with asyncio.timeout(2):
        await pool.aclose()
    assert not any(is_alive(pid) for pid in pids)
    results = await asyncio.gather(*running, return_exceptions=True)
    assert all(isinstance(result, child._ChildDiedError) for result in results)
    with pytest.raises(InvalidImageError):
        await pool.prepare([("image", jpeg())])
    await pool.aclose()


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
    assert os.listdir(tmp_path) == [source.name]  # noqa: PTH208 - one entry, in a test


async def test_making_and_closing_an_unused_pool_starts_nothing() -> None:
    before = multiprocessing.active_children()
    async with MediaPool():
        assert multiprocessing.active_children() == before


async def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    script = textwrap.dedent(f"""
        import asyncio, pathlib
        from bot.media.child import MediaPool
        from tests.media.test_child import mark_and_hang
        if __name__ == "__main__":
            mark = pathlib.Path({str(mark)!r})
            asyncio.run(MediaPool(workers=1)._quick.run(60, mark_and_hang, mark))
    """)
    root = Path(child.__file__).parents[2]
    start = functools.partial(subprocess.Popen, [sys.executable, "-c", script], cwd=root)
    parent = await asyncio.to_thread(start)
    try:
        await until(lambda: mark.exists() and mark.read_text() != "", seconds=30)
    finally:
        parent.kill()
        await asyncio.to_thread(parent.wait)
    pid = int(mark.read_text())
    await until(lambda: not is_alive(pid), seconds=5)


# --- the event loop --------------------------------------------------------------------------


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


# --- re-encoding -----------------------------------------------------------------------------


def mark_and_wait_for(mark: Path, other: Path) -> int:
    """Return once both have begun: at the same time, in two children."""
    mark.touch()
    while not other.exists():
        threading.Event().wait(0.01)
    return os.getpid()


def mark_and_kill_soon(source: Path, target: Path, _: int) -> None:
    target.with_name(f".{target.name}.part.statistics").write_bytes(source.name.encode())
    target.with_name(f".{target.name}.part").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)


async def test_as_many_videos_as_cores_are_re_encoded_at_a_time(tmp_path: Path) -> None:
    async with MediaPool(workers=2) as pool:
        marks = [tmp_path / "one", tmp_path / "two"]
        crews = [await pool._idle.get() for _ in marks]
        pids = await asyncio.gather(
            crews[0].run(30, mark_and_wait_for, *marks),
            crews[1].run(30, mark_and_wait_for, *reversed(marks)),
        )
        assert pids[0] != pids[1]
        assert pool._idle.empty(), "a third would wait"


async def test_encoders_start_one_by_one_as_they_are_needed(tmp_path: Path) -> None:
    source = film(tmp_path / "a.mp4", 64, 64, 5, noise=True)
    async with MediaPool(workers=3) as pool:
        for _ in range(2):
            await pool.shrink(source, tmp_path / "b.mp4", limit_bytes=source.stat().st_size * 2)
        assert [encoder._pool is not None for encoder in pool._encoders] == [True, False, False]


async def test_an_encoder_that_is_killed_leaves_nothing_and_the_next_video_is_made(
    pool: MediaPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = film(tmp_path / "a.mp4", 64, 64, 5, noise=True)
    limit = source.stat().st_size * 2
    with monkeypatch.context() as patch:
        patch.setattr(child, "_shrink", mark_and_kill_soon)
        with pytest.raises(MediaUnreadableError):
            await pool.shrink(source, tmp_path / "b.mp4", limit_bytes=limit)
    assert os.listdir(tmp_path) == ["a.mp4"]  # noqa: PTH208 - one entry, in a test
    assert (await pool.shrink(source, tmp_path / "b.mp4", limit_bytes=limit)).width == 64


async def test_a_re_encoding_that_takes_too_long_is_given_up(
    pool: MediaPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = film(tmp_path / "a.mp4", 640, 360, 60, noise=True, bits_per_second=20_000_000)
    monkeypatch.setattr(child, "SHRINK_SECONDS", 0.3)
    with pytest.raises(MediaUnreadableError):
        await pool.shrink(source, tmp_path / "b.mp4", limit_bytes=source.stat().st_size // 2)
    assert os.listdir(tmp_path) == ["a.mp4"]  # noqa: PTH208 - one entry, in a test
    assert not pool._idle.empty(), "the encoder is free again"


def work_for_ever() -> None:
    with child._limited_cpu(0.2):
        while True:
            pass


def work_a_little() -> float:
    with child._limited_cpu(30):
        return sum(at / 7 for at in range(1000))


async def test_a_child_that_works_too_long_is_ended_by_the_system(pool: MediaPool) -> None:
    assert await pool._quick.run(60, work_a_little)
    with pytest.raises(child._ChildDiedError):
        await pool._quick.run(60, work_for_ever)
    assert await pool._quick.run(60, work_a_little)


@pytest.mark.parametrize(
    ("pixels", "seconds"),
    [
        pytest.param(0, 60, id="a start takes its time"),
        pytest.param(1280 * 720 * 150, 95, id="five seconds of 720p"),
        pytest.param(1920 * 1080 * 150, 138, id="five seconds of 1080p"),
        pytest.param(1920 * 1080 * 900, 527, id="thirty seconds of 1080p"),
        pytest.param(10**18, 600, id="what a header claims"),
        pytest.param(None, 600, id="a header that does not say"),
    ],
)
def test_time_to_re_encode_grows_with_the_work_up_to_a_bound(
    pixels: int | None, seconds: int
) -> None:
    assert round(child.shrink_cpu_seconds(pixels)) == seconds
