"""Where options meet the catalogue: a wish the model can fulfil, or why not."""

from __future__ import annotations

import pytest

from bot.domain.catalogue import Catalogue, Kind, Region
from bot.domain.errors import InvalidOptionsError, InvalidPromptError
from bot.domain.submission import MAX_SEED, GenerationOptions, Wish, validate

FLASH, PLUS = "wan2.2-kf2v-flash", "wanx2.1-kf2v-plus"


def _wish(
    *,
    model: str | None = None,
    resolution: str | None = None,
    kind: Kind = Kind.FRAMES,
    options: GenerationOptions | None = None,
) -> Wish:
    return validate(
        Catalogue(Region.BEIJING),
        kind,
        options or GenerationOptions(),
        model=model,
        resolution=resolution,
    )


@pytest.mark.parametrize(
    ("model", "resolution", "chosen", "tier", "price"),
    [
        (None, None, FLASH, "720P", 1_000_000),
        (None, "480p", FLASH, "480P", 500_000),
        (FLASH, " 1080P ", FLASH, "1080P", 2_400_000),
        (PLUS, None, PLUS, "720P", 3_500_000),
        (f" {PLUS} ", "720P", PLUS, "720P", 3_500_000),
    ],
)
def test_what_was_left_out_is_filled_in(
    model: str | None, resolution: str | None, chosen: str, tier: str, price: int
) -> None:
    wish = _wish(model=model, resolution=resolution)
    assert (wish.model, wish.resolution, wish.price_micros) == (chosen, tier, price)
    assert (wish.kind, wish.duration_seconds, wish.size) == (Kind.FRAMES, 5, None)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"model": "wan9.9"}, "unknown_model"),
        ({"model": "wan2.1-kf2v-plus"}, "unknown_model"),
        ({"model": PLUS, "resolution": "1080P"}, "resolution_not_offered"),
        ({"resolution": "4K"}, "resolution_not_offered"),
        ({"options": GenerationOptions(seed=-1)}, "seed_range"),
        ({"options": GenerationOptions(seed=MAX_SEED + 1)}, "seed_range"),
    ],
)
def test_what_does_not_go_together_is_named(asked: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidOptionsError) as caught:
        _wish(**asked)  # type: ignore[arg-type]
    assert caught.value.problem == problem


@pytest.mark.parametrize("seed", [None, 0, MAX_SEED])
def test_seed_within_its_range_is_kept(seed: int | None) -> None:
    assert _wish(options=GenerationOptions(seed=seed)).options.seed == seed


@pytest.mark.parametrize(("field", "limit"), [("prompt", 800), ("negative_prompt", 500)])
@pytest.mark.parametrize("letter", ["a", "狐", "🦊"])
def test_text_longer_than_the_model_reads_is_refused(field: str, limit: int, letter: str) -> None:
    _wish(options=GenerationOptions(**{field: letter * limit}))  # type: ignore[arg-type]
    with pytest.raises(InvalidPromptError) as caught:
        _wish(options=GenerationOptions(**{field: letter * (limit + 1)}))  # type: ignore[arg-type]
    error = caught.value
    assert (error.field, error.model, error.limit, error.actual) == (
        field,
        FLASH,
        limit,
        limit + 1,
    )
