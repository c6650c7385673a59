"""Report and what moderators press under it: the report stays, what is said is said aside."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import discord
import pytest

from bot.chat import reports
from bot.chat.custom_ids import JobVerb, ModerationVerb, job_button, report_button
from bot.domain.errors import JobNotOverError
from bot.domain.guilds.reports import NoLogChannelError, ReportedJob, ReportOutcome
from bot.domain.ids import GuildId, JobId
from bot.domain.jobs.states import JobState
from bot.domain.people import Person
from bot.services.guilds.moderation import Blocked
from bot.services.intake.erasure import Erased
from cogs._reports import (
    BlockReported,
    CancelReported,
    DeleteReported,
    ReportAction,
    ReportButton,
    report_message,
)
from tests.chat.examples import GUILD, REQUESTER, a_job, words
from tests.cogs.conftest import LogLines
from tests.cogs.doubles import (
    MODERATOR,
    Backstage,
    a_requester,
    an_interaction,
    answered,
    http_error,
)

JOB = JobId("7F3K2Q")
BY = 44


async def pressed(kind: Any, custom_id: str, interaction: Any) -> str:  # noqa: ANN401 - doubles
    """Press a button; return what the person reads."""
    match = kind.__discord_ui_compiled_template__.fullmatch(custom_id)
    assert match is not None
    item: discord.ui.Button[Any] = discord.ui.Button(custom_id=custom_id)
    button = await kind.from_custom_id(interaction, item, match)
    await button.callback(interaction)
    return answered(interaction)


# --- members ----------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ReportOutcome)
async def test_a_member_reads_what_came_of_the_report(
    backstage: Backstage, outcome: ReportOutcome
) -> None:
    backstage.reports.report.return_value = outcome
    interaction = an_interaction(backstage)
    said = await pressed(ReportButton, job_button(JobVerb.REPORT, JOB), interaction)
    assert {
        ReportOutcome.TOLD: "have been told",
        ReportOutcome.WAITING: "as soon as Discord takes it",
        ReportOutcome.REFUSED: "does not let me write",
        ReportOutcome.KNOWN: "already",
    }[outcome] in said
    backstage.reports.report.assert_awaited_once_with(JOB, a_requester())
    interaction.response.defer.assert_awaited_once_with(ephemeral=True, thinking=True)


async def test_without_a_log_channel_a_member_is_sent_to_a_moderator(backstage: Backstage) -> None:
    backstage.reports.report.side_effect = NoLogChannelError
    interaction = an_interaction(backstage)
    said = await pressed(ReportButton, job_button(JobVerb.REPORT, JOB), interaction)
    assert "no channel in which they read reports" in said


async def test_the_menu_reports_the_job_of_the_message(backstage: Backstage) -> None:
    backstage.lookup.shown_on.return_value = a_job(JobState.DELIVERED)
    backstage.reports.report.return_value = ReportOutcome.TOLD
    interaction = an_interaction(backstage)
    interaction.client.user.id = 999
    message = MagicMock(spec=discord.Message)
    message.id, message.author.id, message.components = 700, 999, []
    message.embeds = [discord.Embed().set_footer(text=f"Job {JOB}")]
    await report_message(interaction, message)
    backstage.reports.report.assert_awaited_once_with(JOB, a_requester())


# --- moderators -------------------------------------------------------------------------------

ACTIONS: list[tuple[type[ReportAction], ModerationVerb]] = [
    (CancelReported, ModerationVerb.CANCEL),
    (DeleteReported, ModerationVerb.DELETE),
    (BlockReported, ModerationVerb.BLOCK),
]


@pytest.fixture
def services(backstage: Backstage) -> Backstage:
    job = a_job(JobState.DELIVERED)
    backstage.cancellations.cancel.return_value = a_job(JobState.CANCELLED)
    backstage.erasure.forget.return_value = Erased(job=job, is_new=True)
    backstage.moderation.block.return_value = Blocked(is_new=True, cancelled=0, requested=0)
    backstage.reports.reported.return_value = ReportedJob(job=job, is_blocked=True)
    return backstage


def by_moderator(backstage: Backstage) -> Any:  # noqa: ANN401 - a double
    """Return a moderator's interaction with a report."""
    interaction = an_interaction(backstage, user_id=BY, permissions=MODERATOR)
    interaction.message = MagicMock(spec=discord.Message)
    shown = reports.embed(a_job(JobState.DELIVERED), has_video=True, with_prompt=True)
    interaction.message.embeds = [shown]
    return interaction


@pytest.mark.parametrize(("kind", "verb"), ACTIONS)
async def test_nobody_but_moderators_acts_and_the_report_stays_as_it_is(
    services: Backstage, kind: type[ReportAction], verb: ModerationVerb
) -> None:
    interaction = an_interaction(services)
    said = await pressed(kind, report_button(verb, JOB), interaction)
    assert said.startswith("You need the permission")
    interaction.response.defer.assert_awaited_once_with(ephemeral=True, thinking=True)
    interaction.followup.send.assert_not_called()
    assert services.untouched


@pytest.mark.parametrize(("kind", "verb"), ACTIONS)
async def test_what_a_moderator_does_is_written_into_the_report(
    services: Backstage, kind: type[ReportAction], verb: ModerationVerb
) -> None:
    interaction = by_moderator(services)
    said = await pressed(kind, report_button(verb, JOB), interaction)
    assert said
    interaction.response.defer.assert_awaited_once_with(ephemeral=True, thinking=False)
    (edit,) = interaction.edit_original_response.await_args_list
    done = {"cancel": "Cancelled by", "delete": "Deleted by", "block": "Requester blocked by"}
    assert f"{done[verb]}: <@{BY}>" in words(edit.kwargs["embed"])
    assert "content" not in edit.kwargs, "who has reported it stays"
    is_deleted = verb is ModerationVerb.DELETE
    files = edit.kwargs["attachments"]
    assert files == [] if is_deleted else files is discord.utils.MISSING
    assert ("a cat turns its head" in words(edit.kwargs["embed"])) != is_deleted
    left = [button.label for button in edit.kwargs["view"].children]
    assert left == ["Delete"], "the requester is blocked already"


async def test_each_action_is_the_service_s(services: Backstage) -> None:
    moderator = a_requester(BY, may_moderate=True)
    for kind, verb in ACTIONS:
        await pressed(kind, report_button(verb, JOB), by_moderator(services))
    services.cancellations.cancel.assert_awaited_once_with(JOB, moderator)
    services.erasure.forget.assert_awaited_once_with(JOB, moderator)
    services.moderation.block.assert_awaited_once_with(
        GuildId(GUILD), REQUESTER, Person(user_id=moderator.user_id, name="tom")
    )


async def test_a_refusal_is_said_aside_and_changes_no_report(services: Backstage) -> None:
    services.erasure.forget.side_effect = JobNotOverError(job_id=JOB, state="running")
    interaction = by_moderator(services)
    said = await pressed(DeleteReported, report_button(ModerationVerb.DELETE, JOB), interaction)
    assert "still under way" in said
    interaction.edit_original_response.assert_not_called()


@pytest.mark.parametrize(("code", "lines"), [(10_008, 0), (50_001, 1)])
async def test_a_report_that_went_with_its_video_is_not_missed(
    services: Backstage, log_lines: LogLines, code: int, lines: int
) -> None:
    interaction = by_moderator(services)
    interaction.edit_original_response.side_effect = http_error(404, code)
    said = await pressed(DeleteReported, report_button(ModerationVerb.DELETE, JOB), interaction)
    assert "is deleted" in said
    assert [line["event"] for line in log_lines()].count("report_not_edited") == lines
