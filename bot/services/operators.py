"""Tells the operators what needs them, once: a log line always, a direct message where it goes."""

from __future__ import annotations

from bot.domain.errors import DeliveryError
from bot.domain.ports import Chat, Clock
from bot.domain.status import Notice, Told
from bot.logs import get_logger

log = get_logger(__name__)


class Operators:
    """Remembers in this process what was told; the log keeps it for good."""

    def __init__(self, chat: Chat, clock: Clock) -> None:
        self._chat = chat
        self._clock = clock
        self._told: set[tuple[Told, str]] = set()

    async def tell(self, told: Told, subject: str, **facts: str) -> None:
        """Tell about a subject, unless it was told already and is not over."""
        if (told, subject) in self._told:
            return
        self._told.add((told, subject))
        log.error("operator_needed", told=told.value, subject=subject, **facts)
        notice = Notice(told=told, facts={"subject": subject, **facts}, at=self._clock.now())
        try:
            await self._chat.tell_operators(notice)
        except DeliveryError as error:
            log.warning("operator_unreachable", told=told.value, reason=str(error))

    def over(self, told: Told, subject: str) -> None:
        """Forget a matter that is settled: the next time is told again."""
        self._told.discard((told, subject))
