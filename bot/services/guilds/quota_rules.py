"""What moderators change about quotas: rules and grants.

Every change is made under the guild's lock and is written down in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.errors import InvalidOptionsError
from bot.domain.guilds.audit import Action, Allowance, GrantChange, QuotaChange
from bot.domain.guilds.bounds import MAX_GRANTS, MAX_GRANTS_OF_MEMBER, MAX_RULES
from bot.domain.guilds.quota import MAX_GRANT_DAYS, Grant, Rule, Scope, Unit, Window
from bot.domain.ids import GuildId, UserId
from bot.domain.people import Person
from bot.domain.ports import Clock
from bot.domain.problems import OptionProblem
from bot.services.audit_log import AuditLog
from bot.storage import grants, guilds
from bot.storage.engine import Database


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
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._defaults = tuple(defaults)

    async def set(
        self, guild_id: GuildId, rule: Rule, actor: Person, *, is_admin: bool = False
    ) -> RuleSet:
        """Store a rule, replacing the one in its place.

        Args:
            guild_id: where.
            rule: what is stored.
            actor: who sets it.
            is_admin: whether they may manage the server, and so set a rule of their own.

        Raises:
            InvalidOptionsError: a server rule is higher than what the host allows, a moderator
                would set their own, or there are too many rules already.
        """
        if rule.scope is Scope.MEMBER and rule.target_id == actor.user_id and not is_admin:
            raise InvalidOptionsError(problem=OptionProblem.RULE_FOR_SELF)
        async with self._database.write() as connection:
            guild = await self._audit.begin(connection, guild_id)
            here = replace(rule, scope=Scope.CEILING, target_id=None)
            ceiling = self._lower_ceiling(
                await guilds.rule_in_place(connection, guild_id, here), rule
            )
            if ceiling is not None and rule.scope is Scope.SERVER:
                raise InvalidOptionsError(
                    problem=OptionProblem.ABOVE_CEILING,
                    unit=ceiling.unit.value,
                    window=ceiling.window.value,
                    limit=ceiling.limit,
                )
            before = await guilds.rule_in_place(connection, guild_id, rule)
            if before is None and await guilds.count_rules(connection, guild_id) >= MAX_RULES:
                raise InvalidOptionsError(problem=OptionProblem.TOO_MANY_RULES, limit=MAX_RULES)
            await guilds.set_rule(connection, guild_id, rule)
            change = QuotaChange.of(
                Action.QUOTA_SET,
                rule,
                before=self._default_in_place_of(rule) if before is None else _allowed(before),
                after=_allowed(rule),
            )
            await self._audit.record(connection, guild, actor, change)
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
            guild = await self._audit.begin(connection, guild_id)
            stored = await guilds.rules_to_clear(
                connection, guild_id, whose.scope, whose.target_id, roles=roles
            )
            for rule in stored:
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
                change = QuotaChange.of(
                    Action.QUOTA_CLEARED,
                    rule,
                    before=_allowed(rule),
                    after=self._default_in_place_of(rule),
                )
                await self._audit.record(connection, guild, actor, change)
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
            InvalidOptionsError: somebody would grant it to themselves, the days are out of range,
                or the member or the guild has too many grants already.
        """
        if user_id == actor.user_id:
            raise InvalidOptionsError(problem=OptionProblem.GRANT_TO_SELF)
        # Discord checks it as well, where the command is typed; the library does not.
        if not 1 <= days <= MAX_GRANT_DAYS:
            raise InvalidOptionsError(problem=OptionProblem.DAYS_RANGE, most=MAX_GRANT_DAYS)
        now = self._clock.now()
        async with self._database.write() as connection:
            guild = await self._audit.begin(connection, guild_id)
            usable = await grants.usable(connection, guild_id, now=now, user_id=user_id)
            if len(usable) >= MAX_GRANTS_OF_MEMBER:
                raise InvalidOptionsError(
                    problem=OptionProblem.TOO_MANY_GRANTS, limit=MAX_GRANTS_OF_MEMBER
                )
            if await grants.count(connection, guild_id, now=now) >= MAX_GRANTS:
                raise InvalidOptionsError(
                    problem=OptionProblem.TOO_MANY_GRANTS_HERE, limit=MAX_GRANTS
                )
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
            change = GrantChange(user_id=user_id, unit=unit, amount=amount, days=days)
            await self._audit.record(connection, guild, actor, change)
        return granted

    def _lower_ceiling(self, stored: Rule | None, rule: Rule) -> Rule | None:
        """Return the ceiling in a rule's slot, where the rule is above it.

        Args:
            stored: the one an operator set, if any did.
            rule: what is to be set.
        """
        here = replace(rule, scope=Scope.CEILING, target_id=None)
        ceiling = stored or here.among(self._defaults)
        return ceiling if ceiling is not None and rule.limit > ceiling.limit else None

    def _default_in_place_of(self, rule: Rule) -> Allowance | None:
        """Return what counts where nobody sets such a rule."""
        default = rule.among(self._defaults)
        return None if default is None else Allowance(limit=default.limit, is_default=True)


def _allowed(rule: Rule) -> Allowance:
    return Allowance(limit=rule.limit)
