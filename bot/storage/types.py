"""Column types that turn rows into domain values and back, so that rows *are* records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import BigInteger, DateTime, Dialect, String, Text, TypeDecorator
from typing_extensions import override

from bot.domain.requests.pictures import Picture

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


def _storable_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON's values with every text as it can be stored."""
    stored: dict[str, Any] = {}
    for name, value in fields.items():
        match value:
            case str():
                stored[name] = _storable(value)
            case dict():
                stored[name] = _storable_fields(value)
            case _:
                stored[name] = value
    return stored


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


_R = TypeVar("_R")


class Record(TypeDecorator[_R]):
    """A record of the domain as JSON with the version of its shape."""

    impl = Text
    cache_ok = True

    VERSION = 1
    """Raised when a stored shape can no longer be read as it is."""

    def __init__(self, record: type[_R]) -> None:
        super().__init__()
        self.record = record
        self._adapter = TypeAdapter(record)

    @override
    def process_bind_param(self, value: _R | None, dialect: Dialect) -> str | None:
        """Store as a JSON object."""
        if value is None:
            return None
        fields = self._adapter.dump_python(value, mode="json")
        return json.dumps({"version": self.VERSION, **_storable_fields(fields)}, ensure_ascii=False)

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> _R | None:
        """Return the record; of a shape newer than this code is nothing made at a guess."""
        if value is None:
            return None
        fields = json.loads(value)
        if (version := fields.pop("version", None)) != self.VERSION:
            raise ValueError(f"{self.record.__name__} of version {version}")
        return self._adapter.validate_python(fields)


class RecordOfKinds(TypeDecorator[_R]):
    """One of several records of the domain as JSON, with its kind and the version of its shape."""

    impl = Text
    cache_ok = True

    VERSION = 1
    """Raised when a stored shape can no longer be read as it is."""

    def __init__(self, kinds: Mapping[str, type[_R]]) -> None:
        """Take the records.

        Args:
            kinds: each record by the name it is stored under.
        """
        super().__init__()
        self.kinds = tuple(kinds)
        self._kinds = dict(kinds)
        self._names = {record: name for name, record in kinds.items()}
        self._adapters: dict[str, TypeAdapter[_R]] = {}

    def _adapter(self, kind: str) -> TypeAdapter[_R]:
        # Made by need: most kinds are written rarely, and making all takes a while of each start.
        if (adapter := self._adapters.get(kind)) is None:
            adapter = self._adapters[kind] = TypeAdapter(self._kinds[kind])
        return adapter

    @override
    def process_bind_param(self, value: _R | None, dialect: Dialect) -> str | None:
        """Store as a JSON object."""
        if value is None:
            return None
        kind = self._names[type(value)]
        fields = self._adapter(kind).dump_python(value, mode="json")
        stored = {"version": self.VERSION, "type": kind, **_storable_fields(fields)}
        return json.dumps(stored, ensure_ascii=False)

    @override
    def process_result_value(self, value: str | None, dialect: Dialect) -> _R | None:
        """Return the record; of a kind or shape that this code does not know is none made up."""
        if value is None:
            return None
        fields = json.loads(value)
        kind, version = fields.pop("type", None), fields.pop("version", None)
        if version != self.VERSION or kind not in self._kinds:
            raise ValueError(f"{kind} of version {version}")
        return self._adapter(kind).validate_python(fields)


class PictureList(TypeDecorator[tuple[Picture, ...]]):
    """A job's pictures as JSON."""

    impl = Text
    cache_ok = True

    _ADAPTER = TypeAdapter(tuple[Picture, ...])

    @override
    def process_bind_param(self, value: tuple[Picture, ...] | None, dialect: Dialect) -> str | None:
        """Store as a JSON list."""
        return None if value is None else self._ADAPTER.dump_json(value).decode()

    @override
    def process_result_value(
        self, value: str | None, dialect: Dialect
    ) -> tuple[Picture, ...] | None:
        """Return the records."""
        return None if value is None else self._ADAPTER.validate_json(value)


class EventDetail(TypeDecorator[Mapping[str, str | int | float | None]]):
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
