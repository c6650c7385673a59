"""/moderate with doubles: who may, what the services are asked, what a moderator reads."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.domain.errors import InvalidOptionsError
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.ids import UserId
from bot.domain.jobs.states import JobState
from bot.domain.money import MICROS, Money
from bot.domain.people import Person
from bot.domain.problems import OptionProblem
from bot.services.guilds.moderation import Blocked
from bot.services.guilds.quota_rules import RuleCleared, RuleSet, RuleTarget
from cogs._amounts import read_amount
from tests.chat.examples import GUILD, REQUESTER, a_check, a_job
from tests.cogs.cases import MODERATE, Case
from tests.cogs.doubles import (
    ADMIN,
    MODERATOR,
    NOBODY,
    Backstage,
    a_member,
    a_requester,
    a_role,
    an_interaction,
    http_error,
    run,
)

BY_NAME = {case.name.removeprefix("moderate "): case for case in MODERATE}
SET, CLEAR, GRANT = BY_NAME["quota set"], BY_NAME["quota clear"], BY_NAME["quota grant"]
ME = Person(user_id=REQUESTER, name="tom")

every_command = pytest.mark.parametrize("case", MODERATE, ids=[case.name for case in MODERATE])


async def _as_moderator(case: Case, backstage: Backstage, **options: object) -> str:
    return await case.run(backstage, an_interaction(backstage, permissions=MODERATOR), **options)


# --- who may ----------------------------------------------------------------------------------


@every_command
async def test_a_member_is_refused_and_nothing_is_asked(backstage: Backstage, case: Case) -> None:
    said = await case.run(backstage, an_interaction(backstage, permissions=NOBODY))
    assert said == "You need the permission **Moderate Members** for that. Ask a moderator."
    assert backstage.untouched


@every_command
@pytest.mark.parametrize("permissions", [MODERATOR, ADMIN], ids=["moderator", "admin"])
async def test_a_moderator_or_admin_is_served(
    backstage: Backstage, case: Case, permissions: discord.Permissions
) -> None:
    said = await case.run(backstage, an_interaction(backstage, permissions=permissions))
    assert said
    assert "permission" not in said
    assert "went wrong" not in said
    assert not backstage.untouched
    assert backstage.refused == []


@every_command
async def test_elsewhere_than_in_a_server_a_permission_counts_for_nothing(
    backstage: Backstage, case: Case
) -> None:
    interaction = an_interaction(backstage, guild_id=None, permissions=MODERATOR)
    assert "in a server" in await case.run(backstage, interaction)
    assert backstage.untouched


@every_command
async def test_it_is_acknowledged_first_and_not_done_where_that_fails(
    backstage: Backstage, case: Case
) -> None:
    interaction = an_interaction(backstage, permissions=MODERATOR)
    interaction.response.defer.side_effect = http_error(404, 10_062)
    assert await case.run(backstage, interaction) == ""
    assert backstage.untouched


@every_command
async def test_an_unexpected_error_is_answered_with_a_reference(
    backstage: Backstage, case: Case
) -> None:
    command, cog = case.of(backstage)
    backstage.break_down(RuntimeError("a secret"))
    interaction = an_interaction(backstage, permissions=MODERATOR)
    said = await run(command, cog, interaction, **case.options())
    assert said.startswith("Something went wrong (ref ")
    assert "secret" not in said


# --- quota set --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "scope", "target_id"),
    [
        ({}, Scope.SERVER, None),
        ({"each": True}, Scope.MEMBER_DEFAULT, None),
        ({"target": a_role(GUILD)}, Scope.MEMBER_DEFAULT, None),
        ({"target": a_role(70)}, Scope.ROLE, 70),
        ({"target": a_member(43)}, Scope.MEMBER, 43),
    ],
    ids=["server", "each", "everyone", "role", "member"],
)
async def test_a_rule_is_for_whom_it_names(
    backstage: Backstage, options: dict[str, Any], scope: Scope, target_id: int | None
) -> None:
    await _as_moderator(SET, backstage, limit=30.0, per="week", unit="seconds", **options)
    rule = Rule(scope=scope, unit=Unit.SECONDS, window=Window.WEEK, limit=30, target_id=target_id)
    backstage.quota_rules.set.assert_awaited_once_with(GUILD, rule, ME, is_admin=False)
    await _as_moderator(CLEAR, backstage, per="day", **options)
    backstage.quota_rules.clear.assert_awaited_once_with(
        GUILD,
        RuleTarget(scope=scope, target_id=target_id),
        ME,
        window=Window.DAY,
        unit=None,
        roles=None,
    )


@pytest.mark.parametrize(
    ("unavailable", "known"), [(False, frozenset({GUILD, 70})), (True, None)], ids=["", "outage"]
)
async def test_rules_of_deleted_roles_are_told_apart_where_the_roles_are_known(
    backstage: Backstage, *, unavailable: bool, known: frozenset[int] | None
) -> None:
    interaction = an_interaction(backstage, permissions=MODERATOR)
    interaction.guild.unavailable = unavailable
    interaction.guild.roles = [a_role(GUILD), a_role(70)]
    rule = Rule(scope=Scope.ROLE, unit=Unit.VIDEOS, window=Window.DAY, limit=3, target_id=71)
    command, cog = CLEAR.of(backstage)
    backstage.quota_rules.clear.return_value = [RuleCleared(rule=rule, default=None)]
    said = await run(command, cog, interaction, **CLEAR.options())
    assert backstage.quota_rules.clear.await_args.kwargs["roles"] == known
    assert said.startswith("Each with <@&71>: " if known is None else "A deleted role: ")


@pytest.mark.parametrize("case", [SET, CLEAR], ids=lambda case: case.name)
async def test_each_with_a_target_is_refused(backstage: Backstage, case: Case) -> None:
    said = await _as_moderator(case, backstage, target=a_member(43), each=True)
    assert said == "Give either a target or each, not both."
    assert backstage.untouched


@pytest.mark.parametrize(
    ("unit", "limit", "said"),
    [
        ("videos", 2.5, "Videos are whole numbers; 2.5 is not."),
        ("seconds", 0.5, "Seconds are whole numbers; 0.5 is not."),
        ("videos", -1.0, "out of range. Give at least 0 videos and at most 1,000,000,000 videos."),
        ("cost", 0.004, "Give at least 0.01 CNY (or 0) and at most 1,000,000,000 CNY."),
        ("cost", float("nan"), "out of range"),
        ("videos", float("inf"), "out of range"),
        ("cost", 2e9, "out of range"),
    ],
)
async def test_an_amount_that_cannot_be_is_refused(
    backstage: Backstage, unit: str, limit: float, said: str
) -> None:
    assert said in await _as_moderator(SET, backstage, limit=limit, unit=unit)
    assert backstage.untouched


async def test_nothing_is_not_granted(backstage: Backstage) -> None:
    for unit, said in (("videos", "at least 1 video and"), ("cost", "at least 0.01 CNY and")):
        assert said in await _as_moderator(GRANT, backstage, amount=0.0, unit=unit)
    assert backstage.untouched


@pytest.mark.parametrize(
    ("typed", "per_cny", "micros"),
    [(0.29, 1.0, 290_000), (1.1, 0.14, 7_857_143), (0, 0.14, 0), (1e9, 1.0, 10**15)],
)
def test_money_is_typed_in_the_currency_that_is_shown(
    typed: float, per_cny: float, micros: int
) -> None:
    money = Money(currency="USD", per_cny=per_cny)
    assert read_amount(Unit.COST, typed, money) == micros


def test_money_that_no_column_holds_is_refused() -> None:
    with pytest.raises(InvalidOptionsError):
        read_amount(Unit.COST, 1e9, Money(per_cny=1e-9))


async def test_an_answer_says_what_counts_from_now_on(backstage: Backstage) -> None:
    command, cog = SET.of(backstage)

    async def answer(made: RuleSet) -> str:
        backstage.quota_rules.set.return_value = made
        interaction = an_interaction(backstage, permissions=MODERATOR)
        return await run(command, cog, interaction, limit=1.0, per="day")

    role = Rule(scope=Scope.ROLE, unit=Unit.COST, window=Window.MONTH, limit=MICROS, target_id=70)
    said = await answer(RuleSet(rule=role, ceiling=None))
    assert said.startswith(
        "Each with <@&70>: **1.00 CNY per month** from now on.\nOf several roles"
    )
    none = Rule(scope=Scope.SERVER, unit=Unit.VIDEOS, window=Window.DAY, limit=0)
    said = await answer(RuleSet(rule=none, ceiling=None))
    assert said.endswith("That blocks videos, whatever other rules allow.")
    many = Rule(scope=Scope.MEMBER, unit=Unit.VIDEOS, window=Window.DAY, limit=60, target_id=43)
    ceiling = Rule(scope=Scope.CEILING, unit=Unit.VIDEOS, window=Window.DAY, limit=50)
    said = await answer(RuleSet(rule=many, ceiling=ceiling))
    assert "The host's ceiling for the whole server, 50 videos per day, counts besides." in said


async def test_a_rule_above_the_ceiling_is_refused_with_the_ceiling(backstage: Backstage) -> None:
    command, cog = SET.of(backstage)
    ceiling: dict[str, int | str] = {"unit": Unit.VIDEOS, "window": Window.DAY, "limit": 50}
    backstage.break_down(InvalidOptionsError(problem=OptionProblem.ABOVE_CEILING, **ceiling))
    interaction = an_interaction(backstage, permissions=MODERATOR)
    said = await run(command, cog, interaction, limit=51.0, per="day")
    assert said == (
        "The host's ceiling for this server is 50 videos per day; moderators can only lower what "
        "the ceiling allows. Set no more than that, or ask the host."
    )


# --- quota clear, grant, list -----------------------------------------------------------------


async def test_a_clear_says_what_counts_again(backstage: Backstage) -> None:
    command, cog = CLEAR.of(backstage)
    gone, default = a_check(limit=3).rule, a_check(limit=10).rule
    mine = Rule(scope=Scope.MEMBER, unit=Unit.SECONDS, window=Window.WEEK, limit=9, target_id=43)
    for cleared, said in (
        ([RuleCleared(rule=gone, default=default)], "The default of **10 videos per day** counts"),
        ([RuleCleared(rule=mine, default=None)], "<@43>: 9 s of video per week is cleared. What"),
        ([], "No rule was set there, so the defaults count already."),
    ):
        backstage.quota_rules.clear.return_value = cleared
        interaction = an_interaction(backstage, permissions=MODERATOR)
        assert said in await run(command, cog, interaction)


async def test_a_grant_is_for_seven_days_where_nothing_is_said(backstage: Backstage) -> None:
    said = await _as_moderator(GRANT, backstage, amount=1.5, unit="cost")
    backstage.quota_rules.grant.assert_awaited_once_with(
        GUILD, 43, ME, unit=Unit.COST, amount=1_500_000, days=7
    )
    assert "may use **5 videos** once" in said


async def test_the_list_shows_rules_and_grants(backstage: Backstage) -> None:
    said = await _as_moderator(BY_NAME["quota list"], backstage)
    assert "Each member: **3 videos** · default" in said
    assert "<@42>: 3 of 5 videos left" in said


# --- block, words, cancel ---------------------------------------------------------------------


async def test_a_block_tells_what_became_of_the_members_jobs(backstage: Backstage) -> None:
    command, cog = BY_NAME["block add"].of(backstage)
    for done, said in (
        (Blocked(is_new=True, cancelled=2, requested=0), "2 waiting jobs cancelled; nothing was"),
        (Blocked(is_new=True, cancelled=0, requested=1), "At the provider: 1 job, cancelled where"),
        (Blocked(is_new=False, cancelled=0, requested=0), "<@43> is blocked already."),
    ):
        backstage.moderation.block.return_value = done
        interaction = an_interaction(backstage, permissions=MODERATOR)
        assert said in await run(command, cog, interaction, member=a_member(43))
    backstage.moderation.block.assert_awaited_with(GUILD, 43, ME)


async def test_a_block_that_was_none_is_not_lifted(backstage: Backstage) -> None:
    command, cog = BY_NAME["block remove"].of(backstage)
    backstage.moderation.unblock.return_value = False
    interaction = an_interaction(backstage, permissions=MODERATOR)
    assert await run(command, cog, interaction, member=a_member(43)) == "<@43> was not blocked."


async def test_words_are_hidden_behind_a_spoiler(backstage: Backstage) -> None:
    said = await _as_moderator(BY_NAME["words add"], backstage, word=" *mud* ")
    backstage.moderation.add_word.assert_awaited_once_with(GUILD, "*mud*", ME)
    assert said.startswith(r"Prompts with ||\*mud\*|| are refused from now on")
    assert "||mud||" in await _as_moderator(BY_NAME["words remove"], backstage)


async def test_words_that_are_there_already_or_not_at_all_are_said_to_be(
    backstage: Backstage,
) -> None:
    for name, double, result, said in (
        ("words add", backstage.moderation.add_word, False, "is blocked already"),
        ("words remove", backstage.moderation.remove_word, None, "was not blocked"),
    ):
        command, cog = BY_NAME[name].of(backstage)
        double.return_value = result
        interaction = an_interaction(backstage, permissions=MODERATOR)
        assert said in await run(command, cog, interaction, word="mud")


async def test_anybodys_job_is_cancelled_as_a_moderator(backstage: Backstage) -> None:
    said = await _as_moderator(BY_NAME["cancel"], backstage)
    assert said == "Job `7F3K2Q` is cancelled. Nothing was charged."
    job, requester = backstage.cancellations.cancel.call_args.args
    assert (job, requester) == (
        "7f3k2q",
        a_requester(may_moderate=True),
    )
    assert requester.name == "tom"


# --- suggestions ------------------------------------------------------------------------------


async def _suggested(
    name: str, option: str, backstage: Backstage, current: str, permissions: discord.Permissions
) -> list[str]:
    command, cog = BY_NAME[name].of(backstage)
    backstage.moderation.cancellable.return_value = [
        a_job(requester_id=UserId(43), requester_name="mia"),
        a_job(JobState.PENDING, id="AAAAAA", requester_name="tom"),
    ]
    backstage.moderation.words.return_value = ["Mud", "rain"]
    complete: Any = command._params[option].autocomplete
    interaction = an_interaction(backstage, permissions=permissions)
    return [choice.value for choice in await complete(cog, interaction, current)]


@pytest.mark.parametrize(
    ("name", "option", "current", "values"),
    [
        ("cancel", "job", "", ["7F3K2Q", "AAAAAA"]),
        ("cancel", "job", "aaa", ["AAAAAA"]),
        ("cancel", "job", "MIA", ["7F3K2Q"]),
        ("words remove", "word", "", ["Mud", "rain"]),
        ("words remove", "word", "MU", ["Mud"]),
    ],
)
async def test_a_moderator_is_suggested_what_fits(
    backstage: Backstage, name: str, option: str, current: str, values: list[str]
) -> None:
    assert await _suggested(name, option, backstage, current, MODERATOR) == values
    assert await _suggested(name, option, backstage, current, ADMIN) == values


@pytest.mark.parametrize(("name", "option"), [("cancel", "job"), ("words remove", "word")])
async def test_a_member_is_suggested_nothing(backstage: Backstage, name: str, option: str) -> None:
    assert await _suggested(name, option, backstage, "", NOBODY) == []
    assert backstage.untouched
