"""How fairly a lane's turns were given to guilds: the wait each had, against a fair share of it.

The turns are taken as they were: so many creates of a lane, each at its moment, whatever faults
and rests lay between them. What is judged is who got them. The fair share is found by giving the
same turns out anew, each to the guild among those waiting that had its last turn longest ago, and
within a guild to the job that waits longest. A guild that asks for much waits long in a fair world
too; its figure is its mean wait over the mean wait it would have had there. Written without the
product's own order, so that a mistake there cannot hide here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

GRACE_SECONDS = 1.0
"""Added to both waits: a fraction of a second against nothing is not unfair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A job's first create in its lane. Times are seconds of one clock."""

    lane: str
    guild: int
    waits_from: float
    """When it could first have had a turn."""
    at: float
    """When it had it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One guild's mean waits, in seconds."""

    guild: int
    actual: float
    fair: float
    unordered: float
    """Had the turns gone to whoever asked first."""

    @property
    def ratio(self) -> float:
        """How much longer it waited than its share."""
        return (self.actual + GRACE_SECONDS) / (self.fair + GRACE_SECONDS)

    @property
    def unordered_ratio(self) -> float:
        """The same, had nobody cared."""
        return (self.unordered + GRACE_SECONDS) / (self.fair + GRACE_SECONDS)


def shares_of(turns: Iterable[Turn]) -> list[Share]:
    """Return each guild's waits over all lanes, the worst treated first."""
    lanes: dict[str, list[Turn]] = defaultdict(list)
    for turn in turns:
        lanes[turn.lane].append(turn)
    actual: dict[int, list[float]] = defaultdict(list)
    fair: dict[int, list[float]] = defaultdict(list)
    unordered: dict[int, list[float]] = defaultdict(list)
    for its in lanes.values():
        for turn in its:
            actual[turn.guild].append(turn.at - turn.waits_from)
        for choose, into in ((_longest_without, fair), (_first_come, unordered)):
            for turn, at in _dealt(its, choose):
                into[turn.guild].append(at - turn.waits_from)
    shares = [
        Share(
            guild=guild,
            actual=_mean(waits),
            fair=_mean(fair[guild]),
            unordered=_mean(unordered[guild]),
        )
        for guild, waits in actual.items()
    ]
    return sorted(shares, key=lambda share: share.ratio, reverse=True)


_Choice = Callable[[Sequence[Turn], Mapping[int, float]], Turn]


def _dealt(turns: Sequence[Turn], choose: _Choice) -> list[tuple[Turn, float]]:
    """Give the same moments out anew; each goes to a job that waited already then."""
    left = sorted(turns, key=lambda turn: turn.waits_from)
    last_at: dict[int, float] = {}
    dealt = []
    for at in sorted(turn.at for turn in turns):
        # Never empty: so many jobs had waited when so many turns were taken.
        waiting = [turn for turn in left if turn.waits_from <= at]
        chosen = choose(waiting, last_at)
        left.remove(chosen)
        last_at[chosen.guild] = at
        dealt.append((chosen, at))
    return dealt


def _longest_without(waiting: Sequence[Turn], last_at: Mapping[int, float]) -> Turn:
    return min(waiting, key=lambda turn: (last_at.get(turn.guild, 0.0), turn.waits_from))


def _first_come(waiting: Sequence[Turn], _last_at: Mapping[int, float]) -> Turn:
    return min(waiting, key=lambda turn: turn.waits_from)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
