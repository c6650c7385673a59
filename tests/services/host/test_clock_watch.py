"""The time of day is set back or forward: what waits by it waits no longer than it should."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bot.domain.errors import ChatUnavailableError, ConfigurationError, DatabaseUnavailableError
from bot.domain.guilds.audit import Action, WordChange
from bot.domain.guilds.settings import Guild
from bot.domain.host.account import AccountStatus
from bot.domain.ids import ChannelId, JobId, UserId
from bot.domain.jobs.deadlines import LONGEST_WAIT
from bot.domain.jobs.job import Job, JobUpdateKind
from bot.domain.jobs.states import JobState, Owner
from bot.domain.people import Person
from bot.services.guilds.membership import FORGET_EVERY_SECONDS, SETTINGS_KEPT, GuildMembership
from bot.services.host.clock_watch import STEP_SECONDS, ClockStepWatch
from bot.services.host.process_lease import PROCESS_LEASE, ProcessLease
from bot.services.stages.reaper import STRAY_AFTER
from bot.storage import accounts, departures, guilds, lanes
from tests.fakes import ACCOUNT, GUILD, MODEL, NOW
from tests.services.core import Core
from tests.services.set_clock import SetClock

HOUR, YEAR = timedelta(hours=1), timedelta(days=365)
BACK = pytest.mark.parametrize("step", [HOUR, YEAR], ids=["an hour back", "a year back"])
SOON = timedelta(minutes=1)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def keeping(core: Core, clock: SetClock) -> ClockStepWatch:
    return ClockStepWatch(core.database, clock)


async def _events(keeping: ClockStepWatch) -> list[str]:
    """Let it look once; return what it logged."""
    with capture_logs() as logs:
        await keeping.run_once()
    return [line["event"] for line in logs]


# --- what is stored -----------------------------------------------------------------------------


Put = Callable[[Core, datetime], Awaitable[object]]
IsDone = Callable[[Core], Awaitable[bool]]


async def _put_poll(core: Core, due_at: datetime) -> None:
    await core.put(JobState.PENDING, next_poll_at=due_at)


async def _is_polled(core: Core) -> bool:
    await core.poller.run_once()
    return len(core.provider.asked) == 1


async def _put_create(core: Core, due_at: datetime) -> None:
    await core.put(not_before=due_at)


async def _put_slow_lane(core: Core, due_at: datetime) -> None:
    await core.put()
    lane = await core.lane()
    async with core.database.write() as connection:
        await lanes.set_next_submit(connection, lane, at=due_at, throttled=3)


async def _is_sent(core: Core) -> bool:
    await core.dispatcher.run_once(MODEL)
    return len(core.provider.creates) == 1


async def _put_download(core: Core, due_at: datetime) -> None:
    await core.put(JobState.DOWNLOADING, not_before=due_at)


async def _is_fetched(core: Core) -> bool:
    await core.downloader.run_once()
    return len(core.provider.downloaded) == 1


async def _put_pause(core: Core, due_at: datetime) -> None:
    async with core.database.write() as connection:
        await accounts.change(
            connection, ACCOUNT, status=AccountStatus.PAUSED, paused_at=NOW, probe_at=due_at
        )


async def _is_probed(core: Core) -> bool:
    await core.account_pause.probe(ACCOUNT, MODEL)
    return core.provider.lists == 1


WORK = pytest.mark.parametrize(
    ("put", "is_done"),
    [
        pytest.param(_put_poll, _is_polled, id="a poll"),
        pytest.param(_put_create, _is_sent, id="a create"),
        pytest.param(_put_slow_lane, _is_sent, id="a slow lane"),
        pytest.param(_put_download, _is_fetched, id="a download"),
        pytest.param(_put_pause, _is_probed, id="a paused account"),
    ],
)


async def _is_done_after(
    step: timedelta, core: Core, clock: SetClock, put: Put, is_done: IsDone
) -> bool:
    """Put work off by a minute, set the clock, and tell whether the work is done at once."""
    keeping = ClockStepWatch(core.database, clock)
    await put(core, NOW + SOON)
    await keeping.run_once()
    assert not await is_done(core)
    clock.set_by(step)
    await keeping.run_once()
    return await is_done(core)


@WORK
@BACK
async def test_work_put_off_before_a_step_back_is_done_at_once(
    core: Core, clock: SetClock, step: timedelta, put: Put, is_done: IsDone
) -> None:
    assert await _is_done_after(-step, core, clock, put, is_done)


@WORK
async def test_work_put_off_is_not_hastened_by_a_small_step_back(
    core: Core, clock: SetClock, put: Put, is_done: IsDone
) -> None:
    step = timedelta(seconds=-2 * STEP_SECONDS)
    assert not await _is_done_after(step, core, clock, put, is_done)


@WORK
async def test_work_put_off_is_due_by_the_new_time_after_a_step_forward(
    core: Core, clock: SetClock, put: Put, is_done: IsDone
) -> None:
    assert await _is_done_after(HOUR, core, clock, put, is_done)


@BACK
async def test_clock_set_back_while_no_process_ran_is_noticed_at_the_start(
    core: Core, clock: SetClock, keeping: ClockStepWatch, step: timedelta
) -> None:
    job = await core.put(not_before=NOW + SOON)
    clock.set_by(-step)
    assert await _events(keeping) == ["long_waits_ended"]
    await core.dispatcher.run_once(MODEL)
    assert await core.state(job) is JobState.PENDING


async def test_waits_within_reason_outlive_a_start(core: Core, keeping: ClockStepWatch) -> None:
    job = await core.put(not_before=NOW + LONGEST_WAIT)
    assert await _events(keeping) == []
    assert (await core.job(job)).lease.not_before == NOW + LONGEST_WAIT


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (timedelta(seconds=-STEP_SECONDS), ["clock_stepped"]),
        (timedelta(seconds=STEP_SECONDS), ["clock_stepped"]),
        (timedelta(seconds=1 - STEP_SECONDS), []),
        (timedelta(0), []),
    ],
)
async def test_a_step_is_logged_once_and_a_drift_is_not(
    clock: SetClock, keeping: ClockStepWatch, step: timedelta, said: list[str]
) -> None:
    assert await _events(keeping) == []
    clock.set_by(step)
    clock.advance(hours=2)
    assert await _events(keeping) == said
    assert await _events(keeping) == []


async def test_database_that_was_away_during_the_look_is_asked_at_the_next(
    core: Core, clock: SetClock, keeping: ClockStepWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await core.put(not_before=NOW + SOON)
    clock.set_by(-HOUR)
    monkeypatch.setattr(core.database, "write", _refuse)
    with pytest.raises(DatabaseUnavailableError):
        await keeping.run_once()
    monkeypatch.undo()
    assert await _events(keeping) == ["long_waits_ended"]
    assert (await core.job(job)).lease.not_before == clock.now()


def _refuse() -> None:
    raise DatabaseUnavailableError("locked")


# --- leases -------------------------------------------------------------------------------------


@BACK
async def test_lease_of_a_create_under_way_is_not_ended_by_a_step_back(
    core: Core, clock: SetClock, keeping: ClockStepWatch, step: timedelta
) -> None:
    job = await core.put()

    async def set_back() -> None:
        await keeping.run_once()
        clock.set_by(-step)
        await keeping.run_once()
        await core.reaper.run_once()
        assert await core.state(job) is JobState.SUBMITTING

    core.provider.during_create = set_back
    await keeping.run_once()
    await core.dispatcher.run_once(MODEL)
    assert await core.state(job) is JobState.PENDING
    assert len(core.provider.creates) == 1


@pytest.mark.parametrize("step", [-YEAR, -HOUR, HOUR, YEAR], ids=str)
async def test_process_whose_clock_is_set_keeps_its_database(
    core: Core, clock: SetClock, step: timedelta
) -> None:
    first, second = core.process_lease, ProcessLease(core.database, clock)
    await first.acquire()
    clock.set_by(step)
    await first.run_once()
    sleep = clock.sleep

    async def renewing(seconds: float) -> None:
        clock.set_by(-step)
        await sleep(seconds)
        await first.run_once()

    clock.sleep = renewing  # type: ignore[method-assign]
    with pytest.raises(ConfigurationError):
        await second.acquire()
    clock.sleep = sleep  # type: ignore[method-assign]
    await first.run_once()


@pytest.mark.parametrize("step", [-YEAR, YEAR], ids=str)
async def test_dead_process_is_replaced_in_time_though_the_clock_was_set(
    core: Core, clock: SetClock, step: timedelta
) -> None:
    dead = ProcessLease(core.database, clock)
    dead._host = "elsewhere"
    await dead.acquire()
    clock.set_by(step)
    await core.process_lease.acquire()
    assert PROCESS_LEASE.total_seconds() <= clock.monotonic() <= PROCESS_LEASE.total_seconds() + 10


# --- what is held in memory ---------------------------------------------------------------------


async def _late(core: Core, job: Job) -> None:
    await core.writer.update_visible(
        await core.job(job),
        owner=Owner.POLLER,
        name=JobUpdateKind.TASK_LATE,
        changes={"late_at": core.clock.now()},
    )


async def _board_for(core: Core, *, seconds: float) -> None:
    until = core.clock.monotonic() + seconds
    while core.clock.monotonic() < until:
        core.clock.advance(seconds=max(await core.status_updater.run_once(), 0.05))


@BACK
async def test_status_message_just_edited_is_edited_again_in_time(
    core: Core, clock: SetClock, step: timedelta
) -> None:
    job = await core.put(JobState.RUNNING)
    await _late(core, job)
    await core.status_updater.run_once()
    clock.set_by(-step)
    await core.patch(job, shown_digest=None, shown_version=1)
    await _board_for(core, seconds=20)
    assert core.chat.names(job.id) == ["edit_status"] * 2


@BACK
async def test_message_discord_would_not_take_is_tried_again_in_time(
    core: Core, clock: SetClock, step: timedelta
) -> None:
    job = await core.put(JobState.RUNNING)
    await _late(core, job)
    core.chat.refusals["edit_status"].append(ChatUnavailableError("503"))
    await core.status_updater.run_once()
    clock.set_by(-step)
    await _board_for(core, seconds=20)
    assert core.chat.names(job.id) == ["edit_status"]


@BACK
async def test_places_in_line_are_looked_up_again_in_time(
    core: Core, clock: SetClock, step: timedelta
) -> None:
    jobs = [await core.put() for _ in range(3)]
    for job in jobs:
        await core.patch(job, shown_digest=core.chat.draw(await core.estimates.view(job)).digest)
    await core.status_updater.run_once()
    clock.set_by(-step)
    await core.dispatcher.run_once(MODEL)
    await _board_for(core, seconds=60)
    assert set(core.chat.names(jobs[2].id)) == {"edit_status"}


@BACK
async def test_log_channel_out_of_reach_is_tried_again_in_time(
    core: Core, clock: SetClock, step: timedelta
) -> None:
    guild = Guild(guild_id=GUILD, log_channel_id=ChannelId(700))
    async with core.database.write() as connection:
        actor = Person(user_id=UserId(9), name="mo")
        change = WordChange(action=Action.WORD_ADDED, word="fox")
        await core.audit_log.record(connection, guild, actor, change)
    core.chat.refusals["tell_log_channel"].append(ChatUnavailableError("503"))
    await core.log_channels.run_once()
    clock.set_by(-step)
    clock.advance(seconds=10)
    assert [entry.change for _, entry in await core.logged()] == [change]


@BACK
async def test_stray_folders_are_swept_in_time(
    core: Core, clock: SetClock, step: timedelta
) -> None:
    await core.reaper.run_once()
    clock.set_by(-step)
    clock.advance(seconds=STRAY_AFTER.total_seconds())
    stray = core.folder_of(JobId("STRAY1"))
    stray.mkdir(parents=True)
    picture = stray / "first_frame.jpg"
    picture.write_bytes(b"a fox")
    long_ago = clock.now().timestamp() - 2 * STRAY_AFTER.total_seconds()
    for path in (picture, stray):
        os.utime(path, (long_ago, long_ago))
    await core.reaper.run_once()
    assert not stray.exists()


@BACK
async def test_settings_of_a_guild_left_long_ago_are_erased_in_time(
    core: Core, clock: SetClock, step: timedelta
) -> None:
    follower = GuildMembership(
        database=core.database,
        clock=core.clock,
        writer=core.writer,
        present=lambda: None,
        is_member=lambda _: pytest.fail("nobody is to be asked"),
        allowed_guilds=(),
    )
    await follower.run_once()
    clock.set_by(-step)
    clock.advance(seconds=FORGET_EVERY_SECONDS)
    async with core.database.write() as connection:
        await guilds.ensure(connection, GUILD)
        await guilds.change(connection, GUILD, log_channel_id=ChannelId(700))
        left_at = clock.now() - SETTINGS_KEPT - SOON
        await departures.mark(connection, [GUILD], left_at)
    await follower.run_once()
    async with core.database.read() as connection:
        assert (await guilds.get(connection, GUILD)).log_channel_id is None


# --- a create nobody saw answered ---------------------------------------------------------------


@pytest.mark.parametrize("minutes", [-45, -20, 20, 45])
async def test_task_born_by_another_time_than_ours_is_not_bought_again(
    core: Core, clock: SetClock, minutes: float
) -> None:
    """Nothing in the list shows yet that the clock was set: the newest task we know is older."""
    for number in range(12):
        # One every five minutes: some task of ours is near any moment the clock may show.
        born_at = NOW - timedelta(minutes=5 * number)
        known = {"sent_at": born_at, "confirmed_at": born_at + timedelta(seconds=1)}
        await core.put(JobState.DELIVERED, task_id=f"known-{number}", finished_at=born_at, **known)
        core.provider.list_task(f"known-{number}", at=born_at)
    clock.set_by(timedelta(minutes=minutes))
    clock.advance(minutes=1)
    job = await core.put(JobState.UNCONFIRMED, sent_at=clock.now(), create_abandoned_at=clock.now())
    core.provider.list_task("the job's", at=NOW + timedelta(minutes=1))
    for _ in range(4):
        clock.advance(minutes=10)
        await core.reconciler.run_once()
        assert await core.state(job) is JobState.UNCONFIRMED
    assert core.told() == ["job_unconfirmed"]
    assert "the job's" in core.chat.alerts[0].facts["tasks"]
