"""Many ids in several statements.

SQLite takes 32,766 parameters and PostgreSQL's protocol 32,767; planning gets slow long before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

_Id = TypeVar("_Id", int, str)

MOST_IDS = 1_000


def portions(ids: Collection[_Id]) -> Iterator[list[_Id]]:
    """Split ids, in order, so that no statement has more parameters than an engine takes."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), MOST_IDS):
        yield ordered[start : start + MOST_IDS]
