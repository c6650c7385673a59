"""The host misbehaves under the real process: its database is held, and its disk takes nothing."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.domain.jobs.states import JobState
from tests.e2e.invariants import NOTHING_ODD, Allowed, hold
from tests.e2e.kill_harness import QUICK, KillHarness, kill_harness, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

TROUBLE = "the disk or the database of my host is in trouble"


@contextmanager
def _database_held(stage: KillHarness) -> Iterator[None]:
    """Be another process that writes into the bot's database and takes its time."""
    path = stage.bot.folder / "data" / "tween.db"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def _no_room(stage: KillHarness) -> Iterator[None]:
    """Let no file of the process grow beyond what one page takes: pictures, database and log."""
    usual = resource.prlimit(stage.bot.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(stage.bot.pid, resource.RLIMIT_FSIZE, (1024, usual[1]))
    try:
        yield
    finally:
        resource.prlimit(stage.bot.pid, resource.RLIMIT_FSIZE, usual)


async def _is_ready(stage: KillHarness) -> bool:
    status, _ = await stage.bot.page("/readyz")
    return status == 200


async def _is_not_ready(stage: KillHarness) -> bool:
    return not await _is_ready(stage)


async def _goes_on(
    stage: KillHarness, count: int, pid: int, allowed: Allowed = NOTHING_ODD
) -> None:
    """Wait until the same process has delivered everything, and assert that nothing was lost."""
    found = await stage.until(
        lambda jobs: (
            len(jobs) == count
            and all(job.state is JobState.DELIVERED and job.messages.announced_at for job in jobs)
        )
    )
    assert len(found) == len(stage.world.dashscope.tasks)
    await until(lambda: _is_ready(stage))
    assert stage.bot.pid == pid
    assert stage.bot.is_running
    await hold(stage.world, allowed)


async def test_database_held_by_another_process_is_waited_for(tmp_path: Path) -> None:
    async with kill_harness(tmp_path, emulator=QUICK) as stage:
        await stage.bot.start()
        pid = stage.bot.pid
        await (await stage.ask()).final_reply()
        with _database_held(stage):
            request = await stage.ask_elsewhere()
            await until(lambda: _is_not_ready(stage))
            assert TROUBLE in (await request.final_reply(90)).current.content
        await (await stage.ask_elsewhere()).final_reply()
        # What nobody can know to be stored is left to the hourly sweep.
        await _goes_on(stage, 2, pid, Allowed(unswept_folders=1))
        assert len(stage.bot.events("lease_unrenewed")) == 1
        assert stage.bot.events("interaction_unstored", code="database_unavailable")


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
async def test_disk_without_room_is_waited_for(tmp_path: Path) -> None:
    async with kill_harness(tmp_path, emulator=QUICK) as stage:
        await stage.bot.start()
        pid = stage.bot.pid
        await (await stage.ask()).final_reply()
        with _no_room(stage):
            request = await stage.ask_elsewhere()
            assert TROUBLE in (await request.final_reply(90)).current.content
            await until(lambda: _is_not_ready(stage))
        await (await stage.ask_elsewhere()).final_reply()
        await _goes_on(stage, 2, pid)
