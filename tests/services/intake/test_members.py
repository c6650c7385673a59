"""What a member or moderator does with jobs: find, list, cancel, retry, look at quotas."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.amounts import NOTHING
from bot.domain.catalogue import Choices, Kind
from bot.domain.errors import JobNotCancellableError, JobNotFoundError, JobNotRetryableError
from bot.domain.guilds.denials import QuotaExceededError
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.ids import GuildId, InteractionId, RoleId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.people import Requester
from bot.domain.requests.submission import Origin, Submission, VideoOptions
from bot.domain.requests.task import TaskRequest
from bot.storage import guilds
from tests.fakes import CHANNEL, GUILD, MEMBER, MODEL, NOW, SLOW_MODEL, a_submission, number
from tests.services.core import GENEROUS, Core
from tests.services.video_requests import a_submission_for, bytes_of

OWNER = Requester(user_id=MEMBER, guild_id=GUILD)
OTHER = Requester(user_id=UserId(4), guild_id=GUILD)
MODERATOR = Requester(user_id=UserId(5), guild_id=GUILD, may_moderate=True)
FOREIGN = Requester(user_id=UserId(5), guild_id=GuildId(9), may_moderate=True)
IN_DM = Requester(user_id=MEMBER, guild_id=None)
OTHER_IN_DM = Requester(user_id=UserId(4), guild_id=None, may_moderate=True)


@pytest.mark.parametrize(
    ("requester", "may_see"),
    [
        pytest.param(OWNER, True, id="owner"),
        pytest.param(MODERATOR, True, id="moderator"),
        pytest.param(IN_DM, True, id="owner in the DM"),
        pytest.param(OTHER, False, id="another member"),
        pytest.param(FOREIGN, False, id="moderator of another guild"),
        pytest.param(OTHER_IN_DM, False, id="somebody else in the DM"),
        pytest.param(
            Requester(user_id=MEMBER, guild_id=GuildId(9)), False, id="owner in another guild"
        ),
    ],
)
async def test_job_is_seen_by_its_owner_and_the_guilds_moderators(
    core: Core, requester: Requester, *, may_see: bool
) -> None:
    job = await core.put()
    if may_see:
        assert (await core.lookup.find(f" #{job.id.lower()} ", requester)).id == job.id
        return
    answers = []
    for asked in (job.id, "ZZZZZZ"):
        with pytest.raises(JobNotFoundError) as caught:
            await core.lookup.find(asked, requester)
        answers.append(str(caught.value).replace(asked, "X"))
    assert answers[0] == answers[1], "like one that does not exist"


async def test_lists_show_ones_own_jobs_and_a_members_to_moderators(core: Core) -> None:
    own = await core.put()
    await core.put(requester_id=UserId(4))
    elsewhere = await core.put(guild_id=GuildId(9))
    listed = core.lookup.list_jobs
    assert [job.id for job in await listed(OWNER)] == [own.id]
    assert [job.id for job in await listed(OWNER, member_id=UserId(4))] == [own.id]
    assert [job.id for job in await listed(MODERATOR, member_id=MEMBER)] == [own.id]
    assert {job.id for job in await listed(IN_DM)} == {own.id, elsewhere.id}
    assert await listed(OWNER, states=frozenset({JobState.RUNNING})) == []


# --- cancel ----------------------------------------------------------------------------------


@pytest.mark.parametrize("requester", [OWNER, MODERATOR])
async def test_waiting_job_is_cancelled_at_once(core: Core, requester: Requester) -> None:
    job = await core.put()
    cancelled = await core.cancellations.cancel(job.id, requester)
    assert (cancelled.state, cancelled.cancellation.requested_by) == (
        JobState.CANCELLED,
        requester.user_id,
    )
    assert await core.spent(job) == NOTHING


@pytest.mark.parametrize("state", [JobState.SUBMITTING, JobState.UNCONFIRMED, JobState.PENDING])
async def test_cancel_is_remembered_until_it_can_be_carried_out(
    core: Core, state: JobState
) -> None:
    job = await core.put(state)
    wanted = await core.cancellations.cancel(job.id, OWNER)
    assert (wanted.state, wanted.cancellation.requested_at) == (state, NOW)
    again = await core.cancellations.cancel(job.id, MODERATOR)
    assert again.cancellation.requested_by == MEMBER


@pytest.mark.parametrize(
    "state",
    sorted(
        set(JobState)
        - {JobState.QUEUED, JobState.SUBMITTING, JobState.UNCONFIRMED, JobState.PENDING}
    ),
)
async def test_too_late_is_said(core: Core, state: JobState) -> None:
    job = await core.put(state)
    with pytest.raises(JobNotCancellableError) as caught:
        await core.cancellations.cancel(job.id, OWNER)
    assert caught.value.state == state.value


async def test_cancel_that_meets_the_dispatcher_looks_again(core: Core) -> None:
    job = await core.put()
    find = core.lookup.find

    async def advance_between(asked: str, requester: Requester) -> Job:
        found = await find(asked, requester)
        core.lookup.find = find  # type: ignore[method-assign]
        await core.dispatcher.run_once(MODEL)
        return found

    core.lookup.find = advance_between  # type: ignore[method-assign]
    wanted = await core.cancellations.cancel(job.id, OWNER)
    assert (wanted.state, wanted.cancellation.requested_at) == (JobState.PENDING, NOW)


# --- retry -----------------------------------------------------------------------------------


def _origin() -> Origin:
    return Origin(
        interaction_id=InteractionId(number()),
        guild_id=GUILD,
        channel_id=CHANNEL,
    )


async def _ended(core: Core, **changes: object) -> Job:
    job = await core.submit(a_submission())
    await core.patch(job, state=JobState.FAILED, finished_at=NOW, **changes)
    return await core.job(job)


async def test_retry_makes_a_new_job_with_the_same_settings_and_a_new_seed(core: Core) -> None:
    old = await _ended(core, seed=-1)
    new = (await core.remakes.retry(old.id, OWNER, _origin())).job
    assert (new.origin.retry_of, new.options.prompt, new.spec.model) == (
        old.id,
        old.options.prompt,
        old.spec.model,
    )
    assert new.options.seed != old.options.seed
    assert [picture.option for picture in new.pictures] == ["first_frame", "last_frame"]
    assert await core.spent(new) == new.price.reserved
    assert await core.state(old) is JobState.FAILED


async def _made_again(
    core: Core, submission: Submission, **jpegs: bytes
) -> tuple[Job, Job, TaskRequest]:
    """Return a job that failed, the one its retry made, and what the provider is asked then."""
    old = await core.submit(submission, jpegs)
    await core.patch(old, state=JobState.FAILED, finished_at=NOW)
    new = (await core.remakes.retry(old.id, OWNER, _origin())).job
    await core.dispatcher.run_once(new.spec.model)
    (request,) = core.provider.creates
    assert await core.state(new) is JobState.PENDING
    return old, new, request


async def test_retry_of_words_keeps_their_size_and_needs_no_picture(core: Core) -> None:
    submission = a_submission_for(
        core.catalogue,
        Kind.TEXT,
        VideoOptions(prompt="fog", negative_prompt="people", seed=0, prompt_extend=False),
        Choices(size="1080*1920"),
    )
    old, new, request = await _made_again(core, submission)
    assert (new.spec.kind, new.spec.size, new.spec.resolution) == (Kind.TEXT, "1080*1920", "1080P")
    assert (new.price.reserved.micros, new.spec.duration_seconds) == (3_500_000, 5)
    assert replace(new.options, seed=old.options.seed) == old.options
    assert new.options.seed != old.options.seed
    assert (new.pictures, new.has_preview) == ((), False)
    assert (request.images, request.size, request.resolution) == ((), "1080*1920", None)
    assert (request.prompt, request.seed) == ("fog", new.options.seed)


async def test_retry_of_an_effect_keeps_effect_and_picture(core: Core) -> None:
    submission = a_submission_for(
        core.catalogue,
        Kind.EFFECT,
        VideoOptions(effect="mech1", watermark=True),
        Choices(),
    )
    old, new, request = await _made_again(core, submission, image=b"somebody")
    assert (new.spec.kind, new.options.effect, new.spec.model) == (Kind.EFFECT, "mech1", SLOW_MODEL)
    assert (new.price.reserved.micros, new.options.watermark) == (3_500_000, True)
    assert new.options.seed != old.options.seed
    assert request.template == "mech1"
    assert bytes_of(request) == {"first_frame": b"somebody"}


async def test_retry_of_a_picture_keeps_its_length(core: Core) -> None:
    choices = Choices(model="wanx2.1-i2v-turbo", resolution="480P", duration_seconds=3)
    submission = a_submission_for(core.catalogue, Kind.IMAGE, VideoOptions(), choices)
    _, new, request = await _made_again(core, submission)
    assert (new.spec.duration_seconds, new.price.reserved.micros) == (3, 720_000)
    assert (request.duration_seconds, request.resolution) == (3, "480P")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"state": JobState.RUNNING}, "retry_active"),
        ({"forgotten_at": NOW}, "retry_erased"),
        ({"model": "wan1.0-gone"}, "retry_model_gone"),
        ({"resolution": "4320P"}, "retry_model_gone"),
    ],
)
async def test_retry_that_is_not_possible_says_why(
    core: Core, changes: dict[str, object], problem: str
) -> None:
    job = await _ended(core)
    await core.patch(job, **changes)
    with pytest.raises(JobNotRetryableError) as caught:
        await core.remakes.retry(job.id, OWNER, _origin())
    assert caught.value.problem == problem


@pytest.mark.parametrize(
    "names", [["first_frame.jpg", "last_frame.jpg", "preview.jpg"], ["last_frame.jpg"]]
)
async def test_retry_without_its_pictures_says_so(core: Core, names: list[str]) -> None:
    job = await _ended(core)
    for name in names:
        (core.folder_of(job.id) / name).unlink()
    left = core.left()
    with pytest.raises(JobNotRetryableError) as refused:
        await core.remakes.retry(job.id, OWNER, _origin())
    assert refused.value.problem == "retry_erased"
    assert core.left() == left, "none of those that were there is kept for another job"


# --- quotas ----------------------------------------------------------------------------------


async def _rule(core: Core, scope: Scope, limit: int, target_id: int | None = None) -> None:
    rule = Rule(scope=scope, unit=Unit.VIDEOS, window=Window.DAY, limit=limit, target_id=target_id)
    async with core.database.write() as connection:
        await guilds.set_rule(connection, GUILD, rule)


async def test_released_job_makes_room_again(core: Core) -> None:
    await _rule(core, Scope.MEMBER, 1, MEMBER)
    job = await core.submit(a_submission())
    with pytest.raises(QuotaExceededError) as caught:
        await core.submit(a_submission())
    refusal = caught.value.refusal
    assert (refusal.scope, refusal.used, refusal.limit) == (Scope.MEMBER, 1, 1)
    assert refusal.resets_at == NOW.replace(hour=0, day=7)
    await core.cancellations.cancel(job.id, OWNER)
    await core.submit(a_submission())


async def test_next_day_makes_room_again_and_moves_nothing(core: Core) -> None:
    await _rule(core, Scope.MEMBER, 1, MEMBER)
    job = await core.submit(a_submission())
    core.clock.advance(hours=12)
    await core.submit(a_submission())
    await core.cancellations.cancel(job.id, OWNER)
    with pytest.raises(QuotaExceededError):
        await core.submit(a_submission())


async def test_member_rule_is_each_members_and_server_rule_everybodys(core: Core) -> None:
    await _rule(core, Scope.MEMBER_DEFAULT, 1)
    await _rule(core, Scope.SERVER, 2)
    await core.submit(a_submission())
    await core.submit(a_submission(requester_id=UserId(8)))
    with pytest.raises(QuotaExceededError) as caught:
        await core.submit(a_submission(requester_id=UserId(9)))
    assert caught.value.refusal.scope is Scope.SERVER


async def test_ceiling_binds_what_moderators_set_higher(core: Core) -> None:
    core.quotas._defaults = replace(
        GENEROUS,
        rules=(Rule(scope=Scope.CEILING, unit=Unit.VIDEOS, window=Window.DAY, limit=1),),
    )
    await _rule(core, Scope.SERVER, 50)
    await core.submit(a_submission())
    with pytest.raises(QuotaExceededError) as caught:
        await core.submit(a_submission())
    assert caught.value.refusal.scope is Scope.CEILING


async def test_role_of_zero_blocks(core: Core) -> None:
    await _rule(core, Scope.ROLE, 5, 70)
    await _rule(core, Scope.ROLE, 0, 71)
    roles = frozenset({RoleId(70), RoleId(71)})
    with pytest.raises(QuotaExceededError):
        await core.submit(a_submission(role_ids=roles))
    await core.submit(a_submission(role_ids=frozenset({RoleId(70)})))


async def test_quota_is_shown_rule_by_rule_without_the_hosts_budget(core: Core) -> None:
    core.quotas._defaults = replace(GENEROUS, daily_budget_micros=5_000_000)
    await core.submit(a_submission())
    shown = await core.quotas.show(GUILD, MEMBER, frozenset())
    assert {check.rule.scope for check in shown.checks} == {
        Scope.CEILING,
        Scope.SERVER,
        Scope.MEMBER_DEFAULT,
    }
    assert {check.left for check in shown.checks} == {99}
    assert (shown.waiting, shown.max_waiting) == (1, 100)
