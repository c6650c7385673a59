"""What reading alone cannot settle: proofs by the prompt, and what the operator reads, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
import structlog

from bot.chat import text
from bot.domain.amounts import NOTHING
from bot.domain.errors import ProviderUnavailableError
from bot.domain.ids import AccountId, TaskId
from bot.domain.jobs.deadlines import UNCONFIRMED_COUNTS_FOR
from bot.domain.jobs.states import JobState
from bot.domain.requests.task import ListedTask, TaskPage, TaskState
from bot.storage import lanes
from tests.fakes import ACCOUNT, KEY_ID, MODEL, NOW, SLOW_MODEL
from tests.services.core import Core
from tests.services.unanswered import GAVE_UP, SENT, lost, own, rounds, task, why

DONE = TaskState.SUCCEEDED
SECOND = timedelta(seconds=1)


# --- proof by the prompt ---------------------------------------------------------------------


async def test_first_create_ever_is_found_by_its_own_words_and_teaches_the_key(core: Core) -> None:
    job = await lost(core)
    task(core, "found")
    await rounds(core)
    assert await core.state(job) is JobState.UNCONFIRMED, "it may be anybody's, and is not done"
    assert core.told() == []
    task(core, "found", DONE)
    await rounds(core, 1)
    assert (await core.job(job)).task.id == "found"
    await core.poller.run_once()
    assert await core.state(job) is JobState.DOWNLOADING
    await lost(core)
    await rounds(core, 1)
    assert (await core.account()).api_key_id == KEY_ID


async def test_only_task_there_is_may_be_a_strangers_while_our_key_is_not_known(
    core: Core,
) -> None:
    job = await lost(core)
    task(core, "a stranger's", DONE, orig_prompt="somebody's dog", api_key_id="another key")
    await rounds(core, 5)
    assert await core.state(job) is JobState.UNCONFIRMED
    assert why(core) == ["unproven"]
    assert (await core.account()).api_key_id is None


async def test_job_without_words_is_not_proven_by_a_task_without_words(core: Core) -> None:
    job = await lost(core, prompt=None)
    task(core, "whose", DONE, orig_prompt=None)
    await rounds(core)
    assert await core.state(job) is JobState.UNCONFIRMED
    assert why(core) == ["unproven"]


async def test_job_without_words_is_found_where_only_we_use_the_key(core: Core) -> None:
    job = await lost(core, prompt=None)
    await own(core)
    task(core, "found", DONE, orig_prompt=None)
    await rounds(core, 1)
    await core.poller.run_once()
    assert await core.state(job) is JobState.DOWNLOADING


@pytest.mark.parametrize(
    ("words", "state", "told"),
    [
        pytest.param("a red fox", JobState.PENDING, [], id="made from the job's words"),
        pytest.param("their dog", JobState.UNCONFIRMED, ["unproven"], id="from other words"),
        pytest.param(None, JobState.UNCONFIRMED, ["unproven"], id="from none"),
    ],
)
async def test_where_others_use_our_key_only_the_words_prove_a_task(
    core: Core, words: str | None, state: JobState, told: list[str]
) -> None:
    job = await lost(core)
    await own(core)
    task(core, "theirs", DONE, at=SENT - timedelta(hours=2), orig_prompt="their dog")
    task(core, "fits", DONE, orig_prompt=words)
    await rounds(core)
    assert await core.state(job) is state
    assert why(core) == told


async def test_two_lost_jobs_of_one_moment_are_told_apart_by_their_words(core: Core) -> None:
    fox, dog = await lost(core, prompt="a red fox"), await lost(core, prompt="a dog")
    await own(core)
    task(core, "one", DONE, at=SENT + SECOND, orig_prompt="a dog")
    task(core, "two", DONE, at=SENT + 2 * SECOND, orig_prompt="a red fox")
    await rounds(core, 1)
    assert [(await core.job(job)).task.id for job in (fox, dog)] == ["two", "one"]


async def test_equal_words_of_two_jobs_prove_nothing(core: Core) -> None:
    jobs = [await lost(core), await lost(core)]
    await own(core)
    task(core, "one", DONE)
    await rounds(core)
    assert {await core.state(job) for job in jobs} == {JobState.UNCONFIRMED}
    assert why(core) == ["ambiguous"] * 2


async def test_a_cut_prompt_that_two_jobs_begin_with_proves_nothing(core: Core) -> None:
    beginning = "an old fox crosses the frozen lake " * 6
    jobs = [await lost(core, prompt=beginning + end) for end in ("alone", "with a dog")]
    await own(core)
    task(core, "one", DONE, orig_prompt=beginning)
    await rounds(core)
    assert {await core.state(job) for job in jobs} == {JobState.UNCONFIRMED}


async def test_a_cut_prompt_that_one_job_begins_with_is_its_own(core: Core) -> None:
    beginning = "an old fox crosses the frozen lake " * 6
    fox, dog = await lost(core, prompt=beginning + "alone"), await lost(core, prompt="a dog")
    await own(core)
    task(core, "one", DONE, orig_prompt=beginning)
    await rounds(core)
    assert (await core.job(fox)).task.id == "one"
    assert await core.state(dog) is JobState.UNCONFIRMED


async def test_task_that_never_ends_is_told_when_the_provider_must_have_ended_it(
    core: Core,
) -> None:
    await lost(core)
    task(core, "stuck", TaskState.OTHER)
    await rounds(core, 5)
    assert core.told() == []
    core.clock.advance(seconds=UNCONFIRMED_COUNTS_FOR.total_seconds())
    await rounds(core, 2)
    assert why(core) == ["unproven"]


async def test_candidate_that_cannot_be_read_is_read_in_the_next_round(core: Core) -> None:
    job = await lost(core)
    task(core, "found", DONE)
    readable = core.provider.tasks["found"]
    core.provider.tasks["found"] = ProviderUnavailableError("503", request_was_sent=True)
    await rounds(core)
    assert await core.state(job) is JobState.UNCONFIRMED
    core.provider.tasks["found"] = readable
    await rounds(core, 1)
    assert await core.state(job) is JobState.PENDING


async def test_adopted_video_of_other_words_is_not_delivered_and_told(core: Core) -> None:
    job = await lost(core)
    await own(core)
    task(core, "found", DONE, orig_prompt="somebody's dog")
    await rounds(core, 1)
    assert (await core.job(job)).task.adopted, "time and key spoke for it"
    await core.poller.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.failure.possibly_billed) == (JobState.EXPIRED, True)
    assert await core.spent(job) == NOTHING
    assert core.told() == ["orphan_task"]


# --- readings --------------------------------------------------------------------------------


async def test_task_born_after_the_create_was_given_up_is_no_reason_to_buy_again(
    core: Core,
) -> None:
    job = await lost(core, prompt=None)
    await own(core)
    task(core, "late", at=GAVE_UP + timedelta(minutes=2))
    await rounds(core, 5)
    assert await core.state(job) is JobState.UNCONFIRMED
    assert why(core) == ["ambiguous"]


async def test_list_that_does_not_reach_back_is_no_reason_to_buy_again(core: Core) -> None:
    """Off for a day: a later task of ours is listed still, the lost one no more."""
    sent_at = NOW - timedelta(hours=24, minutes=10)
    job = await lost(core, sent_at=sent_at, create_abandoned_at=sent_at + SECOND)
    await own(core, at=sent_at + timedelta(minutes=20))
    await rounds(core, 5)
    assert await core.state(job) is JobState.UNCONFIRMED
    assert why(core) == ["too_old"]


async def test_clock_set_back_is_no_reason_to_buy_again(core: Core) -> None:
    job = await lost(core, create_abandoned_at=SENT - timedelta(hours=1))
    await own(core)
    task(core, "found", at=SENT - timedelta(minutes=30))
    await rounds(core, 5)
    assert (await core.job(job)).task.id == "found"


async def test_candidate_seen_once_makes_all_earlier_silence_void(core: Core) -> None:
    job = await lost(core, prompt=None)
    await own(core)
    await rounds(core, 1)
    task(core, "flickers", at=GAVE_UP + timedelta(minutes=2))
    await rounds(core, 1)
    core.provider.listed.pop()
    await rounds(core, 1)
    assert await core.state(job) is JobState.UNCONFIRMED, "one reading again"
    await rounds(core, 1)
    assert await core.state(job) is JobState.QUEUED


async def test_other_models_in_the_answer_are_left_out(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that ignores the filter must not offer another lane's task."""
    job = await lost(core)
    await own(core)
    core.provider.list_task("other lane's", at=SENT, model=SLOW_MODEL)

    async def unfiltered(*, model: str, page: int) -> TaskPage:
        assert model == MODEL
        return TaskPage(tasks=tuple(core.provider.listed), page=page, total_pages=1)

    monkeypatch.setattr(core.provider, "list_tasks", unfiltered)
    await rounds(core, 1)
    assert await core.state(job) is JobState.UNCONFIRMED


async def test_list_that_grows_while_it_is_read_is_read_to_its_end(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await lost(core)
    await own(core)
    task(core, "found")
    rows = core.provider.listed
    pages: list[list[ListedTask]] = [[], rows[:1], rows[:1], rows[1:]]

    async def growing(*, model: str, page: int) -> TaskPage:
        assert model == MODEL
        return TaskPage(tasks=tuple(pages[page]), page=page, total_pages=min(page + 1, 3))

    monkeypatch.setattr(core.provider, "list_tasks", growing)
    await rounds(core, 1)
    assert (await core.job(job)).task.id == "found"


async def test_job_of_another_account_is_left_to_its_own_key(core: Core) -> None:
    job = await lost(core, account=AccountId("singapore:elsewhere:fedcba987654"))
    task(core, "found", DONE)
    await rounds(core)
    assert (await core.state(job), core.provider.lists) == (JobState.UNCONFIRMED, 0)


async def test_readings_of_a_settled_job_are_not_kept(core: Core) -> None:
    job = await lost(core)
    await own(core, at=SENT - timedelta(minutes=31))
    await rounds(core, 9)
    assert await _stored_readings(core) == 2
    await core.decisions.carry_out(job.id, taken=None, failed=True)
    await rounds(core, 1)
    assert await _stored_readings(core) == 0


async def _stored_readings(core: Core) -> int:
    async with core.database.read() as connection:
        found = await connection.exec_driver_sql("SELECT count(*) FROM reconciliation_readings")
        return int(found.scalar_one())


async def test_lane_is_occupied_until_the_unseen_task_must_be_over(core: Core) -> None:
    sent_at = core.clock.now()
    await lost(core, sent_at=sent_at, create_abandoned_at=sent_at)

    async def occupants() -> int:
        async with core.database.read() as connection:
            return len(await lanes.in_flight(connection, ACCOUNT, MODEL, now=core.clock.now()))

    core.clock.advance(hours=3, minutes=9, seconds=59)
    assert await occupants() == 1
    core.clock.advance(seconds=1)
    assert await occupants() == 0


# --- what the operator reads, and when -------------------------------------------------------


async def test_operator_reads_the_facts_and_what_to_do(core: Core) -> None:
    job = await lost(core, prompt=None)
    task(core, "one", TaskState.RUNNING, at=SENT + SECOND)
    task(core, "two", DONE, at=SENT + 2 * SECOND)
    await rounds(core, 1)
    (notice,) = core.chat.alerts
    assert text.alerts.alert_words(notice) == (
        f"Nobody saw the answer to the create of job {job.id} ({MODEL}, sent at "
        "2026-05-06 11:40:00 UTC). The tasks that fit may be somebody else's: our key's id at the "
        "provider is not known yet, or others use the key too.\n"
        "Tasks that may be the job's: one (RUNNING, created 2026-05-06 11:40:01 UTC), "
        "two (SUCCEEDED, created 2026-05-06 11:40:02 UTC)\n"
        "Look at the provider's console, then decide:\n"
        f"`python -m bot jobs reconcile {job.id} --task ID` if that task is the job's;\n"
        f"`python -m bot jobs reconcile {job.id} --again` to queue it again, which pays twice if "
        "there is a task after all;\n"
        f"`python -m bot jobs reconcile {job.id} --failed` to give it up, uncharged.\n"
        "Without a decision it expires 27 hours after it was sent, uncharged."
    )
    (event,) = [event for event in await core.events(job) if event.name == "undecided"]
    assert event.detail == {"why": "unproven", "tasks": notice.facts["tasks"]}


async def test_operator_reads_that_there_is_no_task_at_all(core: Core) -> None:
    await lost(core)
    await rounds(core, 3)
    words = text.alerts.alert_words(core.chat.alerts[0])
    assert "its silence proves nothing.\nTasks that may be the job's: —\n" in words


async def test_crowd_of_candidates_is_cut_short(core: Core) -> None:
    await lost(core, prompt=None)
    for number in range(11):
        task(core, f"task-{number}", at=SENT + number * SECOND)
    await rounds(core, 1)
    assert core.chat.alerts[0].facts["tasks"].endswith("11:40:07 UTC) and 3 more")


async def test_nobody_is_told_before_the_list_has_settled(core: Core) -> None:
    await lost(core, prompt=None, sent_at=NOW, create_abandoned_at=NOW)
    task(core, "one", at=NOW)
    await rounds(core, 10)
    assert core.told() == []
    await rounds(core, 2)
    assert core.told() == ["job_unconfirmed"]


async def test_matter_is_told_once_and_by_the_next_process_only_while_it_is_open(
    core: Core,
) -> None:
    job = await lost(core)
    await rounds(core, 100)
    assert core.told() == ["job_unconfirmed"]
    again = core.restarted()
    await rounds(again)
    assert len(core.told()) == 2, "told more than an hour ago, and open still"
    await rounds(core.restarted())
    assert len(core.told()) == 2, "told just now: a process that keeps ending does not shout"
    core.clock.advance(hours=2)
    await again.decisions.carry_out(job.id, taken=None, failed=True)
    await rounds(core.restarted())
    assert len(core.told()) == 2, "settled"


async def test_next_create_of_a_job_is_told_of_though_the_last_was_decided_elsewhere(
    core: Core,
) -> None:
    job = await lost(core)
    await rounds(core)
    await core.restarted().decisions.carry_out(job.id, taken=None, failed=False)
    core.provider.create_answers.append(
        ProviderUnavailableError("read timeout", request_was_sent=True)
    )
    await core.dispatcher.run_once(MODEL)
    assert await core.state(job) is JobState.UNCONFIRMED
    await rounds(core, 15)
    assert core.told() == ["job_unconfirmed"] * 2


async def test_list_that_stays_unreadable_is_said_once_and_told_after_an_hour(core: Core) -> None:
    await lost(core)
    core.provider.list_error = ProviderUnavailableError("503", request_was_sent=True)
    with structlog.testing.capture_logs() as logs:
        await rounds(core, 38)
        assert core.told() == []
        await rounds(core, 10)
        core.provider.list_error = None
        await rounds(core, 1)
        core.provider.list_error = ProviderUnavailableError("503", request_was_sent=True)
        await rounds(core, 2)
    said = [entry for entry in logs if entry["event"] == "task_list_unreadable"]
    assert len(said) == 2, "each time anew"
    assert why(core) == ["list_unreadable"]


async def test_list_is_read_rarely_while_the_operator_thinks(core: Core) -> None:
    await lost(core)
    waits = []
    for _ in range(4):
        core.clock.advance(minutes=1)
        waits.append(await core.reconciler.run_once())
    assert waits == [60, 60, 300, 300]


async def test_key_is_learnt_from_the_first_pages_alone(core: Core) -> None:
    await core.put(JobState.RUNNING, task_id=TaskId("not listed yet"))
    for number in range(40):
        core.provider.list_task(f"stranger-{number}", at=SENT, api_key_id="another key")
    core.provider.page_size = 2
    await core.reconciler.run_once()
    assert core.provider.lists == 3
