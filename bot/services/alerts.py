"""Tells the operators what needs them, once: a log line always, a direct message where it goes."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

from bot.domain.errors import ChatUnavailableError, DeliveryError
from bot.domain.host.alerts import Alert, AlertKind
from bot.domain.ports import Clock
from bot.logs import get_logger

log = get_logger(__name__)

AGAIN_SECONDS = 300.0
"""A matter nobody could be told of is told after this, if it still stands."""


MOST_REMEMBERED = 1_000
"""Matters known as told; many of a kind are never over, and what is told again is no harm."""


class Alerts:
    """Remembers in this process what was told; the log keeps it for good."""

    def __init__(self, tell: Callable[[Alert], Awaitable[None]], clock: Clock) -> None:
        """Take how operators are told.

        Args:
            tell: sends an alert to the operators; raises DeliveryError where it cannot.
            clock: the time.
        """
        self._tell = tell
        self._clock = clock
        self._quiet_until: dict[tuple[AlertKind, str], float] = {}
        """Until when a matter is not told again, by the monotonic clock; the newest last."""

    async def fire(self, kind: AlertKind, subject: str, **facts: str) -> bool:
        """Tell about a subject, unless it was told already and is not over.

        Returns:
            Whether nothing is left to tell; False where Discord could not be reached just now.
        """
        now = self._clock.monotonic()
        if now < (until := self._quiet_until.get((kind, subject), now)):
            return until == math.inf
        self._remember(kind, subject)
        log.error("operator_needed", alert=kind.value, subject=subject, **facts)
        alert = Alert(kind=kind, facts={"subject": subject, **facts}, at=self._clock.now())
        try:
            await self._tell(alert)
        except DeliveryError as error:
            log.warning("operator_unreachable", alert=kind.value, reason=str(error))
            if isinstance(error, ChatUnavailableError):
                self._quiet_until[kind, subject] = now + AGAIN_SECONDS
                return False
        return True

    def _remember(self, kind: AlertKind, subject: str) -> None:
        self._quiet_until.pop((kind, subject), None)
        self._quiet_until[kind, subject] = math.inf
        while len(self._quiet_until) > MOST_REMEMBERED:
            del self._quiet_until[next(iter(self._quiet_until))]

    def resolve(self, kind: AlertKind, subject: str) -> None:
        """Forget a matter that is settled: the next time is told again."""
        self._quiet_until.pop((kind, subject), None)
