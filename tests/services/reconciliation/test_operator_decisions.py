"""What an operator decides about a job that cannot settle itself."""

from __future__ import annotations

import pytest

from bot.chat import text
from bot.domain.amounts import NOTHING
from bot.domain.errors import DecisionRefusedError, JobNotFoundError, ProviderUnavailableError
from bot.domain.failure import FailureReason
from bot.domain.ids import AccountId, TaskId
from bot.domain.jobs.states import JobState
from bot.domain.requests.task import TaskState
from bot.storage import unconfirmed
from tests.fakes import ACCOUNT, MODEL, NOW, SLOW_MODEL, a_task
from tests.services.core import Core
from tests.services.unanswered import SENT, lost, own, rounds, task

TASK = TaskId("0385dc79-5ff8-4d82-bcb6-7b7a0d4c1f5e")


async def test_operator_names_the_task(core: Core) -> None:
    job = await lost(core)
    task(core, "found")
    decided = await core.decisions.carry_out(job.id, taken=TaskId("found"), failed=False)
    assert (decided.state, decided.task.id, decided.task.adopted) == (
        JobState.PENDING,
        "found",
        True,
    )


async def test_operator_queues_the_job_again(core: Core) -> None:
    job = await lost(core)
    decided = await core.decisions.carry_out(job.id, taken=None, failed=False)
    assert (decided.state, decided.task.sent_at) == (JobState.QUEUED, None)


async def test_operator_gives_the_job_up(core: Core) -> None:
    job = await lost(core)
    decided = await core.decisions.carry_out(job.id, taken=None, failed=True)
    assert decided.failure.reason is FailureReason.OUTCOME_UNKNOWN
    assert await core.spent(job) == NOTHING


@pytest.mark.parametrize("state", [JobState.DELIVERED, JobState.QUEUED])
async def test_job_that_needs_no_decision_is_not_found(core: Core, state: JobState) -> None:
    job = await core.put(state)
    with pytest.raises(JobNotFoundError):
        await core.decisions.carry_out(job.id, taken=None, failed=True)


async def test_operator_gives_up_a_task_that_no_key_can_follow(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="unreadable", sent_at=SENT)
    with pytest.raises(JobNotFoundError):
        await core.decisions.carry_out(job.id, taken=None, failed=False)
    decided = await core.decisions.carry_out(job.id, taken=None, failed=True)
    assert decided.state is JobState.FAILED
    assert decided.failure.possibly_billed
    assert await core.spent(job) == NOTHING


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (JobState.SUBMITTING, JobState.QUEUED),
        (JobState.PENDING, JobState.PENDING),
        (JobState.RUNNING, JobState.RUNNING),
        (JobState.DELIVERING, JobState.DELIVERING),
    ],
)
async def test_parked_job_goes_on_where_it_was(
    core: Core, source: JobState, target: JobState
) -> None:
    after_charge = {"billed_seconds": 5} if source is JobState.DELIVERING else {}
    job = await core.put(JobState.PARKED, parked_from=source, sent_at=SENT, **after_charge)
    decided = await core.decisions.carry_out(job.id, taken=None, failed=False)
    assert decided.state is target


async def test_billed_job_is_not_given_another_task(core: Core) -> None:
    job = await core.put(
        JobState.PARKED, parked_from=JobState.DOWNLOADING, task_id="t", billed_seconds=5
    )
    with pytest.raises(JobNotFoundError):
        await core.decisions.carry_out(job.id, taken=TaskId("another"), failed=False)


async def test_decision_in_a_state_is_carried_out_or_refused(core: Core) -> None:
    """Every state against every decision: only what waits for one is moved."""
    moved = set()
    for state in JobState:
        for taken, failed in ((TASK, False), (None, False), (None, True)):
            core.provider.listed.clear()
            task(core, TASK)
            job = await core.put(state, task_id=None, parked_from=JobState.SUBMITTING)
            await core.patch(job, sent_at=SENT)
            try:
                after = await core.decisions.carry_out(job.id, taken=taken, failed=failed)
            except JobNotFoundError:
                assert (await core.job(job)).state is state
            else:
                moved.add((state.value, "failed" if failed else taken or "again", after.state))
                await core.patch(job, task_id=None)
    assert moved == {
        ("unconfirmed", TASK, JobState.PENDING),
        ("unconfirmed", "again", JobState.QUEUED),
        ("unconfirmed", "failed", JobState.FAILED),
        ("parked", TASK, JobState.PENDING),
        ("parked", "again", JobState.QUEUED),
        ("parked", "failed", JobState.FAILED),
        ("pending", "failed", JobState.FAILED),
        ("running", "failed", JobState.FAILED),
    }


# --- tasks that are certainly not the job's --------------------------------------------------


async def _refused(core: Core, taken: str = TASK, **changes: object) -> str:
    """Name a task for a lost job; return why that is refused."""
    job = await lost(core, **changes)
    with pytest.raises(DecisionRefusedError) as caught:
        await core.decisions.carry_out(job.id, taken=TaskId(taken), failed=False)
    stored = await core.job(job)
    assert (stored.state, stored.version) == (job.state, job.version), "nothing changed"
    return text.decisions.refused(caught.value).replace(job.id, "JOB")


@pytest.mark.parametrize("typed", ["", " ", "two words", "../../x", "x" * 65, "-leading", "ключ"])
async def test_what_is_no_id_of_a_task_is_refused_without_asking(core: Core, typed: str) -> None:
    assert await _refused(core, typed) == f"{typed!r} is not the id of a task"
    assert core.provider.asked == []


async def test_task_of_another_job_is_refused(core: Core) -> None:
    owner = await core.put(JobState.DELIVERED, task_id=TASK)
    task(core, TASK)
    assert await _refused(core) == f"task {TASK} is job {owner.id}'s"


async def test_task_left_by_another_job_is_refused_and_ones_own_is_not(core: Core) -> None:
    job, other = await lost(core), await core.put(JobState.FAILED)
    task(core, TASK)
    async with core.database.write() as connection:
        await unconfirmed.add_orphan(connection, ACCOUNT, TASK, job_id=other.id, at=NOW)
        await unconfirmed.add_orphan(connection, ACCOUNT, TaskId("own"), job_id=job.id, at=NOW)
    assert await _refused(core) == f"task {TASK} was made for another job"
    task(core, "own")
    decided = await core.decisions.carry_out(job.id, taken=TaskId("own"), failed=False)
    assert decided.task.id == "own"


async def test_task_of_another_account_or_of_long_ago_is_refused(core: Core) -> None:
    assert await _refused(core) == f"the provider knows no task {TASK} of this account"


async def test_task_of_another_key_is_refused(core: Core) -> None:
    await own(core)
    task(core, TASK, api_key_id="another key")
    assert await _refused(core) == f"task {TASK} was made with another key"


async def test_task_of_another_model_is_refused(core: Core) -> None:
    core.provider.tasks[TASK] = a_task(TASK, TaskState.RUNNING)
    core.provider.list_task(TASK, at=SENT, model=SLOW_MODEL)
    assert await _refused(core) == f"task {TASK} is not among the last day's tasks of {MODEL}"


async def test_task_made_from_other_words_is_refused(core: Core) -> None:
    task(core, TASK, TaskState.SUCCEEDED, orig_prompt="somebody's dog")
    assert await _refused(core) == f"task {TASK} was made from another prompt"


async def test_job_of_another_account_needs_its_own_key(core: Core) -> None:
    task(core, TASK)
    elsewhere = AccountId("singapore:elsewhere:fedcba987654")
    words = "job JOB is of account singapore:elsewhere:fedcba987654: use its key"
    assert await _refused(core, account=elsewhere) == words


async def test_job_that_has_its_task_takes_no_other(core: Core) -> None:
    job = await core.put(JobState.PARKED, parked_from=JobState.RUNNING, task_id="t", sent_at=SENT)
    task(core, TASK)
    with pytest.raises(DecisionRefusedError) as caught:
        await core.decisions.carry_out(job.id, taken=TASK, failed=False)
    assert text.decisions.refused(caught.value) == f"job {job.id} has its task already: t"


async def test_task_that_cannot_be_read_is_not_taken_on_trust(core: Core) -> None:
    core.provider.tasks[TASK] = ProviderUnavailableError("503", request_was_sent=True)
    refused = await _refused(core)
    assert refused == f"task {TASK} cannot be read now (provider_unavailable); try again later"


async def test_unreadable_list_does_not_stop_a_decision(core: Core) -> None:
    task(core, TASK)
    core.provider.list_error = ProviderUnavailableError("503", request_was_sent=True)
    job = await lost(core)
    decided = await core.decisions.carry_out(job.id, taken=TASK, failed=False)
    assert decided.task.id == TASK


async def test_operators_word_about_a_task_without_prompt_teaches_no_key(core: Core) -> None:
    job = await lost(core, prompt=None)
    task(core, TASK, TaskState.SUCCEEDED, api_key_id="perhaps another", orig_prompt=None)
    await core.decisions.carry_out(job.id, taken=TASK, failed=False)
    await core.poller.run_once()
    assert await core.state(job) is JobState.DOWNLOADING
    await lost(core)
    await rounds(core)
    assert (await core.account()).api_key_id is None
