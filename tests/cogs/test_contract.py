"""Names, options and descriptions of the commands: scripts and documents depend on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import AsyncMock

import discord
import pytest
from discord import app_commands

from bot.chat import text
from bot.chat.custom_ids import JobVerb, job_button
from bot.chat.text.descriptions import Described
from bot.client import TweenBot
from bot.domain.ids import new_job_id
from cogs._buttons import CancelButton
from tests.cogs.cases import SUGGESTED_FOR_JOBS, SUGGESTED_FOR_SETTINGS, SUGGESTED_FOR_VIDEO
from tests.cogs.doubles import OPERATOR_GUILD, Backstage, http_error

STRING, INTEGER, BOOLEAN, USER, CHANNEL, MENTIONABLE, NUMBER, ATTACHMENT = 3, 4, 5, 6, 7, 9, 10, 11
BELOW = {1, 2}
"""Commands and groups of them, among what is an option to Discord."""

JOB = {"job": (STRING, True)}
OPTIONS: dict[str, dict[str, tuple[int, bool]]] = {
    "video frames": {
        "first_frame": (ATTACHMENT, True),
        "last_frame": (ATTACHMENT, False),
        "loop": (BOOLEAN, False),
        "prompt": (STRING, False),
        "model": (STRING, False),
        "resolution": (STRING, False),
        "duration": (INTEGER, False),
        "audio": (BOOLEAN, False),
        "soundtrack": (ATTACHMENT, False),
        "camera": (STRING, False),
        "negative_prompt": (STRING, False),
        "seed": (INTEGER, False),
        "prompt_extend": (BOOLEAN, False),
        "watermark": (BOOLEAN, False),
        "spoiler": (BOOLEAN, False),
    },
    "video image": {
        "image": (ATTACHMENT, True),
        "prompt": (STRING, False),
        "model": (STRING, False),
        "resolution": (STRING, False),
        "duration": (INTEGER, False),
        "audio": (BOOLEAN, False),
        "soundtrack": (ATTACHMENT, False),
        "camera": (STRING, False),
        "negative_prompt": (STRING, False),
        "seed": (INTEGER, False),
        "prompt_extend": (BOOLEAN, False),
        "watermark": (BOOLEAN, False),
        "spoiler": (BOOLEAN, False),
    },
    "video text": {
        "prompt": (STRING, True),
        "model": (STRING, False),
        "size": (STRING, False),
        "duration": (INTEGER, False),
        "audio": (BOOLEAN, False),
        "soundtrack": (ATTACHMENT, False),
        "camera": (STRING, False),
        "negative_prompt": (STRING, False),
        "seed": (INTEGER, False),
        "prompt_extend": (BOOLEAN, False),
        "watermark": (BOOLEAN, False),
        "spoiler": (BOOLEAN, False),
    },
    "video reference": {
        "prompt": (STRING, True),
        "image1": (ATTACHMENT, True),
        **{f"image{number}": (ATTACHMENT, False) for number in range(2, 6)},
        "model": (STRING, False),
        "size": (STRING, False),
        "duration": (INTEGER, False),
        "audio": (BOOLEAN, False),
        "seed": (INTEGER, False),
        "watermark": (BOOLEAN, False),
        "spoiler": (BOOLEAN, False),
    },
    "video effect": {
        "image": (ATTACHMENT, True),
        "effect": (STRING, True),
        "model": (STRING, False),
        "resolution": (STRING, False),
        "seed": (INTEGER, False),
        "watermark": (BOOLEAN, False),
        "spoiler": (BOOLEAN, False),
    },
    "jobs list": {"member": (USER, False), "state": (STRING, False)},
    "jobs show": JOB,
    "jobs cancel": JOB,
    "jobs retry": JOB,
    "jobs forget": JOB,
    "queue show": {},
    "quota show": {"member": (USER, False)},
    "usage summary": {"period": (STRING, False)},
    "usage log": {"member": (USER, False), "state": (STRING, False), "period": (STRING, False)},
    "usage chart": {"period": (STRING, False), "by": (STRING, False)},
    "usage export": {"format": (STRING, True), "period": (STRING, False)},
    "usage audit": {"period": (STRING, False)},
    "help": {},
    "moderate quota set": {
        "limit": (NUMBER, True),
        "per": (STRING, True),
        "unit": (STRING, False),
        "target": (MENTIONABLE, False),
        "each": (BOOLEAN, False),
    },
    "moderate quota clear": {
        "target": (MENTIONABLE, False),
        "each": (BOOLEAN, False),
        "per": (STRING, False),
        "unit": (STRING, False),
    },
    "moderate quota grant": {
        "member": (USER, True),
        "amount": (NUMBER, True),
        "unit": (STRING, False),
        "days": (INTEGER, False),
    },
    "moderate quota list": {},
    "moderate block add": {"member": (USER, True)},
    "moderate block remove": {"member": (USER, True)},
    "moderate block list": {},
    "moderate words add": {"word": (STRING, True)},
    "moderate words remove": {"word": (STRING, True)},
    "moderate words list": {},
    "moderate cancel": JOB,
    "settings show": {},
    "settings defaults": {
        "kind": (STRING, True),
        "model": (STRING, False),
        "resolution": (STRING, False),
        "size": (STRING, False),
        "audio": (BOOLEAN, False),
    },
    "settings prompts": {"value": (STRING, True)},
    "settings preview": {"value": (STRING, True)},
    "settings others-pictures": {"value": (STRING, True)},
    "settings timezone": {"name": (STRING, True)},
    "settings notify": {"how": (STRING, True)},
    "settings log-channel": {"channel": (CHANNEL, False)},
    "settings channels allow": {"channel": (CHANNEL, True)},
    "settings channels deny": {"channel": (CHANNEL, True)},
    "settings channels reset": {"channel": (CHANNEL, True)},
    "settings models allow": {"model": (STRING, True)},
    "settings models deny": {"model": (STRING, True)},
    "settings effects allow": {"effect": (STRING, True)},
    "settings effects deny": {"effect": (STRING, True)},
}


def leaves(bot: TweenBot) -> dict[str, dict[str, Any]]:
    """Return what Discord is sent of each command that can be invoked."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [
        ("", command.to_dict(bot.tree))
        for command in bot.tree.get_commands(type=discord.AppCommandType.chat_input)
    ]
    while waiting:
        above, payload = waiting.pop(0)
        name = f"{above} {payload['name']}".strip()
        below = [child for child in payload.get("options", []) if child["type"] in BELOW]
        waiting += [(name, child) for child in below]
        if not below:
            found[name] = payload
    return found


async def test_the_commands_and_their_options_are_those_of_the_contract(bot: TweenBot) -> None:
    shown = {
        name: {
            option["name"]: (option["type"], option["required"]) for option in command["options"]
        }
        for name, command in leaves(bot).items()
    }
    assert shown == OPTIONS
    assert [list(options) for options in shown.values()] == [list(OPTIONS[name]) for name in shown]


async def test_the_entries_of_menus_are_those_of_the_contract(bot: TweenBot) -> None:
    menus = bot.tree.get_commands(type=discord.AppCommandType.message)
    assert {menu.name for menu in menus} == {"Animate image", "Continue video", "Report video"}
    for menu in menus:
        contexts = menu.to_dict(bot.tree)["contexts"]
        assert contexts == [0], "in servers alone"


async def test_everything_is_described_within_discords_limits(bot: TweenBot) -> None:
    roots = [
        command.to_dict(bot.tree)
        for command in bot.tree.get_commands(type=discord.AppCommandType.chat_input)
    ]
    options = [option for command in leaves(bot).values() for option in command["options"]]
    for shown in [*roots, *leaves(bot).values(), *options]:
        assert 1 < len(shown["description"]) <= 100, shown["name"]
        assert "…" not in shown["description"]


def described(words: object) -> set[str]:
    """Return what a module says of commands, groups and options."""
    found: set[str] = set()
    for name, value in vars(words).items():
        if isinstance(value, Described):
            found |= {value.description, *value.options.values()}
        elif isinstance(value, str) and name.isupper() and not name.startswith("_"):
            found.add(value)
    return found


def descriptions(payload: dict[str, Any]) -> Iterator[str]:
    """Yield what Discord shows of a command and of all below it."""
    yield payload["description"]
    for child in payload.get("options", []):
        yield from descriptions(child)


async def test_what_commands_say_of_themselves_is_with_the_other_words(bot: TweenBot) -> None:
    operators = discord.Object(OPERATOR_GUILD)
    roots = [
        *bot.tree.get_commands(type=discord.AppCommandType.chat_input),
        *bot.tree.get_commands(guild=operators, type=discord.AppCommandType.chat_input),
    ]
    shown = {words for root in roots for words in descriptions(root.to_dict(bot.tree))}
    assert shown == described(text.descriptions) | described(text.staff_descriptions)


RANGES = {
    "prompt": ("min_length", 1, "max_length", 6000),
    "negative_prompt": ("min_length", 1, "max_length", 500),
    "seed": ("min_value", 0, "max_value", 2_147_483_647),
    # -1 leaves it to the model.
    "duration": ("min_value", -1, "max_value", 30),
}


async def test_figures_have_their_ranges(bot: TweenBot) -> None:
    for command, payload in leaves(bot).items():
        if not command.startswith("video "):
            continue
        for option in payload["options"]:
            expected = RANGES.get(option["name"], ())
            bounds = {"min_length", "max_length", "min_value", "max_value"} & set(option)
            assert bounds == set(expected[::2]), (command, option["name"])
            assert [option[bound] for bound in expected[::2]] == list(expected[1::2])


async def test_known_sets_are_choices_or_autocompleted(bot: TweenBot) -> None:
    commands = leaves(bot)
    states = {option["name"]: option for option in commands["jobs list"]["options"]}["state"]
    names = [choice["name"] for choice in states["choices"]]
    assert names == ["active", "done", "failed", "cancelled", "all"]
    completed = {
        (name, option["name"])
        for name, command in commands.items()
        for option in command["options"]
        if option.get("autocomplete")
    }
    assert completed == {
        *SUGGESTED_FOR_VIDEO,
        *SUGGESTED_FOR_JOBS,
        ("jobs forget", "job"),
        ("moderate cancel", "job"),
        ("moderate words remove", "word"),
        *SUGGESTED_FOR_SETTINGS,
    }


SHOWN_TO = {
    "moderate": discord.Permissions(moderate_members=True).value,
    "settings": discord.Permissions(manage_guild=True).value,
    "usage": discord.Permissions(manage_guild=True).value,
}
"""What Discord asks for by itself; the others are everybody's commands."""


async def test_in_direct_messages_there_are_only_jobs_and_help(bot: TweenBot) -> None:
    guild, private = 0, 1
    for command in bot.tree.get_commands(type=discord.AppCommandType.chat_input):
        payload = command.to_dict(bot.tree)
        expected = {guild, private} if payload["name"] in {"jobs", "help"} else {guild}
        assert set(payload["contexts"]) == expected, payload["name"]
        assert payload["integration_types"] == [0], "installed to guilds only"
        assert payload["default_member_permissions"] == SHOWN_TO.get(payload["name"])


async def test_every_callback_is_described_and_takes_an_interaction(bot: TweenBot) -> None:
    for command in bot.tree.walk_commands():
        if isinstance(command, app_commands.Command):
            assert command.description
            assert command.callback.__doc__


async def test_the_client_pings_nobody_and_asks_for_nothing_privileged(bot: TweenBot) -> None:
    assert bot.allowed_mentions is not None
    assert dict(bot.allowed_mentions.to_dict()) == {"parse": []}
    assert bot.intents == discord.Intents(guilds=True)
    assert not list(bot.cached_messages)


async def test_an_error_of_any_command_goes_to_the_one_place_that_answers(bot: TweenBot) -> None:
    assert bot.tree.on_error.__module__ == "cogs._errors"


def test_a_button_is_recognised_by_its_custom_id() -> None:
    template = CancelButton.__discord_ui_compiled_template__
    for _ in range(50):
        job_id = new_job_id()
        found = template.fullmatch(job_button(JobVerb.CANCEL, job_id))
        assert found is not None
        assert found["job"] == job_id
    for strange in (
        "job:cancel:7F3K2",
        "job:cancel:7f3k2q",
        "job:cancel:7F3K2Q1",
        "x",
        "job:never",
    ):
        assert template.fullmatch(strange) is None


async def test_services_before_the_wiring_are_a_bug_that_says_so() -> None:
    bot = TweenBot(api_base_url="http://127.0.0.1:1/api/v10", extensions=())
    with pytest.raises(RuntimeError, match="not wired"):
        _ = bot.services


# --- registering ------------------------------------------------------------------------------


async def test_commands_are_sent_when_they_changed_and_only_then(
    bot: TweenBot, backstage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = AsyncMock(return_value=[])
    monkeypatch.setattr(bot.tree, "sync", sync)
    backstage.command_registry.digest.return_value = "of an older version"
    await bot._register(1, None)
    sync.assert_awaited_once_with(guild=None)
    application_id, digest, guild_id = backstage.command_registry.remember.call_args.args
    assert (application_id, guild_id) == (1, None)
    backstage.command_registry.digest.return_value = digest
    await bot._register(1, None)
    sync.assert_awaited_once_with(guild=None)


async def test_a_registration_discord_refused_is_tried_at_the_next_start(
    bot: TweenBot, backstage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.tree, "sync", AsyncMock(side_effect=http_error(400, 50_035)))
    monkeypatch.setattr(bot._connection, "application_id", 1)
    backstage.command_registry.digest.return_value = None
    with pytest.raises(discord.HTTPException):
        await bot._register_commands()
    backstage.command_registry.remember.assert_not_called()


async def test_a_gateway_that_never_connected_is_not_well(bot: TweenBot) -> None:
    assert not bot.gateway_is_well()
