"""Writes down who changed what, and where it is to be told."""

from __future__ import annotations

from collections.abc import Collection

from bot.domain.errors import GuildDisabledError
from bot.domain.guilds.audit import AuditEntry, Change, JobAction, JobChange
from bot.domain.guilds.settings import Guild
from bot.domain.ids import GuildId
from bot.domain.jobs.job import Job
from bot.domain.people import Person
from bot.domain.ports import Clock
from bot.logs import get_logger
from bot.storage import audit, guilds
from bot.storage.engine import Connection

log = get_logger(__name__)


class AuditLog:
    """The only writer of audit entries; ``LogChannels`` tells them."""

    def __init__(self, clock: Clock, allowed_guilds: Collection[GuildId] = ()) -> None:
        """Take what is needed.

        Args:
            clock: the time.
            allowed_guilds: the only guilds that may make videos; empty allows all.
        """
        self._clock = clock
        self._allowed_guilds = allowed_guilds

    async def begin(self, connection: Connection, guild_id: GuildId) -> Guild:
        """Lock a guild for a change by its people, which ``record`` writes down.

        Raises:
            GuildDisabledError: no videos may be made there, so nothing is to be decided either.
        """
        if self._allowed_guilds and guild_id not in self._allowed_guilds:
            raise GuildDisabledError
        return await guilds.lock(connection, guild_id)

    async def record(
        self,
        connection: Connection,
        guild: Guild,
        actor: Person,
        change: Change,
    ) -> None:
        """Store a change in the transaction that makes it, for the guild's log channel of now."""
        entry = AuditEntry(
            guild_id=guild.guild_id,
            at=self._clock.now(),
            actor=actor,
            change=change,
        )
        await audit.add(connection, entry, tell_in=guild.log_channel_id)
        log.info(
            "guild_changed",
            guild_id=guild.guild_id,
            action=change.action.value,
            actor_id=actor.user_id,
        )

    async def record_about(
        self, connection: Connection, job: Job, actor: Person, action: JobAction
    ) -> None:
        """Store what somebody did to another's job; what people do to their own is theirs."""
        if actor.user_id != job.requester.user_id:
            guild = await guilds.get(connection, job.guild_id)
            change = JobChange(action=action, job_id=job.id, requester_id=job.requester.user_id)
            await self.record(connection, guild, actor, change)
