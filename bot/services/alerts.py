"""Tells the operators what needs them, once: a log line always, a direct message where it goes."""

from __future__ import annotations

import math

from bot.domain.errors import ChatUnavailableError, DeliveryError
from bot.domain.host.alerts import Alert, AlertKind
from bot.domain.ports import Chat, Clock
from bot.logs import get_logger

log = get_logger(__name__)

AGAIN_SECONDS = 300.0
"""A matter nobody could be told of is told after this, if it still stands."""


class Alerts:
    """Remembers in this process what was told; the log keeps it for good."""

    def __init__(self, chat: Chat, clock: Clock) -> None:
        self._chat = chat
        self._clock = clock
        self._told: dict[tuple[AlertKind, str], float] = {}
        """Until when a matter is not told again, by the monotonic clock."""

    async def fire(self, told: AlertKind, subject: str, **facts: str) -> bool:
        """Tell about a subject, unless it was told already and is not over.

        Returns:
            Whether nothing is left to tell; False where Discord could not be reached just now.
        """
        now = self._clock.monotonic()
        if now < (until := self._told.get((told, subject), now)):
            return until == math.inf
        self._told[told, subject] = math.inf
        log.error("operator_needed", told=told.value, subject=subject, **facts)
        notice = Alert(told=told, facts={"subject": subject, **facts}, at=self._clock.now())
        try:
            await self._chat.tell_operators(notice)
        except DeliveryError as error:
            log.warning("operator_unreachable", told=told.value, reason=str(error))
            if isinstance(error, ChatUnavailableError):
                self._told[told, subject] = now + AGAIN_SECONDS
                return False
        return True

    def resolve(self, told: AlertKind, subject: str) -> None:
        """Forget a matter that is settled: the next time is told again."""
        self._told.pop((told, subject), None)
