"""Makes the emulator misbehave on purpose, each fault for a number of times.

=========  =======================================================================================
point      actions
=========  =======================================================================================
create     drop, reset, hang, delay, error, html, raw, drip, cut, no_task_id; ``accept`` says
           whether the task is created all the same (default: for hang, delay and no_task_id)
query      drop, reset, hang, delay, error, html, raw, drip, cut, unknown
list       drop, reset, hang, delay, error, html, raw, drip, cut
cancel     the same
upload     the same
task       fail, hang_pending, hang_running, status, no_video_url, foreign_host: decided when the
           task is created
result     drop, reset, hang, delay, error, html, raw, expired, truncate, short_file, big, drip,
           redirect
callback   never, late, twice, wrong_key, wrong_token, old, foreign_host, altered: decided when the
           task ends, for all tries of its call
account    revoke, arrears: stand until removed
=========  =======================================================================================
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

REQUEST_ACTIONS = frozenset({"drop", "reset", "hang", "delay", "error", "html", "raw"})
ANSWER_ACTIONS = REQUEST_ACTIONS | {"drip", "cut"}
ACTIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "create": ANSWER_ACTIONS | {"no_task_id"},
        "query": ANSWER_ACTIONS | {"unknown"},
        "list": ANSWER_ACTIONS,
        "cancel": ANSWER_ACTIONS,
        "upload": ANSWER_ACTIONS,
        "task": frozenset(
            {"fail", "hang_pending", "hang_running", "status", "no_video_url", "foreign_host"}
        ),
        "result": REQUEST_ACTIONS
        | {"expired", "truncate", "short_file", "big", "drip", "redirect"},
        "callback": frozenset(
            {
                *("never", "late", "twice"),
                *("wrong_key", "wrong_token", "old", "foreign_host", "altered"),
            }
        ),
        "account": frozenset({"revoke", "arrears"}),
    }
)
ACCEPTED_ALL_THE_SAME = frozenset({"hang", "delay", "no_task_id"})
ANSWERED_WITH_SUCCESS = frozenset({"html", "raw", "drip", "cut"})
"""These answer 200 unless another status is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One switch; the fields an action does not use are ignored."""

    point: str
    action: str
    times: int | None = 1
    """How often it applies; None: until it is removed."""
    skip: int = 0
    """How many matching occasions pass unharmed first."""
    share: float | None = None
    """On which share of the occasions it applies, drawn by lot; None: on each."""
    model: str | None = None
    """Only for this model. A query or cancel of an unknown task has none."""
    task_id: str | None = None
    """Only for this task."""
    accept: bool | None = None
    """create: whether the task exists although the answer is faulty."""
    status: int = 500
    """error, html, raw, drip, cut: HTTP status of the answer; all but error answer 200 unless it
    is given."""
    code: str = "InternalError"
    """error, fail: the service's code."""
    message: str = (
        "An internal error has occured, please try again later or contact service support."
    )
    """error, fail: the service's sentence."""
    seconds: float | None = None
    """delay: how long, real seconds. hang: until then, None until the server ends. fail: how long
    after the creation, emulated seconds; None: when the task would have succeeded. late, old: how
    late or old, emulated seconds; None: 90."""
    text: str = "SUSPENDED"
    """status: the task status to show while the task runs. raw: the body. drip: the body, sent
    slowly. cut: the body, of which half arrives."""
    content_type: str = "application/json"
    """raw, drip, cut: of the body; empty: none."""
    bytes: int = 12 * 1024 * 1024
    """big: size of the file. truncate, short_file: how much of it is sent."""
    bytes_per_second: int = 64 * 1024
    """drip: speed of the answer or download."""
    location: str | None = None
    """redirect: where to; None: the same address. foreign_host: scheme and host, of the
    result or of the certificate."""
    key: str | None = None
    """revoke: the key; None: all of them."""

    def __post_init__(self) -> None:
        """Refuse combinations that would silently do nothing."""
        if self.action not in ACTIONS.get(self.point, frozenset()):
            message = f"there is no fault {self.point}/{self.action}"
            raise ValueError(message)
        if self.times is not None and self.times < 1:
            message = "a fault applies at least once"
            raise ValueError(message)
        if self.share is not None and not 0 < self.share <= 1:
            message = "a share is above 0 and at most 1"
            raise ValueError(message)

    @property
    def accepts(self) -> bool:
        """Whether a faulty creation leaves a task behind."""
        return self.action in ACCEPTED_ALL_THE_SAME if self.accept is None else self.accept


@dataclass(slots=True)
class _Switch:
    fault: Fault
    left: int | None
    skip: int


FIELDS = frozenset(item.name for item in fields(Fault))


class PlannedFaults:
    """Keeps the faults that are still to happen."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._ids = itertools.count(1)
        self._switches: dict[int, _Switch] = {}
        self.taken = 0
        """How often any of them applied, those of the account left out."""

    def add(self, point: str, action: str, **details: object) -> int:
        """Turn a switch on and return its number; ``details`` are the fields of `Fault`.

        Raises:
            ValueError: no such fault, or no such detail.
        """
        unknown = details.keys() - FIELDS
        if unknown:
            message = f"a fault has no {', '.join(sorted(unknown))}"
            raise ValueError(message)
        if action in ANSWERED_WITH_SUCCESS:
            details.setdefault("status", 200)
        if point == "account":
            details.setdefault("times", None)
        # The fields were checked by name; their types are the caller's own affair.
        fault = Fault(point=point, action=action, **details)  # type: ignore[arg-type]
        number = next(self._ids)
        self._switches[number] = _Switch(fault, fault.times, fault.skip)
        return number

    def remove(self, number: int) -> None:
        """Turn one switch off; nothing happens when it is off already."""
        self._switches.pop(number, None)

    def clear(self) -> None:
        """Turn all switches off."""
        self._switches.clear()

    def active(self) -> list[tuple[int, Fault, int | None]]:
        """Return number, fault and how often it still applies, in the order they were added."""
        return [(number, item.fault, item.left) for number, item in self._switches.items()]

    def take(
        self, point: str, *, model: str | None = None, task_id: str | None = None
    ) -> Fault | None:
        """Return the first fault that applies now, and count that it did."""
        for number, item in list(self._switches.items()):
            fault = item.fault
            if fault.point != point or (fault.model is not None and fault.model != model):
                continue
            if fault.task_id is not None and fault.task_id != task_id:
                continue
            if fault.share is not None and self._random.random() >= fault.share:
                continue
            if item.skip:
                item.skip -= 1
                continue
            if item.left is not None:
                item.left -= 1
                if item.left == 0:
                    del self._switches[number]
            self.taken += 1
            return fault
        return None

    def in_arrears(self) -> bool:
        """Whether the account is told that it has not paid."""
        return any(item.fault.action == "arrears" for item in self._switches.values())

    def revoked(self, key: str) -> bool:
        """Whether a key no longer works."""
        return any(
            item.fault.action == "revoke" and item.fault.key in {None, key}
            for item in self._switches.values()
        )
