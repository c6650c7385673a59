"""Writes down who changed what, and tells the guild's log channel where there is one."""

from __future__ import annotations

from bot.domain.audit import Action, Actor, AuditEntry
from bot.domain.errors import DeliveryError
from bot.domain.ids import ChannelId, GuildId
from bot.domain.ports import Chat, Clock
from bot.logs import get_logger
from bot.storage import audit
from bot.storage.engine import Connection

log = get_logger(__name__)


class AuditTrail:
    """The only writer of audit entries."""

    def __init__(self, chat: Chat | None, clock: Clock) -> None:
        """Take the ways out.

        Args:
            chat: None where Discord is out of reach: what is stored is all there is then.
            clock: the one of the process.
        """
        self._chat = chat
        self._clock = clock

    async def record(
        self,
        connection: Connection,
        guild_id: GuildId,
        actor: Actor,
        action: Action,
        subject: str,
        *,
        before: str | None = None,
        after: str | None = None,
    ) -> AuditEntry:
        """Store a change in the transaction that makes it; ``tell`` it after the commit."""
        entry = AuditEntry(
            guild_id=guild_id,
            at=self._clock.now(),
            actor=actor,
            action=action,
            subject=subject,
            before=before,
            after=after,
        )
        await audit.add(connection, entry)
        return entry

    async def tell(self, entry: AuditEntry, channel_id: ChannelId | None) -> None:
        """Post a line into the log channel; a change stands whether or not that works."""
        log.info(
            "guild_changed",
            guild_id=entry.guild_id,
            action=entry.action.value,
            actor_id=entry.actor.user_id,
        )
        if channel_id is None or self._chat is None:
            return
        try:
            await self._chat.tell_log_channel(entry, channel_id)
        except DeliveryError as error:
            log.warning("log_channel_unreachable", guild_id=entry.guild_id, reason=error.code)
