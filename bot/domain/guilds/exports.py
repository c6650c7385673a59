"""How an export is written: CSV for spreadsheets, JSON for programs.

A spreadsheet takes a cell for a formula when it begins with ``=`` and the like, digits for a
number of 15 places, and ``7E1234`` for one with an exponent. So names are quoted where they could
be formulas, and ids are written as Discord's mention and as ``#7E1234``, which /jobs reads.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum

from bot.domain.guilds.usage import ExportedJob
from bot.domain.money import MICROS


class ExportFormat(StrEnum):
    """What the file is."""

    CSV = "csv"
    JSON = "json"


CSV_COLUMNS = (
    *("job", "asked_at", "ended_at", "state", "member", "member_name", "kind", "model"),
    *("resolution", "videos", "seconds", "cost_cny", "failure", "message"),
)

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the machine's old code page."""

_FORMULA_STARTS = frozenset("=+-@\t\r\n|%＝＋－＠")  # noqa: RUF001 - full-width signs count too


def opening(file_format: ExportFormat) -> str:
    """Return what the file begins with."""
    if file_format is ExportFormat.JSON:
        return "["
    return BYTE_ORDER_MARK + _lines([dict(zip(CSV_COLUMNS, CSV_COLUMNS, strict=True))])


def rows(file_format: ExportFormat, jobs: Iterable[ExportedJob], *, is_first: bool) -> str:
    """Return the text of some jobs."""
    if file_format is ExportFormat.CSV:
        return _lines(_csv_cells(job) for job in jobs)
    texts = [json.dumps(_json_object(job), ensure_ascii=False) for job in jobs]
    separator = ",\n"
    return ("\n" if is_first else separator) + separator.join(texts)


def closing(file_format: ExportFormat) -> str:
    """Return what the file ends with."""
    return "\n]\n" if file_format is ExportFormat.JSON else ""


def plain_cell(words: str) -> str:
    """Return words that no spreadsheet takes for a formula."""
    is_formula = words.lstrip(" \u00a0\u200b\ufeff")[:1] in _FORMULA_STARTS if words else False
    return f"'{words}" if is_formula else words


def _lines(cells: Iterable[Mapping[str, str]]) -> str:
    written = io.StringIO(newline="")
    csv.DictWriter(written, CSV_COLUMNS, dialect="excel").writerows(cells)
    return written.getvalue()


def _csv_cells(job: ExportedJob) -> dict[str, str]:
    # Where a comma is the decimal sign, spreadsheets split at semicolons.
    name = " ".join((job.member_name or "").replace(";", ",").split())
    return {
        "job": f"#{job.job_id}",
        "asked_at": _iso(job.asked_at),
        "ended_at": _iso(job.ended_at),
        "state": job.state.value,
        "member": f"<@{job.member_id}>",
        "member_name": plain_cell(name),
        "kind": job.kind,
        "model": plain_cell(job.model),
        "resolution": job.resolution,
        "videos": str(job.spent.videos),
        "seconds": str(job.spent.seconds),
        "cost_cny": _cny(job.spent.micros),
        "failure": job.failure or "",
        "message": _link(job) or "",
    }


def _json_object(job: ExportedJob) -> dict[str, str | int | None]:
    return {
        "job": job.job_id,
        "asked_at": _iso(job.asked_at),
        "ended_at": _iso(job.ended_at) or None,
        "state": job.state.value,
        # Text: a snowflake is more than a double can hold.
        "member": str(job.member_id),
        "member_name": job.member_name,
        "kind": job.kind,
        "model": job.model,
        "resolution": job.resolution,
        "videos": job.spent.videos,
        "seconds": job.spent.seconds,
        "cost_micro_cny": job.spent.micros,
        "failure": job.failure,
        "message": _link(job),
    }


def _iso(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _cny(micros: int) -> str:
    sign, whole = ("-", -micros) if micros < 0 else ("", micros)
    return f"{sign}{whole // MICROS}.{whole % MICROS:06d}"


def _link(job: ExportedJob) -> str | None:
    if job.message_id is None:
        return None
    return f"https://discord.com/channels/{job.guild_id}/{job.channel_id}/{job.message_id}"
