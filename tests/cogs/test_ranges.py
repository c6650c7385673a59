"""Numbers and ids that no client of Discord's sends: a sentence, and never something wrong."""

from __future__ import annotations

from types import SimpleNamespace

import discord
import pytest

from bot.domain.catalogue import Catalogue, Choices, Kind, Region
from bot.domain.errors import InvalidOptionsError
from bot.domain.guilds.quota import Unit
from bot.domain.ids import MAX_SNOWFLAKE
from bot.domain.jobs.states import StateFilter
from bot.domain.money import Money
from bot.domain.requests.submission import MAX_SEED, VideoOptions, validate
from cogs._amounts import read_amount
from cogs._pages import LogButton
from tests.cogs import cases
from tests.cogs.cases import MODERATE, USAGE, Case
from tests.cogs.doubles import ADMIN, Backstage, an_interaction, answered

TOO_LARGE = 99_999_999_999_999_999_999
SENTENCE = "One of these numbers can be none of Discord's."
EACH = pytest.mark.parametrize("case", [*MODERATE, *USAGE], ids=lambda case: case.name)


@EACH
@pytest.mark.parametrize("value", [TOO_LARGE, SimpleNamespace(id=TOO_LARGE)], ids=["number", "id"])
async def test_no_command_takes_a_number_that_nothing_can_store(
    case: Case, backstage: Backstage, value: object
) -> None:
    interaction = an_interaction(backstage, permissions=ADMIN)
    interaction.namespace = [("option", value)]
    assert (await case.run(backstage, interaction)).startswith(SENTENCE)
    for service in (backstage.moderation, backstage.quota_rules, backstage.usage_reports):
        assert not service.mock_calls


async def test_the_largest_snowflake_is_one(backstage: Backstage) -> None:
    interaction = an_interaction(backstage, permissions=ADMIN)
    interaction.namespace = [("member", SimpleNamespace(id=MAX_SNOWFLAKE))]
    assert SENTENCE not in await MODERATE[0].run(backstage, interaction)


@pytest.mark.parametrize("member", [TOO_LARGE, MAX_SNOWFLAKE + 1])
async def test_no_page_is_turned_to_a_member_there_cannot_be(
    backstage: Backstage, member: int
) -> None:
    custom_id = f"usage:log:0:99999999999:{StateFilter.ALL}:{member}:o1:7F3K2Q"
    match = LogButton.__discord_ui_compiled_template__.fullmatch(custom_id)
    assert match is not None
    item = discord.ui.Button[discord.ui.View](custom_id=custom_id, label="Older")
    interaction = an_interaction(backstage, permissions=ADMIN)
    button = await LogButton.from_custom_id(interaction, item, match)
    await button.callback(interaction)
    assert answered(interaction).startswith(SENTENCE)
    assert not backstage.usage_reports.mock_calls


RANGED = {
    "amount": "read_amount",
    "limit": "read_amount",
    "days": "QuotaRules.grant",
    "duration": "validate",
    "seed": "validate",
}
"""Options that are numbers, and what refuses those out of range whatever Discord lets through."""


def test_every_option_that_is_a_number_is_looked_at_again(backstage: Backstage) -> None:
    numbers = {discord.AppCommandOptionType.integer, discord.AppCommandOptionType.number}
    found = {
        option.name
        for case in [*cases.CASES, *MODERATE, *USAGE, *cases.SETTINGS, *cases.OPERATORS]
        for option in case.of(backstage)[0].parameters
        if option.type in numbers
    }
    assert found == set(RANGED)


@pytest.mark.parametrize("typed", [-1, -0.5, 1e10, 1e300, float("nan"), float("inf")])
@pytest.mark.parametrize("unit", Unit)
def test_no_amount_is_out_of_range(unit: Unit, typed: float) -> None:
    with pytest.raises(InvalidOptionsError):
        read_amount(unit, typed, Money(currency="CNY", per_cny=1))


@pytest.mark.parametrize(
    ("seed", "seconds"), [(-1, None), (MAX_SEED + 1, None), (None, 0), (None, -5), (None, 10**9)]
)
def test_no_seed_or_length_is_out_of_range(seed: int | None, seconds: int | None) -> None:
    asked = VideoOptions(prompt="fog", seed=seed)
    with pytest.raises(InvalidOptionsError):
        validate(
            Catalogue.of_region(Region.BEIJING), Kind.TEXT, asked, Choices(duration_seconds=seconds)
        )
