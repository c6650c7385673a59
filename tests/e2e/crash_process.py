"""The bot's process, which is killed at a named point or lives at another time of day.

``run`` is what a fresh process does, forked off a server that has imported the bot already: a
start then costs what the bot does, not what the interpreter reads.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from typing_extensions import override

from bot import cli
from bot.client import TweenBot
from bot.clock import WallClock
from bot.outside import Overrides
from tests.e2e.crash_points import CrashPoints, arrivals, points

_SHIFT = struct.Struct("d")


class ShiftFile:
    """How far a process's time of day is from the real one; changed while the process runs."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_SHIFT.pack(0.0))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SHIFT.size)

    @property
    def seconds(self) -> float:
        """Seconds to add to the real time."""
        (seconds,) = _SHIFT.unpack(self._memory[:])
        return float(seconds)

    @seconds.setter
    def seconds(self, value: float) -> None:
        self._memory[:] = _SHIFT.pack(value)


class ShiftedClock(WallClock):
    """The wall clock, as a host's clock may be set: only the time of day moves."""

    def __init__(self, shift: ShiftFile) -> None:
        self._shift = shift

    @override
    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._shift.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """What happens to one process."""

    crash_at: str | None = None
    """Name of the crash point at which it is killed; see ``tests.e2e.crash_points``."""
    break_at: str | None = None
    """Name of the crash point at which its work fails with an unexpected error, every time."""
    command: tuple[str, ...] = ("run",)
    """What ``python -m bot`` is asked to do."""


class _Trigger:
    """Kills the process at one point, or breaks its work at another."""

    def __init__(self, breakage: Breakage) -> None:
        known = {None, *points(), *arrivals()}
        if breakage.crash_at not in known or breakage.break_at not in known:
            raise ValueError(breakage)
        self._staging = breakage

    def __call__(self, point: str) -> None:
        if point == self._staging.break_at:
            raise RuntimeError(f"broken at {point}")
        if point == self._staging.crash_at:
            os.kill(os.getpid(), signal.SIGKILL)


def run(
    folder: Path, variables: Mapping[str, str], log_path: Path, shift_path: Path, breakage: Breakage
) -> None:
    """Serve as ``python -m bot run`` would, in a process of its own."""
    os.chdir(folder)
    os.environ.clear()  # noqa: TID251 - the process's own environment, as a shell would set it
    os.environ.update(variables)  # noqa: TID251
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(log, number)
    sys.argv = ["tween", *breakage.command]
    warnings.simplefilter("default")
    crash_points = CrashPoints(_Trigger(breakage))
    cli.main(
        list(breakage.command),
        obj=Overrides(
            clock=ShiftedClock(ShiftFile(shift_path)),
            adjust_client=_expect_no_more_guilds,
            around=crash_points.around,
            job_listeners=(crash_points.heard,),
        ),
    )


def _expect_no_more_guilds(client: TweenBot) -> None:
    """Save the time a start waits for guilds that may still come: here all come at once."""
    client._connection.guild_ready_timeout = 0.05
