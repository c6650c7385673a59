"""What people read of quotas: a member's own, and a guild's as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.guilds.quota import Check, Grant, Standing
from bot.domain.guilds.settings import Guild


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberQuota:
    """A member's checks as they stand now."""

    guild: Guild
    checks: tuple[Check, ...]
    """Without the host's budget, which is nobody's business but the host's."""
    grants: tuple[Grant, ...]
    """The next to expire first."""
    waiting: int
    """The member's jobs in line."""
    max_waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildQuota:
    """A guild's rules as they stand now."""

    standings: tuple[Standing, ...]
    """By slot; ceilings first, the most personal last."""
    grants: tuple[Grant, ...]
    """What may still be used; the next to expire first, as many as a list has room for."""
    grants_count: int
    """Of all that may still be used."""
