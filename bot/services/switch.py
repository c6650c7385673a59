"""Pause, drain and resume: one stored switch, read in the transactions it governs.

Whoever turns it, in Discord or in the shell, the next claim and the next submission obey: they
read it in their own transaction, and it outlives the process.
"""

from __future__ import annotations

from bot.domain.host.switch import Switch
from bot.domain.people import Person
from bot.logs import get_logger
from bot.storage import host_state
from bot.storage.engine import Database

log = get_logger(__name__)


class IntakeSwitch:
    """Sets the switch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set(self, switch: Switch, actor: Person) -> Switch:
        """Store how the switch stands from now on; return how it stood before."""
        async with self._database.write() as connection:
            before = await host_state.switch_of(connection)
            await host_state.set_switch(connection, switch)
        log.warning(
            "switch_turned", before=before.value, after=switch.value, actor_id=actor.user_id
        )
        return before
