"""Reads what child processes answer, without trusting them.

A child has read hostile bytes, and may have been taken over by them. A pickle can name any
function to be called, so here it may name nothing but built-in errors and records that are
expected: https://docs.python.org/3/library/pickle.html#restricting-globals.
"""

from __future__ import annotations

import builtins
import io
import pickle
from collections.abc import Collection

from typing_extensions import override

from bot.media.wire import Answer

MOST_ANSWER_BYTES = 64 * 1024 * 1024
"""Far above what pictures made to fit have."""


class _AnswerUnpickler(pickle.Unpickler):
    def __init__(self, data: bytes | bytearray, records: Collection[type]) -> None:
        super().__init__(io.BytesIO(data))
        self._records = {(record.__module__, record.__qualname__): record for record in records}

    @override
    def find_class(self, module_name: str, global_name: str, /) -> type:
        if (record := self._records.get((module_name, global_name))) is not None:
            return record
        found = getattr(builtins, global_name, None) if module_name == "builtins" else None
        if isinstance(found, type) and issubclass(found, Exception):
            return found
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is no part of an answer")


def answer_of(data: bytes | bytearray, records: Collection[type]) -> Answer:
    """Return the answer a child has pickled.

    Args:
        data: the pickle.
        records: the classes it may hold, beside plain values and built-in errors.

    Raises:
        UnpicklingError: it is no answer, or holds something else.
    """
    try:
        came_back, result = _AnswerUnpickler(data, records).load()
    except Exception as error:  # the boundary: a broken pickle raises whatever it leads to
        raise pickle.UnpicklingError(str(error)) from error
    return bool(came_back), result
