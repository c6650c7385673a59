"""Draws the forms that a press opens. What was filled in is read by ``cogs``, in any process.

Discord's limits, which discord.py leaves to it: titles and labels of 45 characters, descriptions
and options of 100, five fields.
https://discord.com/developers/docs/components/reference
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import discord
from typing_extensions import override

from bot.chat import text
from bot.chat.custom_ids import Field, FormVerb, form
from bot.chat.limits import CHOICE_CHARACTERS, CHOICES, FORM_TEXT_CHARACTERS
from bot.domain.catalogue import Kind
from bot.domain.ids import JobId
from bot.domain.jobs.remaking import Offer, Rewriting, StartOffer, Variant
from bot.domain.money import Money
from bot.domain.requests.drafts import AttachedFile, Draft

PICTURE_TYPES = ["image", ".heic", ".heif", ".bmp", ".tif", ".tiff", ".avif"]
"""Discord's group "image" lacks some that are taken; it looks at the ending alone.
https://discord.com/developers/docs/components/reference#file-upload"""


class _PictureUpload(discord.ui.FileUpload[Any]):
    """A field for one picture, of the kinds that Discord's client then offers."""

    def __init__(self, *, required: bool = False) -> None:
        # Both bounds: discord.py sends a null for one that is left out, which Discord refuses.
        super().__init__(
            custom_id=Field.LAST_FRAME, required=required, min_values=int(required), max_values=1
        )

    @override
    def to_component_dict(self) -> Any:
        return {**super().to_component_dict(), "file_types": PICTURE_TYPES}


def edit_form(offer: Offer, money: Money) -> discord.ui.Modal:
    """Return the form that changes a job: words, whose, model, seed, last frame."""
    job, words = offer.job, text.presses
    modal = _form(FormVerb.EDIT, job.id, words.edit_title(job.id))
    kind, options = job.spec.kind, job.options
    if kind is not Kind.EFFECT:
        modal.add_item(_words(options.prompt, required=kind in {Kind.TEXT, Kind.REFERENCE}))
        usual = Rewriting.MINE_REWRITTEN if options.prompt_extend else Rewriting.MINE
        modal.add_item(_rewriting(usual, has_rewritten=job.result.actual_prompt is not None))
    if offer.variants:
        own = None if offer.take is None else offer.take.key
        modal.add_item(_variants(offer.variants, own, money))
    seed: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id=Field.SEED,
        required=False,
        max_length=10,
        default=None if options.seed is None else str(options.seed),
    )
    modal.add_item(_labelled(words.SEED, seed, words.SEED_HINT))
    if kind in {Kind.FRAMES, Kind.IMAGE}:
        modal.add_item(_labelled(words.LAST_FRAME, _PictureUpload(), words.NEW_LAST_FRAME_HINT))
    return modal


def continue_form(job_id: JobId, offer: StartOffer, money: Money) -> discord.ui.Modal:
    """Return the form that goes on from a job's video."""
    modal = _form(FormVerb.CONTINUE, job_id, text.presses.continue_title(job_id))
    return _with_start(modal, offer, money)


def animate_form(draft: Draft, offer: StartOffer, money: Money) -> discord.ui.Modal:
    """Return the form that makes a video of a message's picture."""
    modal = _form(FormVerb.ANIMATE, draft.id, text.presses.ANIMATE_TITLE)
    _choose_file(modal, draft.files.files, text.presses.WHICH_PICTURE)
    return _with_start(modal, offer, money)


def continue_video_form(draft: Draft, offer: StartOffer, money: Money) -> discord.ui.Modal:
    """Return the form that goes on from a message's video."""
    modal = _form(FormVerb.CONTINUE_VIDEO, draft.id, text.presses.CONTINUE_VIDEO_TITLE)
    _choose_file(modal, draft.files.files, text.presses.WHICH_VIDEO)
    return _with_start(modal, offer, money)


def variant_value(offered: Variant) -> str:
    """Return what a choice of a model and tier sends: its key, and what it was offered for."""
    return f"{offered.key} {offered.micros}"


def variant_options(
    offered: Sequence[Variant], chosen: str | None, money: Money, hints: dict[str, str]
) -> list[discord.SelectOption]:
    """Return models and tiers to choose from, what is chosen first and as many as Discord shows.

    Args:
        offered: in the catalogue's order.
        chosen: the key of what is chosen already.
        money: how prices are shown.
        hints: what stands below some of them, by key.
    """
    ordered = sorted(offered, key=lambda each: each.key != chosen)
    return [
        discord.SelectOption(
            label=text.phrases.shortened(text.presses.variant(each, money), CHOICE_CHARACTERS),
            value=variant_value(each),
            description=hints.get(each.key),
            default=each.key == chosen,
        )
        for each in ordered[:CHOICES]
    ]


def _form(verb: FormVerb, subject: str, title: str) -> discord.ui.Modal:
    return discord.ui.Modal(title=title, custom_id=form(verb, subject, secrets.token_hex(4)))


def _labelled(
    label: str, component: discord.ui.Item[Any], hint: str | None = None
) -> discord.ui.Label[Any]:
    return discord.ui.Label(text=label, component=component, description=hint)


def _words(prompt: str | None, *, required: bool) -> discord.ui.Label[Any]:
    words: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id=Field.WORDS,
        style=discord.TextStyle.paragraph,
        required=required,
        max_length=FORM_TEXT_CHARACTERS,
        default=prompt,
    )
    hint = text.presses.WORDS_NEEDED if required else text.presses.WORDS_OPTIONAL
    return _labelled(text.presses.WORDS, words, hint)


def _rewriting(usual: Rewriting, *, has_rewritten: bool) -> discord.ui.Label[Any]:
    group: discord.ui.RadioGroup[Any] = discord.ui.RadioGroup(custom_id=Field.REWRITING)
    for value, label in text.presses.REWRITINGS.items():
        if has_rewritten or value is not Rewriting.REWRITTEN:
            group.add_option(label=label, value=value.value, default=value is usual)
    return _labelled(text.presses.REWRITING, group, text.presses.REWRITING_HINT)


def _variants(
    offered: Sequence[Variant],
    chosen: str | None,
    money: Money,
    hints: dict[str, str] | None = None,
) -> discord.ui.Label[Any]:
    select: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=Field.VARIANT, options=variant_options(offered, chosen, money, hints or {})
    )
    return _labelled(text.presses.MODEL, select, text.presses.MODEL_HINT)


def _choose_file(modal: discord.ui.Modal, files: Sequence[AttachedFile], label: str) -> None:
    """Ask which file is meant, where a message has several."""
    if len(files) == 1:
        return
    select: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=Field.FILE,
        options=[
            discord.SelectOption(
                label=text.phrases.shortened(f"{number}. {file.name}", CHOICE_CHARACTERS),
                value=str(number - 1),
                default=number == 1,
            )
            for number, file in enumerate(files, start=1)
        ],
    )
    modal.add_item(_labelled(label, select))


def _with_start(modal: discord.ui.Modal, offer: StartOffer, money: Money) -> discord.ui.Modal:
    words = text.presses
    modal.add_item(_words(None, required=False))
    needed = offer.always_needs_last_frame
    hint = words.LAST_FRAME_NEEDED if needed else words.LAST_FRAME_HINT
    modal.add_item(_labelled(words.LAST_FRAME, _PictureUpload(required=needed), hint))
    if offer.variants:
        hints = dict.fromkeys(offer.need_last_frame, words.NEEDS_LAST_FRAME)
        between = [each for each in offer.variants if each.key in offer.need_last_frame]
        alone = [each for each in offer.variants if each.key not in offer.need_last_frame]
        alone.sort(key=lambda each: each.key != offer.usual)
        # More than fit: those that need a last frame are few, and the only ones of their kind.
        shown = [*alone[: CHOICES - len(between)], *between]
        modal.add_item(_variants(shown, offer.usual, money, hints))
    return modal
