"""What failed is remembered as long as somebody tries it again, and no longer."""

from __future__ import annotations

import asyncio

from bot.domain.ids import ChannelId
from bot.services.messages import channel_pace
from bot.services.messages.channel_pace import ChannelPace
from tests.fakes import ManualClock, a_job

MANY = 30


async def test_jobs_and_channels_that_ended_by_another_way_are_forgotten(
    clock: ManualClock,
) -> None:
    pace = ChannelPace(clock, edit_interval_seconds=5)
    for _ in range(MANY):
        pace.postpone(a_job(), "503")

    async def too_slow(_: list[int]) -> float:
        raise TimeoutError

    await pace.side_by_side({ChannelId(at): [at] for at in range(MANY)}, too_slow)
    assert (len(pace._failures), len(pace._channel_failures)) == (MANY, MANY)
    clock.advance(seconds=60)
    pace.forget_old()
    assert (len(pace._failures), len(pace._channel_failures)) == (MANY, MANY)
    clock.advance(seconds=channel_pace.REMEMBERED_SECONDS)
    pace.forget_old()
    await asyncio.sleep(0)
    assert (pace._failures, pace._channel_failures, pace._job_free_at) == ({}, {}, {})


async def test_what_fails_again_waits_longer_each_time(clock: ManualClock) -> None:
    pace, job, waits = ChannelPace(clock, edit_interval_seconds=5), a_job(), []
    for _ in range(6):
        waits.append(pace.postpone(job, "503"))
        clock.advance(seconds=waits[-1] + 0.1)
        pace.forget_old()
    assert waits == sorted(waits)
    assert waits[-1] >= 4 * waits[0]
