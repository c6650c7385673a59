"""The host has trouble: nothing is half written, nothing is paid twice, work goes on afterwards."""

from __future__ import annotations

import errno
import io
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from bot import checks
from bot.clock import LocalWakeup
from bot.domain.errors import ConfigurationError, DatabaseUnavailableError
from bot.domain.host.disk import DiskUnavailableError, is_disk_trouble
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import Drawing, Purpose
from bot.domain.ports import LocalFile
from bot.domain.requests.task import TaskState
from bot.files import LocalFiles
from bot.logs import configure_logs, get_logger
from bot.services.host.process_lease import PROCESS_LEASE, ProcessLease
from bot.services.stages.supervisor import Loop, Supervisor
from tests.fakes import MODEL, NOW, VIDEO, a_requester, a_submission, a_task
from tests.services.core import Core
from tests.services.database_trouble import Trouble, full, locked, read_only
from tests.services.disk_trouble import DISK_ERRORS, disk_error, unsynced, unwritten
from tests.services.emulated import Stage, emulated

DiskTrouble = Callable[[int], AbstractContextManager[None]]
"""Puts the disk into trouble with an error number until the block ends."""

DATABASE_TROUBLE = pytest.mark.parametrize(
    "trouble", [locked, read_only, full], ids=["locked", "read-only", "full"]
)


# --- a request ------------------------------------------------------------------------------------


@DATABASE_TROUBLE
async def test_request_that_cannot_be_stored_leaves_nothing_half_written(
    core: Core, trouble: Trouble
) -> None:
    submission = a_submission()
    async with trouble(core):
        with pytest.raises(DatabaseUnavailableError):
            await core.submit(submission)
    assert core.chat.calls == []
    assert set(core.files_of(submission.job_id)) == {
        "first_frame.jpg",
        "last_frame.jpg",
        "preview.jpg",
    }, "the commit may have gone through: a folder without a job is the reaper's"
    assert await core.writer.read(submission.job_id) is None
    async with core.database.read() as connection:
        rows = await connection.exec_driver_sql("SELECT count(*) FROM ledger_entries")
        jobs = await connection.exec_driver_sql("SELECT count(*) FROM jobs")
        assert rows.scalar_one() == jobs.scalar_one()
    job = await core.submit(a_submission())
    assert await core.entries(job) == [EntryKind.RESERVE]


@DISK_ERRORS
@pytest.mark.parametrize("after", range(3), ids=lambda after: f"after {after} syncs")
async def test_retry_whose_pictures_cannot_be_kept_is_refused_whole(
    core: Core, number: int, after: int
) -> None:
    job = await core.submit(a_submission())
    await core.patch(job, state=JobState.FAILED, finished_at=NOW)
    before = core.left()
    with unsynced(number, after=after), pytest.raises(DiskUnavailableError) as refused:
        await core.remakes.retry(job.id, a_requester(), a_submission().origin)
    assert str(refused.value) == os.strerror(number)
    assert core.left() == before, "the files of the job that is made again stay"
    again = (await core.remakes.retry(job.id, a_requester(), a_submission().origin)).job
    assert core.files_of(again.id) == core.files_of(job.id)


# --- a create -------------------------------------------------------------------------------------


@DATABASE_TROUBLE
async def test_answer_of_a_create_is_kept_until_the_database_takes_it(
    core: Core, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await core.put()
    troubled = trouble(core)
    core.provider.during_create = troubled.__aenter__
    slept: list[float] = []
    sleep = core.clock.sleep

    async def mended_at_last(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 6:
            await troubled.__aexit__(None, None, None)
        await sleep(seconds)

    monkeypatch.setattr(core.clock, "sleep", mended_at_last)
    with capture_logs() as logs:
        await core.dispatcher.run_once(MODEL)
    stored = await core.job(job)
    (task_id,) = core.provider.tasks
    assert (stored.state, stored.task.id) == (JobState.PENDING, task_id)
    assert slept == sorted(slept)
    assert [line["event"] for line in logs].count("create_answer_unstored") == 6
    core.provider.during_create = None
    await core.dispatcher.run_once(MODEL)
    assert len(core.provider.creates) == 1


@DATABASE_TROUBLE
async def test_create_does_not_leave_before_it_is_stored(core: Core, trouble: Trouble) -> None:
    job = await core.put()
    async with trouble(core):
        with pytest.raises(DatabaseUnavailableError):
            await core.dispatcher.run_once(MODEL)
    assert core.provider.creates == []
    assert await core.state(job) is JobState.QUEUED
    await core.dispatcher.run_once(MODEL)
    assert await core.state(job) is JobState.PENDING


# --- all loops ------------------------------------------------------------------------------------


def _loops(core: Core) -> list[Loop]:
    rounds: dict[str, Callable[[], Awaitable[float]]] = {
        "lane": lambda: core.dispatcher.run_once(MODEL),
        "poller": core.poller.run_once,
        "downloader": core.downloader.run_once,
        "deliverer": core.deliverer.run_once,
        "status board": core.status_updater.run_once,
        "reconciler": core.reconciler.run_once,
        "reaper": core.reaper.run_once,
        "log channels": core.log_channels.run_once,
        "instance": core.process_lease.run_once,
    }
    return [Loop(name=name, run_once=run, wakeup=LocalWakeup()) for name, run in rounds.items()]


@DATABASE_TROUBLE
@pytest.mark.parametrize(
    "state",
    [JobState.QUEUED, JobState.RUNNING, JobState.DOWNLOADING, JobState.DELIVERING],
    ids=lambda state: state.value,
)
async def test_every_loop_outlives_it_and_the_job_is_made_once(
    core: Core, trouble: Trouble, state: JobState
) -> None:
    job = await core.put(state)
    await core.put_video(job)
    if job.task.id is not None:
        core.provider.tasks[job.task.id] = a_task(job.task.id, TaskState.SUCCEEDED)
    _let_deliveries_be_found(core)
    await core.process_lease.acquire()
    loops = _loops(core)
    pipeline = Supervisor(loops, clock=core.clock, metrics=core.metrics)
    async with trouble(core):
        with capture_logs() as logs:
            for loop in loops:
                await pipeline._round(loop)
        failed = [line for line in logs if line["event"] == "loop_failed"]
        assert {line["error"] for line in failed} <= {
            "DatabaseUnavailableError",
            "ExceptionGroup",
        }
        assert failed, "nobody met the trouble"
        assert [line["event"] for line in logs].count("lease_unrenewed") <= 1
        assert await core.state(job) is state
    for _ in range(12):
        _finish_tasks(core)
        for loop in loops:
            await pipeline._round(loop)
        core.clock.advance(minutes=3)
    stored = await core.job(job)
    assert stored.state is JobState.DELIVERED
    assert core.chat.names(job.id).count("deliver_by_edit") == 1
    assert core.chat.names(job.id).count("announce") == 1
    assert len(core.provider.creates) == int(state is JobState.QUEUED)
    assert all(loop.failures == 0 for loop in loops)


def _finish_tasks(core: Core) -> None:
    for task_id in core.provider.tasks:
        core.provider.tasks[task_id] = a_task(task_id, TaskState.SUCCEEDED)


def _let_deliveries_be_found(core: Core) -> None:
    """Have a search find what was delivered, as Discord would."""
    deliver = core.chat.deliver_by_edit

    async def deliver_by_edit(job: Job, drawing: Drawing, file: LocalFile) -> Receipt:
        receipt = await deliver(job, drawing, file)
        core.chat.standing[Purpose.DELIVERY, receipt.channel_id] = receipt
        return receipt

    core.chat.deliver_by_edit = deliver_by_edit  # type: ignore[method-assign]


# --- the lease ------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [locked, read_only], ids=["locked", "read-only"])
async def test_lease_outlives_a_database_that_is_away_for_a_minute(
    core: Core, trouble: Trouble
) -> None:
    await core.process_lease.acquire()
    waits = []
    async with trouble(core):
        with capture_logs() as logs:
            for _ in range(60):
                waits.append(await core.process_lease.run_once())
                core.clock.advance(seconds=waits[-1])
        assert core.process_lease.trouble is not None
        with pytest.raises(DatabaseUnavailableError):
            await ProcessLease(core.database, core.clock).acquire()
    assert [line["event"] for line in logs] == ["lease_unrenewed"]
    # Whoever starts the moment it is back sees a sign of life before the lease is over.
    assert 4 * max(waits) < PROCESS_LEASE.total_seconds()
    await core.process_lease.run_once()
    assert core.process_lease.trouble is None


# --- a download -----------------------------------------------------------------------------------


@pytest.fixture
async def stage(core: Core) -> AsyncIterator[Stage]:
    async with emulated(core) as stage:
        yield stage


BREAKS_OFF = pytest.mark.parametrize(
    "trouble", [unwritten, unsynced], ids=["while it arrives", "when it is kept"]
)


@DISK_ERRORS
@BREAKS_OFF
async def test_download_waits_for_room_and_leaves_no_part_of_the_file(
    stage: Stage, trouble: DiskTrouble, number: int
) -> None:
    core = stage.core
    job = await stage.ask_and_send()
    stage.pass_time(2)
    assert (await stage.poll(job)).state is JobState.DOWNLOADING
    spent = await core.spent(job)
    with trouble(number), capture_logs() as logs:
        for _ in range(8):
            assert (await stage.fetch(job)).state is JobState.DOWNLOADING
            assert core.left() == []
    postponed = [line for line in logs if line["event"] == "download_postponed"]
    assert len(postponed) == 8
    assert all(os.strerror(number) in line["reason"] for line in postponed)
    assert (await stage.fetch(job)).state is JobState.DELIVERING
    assert await core.spent(job) == spent
    assert core.told() == []


@BREAKS_OFF
async def test_disk_that_stays_full_is_alarmed_before_the_video_is_lost(
    stage: Stage, trouble: DiskTrouble
) -> None:
    core = stage.core
    job = await stage.ask_and_send()
    stage.pass_time(2)
    await stage.poll(job)
    with trouble(errno.ENOSPC):
        stage.pass_time(21 * 3600)
        for _ in range(5):
            await core.reaper.run_once()
            await stage.fetch(job)
        assert core.told() == []
        stage.pass_time(2 * 3600)
        for _ in range(5):
            await core.reaper.run_once()
            await stage.fetch(job)
        assert core.told() == ["result_deadline"]
    assert (await stage.fetch(job)).state is JobState.DELIVERING


# --- a re-encoding --------------------------------------------------------------------------------


@DISK_ERRORS
@pytest.mark.parametrize("where", ["the encoder", "the kept file"])
async def test_video_that_is_re_encoded_waits_for_room_and_is_not_parked(
    core: Core, number: int, where: str
) -> None:
    job = await core.put(JobState.DELIVERING)
    await core.put_video(job, VIDEO * (1 << 19))
    core.media.shrink_errors.extend([disk_error(number)] * 6 if where == "the encoder" else [])
    with unsynced(number) if where == "the kept file" else nullcontext(), capture_logs() as logs:
        for _ in range(6):
            await core.deliverer.run_once()
            core.clock.advance(minutes=6)
            assert core.left() == [f"jobs/{job.id}", f"jobs/{job.id}/result.mp4"]
    assert [line["reason"] for line in logs if line["event"] == "delivery_postponed"] == (
        [os.strerror(number)] * 6
    )
    assert await core.state(job) is JobState.DELIVERING
    await core.deliverer.run_once()
    assert await core.state(job) is JobState.DELIVERED
    assert core.told() == []


def test_trouble_of_one_file_is_none_of_the_disk() -> None:
    assert not is_disk_trouble(FileNotFoundError(errno.ENOENT, "no such file"))
    assert not is_disk_trouble(OSError("without a number"))


# --- deadlines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        (JobState.DOWNLOADING, {"url_expires_at": NOW + timedelta(hours=2)}),
        (JobState.DOWNLOADING, {"url_expires_at": NOW + timedelta(hours=2), "lease_owner": "x"}),
        (JobState.PENDING, {"sent_at": NOW - timedelta(hours=22)}),
        (JobState.RUNNING, {"sent_at": NOW - timedelta(hours=22)}),
        # Found late, but as old as it is.
        (JobState.RUNNING, {"sent_at": NOW - timedelta(hours=22), "confirmed_at": NOW}),
    ],
    ids=["not fetched", "held by a worker", "pending", "running", "adopted late"],
)
async def test_video_near_its_end_is_told_once_however_it_is_stuck(
    core: Core, state: JobState, changes: dict[str, object]
) -> None:
    job = await core.put(state, **changes)
    await core.reaper.run_once()
    assert core.told() == []
    core.clock.advance(seconds=1)
    for _ in range(3):
        await core.reaper.run_once()
    (alert,) = core.chat.alerts
    assert (alert.kind.value, alert.facts["subject"]) == ("result_deadline", job.id)
    assert alert.facts["expires_at"] == (NOW + timedelta(hours=2)).isoformat()
    sample = core.metrics.registry.get_sample_value
    assert sample("bot_result_deadline_seconds") == 7199
    await core.patch(job, state=JobState.DELIVERED, finished_at=core.clock.now())
    await core.reaper.run_once()
    assert sample("bot_result_deadline_seconds") == 86_400


async def test_matter_that_was_over_and_comes_back_is_told_again(core: Core) -> None:
    job = await core.put(JobState.DOWNLOADING, url_expires_at=NOW + timedelta(hours=1))
    await core.reaper.run_once()
    await core.patch(job, url_expires_at=NOW + timedelta(hours=24))
    await core.reaper.run_once()
    await core.patch(job, url_expires_at=NOW + timedelta(hours=1))
    await core.reaper.run_once()
    assert core.told() == ["result_deadline"] * 2


@pytest.mark.parametrize(
    "state", [JobState.QUEUED, JobState.UNCONFIRMED, JobState.DELIVERING, JobState.PARKED]
)
async def test_job_that_loses_nothing_soon_raises_no_alarm(core: Core, state: JobState) -> None:
    old = NOW - timedelta(hours=23)
    await core.put(state, sent_at=old, url_expires_at=NOW + timedelta(minutes=1))
    await core.reaper.run_once()
    assert core.told() == []


# --- start and log --------------------------------------------------------------------------------


@DISK_ERRORS
async def test_start_names_a_folder_that_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise disk_error(number)

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(ConfigurationError) as caught:
        await checks.require_writable(LocalFiles(tmp_path / "data"))
    assert (caught.value.setting, os.strerror(number) in caught.value.problem) == ("DATA_DIR", True)


class FullStream(io.StringIO):
    """Standard error on a full disk."""

    @override
    def write(self, text: str, /) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_log_that_cannot_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()  # noqa: TID251 - what configure_logs changes, to put it back
    before = root.handlers, root.level
    monkeypatch.setattr("sys.stderr", FullStream())
    try:
        configure_logs(level="INFO", style="json")
        get_logger("bot.test").error("operator_needed", told="host_trouble")
    finally:
        root.handlers, level = before[0], before[1]
        root.setLevel(level)
