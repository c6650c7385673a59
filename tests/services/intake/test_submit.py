"""The order of a submission: commit, post, store the id, and only then may it be claimed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from bot.domain.amounts import NOTHING
from bot.domain.errors import (
    ChatUnavailableError,
    DuplicateInteractionError,
    GuildDisabledError,
    InvalidOptionsError,
    MissingAccessError,
)
from bot.domain.failure import FailureReason
from bot.domain.guilds.denials import QueueFullError, QuotaExceededError
from bot.domain.guilds.quota import Scope, Unit
from bot.domain.ids import GuildId, JobId, MessageId, UserId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.status import Drawing, Purpose
from bot.domain.requests.submission import VideoOptions
from bot.services.intake import submissions
from bot.storage import guilds, jobs, lanes
from bot.storage.tables import guilds as guilds_table
from bot.storage.tables import jobs as jobs_table
from tests.fakes import CHANNEL, GUILD, MODEL, VIDEO, a_requester, a_submission
from tests.services.core import GENEROUS, Core
from tests.services.video_requests import ask, attached


async def _count(core: Core) -> int:
    async with core.database.read() as connection:
        return int(
            (await connection.execute(select(func.count()).select_from(jobs_table))).scalar_one()
        )


async def test_job_is_committed_with_its_reserve_before_its_message_is_posted(core: Core) -> None:
    seen: list[tuple[JobState, bool]] = []

    async def look(_: str) -> None:
        async with core.database.read() as connection:
            (job,) = await jobs.in_states(connection, set(JobState))
        assert await core.entries(job) == [EntryKind.RESERVE]
        seen.append((job.state, job.messages.status_message_id is None))

    core.chat.before = look
    job = await core.submit(a_submission())
    assert seen == [(JobState.QUEUED, True)]
    assert job.messages.status_message_id is not None
    assert await core.job(job) == job
    assert await core.spent(job) == job.price.reserved


async def test_job_cannot_be_claimed_before_its_message_stands(core: Core) -> None:
    async def dispatch(_: str) -> None:
        assert await core.dispatcher.run_once(MODEL) > 0
        assert core.provider.creates == []

    core.chat.before = dispatch
    await core.submit(a_submission())
    core.chat.before = None
    assert await core.dispatcher.run_once(MODEL) == 0
    assert len(core.provider.creates) == 1


async def test_own_message_is_not_edited_again_by_the_board(core: Core) -> None:
    job = await core.submit(a_submission())
    await core.status_updater.run_once()
    assert core.chat.names(job.id) == ["post_status"]


async def test_refused_message_cancels_the_job_and_gives_the_reservation_back(core: Core) -> None:
    core.chat.closed["post_status"] = MissingAccessError("no permission")
    with pytest.raises(MissingAccessError):
        await core.submit(a_submission())
    async with core.database.read() as connection:
        (job,) = await jobs.in_states(connection, {JobState.CANCELLED})
    assert job.failure.reason is FailureReason.STATUS_REFUSED
    assert await core.spent(job) == NOTHING
    # The private answer said it: nothing else is written to anybody.
    core.clock.advance(minutes=5)
    await core.status_updater.run_once()
    assert core.chat.calls == []


async def test_unreachable_chat_leaves_the_job_queued_and_the_board_posts_it(core: Core) -> None:
    core.chat.refusals["post_status"].append(ChatUnavailableError("503"))
    job = await core.submit(a_submission())
    assert job.state is JobState.QUEUED
    assert job.messages.status_message_id is None
    await core.status_updater.run_once()
    assert core.chat.calls == [], "the command may still be posting"
    core.clock.advance(seconds=25)
    await core.status_updater.run_once()
    assert core.chat.names(job.id) == ["post_status"]
    assert (await core.job(job)).messages.status_message_id is not None
    assert await core.dispatcher.run_once(MODEL) == 0


async def test_message_whose_answer_was_lost_is_found_instead_of_posted_again(core: Core) -> None:
    core.chat.refusals["post_status"].append(ChatUnavailableError("dropped connection"))
    job = await core.submit(a_submission())
    standing = Receipt(channel_id=CHANNEL, message_id=MessageId(77))
    core.chat.standing[Purpose.STATUS, CHANNEL] = standing
    core.clock.advance(seconds=25)
    await core.status_updater.run_once()
    assert "post_status" not in core.chat.names(job.id)
    assert (await core.job(job)).messages.status_message_id == 77


async def test_cancel_while_the_message_is_posted_is_shown_on_it(core: Core) -> None:
    async def cancel(_: str) -> None:
        core.chat.before = None
        (job,) = await core.lookup.list_jobs(requester)
        await core.cancellations.cancel(job.id, requester)

    requester = a_requester()
    core.chat.before = cancel
    job = await core.submit(a_submission())
    assert job.state is JobState.CANCELLED
    assert job.messages.status_message_id is not None
    await core.status_updater.run_once()
    assert core.chat.last().job.state is JobState.CANCELLED
    assert await core.spent(job) == NOTHING


async def test_same_interaction_makes_one_job(core: Core) -> None:
    job = await core.submit(a_submission(interaction_id=42))
    kept = core.left()
    with pytest.raises(DuplicateInteractionError):
        await core.submit(a_submission(interaction_id=42))
    assert await _count(core) == 1
    assert core.left() == kept, "the pictures of the first, and none of the second"
    assert core.folder_of(job.id).exists()


async def test_same_interaction_at_the_same_time_makes_one_job(core: Core) -> None:
    same = [a_submission(interaction_id=42) for _ in range(4)]
    outcomes = await asyncio.gather(*map(core.submit, same), return_exceptions=True)
    assert sum(isinstance(outcome, DuplicateInteractionError) for outcome in outcomes) == 3
    assert sum(core.folder_of(submission.job_id).exists() for submission in same) == 1
    assert await _count(core) == 1


async def test_refused_request_leaves_no_pictures(core: Core) -> None:
    core.submissions = _with(core, rules=()).submissions
    core.submissions._quotas._defaults = replace(GENEROUS, max_queued_per_member=0)
    with pytest.raises(QueueFullError):
        await core.submit(a_submission())
    assert core.left() == []


def _with(core: Core, **defaults: object) -> Core:
    changed = core.restarted()
    changed.quotas._defaults = replace(GENEROUS, **defaults)  # type: ignore[arg-type]
    return changed


async def test_colliding_job_id_does_not_touch_the_older_job(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = await core.put(JobState.DELIVERED)
    await core.put_video(older)
    drawn = iter([older.id, JobId("ZZZZZZ")])
    monkeypatch.setattr(submissions, "new_job_id", lambda: next(drawn))
    job = await ask(core, attached(core, first_frame=b"a fox", last_frame=b"a hen"))
    assert job.id == "ZZZZZZ"
    assert core.files_of(older.id) == {"result.mp4": VIDEO}


async def test_guild_the_host_did_not_allow_is_refused(core: Core) -> None:
    core.submissions._allowed_guilds = frozenset({GuildId(5)})
    with pytest.raises(GuildDisabledError):
        await core.submit(a_submission())


async def test_model_whose_lane_is_off_is_refused(core: Core) -> None:
    async with core.database.write() as connection:
        lane = await core.lane()
        await lanes.switch_off(connection, lane, at=core.clock.now(), reason="no access")
    with pytest.raises(InvalidOptionsError):
        await core.submit(a_submission())


async def test_seed_is_drawn_where_none_was_given(core: Core) -> None:
    job = await core.submit(a_submission())
    assert job.options.seed is not None
    chosen = await core.submit(a_submission(options=VideoOptions(seed=0)))
    assert chosen.options.seed == 0


@pytest.mark.parametrize("hidden", ["spoiler", "preview off"])
async def test_preview_is_not_shown(core: Core, hidden: str) -> None:
    if hidden == "preview off":
        async with core.database.write() as connection:
            await guilds.ensure(connection, GUILD)
            await connection.execute(update(guilds_table).values(preview=False))
    options = VideoOptions(prompt="x", spoiler=hidden == "spoiler")
    job = await core.submit(a_submission(options=options))
    assert not job.has_preview


@pytest.mark.parametrize("is_readable", [True, False])
async def test_preview_is_posted_where_it_can_be_read(core: Core, *, is_readable: bool) -> None:
    posted: list[bytes | None] = []
    post_status = core.chat.post_status

    async def look(job: Job, drawing: Drawing, *, preview: bytes | None) -> Receipt:
        posted.append(preview)
        return await post_status(job, drawing, preview=preview)

    core.chat.post_status = look  # type: ignore[method-assign]
    submission = a_submission()
    if is_readable:
        job = await core.submit(submission)
    else:
        job = await core.submissions.submit(submission)
    assert posted == [b"preview" if is_readable else None]
    assert (job.has_preview, job.messages.status_message_id is None) == (True, False)


async def test_full_queue_names_whose_it_is(core: Core) -> None:
    core = _with(core, max_queued_per_member=1, max_queued_per_guild=2)
    await core.submit(a_submission())
    with pytest.raises(QueueFullError) as own:
        await core.submit(a_submission())
    assert (own.value.whose, own.value.waiting, own.value.limit) == ("member", 1, 1)
    await core.submit(a_submission(requester_id=UserId(8)))
    with pytest.raises(QueueFullError) as shared:
        await core.submit(a_submission(requester_id=UserId(9)))
    assert shared.value.whose == "guild"


async def test_one_guild_holds_no_more_of_the_budget_than_its_part(core: Core) -> None:
    core = _with(core, daily_budget_micros=4_000_000, guild_budget_share=0.5)
    waiting = [await core.submit(a_submission(guild_id=GuildId(1))) for _ in range(2)]
    with pytest.raises(QuotaExceededError) as refused:
        await core.submit(a_submission(guild_id=GuildId(1)))
    refusal = refused.value.refusal
    assert (refusal.scope, refusal.limit, refusal.used) == (
        Scope.BUDGET_SHARE,
        2_000_000,
        2_000_000,
    )
    await core.submit(a_submission(guild_id=GuildId(2)))
    await core.writer.advance(waiting[0], JobState.CANCELLED, owner=Owner.REAPER)
    await core.submit(a_submission(guild_id=GuildId(1)))


async def test_budget_is_shared_by_all_guilds(core: Core) -> None:
    core = _with(core, daily_budget_micros=2_000_000)
    await core.submit(a_submission(guild_id=GuildId(1)))
    await core.submit(a_submission(guild_id=GuildId(2)))
    with pytest.raises(QuotaExceededError) as refused:
        await core.submit(a_submission(guild_id=GuildId(3)))
    refusal = refused.value.refusal
    assert (refusal.scope, refusal.unit, refusal.used) == (Scope.BUDGET, Unit.COST, 2_000_000)
