"""Entries of a message's menu: acknowledged, guarded, and about the right job."""

from __future__ import annotations

from typing import Any
from unittest.mock import AsyncMock, MagicMock

import discord
import pytest
from discord import app_commands

from bot.chat.custom_ids import JobVerb, job_button
from bot.domain.errors import InvalidOptionsError
from bot.domain.ids import GuildId, JobId, MessageId
from bot.domain.problems import OptionProblem
from cogs import _errors
from cogs._menus import job_shown_on, message_menu
from tests.chat.examples import GUILD, a_job
from tests.cogs.doubles import Backstage, an_interaction, answered

OURS, MESSAGE = 999, 700
JOB = JobId("7F3K2Q")


def a_message(*, author_id: int = OURS, custom_ids: tuple[str, ...] = (), footer: str = "") -> Any:  # noqa: ANN401 - a double
    message = MagicMock(spec=discord.Message)
    message.id, message.author.id = MESSAGE, author_id
    row = MagicMock(spec=discord.ActionRow)
    row.children = [MagicMock(spec=discord.Button, custom_id=custom_id) for custom_id in custom_ids]
    message.components = [row]
    message.embeds = [discord.Embed().set_footer(text=footer)] if footer else []
    return message


def chosen(backstage: Backstage, **place: Any) -> Any:  # noqa: ANN401 - a double
    interaction = an_interaction(backstage, **place)
    interaction.client.user.id = OURS
    return interaction


@pytest.mark.parametrize(
    "marks",
    [
        {"custom_ids": (job_button(JobVerb.AGAIN, JOB), job_button(JobVerb.REPORT, JOB))},
        {"footer": f"Job {JOB}"},
        {"custom_ids": ("something:else",), "footer": f"Job {JOB}"},
    ],
)
async def test_a_message_of_ours_tells_its_job(backstage: Backstage, marks: Any) -> None:  # noqa: ANN401
    backstage.lookup.shown_on.return_value = job = a_job()
    assert await job_shown_on(chosen(backstage), a_message(**marks)) is job
    backstage.lookup.shown_on.assert_awaited_once_with(JOB, GuildId(GUILD), MessageId(MESSAGE))


@pytest.mark.parametrize(
    "marks",
    [
        {"footer": f"Job {JOB}", "author_id": 5},
        {"footer": "Job of mine"},
        {"custom_ids": ("report:delete:7F3K2Q",)},
        {},
    ],
)
async def test_no_other_message_is_about_a_job(backstage: Backstage, marks: Any) -> None:  # noqa: ANN401
    with pytest.raises(InvalidOptionsError) as caught:
        await job_shown_on(chosen(backstage), a_message(**marks))
    assert caught.value.problem is OptionProblem.NOT_OUR_VIDEO
    backstage.lookup.shown_on.assert_not_called()


async def test_a_job_that_does_not_stand_there_is_none(backstage: Backstage) -> None:
    backstage.lookup.shown_on.return_value = None
    with pytest.raises(InvalidOptionsError):
        await job_shown_on(chosen(backstage), a_message(footer=f"Job {JOB}"))


async def choose(
    menu: app_commands.ContextMenu,
    interaction: Any,  # noqa: ANN401
    message: object = None,
) -> str:
    """Choose an entry as discord.py does, errors included; return what the person reads."""
    try:
        await menu._invoke(interaction, message)
    except app_commands.AppCommandError as error:
        await _errors.answer(interaction, error)
    return answered(interaction)


async def test_an_entry_is_acknowledged_before_it_acts(backstage: Backstage) -> None:
    interaction = chosen(backstage)

    async def act(asked: discord.Interaction[Any], _: discord.Message) -> None:
        assert asked.response.is_done()
        await _errors.say(asked, "done")

    assert await choose(message_menu("Report video", act), interaction) == "done"
    interaction.response.defer.assert_awaited_once_with(ephemeral=True, thinking=True)


async def test_an_entry_that_opens_a_form_answers_first(backstage: Backstage) -> None:
    interaction = chosen(backstage)
    act = AsyncMock()
    await choose(message_menu("Animate image", act, opens_form=True), interaction)
    act.assert_awaited_once()
    interaction.response.defer.assert_not_called()


async def test_an_entry_is_of_servers_alone_and_comes_twice_once(backstage: Backstage) -> None:
    act = AsyncMock()
    menu = message_menu("Report video", act)
    private = chosen(backstage, guild_id=None)
    assert "made in a server" in await choose(menu, private)
    act.assert_not_called()
    twice = chosen(backstage)
    await choose(menu, twice)
    await choose(menu, twice)
    act.assert_awaited_once()


async def test_what_an_entry_raises_has_its_sentence(backstage: Backstage) -> None:
    act = AsyncMock(side_effect=InvalidOptionsError(problem=OptionProblem.NOT_OUR_VIDEO))
    said = await choose(message_menu("Report video", act), chosen(backstage))
    assert said.startswith("That is no video of mine.")
