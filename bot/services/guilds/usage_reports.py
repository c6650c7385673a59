"""What admins read: summary, log, chart, export, and who changed what. Sums are never stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

from bot.domain.guilds import exports
from bot.domain.guilds.charts import Chart
from bot.domain.guilds.exports import ExportFormat
from bot.domain.guilds.periods import Period, columns_of, period_span
from bot.domain.guilds.quota import Span
from bot.domain.guilds.settings import Guild
from bot.domain.guilds.usage import (
    MOST_SERIES,
    AuditPage,
    By,
    ChartData,
    Cursor,
    LogPage,
    LogQuery,
    Summary,
    Sums,
)
from bot.domain.ids import GuildId, UserId
from bot.domain.jobs.states import JobState
from bot.domain.ports import Clock
from bot.media.child import MediaPool
from bot.services.fair_places import FairPlaces
from bot.services.guilds.export_file import ExportFile, ExportWriter
from bot.storage import audit, guilds, usage
from bot.storage.engine import Connection, Database

_T = TypeVar("_T")

TOP = 5
"""Members and models of the summary."""
PAGE = 8
"""Jobs on a page of the log: with prompts they fill a phone's screen twice."""
AUDIT_PAGE = 10
TIMED = 1_000
"""Medians are taken of the newest videos: they say how it is, and cost the same in any guild."""
BATCH = 500
"""Jobs of an export in memory at a time; turning their rows into records holds up the loop."""


CHARTS_AT_ONCE = 1
EXPORTS_AT_ONCE = 2
"""Of all guilds: what admins ask for must not keep pictures and results waiting."""


class UsageReports:
    """Reads jobs and the ledger of one guild; every question names the guild."""

    def __init__(
        self, database: Database, clock: Clock, media: MediaPool, *, scratch: Path
    ) -> None:
        self._database = database
        self._clock = clock
        self._media = media
        self._scratch = scratch
        # A guild stands for all its admins: whoever asks, it is the guild's turn.
        self._charts = FairPlaces(CHARTS_AT_ONCE)
        self._exports = FairPlaces(EXPORTS_AT_ONCE)
        # The usual threads look names up and read files: packing would keep all of that waiting.
        self._threads = ThreadPoolExecutor(EXPORTS_AT_ONCE, thread_name_prefix="export")

    async def summary(self, guild_id: GuildId, period: Period) -> Summary:
        """Return a period at a glance."""
        async with self._database.read() as connection:
            guild, span = await self._span(connection, guild_id, period)
            states = await usage.count_by_state(connection, guild_id, span)
            sums = await self._named(connection, guild_id, span, top=TOP)
            times = await usage.newest_times(connection, guild_id, span, limit=TIMED)
            # Refusals are kept by UTC day: a day of the guild's may share two of them.
            first, last = span.start.date(), (span.end - timedelta(microseconds=1)).date()
            refused = await audit.refusals_of(connection, guild_id, first=first, last=last)
        return Summary(
            guild=guild,
            span=span,
            states=states,
            sums=sums,
            refusals=refused,
            timed=len(times),
            waiting_seconds=median(waited for waited, _ in times) if times else None,
            making_seconds=median(made for _, made in times) if times else None,
        )

    async def _span_of(self, guild_id: GuildId, period: Period) -> Span:
        async with self._database.read() as connection:
            _, span = await self._span(connection, guild_id, period)
        return span

    async def _span(
        self, connection: Connection, guild_id: GuildId, period: Period
    ) -> tuple[Guild, Span]:
        guild = await guilds.get(connection, guild_id)
        return guild, period_span(period, self._clock.now(), guild.zone)

    async def _named(
        self, connection: Connection, guild_id: GuildId, span: Span, *, top: int
    ) -> Sums:
        sums = await usage.sums(connection, guild_id, span, top=top)
        ids = [UserId(int(share.key)) for share in sums.members]
        names = await usage.names_of(connection, guild_id, ids)
        members = (replace(share, name=names.get(UserId(int(share.key)))) for share in sums.members)
        return replace(sums, members=tuple(members))

    async def newest_page(
        self,
        guild_id: GuildId,
        period: Period,
        *,
        states: frozenset[JobState],
        member_id: UserId | None,
    ) -> LogPage:
        """Return the first page of a period's log."""
        span = await self._span_of(guild_id, period)
        return await self.log(guild_id, LogQuery(span=span, states=states, member_id=member_id))

    async def log(self, guild_id: GuildId, query: LogQuery) -> LogPage:
        """Return a page of the log, newest first."""
        async with self._database.read() as connection:
            guild = await guilds.get(connection, guild_id)
            # One more than is shown tells whether there is another page.
            found = await usage.page(connection, guild_id, query, limit=PAGE + 1)
        more, shown = len(found) > PAGE, found[:PAGE]
        if query.is_newer:
            shown.reverse()
        beyond = query.cursor is not None
        return LogPage(
            guild=guild,
            query=query,
            jobs=tuple(shown),
            has_newer=more if query.is_newer else beyond,
            has_older=beyond if query.is_newer else more,
        )

    async def newest_changes(self, guild_id: GuildId, period: Period) -> AuditPage:
        """Return the first page of a period's changes."""
        span = await self._span_of(guild_id, period)
        return await self.audit(guild_id, span)

    async def audit(self, guild_id: GuildId, span: Span, *, offset: int = 0) -> AuditPage:
        """Return who changed what, newest first."""
        async with self._database.read() as connection:
            guild = await guilds.get(connection, guild_id)
            found = await audit.newest(
                connection,
                guild_id,
                since=span.start,
                until=span.end,
                limit=AUDIT_PAGE + 1,
                offset=offset,
            )
        return AuditPage(
            guild=guild,
            span=span,
            entries=tuple(found[:AUDIT_PAGE]),
            offset=offset,
            has_older=len(found) > AUDIT_PAGE,
        )

    async def chart(self, guild_id: GuildId, period: Period, by: By) -> ChartData:
        """Return the figures of a chart."""
        async with self._database.read() as connection:
            guild, span = await self._span(connection, guild_id, period)
            if period is Period.ALL:
                first = await usage.first_counted_at(connection, guild_id)
                today = period_span(Period.TODAY, self._clock.now(), guild.zone)
                span = replace(span, start=min(first or today.start, today.start))
            sums = await self._named(connection, guild_id, span, top=MOST_SERIES)
            data = ChartData(guild=guild, by=by, span=span, sums=sums)
            if by is not By.DAY:
                return data
            interval, columns = columns_of(span, guild.zone)
            found = await usage.sums_per_span(
                connection, guild_id, [column.span for column in columns]
            )
        filled = (
            replace(column, amounts=amounts) for column, amounts in zip(columns, found, strict=True)
        )
        return replace(data, interval=interval, columns=tuple(filled))

    async def draw(self, guild_id: GuildId, chart: Chart) -> bytes:
        """Return a chart as PNG; drawn in a child process, one of a guild at a time.

        Raises:
            MediaUnreadableError: the child died on it.
        """
        async with self._charts.place(guild_id, UserId(guild_id)):
            return await self._media.draw(chart)

    # --- export ------------------------------------------------------------------------------

    async def pieces(
        self, guild_id: GuildId, period: Period, file_format: ExportFormat
    ) -> AsyncIterator[tuple[str, int]]:
        """Yield an export piece by piece, with how many jobs each piece holds."""
        span = await self._span_of(guild_id, period)
        yield exports.opening(file_format), 0
        after: Cursor | None = None
        while True:
            # A transaction for each batch: a long one would hold up what the database cleans.
            async with self._database.read() as connection:
                jobs = await usage.exported(connection, guild_id, span, after=after, limit=BATCH)
            if jobs:
                piece = await self._in_thread(
                    partial(exports.rows, file_format, jobs, is_first=after is None)
                )
                yield piece, len(jobs)
                after = Cursor(at=jobs[-1].asked_at, job_id=jobs[-1].job_id)
            if len(jobs) < BATCH:
                break
        yield exports.closing(file_format), 0

    async def export(
        self,
        guild_id: GuildId,
        period: Period,
        file_format: ExportFormat,
        *,
        limit_bytes: int,
    ) -> ExportFile:
        """Write an export to disk, compressed where it would be too large to upload.

        One of a guild at a time: others wait. What is too large is given up while it is written.

        Raises:
            ExportTooLargeError: it is too large even so.
        """
        async with self._exports.place(guild_id, UserId(guild_id)):
            return await self._export(guild_id, period, file_format, limit_bytes=limit_bytes)

    async def _export(
        self,
        guild_id: GuildId,
        period: Period,
        file_format: ExportFormat,
        *,
        limit_bytes: int,
    ) -> ExportFile:
        name = f"usage-{guild_id}-{period.value.replace(' ', '-')}.{file_format.value}"
        writer = await self._in_thread(
            partial(ExportWriter, self._scratch, name, limit_bytes=limit_bytes)
        )
        try:
            async for piece, jobs in self.pieces(guild_id, period, file_format):
                await self._in_thread(partial(writer.write, piece, jobs))
            return await self._in_thread(writer.finish)
        except BaseException:
            self._threads.submit(writer.drop)
            raise

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        """Do what keeps a processor busy beside all that others do in threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)
