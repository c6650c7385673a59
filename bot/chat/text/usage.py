"""What admins read of usage: periods, figures, pages, charts and exports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.chat.text.sentences import counted, say
from bot.domain.amounts import Amounts
from bot.domain.guilds.periods import EPOCH, Interval
from bot.domain.guilds.quota import Span
from bot.domain.guilds.usage import By
from bot.domain.money import Money

EMPTY = "Nothing in this period"

JOBS = "Jobs"
MEMBERS = "Members"
MODELS = "Models"
MEDIAN_WAIT = "Median wait"
MEDIAN_RENDER_TIME = "Median render time"
REFUSED_REQUESTS = "Refused requests"
"""What heads the parts of a summary."""

DONE = "✅ Done"
FAILED = "❌ Failed"
CANCELLED = "🚫 Cancelled"
UNDER_WAY = "🎬 Under way"
"""Jobs by what became of them."""

NOT_CHARGED = "not charged"
GIVEN_BACK = "given back"
"""What a job cost, in the log."""

NEWER = "Newer"
OLDER = "Older"
"""Buttons that turn pages."""

REFUSALS: Mapping[str, str] = {
    "channel_closed": "channel is closed",
    "draining": "the host takes nothing new",
    "effect_denied": "effect denied",
    "guild_disabled": "server not enabled",
    "invalid_image": "unusable picture",
    "invalid_options": "options that do not fit",
    "invalid_prompt": "prompt too long",
    "invalid_sound": "unusable sound",
    "member_blocked": "member blocked",
    "model_denied": "model denied",
    "not_permitted": "permission missing",
    "queue_full": "too many waiting",
    "quota_exceeded": "quota used up",
    "word_blocked": "blocked word",
}
"""Short words for the refusals admins can do something about; others show their code."""

_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)

_BY_TIME: Mapping[Interval, str] = {
    Interval.DAY: "Usage by day",
    Interval.WEEK: "Usage by week",
    Interval.MONTH: "Usage by month",
}

_INTERVALS: Mapping[Interval, str] = {
    Interval.DAY: "Day ({time_zone})",
    Interval.WEEK: "Week ({time_zone})",
    Interval.MONTH: "Month ({time_zone})",
}


# --- the summary -----------------------------------------------------------------------------


def summary_title(period: str) -> str:
    """Return what heads a summary."""
    return say("Usage · {period}", period=period)


def spent_in_all(total: Amounts, money: Money) -> str:
    """Return what a period cost."""
    return counted(
        total.videos,
        one="**{cost}** for {count:,} video, {seconds:,} s in all",
        other="**{cost}** for {count:,} videos, {seconds:,} s in all",
        cost=money.show(total.micros),
        seconds=total.seconds,
    )


def jobs_in_all(jobs: int, success_share: float | None) -> str:
    """Return how many jobs there were, and which part of those that ended was made."""
    counts = counted(jobs, one="{count:,} job", other="{count:,} jobs")
    if success_share is None:
        return counts
    succeeded = say("**{share:.0%}** of the finished ones succeeded", share=success_share)
    return f"{counts} · {succeeded}"


def timed(videos: int) -> str:
    """Return what a median is taken of, in small letters."""
    return counted(
        videos, one="-# the newest {count:,} video", other="-# the newest {count:,} videos"
    )


def other_members(count: int) -> str:
    """Return how many members are not named."""
    return counted(count, one="and {count:,} other member", other="and {count:,} other members")


def refused(count: int, code: str) -> str:
    """Return how often requests were refused for one reason."""
    reason = REFUSALS.get(code, code.replace("_", " "))
    return say("{count:,} × {reason}", count=count, reason=reason)


def spent(amounts: Amounts, money: Money) -> str:
    """Return videos and their cost."""
    return counted(
        amounts.videos,
        one="{count:,} video · {cost}",
        other="{count:,} videos · {cost}",
        cost=money.show(amounts.micros),
    )


# --- log, audit and export -------------------------------------------------------------------


def log_title(period: str) -> str:
    """Return what heads a page of the log."""
    return say("Log · {period}", period=period)


def audit_title(period: str) -> str:
    """Return what heads a page of changes."""
    return say("Changes · {period}", period=period)


def reserved(micros: int, money: Money) -> str:
    """Return what a job under way holds."""
    return say("{cost} reserved", cost=money.show(micros))


def exported(jobs: int, *, is_compressed: bool) -> str:
    """Return the words that go with an export."""
    if is_compressed:
        return counted(
            jobs,
            one="{count:,} job, compressed to fit. Times are UTC; cost is in CNY.",
            other="{count:,} jobs, compressed to fit. Times are UTC; cost is in CNY.",
        )
    return counted(
        jobs,
        one="{count:,} job. Times are UTC; cost is in CNY.",
        other="{count:,} jobs. Times are UTC; cost is in CNY.",
    )


# --- charts ----------------------------------------------------------------------------------

VIDEOS = "Videos"
"""An axis."""

OTHERS = "Others"
"""Models that have no bar of their own."""


def chart_title(by: By, interval: Interval) -> str:
    """Return what a chart is called."""
    match by:
        case By.DAY:
            return _BY_TIME[interval]
        case By.MEMBER:
            return "Usage by member"
        case By.MODEL:
            return "Usage by model"


def cost_axis(currency: str) -> str:
    """Return what an axis of money is called."""
    return say("Cost in {currency}", currency=currency)


def time_axis(interval: Interval, time_zone: str) -> str:
    """Return what an axis of time is called."""
    return say(_INTERVALS[interval], time_zone=time_zone)


def unnamed_member(user_id: str) -> str:
    """Return what stands for a member whose name is forgotten or cannot be drawn."""
    return say("Member {id}", id=user_id)


def others(count: int) -> str:
    """Return what stands for members that have no bar of their own."""
    return counted(count, one="{count:,} others", other="{count:,} others")


# --- periods ---------------------------------------------------------------------------------


def span_words(span: Span, zone: ZoneInfo) -> str:
    """Return a period by its days in the guild's time zone."""
    first = span.start.astimezone(zone)
    last = (span.end - timedelta(microseconds=1)).astimezone(zone)
    end = day_of_year(last)
    if span.start <= EPOCH:
        return say("until {day}", day=end)
    if first.date() == last.date():
        return end
    begin = day_words(first) if first.year == last.year else day_of_year(first)
    return say("{first} \N{EN DASH} {last}", first=begin, last=end)


def day_words(day: date | datetime) -> str:
    """Return a day, for instance 3 Nov."""
    return say("{day} {month}", day=day.day, month=_MONTHS[day.month - 1])


def day_of_year(day: date | datetime) -> str:
    """Return a day with its year, for instance 3 Nov 2026."""
    return say("{day} {month} {year}", day=day.day, month=_MONTHS[day.month - 1], year=day.year)


def month_of_year(day: date | datetime) -> str:
    """Return a month, for instance Nov 2026."""
    return say("{month} {year}", month=_MONTHS[day.month - 1], year=day.year)
