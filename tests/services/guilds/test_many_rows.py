"""A guild with far more rows than may be: nothing that is asked often reads them all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sized
from datetime import timedelta
from typing import Protocol

import pytest
from sqlalchemy import event, insert

from bot.domain.errors import GuildDisabledError, InvalidOptionsError
from bot.domain.guilds import bounds
from bot.domain.guilds.audit import SettingChange, SettingName
from bot.domain.guilds.periods import Period
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.guilds.settings import Notify
from bot.domain.ids import ChannelId, GuildId, RoleId, UserId
from bot.domain.people import Person
from bot.services.audit_log import AuditLog
from bot.services.guilds import settings
from bot.services.guilds.quota_rules import RuleTarget
from bot.storage import audit, guilds
from bot.storage.tables import audit_entries, blocks, grants, permits, rules, words
from bot.storage.tables import guilds as guild_rows
from tests.fakes import CHANNEL, GUILD, MEMBER, NOW, a_submission
from tests.services.core import Core
from tests.services.guilds.many_rows import fill


class _Cursor(Protocol):
    """The driver's, as SQLAlchemy adapts it: all rows are fetched at once."""

    _rows: Sized


MANY = 2_000
MOST_ROWS = 600
"""Of one statement; the largest bound of what a submission reads is 500."""
ADMIN = Person(user_id=UserId(9), name="admin")


@pytest.fixture
async def fetched(core: Core) -> AsyncIterator[list[int]]:
    """How many rows each statement had to hand over."""
    counts: list[int] = []

    def count(_: object, cursor: _Cursor, *__: object) -> None:
        counts.append(len(cursor._rows))

    await fill(core.database, MANY)
    event.listen(core.database.engine.sync_engine, "after_cursor_execute", count)
    yield counts
    event.remove(core.database.engine.sync_engine, "after_cursor_execute", count)


async def test_nothing_reads_all_rows_of_a_guild(core: Core, fetched: list[int]) -> None:
    page = await core.moderation.blocks(GUILD)
    assert page.count == MANY
    quota = await core.quotas.overview(GUILD)
    assert quota.grants_count == MANY
    await core.quotas.show(GUILD, MEMBER, frozenset({RoleId(70)}))
    await core.guild_settings.show(GUILD)
    await core.admission.catalogue(GUILD)
    await core.moderation.words(GUILD)
    await core.usage_reports.newest_changes(GUILD, Period.ALL)
    job = await core.submit(a_submission(channel_path=(CHANNEL,)))
    assert job.guild_id == GUILD
    await core.quota_rules.clear(GUILD, RuleTarget(scope=Scope.MEMBER, target_id=11_999), ADMIN)
    with pytest.raises(InvalidOptionsError):
        await core.moderation.block(GUILD, UserId(5), ADMIN)
    assert len(fetched) > 50
    assert max(fetched) <= MOST_ROWS


async def test_what_is_beyond_the_bounds_still_binds(core: Core) -> None:
    await fill(core.database, MANY)
    async with core.database.read() as connection:
        found = await guilds.rules_for(connection, GUILD, UserId(10_000 + MANY), ())
    assert [rule.target_id for rule in found] == [10_000 + MANY]
    denied = ChannelId(90_000 + MANY)
    change = await core.guild_settings.decide_channel(GUILD, ADMIN, denied, allowed=None)
    assert change.before is False


async def test_there_are_only_so_many_channels(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MAX_CHANNELS", 2)
    decide = core.guild_settings.decide_channel
    for channel in (1, 2):
        await decide(GUILD, ADMIN, ChannelId(channel), allowed=False)
    with pytest.raises(InvalidOptionsError) as caught:
        await decide(GUILD, ADMIN, ChannelId(3), allowed=True)
    assert (caught.value.problem, caught.value.facts) == ("too_many_channels", {"limit": 2})
    await decide(GUILD, ADMIN, ChannelId(2), allowed=True)
    await decide(GUILD, ADMIN, ChannelId(1), allowed=None)
    await decide(GUILD, ADMIN, ChannelId(3), allowed=True)


async def test_the_oldest_changes_make_room_for_the_newest(core: Core) -> None:
    change = SettingChange(setting=SettingName.PREVIEW, before=True, after=False)
    row = {"guild_id": GUILD, "actor_id": 9, "actor_name": "admin", "action": change.action}
    old = [
        row | {"at": NOW - timedelta(seconds=at), "change": change}
        for at in range(1, bounds.MAX_AUDIT_ENTRIES + 1)
    ]
    async with core.database.write() as connection:
        await connection.execute(insert(audit_entries), [*old, old[-1] | {"guild_id": GUILD + 1}])
    await core.guild_settings.set_notify(GUILD, ADMIN, Notify.NONE)
    async with core.database.read() as connection:
        kept = [
            len(
                await audit.newest(
                    connection,
                    GuildId(guild),
                    since=NOW - timedelta(days=9),
                    until=NOW + timedelta(days=1),
                    limit=2 * bounds.MAX_AUDIT_ENTRIES,
                )
            )
            for guild in (GUILD, GUILD + 1)
        ]
    assert kept == [bounds.MAX_AUDIT_ENTRIES, 1]


async def test_nothing_is_decided_where_no_videos_may_be_made(core: Core) -> None:
    core.audit_log._allowed_guilds = frozenset({GuildId(GUILD + 1)})
    rule = Rule(scope=Scope.SERVER, unit=Unit.VIDEOS, window=Window.DAY, limit=1)
    here = core.guild_settings
    for refused in (
        here.decide_channel(GUILD, ADMIN, CHANNEL, allowed=True),
        here.set_notify(GUILD, ADMIN, Notify.NONE),
        here.set_log_channel(GUILD, ADMIN, CHANNEL),
        core.quota_rules.set(GUILD, rule, ADMIN),
        core.quota_rules.clear(GUILD, RuleTarget(scope=Scope.SERVER), ADMIN),
        core.quota_rules.grant(GUILD, MEMBER, ADMIN, unit=Unit.VIDEOS, amount=1, days=1),
        core.moderation.block(GUILD, MEMBER, ADMIN),
        core.moderation.unblock(GUILD, MEMBER, ADMIN),
        core.moderation.add_word(GUILD, "mud", ADMIN),
        core.moderation.remove_word(GUILD, "mud", ADMIN),
    ):
        with pytest.raises(GuildDisabledError):
            await refused
    async with core.database.read() as connection:
        for table in (guild_rows, blocks, words, permits, rules, grants, audit_entries):
            assert (await connection.execute(table.select())).all() == []
    await core.guild_settings.show(GUILD)
    assert isinstance(core.audit_log, AuditLog)
