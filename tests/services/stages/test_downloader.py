"""DOWNLOADING → DELIVERING: onto our disk before the address dies, or given back."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.text import progress
from bot.chat.text.failures import COLLECT
from bot.domain.amounts import NOTHING
from bot.domain.errors import (
    BotError,
    DatabaseUnavailableError,
    MalformedResponseError,
    MediaTooLargeError,
    MediaUnreadableError,
    ProviderUnavailableError,
    ResultExpiredError,
    ResultHostError,
    UploadTooLargeError,
)
from bot.domain.failure import FailureReason
from bot.domain.jobs.ai_label import ai_label
from bot.domain.jobs.delivery import ProbedVideo
from bot.domain.jobs.job import Job
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState
from bot.domain.people import Requester
from bot.domain.ports import LocalFile
from bot.domain.requests.task import TaskState
from bot.domain.units import MIB
from tests.fakes import MEMBER, NOW, VIDEO, a_task
from tests.services.core import Core

DAY = timedelta(hours=24)


async def _charged(core: Core, **changes: object) -> Job:
    """Return a job whose video was just made and billed."""
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = a_task("t", TaskState.SUCCEEDED)
    await core.poller.run_once()
    await core.patch(job, **changes)
    return await core.job(job)


async def _until(core: Core, state: JobState, job: Job, *, hours: float = 30) -> None:
    for _ in range(int(hours * 60)):
        await core.downloader.run_once()
        if await core.state(job) is state:
            return
        core.clock.advance(minutes=1)


async def test_video_is_on_disk_before_it_is_delivered(core: Core) -> None:
    job = await _charged(core)
    assert await core.downloader.run_once() == 0
    stored = await core.job(job)
    assert stored.state is JobState.DELIVERING
    assert (core.folder_of(job.id) / "result.mp4").read_bytes() == VIDEO
    assert (stored.video.size_bytes, stored.video.width) == (len(VIDEO), 1280)
    assert await core.downloader.run_once() > 0


async def test_address_that_dies_first_is_fetched_first(core: Core) -> None:
    later = await core.put(JobState.DOWNLOADING, url_expires_at=NOW + DAY, task_id="a")
    sooner = await core.put(
        JobState.DOWNLOADING, url_expires_at=NOW + timedelta(hours=1), task_id="b"
    )
    await core.downloader.run_once()
    assert await core.state(sooner) is JobState.DELIVERING
    assert await core.state(later) is JobState.DOWNLOADING


@pytest.mark.parametrize(
    "error",
    [
        ProviderUnavailableError("broken off", request_was_sent=True),
        ResultHostError("not allowed"),
        MalformedResponseError("HTML"),
        MediaTooLargeError(limit_bytes=1, actual_bytes=2),
        OSError("disk full"),
    ],
)
async def test_trouble_is_tried_again_and_does_not_count_against_the_job(
    core: Core, error: Exception
) -> None:
    job = await _charged(core)
    core.provider.files.extend([error] * 10)
    await _until(core, JobState.DELIVERING, job, hours=2)
    assert await core.state(job) is JobState.DELIVERING
    assert len(core.provider.downloaded) == 11
    assert await core.spent(job) == job.price.reserved


async def test_result_on_a_foreign_host_tells_the_operator_once(core: Core) -> None:
    job = await _charged(core)
    core.provider.files.extend([ResultHostError("not allowed")] * 5)
    await _until(core, JobState.DELIVERING, job, hours=1)
    assert core.told() == ["result_host"]


async def test_expired_address_is_refreshed_before_the_job_expires(core: Core) -> None:
    job = await _charged(core)
    core.provider.files.append(ResultExpiredError("403", status=403))
    core.provider.tasks["t"] = a_task(
        "t", TaskState.SUCCEEDED, video_url="https://fresh", url_expires_at=NOW + 2 * DAY
    )
    await core.downloader.run_once()
    stored = await core.job(job)
    assert (stored.result.url, stored.result.url_expires_at) == ("https://fresh", NOW + 2 * DAY)
    await core.downloader.run_once()
    assert core.provider.downloaded[-1] == "https://fresh"
    assert await core.state(job) is JobState.DELIVERING


@pytest.mark.parametrize("answer", [TaskState.UNKNOWN, TaskState.SUCCEEDED])
async def test_expired_address_without_a_fresh_one_is_the_operators_loss(
    core: Core, answer: TaskState
) -> None:
    job = await _charged(core)
    core.clock.advance(hours=25)
    core.provider.files.append(ResultExpiredError("403", status=403))
    core.provider.tasks["t"] = a_task("t", answer)
    await core.downloader.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (JobState.EXPIRED, FailureReason.RESULT_EXPIRED)
    assert stored.failure.operator_loss
    assert await core.entries(job) == [EntryKind.RESERVE, EntryKind.CHARGE, EntryKind.ADJUST]
    assert await core.spent(job) == NOTHING
    assert core.told() == ["operator_loss"]


async def test_expired_by_one_clock_and_good_by_the_other_is_tried_again(core: Core) -> None:
    job = await _charged(core)
    core.provider.files.append(ResultExpiredError("403", status=403))
    await core.downloader.run_once()
    assert await core.state(job) is JobState.DOWNLOADING
    core.clock.advance(minutes=1)
    await core.downloader.run_once()
    assert await core.state(job) is JobState.DELIVERING


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MediaUnreadableError("not_a_video"), FailureReason.RESULT_UNREADABLE),
        (
            ProviderUnavailableError("broken off", request_was_sent=True),
            FailureReason.RESULT_EXPIRED,
        ),
    ],
)
async def test_no_playable_file_until_the_end_fails_and_is_given_back(
    core: Core, error: BotError, reason: FailureReason
) -> None:
    job = await _charged(core, url_expires_at=NOW + timedelta(hours=3))
    if isinstance(error, MediaUnreadableError):
        core.media.probe_errors.extend([error] * 1_000)
    else:
        core.provider.files.extend([error] * 1_000)
    await _until(core, JobState.FAILED, job)
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (JobState.FAILED, reason)
    assert stored.times.finished_at is not None
    assert stored.times.finished_at >= NOW + timedelta(hours=2, minutes=59)
    assert await core.spent(job) == NOTHING
    assert stored.failure.operator_loss


# --- made ready to be sent -------------------------------------------------------------------

LABELLED, RE_ENCODED = VIDEO + b" labelled", VIDEO + b" re-encoded"


def _seen(**facts: Any) -> ProbedVideo:  # noqa: ANN401 - a record's fields
    usual: dict[str, Any] = {"width": 1280, "height": 720, "duration_seconds": 5.0}
    return ProbedVideo(size_bytes=len(VIDEO), **(usual | facts))


@pytest.mark.parametrize(
    ("found", "sent"),
    [
        pytest.param(_seen(), VIDEO, id="nothing to do"),
        pytest.param(_seen(is_labelled=False), LABELLED, id="no label"),
        pytest.param(_seen(plays=False), RE_ENCODED, id="does not play everywhere"),
        pytest.param(_seen(plays=False, is_labelled=False), RE_ENCODED, id="neither"),
    ],
)
async def test_what_is_sent_plays_and_is_labelled_and_what_came_is_kept(
    core: Core, found: ProbedVideo, sent: bytes
) -> None:
    job = await _charged(core)
    core.media.probed.append(found)
    await core.downloader.run_once()
    files = core.files_of(job.id)
    stored = await core.job(job)
    assert stored.state is JobState.DELIVERING
    assert files["result.mp4"] == VIDEO
    assert files[stored.video.file_name or ""] == sent
    assert stored.video.size_bytes == len(sent)
    assert core.media.labels == ([] if sent == VIDEO else [ai_label(job)])
    await core.deliverer.run_once()
    assert core.chat.files == [sent]
    assert await core.state(job) is JobState.DELIVERED


async def test_too_large_a_video_is_made_smaller_of_what_came(core: Core) -> None:
    job = await _charged(core)
    core.media.probed.append(_seen(plays=False))
    await core.downloader.run_once()
    core.chat.refusals["deliver_by_edit"].append(UploadTooLargeError("413"))
    await core.deliverer.run_once()
    (limit,) = core.media.shrunk_to
    assert core.chat.files == [VIDEO[:limit]]
    assert core.media.labels == [ai_label(job)] * 2


@pytest.mark.parametrize(
    ("found", "errors"),
    [(_seen(plays=False), "encode_errors"), (_seen(is_labelled=False), "label_errors")],
)
async def test_what_decodes_and_cannot_be_changed_is_sent_as_it_came(
    core: Core, found: ProbedVideo, errors: str
) -> None:
    job = await _charged(core)
    core.media.probed.append(found)
    getattr(core.media, errors).append(MediaUnreadableError("decoder_failed"))
    await core.downloader.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.video.file_name) == (JobState.DELIVERING, "result.mp4")
    assert list(core.files_of(job.id)) == ["result.mp4"]
    assert core.told() == []


async def test_a_full_disk_while_it_is_made_ready_is_waited_for(core: Core) -> None:
    job = await _charged(core)
    core.media.probed.extend([_seen(plays=False)] * 2)
    core.media.encode_errors.append(OSError(errno.ENOSPC, "full"))
    await core.downloader.run_once()
    assert await core.state(job) is JobState.DOWNLOADING
    core.clock.advance(minutes=1)
    await core.downloader.run_once()
    assert (await core.job(job)).video.file_name == "prepared.mp4"


# --- what no decoder reads ---------------------------------------------------------------------

UNREADABLE = MediaUnreadableError("not_a_video")


async def test_the_operator_hears_at_the_first_sight_and_once(core: Core) -> None:
    job = await _charged(core)
    core.media.probe_errors.extend([UNREADABLE] * 3)
    await core.downloader.run_once()
    assert core.told() == ["result_unreadable"]
    assert core.chat.alerts[0].facts["problem"] == "not_a_video"
    assert await core.state(job) is JobState.DOWNLOADING
    again = core.restarted()
    for _ in range(2):
        core.clock.advance(hours=1)
        await again.downloader.run_once()
    assert core.told() == ["result_unreadable"]
    core.clock.advance(hours=1)
    await again.downloader.run_once()
    assert await core.state(job) is JobState.DELIVERING


@pytest.mark.parametrize("way", ["its last minute", "an address that is dead"])
async def test_in_the_end_it_is_given_back_and_handed_out_until_retention(
    core: Core, way: str
) -> None:
    job = await _charged(core, url_expires_at=NOW + timedelta(hours=3))
    core.media.probe_errors.extend([UNREADABLE] * 1000)
    await core.downloader.run_once()
    if way != "its last minute":
        core.clock.advance(hours=4)
        core.provider.tasks["t"] = a_task("t", TaskState.UNKNOWN)
        core.provider.files.append(ResultExpiredError("403", status=403))
    await _until(core, JobState.FAILED, job)
    stored = await core.job(job)
    assert (stored.state, stored.failure.operator_loss) == (JobState.FAILED, True)
    assert stored.failure.reason is FailureReason.RESULT_UNREADABLE
    assert (stored.video.file_name, stored.video.size_bytes) == ("result.mp4", len(VIDEO))
    assert await core.entries(job) == [EntryKind.RESERVE, EntryKind.CHARGE, EntryKind.ADJUST]
    assert await core.spent(job) == NOTHING
    assert core.told() == ["result_unreadable", "operator_loss"]
    asker = Requester(user_id=MEMBER, guild_id=None)
    async with core.lookup.show(job.id, asker, limit_bytes=MIB) as shown:
        assert shown.video == core.folder_of(job.id) / "result.mp4"
        assert COLLECT in (progress.line(shown.view) or "")
    async with core.lookup.show(job.id, asker, limit_bytes=3) as shown:
        assert (shown.video, shown.is_too_large) == (None, True)
    core.clock.advance(days=7)
    await core.reaper.run_once()
    assert core.left() == []
    async with core.lookup.show(job.id, asker, limit_bytes=MIB) as shown:
        assert (shown.video, shown.is_too_large) == (None, False)
        assert COLLECT not in (progress.line(shown.view) or "")


async def test_nothing_is_handed_out_where_nothing_ever_came(core: Core) -> None:
    job = await _charged(core)
    core.clock.advance(hours=25)
    core.provider.files.append(ResultExpiredError("403", status=403))
    core.provider.tasks["t"] = a_task("t", TaskState.UNKNOWN)
    await core.downloader.run_once()
    asker = Requester(user_id=MEMBER, guild_id=None)
    async with core.lookup.show(job.id, asker, limit_bytes=MIB) as shown:
        assert (shown.video, shown.is_too_large) == (None, False)
        assert COLLECT not in (progress.line(shown.view) or "")


@pytest.mark.parametrize("is_cut", [False, True])
async def test_what_is_kept_and_plays_after_all_is_delivered_when_the_address_is_dead(
    core: Core, *, is_cut: bool
) -> None:
    job = await _charged(core)
    core.media.probe_errors.extend([UNREADABLE] * (2 if is_cut else 1))
    core.media.mends_what_is_cut = is_cut
    await core.downloader.run_once()
    core.clock.advance(hours=25)
    core.provider.files.append(ResultExpiredError("403", status=403))
    core.provider.tasks["t"] = a_task("t", TaskState.UNKNOWN)
    await core.downloader.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.failure.operator_loss) == (JobState.DELIVERING, False)
    assert stored.video.file_name == ("prepared.mp4" if is_cut else "result.mp4")
    assert await core.entries(job) == [EntryKind.RESERVE, EntryKind.CHARGE]
    await core.deliverer.run_once()
    assert core.chat.files == [RE_ENCODED if is_cut else VIDEO]


async def test_a_disk_that_does_not_answer_at_the_end_loses_nothing(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await _charged(core)
    core.media.probe_errors.append(UNREADABLE)
    await core.downloader.run_once()
    core.clock.advance(hours=25)
    core.provider.files.extend([ResultExpiredError("403", status=403)] * 2)
    core.provider.tasks["t"] = a_task("t", TaskState.UNKNOWN)

    async def fail(_: LocalFile) -> ProbedVideo:
        raise OSError(errno.EIO, "no answer")

    with monkeypatch.context() as patch:
        patch.setattr(core.media, "probe", fail)
        await core.downloader.run_once()
    assert await core.state(job) is JobState.DOWNLOADING
    core.clock.advance(minutes=5)
    await core.downloader.run_once()
    assert await core.state(job) is JobState.DELIVERING


# --- claims ----------------------------------------------------------------------------------


async def test_claimed_job_is_not_claimed_by_another_worker(core: Core) -> None:
    job = await _charged(core)
    held = asyncio.Event()

    async def hold(*_: object, **__: object) -> None:
        held.set()
        await asyncio.Event().wait()

    core.downloader._media.probe = hold  # type: ignore[method-assign,assignment]
    async with asyncio.TaskGroup() as group:
        task = group.create_task(core.downloader.run_once())
        await held.wait()
        assert await core.restarted().downloader.run_once() > 0
        task.cancel()
    stored = await core.job(job)
    assert (stored.lease.claims, stored.lease.until) == (0, None), (
        "an orderly stop is not its fault"
    )


async def test_job_that_kills_the_process_three_times_is_parked(core: Core) -> None:
    job = await _charged(core, claims=3)
    await core.downloader.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.lease.parked_from) == (JobState.PARKED, JobState.DOWNLOADING)
    assert core.told() == ["job_parked"]


async def test_error_without_a_name_counts_and_the_third_parks(core: Core) -> None:
    job = await _charged(core)
    core.provider.files.extend([KeyError("a bug")] * 3)
    other = await core.put(
        JobState.DOWNLOADING, url_expires_at=NOW + timedelta(days=2), task_id="other"
    )
    for _ in range(4):
        await core.downloader.run_once()
        core.clock.advance(minutes=2)
    assert await core.state(job) is JobState.PARKED
    assert await core.state(other) is JobState.DELIVERING
    assert await core.spent(job) == job.price.reserved


async def test_given_up_after_parking_gives_the_charge_back(core: Core) -> None:
    job = await _charged(core, claims=3)
    await core.downloader.run_once()
    await core.decisions.carry_out(job.id, taken=None, failed=True)
    assert await core.state(job) is JobState.FAILED
    assert await core.spent(job) == NOTHING


async def test_parked_job_goes_on_where_it_was(core: Core) -> None:
    job = await _charged(core, claims=3)
    await core.downloader.run_once()
    await core.decisions.carry_out(job.id, taken=None, failed=False)
    await core.downloader.run_once()
    assert await core.state(job) is JobState.DELIVERING


async def test_lapsed_lease_is_claimed_again(core: Core) -> None:
    job = await _charged(core, lease_owner="gone", lease_until=NOW + timedelta(minutes=20))
    assert await core.downloader.run_once() > 0
    core.clock.advance(minutes=21)
    await core.downloader.run_once()
    assert await core.state(job) is JobState.DELIVERING


async def test_database_trouble_is_not_counted_against_the_job(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await _charged(core)
    write = core.database.write
    calls = iter(range(100))

    @asynccontextmanager
    async def flaky() -> AsyncIterator[AsyncConnection]:
        if next(calls) % 2:  # the claim works, what follows does not
            raise DatabaseUnavailableError("restarting")
        async with write() as connection:
            yield connection

    monkeypatch.setattr(core.database, "write", flaky)
    for _ in range(6):
        with pytest.raises(DatabaseUnavailableError):
            await core.downloader.run_once()
        core.clock.advance(minutes=21)
    monkeypatch.setattr(core.database, "write", write)
    await core.downloader.run_once()
    assert await core.state(job) is JobState.DELIVERING
