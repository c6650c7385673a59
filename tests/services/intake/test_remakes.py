"""What is made from jobs: again, changed, three at once, by another model, onward."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.domain.catalogue import Kind
from bot.domain.errors import (
    DuplicateInteractionError,
    JobNotFoundError,
    JobNotRetryableError,
    RequestError,
)
from bot.domain.guilds.denials import QuotaExceededError
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.ids import GuildId, InteractionId, UserId
from bot.domain.jobs.denials import NotRequesterError, PriceRoseError
from bot.domain.jobs.job import Job
from bot.domain.jobs.remaking import TAKES, FilledEdit, Rewriting
from bot.domain.jobs.states import JobState, Owner
from bot.domain.people import Requester
from bot.domain.requests.submission import Origin
from tests.fakes import CHANNEL, GUILD, MEMBER, a_submission, number
from tests.services.core import GENEROUS, Core

OWNER = Requester(user_id=MEMBER, guild_id=GUILD)
OTHER = Requester(user_id=UserId(4), guild_id=GUILD)
FOREIGN = Requester(user_id=MEMBER, guild_id=GuildId(9))
PLENTY = 10**9


def an_origin(interaction_id: int | None = None, guild_id: GuildId = GUILD) -> Origin:
    return Origin(
        guild_id=guild_id,
        channel_id=CHANNEL,
        interaction_id=InteractionId(interaction_id or number()),
    )


def allowing(core: Core, videos: int) -> Core:
    """Return the process with a rule of so many videos a day for each member."""
    rule = Rule(scope=Scope.MEMBER_DEFAULT, unit=Unit.VIDEOS, window=Window.DAY, limit=videos)
    return core.altered(defaults=replace(GENEROUS, rules=(rule,)))


async def a_finished(core: Core) -> Job:
    """Return a job that is over, whose pictures are kept, and which counts against nobody."""
    job = await core.submit(a_submission())
    await core.writer.advance(job, JobState.EXPIRED, owner=Owner.REAPER)
    return await core.job(job)


async def test_again_changes_the_seed_alone(core: Core) -> None:
    job = await a_finished(core)
    made = (await core.remakes.again(job.id, OWNER, an_origin())).job
    assert replace(made.spec, options=replace(made.options, seed=job.options.seed)) == job.spec
    assert made.options.seed != job.options.seed
    assert (made.pictures, made.origin.retry_of) == (job.pictures, job.id)
    assert core.files_of(made.id) == core.files_of(job.id)


async def test_again_and_edit_are_the_requesters_alone(core: Core) -> None:
    job = await a_finished(core)
    moderator = replace(OTHER, may_moderate=True)
    for who in (OTHER, moderator):
        with pytest.raises(NotRequesterError):
            await core.remakes.again(job.id, who, an_origin())
        with pytest.raises(NotRequesterError):
            await core.remakes.offer(job.id, who, own=True)
    for press in (
        core.remakes.again(job.id, FOREIGN, an_origin(guild_id=GuildId(9))),
        core.remakes.takes(job.id, FOREIGN, an_origin(guild_id=GuildId(9)), at_most_micros=PLENTY),
        core.continuations.offer(job.id, FOREIGN),
    ):
        with pytest.raises(JobNotFoundError):
            await press


async def test_an_edit_changes_what_was_filled_in(core: Core) -> None:
    job = await a_finished(core)
    offer = await core.remakes.offer(job.id, OWNER, own=True)
    other = offer.higher_tiers[0]
    filled = FilledEdit(
        prompt="a blue fox",
        rewriting=Rewriting.MINE,
        seed=12,
        variant=other.key,
        at_most_micros=other.micros,
    )
    made = (await core.remakes.edit(job.id, OWNER, an_origin(), filled)).job
    assert (made.options.prompt, made.options.seed) == ("a blue fox", 12)
    assert made.options.prompt_extend is False
    assert (made.spec.model, made.spec.resolution) == (other.model, other.resolution)
    assert made.price.reserved.micros == other.micros


async def test_nobody_pays_more_than_they_read(core: Core) -> None:
    job = await a_finished(core)
    offer = await core.remakes.offer(job.id, OTHER, own=False)
    assert offer.take is not None
    before = core.left()
    with pytest.raises(PriceRoseError):
        await core.remakes.takes(
            job.id, OTHER, an_origin(), at_most_micros=TAKES * offer.take.micros - 1
        )
    assert core.left() == before


async def test_three_takes_are_one_transaction(core: Core) -> None:
    job = await a_finished(core)
    origin = an_origin()
    made = await core.remakes.takes(job.id, OTHER, origin, at_most_micros=PLENTY)
    assert len({queued.job.options.seed for queued in made}) == TAKES
    ids = [queued.job.origin.interaction_id for queued in made]
    assert ids[0] == origin.interaction_id
    assert all(below < 0 for below in ids[1:])
    assert len(set(ids)) == TAKES
    with pytest.raises(DuplicateInteractionError):
        await core.remakes.takes(job.id, OTHER, origin, at_most_micros=PLENTY)


async def test_three_takes_are_all_or_none(core: Core) -> None:
    job = await a_finished(core)
    before = core.left()
    with pytest.raises(QuotaExceededError):
        await allowing(core, TAKES - 1).remakes.takes(
            job.id, OTHER, an_origin(), at_most_micros=PLENTY
        )
    assert core.left() == before
    assert await core.lookup.list_jobs(OTHER) == []


async def test_twenty_presses_against_a_limit_of_five_make_five(core: Core) -> None:
    job = await a_finished(core)
    limited = allowing(core, 5)
    answers = await asyncio.gather(
        *(
            limited.remakes.vary_tier(
                job.id, OTHER, an_origin(), job.spec.resolution, at_most_micros=PLENTY
            )
            for _ in range(20)
        ),
        return_exceptions=True,
    )
    made = [answer for answer in answers if not isinstance(answer, BaseException)]
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert len(made) == 5
    assert all(isinstance(error, QuotaExceededError) for error in refused)
    folders = {path.partition("/")[2].partition("/")[0] for path in core.left()} - {""}
    assert folders == {job.id, *(queued.job.id for queued in made)}


async def test_what_is_under_way_or_erased_is_not_gone_on_from(core: Core) -> None:
    waiting = await core.submit(a_submission())
    erased = await a_finished(core)
    await core.erasure.forget(erased.id, OWNER)
    for job in (waiting, erased):
        for press in (
            core.remakes.again(job.id, OWNER, an_origin()),
            core.remakes.takes(job.id, OTHER, an_origin(), at_most_micros=PLENTY),
            core.remakes.offer(job.id, OTHER, own=False),
            core.continuations.offer(job.id, OTHER),
        ):
            with pytest.raises(JobNotRetryableError):
                await press


async def test_files_that_are_gone_refuse_and_leave_nothing(core: Core) -> None:
    job = await a_finished(core)
    (core.folder_of(job.id) / job.pictures[1].file_name).unlink()
    before = core.left()
    with pytest.raises(RequestError):
        await core.remakes.again(job.id, OWNER, an_origin())
    assert [path for path in core.left() if path.endswith(".jpg")] == [
        path for path in before if path.endswith(".jpg")
    ]


async def test_without_a_video_nothing_goes_on(core: Core) -> None:
    job = await a_finished(core)
    with pytest.raises(JobNotRetryableError):
        await core.continuations.offer(job.id, OTHER)
    await core.put_video(job)
    offer = await core.continuations.offer(job.id, OTHER)
    assert offer.variants
    assert offer.usual in {each.key for each in offer.variants}
    models = [core.catalogue.get(each.model) for each in offer.variants]
    kinds = [set() if model is None else set(model.abilities.kinds) for model in models]
    assert all(kinds), "each is in the catalogue"
    assert {Kind.IMAGE, Kind.FRAMES} <= set().union(*kinds)
