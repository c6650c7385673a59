"""An account the provider refuses: it pauses, is tried with free calls, and opens again."""

from __future__ import annotations

from bot.domain.errors import AuthenticationError
from bot.domain.jobs.states import JobState
from tests.fakes import ACCOUNT, MODEL, NOW, SLOW_MODEL, a_submission
from tests.services.core import Core


async def test_refused_account_pauses_everything_and_fails_nothing(core: Core) -> None:
    job = await core.submit(a_submission())
    other = await core.submit(a_submission(model=SLOW_MODEL))
    core.provider.create_answers.append(
        AuthenticationError("Arrearage", status=400, provider_code="Arrearage")
    )
    await core.dispatcher.run_once(MODEL)
    assert await core.state(job) is JobState.QUEUED
    core.clock.advance(minutes=1)
    assert await core.dispatcher.run_once(SLOW_MODEL) > 0
    assert await core.state(other) is JobState.QUEUED
    account = await core.account()
    assert (account.paused_at, account.pause_reason) == (NOW, "Arrearage")
    assert core.told() == ["account_paused"]


async def test_paused_account_is_probed_every_five_minutes(core: Core) -> None:
    await core.account_pause.pause(ACCOUNT, AuthenticationError("refused", status=401))
    core.provider.list_error = AuthenticationError("refused", status=401)
    for _ in range(20):
        core.clock.advance(seconds=30)
        await core.account_pause.probe(ACCOUNT, MODEL)
    assert core.provider.lists == 2
    core.provider.list_error = None
    core.clock.advance(minutes=5)
    await core.account_pause.probe(ACCOUNT, MODEL)
    assert (await core.account()).paused_at is None


async def test_operator_is_told_once_while_lists_work_and_creates_do_not(core: Core) -> None:
    await core.submit(a_submission())
    for _ in range(5):
        core.provider.create_answers.append(AuthenticationError("Arrearage", status=400))
        await core.dispatcher.run_once(MODEL)
        core.clock.advance(minutes=6)
        await core.account_pause.probe(ACCOUNT, MODEL)
    assert len(core.provider.creates) == 5
    assert core.told() == ["account_paused"]
    await core.dispatcher.run_once(MODEL)
    await core.account_pause.pause(ACCOUNT, AuthenticationError("again", status=401))
    assert core.told() == ["account_paused"] * 2, "a create was taken in between"


async def test_account_that_was_never_paused_is_not_probed(core: Core) -> None:
    await core.account_pause.probe(ACCOUNT, MODEL)
    assert core.provider.lists == 0
