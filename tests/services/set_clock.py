"""A clock whose time of day is set while time passes, as a host's may be."""

from __future__ import annotations

from datetime import datetime, timedelta

from typing_extensions import override

from tests.fakes import ManualClock


class SetClock(ManualClock):
    """Time passes for both faces of it; only the time of day is set."""

    def __init__(self) -> None:
        super().__init__()
        self._is_off_by = timedelta(0)

    @override
    def now(self) -> datetime:
        return super().now() + self._is_off_by

    def set_by(self, step: timedelta) -> None:
        """Set the time of day forward or, by a negative step, back."""
        self._is_off_by += step
