"""Audit entries written in words keep them; values become the words of before when taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import column, insert, select, table

from bot.domain.catalogue import Choices, Kind
from bot.domain.catalogue.permits import Subject
from bot.domain.guilds.audit import (
    Action,
    Allowance,
    AuditEntry,
    Change,
    DefaultChange,
    GrantChange,
    JobChange,
    MemberChange,
    PermitChange,
    QuotaChange,
    SettingChange,
    SettingName,
    WordChange,
    Worded,
)
from bot.domain.guilds.quota import Scope, Unit, Window
from bot.domain.guilds.settings import Notify
from bot.domain.ids import JobId, UserId
from bot.domain.people import Person
from bot.storage import audit, migrate
from bot.storage.engine import Database
from bot.storage.tables import _CHANGES
from bot.storage.types import UtcDateTime
from tests.fakes import GUILD, NOW

OLD = "0007"
MODERATOR = Person(user_id=UserId(9), name="mo")
Row = tuple[str, str, str | None, str | None]
"""Action, subject, before and after, as they were stored in words."""

_WORDED = table(
    "audit_entries",
    column("id"),
    column("at", UtcDateTime()),
    *(column(name) for name in ("guild_id", "actor_id", "actor_name")),
    *(column(name) for name in ("action", "subject", "before", "after")),
)
"""The table as the release before has it."""

OLD_ROWS: list[Row] = [
    ("quota_set", "of each member for videos per day", "10 videos (default)", "3 videos"),
    ("setting_changed", "log-channel", "off", "<#700>"),
    ("permit_changed", "channel <#600>", None, "denied"),
    ("word_added", "“fox” \\ “hen”", None, None),
    ("job_forgotten", "7F3K2Q of <@42>", None, None),
]

VALUES: list[tuple[Change, tuple[str, str | None, str | None]]] = [
    (
        QuotaChange(
            action=Action.QUOTA_SET,
            scope=Scope.MEMBER_DEFAULT,
            unit=Unit.VIDEOS,
            window=Window.DAY,
            before=Allowance(limit=10, is_default=True),
            after=Allowance(limit=1),
        ),
        ("of each member for videos per day", "10 videos (default)", "1 video"),
    ),
    (
        QuotaChange(
            action=Action.QUOTA_CLEARED,
            scope=Scope.ROLE,
            target_id=70,
            unit=Unit.SECONDS,
            window=Window.WEEK,
            before=Allowance(limit=1_200),
            after=None,
        ),
        ("of <@&70> for seconds per week", "1,200 s of video", None),
    ),
    (
        QuotaChange(
            action=Action.CEILING_SET,
            scope=Scope.CEILING,
            unit=Unit.COST,
            window=Window.MONTH,
            before=None,
            after=Allowance(limit=2_500_000),
        ),
        ("for cost per month", None, "2.50 CNY"),
    ),
    (
        GrantChange(user_id=UserId(5), unit=Unit.COST, amount=3_000_000, days=1),
        ("<@5>", None, "3.00 CNY for 1 d"),
    ),
    (
        SettingChange(setting=SettingName.PROMPTS, before=False, after=True),
        ("prompts", "hide", "show"),
    ),
    (
        SettingChange(setting=SettingName.NOTIFY, before=Notify.PING, after=Notify.DM),
        ("notify", "ping", "dm"),
    ),
    (
        SettingChange(setting=SettingName.LOG_CHANNEL, before=None, after=700),
        ("log-channel", "off", "<#700>"),
    ),
    (
        DefaultChange(
            kind=Kind.IMAGE, before=Choices(), after=Choices(model="m", resolution="480P")
        ),
        ("default for image", None, "m · 480P"),
    ),
    (
        PermitChange(subject=Subject.CHANNEL, name="600", before=None, after=False),
        ("channel <#600>", None, "denied"),
    ),
    (
        PermitChange(subject=Subject.EFFECT, name="hug", before=False, after=True),
        ("effect hug", "denied", "allowed"),
    ),
    (MemberChange(action=Action.MEMBER_BLOCKED, user_id=UserId(5)), ("<@5>", None, None)),
    (WordChange(action=Action.WORD_REMOVED, word="“fox”"), ("“fox”", None, None)),
    (
        JobChange(action=Action.JOB_CANCELLED, job_id=JobId("7F3K2Q"), requester_id=UserId(42)),
        ("7F3K2Q of <@42>", None, None),
    ),
    (
        Worded(action=Action.CEILING_SET, subject="for videos per day", after="3 videos"),
        ("for videos per day", None, "3 videos"),
    ),
]


@pytest.fixture
async def old(empty_url: str) -> AsyncIterator[Database]:
    """A database of the release before, with changes in words."""
    database = Database(empty_url)
    await migrate.upgrade(database, OLD)
    async with database.write() as connection:
        for number, (action, subject, before, after) in enumerate(OLD_ROWS):
            await connection.execute(
                insert(_WORDED).values(
                    guild_id=GUILD,
                    at=NOW + timedelta(seconds=number),
                    actor_id=MODERATOR.user_id,
                    actor_name=MODERATOR.name,
                    action=action,
                    subject=subject,
                    before=before,
                    after=after,
                )
            )
    yield database
    await database.aclose()


async def written(database: Database) -> list[AuditEntry]:
    """Return the guild's changes, oldest first."""
    async with database.read() as connection:
        found = await audit.newest(
            connection, GUILD, since=NOW, until=NOW + timedelta(days=1), limit=100
        )
    return found[::-1]


async def test_what_was_written_in_words_keeps_them(old: Database) -> None:
    await migrate.upgrade(old)
    assert await written(old) == [
        AuditEntry(
            guild_id=GUILD,
            at=NOW + timedelta(seconds=number),
            actor=MODERATOR,
            change=Worded(action=Action(action), subject=subject, before=before, after=after),
        )
        for number, (action, subject, before, after) in enumerate(OLD_ROWS)
    ]


async def test_words_survive_a_way_there_and_back(old: Database) -> None:
    before = await _rows(old)
    await migrate.upgrade(old)
    await migrate.downgrade(old, OLD)
    assert await _rows(old) == before == OLD_ROWS


async def test_values_are_read_as_they_were_written_and_become_words_when_taken_back(
    old: Database,
) -> None:
    await migrate.upgrade(old)
    async with old.write() as connection:
        for number, (change, _) in enumerate(VALUES):
            entry = AuditEntry(
                guild_id=GUILD,
                at=NOW + timedelta(minutes=1, seconds=number),
                actor=MODERATOR,
                change=change,
            )
            await audit.add(connection, entry, tell_in=None)
    changes = [change for change, _ in VALUES]
    assert [entry.change for entry in (await written(old))[len(OLD_ROWS) :]] == changes
    await migrate.downgrade(old, OLD)
    assert (await _rows(old))[len(OLD_ROWS) :] == [
        (change.action.value, *words) for change, words in VALUES
    ]


def test_every_kind_of_change_is_tried_here() -> None:
    assert {type(change) for change, _ in VALUES} == set(_CHANGES.values())


async def test_who_typed_in_the_shell_gets_the_old_name_back(old: Database) -> None:
    await migrate.upgrade(old)
    entry = AuditEntry(
        guild_id=GUILD,
        at=NOW + timedelta(minutes=1),
        actor=Person(user_id=UserId(0), name=""),
        change=VALUES[0][0],
    )
    async with old.write() as connection:
        await audit.add(connection, entry, tell_in=None)
    await migrate.downgrade(old, OLD)
    async with old.read() as connection:
        query = select(_WORDED.c.actor_name).order_by(_WORDED.c.id)
        names = (await connection.execute(query)).scalars().all()
    assert [*names] == ["mo"] * len(OLD_ROWS) + ["the host's shell"]


async def _rows(database: Database) -> list[Any]:
    columns = (_WORDED.c[name] for name in ("action", "subject", "before", "after"))
    query = select(*columns).order_by(_WORDED.c.id)
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(query)]
