"""The states of a job, and who may move it.

::

 (new) ─▶ QUEUED ─▶ SUBMITTING ─▶ PENDING ─▶ RUNNING ─▶ DOWNLOADING ─▶ DELIVERING ─▶ DELIVERED
            ▲ ▲        │   │         │ └──────────────────▲   (finished between two polls)
            │ └not taken   ▼         ▼
            └──────── UNCONFIRMED ─▶ PENDING (found) | FAILED / EXPIRED

 terminal: DELIVERED, UNDELIVERABLE, FAILED, CANCELLED, EXPIRED
 in flight: SUBMITTING, UNCONFIRMED, PENDING, RUNNING
 PARKED: taken out of the loops for the operator after three broken claims

Who may move a job along which arrow is the table of ``bot.domain.jobs.transitions``.
"""

from __future__ import annotations

from enum import StrEnum

MAX_CLAIMS = 3
"""Claims without an advance after which a job is parked."""


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    UNCONFIRMED = "unconfirmed"
    PENDING = "pending"
    RUNNING = "running"
    DOWNLOADING = "downloading"
    DELIVERING = "delivering"
    PARKED = "parked"
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


TERMINAL = frozenset(
    {
        JobState.DELIVERED,
        JobState.UNDELIVERABLE,
        JobState.FAILED,
        JobState.CANCELLED,
        JobState.EXPIRED,
    }
)
ACTIVE = frozenset(JobState) - TERMINAL
IN_FLIGHT = frozenset(
    {JobState.SUBMITTING, JobState.UNCONFIRMED, JobState.PENDING, JobState.RUNNING}
)
POLLED = frozenset({JobState.PENDING, JobState.RUNNING})
CANCELLABLE = frozenset(
    {JobState.QUEUED, JobState.SUBMITTING, JobState.UNCONFIRMED, JobState.PENDING}
)
"""Cancelling can still help; the provider does not stop what it has begun."""


class StateFilter(StrEnum):
    """Jobs by what people call their state, as lists of them can be asked for."""

    ACTIVE = "active"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ALL = "all"

    @property
    def states(self) -> frozenset[JobState]:
        """The states that are meant; empty means all."""
        match self:
            case StateFilter.ACTIVE:
                return ACTIVE
            case StateFilter.DONE:
                return frozenset({JobState.DELIVERED, JobState.UNDELIVERABLE})
            case StateFilter.FAILED:
                return frozenset({JobState.FAILED, JobState.EXPIRED})
            case StateFilter.CANCELLED:
                return frozenset({JobState.CANCELLED})
            case StateFilter.ALL:
                return frozenset()


class Owner(StrEnum):
    """The only writers of job states."""

    SUBMISSIONS = "submissions"
    DISPATCHER = "dispatcher"
    POLLER = "poller"
    DOWNLOADER = "downloader"
    DELIVERER = "deliverer"
    RECONCILER = "reconciler"
    REAPER = "reaper"
    OPERATOR = "operator"
