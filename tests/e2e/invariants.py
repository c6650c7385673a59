"""What must hold at the end of every story: nothing lost, nothing paid twice, nothing untrue.

``settled`` waits until every job has ended and was told of; ``hold`` then compares three accounts
of what happened: the bot's database, the provider's tasks, Discord's messages. None of them is
believed on its own: what a job says of its task is checked against the seed and the prompt that
the provider received, what it says of its video against the bytes on both platforms.

What a story breaks on purpose it declares in `Allowed`; nothing is tolerated unsaid.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.chat import text
from bot.chat.custom_ids import JobVerb, job_button
from bot.domain.amounts import NOTHING
from bot.domain.jobs.files import PREPARED, PREVIEW, RESULT, SHRUNK
from bot.domain.jobs.job import Job
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import TERMINAL, JobState
from sandbox.dashscope import wire
from sandbox.dashscope.tasks import CANCELED, FAILED, SUCCEEDED, TaskRecord
from tests.e2e.evidence import Evidence, history, read
from tests.e2e.world import World, title_of

SETTLE_SECONDS = 120.0
LOOK_AGAIN_SECONDS = 0.2
HISTORIES_SHOWN = 3
"""Of so many jobs the history is told beside the problems."""

FREE = frozenset({FAILED, CANCELED})
"""Ends of a task that cost nothing."""

QUERIES = frozenset({"query", "list", "cancel"})
"""What the provider counts together."""

CLOCK_SECONDS = 0.02
"""By how much the arrival of a request may be noted late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What a story does on purpose; everything else must hold without exception."""

    free_failures: int = 0
    """Tasks that failed at the provider and were made once more: failed tasks are free."""
    lost_tasks: int = 0
    """Tasks that succeeded and were charged to nobody; their jobs say ``possibly_billed``."""
    lost_videos: int = 0
    """Videos that were billed and never had: given back to the member, the operator's loss."""
    open_states: frozenset[JobState] = frozenset()
    """States other than the terminal ones a job may end the story in, such as PARKED."""
    unswept_folders: int = 0
    """Folders of requests that died before their commit; the reaper deletes them after an hour."""
    half_files: int = 0
    """Files a kill left half written in a job's folder."""
    all_told: bool = True
    """Whether each requester heard of the end, once; else at most once."""
    all_shown: bool = True
    """Whether each status message shows the final word; else only those that can be written."""


NOTHING_ODD = Allowed()


async def settled(
    world: World, count: int | None = None, *, within_seconds: float = SETTLE_SECONDS
) -> list[Job]:
    """Wait until all jobs have ended, the final words stand and the requesters were told.

    Args:
        world: the stage.
        count: how many jobs there must be at least.
        within_seconds: the deadline.

    Raises:
        TimeoutError: some job did not; the text names it.
    """
    open_jobs: list[Job] = []
    found: list[Job] = []
    try:
        async with asyncio.timeout(within_seconds):
            while True:
                found = await world.jobs()
                open_jobs = [job for job in found if not is_settled(job)]
                if not open_jobs and len(found) >= (count or 0):
                    return found
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
    except TimeoutError:
        states = Counter(job.state.value for job in found)
        names = ", ".join(f"{job.id} {job.state}" for job in open_jobs[:20])
        message = f"not within {within_seconds} s: {len(found)} jobs {dict(states)}; open: {names}"
        raise TimeoutError(message) from None


async def hold(world: World, allowed: Allowed = NOTHING_ODD) -> None:
    """Assert everything that must hold, and name every breach at once."""
    evidence = await read(world)
    found = list(breaches(evidence, allowed))
    assert found == [], "\n".join([f"{len(found)} breaches:", *found, *_histories(evidence, found)])


def breaches(evidence: Evidence, allowed: Allowed) -> Iterator[str]:
    """Yield a sentence for everything that does not hold."""
    yield from _tasks_and_jobs(evidence, allowed)
    yield from _ledger(evidence, allowed)
    yield from _stuck(evidence, allowed)
    yield from _deliveries(evidence)
    yield from _announcements(evidence, allowed)
    yield from _status_messages(evidence, allowed)
    yield from _stray_files(evidence, allowed)
    yield from _limits(evidence)


# --- what was bought -------------------------------------------------------------------------


def _tasks_and_jobs(evidence: Evidence, allowed: Allowed) -> Iterator[str]:
    """Tasks at the provider = jobs that reached it, and none was bought twice."""
    owners: dict[str, str] = {}
    repeated = 0
    for job in evidence.jobs:
        theirs = evidence.tasks_of[job.id]
        for task_id in theirs:
            if task_id in owners:
                yield f"job {job.id}: task {task_id} belongs to job {owners[task_id]} too"
            owners[task_id] = job.id
            if (task := evidence.tasks.get(task_id)) is None:
                yield f"job {job.id}: the provider has no task {task_id} of ours"
            else:
                yield from _is_the_request(job, task)
        bought = [
            task_id
            for task_id in dict.fromkeys((*theirs, *evidence.made_for.get(job.id, ())))
            if _status(evidence, task_id) == SUCCEEDED
        ]
        if len(bought) > 1:
            yield f"job {job.id} was bought {len(bought)} times: {', '.join(bought)}"
        repeated += max(0, len(theirs) - 1)
        yield from (
            f"job {job.id}: another task was made after {task_id} {_status(evidence, task_id)}"
            for task_id in theirs
            if task_id != job.task.id and _status(evidence, task_id) not in FREE
        )
    if repeated > allowed.free_failures:
        yield f"{repeated} tasks were made once more, {allowed.free_failures} may be"
    unowned = [task_id for task_id in evidence.tasks if task_id not in owners]
    if len(unowned) > allowed.lost_tasks:
        told = ", ".join(f"{task_id} {_status(evidence, task_id)}" for task_id in unowned)
        yield f"{len(unowned)} tasks at the provider belong to no job: {told}"
    foreign = [task_id for task_id in evidence.orphans if _status(evidence, task_id) == SUCCEEDED]
    if len(foreign) > allowed.lost_tasks:
        yield f"paid, and given up as nobody's: {', '.join(foreign)}"


def _is_the_request(job: Job, task: TaskRecord) -> Iterator[str]:
    """Compare what the provider received with what was asked for."""
    if task.parameters.get("seed", job.options.seed) != job.options.seed:
        yield f"job {job.id}: task {task.task_id} was made with another job's seed"
    if job.times.forgotten_at is None and (task.input.get("prompt") or None) != (
        job.options.prompt or None
    ):
        yield f"job {job.id}: task {task.task_id} was made from another prompt"


def _status(evidence: Evidence, task_id: str) -> str | None:
    task = evidence.tasks.get(task_id)
    return None if task is None else task.status


def _ledger(evidence: Evidence, allowed: Allowed) -> Iterator[str]:
    """Each job's entries tell its whole story; together they are what the provider billed."""
    billed = NOTHING
    unclaimed = lost = 0
    for job in evidence.jobs:
        entries = evidence.entries[job.id]
        kinds = [entry.kind for entry in entries]
        if kinds not in _SOUND[job.is_terminal]:
            yield f"job {job.id} is {job.state} with the entries {', '.join(kinds)}"
        if any(entry.counted_at != job.times.counted_at for entry in entries):
            yield f"job {job.id}: entries counted at different moments"
        task = next(
            (
                evidence.tasks[task_id]
                for task_id in evidence.tasks_of[job.id]
                if _status(evidence, task_id) == SUCCEEDED
            ),
            None,
        )
        charged = EntryKind.CHARGE in kinds
        if charged and task is None:
            yield f"job {job.id} was charged for a video the provider did not make"
        if task is not None and job.is_terminal and not charged:
            unclaimed += 1
            if not job.failure.possibly_billed:
                yield f"job {job.id} is {job.state}, its task succeeded and nobody was charged"
        if charged and task is not None and _billed_seconds(job) != _seconds(task):
            yield f"job {job.id}: {_billed_seconds(job)} s charged, {_seconds(task)} s billed"
        lost += EntryKind.ADJUST in kinds
        made = job.result.billed or NOTHING
        owed = made if charged and EntryKind.ADJUST not in kinds else NOTHING
        if not job.is_terminal and not charged:
            owed = job.price.reserved
        balance = sum((entry.amounts for entry in entries), NOTHING)
        if balance != owed:
            yield f"job {job.id}: the ledger says {balance}, it owes {owed}"
        if (job.state in _HAD) is not charged and job.is_terminal and not job.failure.operator_loss:
            yield f"job {job.id} is {job.state}, charged: {charged}"
        billed += owed
    if evidence.total != billed:
        yield f"the ledger's sum is {evidence.total}, the jobs owe {billed}"
    if unclaimed > allowed.lost_tasks:
        yield f"{unclaimed} videos were paid and charged to nobody, {allowed.lost_tasks} may be"
    if lost > allowed.lost_videos:
        yield f"{lost} videos were paid and lost, {allowed.lost_videos} may be"


_OPEN = [EntryKind.RESERVE]
_CHARGED = [EntryKind.RESERVE, EntryKind.CHARGE]
_RELEASED = [EntryKind.RESERVE, EntryKind.RELEASE]
_GIVEN_BACK = [EntryKind.RESERVE, EntryKind.CHARGE, EntryKind.ADJUST]
_SOUND = {True: (_CHARGED, _RELEASED, _GIVEN_BACK), False: (_OPEN, _CHARGED)}
"""The entries a job may have: once it is over, and before."""

_HAD = frozenset({JobState.DELIVERED, JobState.UNDELIVERABLE})


def _seconds(task: TaskRecord) -> object:
    usage = wire.usage(task)
    return usage.get("video_duration", usage.get("duration"))


# --- what became of it -----------------------------------------------------------------------


def is_settled(job: Job) -> bool:
    is_shown = job.messages.shown_version >= job.version or job.messages.status_gone_at is not None
    return (
        job.is_terminal
        and is_shown
        and job.messages.announced_at is not None
        and job.messages.removal_due_at is None
    )


def _stuck(evidence: Evidence, allowed: Allowed) -> Iterator[str]:
    fine = TERMINAL | allowed.open_states
    for job in evidence.jobs:
        if job.state not in fine:
            yield f"job {job.id} is stuck in {job.state}, claims {job.lease.claims}"
        if job.is_terminal and job.times.finished_at is None:
            yield f"job {job.id} is over and has no end"
        if job.is_terminal and job.lease.owner is not None:
            yield f"job {job.id} is over and leased by {job.lease.owner}"
        if job.is_terminal and job.messages.announced_at is None:
            yield f"job {job.id} is over and nobody was told"
    for task in evidence.tasks.values():
        if not task.finished:
            yield f"task {task.task_id} is still {task.status} at the provider"


def _deliveries(evidence: Evidence) -> Iterator[str]:
    """Each video is once in Discord, with the provider's bytes, or nowhere and kept."""
    for job in evidence.jobs:
        name = f"tween-{job.id}.mp4"
        holding = [
            (message, attachment)
            for message in evidence.messages
            for attachment in message.attachments
            if attachment.filename.removeprefix("SPOILER_") == name
            and not message.text.startswith(text.reports.mark(job.id))
        ]
        reports = [
            message
            for message in evidence.messages
            if message.text.startswith(text.reports.mark(job.id))
        ]
        if len(reports) > 1:
            yield f"job {job.id} is reported by {len(reports)} messages"
        is_removed = job.messages.removal_requested_at is not None
        wanted = 1 if job.state is JobState.DELIVERED and not is_removed else 0
        if len(holding) != wanted:
            where = ", ".join(str(message.id) for message, _ in holding)
            yield f"job {job.id} is {job.state}, and {len(holding)} messages have its video {where}"
        for message, attachment in holding:
            if (message.channel_id, message.id) != (
                job.messages.delivered_channel_id,
                job.messages.delivered_message_id,
            ):
                yield f"job {job.id}: its video is in message {message.id}, which it does not know"
            if job.messages.delivered_bytes != attachment.size:
                noted = job.messages.delivered_bytes
                yield f"job {job.id}: {attachment.size} B attached, {noted} noted"
            if (
                job.messages.delivered_bytes == job.video.size_bytes
                and attachment.sha256 not in _served_sha256(evidence, job)
            ):
                yield f"job {job.id}: what is in Discord is not what was downloaded"
            if not (attachment.description or "").startswith("AI-generated"):
                yield f"job {job.id}: its video does not say that it was made by AI"
        if job.state in _HAD:
            yield from _is_kept(evidence, job)


def _is_kept(evidence: Evidence, job: Job) -> Iterator[str]:
    """The video lies in the archive, as the provider served it."""
    if job.times.forgotten_at is not None:
        return
    task = evidence.tasks.get(job.task.id or "")
    kept = _kept_sha256(evidence, job, RESULT)
    if kept is None:
        yield f"job {job.id} is {job.state} and its video is not kept"
    elif task is not None and task.video_sha256 not in {None, kept}:
        yield f"job {job.id}: what is kept is not what the provider served"


def _served_sha256(evidence: Evidence, job: Job) -> set[str | None]:
    """Return the digests of a job's video: as the provider served it, and as it is sent."""
    task = evidence.tasks.get(job.task.id or "")
    sent = _kept_sha256(evidence, job, job.video.file_name or RESULT)
    return {None if task is None else task.video_sha256, sent} - {None}


def _kept_sha256(evidence: Evidence, job: Job, name: str) -> str | None:
    """Return the digest of one of a job's videos in the archive; None where there is none."""
    kept = evidence.data_dir / "jobs" / job.id / name
    return hashlib.sha256(kept.read_bytes()).hexdigest() if kept.is_file() else None


def _billed_seconds(job: Job) -> int | None:
    return None if job.result.billed is None else job.result.billed.seconds


def _announcements(evidence: Evidence, allowed: Allowed) -> Iterator[str]:
    """One announcement each at most, and nobody but the requester is notified."""
    whose: dict[int, Job] = {}
    for job in evidence.jobs:
        told = evidence.announcements[job.id]
        whose |= {message.id: job for message in (*told, *evidence.by_footer[job.id])}
        if len(told) > 1:
            yield f"job {job.id} was announced {len(told)} times"
        if allowed.all_told and not told and _is_worth_telling(job):
            yield f"job {job.id} is {job.state} and was not announced"
    notified: Counter[str] = Counter()
    for user_id, message_id in evidence.pings:
        pinged = whose.get(message_id)
        if pinged is None:
            continue  # not about a job, or of a message that is gone
        notified[pinged.id] += 1
        if user_id != pinged.requester.user_id:
            yield f"job {pinged.id}: message {message_id} notified {user_id}, not the requester"
    for job_id, times in notified.items():
        if times > 1:
            yield f"job {job_id}: the requester was notified {times} times"


def _is_worth_telling(job: Job) -> bool:
    cancelled = (
        job.state is JobState.CANCELLED and job.cancellation.requested_by == job.requester.user_id
    )
    return job.is_terminal and not cancelled and job.messages.status_message_id is not None


def _status_messages(evidence: Evidence, allowed: Allowed) -> Iterator[str]:
    """One status message each, which says what the job is."""
    for footer in evidence.by_footer.keys() - {job.id for job in evidence.jobs}:
        yield f"a message belongs to {footer}, which is no job"
    for job in evidence.jobs:
        known = {job.messages.status_message_id, job.messages.delivered_message_id}
        for message in evidence.by_footer[job.id]:
            if message.id not in known:
                yield f"job {job.id}: message {message.id} ({title_of(message)}) is one too many"
            if job.messages.status_gone_at is not None and not allowed.all_shown:
                continue
            wanted = f"{text.jobs.ICONS[job.state]} {text.jobs.STATES[job.state]}"
            if title_of(message) != wanted:
                yield f"job {job.id} is {job.state}, its message says {title_of(message)}"
            if job.is_terminal and job_button(JobVerb.CANCEL, job.id) in str(message.components):
                yield f"job {job.id} is over, and its message still offers to cancel it"
        if (
            allowed.all_shown
            and not (job.messages.removal_requested_at and job.messages.status_gone_at)
            and job.messages.status_message_id
            and job.messages.shown_version < job.version
        ):
            yield f"job {job.id}: version {job.messages.shown_version} of {job.version} is shown"


def _stray_files(evidence: Evidence, allowed: Allowed) -> Iterator[str]:
    ids = {str(job.id): job for job in evidence.jobs}
    strays = [name for name in evidence.files if name not in ids]
    if len(strays) > allowed.unswept_folders:
        yield f"folders of no job: {', '.join(strays)}"
    if evidence.loose_files:
        yield f"files left lying about: {', '.join(evidence.loose_files)}"
    half: list[str] = []
    for job_id, names in evidence.files.items():
        if (job := ids.get(job_id)) is None:
            continue
        wanted = {PREVIEW, *(picture.file_name for picture in job.pictures)}
        if job.video.file_name is not None:
            wanted |= {RESULT, PREPARED, SHRUNK}
        half += [f"{job_id}/{name}" for name in names if name not in wanted]
    if len(half) > allowed.half_files:
        yield f"files nobody needs: {', '.join(half)}"


# --- how it was asked for --------------------------------------------------------------------


def _limits(evidence: Evidence) -> Iterator[str]:
    """The provider was never asked for more than it allows."""
    for model, (at_once, per_second) in evidence.limits.items():
        if evidence.peaks[model] > at_once:
            yield f"{evidence.peaks[model]} tasks of {model} in flight at once, {at_once} may be"
        times = [
            call.monotonic
            for call in evidence.calls
            if call.point == "create"
            and isinstance(call.json, dict)
            and call.json["model"] == model
        ]
        if (most := _most_in_a_second(times)) > per_second:
            yield f"{most} creates of {model} within a second, {per_second} may be"
    times = [call.monotonic for call in evidence.calls if call.point in QUERIES]
    if (most := _most_in_a_second(times)) > QUERIES_PER_SECOND:
        yield f"{most} queries within a second, {QUERIES_PER_SECOND} may be"


QUERIES_PER_SECOND = 20
"""Of the whole account; the bot allows itself half of it."""


def _most_in_a_second(times: Iterable[float]) -> int:
    ordered = sorted(times)
    most = first = 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= 1 - CLOCK_SECONDS:
            first += 1
        most = max(most, last - first + 1)
    return most


def _histories(evidence: Evidence, found: Iterable[str]) -> list[str]:
    """Tell the history of the first jobs that are named."""
    words = " ".join(found)
    named = [job for job in evidence.jobs if job.id in words][:HISTORIES_SHOWN]
    return [line for job in named for line in history(evidence, job)]
