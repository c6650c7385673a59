"""How late the event loops of the bot processes were that a benchmark started.

Each benchmark runs in a process of its own, so the readings of this module are that benchmark's;
the runner takes the worst of all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.benchmarks.processes import WatchedBot
from tests.benchmarks.rows import Row, Unit

WANTED_MILLISECONDS = 50.0
"""PRODUCT §4: the event loop is never blocked for longer."""

WORST_LAG = "bench_worst_loop_lag_seconds"
OWN_LAG = "bench_own_loop_lag_seconds"
LAG_SAMPLES = "bench_loop_lag_samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class LagReading:
    """What one bot process measured from its start to its end."""

    where: str
    """Which process of which benchmark."""
    worst_seconds: float
    """The latest its event loop ever was."""
    own_seconds: float
    """The latest it was by what its own process computed: no sample counts for more than the CPU
    time that all threads of the process used in it. The rest is waiting for a processor."""
    samples: int
    idle_seconds: float
    """The latest an idle event loop was in the same time on the same machine."""


READINGS: list[LagReading] = []
"""Of this benchmark's process, in the order they were read."""


async def read_lag(bot: WatchedBot, where: str) -> None:
    """Ask a bot process for its worst lag so far and keep the answer; call it before the end."""
    READINGS.append(await lag_of(bot, where))


async def lag_of(bot: WatchedBot, where: str) -> LagReading:
    """Ask a bot process for its worst lag so far."""
    _, page = await bot.page("/metrics")
    return LagReading(
        where=where,
        worst_seconds=metric(page, WORST_LAG),
        own_seconds=metric(page, OWN_LAG),
        samples=int(metric(page, LAG_SAMPLES)),
        idle_seconds=await bot.idle_lag_seconds(),
    )


def metric(page: str, name: str) -> float:
    """Return a metric without labels from a page of /metrics.

    Raises:
        LookupError: the page has no such metric.
    """
    found = re.search(rf"^{re.escape(name)} (\S+)$", page, re.MULTILINE)
    if found is None:
        raise LookupError(f"no {name} among the metrics")
    return float(found[1])


def row_of(readings: list[LagReading]) -> Row | None:
    """Return the worst of all processes as a line of the table."""
    if not readings:
        return None
    worst = max(readings, key=lambda reading: reading.worst_seconds)
    own = max(reading.own_seconds for reading in readings)
    idle = max(reading.idle_seconds for reading in readings)
    milliseconds = worst.worst_seconds * 1000
    samples = sum(reading.samples for reading in readings)
    return Row(
        name="worst event-loop lag over the whole run",
        ours=f"{milliseconds:.1f} ms",
        against=f"{idle * 1000:.1f} ms of an idle loop",
        figure=milliseconds,
        unit=Unit.MILLISECONDS,
        wanted=WANTED_MILLISECONDS,
        remark=(
            f"in {worst.where}; by what the bot itself computed at most {own * 1000:.1f} ms, "
            "the rest is waiting for a processor, as the idle loop of the same time did; "
            f"{samples} samples of {len(readings)} bot processes"
        ),
    )
