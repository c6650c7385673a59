"""What an operator asks and decides, over all guilds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.amounts import Amounts
from bot.domain.errors import AuthenticationError, InvalidOptionsError, JobNotFoundError
from bot.domain.guilds.audit import Action, Allowance, QuotaChange
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.host.overview import GuildInfo
from bot.domain.host.switch import Switch
from bot.domain.ids import ChannelId, GuildId, UserId
from bot.domain.jobs.states import JobState
from bot.domain.people import Person
from bot.services.host.operator import OperatorActions
from bot.services.switch import IntakeSwitch
from bot.storage import audit, guilds, host_state
from tests.fakes import ACCOUNT, GUILD, MODEL, NOW
from tests.services.core import GENEROUS, Core

OPERATOR = Person(user_id=UserId(9), name="ops")
OTHER, SILENT = GuildId(2), GuildId(3)
DEFAULT = Rule(scope=Scope.CEILING, unit=Unit.VIDEOS, window=Window.DAY, limit=100)


@pytest.fixture
def host(core: Core) -> OperatorActions:
    return core.altered(defaults=replace(GENEROUS, daily_budget_micros=50_000_000)).operator


async def test_status_tells_switch_account_lanes_and_money(
    core: Core, host: OperatorActions
) -> None:
    await core.put()
    await core.put(JobState.RUNNING)
    await core.put(JobState.UNCONFIRMED)
    await core.put(JobState.DOWNLOADING, task_id="other")
    await core.process_lease.acquire()
    await core.account_pause.pause(ACCOUNT, AuthenticationError("in arrears", status=400))
    await IntakeSwitch(core.database).set(Switch.DRAINING, OPERATOR)
    status = await host.status()
    assert status.switch is Switch.DRAINING
    assert status.under_way == 3
    assert status.count(JobState.QUEUED) == 1
    assert status.account_paused_at == NOW
    assert status.account_reason
    assert (status.spent_micros, status.budget_micros) == (4_000_000, 50_000_000)
    assert status.result_deadline == NOW + timedelta(hours=24)
    assert status.served_at == NOW
    (busy,) = [lane for lane in status.lanes if lane.model == MODEL]
    assert (busy.in_flight, busy.waiting) == (2, 1)
    assert [lane.model for lane in status.lanes] == [model.name for model in core.catalogue]


async def test_status_of_a_database_nothing_was_ever_started_on(host: OperatorActions) -> None:
    status = await host.status()
    assert (status.switch, status.under_way, status.served_at) == (Switch.OPEN, 0, None)


async def test_guilds_are_listed_dearest_first_with_what_bounds_them(
    core: Core, host: OperatorActions
) -> None:
    await core.put()
    await core.put(guild_id=OTHER, price_micros=5_000_000)
    old = NOW - timedelta(days=31)
    await core.put(created_at=old, counted_at=old)
    async with core.database.write() as connection:
        present = {GUILD: GuildInfo(name="Tidepool", members=12), SILENT: GuildInfo(name="Quiet")}
        await host_state.set_present(connection, present)
        await guilds.change(connection, OTHER, left_at=NOW)
    await host.set_ceiling(
        str(GUILD), unit=Unit.COST, window=Window.MONTH, limit=9_000_000, actor=OPERATOR
    )
    first, second, third = await host.guilds()
    assert (first.guild_id, first.left_at, first.presence) == (OTHER, NOW, None)
    assert second.presence == GuildInfo(name="Tidepool", members=12)
    assert second.spent == Amounts(videos=1, seconds=5, micros=1_000_000)
    cost = Rule(scope=Scope.CEILING, unit=Unit.COST, window=Window.MONTH, limit=9_000_000)
    assert second.ceilings == (cost, DEFAULT)
    assert (third.guild_id, third.ceilings) == (SILENT, (DEFAULT,))


async def test_a_ceiling_is_set_written_down_told_and_taken_back(
    core: Core, host: OperatorActions
) -> None:
    async with core.database.write() as connection:
        await guilds.ensure(connection, GUILD)
        await guilds.change(connection, GUILD, log_channel_id=77)
    slot = {"unit": Unit.VIDEOS, "window": Window.DAY, "actor": OPERATOR}
    lowered = await host.set_ceiling(f" {GUILD} ", limit=3, **slot)  # type: ignore[arg-type]
    assert lowered.rule is not None
    assert (lowered.rule.limit, lowered.default) == (3, False)
    blocked = await host.set_ceiling(str(GUILD), limit=0, **slot)  # type: ignore[arg-type]
    assert blocked.rule is not None
    assert blocked.rule.limit == 0
    back = await host.set_ceiling(str(GUILD), limit=None, **slot)  # type: ignore[arg-type]
    assert (back.rule, back.default) == (DEFAULT, True)
    async with core.database.read() as connection:
        assert await guilds.rules_of(connection, GUILD) == []
        entries = await audit.newest(
            connection, GUILD, since=NOW, until=NOW + timedelta(seconds=1), limit=10
        )
    assert [entry.action for entry in entries] == [Action.CEILING_SET] * 3
    assert {entry.actor for entry in entries} == {OPERATOR}
    default = Allowance(limit=100, is_default=True)
    assert [entry.change for entry in reversed(entries)] == [
        QuotaChange.of(Action.CEILING_SET, DEFAULT, before=before, after=after)
        for before, after in (
            (default, Allowance(limit=3)),
            (Allowance(limit=3), Allowance(limit=0)),
            (Allowance(limit=0), default),
        )
    ]
    assert [channel for channel, _ in await core.logged()] == [ChannelId(77)] * 3


@pytest.mark.parametrize("typed", ["", "kitten", "4", "-1", "9" * 40, "1; drop"])
async def test_a_ceiling_for_a_guild_nobody_knows_is_refused(
    host: OperatorActions, typed: str
) -> None:
    with pytest.raises(InvalidOptionsError) as raised:
        await host.set_ceiling(typed, unit=Unit.VIDEOS, window=Window.DAY, limit=1, actor=OPERATOR)
    assert raised.value.problem == "unknown_guild"


async def test_a_history_is_of_any_guild(core: Core, host: OperatorActions) -> None:
    job = await core.put(guild_id=OTHER)
    told = await host.history(f"#{job.id.lower()}")
    assert told.job.id == job.id
    assert [event.target for event in told.events] == [JobState.QUEUED]
    assert len(told.entries) == 1


@pytest.mark.parametrize("typed", ["ZZZZZZ", "not an id", ""])
async def test_a_history_of_no_job_is_refused(host: OperatorActions, typed: str) -> None:
    with pytest.raises(JobNotFoundError):
        await host.history(typed)


async def test_reconciling_returns_what_stays_open(core: Core, host: OperatorActions) -> None:
    job = await core.put(JobState.UNCONFIRMED)
    assert [left.id for left in await host.reconcile()] == [job.id]
    assert core.provider.lists == 1
