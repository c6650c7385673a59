"""What /jobs forget erases, of whose jobs, and what stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.amounts import Amounts
from bot.domain.errors import JobNotFoundError, JobNotOverError
from bot.domain.guilds.audit import Action, JobChange
from bot.domain.ids import TaskId, UserId
from bot.domain.jobs.states import ACTIVE, TERMINAL, JobState, Owner
from bot.domain.people import Requester
from bot.services.intake.erasure import Erasure
from bot.storage import audit, guilds
from tests.fakes import CHANNEL, GUILD, MEMBER, NOW, URL, a_submission
from tests.services.core import Core

OWNER = Requester(user_id=MEMBER, guild_id=GUILD, name="Ada")
MODERATOR = Requester(user_id=UserId(9), guild_id=GUILD, may_moderate=True, name="Mo")
LATER = NOW + timedelta(days=1)
WORDS = {"prompt": "a fox", "negative_prompt": "rain", "actual_prompt": "a red fox"}


@pytest.fixture
def forgetting(core: Core) -> Erasure:
    return core.erasure


async def test_files_and_words_are_erased_and_the_figures_stay(
    core: Core, forgetting: Erasure
) -> None:
    job = await core.put(JobState.DELIVERED, result_url=URL, **WORDS)
    await core.put_video(job)
    await forgetting.forget(job.id.lower(), OWNER)
    stored = await core.job(job)
    assert not core.folder_of(job.id).exists()
    assert (stored.options.prompt, stored.options.negative_prompt, stored.result.actual_prompt) == (
        None,
        None,
        None,
    )
    assert stored.requester.name == ""
    assert stored.result.url is None
    assert stored.times.forgotten_at == core.clock.now()
    assert stored.version > job.version, "the status message is drawn anew, without the prompt"
    assert await core.spent(job) == Amounts(videos=1, seconds=5, micros=1_000_000)
    assert (await core.events(job))[-1].name == "job_forgotten"


def _files_of_the_database(core: Core) -> bytes:
    assert core.database.file is not None
    names = (core.database.file.with_name(f"tween.db{ending}") for ending in ("", "-wal"))
    return b"".join(name.read_bytes() for name in names if name.exists())


async def test_no_file_of_the_database_keeps_what_was_erased(
    core: Core, forgetting: Erasure
) -> None:
    marked = "a zebra in the fog, 4711"
    for number in range(20):
        task_id = TaskId(f"task-{number}")
        job = await core.put(
            JobState.DELIVERED, prompt=marked, actual_prompt=marked, task_id=task_id
        )
        await core.writer.patch(job.id, actual_prompt=f"{marked}, once more")
        await forgetting.forget(job.id, OWNER)
    assert marked.encode() in _files_of_the_database(core)
    await core.reaper.run_once()
    assert marked.encode() not in _files_of_the_database(core)


@pytest.mark.parametrize("state", sorted(ACTIVE))
async def test_a_job_under_way_keeps_what_it_needs(
    core: Core, forgetting: Erasure, state: JobState
) -> None:
    job = await core.put(state, **WORDS)
    await core.put_video(job)
    with pytest.raises(JobNotOverError):
        await forgetting.forget(job.id, OWNER)
    assert (await core.job(job)).options.prompt == "a fox"
    assert core.folder_of(job.id).exists()


@pytest.mark.parametrize("state", sorted(TERMINAL))
async def test_any_job_that_is_over_can_be_forgotten(
    core: Core, forgetting: Erasure, state: JobState
) -> None:
    job = await core.put(state, **WORDS)
    assert (await forgetting.forget(job.id, OWNER)).job.options.prompt is None


async def test_a_second_time_changes_nothing(core: Core, forgetting: Erasure) -> None:
    job = await core.put(JobState.DELIVERED)
    first = await forgetting.forget(job.id, OWNER)
    assert first.is_new
    erased = await core.job(job)
    core.clock.advance(seconds=60)
    second = await forgetting.forget(job.id, OWNER)
    assert (second.is_new, second.left_in) == (False, ())
    assert await core.job(job) == erased


async def test_another_member_reaches_nothing(core: Core, forgetting: Erasure) -> None:
    job = await core.put(JobState.DELIVERED, **WORDS)
    with pytest.raises(JobNotFoundError):
        await forgetting.forget(job.id, Requester(user_id=UserId(8), guild_id=GUILD))
    assert (await core.job(job)).options.prompt == "a fox"


async def test_a_moderator_may_and_it_is_written_down(core: Core, forgetting: Erasure) -> None:
    async with core.database.write() as connection:
        await guilds.ensure(connection, GUILD)
        await guilds.change(connection, GUILD, log_channel_id=CHANNEL)
    own = await core.put(JobState.FAILED, requester_id=MODERATOR.user_id)
    theirs = await core.put(JobState.DELIVERED, **WORDS)
    for job in (own, theirs):
        await forgetting.forget(job.id, MODERATOR)
    async with core.database.read() as connection:
        (entry,) = await audit.newest(connection, GUILD, since=NOW, until=LATER, limit=9)
    assert entry.change == JobChange(
        action=Action.JOB_FORGOTTEN, job_id=theirs.id, requester_id=MEMBER
    )
    assert entry.actor.name == "Mo"
    assert "a fox" not in repr(entry)


async def test_what_was_made_again_from_it_follows_whoever_made_it(
    core: Core, forgetting: Erasure
) -> None:
    theirs = await core.submit(a_submission(requester_id=MEMBER))
    await core.writer.advance(theirs, JobState.EXPIRED, owner=Owner.REAPER)
    again = (await core.remakes.retry(theirs.id, MODERATOR, a_submission().origin)).job
    await core.writer.advance(again, JobState.EXPIRED, owner=Owner.REAPER)
    once_more = (await core.remakes.retry(again.id, MODERATOR, a_submission().origin)).job
    await core.reaper.run_once()
    assert core.files_of(again.id)
    await forgetting.forget(theirs.id, OWNER)
    for _ in range(2):
        await core.reaper.run_once()
    assert not core.folder_of(again.id).exists()
    assert (await core.job(again)).options.prompt is None
    assert core.files_of(once_more.id), "it is under way, and needs them"
    await core.writer.advance(once_more, JobState.EXPIRED, owner=Owner.REAPER)
    await core.reaper.run_once()
    assert not core.folder_of(once_more.id).exists()
    assert (await core.job(once_more)).options.prompt is None


async def test_a_retry_of_anothers_job_is_in_the_audit(core: Core) -> None:
    theirs = await core.submit(a_submission(requester_id=MEMBER))
    await core.writer.advance(theirs, JobState.EXPIRED, owner=Owner.REAPER)
    await core.remakes.retry(theirs.id, OWNER, a_submission().origin)
    async with core.database.read() as connection:
        assert await audit.newest(connection, GUILD, since=NOW, until=LATER, limit=9) == []
    await core.remakes.retry(theirs.id, MODERATOR, a_submission().origin)
    async with core.database.read() as connection:
        (entry,) = await audit.newest(connection, GUILD, since=NOW, until=LATER, limit=9)
    assert entry.change == JobChange(
        action=Action.JOB_RETRIED, job_id=theirs.id, requester_id=MEMBER
    )
