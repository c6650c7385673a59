"""Named points between any two durable steps, at which a test may end the process.

A point says where the process stands: a state change is ``written`` (in its transaction) and
``committed``, an outside call is about to be made (``before``) or answered (``after``). Nothing
happens at a point unless a hook is set, which only tests do; without one it costs a comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from enum import StrEnum
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from bot.domain.jobs.job import JobUpdateKind
from bot.domain.jobs.transitions import TRANSITIONS

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Asking = Callable[_P, Coroutine[Any, Any, _T]]


class Call(StrEnum):
    """Everything the pipeline asks of somebody else: the platforms, a child process, the disk."""

    CREATE_TASK = "create_task"
    GET_TASK = "get_task"
    LIST_TASKS = "list_tasks"
    CANCEL_TASK = "cancel_task"
    DOWNLOAD = "download"
    POST_STATUS = "post_status"
    EDIT_STATUS = "edit_status"
    DELIVER_BY_EDIT = "deliver_by_edit"
    DELIVER_IN_CHANNEL = "deliver_in_channel"
    DELIVER_BY_DM = "deliver_by_dm"
    ANNOUNCE = "announce"
    FIND_MESSAGE = "find_message"
    OPEN_DM = "open_dm"
    TELL_OPERATORS = "tell_operators"
    TELL_LOG_CHANNEL = "tell_log_channel"
    PREPARE = "prepare"
    PROBE = "probe"
    SHRINK = "shrink"
    STORE_PICTURES = "store_pictures"
    ERASE = "erase"


PART_WRITTEN = "download part_written"
"""In the middle of a file."""

_hook: Callable[[str], None] | None = None


def points() -> tuple[str, ...]:
    """Return the names of all points."""
    arrows = [_arrow(row.source, row.target) for row in TRANSITIONS]
    steps = dict.fromkeys([*arrows, *(amendment.value for amendment in JobUpdateKind)])
    return (
        *(f"{when} {step}" for step in steps for when in ("written", "committed")),
        *(f"{when} {call}" for call in Call for when in ("before", "after")),
        PART_WRITTEN,
    )


def install(hook: Callable[[str], None] | None) -> None:
    """Have a function called at every point with its name; None ends that."""
    global _hook  # noqa: PLW0603 - a point must know its hook without being handed one
    _hook = hook


def reached(point: str) -> None:
    """Say that a point is reached."""
    if _hook is not None:
        _hook(point)


def stepped(when: str, source: object, target: object) -> None:
    """Say that a change of state is ``written`` or ``committed``."""
    if _hook is not None:
        _hook(f"{when} {_arrow(source, target)}")


def outside(
    call: Call,
) -> Callable[[_Asking[_P, _T]], _Asking[_P, _T]]:
    """Mark a method as an outside call: there is a point before it and one after its success."""

    def mark(method: _Asking[_P, _T]) -> _Asking[_P, _T]:
        @wraps(method)
        async def marked(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            reached(f"before {call}")
            result = await method(*args, **kwargs)
            reached(f"after {call}")
            return result

        return marked

    return mark


def _arrow(source: object, target: object) -> str:
    return f"{source or 'new'}>{target}"
