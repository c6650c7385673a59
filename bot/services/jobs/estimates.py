"""Where a waiting job stands and when a job should be done, from what really happened before."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.catalogue import Catalogue
from bot.domain.host.account import AccountStatus
from bot.domain.host.switch import Switch
from bot.domain.ids import AccountId, GuildId, JobId
from bot.domain.jobs.deadlines import UNCONFIRMED_COUNTS_FOR
from bot.domain.jobs.estimates import (
    DurationEstimate,
    Estimate,
    estimate,
    mean_estimate,
    on_grid,
    start_estimates,
)
from bot.domain.jobs.fairness import LinePlaces
from bot.domain.jobs.job import Job
from bot.domain.jobs.render_times import (
    TYPICAL_SECONDS,
    RenderProfile,
    RenderTime,
    render_profile_of,
)
from bot.domain.jobs.states import ACTIVE, POLLED, JobState
from bot.domain.jobs.status import GuildQueue, StatusView
from bot.domain.ports import Clock
from bot.storage import accounts, guilds, host_state, jobs, lanes, queue_order, render_times
from bot.storage.engine import Connection, Database

LINE_GRID = timedelta(seconds=30)
"""Times of waiting jobs are shown on this grid: people read minutes, and each change is an edit."""

VIEWS_AT_ONCE = 50
"""A promise takes about a tenth of a millisecond; hundreds of them would hold the loop."""

MOST_SIMULATED = 500
"""Places further back are hours away: for them the average is as good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationStats:
    """How long tasks take, as read at one moment."""

    catalogue: Catalogue
    recent: Mapping[RenderProfile, tuple[float, ...]]
    """Newest render times in seconds, oldest first."""

    def of(self, profile: RenderProfile) -> RenderTime:
        """Return what is known about one profile."""
        model = self.catalogue.get(profile.model)
        return RenderTime(
            typical_seconds=model.abilities.typical_seconds if model else TYPICAL_SECONDS,
            recent_seconds=self.recent.get(profile, ()),
        )


async def load_duration_stats(
    connection: Connection, catalogue: Catalogue, models: Collection[str]
) -> DurationStats:
    """Return what is known about some models."""
    return DurationStats(
        catalogue=catalogue, recent=await render_times.of_models(connection, models)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePosition:
    """Where a waiting job stands in its lane's line, in the order of the claims."""

    position: int
    """From 1."""
    estimate: Estimate | None
    """None while nobody knows when the next create will be taken."""


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
        waiting = [job for job in several if job.state is JobState.QUEUED]
        stands: dict[JobId, QueuePosition] = {}
        async with self._database.read() as connection:
            pause = await self._pause(connection)
            known = await load_duration_stats(
                connection, self._catalogue, {job.spec.model for job in several}
            )
            reportable = await guilds.with_log_channel(connection, _shown_guilds(several))
            for model in {job.spec.model for job in waiting}:
                its = [job for job in waiting if job.spec.model == model]
                stands |= await self._stands(connection, model, its, known)
        views = []
        for number, job in enumerate(several, start=1):
            view = self._view(job, stands, known, pause)
            views.append(replace(view, can_report=job.guild_id in reportable))
            if number % VIEWS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return views

    async def queue_of(self, guild_id: GuildId) -> GuildQueue:
        """Return a guild's jobs that are not over, oldest first."""
        async with self._database.read() as connection:
            active = await jobs.in_states(connection, ACTIVE, guild_id=guild_id)
            pause = await self._pause(connection)
        views = await self.views(active)
        return GuildQueue(
            running=tuple(view for view in views if view.job.state is not JobState.QUEUED),
            waiting=tuple(view for view in views if view.job.state is JobState.QUEUED),
            pause=pause,
        )

    async def _pause(self, connection: Connection) -> str | None:
        switch = await host_state.switch_of(connection)
        if switch is not Switch.OPEN:
            return switch.value
        account = await accounts.get(connection, self._account)
        return "account" if account.status is not AccountStatus.OPEN else None

    def _view(
        self, job: Job, stands: dict[JobId, QueuePosition], known: DurationStats, pause: str | None
    ) -> StatusView:
        if job.state is JobState.QUEUED:
            stand = stands.get(job.id)
            return StatusView(
                job=job,
                position=stand.position if stand else None,
                estimate=stand.estimate if stand and not pause else None,
                pause=pause,
            )
        if job.state in POLLED and job.task.confirmed_at is not None and job.task.late_at is None:
            age_seconds = (self._clock.now() - job.task.confirmed_at).total_seconds()
            promise = known.of(render_profile_of(job)).promise(age_seconds=age_seconds)
            return StatusView(job=job, estimate=estimate(promise, since=job.task.confirmed_at))
        return StatusView(job=job)

    async def _stands(
        self, connection: Connection, model: str, several: list[Job], known: DurationStats
    ) -> dict[JobId, QueuePosition]:
        """Return where some waiting jobs of a lane stand, however long its line is.

        Only their own guilds' jobs are read; of the others it is enough how many wait.
        """
        now = self._clock.now()
        places = await self._places(connection, model, {job.guild_id for job in several})
        asked = {job.id: job for job in several if job.id in places}
        if await queue_order.is_refused(connection, self._account, model, now=now):
            return {
                job_id: QueuePosition(position=places[job_id], estimate=None) for job_id in asked
            }
        shares = await render_times.profiles_in_line(connection, self._account, model)
        if not asked or not shares:
            return {}
        mean = mean_estimate([(known.of(profile).promise(), n) for profile, n in shares.items()])
        occupied = await lanes.in_flight(connection, self._account, model, now=now)
        lane = self._catalogue.get(model)
        in_flight = lane.limits.in_flight if lane else 1
        begins = start_estimates(
            busy=[_left(job, known, now=now) for job in occupied],
            in_flight=in_flight,
            mean=mean,
            count=min(MOST_SIMULATED, max(places[job_id] for job_id in asked)),
        )
        stands = {}
        for job_id, job in asked.items():
            begin = begins[min(places[job_id], len(begins)) - 1]
            further = places[job_id] - len(begins)
            if further > 0:
                more_seconds = further * mean.done_seconds / in_flight
                begin = replace(begin, seconds=begin.seconds + more_seconds)
            promise = begin.of(known.of(render_profile_of(job)).promise())
            stands[job_id] = QueuePosition(
                position=places[job_id], estimate=_steady(estimate(promise, since=now))
            )
        return stands

    async def _places(
        self, connection: Connection, model: str, guild_ids: set[GuildId]
    ) -> dict[JobId, int]:
        """Return the places in line of all jobs of some guilds."""
        places = LinePlaces(await queue_order.guilds_in_line(connection, self._account, model))
        ordered = await queue_order.own_order(connection, self._account, model, guild_ids)
        return {
            job_id: places.of(guild_id, nth)
            for guild_id, own in ordered.items()
            # A guild whose first job came between the two readings is shown the next time.
            if guild_id in places
            for nth, job_id in enumerate(own)
        }


def _shown_guilds(several: Sequence[Job]) -> set[GuildId]:
    """Return the guilds of jobs whose messages may offer to report them."""
    shown = {JobState.DELIVERING, JobState.DELIVERED}
    return {job.guild_id for job in several if job.state in shown}


def _steady(line_estimate: Estimate) -> Estimate:
    return replace(line_estimate, done_at=on_grid(line_estimate.done_at, LINE_GRID))


def _left(job: lanes.InFlightJob, known: DurationStats, *, now: datetime) -> DurationEstimate:
    """Return how long a job will go on to occupy its place; an unseen task does so for longer."""
    if job.state not in POLLED and job.state is not JobState.SUBMITTING and job.sent_at:
        unseen_seconds = (job.sent_at + UNCONFIRMED_COUNTS_FOR - now).total_seconds()
        return DurationEstimate(done_seconds=unseen_seconds, late_seconds=unseen_seconds, samples=0)
    since = job.confirmed_at or job.sent_at or now
    age_seconds = (now - since).total_seconds()
    promise = known.of(job.profile).promise(age_seconds=age_seconds)
    return DurationEstimate(
        done_seconds=promise.done_seconds - age_seconds,
        late_seconds=promise.late_seconds - age_seconds,
        samples=promise.samples,
    )
