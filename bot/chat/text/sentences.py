"""How a sentence is said: whole, with its facts in named places.

A translator moves the places about, and writes as many forms for a count as their language has.
So a sentence is one literal, never glued of parts, and a count chooses among whole sentences. What
fills a place is a value that stands for itself: a name, a moment, an amount with its unit.
"""

from __future__ import annotations


def say(sentence: str, **facts: object) -> str:
    """Return a sentence with its facts in place.

    Args:
        sentence: with the facts' names in braces.
        facts: what stands there; braces in them mean nothing.
    """
    return sentence.format_map(facts)


def counted(count: int, *, one: str, other: str, **facts: object) -> str:
    """Return the form of a sentence that fits a count.

    Args:
        count: what is counted; a fact of the sentence by this name.
        one: the sentence for one thing.
        other: the sentence for any other number of them.
        facts: what else stands there.
    """
    return (one if count == 1 else other).format_map({"count": count, **facts})


class SafeFormatMap(dict[str, object]):
    """Facts that come from far away; a missing one is a dash, never a traceback."""

    def __missing__(self, key: str) -> str:
        return "—"
