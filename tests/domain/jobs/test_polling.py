"""Whether learning pays: simulated tasks followed by us, at a fixed interval, and by the SDK."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean

import pytest

from bot.domain.jobs.render_times import MOST_SAMPLES, RenderTime

INTERVAL_SECONDS = 15
TYPICAL_SECONDS = 120
TASKS = 200
LEARNT_AFTER = 20
"""Tasks after which a model counts as known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How one task ends."""

    seconds: float
    succeeds: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What following tasks took, per task."""

    polls: float
    late_seconds: float
    """From the end to the poll that saw it."""


Draw = Callable[[random.Random, int], Ending]


def steady(_: random.Random, __: int) -> Ending:
    """Return the end of a task of a model that always takes two minutes."""
    return Ending(seconds=120)


def nearly_steady(chance: random.Random, _: int) -> Ending:
    """Return one within a few seconds of two minutes."""
    return Ending(seconds=chance.gauss(120, 2.5))


def anywhere(chance: random.Random, _: int) -> Ending:
    """Return one that may end at any moment between one and five minutes."""
    return Ending(seconds=chance.uniform(60, 300))


def short_or_long(chance: random.Random, _: int) -> Ending:
    """Return one of either 40 s or more than three minutes."""
    is_short = chance.random() < 0.4
    return Ending(seconds=chance.gauss(40, 2) if is_short else chance.gauss(200, 8))


def fails_fast_or_long(chance: random.Random, _: int) -> Ending:
    """Return one that is refused at once, or takes more than three minutes."""
    if chance.random() < 0.3:
        return Ending(seconds=0.7, succeeds=False)
    return Ending(seconds=chance.gauss(200, 8))


def drifting(chance: random.Random, number: int) -> Ending:
    """Return one of a model that slows down from one to four minutes."""
    return Ending(seconds=chance.gauss(60 + 180 * number / TASKS, 4))


def suddenly_slower(chance: random.Random, number: int) -> Ending:
    """Return one of a model that takes 80 s longer from one task to the next."""
    return Ending(seconds=chance.gauss(120 if number < TASKS / 2 else 200, 2))


def _ends(draw: Draw) -> list[Ending]:
    chance = random.Random(1)  # noqa: S311 - a simulation that must repeat itself
    return [draw(chance, number) for number in range(TASKS)]


def _cost(polls: list[tuple[int, float]]) -> Cost:
    return Cost(polls=mean(count for count, _ in polls), late_seconds=mean(at for _, at in polls))


def ours(draw: Draw, *, learns: bool = True) -> list[tuple[int, float]]:
    """Follow tasks in turn; return the polls each took and how many seconds late it was seen."""
    recent: list[float] = []
    followed = []
    for end in _ends(draw):
        known = RenderTime(typical_seconds=TYPICAL_SECONDS, recent_seconds=tuple(recent))
        age_seconds, polls = float(INTERVAL_SECONDS), 1
        while age_seconds < end.seconds:
            age_seconds += known.poll_wait_seconds(
                age_seconds=age_seconds, interval_seconds=INTERVAL_SECONDS
            )
            polls += 1
        followed.append((polls, age_seconds - end.seconds))
        if end.succeeds and learns:
            recent = [*recent, end.seconds][-MOST_SAMPLES:]
    return followed


def fixed(draw: Draw) -> list[tuple[int, float]]:
    """Follow the same tasks with a poll every interval."""
    counts = [(max(1, math.ceil(end.seconds / INTERVAL_SECONDS)), end) for end in _ends(draw)]
    return [(count, count * INTERVAL_SECONDS - end.seconds) for count, end in counts]


def sdk(draw: Draw) -> list[tuple[int, float]]:
    """Follow the same tasks as the official SDK's ``wait()`` does: after 1, 1, 2, 2, 2, 4, … s."""
    moments = [0, 1, 2, 4, 6, 8, 12, 16, 20, *range(25, 10_000, 5)]
    followed = []
    for end in _ends(draw):
        seen = next(number for number, at in enumerate(moments) if at >= end.seconds)
        followed.append((seen + 1, moments[seen] - end.seconds))
    return followed


@pytest.mark.parametrize(
    ("draw", "most_polls", "most_late_seconds"),
    [
        (steady, 3, 2),
        (nearly_steady, 3.5, 6),
        (anywhere, 10, 11),
        (short_or_long, 5.5, 8),
        (fails_fast_or_long, 4.5, 11),
        (drifting, 7, 9),
        (suddenly_slower, 5, 7),
    ],
)
def test_known_model_needs_few_polls_and_its_ends_are_seen_soon(
    draw: Draw, most_polls: float, most_late_seconds: float
) -> None:
    learnt = _cost(ours(draw)[LEARNT_AFTER:])
    assert learnt.polls <= most_polls
    assert learnt.late_seconds <= most_late_seconds
    assert learnt.polls <= _cost(sdk(draw)[LEARNT_AFTER:]).polls / 3
    assert learnt.polls < _cost(fixed(draw)[LEARNT_AFTER:]).polls


@pytest.mark.parametrize(
    "draw", [steady, nearly_steady, anywhere, short_or_long, fails_fast_or_long]
)
def test_documentation_alone_is_no_worse_than_a_poll_every_interval(draw: Draw) -> None:
    guessed, regular = _cost(ours(draw, learns=False)), _cost(fixed(draw))
    assert guessed.polls < regular.polls
    assert guessed.late_seconds <= INTERVAL_SECONDS


def test_learning_pays_from_the_first_tasks_on() -> None:
    assert _cost(ours(steady)[1:4]).polls < _cost(ours(steady, learns=False)[1:4]).polls
    assert _cost(ours(steady)[1:4]).late_seconds < 5
