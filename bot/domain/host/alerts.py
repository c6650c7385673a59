"""What the operator must know about, and one message that says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AlertKind(StrEnum):
    """What the operator must know about, each told once until it is over."""

    ACCOUNT_PAUSED = "account_paused"
    LANE_OFF = "lane_off"
    JOB_PARKED = "job_parked"
    JOB_UNCONFIRMED = "job_unconfirmed"
    ORPHAN_TASK = "orphan_task"
    BILLED_LENGTH = "billed_length"
    TASK_UNKNOWN = "task_unknown"
    RESULT_HOST = "result_host"
    RESULT_ADDRESS = "result_address"
    RESULT_UNREADABLE = "result_unreadable"
    RESULT_DEADLINE = "result_deadline"
    OPERATOR_LOSS = "operator_loss"
    HOST_TROUBLE = "host_trouble"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message to the operators."""

    kind: AlertKind
    facts: dict[str, str]
    """For the sentence in ``bot.chat.text``; never a prompt, URL or key."""
    at: datetime
