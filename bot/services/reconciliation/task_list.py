"""Reads the provider's list of tasks: whole, without time filters, by model.

A part of the list proves nothing, so a reading that breaks off or is too long is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bot.domain.ids import AccountId, TaskId
from bot.domain.jobs.job import Job
from bot.domain.jobs.ownership import Listing, is_certainly_ours
from bot.domain.ports import Clock, VideoProvider
from bot.domain.requests.task import ListedTask
from bot.storage import accounts, jobs, unconfirmed
from bot.storage.engine import Connection, Database

MAX_PAGES = 200

EARLY_PAGES = 3
"""Our newest task is on the first page, unless the account is very busy."""

REMEMBERED = timedelta(hours=25)
"""The list holds 24 hours; older creates explain nothing in it."""


class TaskList:
    """One account's tasks at the provider."""

    def __init__(self, database: Database, clock: Clock, provider: VideoProvider) -> None:
        self._database = database
        self._clock = clock
        self._provider = provider
        self._account: AccountId = provider.account

    async def read(self, model: str) -> Listing | None:
        """Read the whole list and what we know of its tasks; None where it is too long.

        What we know is read after the list: a task in it that was answered meanwhile has its owner.

        Raises:
            ProviderError: a page could not be read.
        """
        begun_at = self._clock.now()
        # Tasks move between the pages while they are read: the same one may come twice.
        found: dict[TaskId, ListedTask] = {}
        number, last = 1, 1
        while number <= last:
            page = await self._provider.list_tasks(model=model, page=number)
            if page.total_pages > MAX_PAGES:
                return None
            found |= {task.task_id: task for task in page.tasks if task.model == model}
            number, last = number + 1, page.total_pages
        async with self._database.read() as connection:
            owners = await self._owners(connection, found)
            disowned = await unconfirmed.orphans(connection, self._account)
            unanswered = await unconfirmed.unanswered(
                connection, self._account, model, since=begun_at - REMEMBERED
            )
        return Listing(
            begun_at=begun_at,
            tasks=tuple(found.values()),
            owners=owners,
            disowned=frozenset(disowned),
            unanswered=tuple(unanswered),
            api_key_id=await self._learn_key(found.values(), owners),
        )

    async def learn_key(self, model: str) -> None:
        """Learn the provider's id of our key from a task of ours, before it is ever needed.

        Raises:
            ProviderError: a page could not be read.
        """
        for number in range(1, EARLY_PAGES + 1):
            page = await self._provider.list_tasks(model=model, page=number)
            tasks = {task.task_id: task for task in page.tasks}
            async with self._database.read() as connection:
                owners = await self._owners(connection, tasks)
            if await self._learn_key(tasks.values(), owners) or number >= page.total_pages:
                return

    async def _owners(
        self, connection: Connection, tasks: Mapping[TaskId, ListedTask]
    ) -> dict[TaskId, Job]:
        return await jobs.known_task_ids(connection, self._account, list(tasks))

    async def _learn_key(
        self, tasks: Iterable[ListedTask], owners: Mapping[TaskId, Job]
    ) -> str | None:
        """Return the provider's id of our key, from tasks that are certainly ours, now or earlier.

        A list with a single key in it proves nothing: it may be somebody else's.
        """
        own = {
            task.api_key_id
            for task in tasks
            if task.api_key_id
            and (owner := owners.get(task.task_id)) is not None
            and is_certainly_ours(owner)
        }
        async with self._database.read() as connection:
            known = (await accounts.get(connection, self._account)).api_key_id
        if len(own) != 1 or own == {known}:
            return known
        (api_key_id,) = own
        async with self._database.write() as connection:
            await accounts.change(connection, self._account, api_key_id=api_key_id)
        return api_key_id


def described(task: ListedTask) -> str:
    """Return what the operator needs to know of a listed task."""
    return f"{task.task_id} ({task.state.value}, created {moment(task.created_at)})"


def moment(at: datetime) -> str:
    """Return a moment as the provider's console and an operator can compare it."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
