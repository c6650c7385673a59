"""An account at the provider: whose money, which key, and whether the provider takes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.ids import AccountId


class AccountStatus(StrEnum):
    """Whether creates are sent for an account."""

    OPEN = "open"
    PAUSED = "paused"
    """The provider refuses it; nothing is sent until a probe works."""
    ON_TRIAL = "on_trial"
    """A probe worked: paused for whoever reads it, open to the next create."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose money and whose tasks."""

    account: AccountId
    api_key_id: str | None = None
    """The provider's id of our key, once it is learnt from a task of ours."""
    status: AccountStatus = AccountStatus.OPEN
    paused_at: datetime | None = None
    pause_reason: str | None = None
    probe_at: datetime | None = None
    """When a paused account is tried next."""
    pause_told_at: datetime | None = None
    """``paused_at`` of the pause the operators were told of."""
