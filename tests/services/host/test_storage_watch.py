"""A disk or database that is not writable: operators are told once, and only where it lasts."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.media import files
from bot.services.host.storage_watch import PATIENCE_SECONDS, StorageWatch
from tests.services.core import Core


class Watched:
    """A storage watch, and what it looks at."""

    def __init__(self, core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
        self.disk: str | None = None
        self.database: str | None = None
        self._core = core
        self._watch = StorageWatch(
            folder=core.settings.data_dir,
            database_trouble=lambda: self.database,
            clock=core.clock,
            alerts=core.alerts,
        )
        write = files.try_writing

        def try_writing(folder: Path, *, size_bytes: int) -> None:
            if self.disk is not None:
                raise OSError(errno.ENOSPC, self.disk)
            write(folder, size_bytes=size_bytes)

        monkeypatch.setattr(files, "try_writing", try_writing)

    async def look(self, *, seconds: float) -> list[str]:
        """Look for some time; return what was logged."""
        until = self._core.clock.monotonic() + seconds
        with capture_logs() as logs:
            while self._core.clock.monotonic() < until:
                self._core.clock.advance(seconds=await self._watch.run_once())
        return [line["event"] for line in logs]


@pytest.fixture
def watched(core: Core, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(core, monkeypatch)


@pytest.mark.parametrize("subject", ["disk", "database"])
async def test_trouble_that_lasts_is_told_once_until_it_is_over(
    core: Core, watched: Watched, subject: str
) -> None:
    for _ in range(2):
        setattr(watched, subject, "no room")
        assert await watched.look(seconds=3600) == ["storage_refused", "operator_needed"]
        setattr(watched, subject, None)
        assert await watched.look(seconds=3600) == ["storage_recovered"]
    facts = {"subject": subject, "reason": "no room"}
    assert [notice.facts for notice in core.chat.alerts] == [facts, facts]
    assert core.told() == ["host_trouble"] * 2


@pytest.mark.parametrize("subject", ["disk", "database"])
async def test_trouble_that_passes_is_in_the_log_alone(
    core: Core, watched: Watched, subject: str
) -> None:
    setattr(watched, subject, "locked")
    assert await watched.look(seconds=PATIENCE_SECONDS) == ["storage_refused"]
    setattr(watched, subject, None)
    assert await watched.look(seconds=60) == ["storage_recovered"]
    assert core.told() == []


async def test_look_at_the_disk_leaves_nothing_behind(core: Core, watched: Watched) -> None:
    before = sorted(core.settings.data_dir.iterdir())
    assert await watched.look(seconds=60) == []
    assert sorted(core.settings.data_dir.iterdir()) == before
