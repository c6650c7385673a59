"""Reads the ``media`` list of a task: what is in it, and whether that may go together.

Known from live answers are ``Field required: input.media`` and the sentence about a wrong type,
from the page of 3.0 the one about frames beside references. Which sentence a list of other wrong
numbers gets is not known; the one used here follows their wording.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.dashscope import problems
from sandbox.dashscope.parameters import one_of
from sandbox.dashscope.rows import MediaRules

FRAMES = frozenset({"first_frame", "last_frame"})
REFERENCE = "reference_"
FROM_PAGES = frozenset({"file", "link"})


@dataclass(frozen=True, slots=True)
class MediaItem:
    """One entry of the list."""

    type: str
    url: str
    voice: str | None = None
    """Address of the voice a referenced person speaks with."""

    @property
    def field(self) -> str:
        """How a failure names it."""
        return f"input.media.{self.type}"


def media_items(
    rules: MediaRules, task_input: Mapping[str, object], parameters: Mapping[str, object]
) -> list[MediaItem]:
    """Return the entries in their order; none where the model needs none.

    Raises:
        InputRejectedError: the list is missing or malformed, or its entries do not go together.
    """
    value = task_input.get("media")
    if value is None or value == []:
        if rules.required:
            raise problems.invalid_parameter("Field required: input.media")
        return []
    if not isinstance(value, list):
        raise problems.invalid_parameter("Input should be a valid list: input.media")
    items = [_item(rules, number, entry) for number, entry in enumerate(value)]
    counts = Counter(item.type for item in items)
    if rules.exclusive and FRAMES & set(counts) and _has_reference(counts):
        raise problems.invalid_parameter(rules.exclusive)
    if not any(allowed.takes(counts) for allowed in rules.sets):
        found = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise problems.invalid_parameter(f"This set of media is not supported: {found}")
    if FROM_PAGES & set(counts) and parameters.get("prompt_extend") is False:
        raise problems.invalid_parameter(
            "Input should be true with a file or link: parameters.prompt_extend"
        )
    return items


def _has_reference(counts: Mapping[str, int]) -> bool:
    return any(name.startswith(REFERENCE) for name in counts)


def _item(rules: MediaRules, number: int, entry: object) -> MediaItem:
    if not isinstance(entry, dict):
        raise problems.invalid_parameter(
            f"Input should be a valid dictionary: input.media.{number}"
        )
    kind, url, voice = entry.get("type"), entry.get("url"), entry.get("reference_voice")
    if not isinstance(kind, str) or kind not in rules.files:
        raise problems.invalid_parameter(one_of([f"'{name}'" for name in rules.files]))
    if not isinstance(url, str) or not url:
        raise problems.invalid_parameter(f"Field required: input.media.{number}.url")
    if voice is not None and not isinstance(voice, str):
        raise problems.invalid_parameter(
            f"Input should be a valid string: input.media.{number}.reference_voice"
        )
    return MediaItem(kind, url, voice if rules.voice is not None else None)
