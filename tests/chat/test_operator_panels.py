"""What an operator reads, held against Discord's limits; never a prompt."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.chat import operator_panels, text
from bot.chat.text import operators
from bot.domain.amounts import Amounts
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.host.overview import GuildInfo, JobHistory, LaneStatus
from bot.domain.host.switch import Switch
from bot.domain.ids import GuildId
from bot.domain.jobs.job import JobEvent
from bot.domain.jobs.ledger import EntryKind, LedgerEntry
from bot.domain.jobs.states import JobState, Owner
from bot.domain.money import Money
from tests.chat.examples import GUILD, NOW, REQUESTER, a_job, too_long, words
from tests.chat.host_examples import CEILING, a_ceiling, a_guild, a_status

MONEY = Money()


def test_a_status_is_read_at_a_glance() -> None:
    embed = operator_panels.status(a_status(), MONEY, version="1.2")
    said = words(embed)
    assert "Switch: Open" in said
    assert "Waiting: 3" in said
    assert "At the provider: 1" in said
    assert "Spent today (UTC): 4.00 CNY of 50.00 CNY" in said
    assert "wan2.2-kf2v-flash: 1 of 2 in flight, 3 waiting" in said
    assert "wan2.2-i2v-flash" not in said
    assert "Tween 1.2" in said
    assert too_long(embed) == []


def test_what_is_wrong_is_said() -> None:
    lanes = tuple(
        LaneStatus(model="m" * 64, in_flight=2, limit=2, waiting=100, off_at=NOW) for _ in range(30)
    )
    embed = operator_panels.status(
        a_status(
            switch=Switch.PAUSED,
            counts={JobState.UNCONFIRMED: 2, JobState.PARKED: 1},
            lanes=lanes,
            account_paused_at=NOW,
            account_reason="Arrearage: `x`" * 100,
            result_deadline=NOW,
            served_at=None,
            budget_micros=0,
        ),
        MONEY,
        version="1.2",
    )
    said = words(embed)
    for part in ("Paused", "refused by the provider", "Unconfirmed: 2", "Parked: 1", "no process"):
        assert part in said
    assert "`" not in said
    assert too_long(embed) == []


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({JobState.RUNNING: 2, JobState.DELIVERING: 1, JobState.QUEUED: 9}, "3 jobs still under"),
        ({JobState.UNCONFIRMED: 1}, "1 job still under way"),
        ({JobState.QUEUED: 9, JobState.PARKED: 1}, "Nothing is under way any more"),
    ],
)
def test_a_drain_says_how_far_it_is(counts: dict[JobState, int], said: str) -> None:
    status = a_status(switch=Switch.DRAINING, counts=counts)
    assert said in operator_panels.turned(status)
    assert said in words(operator_panels.status(status, MONEY, version="1"))


def test_guilds_are_a_line_or_two_each() -> None:
    cost = Rule(scope=Scope.CEILING, unit=Unit.COST, window=Window.MONTH, limit=9_000_000)
    said = words(
        operator_panels.guilds(
            [
                a_guild(ceilings=(cost, CEILING)),
                a_guild(guild_id=GuildId(7), presence=None, left_at=NOW),
            ],
            MONEY,
        )
    )
    assert "**Tidepool** · `500`" in said
    assert "1,234 members, 30 days: 12 videos, 12.00 CNY, ceiling 9.00 CNY per month and" in said
    assert "**(name unknown)** · `7`" in said
    assert f"left <t:{int(NOW.timestamp())}:R>" in said


def test_more_guilds_than_fit_are_counted() -> None:
    many = [
        a_guild(guild_id=GuildId(10**18 + number), presence=GuildInfo(name="*`_" * 30, members=1))
        for number in range(300)
    ]
    embed = operator_panels.guilds(many, MONEY)
    assert too_long(embed) == []
    shown = words(embed).count("ceiling")
    assert 10 < shown < 300
    assert f"… and {300 - shown} more" in words(embed)
    assert words(operator_panels.guilds([], MONEY)).startswith("Servers (0)\nNone yet.")


def test_a_ceiling_is_confirmed_in_words() -> None:
    assert operators.ceiling(a_ceiling(), MONEY) == (
        "Server 500: the ceiling is 50 videos per day now."
    )
    assert operators.ceiling(a_ceiling(default=True), MONEY).endswith("per day now, the default.")
    assert operators.ceiling(a_ceiling(None), MONEY) == (
        "Server 500: no ceiling on videos per day now."
    )


def a_history(events: int = 1) -> JobHistory:
    job = a_job(JobState.FAILED, failure_detail="InvalidParameter: ```x")
    event = JobEvent(
        job_id=job.id,
        at=NOW,
        owner=Owner.DISPATCHER,
        name="advanced",
        source=JobState.QUEUED,
        target=JobState.FAILED,
        detail={"code": "403"},
    )
    entry = LedgerEntry(
        job_id=job.id,
        guild_id=GUILD,
        user_id=REQUESTER,
        model=job.spec.model,
        kind=EntryKind.RELEASE,
        amounts=Amounts(videos=-1, seconds=-5, micros=-1_000_000),
        counted_at=NOW,
        at=NOW + timedelta(seconds=1),
    )
    return JobHistory(job=job, events=(event,) * events, entries=(entry,))


def test_a_history_is_the_shells_lines_without_the_prompt() -> None:
    message, whole = operator_panels.history(a_history())
    assert whole is None
    assert "2026-11-20 12:00:00 dispatcher   queued -> failed code=403" in message
    assert "release      -1 videos -5 s -1.000000 CNY" in message
    assert message.count("```") == 2
    assert "a cat turns its head" not in message


def test_a_long_history_is_a_file() -> None:
    message, whole = operator_panels.history(a_history(events=200))
    assert message == "Job `7F3K2Q`: 202 lines."
    assert whole is not None
    assert whole.count(b"\n") == 201
    assert b"a cat" not in whole


def test_open_jobs_are_named() -> None:
    assert operators.unconfirmed_left([]) == "No job is unconfirmed."
    assert operators.unconfirmed_left([a_job()]) == "1 job still unconfirmed: 7F3K2Q"
    assert operators.unconfirmed_left([a_job()] * 30).endswith(" …")


def test_every_switch_has_its_words_for_members() -> None:
    for switch in (Switch.PAUSED, Switch.DRAINING):
        assert text.progress.pause(switch.value)
