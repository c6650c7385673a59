"""Watches what no other loop would notice: a gateway that stays away, a loop that lags."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.ports import Clock
from bot.logs import get_logger
from bot.metrics import Metrics

log = get_logger(__name__)

GATEWAY_PATIENCE_SECONDS = 300.0
"""discord.py tries for ever (Rapptz/discord.py#10511); another start may get another address."""

CHECK_SECONDS = 15.0
LAG_SAMPLE_SECONDS = 0.05
"""No block of 50 ms fits between two samples."""


class GatewayLostError(Exception):
    """No gateway for too long: the process ends and its supervisor starts it anew."""


class GatewayWatch:
    """Ends the process when the gateway stays away."""

    def __init__(
        self,
        clock: Clock,
        is_well: Callable[[], bool],
        *,
        patience_seconds: float = GATEWAY_PATIENCE_SECONDS,
    ) -> None:
        self._clock = clock
        self._is_well = is_well
        self._patience_seconds = patience_seconds
        self._well_at: float | None = None
        """When it was well, or first looked at: a long start is not its fault."""

    async def run_once(self) -> float:
        """Look once; return the seconds until the next look.

        Raises:
            GatewayLostError: it has been away for too long.
        """
        now = self._clock.monotonic()
        if self._well_at is None or self._is_well():
            self._well_at = now
        elif now - self._well_at > self._patience_seconds:
            raise GatewayLostError(f"no gateway for {now - self._well_at:.0f} s")
        return min(CHECK_SECONDS, self._patience_seconds / 4)


class LagWatch:
    """Measures how late the event loop is."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics

    async def run_once(self) -> float:
        """Sleep a known time and see how much longer it took."""
        before = self._clock.monotonic()
        await self._clock.sleep(LAG_SAMPLE_SECONDS)
        lag = self._clock.monotonic() - before - LAG_SAMPLE_SECONDS
        self._metrics.loop_lag_seconds.observe(max(0.0, lag))
        return 0.0
