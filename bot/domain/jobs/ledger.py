"""What was reserved and what was billed, as entries that are only ever added.

Entries carry signed amounts, so that usage is a plain sum: RESERVE(+r) when a job is queued, then
exactly one of CHARGE (billed - r) or RELEASE (-r); after a CHARGE only ADJUST. All of a job's
entries carry the ``counted_at`` of its RESERVE, and windows use it alone: nothing moves between
windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.amounts import Amounts
from bot.domain.ids import GuildId, JobId, UserId


class EntryKind(StrEnum):
    """Why an entry was written."""

    RESERVE = "reserve"
    CHARGE = "charge"
    RELEASE = "release"
    ADJUST = "adjust"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One signed movement of one job."""

    job_id: JobId
    guild_id: GuildId
    user_id: UserId
    model: str
    kind: EntryKind
    amounts: Amounts
    counted_at: datetime
    """The moment of the RESERVE."""
    at: datetime
    reason: str = ""
    """Stable word beside the kind, for instance ``operator_loss``."""
