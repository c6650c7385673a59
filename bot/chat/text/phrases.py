"""Small words that all sentences share: money, times, amounts, what somebody typed."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import assert_never

from bot.chat import limits
from bot.domain.guilds.quota import Scope, Unit, Window
from bot.domain.jobs.pacing import Estimate
from bot.domain.money import Money

_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
"""Unicode categories that show nothing or turn the direction of what follows."""


FACT_CHARACTERS = 200
"""What somebody typed is repeated to them no longer than this; every list of ours is shorter."""


WINDOW_WORDS = {Window.DAY: "day", Window.WEEK: "week", Window.MONTH: "month"}


SCOPE_WORDS = {
    Scope.BUDGET: "the host's budget for all servers",
    Scope.CEILING: "the host's ceiling for this server",
    Scope.SERVER: "this server's rule",
    Scope.MEMBER_DEFAULT: "the rule for members",
    Scope.ROLE: "your role's rule",
    Scope.MEMBER: "your own rule",
}


def relative(moment: datetime) -> str:
    """Return a moment that Discord counts down by itself."""
    return f"<t:{int(moment.timestamp())}:R>"


def clock_time(moment: datetime) -> str:
    """Return a moment as the time of day of whoever reads it."""
    return f"<t:{int(moment.timestamp())}:t>"


def expected(estimate: Estimate) -> str:
    """Return when a job should be done, and how sure that is."""
    words = f"expected {relative(estimate.done_at)}"
    if not estimate.samples:
        return f"{words} (a first guess)"
    if estimate.late_at is not None:
        return f"{words}, by {clock_time(estimate.late_at)} in 9 of 10 cases"
    return words


def one_line(typed: str, most_characters: int) -> str:
    """Return what somebody typed on one short line, without backticks and invisible characters."""
    visible = "".join(
        character
        for character in " ".join(typed.split())
        if unicodedata.category(character) not in _INVISIBLE
    )
    return shortened(visible.replace("`", "'").strip(), most_characters)


def shortened(words: str, most_characters: int) -> str:
    """Return a text cut to a length, with an ellipsis where something is missing."""
    if len(words) <= most_characters:
        return words
    return words[: most_characters - 1].rstrip() + "…"


def quoted_prompt(prompt: str) -> str:
    """Return a prompt as a code block; nothing where no visible character is left."""
    cleaned = one_line(prompt, limits.PROMPT_CHARACTERS)
    return f"```\n{cleaned}\n```" if cleaned else ""


def amount(unit: Unit, figure: int, money: Money) -> str:
    """Return a figure with its unit."""
    match unit:
        case Unit.VIDEOS:
            return f"{figure:,} {plural('video', figure)}"
        case Unit.SECONDS:
            return f"{figure:,} s of video"
        case Unit.COST:
            return money.show(figure)
        case _:
            assert_never(unit)


def figure(unit: Unit, amount: int, money: Money) -> str:
    """Return a figure whose unit follows: the 3 in 3 of 10 videos."""
    return money.figure(amount) if unit is Unit.COST else f"{amount:,}"


def plural(word: str, count: int) -> str:
    """Return a word for a count."""
    return word if count == 1 else f"{word}s"


def this_window(window: Window) -> str:
    """Return a window as the present one: today, this week, this month."""
    return "today" if window is Window.DAY else f"this {WINDOW_WORDS[window]}"


def window_words(window: Window) -> str:
    """Return a window's name."""
    return WINDOW_WORDS[window]


def scope_words(scope: Scope) -> str:
    """Return whose rule it is."""
    return SCOPE_WORDS[scope]
