"""Blocks, words and rules as they are stored, on both engines."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.guilds.settings import Block
from bot.domain.ids import GuildId, UserId
from bot.storage import guilds, moderation
from bot.storage.engine import Connection, Database
from tests.fakes import GUILD, MEMBER, NOW

ELSEWHERE = GuildId(5)
BY = UserId(9)


async def _block(connection: Connection, user_id: UserId, *, minutes: int = 0) -> bool:
    at = NOW + timedelta(minutes=minutes)
    return await moderation.block(connection, GUILD, user_id, blocked_by=BY, at=at)


async def test_a_member_is_blocked_once_and_only_there(database: Database) -> None:
    async with database.write() as connection:
        assert await _block(connection, MEMBER)
        assert not await _block(connection, MEMBER, minutes=1)
        assert await _block(connection, UserId(4), minutes=2)
        assert await moderation.is_blocked(connection, GUILD, MEMBER)
        assert not await moderation.is_blocked(connection, ELSEWHERE, MEMBER)
        newest, oldest = await moderation.blocks_of(connection, GUILD)
        assert newest.user_id == UserId(4)
        assert oldest == Block(user_id=MEMBER, blocked_by=BY, at=NOW), "the first block stands"
        assert await moderation.unblock(connection, GUILD, MEMBER)
        assert not await moderation.unblock(connection, GUILD, MEMBER)
        assert not await moderation.is_blocked(connection, GUILD, MEMBER)


async def test_words_are_known_by_how_they_are_compared(database: Database) -> None:
    async with database.write() as connection:
        for folded, word, is_new in (
            ("rain", "rain", True),
            ("mud", "Mud", True),
            ("mud", "mud", False),
        ):
            assert await moderation.add_word(connection, GUILD, folded=folded, word=word) is is_new
        assert await moderation.words_of(connection, GUILD) == {"mud": "Mud", "rain": "rain"}
        assert await moderation.words_of(connection, ELSEWHERE) == {}
        assert await moderation.remove_word(connection, GUILD, folded="mud")
        assert not await moderation.remove_word(connection, GUILD, folded="mud")


async def test_a_rule_is_cleared_in_its_own_place_alone(database: Database) -> None:
    def rule(limit: int, window: Window = Window.DAY, target_id: int | None = 7) -> Rule:
        return Rule(
            scope=Scope.ROLE, unit=Unit.COST, window=window, limit=limit, target_id=target_id
        )

    others = [rule(2, Window.WEEK), rule(3, target_id=8)]
    async with database.write() as connection:
        for stored in (rule(1), *others):
            await guilds.set_rule(connection, GUILD, stored)
        for _ in range(2):
            await guilds.clear_rule(connection, GUILD, rule(99))
        await guilds.clear_rule(connection, ELSEWHERE, others[0])
        assert await guilds.rules_of(connection, GUILD) == others
