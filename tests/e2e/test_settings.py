"""An admin changes settings, and a member feels each with the next command."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.chat import text
from bot.clock import WallClock
from bot.domain.guilds.audit import AuditEntry
from bot.domain.ids import GuildId
from bot.domain.money import Money
from bot.storage import audit
from sandbox.dashscope import EmulatorSettings
from sandbox.discord.client.command_input import ClientRefusedError, OptionValue
from sandbox.discord.world.records import Channel, ChannelKind
from tests.e2e.world import World, cat, story, title_of

pytestmark = pytest.mark.e2e

QUICK = EmulatorSettings(task_seconds=(0.2, 0.4))
FLASH, PLUS = "wan2.2-kf2v-flash", "wanx2.1-kf2v-plus"


async def settle(world: World, command: str, **options: OptionValue) -> str:
    """Let the owner use /settings; return what she reads."""
    mia = world.discord.users[0]
    asked = await world.discord.actions.slash(
        mia, world.discord.channel, f"settings {command}", options
    )
    reply = await asked.final_reply()
    assert asked.ephemeral
    return reply.text


async def request(world: World, channel: Channel | None = None, **options: OptionValue) -> str:
    """Let a member ask for a video; return what he reads."""
    asked = await world.ask(world.discord.users[1], channel, **options)
    return (await asked.final_reply()).text


async def suggested(world: World, command: str, option: str) -> list[str]:
    """Return what a member is suggested; it came within Discord's patience and ours."""
    tom = world.discord.users[1]
    found = await world.discord.actions.autocomplete(
        tom, world.discord.channel, command, {}, option
    )
    assert found.seconds < 1
    return [str(value) for value in found.values]


async def written(world: World) -> list[AuditEntry]:
    """Return the audit entries, oldest first."""
    now, hour = WallClock().now(), timedelta(hours=1)
    async with world.database() as connection:
        guild_id = GuildId(world.discord.guild.id)
        found = await audit.newest(
            connection, guild_id, since=now - hour, until=now + hour, limit=50
        )
    return found[::-1]


async def refused(world: World) -> dict[str, int]:
    """Return what was refused, by error code; a count follows its answer."""
    today, day = WallClock().now().date(), timedelta(days=1)
    async with world.database() as connection:
        guild_id = GuildId(world.discord.guild.id)
        return await audit.refusals_of(connection, guild_id, first=today - day, last=today)


async def only_an_admin_may(world: World) -> None:
    """Neither Discord's client nor a way past it lets a member change anything."""
    discord, tom = world.discord, world.discord.users[1]
    with pytest.raises(ClientRefusedError):
        await discord.actions.slash(tom, discord.channel, "settings show", {})
    sneaked = await discord.actions.slash(
        tom, discord.channel, "settings preview", {"value": "off"}, despite_defaults=True
    )
    assert "Manage Server" in (await sneaked.final_reply()).text
    assert await written(world) == []


async def a_log_channel_is_one_the_bot_may_write_in(world: World, log: Channel) -> None:
    world.discord.build.deny_bot(log, "SEND_MESSAGES")
    assert "I need Send Messages" in await settle(world, "log-channel", channel=log)
    world.discord.build.deny_bot(log)
    assert "Log channel: " in await settle(world, "log-channel", channel=log)


async def a_denied_model_is_nowhere(world: World) -> None:
    offered = await suggested(world, "video frames", "model")
    assert offered[:2] == [FLASH, PLUS]
    assert ": **denied**" in await settle(world, "models deny", model=FLASH)
    assert await suggested(world, "video frames", "model") == offered[1:]
    assert f"has denied {FLASH}. Try {PLUS}, " in await request(world, model=FLASH)
    assert "Price: 1.50" in await request(world), "the cheapest that is allowed: 3.0 in 480P"
    await settle(world, "models allow", model=FLASH)


async def what_nobody_chooses_is_the_default(world: World) -> None:
    said = await settle(world, "defaults", kind="frames", model=FLASH, resolution="480p")
    assert said.startswith(f"Default for frames: **{FLASH} · 480P**, before: not set.")
    assert "Price: 0.50" in await request(world)


async def a_closed_channel_takes_nothing(world: World, closed: Channel) -> None:
    await settle(world, "channels deny", channel=closed)
    assert "keep videos out of this channel" in await request(world, closed)
    assert "Queued as Job" in await request(world)
    await settle(world, "channels reset", channel=closed)
    thread = world.discord.build.add_thread(closed, "cats")
    assert "Queued as Job" in await request(world, thread)
    await settle(world, "channels allow", channel=world.discord.channel)
    assert f"Try <#{world.discord.channel.id}>" in await request(world, thread)


async def an_effect_for_two_people_waits_for_an_admin(world: World) -> None:
    discord, tom = world.discord, world.discord.users[1]
    hug: dict[str, OptionValue] = {"image": cat("first"), "effect": "hug"}
    asked = await discord.actions.slash(tom, discord.channel, "video effect", hug)
    assert "The effect Hug is denied" in (await asked.final_reply()).text
    await settle(world, "effects allow", effect="hug")
    asked = await discord.actions.slash(tom, discord.channel, "video effect", hug)
    assert "Queued as Job" in (await asked.final_reply()).text


async def days_begin_where_the_server_is(world: World) -> None:
    before = (await request(world)).partition("resets")[2]
    await settle(world, "timezone", name="Asia/Kathmandu")
    after = (await request(world)).partition("resets")[2]
    assert before != after


async def test_an_admin_settles_and_a_member_feels_it(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=QUICK, models=None, MAX_QUEUED_PER_MEMBER="20") as world:
        discord, here = world.discord, world.discord.channel
        log = discord.build.add_channel(discord.guild, "bot-log")
        closed = discord.build.add_channel(discord.guild, "general")
        await only_an_admin_may(world)
        await a_log_channel_is_one_the_bot_may_write_in(world, log)
        await a_denied_model_is_nowhere(world)
        await what_nobody_chooses_is_the_default(world)
        await a_closed_channel_takes_nothing(world, closed)
        await an_effect_for_two_people_waits_for_an_admin(world)
        await days_begin_where_the_server_is(world)

        shown = (await settle(world, "show")).replace("\\", "")
        for said in ("Asia/Kathmandu", f"<#{log.id}>", f"only in <#{here.id}>", "480P"):
            assert said in shown
        entries = await written(world)
        lines = [text.audit.line(entry, Money()).replace("\\", "") for entry in entries]
        assert [line.partition(" changed ")[2] for line in lines] == [
            f"log-channel **off** → **<#{log.id}>**",
            f"model {FLASH} **allowed** → **denied**",
            f"model {FLASH} **denied** → **allowed**",
            f"default for frames — → **{FLASH} · 480P**",
            f"channel <#{closed.id}> — → **denied**",
            f"channel <#{closed.id}> **denied** → —",
            f"channel <#{here.id}> — → **allowed**",
            "effect Hug **denied** → **allowed**",
            "timezone **UTC** → **Asia/Kathmandu**",
        ]
        mia = discord.users[0]
        assert {entry.actor.user_id for entry in entries} == {mia.id}
        # No answer waits for the log channel, so the last lines come after it.
        await discord.wait_for(lambda: len(discord.messages(log)) >= len(entries))
        lines = [message.content for message in discord.messages(log)]
        assert len(lines) == len(entries)
        assert lines[1] == f"<@{mia.id}> changed model {FLASH} **allowed** → **denied**"
        requests = {"channel_closed": 2, "effect_denied": 1, "model_denied": 1}
        assert await refused(world) == requests, "without what /settings refused"


async def test_a_thread_in_a_forum_of_an_allowed_category_is_open(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=QUICK) as world:
        discord = world.discord
        category = discord.build.add_channel(discord.guild, "media", ChannelKind.CATEGORY)
        forum = discord.build.add_channel(
            discord.guild, "films", ChannelKind.FORUM, category=category
        )
        post = discord.build.add_thread(forum, "my cats")
        await settle(world, "channels allow", channel=category)
        assert "Queued as Job" in await request(world, post)
        assert "keep videos out" in await request(world)
        await settle(world, "channels deny", channel=post)
        assert "keep videos out" in await request(world, post)
        (status,) = await world.all_over(1, post)
        assert title_of(status) == "✅ Done", "what was queued goes on"
