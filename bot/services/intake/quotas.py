"""What a member may still spend: the checks behind every reservation and behind /quota show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.domain.amounts import Amounts
from bot.domain.failure import CONTENT_REASONS
from bot.domain.guilds.denials import (
    QueueFullError,
    QuotaExceededError,
    TooManyAttemptsError,
    TooManyContentRefusalsError,
)
from bot.domain.guilds.quota import (
    ATTEMPTS_PER_VIDEO,
    MAX_CONTENT_REFUSALS_A_DAY,
    PER_MEMBER,
    Check,
    Draw,
    Refusal,
    Rule,
    Scope,
    Standing,
    Unit,
    Window,
    applicable,
    decide,
    in_force,
    window_span,
)
from bot.domain.guilds.quota_view import GuildQuota, MemberQuota
from bot.domain.guilds.settings import Guild
from bot.domain.ids import GuildId, RoleId, UserId
from bot.domain.ports import Clock
from bot.storage import grants, guilds, jobs, ledger
from bot.storage.engine import Connection, Database

_UTC = ZoneInfo("UTC")

MOST_LISTED = 50
"""Grants in a list: more than fit into its message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaDefaults:
    """What binds where nobody set anything else."""

    rules: tuple[Rule, ...]
    daily_budget_micros: int
    """Of all guilds together per UTC day; 0 means no bound."""
    guild_budget_share: float = 1.0
    """The part of it that one guild may hold, reserved or charged; above 0, at most 1."""
    max_queued_per_member: int
    max_queued_per_guild: int


class Quotas:
    """Reads rules and usage; the caller's transaction holds the locks."""

    def __init__(self, database: Database, clock: Clock, defaults: QuotaDefaults) -> None:
        self._database = database
        self._clock = clock
        self._defaults = defaults

    async def require_room(
        self,
        connection: Connection,
        guild: Guild,
        *,
        user_id: UserId,
        role_ids: frozenset[RoleId],
        cost: Amounts,
        now: datetime,
    ) -> tuple[Draw, ...]:
        """Make sure that a job fits every rule, with the guild's row already locked.

        Args:
            connection: a transaction.
            guild: whose rules.
            user_id: who asks.
            role_ids: their roles.
            cost: of the job; of several jobs that are only foreseen, all together.
            now: the moment.

        Returns:
            What the job has to draw from grants for it.

        Raises:
            QueueFullError: too many jobs of the member or guild are waiting.
            QuotaExceededError: a rule has no room.
            TooManyAttemptsError, TooManyContentRefusalsError: what was given back is bounded, too.
        """
        in_guild, own = await jobs.count_queued(connection, guild.guild_id, user_id)
        defaults = self._defaults
        if own + cost.videos > defaults.max_queued_per_member:
            raise QueueFullError(whose="member", waiting=own, limit=defaults.max_queued_per_member)
        if in_guild + cost.videos > defaults.max_queued_per_guild:
            raise QueueFullError(
                whose="guild", waiting=in_guild, limit=defaults.max_queued_per_guild
            )
        checks = await self._checks(connection, guild, user_id, role_ids, now)
        await self._require_attempts(connection, guild, user_id, checks, now)
        checks += await self._budget(connection, guild, now)
        usable = await grants.usable(connection, guild.guild_id, now=now, user_id=user_id)
        decided = decide(checks, cost, usable)
        if isinstance(decided, Refusal):
            raise QuotaExceededError(decided)
        return decided

    async def _require_attempts(
        self,
        connection: Connection,
        guild: Guild,
        user_id: UserId,
        checks: Sequence[Check],
        now: datetime,
    ) -> None:
        """Make sure that a member does not go on beginning what is cancelled or refused."""
        for check in checks:
            rule = check.rule
            if rule.scope not in PER_MEMBER or rule.unit is not Unit.VIDEOS or not rule.limit:
                continue
            drawn = await grants.drawn(
                connection, check.span, guild_id=guild.guild_id, user_id=user_id
            )
            most = ATTEMPTS_PER_VIDEO * (rule.limit + drawn.videos)
            made = await ledger.attempts(
                connection, check.span, guild_id=guild.guild_id, user_id=user_id
            )
            if made >= most:
                raise TooManyAttemptsError(limit=most, window=rule.window, resets_at=check.span.end)
        today = window_span(Window.DAY, now, guild.zone)
        refused = await jobs.count_failed(
            connection,
            today,
            guild_id=guild.guild_id,
            requester_id=user_id,
            reasons=CONTENT_REASONS,
        )
        if refused >= MAX_CONTENT_REFUSALS_A_DAY:
            raise TooManyContentRefusalsError(limit=MAX_CONTENT_REFUSALS_A_DAY, resets_at=today.end)

    async def show(
        self, guild_id: GuildId, user_id: UserId, role_ids: frozenset[RoleId]
    ) -> MemberQuota:
        """Return what is used and left, rule by rule."""
        async with self._database.read() as connection:
            guild = await guilds.get(connection, guild_id)
            _, own = await jobs.count_queued(connection, guild_id, user_id)
            now = self._clock.now()
            checks = await self._checks(connection, guild, user_id, role_ids, now)
            usable = await grants.usable(connection, guild_id, now=now, user_id=user_id)
        return MemberQuota(
            guild=guild,
            checks=tuple(checks),
            grants=tuple(usable),
            waiting=own,
            max_waiting=self._defaults.max_queued_per_member,
        )

    async def overview(self, guild_id: GuildId) -> GuildQuota:
        """Return every rule and grant of a guild."""
        now = self._clock.now()
        async with self._database.read() as connection:
            guild = await guilds.get(connection, guild_id)
            stored = await guilds.rules_of(connection, guild_id)
            known = frozenset(stored)
            standings = [
                Standing(
                    rule=rule,
                    is_default=rule not in known,
                    check=None
                    if rule.scope in PER_MEMBER
                    else await self._check(connection, guild, rule, now),
                )
                for rule in sorted(in_force(stored, self._defaults.rules), key=_place)
            ]
            usable = await grants.usable(connection, guild_id, now=now, limit=MOST_LISTED)
            granted = await grants.count_usable(connection, guild_id, now=now)
        return GuildQuota(standings=tuple(standings), grants=tuple(usable), grants_count=granted)

    async def _checks(
        self,
        connection: Connection,
        guild: Guild,
        user_id: UserId,
        role_ids: frozenset[RoleId],
        now: datetime,
    ) -> list[Check]:
        stored = await guilds.rules_for(connection, guild.guild_id, user_id, role_ids)
        rules: Sequence[Rule] = applicable(
            stored, self._defaults.rules, user_id=user_id, role_ids=role_ids
        )
        return [await self._check(connection, guild, rule, now, user_id) for rule in rules]

    async def _check(
        self,
        connection: Connection,
        guild: Guild,
        rule: Rule,
        now: datetime,
        user_id: UserId | None = None,
    ) -> Check:
        # The host's word: a time zone that admins may change must not start its windows anew.
        zone = _UTC if rule.scope is Scope.CEILING else guild.zone
        span = window_span(rule.window, now, zone)
        whose = user_id if rule.scope in PER_MEMBER else None
        used = await ledger.usage(connection, span, guild_id=guild.guild_id, user_id=whose)
        if whose is not None:
            used -= await grants.drawn(connection, span, guild_id=guild.guild_id, user_id=whose)
        return Check(rule=rule, used=used, span=span)

    async def _budget(self, connection: Connection, guild: Guild, now: datetime) -> list[Check]:
        limit, share = self._defaults.daily_budget_micros, self._defaults.guild_budget_share
        if not limit:
            return []
        span = window_span(Window.DAY, now, _UTC)
        whole = Rule(scope=Scope.BUDGET, unit=Unit.COST, window=Window.DAY, limit=limit)
        checks = [Check(rule=whole, used=await ledger.usage(connection, span), span=span)]
        if share < 1:
            part = replace(whole, scope=Scope.BUDGET_SHARE, limit=round(limit * share))
            used = await ledger.usage(connection, span, guild_id=guild.guild_id)
            checks.append(Check(rule=part, used=used, span=span))
        return checks


_UNITS, _WINDOWS, _SCOPES = tuple(Unit), tuple(Window), tuple(Scope)


def _place(rule: Rule) -> tuple[int, int, int, int]:
    """Return where a rule is listed."""
    return (
        _UNITS.index(rule.unit),
        _WINDOWS.index(rule.window),
        _SCOPES.index(rule.scope),
        rule.target_id or 0,
    )
