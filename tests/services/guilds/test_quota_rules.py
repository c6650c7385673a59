"""What moderators set, clear and grant, and what becomes of it at the next submission."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import InvalidOptionsError
from bot.domain.guilds.audit import (
    Action,
    Allowance,
    AuditEntry,
    Change,
    GrantChange,
    QuotaAction,
    QuotaChange,
)
from bot.domain.guilds.bounds import MAX_GRANTS_OF_MEMBER, MAX_RULES
from bot.domain.guilds.denials import QuotaExceededError
from bot.domain.guilds.quota import Refusal, Rule, Scope, Unit, Window
from bot.domain.ids import ChannelId, RoleId, UserId
from bot.domain.jobs.states import JobState, Owner
from bot.domain.money import MICROS
from bot.domain.people import Person, Requester
from bot.domain.problems import OptionProblem
from bot.services.guilds import quota_rules
from bot.services.guilds.quota_rules import RuleTarget
from bot.storage import audit, guilds
from tests.fakes import GUILD, MEMBER, NOW, a_submission
from tests.services.core import GENEROUS, Core

MODERATOR = Person(user_id=UserId(9), name="mo")
OWNER = Requester(user_id=MEMBER, guild_id=GUILD)
LOG = ChannelId(77)
DEFAULTS = (
    Rule(scope=Scope.CEILING, unit=Unit.VIDEOS, window=Window.DAY, limit=50),
    Rule(scope=Scope.SERVER, unit=Unit.VIDEOS, window=Window.DAY, limit=50),
    Rule(scope=Scope.MEMBER_DEFAULT, unit=Unit.VIDEOS, window=Window.DAY, limit=10),
)


def a_rule(
    scope: Scope,
    limit: int,
    unit: Unit = Unit.VIDEOS,
    window: Window = Window.DAY,
    *,
    target_id: int | None = None,
) -> Rule:
    return Rule(scope=scope, unit=unit, window=window, limit=limit, target_id=target_id)


@pytest.fixture
def core(core: Core) -> Core:
    """A process with the defaults of the settings."""
    return core.altered(defaults=replace(GENEROUS, rules=DEFAULTS))


async def _change(core: Core, **settings: object) -> None:
    async with core.database.write() as connection:
        await guilds.ensure(connection, GUILD)
        await guilds.change(connection, GUILD, **settings)


async def _trail(core: Core) -> list[AuditEntry]:
    async with core.database.read() as connection:
        return await audit.newest(
            connection, GUILD, since=NOW, until=NOW + timedelta(days=400), limit=50
        )


async def _written(core: Core) -> list[Change]:
    return [entry.change for entry in await _trail(core)]


def _change_of(
    rule: Rule,
    before: int | None,
    after: int | None,
    *,
    default: int | None = None,
    action: QuotaAction = Action.QUOTA_SET,
) -> QuotaChange:
    """Return the change of a rule from a limit to another; the default's is marked as such."""
    was, becomes = (
        None if limit is None else Allowance(limit=limit, is_default=limit == default)
        for limit in (before, after)
    )
    return QuotaChange.of(action, rule, before=was, after=becomes)


async def _refused(core: Core, **asked: object) -> Refusal:
    with pytest.raises(QuotaExceededError) as caught:
        await core.submit(a_submission(**asked))  # type: ignore[arg-type]
    return caught.value.refusal


# --- set --------------------------------------------------------------------------------------


async def test_a_rule_that_is_set_binds_the_next_submission(core: Core) -> None:
    await core.quota_rules.set(GUILD, a_rule(Scope.MEMBER_DEFAULT, 1), MODERATOR)
    await core.submit(a_submission())
    refusal = await _refused(core)
    assert (refusal.scope, refusal.used, refusal.limit) == (Scope.MEMBER_DEFAULT, 1, 1)


async def test_a_change_is_written_down_with_before_and_after_and_told(core: Core) -> None:
    await _change(core, log_channel_id=LOG)
    for limit in (3, 0):
        await core.quota_rules.set(GUILD, a_rule(Scope.MEMBER_DEFAULT, limit), MODERATOR)
    cost = a_rule(Scope.ROLE, 5 * MICROS, Unit.COST, Window.MONTH, target_id=70)
    await core.quota_rules.set(GUILD, cost, MODERATOR)
    members = a_rule(Scope.MEMBER_DEFAULT, 0)
    assert await _written(core) == [
        _change_of(cost, None, 5 * MICROS),
        _change_of(members, 3, 0),
        _change_of(members, 10, 3, default=10),
    ]
    told = [entry for channel_id, entry in await core.logged() if channel_id == LOG]
    assert told == list(reversed(await _trail(core)))
    assert {entry.actor for entry in told} == {MODERATOR}


async def test_a_server_rule_above_the_ceiling_is_refused_and_nothing_changes(core: Core) -> None:
    with pytest.raises(InvalidOptionsError) as caught:
        await core.quota_rules.set(GUILD, a_rule(Scope.SERVER, 51), MODERATOR)
    assert caught.value.problem == "above_ceiling"
    assert caught.value.facts == {"unit": Unit.VIDEOS, "window": Window.DAY, "limit": 50}
    assert await _trail(core) == []
    async with core.database.read() as connection:
        assert await guilds.rules_of(connection, GUILD) == []
    assert (await core.quota_rules.set(GUILD, a_rule(Scope.SERVER, 50), MODERATOR)).ceiling is None


async def test_an_operators_ceiling_replaces_the_default_one(core: Core) -> None:
    async with core.database.write() as connection:
        await guilds.set_rule(connection, GUILD, a_rule(Scope.CEILING, 80))
        weekly = a_rule(Scope.CEILING, 9, Unit.SECONDS, Window.WEEK)
        await guilds.set_rule(connection, GUILD, weekly)
    await core.quota_rules.set(GUILD, a_rule(Scope.SERVER, 80), MODERATOR)
    for above in (a_rule(Scope.SERVER, 81), a_rule(Scope.SERVER, 10, Unit.SECONDS, Window.WEEK)):
        with pytest.raises(InvalidOptionsError):
            await core.quota_rules.set(GUILD, above, MODERATOR)


async def test_a_members_rule_above_the_ceiling_is_set_and_held_down(core: Core) -> None:
    made = await core.quota_rules.set(GUILD, a_rule(Scope.MEMBER, 60, target_id=MEMBER), MODERATOR)
    assert made.ceiling == DEFAULTS[0]


# --- clear ------------------------------------------------------------------------------------


async def test_clearing_returns_to_the_default_and_never_to_unlimited(core: Core) -> None:
    rules = (*DEFAULTS[:2], a_rule(Scope.MEMBER_DEFAULT, 1))
    core = core.altered(defaults=replace(GENEROUS, rules=rules))
    members = RuleTarget(scope=Scope.MEMBER_DEFAULT)
    await core.quota_rules.set(GUILD, a_rule(Scope.MEMBER_DEFAULT, 2), MODERATOR)
    (cleared,) = await core.quota_rules.clear(GUILD, members, MODERATOR)
    assert (cleared.rule.limit, cleared.default) == (2, a_rule(Scope.MEMBER_DEFAULT, 1))
    await core.submit(a_submission())
    assert (await _refused(core)).limit == 1
    assert (await _written(core))[0] == _change_of(
        cleared.rule, 2, 1, default=1, action=Action.QUOTA_CLEARED
    )
    assert await core.quota_rules.clear(GUILD, members, MODERATOR) == []


async def test_a_clear_takes_what_it_names_and_leaves_the_rest(core: Core) -> None:
    kept = [
        a_rule(Scope.SERVER, 5),
        a_rule(Scope.MEMBER, 5, target_id=8),
        a_rule(Scope.ROLE, 5, target_id=MEMBER),
        a_rule(Scope.MEMBER, 5, target_id=MEMBER),
        a_rule(Scope.MEMBER, 5, Unit.SECONDS, Window.WEEK, target_id=MEMBER),
    ]
    gone = a_rule(Scope.MEMBER, 5, Unit.SECONDS, Window.DAY, target_id=MEMBER)
    for rule in (*kept, gone):
        await core.quota_rules.set(GUILD, rule, MODERATOR)
    whose = RuleTarget(scope=Scope.MEMBER, target_id=MEMBER)
    cleared = await core.quota_rules.clear(
        GUILD, whose, MODERATOR, window=Window.DAY, unit=Unit.SECONDS
    )
    assert [one.rule for one in cleared] == [gone]
    async with core.database.read() as connection:
        assert await guilds.rules_of(connection, GUILD) == kept
    assert len(await core.quota_rules.clear(GUILD, whose, MODERATOR)) == 2


async def test_a_rule_in_another_slot_leaves_the_defaults_in_force(core: Core) -> None:
    weekly = a_rule(Scope.MEMBER_DEFAULT, 100, window=Window.WEEK)
    await core.quota_rules.set(GUILD, weekly, MODERATOR)
    shown = await core.quotas.show(GUILD, MEMBER, frozenset())
    limits = {(check.rule.scope, check.rule.window): check.rule.limit for check in shown.checks}
    assert limits[Scope.MEMBER_DEFAULT, Window.DAY] == 10
    assert limits[Scope.MEMBER_DEFAULT, Window.WEEK] == 100


async def test_rules_of_deleted_roles_go_with_any_clear_and_only_where_the_roles_are_known(
    core: Core,
) -> None:
    there = a_rule(Scope.ROLE, 5, target_id=70)
    deleted = a_rule(Scope.ROLE, 5, target_id=71)
    member = a_rule(Scope.MEMBER, 5, target_id=72)
    for rule in (there, deleted, member):
        await core.quota_rules.set(GUILD, rule, MODERATOR)
    server = RuleTarget(scope=Scope.SERVER)
    assert await core.quota_rules.clear(GUILD, server, MODERATOR) == []
    cleared = await core.quota_rules.clear(GUILD, server, MODERATOR, roles=frozenset({70}))
    assert [one.rule for one in cleared] == [deleted]
    assert (await _written(core))[0] == _change_of(deleted, 5, None, action=Action.QUOTA_CLEARED)
    async with core.database.read() as connection:
        assert await guilds.rules_of(connection, GUILD) == [there, member]


async def test_there_is_a_most_of_rules_and_those_there_are_can_still_be_changed(
    core: Core,
) -> None:
    async with core.database.write() as connection:
        await guilds.set_rule(connection, GUILD, a_rule(Scope.CEILING, 80))
        for member in range(MAX_RULES):
            await guilds.set_rule(connection, GUILD, a_rule(Scope.MEMBER, 5, target_id=member + 1))
    one_more = a_rule(Scope.SERVER, 1)
    with pytest.raises(InvalidOptionsError) as caught:
        await core.quota_rules.set(GUILD, one_more, MODERATOR)
    assert (caught.value.problem, caught.value.facts) == ("too_many_rules", {"limit": MAX_RULES})
    await core.quota_rules.set(GUILD, a_rule(Scope.MEMBER, 6, target_id=1), MODERATOR)
    await core.quota_rules.clear(GUILD, RuleTarget(scope=Scope.MEMBER, target_id=2), MODERATOR)
    await core.quota_rules.set(GUILD, one_more, MODERATOR)


# --- grants -----------------------------------------------------------------------------------


async def _grant(core: Core, amount: int, unit: Unit = Unit.VIDEOS, days: int = 7) -> None:
    await core.quota_rules.grant(GUILD, MEMBER, MODERATOR, unit=unit, amount=amount, days=days)


async def _left(core: Core) -> list[int]:
    return [grant.left for grant in (await core.quotas.show(GUILD, MEMBER, frozenset())).grants]


async def test_a_grant_is_drained_after_the_rule_and_given_back_by_a_cancel(core: Core) -> None:
    await core.quota_rules.set(GUILD, a_rule(Scope.MEMBER_DEFAULT, 1), MODERATOR)
    await _grant(core, 2)
    await core.submit(a_submission())
    assert await _left(core) == [2], "the rule pays first"
    second = await core.submit(a_submission())
    assert await _left(core) == [1]
    await core.submit(a_submission())
    assert await _left(core) == []
    assert (await _refused(core)).scope is Scope.MEMBER_DEFAULT
    await core.cancellations.cancel(second.id, OWNER)
    assert await _left(core) == [1]
    await core.submit(a_submission())
    await _refused(core)


async def test_a_grant_ends_after_its_days(core: Core) -> None:
    await core.quota_rules.set(
        GUILD, a_rule(Scope.MEMBER_DEFAULT, 0, window=Window.MONTH), MODERATOR
    )
    await _grant(core, 5, days=1)
    assert (await _refused(core)).limit == 0, "a 0 is not lifted"
    await core.quota_rules.set(
        GUILD, a_rule(Scope.MEMBER_DEFAULT, 1, window=Window.MONTH), MODERATOR
    )
    for _ in range(2):
        await core.submit(a_submission())
    core.clock.advance(days=1)
    assert await _left(core) == []
    await _refused(core)


@pytest.mark.parametrize("scope", [Scope.SERVER, Scope.CEILING])
async def test_a_grant_lifts_nothing_that_is_shared(core: Core, scope: Scope) -> None:
    await _grant(core, 5)
    async with core.database.write() as connection:
        await guilds.set_rule(connection, GUILD, a_rule(scope, 1))
    await core.submit(a_submission())
    assert (await _refused(core)).scope is scope
    assert await _left(core) == [5]


async def test_nobody_grants_to_themselves(core: Core) -> None:
    myself = Person(user_id=MEMBER, name="me")
    with pytest.raises(InvalidOptionsError) as caught:
        await core.quota_rules.grant(GUILD, MEMBER, myself, unit=Unit.VIDEOS, amount=1, days=7)
    assert caught.value.problem == "grant_to_self"
    assert await _left(core) == []


async def test_a_member_has_so_many_grants_to_use_up_at_most(core: Core) -> None:
    await core.quota_rules.set(GUILD, a_rule(Scope.MEMBER_DEFAULT, 1), MODERATOR)
    for _ in range(MAX_GRANTS_OF_MEMBER):
        await _grant(core, 1)
    with pytest.raises(InvalidOptionsError) as caught:
        await _grant(core, 1)
    limit = {"limit": MAX_GRANTS_OF_MEMBER}
    assert (caught.value.problem, caught.value.facts) == ("too_many_grants", limit)
    for _ in range(2):
        await core.submit(a_submission())
    await _grant(core, 1)


async def test_a_grant_is_written_down(core: Core) -> None:
    await _grant(core, 3 * MICROS, Unit.COST, days=1)
    assert await _written(core) == [
        GrantChange(user_id=MEMBER, unit=Unit.COST, amount=3 * MICROS, days=1)
    ]


async def test_a_failed_video_is_paid_by_nobody(core: Core) -> None:
    await core.quota_rules.set(GUILD, a_rule(Scope.MEMBER_DEFAULT, 1, Unit.SECONDS), MODERATOR)
    await _grant(core, 9, Unit.SECONDS)
    job = await core.submit(a_submission())
    assert await _left(core) == [5], "the rule has room for one second of five"
    for state, owner in (
        (JobState.SUBMITTING, Owner.DISPATCHER),
        (JobState.PENDING, Owner.DISPATCHER),
        (JobState.FAILED, Owner.POLLER),
    ):
        job = await core.writer.advance(job, state, owner=owner)
    assert await _left(core) == [9]
    shown = await core.quotas.show(GUILD, MEMBER, frozenset())
    assert {check.used_units for check in shown.checks} == {0}


# --- windows ----------------------------------------------------------------------------------


def _at(core: Core, text: str) -> None:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    core.clock.advance(seconds=(moment - core.clock.now()).total_seconds())


@pytest.mark.parametrize(
    ("window", "first", "still", "over"),
    [
        pytest.param(
            *(Window.DAY, "2027-03-27T23:00", "2027-03-28T21:59:59", "2027-03-28T22:00"),
            id="day of 23 hours",
        ),
        pytest.param(
            *(Window.DAY, "2026-10-24T22:00", "2026-10-25T22:59:59", "2026-10-25T23:00"),
            id="day of 25 hours",
        ),
        pytest.param(
            *(Window.WEEK, "2026-10-18T22:00", "2026-10-25T22:59:59", "2026-10-25T23:00"),
            id="week that ends an hour late",
        ),
        pytest.param(
            *(Window.MONTH, "2026-09-30T22:00", "2026-10-31T22:59:59", "2026-10-31T23:00"),
            id="month that ends an hour late",
        ),
    ],
)
async def test_a_window_resets_at_midnight_in_the_servers_time_zone(
    core: Core, window: Window, first: str, still: str, over: str
) -> None:
    await _change(core, time_zone="Europe/Berlin")
    await core.quota_rules.set(
        GUILD, a_rule(Scope.MEMBER, 1, window=window, target_id=MEMBER), MODERATOR
    )
    _at(core, first)
    await core.submit(a_submission())
    _at(core, still)
    refusal = await _refused(core)
    assert refusal.resets_at == datetime.fromisoformat(over).replace(tzinfo=UTC)
    _at(core, over)
    await core.submit(a_submission())


async def test_a_job_that_ends_tomorrow_counts_today(core: Core) -> None:
    await core.quota_rules.set(GUILD, a_rule(Scope.MEMBER_DEFAULT, 1), MODERATOR)
    job = await core.submit(a_submission())
    _at(core, "2026-05-07T10:00")
    await core.submit(a_submission())
    await core.cancellations.cancel(job.id, OWNER)
    assert (await _refused(core)).used == 1


# --- the list ---------------------------------------------------------------------------------


async def test_the_list_is_by_slot_with_the_most_personal_last(core: Core) -> None:
    for rule in (
        a_rule(Scope.MEMBER, 1, target_id=MEMBER),
        a_rule(Scope.ROLE, 2, target_id=70),
        a_rule(Scope.MEMBER_DEFAULT, 5 * MICROS, Unit.COST, Window.MONTH),
        a_rule(Scope.SERVER, 20),
    ):
        await core.quota_rules.set(GUILD, rule, MODERATOR)
    await _grant(core, 2)
    await core.submit(a_submission())
    shown = await core.quotas.overview(GUILD)
    listed = [(line.rule.scope.value, line.rule.limit) for line in shown.standings]
    assert listed == [
        ("ceiling", 50),
        ("server", 20),
        ("member_default", 10),
        ("role", 2),
        ("member", 1),
        ("member_default", 5 * MICROS),
    ]
    assert [line.is_default for line in shown.standings] == [True, False, True, *[False] * 3]
    used = [line.check and line.check.used_units for line in shown.standings]
    assert used == [1, 1, None, None, None, None]
    assert [grant.left for grant in shown.grants] == [2]


async def test_a_role_of_zero_beats_other_roles_at_the_next_submission(core: Core) -> None:
    await core.quota_rules.set(GUILD, a_rule(Scope.ROLE, 9, target_id=70), MODERATOR)
    await core.quota_rules.set(GUILD, a_rule(Scope.ROLE, 0, target_id=71), MODERATOR)
    both = frozenset({RoleId(70), RoleId(71)})
    assert (await _refused(core, role_ids=both)).limit == 0
    await core.submit(a_submission(role_ids=frozenset({RoleId(70)})))


async def test_nobody_but_an_admin_sets_a_rule_for_themselves(core: Core) -> None:
    mine = Rule(
        scope=Scope.MEMBER,
        unit=Unit.VIDEOS,
        window=Window.DAY,
        limit=1_000,
        target_id=MODERATOR.user_id,
    )
    with pytest.raises(InvalidOptionsError) as refused:
        await core.quota_rules.set(GUILD, mine, MODERATOR)
    assert refused.value.problem is OptionProblem.RULE_FOR_SELF
    assert (await core.quota_rules.set(GUILD, mine, MODERATOR, is_admin=True)).rule == mine
    somebodys = replace(mine, target_id=MEMBER)
    assert (await core.quota_rules.set(GUILD, somebodys, MODERATOR)).rule == somebodys


@pytest.mark.parametrize("days", [-5, 0, 91, 36_500, 10**9])
async def test_days_are_checked_where_they_are_stored(core: Core, days: int) -> None:
    with pytest.raises(InvalidOptionsError) as refused:
        await core.quota_rules.grant(
            GUILD, MEMBER, MODERATOR, unit=Unit.VIDEOS, amount=1, days=days
        )
    assert refused.value.problem is OptionProblem.DAYS_RANGE


async def test_a_guild_has_so_many_grants_at_most_until_they_end(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota_rules, "MAX_GRANTS", 3)

    async def grant(member: int) -> None:
        await core.quota_rules.grant(
            GUILD, UserId(member), MODERATOR, unit=Unit.VIDEOS, amount=1, days=1
        )

    for member in range(1, 4):
        await grant(member)
    with pytest.raises(InvalidOptionsError) as caught:
        await grant(4)
    assert (caught.value.problem, caught.value.facts) == ("too_many_grants_here", {"limit": 3})
    core.clock.advance(days=1)
    await grant(4)
