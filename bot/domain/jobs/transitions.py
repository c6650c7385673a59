"""What may become of a job: the only table of state changes, and the pure step along it.

``TRANSITIONS`` is data. ``transition`` yields a ``Step``, which the storage writes in one
transaction: the job's row, the ledger entry, the event. The diagram heads ``bot.domain.jobs.job``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.amounts import NOTHING, Amounts
from bot.domain.errors import InvalidTransitionError
from bot.domain.jobs.changes import JobChanges, changed
from bot.domain.jobs.job import Detail, Job, JobEvent, Step
from bot.domain.jobs.ledger import EntryKind, LedgerEntry
from bot.domain.jobs.states import ACTIVE, TERMINAL, JobState, Owner

_CHARGED = frozenset({JobState.DOWNLOADING, JobState.DELIVERING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One arrow of the diagram."""

    source: JobState | None
    """None for a new job."""
    target: JobState
    owners: frozenset[Owner]
    trigger: str
    entries: frozenset[EntryKind | None] = frozenset({None})
    """Ledger entries that may go with the arrow; None where there may be none."""


def _rows(
    sources: tuple[JobState | None, ...],
    target: JobState,
    owners: tuple[Owner, ...],
    trigger: str,
    *entries: EntryKind,
) -> list[Transition]:
    return [
        Transition(
            source=source,
            target=target,
            owners=frozenset(owners),
            trigger=trigger,
            entries=frozenset(entries) or frozenset({None}),
        )
        for source in sources
    ]


_S, _O, _E = JobState, Owner, EntryKind
_THREE = "three claims without an advance"

TRANSITIONS: tuple[Transition, ...] = (
    *_rows((None,), _S.QUEUED, (_O.SUBMISSIONS,), "valid, and every rule has room", _E.RESERVE),
    *_rows(
        (_S.QUEUED,),
        _S.CANCELLED,
        (_O.SUBMISSIONS, _O.REAPER),
        "cancelled, or the status message was refused or never appeared",
        _E.RELEASE,
    ),
    *_rows((_S.QUEUED,), _S.EXPIRED, (_O.REAPER,), "older than QUEUE_TTL_SECONDS", _E.RELEASE),
    *_rows((_S.QUEUED,), _S.FAILED, (_O.DISPATCHER,), "the lane was switched off", _E.RELEASE),
    *_rows((_S.QUEUED,), _S.SUBMITTING, (_O.DISPATCHER,), "the lane has room"),
    *_rows((_S.SUBMITTING,), _S.PENDING, (_O.DISPATCHER,), "a task id came back"),
    *_rows((_S.SUBMITTING,), _S.QUEUED, (_O.DISPATCHER,), "certainly not taken"),
    *_rows((_S.SUBMITTING,), _S.FAILED, (_O.DISPATCHER,), "refused", _E.RELEASE),
    *_rows(
        (_S.UNCONFIRMED,),
        _S.PENDING,
        (_O.DISPATCHER, _O.RECONCILER, _O.OPERATOR),
        "a task id came back after all, or the task was found",
    ),
    *_rows((_S.UNCONFIRMED,), _S.QUEUED, (_O.RECONCILER, _O.OPERATOR), "certainly not taken"),
    *_rows(
        (_S.UNCONFIRMED,),
        _S.FAILED,
        (_O.RECONCILER, _O.OPERATOR),
        "given up",
        _E.RELEASE,
    ),
    *_rows(
        (_S.SUBMITTING,),
        _S.UNCONFIRMED,
        (_O.DISPATCHER, _O.REAPER),
        "nobody saw an answer",
    ),
    *_rows((_S.UNCONFIRMED,), _S.EXPIRED, (_O.REAPER,), "27 h after sent_at", _E.RELEASE),
    *_rows((_S.PENDING,), _S.RUNNING, (_O.POLLER,), "the provider began"),
    *_rows(
        (_S.PENDING, _S.RUNNING), _S.DOWNLOADING, (_O.POLLER,), "SUCCEEDED and billed", _E.CHARGE
    ),
    *_rows((_S.PENDING, _S.RUNNING), _S.QUEUED, (_O.POLLER,), "a transient failure, once"),
    *_rows(
        (_S.PENDING, _S.RUNNING),
        _S.FAILED,
        (_O.POLLER, _O.OPERATOR),
        "FAILED, or given up by the operator",
        _E.RELEASE,
    ),
    *_rows((_S.PENDING, _S.RUNNING), _S.CANCELLED, (_O.POLLER,), "reads CANCELED", _E.RELEASE),
    *_rows(
        (_S.PENDING, _S.RUNNING),
        _S.EXPIRED,
        (_O.POLLER,),
        "UNKNOWN for good, or unreadable for 27 h",
        _E.RELEASE,
    ),
    *_rows(
        (_S.DOWNLOADING,), _S.DELIVERING, (_O.DOWNLOADER,), "kept, and it plays, or does re-encoded"
    ),
    *_rows(
        (_S.DOWNLOADING,),
        _S.EXPIRED,
        (_O.DOWNLOADER,),
        "the URL is past its Expires",
        _E.ADJUST,
    ),
    *_rows(
        (_S.DOWNLOADING,),
        _S.FAILED,
        (_O.DOWNLOADER,),
        "the URL expired, and no decoder reads what is kept",
        _E.ADJUST,
    ),
    *_rows((_S.DELIVERING,), _S.DELIVERED, (_O.DELIVERER,), "Discord returned the message"),
    *_rows(
        (_S.DELIVERING,),
        _S.UNDELIVERABLE,
        (_O.DELIVERER,),
        "message, channel and DM all refused; the file is kept",
    ),
    *_rows((_S.SUBMITTING,), _S.PARKED, (_O.DISPATCHER,), _THREE),
    *_rows((_S.PENDING, _S.RUNNING), _S.PARKED, (_O.POLLER,), _THREE),
    *_rows((_S.DOWNLOADING,), _S.PARKED, (_O.DOWNLOADER,), _THREE),
    *_rows((_S.DELIVERING,), _S.PARKED, (_O.DELIVERER,), _THREE),
    *(
        row
        for target in (_S.QUEUED, _S.PENDING, _S.RUNNING, _S.DOWNLOADING, _S.DELIVERING)
        for row in _rows((_S.PARKED,), target, (_O.OPERATOR,), "taken up again")
    ),
    *_rows(
        (_S.PARKED,),
        _S.FAILED,
        (_O.OPERATOR, _O.REAPER),
        "given up by the operator, or after RETENTION_DAYS",
        _E.RELEASE,
        _E.ADJUST,
    ),
)

_BY_ARROW: Mapping[tuple[JobState | None, JobState], Transition] = {
    (row.source, row.target): row for row in TRANSITIONS
}


def open_job(job: Job) -> Step:
    """Return the step that stores a new job with its RESERVE."""
    _check(None, JobState.QUEUED, Owner.SUBMISSIONS, EntryKind.RESERVE)
    event = JobEvent(
        job_id=job.id,
        at=job.times.created_at,
        owner=Owner.SUBMISSIONS,
        name="advanced",
        target=JobState.QUEUED,
    )
    entry = _entry(job, EntryKind.RESERVE, job.price.reserved, at=job.times.created_at)
    return Step(before=None, after=job, event=event, entry=entry)


def transition(
    job: Job,
    target: JobState,
    *,
    owner: Owner,
    at: datetime,
    detail: Detail | None = None,
    billed: Amounts | None = None,
    changes: JobChanges | None = None,
) -> Step:
    """Return the step from a job's state to another.

    The ledger entry follows from the arrow: CHARGE needs ``billed``; RELEASE gives the reservation
    back; ADJUST gives back what was charged.

    Args:
        job: the job as read.
        target: the state to enter.
        owner: who asks; the table knows who may.
        at: the moment of the change.
        detail: facts for the event.
        billed: what the provider really billed, for a CHARGE.
        changes: other fields of the job that change with it.

    Raises:
        InvalidTransitionError: the table has no such arrow for this owner and entry.
    """
    kind = _entry_kind(job, target)
    _check(job.state, target, owner, kind)
    _check_charge(job, target)
    entering: JobChanges = {
        "state": target,
        "version": job.version + 1,
        "entered_at": at,
        "finished_at": at if target in TERMINAL else None,
        "not_before": None,
        "claims": 0,
        "attempts": 0,
        "lease_owner": None,
        "lease_until": None,
        "parked_from": job.state if target is JobState.PARKED else None,
    }
    after = changed(changed(job, entering), changes or {})
    entry = _settle(job, kind, billed, at=at)
    if entry is not None and entry.kind is EntryKind.ADJUST:
        after = changed(after, {"operator_loss": True})
    if billed is not None:
        after = changed(after, {"billed": billed})
    event = JobEvent(
        job_id=job.id,
        at=at,
        owner=owner,
        name="advanced",
        source=job.state,
        target=target,
        detail=detail or {},
    )
    return Step(before=job, after=after, event=event, entry=entry)


def _entry_kind(job: Job, target: JobState) -> EntryKind | None:
    row = _BY_ARROW.get((job.state, target))
    kinds = row.entries if row else frozenset({None})
    if kinds == {EntryKind.RELEASE, EntryKind.ADJUST}:
        # Only PARKED can be either side of the CHARGE.
        return EntryKind.ADJUST if job.result.billed is not None else EntryKind.RELEASE
    (kind,) = kinds
    return kind


def _check(source: JobState | None, target: JobState, owner: Owner, kind: EntryKind | None) -> None:
    row = _BY_ARROW.get((source, target))
    if row is None or owner not in row.owners or kind not in row.entries:
        raise InvalidTransitionError(f"{source} -> {target} by {owner} with {kind}")


def _check_charge(job: Job, target: JobState) -> None:
    """Let a parked job go back only to its own side of the CHARGE: there is one per job."""
    if job.state is JobState.PARKED and target in ACTIVE:
        is_charged = job.result.billed is not None
        if is_charged != (target in _CHARGED):
            raise InvalidTransitionError(f"parked -> {target}, charged: {is_charged}")


def _settle(
    job: Job, kind: EntryKind | None, billed: Amounts | None, *, at: datetime
) -> LedgerEntry | None:
    match kind:
        case None:
            return None
        case EntryKind.CHARGE:
            if billed is None:
                raise InvalidTransitionError("a CHARGE needs what was billed")
            return _entry(job, kind, billed - job.price.reserved, at=at)
        case EntryKind.RELEASE:
            return _entry(job, kind, -job.price.reserved, at=at)
        case EntryKind.ADJUST:
            return _entry(job, kind, -(job.result.billed or NOTHING), at=at, reason="operator_loss")
        case EntryKind.RESERVE:
            raise InvalidTransitionError("only a new job reserves")


def _entry(
    job: Job, kind: EntryKind, amounts: Amounts, *, at: datetime, reason: str = ""
) -> LedgerEntry:
    return LedgerEntry(
        job_id=job.id,
        guild_id=job.guild_id,
        user_id=job.requester.user_id,
        model=job.spec.model,
        kind=kind,
        amounts=amounts,
        counted_at=job.times.counted_at,
        at=at,
        reason=reason,
    )
