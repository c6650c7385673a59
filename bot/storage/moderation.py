"""Who and which words a guild's moderators block."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.guilds.bounds import MAX_BLOCKS, MAX_WORDS
from bot.domain.guilds.settings import Block
from bot.domain.ids import GuildId, UserId
from bot.storage.guilds import ensure
from bot.storage.tables import blocks, words
from bot.storage.upsert import insert_unless_there


async def block(
    connection: AsyncConnection,
    guild_id: GuildId,
    user_id: UserId,
    *,
    blocked_by: UserId,
    at: datetime,
) -> bool:
    """Block a member; return False where they were blocked already."""
    await ensure(connection, guild_id)
    block = {"guild_id": guild_id, "user_id": user_id, "blocked_by": blocked_by, "at": at}
    return await insert_unless_there(connection, blocks, block)


async def unblock(connection: AsyncConnection, guild_id: GuildId, user_id: UserId) -> bool:
    """Let a member make videos again; return False where nobody kept them from it."""
    result = await connection.execute(
        delete(blocks).where(blocks.c.guild_id == guild_id, blocks.c.user_id == user_id)
    )
    return bool(result.rowcount)


async def is_blocked(connection: AsyncConnection, guild_id: GuildId, user_id: UserId) -> bool:
    """Tell whether a member is blocked."""
    query = select(blocks.c.user_id).where(
        blocks.c.guild_id == guild_id, blocks.c.user_id == user_id
    )
    return (await connection.execute(query)).first() is not None


async def count_blocks(connection: AsyncConnection, guild_id: GuildId) -> int:
    """Return how many members are blocked."""
    query = select(func.count()).where(blocks.c.guild_id == guild_id)
    return int((await connection.execute(query)).scalar_one())


async def blocks_of(
    connection: AsyncConnection, guild_id: GuildId, *, limit: int = MAX_BLOCKS, offset: int = 0
) -> list[Block]:
    """Return who is blocked, the newest first."""
    query = (
        select(blocks)
        .where(blocks.c.guild_id == guild_id)
        .order_by(blocks.c.at.desc(), blocks.c.user_id)
        .limit(limit)
        .offset(offset)
    )
    return [
        Block(user_id=row.user_id, blocked_by=row.blocked_by, at=row.at)
        for row in await connection.execute(query)
    ]


async def add_word(
    connection: AsyncConnection, guild_id: GuildId, *, folded: str, word: str
) -> bool:
    """Add a word; return False where it is one already."""
    await ensure(connection, guild_id)
    rule = {"guild_id": guild_id, "folded": folded, "word": word}
    return await insert_unless_there(connection, words, rule)


async def remove_word(connection: AsyncConnection, guild_id: GuildId, *, folded: str) -> bool:
    """Remove a word; return False where it was none."""
    result = await connection.execute(
        delete(words).where(words.c.guild_id == guild_id, words.c.folded == folded)
    )
    return bool(result.rowcount)


async def words_of(connection: AsyncConnection, guild_id: GuildId) -> dict[str, str]:
    """Return a guild's words as they were written, by how they are compared."""
    query = select(words.c.folded, words.c.word).where(words.c.guild_id == guild_id)
    found = await connection.execute(query.order_by(words.c.folded).limit(MAX_WORDS))
    return {row.folded: row.word for row in found}
