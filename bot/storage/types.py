"""Column types that turn rows into domain values and back, so that rows *are* records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import BigInteger, DateTime, Dialect, String, Text, TypeDecorator
from typing_extensions import override

from bot.domain.jobs.job import StoredPicture
from bot.domain.requests.submission import PictureNote

Snowflake = BigInteger
"""Discord's ids fit a signed 64-bit integer."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC datetimes; naive ones are a bug and refused.

    SQLite keeps no zone, so the value is stored as UTC and given its zone back on reading.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class OutsideText(TypeDecorator[str]):
    """Words that others wrote, without what no database stores: NUL and halves of UTF-16 pairs.

    A service that cuts a text by UTF-16 units leaves such halves, and JSON carries them.
    """

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Store what can be stored."""
        return None if value is None else _storable(value)

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text."""
        return value


def _storable(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()


_E = TypeVar("_E", bound=StrEnum)


class EnumText(TypeDecorator[_E]):
    """A StrEnum as short text: readable in the database, one type in the code."""

    impl = String(32)
    cache_ok = True

    def __init__(self, enum: type[_E]) -> None:
        super().__init__()
        self.enum = enum

    @override
    def process_bind_param(self, value: _E | None, dialect: Dialect) -> str | None:
        """Store the member's value."""
        return None if value is None else self.enum(value).value

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> _E | None:
        """Return the member."""
        return None if value is None else self.enum(value)


class Pictures(TypeDecorator[tuple[StoredPicture, ...]]):
    """A job's pictures as JSON."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(
        self, value: tuple[StoredPicture, ...] | None, dialect: Dialect
    ) -> str | None:
        """Store as a JSON list."""
        return None if value is None else json.dumps([asdict(picture) for picture in value])

    @override
    def process_result_value(
        self, value: str | None, dialect: Dialect
    ) -> tuple[StoredPicture, ...] | None:
        """Return the records."""
        if value is None:
            return None
        return tuple(
            StoredPicture(**{**row, "notes": tuple(PictureNote(note) for note in row["notes"])})
            for row in json.loads(value)
        )


class Facts(TypeDecorator[Mapping[str, str | int | float | None]]):
    """An event's details as JSON."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(
        self, value: Mapping[str, str | int | float | None] | None, dialect: Dialect
    ) -> str | None:
        """Store as a JSON object."""
        return None if value is None else _storable(json.dumps(dict(value), ensure_ascii=False))

    @override
    def process_result_value(
        self, value: str | None, dialect: Dialect
    ) -> Mapping[str, str | int | float | None] | None:
        """Return the mapping."""
        if value is None:
            return None
        facts: dict[str, str | int | float | None] = json.loads(value)
        return facts
