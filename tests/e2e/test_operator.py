"""The operator's switch in Discord and in the shell, and a server the bot is thrown out of."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from bot.domain.amounts import NOTHING
from bot.domain.failure import FailureReason
from bot.domain.jobs.states import JobState
from sandbox.discord.world.records import Channel, User
from tests.e2e.process import ROOT
from tests.e2e.world import World, story, title_of

pytestmark = pytest.mark.e2e


async def operator(world: World, *words: str) -> str:
    """Run one of the shell's commands beside the running bot."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "operator", *words),
        cwd=world.bot.folder,
        env={**world.bot.variables, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, errors = await child.communicate()
    assert child.returncode == 0, errors.decode()
    return out.decode()


async def start(world: World, user: User, guild_id: int) -> None:
    world.bot.variables |= {"OPERATOR_IDS": str(user.id), "OPERATOR_GUILD_ID": str(guild_id)}
    await world.bot.start()
    await world.discord.wait_until_ready(commands=5)


async def said(world: World, user: User, name: str, channel: Channel) -> str:
    invocation = await world.discord.actions.slash(user, channel, name, {})
    return (await invocation.final_reply(30)).text


async def test_a_pause_holds_across_a_restart_and_the_shell_ends_it(tmp_path: Path) -> None:
    async with story(tmp_path, start=False) as world:
        tom, channel = world.discord.users[1], world.discord.channel
        await start(world, tom, channel.guild_id or 0)
        assert (await said(world, tom, "operator pause", channel)).startswith("Paused: ")
        await (await world.ask(tom)).final_reply(30)
        await world.bot.kill()
        await world.bot.start()

        def is_told() -> bool:
            (message,) = world.status_messages()
            return "The host has paused submitting" in str(message.current.embeds[0])

        assert await world.discord.wait_for(is_told, 60)
        assert world.dashscope.tasks == {}
        assert "Switch: Paused" in await operator(world, "status")
        assert (await operator(world, "resume")).startswith("Open again")
        (message,) = await world.all_over(1)
        assert title_of(message) == "✅ Done"
        log = world.bot.log()
        assert "switch_turned" in log
        assert "Traceback" not in log


async def test_waiting_jobs_of_a_server_that_threw_the_bot_out_are_given_back(
    tmp_path: Path,
) -> None:
    async with story(tmp_path, start=False) as world:
        tom, channel = world.discord.users[1], world.discord.channel
        guild = world.discord.build.add_guild("Puppy Club")
        there, ada = (
            world.discord.build.add_channel(guild, "clips"),
            world.discord.build.add_user("ada"),
        )
        world.discord.build.join(guild, ada)
        await start(world, tom, channel.guild_id or 0)
        await operator(world, "pause")
        await (await world.ask(tom)).final_reply(30)
        await (await world.ask(ada, there)).final_reply(30)
        assert {job.state for job in await world.jobs()} == {JobState.QUEUED}
        world.discord.build.remove_guild(guild, kick_only=True)

        await world.bot.wait_for_log(lambda bot: bot.events("job_advanced", target="cancelled"))
        (cancelled,) = [job for job in await world.jobs() if job.state is JobState.CANCELLED]
        assert cancelled.guild_id == guild.id
        assert cancelled.failure.reason is FailureReason.GUILD_LEFT
        assert (await world.balances())[cancelled.id] == NOTHING
        guilds = await operator(world, "guilds")
        assert "Kitten Club: " in guilds
        assert ", left " in guilds
        shown = await said(world, tom, "operator guilds", channel)
        assert "left" in shown
        assert "Traceback" not in world.bot.log()
