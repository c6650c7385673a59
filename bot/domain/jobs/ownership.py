"""Whose the tasks in the provider's list are: reasons from key, time and order, never a guess.

A create whose answer nobody saw has made one task or none. What is certain about that follows from
one complete reading of the list alone, so it is decided here, without asking anybody:

- found: the one way to give every task of our key to a create gives this job this task;
- absent: no task can be this job's, so far;
- contested: a create that is still outstanding may claim the same task;
- doubtful: anything else, for a proof by the prompt or for the operator.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.ids import JobId, TaskId
from bot.domain.jobs.deadlines import CREATE_DEADLINE_SECONDS, WINDOW_MARGIN
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import POLLED, JobState
from bot.domain.requests.references import comparable
from bot.domain.requests.task import ListedTask

SETTLING = timedelta(minutes=10)
"""The list may lag, and the provider may go on with a create nobody waits for any more."""

LIST_REACH = timedelta(hours=23, minutes=30)
"""The list holds 24 hours; of its last half an hour its silence proves nothing."""

UNKNOWN_OFFSET = timedelta(minutes=15)
"""How far two clocks may be apart while no task of ours has shown it."""

CONTROL_SPAN = timedelta(minutes=30)
"""How near a create a task of ours must lie to prove that the list shows such tasks."""

SET_SPAN = timedelta(hours=1)
"""Further forward our clock cannot have been set before a create that such a task seems near."""

LEAST_CUT = 100
"""Letters and digits that are left of a prompt that was cut: the least of all models' limits is 500
characters, and a beginning much shorter than that may be anybody's."""

Claimants = Mapping[TaskId, set[JobId]]
"""Which jobs waited for an answer when a task was made."""


class Verdict(StrEnum):
    """What one reading says about one job."""

    FOUND = "found"
    ABSENT = "absent"
    CONTESTED = "contested"
    DOUBTFUL = "doubtful"


class UnresolvedReason(StrEnum):
    """Why a job cannot be settled; a key of ``bot.chat.text``."""

    AMBIGUOUS = "ambiguous"
    """Tasks of our key fit, but not in one certain way."""
    UNPROVEN = "unproven"
    """What fits may be somebody else's: our key's id is not known, or others use the key."""
    UNEXPLAINED = "unexplained"
    """Nothing fits, but a task of our key is there that no create of ours can have made: others use
    the key, or our clock was set."""
    ADOPTED = "adopted"
    """What fits was given to another job, and turned out not to be certain there."""
    TOO_OLD = "too_old"
    """The list does not reach back to the create."""
    NO_CONTROL = "no_control"
    """Nothing fits, and nothing proves that the list would show it."""
    LIST_TOO_LONG = "list_too_long"
    LIST_UNREADABLE = "list_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict with its facts."""

    verdict: Verdict
    tasks: tuple[ListedTask, ...] = ()
    """The task found, or all that may be the job's."""
    doubt: UnresolvedReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """The provider's clock less ours, as narrowly as tasks of ours show it."""

    least: timedelta
    most: timedelta

    @property
    def middle(self) -> timedelta:
        """The best single figure."""
        return (self.least + self.most) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One complete reading of the provider's list for a model, and what we know of its tasks."""

    begun_at: datetime
    """When the reading began."""
    tasks: tuple[ListedTask, ...]
    owners: Mapping[TaskId, Job]
    """Which of our jobs have which tasks."""
    disowned: frozenset[TaskId]
    """Tasks known to fit no job any more."""
    unanswered: tuple[Job, ...]
    """Jobs whose create may have made a task whose id we do not know: outstanding ones, unconfirmed
    ones, and those given up although nobody knew."""
    api_key_id: str | None
    """The provider's id of our key; None where it cannot be told."""

    def findings(self) -> dict[JobId, Finding]:
        """Say for each unconfirmed job what this reading proves."""
        offset = self.offset()
        free = [task for task in self.tasks if self._is_free(task)]
        claims: Claimants = {
            task.task_id: {job.id for job in self.unanswered if _is_awaited(job, task, offset)}
            for task in free
        }
        certain = None
        if self.api_key_id is not None and not self._others_use_key(free, claims, offset):
            certain = _certain({task_id: jobs for task_id, jobs in claims.items() if jobs})
        return {
            job.id: self._finding(job, free, claims, certain, offset)
            for job in self.unanswered
            if job.state is JobState.UNCONFIRMED
        }

    def _others_use_key(
        self, free: Iterable[ListedTask], claims: Claimants, offset: Offset
    ) -> bool:
        """Tell whether a task of our key is there that no create of ours can have made."""
        return any(
            not claims[task.task_id]
            and not any(may_be_of(job, task, offset) for job in self.unanswered)
            for task in free
        )

    def _finding(
        self,
        job: Job,
        free: Iterable[ListedTask],
        claims: Claimants,
        certain: Mapping[TaskId, JobId] | None,
        offset: Offset,
    ) -> Finding:
        reaches = self.begun_at - _born_from(job) <= LIST_REACH
        settled = certain or {}
        found = tuple(task for task in free if settled.get(task.task_id) == job.id)
        if (
            found
            and reaches
            and _is_in_window(job, found[0], offset)
            and not self._has_late_rival(job, found[0], settled, offset)
        ):
            return Finding(verdict=Verdict.FOUND, tasks=found)
        mine = tuple(task for task in free if may_be_of(job, task, offset))
        awaited = [task for task in mine if job.id in claims[task.task_id]]
        under_way = {other.id for other in self.unanswered if not other.is_terminal} - {job.id}
        if mine and all(settled.get(task.task_id) in under_way for task in mine):
            # Each is about to be another's; what a job given up has left behind is not.
            return Finding(verdict=Verdict.CONTESTED, tasks=mine)
        rivals = {job_id for task in awaited for job_id in claims[task.task_id]}
        if any(
            other.state is JobState.SUBMITTING and other.id in rivals for other in self.unanswered
        ):
            return Finding(verdict=Verdict.CONTESTED, tasks=mine)
        if mine:
            doubt = UnresolvedReason.UNPROVEN if certain is None else UnresolvedReason.AMBIGUOUS
            return Finding(verdict=Verdict.DOUBTFUL, tasks=mine, doubt=doubt)
        if not reaches:
            return Finding(verdict=Verdict.DOUBTFUL, doubt=UnresolvedReason.TOO_OLD)
        unexplained = tuple(task for task in free if self._may_hide(job, task, offset))
        if unexplained and self.api_key_id is not None:
            return Finding(
                verdict=Verdict.DOUBTFUL, tasks=unexplained, doubt=UnresolvedReason.UNEXPLAINED
            )
        return self._without_task(job, offset)

    def _has_late_rival(
        self, job: Job, task: ListedTask, settled: Mapping[TaskId, JobId], offset: Offset
    ) -> bool:
        """Tell whether a task may be another's that the provider carried out late."""
        served = set(settled.values())
        return any(
            other.id != job.id and other.id not in served and may_be_of(other, task, offset)
            for other in self.unanswered
        )

    def _may_hide(self, job: Job, task: ListedTask, offset: Offset) -> bool:
        """Tell whether a task would be a job's if our clock had been set since our last answer.

        Set back, the task seems born later than the create; set forward, earlier.
        """
        return task.created_at - offset.middle >= _sent_at(job) - SET_SPAN and not any(
            may_be_of(other, task, offset) or _is_awaited(other, task, offset)
            for other in self.unanswered
        )

    def _without_task(self, job: Job, offset: Offset) -> Finding:
        """Say that no task is left for a job, unless one went to a job whose it may not be."""
        borrowed = [
            (task, owner)
            for task in self.tasks
            if (owner := self.owners.get(task.task_id)) is not None
            and not _is_proven(owner)
            and may_be_of(job, task, offset)
        ]
        if not borrowed:
            return Finding(verdict=Verdict.ABSENT)
        tasks = tuple(task for task, _ in borrowed)
        if all(owner.state in POLLED for _, owner in borrowed):
            # Its video will show by its prompt whose it is.
            return Finding(verdict=Verdict.CONTESTED, tasks=tasks)
        return Finding(verdict=Verdict.DOUBTFUL, tasks=tasks, doubt=UnresolvedReason.ADOPTED)

    def _is_free(self, task: ListedTask) -> bool:
        if task.task_id in self.owners or task.task_id in self.disowned:
            return False
        return self.api_key_id is None or task.api_key_id == self.api_key_id

    def rivals(self, job: Job, task: ListedTask) -> list[Job]:
        """Return the other jobs that may have made a task."""
        offset = self.offset()
        return [
            other
            for other in self.unanswered
            if other.id != job.id and may_be_of(other, task, offset)
        ]

    def has_control(self, job: Job) -> bool:
        """Tell whether a task that is certainly ours, of about a job's time, is in the list."""
        offset = self.offset()
        return self.api_key_id is not None and any(
            abs(task.created_at - offset.middle - _sent_at(job)) <= CONTROL_SPAN
            for task in self.tasks
            if (owner := self.owners.get(task.task_id)) is not None and _is_proven(owner)
        )

    def offset(self) -> Offset:
        """Learn the provider's clock from tasks that were answered: born between POST and answer.

        Where the tasks contradict each other, a clock was set meanwhile: then all are believed.
        """
        leasts, mosts = [], []
        for task in self.tasks:
            owner = self.owners.get(task.task_id)
            if (
                owner is None
                or owner.task.adopted
                or not owner.task.sent_at
                or not owner.task.confirmed_at
            ):
                continue
            least, most = sorted(
                task.created_at - at for at in (owner.task.sent_at, owner.task.confirmed_at)
            )
            leasts.append(least)
            mosts.append(most)
        if not leasts:
            return Offset(least=-UNKNOWN_OFFSET, most=UNKNOWN_OFFSET)
        least, most = max(leasts), min(mosts)
        if least > most:
            least, most = min(leasts), max(mosts)
        return Offset(least=least, most=most)


def settled_at(job: Job) -> datetime:
    """Return from when on the list's silence about a create means something."""
    deadline = _sent_at(job) + timedelta(seconds=CREATE_DEADLINE_SECONDS)
    # A process that was suspended gives up later than the deadline.
    return max(deadline, job.task.create_abandoned_at or deadline) + SETTLING


def may_be_of(job: Job, task: ListedTask, offset: Offset) -> bool:
    """Tell whether a task can have been made by a job's create, even late."""
    return _was_born(task, offset, _born_from(job), max(_born_until(job), settled_at(job)))


def _is_awaited(job: Job, task: ListedTask, offset: Offset) -> bool:
    """Tell whether a task was made while a job's create was waited for, as is to be expected."""
    if job.state is JobState.SUBMITTING:
        return task.created_at - offset.least >= _born_from(job)  # it is waited for still
    return _was_born(task, offset, _born_from(job), _born_until(job))


def _was_born(task: ListedTask, offset: Offset, start: datetime, end: datetime) -> bool:
    return start <= task.created_at - offset.least and task.created_at - offset.most <= end


def is_made_from(job: Job, orig_prompt: str | None) -> bool:
    """Tell whether a finished task was made from a job's prompt, as the provider repeats it.

    It cuts what is longer than a model reads, and may put signs and blanks in order: letters and
    digits are what is compared, whatever the pictures are called. Which other job has the same is
    for the caller to ask.
    """
    asked, made = (comparable(words or "") for words in (job.options.prompt, orig_prompt))
    if asked.split() == made.split():
        return True
    ours, theirs = _letters(asked), _letters(made)
    if not theirs:
        return False
    return ours == theirs or (len(theirs) >= LEAST_CUT and ours.startswith(theirs))


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def is_certainly_ours(job: Job) -> bool:
    """Tell whether a job's task is ours beyond doubt: answered, or proven by words of its own."""
    return not job.task.adopted or (job.result.billed is not None and bool(job.options.prompt))


def _is_proven(job: Job) -> bool:
    """Tell whether a job's task is its own: answered, or its video was looked at."""
    return not job.task.adopted or job.result.billed is not None


def _is_in_window(job: Job, task: ListedTask, offset: Offset) -> bool:
    return _born_from(job) <= task.created_at - offset.middle <= _born_until(job)


def _sent_at(job: Job) -> datetime:
    if job.task.sent_at is None:
        raise LookupError("a create that never left")
    return job.task.sent_at


def _born_from(job: Job) -> datetime:
    # Our clock may have been set back while the create was outstanding.
    return min(_sent_at(job), job.task.create_abandoned_at or _sent_at(job)) - WINDOW_MARGIN


def _born_until(job: Job) -> datetime:
    return max(_sent_at(job), job.task.create_abandoned_at or _sent_at(job)) + WINDOW_MARGIN


def _certain(claims: Claimants) -> dict[TaskId, JobId] | None:
    """Give tasks to jobs where there is only one way; None where there is no way at all.

    Every task of our key was made by one create, and a create makes one. More tasks than creates
    show that somebody else uses the key too: then nothing follows from that.
    """
    left = {task_id: set(job_ids) for task_id, job_ids in claims.items()}
    certain: dict[TaskId, JobId] = {}
    while all(left.values()):
        single = next((task_id for task_id, job_ids in left.items() if len(job_ids) == 1), None)
        if single is None:
            return certain
        (job_id,) = left.pop(single)
        certain[single] = job_id
        for job_ids in left.values():
            job_ids.discard(job_id)
    return None
