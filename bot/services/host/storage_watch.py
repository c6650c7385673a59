"""Watches whether the host keeps what is given to it: the folder of files, and the database.

Whoever meets such trouble waits and tries again. The operators are told once, after a while, and
once more only when it comes back: a backup that locks the database for some seconds is no news.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.host.alerts import AlertKind
from bot.domain.ports import Clock, Files
from bot.domain.units import MIB
from bot.logs import get_logger
from bot.services.alerts import Alerts

log = get_logger(__name__)

CHECK_SECONDS = 10.0

PATIENCE_SECONDS = 30.0
"""Trouble that lasts shorter is over before anybody could have looked."""

PROBE_BYTES = 2 * MIB
"""One picture's worth, gone again before a disk has really written it."""


class StorageWatch:
    """Tells the operators of a disk or database that is not writable, until it is again."""

    def __init__(
        self,
        *,
        files: Files,
        database_trouble: Callable[[], str | None],
        clock: Clock,
        alerts: Alerts,
    ) -> None:
        """Take what is watched.

        Args:
            files: where files are kept.
            database_trouble: why the database took no write last time; None where it did.
            clock: measures how long it lasts.
            alerts: told of trouble.
        """
        self._files = files
        self._database_trouble = database_trouble
        self._clock = clock
        self._alerts = alerts
        self._since: dict[str, float] = {}
        """When the trouble with each began, by the clock that never runs backwards."""

    async def run_once(self) -> float:
        """Look once; return the seconds until the next look."""
        await self._judge("database", self._database_trouble())
        await self._judge("disk", await self._disk_trouble())
        return CHECK_SECONDS

    async def _disk_trouble(self) -> str | None:
        try:
            await self._files.try_writing(size_bytes=PROBE_BYTES)
        except OSError as error:
            return error.strerror or type(error).__name__
        return None

    async def _judge(self, subject: str, trouble: str | None) -> None:
        now = self._clock.monotonic()
        if trouble is None:
            if self._since.pop(subject, None) is not None:
                log.info("storage_recovered", subject=subject)
                self._alerts.resolve(AlertKind.HOST_TROUBLE, subject)
            return
        if subject not in self._since:
            self._since[subject] = now
            log.warning("storage_refused", subject=subject, reason=trouble)
        if now - self._since[subject] >= PATIENCE_SECONDS:
            await self._alerts.fire(AlertKind.HOST_TROUBLE, subject, reason=trouble)
