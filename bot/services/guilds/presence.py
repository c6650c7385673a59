"""Names of the guilds the bot is in, as a stored fact: the shell has no gateway to ask."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bot.domain.host.overview import GuildInfo
from bot.domain.ids import GuildId
from bot.storage import processes
from bot.storage.engine import Connection

_KEY = "guilds"


async def presences_of(connection: Connection) -> dict[GuildId, GuildInfo]:
    """Return the guilds the bot was in when it last looked."""
    stored = await processes.get_fact(connection, _KEY)
    rows = {} if stored is None else json.loads(stored)
    return {
        GuildId(int(guild_id)): GuildInfo(name=name, members=members)
        for guild_id, (name, members) in rows.items()
    }


async def store_presences(connection: Connection, present: Mapping[GuildId, GuildInfo]) -> None:
    """Replace what is stored."""
    rows = {str(guild_id): (each.name, each.members) for guild_id, each in present.items()}
    await processes.set_fact(connection, _KEY, json.dumps(rows))
