"""Answers nobody documented: lost, late, broken off, of another shape, of a new kind.

Each test says what the member reads, what is charged and what happens next, over real sockets.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.domain.failure import FailureReason
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from tests.services.core import POLL_SECONDS, TIMEOUT_SECONDS, Core
from tests.services.emulated import LANE, Stage, emulated
from tests.services.provider_errors import FOLLOWED, FREE, LOST, WAITING

FORGOTTEN = (
    "The provider no longer knows this video. The same may well succeed: try again with "
    "/jobs retry. Nothing was charged."
)

Fault = tuple[str, dict[str, object]]


@pytest.fixture
async def stage(core: Core) -> AsyncIterator[Stage]:
    async with emulated(core) as stage:
        yield stage


def _raw(text: str, **details: object) -> Fault:
    return "raw", {"text": text, **details}


BROKEN_OFF: dict[str, Fault] = {
    "dropped": ("drop", {}),
    "reset": ("reset", {}),
    "silent until the deadline": ("hang", {}),
    "cut in the middle": ("cut", {"text": '{"output":{"task_id":"t-1","task_status":"PENDING"}}'}),
    "so slow that the deadline comes first": (
        "drip",
        {"text": '{"output":{"task_id":"t-1","task_status":"PENDING"}}', "bytes_per_second": 10},
    ),
}
OF_ANOTHER_SHAPE: dict[str, Fault] = {
    "a page with status 200": ("html", {}),
    "a gateway's page": ("html", {"status": 502}),
    "a redirect": _raw("", status=302),
    "nothing at all": _raw(""),
    "an empty object": _raw("{}"),
    "a list": _raw("[]"),
    "an output of nothing": _raw('{"output":{},"request_id":"r"}'),
    "an output that is no object": _raw('{"output":null,"request_id":"r"}'),
    "half a JSON": _raw('{"output":{"task_id":"t-1"'),
    "another encoding": _raw("\x00\x01"),
}
ODD = BROKEN_OFF | OF_ANOTHER_SHAPE


# --- create ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ODD.values(), ids=ODD)
async def test_create_without_a_readable_answer_is_never_sent_again(
    stage: Stage, fault: Fault
) -> None:
    job = await stage.ask()
    action, details = fault
    stage.server.faults.add("create", action, accept=True, **details)
    with stage.hurried():
        await stage.send()
    assert await stage.reads(job) == LOST.reads
    assert tuple(await stage.entries(job)) == WAITING
    for _ in range(3):
        stage.pass_time(300)
        await stage.send()
    assert await stage.core.state(job) is JobState.UNCONFIRMED
    assert (stage.creates(), len(stage.server.tasks)) == (1, 1)


async def test_answer_of_the_wrong_content_type_is_read_all_the_same(stage: Stage) -> None:
    job = await stage.ask()
    stage.server.faults.add(
        "create", "raw", text='{"output":{"task_id":"t-1"}}', content_type="text/html"
    )
    await stage.send()
    assert (await stage.core.job(job)).task.id == "t-1"
    assert (await stage.reads(job)).startswith(FOLLOWED.reads)


async def test_slow_answer_within_the_deadline_is_an_answer(stage: Stage) -> None:
    job = await stage.ask()
    text = '{"output":{"task_id":"t-1"}}'
    stage.server.faults.add("create", "drip", text=text, bytes_per_second=500)
    await stage.send()
    assert await stage.core.state(job) is JobState.PENDING


# --- query -------------------------------------------------------------------------------------

QUERIES = ODD | {
    "no status": _raw('{"output":{"task_id":"t-1"}}'),
    "another task": _raw('{"output":{"task_id":"another","task_status":"SUCCEEDED"}}'),
    "not there": _raw('{"code":"NotFound","message":"Not found!"}', status=404),
    "forbidden": _raw('{"code":"AccessDenied","message":"Access denied."}', status=403),
}


@pytest.mark.parametrize("fault", QUERIES.values(), ids=QUERIES)
async def test_query_without_a_readable_answer_says_nothing_about_the_task(
    stage: Stage, fault: Fault
) -> None:
    job = await stage.ask_and_send()
    action, details = fault
    stage.server.faults.add("query", action, times=2, **details)
    for _ in range(2):
        with stage.hurried():
            stored = await stage.poll(job)
        assert stored.task.next_poll_at is not None
        assert stored.task.next_poll_at >= stage.core.clock.now() + timedelta(seconds=14)
        assert (await stage.reads(job)).startswith(FOLLOWED.reads)
        assert tuple(await stage.entries(job)) == WAITING
    assert (await stage.poll(job)).state is JobState.DOWNLOADING
    assert stage.core.told() == []


@pytest.mark.parametrize("status", ["SUSPENDED", "RESTING", "pending"])
async def test_status_newer_than_the_code_is_followed_to_its_end(stage: Stage, status: str) -> None:
    job = await stage.ask_and_send()
    number = _answers(stage, status)
    for _ in range(3):
        await stage.poll(job)
        assert (await stage.reads(job)).startswith(FOLLOWED.reads)
    stage.server.faults.remove(number)
    assert (await stage.poll(job)).state is JobState.DOWNLOADING


def _answers(stage: Stage, status: str, **output: object) -> int:
    """Let the newest task show a status for as long as the fault stands."""
    task_id = stage.task().task_id
    text = json.dumps({"output": {"task_id": task_id, "task_status": status, **output}})
    return stage.server.faults.add("query", "raw", text=text, task_id=task_id, times=None)


async def test_task_that_waits_for_hours_is_late_once_and_delivered_all_the_same(
    stage: Stage,
) -> None:
    job = await stage.ask_and_send()
    number = _answers(stage, "PENDING")
    await stage.poll(job)
    stage.pass_time(TIMEOUT_SECONDS)
    polls = stage.count("query")
    for _ in range(5):
        stored = await stage.poll(job)
        assert stored.task.next_poll_at is not None
        wait_seconds = (stored.task.next_poll_at - stage.core.clock.now()).total_seconds()
        assert wait_seconds == pytest.approx(4 * POLL_SECONDS, abs=1)
        assert await stage.reads(job) == "This takes longer than usual. I keep following it."
    assert stage.count("query") == polls + 5
    assert [event.name for event in await stage.core.events(job)].count("task_late") == 1
    assert tuple(await stage.entries(job)) == WAITING
    stage.server.faults.remove(number)
    await stage.poll(job)
    assert (await stage.fetch(job)).state is JobState.DELIVERING


# --- unknown -----------------------------------------------------------------------------------


async def test_unknown_once_is_nothing(stage: Stage) -> None:
    job = await stage.ask_and_send()
    stage.server.faults.add("query", "unknown")
    await stage.poll(job)
    assert (await stage.reads(job)).startswith(FOLLOWED.reads)
    assert (await stage.poll(job)).state is JobState.DOWNLOADING
    assert (await stage.core.job(job)).task.unknown_polls == 0


async def _poll_for(stage: Stage, minutes: float) -> None:
    for _ in range(int(minutes * 60 / POLL_SECONDS)):
        stage.pass_time(POLL_SECONDS)
        await stage.core.poller.run_once()


async def _is_forgotten(stage: Stage, job: Job) -> None:
    stored = await stage.core.job(job)
    assert (stored.state, stored.failure.reason) == (JobState.EXPIRED, FailureReason.TASK_LOST)
    assert stored.failure.possibly_billed
    assert await stage.reads(job) == FORGOTTEN
    assert await stage.is_told(job) == "Your video could not be made."
    assert tuple(await stage.entries(job)) == FREE


async def test_unknown_for_ten_minutes_beside_a_readable_task_is_the_end(stage: Stage) -> None:
    job = await stage.ask_and_send()
    unknown_id = stage.task().task_id
    stage.pass_time(1)
    readable = await stage.ask_and_send()
    _answers(stage, "RUNNING")
    stage.server.faults.add("query", "unknown", task_id=unknown_id, times=None)
    await _poll_for(stage, 9)
    assert await stage.core.state(job) is JobState.PENDING
    await _poll_for(stage, 3)
    await _is_forgotten(stage, job)
    assert await stage.core.state(readable) is JobState.RUNNING


async def test_unknown_after_a_change_of_key_ends_nothing(stage: Stage) -> None:
    jobs = [await stage.ask_and_send()]
    stage.pass_time(1)
    jobs.append(await stage.ask_and_send())
    # Another account's key reads none of the tasks.
    number = stage.server.faults.add("query", "unknown", times=None)
    await _poll_for(stage, 30)
    assert [await stage.core.state(job) for job in jobs] == [JobState.PENDING] * 2
    assert (await stage.reads(jobs[0])).startswith(FOLLOWED.reads)
    stage.server.faults.remove(number)
    await _poll_for(stage, 1)
    assert [await stage.core.state(job) for job in jobs] == [JobState.DOWNLOADING] * 2


async def test_unknown_after_a_day_is_the_end(stage: Stage) -> None:
    job = await stage.ask_and_send()
    stage.pass_time(24 * 3600 + 1)
    await stage.core.poller.run_once()
    await _is_forgotten(stage, job)


# --- other ends ----------------------------------------------------------------------------------


async def test_task_cancelled_from_outside_says_so_and_costs_nothing(stage: Stage) -> None:
    stage.server.faults.add("task", "hang_pending")
    job = await stage.ask_and_send()
    assert stage.server._task_store.cancel(stage.task().task_id)
    stored = await stage.poll(job)
    assert stored.state is JobState.CANCELLED
    assert await stage.reads(job) == (
        "This was cancelled at the provider, by nobody here. The same may well succeed: try "
        "again with /jobs retry. Nothing was charged."
    )
    assert await stage.is_told(job) == "Your video was cancelled."
    assert tuple(await stage.entries(job)) == FREE
    stage.pass_time(2)
    await stage.ask_and_send()


async def test_success_without_url_is_asked_for_rarely_and_told_once(stage: Stage) -> None:
    stage.server.faults.add("task", "no_video_url")
    job = await stage.ask_and_send()
    waits = []
    for _ in range(12):
        stored = await stage.poll(job)
        assert stored.task.next_poll_at is not None
        waits.append(round((stored.task.next_poll_at - stage.core.clock.now()).total_seconds()))
    assert waits == [15, 15, 15, 15, 16, 32, 64, 128, 256, 300, 300, 300]
    assert (await stage.reads(job)).startswith(FOLLOWED.reads)
    assert tuple(await stage.entries(job)) == WAITING
    assert stage.core.told() == ["result_deadline"]


async def test_success_without_url_ends_a_run_of_unknown_answers(stage: Stage) -> None:
    stage.server.faults.add("task", "no_video_url")
    job = await stage.ask_and_send()
    stage.server.faults.add("query", "unknown", times=2)
    for _ in range(3):
        await stage.poll(job)
    stored = await stage.core.job(job)
    assert (stored.task.unknown_since, stored.task.unknown_polls) == (None, 0)


async def test_success_whose_url_comes_late_is_delivered(stage: Stage) -> None:
    stage.server.faults.add("task", "no_video_url")
    job = await stage.ask_and_send()
    for _ in range(3):
        await stage.poll(job)
    task = stage.task()
    task.fault = None
    stage.server._results.publish(task)
    assert (await stage.poll(job)).state is JobState.DOWNLOADING
    assert (await stage.fetch(job)).state is JobState.DELIVERING
    assert await stage.core.spent(job) == job.price.reserved


async def test_success_that_never_gets_a_url_ends_with_the_providers_memory(stage: Stage) -> None:
    stage.server.faults.add("task", "no_video_url")
    job = await stage.ask_and_send()
    await stage.poll(job)
    stage.pass_time(24 * 3600)
    await stage.core.poller.run_once()
    await _is_forgotten(stage, job)


async def test_success_without_url_beyond_all_memory_is_the_end(stage: Stage) -> None:
    job = await stage.ask_and_send()
    _answers(stage, "SUCCEEDED")
    await stage.poll(job)
    stage.pass_time(27 * 3600)
    await stage.core.poller.run_once()
    await _is_forgotten(stage, job)


# --- list --------------------------------------------------------------------------------------

LISTS = ODD | {
    "no number of pages": _raw('{"data":[],"page_no":1}'),
    "a row without its time": _raw(
        '{"data":[{"task_id":"t","status":"PENDING"}],"total_page":1,"page_no":1}'
    ),
    "another page": _raw('{"data":[],"total_page":9,"page_no":2}'),
}


@pytest.mark.parametrize("fault", LISTS.values(), ids=LISTS)
async def test_list_that_cannot_be_read_proves_nothing(stage: Stage, fault: Fault) -> None:
    await stage.ask_and_send()
    stage.pass_time(1)
    job = await stage.ask()
    stage.server.faults.add("create", "drop")
    await stage.send()
    stage.pass_time(15 * 60)
    action, details = fault
    stage.server.faults.add("list", action, times=3, **details)
    with stage.hurried():
        await _reconcile(stage, rounds=3)
    assert await stage.reads(job) == LOST.reads
    assert tuple(await stage.entries(job)) == WAITING
    # The other task is in every whole list, and this job's in none.
    await _reconcile(stage, rounds=3)
    assert await stage.core.state(job) is JobState.QUEUED


async def _reconcile(stage: Stage, *, rounds: int) -> None:
    for _ in range(rounds):
        stage.pass_time(61)
        await stage.core.reconciler.run_once()


@pytest.mark.parametrize("name", ["dropped", "a page with status 200", "an empty object"])
async def test_list_that_cannot_be_read_does_not_open_the_account(stage: Stage, name: str) -> None:
    job = await stage.ask()
    stage.server.faults.add("create", "error", status=400, code="Arrearage")
    await stage.send()
    stage.pass_time(5 * 60)
    action, details = ODD[name]
    stage.server.faults.add("list", action, **details)
    await stage.core.account_pause.probe(job.account, LANE)
    await stage.send()
    assert (stage.creates(), stage.count("list")) == (1, 1)
    assert await stage.reads(job) == (
        "The provider refuses the host's account at present; jobs wait."
    )
