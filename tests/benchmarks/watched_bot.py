"""``python -m tests.benchmarks.watched_bot run``: the bot itself, with its worst lag remembered.

The bot's own histogram of lags has buckets and no maximum. Here its sampler is replaced by one
that also keeps the worst sample; everything else is the product's.
"""

from __future__ import annotations

import time

from prometheus_client import Gauge
from typing_extensions import override

from bot import cli
from bot.domain.ports import Clock
from bot.metrics import Metrics
from bot.outside import Overrides
from bot.services.host.watchdogs import LAG_SAMPLE_SECONDS, LagWatch
from tests.benchmarks.lag import LAG_SAMPLES, OWN_LAG, WORST_LAG


class WorstLag(LagWatch):
    """Measures like the product's own sampler, and keeps the worst."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        super().__init__(clock, metrics)
        self._worst = Gauge(WORST_LAG, "Latest ever.", registry=metrics.registry)
        self._own = Gauge(OWN_LAG, "Latest by its own work.", registry=metrics.registry)
        self._samples = Gauge(LAG_SAMPLES, "How many.", registry=metrics.registry)
        self._worst_seconds = self._own_seconds = 0.0

    @override
    async def run_once(self) -> float:
        before, cpu_before = self._clock.monotonic(), time.process_time()
        wait_seconds = await super().run_once()
        lag = self._clock.monotonic() - before - LAG_SAMPLE_SECONDS
        self._samples.inc()
        self._worst_seconds = max(self._worst_seconds, lag)
        self._own_seconds = max(self._own_seconds, min(lag, time.process_time() - cpu_before))
        self._worst.set(self._worst_seconds)
        self._own.set(self._own_seconds)
        return wait_seconds


if __name__ == "__main__":
    cli.main(obj=Overrides(lag_watch=WorstLag))
