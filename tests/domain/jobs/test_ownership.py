"""Whose a listed task is: little worlds in which the truth is known, and the edges of each rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from bot.domain.ids import TaskId
from bot.domain.jobs.job import Job
from bot.domain.jobs.ownership import (
    Listing,
    UnresolvedReason,
    Verdict,
    is_made_from,
    may_be_of,
    settled_at,
)
from bot.domain.jobs.states import JobState
from bot.domain.requests.task import ListedTask, TaskState
from tests.fakes import KEY_ID, MODEL, NOW, a_job, altered

WORLDS = settings(max_examples=5 * settings().max_examples // 2)
MARGIN_SECONDS = 4.9
"""How long before its create leaves, or after it is given up, a task is born at the most."""


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def a_row(task_id: str, *, at: float, key: str = KEY_ID) -> ListedTask:
    """Return a row of the list, born so many seconds after the beginning by its own clock."""
    return ListedTask(
        task_id=TaskId(task_id),
        model=MODEL,
        state=TaskState.PENDING,
        created_at=NOW + seconds(at),
        api_key_id=key,
    )


def a_create(
    at: float, *, waited: float = 60, state: JobState = JobState.UNCONFIRMED, **changes: object
) -> Job:
    """Return a job whose create left so many seconds after the beginning."""
    made = {"sent_at": NOW + seconds(at), "create_abandoned_at": NOW + seconds(at + waited)}
    return a_job(**({"state": state} | made | changes))


def answered(at: float, *, latency: float = 1, task_id: str = "own") -> Job:
    """Return a job whose create was answered."""
    return a_create(
        at,
        state=JobState.RUNNING,
        create_abandoned_at=None,
        task_id=TaskId(task_id),
        confirmed_at=NOW + seconds(at + latency),
    )


def a_listing(
    *rows: ListedTask,
    lost: tuple[Job, ...] = (),
    owners: tuple[Job, ...] = (),
    at: float = 3_600,
    key: str | None = KEY_ID,
) -> Listing:
    return Listing(
        begun_at=NOW + seconds(at),
        tasks=rows,
        owners={job.task.id: job for job in owners if job.task.id},
        disowned=frozenset(),
        unanswered=lost,
        api_key_id=key,
    )


# --- little worlds ---------------------------------------------------------------------------


@dataclass(kw_only=True)
class World:
    """A lane's creates one after the other, what became of them, and who else is at work."""

    offset_seconds: float
    key_known: bool
    creates: list[Job] = field(default_factory=list)
    rows: list[ListedTask] = field(default_factory=list)
    made: dict[str, str] = field(default_factory=dict)
    """The truth: the task each create made."""
    hidden: set[str] = field(default_factory=set)
    """Tasks the list does not show yet."""

    def add(self, job: Job, born: float | None) -> None:
        """Add a create, and the task it made."""
        self.creates.append(job)
        if born is not None:
            task_id = job.task.id or TaskId(f"task-{len(self.rows)}")
            self.made[job.id] = task_id
            self.rows.append(a_row(task_id, at=born + self.offset_seconds))

    def listing(self, at: float) -> Listing:
        """Return what the list shows at a moment."""
        return a_listing(
            *(row for row in self.rows if row.task_id not in self.hidden),
            lost=tuple(job for job in self.creates if job.task.id is None),
            owners=tuple(job for job in self.creates if job.task.id),
            at=at,
            key=KEY_ID if self.key_known else None,
        )


FATES = ("answered", "taken", "taken", "not taken", "given up")


@st.composite
def worlds(
    draw: st.DrawFn, *, most_late: float = MARGIN_SECONDS, strangers: bool = False
) -> tuple[World, float]:
    """Draw a world and the moment at which its last create was given up."""
    world = World(
        offset_seconds=draw(st.sampled_from((0.0, 0.0, 3.0, -40.0, 300.0, -700.0))),
        key_known=draw(st.booleans()),
    )
    at = 0.0
    for number in range(draw(st.integers(1, 4))):
        waited = draw(st.sampled_from((0.1, 1.0, 20.0, 60.0)))
        fate = draw(st.sampled_from(FATES))
        born = at + draw(st.floats(0, waited + most_late))
        if fate == "answered":
            job = answered(at, latency=waited, task_id=f"own-{number}")
            world.add(job, min(born, at + waited))
            world.key_known = True
        elif fate == "given up":
            job = a_create(at, waited=waited, state=JobState.FAILED, possibly_billed=True)
            world.add(job, draw(st.sampled_from((born, None))))
        else:
            world.add(a_create(at, waited=waited), born if fate == "taken" else None)
        at += waited + 11 + draw(st.sampled_from((0.0, 1.0, 300.0)))
    for number in range(draw(st.integers(0, 3))):
        born = draw(st.floats(-900, at + 900)) + world.offset_seconds
        key = KEY_ID if strangers and draw(st.booleans()) else "another"
        world.rows.append(a_row(f"stranger-{number}", at=born, key=key))
    return world, at


@WORLDS
@given(worlds(most_late=600))
def test_found_is_the_truth_however_late_creates_are_carried_out(
    drawn: tuple[World, float],
) -> None:
    world, at = drawn
    for job_id, finding in world.listing(at).findings().items():
        if finding.verdict is Verdict.FOUND:
            assert [task.task_id for task in finding.tasks] == [world.made.get(job_id)]


@WORLDS
@given(worlds(), st.data())
def test_found_is_always_the_truth(drawn: tuple[World, float], data: st.DataObject) -> None:
    world, at = drawn
    names = [row.task_id for row in world.rows]
    world.hidden = data.draw(st.sets(st.sampled_from(names))) if names else set()
    for job_id, finding in world.listing(at).findings().items():
        event(finding.verdict)
        if finding.verdict is Verdict.FOUND:
            assert [task.task_id for task in finding.tasks] == [world.made.get(job_id)]


@WORLDS
@given(worlds(most_late=600, strangers=True))
def test_absent_is_always_the_truth_once_the_list_has_settled(drawn: tuple[World, float]) -> None:
    world, _ = drawn
    listing = world.listing(7_200)
    for job_id, finding in listing.findings().items():
        event(finding.verdict)
        if finding.verdict is Verdict.ABSENT:
            assert job_id not in world.made


@WORLDS
@given(worlds(strangers=True))
def test_nothing_is_found_while_it_shows_that_others_use_the_key(
    drawn: tuple[World, float],
) -> None:
    world, at = drawn
    listing = world.listing(at)
    offset = listing.offset()
    foreign = [
        row
        for row in listing.tasks
        if row.api_key_id == KEY_ID
        and row.task_id not in listing.owners
        and not any(may_be_of(job, row, offset) for job in listing.unanswered)
    ]
    found = [finding for finding in listing.findings().values() if finding.verdict is Verdict.FOUND]
    event(f"others use it: {bool(foreign)}")
    assert not (foreign and found)


@WORLDS
@given(worlds())
def test_nothing_is_found_or_queued_again_by_a_key_that_is_not_known(
    drawn: tuple[World, float],
) -> None:
    world, at = drawn
    world.key_known = False
    listing = world.listing(at)
    for job in listing.unanswered:
        assert not listing.has_control(job)
    assert all(finding.verdict is not Verdict.FOUND for finding in listing.findings().values())


@given(
    st.sampled_from((0.0, 3.0, -40.0, 300.0, 28_800.0)),
    st.floats(0, 64),
    st.sampled_from((-100.0, 100.0)),
)
def test_lost_task_is_found_where_an_answered_one_shows_the_clock(
    offset: float, born: float, own: float
) -> None:
    world = World(offset_seconds=offset, key_known=True)
    world.add(answered(own), own + 0.5)
    world.add(a_create(0), born)
    (finding,) = world.listing(200).findings().values()
    assert finding.verdict is Verdict.FOUND


# --- the edges -------------------------------------------------------------------------------

OWN = answered(-60, latency=0)
CONTROL = a_row("own", at=-60)


def finding_of(
    *rows: ListedTask, lost: Job, others: tuple[Job, ...] = (), **changes: object
) -> tuple[Verdict, UnresolvedReason | None]:
    listing = a_listing(
        CONTROL,
        *rows,
        lost=(lost, *others),
        owners=(OWN, *changes.pop("owners", ())),  # type: ignore[misc]
        **changes,  # type: ignore[arg-type]
    )
    found = listing.findings()[lost.id]
    return found.verdict, found.doubt


FOUND, ABSENT = (Verdict.FOUND, None), (Verdict.ABSENT, None)
CONTESTED = (Verdict.CONTESTED, None)
UNEXPLAINED = (Verdict.DOUBTFUL, UnresolvedReason.UNEXPLAINED)


@pytest.mark.parametrize(
    ("born", "means"),
    [
        pytest.param(-3_601, (Verdict.ABSENT, None), id="long before: nobody's of ours"),
        pytest.param(-3_598, UNEXPLAINED, id="an hour before: was our clock set?"),
        pytest.param(-5.1, UNEXPLAINED, id="too early by a tenth"),
        pytest.param(-5, FOUND, id="five seconds before it was sent"),
        pytest.param(65, FOUND, id="five seconds after it was given up"),
        pytest.param(
            65.1, (Verdict.DOUBTFUL, UnresolvedReason.AMBIGUOUS), id="later: born after all?"
        ),
        pytest.param(
            660, (Verdict.DOUBTFUL, UnresolvedReason.AMBIGUOUS), id="as late as the list settles"
        ),
        pytest.param(661, UNEXPLAINED, id="later than any create goes on"),
    ],
)
def test_window_has_edges(born: float, means: tuple[Verdict, UnresolvedReason | None]) -> None:
    assert finding_of(a_row("t", at=born), lost=a_create(0)) == means


def test_window_survives_a_clock_that_was_set_back() -> None:
    back = a_create(0, create_abandoned_at=NOW - timedelta(hours=1))
    assert finding_of(a_row("t", at=-1_800), lost=back) == FOUND


def test_slow_answer_of_the_only_known_task_does_not_hide_the_lost_one() -> None:
    slow = answered(-300, latency=50, task_id="slow")
    listing = a_listing(
        a_row("slow", at=-299),
        a_row("t", at=0.2),
        lost=(lost := a_create(0, waited=0.3),),
        owners=(slow,),
    )
    assert listing.findings()[lost.id].verdict is Verdict.DOUBTFUL, "never absent"


def test_tasks_that_contradict_each_other_widen_the_offset() -> None:
    tasks = (a_row("a", at=0), a_row("b", at=3_700))
    owners = (answered(0, latency=1, task_id="a"), answered(100, latency=1, task_id="b"))
    offset = a_listing(*tasks, owners=owners).offset()
    assert (offset.least, offset.most) == (seconds(-1), seconds(3_600))


def test_two_creates_lost_in_a_row_are_told_apart_by_their_windows() -> None:
    first, second = a_create(0, waited=0.1), a_create(11.1, waited=0.1)
    rows = (a_row("a", at=0.05), a_row("b", at=11.15))
    assert finding_of(*rows, lost=first, others=(second,)) == FOUND
    assert finding_of(*rows, lost=second, others=(first,)) == FOUND


def test_task_that_is_certainly_another_jobs_is_waited_for() -> None:
    first, second = a_create(0, waited=0.1), a_create(11.1, waited=0.1)
    assert finding_of(a_row("b", at=11.15), lost=first, others=(second,)) == CONTESTED
    given_up = a_create(11.1, waited=0.1, state=JobState.FAILED, possibly_billed=True)
    means = finding_of(a_row("b", at=11.15), lost=first, others=(given_up,))
    assert means == (Verdict.DOUBTFUL, UnresolvedReason.AMBIGUOUS), (
        "it may be the first one's, born late"
    )


def test_task_another_job_adopted_proves_nothing_before_its_video_is_seen() -> None:
    lost, row = a_create(0, waited=0.1), a_row("b", at=11.15)
    running = altered(answered(11.1, task_id="b"), adopted=True)
    assert finding_of(row, lost=lost, owners=(running,)) == CONTESTED
    proven = altered(running, state=JobState.DOWNLOADING, billed_seconds=5)
    assert finding_of(row, lost=lost, owners=(proven,)) == ABSENT
    refuted = altered(running, state=JobState.EXPIRED)
    assert finding_of(row, lost=lost, owners=(refuted,)) == (
        Verdict.DOUBTFUL,
        UnresolvedReason.ADOPTED,
    )


def test_outstanding_create_may_make_its_task_at_any_moment() -> None:
    outstanding = a_create(-3, state=JobState.SUBMITTING, create_abandoned_at=None)
    for born in (2, 50):
        means = finding_of(a_row("t", at=born), lost=a_create(0), others=(outstanding,))
        assert means == CONTESTED


@pytest.mark.parametrize(
    ("hours", "means"),
    [
        pytest.param(23.49, ABSENT, id="the list reaches back to it"),
        pytest.param(23.51, (Verdict.DOUBTFUL, UnresolvedReason.TOO_OLD), id="not any more"),
    ],
)
def test_silence_of_a_list_that_does_not_reach_back_means_nothing(
    hours: float, means: tuple[Verdict, UnresolvedReason | None]
) -> None:
    assert finding_of(lost=a_create(0), at=hours * 3_600) == means


def test_adopted_task_is_no_control_and_teaches_no_clock() -> None:
    adopted = altered(answered(0, task_id="a"), adopted=True)
    listing = a_listing(a_row("a", at=300), lost=(lost := a_create(0),), owners=(adopted,))
    assert not listing.has_control(lost)
    assert listing.offset().middle == seconds(0)


@pytest.mark.parametrize(
    ("prompt", "told", "fits"),
    [
        ("a red fox", "a red fox", True),
        ("a red\nfox ", " a red fox", True),
        ("a red fox", "a red dog", False),
        ("a red fox", None, False),
        (None, None, True),
        (None, "", True),
        (None, "somebody's words", False),
    ],
)
def test_prompt_tells_whose_a_video_is(
    prompt: str | None,
    told: str | None,
    fits: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert is_made_from(a_job(prompt=prompt), told) is fits


LONG = "An old fox crosses the frozen lake, " * 12


@pytest.mark.parametrize(
    ("prompt", "told", "fits"),
    [
        pytest.param(LONG, LONG[:200], True, id="cut where the provider's limit is"),
        pytest.param(LONG, LONG[:60], False, id="a beginning that may be anybody's"),
        pytest.param(LONG, LONG[:200] + "dog", False, id="another end"),
        pytest.param(LONG[:200], LONG, False, id="longer than what was asked"),
        pytest.param(
            "\u201cA fox\u201d \u2013 2 cubs\u2026", '"a fox" - 2 cubs...', True, id="other signs"
        ),
        pytest.param(
            "\uff26\uff4f\uff58\uff0c雾 caf\u00e9",
            "fox, 雾 cafe\u0301",
            True,
            id="other forms of a letter",
        ),
        pytest.param("🦊", "🐶", False, id="signs alone are compared as they are"),
        pytest.param("🦊", None, False, id="signs alone are not nothing"),
    ],
)
def test_a_prompt_the_provider_cut_or_put_in_order_is_still_ours(
    prompt: str, told: str | None, *, fits: bool
) -> None:
    assert is_made_from(a_job(prompt=prompt), told) is fits


def test_settling_begins_when_the_create_must_be_over() -> None:
    assert settled_at(a_create(0, waited=1)) == NOW + seconds(660)
    assert settled_at(a_create(0, waited=900)) == NOW + seconds(1_500), "it was suspended"
