"""Each invariant notices its breach: evidence of a good story, spoilt in one place at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from bot.chat import text
from bot.chat.custom_ids import JobVerb, job_button
from bot.domain.amounts import Amounts
from bot.domain.jobs.job import Job
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState
from sandbox.dashscope import EmulatorSettings
from sandbox.dashscope.tasks import FAILED, PENDING, SUCCEEDED, TaskRecord
from sandbox.discord.world.records import Message
from tests import fakes
from tests.e2e import invariants
from tests.e2e.evidence import Evidence, read
from tests.e2e.invariants import Allowed, breaches
from tests.e2e.world import World, story

pytestmark = pytest.mark.e2e

QUICK = EmulatorSettings(task_seconds=(0.2, 0.4), queue_seconds=(0.0, 0.1))
ONCE_MORE = Allowed(free_failures=1)

Spoil = Callable[[Evidence], Evidence]


def in_state(evidence: Evidence, state: JobState) -> Job:
    """Return the story's job that ended so."""
    return next(job for job in evidence.jobs if job.state is state)


def with_job(which: JobState, /, **changes: object) -> Spoil:
    """Have the database say something else of a job."""

    def spoil(evidence: Evidence) -> Evidence:
        job = in_state(evidence, which)
        other = fakes.altered(job, **changes)
        return replace(
            evidence, jobs=tuple(other if kept is job else kept for kept in evidence.jobs)
        )

    return spoil


def with_task(which: str, /, **changes: object) -> Spoil:
    """Have the provider say something else of a task."""

    def spoil(evidence: Evidence) -> Evidence:
        task = next(task for task in evidence.tasks.values() if task.status == which)
        return replace(evidence, tasks={**evidence.tasks, task.task_id: altered(task, **changes)})

    return spoil


_Record = TypeVar("_Record", TaskRecord, Message)


def altered(record: _Record, **changes: object) -> _Record:
    """Return a copy of one of the sandboxes' records with other fields."""
    other = copy(record)
    for name, value in changes.items():
        setattr(other, name, value)
    return other


def with_another_task(status: str) -> Spoil:
    """Let a task stand at the provider that no job knows."""

    def spoil(evidence: Evidence) -> Evidence:
        task = next(task for task in evidence.tasks.values() if task.status == SUCCEEDED)
        other = altered(task, task_id="another", status=status)
        return replace(evidence, tasks={**evidence.tasks, "another": other})

    return spoil


def with_message(change: Callable[[Message, Job], list[Message]]) -> Spoil:
    """Have Discord show something else in place of the delivered job's message."""

    def spoil(evidence: Evidence) -> Evidence:
        job = in_state(evidence, JobState.DELIVERED)
        shown: list[Message] = []
        for message in evidence.messages:
            is_its = message.id == job.messages.status_message_id
            shown += change(message, job) if is_its else [message]
        return replace(evidence, messages=tuple(shown))

    return spoil


def revised(message: Message, **changes: object) -> Message:
    """Return a message that shows something else."""
    revision = replace(message.current, **changes)  # type: ignore[arg-type]  # fields by name
    return altered(message, revisions=[revision])


def twice(message: Message, _job: Job) -> list[Message]:
    """Post the message again."""
    return [message, altered(message, id=1)]


def titled(title: str) -> Callable[[Message, Job], list[Message]]:
    """Give the message another title."""

    def change(message: Message, _job: Job) -> list[Message]:
        embed = {**message.current.embeds[0], "title": title}
        return [revised(message, embeds=(embed,))]

    return change


def with_other_bytes(message: Message, _job: Job) -> list[Message]:
    """Put another file of the same size into the message."""
    attachment = message.current.attachments[0]
    other = replace(attachment, file=replace(attachment.file, sha256="0" * 64))
    return [revised(message, attachments=(other,))]


def without_words(message: Message, _job: Job) -> list[Message]:
    """Say nothing of what the video is."""
    attachment = replace(message.current.attachments[0], description=None)
    return [revised(message, attachments=(attachment,))]


def cancellable(message: Message, job: Job) -> list[Message]:
    """Leave Cancel under the message."""
    button = {"type": 2, "custom_id": job_button(JobVerb.CANCEL, job.id)}
    return [revised(message, components=({"type": 1, "components": [button]},))]


def reported_twice(message: Message, job: Job) -> list[Message]:
    """Show the moderators the video in two messages."""
    shown = revised(message, content=text.reports.mark(job.id), embeds=())
    return [message, altered(shown, id=1), altered(shown, id=2)]


def bare(message: Message, _job: Job) -> list[Message]:
    """Take the video away."""
    return [revised(message, attachments=())]


def announced_again(evidence: Evidence) -> Evidence:
    """Repeat an announcement."""
    job = in_state(evidence, JobState.DELIVERED)
    (told,) = evidence.announcements[job.id]
    return replace(evidence, messages=(*evidence.messages, altered(told, id=1)))


def never_announced(evidence: Evidence) -> Evidence:
    """Take an announcement away."""
    job = in_state(evidence, JobState.DELIVERED)
    told = evidence.announcements[job.id]
    return replace(
        evidence, messages=tuple(message for message in evidence.messages if message not in told)
    )


def with_ping(user_id: int | None) -> Spoil:
    """Notify somebody once more."""

    def spoil(evidence: Evidence) -> Evidence:
        job = in_state(evidence, JobState.DELIVERED)
        (told,) = evidence.announcements[job.id]
        whom = job.requester.user_id if user_id is None else user_id
        return replace(evidence, pings=(*evidence.pings, (whom, told.id)))

    return spoil


def with_entries(state: JobState, *kinds: EntryKind) -> Spoil:
    """Leave only entries of some kinds in a job's ledger."""

    def spoil(evidence: Evidence) -> Evidence:
        job = in_state(evidence, state)
        kept = tuple(entry for entry in evidence.entries[job.id] if entry.kind in kinds)
        return replace(evidence, entries={**evidence.entries, job.id: kept})

    return spoil


def with_entry_of(micros: int) -> Spoil:
    """Charge a little more."""

    def spoil(evidence: Evidence) -> Evidence:
        job = in_state(evidence, JobState.DELIVERED)
        *before, last = evidence.entries[job.id]
        more = replace(last, amounts=last.amounts + Amounts(micros=micros))
        return replace(evidence, entries={**evidence.entries, job.id: (*before, more)})

    return spoil


def with_files(state: JobState | None, *names: str) -> Spoil:
    """Leave more files behind."""

    def spoil(evidence: Evidence) -> Evidence:
        folder = "STRAY" if state is None else in_state(evidence, state).id
        files = evidence.files
        return replace(evidence, files={**files, folder: (*files.get(folder, ()), *names)})

    return spoil


def with_haste(point: str, count: int) -> Spoil:
    """Have calls of one kind arrive at once."""

    def spoil(evidence: Evidence) -> Evidence:
        call = next(call for call in evidence.calls if call.point == point)
        return replace(evidence, calls=(*evidence.calls, *[call] * count))

    return spoil


def too_many(evidence: Evidence) -> Evidence:
    """Have more tasks in flight than the lane takes."""
    return replace(evidence, peaks={model: peak + 9 for model, peak in evidence.peaks.items()})


def owned_twice(evidence: Evidence) -> Evidence:
    """Have two jobs know the same task."""
    delivered = in_state(evidence, JobState.DELIVERED)
    return with_job(JobState.FAILED, task_id=delivered.task.id)(evidence)


def elsewhere(evidence: Evidence) -> Evidence:
    """Have the archive lie somewhere else."""
    return replace(evidence, data_dir=Path("/nonexistent"))


DONE, LOST = JobState.DELIVERED, JobState.FAILED

BREACHES: Mapping[str, tuple[Spoil, str]] = {
    "a task of no job": (with_another_task(SUCCEEDED), "belong to no job"),
    "a task that goes on": (with_another_task(PENDING), "is still PENDING"),
    "a job whose task is not there": (with_job(DONE, task_id="nowhere"), "no task nowhere"),
    "a task of two jobs": (owned_twice, "belongs to job"),
    "a job bought twice": (with_task(FAILED, status=SUCCEEDED), "was bought 2 times"),
    "a job bought twice that knows of one": (with_another_task(SUCCEEDED), "was bought 2 times"),
    "a task made once more that was not free": (
        with_task(FAILED, status=SUCCEEDED),
        "another task was made after",
    ),
    "a task of another request": (with_job(DONE, seed=1), "another job's seed"),
    "a task of another prompt": (with_job(DONE, prompt="a dog"), "another prompt"),
    "a charge without a video": (with_task(SUCCEEDED, status=FAILED), "did not make"),
    "a video without a charge": (with_entries(DONE, EntryKind.RESERVE), "nobody was charged"),
    "an entry too few": (with_entries(LOST, EntryKind.RESERVE), "with the entries"),
    "a charge that is too high": (with_entry_of(1), "the ledger says"),
    "a sum that is too high": (
        lambda evidence: replace(evidence, total=evidence.total + Amounts(videos=1)),
        "the ledger's sum",
    ),
    "other seconds than were billed": (with_job(DONE, billed_seconds=4), "4 s charged"),
    "a job that stands still": (with_job(DONE, state=JobState.DELIVERING), "is stuck"),
    "a lease that was kept": (with_job(DONE, lease_owner="somebody"), "leased by somebody"),
    "an end nobody noted": (with_job(DONE, finished_at=None), "has no end"),
    "an end nobody was told": (with_job(DONE, announced_at=None), "nobody was told"),
    "a video that is not there": (with_message(bare), "0 messages have its video"),
    "a video that is there twice": (with_message(twice), "2 messages have its video"),
    "a video in a message it does not know": (
        with_job(DONE, delivered_message_id=7),
        "which it does not know",
    ),
    "a video that is another": (with_message(with_other_bytes), "not what was downloaded"),
    "a video without words": (with_message(without_words), "made by AI"),
    "a download that is another": (with_task(SUCCEEDED, video_sha256="0"), "provider served"),
    "a video that is not kept": (elsewhere, "is not kept"),
    "an announcement too many": (announced_again, "announced 2 times"),
    "an announcement too few": (never_announced, "was not announced"),
    "somebody else notified": (with_ping(1), "notified 1, not the requester"),
    "the requester notified again": (with_ping(None), "notified 2 times"),
    "a status message too many": (with_message(twice), "one too many"),
    "a status message that lies": (with_message(titled("🎬 Being made")), "its message says"),
    "a button that can do nothing": (with_message(cancellable), "still offers to cancel"),
    "a report too many": (with_message(reported_twice), "reported by 2 messages"),
    "a last word that is not shown": (with_job(DONE, shown_version=1), "is shown"),
    "a message of no job": (
        lambda evidence: replace(evidence, jobs=evidence.jobs[1:]),
        "which is no job",
    ),
    "a folder of no job": (with_files(None, "a.jpg"), "folders of no job"),
    "a file nobody needs": (with_files(LOST, "first_frame.source"), "files nobody needs"),
    "a file anywhere else": (
        lambda evidence: replace(evidence, loose_files=("data/core",)),
        "left lying about",
    ),
    "too many tasks at once": (too_many, "in flight at once"),
    "too many creates a second": (with_haste("create", 3), "creates of"),
    "too many queries a second": (with_haste("query", 21), "queries within a second"),
}


async def a_story(world: World) -> Evidence:
    """Have one video made at the second try, and one refused."""
    tom = world.discord.users[1]
    world.dashscope.faults.add("task", "fail", code="InternalError", message="inference error")
    await (await world.ask(tom, prompt="a cat")).final_reply()
    await invariants.settled(world, 1)
    world.dashscope.faults.add("task", "fail", code="DataInspectionFailed", message="no")
    await (await world.ask(tom, prompt="a bird")).final_reply()
    await invariants.settled(world, 2)
    await invariants.hold(world, ONCE_MORE)
    return await read(world)


async def test_every_breach_is_noticed_and_a_good_story_has_none(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=QUICK) as world:
        evidence = await a_story(world)
        assert list(breaches(evidence, ONCE_MORE)) == []
        assert any("made once more" in found for found in breaches(evidence, Allowed()))
        unnoticed = []
        for name, (spoil, words) in BREACHES.items():
            found = list(breaches(spoil(evidence), ONCE_MORE))
            if not any(words in sentence for sentence in found):
                unnoticed.append(f"{name}: {found}")
        assert unnoticed == []
