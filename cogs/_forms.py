"""Reads forms that were filled in and sent, whichever process opened them.

discord.py looks a form up among the objects of its process and drops what it does not find, so
each is read here from what Discord sends: its custom id, and the values of its fields.
https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-modal-submit-data-structure
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord.ext import commands

from bot.chat import text
from bot.chat.custom_ids import JOB, Field, FormVerb, form
from bot.client import TweenBot
from bot.domain.errors import InvalidOptionsError
from bot.domain.ids import CROCKFORD, JobId
from bot.domain.jobs.remaking import FilledEdit, FilledStart, Rewriting
from bot.domain.problems import OptionProblem
from bot.domain.requests.drafts import DRAFT_ID_LENGTH, DraftId
from bot.domain.requests.pictures import LAST_FRAME, PictureSource
from bot.domain.requests.submission import MAX_SEED
from bot.services.intake.submissions import Queued
from cogs._answers import say_queued
from cogs._checks import acknowledge, origin_of, requester_of, require_bot_may_post
from cogs._errors import answer
from cogs._prompts import prompt_of

_ONCE = r"[0-9a-f]{8}"
_DRAFT = rf"(?P<draft>[{CROCKFORD}]{{{DRAFT_ID_LENGTH}}})"
_PLACES = 18
"""Digits of a price or number, at most: what a database takes."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The fields of a form as they were sent."""

    values: Mapping[str, list[str]]
    """By field; nothing was chosen or typed where a list is empty."""
    attachments: Mapping[str, Mapping[str, Any]]
    """What was uploaded, by id, as Discord describes it."""

    @classmethod
    def of(cls, interaction: discord.Interaction[TweenBot]) -> Filled:
        """Read what Discord sent."""
        data: Mapping[str, Any] = interaction.data or {}
        return cls(
            values={
                str(field["custom_id"]): _values_of(field)
                for field in _fields_of(data.get("components") or ())
            },
            attachments=data.get("resolved", {}).get("attachments", {}),
        )

    def one(self, field: Field) -> str | None:
        """Return what was typed or chosen in a field; None where nothing was."""
        return next((value for value in self.values.get(field, ()) if value.strip()), None)

    def picture(self) -> PictureSource | None:
        """Return the last frame that was uploaded, where one was."""
        uploaded = self.one(Field.LAST_FRAME)
        attachment = self.attachments.get(uploaded or "")
        if attachment is None:
            return None
        return PictureSource(
            option=LAST_FRAME,
            url=str(attachment["url"]),
            size_bytes=int(attachment["size"]),
            content_type=attachment.get("content_type"),
        )

    def variant(self) -> tuple[str | None, int | None]:
        """Return the key of the model and tier that were chosen, and their price in micro-CNY.

        Nothing of both where the form had nothing to choose from.

        Raises:
            InvalidOptionsError: no form offers that.
        """
        chosen = self.one(Field.VARIANT)
        return (None, None) if chosen is None else variant_of(chosen)

    def rewriting(self) -> Rewriting:
        """Return whose words the model is to follow.

        Raises:
            InvalidOptionsError: no form offers that.
        """
        chosen = self.one(Field.REWRITING)
        try:
            return Rewriting.MINE_REWRITTEN if chosen is None else Rewriting(chosen)
        except ValueError:
            raise InvalidOptionsError(problem=OptionProblem.NOT_AMONG_CHOICES) from None

    def number(self) -> int:
        """Return which file was chosen, from 0."""
        typed = self.one(Field.FILE) or "0"
        return int(typed) if _is_number(typed) else -1

    def seed(self) -> int | None:
        """Return the seed that was typed.

        Raises:
            InvalidOptionsError: it is none.
        """
        typed = self.one(Field.SEED)
        if typed is None:
            return None
        if not _is_number(typed.strip()):
            raise InvalidOptionsError(problem=OptionProblem.SEED_RANGE, limit=MAX_SEED)
        return int(typed)


def _fields_of(components: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401 - JSON
    """Return the fields of a form, below the labels and rows that hold them."""
    for component in components:
        if "component" in component:
            yield from _fields_of([component["component"]])
        elif "components" in component:
            yield from _fields_of(component["components"])
        elif "custom_id" in component:
            yield component


def _values_of(field: Mapping[str, Any]) -> list[str]:
    if "values" in field:
        return [str(value) for value in field["values"] or ()]
    value = field.get("value")
    return [] if value is None else [str(value)]


def variant_of(chosen: str) -> tuple[str, int]:
    """Read what ``forms.variant_value`` wrote: a key, and a price in micro-CNY.

    Raises:
        InvalidOptionsError: it did not write that.
    """
    key, _, micros = chosen.rpartition(" ")
    if not key or not _is_number(micros):
        raise InvalidOptionsError(problem=OptionProblem.NOT_AMONG_CHOICES)
    return key, int(micros)


def _is_number(typed: str) -> bool:
    return typed.isascii() and typed.isdigit() and len(typed) <= _PLACES


Send = Callable[[discord.Interaction[TweenBot], re.Match[str], Filled], Awaitable[Queued]]
"""Has a form's video made."""


async def _edit(
    interaction: discord.Interaction[TweenBot], sent: re.Match[str], filled: Filled
) -> Queued:
    key, micros = filled.variant()
    return await interaction.client.services.remakes.edit(
        JobId(sent["job"]),
        requester_of(interaction),
        origin_of(interaction),
        FilledEdit(
            prompt=await prompt_of(interaction, filled.one(Field.WORDS)),
            rewriting=filled.rewriting(),
            seed=filled.seed(),
            variant=key,
            at_most_micros=micros,
        ),
        filled.picture(),
    )


async def _start_of(interaction: discord.Interaction[TweenBot], filled: Filled) -> FilledStart:
    key, micros = filled.variant()
    return FilledStart(
        prompt=await prompt_of(interaction, filled.one(Field.WORDS)),
        variant=key,
        at_most_micros=micros,
    )


async def _continue(
    interaction: discord.Interaction[TweenBot], sent: re.Match[str], filled: Filled
) -> Queued:
    return await interaction.client.services.continuations.continue_from(
        JobId(sent["job"]),
        requester_of(interaction),
        origin_of(interaction),
        await _start_of(interaction, filled),
        filled.picture(),
    )


async def _animate(
    interaction: discord.Interaction[TweenBot], sent: re.Match[str], filled: Filled
) -> Queued:
    return await interaction.client.services.menu_forms.animate(
        DraftId(sent["draft"]),
        filled.number(),
        requester_of(interaction),
        origin_of(interaction),
        await _start_of(interaction, filled),
        filled.picture(),
    )


async def _continue_video(
    interaction: discord.Interaction[TweenBot], sent: re.Match[str], filled: Filled
) -> Queued:
    return await interaction.client.services.menu_forms.continue_video(
        DraftId(sent["draft"]),
        filled.number(),
        requester_of(interaction),
        origin_of(interaction),
        await _start_of(interaction, filled),
        filled.picture(),
    )


FORMS: Mapping[re.Pattern[str], Send] = {
    re.compile(form(verb, subject, _ONCE)): send
    for verb, subject, send in (
        (FormVerb.EDIT, JOB, _edit),
        (FormVerb.CONTINUE, JOB, _continue),
        (FormVerb.ANIMATE, _DRAFT, _animate),
        (FormVerb.CONTINUE_VIDEO, _DRAFT, _continue_video),
    )
}
"""What is done with each form, by the pattern of its custom id."""


class FormsCog(commands.Cog):
    """Takes what was filled in."""

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Read a form that was sent; everything else has its own way."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        data: Mapping[str, Any] = interaction.data or {}
        custom_id = str(data.get("custom_id", ""))
        for pattern, send in FORMS.items():
            if sent := pattern.fullmatch(custom_id):
                await take(interaction, sent, send)
                return


async def take(interaction: discord.Interaction[TweenBot], sent: re.Match[str], send: Send) -> None:
    """Have a form's video made, and answer privately; words that were refused are given back."""
    filled = Filled.of(interaction)
    try:
        await acknowledge(interaction)
        require_bot_may_post(interaction)
        queued = await send(interaction, sent, filled)
        await say_queued(interaction, queued)
    except Exception as error:  # noqa: BLE001 - the named boundary of forms
        also = text.presses.words_kept(filled.one(Field.WORDS) or "")
        await answer(interaction, error, also=also)


async def setup(bot: TweenBot) -> None:
    """Load the cog."""
    await bot.add_cog(FormsCog())
