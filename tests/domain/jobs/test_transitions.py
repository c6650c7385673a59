"""The table of transitions, walked: nothing charged wrongly, nothing stuck, nobody else may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.amounts import NOTHING, Amounts
from bot.domain.errors import InvalidTransitionError
from bot.domain.jobs.job import Job, Step
from bot.domain.jobs.ledger import EntryKind, LedgerEntry
from bot.domain.jobs.states import ACTIVE, IN_FLIGHT, POLLED, TERMINAL, JobState, Owner
from bot.domain.jobs.transitions import TRANSITIONS, open_job, transition
from tests.fakes import NOW, a_job

ARROWS = {(row.source, row.target): row for row in TRANSITIONS}


def _step(job: Job, target: JobState, owner: Owner, *, billed_seconds: int = 5) -> Step:
    """Take an arrow the way its owner does."""
    if target is JobState.DOWNLOADING and job.state is not JobState.PARKED:
        return transition(
            job,
            target,
            owner=owner,
            at=NOW,
            billed=job.price.billed(seconds=billed_seconds),
        )
    return transition(job, target, owner=owner, at=NOW)


def _ways(job: Job) -> list[tuple[JobState, Owner]]:
    """Return the arrows that lead out of where a job is."""
    found = []
    for row in TRANSITIONS:
        if row.source is job.state:
            for owner in sorted(row.owners):
                try:
                    _step(job, row.target, owner)
                except InvalidTransitionError:
                    assert row.source is JobState.PARKED, "only a parked job has two sides"
                else:
                    found.append((row.target, owner))
    return found


@given(data=st.data())
def test_any_path_leaves_nothing_or_what_was_billed(data: st.DataObject) -> None:
    billed_seconds = data.draw(st.integers(0, 9))
    first = open_job(a_job())
    job, entries = first.after, [first.entry]
    for _ in range(data.draw(st.integers(0, 40))):
        ways = _ways(job)
        if not ways:
            break
        target, owner = data.draw(st.sampled_from(ways))
        step = _step(job, target, owner, billed_seconds=billed_seconds)
        assert step.after.version == job.version + 1
        job = step.after
        entries.append(step.entry)
    written = [entry for entry in entries if entry is not None]
    _check_ledger(job, written, billed_seconds)


def _check_ledger(job: Job, entries: list[LedgerEntry], billed_seconds: int) -> None:
    kinds = [entry.kind for entry in entries]
    total = sum((entry.amounts for entry in entries), NOTHING)
    assert all(entry.counted_at == job.times.counted_at for entry in entries)
    assert kinds[0] is EntryKind.RESERVE
    assert kinds.count(EntryKind.RESERVE) == 1
    assert kinds.count(EntryKind.CHARGE) + kinds.count(EntryKind.RELEASE) <= 1
    assert (EntryKind.ADJUST not in kinds) or kinds[-2:] == [EntryKind.CHARGE, EntryKind.ADJUST]
    if job.state in {JobState.DELIVERED, JobState.UNDELIVERABLE}:
        assert total == job.price.billed(seconds=billed_seconds) == job.result.billed
    elif job.is_terminal:
        assert total == NOTHING
        assert job.failure.operator_loss == (EntryKind.ADJUST in kinds)
    elif EntryKind.CHARGE not in kinds:
        assert total == job.price.reserved


def test_terminal_states_are_final() -> None:
    assert not [row for row in TRANSITIONS if row.source in TERMINAL]


@pytest.mark.parametrize("state", sorted(ACTIVE))
def test_every_other_state_has_a_way_out_that_ends(state: JobState) -> None:
    reached, new = {state}, {state}
    while new:
        new = {row.target for row in TRANSITIONS if row.source in new} - reached
        reached |= new
    assert reached & TERMINAL


@pytest.mark.parametrize("state", sorted(ACTIVE))
def test_every_other_state_is_reached(state: JobState) -> None:
    assert [row for row in TRANSITIONS if row.target is state]


@pytest.mark.parametrize("source", sorted(JobState))
def test_no_other_arrow_is_accepted_and_no_other_owner(source: JobState) -> None:
    for target in JobState:
        for owner in Owner:
            row = ARROWS.get((source, target))
            if row is not None and owner in row.owners:
                continue
            for job in (a_job(state=source), a_job(state=source, billed_seconds=5)):
                with pytest.raises(InvalidTransitionError):
                    transition(
                        job, target, owner=owner, at=NOW, billed=Amounts(videos=1, seconds=5)
                    )


def test_each_arrow_is_drawn_once() -> None:
    assert len(ARROWS) == len(TRANSITIONS)


# Written out a second time, from the contract: a slip in one of the two shows.
_OWNERS: dict[tuple[str, str], str] = {
    ("queued", "cancelled"): "submissions reaper",
    ("queued", "expired"): "reaper",
    ("queued", "failed"): "dispatcher",
    ("queued", "submitting"): "dispatcher",
    ("submitting", "pending"): "dispatcher",
    ("submitting", "queued"): "dispatcher",
    ("submitting", "failed"): "dispatcher",
    ("submitting", "unconfirmed"): "dispatcher reaper",
    ("unconfirmed", "pending"): "dispatcher reconciler operator",
    ("unconfirmed", "queued"): "reconciler operator",
    ("unconfirmed", "failed"): "reconciler operator",
    ("unconfirmed", "expired"): "reaper",
    ("pending", "running"): "poller",
    ("pending", "downloading"): "poller",
    ("pending", "queued"): "poller",
    ("pending", "failed"): "poller operator",
    ("pending", "cancelled"): "poller",
    ("pending", "expired"): "poller",
    ("running", "downloading"): "poller",
    ("running", "queued"): "poller",
    ("running", "failed"): "poller operator",
    ("running", "cancelled"): "poller",
    ("running", "expired"): "poller",
    ("downloading", "delivering"): "downloader",
    ("downloading", "failed"): "downloader",
    ("downloading", "expired"): "downloader",
    ("delivering", "delivered"): "deliverer",
    ("delivering", "undeliverable"): "deliverer",
    ("parked", "failed"): "operator reaper",
}


def test_table_is_the_contracts() -> None:
    drawn = {
        (row.source.value, row.target.value): row.owners
        for row in TRANSITIONS
        if row.source is not None
        and row.target is not JobState.PARKED
        and (row.source is not JobState.PARKED or row.target in TERMINAL)
    }
    assert drawn == {
        arrow: frozenset(Owner(name) for name in names.split()) for arrow, names in _OWNERS.items()
    }


@pytest.mark.parametrize(
    ("source", "target", "kind"),
    [
        ("queued", "cancelled", "release"),
        ("queued", "submitting", None),
        ("submitting", "unconfirmed", None),
        ("unconfirmed", "queued", None),
        ("unconfirmed", "expired", "release"),
        ("pending", "downloading", "charge"),
        ("running", "downloading", "charge"),
        ("running", "queued", None),
        ("running", "failed", "release"),
        ("running", "cancelled", "release"),
        ("running", "expired", "release"),
        ("downloading", "delivering", None),
        ("downloading", "failed", "adjust"),
        ("downloading", "expired", "adjust"),
        ("delivering", "delivered", None),
        ("delivering", "undeliverable", None),
    ],
)
def test_entry_follows_from_the_arrow(source: str, target: str, kind: str | None) -> None:
    row = ARROWS[JobState(source), JobState(target)]
    assert row.entries == {None if kind is None else EntryKind(kind)}


# --- one step --------------------------------------------------------------------------------


def test_step_begins_a_state_afresh() -> None:
    job = a_job(
        state=JobState.DOWNLOADING,
        claims=2,
        attempts=3,
        lease_owner="w",
        lease_until=NOW,
        not_before=NOW,
        billed_seconds=5,
    )
    at = NOW + timedelta(seconds=9)
    after = transition(job, JobState.DELIVERING, owner=Owner.DOWNLOADER, at=at).after
    assert (after.lease.claims, after.lease.attempts, after.lease.owner, after.lease.until) == (
        0,
        0,
        None,
        None,
    )
    assert (after.lease.not_before, after.times.entered_at, after.times.finished_at) == (
        None,
        at,
        None,
    )


def test_terminal_step_says_when() -> None:
    step = transition(a_job(), JobState.EXPIRED, owner=Owner.REAPER, at=NOW)
    assert step.after.times.finished_at == NOW
    assert (step.event.source, step.event.target) == (JobState.QUEUED, JobState.EXPIRED)


def test_charge_needs_what_was_billed() -> None:
    with pytest.raises(InvalidTransitionError):
        transition(a_job(state=JobState.RUNNING), JobState.DOWNLOADING, owner=Owner.POLLER, at=NOW)


def test_parked_job_remembers_where_it_was() -> None:
    job = a_job(state=JobState.RUNNING)
    step = transition(job, JobState.PARKED, owner=Owner.POLLER, at=NOW)
    assert step.after.lease.parked_from is JobState.RUNNING
    back = transition(step.after, JobState.RUNNING, owner=Owner.OPERATOR, at=NOW)
    assert back.after.lease.parked_from is None


@pytest.mark.parametrize(
    ("billed_seconds", "target"),
    [(5, JobState.QUEUED), (5, JobState.PENDING), (None, JobState.DELIVERING)],
)
def test_parked_job_stays_on_its_side_of_the_charge(
    billed_seconds: int | None, target: JobState
) -> None:
    job = a_job(state=JobState.PARKED, billed_seconds=billed_seconds)
    with pytest.raises(InvalidTransitionError):
        transition(job, target, owner=Owner.OPERATOR, at=NOW)


def test_state_is_either_active_or_terminal_and_only_active_ones_are_in_flight() -> None:
    assert set(JobState) == ACTIVE | TERMINAL
    assert not ACTIVE & TERMINAL
    assert POLLED < IN_FLIGHT < ACTIVE


def test_options_are_what_the_member_chose() -> None:
    options = a_job(prompt="fox", seed=3, spoiler=True, loop=True).options
    assert (options.prompt, options.seed, options.spoiler, options.loop) == ("fox", 3, True, True)
