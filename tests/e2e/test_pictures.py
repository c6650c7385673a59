"""Odd and hostile pictures through the whole bot: made to fit, or refused with their reason."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.domain.jobs.states import JobState
from sandbox.dashscope import EmulatorSettings
from sandbox.discord.client.command_input import Upload
from sandbox.discord.world.records import User
from tests.e2e.world import World, cat, story
from tests.media.malformed_inputs import MALFORMED_INPUTS, MalformedInput

pytestmark = pytest.mark.e2e

AT_ONCE = 6
LONG = EmulatorSettings(task_seconds=(600.0, 600.0))
"""Nothing needs to be finished here: what was bought is what counts."""


async def answer_to(
    world: World, user: User, case: MalformedInput, places: asyncio.Semaphore
) -> str:
    """Offer an odd picture as the first frame and return the private answer."""
    async with places:
        upload = Upload("picture.jpg", await asyncio.to_thread(case.make), "image/jpeg")
        asked = await world.discord.actions.slash(
            user,
            world.discord.channel,
            "video frames",
            {"first_frame": upload, "last_frame": cat("last")},
        )
        reply = await asked.final_reply(60)
        assert asked.ephemeral
        return reply.text


# The local Discord reads the odd pictures' sizes with Pillow, which warns of what it sees.
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
async def test_each_odd_picture_is_made_to_fit_or_refused_with_its_reason(tmp_path: Path) -> None:
    async with story(
        tmp_path,
        emulator=LONG,
        DAILY_BUDGET="0",
        MAX_QUEUED_PER_MEMBER="500",
        MAX_QUEUED_PER_GUILD="500",
        DEFAULT_MEMBER_DAILY_VIDEOS="500",
        DEFAULT_GUILD_DAILY_VIDEOS="500",
    ) as world:
        # Only with Nitro may a member upload more than the bot accepts.
        nina = world.discord.build.add_user("nina", nitro=True)
        world.discord.build.join(world.discord.guild, nina)
        places = asyncio.Semaphore(AT_ONCE)
        answers = await asyncio.gather(
            *(answer_to(world, nina, case, places) for case in MALFORMED_INPUTS)
        )
        wrong = [
            f"{case.name}: {answer}"
            for case, answer in zip(MALFORMED_INPUTS, answers, strict=True)
            if ("Queued as Job" in answer) == isinstance(case.expected, str)
        ]
        assert wrong == []
        refusals = [answer for answer in answers if "Queued as Job" not in answer]
        named = "Not queued: the first frame"
        assert [answer for answer in refusals if not answer.startswith(named)] == []
        assert len(MALFORMED_INPUTS) >= 60

        good = [case for case in MALFORMED_INPUTS if not isinstance(case.expected, str)]
        jobs = await world.jobs()
        assert len(jobs) == len(good)
        assert len(world.status_messages()) == len(good)
        bought = {job.task.id for job in jobs if job.task.id}
        assert set(world.dashscope.tasks) == bought
        assert {job.state for job in jobs} <= {
            JobState.QUEUED,
            JobState.SUBMITTING,
            JobState.PENDING,
            JobState.RUNNING,
        }
        assert "Traceback" not in world.bot.log()
