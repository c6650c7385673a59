"""docs/models.md: every figure is the catalogue's, and its example of a new model works."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat import text
from bot.domain import catalogue
from bot.domain.catalogue import (
    EFFECTS,
    MODELS,
    SIZES,
    Catalogue,
    Choices,
    Kind,
    Model,
    ModelRow,
    Region,
    Sound,
)
from bot.domain.requests.submission import VideoOptions, price_of, validate
from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "models.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")


def section(heading: str, page: str = PAGE) -> str:
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of a table's lines, without the head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [cell for cell in cells if "`" in cell[0] or "`" in cell[1]]


def example(language: str, after: str) -> str:
    """Return the first block of code after a heading."""
    found = re.search(rf"```{language}\n(.*?)```", section(after), re.DOTALL)
    assert found is not None
    return found[1]


def bold(words: str, *, when: bool) -> str:
    return f"**{words}**" if when else words


def line_of(model: Model, region: Catalogue) -> list[str]:
    abilities, limits = model.abilities, model.limits
    kinds = [bold(kind.value, when=region.default(kind) is model) for kind in abilities.kinds]
    heard = list(model.prices.items())
    priced = ", ".join(_cny(price) for _, price in heard)
    if model.silent_prices:
        priced += f"; silent {', '.join(_cny(price) for price in model.silent_prices.values())}"
    return [
        f"`{model.name}`",
        ", ".join(kinds),
        ", ".join(
            bold(tier, when=tier == model.recommended_resolution) for tier in model.resolutions
        ),
        priced,
        ", ".join(f"{price * abilities.default_duration / 1e6:.2f}" for _, price in heard),
        _lengths(model),
        _sound(model),
        str(abilities.prompt_limit),
        f"{limits.in_flight} · {limits.submits_per_second:g}",
    ]


def _lengths(model: Model) -> str:
    seconds = model.abilities.durations
    if len(seconds) > 3:
        words = f"{seconds[0]} to {seconds[-1]}"
        return f"{words}, open" if model.abilities.may_decide_duration else words
    return ", ".join(str(each) for each in seconds)


def _sound(model: Model) -> str:
    words = {Sound.NEVER: "—", Sound.ALWAYS: "yes", Sound.CHOICE: "yes or no"}
    track = model.abilities.soundtrack
    heard = words[model.abilities.sound]
    if track is None:
        return heard
    return f"{heard}, soundtrack {track.min_seconds} to {track.max_seconds} s"


def _cny(micros: int) -> str:
    whole, _, rest = f"{micros / 1_000_000:.6f}".rstrip("0").partition(".")
    return f"{whole}.{rest.ljust(2, '0')}"


@pytest.mark.parametrize("region", Region)
def test_every_model_of_a_region_stands_there_with_its_figures(region: Region) -> None:
    offered = Catalogue.of_region(region)
    assert rows(section(region.value.title())) == [line_of(model, offered) for model in offered]


@pytest.mark.parametrize("region", Region)
def test_the_readme_says_what_each_command_makes_when_nothing_is_chosen(region: Region) -> None:
    place = list(Region).index(region) + 1
    documented = {
        line[0].strip("`"): line[place] for line in rows(section("Models and prices", README))
    }
    offered = Catalogue.of_region(region)
    expected = {}
    for kind in Kind:
        model = offered.default(kind)
        expected[f"/video {kind.value}"] = "—"
        if model is not None:
            tier, seconds = model.recommended_resolution, model.abilities.default_duration
            usual = model.price(resolution=tier, seconds=seconds, audio=model.default_audio())
            price = usual.reserved.micros / 1_000_000
            expected[f"/video {kind.value}"] = f"`{model.name}`, {tier}: {price:.2f} CNY"
    assert documented == expected


def test_the_readme_says_what_the_effects_of_the_dearer_models_cost() -> None:
    offered = Catalogue.of_region(Region.BEIJING)
    costs = Counter(
        model.price(resolution=model.recommended_resolution, seconds=5).reserved.micros / 1_000_000
        for effect in offered.effects
        if (model := offered.default(Kind.EFFECT, effect=effect.name)) is not None
    )
    assert costs == {1.2: 13, 3.5: 18}
    assert "13 of the 31 effects cost that; 18 are known to a plus model alone" in README
    assert "cost 3.50 CNY." in README


def test_the_sizes_are_those_of_the_tiers() -> None:
    documented = {
        tier: tuple(re.findall(r"`([^`]+)`", sizes))
        for tier, sizes in rows(section("Sizes in pixels"))
    }
    assert documented == dict(SIZES)


def test_every_effect_stands_there_with_its_models() -> None:
    assert rows(section("Effects of `/video effect`")) == [
        [
            effect.label,
            f"`{effect.name}` ({effect.original})",
            text.effects.DOES[effect.name],
            text.effects.SUITS[effect.suits],
            ", ".join(f"`{model}`" for model in sorted(effect.models)),
        ]
        for effect in EFFECTS
    ]


def test_the_example_of_overrides_is_read(tmp_path: Path) -> None:
    path = tmp_path / "overrides.toml"
    path.write_text(example("toml", "Your own prices and limits"))
    settings = Settings(
        discord_token="t",
        dashscope_api_key="sk-k",
        catalogue_overrides=path,
        _env_file=None,
    )
    offered = settings.catalogue()
    flash = offered.get("wan2.2-i2v-flash")
    assert flash is not None
    assert (flash.prices["720P"], flash.limits.in_flight) == (160_000, 5)
    assert offered.get("wanx2.1-kf2v-plus") is None


def test_the_example_of_a_new_model_is_offered_like_any_other() -> None:
    row = eval(  # noqa: S307 - our own page
        example("python", "Adding a model"),
        {name: vars(catalogue)[name] for name in dir(catalogue)},
    )
    assert isinstance(row, ModelRow)
    extended = Catalogue.of_region(Region.BEIJING, rows=(*MODELS, row))
    spec = validate(
        extended,
        Kind.IMAGE,
        VideoOptions(prompt="x" * 1500),
        Choices(model="wan9.9-i2v-example", resolution="480P", duration_seconds=6),
    )
    assert (spec.resolution, spec.duration_seconds) == ("480P", 6)
    model = extended.get(spec.model)
    assert model is not None
    assert price_of(model, spec).reserved.micros == 360_000, "silent, where that is cheaper"
    assert price_of(model, replace(spec, audio=True)).reserved.micros == 720_000
