"""A user's validated request, before it is a job.

``validate`` is the one place where options meet the catalogue: the cogs hand it what was typed,
and get either a ``VideoSpec`` that the model can fulfil or the ``RequestError`` that says why not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.domain.catalogue import Catalogue, Choices, Kind, Model, Price
from bot.domain.errors import InvalidOptionsError, InvalidPromptError
from bot.domain.ids import ChannelId, GuildId, InteractionId, JobId
from bot.domain.people import Requester
from bot.domain.problems import OptionProblem, PromptOption
from bot.domain.requests.denials import EffectDeniedError, ModelDeniedError
from bot.domain.requests.pictures import Picture

MAX_SEED = 2_147_483_647


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoOptions:
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
class VideoSpec:
    """What a model is asked to make; valid against the catalogue."""

    kind: Kind
    model: str
    resolution: str
    """The tier that sets the price."""
    size: str | None = None
    """``W*H`` for text; the tier follows from it."""
    duration_seconds: int
    options: VideoOptions = VideoOptions()

    @property
    def without_words(self) -> VideoSpec:
        """The same without what was written: what retention leaves of it."""
        return replace(self, options=replace(self.options, prompt=None, negative_prompt=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a video was asked for, and by which interaction."""

    guild_id: GuildId
    channel_id: ChannelId
    interaction_id: InteractionId
    premium_tier: int = 0
    """The guild's boost tier, which sets the upload limit."""
    retry_of: JobId | None = None
    """The job this one repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A validated request whose pictures are kept, and where to answer. Immutable."""

    job_id: JobId
    """Of the job it becomes; its files are kept under it already."""
    requester: Requester
    origin: Origin
    spec: VideoSpec
    price: Price
    pictures: tuple[Picture, ...]
    has_preview: bool
    """Whether a small picture of them is kept for the status message; not with ``spoiler``."""


def validate(
    catalogue: Catalogue, kind: Kind, options: VideoOptions, choices: Choices
) -> VideoSpec:
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
        raise InvalidOptionsError(problem=OptionProblem.NO_PROMPT)
    _check_texts(chosen, options)
    if options.seed is not None and not 0 <= options.seed <= MAX_SEED:
        raise InvalidOptionsError(problem=OptionProblem.SEED_RANGE, limit=MAX_SEED)
    seconds = _choose_duration(chosen, choices.duration_seconds)
    return VideoSpec(
        kind=kind,
        model=chosen.name,
        resolution=tier,
        size=size,
        duration_seconds=seconds,
        options=options,
    )


def price_of(model: Model, spec: VideoSpec) -> Price:
    """Return what a video reserves today, and by which terms it is charged."""
    return model.price(resolution=spec.resolution, seconds=spec.duration_seconds)


def choose_effect(catalogue: Catalogue, name: str) -> str:
    """Return the provider's name of an effect.

    Raises:
        EffectDeniedError: it is offered, but not in this guild.
        InvalidOptionsError: it is not offered.
    """
    if not catalogue.unfiltered.effects:
        raise InvalidOptionsError(problem=OptionProblem.NO_EFFECTS, region=catalogue.region.value)
    effect = catalogue.effect(name)
    if effect is not None:
        return effect.name
    denied = catalogue.unfiltered.effect(name)
    if denied is not None:
        raise EffectDeniedError(denied.label)
    raise InvalidOptionsError(problem=OptionProblem.UNKNOWN_EFFECT, effect=name)


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
    elsewhere = catalogue.unfiltered.of_kind(kind, effect=effect)
    if any(asked in {None, model.name} for model in elsewhere):
        raise ModelDeniedError(asked, instead=names)
    if asked is None or not elsewhere:
        raise InvalidOptionsError(problem=OptionProblem.KIND_NOT_OFFERED, kind=kind.value)
    lacks_effect = effect is not None and catalogue.unfiltered.get(asked) is not None
    raise InvalidOptionsError(
        problem=OptionProblem.MODEL_WITHOUT_EFFECT if lacks_effect else OptionProblem.UNKNOWN_MODEL,
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
            problem=OptionProblem.RESOLUTION_NOT_OFFERED,
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
            problem=OptionProblem.SIZE_NOT_OFFERED,
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
            problem=OptionProblem.DURATION_FIXED, model=model.name, seconds=model.default_duration
        )
    raise InvalidOptionsError(
        problem=OptionProblem.DURATION_NOT_OFFERED,
        model=model.name,
        seconds=asked,
        durations=", ".join(str(seconds) for seconds in model.durations),
    )


def _check_texts(model: Model, options: VideoOptions) -> None:
    texts = (
        (PromptOption.PROMPT, options.prompt, model.prompt_limit),
        (
            PromptOption.NEGATIVE_PROMPT,
            options.negative_prompt,
            model.negative_prompt_limit,
        ),
    )
    for field, text, limit in texts:
        if text is not None and len(text) > limit:
            raise InvalidPromptError(field=field, model=model.name, limit=limit, actual=len(text))
