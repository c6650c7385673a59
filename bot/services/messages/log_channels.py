"""Tells each guild's changes in its log channel: a loop behind the audit trail.

A line is posted and then marked, so a process that ends between the two posts it again. Discord
knows the repetition by its nonce for some minutes; after a longer stop, or where Discord answers
too late again and again, the line stands there more than once: none missing is worth that. What
Discord did not take within an hour is left
to /usage audit.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.domain.backoff import backoff
from bot.domain.errors import (
    BotError,
    ChannelGoneError,
    ChatUnavailableError,
    DeliveryError,
    MissingAccessError,
)
from bot.domain.guilds.audit import AuditLine
from bot.domain.ids import ChannelId
from bot.domain.ports import Chat, Clock
from bot.logs import get_logger
from bot.storage import audit
from bot.storage.engine import Database

log = get_logger(__name__)

IDLE_SECONDS = 2.0
NEWS_FOR = timedelta(hours=1)
"""A change longer ago is not told: a long stop's backlog is not poured into a channel."""

PER_ROUND = 5
"""Discord takes about 5 messages in 5 s a channel; the others' lines are not to wait for more."""

ROUND_SECONDS = 2.0
"""A channel that answers slowly gets no further line in a round that lasted longer: a round is over
when its slowest channel is, and the others' next lines wait for that."""

ANSWER_SECONDS = 10.0
"""A channel without an answer by then is to wait, and its line is sent again."""

FIRST_WAIT_SECONDS = 5.0
MOST_WAIT_SECONDS = 300.0


class LogChannels:
    """Posts what is not told yet, in each channel in the order of the changes."""

    def __init__(self, database: Database, clock: Clock, chat: Chat) -> None:
        self._database = database
        self._clock = clock
        self._chat = chat
        self._failures: dict[ChannelId, int] = {}
        self._free_at: dict[ChannelId, float] = {}
        """By the clock that never runs backwards."""

    async def run_once(self) -> float:
        """Tell some lines in each channel; return seconds until more may be due."""
        now = self._clock.monotonic()
        async with self._database.read() as connection:
            waiting = await audit.untold_channels(connection)
        for done in self._failures.keys() - waiting:
            del self._failures[done], self._free_at[done]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._tell_some(channel_id))
                for channel_id in waiting
                if self._free_at.get(channel_id, now) <= now
            ]
        return 0.0 if any(task.result() for task in tasks) else IDLE_SECONDS

    async def _tell_some(self, channel_id: ChannelId) -> bool:
        """Tell a channel's next lines; return whether there may be more of them."""
        until = self._clock.monotonic() + ROUND_SECONDS
        for _ in range(PER_ROUND):
            if self._clock.monotonic() > until:
                break
            async with self._database.read() as connection:
                line = await audit.next_untold(connection, channel_id)
            if line is None or not await self._tell(line):
                return False
            async with self._database.write() as connection:
                await audit.mark_told(connection, line)
        return True

    async def _tell(self, line: AuditLine) -> bool:
        """Post a line; return whether that is settled, and not to be tried again."""
        if self._clock.now() - line.entry.at > NEWS_FOR:
            log.warning("log_line_skipped", guild_id=line.entry.guild_id)
            return True
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._chat.tell_log_channel(line)
        except (ChatUnavailableError, ChannelGoneError, MissingAccessError, TimeoutError) as error:
            self._rest(line, error)
            return False
        except DeliveryError as error:
            # This line alone is refused, for instance by AutoMod for a word that was blocked.
            log.warning("log_line_refused", guild_id=line.entry.guild_id, reason=error.code)
        except Exception:
            # One line that cannot be drawn must stop neither the others nor the process.
            log.exception("log_line_broken", guild_id=line.entry.guild_id)
        else:
            self._failures.pop(line.channel_id, None)
            self._free_at.pop(line.channel_id, None)
        return True

    def _rest(self, line: AuditLine, error: Exception) -> None:
        failures = self._failures[line.channel_id] = self._failures.get(line.channel_id, 0) + 1
        wait = backoff(failures, first_seconds=FIRST_WAIT_SECONDS, most_seconds=MOST_WAIT_SECONDS)
        self._free_at[line.channel_id] = self._clock.monotonic() + wait.total_seconds()
        log.warning(
            "log_channel_unreachable",
            guild_id=line.entry.guild_id,
            reason=error.code if isinstance(error, BotError) else "no_answer",
            seconds=wait.total_seconds(),
        )
