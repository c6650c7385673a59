"""What admins read of usage: periods, figures, titles of charts."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.chat.text.phrases import plural
from bot.domain.amounts import Amounts
from bot.domain.guilds.quota import Span
from bot.domain.guilds.usage import EPOCH, By, Step
from bot.domain.money import Money

EMPTY = "Nothing in this period"

FORGOTTEN = (
    "Pictures, prompt and video of Job `{job}` are erased here. What stands in Discord stays "
    "there: delete the message to remove it."
)

REFUSALS = {
    "channel_closed": "channel is closed",
    "draining": "the host takes nothing new",
    "effect_denied": "effect denied",
    "guild_disabled": "server not enabled",
    "invalid_image": "unusable picture",
    "invalid_options": "options that do not fit",
    "invalid_prompt": "prompt too long",
    "member_blocked": "member blocked",
    "model_denied": "model denied",
    "not_permitted": "permission missing",
    "queue_full": "too many waiting",
    "quota_exceeded": "quota used up",
    "word_blocked": "blocked word",
}
"""Short words for the refusals admins can do something about; others show their code."""


def refusal_words(code: str) -> str:
    """Return an error code as people read it."""
    return REFUSALS.get(code, code.replace("_", " "))


def chart_title(by: By, step: Step) -> str:
    """Return what a chart is called."""
    if by is By.DAY:
        return {Step.DAY: "Usage by day", Step.WEEK: "Usage by week"}.get(step, "Usage by month")
    return "Usage by member" if by is By.MEMBER else "Usage by model"


def span_words(span: Span, zone: ZoneInfo) -> str:
    """Return a period by its days in the guild's time zone."""
    first = span.start.astimezone(zone)
    last = (span.end - timedelta(microseconds=1)).astimezone(zone)
    if span.start <= EPOCH:
        return f"until {day_words(last, with_year=True)}"
    if first.date() == last.date():
        return day_words(last, with_year=True)
    same_year = first.year == last.year
    return (
        f"{day_words(first, with_year=not same_year)} \N{EN DASH} {day_words(last, with_year=True)}"
    )


def day_words(day: datetime, *, with_year: bool = False) -> str:
    """Return a day, for instance 3 Nov 2026."""
    return f"{day.day} {day:%b %Y}" if with_year else f"{day.day} {day:%b}"


def spent(amounts: Amounts, money: Money) -> str:
    """Return videos and their cost."""
    return f"{amounts.videos:,} {plural('video', amounts.videos)} · {money.show(amounts.micros)}"


def duration(seconds: float) -> str:
    """Return a time span in its two largest units."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes_left} min"
    return f"{minutes} min {left} s" if minutes else f"{left} s"
