"""What a button or form is about, in the 100 characters that Discord gives back with a press.

They are the only memory of what was posted: a press of years ago is read as one of today.
"""

from __future__ import annotations

from enum import StrEnum

from bot.domain.ids import CROCKFORD

JOB = rf"(?P<job>[{CROCKFORD}]{{6}})"
"""A job's id, in the pattern of a custom id."""


class JobVerb(StrEnum):
    """What a button under a job's message does."""

    CANCEL = "cancel"
    AGAIN = "again"
    """Once more with another seed: Again under a video, Try again under a failure."""
    EDIT = "edit"
    CONTINUE = "continue"
    DELETE = "delete"
    REPORT = "report"
    MORE = "more"


class PanelVerb(StrEnum):
    """What a button of a private panel does."""

    ERASE = "erase"
    """Delete, asked and answered."""
    TAKES = "takes"
    TIER = "tier"
    MODEL = "model"
    ORIGINAL = "original"


class ModerationVerb(StrEnum):
    """What a button under a report does."""

    CANCEL = "cancel"
    DELETE = "delete"
    BLOCK = "block"


class FormVerb(StrEnum):
    """What a form asks for."""

    EDIT = "edit"
    CONTINUE = "continue"
    ANIMATE = "animate"
    CONTINUE_VIDEO = "continue-video"


class Field(StrEnum):
    """The fields of forms."""

    WORDS = "words"
    REWRITING = "rewriting"
    VARIANT = "variant"
    SEED = "seed"
    LAST_FRAME = "last_frame"
    FILE = "file"
    """Which of a message's files is meant, as its number from 0."""


def job_button(verb: JobVerb, job_id: str) -> str:
    """Return the custom id of a button under a job's message."""
    return f"job:{verb}:{job_id}"


def panel_button(verb: PanelVerb, job_id: str, choice: str = "") -> str:
    """Return the custom id of a button or select of a job's private panel.

    Args:
        verb: what it does.
        job_id: the job it is about, or a pattern.
        choice: what it does it with, such as a tier.
    """
    return f"panel:{verb}:{job_id}:{choice}"


def report_button(verb: ModerationVerb, job_id: str) -> str:
    """Return the custom id of a button under a report of a job."""
    return f"report:{verb}:{job_id}"


def form(verb: FormVerb, subject: str, once: str) -> str:
    """Return the custom id of a form.

    Args:
        verb: what it asks for.
        subject: the job or draft it is about, or a pattern.
        once: drawn anew for each opening, so that two people never fill in the same one.
    """
    return f"form:{verb}:{subject}:{once}"
