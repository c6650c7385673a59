"""Draws the private panel of More…: what can be made of a video, a price on every entry.

A panel is made of components alone, and its custom ids and its text are its only memory.
https://discord.com/developers/docs/components/reference
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import discord
from typing_extensions import override

from bot.chat import text
from bot.chat.custom_ids import JOB, PanelVerb, panel_button
from bot.chat.forms import variant_options
from bot.chat.panels import job_link
from bot.domain.ids import JobId
from bot.domain.jobs.panels import PanelView
from bot.domain.jobs.remaking import TAKES
from bot.domain.money import Money

MOST_TIERS = 3
"""Higher tiers that are offered: no model has more."""

_FOLLOWED = re.compile(rf"^-# \[?`{JOB}`", re.MULTILINE)


class PanelLayout(discord.ui.LayoutView):
    """A panel whose presses are handled by ``cogs``, by custom id, in whatever process runs."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @override
    def is_dispatchable(self) -> bool:
        # discord.py must not remember it: that would keep one object per panel for ever.
        return False


def panel(view: PanelView, money: Money) -> PanelLayout:
    """Draw the panel of a video."""
    words, job, offer = text.presses, view.offer.job, view.offer
    inside: list[discord.ui.Item[Any]] = [_words(words.panel_title(job.id))]
    if offer.take is None:
        inside.append(_words(words.NO_LONGER_OFFERED))
    else:
        micros = offer.take.micros * TAKES
        takes = _button(words.takes(TAKES, micros, money), PanelVerb.TAKES, job.id, str(micros))
        inside.append(discord.ui.Section(words.TAKES_HINT, accessory=takes))
    for tier in offer.higher_tiers[:MOST_TIERS]:
        choice = f"{tier.resolution} {tier.micros}"
        button = _button(words.in_tier(tier, money), PanelVerb.TIER, job.id, choice)
        inside.append(discord.ui.Section(words.TIERS_HINT, accessory=button))
    if offer.other_models:
        select: discord.ui.Select[Any] = discord.ui.Select(
            custom_id=panel_button(PanelVerb.MODEL, job.id),
            placeholder=words.ANOTHER_MODEL,
            options=variant_options(offer.other_models, None, money, {}),
        )
        inside += [_words(words.MODELS_HINT), discord.ui.ActionRow(select)]
    if view.has_original:
        original = _button(words.ORIGINAL, PanelVerb.ORIGINAL, job.id)
        inside.append(discord.ui.Section(words.ORIGINAL_HINT, accessory=original))
    if view.followed:
        lines = [
            words.followed(each.id, job_link(each), text.jobs.STATES[each.state])
            for each in view.followed
        ]
        inside += [
            discord.ui.Separator(),
            _words("\n".join([words.QUEUED, *(f"-# {line}" for line in lines)])),
        ]
    layout = PanelLayout()
    layout.add_item(discord.ui.Container(*inside))
    return layout


def followed_in(texts: Iterable[str]) -> list[JobId]:
    """Return the jobs that a panel shows as asked for from it.

    Args:
        texts: what stands in the panel.
    """
    return [JobId(found["job"]) for shown in texts for found in _FOLLOWED.finditer(shown)]


def _words(shown: str) -> discord.ui.TextDisplay[Any]:
    return discord.ui.TextDisplay(shown)


def _button(label: str, verb: PanelVerb, job_id: JobId, choice: str = "") -> discord.ui.Button[Any]:
    return discord.ui.Button(
        label=label,
        style=discord.ButtonStyle.secondary,
        custom_id=panel_button(verb, job_id, choice),
    )
