"""What operators and log channels read."""

from __future__ import annotations

import discord

from bot.chat import limits
from bot.chat.text.phrases import FACT_CHARACTERS, one_line, shortened
from bot.chat.text.refusals import Lenient
from bot.domain.audit import Action, AuditEntry
from bot.domain.status import Notice, Told

ACTIONS = {
    Action.QUOTA_SET: "set the quota",
    Action.QUOTA_CLEARED: "cleared the quota",
    Action.QUOTA_GRANTED: "granted",
    Action.CEILING_SET: "set the ceiling",
    Action.SETTING_CHANGED: "changed",
    Action.PERMIT_CHANGED: "changed",
    Action.MEMBER_BLOCKED: "blocked",
    Action.MEMBER_UNBLOCKED: "unblocked",
    Action.WORD_ADDED: "added a blocked word:",
    Action.WORD_REMOVED: "removed a blocked word:",
    Action.JOB_CANCELLED: "cancelled job",
    Action.JOB_FORGOTTEN: "erased the content of job",
}


_NOTICES = {
    Told.ACCOUNT_PAUSED: (
        "The provider refuses the account ({reason}). Nothing is submitted; jobs wait. "
        "I try again every 5 minutes."
    ),
    Told.LANE_OFF: "The account may not use {subject} ({reason}). Its jobs failed, uncharged.",
    Told.JOB_PARKED: (
        "Job {subject} broke its worker three times ({error}) and is parked. "
        "See `python -m bot jobs show {subject}`; go on with "
        "`python -m bot jobs reconcile {subject} --again` or give up with `--failed`."
    ),
    Told.JOB_UNCONFIRMED: (
        "Nobody saw the answer to job {subject}'s create at {sent_at} ({model}, {why}). "
        "Decide with `python -m bot jobs reconcile {subject}` and one of `--task ID`, `--failed`, "
        "`--again`."
    ),
    Told.ORPHAN_TASK: "Task {subject} belongs to no job any more (job {job_id}).",
    Told.RESULT_HOST: (
        "Job {subject}: the result lies on a host outside RESULT_HOSTS. {reason} "
        "Widen RESULT_HOSTS and restart; I try until the address expires."
    ),
    Told.RESULT_DEADLINE: "Job {subject}: the result expires at {expires_at} and is not on disk.",
    Told.OPERATOR_LOSS: "Job {subject}: a billed video was lost ({reason}); given back.",
}


def notice(told: Notice) -> str:
    """Return what an operator reads."""
    words = _NOTICES[told.told].format_map(Lenient(told.facts))
    return shortened(words, limits.CONTENT_CHARACTERS)


def audit_line(entry: AuditEntry) -> str:
    """Return one change as a line: who, what, before and after."""
    # The shell has no user id.
    who = f"<@{entry.actor.user_id}>" if entry.actor.user_id else entry.actor.name
    change = " → ".join(
        f"**{discord.utils.escape_markdown(one_line(each, FACT_CHARACTERS))}**" if each else "—"
        for each in (entry.before, entry.after)
    )
    if entry.before is None and entry.after is None:
        change = ""
    subject = one_line(entry.subject, FACT_CHARACTERS)
    return " ".join(filter(None, (who, f"{ACTIONS[entry.action]} {subject}".strip(), change)))
