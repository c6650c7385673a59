"""/usage and its pages: admins alone, each press anew, the custom id as the only memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest

from bot.domain.errors import ExportTooLargeError
from bot.domain.guilds.periods import EPOCH
from bot.domain.guilds.quota import Span
from bot.domain.guilds.usage import Cursor, LogQuery
from bot.domain.ids import GuildId, UserId, new_job_id
from bot.domain.jobs.states import JobState, StateFilter
from cogs._pages import AuditButton, LogButton, LogCursor, audit_view, log_view
from tests.chat.examples import GUILD, NOW, a_job
from tests.chat.usage_examples import SPAN, a_log_page, an_audit_page, an_entry
from tests.cogs.cases import USAGE, Case
from tests.cogs.doubles import ADMIN, MODERATOR, NOBODY, Backstage, an_interaction, answered

SNOWFLAKE = UserId(2**63 - 1)
PLACE = Cursor(at=NOW.replace(microsecond=123_457), job_id=new_job_id())


@pytest.mark.parametrize("case", USAGE, ids=lambda case: case.name)
async def test_an_admin_is_answered_privately(case: Case, backstage: Backstage) -> None:
    interaction = an_interaction(backstage, permissions=ADMIN)
    assert "went wrong" not in await case.run(backstage, interaction)
    interaction.response.defer.assert_awaited_once_with(ephemeral=True, thinking=True)
    interaction.edit_original_response.assert_awaited_once()


@pytest.mark.parametrize("permissions", [NOBODY, MODERATOR], ids=["member", "moderator"])
@pytest.mark.parametrize("case", USAGE, ids=lambda case: case.name)
async def test_nobody_else_learns_anything(
    case: Case, backstage: Backstage, permissions: discord.Permissions
) -> None:
    interaction = an_interaction(backstage, permissions=permissions)
    said = await case.run(backstage, interaction)
    assert said == "You need the permission **Manage Server** for that. Ask a moderator."
    assert not backstage.usage_reports.mock_calls


async def test_every_question_names_the_guild(backstage: Backstage) -> None:
    for case in USAGE:
        await case.run(backstage, an_interaction(backstage, permissions=ADMIN))
    asked = [call for call in backstage.usage_reports.mock_calls if not call[0].startswith("draw")]
    assert asked
    assert all(call.args[0] == GuildId(GUILD) for call in asked)


async def test_files_carry_their_names(backstage: Backstage) -> None:
    names = []
    for case in USAGE:
        interaction = an_interaction(backstage, permissions=ADMIN)
        await case.run(backstage, interaction)
        attached = interaction.edit_original_response.call_args.kwargs["attachments"]
        if isinstance(attached, list):
            names += [file.filename for file in attached]
    assert names == ["usage-by-member.png", "usage.csv"]


async def test_an_export_that_is_too_large_says_what_to_do(backstage: Backstage) -> None:
    (case,) = [case for case in USAGE if case.name == "usage export"]
    interaction = an_interaction(backstage, permissions=ADMIN)
    error = ExportTooLargeError(limit_bytes=1, actual_bytes=2)
    build = case.build

    def failing(stage: Backstage) -> Any:  # noqa: ANN401 - a cog
        made = build(stage)
        stage.usage_reports.export.side_effect = error
        return made

    said = await Case(case.name, failing, case.options).run(backstage, interaction)
    assert "Choose a shorter period" in said


# --- pages ------------------------------------------------------------------------------------


def pressed(view: discord.ui.View | None, label: str) -> Any:  # noqa: ANN401 - a button
    """Return a button of an answer."""
    assert view is not None
    buttons = [item for item in view.children if isinstance(item, discord.ui.DynamicItem)]
    (found,) = [button for button in buttons if button.item.label == label]
    return found


async def after_restart(button: Any, interaction: Any) -> Any:  # noqa: ANN401 - doubles
    """Return the button another process makes of the custom id alone."""
    kind = type(button)
    match = kind.__discord_ui_compiled_template__.fullmatch(button.item.custom_id)
    assert match is not None
    return await kind.from_custom_id(interaction, button.item, match)


@pytest.mark.parametrize("state", StateFilter)
@pytest.mark.parametrize("is_newer", [True, False])
async def test_an_address_survives_a_restart_exactly(
    backstage: Backstage, state: StateFilter, *, is_newer: bool
) -> None:
    span = Span(start=EPOCH, end=datetime(2200, 1, 1, tzinfo=UTC))
    for member in (None, SNOWFLAKE):
        query = LogQuery(
            span=span, states=state.states, member_id=member, cursor=PLACE, is_newer=is_newer
        )
        button = LogButton(LogCursor(query=query, state=state), "Older")
        assert len(button.item.custom_id or "") <= 100
        again = await after_restart(button, an_interaction(backstage))
        assert again.address == LogCursor(query=query, state=state)


async def test_a_page_replaces_its_own_message(backstage: Backstage) -> None:
    jobs = [a_job(id=new_job_id(), created_at=NOW - timedelta(hours=at)) for at in range(3)]
    older = pressed(log_view(a_log_page(*jobs, has_older=True), StateFilter.ALL), "Older")
    backstage.usage_reports.log.return_value = a_log_page(a_job(JobState.FAILED))
    interaction = an_interaction(backstage, permissions=ADMIN)
    await (await after_restart(older, interaction)).callback(interaction)
    interaction.response.defer.assert_awaited_once_with(ephemeral=True, thinking=False)
    guild_id, query = backstage.usage_reports.log.call_args.args
    assert guild_id == GuildId(GUILD)
    assert query.cursor == Cursor(at=jobs[-1].times.created_at, job_id=jobs[-1].id)
    assert not query.is_newer
    assert "Failed" in answered(interaction)


async def test_who_lost_the_permission_turns_no_page(backstage: Backstage) -> None:
    older = pressed(audit_view(an_audit_page(an_entry(), has_older=True)), "Older")
    interaction = an_interaction(backstage, permissions=MODERATOR)
    await (await after_restart(older, interaction)).callback(interaction)
    assert "Manage Server" in answered(interaction)
    assert not backstage.usage_reports.mock_calls


async def test_pages_of_changes_remember_period_and_place(backstage: Backstage) -> None:
    first = an_audit_page(*[an_entry()] * 10, has_older=True)
    older = pressed(audit_view(first), "Older")
    backstage.usage_reports.audit.return_value = an_audit_page(an_entry(), offset=10)
    interaction = an_interaction(backstage, permissions=ADMIN)
    await (await after_restart(older, interaction)).callback(interaction)
    backstage.usage_reports.audit.assert_awaited_once_with(GuildId(GUILD), SPAN, offset=10)
    view = interaction.edit_original_response.call_args.kwargs["view"]
    newer = pressed(view, "Newer")
    again = await after_restart(newer, interaction)
    assert (again.offset, again.item.disabled) == (0, False)


async def test_a_page_that_breaks_is_answered_with_a_reference(backstage: Backstage) -> None:
    backstage.usage_reports.audit.side_effect = RuntimeError
    interaction = an_interaction(backstage, permissions=ADMIN)
    await AuditButton(SPAN, 10, "Older").callback(interaction)
    assert "Something went wrong" in answered(interaction)


def test_a_single_page_has_no_buttons() -> None:
    assert log_view(a_log_page(), StateFilter.ALL) is None
    assert log_view(a_log_page(a_job()), StateFilter.ALL) is None
    assert audit_view(an_audit_page(an_entry())) is None


def test_the_buttons_of_a_page_differ() -> None:
    for view in (
        log_view(a_log_page(a_job(), has_older=True), StateFilter.ALL),
        audit_view(an_audit_page(an_entry(), has_older=True)),
        audit_view(an_audit_page(offset=1, has_older=False)),
    ):
        ids = {pressed(view, label).item.custom_id for label in ("Newer", "Older")}
        assert len(ids) == 2
