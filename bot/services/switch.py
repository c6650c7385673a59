"""Pause, drain and resume: one stored switch, read in the transactions it governs.

Whoever turns it, in Discord or in the shell, the next claim and the next submission obey: they
read it in their own transaction, and it outlives the process.
"""

from __future__ import annotations

from bot.domain.host.switch import Switch
from bot.domain.people import Person
from bot.logs import get_logger
from bot.storage import processes
from bot.storage.engine import Connection, Database

log = get_logger(__name__)

_KEY = "switch"


async def switch_of(connection: Connection) -> Switch:
    """Return how the switch stands."""
    stored = await processes.get_fact(connection, _KEY)
    return Switch.OPEN if stored is None else Switch(stored)


class IntakeSwitch:
    """Sets the switch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set(self, switch: Switch, actor: Person) -> Switch:
        """Store how the switch stands from now on; return how it stood before."""
        async with self._database.write() as connection:
            before = await switch_of(connection)
            await processes.set_fact(connection, _KEY, switch.value)
        log.warning(
            "switch_turned", before=before.value, after=switch.value, actor_id=actor.user_id
        )
        return before
