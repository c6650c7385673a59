"""Each command with doubles: acknowledged first, authorised, one service called, answered once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest

from bot.domain.catalogue import Kind
from bot.domain.errors import GuildDisabledError, InvalidImageError, JobNotFoundError
from bot.domain.job import ACTIVE, JobState
from bot.services import Asker
from bot.services.pictures import Pictures
from tests.chat.examples import GUILD, REQUESTER
from tests.cogs.cases import (
    CANCEL,
    CASES,
    FRAMES,
    HELP,
    LIST,
    PICTURE,
    QUEUE,
    QUOTA,
    RETRY,
    SHOW,
    Case,
)
from tests.cogs.doubles import (
    MAY_POST,
    MODERATOR,
    Backstage,
    a_member,
    an_attachment,
    an_interaction,
    answered,
    http_error,
    run,
)

every_command = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
NEED_GUILD = pytest.mark.parametrize(
    "case", [FRAMES, RETRY, QUEUE, QUOTA], ids=lambda case: case.name
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


@pytest.mark.parametrize("case", [FRAMES, RETRY], ids=lambda case: case.name)
@pytest.mark.parametrize(
    ("lacking", "thread", "said"),
    [
        ("view_channel", False, "View Channel"),
        ("send_messages", False, "Send Messages"),
        ("send_messages_in_threads", True, "Send Messages in Threads"),
        ("embed_links", False, "Embed Links"),
        ("attach_files", False, "Attach Files"),
    ],
)
async def test_where_the_bot_may_not_post_nothing_is_queued(
    backstage: Backstage, case: Case, lacking: str, said: str, *, thread: bool
) -> None:
    permissions = discord.Permissions(MAY_POST.value)
    setattr(permissions, lacking, False)
    interaction = an_interaction(backstage, app_permissions=permissions, thread=thread)
    text = await case.run(backstage, interaction)
    assert text.startswith(f"I need the permission **{said}** in this channel.")
    backstage.submissions.submit.assert_not_called()
    backstage.submissions.retry.assert_not_called()
    backstage.pictures.prepare.assert_not_called()
    assert backstage.refused == ["not_permitted"]


async def test_in_a_thread_the_permission_to_send_in_the_channel_is_not_needed(
    backstage: Backstage,
) -> None:
    permissions = discord.Permissions(MAY_POST.value)
    permissions.send_messages = False
    interaction = an_interaction(backstage, app_permissions=permissions, thread=True)
    assert "Queued as Job" in await FRAMES.run(backstage, interaction)


# --- /video frames ----------------------------------------------------------------------------


async def test_a_wish_is_queued_with_everything_that_was_chosen(backstage: Backstage) -> None:
    said = await FRAMES.run(
        backstage,
        an_interaction(backstage),
        prompt="  a cat ",
        negative_prompt=" ",
        resolution="480p",
        seed=7,
        prompt_extend=False,
        watermark=True,
    )
    assert said.startswith("Queued as Job `7F3K2Q`")
    (submission,) = backstage.submissions.submit.call_args.args
    wish, origin = submission.wish, submission.origin
    assert (wish.kind, wish.model, wish.resolution) == (Kind.FRAMES, "wan2.2-kf2v-flash", "480P")
    assert (wish.options.prompt, wish.options.negative_prompt) == ("a cat", None)
    assert (wish.options.seed, wish.options.prompt_extend, wish.options.watermark) == (
        7,
        False,
        True,
    )
    assert wish.options.loop
    assert (origin.guild_id, origin.requester_id, origin.interaction_id) == (GUILD, REQUESTER, 900)
    assert (origin.role_ids, origin.premium_tier) == ({77}, 2)
    assert (submission.pictures, submission.preview) == ((PICTURE,), b"preview")


async def test_a_spoiler_has_no_preview(backstage: Backstage) -> None:
    await FRAMES.run(backstage, an_interaction(backstage), spoiler=True)
    assert backstage.submissions.submit.call_args.args[0].preview is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"loop": False}, "Add a last_frame, or set loop to true"),
        ({"last_frame": an_attachment()}, "Give either a last_frame or loop"),
        ({"model": "x" * 5000}, "There is no model xxx"),
        ({"resolution": "4K"}, "wan2.2-kf2v-flash makes 480P, 720P, 1080P, not 4K."),
        ({"prompt": "x" * 801}, "The prompt has 801 characters; wan2.2-kf2v-flash reads 800."),
        ({"negative_prompt": "x" * 501}, "The negative prompt has 501 characters"),
        ({"seed": -1}, "A seed is a whole number from 0 to 2147483647."),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_a_wish_that_cannot_be_fulfilled_is_refused_before_a_picture_is_read(
    backstage: Backstage, changes: dict[str, Any], said: str
) -> None:
    text = await FRAMES.run(backstage, an_interaction(backstage), **changes)
    assert said in text
    assert len(text) < 2000
    backstage.pictures.prepare.assert_not_called()
    backstage.submissions.submit.assert_not_called()


async def test_size_and_declared_type_are_checked_before_bytes_are_read(
    backstage: Backstage,
) -> None:
    command, cog = FRAMES.of(backstage)
    backstage.pictures.check_declared.side_effect = Pictures.check_declared
    for attachment, said in (
        (an_attachment(size=26 << 20), "larger than 25 MiB"),
        (an_attachment(size=0), "empty file"),
        (an_attachment(content_type="video/mp4"), "is a video"),
    ):
        interaction = an_interaction(backstage)
        text = await run(command, cog, interaction, first_frame=attachment, loop=True)
        assert said in text
        attachment.read.assert_not_called()
    backstage.pictures.prepare.assert_not_called()


async def read_all(backstage: Backstage, attachment: object) -> bytes:
    """Run the command and read its picture as the service would."""
    await FRAMES.run(backstage, an_interaction(backstage), first_frame=attachment)
    ((_, read),) = backstage.pictures.prepare.call_args.args[0]
    data: bytes = await read()
    return data


async def test_a_picture_that_is_not_there_at_once_is_asked_for_again(
    backstage: Backstage,
) -> None:
    attachment = an_attachment()
    attachment.read.side_effect = [http_error(404, 0), aiohttp.ServerDisconnectedError(), b"ok"]
    assert await read_all(backstage, attachment) == b"ok"


@pytest.mark.parametrize(
    "error", [http_error(404, 0), http_error(403, 0), aiohttp.ClientError(), TimeoutError()]
)
async def test_a_picture_discord_does_not_hand_out_is_a_refusal(
    backstage: Backstage, error: Exception
) -> None:
    attachment = an_attachment()
    attachment.read.side_effect = error
    with pytest.raises(InvalidImageError) as raised:
        await read_all(backstage, attachment)
    assert raised.value.problem == "unavailable"
    assert attachment.read.await_count == 3


async def test_a_server_that_may_not_make_videos_is_told_first(backstage: Backstage) -> None:
    command, cog = FRAMES.of(backstage)
    backstage.submissions.require_guild.side_effect = GuildDisabledError
    said = await run(command, cog, an_interaction(backstage), **FRAMES.options())
    assert "has not enabled videos for this server" in said
    backstage.pictures.prepare.assert_not_called()


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
    asker = Asker(user_id=REQUESTER, guild_id=GUILD)
    backstage.submissions.list_jobs.assert_awaited_once_with(asker, member_id=None, states=states)


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
    asker = Asker(user_id=REQUESTER, guild_id=None, may_moderate=False)
    backstage.submissions.find.assert_awaited_once_with("7f3k2q", asker)
    assert answered(interaction)


async def test_a_video_that_could_not_be_posted_is_handed_out(
    backstage: Backstage, tmp_path: Path
) -> None:
    path = tmp_path / "result.mp4"
    path.write_bytes(b"film")
    command, cog = SHOW.of(backstage)
    backstage.submissions.collectable.return_value = path
    interaction = an_interaction(backstage)
    await run(command, cog, interaction, job="7F3K2Q")
    (file,) = interaction.edit_original_response.call_args.kwargs["attachments"]
    assert file.filename == "tween-7F3K2Q.mp4"
    file.close()
    limit = backstage.submissions.collectable.call_args.kwargs["limit_bytes"]
    assert limit == interaction.filesize_limit


@pytest.mark.parametrize("case", [SHOW, CANCEL, RETRY], ids=lambda case: case.name)
async def test_an_unknown_job_is_a_plain_refusal(backstage: Backstage, case: Case) -> None:
    command, cog = case.of(backstage)
    backstage.break_down(JobNotFoundError("zzz"))
    said = await run(command, cog, an_interaction(backstage), job="zzz")
    assert said == "There is no such job. Job ids look like `7F3K2Q`; see /jobs list."
    assert backstage.refused == ["job_not_found"]
