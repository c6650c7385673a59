"""Many requests at once: lanes, fairness, quotas, and commands answered under load."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sandbox.dashscope import EmulatorSettings
from sandbox.discord.world.records import Channel, User
from tests.e2e.world import World, story, title_of

pytestmark = pytest.mark.e2e

FLASH = "wan2.2-kf2v-flash"
PLUS = "wanx2.1-kf2v-plus"
QUICK = EmulatorSettings(task_seconds=(0.5, 0.8), queue_seconds=(0.0, 0.1))


def second_guild(world: World) -> tuple[Channel, User]:
    """Add another guild with one channel and one member."""
    guild = world.discord.build.add_guild("Puppy Club")
    channel = world.discord.build.add_channel(guild, "clips")
    user = world.discord.build.add_user("ada")
    world.discord.build.join(guild, user)
    return channel, user


def creates(world: World, model: str) -> list[tuple[float, int | None]]:
    """Return when each create of a model arrived, and its answer's status."""
    return [
        (call.monotonic, call.status)
        for call in world.dashscope.requests
        if call.point == "create" and isinstance(call.json, dict) and call.json["model"] == model
    ]


async def test_fourteen_jobs_of_two_guilds_keep_every_limit(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=QUICK, MAX_QUEUED_PER_MEMBER="20") as world:
        channel, ada = second_guild(world)
        tom = world.discord.users[1]
        asked = await asyncio.gather(
            *(world.ask(tom, model=FLASH) for _ in range(4)),
            *(world.ask(tom, model=PLUS) for _ in range(3)),
            *(world.ask(ada, channel, model=FLASH) for _ in range(4)),
            *(world.ask(ada, channel, model=PLUS) for _ in range(3)),
        )
        replies = await asyncio.gather(*(invocation.final_reply(30) for invocation in asked))
        assert all("Queued as Job" in reply.text for reply in replies)
        waits = [invocation.acknowledged_after_seconds for invocation in asked]
        assert all(wait is not None and wait < 1 for wait in waits)

        here = await world.all_over(7, within_seconds=100)
        there = await world.all_over(7, channel, within_seconds=100)
        assert {title_of(message) for message in here + there} == {"✅ Done"}
        for model in (FLASH, PLUS):
            calls = creates(world, model)
            assert len(calls) == (8 if model == FLASH else 6)
            assert {status for _, status in calls} == {200}
            assert world.dashscope.peak_in_flight(model).accepted <= 2
            times = [at for at, _ in calls]
            third_in_a_second = [
                late - early for early, late in zip(times, times[2:], strict=False)
            ]
            assert min(third_in_a_second) >= 1
        statuses = {call.status for call in world.dashscope.requests}
        assert statuses == {200}
        edits = [call for call in world.discord.requests if call.method == "PATCH"]
        assert 429 not in {call.status for call in edits}


async def test_one_request_does_not_wait_behind_thirty_of_another_guild(tmp_path: Path) -> None:
    async with story(
        tmp_path,
        emulator=QUICK,
        MAX_QUEUED_PER_MEMBER="40",
        DEFAULT_MEMBER_DAILY_VIDEOS="40",
    ) as world:
        channel, ada = second_guild(world)
        tom = world.discord.users[1]
        asked = await asyncio.gather(*(world.ask(tom) for _ in range(30)))
        await asyncio.gather(*(invocation.final_reply(60) for invocation in asked))
        submitted_before = len(creates(world, FLASH))
        await (await world.ask(ada, channel)).final_reply()
        (status,) = await world.all_over(1, channel)
        assert title_of(status) == "✅ Done"
        (alone,) = [job for job in await world.jobs() if job.origin.channel_id == channel.id]
        sent = sorted(job.task.sent_at for job in await world.jobs() if job.task.sent_at)
        assert alone.task.sent_at is not None
        # At most the claim that was being made, and the other guild's own turn, came before.
        assert sent.index(alone.task.sent_at) <= submitted_before + 2


async def test_twenty_parallel_commands_at_a_limit_of_five_make_five_jobs(
    tmp_path: Path,
) -> None:
    async with story(
        tmp_path,
        emulator=QUICK,
        DEFAULT_MEMBER_DAILY_VIDEOS="5",
        MAX_QUEUED_PER_MEMBER="30",
    ) as world:
        tom = world.discord.users[1]
        asked = await asyncio.gather(*(world.ask(tom) for _ in range(20)))
        replies = [(await invocation.final_reply(30)).text for invocation in asked]
        assert sum("Queued as Job" in reply for reply in replies) == 5
        refused = [reply for reply in replies if "Queued" not in reply]
        assert all("the rule for members allows 5 videos per day" in reply for reply in refused)
        assert all("<t:" in reply for reply in refused)
        await world.all_over(5)
        assert len(await world.jobs()) == 5
        assert len(world.dashscope.tasks) == 5
        assert sum(balance.videos for balance in (await world.balances()).values()) == 5


async def test_the_daily_budget_bounds_all_guilds_together(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=QUICK, DAILY_BUDGET="2.5") as world:
        channel, ada = second_guild(world)
        tom = world.discord.users[1]
        asked = await asyncio.gather(
            *(world.ask(tom) for _ in range(3)), *(world.ask(ada, channel) for _ in range(3))
        )
        replies = [(await invocation.final_reply(30)).text for invocation in asked]
        assert sum("Queued as Job" in reply for reply in replies) == 2
        assert sum("host's budget" in reply for reply in replies) == 4


async def test_a_guild_that_is_not_allowed_is_told_so(tmp_path: Path) -> None:
    async with story(tmp_path, ALLOWED_GUILDS="1,2") as world:
        asked = await world.ask(world.discord.users[1])
        assert "not enabled" in (await asked.final_reply()).text
        assert await world.jobs() == []
