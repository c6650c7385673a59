"""Films that the emulator hands out in place of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.dashscope.video import VideoPlan
from tests.e2e.world import World
from tests.media.films import film


@dataclass(slots=True)
class Films:
    """Gives each prompt the film it asks for."""

    by_prompt: dict[str, bytes]
    others: bytes | None = None
    """What all other prompts get; an unknown prompt is an error where this is None."""
    played: list[str] = field(default_factory=list)

    def start(self, plan: VideoPlan) -> None:
        """Have nothing to begin."""

    def close(self) -> None:
        """Have nothing to let go of."""

    async def video(self, plan: VideoPlan) -> bytes:
        """Return the film, and remember that it was asked for."""
        self.played.append(plan.prompt)
        if self.others is not None:
            return self.by_prompt.get(plan.prompt, self.others)
        return self.by_prompt[plan.prompt]


def play(world: World, *, others: bytes | None = None, **films: bytes) -> Films:
    """Have the emulator hand out these films, each for the prompt of its name."""
    source = Films(films, others)
    world.dashscope._results._videos = source
    return source


async def noise(folder: Path) -> bytes:
    """Return some 2 MiB of noise, one second long."""
    path = folder / "noise.mp4"
    made = await asyncio.to_thread(
        film, path, 480, 270, 30, noise=True, audio=True, bits_per_second=20_000_000
    )
    return made.read_bytes()


async def in_full_colour(folder: Path) -> bytes:
    """Return a small film in 4:4:4, which phones do not play."""
    made = await asyncio.to_thread(
        film, folder / "full.mp4", 128, 96, 8, faststart=True, pixels="yuv444p"
    )
    return made.read_bytes()
