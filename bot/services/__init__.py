"""Use cases: they open transactions, call ports and return records.

``Services`` is what cogs are built from; a cog's ``setup`` unpacks it and its constructor names
only what it uses.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.catalogue import Catalogue, Region
from bot.domain.ids import GuildId, UserId
from bot.domain.ports import Clock
from bot.services.guilds.moderation import Moderation
from bot.services.guilds.quota_rules import Rules
from bot.services.guilds.settings import GuildSettings
from bot.services.guilds.usage_reports import Usage
from bot.services.host.command_registry import CommandRegistry
from bot.services.host.operator import Host
from bot.services.intake.admission import Admission
from bot.services.intake.erasure import Erasure
from bot.services.intake.pictures import Pictures
from bot.services.intake.quotas import Quotas
from bot.services.intake.submissions import Asker, Submissions
from bot.services.jobs.estimates import Estimates
from bot.services.switch import IntakeSwitch

__all__ = ["Asker", "Services"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a cog may use."""

    admission: Admission
    catalogue: Catalogue
    clock: Clock
    estimates: Estimates
    forgetting: Erasure
    guild_settings: GuildSettings
    host: Host
    moderation: Moderation
    pictures: Pictures
    quotas: Quotas
    registration: CommandRegistry
    rules: Rules
    submissions: Submissions
    switches: IntakeSwitch
    usage: Usage
    acknowledged: Callable[[float], None]
    """Counts the seconds from a command to its acknowledgement."""
    refused: Callable[[GuildId | None, str], Awaitable[None]]
    """Counts a private refusal by its error code, once it is answered."""
    region: Region
    """Where the provider is: /help says it."""
    retention: timedelta
    operators: frozenset[UserId]
    """Who runs this bot."""
    operator_guild: GuildId | None = None
    """Where the operator's commands are registered; None is nowhere."""
