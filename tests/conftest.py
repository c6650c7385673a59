"""What every test needs: an environment without the developer's own settings."""

from __future__ import annotations

import os
from itertools import islice

import pytest
from hypothesis import settings

from bot.settings import Settings
from tests.fakes import ManualClock

# How long an example takes says more about the machine than about the code.
settings.register_profile("thorough", deadline=None, max_examples=100)
settings.register_profile("quick", deadline=None, max_examples=20)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))  # noqa: TID251 - no setting


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long tests, those that may take longest first, shared between the workers.

    pytest-xdist's ``worksteal`` gives each worker a block of what was collected, and moves what is
    left at the end; a test of two minutes that begins last would leave all others idle.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))  # noqa: TID251 - no setting
    if workers == 1:
        return
    long = sorted(filter(_is_long, items), key=_patience, reverse=True)
    others = iter([item for item in items if not _is_long(item)])
    blocks: list[pytest.Item] = []
    for worker in range(workers):
        size = (len(items) - len(blocks)) // (workers - worker)
        first = long[worker::workers]
        blocks += [*first, *islice(others, max(0, size - len(first)))]
    items[:] = [*blocks, *others]


def _is_long(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("e2e", "slow"))


def _patience(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return 0.0 if mark is None else float(mark.args[0])


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
