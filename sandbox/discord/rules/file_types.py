"""Says which files a field takes: by the ends of their names alone.

https://discord.com/developers/docs/reference#file-type-filtering
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain

from sandbox.discord.rules.problems import Path, Problems

GROUPS = {
    "image": (".png", ".gif", ".jpg", ".jpeg", ".jfif", ".webp", ".avif"),
    "video": (".mp4", ".mov", ".qt", ".webm"),
    "audio": (".mp3", ".m4a", ".wav", ".ogg", ".opus", ".flac"),
}
"""As the page lists them; Discord may change them at any time."""
EXTENSION = re.compile(r"\.[\w.+-]+")


def check_file_types(problems: Problems, at: Path, types: Iterable[str]) -> None:
    """Note what is neither a group nor an extension."""
    for number, name in enumerate(types):
        if name not in GROUPS and not EXTENSION.fullmatch(name):
            problems.choices((*at, number), [*GROUPS, ".extension"])


def takes(types: Iterable[str], filename: str) -> bool:
    """Tell whether a field with these types takes a file of that name."""
    ends = chain.from_iterable(GROUPS.get(name, (name,)) for name in types)
    return filename.lower().endswith(tuple(end.lower() for end in ends))
