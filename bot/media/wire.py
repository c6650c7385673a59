"""What a parent and its child process say to each other, over a socket the child is started with.

A function is acknowledged by ``BEGUN`` as soon as it is understood, and answered in the end by a
length and a pickled ``Answer``, which ``answers`` reads. An import is not answered.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable

BEGUN = b"!"
LENGTH_BYTES = 8

Request = tuple[Callable[..., object], tuple[object, ...], dict[str, object], float] | str
"""A function to be called with its arguments and how many seconds its answer is waited for, or a
module to be imported."""
Answer = tuple[bool, object]
"""Whether the function came back, and its result or its error."""


class _Pieces(list[bytes]):
    """A file for a pickler, which hands large bytes over as they are: nothing is copied."""

    def write(self, piece: bytes) -> None:
        self.append(piece)


def pickled(value: object) -> list[bytes]:
    """Return a value as pickled, in pieces."""
    pieces = _Pieces()
    pickle.Pickler(pieces, pickle.HIGHEST_PROTOCOL).dump(value)
    return pieces
