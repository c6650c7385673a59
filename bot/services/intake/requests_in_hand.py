"""How many requests of one member are taken at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.domain.guilds.denials import QueueFullError
from bot.domain.ids import UserId


class RequestsInHand:
    """Counts requests from their arrival until they are queued or refused.

    No more of a member's could be queued, and each costs a look at the rules and at files.
    """

    def __init__(self, most: int) -> None:
        """Begin with none.

        Args:
            most: of one member.
        """
        self._most = most
        self._counts: dict[UserId, int] = {}

    @contextmanager
    def counted(self, user_id: UserId) -> Iterator[None]:
        """Count a request of a member while the block lasts.

        Raises:
            QueueFullError: so many of theirs are in hand that no more could be queued.
        """
        count = self._counts.get(user_id, 0)
        if count >= self._most:
            raise QueueFullError(whose="member", waiting=count, limit=self._most)
        self._counts[user_id] = count + 1
        try:
            yield
        finally:
            left = self._counts[user_id] - 1
            if left:
                self._counts[user_id] = left
            else:
                del self._counts[user_id]
