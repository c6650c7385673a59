"""Values as people read them, the same in all sentences: moments, amounts, what somebody typed.

Each is whole by itself, like a figure with its unit, and stands in a sentence as it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.chat import limits
from bot.chat.text.sentences import counted, say
from bot.domain.catalogue import MODEL_DECIDES
from bot.domain.guilds.quota import Scope, Unit, Window
from bot.domain.jobs.estimates import Estimate
from bot.domain.money import Money

_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
"""Unicode categories that show nothing or turn the direction of what follows."""

FACT_CHARACTERS = 200
"""What somebody typed is repeated to them no longer than this; every list of ours is shorter."""

SLOTS: Mapping[tuple[Unit, Window], str] = {
    (Unit.VIDEOS, Window.DAY): "videos per day",
    (Unit.VIDEOS, Window.WEEK): "videos per week",
    (Unit.VIDEOS, Window.MONTH): "videos per month",
    (Unit.SECONDS, Window.DAY): "seconds per day",
    (Unit.SECONDS, Window.WEEK): "seconds per week",
    (Unit.SECONDS, Window.MONTH): "seconds per month",
    (Unit.COST, Window.DAY): "cost per day",
    (Unit.COST, Window.WEEK): "cost per week",
    (Unit.COST, Window.MONTH): "cost per month",
}
"""What a rule counts, and over which span."""

SCOPES: Mapping[Scope, str] = {
    Scope.BUDGET: "the host's budget for all servers",
    Scope.BUDGET_SHARE: "this server's part of the host's budget",
    Scope.CEILING: "the host's ceiling for this server",
    Scope.SERVER: "this server's rule",
    Scope.MEMBER_DEFAULT: "the rule for members",
    Scope.ROLE: "your role's rule",
    Scope.MEMBER: "your own rule",
}
"""Whose rule it is, to the member it binds."""


# --- moments and spans -----------------------------------------------------------------------


def relative(moment: datetime) -> str:
    """Return a moment that Discord counts down by itself."""
    return f"<t:{int(moment.timestamp())}:R>"


def clock_time(moment: datetime) -> str:
    """Return a moment as the time of day of whoever reads it."""
    return f"<t:{int(moment.timestamp())}:t>"


def duration(seconds: float) -> str:
    """Return a time span in its two largest units."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return say("{hours:,} h {minutes} min", hours=hours, minutes=minutes_left)
    if minutes:
        return say("{minutes} min {seconds} s", minutes=minutes, seconds=left)
    return say("{seconds} s", seconds=left)


_OPEN_LENGTH = "as long as the model decides"


def length(seconds: int, *, most: int | None = None) -> str:
    """Return how long a video is.

    Args:
        seconds: as asked for; ``MODEL_DECIDES`` leaves it to the model.
        most: what the model makes at most, in seconds.
    """
    if seconds == MODEL_DECIDES:
        if most is None:
            return _OPEN_LENGTH
        return say("as long as the model decides, {most} s at most", most=most)
    return say("{seconds} s", seconds=seconds)


def expected(estimate: Estimate) -> str:
    """Return when a job should be done, and how sure that is."""
    done = relative(estimate.done_at)
    if not estimate.samples:
        return say("expected {done} (a first guess)", done=done)
    if estimate.late_at is not None:
        late = clock_time(estimate.late_at)
        return say("expected {done}, by {late} in 9 of 10 cases", done=done, late=late)
    return say("expected {done}", done=done)


# --- amounts ---------------------------------------------------------------------------------


def amount(unit: Unit, figure: int, money: Money) -> str:
    """Return a figure with its unit."""
    match unit:
        case Unit.VIDEOS:
            return counted(figure, one="{count:,} video", other="{count:,} videos")
        case Unit.SECONDS:
            return counted(figure, one="{count:,} s of video", other="{count:,} s of video")
        case Unit.COST:
            return money.show(figure)


def allowance(unit: Unit, window: Window, limit: int, money: Money) -> str:
    """Return what may be used of something over a span."""
    allowed = amount(unit, limit, money)
    match window:
        case Window.DAY:
            return say("{amount} per day", amount=allowed)
        case Window.WEEK:
            return say("{amount} per week", amount=allowed)
        case Window.MONTH:
            return say("{amount} per month", amount=allowed)


def figure(unit: Unit, amount: int, money: Money) -> str:
    """Return a figure whose unit follows: the 3 in 3 of 10 videos."""
    return money.figure(amount) if unit is Unit.COST else f"{amount:,}"


# --- lists and what others wrote -------------------------------------------------------------


def all_of(names: Sequence[str]) -> str:
    """Return names one after the other, the last ones joined as all of them are meant."""
    joined = names[0]
    for name in names[1:]:
        joined = say("{names} and {another}", names=joined, another=name)
    return joined


def left_out(missing: int) -> str:
    """Return the line that counts what a list has no room for."""
    return counted(missing, one="… and {count} more", other="… and {count} more")


def one_line(typed: str, most_characters: int) -> str:
    """Return what somebody typed on one short line, without backticks and invisible characters."""
    visible = "".join(
        character
        for character in " ".join(typed.split())
        if unicodedata.category(character) not in _INVISIBLE
    )
    return shortened(visible.replace("`", "'").strip(), most_characters)


def without_links(words: str) -> str:
    """Return words in which no link can hide behind other words; a bare address stays one."""
    return words.replace("[", "\\[")


def shortened(words: str, most_characters: int) -> str:
    """Return a text cut to a length, with an ellipsis where something is missing."""
    if len(words) <= most_characters:
        return words
    return words[: most_characters - 1].rstrip() + "…"


def quoted_prompt(prompt: str, *, most: int = limits.PROMPT_CHARACTERS) -> str:
    """Return a prompt as a code block; nothing where no visible character is left.

    Args:
        prompt: as it was written.
        most: characters that are shown of it.
    """
    cleaned = one_line(prompt, most)
    return f"```\n{cleaned}\n```" if cleaned else ""
