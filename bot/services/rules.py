"""What moderators change about quotas: rules and grants.

Every change is made under the guild's lock, is written down in the same transaction, and is told
after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.audit import Action, Actor, AuditEntry
from bot.domain.errors import InvalidOptionsError
from bot.domain.ids import ChannelId, GuildId, UserId
from bot.domain.ports import Clock
from bot.domain.quota import Grant, Rule, Scope, Unit, Window
from bot.services.audit import AuditTrail
from bot.storage import grants, guilds
from bot.storage.engine import Connection, Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whom a rule binds."""

    scope: Scope
    target_id: int | None = None
    """Role or member, where the scope has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """A rule as it stands now, and what holds it down."""

    rule: Rule
    ceiling: Rule | None
    """The guild's, where it is lower than the rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCleared:
    """A rule that was taken away, and the default that counts again."""

    rule: Rule
    default: Rule | None


class Rules:
    """Sets and clears rules, grants what is used once."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit: AuditTrail,
        defaults: Sequence[Rule],
        amount_words: Callable[[Unit, int], str],
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._defaults = {(rule.scope, rule.slot): rule for rule in defaults}
        self._amount_words = amount_words

    async def set(self, guild_id: GuildId, rule: Rule, actor: Actor) -> RuleSet:
        """Store a rule, replacing the one in its place.

        Raises:
            InvalidOptionsError: a server rule is higher than what the host allows.
        """
        async with self._database.write() as connection:
            guild = await guilds.lock(connection, guild_id)
            ceiling = await self._lower_ceiling(connection, guild_id, rule)
            if ceiling is not None and rule.scope is Scope.SERVER:
                raise InvalidOptionsError(
                    problem="above_ceiling",
                    ceiling=self._amount_words(ceiling.unit, ceiling.limit),
                    window=ceiling.window.value,
                )
            before = await guilds.clear_rule(connection, guild_id, rule)
            await guilds.set_rule(connection, guild_id, rule)
            entry = await self._audit.record(
                connection,
                guild_id,
                actor,
                Action.QUOTA_SET,
                _subject(rule),
                before=self._words(before) or self._default_words(rule),
                after=self._words(rule),
            )
        await self._audit.tell(entry, guild.log_channel_id)
        return RuleSet(rule=rule, ceiling=ceiling)

    async def clear(
        self,
        guild_id: GuildId,
        whose: Whose,
        actor: Actor,
        *,
        window: Window | None = None,
        unit: Unit | None = None,
    ) -> list[RuleCleared]:
        """Take rules away, all of somebody's or those of a window or unit; defaults come back."""
        cleared: list[RuleCleared] = []
        entries: list[AuditEntry] = []
        async with self._database.write() as connection:
            guild = await guilds.lock(connection, guild_id)
            for rule in await guilds.rules_of(connection, guild_id):
                if (
                    (rule.scope, rule.target_id) != (whose.scope, whose.target_id)
                    or rule.window is not (window or rule.window)
                    or rule.unit is not (unit or rule.unit)
                ):
                    continue
                await guilds.clear_rule(connection, guild_id, rule)
                default = self._defaults.get((rule.scope, rule.slot))
                cleared.append(RuleCleared(rule=rule, default=default))
                entry = await self._audit.record(
                    connection,
                    guild_id,
                    actor,
                    Action.QUOTA_CLEARED,
                    _subject(rule),
                    before=self._words(rule),
                    after=self._default_words(rule),
                )
                entries.append(entry)
        await self._tell(entries, guild.log_channel_id)
        return cleared

    async def grant(
        self,
        guild_id: GuildId,
        user_id: UserId,
        actor: Actor,
        *,
        unit: Unit,
        amount: int,
        days: int,
    ) -> Grant:
        """Let a member use so much once, where their own rule has no room.

        Args:
            guild_id: where.
            user_id: whom.
            actor: who grants it.
            unit: what is counted.
            amount: videos, seconds or micro-CNY; more than nothing.
            days: how long it can be used.

        Raises:
            InvalidOptionsError: somebody would grant it to themselves.
        """
        if user_id == actor.user_id:
            raise InvalidOptionsError(problem="grant_to_self")
        now = self._clock.now()
        async with self._database.write() as connection:
            guild = await guilds.lock(connection, guild_id)
            granted = await grants.add(
                connection,
                guild_id,
                user_id=user_id,
                unit=unit,
                amount=amount,
                granted_by=actor.user_id,
                granted_at=now,
                expires_at=now + timedelta(days=days),
            )
            entry = await self._audit.record(
                connection,
                guild_id,
                actor,
                Action.QUOTA_GRANTED,
                f"<@{user_id}>",
                after=f"{self._amount_words(unit, amount)} for {days} {_days(days)}",
            )
        await self._audit.tell(entry, guild.log_channel_id)
        return granted

    async def _lower_ceiling(
        self, connection: Connection, guild_id: GuildId, rule: Rule
    ) -> Rule | None:
        """Return the ceiling in a rule's slot, where the rule is above it."""
        here = (Scope.CEILING, rule.slot)
        stored = await guilds.rules_of(connection, guild_id)
        own = next((each for each in stored if (each.scope, each.slot) == here), None)
        ceiling = own or self._defaults.get(here)
        return ceiling if ceiling is not None and rule.limit > ceiling.limit else None

    async def _tell(self, entries: Sequence[AuditEntry], channel_id: ChannelId | None) -> None:
        for entry in entries:
            await self._audit.tell(entry, channel_id)

    def _words(self, rule: Rule | None) -> str | None:
        return None if rule is None else self._amount_words(rule.unit, rule.limit)

    def _default_words(self, rule: Rule) -> str | None:
        default = self._words(self._defaults.get((rule.scope, rule.slot)))
        return None if default is None else f"{default} (default)"


def _subject(rule: Rule) -> str:
    """Return whose rule it is and what it bounds, for the audit trail."""
    whose = {
        Scope.ROLE: f"of <@&{rule.target_id}>",
        Scope.MEMBER: f"of <@{rule.target_id}>",
        Scope.MEMBER_DEFAULT: "of each member",
        Scope.SERVER: "of the server",
    }
    words = f"{whose.get(rule.scope, '')} for {rule.unit.value} per {rule.window.value}"
    return words.strip()


def _days(count: int) -> str:
    return "day" if count == 1 else "days"
