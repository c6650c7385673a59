"""The program of a child process: does what its parent asks for, until the parent has gone.

Started by ``worker_pool`` as an interpreter of its own, which imports this module and nothing
that the work does not need.
"""

from __future__ import annotations

import importlib
import os
import pickle
import sys
from collections.abc import Callable, Sequence
from typing import BinaryIO

from bot.media.confinement import confine_this_process
from bot.media.limits import bound_this_process, end_with_parent, limited_cpu
from bot.media.wire import BEGUN, LENGTH_BYTES, Answer, Request, pickled


def main(*, niceness: int, scratch: str, readable: Sequence[str]) -> None:
    """Answer requests, one after the other.

    Args:
        niceness: is added to that of the parent.
        scratch: the one folder in which files can be written.
        readable: what can be read beside the installation.
    """
    # Nothing else finds the connection where one expects the standard input.
    connection = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    bound_this_process(niceness=niceness)
    confine_this_process(scratch=scratch, readable=readable)
    end_with_parent(connection)
    with os.fdopen(connection, "rb") as requests, os.fdopen(os.dup(connection), "wb") as answers:
        while (request := _next(requests)) is not None:
            if isinstance(request, str):
                importlib.import_module(request)
                continue
            answers.write(BEGUN)
            answers.flush()
            pieces = pickled(_answer(*request))
            answers.write(sum(map(len, pieces)).to_bytes(LENGTH_BYTES, "big"))
            answers.writelines(pieces)
            answers.flush()


def _next(requests: BinaryIO) -> Request | None:
    try:
        request: Request = pickle.load(requests)  # noqa: S301 - the parent's own words
    except EOFError:
        return None
    return request


def _answer(
    function: Callable[..., object],
    args: tuple[object, ...],
    kwargs: dict[str, object],
    seconds: float,
) -> Answer:
    try:
        # All cores for as long as the parent waits: that is the most it could have used by then.
        with limited_cpu(seconds * (os.cpu_count() or 1)):
            return True, function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - the boundary: the parent decides what it means
        return False, _told(error)


def _told(error: Exception) -> Exception:
    """Return an error as the parent may read it: built in, with the traceback as a note."""
    import traceback

    told: Exception
    if isinstance(error, OSError):
        told = OSError(error.errno, error.strerror)  # becomes a FileNotFoundError and the like
    elif isinstance(error, MemoryError):
        told = MemoryError()
    else:
        told = RuntimeError(f"{type(error).__qualname__}: {error}")
    told.add_note("".join(("in the media child:\n", *traceback.format_exception(error))))
    return told


if __name__ == "__main__":
    _, its_niceness, its_scratch, *can_be_read = sys.argv
    main(niceness=int(its_niceness), scratch=its_scratch, readable=can_be_read)
