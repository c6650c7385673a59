"""Who may make which request where: asked of what was typed, and again with the guild locked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.domain.catalogue import Choices, Kind
from bot.domain.catalogue.permits import Subject
from bot.domain.errors import (
    DrainingError,
    RequestError,
)
from bot.domain.guilds.denials import ChannelClosedError, MemberBlockedError, WordBlockedError
from bot.domain.host.switch import Switch
from bot.domain.ids import ChannelId, GuildId, UserId
from bot.domain.jobs.files import folder_of
from bot.domain.jobs.states import JobState
from bot.domain.people import Person, Requester
from bot.domain.requests.denials import EffectDeniedError, ModelDeniedError
from bot.domain.requests.submission import Submission, VideoOptions, VideoSpec
from bot.domain.requests.words import fold
from bot.services.switch import IntakeSwitch
from bot.storage import moderation, permits
from bot.storage.engine import Connection
from tests.fakes import CHANNEL, GUILD, MEMBER, MODEL, NOW, a_requester, a_submission
from tests.services.core import Core
from tests.services.video_requests import a_submission_for

CATEGORY, ELSEWHERE = ChannelId(8_000), ChannelId(8_001)
OTHER_MODEL = "wanx2.1-kf2v-plus"

Act = Callable[[Connection], Awaitable[object]]


def block(connection: Connection) -> Awaitable[object]:
    return moderation.block(connection, GUILD, MEMBER, blocked_by=UserId(9), at=NOW)


def close_channel(connection: Connection) -> Awaitable[object]:
    return permits.decide(connection, GUILD, Subject.CHANNEL, str(CHANNEL), allowed=False)


def deny_model(connection: Connection) -> Awaitable[object]:
    return permits.decide(connection, GUILD, Subject.MODEL, MODEL, allowed=False)


def add_word(connection: Connection) -> Awaitable[object]:
    return moderation.add_word(connection, GUILD, folded=fold("fox"), word="fox")


FORBIDS = [
    pytest.param(block, MemberBlockedError, id="block"),
    pytest.param(close_channel, ChannelClosedError, id="channel"),
    pytest.param(deny_model, ModelDeniedError, id="model"),
    pytest.param(add_word, WordBlockedError, id="word"),
]


async def do(core: Core, act: Act) -> None:
    async with core.database.write() as connection:
        await act(connection)


def from_channel(*path: ChannelId, user_id: UserId = MEMBER) -> Requester:
    return a_requester(user_id=user_id, channel_path=path or (CHANNEL,))


async def admitted(
    core: Core,
    requester: Requester | None = None,
    kind: Kind = Kind.FRAMES,
    options: VideoOptions | None = None,
    **choices: str,
) -> VideoSpec:
    return await core.admission.admit(
        requester or from_channel(),
        kind,
        options or VideoOptions(prompt="a red fox"),
        Choices(**choices),  # type: ignore[arg-type]
    )


def a_request() -> Submission:
    return replace(a_submission(), requester=from_channel())


# --- what was typed --------------------------------------------------------------------------


@pytest.mark.parametrize(("act", "error"), FORBIDS)
async def test_what_is_forbidden_is_refused_and_only_in_this_guild(
    core: Core, act: Act, error: type[RequestError]
) -> None:
    assert (await admitted(core)).model == MODEL
    await do(core, act)
    with pytest.raises(error):
        await admitted(core, model=MODEL)
    assert (await admitted(core, replace(from_channel(), guild_id=GuildId(9)))).model == MODEL


async def test_a_drain_refuses_before_pictures_are_read(core: Core) -> None:
    await IntakeSwitch(core.database).set(Switch.DRAINING, Person(user_id=UserId(9), name="ops"))
    with pytest.raises(DrainingError):
        await admitted(core, from_channel())


async def test_another_member_may_where_one_is_blocked(core: Core) -> None:
    await do(core, block)
    assert (await admitted(core, from_channel(user_id=UserId(4)))).model == MODEL


async def test_a_closed_channel_names_the_open_ones(core: Core) -> None:
    async with core.database.write() as connection:
        for channel_id, allowed in ((CATEGORY, True), (CHANNEL, False)):
            name = str(channel_id)
            await permits.decide(connection, GUILD, Subject.CHANNEL, name, allowed=allowed)
    with pytest.raises(ChannelClosedError) as closed:
        await admitted(core, from_channel(CHANNEL, CATEGORY))
    assert closed.value.instead == (CATEGORY,)
    assert (await admitted(core, from_channel(ELSEWHERE, CATEGORY))).model == MODEL
    with pytest.raises(ChannelClosedError):
        await admitted(core, from_channel(ELSEWHERE))


async def test_a_denied_default_gives_way_to_the_cheapest_allowed(core: Core) -> None:
    await do(core, deny_model)
    # 5 seconds in 480P, for less than the 2.1 model's 720P.
    assert (await admitted(core)).model == "wan3.0-video"
    offered = await core.admission.catalogue(GUILD)
    everywhere = {model.name for model in core.catalogue.of_kind(Kind.FRAMES)}
    assert {model.name for model in offered.of_kind(Kind.FRAMES)} == everywhere - {MODEL}


async def test_a_guilds_default_is_taken_when_nobody_chose(core: Core) -> None:
    async with core.database.write() as connection:
        chosen = Choices(model=OTHER_MODEL)
        await permits.set_default(connection, GUILD, Kind.FRAMES, chosen)
    assert (await admitted(core)).model == OTHER_MODEL
    default = (await core.admission.catalogue(GUILD)).default(Kind.FRAMES)
    assert default is not None
    assert default.name == OTHER_MODEL


async def test_both_prompts_are_held_against_the_words(core: Core) -> None:
    await do(core, add_word)
    for field, options in (
        ("prompt", VideoOptions(prompt="A FOX!")),
        ("negative_prompt", VideoOptions(prompt="a hen", negative_prompt="no fox")),
    ):
        with pytest.raises(WordBlockedError) as blocked:
            await admitted(core, options=options)
        assert blocked.value.field == field
        assert "fox" not in str(blocked.value), "the log keeps no prompts"
    free = VideoOptions(prompt="foxes and a firefox")
    assert (await admitted(core, options=free)).options == free


async def test_an_effect_for_two_people_needs_an_admin(core: Core) -> None:
    options = VideoOptions(effect="hug")
    with pytest.raises(EffectDeniedError):
        await admitted(core, kind=Kind.EFFECT, options=options)
    async with core.database.write() as connection:
        await permits.decide(connection, GUILD, Subject.EFFECT, "hug", allowed=True)
    assert (await admitted(core, kind=Kind.EFFECT, options=options)).options.effect == "hug"


# --- what came in between --------------------------------------------------------------------


@pytest.mark.parametrize(("act", "error"), FORBIDS)
async def test_what_is_forbidden_after_the_check_stops_the_reserve(
    core: Core, act: Act, error: type[RequestError]
) -> None:
    submission = replace(a_request(), spec=await admitted(core))
    await do(core, act)
    with pytest.raises(error):
        await core.submit(submission)
    async with core.database.read() as connection:
        assert await _jobs(connection) == 0
    assert core.left() == []


async def _jobs(connection: Connection) -> int:
    found = await connection.exec_driver_sql("SELECT COUNT(*) FROM jobs")
    return int(found.scalar_one())


async def test_an_effect_denied_after_the_check_stops_the_reserve(core: Core) -> None:
    submission = a_submission_for(
        core.catalogue, Kind.EFFECT, VideoOptions(effect="hug"), Choices()
    )
    with pytest.raises(EffectDeniedError):
        await core.submit(submission)


async def test_a_block_and_many_requests_at_once_leave_no_job_after_the_block(core: Core) -> None:
    submissions = [core.submit(a_request()) for _ in range(6)]
    outcomes = await asyncio.gather(
        *submissions[:3], do(core, block), *submissions[3:], return_exceptions=True
    )
    refused = sum(isinstance(outcome, MemberBlockedError) for outcome in outcomes)
    async with core.database.read() as connection:
        assert await _jobs(connection) == 6 - refused
    with pytest.raises(MemberBlockedError):
        await core.submit(a_request())


@pytest.mark.parametrize(("act", "error"), FORBIDS)
async def test_a_retry_is_checked_as_a_new_command(
    core: Core, act: Act, error: type[RequestError]
) -> None:
    job = await core.submit(a_request())
    await core.patch(job, state=JobState.FAILED, finished_at=NOW)
    await do(core, act)
    # Refused before its pictures are read, which are gone besides.
    await core.files.erase(folder_of(job.id))
    with pytest.raises(error):
        await core.remakes.retry(job.id, from_channel(), a_submission().origin)
