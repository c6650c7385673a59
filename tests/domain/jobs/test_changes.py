"""What of a job may change: each is a column, has a field with the column's type, and a checker.

The first function is never called: ``make check`` runs mypy over it, which fails where an error
that is expected here is none (``warn_unused_ignores``).
"""

from __future__ import annotations

from dataclasses import fields
from typing import get_type_hints

import pytest

from bot.domain.ids import JobId
from bot.domain.jobs.changes import PARTS, JobChanges
from bot.domain.jobs.job import Job
from bot.services.jobs.writer import JobWriter
from bot.storage.tables import jobs

CHANGES = get_type_hints(JobChanges)


async def mypy_refuses_misspelt_columns_and_other_types(writer: JobWriter, job: JobId) -> None:
    await writer.patch(job, video_byte=1)  # type: ignore[call-arg]
    await writer.patch(job, video_bytes="1")  # type: ignore[arg-type]
    wrong: JobChanges = {"sent_att": None}  # type: ignore[typeddict-unknown-key]
    wrong["clams"] = 1  # type: ignore[typeddict-unknown-key]


@pytest.mark.parametrize("name", CHANGES)
def test_what_may_change_is_a_column(name: str) -> None:
    assert name in jobs.c


@pytest.mark.parametrize(
    ("part", "column", "field"),
    [
        pytest.param(part, column, field, id=column)
        for part, columns in PARTS.items()
        for column, field in columns.items()
    ],
)
def test_a_column_has_the_type_of_its_field(part: str, column: str, field: str) -> None:
    record = get_type_hints(Job)[part]
    assert CHANGES[column] == get_type_hints(record)[field]


def test_every_change_has_a_field() -> None:
    in_parts = {column for columns in PARTS.values() for column in columns}
    assert set(CHANGES) - in_parts <= {field.name for field in fields(Job)}
