"""The front: pictures and videos go to children and come back, and nothing here loads a decoder."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from os import PathLike
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

from bot.domain.errors import InvalidImageError, MediaTooLargeError, MediaUnreadableError
from bot.domain.requests.pictures import Picture, PictureNote
from bot.media import work
from bot.media.child import MediaPool
from bot.media.images import PREVIEW_WIDTH_PIXELS
from tests.media import hooks
from tests.media.films import LABEL, film
from tests.media.hooks import MIB
from tests.media.malformed_inputs import (
    HTML,
    chunk,
    exactly,
    heic,
    jpeg,
    png,
    png_with,
    save,
    scene,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def media(folder: Path, *, workers: int = 1, idle_seconds: float = 60.0) -> MediaPool:
    """Return children that write below a folder, and can be told to do what ``hooks`` has."""
    return MediaPool(
        scratch=folder,
        readable=[Path(hooks.__file__).parents[1]],
        workers=workers,
        idle_seconds=idle_seconds,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MediaPool]:
    """Children for all tests that do not mind who had them before."""
    async with media(tmp_path_factory.getbasetemp()) as pool:
        yield pool


async def until(condition: Callable[[], object], *, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.01)


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def put(folder: Path, **contents: bytes) -> list[tuple[str, PathLike[str]]]:
    """Write what came in each option; return it as the pool takes it."""
    for option, content in contents.items():
        (folder / f"{option}.source").write_bytes(content)
    return [(option, folder / f"{option}.source") for option in contents]


async def prepared(pool: MediaPool, folder: Path, **contents: bytes) -> tuple[Picture, ...]:
    return await pool.prepare(put(folder, **contents), folder, preview="preview.jpg")


# --- the work --------------------------------------------------------------------------------


async def test_pictures_are_prepared_and_previewed(pool: MediaPool, tmp_path: Path) -> None:
    sources = put(tmp_path, first_frame=jpeg(), last_frame=png(480, 640))
    made = tmp_path / "made"
    made.mkdir()
    pictures = await pool.prepare(sources, made, preview="preview.jpg")
    assert [picture.option for picture in pictures] == ["first_frame", "last_frame"]
    assert names_in(made) == ["first_frame.jpg", "last_frame.jpg", "preview.jpg"]
    for picture in pictures:
        with Image.open(made / picture.file_name) as image:
            assert (image.format, image.size) == ("JPEG", (picture.width, picture.height))
    assert pictures[1].notes == (PictureNote.PADDED,)
    with Image.open(made / "preview.jpg") as image:
        assert image.format == "JPEG"
        assert image.width <= PREVIEW_WIDTH_PIXELS


async def test_a_photograph_of_any_phone_is_prepared(pool: MediaPool, tmp_path: Path) -> None:
    sources = {"first_frame": heic(), "last_frame": save(scene(), "AVIF")}
    pictures = await prepared(pool, tmp_path, **sources)
    assert [(picture.width, picture.height) for picture in pictures] == [(640, 480)] * 2


async def test_what_few_pictures_need_is_loaded_for_those_alone(tmp_path: Path) -> None:
    heavy = {"numpy", "pillow_heif"}
    async with media(tmp_path) as pool:
        await pool.expect_pictures()
        await prepared(pool, tmp_path, image=jpeg())
        assert (await pool._quick.run(10, hooks.modules)).isdisjoint(heavy)
        in_pq = chunk(b"cICP", bytes((9, 16, 0, 1)))
        await prepared(pool, tmp_path, first_frame=heic(), last_frame=png_with(in_pq))
        assert await pool._quick.run(10, hooks.modules) > heavy


async def test_notes_and_refusals_of_every_kind_cross_as_well(
    pool: MediaPool, tmp_path: Path
) -> None:
    white = Image.new("RGB", (640, 480), "white")
    empty_first = save(white, "GIF", save_all=True, append_images=[scene()])
    (picture,) = await prepared(pool, tmp_path, image=empty_first)
    assert picture.notes == (PictureNote.FIRST_VISIBLE_OF_ANIMATION,)
    with pytest.raises(InvalidImageError) as caught:
        await prepared(pool, tmp_path, image=save(white, "PNG"))
    assert (caught.value.option, caught.value.problem) == ("image", "one_colour")


async def test_refusals_cross_the_process_boundary(pool: MediaPool, tmp_path: Path) -> None:
    with pytest.raises(InvalidImageError) as image:
        await prepared(pool, tmp_path, first_frame=jpeg(), last_frame=png(239, 300))
    assert (image.value.option, image.value.problem) == ("last_frame", "too_small")
    assert image.value.facts == {"width": 239, "height": 300, "limit": 240}
    page = tmp_path / "a.mp4"
    page.write_bytes(HTML)
    with pytest.raises(MediaUnreadableError) as unreadable:
        await pool.probe(page)
    assert unreadable.value.problem == "not_a_video"
    video = film(tmp_path / "b.mp4", 64, 64, 5, noise=True)
    with pytest.raises(MediaTooLargeError) as large:
        await pool.shrink(video, tmp_path / "c.mp4", limit_bytes=2000, label=LABEL)
    assert large.value.limit_bytes == 2000


async def test_video_is_probed_and_shrunk(pool: MediaPool, tmp_path: Path) -> None:
    source = film(tmp_path / "a.mp4", 64, 64, 5, noise=True)
    found = await pool.probe(source)
    shrunk = await pool.shrink(
        source, tmp_path / "b.mp4", limit_bytes=found.size_bytes * 2 // 3, label=LABEL
    )
    assert shrunk.size_bytes <= found.size_bytes * 2 // 3


async def test_missing_file_or_folder_is_no_refusal(pool: MediaPool, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await pool.probe(tmp_path / "none.mp4")
    sources = put(tmp_path, image=jpeg())
    with pytest.raises(FileNotFoundError):
        await pool.prepare(sources, tmp_path / "none", preview="preview.jpg")
    with pytest.raises(FileNotFoundError):
        await pool.prepare([("image", tmp_path / "none")], tmp_path, preview="preview.jpg")


async def test_crash_is_a_refusal_and_the_next_picture_is_made(
    pool: MediaPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(work, "prepare", hooks.die)
        with pytest.raises(InvalidImageError) as caught:
            await prepared(pool, tmp_path, first_frame=jpeg(), last_frame=jpeg())
    assert (caught.value.option, caught.value.problem) == ("first_frame", "decoder_failed")
    (picture,) = await prepared(pool, tmp_path, image=jpeg())
    assert picture.option == "image"


async def test_a_closed_pool_refuses(tmp_path: Path) -> None:
    pool = media(tmp_path)
    await pool.aclose()
    with pytest.raises(InvalidImageError):
        await prepared(pool, tmp_path, image=jpeg())
    with pytest.raises(MediaUnreadableError):
        await pool.probe(film(tmp_path / "a.mp4", frames=5))


async def test_event_loop_runs_on_while_two_large_pictures_are_prepared(
    pool: MediaPool, tmp_path: Path
) -> None:
    await pool.warm_up()
    sources = put(tmp_path, first_frame=exactly(25 * MIB), last_frame=exactly(25 * MIB))
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
            await pool.prepare(sources, tmp_path, preview="preview.jpg")
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
    async with media(tmp_path, workers=3, idle_seconds=0.1) as pool:
        assert children_of(pool) == [0, 0, 0]
        await pool.probe(source)
        for _ in range(2):
            await pool.shrink(
                source, tmp_path / "b.mp4", limit_bytes=source.stat().st_size * 2, label=LABEL
            )
        assert pool._encoders.children <= 1, "each is started when all others are at work"
        await until(lambda: children_of(pool) == [0, 0, 0])


async def test_a_check_leaves_no_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with media(tmp_path) as pool:
        await pool.check()
        await until(lambda: children_of(pool) == [0, 0, 0])
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(MediaUnreadableError):
            await pool.check()


async def test_a_child_has_loaded_what_expected_pictures_need(tmp_path: Path) -> None:
    async with media(tmp_path) as pool:
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
        target.write_bytes(content[: len(content) // 2])
        await until(lambda: pool._readers.children == 1)
        with target.open("ab") as file:
            file.write(content[len(content) // 2 :])
        found = await pool.probe(target)
    assert found == await pool.probe(target)
    assert pool._readers.children == 1, "it is there for the next one"


async def test_a_video_that_does_not_come_leaves_no_child(pool: MediaPool, tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"

    async def break_off() -> None:
        async with pool.expecting(target):
            target.write_bytes(b"half of something")
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


async def test_closing_in_the_middle_of_a_shrink_does_not_wait_for_it(tmp_path: Path) -> None:
    source = film(tmp_path / "a.mp4", 640, 360, 60, noise=True, bits_per_second=20_000_000)
    pool = media(tmp_path)
    shrinking = asyncio.ensure_future(
        pool.shrink(source, tmp_path / "b.mp4", limit_bytes=source.stat().st_size // 3, label=LABEL)
    )
    await until(lambda: any(tmp_path.glob("b.mp4*")))
    async with asyncio.timeout(2):
        await pool.aclose()
    with pytest.raises(MediaUnreadableError):
        await shrinking
    assert pool._encoders.children == 0


async def test_as_many_videos_as_cores_are_re_encoded_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = [tmp_path / "one", tmp_path / "two"]
    monkeypatch.setattr(work, "shrink", hooks.mark_and_wait_for_another)
    async with media(tmp_path, workers=2) as pool, asyncio.timeout(30):
        assert pool.encoders == 2
        pids = await asyncio.gather(
            pool.shrink(marks[0], marks[1], limit_bytes=0, label=LABEL),
            pool.shrink(marks[1], marks[0], limit_bytes=0, label=LABEL),
        )
        assert pids[0] != pids[1]


async def test_an_encoder_that_is_killed_is_a_refusal_and_the_next_video_is_made(
    pool: MediaPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = film(tmp_path / "a.mp4", 64, 64, 5, noise=True)
    limit = source.stat().st_size * 2
    with monkeypatch.context() as patch:
        patch.setattr(work, "shrink", hooks.write_half_and_die)
        with pytest.raises(MediaUnreadableError):
            await pool.shrink(source, tmp_path / "b.mp4", limit_bytes=limit, label=LABEL)
    shrunk = await pool.shrink(source, tmp_path / "c.mp4", limit_bytes=limit, label=LABEL)
    assert shrunk == await pool.probe(tmp_path / "c.mp4")


async def test_a_re_encoding_that_takes_too_long_is_given_up(
    pool: MediaPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = film(tmp_path / "a.mp4", 640, 360, 60, noise=True, bits_per_second=20_000_000)
    monkeypatch.setattr(work, "SHRINK_SECONDS", 0.3)
    with pytest.raises(MediaUnreadableError):
        await pool.shrink(
            source, tmp_path / "b.mp4", limit_bytes=source.stat().st_size // 2, label=LABEL
        )
    assert not pool._encoders.is_busy, "it is another's turn"


async def test_encoders_give_way(pool: MediaPool) -> None:
    assert await pool._encoders.run(10, hooks.niceness) > os.nice(0)
    assert await pool._quick.run(10, hooks.niceness) == os.nice(0)
