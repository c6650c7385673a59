"""The longest and largest video a model makes, brought below Discord's smallest limit.

Thirty seconds of 1080p at 30 frames a second, of noise that moves and changes, which is harder to
encode than anything a model shows; sound of 320 kbit/s, with flashes and clicks at both ends.
``MediaPool.shrink`` makes two passes of x264 in a child on one core. It is given up after
``SHRINK_SECONDS``, and a job's lease is 15 minutes.
"""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from pathlib import Path

from bot.domain.units import MIB
from bot.media.child import MediaPool
from bot.media.work import SHRINK_SECONDS
from tests.benchmarks.rows import Row, Unit
from tests.media.films import LABEL
from tests.media.in_step import flashing, offsets

SECONDS = 30
LIMIT_BYTES = 10 * MIB
MOST_MEMORY_MIB = 512.0
MOST_OFFSET_MILLISECONDS = 20.0


async def rows() -> list[Row]:
    """Measure time, memory, and how far sound and pictures are apart afterwards."""
    with tempfile.TemporaryDirectory(prefix="tween-bench-") as made_for_this:
        folder = Path(made_for_this)
        source, target = folder / "a.mp4", folder / "b.mp4"
        await asyncio.to_thread(
            flashing,
            source,
            seconds=SECONDS,
            width=1920,
            height=1080,
            bits_per_second=40_000_000,
            sound_bits_per_second=320_000,
        )
        async with MediaPool(scratch=folder, workers=1) as media:
            started = time.monotonic()
            made = await media.shrink(source, target, limit_bytes=LIMIT_BYTES, label=LABEL)
            took = time.monotonic() - started
        # Of children that have ended, and there were no others.
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        before, after = await asyncio.to_thread(lambda: (offsets(source), offsets(target)))
        worst = max(abs(offset) for offset in after) * 1000
        sizes = f"{source.stat().st_size / MIB:.1f} → {made.size_bytes / MIB:.2f} MiB"
    film = f"{SECONDS} s of 1080p into {LIMIT_BYTES // MIB} MiB"
    return [
        Row(
            name=f"time for {film}",
            ours=f"{took:.1f} s",
            against=f"{SHRINK_SECONDS:.0f} s, when it is given up",
            figure=took,
            unit=Unit.SECONDS,
            wanted=SHRINK_SECONDS / 2,
            remark=f"{used.ru_utime + used.ru_stime:.0f} s of one core; {sizes}, "
            f"{made.width}×{made.height}",
        ),
        Row(
            name=f"memory for {film}",
            ours=f"{used.ru_maxrss / 1024:.0f} MiB",
            against="the encoding child, at its highest",
            figure=used.ru_maxrss / 1024,
            unit=Unit.MIB,
            wanted=MOST_MEMORY_MIB,
        ),
        Row(
            name=f"sound against pictures, {film}",
            ours=", ".join(f"{offset * 1000:+.1f} ms" for offset in after),
            against=", ".join(f"{offset * 1000:+.1f} ms" for offset in before) + " in the original",
            figure=worst,
            unit=Unit.MILLISECONDS,
            wanted=MOST_OFFSET_MILLISECONDS,
            remark="at the beginning and at the end",
        ),
    ]
