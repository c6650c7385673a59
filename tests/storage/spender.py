"""A process that spends: ``python -m tests.storage.spender <database url> <folder> <count>``.

It says ``ready``, waits for a line, submits so many requests at once, and says what became of each.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import structlog

from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.storage.engine import Database
from tests.fakes import InMemoryProvider, ManualClock, RecordingChat, a_submission
from tests.services.core import GENEROUS, Core
from tests.services.media import FakeMedia

LIMIT = Rule(scope=Scope.MEMBER_DEFAULT, unit=Unit.VIDEOS, window=Window.DAY, limit=5)


async def spend(database_url: str, folder: Path, count: int) -> None:
    """Submit requests against a limit of five that other processes press too."""
    clock = ManualClock()
    core = Core(
        database=Database(database_url),
        data_dir=folder,
        clock=clock,
        provider=InMemoryProvider(clock),
        chat=RecordingChat(),
        media=FakeMedia(),
        defaults=replace(GENEROUS, rules=(LIMIT,)),
    )
    await core.dispatcher.prepare()
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    # Ids of interactions are counted from 1 in each process; Discord's are unique.
    first = 1_000_000 * int(folder.name.rpartition("-")[2])
    submissions = [a_submission(interaction_id=first + at) for at in range(count)]
    outcomes = await asyncio.gather(
        *(core.submissions.submit(submission) for submission in submissions), return_exceptions=True
    )
    counts = Counter(type(outcome).__name__ for outcome in outcomes)
    say(" ".join(f"{name}={number}" for name, number in sorted(counts.items())))
    await core.database.aclose()


def say(line: str) -> None:
    """Write a line that the test waits for."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    own_folder = Path(sys.argv[2])
    own_folder.mkdir()
    asyncio.run(spend(sys.argv[1], own_folder, int(sys.argv[3])))
