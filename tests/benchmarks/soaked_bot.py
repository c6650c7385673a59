"""``python -m tests.benchmarks.soaked_bot run``: the watched bot, whose time of day can be moved.

A create that nobody answered and that made no task is settled after eleven minutes of silence in
the provider's list. The time of day is moved over them, and the list is read every few seconds
instead of every minute; everything else is the product's.
"""

from __future__ import annotations

from pathlib import Path

from bot import cli
from bot.outside import Overrides
from bot.services.reconciliation import reconciler
from tests.benchmarks.watched_bot import WorstLag
from tests.e2e.crash_process import ShiftedClock, ShiftFile

SHIFT = "shift"
"""Name of the file in the bot's folder that says by how many seconds the time is moved."""

READ_LIST_EVERY_SECONDS = 3.0

if __name__ == "__main__":
    reconciler.INTERVAL_SECONDS = READ_LIST_EVERY_SECONDS
    cli.main(obj=Overrides(clock=ShiftedClock(ShiftFile(Path(SHIFT))), lag_watch=WorstLag))
