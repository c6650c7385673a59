"""Use cases: they open transactions, call ports and return records.

``Services`` is what cogs are built from; a cog's ``setup`` unpacks it and its constructor names
only what it uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.catalogue import Catalogue, Region
from bot.domain.ports import Clock
from bot.services.estimates import Estimates
from bot.services.pictures import Pictures
from bot.services.quotas import Quotas
from bot.services.registration import Registration
from bot.services.submissions import Asker, Submissions

__all__ = ["Asker", "Services"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a cog may use."""

    catalogue: Catalogue
    clock: Clock
    estimates: Estimates
    pictures: Pictures
    quotas: Quotas
    registration: Registration
    submissions: Submissions
    acknowledged: Callable[[float], None]
    """Counts the seconds from a command to its acknowledgement."""
    refused: Callable[[str], None]
    """Counts a private refusal by its error code."""
    region: Region
    """Where the provider is: /help says it."""
    retention: timedelta
