"""Writes down who changed what, and where it is to be told."""

from __future__ import annotations

from bot.domain.guilds.audit import AuditEntry, Change, JobAction, JobChange
from bot.domain.guilds.settings import Guild
from bot.domain.jobs.job import Job
from bot.domain.people import Person
from bot.domain.ports import Clock
from bot.logs import get_logger
from bot.storage import audit, guilds
from bot.storage.engine import Connection

log = get_logger(__name__)


class AuditLog:
    """The only writer of audit entries; ``LogChannels`` tells them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

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
