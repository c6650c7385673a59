"""``python -m tests.benchmarks.idle_loop``: an event loop with nothing to do but measure its lag.

What it measures is the machine's: how late a process is whose only work is to be on time. It
answers each line on standard input with its worst lag in seconds, and ends with the input.
"""

from __future__ import annotations

import asyncio
import sys
import time

from bot.services.host.watchdogs import LAG_SAMPLE_SECONDS


class IdleLoop:
    """Samples as the bot does."""

    def __init__(self) -> None:
        self.worst_seconds = 0.0

    async def watch(self) -> None:
        """Sleep a known time, again and again."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(LAG_SAMPLE_SECONDS)
            lag = time.monotonic() - before - LAG_SAMPLE_SECONDS
            self.worst_seconds = max(self.worst_seconds, lag)


async def main() -> None:
    """Serve until the input ends."""
    idle = IdleLoop()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(idle.watch())
        while await asyncio.to_thread(sys.stdin.readline):
            sys.stdout.write(f"{idle.worst_seconds}\n")
            sys.stdout.flush()
        watching.cancel()


if __name__ == "__main__":
    asyncio.run(main())
