"""/settings with doubles: who may, what each command hands to the service, what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest.mock import MagicMock

import discord
import pytest
from discord import app_commands

from bot.client import TweenBot
from bot.domain.catalogue import Choices, Kind
from bot.domain.catalogue.permits import Permits
from bot.domain.guilds.audit import SettingChange, SettingName
from bot.domain.guilds.settings import Guild, Notify
from bot.domain.ids import ChannelId, GuildId, UserId
from bot.domain.people import Person
from bot.services.guilds.settings import Overview
from tests.chat.examples import GUILD, REQUESTER
from tests.cogs.cases import SETTINGS, SUGGESTED_FOR_SETTINGS, Case
from tests.cogs.doubles import ADMIN, MODERATOR, NOBODY, Backstage, an_interaction, run
from tests.cogs.test_suggestions import suggested

BY_NAME = {case.name.removeprefix("settings "): case for case in SETTINGS}
TOM = Person(user_id=UserId(REQUESTER), name="tom")
HERE = (GuildId(GUILD), TOM)
FLASH = "wan2.2-kf2v-flash"


@pytest.fixture
def extensions() -> Sequence[str]:
    """What is decided here, and where members feel it."""
    return ("cogs.settings", "cogs.video")


async def asked(
    backstage: Backstage,
    command: str,
    /,
    **options: Any,  # noqa: ANN401 - options of any type
) -> str:
    """Let an admin use a command; return what they read."""
    return await BY_NAME[command].run(
        backstage, an_interaction(backstage, permissions=ADMIN), **options
    )


def decide(backstage: Backstage, **permits: Any) -> None:  # noqa: ANN401
    """Let the guild's admins have decided something."""
    decided = Permits(**permits)
    backstage.guild_settings.show.side_effect = lambda guild_id: Overview(
        guild=Guild(guild_id=guild_id),
        permits=decided,
        defaults={},
        catalogue=backstage.catalogue.within(decided, {}),
    )


# --- who may ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SETTINGS, ids=lambda case: case.name)
@pytest.mark.parametrize("permissions", [NOBODY, MODERATOR], ids=["member", "moderator"])
async def test_only_admins_see_or_change_settings(
    backstage: Backstage, case: Case, permissions: discord.Permissions
) -> None:
    said = await case.run(backstage, an_interaction(backstage, permissions=permissions))
    assert said == "You need the permission **Manage Server** for that. Ask a moderator."
    assert backstage.untouched
    assert backstage.refused == ["not_permitted"]


async def test_discord_hides_settings_from_everybody_but_admins(bot: TweenBot) -> None:
    (root,) = [command for command in bot.tree.get_commands() if command.name == "settings"]
    payload = root.to_dict(bot.tree)
    assert payload["default_member_permissions"] == discord.Permissions(manage_guild=True).value
    assert payload["contexts"] == [0]


@pytest.mark.parametrize(("command", "option"), SUGGESTED_FOR_SETTINGS)
async def test_nothing_is_suggested_to_others(
    bot: TweenBot, backstage: Backstage, command: str, option: str
) -> None:
    interaction = an_interaction(backstage, permissions=MODERATOR)
    assert await suggested(bot, interaction, command, option, kind="text") == []
    assert backstage.untouched


# --- what is handed to the service -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "method", "given", "named"),
    [
        ("channels allow", {}, "decide_channel", (601,), {"allowed": True}),
        ("channels deny", {}, "decide_channel", (601,), {"allowed": False}),
        ("channels reset", {}, "decide_channel", (601,), {"allowed": None}),
        ("models allow", {"model": FLASH}, "decide_model", (FLASH,), {"allowed": True}),
        ("models deny", {"model": FLASH}, "decide_model", (FLASH,), {"allowed": False}),
        ("effects allow", {"effect": "hug"}, "decide_effect", ("hug",), {"allowed": True}),
        ("effects deny", {"effect": "hug"}, "decide_effect", ("hug",), {"allowed": False}),
        (
            "defaults",
            {"kind": "text", "resolution": None, "size": "480x832", "model": "m"},
            "set_default",
            (Kind.TEXT, Choices(model="m", size="480x832")),
            {},
        ),
        (
            "defaults",
            {"kind": "effect", "resolution": None},
            "set_default",
            (Kind.EFFECT, Choices()),
            {},
        ),
        ("prompts", {"value": "show"}, "set_prompts", (), {"shown": True}),
        ("prompts", {"value": "hide"}, "set_prompts", (), {"shown": False}),
        ("preview", {"value": "on"}, "set_preview", (), {"shown": True}),
        ("preview", {"value": "off"}, "set_preview", (), {"shown": False}),
        ("others-pictures", {"value": "allow"}, "set_others_pictures", (), {"allowed": True}),
        ("others-pictures", {"value": "deny"}, "set_others_pictures", (), {"allowed": False}),
        ("timezone", {"name": "Asia/Tokyo"}, "set_time_zone", ("Asia/Tokyo",), {}),
        ("notify", {"how": "none"}, "set_notify", (Notify.NONE,), {}),
        ("log-channel", {}, "set_log_channel", (None,), {}),
    ],
)
async def test_each_command_changes_one_thing(
    backstage: Backstage,
    name: str,
    options: dict[str, Any],
    method: str,
    given: tuple[object, ...],
    named: dict[str, object],
) -> None:
    said = await asked(backstage, name, **options)
    getattr(backstage.guild_settings, method).assert_awaited_once_with(*HERE, *given, **named)
    assert said.startswith("Preview of pictures: **off**, before: on. ")
    assert len(backstage.guild_settings.mock_calls) == 1


async def test_every_command_of_settings_is_looked_at_here(bot: TweenBot) -> None:
    names = {
        command.qualified_name
        for command in bot.tree.walk_commands()
        if isinstance(command, app_commands.Command)
        and command.qualified_name.startswith("settings ")
    }
    assert names == {case.name for case in SETTINGS}


async def test_what_is_so_already_is_said(backstage: Backstage) -> None:
    command, cog = BY_NAME["preview"].of(backstage)
    same = SettingChange(setting=SettingName.PREVIEW, before=False, after=False)
    backstage.guild_settings.set_preview.return_value = same
    said = await run(command, cog, an_interaction(backstage, permissions=ADMIN), value="off")
    assert said == "Nothing to change. Preview of pictures: **off** already."


async def test_everything_is_shown_in_one_embed(backstage: Backstage) -> None:
    decide(
        backstage,
        channels={ChannelId(601): True, ChannelId(602): False},
        models={FLASH: False},
        effects={"squish": False, "hug": True},
    )
    said = await asked(backstage, "show")
    assert "only in <#601>; not in <#602>" in said
    assert "Squish, Kiss, Couple heart" in said
    assert "frames: **wan3.0-video** · **480P**" in said


# --- the log channel -------------------------------------------------------------------------


def a_place(kind: type[Any] = discord.TextChannel, **denied: bool) -> Any:  # noqa: ANN401 - a double
    """Return a channel in which the bot may do everything but what is denied."""
    place = MagicMock(spec=kind)
    place.id, place.guild = 700, MagicMock(spec=discord.Guild)
    permissions = discord.Permissions(
        view_channel=True, send_messages=True, send_messages_in_threads=True
    )
    permissions.update(**denied)
    place.permissions_for.side_effect = lambda who: permissions if who is place.guild.me else NOBODY
    return place


@pytest.mark.parametrize(
    ("kind", "denied"),
    [(discord.TextChannel, "send_messages_in_threads"), (discord.Thread, "send_messages")],
)
async def test_a_log_channel_in_which_the_bot_may_write_is_taken(
    backstage: Backstage, kind: type[Any], denied: str
) -> None:
    await asked(backstage, "log-channel", channel=a_place(kind, **{denied: False}))
    backstage.guild_settings.set_log_channel.assert_awaited_once_with(*HERE, ChannelId(700))


@pytest.mark.parametrize(
    ("kind", "denied", "said"),
    [
        (discord.TextChannel, "view_channel", "View Channel"),
        (discord.TextChannel, "send_messages", "Send Messages"),
        (discord.Thread, "send_messages_in_threads", "Send Messages in Threads"),
    ],
)
async def test_a_log_channel_in_which_the_bot_may_not_write_is_refused(
    backstage: Backstage, kind: type[Any], denied: str, said: str
) -> None:
    answer = await asked(backstage, "log-channel", channel=a_place(kind, **{denied: False}))
    assert answer == f"I need {said} in that channel. Allow it there, or choose another."
    backstage.guild_settings.set_log_channel.assert_not_called()


# --- suggestions -----------------------------------------------------------------------------


async def values(
    bot: TweenBot, backstage: Backstage, command: str, option: str, **typed: str | int
) -> list[str]:
    interaction = an_interaction(backstage, permissions=ADMIN)
    choices = await suggested(bot, interaction, command, option, **typed)
    assert len(choices) <= 25
    assert all(len(choice.name) <= 100 for choice in choices)
    return [choice.value for choice in choices]


async def test_what_can_be_allowed_is_what_is_denied(bot: TweenBot, backstage: Backstage) -> None:
    decide(backstage, models={FLASH: False}, effects={"squish": False, "hug": True})
    assert await values(bot, backstage, "settings models allow", "model") == [FLASH]
    denied = await values(bot, backstage, "settings models deny", "model")
    assert FLASH not in denied
    assert len(denied) == len(list(backstage.catalogue)) - 1
    allowed = await values(bot, backstage, "settings effects allow", "effect")
    assert allowed == ["squish", "frenchkiss", "coupleheart"]
    assert await values(bot, backstage, "settings effects deny", "effect", effect="each other") == [
        "hug"
    ]


async def test_defaults_are_suggested_for_the_kind(bot: TweenBot, backstage: Backstage) -> None:
    command = "settings defaults"
    models = await values(bot, backstage, command, "model", kind="frames")
    assert models == [model.name for model in backstage.catalogue.of_kind(Kind.FRAMES)]
    assert {FLASH, "wanx2.1-kf2v-plus"} < set(models)
    asked_for = {"kind": "frames", "model": "wanx2.1-kf2v-plus"}
    assert await values(bot, backstage, command, "resolution", **asked_for) == ["720P"]
    sizes = await values(bot, backstage, command, "size", kind="text")
    assert sizes[0] == "832*480"
    assert await values(bot, backstage, command, "model") == [], "no kind is chosen yet"


async def test_a_time_zone_is_found_by_any_part_of_its_name(
    bot: TweenBot, backstage: Backstage
) -> None:
    zones = ("America/New_York", "Europe/Berlin", *(f"Etc/GMT+{hour}" for hour in range(30)))
    backstage.guild_settings.time_zones.return_value = zones
    command = ("settings timezone", "name")
    assert await values(bot, backstage, *command, name="new york") == ["America/New_York"]
    assert await values(bot, backstage, *command, name="BERLIN") == ["Europe/Berlin"]
    assert len(await values(bot, backstage, *command)) == 25


# --- what members feel -----------------------------------------------------------------------


async def test_what_is_denied_is_not_suggested_to_members(
    bot: TweenBot, backstage: Backstage
) -> None:
    reduced = backstage.catalogue.within(
        Permits(models={FLASH: False}), {Kind.IMAGE: Choices(model="wan2.2-i2v-plus")}
    )
    backstage.admission.catalogue.side_effect = lambda _: reduced

    async def seen(command: str, option: str, **typed: str | int) -> list[str]:
        choices = await suggested(bot, an_interaction(backstage), command, option, **typed)
        return [choice.value for choice in choices]

    assert FLASH not in await seen("video frames", "model")
    assert await seen("video frames", "resolution", model=FLASH) == []
    assert await seen("video effect", "effect", effect="two people") == []
    assert await seen("video image", "resolution") == ["480P", "1080P"], "of the guild's default"
    backstage.admission.catalogue.assert_awaited_with(GUILD)
