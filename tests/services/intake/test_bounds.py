"""What nobody in a server can get around: the host's word, a block, a departure that was none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.failure import FailureReason
from bot.domain.guilds.denials import (
    QuotaExceededError,
    TooManyAttemptsError,
    TooManyContentRefusalsError,
)
from bot.domain.guilds.quota import Rule, Scope, Unit, Window, window_span
from bot.domain.ids import InteractionId, UserId
from bot.domain.jobs.states import JobState, Owner
from bot.domain.people import Person
from bot.services.intake.quotas import QuotaDefaults
from bot.storage import guilds
from tests.fakes import GUILD, NOW, a_submission
from tests.services.core import Core
from tests.services.guilds.test_membership import Discord, following

ADMIN = Person(user_id=UserId(9), name="admin")
CEILING = Rule(scope=Scope.CEILING, unit=Unit.VIDEOS, window=Window.DAY, limit=5)


async def test_ceiling_does_not_begin_anew_with_another_time_zone(core: Core) -> None:
    core.quotas._defaults = QuotaDefaults(
        rules=(CEILING,),
        daily_budget_micros=0,
        max_queued_per_member=1000,
        max_queued_per_guild=1000,
    )
    zones = sorted(await core.guild_settings.time_zones())
    made = 0
    for _ in range(24):
        now = core.clock.now()
        youngest = max(zones, key=lambda zone: window_span(Window.DAY, now, ZoneInfo(zone)).start)
        await core.guild_settings.set_time_zone(GUILD, ADMIN, youngest)
        for _ in range(5):
            submission = a_submission()
            origin = replace(submission.origin, interaction_id=InteractionId(10_000 + made))
            try:
                await core.submit(replace(submission, origin=origin))
            except QuotaExceededError:
                break
            made += 1
        core.clock.advance(seconds=3600)
    # 24 hours touch two days of UTC.
    assert made <= 2 * CEILING.limit


async def test_guild_that_is_back_keeps_its_jobs_while_the_gateway_is_unwell(core: Core) -> None:
    async with core.database.write() as connection:
        await guilds.lock(connection, GUILD)
        await guilds.change(connection, GUILD, left_at=NOW - timedelta(days=1))
    job = await core.submit(a_submission())
    await following(core, Discord(named=None, members={GUILD})).run_once()
    assert await core.state(job) is JobState.QUEUED


# --- attempts --------------------------------------------------------------------------------

VIDEOS_A_DAY = Rule(scope=Scope.MEMBER_DEFAULT, unit=Unit.VIDEOS, window=Window.DAY, limit=2)


@pytest.fixture
async def bounded(core: Core) -> Core:
    core.quotas._defaults = replace(core.quotas._defaults, rules=(VIDEOS_A_DAY,))
    return core


async def test_what_is_cancelled_again_and_again_is_bounded_by_the_rule_for_videos(
    bounded: Core,
) -> None:
    for _ in range(10):
        job = await bounded.submit(a_submission())
        await bounded.writer.advance(job, JobState.CANCELLED, owner=Owner.REAPER)
    with pytest.raises(TooManyAttemptsError) as caught:
        await bounded.submit(a_submission())
    assert (caught.value.limit, caught.value.window) == (10, Window.DAY)
    assert caught.value.resets_at == datetime(2026, 5, 7, tzinfo=UTC)
    await bounded.submit(a_submission(requester_id=UserId(4711)))
    bounded.clock.advance(seconds=24 * 3600)
    await bounded.submit(a_submission())


async def test_ten_refusals_of_the_content_check_are_enough_for_a_day(core: Core) -> None:
    for _ in range(10):
        job = await core.submit(a_submission())
        await core.patch(
            job,
            state=JobState.FAILED,
            failure_reason=FailureReason.CONTENT_INPUT,
            finished_at=core.clock.now(),
        )
    with pytest.raises(TooManyContentRefusalsError):
        await core.submit(a_submission())
    await core.submit(a_submission(requester_id=UserId(4711)))
    core.clock.advance(seconds=24 * 3600)
    await core.submit(a_submission())
