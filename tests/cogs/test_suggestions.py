"""What options suggest while somebody types: narrowed, and within Discord's limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from discord import app_commands

from bot.client import TweenBot
from bot.domain.catalogue import Catalogue, Kind, Override, Region
from bot.domain.money import Money
from tests.chat.examples import GUILD, a_job
from tests.cogs.cases import SUGGESTED_FOR_JOBS, SUGGESTED_FOR_SETTINGS, SUGGESTED_FOR_VIDEO
from tests.cogs.conftest import LogLines
from tests.cogs.doubles import ADMIN, MODERATOR, Backstage, a_requester, an_interaction

STRING, INTEGER = 3, 4

WAN_3_0 = ("wan3.0-video · from 0.30 CNY/s", "wan3.0-video-prime · from 0.45 CNY/s")
PLUS, TURBO = "wanx2.1-i2v-plus", "wanx2.1-i2v-turbo"


@pytest.fixture
def extensions(request: pytest.FixtureRequest) -> Sequence[str]:
    """The cog of the command that a test is about; /video where it names none."""
    case = getattr(request.node, "callspec", None)
    command = str(case.params.get("command", "video")) if case else "video"
    return (f"cogs.{command.partition(' ')[0]}",)


async def suggested(
    bot: TweenBot,
    interaction: Any,  # noqa: ANN401 - a double
    command: str,
    option: str,
    **typed: str | int,
) -> list[app_commands.Choice[str]]:
    """Type into an option, through discord.py's own machinery."""
    (found,) = [
        known
        for known in bot.tree.walk_commands()
        if isinstance(known, app_commands.Command) and known.qualified_name == command
    ]
    options: Any = [
        {"name": name, "type": INTEGER if isinstance(value, int) else STRING, "value": value}
        for name, value in {option: "", **typed}.items()
    ]
    interaction.command = found
    interaction.namespace = app_commands.Namespace(interaction, {}, options)
    await found._invoke_autocomplete(interaction, option, interaction.namespace)
    (choices,) = interaction.response.autocomplete.call_args.args
    return list(choices)


async def values(
    bot: TweenBot, backstage: Backstage, command: str, option: str, **typed: str | int
) -> list[str]:
    """Return the values that are suggested."""
    choices = await suggested(bot, an_interaction(backstage), command, option, **typed)
    return [choice.value for choice in choices]


async def names(
    bot: TweenBot, backstage: Backstage, command: str, option: str, **typed: str | int
) -> list[str]:
    """Return what people read of the suggestions."""
    choices = await suggested(bot, an_interaction(backstage), command, option, **typed)
    return [choice.name for choice in choices]


# --- models ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "typed", "read"),
    [
        (
            "video frames",
            {},
            [
                "wan2.2-kf2v-flash · from 0.10 CNY/s",
                "wanx2.1-kf2v-plus · from 0.70 CNY/s",
                "wan2.7-i2v · from 0.60 CNY/s",
                "wan2.7-i2v-2026-04-25 · from 0.60 CNY/s",
                *WAN_3_0,
            ],
        ),
        ("video frames", {"model": "PLUS"}, ["wanx2.1-kf2v-plus · from 0.70 CNY/s"]),
        (
            "video image",
            {},
            [
                "wan2.2-i2v-flash · from 0.10 CNY/s",
                "wan2.2-i2v-plus · from 0.14 CNY/s",
                f"{TURBO} · from 0.24 CNY/s",
                f"{PLUS} · from 0.70 CNY/s",
                "wan2.5-i2v-preview · from 0.30 CNY/s",
                # Without sound.
                "wan2.6-i2v-flash · from 0.15 CNY/s",
                "wan2.6-i2v · from 0.60 CNY/s",
                "wan2.7-i2v · from 0.60 CNY/s",
                "wan2.7-i2v-2026-04-25 · from 0.60 CNY/s",
                *WAN_3_0,
            ],
        ),
        ("video image", {"model": "2.1 0.24"}, [f"{TURBO} · from 0.24 CNY/s"]),
        (
            "video text",
            {},
            [
                "wan2.2-t2v-plus · from 0.14 CNY/s",
                "wanx2.1-t2v-turbo · from 0.24 CNY/s",
                "wanx2.1-t2v-plus · from 0.70 CNY/s",
                "wan2.5-t2v-preview · from 0.30 CNY/s",
                "wan2.6-t2v · from 0.60 CNY/s",
                "wan2.7-t2v · from 0.60 CNY/s",
                "wan2.7-t2v-2026-04-25 · from 0.60 CNY/s",
                "wan2.7-t2v-2026-06-12 · from 0.60 CNY/s",
                *WAN_3_0,
            ],
        ),
        (
            "video effect",
            {},
            [
                "wanx2.1-kf2v-plus · from 0.70 CNY/s",
                f"{TURBO} · from 0.24 CNY/s",
                f"{PLUS} · from 0.70 CNY/s",
            ],
        ),
        ("video effect", {"effect": "melt"}, [f"{PLUS} · from 0.70 CNY/s"]),
        ("video effect", {"effect": "hanfu-1"}, ["wanx2.1-kf2v-plus · from 0.70 CNY/s"]),
        (
            "video effect",
            {"effect": "Kiss"},
            [f"{TURBO} · from 0.24 CNY/s", f"{PLUS} · from 0.70 CNY/s"],
        ),
        ("video effect", {"effect": "melt", "model": "turbo"}, []),
    ],
)
async def test_models_are_those_of_the_kind_that_know_the_effect(
    bot: TweenBot, backstage: Backstage, command: str, typed: dict[str, str], read: list[str]
) -> None:
    assert await names(bot, backstage, command, "model", **typed) == read
    assert backstage.untouched, "only what the guild allows is read"
    backstage.admission.catalogue.assert_awaited_once_with(GUILD)


async def test_a_model_is_suggested_by_its_name(bot: TweenBot, backstage: Backstage) -> None:
    assert await values(bot, backstage, "video image", "model", model="turbo") == [TURBO]


# --- resolutions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "typed", "read"),
    [
        ("video frames", {}, ["480P · 0.50 CNY", "720P · 1.00 CNY", "1080P · 2.40 CNY"]),
        ("video frames", {"model": "wanx2.1-kf2v-plus"}, ["720P · 3.50 CNY"]),
        ("video frames", {"resolution": "80p"}, ["480P · 0.50 CNY", "1080P · 2.40 CNY"]),
        ("video image", {"model": "wan2.2-i2v-plus"}, ["480P · 0.70 CNY", "1080P · 3.50 CNY"]),
        ("video image", {"model": f" {TURBO} "}, ["480P · 1.20 CNY", "720P · 1.20 CNY"]),
        (
            "video image",
            {"model": TURBO, "duration": 3},
            ["480P · 0.72 CNY", "720P · 0.72 CNY"],
        ),
        # A length the model does not make has no price: that of its own is shown.
        ("video image", {"model": PLUS, "duration": 3}, ["720P · 3.50 CNY"]),
        ("video effect", {}, ["480P · 1.20 CNY", "720P · 1.20 CNY"]),
        ("video effect", {"effect": "hug"}, ["480P · 1.20 CNY", "720P · 1.20 CNY"]),
        ("video effect", {"effect": "hug", "model": PLUS}, ["720P · 3.50 CNY"]),
        ("video effect", {"effect": "mech1"}, ["720P · 3.50 CNY"]),
    ],
)
async def test_resolutions_are_those_of_the_model_with_the_price_of_a_video(
    bot: TweenBot,
    backstage: Backstage,
    command: str,
    typed: dict[str, str | int],
    read: list[str],
) -> None:
    assert await names(bot, backstage, command, "resolution", **typed) == read
    assert backstage.untouched


@pytest.mark.parametrize(
    ("command", "option", "typed"),
    [
        ("video frames", "resolution", {"model": "no such model"}),
        ("video frames", "resolution", {"model": PLUS}),
        ("video image", "resolution", {"model": "wan2.2-t2v-plus"}),
        ("video text", "size", {"model": "wan2.2-i2v-flash"}),
        ("video text", "size", {"model": "turbo"}),
        ("video effect", "resolution", {"model": "wan2.2-i2v-flash"}),
        ("video effect", "resolution", {"model": TURBO, "effect": "melt"}),
        ("video effect", "effect", {"model": "wan2.2-i2v-flash"}),
    ],
)
async def test_a_model_that_cannot_make_it_has_nothing_to_suggest(
    bot: TweenBot, backstage: Backstage, command: str, option: str, typed: dict[str, str]
) -> None:
    assert await values(bot, backstage, command, option, **typed) == []


# --- sizes -----------------------------------------------------------------------------------


async def test_sizes_are_those_of_the_model_with_tier_and_price(
    bot: TweenBot, backstage: Backstage
) -> None:
    assert await names(bot, backstage, "video text", "size") == [
        "832*480 · 480P · 0.70 CNY",
        "480*832 · 480P · 0.70 CNY",
        "624*624 · 480P · 0.70 CNY",
        "1920*1080 · 1080P · 3.50 CNY",
        "1080*1920 · 1080P · 3.50 CNY",
        "1440*1440 · 1080P · 3.50 CNY",
        "1632*1248 · 1080P · 3.50 CNY",
        "1248*1632 · 1080P · 3.50 CNY",
    ]
    plus = {"model": "wanx2.1-t2v-plus"}
    assert await values(bot, backstage, "video text", "size", **plus) == [
        "1280*720",
        "720*1280",
        "960*960",
        "1088*832",
        "832*1088",
    ]


@pytest.mark.parametrize("typed", ["1280x720", "1280X72", "1280×720", "1280 x 720", "1280*720 "])
async def test_a_size_is_found_however_it_is_written(
    bot: TweenBot, backstage: Backstage, typed: str
) -> None:
    asked = {"model": "wanx2.1-t2v-turbo", "size": typed}
    assert await values(bot, backstage, "video text", "size", **asked) == ["1280*720"]


async def test_a_currency_with_an_x_changes_nothing(bot: TweenBot, backstage: Backstage) -> None:
    interaction = an_interaction(backstage)
    services = interaction.client.services
    pesos = Money(currency="MXN", per_cny=2.5)
    interaction.client.services = replace(services, money=pesos)
    chosen = "832*480 · 480P · 1.75 MXN"
    (choice,) = await suggested(bot, interaction, "video text", "size", size=chosen)
    assert (choice.name, choice.value) == (chosen, "832*480")


# --- effects ---------------------------------------------------------------------------------


async def test_effects_say_what_they_do_and_whom_they_suit(
    bot: TweenBot, backstage: Backstage
) -> None:
    choices = await suggested(bot, an_interaction(backstage), "video effect", "effect")
    assert len(choices) == 25
    assert choices[0].value == "squish"
    assert choices[0].name == (
        "Squish: is squeezed like a soft toy and springs back · "
        "anything that stands out from its background"
    )
    assert backstage.untouched


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("rose", ["rose", "crystalrose"]),
        ("glittering ROSE", ["crystalrose"]),
        ("two people", ["hug", "frenchkiss", "coupleheart"]),
        ("frenchkiss", ["frenchkiss"]),
        ("mech", ["solaron", "mech1", "mech2"]),
        ("hanfu-1", ["hanfu-1"]),
        ("animal", ["flying", "rose", "crystalrose"]),
        ("no such effect", []),
    ],
)
async def test_effects_are_narrowed_by_words_in_any_order(
    bot: TweenBot, backstage: Backstage, typed: str, found: list[str]
) -> None:
    assert await values(bot, backstage, "video effect", "effect", effect=typed) == found


@pytest.mark.parametrize(
    ("model", "count", "first"),
    [("wanx2.1-kf2v-plus", 5, "hanfu-1"), (TURBO, 13, "squish"), (PLUS, 25, "squish")],
)
async def test_effects_are_those_of_the_chosen_model(
    bot: TweenBot, backstage: Backstage, model: str, count: int, first: str
) -> None:
    found = await values(bot, backstage, "video effect", "effect", model=model)
    assert (len(found), found[0]) == (count, first)


@pytest.mark.parametrize("option", ["effect", "model", "resolution"])
async def test_where_there_are_no_effects_nothing_is_suggested(
    bot: TweenBot, backstage: Backstage, option: str
) -> None:
    backstage.catalogue = Catalogue.of_region(Region.SINGAPORE)
    assert await values(bot, backstage, "video effect", option) == []


@pytest.mark.parametrize(("command", "option"), SUGGESTED_FOR_VIDEO)
async def test_a_kind_that_nobody_makes_suggests_nothing(
    bot: TweenBot, backstage: Backstage, command: str, option: str
) -> None:
    kind = Kind(command.removeprefix("video "))
    off = {
        model.name: Override(enabled=False) for model in backstage.catalogue if model.makes(kind)
    }
    backstage.catalogue = Catalogue.of_region(Region.BEIJING, off)
    assert await values(bot, backstage, command, option) == []


# --- all of them -----------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "option"), SUGGESTED_FOR_VIDEO)
async def test_suggestions_stay_within_discords_limits(
    bot: TweenBot, backstage: Backstage, command: str, option: str
) -> None:
    interaction = an_interaction(backstage)
    interaction.client.money = Money(currency="of a currency with a long name " * 3, per_cny=1e9)
    choices = await suggested(bot, interaction, command, option)
    assert 0 < len(choices) <= 25
    assert all(0 < len(choice.name) <= 100 for choice in choices)
    assert all(0 < len(str(choice.value)) <= 100 for choice in choices)
    assert len({choice.name for choice in choices}) == len(choices)


@pytest.mark.parametrize("command", ["jobs show", "jobs cancel", "jobs retry"])
async def test_only_ones_own_jobs_are_suggested(
    bot: TweenBot, backstage: Backstage, command: str
) -> None:
    backstage.lookup.list_jobs.return_value = [a_job()]
    interaction = an_interaction(backstage, permissions=MODERATOR)
    choices = await suggested(bot, interaction, command, "job", job="7f3")
    assert [choice.value for choice in choices] == ["7F3K2Q"]
    call = backstage.lookup.list_jobs.call_args
    assert call.args == (a_requester(may_moderate=True),)
    assert "member_id" not in call.kwargs
    assert call.kwargs["limit"] == 25
    assert await suggested(bot, an_interaction(backstage), command, "job", job="ZZZ") == []


@pytest.mark.parametrize(
    ("command", "option"), SUGGESTED_FOR_VIDEO + SUGGESTED_FOR_JOBS + SUGGESTED_FOR_SETTINGS
)
async def test_an_autocomplete_that_breaks_suggests_nothing_and_is_logged(
    bot: TweenBot,
    backstage: Backstage,
    log_lines: LogLines,
    command: str,
    option: str,
) -> None:
    backstage.break_down(RuntimeError("boom"))
    interaction = an_interaction(backstage, permissions=ADMIN)
    interaction.client.services = None
    assert await suggested(bot, interaction, command, option) == []
    (line,) = log_lines()
    assert (line["event"], line["name"]) == ("autocomplete_failed", command)


async def test_a_very_long_text_is_compared_by_its_beginning(
    bot: TweenBot, backstage: Backstage
) -> None:
    typed = "hug" + " " * 5_990 + "never"
    found = await suggested(bot, an_interaction(backstage), "video effect", "effect", effect=typed)
    assert [choice.value for choice in found] == ["hug", "dragon"]


async def test_what_begins_with_the_typed_words_comes_first(
    bot: TweenBot, backstage: Backstage
) -> None:
    found = await suggested(bot, an_interaction(backstage), "video effect", "effect", effect="r")
    first = [choice.value for choice in found][:2]
    assert first == ["rotation", "rose"]
    assert len(found) > len(first)
