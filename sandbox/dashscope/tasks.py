"""Keeps task records and moves them along.

::

    PENDING ──▶ RUNNING ──▶ SUCCEEDED | FAILED
       ├──▶ CANCELED          (asked while PENDING)
       └──▶ FAILED            (its input was not acceptable)

The store is a simulation of discrete events: `TaskStore.settle` carries out, in order, everything
that was due until now, each at its own time. A clock that jumps an hour ahead therefore yields the
same times as one that was watched all the while.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sandbox.dashscope.clock import ChangeNotifier, EmulatorClock
from sandbox.dashscope.faults import Fault
from sandbox.dashscope.plans import VideoPlan
from sandbox.dashscope.problems import EXECUTION_TIMEOUT, TaskProblem
from sandbox.dashscope.rows import Billing, ModelRow, Region
from sandbox.dashscope.settings import EmulatorSettings

EXECUTION_SECONDS = 3 * 3600
"""A task without a result by then fails (error-code, InternalError.Timeout)."""

MEMORY_SECONDS = 24 * 3600
"""After this a task reads UNKNOWN, and is no longer listed."""

PENDING, RUNNING, SUCCEEDED = "PENDING", "RUNNING", "SUCCEEDED"
FAILED, CANCELED, UNKNOWN = "FAILED", "CANCELED", "UNKNOWN"
FINAL = frozenset({SUCCEEDED, FAILED, CANCELED})


@dataclass(slots=True, kw_only=True, eq=False)
class TaskRecord:
    """One task; times are emulated Unix times in seconds."""

    task_id: str
    request_id: str
    """Of the answer to the creation; the list shows it."""
    row: ModelRow
    region: Region
    api_key: str
    input: Mapping[str, object]
    """As received, long strings shortened."""
    parameters: Mapping[str, object]
    submitted_at: float
    not_before: float
    """Earliest start."""
    fail_at: float
    """When an unacceptable input shows."""
    run_seconds: float
    fault: Fault | None = None
    status: str = PENDING
    scheduled_at: float | None = None
    ended_at: float | None = None
    problem: TaskProblem | None = None
    """Why it failed, or will fail once `fail_at` has come."""
    inspected: bool = False
    """Whether its input was looked at, and it may run."""
    plan: VideoPlan | None = None
    video_url: str | None = None
    video_sha256: str | None = None
    """Of the MP4 as it was last served; None also where a fault put another file in its place."""

    @property
    def model(self) -> str:
        """The model's name."""
        return self.row.name

    @property
    def billed_seconds(self) -> float:
        """What a success costs, in seconds of its tier (model-pricing); 0 without a plan."""
        if self.plan is None:
            return 0.0
        added = self.row.billing in {Billing.ALL_INPUT, Billing.FIVE_OF_INPUT}
        return self.plan.seconds + (self.plan.input_seconds if added else 0.0)

    @property
    def finished(self) -> bool:
        """Whether the status cannot change any more."""
        return self.status in FINAL

    @property
    def visible_status(self) -> str:
        """What an answer shows: a fault may put another word in place of RUNNING."""
        if self.status == RUNNING and self.fault is not None and self.fault.action == "status":
            return self.fault.text
        return self.status

    @property
    def action(self) -> str | None:
        """What a fault does to this task."""
        return None if self.fault is None else self.fault.action


class Peak(NamedTuple):
    """The most tasks of one model there were at once."""

    accepted: int
    """Accepted and not finished."""
    running: int


class _Event(NamedTuple):
    at: float
    sequence: int
    task: TaskRecord


class TaskStore:
    """Keeps every task of the account, and the queue in front of each model."""

    def __init__(
        self,
        *,
        clock: EmulatorClock,
        notifier: ChangeNotifier,
        settings: EmulatorSettings,
        on_start: Callable[[TaskRecord], None],
        on_success: Callable[[TaskRecord], None],
        on_end: Callable[[TaskRecord], None],
    ) -> None:
        """Make an empty store.

        Args:
            clock: the time of all events.
            notifier: notified after every change.
            settings: durations and limits.
            on_start: called when a task is RUNNING.
            on_success: called when a task has SUCCEEDED; gives it its URL.
            on_end: called when a task has ended in any way, after that.
        """
        self.tasks: dict[str, TaskRecord] = {}
        """Every task ever accepted, by id, oldest first."""
        self.peaks: dict[str, Peak] = {}
        self._open: dict[str, tuple[int, TaskRecord]] = {}
        self._clock = clock
        self._notifier = notifier
        self._settings = settings
        self._on_start = on_start
        self._on_success = on_success
        self._on_end = on_end
        self._random = random.Random(settings.seed)
        self._cursor = clock.epoch()

    def accept(
        self,
        *,
        task_id: str,
        request_id: str,
        row: ModelRow,
        api_key: str,
        task_input: Mapping[str, object],
        parameters: Mapping[str, object],
        fault: Fault | None,
    ) -> TaskRecord:
        """Create a PENDING task; it waits until its input was inspected."""
        now = self._clock.epoch()
        settings = self._settings
        task = TaskRecord(
            task_id=task_id,
            request_id=request_id,
            row=row,
            region=settings.region,
            api_key=api_key,
            input=task_input,
            parameters=parameters,
            submitted_at=now,
            not_before=now + self._random.uniform(*settings.queue_seconds),
            fail_at=now + self._random.uniform(*settings.failure_seconds),
            run_seconds=self._random.uniform(*(settings.task_seconds or row.task_seconds)),
            fault=fault,
        )
        self._open[task_id] = (len(self.tasks), task)
        self.tasks[task_id] = task
        self._note_peak(row.name)
        self._notifier.notify()
        return task

    def inspected(self, task: TaskRecord, outcome: VideoPlan | TaskProblem) -> None:
        """Say what the inspection of a task's input found; without a problem it may run."""
        if isinstance(outcome, TaskProblem):
            task.problem = outcome
        elif task.fault is not None and task.action == "fail" and task.fault.seconds is not None:
            task.problem = TaskProblem(task.fault.code, task.fault.message)
            task.fail_at = task.submitted_at + task.fault.seconds
        else:
            task.plan = outcome
        task.inspected = True
        self.settle()
        self._notifier.notify()

    def cancel(self, task_id: str) -> bool:
        """Cancel a task, which works while it is PENDING only; return whether it was done."""
        task = self.find(task_id)
        if task is None or task.status != PENDING:
            return False
        self._finish(task, CANCELED, self._clock.epoch())
        self._notifier.notify()
        return True

    def find(self, task_id: str) -> TaskRecord | None:
        """Return a task as of now; None when it is unknown or forgotten."""
        self.settle()
        task = self.tasks.get(task_id)
        if task is None or task.submitted_at + MEMORY_SECONDS <= self._clock.epoch():
            return None
        return task

    def remembered(self) -> list[TaskRecord]:
        """Return all tasks that are not forgotten, as of now, newest first."""
        self.settle()
        horizon = self._clock.epoch() - MEMORY_SECONDS
        return [task for task in reversed(self.tasks.values()) if task.submitted_at > horizon]

    def settle(self) -> None:
        """Carry out everything that was due until now."""
        now = self._clock.epoch()
        changed = False
        while (event := self._next_event()) is not None and event.at <= now:
            self._cursor = max(self._cursor, event.at)
            self._carry_out(event.task, event.at)
            changed = True
        self._cursor = max(self._cursor, now)
        if changed:
            self._notifier.notify()

    def next_event_at(self) -> float | None:
        """Return when something happens next by itself; None when nothing will."""
        event = self._next_event()
        return None if event is None else event.at

    def _next_event(self) -> _Event | None:
        """Find the earliest event: an end, a failure, or the start of the next in a queue."""
        events: list[_Event] = []
        running: dict[str, int] = {}
        heads: dict[str, _Event] = {}
        for sequence, task in self._open.values():
            if task.scheduled_at is not None:
                running[task.model] = running.get(task.model, 0) + 1
                events.append(_Event(self.ends_at(task), sequence, task))
            elif task.action == "hang_pending":
                events.append(_Event(task.submitted_at + EXECUTION_SECONDS, sequence, task))
            elif task.problem is not None:
                events.append(_Event(max(task.fail_at, self._cursor), sequence, task))
            elif task.inspected:
                head = _Event(task.not_before, sequence, task)
                heads[task.model] = min(head, heads.get(task.model, head))
        for model, head in heads.items():
            if running.get(model, 0) < self._concurrency(head.task):
                events.append(head._replace(at=max(head.at, self._cursor)))
        return min(events, default=None)

    def ends_at(self, task: TaskRecord) -> float:
        """Return when a task ends at the latest, emulated Unix time."""
        if task.scheduled_at is None or task.action == "hang_running":
            return task.submitted_at + EXECUTION_SECONDS
        return task.scheduled_at + task.run_seconds

    def _carry_out(self, task: TaskRecord, at: float) -> None:
        if task.action in {"hang_pending", "hang_running"} and (
            at >= task.submitted_at + EXECUTION_SECONDS
        ):
            task.problem = EXECUTION_TIMEOUT
            self._finish(task, FAILED, at)
        elif task.problem is not None:
            self._finish(task, FAILED, at)
        elif task.scheduled_at is None:
            task.status, task.scheduled_at = RUNNING, at
            self._note_peak(task.model)
            self._on_start(task)
        elif task.fault is not None and task.fault.action == "fail":
            task.problem = TaskProblem(task.fault.code, task.fault.message)
            self._finish(task, FAILED, at)
        else:
            self._finish(task, SUCCEEDED, at)

    def _finish(self, task: TaskRecord, status: str, at: float) -> None:
        task.status, task.ended_at = status, at
        del self._open[task.task_id]
        if status == SUCCEEDED:
            self._on_success(task)
        self._on_end(task)

    def _concurrency(self, task: TaskRecord) -> int:
        return self._settings.concurrency or task.row.limits[task.region].running

    def _note_peak(self, model: str) -> None:
        mine = [task for _, task in self._open.values() if task.model == model]
        running = sum(task.scheduled_at is not None for task in mine)
        before = self.peaks.get(model, Peak(0, 0))
        self.peaks[model] = Peak(max(before.accepted, len(mine)), max(before.running, running))
