"""What is erased of a job when it is forgotten, by its people or by retention."""

from __future__ import annotations

from datetime import datetime

from bot.domain.jobs.changes import JobChanges
from bot.domain.jobs.job import Job


def erased(job: Job, *, at: datetime) -> JobChanges:
    """Return what is left in a job's columns: nothing that says what was asked for or by whom."""
    return {
        "spec": job.spec.without_words,
        "requester_name": "",
        "actual_prompt": None,
        "result_url": None,
        "failure_detail": None,
        "uploads": None,
        "forgotten_at": at,
    }


def withdrawn(job: Job, *, at: datetime) -> JobChanges:
    """Return what changes where a job's messages are to be taken out of Discord."""
    return {
        "removal_requested_at": at,
        "removal_due_at": at,
        # There is nothing left to look at.
        "announced_at": job.messages.announced_at or at,
    }
