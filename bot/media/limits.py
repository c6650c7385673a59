"""What bounds a child: memory, files, processor time, niceness, and the life of its parent.

Run in the child, before it reads a byte from outside.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import threading
import time
from collections.abc import Iterator

MAX_CHILD_MEMORY_BYTES = 2 * 1024 * 1024 * 1024
"""Address space of a child. What takes most, 48 megapixels of HEIC with transparency, takes 0.8 GiB
in all; a progressive JPEG takes 0.5."""

MAX_CHILD_FILE_BYTES = 512 * 1024 * 1024
"""A file a child writes: a re-encoded video is smaller than the 500 MiB a result may have."""
MAX_CHILD_DESCRIPTORS = 128
"""Files and sockets a child has open; fonts and libraries take some thirty."""


MAX_USER_THREADS = 4096
"""Threads that the user may have, of all processes together, for a child to start another one;
root may have any number. The filter of system calls is what keeps a child from starting processes,
this bounds them where there is no filter."""


def bound_this_process(*, niceness: int) -> None:
    """Make this process a good child: bounded, and deaf to signals.

    Args:
        niceness: is added to that of the parent.
    """
    # A terminal or a service manager signals the whole group; the parent decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if niceness and hasattr(os, "nice"):
        os.nice(niceness)
    _limit_resources()


def end_with_parent(parent: int) -> None:
    """Have this process end when its parent is gone.

    Args:
        parent: descriptor of the pipe or socket whose other end the parent holds.
    """
    if hasattr(select, "poll"):  # not on Windows; there a child ends with its work
        threading.Thread(
            target=_die_with_parent, args=(parent,), name="parent-watch", daemon=True
        ).start()


def _die_with_parent(parent: int) -> None:
    """End this process when its parent is gone, however that went.

    PR_SET_PDEATHSIG is not used: it fires when the *thread* that started the child ends,
    https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html.
    """
    hung_up = select.poll()
    hung_up.register(parent, 0)  # an end that is closed is always reported
    hung_up.poll()
    os._exit(1)


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    # A system may refuse (macOS does for address space); then the time limits have to do.
    with contextlib.suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = MAX_CHILD_MEMORY_BYTES
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        # Both: what is taken over by a hostile file must not lift the limit again.
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for name, most in (
        (resource.RLIMIT_CORE, 0),  # a core file would hold somebody's pictures
        (resource.RLIMIT_FSIZE, MAX_CHILD_FILE_BYTES),
        (resource.RLIMIT_NOFILE, MAX_CHILD_DESCRIPTORS),
        (resource.RLIMIT_NPROC, MAX_USER_THREADS),
    ):
        with contextlib.suppress(ValueError, OSError):
            _, hard = resource.getrlimit(name)
            bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(name, (bound, bound))


@contextlib.contextmanager
def limited_cpu(seconds: float) -> Iterator[None]:
    """Have the system end this process where it works longer than that.

    Other work on the machine does not use this time up, as it would use up a wait in the parent.
    """
    try:
        import resource
    except ImportError:  # Windows
        yield
        return
    before, hard = resource.getrlimit(resource.RLIMIT_CPU)
    until = math.ceil(time.process_time() + seconds)
    bounds = (until, *(most for most in (before, hard) if most != resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CPU, (min(bounds), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (before, hard))
