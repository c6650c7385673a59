"""Where the files of jobs are: a folder for each, by names that say what they are."""

from __future__ import annotations

from typing import NewType

from bot.domain.ids import JobId

FileKey = NewType("FileKey", str)
"""A path among the kept files, or the beginning of some: ``jobs/ABCDEF/result.mp4``."""

JOBS = FileKey("jobs")

PREVIEW = "preview.jpg"
RESULT = "result.mp4"
"""What the provider handed out, byte for byte."""
PREPARED = "prepared.mp4"
"""The result made ready to be sent, where it is not as it came: re-encoded, or labelled."""
SHRUNK = "delivered.mp4"
"""The result re-encoded to fit Discord's limit."""


def folder_of(job_id: JobId | str) -> FileKey:
    """Return what the keys of a job's files begin with."""
    return FileKey(f"{JOBS}/{job_id}")


def key_of(job_id: JobId, name: str) -> FileKey:
    """Return the key of a job's file."""
    return FileKey(f"{folder_of(job_id)}/{name}")
