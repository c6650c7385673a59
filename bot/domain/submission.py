"""A user's validated wish, before it is a job.

``validate`` is the one place where options meet the catalogue: the cogs hand it what was typed,
and get either a ``Wish`` that the model can fulfil or the ``RequestError`` that says why not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.catalogue import Catalogue, Kind, Model
from bot.domain.errors import InvalidOptionsError, InvalidPromptError
from bot.domain.ids import ChannelId, GuildId, InteractionId, JobId, RoleId, UserId

MAX_SEED = 2_147_483_647


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A validated wish with its pictures and where to answer. Immutable."""

    origin: Origin
    wish: Wish
    pictures: tuple[Picture, ...]
    preview: bytes | None = None
    """Small JPEG of the pictures for the status message; none with ``spoiler``."""


def validate(
    catalogue: Catalogue,
    kind: Kind,
    options: GenerationOptions,
    *,
    model: str | None,
    resolution: str | None,
) -> Wish:
    """Check what was asked against the catalogue and fill in what was left out.

    Raises:
        InvalidOptionsError: the model or tier is not offered, or the seed is out of range.
        InvalidPromptError: a prompt is longer than the model reads.
    """
    chosen = _choose_model(catalogue, kind, model)
    tier = _choose_tier(chosen, resolution)
    _check_texts(chosen, options)
    if options.seed is not None and not 0 <= options.seed <= MAX_SEED:
        raise InvalidOptionsError(problem="seed_range", limit=MAX_SEED)
    seconds = chosen.default_duration
    return Wish(
        kind=kind,
        model=chosen.name,
        resolution=tier,
        duration_seconds=seconds,
        price_micros=chosen.price_micros(resolution=tier, seconds=seconds),
        options=options,
    )


def _choose_model(catalogue: Catalogue, kind: Kind, name: str | None) -> Model:
    if name is None:
        default = catalogue.default(kind)
        if default is None:
            raise InvalidOptionsError(problem="kind_not_offered", kind=kind.value)
        return default
    model = catalogue.get(name.strip())
    if model is None or model.kind is not kind:
        names = ", ".join(offered.name for offered in catalogue.of_kind(kind))
        raise InvalidOptionsError(problem="unknown_model", model=name, models=names)
    return model


def _choose_tier(model: Model, resolution: str | None) -> str:
    if resolution is None:
        return model.recommended_resolution
    tier = resolution.strip().upper()
    if tier not in model.resolutions:
        raise InvalidOptionsError(
            problem="resolution_not_offered",
            model=model.name,
            resolution=resolution,
            resolutions=", ".join(model.resolutions),
        )
    return tier


def _check_texts(model: Model, options: GenerationOptions) -> None:
    texts = (
        ("prompt", options.prompt, model.prompt_limit),
        ("negative_prompt", options.negative_prompt, model.negative_prompt_limit),
    )
    for field, text, limit in texts:
        if text is not None and len(text) > limit:
            raise InvalidPromptError(field=field, model=model.name, limit=limit, actual=len(text))
