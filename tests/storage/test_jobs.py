"""Jobs in the database: steps by compare-and-swap, claims, and what the loops ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.catalogue import Kind
from bot.domain.errors import ConflictError, StaleJobError
from bot.domain.failure import FailureReason
from bot.domain.ids import AccountId, GuildId, InteractionId, JobId, TaskId, UserId, WorkerId
from bot.domain.jobs.job import Job, JobEvent
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.transitions import open_job, transition
from bot.domain.requests.pictures import Picture, PictureNote
from bot.storage import job_messages, jobs, leases, ledger
from bot.storage.engine import Database
from tests.fakes import ACCOUNT, GUILD, MEMBER, NOW, a_job

WORKER = WorkerId("worker")
FULL = {
    "size": "1280*720",
    "negative_prompt": "no dogs",
    "effect": "dance1",
    "seed": 2_147_483_647,
    "loop": True,
    "pictures": (
        Picture(
            option="first_frame",
            file_name="first_frame.jpg",
            width=640,
            height=480,
            notes=(PictureNote.ROTATED, PictureNote.CROPPED),
        ),
    ),
    "retry_of": "AAAAAA",
    "version": 4,
    "guild_id": GuildId(2**63 - 1),
    "price_micros": 5_504_430,
    "task_id": "8811b4a4-00ac-4aa2-a2fd-017d3b90c748",
    "parked_from": JobState.RUNNING,
    "video_bytes": 5 * 2**31,
    "video_seconds": 5.041666666666667,
    "failure_reason": FailureReason.CONTENT_INPUT,
    "failure_detail": "DataInspectionFailed: 输入可能包含不当内容 🙈",
    "possibly_billed": True,
    "finished_at": datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
}


async def _put(database: Database, **changes: object) -> Job:
    job = a_job(**changes)
    async with database.write() as connection:
        await jobs.apply(connection, open_job(job))
    return job


async def _get(database: Database, job: Job) -> Job:
    async with database.read() as connection:
        stored = await jobs.get(connection, job.id)
    assert stored is not None
    return stored


# --- types -----------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{}, FULL], ids=["plain", "full"])
async def test_job_comes_back_as_it_was_stored(
    database: Database, changes: dict[str, object]
) -> None:
    job = await _put(database, **changes)
    assert await _get(database, job) == job


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=st.text(st.characters(exclude_categories=()), max_size=30))
async def test_words_of_others_can_always_be_stored(database: Database, text: str) -> None:
    job = await _put(database, prompt=text, requester_name=text, failure_detail=text)
    stored = await _get(database, job)
    expected = text.replace("\0", "").encode(errors="replace").decode()
    assert (stored.options.prompt, stored.requester.name, stored.failure.detail) == (expected,) * 3


async def test_moment_of_another_zone_comes_back_in_utc(database: Database) -> None:
    there = NOW.astimezone(timezone(timedelta(hours=8)))
    job = await _put(database, created_at=there)
    stored = await _get(database, job)
    assert stored.times.created_at == NOW
    assert stored.times.created_at.tzinfo is UTC


async def test_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="naive"):
        await _put(database, created_at=NOW.replace(tzinfo=None))


async def test_event_comes_back_as_it_was_stored(database: Database) -> None:
    job = await _put(database)
    event = JobEvent(
        job_id=job.id,
        at=NOW,
        owner=Owner.POLLER,
        name="noted",
        detail={"text": "狐 \udcff", "figure": 3, "share": 0.5, "nothing": None},
    )
    async with database.write() as connection:
        await jobs.record(connection, event)
        _, stored = await jobs.history(connection, job.id)
    assert stored == replace(event, detail={**event.detail, "text": "狐 ?"})


# --- compare and swap ------------------------------------------------------------------------


async def test_step_writes_row_event_and_entry(database: Database) -> None:
    job = await _put(database)
    step = transition(job, JobState.CANCELLED, owner=Owner.SUBMISSIONS, at=NOW)
    async with database.write() as connection:
        assert await jobs.apply(connection, step) == step.after
        history = await jobs.history(connection, job.id)
        entries = await ledger.of_job(connection, job.id)
    assert await _get(database, job) == step.after
    assert [(event.source, event.target) for event in history] == [
        (None, JobState.QUEUED),
        (JobState.QUEUED, JobState.CANCELLED),
    ]
    assert [entry.kind for entry in entries] == [EntryKind.RESERVE, EntryKind.RELEASE]


async def test_second_step_from_the_same_version_writes_nothing(database: Database) -> None:
    job = await _put(database)
    first = transition(job, JobState.SUBMITTING, owner=Owner.DISPATCHER, at=NOW)
    second = transition(job, JobState.CANCELLED, owner=Owner.SUBMISSIONS, at=NOW)
    async with database.write() as connection:
        await jobs.apply(connection, first)
    with pytest.raises(StaleJobError):
        async with database.write() as connection:
            await jobs.apply(connection, second)
    async with database.read() as connection:
        assert len(await jobs.history(connection, job.id)) == 2
        assert len(await ledger.of_job(connection, job.id)) == 1
    assert await _get(database, job) == first.after


async def test_amendment_raises_the_version_and_a_touch_does_not(database: Database) -> None:
    job = await _put(database)
    async with database.write() as connection:
        amended = await jobs.update_visible(connection, job, late_at=NOW)
        await jobs.patch(connection, job.id, next_poll_at=NOW)
    assert (amended.version, amended.task.late_at) == (2, NOW)
    assert (await _get(database, job)).version == 2
    with pytest.raises(StaleJobError):
        async with database.write() as connection:
            await jobs.update_visible(connection, job, late_at=None)


async def test_step_does_not_undo_what_a_touch_changed(database: Database) -> None:
    job = await _put(database, shown_version=0)
    async with database.write() as connection:
        await jobs.patch(connection, job.id, shown_version=1)
        step = transition(job, JobState.SUBMITTING, owner=Owner.DISPATCHER, at=NOW)
        await jobs.apply(connection, step)
    assert (await _get(database, job)).messages.shown_version == 1


async def test_job_that_does_not_exist_is_stale(database: Database) -> None:
    with pytest.raises(StaleJobError):
        async with database.write() as connection:
            await jobs.update_visible(connection, a_job(), late_at=NOW)


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(lambda job: {"id": job.id}, id="id"),
        pytest.param(lambda job: {"interaction_id": job.origin.interaction_id}, id="interaction"),
        pytest.param(lambda job: {"task_id": job.task.id}, id="task"),
    ],
)
async def test_what_must_be_unique_is(
    database: Database, same: Callable[[Job], dict[str, object]]
) -> None:
    job = await _put(database, task_id="t")
    with pytest.raises(ConflictError):
        await _put(database, **{"task_id": "other"} | same(job))
    async with database.read() as connection:
        assert len(await jobs.in_states(connection, set(JobState))) == 1


async def test_task_ids_of_two_accounts_may_be_equal(database: Database) -> None:
    await _put(database, task_id="t")
    await _put(database, task_id="t", account=AccountId("another"))


# --- claims ----------------------------------------------------------------------------------


async def _claim(database: Database, *, now: datetime = NOW) -> Job | None:
    async with database.write() as connection:
        return await leases.claim_next(
            connection,
            JobState.DOWNLOADING,
            worker_id=WORKER,
            now=now,
            until=now + timedelta(minutes=20),
        )


async def test_claim_leases_and_counts(database: Database) -> None:
    job = await _put(database, state=JobState.DOWNLOADING)
    claimed = await _claim(database)
    assert claimed is not None
    assert (claimed.id, claimed.lease.claims, claimed.lease.owner) == (job.id, 1, WORKER)
    assert claimed.version == job.version
    assert await _claim(database) is None
    again = await _claim(database, now=NOW + timedelta(minutes=20))
    assert again is not None
    assert again.lease.claims == 2


async def test_two_claims_at_once_take_different_jobs(connect: Callable[[], Database]) -> None:
    ours, other = connect(), connect()
    await _put(ours, state=JobState.DOWNLOADING)
    await _put(ours, state=JobState.DOWNLOADING)
    first, second = await _claim(ours), await _claim(other)
    assert first is not None
    assert second is not None
    assert first.id != second.id


async def test_waiting_job_is_not_claimed(database: Database) -> None:
    later = NOW + timedelta(minutes=1)
    await _put(database, state=JobState.DOWNLOADING, not_before=later)
    assert await _claim(database) is None
    assert await _claim(database, now=later) is not None


async def test_job_given_back_waits_and_its_claim_does_not_count(database: Database) -> None:
    await _put(database, state=JobState.DOWNLOADING)
    claimed = await _claim(database)
    assert claimed is not None
    later = NOW + timedelta(minutes=1)
    async with database.write() as connection:
        await leases.give_back(connection, claimed, not_before=later, attempts=4)
    stored = await _get(database, claimed)
    assert (
        stored.lease.claims,
        stored.lease.attempts,
        stored.lease.until,
        stored.lease.not_before,
    ) == (
        0,
        4,
        None,
        later,
    )


async def test_leases_of_other_workers_are_dropped(database: Database) -> None:
    await _put(database, state=JobState.DOWNLOADING)
    await _put(database, state=JobState.SUBMITTING, lease_owner="dead", lease_until=NOW)
    await _claim(database)
    async with database.write() as connection:
        assert await leases.drop_other_leases(connection, WORKER) == 1
        assert len(await jobs.lapsed(connection, JobState.SUBMITTING, now=NOW)) == 1


# --- questions -------------------------------------------------------------------------------


async def test_due_polls_come_most_overdue_first(database: Database) -> None:
    late = await _put(
        database, state=JobState.RUNNING, task_id="a", next_poll_at=NOW - timedelta(minutes=1)
    )
    due = await _put(database, state=JobState.PENDING, task_id="b", next_poll_at=NOW)
    future = NOW + timedelta(seconds=1)
    await _put(database, state=JobState.RUNNING, task_id="c", next_poll_at=future)
    await _put(database, state=JobState.DOWNLOADING, next_poll_at=NOW)
    async with database.read() as connection:
        found = await jobs.due_polls(connection, now=NOW, limit=10)
        assert [job.id for job in found] == [late.id, due.id]
        assert await jobs.next_poll_at(connection) == NOW - timedelta(minutes=1)


@pytest.mark.parametrize("known", [None, NOW + timedelta(microseconds=1)])
async def test_a_poll_is_postponed_unless_it_was_made_due_meanwhile(
    database: Database, known: datetime | None
) -> None:
    until = NOW + timedelta(minutes=1)
    job = await _put(database, state=JobState.RUNNING, task_id="a", next_poll_at=known)
    async with database.write() as connection:
        assert await jobs.make_poll_due(connection, job.id, TaskId("a"), now=NOW)
        await jobs.postpone_poll(connection, job.id, known=known, until=until)
        assert await jobs.next_poll_at(connection) == NOW
        await jobs.postpone_poll(connection, job.id, known=NOW, until=until)
        assert await jobs.next_poll_at(connection) == until
        await jobs.patch(connection, job.id, next_poll_at=known)
        await jobs.postpone_poll(connection, job.id, known=known, until=until)
        assert await jobs.next_poll_at(connection) == until


async def test_only_a_task_that_is_followed_is_made_due(database: Database) -> None:
    followed = await _put(database, state=JobState.RUNNING, task_id="a", next_poll_at=NOW)
    over = await _put(database, state=JobState.DOWNLOADING, task_id="b")
    async with database.write() as connection:
        later = NOW + timedelta(seconds=1)
        assert not await jobs.make_poll_due(connection, over.id, TaskId("b"), now=later)
        assert not await jobs.make_poll_due(connection, followed.id, TaskId("c"), now=later)
        assert await jobs.next_poll_at(connection) == NOW


async def test_no_task_is_no_next_poll(database: Database) -> None:
    await _put(database)
    async with database.read() as connection:
        assert await jobs.next_poll_at(connection) is None
        assert await jobs.nearest_result_deadline(connection) is None


async def test_job_of_another_guild_does_not_exist(database: Database) -> None:
    job = await _put(database)
    async with database.read() as connection:
        assert await jobs.get_in_guild(connection, job.id, GUILD) == job
        assert await jobs.get_in_guild(connection, job.id, GuildId(9)) is None
        assert await jobs.get_of_requester(connection, job.id, MEMBER) == job
        assert await jobs.get_of_requester(connection, job.id, UserId(9)) is None
        assert await jobs.exists(connection, job.id)
        assert not await jobs.exists(connection, JobId("ZZZZZZ"))


async def test_queued_jobs_are_counted_by_guild_and_member(database: Database) -> None:
    await _put(database)
    await _put(database, requester_id=UserId(9))
    await _put(database, state=JobState.RUNNING)
    await _put(database, guild_id=GuildId(9))
    async with database.read() as connection:
        assert await jobs.count_queued(connection, GUILD, MEMBER) == (2, 1)
        assert await jobs.count_queued(connection, GuildId(5), MEMBER) == (0, 0)
        assert await jobs.count_by_state(connection) == {JobState.QUEUED: 3, JobState.RUNNING: 1}


async def test_interaction_is_remembered(database: Database) -> None:
    job = await _put(database)
    async with database.read() as connection:
        assert await jobs.interaction_seen(connection, job.origin.interaction_id)
        assert not await jobs.interaction_seen(connection, InteractionId(0))


async def test_jobs_in_flight_of_another_account_are_found(database: Database) -> None:
    other = await _put(database, state=JobState.RUNNING, account=AccountId("other"))
    await _put(database, state=JobState.QUEUED, account=AccountId("other"))
    await _put(database, state=JobState.RUNNING)
    async with database.read() as connection:
        assert [job.id for job in await jobs.foreign_in_flight(connection, ACCOUNT)] == [other.id]


async def test_owners_of_tasks_are_found(database: Database) -> None:
    job = await _put(database, task_id="ours")
    async with database.read() as connection:
        asked = [TaskId("ours"), TaskId("theirs")]
        assert await jobs.known_task_ids(connection, ACCOUNT, asked) == {"ours": job}
        assert await jobs.known_task_ids(connection, ACCOUNT, []) == {}


async def test_newest_come_first_with_every_filter(database: Database) -> None:
    old = await _put(database)
    new = await _put(database, created_at=NOW + timedelta(seconds=1), state=JobState.FAILED)
    async with database.read() as connection:
        newest = await jobs.newest(connection, guild_id=GUILD)
        assert [job.id for job in newest] == [new.id, old.id]
        failed = await jobs.newest(connection, states={JobState.FAILED}, requester_id=MEMBER)
        assert [job.id for job in failed] == [new.id]
        assert len(await jobs.newest(connection, limit=1)) == 1


async def test_shown_version_never_goes_back(database: Database) -> None:
    job = await _put(database, version=5)
    async with database.write() as connection:
        await job_messages.mark_shown(connection, job.id, version=5, digest="new")
        await job_messages.mark_shown(connection, job.id, version=4, digest="old")
    stored = await _get(database, job)
    assert (stored.messages.shown_version, stored.messages.shown_digest) == (5, "new")


async def test_unshown_jobs_come_ended_first(database: Database) -> None:
    waiting = await _put(database)
    ended = await _put(database, state=JobState.FAILED, finished_at=NOW)
    await _put(database, shown_version=1)
    await _put(database, state=JobState.DELIVERING)
    await _put(database, status_gone_at=NOW)
    posting = await _put(database, status_message_id=None)
    async with database.read() as connection:
        early = NOW - timedelta(seconds=1)
        found = await job_messages.unshown(
            connection, posted_before=early, a_guild_at_most=10, limit=10
        )
        assert [job.id for job in found] == [ended.id, waiting.id]
        later = await job_messages.unshown(
            connection, posted_before=NOW, a_guild_at_most=10, limit=10
        )
        assert posting.id in {job.id for job in later}


async def test_unshown_jobs_are_a_few_of_each_guild_without_those_that_wait(
    database: Database,
) -> None:
    many = [await _put(database, state=JobState.FAILED, finished_at=NOW) for _ in range(5)]
    other = await _put(database, guild_id=GuildId(2))
    async with database.read() as connection:
        found = await job_messages.unshown(
            connection,
            posted_before=NOW,
            but_not={job.id for job in many[:1]},
            a_guild_at_most=3,
            limit=10,
        )
    ids = [job.id for job in found]
    assert len(ids) == 4
    assert ids[-1] == other.id
    assert many[0].id not in ids


async def test_ended_content_is_forgotten_once(database: Database) -> None:
    job = await _put(database, state=JobState.FAILED, finished_at=NOW, kind=Kind.FRAMES)
    await _put(database, state=JobState.FAILED, finished_at=NOW, forgotten_at=NOW)
    await _put(database)
    async with database.read() as connection:
        assert [old.id for old in await jobs.to_forget(connection, NOW, limit=9)] == [job.id]
        assert await jobs.known_ids(connection, [job.id, "STRAY1"]) == {job.id}
        assert await jobs.known_ids(connection, []) == set()
