"""Lanes and accounts: their limits, and what occupies a place."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.catalogue import LaneLimits
from bot.domain.ids import JobId
from bot.domain.jobs.states import JobState
from bot.domain.jobs.transitions import open_job
from bot.storage import accounts, guilds, jobs, lanes
from bot.storage.engine import Database
from tests.fakes import ACCOUNT, MODEL, NOW, SLOW_MODEL, a_job

LIMITS = LaneLimits(in_flight=2, submits_per_second=2)


async def _put(database: Database, **changes: object) -> JobId:
    job = a_job(**changes)
    async with database.write() as connection:
        await guilds.ensure(connection, job.guild_id)
        await jobs.apply(connection, open_job(job))
    return job.id


async def test_start_stores_the_limits_and_keeps_what_was_learnt(database: Database) -> None:
    async with database.write() as connection:
        await accounts.ensure(connection, ACCOUNT)
        await lanes.ensure(connection, ACCOUNT, [(MODEL, LIMITS)])
        lane = await lanes.lock(connection, ACCOUNT, MODEL)
        assert lane is not None
        await lanes.set_next_submit(connection, lane, at=NOW, throttled=3)
        await lanes.switch_off(connection, lane, at=NOW, reason="no access")
        await accounts.change(connection, ACCOUNT, api_key_id="15001", paused_at=NOW)
        wider = LaneLimits(in_flight=5, submits_per_second=1.5)
        await lanes.ensure(connection, ACCOUNT, [(MODEL, wider), (SLOW_MODEL, LIMITS)])
        changed = await lanes.get(connection, ACCOUNT, MODEL)
        assert await lanes.get(connection, ACCOUNT, SLOW_MODEL) is not None
        account = await accounts.get(connection, ACCOUNT)
    assert changed is not None
    assert (changed.in_flight, changed.submits_per_second) == (5, 1.5)
    assert (changed.next_submit_at, changed.throttled, changed.off_at) == (NOW, 3, None)
    assert (account.api_key_id, account.paused_at) == ("15001", NOW)


async def test_lane_that_is_not_stored_is_none(database: Database) -> None:
    async with database.read() as connection:
        assert await lanes.lock(connection, ACCOUNT, MODEL) is None
        assert await lanes.get(connection, ACCOUNT, MODEL) is None


SOON, LONG_AGO = NOW - timedelta(hours=3), NOW - timedelta(hours=3, minutes=11)


@pytest.mark.parametrize(
    ("occupies", "changes"),
    [
        (True, {"state": JobState.SUBMITTING}),
        (True, {"state": JobState.PENDING}),
        (True, {"state": JobState.RUNNING, "sent_at": LONG_AGO}),
        (True, {"state": JobState.UNCONFIRMED, "sent_at": SOON}),
        (False, {"state": JobState.UNCONFIRMED, "sent_at": LONG_AGO}),
        (True, {"state": JobState.PARKED, "parked_from": JobState.RUNNING, "sent_at": SOON}),
        (False, {"state": JobState.PARKED, "parked_from": JobState.RUNNING, "sent_at": LONG_AGO}),
        (False, {"state": JobState.PARKED, "parked_from": JobState.DELIVERING, "sent_at": SOON}),
        (False, {"state": JobState.PARKED, "parked_from": JobState.SUBMITTING}),
        (False, {"state": JobState.QUEUED}),
        (False, {"state": JobState.DOWNLOADING}),
        (False, {"state": JobState.RUNNING, "model": SLOW_MODEL}),
    ],
)
async def test_place_is_occupied_while_a_task_may_run(
    database: Database, *, occupies: bool, changes: dict[str, object]
) -> None:
    await _put(database, **changes)
    async with database.read() as connection:
        occupied = await lanes.in_flight(connection, ACCOUNT, MODEL, now=NOW)
    assert bool(occupied) is occupies
