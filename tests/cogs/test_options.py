"""Options that are one of a few values: what is offered, and what is taken when it arrives."""

from __future__ import annotations

import pytest
from discord import app_commands

from bot.chat import text
from bot.domain.guilds.periods import Period
from bot.domain.jobs.states import ACTIVE, JobState, StateFilter
from cogs._options import OneOf
from tests.cogs.cases import SETTINGS, USAGE, Case
from tests.cogs.doubles import ADMIN, Backstage, an_interaction

BY_NAME = {case.name: case for case in (*USAGE, *SETTINGS)}


def test_each_value_is_offered_by_its_name() -> None:
    offered = OneOf(text.choices.PERIODS).choices
    assert [(choice.name, choice.value) for choice in offered][:3] == [
        ("today", "today"),
        ("7 days", "7 days"),
        ("30 days", "30 days"),
    ]


async def test_a_value_arrives_as_what_it_means(backstage: Backstage) -> None:
    interaction = an_interaction(backstage)
    taken = await OneOf(text.choices.PERIODS).transform(interaction, "this month")
    assert taken is Period.THIS_MONTH


@pytest.mark.parametrize("typed", ["", "forever", "This month"])
async def test_a_value_that_was_never_offered_is_refused(backstage: Backstage, typed: str) -> None:
    with pytest.raises(app_commands.TransformerError):
        await OneOf(text.choices.PERIODS).transform(an_interaction(backstage), typed)


@pytest.mark.parametrize(
    ("case", "options"),
    [
        (BY_NAME["usage summary"], {"period": "forever"}),
        (BY_NAME["usage export"], {"file_format": "exe"}),
        (BY_NAME["settings preview"], {"value": "maybe"}),
        (BY_NAME["settings defaults"], {"kind": "kitten"}),
    ],
    ids=lambda value: value.name if isinstance(value, Case) else "",
)
async def test_a_command_with_such_a_value_does_nothing_and_says_so(
    backstage: Backstage, case: Case, options: dict[str, str]
) -> None:
    said = await case.run(backstage, an_interaction(backstage, permissions=ADMIN), **options)
    assert said == text.refusals.UNUSABLE_OPTION
    assert backstage.untouched


def test_every_state_is_in_one_filter() -> None:
    narrow = [name for name in StateFilter if name is not StateFilter.ALL]
    found = [state for name in narrow for state in name.states]
    assert sorted(found) == sorted(JobState)
    assert StateFilter.ACTIVE.states == ACTIVE
    assert StateFilter.ALL.states == frozenset()
