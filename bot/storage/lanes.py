"""Lanes and accounts: how hard the provider may be pressed, and what may go next.

The row that stores a lane's limits is the scheduling lock. In flight is counted, never kept: no
counter can drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import CTE, ColumnElement, Row, Select, and_, func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.catalogue import LaneLimits
from bot.domain.ids import AccountId, GuildId, JobId, UserId
from bot.domain.jobs.fairness import GuildInLine, Waiting
from bot.domain.jobs.pacing import UNCONFIRMED_COUNTS_FOR
from bot.domain.jobs.render_times import RenderProfile
from bot.domain.jobs.states import IN_FLIGHT, JobState
from bot.storage.jobs import ready
from bot.storage.tables import accounts, guilds, jobs, lanes

LONGEST_AGO = 32
"""Guilds whose waiting jobs are looked at first."""

MOST_IDS = 1_000
"""Ids in a statement. SQLite takes 32,766 parameters and PostgreSQL's protocol 32,767; planning
gets slow long before that."""

_Id = TypeVar("_Id", GuildId, tuple[GuildId, UserId])

_NEVER = datetime.min.replace(tzinfo=UTC)


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
    off_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose money and whose tasks."""

    account: AccountId
    api_key_id: str | None
    paused_at: datetime | None
    pause_reason: str | None
    probe_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlightJob:
    """What is asked about a job in flight; a wide lane has many, and each claim reads them all."""

    state: JobState
    footage: RenderProfile
    sent_at: datetime | None
    confirmed_at: datetime | None


async def ensure(
    connection: AsyncConnection, account: AccountId, limits: Iterable[tuple[str, LaneLimits]]
) -> None:
    """Store an account's lanes with the limits of the catalogue; a lane once off is on again.

    Switching on at every start is deliberate: the operator may have bought the model since, and
    one refused create is free.
    """
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    await connection.execute(
        dialect.insert(accounts).values(account=account).on_conflict_do_nothing()
    )
    for model, limit in limits:
        values = {"in_flight": limit.in_flight, "submits_per_second": limit.submits_per_second}
        await connection.execute(
            dialect.insert(lanes)
            .values(account=account, model=model, throttled=0, **values)
            .on_conflict_do_update(
                index_elements=["account", "model"],
                set_={**values, "off_at": None, "off_reason": None},
            )
        )


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
            footage=RenderProfile(
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


def _in_line(account: AccountId, model: str) -> ColumnElement[bool]:
    """A job that will be claimed sooner or later, seen from the line."""
    return and_(
        _of_lane(account, model),
        jobs.c.state == JobState.QUEUED,
        jobs.c.cancel_requested_at.is_(None),
    )


def _waits(
    account: AccountId, model: str, *, now: datetime, oldest: datetime
) -> ColumnElement[bool]:
    """A job may be claimed once its status message stands in the channel, until it is too old.

    After a long stop the reaper may not have ended it yet, and nobody waits for it any more.
    """
    return and_(
        _in_line(account, model),
        jobs.c.status_message_id.is_not(None),
        jobs.c.created_at >= oldest,
        ready(now),
    )


async def next_guild(
    connection: AsyncConnection, account: AccountId, model: str, *, now: datetime, oldest: datetime
) -> GuildId | None:
    """Return the guild whose turn it is: waiting, and least recently served in this lane.

    A long queue has jobs of nearly everybody, so those served longest ago settle it, and a look at
    the waiting jobs of all the others would take most of a claim's time. Where they do not settle
    it, all guilds are looked at: twice into an index each, however long queue and history are.
    """
    # Most looks find nobody: that must not cost a look at every guild there is.
    anybody = select(jobs.c.id).where(_waits(account, model, now=now, oldest=oldest)).limit(1)
    if (await connection.execute(anybody)).first() is None:
        return None
    few = _turns(account, model, now=now, oldest=oldest, most=LONGEST_AGO)
    rows = (await connection.execute(select(few))).all()
    latest = max((row.served_at or _NEVER for row in rows), default=_NEVER)
    # Whoever was served with the last of the few may stand behind somebody left out.
    sure = [
        ((row.served_at or _NEVER), row.first, row.guild_id)
        for row in rows
        if row.first is not None and ((row.served_at or _NEVER) < latest or len(rows) < LONGEST_AGO)
    ]
    if sure or len(rows) < LONGEST_AGO:
        return GuildId(min(sure)[2]) if sure else None
    turn = _turns(account, model, now=now, oldest=oldest, most=None)
    query = (
        select(turn.c.guild_id)
        .where(turn.c.first.is_not(None))
        .order_by(turn.c.served_at.asc().nulls_first(), turn.c.first, turn.c.guild_id)
        .limit(1)
    )
    guild_id = (await connection.execute(query)).scalar_one_or_none()
    return None if guild_id is None else GuildId(guild_id)


def _turns(
    account: AccountId, model: str, *, now: datetime, oldest: datetime, most: int | None
) -> CTE:
    """Guilds served longest ago: when that was, and since when the first claimable job waits."""
    last_sent_at = (
        select(func.max(jobs.c.sent_at))
        .where(
            jobs.c.account == account,
            jobs.c.model == model,
            jobs.c.guild_id == guilds.c.guild_id,
            jobs.c.sent_at.is_not(None),
        )
        .correlate(guilds)
        .scalar_subquery()
        .label("served_at")
    )
    # Materialised: a plain subquery would be looked up again for every use of its columns.
    served = (
        select(guilds.c.guild_id, last_sent_at)
        .order_by(last_sent_at.asc().nulls_first())
        .limit(most)
        .cte("served")
        .prefix_with("MATERIALIZED")
    )
    first_waiting = (
        select(jobs.c.created_at)
        .where(_waits(account, model, now=now, oldest=oldest), jobs.c.guild_id == served.c.guild_id)
        .order_by(jobs.c.created_at)
        .limit(1)
        .correlate(served)
        .scalar_subquery()
        .label("first")
    )
    return select(served, first_waiting).cte("turns").prefix_with("MATERIALIZED")


async def claimable_of(
    connection: AsyncConnection,
    account: AccountId,
    model: str,
    guild_id: GuildId,
    *,
    now: datetime,
    oldest: datetime,
) -> list[Waiting]:
    """Return a guild's jobs that may be claimed next: the oldest claimable one of each member."""
    oldest_first = func.row_number().over(
        partition_by=jobs.c.requester_id, order_by=(jobs.c.created_at, jobs.c.id)
    )
    claimable = (
        select(*_WAITING, oldest_first.label("turn"))
        .where(_waits(account, model, now=now, oldest=oldest), jobs.c.guild_id == guild_id)
        .subquery()
    )
    query = select(claimable).where(claimable.c.turn == 1).order_by(claimable.c.created_at)
    return await _waiting(connection, query)


async def in_line(
    connection: AsyncConnection, account: AccountId, model: str, guild_ids: set[GuildId]
) -> list[Waiting]:
    """Return what waits for the lane in some guilds."""
    waiting = []
    for some in _portions(guild_ids):
        query = select(*_WAITING).where(_in_line(account, model), jobs.c.guild_id.in_(some))
        waiting += await _waiting(connection, query)
    return waiting


async def is_refused(
    connection: AsyncConnection, account: AccountId, model: str, *, now: datetime
) -> bool:
    """Tell whether a job of the lane waits because its create was refused or did not arrive."""
    query = (
        select(jobs.c.id)
        .where(_in_line(account, model), jobs.c.attempts > 0, jobs.c.not_before > now)
        .limit(1)
    )
    return (await connection.execute(query)).first() is not None


async def guilds_in_line(
    connection: AsyncConnection, account: AccountId, model: str
) -> list[GuildInLine]:
    """Return how each guild that waits stands in the line shown to people."""
    query = (
        select(jobs.c.guild_id, func.count(), func.min(jobs.c.created_at))
        .where(_in_line(account, model))
        .group_by(jobs.c.guild_id)
    )
    rows = (await connection.execute(query)).all()
    guild_ids = {GuildId(row[0]) for row in rows}
    served_at = await guilds_served_at(connection, account, model, guild_ids)
    return [
        GuildInLine(
            guild_id=GuildId(guild_id),
            waiting=waiting,
            first_at=first_at,
            served_at=served_at.get(GuildId(guild_id)),
        )
        for guild_id, waiting, first_at in rows
    ]


_WAITING = (jobs.c.id, jobs.c.guild_id, jobs.c.requester_id, jobs.c.created_at)


async def _waiting(connection: AsyncConnection, query: Select[*tuple[Any, ...]]) -> list[Waiting]:
    return [
        Waiting(
            job_id=JobId(row.id),
            guild_id=GuildId(row.guild_id),
            requester_id=UserId(row.requester_id),
            created_at=row.created_at,
        )
        for row in await connection.execute(query)
    ]


async def guilds_served_at(
    connection: AsyncConnection, account: AccountId, model: str, guild_ids: set[GuildId]
) -> dict[GuildId, datetime]:
    """Return when each guild's last job of the lane was submitted."""
    served_at: dict[GuildId, datetime] = {}
    for some in _portions(guild_ids):
        query = (
            select(jobs.c.guild_id, func.max(jobs.c.sent_at))
            .where(
                jobs.c.account == account,
                jobs.c.model == model,
                jobs.c.guild_id.in_(some),
                jobs.c.sent_at.is_not(None),
            )
            .group_by(jobs.c.guild_id)
        )
        served_at |= {GuildId(row[0]): row[1] for row in await connection.execute(query)}
    return served_at


async def members_served_at(
    connection: AsyncConnection, members: set[tuple[GuildId, UserId]]
) -> dict[tuple[GuildId, UserId], datetime]:
    """Return when each member's last job in the guild was submitted."""
    served_at: dict[tuple[GuildId, UserId], datetime] = {}
    for some in _portions(members):
        query = (
            select(jobs.c.guild_id, jobs.c.requester_id, func.max(jobs.c.sent_at))
            .where(
                # As pairs: of two lists SQLite would look every combination up.
                tuple_(jobs.c.guild_id, jobs.c.requester_id).in_(some),
                jobs.c.sent_at.is_not(None),
            )
            .group_by(jobs.c.guild_id, jobs.c.requester_id)
        )
        served_at |= {
            (GuildId(row[0]), UserId(row[1])): row[2] for row in await connection.execute(query)
        }
    return served_at


def _portions(ids: set[_Id]) -> Iterator[list[_Id]]:
    """Split ids, in order, so that no statement has more parameters than an engine takes."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), MOST_IDS):
        yield ordered[start : start + MOST_IDS]


async def account_of(connection: AsyncConnection, account: AccountId) -> Account:
    """Return an account as it stands; one that has never run here is not paused."""
    query = select(accounts).where(accounts.c.account == account)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return Account(
            account=account, api_key_id=None, paused_at=None, pause_reason=None, probe_at=None
        )
    return Account(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name begins so


async def lock_account(connection: AsyncConnection, account: AccountId) -> None:
    """Lock the account's row until the transaction ends: the host's budget is counted under it."""
    await connection.execute(
        select(accounts.c.account).where(accounts.c.account == account).with_for_update()
    )


async def set_account(connection: AsyncConnection, account: AccountId, **values: object) -> None:
    """Change an account's row."""
    await connection.execute(update(accounts).where(accounts.c.account == account).values(**values))


async def _update_lane(connection: AsyncConnection, lane: Lane, **values: object) -> None:
    await connection.execute(
        update(lanes)
        .where(lanes.c.account == lane.account, lanes.c.model == lane.model)
        .values(**values)
    )


def _lane_of(row: Row[*tuple[object, ...]]) -> Lane:
    return Lane(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name begins so
