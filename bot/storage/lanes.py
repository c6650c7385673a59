"""Lanes: how hard the provider may be pressed with each of its models.

The row that stores a lane's limits is the scheduling lock. In flight is counted, never kept: no
counter can drift.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalogue import LaneLimits
from bot.domain.ids import AccountId
from bot.domain.jobs.deadlines import LANE_OFF_FOR, UNCONFIRMED_COUNTS_FOR
from bot.domain.jobs.render_times import RenderProfile
from bot.domain.jobs.states import IN_FLIGHT, JobState
from bot.storage.tables import accounts, jobs, lanes
from bot.storage.upsert import upsert_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One provider model of one account."""

    account: AccountId
    model: str
    in_flight: int
    submits_per_second: float
    next_submit_at: datetime | None
    throttled: int
    """Refusals to take more in a row."""
    off_at: datetime | None
    """When the provider refused the model to the account."""
    off_reason: str | None

    def is_off(self, now: datetime) -> bool:
        """Tell whether nothing is to be submitted; after a while one more is tried."""
        return self.off_at is not None and now < self.off_at + LANE_OFF_FOR


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlightJob:
    """What is asked about a job in flight; a wide lane has many, and each claim reads them all."""

    state: JobState
    profile: RenderProfile
    sent_at: datetime | None
    confirmed_at: datetime | None


async def ensure(
    connection: AsyncConnection, account: AccountId, limits: Iterable[tuple[str, LaneLimits]]
) -> None:
    """Store an account's lanes with the limits of the catalogue; a lane once off is on again.

    Switching on at every start is deliberate: the operator may have bought the model since, and
    one refused create is free.
    """
    rows = [
        (
            {"account": account, "model": model},
            {
                "in_flight": limit.in_flight,
                "submits_per_second": limit.submits_per_second,
                "off_at": None,
                "off_reason": None,
            },
        )
        for model, limit in limits
    ]
    await upsert_all(connection, lanes, rows, at_first={"throttled": 0})


async def get(connection: AsyncConnection, account: AccountId, model: str) -> Lane | None:
    """Return a lane as it stands."""
    query = select(lanes).where(lanes.c.account == account, lanes.c.model == model)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _lane_of(row)


async def lock(connection: AsyncConnection, account: AccountId, model: str) -> Lane | None:
    """Lock a lane's row until the transaction ends."""
    query = (
        select(lanes).where(lanes.c.account == account, lanes.c.model == model).with_for_update()
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _lane_of(row)


async def set_next_submit(
    connection: AsyncConnection, lane: Lane, *, at: datetime, throttled: int
) -> None:
    """Let no create of the lane leave before a moment."""
    await _update_lane(connection, lane, next_submit_at=at, throttled=throttled)


async def defer_until(
    connection: AsyncConnection, account: AccountId, model: str, *, until: datetime
) -> None:
    """Let no create of a lane leave before a moment, unless it waits for longer already."""
    lane = await lock(connection, account, model)
    if lane is not None and (lane.next_submit_at is None or lane.next_submit_at < until):
        await _update_lane(connection, lane, next_submit_at=until)


async def cap_future_waits(connection: AsyncConnection, *, now: datetime, latest: datetime) -> int:
    """Make due what would otherwise wait beyond a moment; return how many waits that were."""
    waits = [
        await connection.execute(update(table).where(column > latest).values({column: now}))
        for table, column in ((lanes, lanes.c.next_submit_at), (accounts, accounts.c.probe_at))
    ]
    return sum(result.rowcount for result in waits)


async def switch_off(connection: AsyncConnection, lane: Lane, *, at: datetime, reason: str) -> None:
    """Stop submitting to a model the account may not use."""
    await _update_lane(connection, lane, off_at=at, off_reason=reason)


async def switch_on(connection: AsyncConnection, lane: Lane) -> None:
    """Submit to a model again."""
    await _update_lane(connection, lane, off_at=None, off_reason=None)


async def in_flight(
    connection: AsyncConnection, account: AccountId, model: str, *, now: datetime
) -> list[InFlightJob]:
    """Return the jobs that occupy, or may occupy, a place of the lane."""
    query = select(
        *(jobs.c.state, jobs.c.sent_at, jobs.c.confirmed_at),
        *(jobs.c.model, jobs.c.resolution, jobs.c.duration_seconds),
    ).where(_of_lane(account, model), _occupies(now))
    return [
        InFlightJob(
            state=row.state,
            profile=RenderProfile(
                model=row.model, resolution=row.resolution, duration_seconds=row.duration_seconds
            ),
            sent_at=row.sent_at,
            confirmed_at=row.confirmed_at,
        )
        for row in await connection.execute(query)
    ]


def _of_lane(account: AccountId, model: str) -> ColumnElement[bool]:
    """A job of the lane that is not over: the condition of the lane's index, word for word."""
    return and_(jobs.c.account == account, jobs.c.model == model, jobs.c.finished_at.is_(None))


def _occupies(now: datetime) -> ColumnElement[bool]:
    """A job whose create nobody saw answered counts until its task must be over."""
    may_run = jobs.c.sent_at > now - UNCONFIRMED_COUNTS_FOR
    return and_(
        # Said once more as one list, so that SQLite reads these states and not the whole queue.
        jobs.c.state.in_(IN_FLIGHT | {JobState.PARKED}),
        or_(
            jobs.c.state.in_((JobState.SUBMITTING, JobState.PENDING, JobState.RUNNING)),
            and_(jobs.c.state == JobState.UNCONFIRMED, may_run),
            # Requeued or broken jobs whose task may still run at the provider.
            and_(jobs.c.state == JobState.PARKED, jobs.c.parked_from.in_(IN_FLIGHT), may_run),
        ),
    )


async def _update_lane(connection: AsyncConnection, lane: Lane, **values: object) -> None:
    await connection.execute(
        update(lanes)
        .where(lanes.c.account == lane.account, lanes.c.model == lane.model)
        .values(**values)
    )


def _lane_of(row: Row[*tuple[object, ...]]) -> Lane:
    return Lane(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name begins so
