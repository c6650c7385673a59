"""The private answers, read as text and held against Discord's limits."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest

from bot.chat import panels
from bot.domain.guilds.quota import Check, Scope, Unit, Window
from bot.domain.ids import ChannelId, JobId, MessageId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import GuildQueue, StatusView
from bot.domain.money import MICROS, Money
from tests.chat.examples import (
    NOW,
    REQUESTER,
    a_check,
    a_grant,
    a_job,
    a_quota,
    a_view,
    soon,
    too_long,
    words,
)
from tests.fakes import altered

MONEY = Money()
LINK = "https://discord.com/channels/500/600/700"


# --- what a command answers -------------------------------------------------------------------


def test_a_queued_job_is_answered_with_link_price_and_what_is_left() -> None:
    text = panels.queued(a_job(), a_quota(a_check(limit=10, used=3)), MONEY)
    assert text.splitlines() == [
        f"Queued as Job `7F3K2Q` · [follow it]({LINK})",
        "Price: 1.00 CNY",
        "Left today: 7 videos (the rule for members, resets <t:1795219200:R>)",
    ]


def test_a_queued_job_is_answered_with_what_is_granted_besides() -> None:
    full = a_check(limit=3, used=3)
    text = panels.queued(
        a_job(), a_quota(full, grants=(a_grant(), a_grant(amount=1, drawn=1))), MONEY
    )
    assert text.splitlines()[2:] == [
        "Left today: 0 videos (the rule for members, resets <t:1795219200:R>)",
        "Granted besides: 3 of 5 videos left, ends <t:1795348800:R>",
    ]


def test_a_job_whose_message_is_late_says_that_it_follows() -> None:
    job = a_job(status_message_id=None)
    assert "its status message follows" in panels.queued(job, a_quota(), MONEY)


def test_the_rule_that_is_named_is_the_one_that_ends_first() -> None:
    checks = [
        a_check(Scope.SERVER, Unit.VIDEOS, limit=50, used=46),
        a_check(Scope.MEMBER, Unit.SECONDS, limit=100, used=95),
        a_check(Scope.MEMBER_DEFAULT, Unit.COST, limit=30 * MICROS, used=MICROS),
    ]
    assert "Left today: 5 s of video (your own rule, resets " in panels.queued(
        a_job(), a_quota(*checks), MONEY
    )


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (JobState.CANCELLED, "is cancelled. Nothing was charged."),
        (JobState.PENDING, "is cancelled if the provider has not begun"),
        (JobState.UNCONFIRMED, "is cancelled if the provider has not begun"),
    ],
)
def test_a_cancel_says_what_became_of_it(state: JobState, said: str) -> None:
    assert said in panels.cancelled(a_job(state))


def test_a_link_leads_to_the_video_or_else_to_the_status_message() -> None:
    assert panels.job_link(a_job()) == LINK
    moved = a_job(JobState.DELIVERED, delivered_message_id=MessageId(701))
    assert panels.job_link(moved) == "https://discord.com/channels/500/600/701"


@pytest.mark.parametrize(
    "job",
    [
        a_job(status_message_id=None),
        a_job(status_gone_at=NOW),
        a_job(JobState.DELIVERED, delivered_channel_id=ChannelId(999)),
    ],
    ids=["never posted", "deleted", "in direct messages"],
)
def test_there_is_no_link_to_what_is_not_in_the_server(job: Job) -> None:
    assert panels.job_link(job) is None


# --- lists ------------------------------------------------------------------------------------


def test_jobs_are_listed_a_line_each() -> None:
    jobs = [a_job(), a_job(JobState.FAILED, id=JobId("AAAAAA"), status_message_id=None)]
    embed = panels.job_list(jobs, "Jobs of *tom*")
    assert embed.title == r"Jobs of \*tom\*"
    assert (embed.description or "").splitlines() == [
        f"🕓 [`7F3K2Q`]({LINK}) Waiting · wan2.2-kf2v-flash · <t:1795176000:R>",
        "❌ `AAAAAA` Failed · wan2.2-kf2v-flash · <t:1795176000:R>",
    ]


def test_an_empty_list_says_how_to_begin() -> None:
    assert "Start with /video frames" in words(panels.job_list([], "Your jobs"))


def test_a_long_list_is_cut_at_a_line_and_says_so() -> None:
    far = ChannelId(10**19)
    job = a_job(JobState.UNCONFIRMED, model="m" * 40, channel_id=far, status_channel_id=far)
    embed = panels.job_list([job] * 100, "Your jobs")
    assert too_long(embed) == []
    lines = (embed.description or "").splitlines()
    assert lines[-1] == f"… and {101 - len(lines)} more"


def test_a_choice_is_one_short_line() -> None:
    job = a_job(JobState.RUNNING, prompt="`a`\n@everyone\u202e " + "x" * 200)
    line = panels.choice(job)
    assert line.startswith("7F3K2Q · Being made · wan2.2-kf2v-flash · 'a' @everyone x")
    assert len(line) == 100
    assert panels.choice(a_job(prompt=None)) == "7F3K2Q · Waiting · wan2.2-kf2v-flash"


# --- one job ----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", JobState)
async def test_a_jobs_details_fit_and_keep_its_footer(state: JobState) -> None:
    view = a_view(state, prompt="p" * 5000, negative_prompt="n" * 5000, has_preview=True)
    embed = panels.job_details(view, MONEY)
    assert too_long(embed) == []
    assert embed.footer.text == "Job 7F3K2Q"
    assert embed.image.url is None, "the preview is not attached to a private answer"
    assert f"Message: [open the message]({LINK})" in words(embed)


async def test_a_negative_prompt_of_nothing_leaves_no_empty_field() -> None:
    embed = panels.job_details(a_view(negative_prompt="\u200b"), MONEY)
    assert too_long(embed) == []
    assert "Negative" not in words(embed)


# --- the queue --------------------------------------------------------------------------------


def waiting(place: int, requester: int) -> StatusView:
    job = altered(a_job(), id=JobId(f"{place:06}"), requester_id=UserId(requester))
    return StatusView(job=job, position=place, estimate=soon())


def test_the_queue_shows_what_is_made_and_where_ones_own_jobs_stand() -> None:
    facts = GuildQueue(
        running=(StatusView(job=a_job(JobState.RUNNING), estimate=soon()),),
        waiting=(waiting(1, 7), waiting(2, REQUESTER)),
        pause=None,
    )
    text = words(panels.queue(facts, REQUESTER))
    assert "At the provider (1): 🎬 `7F3K2Q` wan2.2-kf2v-flash · expected <t:1795176120:R>" in text
    assert "Waiting here (2): 🕓 `000002` wan2.2-kf2v-flash · place **2**" in text
    assert "000001" not in text


@pytest.mark.parametrize(
    ("others", "said"), [(1, "Waiting here (1): 1 job of others"), (0, "Nobody waits")]
)
def test_a_queue_without_own_jobs_says_so(others: int, said: str) -> None:
    facts = GuildQueue(running=(), waiting=(waiting(1, 7),) * others, pause=None)
    text = words(panels.queue(facts, REQUESTER))
    assert "At the provider (0): Nothing" in text
    assert said in text


def test_a_paused_queue_says_why() -> None:
    facts = GuildQueue(running=(), waiting=(), pause="account")
    assert "⏸️ The provider refuses the host's account" in words(panels.queue(facts, REQUESTER))


def test_a_long_queue_fits_and_counts_what_it_leaves_out() -> None:
    views = tuple(waiting(place, REQUESTER) for place in range(1, 101))
    embed = panels.queue(GuildQueue(running=views, waiting=views, pause=None), REQUESTER)
    assert too_long(embed) == []
    assert words(embed).count("more") == 2
    assert "At the provider (100)" in words(embed)


# --- quotas -----------------------------------------------------------------------------------


def a_panel(*checks: Check, name: str = "tom") -> str:
    return words(panels.quota(name, checks, [], MONEY, waiting=1, max_waiting=5))


def test_a_quota_shows_each_rule_with_a_bar_and_its_reset() -> None:
    text = a_panel(a_check(limit=10, used=3))
    assert "Quota of tom" in text
    assert "Waiting jobs: 1 of 5" in text
    assert "**The rule for members**, per day\n▰▰▰▱▱▱▱▱▱▱ 3 of 10 videos used" in text
    assert "resets <t:1795219200:R>" in text


def test_a_quota_shows_what_is_left_of_grants() -> None:
    grants = [a_grant(), a_grant(amount=1, drawn=1)]
    embed = panels.quota("tom", [a_check()], grants, MONEY, waiting=1, max_waiting=5)
    assert words(embed).count(" left, ends ") == 1
    assert "Granted besides: 3 of 5 videos left, ends <t:1795348800:R>" in words(embed)


@pytest.mark.parametrize(
    ("limit", "used", "full"), [(10, 0, 0), (10, 10, 10), (10, 25, 10), (0, 0, 10), (3, 1, 3)]
)
def test_a_bar_has_ten_cells_whatever_is_used(limit: int, used: int, full: int) -> None:
    assert "▰" * full + "▱" * (10 - full) + " " in a_panel(a_check(limit=limit, used=used))


def test_the_tightest_rule_comes_first_whatever_its_unit() -> None:
    text = a_panel(
        a_check(Scope.SERVER, Unit.VIDEOS, limit=50, used=0),
        a_check(Scope.MEMBER, Unit.COST, limit=50 * MICROS, used=49 * MICROS),
    )
    assert text.index("Your own rule") < text.index("This server's rule")


def test_every_rule_in_every_slot_fits_a_panel() -> None:
    scopes = (Scope.CEILING, Scope.SERVER, Scope.MEMBER)
    checks = [
        a_check(scope, unit, window, limit=10**15, used=10**15 - 1)
        for scope, unit, window in product(scopes, Unit, Window)
    ]
    embed = panels.quota("*" * 32, checks, [a_grant()] * 100, MONEY, waiting=1, max_waiting=5)
    assert too_long(embed) == []
    assert "Waiting jobs" in words(embed)


# --- help -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "place"), [("beijing", "mainland China (Beijing)"), ("singapore", "Singapore")]
)
def test_help_says_whose_servers_see_the_pictures(region: str, place: str) -> None:
    embed = panels.help_panel(version="1.2.3", retention=timedelta(days=7), region=region)
    text = words(embed)
    assert too_long(embed) == []
    assert f"Alibaba Cloud Model Studio in {place}" in text
    assert "7 days after a job ends" in text
    assert text.endswith("Tween 1.2.3")


@pytest.mark.parametrize(
    ("days", "said"), [(1.0, "1 day after"), (1.5, "1.5 days after"), (0.5, "0.5 days after")]
)
def test_help_counts_days_as_people_do(days: float, said: str) -> None:
    embed = panels.help_panel(version="1", retention=timedelta(days=days), region="beijing")
    assert said in words(embed)
