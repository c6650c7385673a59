"""A lane under fire, simulated for hours: answers lost, tasks listed late, others at work, crashes.

The provider knows which create made which task, so what must hold is checked against the truth: no
job is bought twice, no job follows another's task, no reservation is lost, nobody is left hanging.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from typing_extensions import override

from bot.domain.amounts import NOTHING
from bot.domain.errors import ProviderUnavailableError, RateLimitedError
from bot.domain.ids import TaskId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.requests.submission import VideoOptions
from bot.domain.requests.task import ListedTask, Task, TaskPage, TaskRequest, TaskState
from bot.storage import leases
from tests.fakes import KEY_ID, MODEL, InMemoryProvider, a_submission, a_task
from tests.services.core import Core

MAKING = timedelta(minutes=3)
LISTED_LATEST = timedelta(minutes=5)
"""The list may lag so far behind."""
ACTIONS = 40
DAY = timedelta(hours=24)


class PowerCutError(BaseException):
    """The process ends here: nothing that follows is carried out."""


@dataclass(kw_only=True)
class Made:
    """A task, and the truth about it."""

    task: ListedTask
    seed: int | None
    """Of the create that made it, which no other create has; None: not ours."""
    prompt: str | None
    listed_at: datetime
    """By our clock, as is the next."""
    born_at: datetime


class HostileProvider(InMemoryProvider):
    """Takes creates and loses the answers; its clock is its own."""

    def __init__(self, core: Core, chance: random.Random) -> None:
        super().__init__(core.clock)
        self.time = core.clock
        self.chance = chance
        self.offset = timedelta(seconds=chance.choice((0, 0, 2, -90, 400)))
        self.made: list[Made] = []
        self.next_fate = "answered"
        self.page_size = chance.choice((2, 50))
        self.lag = chance.choice((timedelta(0), LISTED_LATEST))

    def make(self, *, seed: int | None, prompt: str | None, key: str = KEY_ID) -> TaskId:
        """Make a task now."""
        now = self.time.now()
        task_id = TaskId(f"task-{len(self.made)}")
        row = ListedTask(
            task_id=task_id,
            model=MODEL,
            state=TaskState.PENDING,
            created_at=now + self.offset,
            api_key_id=key,
        )
        listed_at = now + self.lag * self.chance.random()
        self.made.append(Made(task=row, seed=seed, prompt=prompt, listed_at=listed_at, born_at=now))
        return task_id

    @override
    async def create_task(self, request: TaskRequest) -> TaskId:
        self.creates.append(request)
        fate, self.next_fate = self.next_fate, "answered"
        self.time.advance(seconds=self.chance.choice((0.1, 2, 40)))
        if fate == "refused":
            raise RateLimitedError("429", status=429)
        is_taken = fate in {"answered", "lost", "cut after"}
        task_id = self.make(seed=request.seed, prompt=request.prompt) if is_taken else TaskId("")
        self.time.advance(seconds=self.chance.choice((0.1, 1, 19)))
        if fate.startswith("cut"):
            raise PowerCutError
        if fate != "answered":
            raise ProviderUnavailableError("read timeout", request_was_sent=True)
        return task_id

    def state_of(self, made: Made) -> TaskState:
        """Return how far a task is."""
        return TaskState.SUCCEEDED if self.is_done(made) else TaskState.RUNNING

    def is_done(self, made: Made) -> bool:
        """Tell whether a task has its video."""
        return self.time.now() - made.born_at >= MAKING

    @override
    async def get_task(self, task_id: TaskId) -> Task:
        found = next((made for made in self.made if made.task.task_id == task_id), None)
        if found is None or self.time.now() - found.born_at > DAY:
            return a_task(task_id, TaskState.UNKNOWN)
        return a_task(task_id, self.state_of(found), orig_prompt=found.prompt)

    @override
    async def list_tasks(self, *, model: str, page: int) -> TaskPage:
        self.lists += 1
        if self.list_error is not None:
            raise self.list_error
        now = self.time.now()
        rows = [
            replace(made.task, state=self.state_of(made))
            for made in reversed(self.made)
            if made.listed_at <= now < made.born_at + DAY
        ]
        size = self.page_size
        if self.chance.random() < 0.02:
            raise ProviderUnavailableError("reset", request_was_sent=True)
        return TaskPage(
            tasks=tuple(rows[(page - 1) * size : page * size]),
            page=page,
            total_pages=max(1, -(-len(rows) // size)),
        )


class Siege:
    """Draws what happens, lets it happen, and knows what must hold."""

    def __init__(self, core: Core, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self.core = core
        self.provider = HostileProvider(core, self.chance)
        core.provider = self.provider
        self.core = core.restarted()
        self.jobs: list[Job] = []
        self.shares_key = self.chance.random() < 0.3
        """Whether another bot works with the same key."""

    async def ask(self) -> None:
        """Let a member ask; every seed is asked for once, some requests have no words."""
        number = len(self.jobs)
        has_words = self.shares_key or self.chance.random() < 0.7
        options = VideoOptions(prompt=f"fox {number}" if has_words else None, seed=number)
        self.jobs.append(await self.core.submit(a_submission(options=options)))

    async def dispatch(self) -> None:
        """Send a create whose fate is drawn."""
        fates = ("answered", "lost", "untaken", "refused", "cut before", "cut after")
        self.provider.next_fate = self.chance.choice(fates)
        await self.alive(lambda: self.core.dispatcher.run_once(MODEL))
        self.provider.next_fate = "answered"

    async def alive(self, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Do something, and start again where the power went."""
        try:
            await work()
        except PowerCutError:
            self.core.clock.advance(seconds=self.chance.choice((1, 90, 1_200)))
            self.core = self.core.restarted()
            if self.chance.random() < 0.5:  # else the lease lapses by itself
                async with self.core.database.write() as connection:
                    await leases.drop_other_leases(connection, self.core.process_lease.worker_id)

    async def elsewhere(self) -> None:
        """Let a stranger have a task made; with our key where it is shared."""
        key = KEY_ID if self.shares_key and self.chance.random() < 0.5 else "another"
        self.provider.make(seed=None, prompt="a stranger's words", key=key)

    async def rest(self) -> None:
        """Let time pass and every loop turn."""
        self.core.clock.advance(seconds=self.chance.choice((1, 15, 61, 400)))
        await self.turn()

    async def turn(self) -> None:
        """Give each loop a round."""
        await self.core.reaper.run_once()
        await self.core.poller.run_once()
        await self.core.reconciler.run_once()
        await self.check()

    async def run(self) -> None:
        """Fight, then let a day and more pass in peace."""
        actions = (self.ask, self.dispatch, self.dispatch, self.elsewhere, self.rest, self.rest)
        for _ in range(ACTIONS):
            await self.chance.choice(actions)()
        self.provider.lag = timedelta(0)
        for minutes in (*range(1, 16), *(60,) * 28):
            self.core.clock.advance(minutes=1 if minutes < 60 else 60)
            await self.core.dispatcher.run_once(MODEL)
            await self.turn()
        await self.check_end()

    async def check(self) -> None:
        """Check what holds at any moment."""
        made = {created.task.task_id: created for created in self.provider.made}
        bought: dict[int, list[Made]] = defaultdict(list)
        for created in self.provider.made:
            if created.seed is not None:
                bought[created.seed].append(created)
        for number, job in enumerate(self.jobs):
            stored = await self.core.job(job)
            assert len(bought[number]) <= 1, f"job {number} was bought twice"
            if stored.task.id is not None and not self.shares_key:
                assert made[stored.task.id].seed == number, f"job {number} follows another's task"
            if stored.state is JobState.DOWNLOADING:
                assert stored.task.id is not None
                assert made[stored.task.id].seed == number, f"job {number} shows another's video"

    async def check_end(self) -> None:
        """Check that nobody is left hanging, and that the ledger tells the truth."""
        for number, job in enumerate(self.jobs):
            stored = await self.core.job(job)
            spent = await self.core.spent(job)
            assert stored.is_terminal or stored.state is JobState.DOWNLOADING, (number, stored)
            assert spent == (job.price.reserved if stored.result.billed else NOTHING)
            if stored.failure.possibly_billed:
                assert await self.was_told_of(stored), f"nobody heard of job {number}"

    async def was_told_of(self, job: Job) -> bool:
        """Tell whether the operators were told of a job, by its id or its task's."""
        subjects = {job.id, job.task.id}
        return any(
            not subjects.isdisjoint(notice.facts.values()) for notice in self.core.chat.alerts
        )


@pytest.mark.parametrize("seed", range(12))
async def test_no_answer_lost_buys_twice_or_takes_anothers(core: Core, seed: int) -> None:
    await Siege(core, seed).run()
