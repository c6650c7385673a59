"""Guilds the bot left, noticed by event and by comparison, and what becomes of their jobs.

Being left is never guessed: a guild that Discord's gateway does not name is asked for by REST, and
only a plain no counts. An outage makes guilds unavailable, which is another thing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from bot.domain.errors import DeliveryError
from bot.domain.failure import FailureReason
from bot.domain.host.overview import GuildInfo
from bot.domain.ids import GuildId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState, Owner
from bot.domain.ports import Clock
from bot.logs import get_logger
from bot.services.jobs.outcomes import unless_stale
from bot.services.jobs.writer import JobWriter
from bot.storage import departures, guilds, host, host_state
from bot.storage.engine import Database

log = get_logger(__name__)

INTERVAL_SECONDS = 60.0
SETTINGS_KEPT = timedelta(days=30)
FORGET_EVERY_SECONDS = 3600.0


class GuildMembership:
    """Follows which guilds the bot is in."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        present: Callable[[], Mapping[GuildId, GuildInfo] | None],
        is_member: Callable[[GuildId], Awaitable[bool]],
        allowed_guilds: Collection[GuildId],
    ) -> None:
        """Take what must be asked of Discord.

        Args:
            database: where guilds and jobs are.
            clock: the time.
            writer: cancels.
            present: every guild the gateway names, unavailable ones included; None while it is not
                well, because then it names too few.
            is_member: asks Discord's REST API about one guild; raises DeliveryError where it does
                not say yes or no.
            allowed_guilds: the only guilds that may make videos; empty allows all.
        """
        self._writer = writer
        self._database = database
        self._clock = clock
        self._present = present
        self._is_member = is_member
        self._allowed_guilds = allowed_guilds
        self._forget_at = self._clock.monotonic()
        self._is_first_round = True

    async def run_once(self) -> float:
        """Notice who came and went, and do what follows; return seconds until the next round."""
        now = self._clock.now()
        if self._is_first_round and self._allowed_guilds:
            async with self._database.read() as connection:
                waiting = await departures.waiting_outside(connection, self._allowed_guilds)
            await self._cancel(waiting, FailureReason.GUILD_DISABLED)
        self._is_first_round = False
        present = self._present()
        if present is not None:
            await self._compare(present, now)
            # Only after a comparison: a guild that is back may still be marked as left.
            async with self._database.read() as connection:
                waiting = await departures.waiting_in_left(connection)
            await self._cancel(waiting, FailureReason.GUILD_LEFT)
        if self._clock.monotonic() >= self._forget_at:
            self._forget_at = self._clock.monotonic() + FORGET_EVERY_SECONDS
            await self._forget(now)
        return INTERVAL_SECONDS

    async def _compare(self, present: Mapping[GuildId, GuildInfo], now: datetime) -> None:
        async with self._database.read() as connection:
            known = await host.left_at_by_guild(connection)
            stored = await host_state.present(connection)
        back = [guild_id for guild_id, left_at in known.items() if left_at and guild_id in present]
        missing = [
            guild_id
            for guild_id, left_at in known.items()
            if not left_at and guild_id not in present
        ]
        left = [guild_id for guild_id in missing if await self._has_left(guild_id)]
        # A guild that Discord does not speak of just now keeps its name.
        kept = {
            guild_id: stored[guild_id]
            for guild_id in missing
            if guild_id in stored and guild_id not in left
        }
        named = {
            guild_id: presence if presence.name or guild_id not in stored else stored[guild_id]
            for guild_id, presence in present.items()
        } | kept
        if not (back or left) and named == stored:
            return
        async with self._database.write() as connection:
            await departures.mark(connection, back, None)
            await departures.mark(connection, left, now)
            await host_state.set_present(connection, named)
        for guild_id in back:
            log.info("guild_rejoined", guild_id=guild_id)
        for guild_id in left:
            log.info("guild_left", guild_id=guild_id)

    async def _has_left(self, guild_id: GuildId) -> bool:
        try:
            return not await self._is_member(guild_id)
        except DeliveryError as error:
            log.warning("guild_unclear", guild_id=guild_id, reason=error.code)
            return False

    async def _cancel(self, waiting: Sequence[Job], reason: FailureReason) -> None:
        for job in waiting:
            async with unless_stale(job):
                await self._writer.advance(
                    job,
                    JobState.CANCELLED,
                    owner=Owner.REAPER,
                    detail={"reason": reason.value},
                    changes={"failure_reason": reason},
                )

    async def _forget(self, now: datetime) -> None:
        """Erase the settings of guilds left long ago, unless the bot is back meanwhile."""
        async with self._database.read() as connection:
            long_gone = await departures.left_before(connection, now - SETTINGS_KEPT)
        for guild_id in long_gone:
            async with self._database.write() as connection:
                guild = await guilds.lock(connection, guild_id)
                is_gone = guild.left_at is not None
                forgotten = is_gone and await departures.forget_settings(connection, guild)
            if forgotten:
                self._database.mark_erased()
                log.info("guild_forgotten", guild_id=guild_id)
