"""A user's validated wish, before it is a job.

``validate`` is the one place where options meet the catalogue: the cogs hand it what was typed,
and get either a ``Wish`` that the model can fulfil or the ``RequestError`` that says why not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.catalogue import Catalogue, Kind, Model
from bot.domain.delivery import MIB
from bot.domain.denials import EffectDeniedError, ModelDeniedError
from bot.domain.errors import InvalidOptionsError, InvalidPromptError
from bot.domain.ids import ChannelId, GuildId, InteractionId, JobId, RoleId, UserId

MAX_SEED = 2_147_483_647
MAX_PICTURE_BYTES = 25 * MIB
"""Largest picture taken; a larger one is refused by its declared size, before it is read."""


class PictureNote(StrEnum):
    """What was done to a picture to make it fit; the status message says it."""

    ROTATED = "rotated"
    """Turned upright as its EXIF orientation asks."""
    FIRST_OF_ANIMATION = "first_of_animation"
    FLATTENED = "flattened"
    """Transparency set on white."""
    SCALED_DOWN = "scaled_down"
    SCALED_UP = "scaled_up"
    CROPPED = "cropped"
    """Centre-cropped to the first frame's ratio."""
    PADDED = "padded"
    """Set on its own blurred edge to reach the first frame's ratio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture made to fit: upright JPEG without metadata or transparency."""

    option: str
    """The option it came in: ``first_frame``, ``last_frame`` or ``image``."""
    jpeg: bytes
    """At most 2 MiB."""
    width: int
    """Pixels, 360 to 2000."""
    height: int
    """Pixels, 360 to 2000."""
    notes: tuple[PictureNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationOptions:
    """How the video is to be made."""

    prompt: str | None = None
    negative_prompt: str | None = None
    effect: str | None = None
    seed: int | None = None
    """0 to 2147483647; None lets the provider draw one."""
    prompt_extend: bool = True
    watermark: bool = False
    spoiler: bool = False
    loop: bool = False
    """The last frame is the first frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a model is asked to make; valid against the catalogue."""

    kind: Kind
    model: str
    resolution: str
    """The tier that sets the price."""
    size: str | None = None
    """``W*H`` for text; the tier follows from it."""
    duration_seconds: int
    price_micros: int
    options: GenerationOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who asked, where, and by which interaction."""

    interaction_id: InteractionId
    guild_id: GuildId
    channel_id: ChannelId
    requester_id: UserId
    requester_name: str
    """Display name at the time of asking."""
    role_ids: frozenset[RoleId] = frozenset()
    premium_tier: int = 0
    """The guild's boost tier, which sets the upload limit."""
    retry_of: JobId | None = None
    """The job this one repeats."""
    channel_path: tuple[ChannelId, ...] = ()
    """The channel and what it belongs to, nearest first: thread, channel, category."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A validated wish with its pictures and where to answer. Immutable."""

    origin: Origin
    wish: Wish
    pictures: tuple[Picture, ...]
    preview: bytes | None = None
    """Small JPEG of the pictures for the status message; none with ``spoiler``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What was chosen of a model, as it was typed; None is for us to decide."""

    model: str | None = None
    resolution: str | None = None
    """Tier, where a picture sets the shape."""
    size: str | None = None
    """``W*H``, where only words do."""
    duration_seconds: int | None = None


def validate(
    catalogue: Catalogue, kind: Kind, options: GenerationOptions, choices: Choices
) -> Wish:
    """Check what was asked against the catalogue and fill in what was left out.

    Args:
        catalogue: a guild's own, see ``Catalogue.within``.
        kind: what the member starts from.
        options: how the video is to be made.
        choices: what was chosen of a model.

    Raises:
        ModelDeniedError, EffectDeniedError: it is offered, but not in this guild.
        InvalidOptionsError: the effect, model, tier, size or length is not offered, a needed
            prompt is missing, or the seed is out of range.
        InvalidPromptError: a prompt is longer than the model reads.
    """
    if kind is Kind.EFFECT:
        options = replace(options, effect=choose_effect(catalogue, options.effect or ""))
    chosen = choose_model(catalogue, kind, choices.model, effect=options.effect)
    size, tier = choose_shape(catalogue, kind, chosen, choices)
    if kind is Kind.TEXT and not options.prompt:
        raise InvalidOptionsError(problem="no_prompt")
    _check_texts(chosen, options)
    if options.seed is not None and not 0 <= options.seed <= MAX_SEED:
        raise InvalidOptionsError(problem="seed_range", limit=MAX_SEED)
    seconds = _choose_duration(chosen, choices.duration_seconds)
    return Wish(
        kind=kind,
        model=chosen.name,
        resolution=tier,
        size=size,
        duration_seconds=seconds,
        price_micros=chosen.price_micros(resolution=tier, seconds=seconds),
        options=options,
    )


def choose_effect(catalogue: Catalogue, name: str) -> str:
    """Return the provider's name of an effect.

    Raises:
        EffectDeniedError: it is offered, but not in this guild.
        InvalidOptionsError: it is not offered.
    """
    if not catalogue.whole.effects:
        raise InvalidOptionsError(problem="no_effects", region=catalogue.region.value.title())
    effect = catalogue.effect(name)
    if effect is not None:
        return effect.name
    denied = catalogue.whole.effect(name)
    if denied is not None:
        raise EffectDeniedError(denied.label)
    raise InvalidOptionsError(problem="unknown_effect", effect=name)


def choose_model(
    catalogue: Catalogue, kind: Kind, name: str | None, *, effect: str | None = None
) -> Model:
    """Return the model of that name where it makes this kind, the default where none is named.

    Raises:
        ModelDeniedError: it is offered, but not in this guild.
        InvalidOptionsError: it is not offered, or makes something else.
    """
    offered = catalogue.of_kind(kind, effect=effect)
    names = tuple(model.name for model in offered)
    asked = None if name is None else name.strip()
    model = catalogue.default(kind, effect=effect) if asked is None else catalogue.get(asked)
    if model is not None and model in offered:
        return model
    elsewhere = catalogue.whole.of_kind(kind, effect=effect)
    if any(asked in {None, each.name} for each in elsewhere):
        raise ModelDeniedError(asked, instead=names)
    if asked is None or not elsewhere:
        raise InvalidOptionsError(problem="kind_not_offered", kind=kind.value)
    lacks_effect = effect is not None and catalogue.whole.get(asked) is not None
    raise InvalidOptionsError(
        problem="model_without_effect" if lacks_effect else "unknown_model",
        model=asked,
        models=", ".join(names),
    )


def choose_shape(
    catalogue: Catalogue, kind: Kind, model: Model, choices: Choices
) -> tuple[str | None, str]:
    """Return size and tier of a video: a size only where words alone set the shape.

    Raises:
        InvalidOptionsError: the model does not make it.
    """
    if kind is not Kind.TEXT:
        if choices.resolution is None:
            return None, catalogue.default_resolution(kind, model)
        return None, _choose_tier(model, choices.resolution)
    size = choices.size
    size = catalogue.default_size(kind, model) if size is None else _choose_size(model, size)
    tier = model.tier_of(size)
    if tier is None:
        raise AssertionError("a chosen size has a tier")
    return size, tier


def _choose_tier(model: Model, resolution: str) -> str:
    tier = resolution.strip().upper()
    if tier not in model.resolutions:
        raise InvalidOptionsError(
            problem="resolution_not_offered",
            model=model.name,
            resolution=resolution,
            resolutions=", ".join(model.resolutions),
        )
    return tier


def _choose_size(model: Model, asked: str) -> str:
    # Begun at the first blank alone: a long run of them would be read once from each.
    size = re.sub(r"(?<!\s)\s*[x×*]\s*", "*", asked.strip().lower())
    if model.tier_of(size) is None:
        raise InvalidOptionsError(
            problem="size_not_offered",
            model=model.name,
            size=asked,
            sizes=", ".join(model.sizes),
        )
    return size


def _choose_duration(model: Model, asked: int | None) -> int:
    if asked is None or asked in model.durations:
        return asked or model.default_duration
    if model.has_fixed_duration:
        raise InvalidOptionsError(
            problem="duration_fixed", model=model.name, seconds=model.default_duration
        )
    raise InvalidOptionsError(
        problem="duration_not_offered",
        model=model.name,
        seconds=asked,
        durations=", ".join(str(each) for each in model.durations),
    )


def _check_texts(model: Model, options: GenerationOptions) -> None:
    texts = (
        ("prompt", options.prompt, model.prompt_limit),
        ("negative_prompt", options.negative_prompt, model.negative_prompt_limit),
    )
    for field, text, limit in texts:
        if text is not None and len(text) > limit:
            raise InvalidPromptError(field=field, model=model.name, limit=limit, actual=len(text))
