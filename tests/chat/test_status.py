"""What a status message shows in each state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.chat.custom_ids import JobVerb, job_button
from bot.chat.status import Rendered, announcement, render
from bot.domain.catalogue import Kind
from bot.domain.failure import FailureReason
from bot.domain.ids import JobId
from bot.domain.jobs.states import TERMINAL, JobState
from bot.domain.jobs.status import StatusView
from bot.domain.money import Money
from bot.domain.requests.pictures import Picture, PictureNote
from tests.chat.examples import NOW, a_job, a_view, soon, too_long, words
from tests.fakes import altered

MONEY = Money()

CANCEL, TRY_AGAIN = ["Cancel"], ["Try again", "Edit"]
LOOKS: dict[JobState, tuple[str, list[str], str]] = {
    JobState.QUEUED: ("🕓 Waiting", CANCEL, "In line."),
    JobState.SUBMITTING: ("📨 Being handed over", CANCEL, ""),
    JobState.UNCONFIRMED: ("🔎 Checking with the provider", CANCEL, "got lost"),
    JobState.PENDING: ("🕓 In the provider's queue", CANCEL, "The provider has it."),
    JobState.RUNNING: ("🎬 Being made", [], "The provider is making it."),
    JobState.DOWNLOADING: ("📥 Fetching the video", [], ""),
    JobState.DELIVERING: ("📤 Uploading", [], ""),
    JobState.PARKED: ("🛠️ Needs the host", [], "the host has been told"),
    JobState.DELIVERED: ("✅ Done", ["Again", "Edit", "Continue", "Delete", "More…"], ""),
    JobState.UNDELIVERABLE: (
        "📦 Done, but could not be posted",
        ["Again", "Edit", "Delete"],
        "/jobs show",
    ),
    JobState.FAILED: ("❌ Failed", TRY_AGAIN, "Nothing was charged."),
    JobState.CANCELLED: ("🚫 Cancelled", TRY_AGAIN, "Nothing was charged."),
    JobState.EXPIRED: ("⌛ Expired", TRY_AGAIN, "Nothing was charged."),
}


def labels(rendered: Rendered) -> list[str]:
    """Return what the buttons say, row by row."""
    rows = rendered.view.to_components() if rendered.view else []
    return [button["label"] for row in rows for button in row["components"]]


def shown(view: StatusView, *, with_prompt: bool = True) -> str:
    return words(render(view, MONEY, with_prompt=with_prompt).embed)


def test_the_table_knows_every_state() -> None:
    assert set(LOOKS) == set(JobState)


@pytest.mark.parametrize("state", JobState)
async def test_each_state_has_its_title_line_and_buttons(state: JobState) -> None:
    title, buttons, line = LOOKS[state]
    rendered = render(a_view(state), MONEY)
    assert rendered.embed.title == title
    assert line in (rendered.embed.description or "")
    assert labels(rendered) == buttons


async def test_report_is_offered_where_somebody_reads_it() -> None:
    offered = labels(render(replace(a_view(JobState.DELIVERED), can_report=True), MONEY))
    assert offered == ["Again", "Edit", "Continue", "Delete", "Report", "More…"]


@pytest.mark.parametrize("state", sorted(TERMINAL))
async def test_what_was_erased_offers_nothing(state: JobState) -> None:
    erased = render(a_view(state, forgotten_at=NOW), MONEY)
    assert erased.view is None


@pytest.mark.parametrize(
    ("reason", "buttons"),
    [
        (FailureReason.CONTENT_OUTPUT, ["Try again", "Edit"]),
        (FailureReason.CONTENT_PROMPT, ["Edit"]),
        (FailureReason.GUILD_LEFT, []),
    ],
)
async def test_a_failure_offers_what_makes_sense(reason: FailureReason, buttons: list[str]) -> None:
    assert labels(render(a_view(JobState.FAILED, failure_reason=reason), MONEY)) == buttons


@pytest.mark.parametrize("state", JobState)
async def test_each_state_shows_who_asked_for_what_and_the_job_in_the_footer(
    state: JobState,
) -> None:
    embed = render(a_view(state), MONEY).embed
    assert embed.footer.text == "Job 7F3K2Q"
    assert embed.fields[0].value == "<@42>"
    assert (embed.description or "").startswith(
        "AI-generated · First and last frame · **wan2.2-kf2v-flash** · 720P · 5 s"
    )
    assert "1.00 CNY" in words(embed)


@pytest.mark.parametrize("state", JobState)
async def test_the_longest_job_stays_within_the_limits_of_an_embed(state: JobState) -> None:
    notes = tuple(PictureNote)
    pictures = tuple(
        Picture(option=option, file_name="f", width=1, height=1, notes=notes)
        for option in ("first_frame", "last_frame")
    )
    view = a_view(
        state,
        prompt="word " * 1200,
        actual_prompt="other " * 2000,
        pictures=pictures,
        has_preview=True,
        failure_reason=FailureReason.UNDELIVERABLE,
        video_bytes=90_000_000,
    )
    view = replace(view, position=99_999, estimate=soon(40, late_minutes=5))
    assert too_long(render(view, MONEY).embed) == []


async def test_the_button_names_its_job_and_survives_restarts() -> None:
    view = render(a_view(), MONEY).view
    assert view is not None
    assert view.timeout is None
    assert not view.is_dispatchable(), "discord.py would keep an object per message for ever"
    (row,) = view.to_components()
    assert row["components"][0]["custom_id"] == job_button(JobVerb.CANCEL, JobId("7F3K2Q"))


@pytest.mark.parametrize("state", [JobState.PENDING, JobState.UNCONFIRMED, JobState.SUBMITTING])
async def test_a_cancel_that_was_asked_for_takes_the_button_away(state: JobState) -> None:
    assert render(a_view(state, cancel_requested_at=NOW), MONEY).view is None


@pytest.mark.parametrize(
    ("view", "line"),
    [
        (StatusView(job=a_job(), position=3), "Place **3** in line."),
        (
            StatusView(job=a_job(), position=1, estimate=soon()),
            "Place **1** in line, expected <t:1795176120:R>.",
        ),
        (
            StatusView(job=a_job(), position=1, estimate=soon(0)),
            "expected <t:1795176120:R> (a first guess).",
        ),
        (
            StatusView(job=a_job(JobState.RUNNING), estimate=soon(40, late_minutes=5)),
            "making it, expected <t:1795176120:R>, by <t:1795176300:t> in 9 of 10 cases.",
        ),
        (StatusView(job=a_job(), position=1, pause="account"), "refuses the host's account"),
        (a_view(JobState.PENDING, cancel_requested_at=NOW), "Cancelling, if the provider"),
        (a_view(JobState.RUNNING, cancel_requested_at=NOW), "cannot stop it any more"),
        (a_view(JobState.RUNNING, late_at=NOW), "takes longer than usual"),
        (a_view(loop=True), "Loop of one frame"),
    ],
)
async def test_what_is_known_besides_the_state_is_said(view: StatusView, line: str) -> None:
    assert line in shown(view)


@pytest.mark.parametrize(
    ("changes", "headline"),
    [
        ({}, "AI-generated · First and last frame · **wan2.2-kf2v-flash** · 720P · 5 s"),
        ({"loop": True}, "AI-generated · Loop of one frame · **wan2.2-kf2v-flash** · 720P · 5 s"),
        (
            {"kind": Kind.IMAGE, "model": "wanx2.1-i2v-turbo", "duration_seconds": 3},
            "AI-generated · One picture · **wanx2.1-i2v-turbo** · 720P · 3 s",
        ),
        (
            {"kind": Kind.TEXT, "model": "wan2.2-t2v-plus", "size": "832*480"},
            "AI-generated · Words alone · **wan2.2-t2v-plus** · 832*480 · 5 s",
        ),
        (
            {"kind": Kind.EFFECT, "model": "wanx2.1-i2v-plus", "effect": "frenchkiss"},
            "AI-generated · Effect **Kiss** · **wanx2.1-i2v-plus** · 720P · 5 s",
        ),
        (
            {"kind": Kind.EFFECT, "model": "wanx2.1-kf2v-plus", "effect": "retired-9"},
            "AI-generated · Effect **retired-9** · **wanx2.1-kf2v-plus** · 720P · 5 s",
        ),
    ],
    ids=["frames", "loop", "image", "text", "effect", "retired effect"],
)
@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.DELIVERED])
async def test_the_first_line_says_what_was_asked(
    state: JobState, changes: dict[str, Any], headline: str
) -> None:
    embed = render(a_view(state, **changes), MONEY).embed
    assert (embed.description or "").splitlines()[0] == headline


async def test_an_effect_has_no_prompt_to_show() -> None:
    view = a_view(kind=Kind.EFFECT, effect="melt", prompt=None)
    assert "```" not in shown(view)


async def test_a_delivered_job_shows_what_came_of_it() -> None:
    text = shown(a_view(JobState.DELIVERED, actual_prompt="A cat, slowly turning its head"))
    for fact in (
        "Video: 1280×720, 5 s",
        "Seed: 7",
        "Cost: 1.00 CNY",
        "Took: 1 min 35 s",
        "Rewritten by the provider:\n```\nA cat, slowly turning its head\n```",
    ):
        assert fact in text
    assert "Re-encoded" not in text
    assert "Price" not in text


@pytest.mark.parametrize(
    ("seconds", "took"), [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (7261, "2 h 1 min")]
)
async def test_the_time_taken_is_readable(seconds: int, took: str) -> None:
    view = a_view(JobState.DELIVERED, finished_at=NOW + timedelta(seconds=seconds))
    assert f"Took: {took}" in shown(view)


async def test_a_file_made_smaller_says_so() -> None:
    view = a_view(JobState.DELIVERED, video_bytes=20 << 20, delivered_bytes=9 << 20)
    assert "Re-encoded: 20.0 → 9.0 MiB to fit Discord's limit" in shown(view)


async def test_a_prompt_the_provider_left_alone_is_not_shown_twice() -> None:
    text = shown(a_view(JobState.DELIVERED, actual_prompt="a cat turns its head"))
    assert text.count("a cat turns its head") == 1


async def test_without_its_prompt_a_message_shows_neither_of_the_two() -> None:
    view = a_view(JobState.DELIVERED, actual_prompt="A cat, slowly")
    assert "cat" not in shown(view, with_prompt=False)


@pytest.mark.parametrize("prompt", [None, "", " \n ", "\u200b\u202e"])
async def test_a_prompt_without_anything_visible_leaves_no_empty_code_block(
    prompt: str | None,
) -> None:
    assert "```" not in shown(a_view(prompt=prompt, actual_prompt=prompt))


async def test_what_was_done_to_the_pictures_is_said_until_the_end() -> None:
    picture = Picture(
        option="last_frame", file_name="f", width=1, height=1, notes=(PictureNote.CROPPED,)
    )
    line = "-# Last frame: cropped to the first frame's shape"
    assert line in shown(a_view(pictures=(picture,)))
    assert line not in shown(a_view(JobState.DELIVERED, pictures=(picture,)))


@pytest.mark.parametrize("state", JobState)
async def test_the_preview_is_in_the_embed_until_the_video_takes_its_place(
    state: JobState,
) -> None:
    image = render(a_view(state, has_preview=True), MONEY).embed.image
    delivered = state is JobState.DELIVERED
    assert image.url == (None if delivered else "attachment://preview.jpg")
    assert render(a_view(state), MONEY).embed.image.url is None


async def test_equal_views_have_equal_digests() -> None:
    assert render(a_view(), MONEY).digest == render(a_view(), MONEY).digest


@pytest.mark.parametrize(
    "changes",
    [
        {"state": JobState.PENDING},
        {"prompt": "another"},
        {"price_micros": 2_000_000},
        {"requester_id": 43},
        {"has_preview": True},
        {"id": JobId("7F3K2R")},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_a_visible_change_changes_the_digest(changes: dict[str, Any]) -> None:
    changed = StatusView(job=altered(a_job(), **changes))
    assert render(changed, MONEY).digest != render(a_view(), MONEY).digest


async def test_a_new_place_or_a_vanished_button_changes_the_digest() -> None:
    first, second = (
        render(StatusView(job=a_job(), position=place), MONEY).digest for place in (1, 2)
    )
    assert first != second
    asked = altered(a_job(JobState.UNCONFIRMED), cancel_requested_at=NOW)
    before = render(a_view(JobState.UNCONFIRMED), MONEY).digest
    assert render(StatusView(job=asked), MONEY).digest != before


async def test_what_nobody_sees_does_not_change_the_digest() -> None:
    unseen = altered(a_job(), version=9, claims=2, shown_version=3)
    assert render(StatusView(job=unseen), MONEY).digest == render(a_view(), MONEY).digest


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (JobState.DELIVERED, "your video is ready."),
        (JobState.UNDELIVERABLE, "Collect it with /jobs show."),
        (JobState.CANCELLED, "your video was cancelled."),
        (JobState.FAILED, "your video could not be made."),
        (JobState.EXPIRED, "your video could not be made."),
    ],
)
def test_an_announcement_is_one_line_and_the_job(state: JobState, said: str) -> None:
    pinging = announcement(a_view(state), ping=True)
    assert pinging.startswith("<@42> your video")
    assert said in pinging
    assert pinging.endswith("\n-# Job 7F3K2Q")
    assert pinging.count("\n") == 1
    quiet = announcement(a_view(state), ping=False)
    assert quiet.startswith("Your video")
    assert "<@" not in quiet


async def test_amounts_are_shown_in_the_hosts_currency() -> None:
    embed = render(a_view(), Money(currency="EUR", per_cny=0.125)).embed
    assert "Price: 0.12 EUR" in words(embed)
