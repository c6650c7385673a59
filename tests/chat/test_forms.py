"""Forms and panels keep Discord's bounds, whatever a region sells and whatever was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.chat import forms, more_panels
from bot.domain.catalogue import Catalogue, Kind, Region
from bot.domain.ids import GuildId, JobId, UserId
from bot.domain.jobs.files import RESULT
from bot.domain.jobs.panels import PanelView
from bot.domain.jobs.remaking import Offer, choices_of, start_offer, variants
from bot.domain.money import Money
from bot.domain.requests.drafts import (
    AttachedFile,
    Draft,
    DraftFiles,
    DraftId,
)
from bot.domain.requests.submission import VideoOptions, validate
from sandbox.discord.rules.components import check_components
from sandbox.discord.rules.modals import check_modal
from sandbox.discord.rules.problems import Problems
from tests.fakes import a_job

MONEY = Money(currency="CNY", per_cny=1)
MOST_FILES_OF_A_MESSAGE = 10
LONG = "An incredibly long and detailed name of a picture or currency, " * 4


def offers(region: Region) -> Iterator[Offer]:
    """Yield what is offered of a job of every kind, model and tier of a region."""
    catalogue = Catalogue.of_region(region)
    for kind in Kind:
        offered = tuple(variants(catalogue, kind))
        for variant in offered:
            model = catalogue.get(variant.model)
            assert model is not None
            options = VideoOptions(
                prompt=None if kind is Kind.EFFECT else "a cat",
                effect=min(model.effects) if kind is Kind.EFFECT else None,
                seed=2_147_483_647,
            )
            spec = validate(catalogue, kind, options, choices_of(variant))
            job = a_job(spec=spec, actual_prompt="a cat, rewritten", video_file=RESULT)
            yield Offer(job=job, variants=offered, take=variant)
            yield Offer(job=job, variants=(), take=None)


@pytest.mark.parametrize("region", Region)
def test_every_form_is_one_that_discord_takes(region: Region) -> None:
    start = start_offer(Catalogue.of_region(region))
    files = tuple(
        AttachedFile(
            url="https://cdn.discordapp.com/a.png",
            name=LONG,
            size_bytes=1,
            content_type="image/png",
        )
        for _ in range(MOST_FILES_OF_A_MESSAGE)
    )
    draft = Draft(
        id=DraftId("0" * 12),
        guild_id=GuildId(1),
        user_id=UserId(2),
        files=DraftFiles(files=files),
        made_at=datetime(2026, 12, 1, tzinfo=UTC),
    )
    dear = Money(currency="XXX", per_cny=1234)
    for money in (MONEY, dear):
        for modal in (
            forms.continue_form(JobId("7F3K2Q"), start, money),
            forms.animate_form(draft, start, money),
            forms.continue_video_form(draft, start, money),
            *(forms.edit_form(offer, money) for offer in offers(region)),
        ):
            check_modal(modal.to_dict())


@pytest.mark.parametrize("region", Region)
def test_every_panel_is_one_that_discord_takes(region: Region) -> None:
    made = 0
    for offer in offers(region):
        followed = tuple(a_job() for _ in range(12))
        for view in (
            PanelView(offer=offer, has_original=True, followed=followed),
            PanelView(offer=offer, has_original=False),
        ):
            problems = Problems()
            components = more_panels.panel(view, MONEY).to_components()  # type: ignore[no-untyped-call]
            check_components(problems, (), components, v2=True)
            problems.refuse()
            made += 1
    assert made


def test_a_form_that_only_frames_models_can_fill_requires_the_last_frame() -> None:
    start = start_offer(Catalogue.of_region(Region.BEIJING))
    between = tuple(each for each in start.variants if each.key in start.need_last_frame)
    assert between
    only = replace(start, variants=between, usual=between[0].key)
    for offer, required in ((start, False), (only, True)):
        form = forms.continue_form(JobId("7F3K2Q"), offer, MONEY).to_dict()
        uploads = [
            each["component"] for each in form["components"] if each["component"]["type"] == 19
        ]
        assert [upload["required"] for upload in uploads] == [required]
        assert offer.always_needs_last_frame is required
