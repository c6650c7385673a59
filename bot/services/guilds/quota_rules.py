"""What moderators change about quotas: rules and grants.

Every change is made under the guild's lock and is written down in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.errors import InvalidOptionsError
from bot.domain.guilds.audit import Action
from bot.domain.guilds.quota import Grant, Rule, Scope, Unit, Window
from bot.domain.ids import GuildId, UserId
from bot.domain.people import Person
from bot.domain.ports import Clock
from bot.services.audit_log import AuditLog
from bot.storage import grants, guilds
from bot.storage.engine import Database

MAX_RULES = 100
"""Of a guild, without the host's ceilings: each submission reads all of them."""

MAX_GRANTS = 10
"""Of a member that are not used up: each submission of theirs reads them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTarget:
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


class QuotaRules:
    """Sets and clears rules, grants what is used once."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audit: AuditLog,
        defaults: Sequence[Rule],
        amount_words: Callable[[Unit, int], str],
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._defaults = tuple(defaults)
        self._amount_words = amount_words

    async def set(self, guild_id: GuildId, rule: Rule, actor: Person) -> RuleSet:
        """Store a rule, replacing the one in its place.

        Raises:
            InvalidOptionsError: a server rule is higher than what the host allows, or there are
                too many rules already.
        """
        async with self._database.write() as connection:
            guild = await guilds.lock(connection, guild_id)
            stored = await guilds.rules_of(connection, guild_id)
            ceiling = self._lower_ceiling(stored, rule)
            if ceiling is not None and rule.scope is Scope.SERVER:
                raise InvalidOptionsError(
                    problem="above_ceiling",
                    ceiling=self._amount_words(ceiling.unit, ceiling.limit),
                    window=ceiling.window.value,
                )
            before = rule.among(stored)
            if before is None and _count(stored) >= MAX_RULES:
                raise InvalidOptionsError(problem="too_many_rules", limit=MAX_RULES)
            await guilds.set_rule(connection, guild_id, rule)
            await self._audit.record(
                connection,
                guild,
                actor,
                Action.QUOTA_SET,
                _subject(rule),
                before=self._words(before) or self._default_words(rule),
                after=self._words(rule),
            )
        return RuleSet(rule=rule, ceiling=ceiling)

    async def clear(
        self,
        guild_id: GuildId,
        whose: RuleTarget,
        actor: Person,
        *,
        window: Window | None = None,
        unit: Unit | None = None,
        roles: Collection[int] | None = None,
    ) -> list[RuleCleared]:
        """Take rules away, all of somebody's or those of a window or unit; defaults come back.

        Args:
            guild_id: where.
            whose: whom the rules bind.
            actor: who clears them.
            window: leaves those over other spans.
            unit: leaves those that count something else.
            roles: the guild's; rules of deleted ones, which nobody can name any more, go as well.
                None where they are not known.
        """
        cleared: list[RuleCleared] = []
        async with self._database.write() as connection:
            guild = await guilds.lock(connection, guild_id)
            for rule in await guilds.rules_of(connection, guild_id):
                is_meant = (
                    (rule.scope, rule.target_id) == (whose.scope, whose.target_id)
                    and rule.window is (window or rule.window)
                    and rule.unit is (unit or rule.unit)
                )
                if not is_meant and not rule.is_orphan(roles):
                    continue
                await guilds.clear_rule(connection, guild_id, rule)
                default = rule.among(self._defaults)
                cleared.append(RuleCleared(rule=rule, default=default))
                await self._audit.record(
                    connection,
                    guild,
                    actor,
                    Action.QUOTA_CLEARED,
                    _subject(rule),
                    before=self._words(rule),
                    after=self._default_words(rule),
                )
        return cleared

    async def grant(
        self,
        guild_id: GuildId,
        user_id: UserId,
        actor: Person,
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
            InvalidOptionsError: somebody would grant it to themselves, or the member has too many
                grants that are open.
        """
        if user_id == actor.user_id:
            raise InvalidOptionsError(problem="grant_to_self")
        now = self._clock.now()
        async with self._database.write() as connection:
            guild = await guilds.lock(connection, guild_id)
            usable = await grants.usable(connection, guild_id, now=now, user_id=user_id)
            if sum(grant.left > 0 for grant in usable) >= MAX_GRANTS:
                raise InvalidOptionsError(problem="too_many_grants", limit=MAX_GRANTS)
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
            await self._audit.record(
                connection,
                guild,
                actor,
                Action.QUOTA_GRANTED,
                f"<@{user_id}>",
                after=f"{self._amount_words(unit, amount)} for {days} d",
            )
        return granted

    def _lower_ceiling(self, stored: Sequence[Rule], rule: Rule) -> Rule | None:
        """Return the ceiling in a rule's slot, where the rule is above it."""
        here = replace(rule, scope=Scope.CEILING, target_id=None)
        ceiling = here.among(stored) or here.among(self._defaults)
        return ceiling if ceiling is not None and rule.limit > ceiling.limit else None

    def _words(self, rule: Rule | None) -> str | None:
        return None if rule is None else self._amount_words(rule.unit, rule.limit)

    def _default_words(self, rule: Rule) -> str | None:
        default = self._words(rule.among(self._defaults))
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


def _count(stored: Sequence[Rule]) -> int:
    """Return how many rules moderators have set; ceilings are the host's."""
    return sum(rule.scope is not Scope.CEILING for rule in stored)
