"""What admins read: within Discord's limits, no prompt unless the setting says so, no ping."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chat import usage_panels
from bot.chat.text import phrases, usage
from bot.domain.amounts import NOTHING, Amounts
from bot.domain.catalogue import MODEL_DECIDES
from bot.domain.guilds.audit import Action, Worded
from bot.domain.guilds.charts import Ranking, Timeline
from bot.domain.guilds.periods import Interval
from bot.domain.guilds.usage import MOST_SERIES, By, Sums
from bot.domain.jobs.states import JobState
from bot.domain.money import Money
from tests.chat.examples import NOW, a_job, too_long, words
from tests.chat.usage_examples import (
    SPAN,
    a_log_page,
    a_summary,
    an_audit_page,
    an_entry,
    chart_data,
    sums_of,
)
from tests.fakes import altered

MONEY = Money()
YUAN = Money(currency="USD", per_cny=0.14)
LONG = "*_`~|<@1>" * 10
PROMPT = "a fox `quietly` crosses @everyone"


def test_a_summary_can_be_read_at_a_glance() -> None:
    shown = words(usage_panels.summary(a_summary(), MONEY))
    assert "**6.00 CNY** for 6 videos, 30 s in all" in shown
    assert "1,502 jobs · **80%** of the finished ones succeeded" in shown
    assert "✅ Done 1,200" in shown
    assert "Median wait: 12 s\n-# the newest 1,000 videos" in shown
    assert "Median render time: 3 min 12 s\n-# the newest 1,000 videos" in shown
    assert "Refused requests: 7 × quota used up" in shown
    assert "7 × quota used up" in shown
    assert "tom · 3 videos · 3.00 CNY" in shown
    assert "<@43> · 3 videos" in shown, "a forgotten name is a mention"


def test_an_empty_summary_says_so() -> None:
    empty = Sums(total=NOTHING, members=(), members_count=0, models=())
    found = replace(
        a_summary(), states={}, sums=empty, refusals={}, waiting_seconds=None, making_seconds=None
    )
    embed = usage_panels.summary(found, MONEY)
    assert embed.description == usage.EMPTY
    assert embed.fields == []


def test_long_names_and_many_reasons_stay_within_the_limits() -> None:
    found = replace(
        a_summary(),
        sums=sums_of(*[LONG] * 5, members=1_000_000),
        refusals={f"reason_number_{at}": 10**9 for at in range(100)},
    )
    assert too_long(usage_panels.summary(found, MONEY)) == []


# --- the log ----------------------------------------------------------------------------------


def test_each_line_of_the_log_links_to_its_message() -> None:
    shown = words(usage_panels.log(a_log_page(a_job(JobState.DELIVERED)), MONEY))
    assert "✅ [`7F3K2Q`](https://discord.com/channels/500/600/700) **tom**" in shown
    assert "wan2.2-kf2v-flash · 720P · 5 s · 1.00 CNY" in shown


@pytest.mark.parametrize(
    ("state", "changes", "cost"),
    [
        (JobState.QUEUED, {}, "1.00 CNY reserved"),
        (JobState.FAILED, {}, "not charged"),
        (JobState.EXPIRED, {"billed_seconds": 5, "operator_loss": True}, "given back"),
        (JobState.UNDELIVERABLE, {"billed_seconds": 4}, "0.80 CNY"),
    ],
)
def test_the_log_says_what_each_job_cost(
    state: JobState, changes: dict[str, object], cost: str
) -> None:
    assert f"· {cost}" in words(usage_panels.log(a_log_page(a_job(state, **changes)), MONEY))


def test_prompts_are_in_the_log_only_where_the_setting_says_so() -> None:
    job = a_job(prompt=PROMPT)
    assert "fox" not in words(usage_panels.log(a_log_page(job), MONEY))
    shown = words(usage_panels.log(a_log_page(job, show_prompts=True), MONEY))
    assert "`a fox 'quietly' crosses @everyone`" in shown


def test_a_forgotten_requester_is_a_mention() -> None:
    shown = words(usage_panels.log(a_log_page(a_job(JobState.FAILED, forgotten_at=NOW)), MONEY))
    assert "**<@42>**" in shown
    assert "tom" not in shown


def test_a_page_of_the_longest_entries_fits() -> None:
    job = a_job(prompt="`" * 20 + "w" * 800, requester_name=LONG)
    page = a_log_page(*[job] * 8, show_prompts=True)
    embed = usage_panels.log(page, MONEY)
    assert too_long(embed) == []
    assert "more" not in words(embed), "all of them"


def test_a_page_without_jobs_says_so() -> None:
    assert usage_panels.log(a_log_page(), MONEY).description == usage.EMPTY


def test_every_kind_of_change_has_its_words() -> None:
    old = [Worded(action=action, subject="x", before="1", after=None) for action in Action]
    embed = usage_panels.audit(an_audit_page(*[an_entry(change) for change in old]), MONEY)
    assert (embed.description or "").count("<@7>") == len(Action)
    assert usage_panels.audit(an_audit_page(), MONEY).description == usage.EMPTY


# --- charts -----------------------------------------------------------------------------------


def test_a_timeline_has_axes_with_units_in_the_hosts_currency() -> None:
    drawn = usage_panels.chart(chart_data(By.DAY, "tom"), YUAN)
    assert isinstance(drawn, Timeline)
    assert drawn.title == "Usage by day"
    assert drawn.subtitle == "21 Oct \N{EN DASH} 20 Nov 2026 · 3 videos · 0.42 USD"
    assert drawn.axis == "Day (UTC)"
    assert [panel.axis for panel in drawn.panels] == ["Videos", "Cost in USD"]
    assert drawn.panels[1].values == pytest.approx((0.42, 0.42, 0.42))
    assert drawn.labels == ("21 Oct", "22 Oct", "23 Oct")


def test_months_are_labelled_by_month() -> None:
    drawn = usage_panels.chart(replace(chart_data(By.DAY), interval=Interval.MONTH), MONEY)
    assert isinstance(drawn, Timeline)
    assert (drawn.title, drawn.labels[0]) == ("Usage by month", "Oct 2026")


@pytest.mark.parametrize(("members", "others"), [(7, None), (8, None), (9, 2), (30, 23)])
def test_a_ranking_has_at_most_eight_bars_that_add_up(members: int, others: int | None) -> None:
    names = [f"member {at}" for at in range(min(members, MOST_SERIES))]
    drawn = usage_panels.chart(chart_data(By.MEMBER, *names, members=members), MONEY)
    assert isinstance(drawn, Ranking)
    assert len(drawn.bars) == min(members, 8)
    assert sum(bar.value for bar in drawn.bars) == pytest.approx(3.0 * members)
    assert drawn.bars[-1].label == (f"{others} others" if others else f"member {members - 1}")


def test_a_forgotten_member_is_a_number_in_a_picture() -> None:
    drawn = usage_panels.chart(chart_data(By.MEMBER, None), MONEY)
    assert isinstance(drawn, Ranking)
    assert [(bar.label, bar.otherwise) for bar in drawn.bars] == [("", "Member 42")]


def test_models_are_called_by_their_names() -> None:
    drawn = usage_panels.chart(chart_data(By.MODEL, "tom"), MONEY)
    assert isinstance(drawn, Ranking)
    assert [bar.label for bar in drawn.bars] == ["wan2.2-kf2v-flash"]


def test_rare_models_are_told_together() -> None:
    data = chart_data(By.MODEL, "tom")
    more = replace(data.sums, total=data.sums.total + Amounts(videos=2, seconds=10, micros=5))
    drawn = usage_panels.chart(replace(data, sums=more), MONEY)
    assert isinstance(drawn, Ranking)
    assert [bar.label for bar in drawn.bars] == ["wan2.2-kf2v-flash", "Others"]


# --- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (192, "3 min 12 s"), (7_260, "2 h 1 min")],
)
def test_times_are_told_in_two_units(seconds: float, shown: str) -> None:
    assert phrases.duration(seconds) == shown


def test_a_period_is_told_by_its_days() -> None:
    zone = a_summary().guild.zone
    assert usage.span_words(SPAN, zone) == "21 Oct \N{EN DASH} 20 Nov 2026"
    day = replace(SPAN, start=NOW)
    assert usage.span_words(day, zone) == "20 Nov 2026"


def test_an_export_says_what_is_in_it() -> None:
    assert usage.exported(1, is_compressed=False) == ("1 job. Times are UTC; cost is in CNY.")
    assert "compressed to fit" in usage.exported(2_000, is_compressed=True)


def test_a_length_left_to_the_model_is_the_billed_one_once_that_is_known() -> None:
    waiting = altered(a_job(), duration_seconds=MODEL_DECIDES)
    assert waiting.known_seconds == MODEL_DECIDES
    assert altered(waiting, billed=Amounts(videos=1, seconds=12, micros=1)).known_seconds == 12
    assert altered(a_job(), billed=Amounts(videos=1, seconds=4, micros=1)).known_seconds == 5
