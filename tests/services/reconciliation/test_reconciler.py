"""UNCONFIRMED jobs: found, certainly not taken, or the operator's; never a guess."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.domain.errors import ProviderUnavailableError
from bot.domain.ids import TaskId
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState
from bot.domain.requests.task import TaskState
from bot.storage import accounts, unconfirmed
from tests.fakes import ACCOUNT, MODEL, NOW, a_submission, a_task
from tests.services.core import Core
from tests.services.unanswered import GAVE_UP, SENT, lost, own, rounds, why

# --- found -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "born", [SENT - timedelta(seconds=5), SENT + timedelta(seconds=30), GAVE_UP]
)
async def test_single_task_of_ours_in_the_window_is_adopted(core: Core, born: datetime) -> None:
    job = await lost(core)
    await own(core)
    core.provider.list_task("found", at=born)
    await core.reconciler.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.task.id, stored.task.adopted) == (JobState.PENDING, "found", True)
    assert core.told() == []
    core.provider.tasks["found"] = a_task("found", TaskState.SUCCEEDED)
    await core.poller.run_once()
    assert await core.state(job) is JobState.DOWNLOADING


@pytest.mark.parametrize("born", [SENT - timedelta(seconds=6), GAVE_UP + timedelta(seconds=6)])
async def test_task_born_outside_the_window_is_not(core: Core, born: datetime) -> None:
    job = await lost(core)
    await own(core)
    core.provider.list_task("other", at=born)
    await core.reconciler.run_once()
    assert await core.state(job) is JobState.UNCONFIRMED


async def test_providers_clock_is_corrected_by_our_own_tasks(core: Core) -> None:
    offset = timedelta(hours=8)
    job = await lost(core)
    await own(core, offset=offset)
    core.provider.list_task("found", at=SENT + timedelta(seconds=30) + offset)
    await core.reconciler.run_once()
    assert (await core.job(job)).task.id == "found"


async def test_task_on_a_later_page_is_found(core: Core) -> None:
    job = await lost(core)
    await own(core)
    for at in range(120):
        core.provider.list_task(f"stranger-{at}", at=SENT, api_key_id="another key")
    core.provider.list_task("found", at=SENT)
    core.provider.page_size = 10
    await core.reconciler.run_once()
    assert (await core.job(job)).task.id == "found"
    assert core.provider.lists == 13


async def test_tasks_of_other_models_are_not_looked_at(core: Core) -> None:
    job = await lost(core)
    await own(core)
    core.provider.list_task("other", at=SENT, model="wanx2.1-kf2v-plus")
    await core.reconciler.run_once()
    assert await core.state(job) is JobState.UNCONFIRMED


# --- the operator's --------------------------------------------------------------------------


async def test_two_candidates_are_the_operators(core: Core) -> None:
    job = await lost(core, prompt=None)
    await own(core)
    core.provider.list_task("one", at=SENT)
    core.provider.list_task("two", at=SENT)
    await rounds(core, 5)
    assert await core.state(job) is JobState.UNCONFIRMED
    assert why(core) == ["unproven"], "a create makes one task: somebody else uses the key"
    assert await core.entries(job) == [EntryKind.RESERVE], "the reservation stays"


async def test_one_candidate_for_two_jobs_is_the_operators(core: Core) -> None:
    jobs = [await lost(core, prompt=None), await lost(core, prompt=None)]
    await own(core)
    core.provider.list_task("one", at=SENT)
    await rounds(core)
    assert [await core.state(job) for job in jobs] == [JobState.UNCONFIRMED] * 2
    assert why(core) == ["ambiguous", "ambiguous"]


async def test_strangers_tasks_are_never_candidates(core: Core) -> None:
    job = await lost(core)
    await own(core)
    core.provider.list_task("a stranger's", at=SENT, api_key_id="another key")
    await core.reconciler.run_once()
    assert await core.state(job) is JobState.UNCONFIRMED


async def test_key_learnt_earlier_is_remembered(core: Core) -> None:
    job = await lost(core)
    async with core.database.write() as connection:
        await accounts.change(connection, ACCOUNT, api_key_id="15001")
    core.provider.list_task("found", at=SENT)
    core.provider.list_task("a stranger's", at=SENT, api_key_id="another key")
    await core.reconciler.run_once()
    assert (await core.job(job)).task.id == "found"


async def test_old_task_of_a_requeued_job_is_never_adopted(core: Core) -> None:
    job = await lost(core)
    await own(core)
    core.provider.list_task("its first task", at=SENT)
    async with core.database.write() as connection:
        await unconfirmed.add_orphan(
            connection, ACCOUNT, TaskId("its first task"), job_id=job.id, at=NOW
        )
    await core.reconciler.run_once()
    assert await core.state(job) is JobState.UNCONFIRMED


# --- certainly not taken ---------------------------------------------------------------------


async def test_two_complete_readings_with_a_control_queue_the_job_again(core: Core) -> None:
    job = await lost(core)
    await own(core)
    await core.reconciler.run_once()
    assert await core.state(job) is JobState.UNCONFIRMED, "one reading proves nothing"
    await core.reconciler.run_once()
    assert await core.state(job) is JobState.UNCONFIRMED, "nor do two in one moment"
    core.clock.advance(minutes=1)
    await core.reconciler.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.task.sent_at, stored.task.create_abandoned_at) == (
        JobState.QUEUED,
        None,
        None,
    )
    assert await core.entries(job) == [EntryKind.RESERVE]
    assert core.told() == []


async def test_readings_soon_after_the_post_prove_nothing(core: Core) -> None:
    job = await lost(core, sent_at=NOW, create_abandoned_at=NOW + timedelta(seconds=60))
    await own(core, at=NOW)
    await rounds(core, 10)
    assert await core.state(job) is JobState.UNCONFIRMED
    await rounds(core, 3)
    assert await core.state(job) is JobState.QUEUED


@pytest.mark.parametrize("at", [None, SENT - timedelta(minutes=31)], ids=["none", "too far"])
async def test_readings_without_a_control_are_the_operators(
    core: Core, at: datetime | None
) -> None:
    job = await lost(core)
    if at is not None:
        await own(core, at=at)
    await rounds(core, 10)
    assert await core.state(job) is JobState.UNCONFIRMED
    assert why(core) == ["no_control"]
    assert (await core.job(job)).times.operator_told_at is not None


async def test_list_that_cannot_be_read_settles_nothing(core: Core) -> None:
    job = await lost(core)
    await own(core)
    await core.reconciler.run_once()
    core.provider.list_error = ProviderUnavailableError("503", request_was_sent=True)
    await rounds(core, 10)
    assert await core.state(job) is JobState.UNCONFIRMED
    assert core.told() == []


async def test_list_that_breaks_off_in_the_middle_is_no_reading(core: Core) -> None:
    job = await lost(core)
    await own(core)
    for at in range(20):
        core.provider.list_task(f"stranger-{at}", at=SENT, api_key_id="another key")
    core.provider.page_size = 10
    whole = core.provider.list_tasks

    async def half(*, model: str, page: int) -> object:
        if page > 1:
            raise ProviderUnavailableError("broken off", request_was_sent=True)
        return await whole(model=model, page=page)

    core.provider.list_tasks = half  # type: ignore[method-assign,assignment]
    await rounds(core, 5)
    assert await core.state(job) is JobState.UNCONFIRMED


async def test_list_longer_than_can_be_read_is_no_reading(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.reconciliation.task_list.MAX_PAGES", 2)
    job = await lost(core)
    await own(core)
    for at in range(40):
        core.provider.list_task(f"stranger-{at}", at=SENT, api_key_id="another key")
    core.provider.page_size = 10
    await rounds(core, 5)
    assert await core.state(job) is JobState.UNCONFIRMED


async def test_job_queued_again_is_sent_once(core: Core) -> None:
    job = await core.submit(a_submission())
    core.provider.create_answers.append(
        ProviderUnavailableError("read timeout", request_was_sent=True)
    )
    await core.dispatcher.run_once(MODEL)
    await own(core, at=NOW)
    await rounds(core, 15)
    assert await core.state(job) is JobState.QUEUED
    await core.dispatcher.run_once(MODEL)
    await core.dispatcher.run_once(MODEL)
    assert await core.state(job) is JobState.PENDING
    assert len(core.provider.creates) == 2


async def test_key_is_learnt_from_the_first_task_and_strangers_stay_strangers(
    core: Core,
) -> None:
    await own(core)
    await core.reconciler.run_once()
    job = await lost(core)
    core.provider.listed.clear()
    core.provider.list_task("a stranger's", at=SENT, api_key_id="another key")
    await rounds(core)
    assert await core.state(job) is JobState.UNCONFIRMED
    lists = core.provider.lists
    await core.put(JobState.RUNNING, task_id="later")
    await core.reconciler.run_once()
    assert core.provider.lists == lists + 1


async def test_task_of_a_create_still_outstanding_is_not_adopted_by_another(core: Core) -> None:
    job = await lost(core, create_abandoned_at=SENT + timedelta(seconds=2))
    await core.put(JobState.SUBMITTING, sent_at=SENT + timedelta(seconds=3))
    core.provider.list_task("whose", at=SENT + timedelta(seconds=4))
    await core.reconciler.run_once()
    assert await core.state(job) is JobState.UNCONFIRMED
    assert core.chat.alerts == []
