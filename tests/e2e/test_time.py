"""Hours without the bot: what was made meanwhile is delivered, or honestly lost; never a loop."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

import pytest

from bot.domain.jobs.states import JobState
from tests.e2e.invariants import Allowed
from tests.e2e.kill_harness import STEPPED, UNTIL_BEGUN, UNTIL_DONE, kill_harness
from tests.e2e.world import title_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HOUR = 3600
QUERIES_ENOUGH = 6
"""To find out what became of one task, whatever it was."""


@pytest.mark.parametrize(
    ("hours", "state", "title"),
    [
        (2, JobState.DELIVERED, "✅ Done"),
        (23, JobState.DELIVERED, "✅ Done"),
        (25, JobState.EXPIRED, "⌛ Expired"),
    ],
)
async def test_a_task_that_ends_while_the_bot_is_off(
    tmp_path: Path, hours: int, state: JobState, title: str
) -> None:
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        stage.pass_time(hours * HOUR)
        asked = len(stage.world.dashscope.requests)
        lost = state is JobState.EXPIRED
        (job,) = await stage.end(Allowed(lost_tasks=int(lost), all_told=not lost))
        assert (job.state, job.failure.possibly_billed) == (state, lost)
        (status,) = stage.world.status_messages()
        assert title_of(status) == title
        calls = [call.point for call in stage.world.dashscope.requests[asked:]]
        assert calls.count("query") <= QUERIES_ENOUGH
        assert calls.count("create") == 0


async def test_a_backlog_pings_nobody_and_floods_no_channel(tmp_path: Path) -> None:
    """Two tasks ended and four requests waited through a stop longer than a request may wait."""
    async with kill_harness(tmp_path, emulator=STEPPED, QUEUE_TTL_SECONDS=str(HOUR)) as stage:
        await stage.bot.start()
        for _ in range(6):
            await (await stage.ask()).final_reply()
        await stage.until(lambda found: sum(job.task.id is not None for job in found) == 2)
        await stage.bot.kill()
        stage.pass_time(3 * HOUR)
        posted = len(stage.world.discord.messages(stage.world.discord.channel))
        written = len(stage.world.discord.requests)
        found = await stage.end(Allowed(all_told=False))
        states = sorted(job.state for job in found)
        assert states == [JobState.DELIVERED] * 2 + [JobState.EXPIRED] * 4
        assert stage.world.discord.pings == []
        assert len(stage.world.discord.messages(stage.world.discord.channel)) == posted
        writes = [
            request
            for request in stage.world.discord.requests[written:]
            if request.method in {"POST", "PATCH"}
            and "/messages" in request.path
            and request.status == HTTPStatus.OK
        ]
        # The delivering edit, and one more for each message at most.
        assert len(writes) <= 2 * len(found)


async def test_a_short_stop_keeps_nobody_from_being_told(tmp_path: Path) -> None:
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        stage.pass_time(UNTIL_BEGUN + UNTIL_DONE)
        await stage.end()
        assert len(stage.world.discord.pings) == 1
