"""Blocked members and words, and jobs of others that are cancelled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.amounts import NOTHING
from bot.domain.errors import InvalidOptionsError, JobNotFoundError
from bot.domain.guilds.audit import Action, Change, JobChange, WordChange
from bot.domain.ids import ChannelId, GuildId, UserId
from bot.domain.jobs.states import JobState
from bot.domain.people import Person, Requester
from bot.services.guilds import moderation
from bot.services.guilds.moderation import Blocked
from bot.storage import audit, guilds
from tests.fakes import GUILD, MEMBER, NOW, a_submission
from tests.services.core import Core

MODERATOR = Person(user_id=UserId(9), name="mo")
ASKER = Requester(user_id=UserId(9), guild_id=GUILD, may_moderate=True, name="mo")
OWNER = Requester(user_id=MEMBER, guild_id=GUILD, name="Ada")
LOG = ChannelId(77)


async def _written(core: Core) -> list[tuple[Change, str]]:
    """Return the guild's changes and who made each, oldest first."""
    async with core.database.read() as connection:
        entries = await audit.newest(
            connection, GUILD, since=NOW, until=NOW + timedelta(days=1), limit=50
        )
    return [(entry.change, entry.actor.name) for entry in reversed(entries)]


async def _done(core: Core) -> list[Action]:
    """Return what was done, oldest first."""
    return [change.action for change, _ in await _written(core)]


# --- jobs of others ---------------------------------------------------------------------------


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.SUBMITTING, JobState.PENDING])
async def test_a_cancel_of_anothers_job_is_written_down_and_told(
    core: Core, state: JobState
) -> None:
    job = await core.put(state)
    async with core.database.write() as connection:
        await guilds.change(connection, GUILD, log_channel_id=LOG)
    for _ in range(2 if state is not JobState.QUEUED else 1):
        await core.cancellations.cancel(job.id, ASKER)
    cancelled = JobChange(action=Action.JOB_CANCELLED, job_id=job.id, requester_id=MEMBER)
    assert await _written(core) == [(cancelled, "mo")]
    ((channel_id, entry),) = await core.logged()
    assert (channel_id, entry.action) == (LOG, Action.JOB_CANCELLED)


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.PENDING])
async def test_a_cancel_of_ones_own_job_is_nobodys_business(core: Core, state: JobState) -> None:
    job = await core.put(state)
    await core.cancellations.cancel(job.id, OWNER)
    assert await _written(core) == []


async def test_a_job_of_another_guild_is_not_there_to_be_cancelled(core: Core) -> None:
    job = await core.put(guild_id=GuildId(5))
    with pytest.raises(JobNotFoundError):
        await core.cancellations.cancel(job.id, ASKER)
    assert job not in await core.moderation.cancellable(GUILD)


# --- blocks -----------------------------------------------------------------------------------


async def test_a_block_cancels_what_waits_and_leaves_what_runs(core: Core) -> None:
    waiting = [await core.put() for _ in range(2)]
    pending = await core.put(JobState.PENDING)
    running = await core.put(JobState.RUNNING)
    others = await core.put(requester_id=UserId(4))
    elsewhere = await core.put(guild_id=GuildId(5))
    done = await core.moderation.block(GUILD, MEMBER, MODERATOR)
    assert done == Blocked(is_new=True, cancelled=2, requested=1)
    for job in waiting:
        assert await core.state(job) is JobState.CANCELLED
        assert await core.spent(job) == NOTHING
    assert (await core.job(pending)).cancellation.requested_by == MODERATOR.user_id
    for job in (running, others, elsewhere):
        stored = await core.job(job)
        assert (stored.state, stored.cancellation.requested_at) == (job.state, None)
    assert await _done(core) == [
        Action.MEMBER_BLOCKED,
        *[Action.JOB_CANCELLED] * 3,
    ]


async def test_a_block_repeated_ends_what_an_interrupted_one_left(core: Core) -> None:
    await core.moderation.block(GUILD, MEMBER, MODERATOR)
    left = await core.put()
    done = await core.moderation.block(GUILD, MEMBER, MODERATOR)
    assert done == Blocked(is_new=False, cancelled=1, requested=0)
    assert await core.state(left) is JobState.CANCELLED
    assert (await _done(core)).count(Action.MEMBER_BLOCKED) == 1


async def test_a_job_that_begins_meanwhile_goes_on(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await core.put()
    cancel = core.cancellations.cancel

    async def begin_first(asked: str, requester: Requester) -> object:
        await core.patch(job, state=JobState.RUNNING)
        return await cancel(asked, requester)

    monkeypatch.setattr(core.cancellations, "cancel", begin_first)
    done = await core.moderation.block(GUILD, MEMBER, MODERATOR)
    assert done == Blocked(is_new=True, cancelled=0, requested=0)


async def test_blocks_are_listed_and_lifted(core: Core) -> None:
    assert (await core.moderation.blocks(GUILD)).blocks == ()
    await core.moderation.block(GUILD, MEMBER, MODERATOR)
    (block,) = (await core.moderation.blocks(GUILD)).blocks
    assert (block.user_id, block.blocked_by, block.at) == (MEMBER, MODERATOR.user_id, NOW)
    assert (await core.moderation.blocks(GuildId(5))).blocks == ()
    assert await core.moderation.unblock(GUILD, MEMBER, MODERATOR)
    assert not await core.moderation.unblock(GUILD, MEMBER, MODERATOR)
    assert await _done(core) == [
        Action.MEMBER_BLOCKED,
        Action.MEMBER_UNBLOCKED,
    ]
    await core.submit(a_submission())


async def test_blocks_are_read_page_by_page(core: Core) -> None:
    for member in range(60):
        core.clock.advance(seconds=1)
        await core.moderation.block(GUILD, UserId(member + 1), MODERATOR)
    seen: list[int] = []
    page = await core.moderation.blocks(GUILD)
    assert (page.count, page.offset, page.has_older) == (60, 0, True)
    seen += [block.user_id for block in page.blocks]
    while page.has_older:
        page = await core.moderation.blocks(GUILD, offset=page.offset + moderation.PAGE)
        seen += [block.user_id for block in page.blocks]
    assert seen == list(range(60, 0, -1))


async def test_there_are_only_so_many_blocks(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moderation, "MAX_BLOCKS", 1)
    await core.moderation.block(GUILD, MEMBER, MODERATOR)
    assert not (await core.moderation.block(GUILD, MEMBER, MODERATOR)).is_new, "once more"
    with pytest.raises(InvalidOptionsError) as caught:
        await core.moderation.block(GUILD, UserId(4711), MODERATOR)
    assert (caught.value.problem, caught.value.facts) == ("too_many_blocks", {"limit": 1})
    await core.moderation.unblock(GUILD, MEMBER, MODERATOR)
    await core.moderation.block(GUILD, UserId(4711), MODERATOR)


# --- words ------------------------------------------------------------------------------------


async def test_words_are_added_once_in_whatever_spelling(core: Core) -> None:
    add, remove = core.moderation.add_word, core.moderation.remove_word
    assert await add(GUILD, "Mud", MODERATOR)
    assert not await add(GUILD, "mùd", MODERATOR)
    assert await core.moderation.words(GUILD) == ["Mud"]
    assert await core.moderation.words(GuildId(5)) == []
    assert await remove(GUILD, "MUD", MODERATOR) == "Mud"
    assert await remove(GUILD, "mud", MODERATOR) is None
    assert await _written(core) == [
        (WordChange(action=Action.WORD_ADDED, word="Mud"), "mo"),
        (WordChange(action=Action.WORD_REMOVED, word="Mud"), "mo"),
    ]


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("...", "word_empty"),
        ("\u200b", "word_empty"),
        ("ﷺ" * 64, "word_too_long"),
        ("a" + "\u0301" * 64, "word_too_long"),
    ],
)
async def test_a_word_that_cannot_be_searched_for_is_refused(
    core: Core, word: str, problem: str
) -> None:
    with pytest.raises(InvalidOptionsError) as caught:
        await core.moderation.add_word(GUILD, word, MODERATOR)
    assert caught.value.problem == problem
    assert await _written(core) == []


async def test_there_are_only_so_many_words(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moderation, "MAX_WORDS", 1)
    await core.moderation.add_word(GUILD, "mud", MODERATOR)
    with pytest.raises(InvalidOptionsError) as caught:
        await core.moderation.add_word(GUILD, "rain", MODERATOR)
    assert (caught.value.problem, caught.value.facts) == ("too_many_words", {"limit": 1})
