"""What tests have children do instead of their work; imports next to nothing, as a child must."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from bot.media.limits import limited_cpu

MIB = 1024 * 1024


def die(*_: object) -> None:
    """End the process."""
    os._exit(7)


def crash(*_: object) -> None:
    """End as a decoder does that reads where it must not."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(*_: object) -> None:
    """Wait for ever."""
    threading.Event().wait()


def spin(*_: object) -> None:
    """Compute for ever."""
    while True:
        pass


def eat_memory(*_: object) -> int:
    """Ask for more memory than a child may have."""
    return len(bytearray(8 * 1024 * MIB))


def mark_and_hang(mark: Path) -> None:
    """Leave a file with the process's id, and wait for ever."""
    mark.write_text(str(os.getpid()))
    hang()


def mark_and_wait_for(mark: Path, other: Path) -> int:
    """Return once both have begun: at the same time, in two children."""
    mark.touch()
    while not other.exists():
        threading.Event().wait(0.01)
    return os.getpid()


def write_half_and_die(source: Path, target: Path, *_: object) -> None:
    """Leave what an encoder that is killed leaves."""
    target.with_name(f"{target.name}.statistics").write_bytes(source.name.encode())
    target.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)


def who() -> int:
    """Return the process's id."""
    return os.getpid()


def length_of(data: bytes) -> int:
    """Return how many bytes came."""
    return len(data)


def is_deaf_to(*numbers: int) -> list[bool]:
    """Tell which signals are ignored."""
    return [signal.getsignal(number) is signal.SIG_IGN for number in numbers]


def modules() -> set[str]:
    """Return all that is imported."""
    return set(sys.modules)


def environment() -> Mapping[str, str]:
    """Return the environment the process was started with."""
    pairs = Path("/proc/self/environ").read_text("utf-8").split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


def niceness() -> int:
    """Return how much the process gives way."""
    return os.nice(0)


def open_files() -> list[str]:
    """Return what the open descriptors lead to."""
    return [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.exists()]


def fail_with(error: Exception) -> None:
    """Raise an error."""
    raise error


def name_a_function() -> Callable[[], int]:
    """Answer with a function, which is what a pickle that does harm begins with."""
    return os.getpid


def work_for_ever() -> None:
    """Use up a share of processor time that ends soon."""
    with limited_cpu(0.2):
        spin()


def work_a_little() -> float:
    """Stay far below a share of processor time."""
    with limited_cpu(30):
        return sum(number / 7 for number in range(1000))


def limits_of(*names: int) -> list[tuple[int, int]]:
    """Return the soft and the hard limit of each resource."""
    return [resource.getrlimit(name) for name in names]


def mark_and_wait_for_another(mark: Path, other: Path, *_: object) -> int:
    """Do so in the place of an encoder."""
    return mark_and_wait_for(mark, other)
