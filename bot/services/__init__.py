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
from bot.domain.money import Money
from bot.domain.ports import Clock
from bot.services.guilds.moderation import Moderation
from bot.services.guilds.quota_rules import QuotaRules
from bot.services.guilds.reports import Reports
from bot.services.guilds.settings import GuildSettings
from bot.services.guilds.usage_reports import UsageReports
from bot.services.host.command_registry import CommandRegistry
from bot.services.host.operator import OperatorActions
from bot.services.intake.admission import Admission
from bot.services.intake.cancellation import Cancellations
from bot.services.intake.continuations import Continuations
from bot.services.intake.erasure import Erasure
from bot.services.intake.lookup import JobLookup
from bot.services.intake.menu_forms import MenuForms
from bot.services.intake.quotas import Quotas
from bot.services.intake.remakes import Remakes
from bot.services.intake.video_requests import VideoRequests
from bot.services.jobs.estimates import Estimates
from bot.services.messages.open_panels import OpenPanels
from bot.services.reconciliation.operator_decisions import OperatorDecisions
from bot.services.switch import IntakeSwitch

__all__ = ["Services"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a cog may use."""

    admission: Admission
    cancellations: Cancellations
    catalogue: Catalogue
    clock: Clock
    command_registry: CommandRegistry
    continuations: Continuations
    decisions: OperatorDecisions
    erasure: Erasure
    estimates: Estimates
    guild_settings: GuildSettings
    lookup: JobLookup
    menu_forms: MenuForms
    moderation: Moderation
    money: Money
    """How amounts are shown."""
    open_panels: OpenPanels
    operator: OperatorActions
    quota_rules: QuotaRules
    quotas: Quotas
    remakes: Remakes
    reports: Reports
    switch: IntakeSwitch
    usage_reports: UsageReports
    video_requests: VideoRequests
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
