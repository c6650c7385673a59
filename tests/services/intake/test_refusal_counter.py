"""Refusals are counted by code and day, and never at anybody's expense."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from structlog.testing import capture_logs

from bot.domain.errors import DatabaseUnavailableError
from bot.services.intake.refusal_counter import RefusalCounter
from bot.storage import audit
from tests.fakes import GUILD, NOW
from tests.services.core import Core


async def counted(core: Core, first: date, last: date) -> dict[str, int]:
    async with core.database.read() as connection:
        return await audit.refusals_of(connection, GUILD, first=first, last=last)


async def test_refusals_are_counted_by_code_and_day_of_each_guild(core: Core) -> None:
    refusals = RefusalCounter(core.database, core.clock, core.metrics)
    for code in ("queue_full", "word_blocked", "queue_full"):
        await refusals.count(GUILD, code)
    core.clock.advance(seconds=86_400)
    await refusals.count(GUILD, "queue_full")
    await refusals.count(None, "guild_only")
    today = NOW.date()
    tomorrow = today + timedelta(days=1)
    assert await counted(core, today, today) == {"queue_full": 2, "word_blocked": 1}
    assert await counted(core, today, tomorrow) == {"queue_full": 3, "word_blocked": 1}
    value = core.metrics.registry.get_sample_value
    assert value("bot_refusals_total", {"code": "queue_full"}) == 3
    assert value("bot_refusals_total", {"code": "guild_only"}) == 1


async def test_a_count_that_fails_is_only_logged(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise DatabaseUnavailableError("locked")

    monkeypatch.setattr(audit, "count_refusal", fail)
    with capture_logs() as lines:
        await RefusalCounter(core.database, core.clock, core.metrics).count(GUILD, "queue_full")
    assert [(line["event"], line["reason"]) for line in lines] == [
        ("refusal_uncounted", "database_unavailable")
    ]
