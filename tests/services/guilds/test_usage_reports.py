"""What admins read, from jobs and ledger alone."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import secrets
import threading
import zipfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import ExportTooLargeError
from bot.domain.guilds.audit import Action, WordChange
from bot.domain.guilds.charts import Chart, Panel, Ranking, Timeline
from bot.domain.guilds.exports import BYTE_ORDER_MARK, ExportFormat
from bot.domain.guilds.periods import Period
from bot.domain.guilds.settings import Guild
from bot.domain.guilds.usage import By, Cursor, LogQuery
from bot.domain.ids import GuildId, UserId
from bot.domain.jobs.states import JobState
from bot.domain.people import Person
from bot.media.child import MediaPool
from bot.services.guilds import usage_reports as service
from bot.services.guilds.export_file import ExportWriter
from bot.services.guilds.usage_reports import AUDIT_PAGE, PAGE, UsageReports
from bot.storage import audit, guilds
from tests.fakes import GUILD, NOW
from tests.services.core import Core

DAY = timedelta(days=1)
MIB = 1 << 20


@pytest.fixture
async def usage(core: Core, tmp_path: Path) -> AsyncIterator[UsageReports]:
    async with MediaPool(workers=1, scratch=tmp_path) as media:
        yield UsageReports(core.database, core.clock, media, scratch=tmp_path / "exports")


async def put(core: Core, ago: timedelta, state: JobState, **changes: object) -> None:
    at = NOW - ago
    made = {"task_id": None, "created_at": at, "counted_at": at, "sent_at": at, **changes}
    await core.put(state, **made)


async def test_a_summary_counts_what_the_period_holds(core: Core, usage: UsageReports) -> None:
    await put(core, timedelta(minutes=5), JobState.DELIVERED, sent_at=NOW - timedelta(minutes=4))
    await put(core, timedelta(minutes=5), JobState.DELIVERED, sent_at=NOW - timedelta(minutes=3))
    await put(core, timedelta(0), JobState.FAILED)
    await put(core, timedelta(0), JobState.CANCELLED)
    await put(core, 2 * DAY, JobState.DELIVERED)
    async with core.database.write() as connection:
        for day in (NOW.date(), (NOW - 2 * DAY).date()):
            await audit.count_refusal(connection, GUILD, "queue_full", day=day)
    found = await usage.summary(GUILD, Period.TODAY)
    assert found.jobs == 4
    assert found.success_share == pytest.approx(2 / 3)
    assert found.refusals == {"queue_full": 1}
    assert (found.waiting_seconds, found.making_seconds, found.timed) == (90.0, 210.0, 2)
    assert [share.name for share in found.sums.members] == ["Ada"]
    whole = await usage.summary(GUILD, Period.ALL)
    assert (whole.jobs, whole.refusals) == (5, {"queue_full": 2})


async def test_a_guild_of_which_nothing_is_known_has_an_empty_summary(usage: UsageReports) -> None:
    found = await usage.summary(GuildId(1), Period.ALL)
    assert (found.jobs, found.success_share, found.timed) == (0, None, 0)


async def test_days_are_those_of_the_guild(core: Core, usage: UsageReports) -> None:
    async with core.database.write() as connection:
        await guilds.ensure(connection, GUILD)
        await guilds.change(connection, GUILD, time_zone="Pacific/Auckland")
    await put(core, timedelta(minutes=30), JobState.DELIVERED)  # 23:30 of the day before there
    assert (await usage.summary(GUILD, Period.TODAY)).jobs == 0
    assert (await usage.summary(GUILD, Period.SEVEN_DAYS)).jobs == 1


async def test_the_log_goes_there_and_back(core: Core, usage: UsageReports) -> None:
    for hours in range(PAGE + 2):
        await put(core, timedelta(hours=hours), JobState.FAILED)
    span = (await usage.newest_changes(GUILD, Period.ALL)).span
    first = await usage.log(GUILD, LogQuery(span=span))
    assert (len(first.jobs), first.has_newer, first.has_older) == (PAGE, False, True)
    last = first.jobs[-1]
    place = Cursor(at=last.times.created_at, job_id=last.id)
    second = await usage.log(GUILD, LogQuery(span=span, cursor=place))
    assert (len(second.jobs), second.has_newer, second.has_older) == (2, True, False)
    place = Cursor(at=second.jobs[0].times.created_at, job_id=second.jobs[0].id)
    back = await usage.log(GUILD, LogQuery(span=span, cursor=place, is_newer=True))
    assert back.jobs == first.jobs
    assert (back.has_newer, back.has_older) == (False, True)
    assert (await usage.log(GuildId(1), LogQuery(span=span))).jobs == ()


async def test_changes_are_turned_page_by_page(core: Core, usage: UsageReports) -> None:
    async with core.database.write() as connection:
        for number in range(AUDIT_PAGE + 1):
            actor = Person(user_id=UserId(7), name="mod")
            guild = Guild(guild_id=GUILD)
            change = WordChange(action=Action.WORD_ADDED, word=str(number))
            await core.audit_log.record(connection, guild, actor, change)
    span = (await usage.newest_changes(GUILD, Period.TODAY)).span
    first = await usage.audit(GUILD, span)
    assert (len(first.entries), first.has_older) == (AUDIT_PAGE, True)
    second = await usage.audit(GUILD, span, offset=AUDIT_PAGE)
    oldest = WordChange(action=Action.WORD_ADDED, word="0")
    assert ([entry.change for entry in second.entries], second.has_older) == ([oldest], False)


# --- charts -----------------------------------------------------------------------------------


async def test_a_timeline_of_all_begins_with_the_first_job(core: Core, usage: UsageReports) -> None:
    await put(core, 3 * DAY, JobState.DELIVERED)
    await put(core, timedelta(0), JobState.DELIVERED)
    data = await usage.chart(GUILD, Period.ALL, By.DAY)
    assert [column.amounts.videos for column in data.columns] == [1, 0, 0, 1]
    nothing = await usage.chart(GuildId(1), Period.ALL, By.DAY)
    assert [column.amounts.videos for column in nothing.columns] == [0]


async def test_columns_add_up_to_the_whole(core: Core, usage: UsageReports) -> None:
    for days in (0, 1, 40, 200, 900):
        await put(core, days * DAY, JobState.DELIVERED)
    data = await usage.chart(GUILD, Period.ALL, By.DAY)
    assert sum(column.amounts.micros for column in data.columns) == data.sums.total.micros
    assert data.sums.total.videos == 5


async def test_a_chart_is_drawn_outside_this_process(usage: UsageReports) -> None:
    chart: Chart = Timeline(
        title="t", subtitle="s", axis="a", labels=("1",), empty="-",
        panels=(Panel(axis="p", values=(1.0,)),),
    )  # fmt: skip
    assert (await usage.draw(GUILD, chart)).startswith(b"\x89PNG")
    empty = Ranking(title="t", subtitle="s", axis="a", bars=(), empty="nothing")
    assert (await usage.draw(GUILD, empty)).startswith(b"\x89PNG")


# --- exports ----------------------------------------------------------------------------------


async def test_a_small_export_is_plain_and_has_every_job(core: Core, usage: UsageReports) -> None:
    await put(core, timedelta(0), JobState.DELIVERED, requester_name="=1+1", prompt="secret fox")
    await put(core, DAY, JobState.FAILED)
    file = await usage.export(GUILD, Period.ALL, ExportFormat.CSV, limit_bytes=MIB)
    with file.content:
        content = file.content.read().decode()
    assert (file.name, file.jobs, file.is_compressed) == ("usage-1000-all.csv", 2, False)
    rows = list(csv.DictReader(io.StringIO(content.removeprefix(BYTE_ORDER_MARK), newline="")))
    assert [row["member_name"] for row in rows] == ["Ada", "'=1+1"]
    assert "secret" not in content


async def test_an_export_of_several_batches_is_one_list(
    core: Core, usage: UsageReports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 2)
    for hours in range(4):
        await put(core, timedelta(hours=hours), JobState.FAILED)
    file = await usage.export(GUILD, Period.ALL, ExportFormat.JSON, limit_bytes=MIB)
    with file.content:
        assert len({row["job"] for row in json.loads(file.content.read())}) == 4


async def test_a_large_export_is_compressed_and_a_huge_one_refused(
    core: Core, usage: UsageReports, tmp_path: Path
) -> None:
    for _ in range(30):
        await put(core, timedelta(0), JobState.FAILED)
    file = await usage.export(GUILD, Period.ALL, ExportFormat.CSV, limit_bytes=3_000)
    with file.content, zipfile.ZipFile(file.content) as archive:
        assert (file.name, file.is_compressed) == ("usage-1000-all.csv.zip", True)
        assert archive.namelist() == ["usage-1000-all.csv"]
        assert archive.read("usage-1000-all.csv").count(b"\r\n") == 31
    with pytest.raises(ExportTooLargeError):
        await usage.export(GUILD, Period.ALL, ExportFormat.CSV, limit_bytes=100)
    assert list((tmp_path / "exports").iterdir()) == [], "nothing is left behind"


async def test_an_export_without_jobs_is_a_heading(usage: UsageReports) -> None:
    file = await usage.export(GuildId(1), Period.TODAY, ExportFormat.CSV, limit_bytes=MIB)
    with file.content:
        assert file.content.read().decode().count("\r\n") == 1
    assert file.name == "usage-1-today.csv"


def test_an_export_that_cannot_fit_is_given_up_while_it_is_written(tmp_path: Path) -> None:
    writer = ExportWriter(tmp_path, "usage.csv", limit_bytes=10_000)
    written = 0

    def write_on() -> None:
        nonlocal written
        while written < 1_000:
            writer.write("".join(secrets.token_hex(8) + "\n" for _ in range(100)), 100)
            written += 1

    with pytest.raises(ExportTooLargeError):
        write_on()
    assert 5 < written < 100
    writer.drop()


def test_an_export_is_packed_as_soon_as_it_would_not_fit(tmp_path: Path) -> None:
    writer = ExportWriter(tmp_path, "usage.csv", limit_bytes=10_000)
    for _ in range(20):
        writer.write("the same line again\n" * 100, 100)
    file = writer.finish()
    with file.content, zipfile.ZipFile(file.content) as archive:
        assert (file.name, file.jobs, file.is_compressed) == ("usage.csv.zip", 2_000, True)
        assert archive.read("usage.csv") == b"the same line again\n" * 2_000


async def test_an_export_does_not_need_the_threads_that_others_share(
    core: Core, usage: UsageReports
) -> None:
    await put(core, timedelta(0), JobState.FAILED)
    free, busy = threading.Event(), ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(busy)
    waiting = busy.submit(free.wait, 60)
    try:
        async with asyncio.timeout(30):
            file = await usage.export(GUILD, Period.ALL, ExportFormat.CSV, limit_bytes=MIB)
        file.content.close()
        assert not waiting.done()
    finally:
        free.set()
