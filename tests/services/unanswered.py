"""Creates nobody saw answered, and what the provider's list shows of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.requests.task import TaskState
from tests.fakes import KEY_ID, NOW, a_task
from tests.services.core import Core

SENT = NOW - timedelta(minutes=20)
GAVE_UP = SENT + timedelta(seconds=60)


async def lost(core: Core, **changes: object) -> Job:
    """Return a job whose create nobody saw answered, twenty minutes ago."""
    return await core.put(
        JobState.UNCONFIRMED, **({"sent_at": SENT, "create_abandoned_at": GAVE_UP} | changes)
    )


async def own(core: Core, *, at: datetime = SENT, offset: timedelta = timedelta(0)) -> Job:
    """Put a task of ours into the list: a control, and where our key's id is learnt."""
    task_id = f"own-{at.isoformat()}"
    job = await core.put(
        JobState.RUNNING, task_id=task_id, sent_at=at, confirmed_at=at + timedelta(seconds=2)
    )
    core.provider.list_task(task_id, at=at + timedelta(seconds=1) + offset)
    return job


def task(
    core: Core,
    task_id: str,
    state: TaskState = TaskState.RUNNING,
    *,
    at: datetime = SENT,
    api_key_id: str = KEY_ID,
    **changes: object,
) -> None:
    """Let the provider have a task, and list it."""
    core.provider.tasks[task_id] = a_task(task_id, state, **changes)
    core.provider.listed = [row for row in core.provider.listed if row.task_id != task_id]
    core.provider.list_task(task_id, at=at, api_key_id=api_key_id, state=state)


async def rounds(core: Core, count: int = 3) -> None:
    """Let the reconciler turn once a minute."""
    for _ in range(count):
        core.clock.advance(minutes=1)
        await core.reconciler.run_once()


def why(core: Core) -> list[str]:
    """Return why the operators were told."""
    return [notice.facts["why"] for notice in core.chat.alerts]
