"""Where a waiting job stands and when a job should be done, from what really happened before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.catalogue import Catalogue
from bot.domain.fairness import Waiting, in_order
from bot.domain.ids import AccountId, JobId
from bot.domain.job import POLLED, Job, JobState
from bot.domain.pacing import (
    UNCONFIRMED_COUNTS_FOR,
    Estimate,
    finish_times,
    making_seconds,
)
from bot.domain.ports import Clock
from bot.domain.status import StatusView
from bot.storage import jobs, lanes
from bot.storage.engine import Connection, Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One lane's waiting jobs in the order they will be claimed."""

    positions: dict[JobId, int]
    """From 1."""
    done_at: dict[JobId, datetime]
    samples: int
    """How many finished tasks the estimate rests on."""


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
            lines = {
                model: await self._line(connection, model)
                for model in {job.model for job in several if job.state is JobState.QUEUED}
            }
            return [await self._view(connection, job, lines, pause) for job in several]

    async def line(self, model: str) -> Line:
        """Return a lane's line."""
        async with self._database.read() as connection:
            return await self._line(connection, model)

    async def pause(self) -> str | None:
        """Return why nothing is submitted at present."""
        async with self._database.read() as connection:
            return await self._pause(connection)

    async def _pause(self, connection: Connection) -> str | None:
        account = await lanes.account_of(connection, self._account)
        return "account" if account.paused_at is not None else None

    async def _view(
        self, connection: Connection, job: Job, lines: dict[str, Line], pause: str | None
    ) -> StatusView:
        if job.state is JobState.QUEUED:
            line = lines[job.model]
            done_at = line.done_at.get(job.id)
            estimate = (
                None
                if done_at is None or pause
                else Estimate(done_at=done_at, samples=line.samples)
            )
            return StatusView(
                job=job, position=line.positions.get(job.id), estimate=estimate, pause=pause
            )
        if job.state in POLLED and job.confirmed_at is not None and job.late_at is None:
            seconds, samples = await self._seconds(connection, job.model, job.resolution)
            done_at = job.confirmed_at + timedelta(seconds=seconds)
            return StatusView(job=job, estimate=Estimate(done_at=done_at, samples=samples))
        return StatusView(job=job)

    async def _line(self, connection: Connection, model: str) -> Line:
        now = self._clock.now()
        waiting = await lanes.in_line(connection, self._account, model)
        ordered = await in_turn(connection, self._account, model, waiting)
        occupied = await lanes.in_flight(connection, self._account, model, now=now)
        lane = self._catalogue.get(model)
        resolution = occupied[0].resolution if occupied else None
        seconds, samples = await self._seconds(connection, model, resolution)
        times = finish_times(
            now=now,
            started_at=[_began_at(job, now=now, seconds=seconds) for job in occupied],
            in_flight=lane.limits.in_flight if lane else 1,
            seconds=seconds,
            waiting=len(ordered),
        )
        return Line(
            positions={job.job_id: place for place, job in enumerate(ordered, start=1)},
            done_at={job.job_id: done for job, done in zip(ordered, times, strict=True)},
            samples=samples,
        )

    async def _seconds(
        self, connection: Connection, model: str, resolution: str | None
    ) -> tuple[float, int]:
        known = self._catalogue.get(model)
        typical = known.typical_seconds if known else 0
        tier = resolution or (known.recommended_resolution if known else "")
        recent = await jobs.recent_making_seconds(connection, model=model, resolution=tier)
        return making_seconds(recent, typical_seconds=typical), len(recent)


def _began_at(job: Job, *, now: datetime, seconds: float) -> datetime:
    """Return from when a place is taken for the usual time; an unseen task holds it for longer."""
    if job.state in POLLED or job.sent_at is None:
        return job.confirmed_at or job.sent_at or now
    if job.state is JobState.SUBMITTING:
        return job.sent_at
    return job.sent_at + UNCONFIRMED_COUNTS_FOR - timedelta(seconds=seconds)


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
