"""The operator's questions and decisions: status, guilds, ceilings, a job's history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.domain.amounts import NOTHING
from bot.domain.catalogue import Catalogue
from bot.domain.errors import InvalidOptionsError, JobNotFoundError
from bot.domain.guilds.audit import Action, Allowance, QuotaChange
from bot.domain.guilds.quota import Rule, Scope, Unit, Window, window_span
from bot.domain.host.overview import Ceiling, GuildOverview, HostStatus, JobHistory, LaneStatus
from bot.domain.host.switch import Switch
from bot.domain.ids import AccountId, GuildId, parse_job_id
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.people import Person
from bot.domain.ports import Clock
from bot.domain.problems import OptionProblem
from bot.services.audit_log import AuditLog
from bot.services.reconciliation.reconciler import Reconciler
from bot.services.switch import IntakeSwitch
from bot.storage import (
    accounts,
    guilds,
    host,
    host_state,
    jobs,
    lanes,
    ledger,
    process_lease,
    queue_order,
)
from bot.storage.engine import Connection, Database

LATELY = timedelta(days=30)
"""What the list of guilds counts."""

_UTC = ZoneInfo("UTC")


class OperatorActions:
    """What only an operator may ask, over all guilds."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        account: AccountId,
        catalogue: Catalogue,
        audit: AuditLog,
        reconciler: Reconciler,
        switch: IntakeSwitch,
        default_rules: Sequence[Rule],
        daily_budget_micros: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._account = account
        self._catalogue = catalogue
        self._audit = audit
        self._reconciler = reconciler
        self._switch = switch
        self._defaults = [rule for rule in default_rules if rule.scope is Scope.CEILING]
        self._daily_budget_micros = daily_budget_micros

    async def status(self) -> HostStatus:
        """Return how the process and its work stand."""
        today = window_span(Window.DAY, self._clock.now(), _UTC)
        async with self._database.read() as connection:
            account = await accounts.get(connection, self._account)
            process = await process_lease.current(connection)
            return HostStatus(
                switch=await host_state.switch_of(connection),
                counts=await jobs.count_by_state(connection),
                lanes=tuple(
                    [await self._lane(connection, model.name) for model in self._catalogue]
                ),
                spent_micros=(await ledger.usage(connection, today)).micros,
                budget_micros=self._daily_budget_micros,
                account_paused_at=account.paused_at,
                account_reason=account.pause_reason,
                result_deadline=await jobs.nearest_result_deadline(connection),
                served_at=process.renewed_at if process else None,
            )

    async def _lane(self, connection: Connection, model: str) -> LaneStatus:
        lane = await lanes.get(connection, self._account, model)
        occupied = await lanes.in_flight(connection, self._account, model, now=self._clock.now())
        known = self._catalogue.get(model)
        line = await queue_order.guilds_in_line(connection, self._account, model)
        return LaneStatus(
            model=model,
            in_flight=len(occupied),
            limit=lane.in_flight if lane else known.limits.in_flight if known else 0,
            waiting=sum(guild.waiting for guild in line),
            off_at=lane.off_at if lane and lane.is_off(self._clock.now()) else None,
            ends_on=known.ends_on if known and known.ends_soon(self._clock.now().date()) else None,
        )

    async def turn(self, switch: Switch, actor: Person) -> HostStatus:
        """Open, pause or drain; return how the process stands from now on."""
        await self._switch.set(switch, actor)
        return await self.status()

    async def guilds(self) -> list[GuildOverview]:
        """Return every guild the bot is in or has a row of, the dearest first."""
        async with self._database.read() as connection:
            left = await host.left_at_by_guild(connection)
            spent = await host.spent_by_guild(connection, since=self._clock.now() - LATELY)
            ceilings = await host.ceilings(connection)
            present = await host_state.present(connection)
        overviews = [
            GuildOverview(
                guild_id=guild_id,
                presence=present.get(guild_id),
                spent=spent.get(guild_id, NOTHING),
                ceilings=tuple(self._in_force(ceilings.get(guild_id, []))),
                left_at=left.get(guild_id),
            )
            for guild_id in sorted({*left, *spent, *present})
        ]
        return sorted(overviews, key=lambda guild: (-guild.spent.micros, -guild.spent.videos))

    def _in_force(self, stored: Sequence[Rule]) -> list[Rule]:
        taken = {rule.slot for rule in stored}
        return [*stored, *(rule for rule in self._defaults if rule.slot not in taken)]

    async def set_ceiling(
        self, guild: str, *, unit: Unit, window: Window, limit: int | None, actor: Person
    ) -> Ceiling:
        """Set a guild's ceiling in one slot, or return it to the default.

        Args:
            guild: the id as it was typed.
            unit: what is counted.
            window: over which calendar span.
            limit: videos, seconds or micro-CNY; 0 blocks, None returns to the default.
            actor: who does it, for the audit trail.

        Raises:
            InvalidOptionsError: there is no such guild.
        """
        place = Rule(scope=Scope.CEILING, unit=unit, window=window, limit=limit or 0)
        default = next((rule for rule in self._defaults if rule.slot == place.slot), None)
        by_default = None if default is None else Allowance(limit=default.limit, is_default=True)
        async with self._database.write() as connection:
            guild_id = await self._known_guild(connection, guild)
            settings = await guilds.lock(connection, guild_id)
            before = await guilds.rule_in_place(connection, guild_id, place)
            if limit is None:
                await guilds.clear_rule(connection, guild_id, place)
            else:
                await guilds.set_rule(connection, guild_id, place)
            change = QuotaChange.of(
                Action.CEILING_SET,
                place,
                before=by_default if before is None else Allowance(limit=before.limit),
                after=by_default if limit is None else Allowance(limit=limit),
            )
            await self._audit.record(connection, settings, actor, change)
        return Ceiling(
            guild_id=guild_id,
            unit=unit,
            window=window,
            rule=default if limit is None else place,
            default=limit is None,
        )

    async def _known_guild(self, connection: Connection, typed: str) -> GuildId:
        found = re.fullmatch(r"\s*([0-9]{1,19})\s*", typed)
        if found is not None:
            guild_id = GuildId(int(found[1]))
            known = {
                *await host_state.present(connection),
                *await host.left_at_by_guild(connection),
            }
            if guild_id in known:
                return guild_id
        raise InvalidOptionsError(problem=OptionProblem.UNKNOWN_GUILD, guild=typed)

    async def history(self, asked: str) -> JobHistory:
        """Return everything stored about a job's way, whichever guild it is of.

        Raises:
            JobNotFoundError: there is no such job.
        """
        job_id = parse_job_id(asked)
        async with self._database.read() as connection:
            job = None if job_id is None else await jobs.get(connection, job_id)
            if job is None:
                raise JobNotFoundError(asked)
            return JobHistory(
                job=job,
                events=tuple(await jobs.history(connection, job.id)),
                entries=tuple(await ledger.of_job(connection, job.id)),
            )

    async def reconcile(self) -> list[Job]:
        """Make one round of reconciling; return the jobs that are unconfirmed still."""
        async with self._database.read() as connection:
            foreign = await jobs.foreign_in_flight(connection, self._account)
        if not foreign:  # another account's list would say nothing about them
            await self._reconciler.run_once()
        async with self._database.read() as connection:
            return await jobs.in_states(connection, {JobState.UNCONFIRMED})
