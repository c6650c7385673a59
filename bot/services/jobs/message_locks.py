"""One writer per status message: a lock per job, kept only while somebody holds or wants it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from bot.domain.ids import JobId


class JobLocks:
    """Locks by job id, inside this process; across processes the lease on the database holds."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[JobId, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, job_id: JobId) -> AsyncIterator[None]:
        """Hold a job's message while the block runs."""
        lock = self._locks.setdefault(job_id, asyncio.Lock())
        async with lock:
            yield
