"""/operator: where it is registered, who may, what each command asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import aiohttp
import discord
import pytest
from discord import app_commands

from bot.client import TweenBot
from bot.domain.errors import ChatUnavailableError, JobNotFoundError
from bot.domain.guilds.quota import Unit, Window
from bot.domain.host.overview import GuildInfo, JobHistory
from bot.domain.host.switch import Switch
from bot.domain.ids import GuildId
from bot.domain.jobs.job import JobEvent
from bot.domain.jobs.states import Owner
from cogs import operator
from cogs._checks import requester_of
from cogs.operator import OperatorCog
from tests.chat.examples import NOW, a_job
from tests.chat.host_examples import a_guild
from tests.cogs.cases import OPERATORS, Case, operating
from tests.cogs.doubles import (
    ADMIN,
    OPERATOR,
    OPERATOR_GUILD,
    Backstage,
    a_requester,
    an_interaction,
    answered,
    http_error,
    run,
)

NUMBER, STRING = 10, 3
OPTIONS: dict[str, dict[str, tuple[int, bool]]] = {
    "status": {},
    "pause": {},
    "resume": {},
    "drain": {},
    "ceiling": {
        "guild": (STRING, True),
        "limit": (NUMBER, True),
        "unit": (STRING, True),
        "per": (STRING, True),
    },
    "guilds": {},
    "job": {"id": (STRING, True)},
    "reconcile": {},
}
BY_NAME = {case.name.removeprefix("operator "): case for case in OPERATORS}
every_command = pytest.mark.parametrize("case", OPERATORS, ids=lambda case: case.name)


@pytest.fixture
def extensions() -> Sequence[str]:
    return ("cogs.operator",)


def by_operator(backstage: Backstage, **changes: Any) -> Any:  # noqa: ANN401 - a double
    return an_interaction(backstage, user_id=OPERATOR, **changes)


# --- registering ------------------------------------------------------------------------------


async def test_the_commands_are_those_of_the_contract_in_the_operators_guild_alone(
    bot: TweenBot,
) -> None:
    assert bot.tree.get_command("operator") is None
    root = bot.tree.get_command("operator", guild=discord.Object(OPERATOR_GUILD))
    assert root is not None
    payload = root.to_dict(bot.tree)
    assert {
        command["name"]: {
            option["name"]: (option["type"], option["required"]) for option in command["options"]
        }
        for command in payload["options"]
    } == OPTIONS
    assert payload["default_member_permissions"] is None, "operators are ids, not permissions"
    for command in payload["options"]:
        for shown in [command, *command["options"]]:
            assert 1 < len(shown["description"]) <= 100
    (ceiling,) = [command for command in payload["options"] if command["name"] == "ceiling"]
    guild, limit, unit, per = ceiling["options"]
    assert guild["autocomplete"]
    assert (limit["min_value"], limit["max_value"]) == (-1, 1_000_000_000)
    assert [choice["name"] for choice in unit["choices"]] == ["videos", "seconds", "cost"]
    assert [choice["name"] for choice in per["choices"]] == ["day", "week", "month"]


async def test_without_a_guild_nothing_is_registered() -> None:
    client = MagicMock(spec=TweenBot)
    client.services.operator_guild = None
    await operator.setup(client)
    client.add_cog.assert_not_called()


@pytest.fixture
def sync(bot: TweenBot, monkeypatch: pytest.MonkeyPatch) -> AsyncMock:
    sync = AsyncMock(return_value=[])
    monkeypatch.setattr(bot.tree, "sync", sync)
    monkeypatch.setattr(bot._connection, "application_id", 1)
    return sync


def synced(sync: AsyncMock) -> list[int | None]:
    guilds = [call.kwargs["guild"] for call in sync.await_args_list]
    return [None if guild is None else guild.id for guild in guilds]


async def test_each_scope_is_registered_by_its_own_digest(
    bot: TweenBot, backstage: Backstage, sync: AsyncMock
) -> None:
    stored: dict[object, str] = {}
    backstage.command_registry.digest.side_effect = lambda _, guild_id: stored.get(guild_id)
    backstage.command_registry.remember.side_effect = lambda _, digest, guild_id: stored.update(
        {guild_id: digest}
    )
    await bot._register_commands()
    assert synced(sync) == [None, OPERATOR_GUILD]
    backstage.command_registry.guilds.return_value = {OPERATOR_GUILD}
    await bot._register_commands()
    assert len(synced(sync)) == 2
    stored[OPERATOR_GUILD] = "older"
    await bot._register_commands()
    assert synced(sync)[2:] == [OPERATOR_GUILD]


async def test_a_guild_that_no_longer_is_the_operators_loses_the_commands(
    bot: TweenBot, backstage: Backstage, sync: AsyncMock
) -> None:
    backstage.command_registry.digest.return_value = None
    backstage.command_registry.guilds.return_value = {GuildId(9000)}
    await bot._register_commands()
    backstage.command_registry.forget.assert_awaited_once_with(1, 9000)
    assert set(synced(sync)) == {None, OPERATOR_GUILD, 9000}
    assert bot.tree.get_commands(guild=discord.Object(9000)) == []


async def test_a_guild_the_bot_is_not_in_does_not_keep_it_from_serving(
    bot: TweenBot, backstage: Backstage, sync: AsyncMock
) -> None:
    backstage.command_registry.digest.return_value = None
    sync.side_effect = [[], http_error(403, 50_001)]
    await bot._register_commands()
    remembered = [call.args[2] for call in backstage.command_registry.remember.await_args_list]
    assert remembered == [None]


# --- who may ----------------------------------------------------------------------------------


@every_command
@pytest.mark.parametrize("permissions", [ADMIN, discord.Permissions.all()])
async def test_no_permission_of_discord_makes_an_operator(
    backstage: Backstage, case: Case, permissions: discord.Permissions
) -> None:
    said = await case.run(backstage, an_interaction(backstage, permissions=permissions))
    assert said == "Only the host of this bot may do that."
    assert backstage.untouched


@every_command
async def test_an_operator_needs_no_permission_of_discord(backstage: Backstage, case: Case) -> None:
    interaction = by_operator(backstage)
    assert "Only the host" not in await case.run(backstage, interaction)
    interaction.response.defer.assert_awaited_once_with(ephemeral=True, thinking=True)


# --- what each does ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "switch"),
    [("pause", Switch.PAUSED), ("resume", Switch.OPEN), ("drain", Switch.DRAINING)],
)
async def test_the_switch_is_turned_in_the_operators_name(
    backstage: Backstage, name: str, switch: Switch
) -> None:
    assert await BY_NAME[name].run(backstage, by_operator(backstage))
    turned, actor = backstage.operator.turn.await_args.args
    assert (turned, actor.user_id) == (switch, OPERATOR)


@pytest.mark.parametrize(
    ("typed", "unit", "stored"),
    [(3.0, "videos", 3), (0.0, "seconds", 0), (2.5, "cost", 2_500_000), (-1.0, "videos", None)],
)
async def test_a_ceiling_is_read_in_its_unit(
    backstage: Backstage, typed: float, unit: str, stored: int | None
) -> None:
    said = await BY_NAME["ceiling"].run(
        backstage, by_operator(backstage), limit=typed, unit=unit, per="week"
    )
    assert "the ceiling is" in said
    named = backstage.operator.set_ceiling.await_args.kwargs
    assert (named["limit"], named["unit"], named["window"]) == (stored, Unit(unit), Window.WEEK)
    assert named["actor"].user_id == OPERATOR


@pytest.mark.parametrize(("typed", "unit"), [(2.5, "videos"), (-0.5, "cost"), (-0.5, "seconds")])
async def test_a_ceiling_that_is_no_amount_is_refused(
    backstage: Backstage, typed: float, unit: str
) -> None:
    said = await BY_NAME["ceiling"].run(backstage, by_operator(backstage), limit=typed, unit=unit)
    assert "went wrong" not in said
    assert said
    backstage.operator.set_ceiling.assert_not_called()


async def test_a_long_history_is_attached(backstage: Backstage) -> None:
    cog = operating(backstage)
    event = JobEvent(job_id=a_job().id, at=NOW, owner=Owner.POLLER, name="x", detail={"a": "b"})
    backstage.operator.history.return_value = JobHistory(
        job=a_job(), events=(event,) * 99, entries=()
    )
    interaction = by_operator(backstage)
    await run(OperatorCog.job, cog, interaction, id="7F3K2Q")
    (file,) = interaction.edit_original_response.call_args.kwargs["attachments"]
    assert file.filename == "job-7F3K2Q.txt"
    file.close()
    assert answered(interaction) == "Job `7F3K2Q`: 100 lines."


async def test_a_history_of_no_job_is_a_plain_refusal(backstage: Backstage) -> None:
    command, cog = BY_NAME["job"].of(backstage)
    backstage.break_down(JobNotFoundError("x"))
    interaction = by_operator(backstage)
    assert (await run(command, cog, interaction, id="x")).startswith("There is no such job.")


async def test_guilds_are_suggested_to_operators_by_name_or_id(backstage: Backstage) -> None:
    cog = operating(backstage)
    backstage.operator.guilds.return_value = [
        a_guild(),
        a_guild(guild_id=GuildId(77), presence=GuildInfo(name="Kelp " * 20), left_at=NOW),
    ]

    async def suggested(interaction: Any, typed: str) -> list[app_commands.Choice[str]]:  # noqa: ANN401
        complete: Any = OperatorCog._guild
        return list(await complete(cog, interaction, typed))

    names = {choice.value: choice.name for choice in await suggested(by_operator(backstage), "")}
    assert names["500"] == "Tidepool · 500"
    assert names["77"].endswith("· left")
    assert all(len(name) <= 100 for name in names.values())
    for typed, guild_id in (("TIDE", "500"), ("77", "77")):
        (found,) = await suggested(by_operator(backstage), typed)
        assert found.value == guild_id
    backstage.operator.guilds.reset_mock()
    assert await suggested(an_interaction(backstage, permissions=ADMIN), "") == []
    backstage.operator.guilds.assert_not_called()


async def test_an_operators_permission_is_not_a_moderators(backstage: Backstage) -> None:
    requester = requester_of(by_operator(backstage))
    assert requester == a_requester(requester.user_id)


# --- which guilds there are -------------------------------------------------------------------


def a_discord_guild(guild_id: int, *, unavailable: bool = False) -> Any:  # noqa: ANN401 - a double
    guild = MagicMock(spec=discord.Guild)
    guild.id, guild.name, guild.member_count = guild_id, f"guild {guild_id}", 3
    guild.unavailable = unavailable
    return guild


async def test_unavailable_guilds_are_present_and_an_unwell_gateway_names_none(
    bot: TweenBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bot.present() is None
    monkeypatch.setattr(bot, "gateway_is_well", lambda: True)
    guilds = {1: a_discord_guild(1), 2: a_discord_guild(2, unavailable=True)}
    monkeypatch.setattr(bot._connection, "_guilds", guilds)
    assert bot.present() == {
        GuildId(1): GuildInfo(name="guild 1", members=3),
        GuildId(2): GuildInfo(name="", members=None),
    }


@pytest.mark.parametrize(
    ("answer", "is_member"),
    [({"id": "1"}, True), (http_error(404, 10_004), False), (http_error(403, 50_001), False)],
)
async def test_discord_is_asked_whether_the_bot_is_in_a_guild(
    bot: TweenBot, monkeypatch: pytest.MonkeyPatch, answer: object, *, is_member: bool
) -> None:
    monkeypatch.setattr(bot.http, "get_guild", AsyncMock(side_effect=[answer]))
    assert await bot.is_member(GuildId(1)) is is_member


@pytest.mark.parametrize(
    "answer",
    [
        http_error(500, 0),
        http_error(401, 0),
        http_error(403, 0),
        http_error(404, 0),
        http_error(429, 0),
        aiohttp.ClientError(),
        TimeoutError(),
    ],
    ids=str,
)
async def test_anything_but_a_plain_no_says_nothing(
    bot: TweenBot, monkeypatch: pytest.MonkeyPatch, answer: Exception
) -> None:
    monkeypatch.setattr(bot.http, "get_guild", AsyncMock(side_effect=[answer]))
    with pytest.raises(ChatUnavailableError):
        await bot.is_member(GuildId(1))


async def test_the_gateways_events_hasten_the_comparison(bot: TweenBot) -> None:
    woken = []
    bot.guilds_changed = lambda: woken.append(1)
    await bot.on_ready()
    await bot.on_guild_join(a_discord_guild(1))
    await bot.on_guild_remove(a_discord_guild(1))
    assert len(woken) == 3
