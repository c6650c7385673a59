"""The delivered video against what the provider made and what the member asked for."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

from sandbox.demo.control import Control
from sandbox.demo.errors import DemoError
from sandbox.demo.film import Film, likeness, read_film
from sandbox.demo.story import Delivered

ALIKE = 0.96
"""An encoded frame is about 0.99 like its picture; the two cats are 0.86 like each other."""

TOLERANCE_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A saved video that is what it should be."""

    delivered: Delivered
    path: Path
    film: Film
    findings: tuple[str, ...]
    """What was checked, in words."""


async def prove(delivered: Delivered, path: Path, *, discord: Control, provider: Control) -> Proven:
    """Save the attachment, and check it.

    Raises:
        DemoError: it is not what it should be.
    """
    data = await discord.download(delivered.url)
    await asyncio.to_thread(path.write_bytes, data)
    digest = hashlib.sha256(data).hexdigest()
    results = await _results(provider)
    if digest not in results:
        raise DemoError(f"{path.name} is not the file the provider made: their hashes differ.")
    if results[digest] != 1:
        raise DemoError(f"The provider made this video {results[digest]} times, not once.")
    film = await asyncio.to_thread(read_film, path)
    findings = (
        f"byte for byte the provider's file, made once (sha256 {digest[:12]}…)",
        _shape(film, delivered),
        *await asyncio.to_thread(_resemblances, film, delivered),
        f"its message changed {delivered.edits} times on the way",
    )
    return Proven(delivered=delivered, path=path, film=film, findings=findings)


async def _results(provider: Control) -> dict[str, int]:
    """Fetch every result the provider has; return how often each was made, by its hash."""
    made: dict[str, int] = {}
    for task in (await provider.get("/state"))["tasks"]:
        if task["video_url"]:
            data = await provider.download(task["video_url"])
            digest = hashlib.sha256(data).hexdigest()
            made[digest] = made.get(digest, 0) + 1
    return made


def _shape(film: Film, delivered: Delivered) -> str:
    wanted = delivered.wish.seconds
    if film.codec != "h264":
        raise DemoError(f"The video is {film.codec}, not H.264.")
    if abs(film.seconds - wanted) > TOLERANCE_SECONDS:
        raise DemoError(f"The video lasts {film.seconds:.2f} s, not {wanted:g} s.")
    rate = f"{film.frames_per_second:g} frames per second"
    return f"H.264, {film.width}×{film.height}, {rate}, {film.seconds:.1f} s"


def _resemblances(film: Film, delivered: Delivered) -> list[str]:
    wish = delivered.wish
    found = []
    for words, still, option in (
        ("begins", film.first, wish.begins_with),
        ("ends", film.last, wish.ends_with),
    ):
        if option is None:
            continue
        picture = wish.pictures[option]
        alike = likeness(still, picture)
        if alike < ALIKE:
            raise DemoError(f"The video {words} only {alike:.0%} like {picture.name}.")
        found.append(f"{words} like {picture.name} ({alike:.1%} alike)")
    return found
