"""The one place that answers errors; buttons, whose errors go there too."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import aiohttp
import discord
import pytest
from discord import app_commands

from bot.chat.custom_ids import JobVerb, job_button
from bot.client import TweenBot
from bot.domain.errors import (
    BotError,
    DatabaseUnavailableError,
    JobNotCancellableError,
    JobNotFoundError,
    MissingAccessError,
)
from bot.domain.ids import GuildId
from bot.domain.jobs.states import JobState
from cogs import _errors
from cogs._buttons import CancelButton
from tests.chat.examples import GUILD, a_job
from tests.cogs.conftest import SECRET, LogLines
from tests.cogs.doubles import (
    MODERATOR,
    Backstage,
    a_requester,
    an_interaction,
    answered,
    http_error,
)

# --- answers ----------------------------------------------------------------------------------


@pytest.fixture
def extensions() -> Sequence[str]:
    return ("cogs._errors",)


async def test_the_reference_a_person_reads_is_in_the_log_with_the_traceback(
    backstage: Backstage, log_lines: LogLines
) -> None:
    interaction = an_interaction(backstage)
    backstage.cancellations.cancel.side_effect = RuntimeError(f"the password is {SECRET}")
    said = await press(interaction)
    (line,) = log_lines()
    assert line["event"] == "interaction_failed"
    assert line["reference"] in said
    assert "RuntimeError: the password is [hidden]" in line["exception"]
    assert "Traceback" not in said


async def test_what_the_host_could_not_keep_is_in_the_log_without_a_traceback(
    backstage: Backstage, log_lines: LogLines
) -> None:
    interaction = an_interaction(backstage)
    backstage.cancellations.cancel.side_effect = DatabaseUnavailableError("database is locked")
    assert "disk or the database of my host" in await press(interaction)
    (line,) = log_lines()
    assert (line["event"], line["reason"]) == ("interaction_unstored", "database is locked")
    assert (line["level"], line["code"]) == ("warning", "database_unavailable")
    assert "exception" not in line


@pytest.mark.parametrize("acknowledged", [True, False])
async def test_an_answer_takes_the_way_that_is_open(
    backstage: Backstage, *, acknowledged: bool
) -> None:
    interaction = an_interaction(backstage)
    interaction.response.is_done.return_value = acknowledged
    await _errors.answer(interaction, JobNotFoundError("x"))
    assert interaction.edit_original_response.await_count == int(acknowledged)
    assert interaction.response.send_message.await_count == int(not acknowledged)


@pytest.mark.parametrize(
    "error",
    [
        http_error(401, 50_027),
        http_error(404, 10_062),
        http_error(500, 0),
    ],
)
async def test_an_answer_that_cannot_be_given_is_only_logged(
    backstage: Backstage, error: Exception
) -> None:
    interaction = an_interaction(backstage)
    interaction.response.is_done.return_value = True
    interaction.edit_original_response.side_effect = error
    await _errors.say(interaction, "done")
    interaction.edit_original_response.assert_awaited_once()


@pytest.mark.parametrize(
    "error",
    [aiohttp.ServerDisconnectedError(), ConnectionResetError(), TimeoutError()],
    ids=lambda error: type(error).__name__,
)
async def test_an_answer_whose_connection_was_cut_is_given_again_with_its_file(
    backstage: Backstage, tmp_path: Path, error: Exception
) -> None:
    interaction = an_interaction(backstage)
    interaction.response.is_done.return_value = True
    path = tmp_path / "film.mp4"
    path.write_bytes(b"a film")
    sent = []

    async def send(*, attachments: list[discord.File], **_: object) -> None:
        (file,) = attachments
        sent.append((file.filename, file.fp.read()))
        file.close()  # as discord.py does after every request
        if len(sent) < _errors.ANSWER_ATTEMPTS:
            raise error

    interaction.edit_original_response.side_effect = send
    await _errors.say(interaction, "done", file=discord.File(path, "SPOILER_tween.mp4"))
    assert sent == [("SPOILER_tween.mp4", b"a film")] * _errors.ANSWER_ATTEMPTS


async def test_an_answer_to_a_lost_acknowledgement_ends_the_thinking(backstage: Backstage) -> None:
    interaction = an_interaction(backstage)
    interaction.response.is_done.return_value = False
    interaction.response.send_message.side_effect = http_error(400, 40_060)
    picture = discord.File(io.BytesIO(b"a chart"), "chart.png")
    await _errors.say(interaction, "done", file=picture)
    given = interaction.edit_original_response.call_args.kwargs
    assert given["content"] == "done"
    assert given["attachments"][0].fp.read() == b"a chart"


async def test_a_video_too_large_for_an_answer_is_explained(backstage: Backstage) -> None:
    interaction = an_interaction(backstage)
    interaction.response.is_done.return_value = True
    interaction.edit_original_response.side_effect = [http_error(413, 40_005), None]
    await _errors.say(interaction, embed=discord.Embed(title="x"), file=MagicMock(discord.File))
    last = interaction.edit_original_response.call_args.kwargs
    assert "too large" in last["content"]
    assert last["attachments"] is discord.utils.MISSING


async def test_an_answer_is_never_longer_than_a_message(backstage: Backstage) -> None:
    interaction = an_interaction(backstage)
    await _errors.say(interaction, "x" * 5000)
    assert len(answered(interaction)) == 2000


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (app_commands.CommandNotFound("video", []), "This command has changed meanwhile."),
        (
            app_commands.TransformerError("7", discord.AppCommandOptionType.user, MagicMock()),
            "I cannot use one of these options here.",
        ),
        (MissingAccessError("403"), "nothing was queued"),
        (DatabaseUnavailableError("locked"), "try again in a few minutes"),
        (app_commands.CheckFailure("x"), "Something went wrong (ref "),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_what_discord_py_raises_before_a_command_is_answered_too(
    backstage: Backstage, bot: TweenBot, error: Exception, said: str
) -> None:
    interaction = an_interaction(backstage)
    wrapped: Any = error
    if isinstance(error, BotError):
        wrapped = app_commands.CommandInvokeError(MagicMock(), error)
        wrapped.__cause__ = error
    await bot.tree.on_error(interaction, wrapped)
    assert said in answered(interaction)


@pytest.mark.parametrize(
    ("command", "of_guild"),
    [
        ("video effect", GUILD),
        ("jobs retry", GUILD),
        ("jobs show", None),
        ("settings timezone", None),
        ("moderate quota set", None),
        (None, None),
    ],
)
async def test_a_refusal_is_counted_once_it_is_answered_and_for_the_guild_if_it_was_of_a_video(
    backstage: Backstage, command: str | None, of_guild: int | None
) -> None:
    interaction = an_interaction(backstage)
    if command is not None:
        interaction.command = MagicMock(spec=app_commands.Command, qualified_name=command)
    counted: list[tuple[int | None, str, str]] = []

    async def count(guild_id: GuildId | None, code: str) -> None:
        counted.append((guild_id, code, answered(interaction)))

    services = interaction.client.services
    interaction.client.services = replace(services, refused=count)
    await _errors.answer(interaction, JobNotFoundError("x"))
    ((guild_id, code, said),) = counted
    assert (guild_id, code) == (of_guild, "job_not_found")
    assert said.startswith("There is no such job.")


async def test_what_is_nobodys_refusal_is_not_counted(backstage: Backstage) -> None:
    for error in (RuntimeError("boom"), MissingAccessError("403")):
        await _errors.answer(an_interaction(backstage), error)
    assert backstage.refused == []


# --- buttons ----------------------------------------------------------------------------------


async def press(interaction: Any) -> str:  # noqa: ANN401 - a double
    """Press a job's Cancel button in a process that never saw its message."""
    custom_id = job_button(JobVerb.CANCEL, "7F3K2Q")
    found = CancelButton.__discord_ui_compiled_template__.fullmatch(custom_id)
    assert found is not None
    item: discord.ui.Button[Any] = discord.ui.Button(custom_id=custom_id)
    button = await CancelButton.from_custom_id(interaction, item, found)
    await button.callback(interaction)
    return answered(interaction)


async def test_the_cancel_button_cancels(backstage: Backstage) -> None:
    backstage.cancellations.cancel.return_value = a_job(JobState.CANCELLED)
    said = await press(an_interaction(backstage))
    assert said == "Job `7F3K2Q` is cancelled. Nothing was charged."
    requester = a_requester()
    backstage.cancellations.cancel.assert_awaited_once_with("7F3K2Q", requester)


async def test_a_moderator_presses_as_a_moderator(backstage: Backstage) -> None:
    backstage.cancellations.cancel.return_value = a_job(JobState.CANCELLED)
    await press(an_interaction(backstage, user_id=99, permissions=MODERATOR))
    requester = a_requester(99, may_moderate=True)
    backstage.cancellations.cancel.assert_awaited_once_with("7F3K2Q", requester)


async def test_a_button_of_somebody_else_says_whose_it_is(backstage: Backstage) -> None:
    backstage.cancellations.cancel.side_effect = JobNotFoundError("7F3K2Q")
    said = await press(an_interaction(backstage, user_id=99))
    assert said == "Only the requester or a moderator can do that."


async def test_a_button_pressed_too_late_says_why(backstage: Backstage) -> None:
    error = JobNotCancellableError(job_id="7F3K2Q", state="running")
    backstage.cancellations.cancel.side_effect = error
    assert "the provider cannot stop it" in await press(an_interaction(backstage))


async def test_an_unexpected_error_of_a_button_is_answered(backstage: Backstage) -> None:
    backstage.break_down(RuntimeError("boom"))
    assert (await press(an_interaction(backstage))).startswith("Something went wrong (ref ")


async def test_a_press_that_discord_has_closed_cancels_nothing(backstage: Backstage) -> None:
    interaction = an_interaction(backstage)
    interaction.response.defer.side_effect = http_error(404, 10_062)
    assert await press(interaction) == ""
    assert backstage.untouched
