"""When to look again, and when to give up: spans and deadlines with their reasons."""

from __future__ import annotations

from datetime import timedelta

CREATE_LEASE = timedelta(seconds=120)
"""A claim of a create; twice its own deadline of 60 s."""

CREATE_DEADLINE_SECONDS = 60
"""A create call is given up after this; the answer may still have been a task."""

STATUS_MESSAGE_DEADLINE = timedelta(seconds=120)
"""A queued job without a status message for this long is cancelled."""

STATUS_MESSAGE_GRACE = timedelta(seconds=20)
"""Before this the command that made the job is still posting the message itself."""

UNCONFIRMED_DEADLINE = timedelta(hours=27)
"""The provider forgets a task 24 h after its end, which is at most 3 h after its start."""

WINDOW_MARGIN = timedelta(seconds=5)
"""Network and clock error on both sides of the window an unseen task may be born in."""

UNCONFIRMED_GAP = 2 * WINDOW_MARGIN + timedelta(seconds=1)
"""A lane rests this long after an unanswered create, so that no two windows overlap."""

UNCONFIRMED_COUNTS_FOR = timedelta(hours=3, minutes=10)
"""An unseen task can occupy its lane for the provider's 3 h of execution, and a margin."""

TASK_MEMORY = timedelta(hours=24)
"""The provider answers UNKNOWN for older tasks."""

UNKNOWN_SPAN = timedelta(minutes=10)
UNKNOWN_POLLS = 3
"""So many UNKNOWN answers over that span end a younger task."""

LONGEST_WAIT = timedelta(minutes=15)
"""No work that failed is put off for longer; a moment further ahead was stored by another clock."""

ACCOUNT_PROBE_INTERVAL = timedelta(minutes=5)
"""A paused account is tried with a free list call this often."""

LANE_OFF_FOR = timedelta(hours=1)
"""How long nothing is submitted to a model that was refused to the account: it may have been opened
since, or one strange answer was taken for a refusal. A refused create costs nothing."""

LATE_POLL_FACTOR = 4
"""Polling slows by this after TASK_TIMEOUT_SECONDS."""

SLOW_POLL_FACTOR = 2
"""For models whose documentation asks for twice the interval (kf2v 2.1: every 30 s)."""


def poll_interval(*, interval_seconds: float, slow: bool, late: bool) -> timedelta:
    """Return the least time between two polls of one task."""
    factor = (SLOW_POLL_FACTOR if slow else 1) * (LATE_POLL_FACTOR if late else 1)
    return timedelta(seconds=interval_seconds * factor)
