"""Each command with doubles: acknowledged first, authorised, one service called, answered once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import discord
import pytest

from bot.chat import text
from bot.domain.errors import JobNotFoundError
from bot.domain.jobs.states import ACTIVE, JobState
from bot.services.intake.lookup import ShownJob
from tests.chat.examples import REQUESTER, a_view
from tests.cogs.cases import (
    CANCEL,
    CASES,
    HELP,
    LIST,
    QUEUE,
    QUOTA,
    RETRY,
    SHOW,
    VIDEOS,
    Case,
)
from tests.cogs.doubles import (
    MODERATOR,
    Backstage,
    a_member,
    a_requester,
    an_interaction,
    answered,
    http_error,
    run,
)

every_command = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
NEED_GUILD = pytest.mark.parametrize(
    "case", [*VIDEOS, RETRY, QUEUE, QUOTA], ids=lambda case: case.name
)


@every_command
async def test_a_command_is_acknowledged_privately_before_anything_else(
    backstage: Backstage, case: Case
) -> None:
    interaction = an_interaction(backstage)
    acknowledge = interaction.response.defer.side_effect
    at_first: list[bool] = []

    def defer(**options: object) -> None:
        at_first.append(backstage.untouched)
        acknowledge()
        assert options == {"ephemeral": True, "thinking": True}

    interaction.response.defer.side_effect = defer
    assert await case.run(backstage, interaction)
    assert at_first == [True]
    assert len(backstage.acknowledged_after) == 1
    assert 0 <= backstage.acknowledged_after[0] < 3


@every_command
async def test_a_command_whose_acknowledgement_was_answered_wrongly_is_done_and_answered(
    backstage: Backstage, case: Case
) -> None:
    interaction = an_interaction(backstage)
    interaction.response.defer.side_effect = http_error(400, 40_060)
    assert await case.run(backstage, interaction)
    interaction.edit_original_response.assert_awaited_once()
    interaction.response.send_message.assert_not_called()


@every_command
async def test_an_interaction_sent_twice_is_done_once(backstage: Backstage, case: Case) -> None:
    first, again = an_interaction(backstage), an_interaction(backstage)
    again.client = first.client
    again.response.defer.side_effect = http_error(400, 40_060)
    assert await case.run(backstage, first)
    called = [len(double.mock_calls) for double in (backstage.submissions, backstage.quotas)]
    assert await case.run(backstage, again) == ""
    assert called == [
        len(double.mock_calls) for double in (backstage.submissions, backstage.quotas)
    ]
    again.response.send_message.assert_not_called()


@every_command
async def test_a_command_during_a_shutdown_is_refused_with_a_sentence(
    backstage: Backstage, case: Case
) -> None:
    interaction = an_interaction(backstage)
    await interaction.client.interactions.end(within_seconds=0)
    said = await case.run(backstage, interaction)
    assert said == "I am restarting. Please try again in a minute."
    assert backstage.untouched


@every_command
async def test_an_interaction_that_discord_has_closed_does_nothing_at_all(
    backstage: Backstage, case: Case
) -> None:
    interaction = an_interaction(backstage)
    interaction.response.defer.side_effect = http_error(404, 10_062)
    assert await case.run(backstage, interaction) == ""
    assert backstage.untouched
    interaction.response.send_message.assert_not_called()
    interaction.followup.send.assert_not_called()


@every_command
async def test_an_unexpected_error_is_answered_with_a_reference_and_never_a_traceback(
    backstage: Backstage, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    interaction = an_interaction(backstage)
    command, cog = case.of(backstage)
    backstage.break_down(RuntimeError("sk-a-key-of-somebody at line 7"))
    if case is HELP:
        monkeypatch.setattr("bot.chat.panels.help_panel", lambda **_: 1 / 0)
    said = await run(command, cog, interaction, **case.options())
    assert said.startswith("Something went wrong (ref ")
    assert "sk-" not in said
    assert "line" not in said


@NEED_GUILD
async def test_in_direct_messages_a_servers_command_says_where_it_works(
    backstage: Backstage, case: Case
) -> None:
    said = await case.run(backstage, an_interaction(backstage, guild_id=None))
    assert said == "Videos are made in a server, not here. Ask again in a channel of the server."
    assert backstage.untouched


# --- /jobs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "states"),
    [
        ("active", ACTIVE),
        ("done", {JobState.DELIVERED, JobState.UNDELIVERABLE}),
        ("failed", {JobState.FAILED, JobState.EXPIRED}),
        ("cancelled", {JobState.CANCELLED}),
        ("all", frozenset()),
    ],
)
async def test_jobs_are_listed_by_state(
    backstage: Backstage, state: str, states: frozenset[JobState]
) -> None:
    assert "Your jobs" in await LIST.run(backstage, an_interaction(backstage), state=state)
    requester = a_requester()
    backstage.lookup.list_jobs.assert_awaited_once_with(requester, member_id=None, states=states)


@pytest.mark.parametrize("case", [LIST, QUOTA], ids=lambda case: case.name)
async def test_a_member_may_not_look_at_somebody_else(backstage: Backstage, case: Case) -> None:
    said = await case.run(backstage, an_interaction(backstage), member=a_member(43))
    assert said == "You need the permission **Moderate Members** for that. Ask a moderator."
    assert backstage.untouched


@pytest.mark.parametrize("case", [LIST, QUOTA], ids=lambda case: case.name)
@pytest.mark.parametrize(
    "permissions", [MODERATOR, discord.Permissions(manage_guild=True)], ids=["moderate", "manage"]
)
async def test_a_moderator_may_look_at_anybody_in_the_server(
    backstage: Backstage, case: Case, permissions: discord.Permissions
) -> None:
    interaction = an_interaction(backstage, permissions=permissions)
    assert "of mia" in await case.run(backstage, interaction, member=a_member(43))


@pytest.mark.parametrize("case", [LIST, QUOTA], ids=lambda case: case.name)
async def test_naming_oneself_needs_no_permission(backstage: Backstage, case: Case) -> None:
    said = await case.run(backstage, an_interaction(backstage), member=a_member(REQUESTER, "tom"))
    assert "permission" not in said


async def test_a_permission_counts_for_nothing_in_direct_messages(backstage: Backstage) -> None:
    interaction = an_interaction(backstage, guild_id=None, permissions=MODERATOR)
    assert "permission" in await LIST.run(backstage, interaction, member=a_member(43))
    await SHOW.run(backstage, interaction := an_interaction(backstage, guild_id=None))
    requester = a_requester(guild_id=None)
    backstage.lookup.show.assert_called_once_with(
        "7f3k2q", requester, limit_bytes=interaction.filesize_limit
    )
    assert answered(interaction)


async def test_a_video_that_could_not_be_posted_is_handed_out(
    backstage: Backstage, tmp_path: Path
) -> None:
    path = tmp_path / "result.mp4"
    path.write_bytes(b"film")
    command, cog = SHOW.of(backstage)
    steps: list[str] = []

    @asynccontextmanager
    async def lend(*_: object, **__: object) -> AsyncIterator[ShownJob]:
        steps.append("lent")
        yield ShownJob(view=a_view(JobState.UNDELIVERABLE), video=path, is_too_large=False)
        steps.append("taken back")

    backstage.lookup.show.side_effect = lend
    interaction = an_interaction(backstage)
    interaction.edit_original_response.side_effect = lambda **_: steps.append("answered")
    await run(command, cog, interaction, job="7F3K2Q")
    assert steps == ["lent", "answered", "taken back"]
    (file,) = interaction.edit_original_response.call_args.kwargs["attachments"]
    assert file.filename == "tween-7F3K2Q.mp4"
    assert file.description.startswith("AI-generated video")
    file.close()
    limit = backstage.lookup.show.call_args.kwargs["limit_bytes"]
    assert limit == interaction.filesize_limit


@pytest.mark.parametrize("is_too_large", [True, False])
async def test_a_video_that_no_answer_takes_is_said_to_be_there(
    backstage: Backstage, *, is_too_large: bool
) -> None:
    command, cog = SHOW.of(backstage)
    shown = ShownJob(view=a_view(JobState.FAILED), video=None, is_too_large=is_too_large)
    backstage.lookup.show.return_value = nullcontext(shown)
    said = await run(command, cog, an_interaction(backstage), job="7F3K2Q")
    assert (text.refusals.ANSWER_TOO_LARGE in said) is is_too_large


@pytest.mark.parametrize("case", [SHOW, CANCEL, RETRY], ids=lambda case: case.name)
async def test_an_unknown_job_is_a_plain_refusal(backstage: Backstage, case: Case) -> None:
    command, cog = case.of(backstage)
    backstage.break_down(JobNotFoundError("zzz"))
    said = await run(command, cog, an_interaction(backstage), job="zzz")
    assert said == "There is no such job. Job ids look like `7F3K2Q`; see /jobs list."
    assert backstage.refused == ["job_not_found"]
