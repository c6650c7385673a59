"""What a status message is drawn from, and which messages a job may have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.jobs.job import Job
from bot.domain.jobs.pacing import Estimate


class Purpose(StrEnum):
    """The messages a job may cause; each has a nonce of its own."""

    STATUS = "s"
    DELIVERY = "d1"
    ANNOUNCEMENT = "p"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """A job as its status message shows it."""

    job: Job
    position: int | None = None
    """Place in line, from 1, while waiting."""
    estimate: Estimate | None = None
    pause: str | None = None
    """Why nothing is submitted at present, as a key of ``bot.chat.text``."""


class AlertKind(StrEnum):
    """What the operator must know about, each told once until it is over."""

    ACCOUNT_PAUSED = "account_paused"
    LANE_OFF = "lane_off"
    JOB_PARKED = "job_parked"
    JOB_UNCONFIRMED = "job_unconfirmed"
    ORPHAN_TASK = "orphan_task"
    RESULT_HOST = "result_host"
    RESULT_DEADLINE = "result_deadline"
    OPERATOR_LOSS = "operator_loss"
    HOST_TROUBLE = "host_trouble"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message to the operators."""

    told: AlertKind
    facts: dict[str, str]
    """For the sentence in ``bot.chat.text``; never a prompt, URL or key."""
    at: datetime
