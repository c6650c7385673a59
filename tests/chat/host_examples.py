"""What an operator is shown: a process at work, a guild, a job's history."""

from __future__ import annotations

from typing import Any

from bot.domain.amounts import Amounts
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.host.overview import Ceiling, GuildInfo, GuildOverview, HostStatus, LaneStatus
from bot.domain.host.switch import Switch
from bot.domain.jobs.states import JobState
from tests.chat.examples import GUILD, NOW

CEILING = Rule(scope=Scope.CEILING, unit=Unit.VIDEOS, window=Window.DAY, limit=50)


def a_status(**changes: Any) -> HostStatus:  # noqa: ANN401 - fields
    """Return a process that works."""
    made: dict[str, Any] = {
        "switch": Switch.OPEN,
        "counts": {JobState.QUEUED: 3, JobState.RUNNING: 1, JobState.DELIVERING: 1},
        "lanes": (
            LaneStatus(model="wan2.2-kf2v-flash", in_flight=1, limit=2, waiting=3),
            LaneStatus(model="wan2.2-i2v-flash", in_flight=0, limit=2, waiting=0),
        ),
        "spent_micros": 4_000_000,
        "budget_micros": 50_000_000,
        "account_paused_at": None,
        "account_reason": None,
        "result_deadline": None,
        "served_at": NOW,
    }
    return HostStatus(**made | changes)


def a_guild(**changes: Any) -> GuildOverview:  # noqa: ANN401 - fields
    """Return a guild with members, work and the default ceiling."""
    made: dict[str, Any] = {
        "guild_id": GUILD,
        "presence": GuildInfo(name="Tidepool", members=1234),
        "spent": Amounts(videos=12, seconds=60, micros=12_000_000),
        "ceilings": (CEILING,),
        "left_at": None,
    }
    return GuildOverview(**made | changes)


def a_ceiling(rule: Rule | None = CEILING, *, default: bool = False) -> Ceiling:
    """Return what an operator decided."""
    return Ceiling(guild_id=GUILD, unit=Unit.VIDEOS, window=Window.DAY, rule=rule, default=default)
