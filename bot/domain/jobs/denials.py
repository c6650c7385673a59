"""Why something cannot be made of a job that is there."""

from __future__ import annotations

from bot.domain.errors import RequestError


class NotRequesterError(RequestError):
    """Only the requester of a job may do this; a job of one's own may be made of it."""

    code = "not_requester"

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"job {job_id} is somebody else's")


class PriceRoseError(RequestError):
    """It costs more now than what was read before the press."""

    code = "price_rose"

    def __init__(self, *, micros: int, shown_micros: int) -> None:
        self.micros = micros
        """Micro-CNY now."""
        self.shown_micros = shown_micros
        """Micro-CNY as it was shown."""
        super().__init__(f"{micros} micro-CNY, shown {shown_micros}")


class OriginalGoneError(RequestError):
    """A video is not kept any more as the provider made it."""

    code = "original_gone"


class OriginalTooLargeError(RequestError):
    """A video as the provider made it is larger than what the asker may be sent."""

    code = "original_too_large"

    def __init__(self, *, actual_bytes: int, limit_bytes: int) -> None:
        self.actual_bytes = actual_bytes
        self.limit_bytes = limit_bytes
        super().__init__(f"{actual_bytes} bytes, limit {limit_bytes}")
