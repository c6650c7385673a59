"""Any sequence of rules, grants, jobs and their ends: nobody ever reserves more than is allowed.

What the ledger holds is compared with what the jobs of the sequence must have left in it.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import event, func, select
from typing_extensions import override

from bot.domain.amounts import NOTHING, Amounts
from bot.domain.guilds.denials import QuotaExceededError
from bot.domain.guilds.quota import (
    PER_MEMBER,
    Draw,
    Refusal,
    Rule,
    Scope,
    Unit,
    Window,
    amount_in,
    applicable,
    window_span,
)
from bot.domain.guilds.settings import Guild
from bot.domain.ids import GuildId, JobId, RoleId, TaskId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.transitions import open_job, transition
from bot.services.intake.quotas import QuotaDefaults, Quotas
from bot.storage import grants, guilds, jobs, ledger
from bot.storage.engine import Connection, Database
from bot.storage.tables import draws, ledger_entries
from tests.fakes import ManualClock, a_job
from tests.services.conftest import _hurry

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
SATURDAY_EVENING = datetime(2026, 3, 28, 20, 0, tzinfo=UTC)
"""Before the shortest day of the year, which ends a week; the month ends two days later."""

GUILDS = st.sampled_from([GuildId(1), GuildId(1), GuildId(1), GuildId(2)])
MEMBERS = st.sampled_from([UserId(11), UserId(11), UserId(12)])
"""Mostly the same, so that rules bind within a few steps."""

SHARED = (Scope.CEILING, Scope.SERVER)
ROLES = (RoleId(21), RoleId(22))
SCALE = {Unit.VIDEOS: 1, Unit.SECONDS: 3, Unit.COST: 500_000}
"""So that rules of each unit bind after a few jobs."""
BUDGET = 15_000_000
DEFAULTS = QuotaDefaults(
    rules=(
        Rule(scope=Scope.CEILING, unit=Unit.VIDEOS, window=Window.DAY, limit=12),
        Rule(scope=Scope.SERVER, unit=Unit.VIDEOS, window=Window.DAY, limit=10),
        Rule(scope=Scope.MEMBER_DEFAULT, unit=Unit.VIDEOS, window=Window.DAY, limit=2),
    ),
    daily_budget_micros=BUDGET,
    max_queued_per_member=1000,
    max_queued_per_guild=1000,
)

Result = TypeVar("Result")


class Spending(RuleBasedStateMachine):
    """Two guilds with two members who do whatever they like."""

    template: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="tween-spending-"))
        shutil.copyfile(self.template, self.folder / "tween.db")
        self.database = Database(f"sqlite:///{self.folder / 'tween.db'}")
        event.listen(self.database.engine.sync_engine, "connect", _hurry)
        self.clock = ManualClock(SATURDAY_EVENING)
        self.quotas = Quotas(self.database, self.clock, DEFAULTS)
        self.jobs: dict[JobId, Job] = {}
        self.owed: dict[JobId, Amounts] = {}
        """What each job must have left in the ledger."""
        self.paid: set[JobId] = set()
        """Jobs that drew on a grant."""
        self.run(self.prepare())

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    async def prepare(self) -> None:
        async with self.database.write() as connection:
            for guild_id in (GuildId(1), GuildId(2)):
                await guilds.ensure(connection, guild_id)
                await guilds.change(connection, guild_id, time_zone="Europe/Berlin")
        for unit in Unit:
            await self.store_grant(GuildId(1), UserId(11), unit, 3 * SCALE[unit], days=2)

    @override
    def teardown(self) -> None:
        self.run(self.database.aclose())
        self.runner.close()
        shutil.rmtree(self.folder)

    # --- what moderators do -------------------------------------------------------------------

    @rule(
        guild_id=GUILDS,
        scope=st.sampled_from([*sorted(PER_MEMBER), *sorted(PER_MEMBER), *SHARED]),
        unit=st.sampled_from(Unit),
        window=st.sampled_from(Window),
        share=st.sampled_from([0, 1, 2, 2, 3, 3, 4]),
        member=MEMBERS,
        role=st.sampled_from(ROLES),
    )
    def set_a_rule(
        self,
        guild_id: GuildId,
        scope: Scope,
        unit: Unit,
        window: Window,
        share: int,
        member: UserId,
        role: RoleId,
    ) -> None:
        target = {Scope.MEMBER: member, Scope.ROLE: role}.get(scope)
        limit = share * SCALE[unit] * (3 if scope in SHARED else 1)
        made = Rule(scope=scope, unit=unit, window=window, limit=limit, target_id=target)
        self.run(self.store_rule(guild_id, made))

    async def store_rule(self, guild_id: GuildId, made: Rule) -> None:
        async with self.database.write() as connection:
            await guilds.set_rule(connection, guild_id, made)

    @rule(guild_id=GUILDS)
    def clear_all_rules(self, guild_id: GuildId) -> None:
        self.run(self.forget_rules(guild_id))

    async def forget_rules(self, guild_id: GuildId) -> None:
        async with self.database.write() as connection:
            for stored in await guilds.rules_of(connection, guild_id):
                await guilds.clear_rule(connection, guild_id, stored)

    @rule(
        guild_id=GUILDS,
        member=MEMBERS,
        unit=st.sampled_from(Unit),
        share=st.integers(1, 5),
        days=st.integers(1, 3),
    )
    def grant(self, guild_id: GuildId, member: UserId, unit: Unit, share: int, days: int) -> None:
        self.run(self.store_grant(guild_id, member, unit, share * SCALE[unit], days))

    async def store_grant(
        self, guild_id: GuildId, member: UserId, unit: Unit, amount: int, days: int
    ) -> None:
        now = self.clock.now()
        async with self.database.write() as connection:
            await grants.add(
                connection,
                guild_id,
                user_id=member,
                unit=unit,
                amount=amount,
                granted_by=UserId(99),
                granted_at=now,
                expires_at=now + timedelta(days=days),
            )

    @rule(hours=st.sampled_from([1, 5, 12, 23, 24, 25, 72]))
    def let_time_pass(self, hours: int) -> None:
        self.clock.advance(hours=hours)

    # --- what members do ----------------------------------------------------------------------

    @rule(
        guild_id=GUILDS,
        member=MEMBERS,
        roles=st.frozensets(st.sampled_from(ROLES)),
        seconds=st.sampled_from([3, 5]),
        price=st.sampled_from([100_000, 200_000]),
        count=st.integers(2, 6),
    )
    def ask_for_videos(
        self,
        guild_id: GuildId,
        member: UserId,
        roles: frozenset[RoleId],
        seconds: int,
        price: int,
        count: int,
    ) -> None:
        for _ in range(count):
            self.run(self.reserve(self.a_request(guild_id, member, seconds, price), roles))

    def a_request(self, guild_id: GuildId, member: UserId, seconds: int, price: int) -> Job:
        now = self.clock.now()
        return a_job(
            guild_id=guild_id,
            requester_id=member,
            duration_seconds=seconds,
            price_micros=price * seconds,
            created_at=now,
            counted_at=now,
            entered_at=now,
        )

    async def reserve(self, job: Job, roles: frozenset[RoleId]) -> None:
        now = self.clock.now()
        async with self.database.write() as connection:
            guild = await guilds.lock(connection, job.guild_id)
            stored = await guilds.rules_of(connection, job.guild_id)
            binding = applicable(
                stored, DEFAULTS.rules, user_id=job.requester.user_id, role_ids=roles
            )
            binding.append(
                Rule(scope=Scope.BUDGET, unit=Unit.COST, window=Window.DAY, limit=BUDGET)
            )
            before = [await self.counted(connection, bound, job) for bound in binding]
            fits = all(
                used + amount_in(bound.unit, job.price.reserved) <= bound.limit
                for bound, used in zip(binding, before, strict=True)
            )
            drawn = await self.ask(connection, guild, job, roles)
            if isinstance(drawn, Refusal):
                assert not fits, "refused although every bound had room"
                assert drawn.used + amount_in(drawn.unit, job.price.reserved) > drawn.limit
                assert drawn.resets_at > now
                return
            assert fits is (drawn == ()), "a grant is drawn where there is no room, and only there"
            await self.store_job(connection, job, drawn)
            for bound, used in zip(binding, before, strict=True):
                after = await self.counted(connection, bound, job)
                assert bound.limit > 0, "0 blocks"
                if bound.scope in PER_MEMBER:
                    # A bound that was lowered below what is used may not be passed any further.
                    assert after <= max(bound.limit, used)
                else:
                    assert after <= bound.limit

    async def ask(
        self, connection: Connection, guild: Guild, job: Job, roles: frozenset[RoleId]
    ) -> tuple[Draw, ...] | Refusal:
        try:
            return await self.quotas.require_room(
                connection,
                guild,
                user_id=job.requester.user_id,
                role_ids=roles,
                cost=job.price.reserved,
                now=self.clock.now(),
            )
        except QuotaExceededError as error:
            return error.refusal

    async def store_job(self, connection: Connection, job: Job, drawn: tuple[Draw, ...]) -> None:
        await jobs.apply(connection, open_job(job))
        await grants.draw(connection, job, drawn)
        self.jobs[job.id], self.owed[job.id] = job, job.price.reserved
        if drawn:
            self.paid.add(job.id)

    async def counted(self, connection: Connection, binding: Rule, job: Job) -> int:
        """Return what the jobs of the sequence use of a rule, without what grants paid."""
        zone = UTC_ZONE if binding.scope is Scope.BUDGET else BERLIN
        span = window_span(binding.window, self.clock.now(), zone)
        total = 0
        for known in self.jobs.values():
            elsewhere = known.guild_id != job.guild_id and binding.scope is not Scope.BUDGET
            is_others = known.requester.user_id != job.requester.user_id
            if elsewhere or (is_others and binding.scope in PER_MEMBER):
                continue
            if not span.start <= known.times.counted_at < span.end:
                continue
            total += amount_in(binding.unit, self.owed[known.id])
            if binding.scope in PER_MEMBER:
                total -= await self.drawn_by(connection, known.id, binding.unit)
        return total

    async def drawn_by(self, connection: Connection, job_id: JobId, unit: Unit) -> int:
        query = select(func.coalesce(func.sum(draws.c.amount), 0)).where(
            draws.c.job_id == job_id, draws.c.unit == unit
        )
        return int((await connection.execute(query)).scalar_one())

    # --- what becomes of jobs -----------------------------------------------------------------

    @rule(
        data=st.data(),
        ends=st.lists(
            st.sampled_from(["cancel", "fail", "charge", "charge", "lose"]), min_size=1, max_size=4
        ),
    )
    def end_jobs(self, data: st.DataObject, ends: list[str]) -> None:
        for end in ends:
            self.end_a_job(data, end)

    def end_a_job(self, data: st.DataObject, end: str) -> None:
        waiting = [job for job in self.jobs.values() if job.state is JobState.QUEUED]
        made = [job for job in self.jobs.values() if job.state is JobState.DOWNLOADING]
        candidates = made if end == "lose" else waiting
        if not candidates:
            return
        # Those that grants paid for first: their ends give something back.
        candidates.sort(key=lambda job: job.id not in self.paid)
        job = data.draw(st.sampled_from(candidates[:3]))
        match end:
            case "cancel":
                self.move(job, JobState.CANCELLED, Owner.SUBMISSIONS)
                self.owed[job.id] = NOTHING
            case "fail":
                job = self.submit(job)
                self.move(job, JobState.FAILED, Owner.POLLER)
                self.owed[job.id] = NOTHING
            case "charge":
                billed = data.draw(
                    st.integers(0, job.spec.duration_seconds), label="billed seconds"
                )
                amounts = job.price.billed(seconds=billed)
                self.move(
                    self.submit(job),
                    *(JobState.DOWNLOADING, Owner.POLLER),
                    billed=amounts,
                )
                self.owed[job.id] = amounts
            case "lose":
                self.move(job, JobState.FAILED, Owner.DOWNLOADER)
                self.owed[job.id] = NOTHING

    def submit(self, job: Job) -> Job:
        job = self.move(job, JobState.SUBMITTING, Owner.DISPATCHER)
        task = {"task_id": TaskId(f"task-{job.id}")}
        return self.move(job, JobState.PENDING, Owner.DISPATCHER, changes=task)

    def move(self, job: Job, target: JobState, owner: Owner, **facts: Any) -> Job:  # noqa: ANN401
        step = transition(job, target, owner=owner, at=self.clock.now(), **facts)

        async def store() -> Job:
            async with self.database.write() as connection:
                return await jobs.apply(connection, step)

        self.jobs[job.id] = self.run(store())
        return self.jobs[job.id]

    # --- what is always true ------------------------------------------------------------------

    @invariant()
    def the_ledger_says_of_each_job_what_it_cost(self) -> None:
        self.run(self.check_jobs())

    async def check_jobs(self) -> None:
        entries = ledger_entries.c
        sums = select(
            entries.job_id,
            *(func.sum(column) for column in (entries.videos, entries.seconds, entries.micros)),
            func.min(entries.counted_at),
            func.max(entries.counted_at),
        ).group_by(entries.job_id)
        taken = select(draws.c.job_id, draws.c.unit, func.sum(draws.c.amount)).group_by(
            draws.c.job_id, draws.c.unit
        )
        async with self.database.read() as connection:
            held = {
                row[0]: (Amounts(videos=row[1], seconds=row[2], micros=row[3]), {row[4], row[5]})
                for row in await connection.execute(sums)
            }
            drawn = {(row[0], row[1]): row[2] for row in await connection.execute(taken)}
        assert held == {
            job_id: (owed, {self.jobs[job_id].times.counted_at})
            for job_id, owed in self.owed.items()
        }
        for (job_id, unit), amount in drawn.items():
            assert 0 < amount <= amount_in(unit, self.owed[job_id])

    @invariant()
    def no_sum_is_negative_and_no_grant_gives_more_than_it_has(self) -> None:
        self.run(self.check_sums())

    async def check_sums(self) -> None:
        async with self.database.read() as connection:
            for guild_id in (GuildId(1), GuildId(2)):
                every = await grants.usable(connection, guild_id, now=SATURDAY_EVENING)
                assert all(0 <= grant.drawn <= grant.amount for grant in every)
                for user_id in (UserId(11), UserId(12)):
                    for window in Window:
                        span = window_span(window, self.clock.now(), BERLIN)
                        whose = {"guild_id": guild_id, "user_id": user_id}
                        used = await ledger.usage(connection, span, **whose)  # type: ignore[arg-type]
                        paid = await grants.drawn(connection, span, **whose)  # type: ignore[arg-type]
                        assert all(amount_in(unit, used - paid) >= 0 for unit in Unit)


@pytest.mark.slow
def test_nobody_ever_reserves_more_than_is_allowed(migrated_file: Path) -> None:
    Spending.template = migrated_file
    run_state_machine_as_test(
        Spending,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
