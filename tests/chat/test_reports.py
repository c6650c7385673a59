"""What moderators see of a reported job, as drawn and as it arrives in a local Discord."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.chat import reports, search, text
from bot.chat.custom_ids import ModerationVerb, report_button
from bot.chat.messenger import Messenger
from bot.domain.errors import ContentBlockedError, UploadTooLargeError
from bot.domain.guilds.reports import ReportedJob, ReportOutcome, ReportPost
from bot.domain.ids import ChannelId, JobId, UserId
from bot.domain.jobs.states import CANCELLABLE, JobState
from bot.domain.jobs.status import Purpose
from bot.domain.people import Person
from sandbox.discord import DiscordServer
from tests.chat.conftest import UPLOAD_LIMIT_BYTES
from tests.chat.examples import NOW, a_job, too_long, words
from tests.chat.stage import POSTS, body_of, job_in, only_message, pinged

POST_ROUTE = "/channels/{channel_id}/messages"
EDIT_ROUTE = "/channels/{channel_id}/messages/{message_id}"
JOB = JobId("7F3K2Q")


def a_post(job: Any = None, **changes: Any) -> ReportPost:  # noqa: ANN401
    made = ReportPost(
        job=job or a_job(JobState.DELIVERED, video_file="result.mp4"),
        channel_id=ChannelId(700),
        reporters=(Person(user_id=UserId(42), name="tom"),),
        number=1,
        shows_prompt=True,
        is_blocked=False,
    )
    return replace(made, **changes)


def labels(view: discord.ui.View | None) -> list[str | None]:
    if view is None:
        return []
    return [child.label for child in view.children if isinstance(child, discord.ui.Button)]


# --- drawn ------------------------------------------------------------------------------------


def test_every_outcome_and_every_deed_has_its_words() -> None:
    assert set(text.reports.OUTCOMES) == set(ReportOutcome)
    assert set(text.reports.BUTTONS) == set(text.reports.DONE) == set(ModerationVerb)


def test_reporters_are_named_and_the_further_ones_counted() -> None:
    one = reports.content(a_post())
    assert one == "🚩 Job 7F3K2Q · reported by 1 member\n<@42> (tom)"
    people = tuple(Person(user_id=UserId(n), name=f"a_{n}") for n in range(1, 13))
    lines = reports.content(a_post(reporters=people)).splitlines()
    assert lines[0] == "🚩 Job 7F3K2Q · reported by 12 members"
    assert lines[1] == "<@1> (a\\_1)"
    assert (len(lines), lines[-1]) == (12, "… and 2 more")
    unnamed = reports.content(a_post(reporters=(Person(user_id=UserId(1), name=""),)))
    assert unnamed.splitlines()[1] == "<@1>"


def test_names_fit_whatever_they_are() -> None:
    people = tuple(Person(user_id=UserId(2**62 + n), name="*" * 500) for n in range(100))
    assert len(reports.content(a_post(reporters=people))) <= 2000


def test_the_prompt_is_hidden_and_shown_only_where_it_may_be() -> None:
    job = a_job(JobState.DELIVERED, prompt="a cat || ```x```")
    shown = reports.embed(job, has_video=True, with_prompt=True)
    assert (shown.description or "").startswith("||```\na cat")
    assert (shown.description or "").endswith("\n```||")
    assert reports.embed(job, has_video=True, with_prompt=False).description is None
    assert too_long(shown) == []


def test_a_video_that_is_not_there_is_said_to_be_in_the_message() -> None:
    job = a_job(JobState.DELIVERED, video_file="result.mp4")
    with_video = words(reports.embed(job, has_video=True, with_prompt=False))
    without = words(reports.embed(job, has_video=False, with_prompt=False))
    assert "not shown here" in without
    assert "not shown here" not in with_video
    assert "https://discord.com/channels/500/600/700" in without
    under_way = words(reports.embed(a_job(), has_video=False, with_prompt=False))
    assert "not shown here" not in under_way


@pytest.mark.parametrize("state", JobState)
def test_what_moderators_can_still_do(state: JobState) -> None:
    reported = ReportedJob(job=a_job(state), is_blocked=False)
    offered = labels(reports.buttons(reported))
    assert ("Cancel" in offered) == (state in CANCELLABLE)
    assert offered[-2:] == ["Delete", "Block the requester"]
    assert labels(reports.buttons(replace(reported, is_blocked=True)))[-1] == "Delete"


def test_nothing_is_offered_twice() -> None:
    waiting = ReportedJob(job=a_job(), is_blocked=False)
    assert labels(reports.buttons(waiting)) == ["Cancel", "Delete", "Block the requester"]
    asked = ReportedJob(job=a_job(cancel_requested_at=NOW), is_blocked=False)
    assert labels(reports.buttons(asked)) == ["Delete", "Block the requester"]
    retired = ReportedJob(job=a_job(JobState.DELIVERED, forgotten_at=NOW), is_blocked=True)
    assert labels(reports.buttons(retired)) == ["Delete"], "its message still stands"
    gone = a_job(JobState.DELIVERED, removal_requested_at=NOW)
    assert reports.buttons(ReportedJob(job=gone, is_blocked=True)) is None


def test_what_was_done_is_written_down_once_and_what_was_deleted_is_gone() -> None:
    shown = reports.embed(a_job(JobState.DELIVERED), has_video=True, with_prompt=True)
    blocked = reports.handled([shown], ModerationVerb.BLOCK, UserId(9))
    assert "Requester blocked by: <@9>" in words(blocked)
    assert blocked.description == shown.description
    deleted = reports.handled([blocked], ModerationVerb.DELETE, UserId(8))
    assert deleted.description is None
    assert {"Requester blocked by: <@9>", "Deleted by: <@8>"} <= set(words(deleted).splitlines())
    again = reports.handled([deleted], ModerationVerb.DELETE, UserId(7))
    assert words(again) == words(deleted)
    assert "Deleted by: <@8>" in words(reports.handled([], ModerationVerb.DELETE, UserId(8)))


# --- in Discord -------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name, content in (("image.jpg", b"a picture"), ("result.mp4", b"a film")):
        (tmp_path / name).write_bytes(content)
    return [tmp_path / "image.jpg", tmp_path / "result.mp4"]


def a_post_in(server: DiscordServer, **changes: Any) -> ReportPost:  # noqa: ANN401
    job = job_in(server, JobState.DELIVERED, video_file="result.mp4")
    tom = Person(user_id=UserId(server.users[1].id), name="tom")
    return a_post(job, channel_id=ChannelId(server.channel.id), reporters=(tom,), **changes)


async def test_files_are_behind_spoilers_and_nobody_is_pinged(
    server: DiscordServer, messenger: Messenger, files: list[Path]
) -> None:
    receipt = await messenger.post_report(a_post_in(server), files)
    message = only_message(server)
    assert receipt.message_id == message.id
    assert [file.filename for file in message.attachments] == [
        "SPOILER_image.jpg",
        "SPOILER_tween-7F3K2Q.mp4",
    ]
    assert all(file.description for file in message.attachments)
    body = body_of(server, "POST", POST_ROUTE)
    assert (body["nonce"], body["allowed_mentions"]) == ("7F3K2Q:r1", {"parse": []})
    assert [button["custom_id"] for button in body["components"][0]["components"]] == [
        report_button(verb, JOB) for verb in (ModerationVerb.DELETE, ModerationVerb.BLOCK)
    ]
    assert pinged(server) == []


async def test_a_count_changes_the_words_and_nothing_else(
    server: DiscordServer, messenger: Messenger, files: list[Path]
) -> None:
    post = a_post_in(server)
    receipt = await messenger.post_report(post, files)
    mia = Person(user_id=UserId(server.users[0].id), name="mia")
    await messenger.count_reports(replace(post, reporters=(*post.reporters, mia)), receipt)
    assert set(body_of(server, "PATCH", EDIT_ROUTE)) <= {"content", "allowed_mentions", "tts"}
    message = only_message(server)
    assert "reported by 2 members" in message.text
    assert len(message.attachments) == 2
    assert message.components
    assert pinged(server) == []


async def test_a_report_is_found_again_and_taken_for_no_other_message(
    server: DiscordServer, messenger: Messenger, files: list[Path]
) -> None:
    post = a_post_in(server)
    receipt = await messenger.post_report(post, files)
    for purpose in Purpose:
        found = await messenger.find_message(
            post.job, post.channel_id, purpose, since=server.clock.now()
        )
        assert found == (receipt if purpose is Purpose.REPORT else None), purpose


def automod(server: DiscordServer) -> None:
    blocked = {"code": 200_000, "message": "blocked"}
    server.faults.respond("POST", POSTS, 400, body=blocked)


async def test_where_automod_refuses_the_prompt_the_report_goes_without(
    server: DiscordServer, messenger: Messenger, files: list[Path]
) -> None:
    automod(server)
    await messenger.post_report(a_post_in(server), files)
    message = only_message(server)
    assert "description" not in message.embeds[0]
    assert len(message.attachments) == 2


async def test_a_report_without_a_prompt_that_automod_refuses_is_refused(
    server: DiscordServer, messenger: Messenger, files: list[Path]
) -> None:
    automod(server)
    with pytest.raises(ContentBlockedError):
        await messenger.post_report(a_post_in(server, shows_prompt=False), files)


async def test_a_file_above_discords_limit_is_told(
    server: DiscordServer, messenger: Messenger, files: list[Path]
) -> None:
    files[1].write_bytes(bytes(UPLOAD_LIMIT_BYTES + 1))
    with pytest.raises(UploadTooLargeError):
        await messenger.post_report(a_post_in(server), files)


def test_the_mark_is_where_the_search_looks() -> None:
    assert reports.content(a_post()).startswith(text.reports.mark(JOB))
    assert search.video_name(a_job()) == "tween-7F3K2Q.mp4"
