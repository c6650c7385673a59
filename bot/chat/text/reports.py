"""What moderators read of a reported video, and what members read who reported it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.chat.custom_ids import ModerationVerb
from bot.chat.text.jobs import footer
from bot.chat.text.phrases import left_out
from bot.chat.text.sentences import counted
from bot.domain.guilds.reports import ReportOutcome
from bot.domain.ids import JobId, UserId

MENU = "Report video"
"""In the menu of a message; a contract, like the names of commands."""

TITLE = "A reported video"
MODEL = "Model"
NO_VIDEO = "The video is not shown here: its file is too large, or gone."

BUTTONS: Mapping[ModerationVerb, str] = {
    ModerationVerb.CANCEL: "Cancel",
    ModerationVerb.DELETE: "Delete",
    ModerationVerb.BLOCK: "Block the requester",
}

DONE: Mapping[ModerationVerb, str] = {
    ModerationVerb.CANCEL: "Cancelled by",
    ModerationVerb.DELETE: "Deleted by",
    ModerationVerb.BLOCK: "Requester blocked by",
}
"""What was done about it, before the name of who did it."""

OUTCOMES: Mapping[ReportOutcome, str] = {
    ReportOutcome.TOLD: "The moderators of this server have been told. Thank you.",
    ReportOutcome.WAITING: (
        "Your report is kept. The moderators are told as soon as Discord takes it."
    ),
    ReportOutcome.REFUSED: (
        "Discord does not let me write in the moderators' channel. Tell a moderator yourself."
    ),
    ReportOutcome.KNOWN: "You have reported this video already. The moderators decide about it.",
}


def mark(job_id: JobId) -> str:
    """Return what a report begins with.

    The same in every language: after a lost answer our own messages are searched for by it.
    """
    return f"🚩 {footer(job_id)}"


def reported(job_id: JobId, reporters: Sequence[str], count: int) -> str:
    """Return who has reported a job.

    Args:
        job_id: the job.
        reporters: the first of them.
        count: of all.
    """
    said = counted(count, one="reported by {count} member", other="reported by {count} members")
    lines = [f"{mark(job_id)} · {said}", *reporters]
    if count > len(reporters):
        lines.append(left_out(count - len(reporters)))
    return "\n".join(lines)


def reporter(user_id: UserId, name: str) -> str:
    """Return somebody by mention, and by name for when they are gone."""
    return f"<@{user_id}> ({name})" if name else f"<@{user_id}>"
