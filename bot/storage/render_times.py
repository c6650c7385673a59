"""How long the newest tasks of each profile took: a sliding sample, without whose they were."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.ids import AccountId
from bot.domain.jobs.deadlines import UNCONFIRMED_DEADLINE
from bot.domain.jobs.render_times import MOST_SAMPLES, RenderProfile
from bot.domain.jobs.states import JobState
from bot.storage.tables import jobs, render_times
from bot.storage.upsert import insert_unless_there


async def add(
    connection: AsyncConnection, profile: RenderProfile, *, seconds: float, at: datetime
) -> None:
    """Remember how long one more task took; the oldest of many is forgotten."""
    key = {
        "model": profile.model,
        "resolution": profile.resolution,
        "duration_seconds": profile.duration_seconds,
    }
    empty = {"recent_seconds": [], "learnt": 0, "updated_at": at}
    await insert_unless_there(connection, render_times, key | empty)
    is_it = [render_times.c[name] == value for name, value in key.items()]
    query = select(render_times.c.recent_seconds).where(*is_it).with_for_update()
    recent = _readable((await connection.execute(query)).scalar_one())
    await connection.execute(
        update(render_times)
        .where(*is_it)
        .values(
            recent_seconds=[*recent, seconds][-MOST_SAMPLES:],
            learnt=render_times.c.learnt + 1,
            updated_at=at,
        )
    )


async def of_models(
    connection: AsyncConnection, models: Collection[str]
) -> dict[RenderProfile, tuple[float, ...]]:
    """Return the newest render times in seconds of all profile of some models, oldest first."""
    query = select(
        render_times.c.model,
        render_times.c.resolution,
        render_times.c.duration_seconds,
        render_times.c.recent_seconds,
    ).where(render_times.c.model.in_(models))
    return {
        RenderProfile(
            model=row.model, resolution=row.resolution, duration_seconds=row.duration_seconds
        ): _readable(row.recent_seconds)
        for row in await connection.execute(query)
    }


def _readable(stored: object) -> tuple[float, ...]:
    """Return what can be used of a row: a damaged one must not keep tasks from being polled."""
    if not isinstance(stored, list):
        return ()
    longest = UNCONFIRMED_DEADLINE.total_seconds()
    return tuple(
        float(sample)
        for sample in stored
        if isinstance(sample, int | float)
        and not isinstance(sample, bool)
        and 0 < sample <= longest
    )


async def profiles_in_line(
    connection: AsyncConnection, account: AccountId, model: str
) -> dict[RenderProfile, int]:
    """Return what the waiting jobs of a lane will have made, and how many of them each."""
    query = (
        select(jobs.c.resolution, jobs.c.duration_seconds, func.count())
        .where(
            jobs.c.account == account,
            jobs.c.model == model,
            jobs.c.state == JobState.QUEUED,
            jobs.c.finished_at.is_(None),
        )
        .group_by(jobs.c.resolution, jobs.c.duration_seconds)
    )
    return {
        RenderProfile(model=model, resolution=resolution, duration_seconds=seconds): count
        for resolution, seconds, count in await connection.execute(query)
    }
