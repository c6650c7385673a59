"""Windows of the calendar, which rule binds whom, and who says no."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.amounts import Amounts
from bot.domain.guilds.quota import (
    PER_MEMBER,
    Check,
    Draw,
    Grant,
    Refusal,
    Rule,
    Scope,
    Span,
    Unit,
    Window,
    amount_in,
    applicable,
    decide,
    window_span,
)
from bot.domain.ids import RoleId, UserId
from tests.fakes import NOW

# Changes of 30, 60 and 120 minutes, at midnight and at noon of history; a day that never was.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Apia",
    "Pacific/Kiritimati",
)
MOMENTS = st.datetimes(datetime(1995, 1, 1), datetime(2045, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given beside


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "zone", "at", "start", "end"),
    [
        pytest.param("day", "UTC", "2026-05-06T23:59", "2026-05-06", "2026-05-07", id="day"),
        pytest.param(
            "day",
            "Europe/Berlin",
            "2026-03-29T12:00",
            "2026-03-28T23:00",
            "2026-03-29T22:00",
            id="23 hours",
        ),
        pytest.param(
            "day",
            "Europe/Berlin",
            "2026-10-25T12:00",
            "2026-10-24T22:00",
            "2026-10-25T23:00",
            id="25 hours",
        ),
        pytest.param(
            "day",
            "America/Santiago",
            "2026-09-06T12:00",
            "2026-09-06T04:00",
            "2026-09-07T03:00",
            id="midnight that never was",
        ),
        pytest.param(
            "day",
            "Atlantic/Azores",
            "2026-10-25T12:00",
            "2026-10-25T00:00",
            "2026-10-26T01:00",
            id="midnight twice",
        ),
        pytest.param(
            "week", "UTC", "2027-01-01T10:00", "2026-12-28", "2027-01-04", id="week over new year"
        ),
        pytest.param("week", "UTC", "2026-05-04T00:00", "2026-05-04", "2026-05-11", id="monday"),
        pytest.param("week", "UTC", "2026-05-10T23:00", "2026-05-04", "2026-05-11", id="sunday"),
        pytest.param("month", "UTC", "2028-02-29T10:00", "2028-02-01", "2028-03-01", id="leap"),
        pytest.param("month", "UTC", "2026-12-31T23:00", "2026-12-01", "2027-01-01", id="december"),
        pytest.param(
            "month",
            "Pacific/Kiritimati",
            "2026-01-31T10:00",
            "2026-01-31T10:00",
            "2026-02-28T10:00",
            id="already february there",
        ),
    ],
)
def test_window_is_the_calendars(window: str, zone: str, at: str, start: str, end: str) -> None:
    span = window_span(Window(window), _utc(at), ZoneInfo(zone))
    assert span == Span(start=_utc(start), end=_utc(end))


@given(at=MOMENTS, zone=st.sampled_from(ZONES), window=st.sampled_from(Window))
def test_windows_cover_time_without_gap_or_overlap(at: datetime, zone: str, window: Window) -> None:
    there = ZoneInfo(zone)
    span = window_span(window, at, there)
    assert span.start <= at < span.end
    assert window_span(window, span.start, there) == span
    assert window_span(window, span.end - timedelta(microseconds=1), there) == span
    assert window_span(window, span.end, there).start == span.end


@given(at=MOMENTS, zone=st.sampled_from(ZONES))
def test_smaller_windows_fill_larger_ones(at: datetime, zone: str) -> None:
    there = ZoneInfo(zone)
    week = window_span(Window.WEEK, at, there)
    moment, days = week.start, []
    while moment < week.end:
        days.append(window_span(Window.DAY, moment, there))
        moment = days[-1].end
    assert len(days) in {6, 7}
    assert (days[0].start, days[-1].end) == (week.start, week.end)
    assert all(one.end == two.start for one, two in pairwise(days))


# --- which rule binds ------------------------------------------------------------------------

ME, ROLE_A, ROLE_B = UserId(1), RoleId(10), RoleId(11)
MINE = frozenset({ROLE_A, ROLE_B})


def _rule(
    scope: str, limit: int, target_id: int | None = None, window: Window = Window.DAY
) -> Rule:
    return Rule(
        scope=Scope(scope), unit=Unit.VIDEOS, window=window, limit=limit, target_id=target_id
    )


DEFAULTS = (_rule("ceiling", 50), _rule("server", 50), _rule("member_default", 10))


@pytest.mark.parametrize(
    ("stored", "limit"),
    [
        pytest.param([], 10, id="default"),
        pytest.param([_rule("member_default", 3)], 3, id="each"),
        pytest.param([_rule("role", 4, 10)], 4, id="role beats default"),
        pytest.param([_rule("role", 4, 10), _rule("role", 7, 11)], 7, id="highest role"),
        pytest.param([_rule("role", 7, 10), _rule("role", 0, 11)], 0, id="role of 0 beats roles"),
        pytest.param([_rule("role", 0, 99)], 10, id="somebody else's role"),
        pytest.param([_rule("member", 2, 1), _rule("role", 9, 10)], 2, id="member beats role"),
        pytest.param([_rule("member", 2, 1), _rule("role", 0, 10)], 2, id="member beats role 0"),
        pytest.param([_rule("member", 0, 1), _rule("role", 9, 10)], 0, id="member of 0"),
        pytest.param([_rule("member", 0, 2)], 10, id="another member's"),
    ],
)
def test_one_rule_per_member_counts_in_a_slot(stored: list[Rule], limit: int) -> None:
    rules = applicable(stored, DEFAULTS, user_id=ME, role_ids=MINE)
    assert [rule.limit for rule in rules if rule.scope in PER_MEMBER] == [limit]
    assert {rule.scope for rule in rules} >= {Scope.CEILING, Scope.SERVER}


def test_rule_in_another_slot_does_not_replace_the_defaults() -> None:
    weekly = _rule("member_default", 2, window=Window.WEEK)
    rules = applicable([weekly], DEFAULTS, user_id=ME, role_ids=MINE)
    assert {(rule.scope, rule.window, rule.limit) for rule in rules} == {
        (Scope.CEILING, Window.DAY, 50),
        (Scope.SERVER, Window.DAY, 50),
        (Scope.MEMBER_DEFAULT, Window.DAY, 10),
        (Scope.MEMBER_DEFAULT, Window.WEEK, 2),
    }


def test_stored_server_rule_and_ceiling_replace_their_own_defaults_alone() -> None:
    stored = [_rule("server", 5), _rule("ceiling", 20)]
    rules = applicable(stored, DEFAULTS, user_id=ME, role_ids=MINE)
    assert {(rule.scope.value, rule.limit) for rule in rules} == {
        ("ceiling", 20),
        ("server", 5),
        ("member_default", 10),
    }


# --- who says no -----------------------------------------------------------------------------

COST = Amounts(videos=1, seconds=5, micros=1_000_000)
SPAN = window_span(Window.DAY, NOW, ZoneInfo("UTC"))


def _check(scope: str, limit: int, used: int, unit: Unit = Unit.VIDEOS) -> Check:
    amounts = Amounts(videos=used, seconds=used, micros=used)
    rule = Rule(scope=Scope(scope), unit=unit, window=Window.DAY, limit=limit)
    return Check(rule=rule, used=amounts, span=SPAN)


@pytest.mark.parametrize(
    ("unit", "limit", "used", "fits"),
    [
        (Unit.VIDEOS, 5, 4, True),
        (Unit.VIDEOS, 5, 5, False),
        (Unit.VIDEOS, 0, 0, False),
        (Unit.SECONDS, 10, 5, True),
        (Unit.SECONDS, 10, 6, False),
        (Unit.COST, 1_000_000, 0, True),
        (Unit.COST, 1_000_000, 1, False),
    ],
)
def test_rule_has_room_for_the_cost_or_not(
    unit: Unit, limit: int, used: int, *, fits: bool
) -> None:
    refusal = decide([_check("server", limit, used, unit)], COST)
    assert (refusal == ()) is fits
    if isinstance(refusal, Refusal):
        assert (refusal.limit, refusal.used, refusal.resets_at) == (limit, used, SPAN.end)


def test_all_rules_must_pass_and_the_most_personal_answers() -> None:
    full = [_check(scope, 1, 1) for scope in ("budget", "ceiling", "server", "member")]
    for expected in ("member", "server", "ceiling", "budget"):
        refusal = decide(full, COST)
        assert isinstance(refusal, Refusal)
        assert refusal.scope == expected
        full = [check for check in full if check.rule.scope is not refusal.scope]
    assert decide(full, COST) == ()


def _grant(number: int, left: int, unit: Unit = Unit.VIDEOS) -> Grant:
    return Grant(
        id=number,
        user_id=ME,
        unit=unit,
        amount=left + 1,
        drawn=1,
        granted_by=UserId(9),
        expires_at=NOW,
    )


def test_grant_is_drawn_only_where_a_per_member_rule_lacks_room() -> None:
    grants = [_grant(1, 5)]
    assert decide([_check("member", 5, 4)], COST, grants) == ()
    assert decide([_check("member", 5, 5)], COST, grants) == (
        Draw(grant_id=1, unit=Unit.VIDEOS, amount=1),
    )
    assert decide([_check("member", 5, 9)], COST, grants) == (
        Draw(grant_id=1, unit=Unit.VIDEOS, amount=1),
    ), "a rule that was lowered is not paid back by one job"


def test_grants_are_emptied_in_turn_and_only_for_what_is_lacking() -> None:
    grants = [_grant(1, 1, Unit.SECONDS), _grant(2, 9, Unit.SECONDS), _grant(3, 9)]
    checks = [_check("member_default", 10, 8, Unit.SECONDS), _check("role", 5, 5)]
    decided = decide(checks, COST, grants)
    assert not isinstance(decided, Refusal)
    assert sorted((draw.grant_id, draw.amount) for draw in decided) == [(1, 1), (2, 2), (3, 1)]


@pytest.mark.parametrize(
    ("scope", "limit"), [("server", 1), ("ceiling", 1), ("budget", 1), ("member", 0), ("role", 0)]
)
def test_grant_never_lifts_a_shared_rule_or_a_block(scope: str, limit: int) -> None:
    refusal = decide([_check(scope, limit, limit)], COST, [_grant(1, 100)])
    assert isinstance(refusal, Refusal)
    assert refusal.scope == scope


def test_grant_of_another_unit_or_too_small_does_not_help() -> None:
    check = _check("member", 10, 8, Unit.SECONDS)
    assert isinstance(decide([check], COST, [_grant(1, 9)]), Refusal)
    assert isinstance(decide([check], COST, [_grant(1, 2, Unit.SECONDS)]), Refusal)


def test_no_more_is_left_than_nothing() -> None:
    assert _check("server", 5, 7).left == 0
    assert _check("server", 5, 2).left == 3


@given(
    amounts=st.builds(Amounts, videos=st.integers(), seconds=st.integers(), micros=st.integers())
)
def test_amounts_add_up(amounts: Amounts) -> None:
    assert amounts - amounts == Amounts()
    assert amounts + amounts - amounts == amounts
    assert amount_in(Unit.COST, -amounts) == -amounts.micros
