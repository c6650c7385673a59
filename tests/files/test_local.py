"""Kept files are whole and on the disk, or not there; the disk's refusals keep their numbers."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from obstore.exceptions import GenericError
from obstore.store import LocalStore
from typing_extensions import override

from bot.domain.ids import JobId
from bot.domain.jobs.files import JOBS, FileKey, folder_of, key_of
from bot.files import LocalFiles

JOB, OTHER = JobId("AAAAAA"), JobId("BBBBBB")


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    return LocalFiles(tmp_path / "data")


async def _keep(files: LocalFiles, key: FileKey, content: bytes = b"bytes") -> None:
    async with files.scratch() as scratch:
        (scratch / "made").write_bytes(content)
        await files.keep(scratch / "made", key)


def _all_of(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


async def test_what_is_kept_is_there_and_its_scratch_is_not(
    files: LocalFiles, tmp_path: Path
) -> None:
    key = key_of(JOB, "result.mp4")
    await _keep(files, key)
    assert await files.read(key) == b"bytes"
    assert await files.size(key) == 5
    async with files.lend(key) as file:
        assert file.read_bytes() == b"bytes"
    assert _all_of(tmp_path / "data") == {"jobs/AAAAAA/result.mp4"}


async def test_what_is_kept_again_is_replaced_whole(files: LocalFiles) -> None:
    key = key_of(JOB, "result.mp4")
    await _keep(files, key, b"old" * 1000)
    async with files.lend(key) as lent:
        with lent.open("rb") as reading:
            await _keep(files, key, b"new")
            assert reading.read() == b"old" * 1000, "whoever reads goes on reading the old one"
    assert await files.read(key) == b"new"


async def test_a_copy_outlives_what_it_was_made_of(files: LocalFiles) -> None:
    source, target = key_of(JOB, "first_frame.jpg"), key_of(OTHER, "first_frame.jpg")
    await _keep(files, source)
    await files.copy(source, target)
    await files.erase(folder_of(JOB))
    assert await files.read(target) == b"bytes"
    await _keep(files, source, b"another")
    assert await files.read(target) == b"bytes"


@pytest.mark.parametrize(
    "ask",
    [
        LocalFiles.read,
        LocalFiles.size,
        lambda files, key: files.lend(key).__aenter__(),
        lambda files, key: files.copy(key, key_of(OTHER, "none")),
    ],
)
async def test_nothing_under_a_key_is_a_file_that_is_not_found(
    files: LocalFiles, ask: Callable[[LocalFiles, FileKey], Awaitable[object]]
) -> None:
    with pytest.raises(FileNotFoundError):
        await ask(files, key_of(JOB, "none"))


async def test_disk_that_does_not_sync_keeps_nothing_new(
    files: LocalFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(JOB, "result.mp4")
    await _keep(files, key, b"old")

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="No space"):
            await _keep(files, key, b"new")
    assert await files.read(key) == b"old"


async def test_what_the_store_refuses_has_the_systems_number(
    files: LocalFiles, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / JOBS).write_bytes(b"a file where a folder belongs")
    with pytest.raises(OSError, match=r"\[Errno") as refused:
        await _keep(files, key_of(JOB, "result.mp4"))
    assert refused.value.errno == errno.ENOTDIR
    assert str(tmp_path) not in str(refused.value)


# --- a disk on which a file has one name ------------------------------------------------------


def _copies_fail_with(number: int) -> type[LocalStore]:
    """Return a store on a disk whose every link is refused, which it says as obstore does."""

    class Refusing(LocalStore):
        @override
        def copy(self, from_: str, to: str, *, overwrite: bool = True) -> None:
            raise GenericError(
                f"Generic LocalFileSystem error: Unable to copy file from /{from_} to /{to}: "
                f"{os.strerror(number)} (os error {number})"
            )

    return Refusing


@pytest.fixture(params=[errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK])
def disk_without_links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    # No file system that a test may mount is without links.
    monkeypatch.setattr("obstore.store.LocalStore", _copies_fail_with(request.param))


@pytest.mark.usefixtures("disk_without_links")
async def test_where_a_file_has_one_name_content_is_kept_and_copied_all_the_same(
    files: LocalFiles, tmp_path: Path
) -> None:
    key, other = key_of(JOB, "first_frame.jpg"), key_of(OTHER, "first_frame.jpg")
    await _keep(files, key, b"old" * 1000)
    await files.copy(key, other)
    await _keep(files, key, b"new")
    assert await files.read(key) == b"new"
    await files.erase(folder_of(JOB))
    assert await files.read(other) == b"old" * 1000
    assert _all_of(tmp_path / "data") == {other}


@pytest.mark.usefixtures("disk_without_links")
async def test_where_a_file_has_one_name_the_copy_is_on_the_disk_before_it_counts_as_kept(
    files: LocalFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    key = key_of(JOB, "result.mp4")
    await _keep(files, key)
    kept = tmp_path / "data" / key
    assert synced[-2:] == [kept.stat().st_ino, kept.parent.stat().st_ino]


@pytest.mark.usefixtures("disk_without_links")
async def test_where_a_file_has_one_name_nothing_is_not_found_either(files: LocalFiles) -> None:
    with pytest.raises(FileNotFoundError):
        await files.copy(key_of(JOB, "none"), key_of(OTHER, "none"))


async def test_a_full_disk_is_no_disk_without_links(
    files: LocalFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obstore.store.LocalStore", _copies_fail_with(errno.ENOSPC))
    with pytest.raises(OSError, match=r"\[Errno") as refused:
        await _keep(files, key_of(JOB, "result.mp4"))
    assert refused.value.errno == errno.ENOSPC
    assert _all_of(tmp_path) == set()


# --- folders ----------------------------------------------------------------------------------


async def test_erasing_takes_a_folder_with_all_that_is_in_it_and_no_other(
    files: LocalFiles, tmp_path: Path
) -> None:
    await files.erase(folder_of(JOB))
    for job_id in (JOB, OTHER):
        await _keep(files, key_of(job_id, "a.jpg"))
    left = tmp_path / "data" / folder_of(JOB) / "deep"
    left.mkdir()
    (left / ".of an older release.part").write_bytes(b"x")
    await files.erase(folder_of(JOB))
    assert _all_of(tmp_path / "data") == {"jobs/BBBBBB/a.jpg"}
    assert not (tmp_path / "data" / folder_of(JOB)).exists()


async def test_folders_are_named_and_dated_by_their_newest_file(
    files: LocalFiles, tmp_path: Path
) -> None:
    assert await files.folders(JOBS) == []
    assert await files.newest_at(folder_of(JOB)) is None
    for job_id in (JOB, OTHER):
        await _keep(files, key_of(job_id, "a.jpg"))
        await _keep(files, key_of(job_id, "b.jpg"))
    old = datetime(2026, 1, 2, tzinfo=UTC)
    for name, age in (("a.jpg", 5), ("b.jpg", 9)):
        at = (old - timedelta(days=age)).timestamp()
        os.utime(tmp_path / "data" / key_of(JOB, name), (at, at))
    at = (old - timedelta(days=7)).timestamp()
    os.utime(tmp_path / "data" / folder_of(JOB), (at, at))
    assert sorted(await files.folders(JOBS)) == [JOB, OTHER]
    assert await files.newest_at(folder_of(JOB)) == old - timedelta(days=5)


async def test_scratch_is_gone_however_its_block_ends(files: LocalFiles, tmp_path: Path) -> None:
    lent = asyncio.Event()

    async def work() -> None:
        async with files.scratch() as scratch:
            (scratch / "half").write_bytes(b"x")
            lent.set()
            await asyncio.Event().wait()

    working = asyncio.ensure_future(work())
    await lent.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert _all_of(tmp_path) == set()


async def test_what_an_earlier_process_left_is_dropped(files: LocalFiles, tmp_path: Path) -> None:
    await files.drop_scratch()
    left = tmp_path / "data" / "scratch" / "abc"
    left.mkdir(parents=True)
    (left / "result.mp4").write_bytes(b"half")
    await files.drop_scratch()
    await _keep(files, key_of(JOB, "a.jpg"))
    assert _all_of(tmp_path / "data") == {"jobs/AAAAAA/a.jpg"}


async def test_a_trial_leaves_nothing(files: LocalFiles, tmp_path: Path) -> None:
    await files.try_writing(size_bytes=10)
    assert _all_of(tmp_path) == set()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="Not a directory"):
        await LocalFiles(tmp_path / "file" / "data").try_writing(size_bytes=1)


async def test_what_a_kill_left_of_a_copy_is_dated_and_erased_as_well(
    files: LocalFiles, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / folder_of(JOB)
    folder.mkdir(parents=True)
    (folder / "result.mp4#1").write_bytes(b"half")  # as obstore names it until it is whole
    assert await files.folders(JOBS) == [JOB]
    assert await files.newest_at(folder_of(JOB)) is not None
    await files.erase(folder_of(JOB))
    assert not folder.exists()


async def test_a_link_to_elsewhere_is_erased_and_not_what_it_leads_to(
    files: LocalFiles, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "mine.txt").write_bytes(b"mine")
    link = tmp_path / "data" / folder_of(JOB)
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "elsewhere")
    await files.erase(folder_of(JOB))
    assert not link.is_symlink()
    assert (tmp_path / "elsewhere" / "mine.txt").read_bytes() == b"mine"
