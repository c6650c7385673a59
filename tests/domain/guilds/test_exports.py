"""Exports that open cleanly: no formula, no lost digit, no broken line."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.amounts import Amounts
from bot.domain.guilds import exports
from bot.domain.guilds.exports import BYTE_ORDER_MARK, CSV_COLUMNS, ExportFormat
from bot.domain.guilds.usage import ExportedJob
from bot.domain.ids import ChannelId, GuildId, JobId, UserId
from bot.domain.jobs.states import JobState

JOB = ExportedJob(
    job_id=JobId("7E1234"),
    guild_id=GuildId(500),
    asked_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
    ended_at=None,
    state=JobState.RUNNING,
    member_id=UserId(123456789012345678),
    member_name="tom",
    kind="frames",
    model="wan2.2-kf2v-flash",
    resolution="720P",
    spent=Amounts(videos=1, seconds=5, micros=1_234_567),
    failure=None,
    channel_id=ChannelId(600),
    message_id=700,
)


def written(file_format: ExportFormat, *batches: list[ExportedJob]) -> str:
    parts = [
        exports.rows(file_format, batch, is_first=number == 0)
        for number, batch in enumerate(batches)
    ]
    return "".join([exports.opening(file_format), *parts, exports.closing(file_format)])


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


def test_a_spreadsheet_reads_ids_and_times_as_they_are() -> None:
    text = written(ExportFormat.CSV, [JOB])
    assert text.startswith(BYTE_ORDER_MARK + "job,asked_at,")
    assert text.count("\r\n") == 2
    (row,) = read_csv(text)
    assert row["job"] == "#7E1234", "7E1234 would be a number"
    assert row["member"] == "<@123456789012345678>", "15 digits are all a spreadsheet keeps"
    assert (row["asked_at"], row["ended_at"]) == ("2026-11-20T12:00:00Z", "")
    assert row["cost_cny"] == "1.234567"
    assert row["message"] == "https://discord.com/channels/500/600/700"


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u200b=1", "＝1+1", "|cmd", "%1"],  # noqa: RUF001
)
def test_no_name_is_taken_for_a_formula(name: str) -> None:
    (row,) = read_csv(written(ExportFormat.CSV, [replace(JOB, member_name=name)]))
    assert row["member_name"].startswith("'")


@given(name=st.text())
def test_any_name_stays_in_its_cell(name: str) -> None:
    (row,) = read_csv(written(ExportFormat.CSV, [replace(JOB, member_name=name)]))
    assert set(row) == set(CSV_COLUMNS)
    assert row["resolution"] == "720P"
    for cell in row.values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("batches", [[], [[JOB]], [[JOB, JOB], [JOB]]])
def test_json_is_one_list_however_it_was_written(batches: list[list[ExportedJob]]) -> None:
    read = json.loads(written(ExportFormat.JSON, *batches))
    assert len(read) == sum(len(batch) for batch in batches)
    for row in read:
        assert (row["job"], row["member"]) == ("7E1234", "123456789012345678")
        assert row["cost_micro_cny"] == 1_234_567


def test_an_export_has_no_field_for_a_prompt() -> None:
    (row,) = json.loads(written(ExportFormat.JSON, [JOB]))
    assert not [name for name in (*row, *CSV_COLUMNS) if "prompt" in name]


def test_a_cost_below_nothing_keeps_its_sign() -> None:
    (row,) = read_csv(written(ExportFormat.CSV, [replace(JOB, spent=Amounts(micros=-1_500_000))]))
    assert row["cost_cny"] == "-1.500000"
