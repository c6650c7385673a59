"""What is asked for when somebody goes on from a job, against every model of every region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.domain.catalogue import CAMERA_MOVES, Catalogue, Choices, Kind, Region
from bot.domain.jobs.remaking import (
    Edit,
    Rewriting,
    alike,
    another_take,
    choices_of,
    edited,
    fits,
    request_of,
    start_offer,
    variants,
)
from bot.domain.requests.submission import VideoOptions, VideoSpec, price_of, validate
from tests.fakes import a_job, a_picture, altered

CATALOGUES = {region: Catalogue.of_region(region) for region in Region}


def specs(region: Region) -> Iterator[VideoSpec]:
    """Yield a spec of everything a region makes."""
    catalogue = CATALOGUES[region]
    for kind in Kind:
        for variant in variants(catalogue, kind):
            model = catalogue.get(variant.model)
            assert model is not None
            options = VideoOptions(
                prompt=None if kind is Kind.EFFECT else "a cat",
                effect=min(model.effects) if kind is Kind.EFFECT else None,
                seed=7,
            )
            yield validate(catalogue, kind, options, choices_of(variant))


@pytest.mark.parametrize("region", Region)
def test_what_was_asked_for_is_asked_for_again_exactly(region: Region) -> None:
    made = list(specs(region))
    assert made
    for spec in made:
        asked = request_of(spec)
        assert validate(CATALOGUES[region], asked.kind, asked.options, asked.choices) == spec


@pytest.mark.parametrize("region", Region)
def test_a_variant_costs_what_it_says(region: Region) -> None:
    catalogue = CATALOGUES[region]
    for spec in specs(region):
        for variant in variants(catalogue, spec.kind, spec):
            model = catalogue.get(variant.model)
            assert model is not None
            found = validate(catalogue, spec.kind, spec.options, choices_of(variant))
            assert price_of(model, found).reserved.micros == variant.micros
            assert found.resolution == variant.resolution


@pytest.mark.parametrize("region", Region)
def test_everything_offered_for_a_picture_can_be_made_of_one(region: Region) -> None:
    catalogue = CATALOGUES[region]
    offer = start_offer(catalogue)
    for variant in offer.variants:
        kind = Kind.FRAMES if variant.key in offer.need_last_frame else Kind.IMAGE
        assert validate(catalogue, kind, VideoOptions(), choices_of(variant)).model == variant.model


@pytest.mark.parametrize("move", CAMERA_MOVES)
def test_the_words_of_a_camera_move_are_neither_doubled_nor_lost(move: str) -> None:
    catalogue = CATALOGUES[Region.BEIJING]
    spec = validate(catalogue, Kind.IMAGE, VideoOptions(prompt="a cat", camera=move), Choices())
    asked = request_of(spec)
    assert asked.options.camera == move
    again = validate(catalogue, asked.kind, asked.options, asked.choices)
    assert again == spec
    assert str(again.options.prompt).count(CAMERA_MOVES[move]) == 1
    job = altered(a_job(), spec=spec)
    without = edited(job, an_edit(prompt="a cat"))
    assert (without.options.prompt, without.options.camera) == ("a cat", None)


def an_edit(prompt: str | None, rewriting: Rewriting = Rewriting.MINE) -> Edit:
    return Edit(prompt=prompt, rewriting=rewriting, seed=None, variant=None, has_last_frame=False)


def test_a_take_has_another_seed_and_the_like_has_the_same_words() -> None:
    catalogue = CATALOGUES[Region.BEIJING]
    job = altered(
        a_job(prompt="a cat", seed=7, prompt_extend=True), actual_prompt="A cat, softly lit."
    )
    assert another_take(job).options.seed is None
    other = next(each for each in variants(catalogue, job.spec.kind, job.spec))
    model = catalogue.get(other.model)
    assert model is not None
    like = alike(job, other, model)
    assert (like.options.seed, like.options.prompt) == (7, "A cat, softly lit.")
    assert like.options.prompt_extend is False
    long = altered(job, actual_prompt="x" * (model.abilities.prompt_limit + 1))
    assert alike(long, other, model).options.prompt == "a cat"


@pytest.mark.parametrize(
    ("rewriting", "prompt", "extends"),
    [
        (Rewriting.MINE_REWRITTEN, "a dog", True),
        (Rewriting.MINE, "a dog", False),
        (Rewriting.REWRITTEN, "A cat, softly lit.", False),
    ],
)
def test_an_edit_follows_whose_words_were_chosen(
    rewriting: Rewriting, prompt: str, *, extends: bool
) -> None:
    job = altered(a_job(prompt="a cat"), actual_prompt="A cat, softly lit.")
    options = edited(job, an_edit("a dog", rewriting)).options
    assert (options.prompt, options.prompt_extend) == (prompt, extends)


def test_pictures_that_were_made_for_one_model_may_not_fit_another() -> None:
    early = CATALOGUES[Region.BEIJING].get("wan2.2-kf2v-flash")
    assert early is not None
    assert fits(early, (a_picture("first_frame"),))
    bounds = early.abilities.pictures
    for width, height in (
        (bounds.min_side - 1, bounds.min_side),
        (bounds.max_side + 1, bounds.max_side),
        (bounds.min_side * bounds.max_ratio + 1, bounds.min_side),
    ):
        odd = replace(a_picture("first_frame"), width=width, height=height)
        assert not fits(early, (odd,)), (width, height)
