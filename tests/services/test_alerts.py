"""What the operators hear: once, and not never."""

from __future__ import annotations

import asyncio

from bot.domain.errors import AuthenticationError, ChatUnavailableError, MissingAccessError
from bot.domain.host.alerts import AlertKind
from bot.domain.jobs.states import JobState
from bot.services import alerts
from tests.fakes import ACCOUNT, MODEL, a_submission
from tests.services.core import Core

REFUSED = AuthenticationError("Arrearage", status=400, provider_code="Arrearage")


async def test_a_matter_is_told_once_until_it_is_over(core: Core) -> None:
    for _ in range(2):
        assert await core.alerts.fire(AlertKind.LANE_OFF, MODEL, reason="no")
    core.alerts.resolve(AlertKind.LANE_OFF, MODEL)
    assert await core.alerts.fire(AlertKind.LANE_OFF, MODEL, reason="no")
    assert core.told() == ["lane_off", "lane_off"]


async def test_what_discord_did_not_take_is_told_later(core: Core) -> None:
    core.chat.refusals["tell_operators"].append(ChatUnavailableError("503"))
    assert not await core.alerts.fire(AlertKind.LANE_OFF, MODEL, reason="no")
    assert not await core.alerts.fire(AlertKind.LANE_OFF, MODEL, reason="no")
    core.clock.advance(minutes=5)
    assert await core.alerts.fire(AlertKind.LANE_OFF, MODEL, reason="no")
    assert core.told() == ["lane_off"]


async def test_closed_direct_messages_are_not_tried_again(core: Core) -> None:
    core.chat.refusals["tell_operators"].append(MissingAccessError("50007"))
    assert await core.alerts.fire(AlertKind.LANE_OFF, MODEL, reason="no")
    core.clock.advance(hours=1)
    assert await core.alerts.fire(AlertKind.LANE_OFF, MODEL, reason="no")
    assert core.told() == []


async def test_a_pause_nobody_could_be_told_of_is_told_after_a_restart(core: Core) -> None:
    core.chat.refusals["tell_operators"].append(ChatUnavailableError("503"))
    await core.account_pause.pause(ACCOUNT, REFUSED)
    assert core.told() == []
    after = core.restarted()
    await after.account_pause.pause(ACCOUNT, REFUSED)
    assert after.told() == ["account_paused"]


async def test_the_answer_of_a_create_is_stored_before_anybody_is_told(core: Core) -> None:
    job = await core.submit(a_submission())
    telling = asyncio.Event()

    async def hang(method: str) -> None:
        if method == "tell_operators":
            telling.set()
            await asyncio.Event().wait()

    core.chat.before = hang
    core.provider.create_answers.append(REFUSED)
    dispatching = asyncio.ensure_future(core.dispatcher.run_once(MODEL))
    await telling.wait()
    assert await core.state(job) is JobState.QUEUED
    dispatching.cancel()
    await asyncio.gather(dispatching, return_exceptions=True)


async def test_matters_that_are_never_over_are_not_remembered_without_end(core: Core) -> None:
    for number in range(alerts.MOST_REMEMBERED + 5):
        assert await core.alerts.fire(AlertKind.OPERATOR_LOSS, f"job-{number}")
    assert len(core.alerts._quiet_until) == alerts.MOST_REMEMBERED
    told = len(core.told())
    await core.alerts.fire(AlertKind.OPERATOR_LOSS, f"job-{alerts.MOST_REMEMBERED + 4}")
    assert len(core.told()) == told, "the newest are known"
