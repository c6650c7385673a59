"""Reports: once a member, told at once or later, counted in one message, and never lost."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.domain.errors import (
    ChannelGoneError,
    ChatUnavailableError,
    DeliveryError,
    JobNotFoundError,
    MessageGoneError,
    MissingAccessError,
    UploadTooLargeError,
)
from bot.domain.guilds.reports import (
    MAX_POSTS,
    MAX_REPORTS_A_DAY,
    JobDeletedError,
    NoLogChannelError,
    Report,
    ReportOutcome,
    TooManyReportsError,
)
from bot.domain.ids import ChannelId, GuildId, MessageId, UserId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.files import RESULT, SHRUNK
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import Purpose
from bot.domain.people import Person
from bot.storage import guilds, reports
from tests.fakes import GUILD, MEMBER, NOW, VIDEO, a_picture, a_requester, number
from tests.services.core import RETENTION, Core

LOG, OTHER_LOG = ChannelId(700), ChannelId(701)
TOM, MIA = UserId(42), UserId(43)
TOLD, WAITING, REFUSED, KNOWN = (
    ReportOutcome.TOLD,
    ReportOutcome.WAITING,
    ReportOutcome.REFUSED,
    ReportOutcome.KNOWN,
)


async def settings(core: Core, **changes: object) -> None:
    async with core.database.write() as connection:
        await guilds.lock(connection, GUILD)
        await guilds.change(connection, GUILD, **changes)


@pytest.fixture
async def job(core: Core) -> Job:
    """A video in a guild whose moderators have a log channel."""
    await settings(core, log_channel_id=LOG)
    job = await core.put(JobState.DELIVERED, pictures=(a_picture("image"),))
    await core.put_video(job)
    core._write(job.id, "image.jpg", b"a picture")
    return job


async def another(core: Core, **changes: object) -> Job:
    """Return a video besides the usual one."""
    return await core.put(JobState.DELIVERED, task_id=f"task-{number()}", **changes)


async def report(core: Core, job: Job, user_id: UserId = TOM) -> ReportOutcome:
    return await core.reports.report(job.id, a_requester(user_id=user_id))


async def stored(core: Core, job: Job) -> list[Report]:
    async with core.database.read() as connection:
        return await reports.of_job(connection, job.id)


def later(core: Core, **span: float) -> None:
    core.clock.advance(**span)


# --- what is told -----------------------------------------------------------------------------


async def test_a_report_is_told_with_the_pictures_and_the_video(core: Core, job: Job) -> None:
    assert await report(core, job) is TOLD
    ((post, files),) = core.chat.reported
    assert (post.channel_id, post.job.id, post.number) == (LOG, job.id, 1)
    assert post.reporters == (Person(user_id=TOM, name="Ada"),)
    assert files == {"image.jpg": b"a picture", RESULT: VIDEO}


async def test_a_second_report_of_the_same_member_is_known(core: Core, job: Job) -> None:
    assert [await report(core, job), await report(core, job)] == [TOLD, KNOWN]
    assert len(core.chat.reported) == 1
    assert core.chat.counted == []


async def test_two_presses_at_once_are_one_report(core: Core, job: Job) -> None:
    outcomes = await asyncio.gather(*(report(core, job) for _ in range(3)))
    assert sorted(outcomes) == [KNOWN, KNOWN, TOLD]
    assert len(core.chat.reported) == 1


async def test_other_members_are_counted_in_the_same_message(core: Core, job: Job) -> None:
    await report(core, job, TOM)
    later(core, seconds=1)
    assert await report(core, job, MIA) is TOLD
    assert len(core.chat.reported) == 1
    ((post, receipt),) = core.chat.counted
    assert [reporter.user_id for reporter in post.reporters] == [TOM, MIA]
    assert {report.receipt for report in await stored(core, job)} == {receipt}


async def test_the_requester_may_report_their_own(core: Core, job: Job) -> None:
    assert await report(core, job, MEMBER) is TOLD


async def test_a_blocked_member_may_report(core: Core, job: Job) -> None:
    await core.moderation.block(GUILD, TOM, Person(user_id=MIA, name="mia"))
    assert await report(core, job, TOM) is TOLD
    assert not core.chat.reported[0][0].is_blocked


async def test_prompt_and_block_are_told_as_they_are_now(core: Core, job: Job) -> None:
    await settings(core, show_prompts=True)
    await core.moderation.block(GUILD, MEMBER, Person(user_id=MIA, name="mia"))
    await report(core, job)
    post = core.chat.reported[0][0]
    assert (post.shows_prompt, post.is_blocked) == (True, True)


async def test_a_job_under_way_is_told_without_a_video(core: Core) -> None:
    await settings(core, log_channel_id=LOG)
    job = await core.put(JobState.PENDING, pictures=(a_picture("image"),))
    core._write(job.id, "image.jpg", b"a picture")
    assert await report(core, job) is TOLD
    assert core.chat.reported[0][1] == {"image.jpg": b"a picture"}


# --- what is not ------------------------------------------------------------------------------


async def test_without_a_log_channel_nothing_is_kept(core: Core, job: Job) -> None:
    await settings(core, log_channel_id=None)
    with pytest.raises(NoLogChannelError):
        await report(core, job)
    assert await stored(core, job) == []


async def test_another_guilds_job_is_as_one_that_does_not_exist(core: Core, job: Job) -> None:
    stranger = a_requester(GuildId(GUILD + 1), TOM, may_moderate=True)
    for asked in (job.id, "ZZZZZZ"):
        with pytest.raises(JobNotFoundError):
            await core.reports.report(asked, stranger)  # type: ignore[arg-type]
    with pytest.raises(JobNotFoundError):
        await core.reports.reported(job.id, stranger)
    assert core.chat.reported == []


async def test_a_deleted_video_is_not_reported(core: Core, job: Job) -> None:
    await core.patch(job, removal_requested_at=NOW)
    with pytest.raises(JobDeletedError):
        await report(core, job)
    assert await stored(core, job) == []


async def test_a_member_reports_so_much_a_day(core: Core) -> None:
    await settings(core, log_channel_id=LOG)
    for _ in range(MAX_REPORTS_A_DAY):
        assert await report(core, await another(core)) is TOLD
    one_more = await another(core)
    with pytest.raises(TooManyReportsError):
        await report(core, one_more)
    assert await report(core, one_more, MIA) is TOLD
    later(core, days=1)
    assert await report(core, one_more, TOM) is TOLD


# --- when Discord does not take it ------------------------------------------------------------


async def test_what_discord_does_not_take_now_is_told_by_the_loop(core: Core, job: Job) -> None:
    core.chat.refusals["post_report"].append(ChatUnavailableError("503"))
    assert await report(core, job) is WAITING
    assert await report(core, job) is KNOWN
    await core.report_posts.run_once()
    assert core.chat.reported == []
    later(core, seconds=5)
    await core.report_posts.run_once()
    assert len(core.chat.reported) == 1
    (told,) = await stored(core, job)
    assert told.outcome is TOLD
    await core.report_posts.run_once()
    assert len(core.chat.reported) == 1


async def test_waits_grow_with_the_age_of_the_report(core: Core, job: Job) -> None:
    core.chat.closed["post_report"] = ChatUnavailableError("503")
    await report(core, job)
    waits = []
    for _ in range(12):
        (waiting,) = await stored(core, job)
        assert waiting.due_at is not None
        waits.append((waiting.due_at - core.clock.now()).total_seconds())
        later(core, seconds=waits[-1])
        await core.report_posts.run_once()
    assert waits == [5, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]


@pytest.mark.parametrize("error", [ChannelGoneError("10003"), DeliveryError("400")])
async def test_a_refusal_is_said_and_may_be_repeated_later(
    core: Core, job: Job, error: DeliveryError
) -> None:
    core.chat.closed["post_report"] = error
    with capture_logs() as lines:
        assert await report(core, job) is REFUSED
    assert "report_refused" in [line["event"] for line in lines]
    assert await report(core, job) is KNOWN
    await core.report_posts.run_once()
    del core.chat.closed["post_report"]
    later(core, minutes=10)
    assert await report(core, job) is TOLD


@pytest.mark.parametrize("error", [UploadTooLargeError("413"), MissingAccessError("50013")])
async def test_files_that_are_not_taken_are_left_out(
    core: Core, job: Job, error: DeliveryError
) -> None:
    core.chat.refusals["post_report"].append(error)
    assert await report(core, job) is TOLD
    assert list(core.chat.reported[0][1]) == ["image.jpg"]
    other = await another(core, pictures=(a_picture("image"),))
    core._write(other.id, "image.jpg", b"a picture")
    core.chat.refusals["post_report"].append(error)
    assert await report(core, other) is TOLD
    assert core.chat.reported[1][1] == {}


async def test_a_video_above_the_limit_goes_as_it_was_delivered(core: Core, job: Job) -> None:
    core._write(job.id, RESULT, bytes(10 * 1024 * 1024 + 1))
    core._write(job.id, SHRUNK, b"smaller")
    await report(core, job)
    assert core.chat.reported[0][1] == {"image.jpg": b"a picture", SHRUNK: b"smaller"}


async def test_files_that_are_erased_meanwhile_are_left_out(core: Core, job: Job) -> None:
    async def erase(_: str) -> None:
        core.chat.before = None
        raise FileNotFoundError(core.folder_of(job.id))

    core.chat.before = erase
    assert await report(core, job) is WAITING
    later(core, seconds=5)
    await core.report_posts.run_once()
    assert len(core.chat.reported) == 1


async def test_a_report_that_breaks_stops_no_other(core: Core, job: Job) -> None:
    async def break_down(_: str) -> None:
        core.chat.before = None
        raise ValueError("a bug")

    core.chat.before = break_down
    with capture_logs() as lines:
        assert await report(core, job) is REFUSED
    assert "report_broken" in [line["event"] for line in lines]
    assert await report(core, await another(core)) is TOLD


# --- the message about a job ------------------------------------------------------------------


async def test_where_the_message_is_gone_another_is_posted_and_not_for_ever(
    core: Core, job: Job
) -> None:
    core.chat.closed["count_reports"] = MessageGoneError("10008")
    for nth in range(MAX_POSTS + 2):
        later(core, seconds=1)
        assert await report(core, job, UserId(100 + nth)) is TOLD
    assert [post.number for post, _ in core.chat.reported] == list(range(1, MAX_POSTS + 1))


async def test_another_log_channel_gets_a_message_of_its_own(core: Core, job: Job) -> None:
    await report(core, job, TOM)
    await settings(core, log_channel_id=OTHER_LOG)
    later(core, seconds=1)
    await report(core, job, MIA)
    assert [post.channel_id for post, _ in core.chat.reported] == [LOG, OTHER_LOG]
    assert core.chat.counted == []


async def interrupted(core: Core, job: Job) -> Core:
    """Return the process after one that ended while its report was on the way."""

    async def end(_: str) -> None:
        core.chat.before = None
        raise asyncio.CancelledError

    core.chat.before = end
    with pytest.raises(asyncio.CancelledError):
        await report(core, job)
    (attempted,) = await stored(core, job)
    assert attempted.attempted_at == NOW
    return core.restarted()


async def test_an_attempt_before_a_stop_is_looked_for_and_not_repeated(
    core: Core, job: Job
) -> None:
    after = await interrupted(core, job)
    standing = Receipt(channel_id=LOG, message_id=MessageId(5))
    after.chat.standing[Purpose.REPORT, LOG] = standing
    await after.report_posts.run_once()
    assert after.chat.reported == []
    assert after.chat.counted == []
    (told,) = await stored(core, job)
    assert told.receipt == standing


async def test_who_reports_after_a_stop_is_counted_in_what_the_attempt_left(
    core: Core, job: Job
) -> None:
    after = await interrupted(core, job)
    standing = Receipt(channel_id=LOG, message_id=MessageId(5))
    after.chat.standing[Purpose.REPORT, LOG] = standing
    assert await report(after, job, MIA) is TOLD
    assert after.chat.reported == []
    assert [receipt for _, receipt in after.chat.counted] == [standing]


@pytest.mark.parametrize("error", [None, MissingAccessError("50001")])
async def test_an_attempt_that_left_nothing_is_repeated_even_where_nobody_can_look(
    core: Core, job: Job, error: DeliveryError | None
) -> None:
    after = await interrupted(core, job)
    if error is not None:
        after.chat.closed["find_message"] = error
    later(after, hours=1)
    await after.report_posts.run_once()
    assert len(after.chat.reported) == 1


async def test_what_is_deleted_before_it_is_told_is_not_shown(core: Core, job: Job) -> None:
    core.chat.refusals["post_report"].append(ChatUnavailableError("503"))
    await report(core, job)
    await core.patch(job, removal_requested_at=NOW)
    later(core, seconds=5)
    await core.report_posts.run_once()
    assert core.chat.reported == []
    (settled,) = await stored(core, job)
    assert settled.due_at is None


async def test_what_an_attempt_left_of_a_deleted_video_is_deleted_too(core: Core, job: Job) -> None:
    after = await interrupted(core, job)
    left = Receipt(channel_id=LOG, message_id=MessageId(5))
    after.chat.standing[Purpose.REPORT, LOG] = left
    await after.patch(job, removal_requested_at=NOW)
    await after.report_posts.run_once()
    assert after.chat.deleted == [left]
    (settled,) = await stored(core, job)
    assert (settled.due_at, settled.receipt) == (None, None)


async def test_a_video_deleted_while_its_report_is_posted_takes_it_along(
    core: Core,
) -> None:
    await settings(core, log_channel_id=LOG)
    job = await another(core)
    erasing: list[asyncio.Task[object]] = []
    moderator = a_requester(user_id=MIA, may_moderate=True)

    async def erase(name: str) -> None:
        if name == "post_report":
            erasing.append(asyncio.ensure_future(core.erasure.forget(job.id, moderator)))
            while not (await core.job(job)).messages.removal_requested_at:  # noqa: ASYNC110
                await asyncio.sleep(0)

    core.chat.before = erase
    assert await report(core, job) is TOLD
    await asyncio.gather(*erasing)
    (told,) = await stored(core, job)
    assert told.receipt in core.chat.deleted


# --- names ------------------------------------------------------------------------------------


async def test_names_of_reporters_go_with_the_jobs_content(core: Core, job: Job) -> None:
    await report(core, job)
    await core.reaper.run_once()
    assert [report.user_name for report in await stored(core, job)] == ["Ada"]
    later(core, seconds=RETENTION.total_seconds() + 1)
    await core.reaper.run_once()
    (kept,) = await stored(core, job)
    assert (kept.user_id, kept.user_name, kept.outcome) == (TOM, "", TOLD)


async def test_moderators_learn_who_is_blocked_already(core: Core, job: Job) -> None:
    moderator = a_requester(user_id=MIA, may_moderate=True)
    assert not (await core.reports.reported(job.id, moderator)).is_blocked
    await core.moderation.block(GUILD, MEMBER, moderator.person)
    assert (await core.reports.reported(job.id, moderator)).is_blocked
