"""Hundreds of commands at once: they wait in line, guild by guild, and nobody is refused for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from bot.domain.catalogue import Choices, Kind
from bot.domain.errors import DatabaseUnavailableError
from bot.domain.ids import GuildId, UserId
from bot.domain.requests.submission import Submission, VideoOptions
from bot.services.intake import submissions
from bot.storage import accounts
from bot.storage.tables import jobs
from tests.fakes import ACCOUNT, GUILD, a_requester, a_submission
from tests.services.core import Core

OTHER_GUILD = GuildId(GUILD + 1)
MEMBERS = 20
TURNS = 5
"""Of the event loop: enough for every command to come to its place in line."""


def _of(member: int, guild_id: GuildId = GUILD) -> Submission:
    return replace(
        a_submission(guild_id=guild_id, requester_id=UserId(5_000 + member)),
        pictures=(),
        has_preview=False,
    )


async def _counts(core: Core) -> Counter[GuildId]:
    query = select(jobs.c.guild_id, func.count()).group_by(jobs.c.guild_id)
    async with core.database.read() as connection:
        return Counter({row[0]: row[1] for row in await connection.execute(query)})


async def test_commands_at_once_all_become_jobs(core: Core) -> None:
    async def command(member: int) -> None:
        guild_id = GuildId(GUILD + member % 3)
        await core.video_requests.request(
            a_requester(guild_id, UserId(5_000 + member % 7)),
            replace(a_submission().origin, guild_id=guild_id),
            Kind.TEXT,
            VideoOptions(prompt="a red fox"),
            Choices(),
        )

    await asyncio.gather(*(command(member) for member in range(15)))
    assert (await _counts(core)).total() == 15


async def test_loop_that_comes_behind_many_commands_has_its_turn_after_one(core: Core) -> None:
    seen: list[int] = []

    async def loop() -> None:
        async with core.database.write() as connection:
            await accounts.ensure(connection, ACCOUNT)
            query = select(func.count()).select_from(jobs)
            seen.append((await connection.execute(query)).scalar_one())

    async with asyncio.TaskGroup() as group, core.database.write():
        for member in range(MEMBERS):
            group.create_task(core.submissions.submit(_of(member)))
        for _ in range(TURNS):
            await asyncio.sleep(0)
        group.create_task(loop())
        for _ in range(TURNS):
            await asyncio.sleep(0)
    assert seen[0] <= 1
    assert (await _counts(core)).total() == MEMBERS


async def test_another_guilds_command_does_not_wait_for_all_of_a_crowd(core: Core) -> None:
    ahead: list[int] = []

    async def from_another_guild() -> None:
        await core.submissions.submit(_of(0, OTHER_GUILD))
        ahead.append((await _counts(core))[GUILD])

    async with asyncio.TaskGroup() as group, core.database.write():
        for member in range(MEMBERS):
            group.create_task(core.submissions.submit(_of(member)))
        for _ in range(TURNS):
            await asyncio.sleep(0)
        group.create_task(from_another_guild())
        for _ in range(TURNS):
            await asyncio.sleep(0)
    # Its own status message is posted meanwhile.
    assert ahead[0] < MEMBERS / 2


async def test_command_nobody_waits_for_any_more_leaves_the_line(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions, "LINE_SECONDS", 0.02)
    async with asyncio.TaskGroup() as group, core.database.write():
        first = group.create_task(core.submissions.submit(_of(1)))
        for _ in range(TURNS):
            await asyncio.sleep(0)
        with pytest.raises(DatabaseUnavailableError):
            await core.submissions.submit(_of(2))
    assert (await first).requester.user_id == UserId(5_001)
    assert (await _counts(core)).total() == 1
