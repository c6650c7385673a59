"""What admins decide is stored once for each thing, and cannot be raced by a RESERVE."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.domain.catalogue import Catalogue, Choices, Kind, Region
from bot.domain.catalogue.permits import Permits, Subject
from bot.domain.errors import BotError
from bot.domain.guilds.denials import MemberBlockedError
from bot.domain.guilds.settings import Guild, Notify
from bot.domain.ids import ChannelId, GuildId, UserId
from bot.domain.requests.denials import ModelDeniedError
from bot.services.intake.admission import Admission
from bot.storage import guilds, moderation, permits
from bot.storage.engine import Connection, Database
from tests.fakes import GUILD, MEMBER, MODEL, NOW, ManualClock, a_submission

CHANNEL = ChannelId(1_234_567_890_123_456_789)


async def test_the_last_decision_about_a_thing_counts(database: Database) -> None:
    async with database.write() as connection:
        for allowed in (True, False):
            await permits.decide(connection, GUILD, Subject.CHANNEL, str(CHANNEL), allowed=allowed)
            await permits.decide(connection, GUILD, Subject.MODEL, MODEL, allowed=not allowed)
            await permits.decide(connection, GUILD, Subject.EFFECT, "hug", allowed=allowed)
        await permits.decide(connection, GuildId(9), Subject.EFFECT, "hug", allowed=True)
    async with database.read() as connection:
        assert await permits.of_guild(connection, GUILD) == Permits(
            channels={CHANNEL: False}, models={MODEL: True}, effects={"hug": False}
        )


async def test_a_decision_that_is_taken_back_leaves_the_others(database: Database) -> None:
    async with database.write() as connection:
        for name in ("hug", "squish"):
            await permits.decide(connection, GUILD, Subject.EFFECT, name, allowed=False)
        await permits.reset(connection, GUILD, Subject.EFFECT, "hug")
        await permits.reset(connection, GUILD, Subject.MODEL, "never decided")
    async with database.read() as connection:
        assert await permits.of_guild(connection, GUILD) == Permits(effects={"squish": False})


async def test_a_default_replaces_the_one_before_and_can_be_cleared(database: Database) -> None:
    async with database.write() as connection:
        for chosen in (Choices(model=MODEL, resolution="480P"), Choices(resolution="720P")):
            await permits.set_default(connection, GUILD, Kind.FRAMES, chosen)
        await permits.set_default(connection, GUILD, Kind.TEXT, Choices(size="480*832"))
    async with database.write() as connection:
        assert await permits.defaults_of(connection, GUILD) == {
            Kind.FRAMES: Choices(resolution="720P"),
            Kind.TEXT: Choices(size="480*832"),
        }
        await permits.clear_default(connection, GUILD, Kind.FRAMES)
        await permits.clear_default(connection, GUILD, Kind.IMAGE)
        assert set(await permits.defaults_of(connection, GUILD)) == {Kind.TEXT}


async def test_settings_are_read_as_they_were_stored(database: Database) -> None:
    async with database.write() as connection:
        before = await guilds.lock(connection, GUILD)
        await guilds.change(
            connection, GUILD, notify=Notify.DM, log_channel_id=CHANNEL, show_prompts=True
        )
    async with database.read() as connection:
        after = await guilds.get(connection, GUILD)
    assert before == Guild(guild_id=GUILD)
    assert after == Guild(
        guild_id=GUILD, notify=Notify.DM, log_channel_id=CHANNEL, show_prompts=True
    )


async def _block(connection: Connection) -> None:
    await moderation.block(connection, GUILD, MEMBER, blocked_by=UserId(9), at=NOW)


async def _deny(connection: Connection) -> None:
    await permits.decide(connection, GUILD, Subject.MODEL, MODEL, allowed=False)


@pytest.mark.parametrize(
    ("forbid", "error"), [(_block, MemberBlockedError), (_deny, ModelDeniedError)]
)
async def test_a_reserve_sees_what_was_forbidden_while_it_waited_for_the_guild(
    connect: Callable[[], Database],
    forbid: Callable[[Connection], Awaitable[None]],
    error: type[BotError],
) -> None:
    reserving, forbidding = connect(), connect()
    admission = Admission(reserving, Catalogue.of_region(Region.BEIJING), ManualClock())
    submission = a_submission()
    begun = asyncio.Event()

    async def reserve() -> None:
        begun.set()
        async with reserving.write() as connection:
            await guilds.lock(connection, GUILD)
            await admission.readmit(connection, submission.requester, submission.spec)

    async with forbidding.write() as connection:
        await guilds.lock(connection, GUILD)
        waiting = asyncio.ensure_future(reserve())
        await begun.wait()
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done, "the guild's row is the lock"
        await forbid(connection)
    with pytest.raises(error):
        await asyncio.wait_for(waiting, 10)
