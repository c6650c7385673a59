"""A guild with rows of every kind that its people store, far more than may be."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert

from bot.domain.catalogue.permits import Subject
from bot.domain.guilds.quota import Scope, Unit, Window
from bot.storage import guilds
from bot.storage.engine import Database
from bot.storage.tables import blocks, grants, permits, rules, words
from tests.fakes import GUILD, NOW


async def fill(database: Database, many: int) -> None:
    """Put rows of every kind into a guild, past all bounds."""
    numbers = range(1, many + 1)
    whose = {"guild_id": GUILD}
    by = {"blocked_by": 9, "at": NOW}
    slot = {"unit": Unit.VIDEOS, "window": Window.DAY, "limit": 50}
    ends = {"granted_by": 9, "granted_at": NOW, "expires_at": NOW + timedelta(days=30)}
    async with database.write() as connection:
        await guilds.ensure(connection, GUILD)
        await connection.execute(
            insert(blocks), [whose | by | {"user_id": 10_000 + at} for at in numbers]
        )
        await connection.execute(
            insert(words), [whose | {"folded": f"word{at}", "word": f"Word{at}"} for at in numbers]
        )
        denied = {"subject": Subject.CHANNEL, "allowed": False}
        await connection.execute(
            insert(permits), [whose | denied | {"name": str(90_000 + at)} for at in numbers]
        )
        own = {"scope": Scope.MEMBER}
        await connection.execute(
            insert(rules), [whose | slot | own | {"target_id": 10_000 + at} for at in numbers]
        )
        one = {"unit": Unit.VIDEOS, "amount": 1}
        await connection.execute(
            insert(grants), [whose | ends | one | {"user_id": 10_000 + at} for at in numbers]
        )
