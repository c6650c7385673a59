"""How long tasks took: a sliding sample for each footage, on both engines."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.domain.ids import AccountId
from bot.domain.jobs.render_times import MOST_SAMPLES, RenderProfile, render_profile_of
from bot.domain.jobs.states import JobState
from bot.domain.jobs.transitions import open_job
from bot.storage import jobs, render_times
from bot.storage.engine import Database
from bot.storage.tables import render_times as table
from tests.fakes import ACCOUNT, MODEL, NOW, SLOW_MODEL, a_job

FOOTAGE = RenderProfile(model=MODEL, resolution="720P", duration_seconds=5)


async def _learn(database: Database, footage: RenderProfile, *seconds: float) -> None:
    for of_one in seconds:
        async with database.write() as connection:
            await render_times.add(connection, footage, seconds=of_one, at=NOW)


async def _known(database: Database, *models: str) -> dict[RenderProfile, tuple[float, ...]]:
    async with database.read() as connection:
        return await render_times.of_models(connection, models)


async def test_times_are_kept_for_each_footage_oldest_first(database: Database) -> None:
    others = [
        RenderProfile(model=MODEL, resolution="480P", duration_seconds=5),
        RenderProfile(model=MODEL, resolution="720P", duration_seconds=10),
        RenderProfile(model=SLOW_MODEL, resolution="720P", duration_seconds=5),
    ]
    await _learn(database, FOOTAGE, 90.5, 60, 75.25)
    for number, footage in enumerate(others):
        await _learn(database, footage, number + 1)
    assert await _known(database, MODEL) == {
        FOOTAGE: (90.5, 60, 75.25),
        others[0]: (1,),
        others[1]: (2,),
    }
    assert await _known(database, MODEL, SLOW_MODEL) == {
        FOOTAGE: (90.5, 60, 75.25),
        others[0]: (1,),
        others[1]: (2,),
        others[2]: (3,),
    }
    assert await _known(database) == {}


async def test_oldest_times_make_room_and_all_are_counted(database: Database) -> None:
    many = [float(number) for number in range(MOST_SAMPLES + 6)]
    await _learn(database, FOOTAGE, *many[:-1])
    later = NOW + timedelta(hours=1)
    async with database.write() as connection:
        await render_times.add(connection, FOOTAGE, seconds=many[-1], at=later)
        row = (await connection.execute(select(table))).one()
    assert await _known(database, MODEL) == {FOOTAGE: tuple(many[6:])}
    assert (row.learnt, row.updated_at) == (len(many), later)


async def test_two_successes_at_once_are_both_learnt(database: Database) -> None:
    await asyncio.gather(*(_learn(database, FOOTAGE, seconds) for seconds in range(1, 9)))
    assert sorted((await _known(database, MODEL))[FOOTAGE]) == list(range(1, 9))


async def test_nothing_is_learnt_from_a_step_that_was_taken_back(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await render_times.add(connection, FOOTAGE, seconds=90, at=NOW)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await _known(database, MODEL) == {}


async def test_footage_in_line_is_that_of_the_waiting_jobs_of_the_lane(database: Database) -> None:
    waiting = a_job(resolution="480P", duration_seconds=10)
    alike = a_job(resolution="480P", duration_seconds=10)
    others = [
        a_job(state=JobState.RUNNING),
        a_job(model=SLOW_MODEL),
        a_job(account=AccountId("another")),
    ]
    async with database.write() as connection:
        for job in (waiting, alike, *others):
            await jobs.apply(connection, open_job(job))
        found = await render_times.profiles_in_line(connection, ACCOUNT, MODEL)
    assert found == {render_profile_of(waiting): 2}


@pytest.mark.parametrize("damaged", [None, "x", {"a": 1}, ["a", None, True], [-1, 0, 1e9], []])
async def test_damaged_row_is_read_as_far_as_it_can_be(database: Database, damaged: object) -> None:
    async with database.write() as connection:
        await render_times.add(connection, FOOTAGE, seconds=90, at=NOW)
        await connection.execute(update(table).values(recent_seconds=damaged))
    assert await _known(database, MODEL) == {FOOTAGE: ()}
    async with database.write() as connection:
        await render_times.add(connection, FOOTAGE, seconds=70, at=NOW)
    assert await _known(database, MODEL) == {FOOTAGE: (70,)}
