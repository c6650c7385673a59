"""Named points between any two durable steps, at which a story ends the process.

A point says where the process stands: a change of a job is ``written`` (in its transaction) and
``committed``, an outside call is about to be made (``before``) or answered (``after``). The
process is the product's own: a listener on its job writer, and its ports in a wrapper.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar, cast

from bot.domain.jobs.job import Job, JobEvent, JobUpdateKind
from bot.domain.jobs.states import JobState
from bot.domain.jobs.transitions import TRANSITIONS
from bot.services.jobs.writer import ChangeStage

_Port = TypeVar("_Port")
_P = ParamSpec("_P")
_T = TypeVar("_T")
_Asking = Callable[_P, Coroutine[Any, Any, _T]]

Reached = Callable[[str], None]


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
    POST_REPORT = "post_report"
    COUNT_REPORTS = "count_reports"
    DELETE_MESSAGE = "delete_message"
    PREPARE = "prepare"
    PROBE = "probe"
    WRITE_LABEL = "write_label"
    LAST_FRAME = "last_frame"
    MAKE_PLAYABLE = "make_playable"
    SHRINK = "shrink"
    FETCH_ATTACHMENT = "fetch_attachment"
    KEEP = "keep"
    COPY = "copy"
    ERASE = "erase"


PART_WRITTEN = "download part_written"
"""In the middle of a file."""

_CALLS = frozenset(Call)


def points() -> tuple[str, ...]:
    """Return the names of all points."""
    arrows = [f"{row.source or 'new'}>{row.target}" for row in TRANSITIONS]
    changes = dict.fromkeys([*arrows, *JobUpdateKind])
    return (
        *(f"{stage} {change}" for change in changes for stage in ChangeStage),
        *(f"{when} {call}" for call in Call for when in ("before", "after")),
        PART_WRITTEN,
    )


def arrivals() -> tuple[str, ...]:
    """Return names for the same points where it does not matter which state a job comes from."""
    return tuple(f"{stage} >{state}" for state in JobState for stage in ChangeStage)


class CrashPoints:
    """Calls a function at every point with its name."""

    def __init__(self, reached: Reached) -> None:
        self._reached = reached

    def heard(self, stage: ChangeStage, event: JobEvent, _: Job) -> None:
        """Listen to the job writer."""
        change = event.name if event.target is None else f"{event.source or 'new'}>{event.target}"
        self._reached(f"{stage} {change}")
        if event.target is not None:
            self._reached(f"{stage} >{event.target}")

    def around(self, port: _Port) -> _Port:
        """Return a port whose outside calls are points."""
        return cast("_Port", _Wrapped(port, self._marked))

    def _marked(self, name: str, call: _Asking[_P, _T]) -> _Asking[_P, _T]:
        async def marked(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            self._reached(f"before {name}")
            result = await call(*args, **kwargs)
            self._reached(f"after {name}")
            return result

        return marked


class _Wrapped:
    """A port as it is, but that its outside calls are marked."""

    def __init__(self, port: object, mark: Callable[[str, _Asking[..., object]], object]) -> None:
        self._port = port
        self._mark = mark

    def __getattr__(self, name: str) -> object:
        attribute = getattr(self._port, name)
        return self._mark(name, attribute) if name in _CALLS else attribute
