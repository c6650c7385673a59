"""Where a waiting job stands and when a job should be done, from what really happened before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.catalogue import Catalogue
from bot.domain.fairness import Waiting, in_order
from bot.domain.ids import AccountId, JobId
from bot.domain.job import POLLED, Job, JobState
from bot.domain.making_time import TYPICAL_SECONDS, Footage, MakingTime, footage_of
from bot.domain.pacing import (
    UNCONFIRMED_COUNTS_FOR,
    Estimate,
    Promise,
    estimate,
    finish_times,
    on_grid,
)
from bot.domain.ports import Clock
from bot.domain.status import StatusView
from bot.storage import lanes, making_times
from bot.storage.engine import Connection, Database

LINE_GRID = timedelta(seconds=30)
"""Times of waiting jobs are shown on this grid: people read minutes, and each change is an edit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """How long tasks take, as read at one moment."""

    catalogue: Catalogue
    recent: Mapping[Footage, tuple[float, ...]]
    """Newest making times in seconds, oldest first."""

    def of(self, footage: Footage) -> MakingTime:
        """Return what is known about one footage."""
        model = self.catalogue.get(footage.model)
        return MakingTime(
            typical_seconds=model.typical_seconds if model else TYPICAL_SECONDS,
            recent_seconds=self.recent.get(footage, ()),
        )


async def known_times(
    connection: Connection, catalogue: Catalogue, models: Collection[str]
) -> Knowledge:
    """Return what is known about some models."""
    return Knowledge(catalogue=catalogue, recent=await making_times.of_models(connection, models))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One lane's waiting jobs in the order they will be claimed."""

    positions: dict[JobId, int]
    """From 1."""
    estimates: dict[JobId, Estimate]


class Estimates:
    """Draws views of jobs."""

    def __init__(
        self, database: Database, clock: Clock, catalogue: Catalogue, account: AccountId
    ) -> None:
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._account = account

    async def view(self, job: Job) -> StatusView:
        """Return a job with its position and estimate."""
        return (await self.views([job]))[0]

    async def views(self, several: list[Job]) -> list[StatusView]:
        """Return jobs with their positions and estimates; each lane is read once."""
        async with self._database.read() as connection:
            pause = await self._pause(connection)
            known = await self._known(connection, {job.model for job in several})
            lines = {
                model: await self._line(connection, model, known)
                for model in {job.model for job in several if job.state is JobState.QUEUED}
            }
        return [self._view(job, lines, known, pause) for job in several]

    async def line(self, model: str) -> Line:
        """Return a lane's line."""
        async with self._database.read() as connection:
            return await self._line(connection, model, await self._known(connection, {model}))

    async def pause(self) -> str | None:
        """Return why nothing is submitted at present."""
        async with self._database.read() as connection:
            return await self._pause(connection)

    async def _pause(self, connection: Connection) -> str | None:
        account = await lanes.account_of(connection, self._account)
        return "account" if account.paused_at is not None else None

    async def _known(self, connection: Connection, models: Collection[str]) -> Knowledge:
        return await known_times(connection, self._catalogue, models)

    def _view(
        self, job: Job, lines: dict[str, Line], known: Knowledge, pause: str | None
    ) -> StatusView:
        if job.state is JobState.QUEUED:
            line = lines[job.model]
            return StatusView(
                job=job,
                position=line.positions.get(job.id),
                estimate=None if pause else line.estimates.get(job.id),
                pause=pause,
            )
        if job.state in POLLED and job.confirmed_at is not None and job.late_at is None:
            age_seconds = (self._clock.now() - job.confirmed_at).total_seconds()
            promise = known.of(footage_of(job)).promise(age_seconds=age_seconds)
            return StatusView(job=job, estimate=estimate(promise, since=job.confirmed_at))
        return StatusView(job=job)

    async def _line(self, connection: Connection, model: str, known: Knowledge) -> Line:
        now = self._clock.now()
        waiting = await lanes.in_line(connection, self._account, model)
        ordered = await in_turn(connection, self._account, model, waiting)
        occupied = await lanes.in_flight(connection, self._account, model, now=now)
        wanted = await making_times.footage_in_line(connection, self._account, model)
        # Who was claimed between the two readings is not in line any more.
        ordered = [job for job in ordered if job.job_id in wanted]
        promises = {footage: known.of(footage).promise() for footage in set(wanted.values())}
        lane = self._catalogue.get(model)
        promised = finish_times(
            busy=[_left(job, known, now=now) for job in occupied],
            in_flight=lane.limits.in_flight if lane else 1,
            waiting=[promises[wanted[job.job_id]] for job in ordered],
        )
        return Line(
            positions={job.job_id: place for place, job in enumerate(ordered, start=1)},
            estimates={
                job.job_id: _steady(estimate(promise, since=now))
                for job, promise in zip(ordered, promised, strict=True)
            },
        )


def _steady(line_estimate: Estimate) -> Estimate:
    return replace(line_estimate, done_at=on_grid(line_estimate.done_at, LINE_GRID))


def _left(job: lanes.Occupant, known: Knowledge, *, now: datetime) -> Promise:
    """Return how long a job will go on to occupy its place; an unseen task does so for longer."""
    if job.state not in POLLED and job.state is not JobState.SUBMITTING and job.sent_at:
        unseen_seconds = (job.sent_at + UNCONFIRMED_COUNTS_FOR - now).total_seconds()
        return Promise(done_seconds=unseen_seconds, late_seconds=unseen_seconds, samples=0)
    since = job.confirmed_at or job.sent_at or now
    age_seconds = (now - since).total_seconds()
    promise = known.of(job.footage).promise(age_seconds=age_seconds)
    return Promise(
        done_seconds=promise.done_seconds - age_seconds,
        late_seconds=promise.late_seconds - age_seconds,
        samples=promise.samples,
    )


async def in_turn(
    connection: Connection, account: AccountId, model: str, waiting: list[Waiting]
) -> list[Waiting]:
    """Put waiting jobs into the order of their turns."""
    if not waiting:
        return []
    guild_ids = {job.guild_id for job in waiting}
    members = {(job.guild_id, job.requester_id) for job in waiting}
    return list(
        in_order(
            waiting,
            guild_served_at=await lanes.guilds_served_at(connection, account, model, guild_ids),
            member_served_at=await lanes.members_served_at(connection, members),
        )
    )
