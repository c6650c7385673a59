"""A disk or database that is not writable: operators are told once, and only where it lasts."""

from __future__ import annotations

import errno

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from bot.files import LocalFiles
from bot.services.host.storage_watch import PATIENCE_SECONDS, StorageWatch
from tests.services.core import Core


class RefusingFiles(LocalFiles):
    """Files on a disk that takes nothing while it has trouble."""

    trouble: str | None = None

    @override
    async def try_writing(self, *, size_bytes: int) -> None:
        if self.trouble is not None:
            raise OSError(errno.ENOSPC, self.trouble)
        await super().try_writing(size_bytes=size_bytes)


class Watched:
    """A storage watch, and what it looks at."""

    def __init__(self, core: Core) -> None:
        self.disk = RefusingFiles(core.settings.data_dir)
        self.database: str | None = None
        self._core = core
        self._watch = StorageWatch(
            files=self.disk,
            database_trouble=lambda: self.database,
            clock=core.clock,
            alerts=core.alerts,
        )

    def have(self, subject: str, trouble: str | None) -> None:
        """Give the disk or the database some trouble, or none."""
        if subject == "disk":
            self.disk.trouble = trouble
        else:
            self.database = trouble

    async def look(self, *, seconds: float) -> list[str]:
        """Look for some time; return what was logged."""
        until = self._core.clock.monotonic() + seconds
        with capture_logs() as logs:
            while self._core.clock.monotonic() < until:
                self._core.clock.advance(seconds=await self._watch.run_once())
        return [line["event"] for line in logs]


@pytest.fixture
def watched(core: Core) -> Watched:
    return Watched(core)


@pytest.mark.parametrize("subject", ["disk", "database"])
async def test_trouble_that_lasts_is_told_once_until_it_is_over(
    core: Core, watched: Watched, subject: str
) -> None:
    for _ in range(2):
        watched.have(subject, "no room")
        assert await watched.look(seconds=3600) == ["storage_refused", "operator_needed"]
        watched.have(subject, None)
        assert await watched.look(seconds=3600) == ["storage_recovered"]
    facts = {"subject": subject, "reason": "no room"}
    assert [notice.facts for notice in core.chat.alerts] == [facts, facts]
    assert core.told() == ["host_trouble"] * 2


@pytest.mark.parametrize("subject", ["disk", "database"])
async def test_trouble_that_passes_is_in_the_log_alone(
    core: Core, watched: Watched, subject: str
) -> None:
    watched.have(subject, "locked")
    assert await watched.look(seconds=PATIENCE_SECONDS) == ["storage_refused"]
    watched.have(subject, None)
    assert await watched.look(seconds=60) == ["storage_recovered"]
    assert core.told() == []


async def test_look_at_the_disk_leaves_nothing_behind(core: Core, watched: Watched) -> None:
    before = sorted(core.settings.data_dir.iterdir())
    assert await watched.look(seconds=60) == []
    assert sorted(core.settings.data_dir.iterdir()) == before
