"""Pause, drain, resume: obeyed by the next claim and the next request, whoever turned it."""

from __future__ import annotations

import pytest

from bot.domain.errors import DrainingError
from bot.domain.host.switch import Switch
from bot.domain.ids import UserId
from bot.domain.jobs.states import JobState
from bot.domain.people import Person
from bot.domain.requests.task import TaskState
from bot.services.switch import IntakeSwitch
from bot.storage import host_state
from bot.storage.engine import Database
from tests.fakes import GUILD, MODEL, a_submission, a_task
from tests.services.core import Core

SOMEBODY = Person(user_id=UserId(9), name="ops")
SHUT = pytest.mark.parametrize("switch", [Switch.PAUSED, Switch.DRAINING])


async def turn(core: Core, switch: Switch) -> Switch:
    """Turn the switch as another process would: through the database alone."""
    elsewhere = Database(f"sqlite:///{core.settings.data_dir / 'tween.db'}")
    try:
        return await IntakeSwitch(elsewhere).set(switch, SOMEBODY)
    finally:
        await elsewhere.aclose()


async def test_a_new_database_is_open(core: Core) -> None:
    async with core.database.read() as connection:
        assert await host_state.switch_of(connection) is Switch.OPEN


@SHUT
async def test_no_create_leaves_until_the_switch_is_open_again(core: Core, switch: Switch) -> None:
    job = await core.put()
    assert await turn(core, switch) is Switch.OPEN
    await core.dispatcher.run_once(MODEL)
    assert core.provider.creates == []
    assert await core.state(job) is JobState.QUEUED
    assert await turn(core, Switch.OPEN) is switch
    await core.dispatcher.run_once(MODEL)
    assert len(core.provider.creates) == 1
    assert await core.state(job) is JobState.PENDING


@SHUT
async def test_the_switch_outlives_the_process(core: Core, switch: Switch) -> None:
    await core.put()
    await turn(core, switch)
    again = core.restarted()
    await again.dispatcher.prepare()
    await again.dispatcher.run_once(MODEL)
    assert core.provider.creates == []


async def test_a_pause_lets_new_requests_wait(core: Core) -> None:
    await turn(core, Switch.PAUSED)
    job = await core.submit(a_submission())
    assert job.state is JobState.QUEUED
    assert (await core.estimates.view(job)).pause == "paused"


async def test_a_drain_refuses_new_requests_and_keeps_nothing_of_them(core: Core) -> None:
    await turn(core, Switch.DRAINING)
    with pytest.raises(DrainingError):
        await core.submit(a_submission())
    assert await core.lookup.active(GUILD) == []
    assert core.chat.calls == []
    assert not [path for path in core.settings.data_dir.rglob("*") if path.suffix == ".jpg"]
    await turn(core, Switch.OPEN)
    assert (await core.submit(a_submission())).state is JobState.QUEUED


@SHUT
async def test_what_the_provider_has_goes_on(core: Core, switch: Switch) -> None:
    job = await core.put(JobState.PENDING, task_id="t")
    await turn(core, switch)
    core.provider.tasks["t"] = a_task("t", TaskState.SUCCEEDED)
    await core.poller.run_once()
    assert await core.state(job) is JobState.DOWNLOADING


@SHUT
async def test_waiting_messages_and_the_queue_say_it_within_the_boards_round(
    core: Core, switch: Switch
) -> None:
    job = await core.submit(a_submission())
    assert (await core.estimates.view(job)).pause is None
    await turn(core, switch)
    assert (await core.estimates.queue_of(GUILD)).pause == switch.value
    core.clock.advance(seconds=31)
    await core.status_updater.run_once()
    assert core.chat.last().pause == switch.value
    assert core.chat.last().estimate is None
    await turn(core, Switch.OPEN)
    core.clock.advance(seconds=31)
    await core.status_updater.run_once()
    assert core.chat.last().pause is None
