"""Forms as the answer to a press: how soon, with fifty at once, and what dismissed ones leave.

A form must be the first answer to a press, so what it shows is read before anything is
acknowledged. Fifty members press Continue under one finished video in the same moment; the floor is
a bare discord.py command that only defers, as for commands. Then one after the other of the forms
is opened and dismissed, of which a bot never hears: ten thousand of them.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from sandbox.discord.client.invocation import Invocation
from sandbox.discord.world.records import Message
from tests.benchmarks.acknowledgement import (
    AT_ONCE,
    BREATH_SECONDS,
    ROUNDS,
    WANTED,
    WARM_UPS,
    Side,
    bare,
    tween,
)
from tests.benchmarks.figures import milliseconds, percentile
from tests.benchmarks.lag import read_lag
from tests.benchmarks.memory import memory_of
from tests.benchmarks.processes import WatchedBot
from tests.benchmarks.rows import Row, Unit
from tests.e2e.world import cat, is_over

SETTLED = 1_000
"""Forms after which everything that grows once has grown."""
DISMISSED = 10_000
GROWTH_WANTED = 1.02
VIDEO_SECONDS = 60.0


async def rows() -> list[Row]:
    """Measure both."""
    with tempfile.TemporaryDirectory(prefix="tween-bench-") as name:
        folder = Path(name)
        (folder / "bare").mkdir()
        async with (
            tween(folder, task_seconds=(0.1, 0.2)) as (ours, bot),
            bare(folder / "bare") as floor,
        ):
            video = await _video(ours)
            for number in range(WARM_UPS + ROUNDS):
                pressed = await _press(ours, video)
                least = await floor.round()
                if number >= WARM_UPS:
                    ours.seconds += [press.acknowledged_after_seconds or 0.0 for press in pressed]
                    floor.seconds += least
                await asyncio.sleep(BREATH_SECONDS)
            await read_lag(bot, "fifty forms at once")
            growth = await _growth(ours, bot, video)
    return [*(_row(ours, floor, share) for share in (0.5, 0.99)), growth]


async def _video(side: Side) -> Message:
    """Let a member make a video; return its message."""
    user, channel = side.members[0]
    server = side.server
    await server.actions.slash(
        user, channel, "video frames", {"first_frame": cat("first"), "loop": True}
    )

    def finished() -> Message | None:
        ours = [each for each in server.messages(channel) if each.current.embeds]
        return next((each for each in ours if is_over(each)), None)

    found = await server.wait_for(finished, VIDEO_SECONDS)
    if found is None:
        raise RuntimeError("no video")
    return found


async def _press(side: Side, video: Message) -> list[Invocation]:
    """Let everybody open the form at once, and dismiss it."""
    pressed = await asyncio.gather(
        *(side.server.actions.click(user, video, "Continue") for user, _ in side.members)
    )
    await asyncio.gather(*(press.modal_shown() for press in pressed))
    for (user, _), press in zip(side.members, pressed, strict=True):
        side.server.actions.dismiss_modal(user, press)
    return pressed


async def _growth(side: Side, bot: WatchedBot, video: Message) -> Row:
    """Open and dismiss thousands, and compare the memory of the process."""
    settled = 0.0
    for opened in range(AT_ONCE, DISMISSED + 1, AT_ONCE):
        await _press(side, video)
        if opened == SETTLED:
            settled = memory_of(bot.pid).resident
    after = memory_of(bot.pid).resident
    return Row(
        name=f"memory after {DISMISSED:,} dismissed forms",
        ours=f"{after:.1f} MiB",
        against=f"{settled:.1f} MiB after {SETTLED:,}",
        figure=after / settled,
        unit=Unit.RATIO,
        wanted=GROWTH_WANTED,
        remark="resident memory of the bot's process; discord.py alone keeps each form for ever",
    )


def _row(ours: Side, floor: Side, share: float) -> Row:
    took, least = percentile(ours.seconds, share), percentile(floor.seconds, share)
    return Row(
        name=f"form shown p{share * 100:.0f}, {AT_ONCE} at once",
        ours=milliseconds(took),
        against=f"{milliseconds(least)} bare discord.py",
        figure=took / least,
        unit=Unit.RATIO,
        wanted=WANTED,
        remark=(
            "the job, the guild's models and prices are read before the answer, which a deferral "
            f"does not wait for; slowest {milliseconds(max(ours.seconds))} of Discord's 3 s"
        ),
    )
