"""What admins read, as data."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.amounts import Amounts
from bot.domain.guilds.audit import Action, Allowance, AuditEntry, Change, QuotaChange
from bot.domain.guilds.periods import Column
from bot.domain.guilds.quota import Scope, Span, Unit, Window
from bot.domain.guilds.settings import Guild
from bot.domain.guilds.usage import (
    AuditPage,
    By,
    ChartData,
    LogPage,
    LogQuery,
    Share,
    Summary,
    Sums,
)
from bot.domain.ids import UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.people import Person
from tests.chat.examples import GUILD, NOW

SPAN = Span(start=NOW - timedelta(days=30), end=NOW + timedelta(hours=12))
COST = Amounts(videos=3, seconds=15, micros=3_000_000)


def a_guild(*, show_prompts: bool = False) -> Guild:
    return Guild(guild_id=GUILD, show_prompts=show_prompts)


def sums_of(*names: str | None, members: int | None = None) -> Sums:
    """Return sums in which each member spent as much as every other."""
    shares = [Share(key=str(42 + at), amounts=COST, name=name) for at, name in enumerate(names)]
    count = len(names) if members is None else members
    total = Amounts(videos=3 * count, seconds=15 * count, micros=3_000_000 * count)
    return Sums(
        total=total,
        members=tuple(shares),
        members_count=count,
        models=(Share(key="wan2.2-kf2v-flash", amounts=total),),
    )


def a_summary() -> Summary:
    return Summary(
        guild=a_guild(),
        span=SPAN,
        states={JobState.DELIVERED: 1_200, JobState.FAILED: 300, JobState.RUNNING: 2},
        sums=sums_of("tom", None),
        refusals={"quota_exceeded": 7},
        timed=1_000,
        waiting_seconds=12.4,
        making_seconds=192.0,
    )


def a_log_page(*jobs: Job, show_prompts: bool = False, has_older: bool = False) -> LogPage:
    return LogPage(
        guild=a_guild(show_prompts=show_prompts),
        query=LogQuery(span=SPAN),
        jobs=jobs,
        has_newer=False,
        has_older=has_older,
    )


def chart_data(by: By, *names: str | None, members: int | None = None) -> ChartData:
    day = timedelta(days=1)
    starts = [SPAN.start + day * at for at in range(3)]
    columns = (
        Column(first=start.date(), span=Span(start=start, end=start + day), amounts=COST)
        for start in starts
    )
    return ChartData(
        guild=a_guild(),
        by=by,
        span=SPAN,
        sums=sums_of(*names, members=members),
        columns=tuple(columns) if by is By.DAY else (),
    )


A_CHANGE = QuotaChange(
    action=Action.QUOTA_SET,
    scope=Scope.SERVER,
    unit=Unit.VIDEOS,
    window=Window.DAY,
    before=Allowance(limit=10),
    after=Allowance(limit=20),
)


def an_entry(change: Change = A_CHANGE) -> AuditEntry:
    return AuditEntry(
        guild_id=GUILD, at=NOW, actor=Person(user_id=UserId(7), name="mod"), change=change
    )


def an_audit_page(*entries: AuditEntry, offset: int = 0, has_older: bool = False) -> AuditPage:
    return AuditPage(
        guild=a_guild(), span=SPAN, entries=entries, offset=offset, has_older=has_older
    )
