"""Thirty requests, and a process that is killed twenty-five times at no particular moment."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from contextlib import suppress
from pathlib import Path

import pytest

from bot.domain.jobs.states import JobState
from sandbox.dashscope import EmulatorSettings
from sandbox.discord.client.command_input import OptionValue
from sandbox.discord.client.invocation import Invocation, NoAnswerError
from sandbox.discord.world.records import Channel
from tests.e2e.kill_harness import READINGS_APART, KillHarness, kill_harness
from tests.e2e.world import FRAMES_MODEL, IMAGE_MODEL, cat, offering

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SEED = 20261121
REQUESTS = 30
KILLS = 25
CHANNELS = 8
LIFE_SECONDS = (0.1, 1.4)
"""How long a process lives once it has started; a whole job takes about as long."""

UNANSWERED = 6
"""Requests of the one member at a time: the bot takes them one after the other."""

BREAK_EVERY = 8
"""After so many kills the process stays away for minutes, which the reconciler's proofs need."""

IN_FLIGHT, CREATES_PER_SECOND = 6, 6
"""More than a new account has: thirty jobs would stand in line for most of the test."""

BRISK = EmulatorSettings(
    task_seconds=(0.2, 1.0),
    queue_seconds=(0.05, 0.3),
    failure_seconds=(0.1, 0.2),
    concurrency=IN_FLIGHT,
    create_rps=CREATES_PER_SECOND,
)


async def test_twenty_five_kills_in_thirty_jobs_lose_and_double_nothing(
    tmp_path: Path, empty_url: str
) -> None:
    rng = random.Random(SEED)  # noqa: S311 - draws lots
    limits = f"in_flight = {IN_FLIGHT}\nsubmits_per_second = {CREATES_PER_SECOND}"
    offered = offering(tmp_path, {FRAMES_MODEL, IMAGE_MODEL}, limits=limits)
    async with kill_harness(tmp_path, emulator=BRISK, DATABASE_URL=empty_url, **offered) as stage:
        discord = stage.world.discord
        channels = [discord.build.add_channel(discord.guild, f"clips-{n}") for n in range(CHANNELS)]
        # Three kills in one stage look like the job's own fault.
        stage.has_operator = True
        for kills in range(1, KILLS + 1):
            await stage.bot.start(wait=False)
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(_ask(stage, rng, channels))
                await asyncio.sleep(rng.uniform(*LIFE_SECONDS))
                asking.cancel()
            await stage.bot.kill()
            if kills % BREAK_EVERY == 0:
                stage.pass_time(READINGS_APART.total_seconds())
        # The last requests are made in peace, beside all that the kills have left.
        await stage.bot.start()
        await _ask(stage, rng, channels)
        found = await stage.end()
        states = Counter(job.state for job in found)
        assert states == {JobState.DELIVERED: len(found)}
        assert len(found) >= REQUESTS


async def _ask(stage: KillHarness, rng: random.Random, channels: list[Channel]) -> None:
    """Make requests as long as the process lives; those it does not take are made no more."""
    await stage.bot.wait_until_ready()
    discord = stage.world.discord
    asked: deque[Invocation] = deque()
    while len(await stage.world.jobs()) < REQUESTS:
        if len(asked) == UNANSWERED:
            with suppress(NoAnswerError, TimeoutError):
                await asked.popleft().final_reply()
        channel = rng.choice(channels)
        if rng.random() < 1 / 2:
            asked.append(await stage.ask(channel))
        else:
            request: dict[str, OptionValue] = {
                "image": cat("first"),
                "prompt": f"a cat and {rng.random()}",
                "seed": rng.getrandbits(31),
            }
            user = discord.users[1]
            asked.append(await discord.actions.slash(user, channel, "video image", request))
        await asyncio.sleep(rng.uniform(0.0, 0.1))
