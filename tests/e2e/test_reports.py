"""A member reports a video, the moderators see it behind spoilers and act on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.jobs.job import Job
from sandbox.discord.world.records import Channel, Message
from tests.e2e.world import World, story

pytestmark = pytest.mark.e2e

MODERATOR, REQUESTER = 0, 1
"""Places in the emulator's list of users: the owner may everything."""


async def a_video(world: World, log: Channel) -> tuple[Message, Job]:
    """Have an admin name the log channel and a member make a video; return its message and job."""
    discord = world.discord
    settings = await discord.actions.slash(
        discord.users[MODERATOR], discord.channel, "settings log-channel", {"channel": log}
    )
    await settings.final_reply()
    asked = await world.ask(discord.users[REQUESTER], prompt="a cat || turns", seed=7)
    await asked.final_reply()
    (status,) = await world.all_over(1)
    (job,) = await world.jobs()
    return status, job


async def press(world: World, who: int, message: Message, label: str) -> str:
    """Press a button; return what the person reads."""
    pressed = await world.discord.actions.click(world.discord.users[who], message, label)
    return (await pressed.final_reply()).text


async def act(world: World, report: Message, label: str) -> str:
    """Let the moderator press a button under a report; return what they alone read."""
    pressed = await world.discord.actions.click(world.discord.users[MODERATOR], report, label)
    said = await world.discord.wait_for(lambda: pressed.follow_ups, 30)
    assert said
    assert said[0].ephemeral_for == world.discord.users[MODERATOR].id
    return said[0].text


def shown_in(world: World, log: Channel) -> list[Message]:
    """Return the reports that stand in the log channel."""
    return [
        message
        for message in world.discord.messages(log)
        if message.text.startswith("🚩") and not message.deleted
    ]


async def test_a_report_reaches_the_moderators_once_a_member(tmp_path: Path) -> None:
    async with story(tmp_path) as world:
        discord = world.discord
        log = discord.build.add_channel(discord.guild, "log")
        status, job = await a_video(world, log)

        assert "have been told" in await press(world, REQUESTER, status, "Report")
        assert "already" in await press(world, REQUESTER, status, "Report")
        (report,) = shown_in(world, log)
        names = [file.filename for file in report.attachments]
        assert names == [
            "SPOILER_first_frame.jpg",
            "SPOILER_last_frame.jpg",
            f"SPOILER_tween-{job.id}.mp4",
        ]
        assert "description" not in report.embeds[0], "prompts are hidden here"
        assert report.text.splitlines()[0] == f"🚩 Job {job.id} · reported by 1 member"

        menu = await discord.actions.message_command(
            discord.users[MODERATOR], status, "Report video"
        )
        assert "have been told" in (await menu.final_reply()).text
        (report,) = shown_in(world, log)
        assert "reported by 2 members" in report.text
        other = await discord.actions.message_command(
            discord.users[REQUESTER], report, "Report video"
        )
        assert "no video of mine" in (await other.final_reply()).text
        assert discord.pings == [ping for ping in discord.pings if ping.message_id != report.id]


async def test_moderators_block_and_delete_what_was_reported(tmp_path: Path) -> None:
    async with story(tmp_path) as world:
        discord = world.discord
        log = discord.build.add_channel(discord.guild, "log")
        status, job = await a_video(world, log)
        await press(world, REQUESTER, status, "Report")
        (report,) = shown_in(world, log)

        assert "You need the permission" in await press(world, REQUESTER, report, "Delete")
        assert "may not make videos here" in await act(world, report, "Block the requester")
        (report,) = shown_in(world, log)
        said = {field["name"]: field["value"] for field in report.embeds[0]["fields"]}
        assert said["Requester blocked by"] == f"<@{discord.users[MODERATOR].id}>"
        panel = discord.actions.panel(discord.users[MODERATOR], report)
        assert list(panel.labels) == ["Delete"]
        assert len(report.attachments) == 3

        assert "is deleted" in await act(world, report, "Delete")
        assert status.deleted
        assert report.deleted
        assert not (tmp_path / "data" / "jobs" / job.id).exists()
