"""What is offered where, for how much, and what a host may change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import catalogue as catalogue_module
from bot.domain.catalogue import Catalogue, Endpoint, Kind, Model, Override, Region
from bot.domain.errors import ConfigurationError

FLASH, PLUS, PLUS_INTL = "wan2.2-kf2v-flash", "wanx2.1-kf2v-plus", "wan2.1-kf2v-plus"


def _model(catalogue: Catalogue, name: str) -> Model:
    model = catalogue.get(name)
    assert model is not None
    return model


@pytest.mark.parametrize(
    ("region", "name", "prices", "in_flight", "per_second"),
    [
        (Region.BEIJING, FLASH, {"480P": 0.10, "720P": 0.20, "1080P": 0.48}, 2, 2),
        (Region.BEIJING, PLUS, {"720P": 0.70}, 2, 2),
        (Region.SINGAPORE, PLUS_INTL, {"720P": 0.733924}, 2, 1),
    ],
)
def test_figures_are_the_price_and_rate_lists(
    region: Region, name: str, prices: dict[str, float], in_flight: int, per_second: float
) -> None:
    model = _model(Catalogue(region), name)
    assert {tier: micros / 1_000_000 for tier, micros in model.prices.items()} == prices
    assert model.resolutions == tuple(prices)
    assert (model.limits.in_flight, model.limits.submits_per_second) == (in_flight, per_second)
    assert (model.kind, model.endpoint) == (Kind.FRAMES, Endpoint.IMAGE2VIDEO)
    assert (model.prompt_limit, model.negative_prompt_limit) == (800, 500)
    assert (model.durations, model.has_fixed_duration) == ((5,), True)


@pytest.mark.parametrize(
    ("region", "kinds"),
    [(Region.BEIJING, {FLASH, PLUS}), (Region.SINGAPORE, {PLUS_INTL})],
)
def test_frames_are_made_by_the_regions_models(region: Region, kinds: set[str]) -> None:
    assert {model.name for model in Catalogue(region).of_kind(Kind.FRAMES)} == kinds


def test_names_of_another_region_are_not_known() -> None:
    assert Catalogue(Region.SINGAPORE).get(FLASH) is None
    assert Catalogue(Region.BEIJING).get(PLUS_INTL) is None


def test_price_is_by_the_second() -> None:
    model = _model(Catalogue(Region.BEIJING), FLASH)
    assert model.price_micros(resolution="1080P", seconds=5) == 2_400_000


@pytest.mark.parametrize(("region", "name"), [(Region.BEIJING, FLASH), ("singapore", PLUS_INTL)])
def test_default_is_the_cheapest_recommended_at_a_tier_we_send(region: Region, name: str) -> None:
    default = Catalogue(Region(region)).default(Kind.FRAMES)
    assert default is not None
    assert (default.name, default.recommended_resolution) == (name, "720P")


def test_default_follows_the_hosts_prices() -> None:
    overrides = {FLASH: Override(prices={"720P": 900_000})}
    default = Catalogue(Region.BEIJING, overrides).default(Kind.FRAMES)
    assert default is not None
    assert default.name == PLUS


def test_each_model_is_consistent_with_itself() -> None:
    for region in Region:
        for model in Catalogue(region):
            assert model.recommended_resolution in model.prices
            assert set(model.prices) == set(model.resolutions)
            assert model.default_duration in model.durations
            assert model.typical_seconds > 0
            assert all(price > 0 for price in model.prices.values())


def test_tiers_without_a_price_are_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    flash, plus = catalogue_module.MODELS[:2]
    offer = catalogue_module.Offer(
        name=FLASH, prices={"480P": 100_000}, limits=flash.offers[Region.BEIJING].limits
    )
    row = replace(flash, offers={Region.BEIJING: offer})
    monkeypatch.setattr(catalogue_module, "MODELS", (row, plus))
    model = _model(Catalogue(Region.BEIJING), FLASH)
    assert (model.resolutions, model.recommended_resolution) == (("480P",), "480P")
    bare = replace(offer, prices={})
    row = replace(flash, offers={Region.BEIJING: bare})
    monkeypatch.setattr(catalogue_module, "MODELS", (row, plus))
    assert Catalogue(Region.BEIJING).get(FLASH) is None


# --- overrides -------------------------------------------------------------------------------


def test_host_changes_prices_and_limits() -> None:
    override = Override(prices={"720P": 150_000}, in_flight=5, submits_per_second=0.5)
    model = _model(Catalogue(Region.BEIJING, {FLASH: override}), FLASH)
    assert dict(model.prices) == {"480P": 100_000, "720P": 150_000, "1080P": 480_000}
    assert (model.limits.in_flight, model.limits.submits_per_second) == (5, 0.5)


def test_host_switches_a_model_off() -> None:
    catalogue = Catalogue(Region.BEIJING, {FLASH: Override(enabled=False)})
    assert [model.name for model in catalogue] == [PLUS]
    default = catalogue.default(Kind.FRAMES)
    assert default is not None
    assert default.name == PLUS


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"wan9.9": Override()}, "wan9.9"),
        ({PLUS_INTL: Override()}, PLUS_INTL),
        ({FLASH: Override(prices={"4K": 1})}, "4K"),
        ({model: Override(enabled=False) for model in (FLASH, PLUS)}, "no model is left"),
    ],
)
def test_override_that_fits_nothing_is_named(overrides: dict[str, Override], named: str) -> None:
    off = {
        model.name: Override(enabled=False)
        for model in Catalogue(Region.BEIJING)
        if "left" in named
    }
    with pytest.raises(ConfigurationError) as caught:
        Catalogue(Region.BEIJING, overrides | off)
    assert caught.value.setting == "CATALOGUE_OVERRIDES"
    assert named in caught.value.problem
