"""Five hundred jobs of fifty guilds through the real process, while everything misbehaves.

Both platforms are real sockets with their real limits, on all nine lanes of the account; each of
some eighty kinds of fault meets 2 % of its occasions (``tests.e2e.busy_members``). At the end every
invariant of ``tests.e2e.invariants`` holds, or the benchmark breaks.

The seed is in the remark; TWEEN_SOAK_SEED repeats a run as far as its timing allows.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.clock import WallClock
from bot.domain.jobs.deadlines import CREATE_DEADLINE_SECONDS
from bot.domain.jobs.job import Job
from bot.domain.jobs.ownership import SETTLING
from bot.domain.jobs.states import JobState
from sandbox.dashscope import DashScopeServer
from sandbox.discord.server import DiscordServer
from sandbox.discord.world.settings import DiscordSettings
from tests.benchmarks.fairness import Turn, shares_of
from tests.benchmarks.figures import median
from tests.benchmarks.lag import WANTED_MILLISECONDS, LagReading, lag_of
from tests.benchmarks.memory import memory_of
from tests.benchmarks.processes import WatchedBot, variables_of
from tests.benchmarks.rows import Row, Unit
from tests.benchmarks.soaked_bot import SHIFT
from tests.e2e import busy_members, evidence, invariants
from tests.e2e.busy_members import NOT_TAKEN, PROVIDER_FAULTS, BusyMembers, Plan
from tests.e2e.crash_process import ShiftFile
from tests.e2e.invariants import Allowed
from tests.e2e.world import World

SEED = int(os.environ.get("TWEEN_SOAK_SEED", "5"))  # noqa: TID251 - a developer's choice
JOBS = 500
GUILDS = 50
SHARE = 0.02
WITHIN_SECONDS = 540.0

SKIP_SECONDS = CREATE_DEADLINE_SECONDS + SETTLING.total_seconds() + 5
"""After so long two silent readings of the list settle a create that nobody answered."""
SKIP_EVERY_SECONDS = 12.0
NONCE_SECONDS = DiscordSettings().nonce_seconds + SKIP_SECONDS

MOST_GROWTH = 1.05
"""Resident memory at the end of the second half, over that at its beginning. The page caches of
the database's connections, 2 MiB each, are still filling: the database itself is no larger yet."""
MOST_UNFAIRNESS = 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The bot's resident memory at a moment."""

    at: float
    ended: int
    """Jobs that had been announced by then."""
    resident_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A jump of the time of day."""

    at: datetime
    """By the clock before the jump."""
    seconds: float


class Soak:
    """One run, and what was noted of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.members = BusyMembers(
            world,
            Plan(
                seed=SEED,
                guilds=GUILDS,
                requests=JOBS,
                share=SHARE,
                faults=(*PROVIDER_FAULTS, *NOT_TAKEN),
            ),
        )
        self.samples: list[Sample] = []
        self.skips: list[Skip] = []
        self.seconds = 0.0
        self.jobs: list[Job] = []
        self._shift = ShiftFile(world.bot.folder / SHIFT)

    async def run(self) -> None:
        """Let everybody ask, and everything be settled."""
        await self.members.warm_up()
        await invariants.settled(self.world)
        self.members.break_things()
        started = time.monotonic()
        async with (
            self.members.troubled_gateway(),
            busy_members.meanwhile(self._sample(), self._skip_time()),
        ):
            await self.members.ask()
            self.jobs = await invariants.settled(
                self.world, JOBS, within_seconds=WITHIN_SECONDS - (time.monotonic() - started)
            )
            self.seconds = time.monotonic() - started

    async def _sample(self) -> None:
        while True:
            self.samples.append(
                Sample(
                    at=time.monotonic(),
                    ended=len(self.world.discord.pings),
                    resident_mib=memory_of(self.world.bot.pid).resident,
                )
            )
            await asyncio.sleep(0.5)

    async def _skip_time(self) -> None:
        """Move everybody's time of day over the wait for a create that made no task."""
        while True:
            await asyncio.sleep(SKIP_EVERY_SECONDS)
            async with self.members.nobody_asks():
                # A command posts its status message within 20 s, or the board does.
                await self._wait_for_messages()
                found = await self.world.jobs()
                states = {job.state for job in found}
                if JobState.UNCONFIRMED not in states or JobState.SUBMITTING in states:
                    continue
                now = WallClock().now() + timedelta(seconds=self._shift.seconds)
                self.skips.append(Skip(at=now, seconds=SKIP_SECONDS))
                self._shift.seconds += SKIP_SECONDS
                self.world.dashscope.clock.advance(SKIP_SECONDS)
                self.world.discord.clock.advance(SKIP_SECONDS)

    async def _wait_for_messages(self) -> None:
        while any(  # noqa: ASYNC110 - a database has no event to wait on
            job.state is JobState.QUEUED and job.messages.status_message_id is None
            for job in await self.world.jobs()
        ):
            await asyncio.sleep(0.2)

    async def turns(self) -> list[Turn]:
        """Return each job's first turn in its lane, in seconds of real time."""
        known = await evidence.read(self.world)
        turns = []
        for job in self.jobs:
            events = known.events[job.id]
            sent = [event.at for event in events if event.target is JobState.SUBMITTING]
            if not sent:
                continue  # cancelled before it had one
            posted = [event.at for event in events if event.name == "status_posted"]
            waits_from = posted[0] if posted and posted[0] < sent[0] else job.times.created_at
            turns.append(
                Turn(
                    lane=job.spec.model,
                    guild=job.guild_id,
                    waits_from=self._real(waits_from),
                    at=self._real(sent[0]),
                )
            )
        return turns

    def _real(self, at: datetime) -> float:
        skipped = sum(skip.seconds for skip in self.skips if skip.at < at)
        return at.timestamp() - skipped


@asynccontextmanager
async def _stage(folder: Path) -> AsyncIterator[tuple[World, WatchedBot]]:
    async with (
        DashScopeServer(busy_members.emulator(SEED)) as dashscope,
        # A skip must not make Discord forget a post that is about to be repeated.
        DiscordServer(busy_members.discord(SEED, nonce_seconds=NONCE_SECONDS)) as discord,
    ):
        scratch = folder / "scratch"
        scratch.mkdir()
        variables = {
            **variables_of(discord, dashscope),
            **busy_members.SETTINGS,
            # Its own, so that what is left in it is seen.
            "TMPDIR": str(scratch),
        }
        bot = WatchedBot(folder, variables, module="tests.benchmarks.soaked_bot")
        try:
            await bot.start()
            await discord.wait_until_ready(commands=5)
            yield World(discord=discord, dashscope=dashscope, bot=bot), bot
        finally:
            await bot.kill()


async def rows() -> list[Row]:
    """Run it once; raises where an invariant does not hold."""
    with tempfile.TemporaryDirectory(prefix="tween-bench-") as folder:
        async with _stage(Path(folder)) as (world, bot):
            soak = Soak(world)
            await soak.run()
            world.polite()
            await invariants.hold(world, Allowed(free_failures=soak.members.free_failures()))
            if unexplained := soak.members.unexplained(soak.jobs):
                raise AssertionError("\n".join(unexplained))
            # Not among the others' readings: here both platforms keep the processors busy.
            lag = await lag_of(bot, "the soak")
            return [
                _throughput(soak),
                flatness(soak.samples),
                _lag(lag),
                _fairness(await soak.turns()),
            ]


def _throughput(soak: Soak) -> Row:
    ends = ", ".join(f"{count} {end}" for end, count in busy_members.outcomes(soak.jobs).items())
    tally = soak.members.tally
    return Row(
        name=f"soak: {len(soak.jobs)} jobs of {GUILDS} guilds, {SHARE:.0%} faults of every kind",
        ours=f"{len(soak.jobs) / soak.seconds * 60:.0f} jobs/min",
        against=f"{len(busy_members.LANES)} lanes, {soak.seconds:.0f} s",
        figure=soak.seconds,
        unit=Unit.SECONDS,
        wanted=None,
        remark=(
            f"every invariant holds; {ends}; {len(soak.world.dashscope.tasks)} tasks for "
            f"{tally.asked} requests, {busy_members.spoilt(soak.world)} answers spoilt, "
            f"{len(soak.skips)} times eleven minutes skipped to settle creates "
            f"that made no task; slowest acknowledgement "
            f"{tally.slowest_acknowledgement_seconds:.2f} s; seed {SEED}"
        ),
    )


def flatness(samples: Sequence[Sample]) -> Row:
    """Compare both ends of the second half: the first and the last fifth of it."""
    half = [sample for sample in samples if sample.ended >= samples[-1].ended / 2]
    fifth = max(1, len(half) // 5)
    early = median([sample.resident_mib for sample in half[:fifth]])
    late = median([sample.resident_mib for sample in half[-fifth:]])
    return Row(
        name="soak: memory in the second half",
        ours=f"{late:.1f} MiB at its end",
        against=f"{early:.1f} MiB at its beginning",
        figure=late / early,
        unit=Unit.RATIO,
        wanted=MOST_GROWTH,
        remark=f"{samples[0].resident_mib:.1f} MiB before the first job of it",
    )


def _lag(reading: LagReading) -> Row:
    return Row(
        name="soak: worst lag of the event loop",
        ours=f"{reading.own_seconds * 1000:.1f} ms by its own work",
        against=f"{reading.idle_seconds * 1000:.1f} ms of an idle loop",
        figure=reading.own_seconds * 1000,
        unit=Unit.MILLISECONDS,
        wanted=WANTED_MILLISECONDS,
        remark=f"{reading.worst_seconds * 1000:.1f} ms with waiting for a processor",
    )


def _fairness(turns: Sequence[Turn]) -> Row:
    shares = shares_of(turns)
    worst = shares[0]
    unordered = max(share.unordered_ratio for share in shares)
    return Row(
        name="soak: worst guild's mean wait",
        ours=f"{worst.actual:.1f} s",
        against=f"{worst.fair:.1f} s, its fair share of the same turns",
        figure=worst.ratio,
        unit=Unit.RATIO,
        wanted=MOST_UNFAIRNESS,
        remark=f"first come, first served would be {unordered:.2f} × for the worst guild",
    )
