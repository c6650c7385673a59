"""Counts private refusals: for the host by error code, for a guild's admins by UTC day too."""

from __future__ import annotations

from bot.domain.errors import StorageError
from bot.domain.ids import GuildId
from bot.domain.ports import Clock
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.storage import audit
from bot.storage.engine import Database

log = get_logger(__name__)


class RefusalCounter:
    """Asked once a refusal is answered: counting keeps nobody waiting."""

    def __init__(self, database: Database, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics

    async def count(self, guild_id: GuildId | None, code: str) -> None:
        """Count a refusal by its error code; a count that fails is only logged."""
        self._metrics.refusals.labels(code=code).inc()
        if guild_id is None:
            return
        try:
            async with self._database.write() as connection:
                day = self._clock.now().date()
                await audit.count_refusal(connection, guild_id, code, day=day)
        except StorageError as error:
            log.warning("refusal_uncounted", guild_id=guild_id, code=code, reason=error.code)
