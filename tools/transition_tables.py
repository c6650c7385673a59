"""``TRANSITIONS`` drawn for the documentation: as a table, and as diagrams. Pure text."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from bot.domain.jobs.states import ACTIVE, TERMINAL, JobState
from bot.domain.jobs.transitions import TRANSITIONS, Transition

_EARLY_ENDS = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED})
_UNDER_WAY = frozenset(ACTIVE - {JobState.PARKED})

_LABEL_CHARACTERS = 22
"""Longest line of an arrow's words: longer ones push the states apart."""

_START = "[*]"


def transition_table() -> str:
    """Return ``TRANSITIONS`` as a Markdown table."""
    rows = ["| from | to | by | when | ledger |", "|---|---|---|---|---|"]
    for row in TRANSITIONS:
        owners = ", ".join(sorted(row.owners))
        entries = ", ".join(sorted(entry.upper() for entry in row.entries if entry)) or "-"
        source = row.source.value if row.source else "-"
        rows.append(f"| {source} | {row.target.value} | {owners} | {row.trigger} | {entries} |")
    return "\n".join(rows)


def way_diagram() -> str:
    """Return the way of a job to its video as a Mermaid state diagram."""
    rows = [row for row in TRANSITIONS if not _leaves_the_way(row)]
    arrows = [
        _arrow(row.source.value if row.source else _START, row.target.value, row.trigger)
        for row in rows
    ]
    ends = sorted({row.target for row in rows} & TERMINAL)
    lines = [*arrows, *(f"{state.value} --> {_START}" for state in ends)]
    return _diagram("TB", lines)


def endings_diagram() -> str:
    """Return what takes a job off that way as a Mermaid state diagram.

    States that share an arrow stand together. Each ending has states of its own to come from:
    with one of each, the arrows would cross.
    """
    into, out_of = defaultdict(set), defaultdict(set)
    for row in TRANSITIONS:
        if row.source is JobState.PARKED and row.target not in _EARLY_ENDS:
            out_of[row.source, row.trigger].add(row.target)
        elif row.source is not None and _leaves_the_way(row):
            into[row.target, row.trigger].add(row.source)
    lines: list[str] = []
    for (target, trigger), sources in into.items():
        name = f"{_name(sources)}_to_{target.value}"
        lines += [_titled(name, sources), _arrow(name, target.value, trigger)]
    for (source, trigger), targets in out_of.items():
        name = f"{source.value}_to_{_name(targets)}"
        lines += [_titled(name, targets), _arrow(source.value, name, trigger)]
    return _diagram("LR", lines)


def _leaves_the_way(row: Transition) -> bool:
    return row.target in _EARLY_ENDS or JobState.PARKED in {row.source, row.target}


def _name(states: AbstractSet[JobState]) -> str:
    return "_".join(state.value for state in JobState if state in states)


def _titled(name: str, states: AbstractSet[JobState]) -> str:
    """Return the line that gives a node its words."""
    if states == _UNDER_WAY:
        return f'state "every state under way" as {name}'
    return f'state "{", ".join(state.value for state in JobState if state in states)}" as {name}'


def _arrow(source: str, target: str, trigger: str) -> str:
    """Return an arrow with its words in short lines; a colon or semicolon would end them."""
    words = trigger.replace(";", ",").replace(":", ",")
    return f"{source} --> {target} : {'<br/>'.join(textwrap.wrap(words, _LABEL_CHARACTERS))}"


def _diagram(direction: str, lines: Iterable[str]) -> str:
    return "\n    ".join(("stateDiagram-v2", f"direction {direction}", *lines))
