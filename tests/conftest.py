"""What every test needs: an environment without the developer's own settings."""

from __future__ import annotations

import pytest
from hypothesis import settings

from bot.settings import Settings
from tests.fakes import ManualClock

# How long an example takes says more about the machine than about the code.
settings.register_profile("tween", deadline=None)
settings.load_profile("tween")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
