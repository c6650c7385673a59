"""What a guild or member may spend per window, and which rule says no.

A slot is (unit, window). In each slot one per-member rule counts: the member's own, else the
highest of the member's roles, except that a role rule of 0 beats other roles, else the member
default. Server rules, the guild's ceilings and the host's daily budget are checked besides; all
must pass. Windows are calendar days, ISO weeks and months in the guild's time zone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.amounts import Amounts
from bot.domain.ids import RoleId, UserId

MICROS = 1_000_000
"""Micro-CNY in one CNY."""


class Unit(StrEnum):
    """What is counted."""

    VIDEOS = "videos"
    SECONDS = "seconds"
    COST = "cost"


class Window(StrEnum):
    """Over which calendar span."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Scope(StrEnum):
    """Whose spending a rule bounds."""

    BUDGET = "budget"
    """All guilds together: the host's DAILY_BUDGET."""
    BUDGET_SHARE = "budget_share"
    """A guild's part of that: GUILD_BUDGET_SHARE."""
    CEILING = "ceiling"
    """A guild, set by an operator."""
    SERVER = "server"
    """A guild, set by its moderators."""
    MEMBER_DEFAULT = "member_default"
    ROLE = "role"
    MEMBER = "member"


ATTEMPTS_PER_VIDEO = 5
"""So many reservations a per-member rule of videos allows for each video, given back or not."""
MAX_GRANT_DAYS = 90
"""So long a grant can be used at most."""
MAX_CONTENT_REFUSALS_A_DAY = 10
"""Requests of a member, refused for their content: they go out under the host's key."""

PER_MEMBER = frozenset({Scope.MEMBER_DEFAULT, Scope.ROLE, Scope.MEMBER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A limit in one slot."""

    scope: Scope
    unit: Unit
    window: Window
    limit: int
    """Videos, seconds or micro-CNY; 0 blocks."""
    target_id: int | None = None
    """Role or member, where the scope has one."""

    @property
    def slot(self) -> tuple[Unit, Window]:
        """The unit and window the rule bounds."""
        return (self.unit, self.window)

    @property
    def place(self) -> tuple[Scope, int | None, tuple[Unit, Window]]:
        """Whom it binds and in which slot: a guild has one rule in each place."""
        return (self.scope, self.target_id, self.slot)

    def among(self, rules: Iterable[Rule]) -> Rule | None:
        """Return the one of some rules that is in this rule's place."""
        return next((rule for rule in rules if rule.place == self.place), None)

    def is_orphan(self, roles: Collection[int] | None) -> bool:
        """Tell whether it is of a role that is not one of the guild's; None where unknown."""
        return self.scope is Scope.ROLE and roles is not None and self.target_id not in roles


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The rule that said no, for the sentence a member reads."""

    scope: Scope
    unit: Unit
    window: Window
    limit: int
    used: int
    """Reserved and charged in the window, without the refused job."""
    resets_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A pool a member may draw on where a per-member rule has no room."""

    id: int
    user_id: UserId
    unit: Unit
    amount: int
    """Videos, seconds or micro-CNY; usable once."""
    drawn: int
    """What jobs hold of it."""
    granted_by: UserId
    expires_at: datetime

    @property
    def left(self) -> int:
        """What may still be drawn."""
        return max(0, self.amount - self.drawn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What one job takes from a grant."""

    grant_id: int
    unit: Unit
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A window's bounds: start included, end excluded; aware UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A rule with what is used of it now."""

    rule: Rule
    used: Amounts
    span: Span

    @property
    def used_units(self) -> int:
        """What is used, in the rule's own unit."""
        return amount_in(self.rule.unit, self.used)

    @property
    def left(self) -> int:
        """What is left, in the rule's own unit."""
        return max(0, self.rule.limit - self.used_units)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A rule of a guild as moderators see it."""

    rule: Rule
    is_default: bool
    """Nobody set it here."""
    check: Check | None
    """What all members used of it; None for a rule that is each member's."""


def amount_in(unit: Unit, amounts: Amounts) -> int:
    """Return the figure of a unit."""
    match unit:
        case Unit.VIDEOS:
            return amounts.videos
        case Unit.SECONDS:
            return amounts.seconds
        case Unit.COST:
            return amounts.micros


def window_span(window: Window, at: datetime, zone: ZoneInfo) -> Span:
    """Return the calendar window around a moment, in a guild's time zone.

    Days of 23 and 25 hours come out right because the bounds are midnights of the zone.
    """
    today = at.astimezone(zone).date()
    match window:
        case Window.DAY:
            first, after = today, today + timedelta(days=1)
        case Window.WEEK:
            first = today - timedelta(days=today.weekday())
            after = first + timedelta(days=7)
        case Window.MONTH:
            first = today.replace(day=1)
            after = (first + timedelta(days=32)).replace(day=1)
    return Span(
        start=datetime.combine(first, time.min, zone).astimezone(UTC),
        end=datetime.combine(after, time.min, zone).astimezone(UTC),
    )


def in_force(stored: Iterable[Rule], defaults: Iterable[Rule]) -> list[Rule]:
    """Return a guild's rules, with the defaults where the same scope and slot has none stored."""
    rules = list(stored)
    return rules + [rule for rule in defaults if rule.among(rules) is None]


def applicable(
    stored: Iterable[Rule],
    defaults: Sequence[Rule],
    *,
    user_id: UserId,
    role_ids: frozenset[RoleId],
) -> list[Rule]:
    """Choose the rules that bind one member: every shared rule, one per-member rule a slot.

    Args:
        stored: the guild's rules and ceilings.
        defaults: rules in force where the same scope and slot has none stored.
        user_id: the member.
        role_ids: the member's roles.
    """
    rules = in_force(stored, defaults)
    shared = [rule for rule in rules if rule.scope not in PER_MEMBER]
    slots = {rule.slot: None for rule in rules if rule.scope in PER_MEMBER}
    chosen = (_member_rule(rules, slot, user_id, role_ids) for slot in slots)
    return shared + [rule for rule in chosen if rule is not None]


def _member_rule(
    rules: list[Rule],
    slot: tuple[Unit, Window],
    user_id: UserId,
    role_ids: frozenset[RoleId],
) -> Rule | None:
    here = [rule for rule in rules if rule.slot == slot]
    own = [rule for rule in here if rule.scope is Scope.MEMBER and rule.target_id == user_id]
    if own:
        return own[0]
    roles = [rule for rule in here if rule.scope is Scope.ROLE and rule.target_id in role_ids]
    if roles:
        # A role rule of 0 is a block: it beats a more generous role.
        return min(roles, key=lambda rule: (rule.limit != 0, -rule.limit))
    return next((rule for rule in here if rule.scope is Scope.MEMBER_DEFAULT), None)


_ORDER: Mapping[Scope, int] = {scope: place for place, scope in enumerate(reversed(Scope))}


def decide(
    checks: Iterable[Check], cost: Amounts, grants: Sequence[Grant] = ()
) -> Refusal | tuple[Draw, ...]:
    """Return what a job draws from grants, or the first rule without room for it.

    The most personal rule is named first. A grant fills what a per-member rule lacks; it never
    lifts a shared rule or a rule of 0.

    Args:
        checks: rules with what is used of them, without what grants paid.
        cost: what the job reserves.
        grants: the member's, in the order in which they are drawn.
    """
    lacking: dict[Unit, int] = {}
    for check in sorted(checks, key=lambda check: _ORDER[check.rule.scope]):
        rule = check.rule
        wanted = amount_in(rule.unit, cost)
        short = check.used_units + wanted - rule.limit
        if short <= 0:
            continue
        # Where a rule was lowered below what is used, a job pays for itself and not for the rest.
        need = max(lacking.get(rule.unit, 0), min(short, wanted))
        room = sum(grant.left for grant in grants if grant.unit is rule.unit)
        if rule.scope not in PER_MEMBER or rule.limit == 0 or room < need:
            return Refusal(
                scope=rule.scope,
                unit=rule.unit,
                window=rule.window,
                limit=rule.limit,
                used=check.used_units,
                resets_at=check.span.end,
            )
        lacking[rule.unit] = need
    return tuple(draw for unit, need in lacking.items() for draw in _draws(unit, need, grants))


def _draws(unit: Unit, need: int, grants: Sequence[Grant]) -> Iterable[Draw]:
    for grant in grants:
        taken = min(need, grant.left)
        if grant.unit is unit and taken > 0:
            need -= taken
            yield Draw(grant_id=grant.id, unit=unit, amount=taken)
