"""The end of a process: what was begun is answered, nothing new begins, no noise in the log."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.ids import WorkerId
from bot.storage import process_lease
from bot.storage.engine import Database
from bot.storage.process_lease import ProcessRow
from sandbox.discord.client.invocation import Invocation
from tests.e2e.process import BotProcess
from tests.e2e.world import World, story, title_of

pytestmark = pytest.mark.e2e

SHUTDOWN_SECONDS = 10
COMMANDS = 6


async def ask_at_once(world: World) -> list[Invocation]:
    """Let one member use /video frames several times in the same moment."""
    member = world.discord.users[1]
    return await asyncio.gather(*(world.ask(member, prompt=f"cat {n}") for n in range(COMMANDS)))


def noise(world: World) -> list[str]:
    """Return what an orderly end never writes."""
    bad = ("Traceback", "never retrieved", "Session is closed", "was destroyed")
    return [line for line in world.bot.log().splitlines() if any(word in line for word in bad)]


@pytest.mark.parametrize("moment", ["sent", "acknowledged"])
async def test_sigterm_answers_every_command_it_acknowledged(tmp_path: Path, moment: str) -> None:
    async with story(
        tmp_path, MAX_QUEUED_PER_MEMBER="10", SHUTDOWN_SECONDS=str(SHUTDOWN_SECONDS)
    ) as world:
        asked = await ask_at_once(world)
        if moment == "acknowledged":
            await asyncio.gather(*(invocation.acknowledged() for invocation in asked))
        began = time.monotonic()
        assert await world.bot.stop() == 0
        assert time.monotonic() - began < SHUTDOWN_SECONDS + 5
        assert noise(world) == []

        acknowledged = [
            invocation for invocation in asked if invocation.acknowledged_after_seconds is not None
        ]
        assert [
            invocation.interaction.title for invocation in acknowledged if invocation.waiting
        ] == []
        said = [invocation.replies[-1].content for invocation in acknowledged]
        queued = [text for text in said if text.startswith("Queued")]
        refused = [text for text in said if text.startswith("I am restarting")]
        assert len(queued) + len(refused) == len(said)
        assert len(await world.jobs()) == len(queued)
        if moment == "acknowledged":
            assert len(queued) == COMMANDS

        await world.bot.start()
        # The signal may have been faster than every command.
        over = await world.all_over(len(queued)) if queued else []
        assert [title_of(message) for message in over] == ["✅ Done"] * len(queued)


async def test_a_command_during_the_shutdown_is_told_to_come_back(tmp_path: Path) -> None:
    async with story(tmp_path, process=BotProcess) as world:
        world.dashscope.faults.add("create", "delay", seconds=3)
        await world.ask(world.discord.users[1])
        await world.bot.wait_for_log(lambda bot: bot.events("job_advanced", target="submitting"))
        os.kill(world.bot.pid, signal.SIGTERM)
        await world.bot.wait_for_log(lambda bot: bot.events("stopping"))
        late = await world.ask(world.discord.users[1])
        reply = await late.final_reply()
        assert reply.current.content == "I am restarting. Please try again in a minute."
        assert late.ephemeral
        assert await world.bot.ended(15) == 0
        assert noise(world) == []
        assert len(await world.jobs()) == 1


async def test_a_process_that_was_replaced_ends_with_one_line(tmp_path: Path) -> None:
    async with story(tmp_path) as world:
        database = Database(f"sqlite:///{world.bot.folder}/data/tween.db")
        async with database.write() as connection:
            successor = ProcessRow(
                worker_id=WorkerId("successor"),
                host="elsewhere",
                pid=1,
                renewed_at=datetime.now(UTC),  # noqa: TID251 - the row of a real process
            )
            await process_lease.register(connection, successor)
        assert await world.bot.ended(15) == 1
        (line,) = world.bot.events("crashed")
        assert line["error"] == "lost_lease"
        assert noise(world) == []
        async with database.read() as connection:
            assert await process_lease.current(connection) == successor
        await database.aclose()


async def test_an_acknowledgement_whose_answer_is_lost_still_makes_its_video(
    tmp_path: Path,
) -> None:
    async with story(tmp_path) as world:
        world.discord.faults.respond("POST", "/interactions/*/callback", 503, after=True)
        asked = await world.ask(world.discord.users[1])
        reply = await asked.final_reply(20)
        assert reply.current.content.startswith("Queued")
        (status,) = await world.all_over(1)
        assert title_of(status) == "✅ Done"
        assert len(await world.jobs()) == 1
