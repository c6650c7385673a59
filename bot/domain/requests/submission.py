"""A user's validated request, before it is a job.

``validate`` is the one place where options meet the catalogue: the cogs hand it what was typed,
and get either a ``VideoSpec`` that the model can fulfil or the ``RequestError`` that says why not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.domain.catalogue import (
    CAMERA_MOVES,
    Catalogue,
    Choices,
    Kind,
    Model,
    Price,
    Sound,
    with_camera,
)
from bot.domain.catalogue.shapes import ADAPTIVE
from bot.domain.errors import InvalidOptionsError, InvalidPromptError
from bot.domain.ids import ChannelId, GuildId, InteractionId, JobId, int_of_job_id
from bot.domain.people import Requester
from bot.domain.problems import OptionProblem, PromptOption
from bot.domain.requests.denials import EffectDeniedError, ModelDeniedError
from bot.domain.requests.pictures import Picture
from bot.domain.requests.sounds import Soundtrack

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
    camera: str | None = None
    """Name of a camera move, whose words a valid prompt ends with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoSpec:
    """What a model is asked to make; valid against the catalogue."""

    kind: Kind
    model: str
    resolution: str
    """The tier that sets the price."""
    size: str | None = None
    """``W*H`` where the model takes one; the tier follows from it."""
    ratio: str | None = None
    """Such as ``16:9``, where the model takes one beside the tier."""
    duration_seconds: int
    """``MODEL_DECIDES`` where it was left to the model."""
    audio: bool | None = None
    """Whether it is to be heard; None where the model has no choice."""
    soundtrack: Soundtrack | None = None
    """What is heard, where it came along; kept once its bytes are looked at."""
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
    """Of one that asks for several videos only the first has it; see ``following``."""
    premium_tier: int = 0
    """The guild's boost tier, which sets the upload limit."""
    retry_of: JobId | None = None
    """The job this one repeats, or was made from with changes: it has its pictures."""
    continued_from: JobId | None = None
    """The job whose video ends with this one's first frame."""

    def following(self, job_id: JobId) -> Origin:
        """Return the origin of a further job that the same interaction asks for.

        An interaction has one job, so that it takes effect once. Those that are stored with the
        first in one transaction have a number below nothing, which no interaction has.
        """
        return replace(self, interaction_id=InteractionId(-int_of_job_id(job_id)))


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
    is_moderation: bool = False
    """Whether a moderator made another's job again, which is written down."""


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
        InvalidOptionsError: the effect, model, tier, size, length, sound or camera move is not
            offered, a needed prompt is missing, or the seed is out of range.
        InvalidPromptError: a prompt is longer than the model reads.
    """
    if kind is Kind.EFFECT:
        options = replace(options, effect=choose_effect(catalogue, options.effect or ""))
    chosen = choose_model(catalogue, kind, choices.model, effect=options.effect)
    size, tier, ratio = choose_shape(catalogue, kind, chosen, choices)
    if kind in {Kind.TEXT, Kind.REFERENCE} and not options.prompt:
        raise InvalidOptionsError(problem=OptionProblem.NO_PROMPT)
    if options.camera is not None:
        options = _with_camera(options, options.camera)
    _check_texts(chosen, options)
    if options.seed is not None and not 0 <= options.seed <= MAX_SEED:
        raise InvalidOptionsError(problem=OptionProblem.SEED_RANGE, limit=MAX_SEED)
    return VideoSpec(
        kind=kind,
        model=chosen.name,
        resolution=tier,
        size=size,
        ratio=ratio,
        duration_seconds=_choose_duration(chosen, choices.duration_seconds),
        audio=choose_audio(catalogue, kind, chosen, choices),
        options=options,
    )


def price_of(model: Model, spec: VideoSpec) -> Price:
    """Return what a video reserves today, and by which terms it is charged."""
    return model.price(resolution=spec.resolution, seconds=spec.duration_seconds, audio=spec.audio)


def is_still_made(model: Model | None, spec: VideoSpec) -> bool:
    """Tell whether what was asked for once can be bought today."""
    return model is not None and model.still_makes(
        resolution=spec.resolution,
        seconds=spec.duration_seconds,
        effect=spec.options.effect,
        audio=spec.audio,
    )


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
) -> tuple[str | None, str, str | None]:
    """Return size in pixels, tier and ratio of a video; the first and the last where it has one.

    Raises:
        InvalidOptionsError: the model does not make it.
    """
    if not model.sizes(kind):
        tier = (
            catalogue.default_resolution(kind, model)
            if choices.resolution is None
            else _choose_tier(model, choices.resolution)
        )
        return None, tier, ADAPTIVE if ADAPTIVE in model.abilities.ratios else None
    size = catalogue.default_size(kind, model)
    if choices.size is not None:
        size = _choose_size(kind, model, choices.size, usual=size)
    chosen = model.tier_of(kind, size)
    if chosen is None:
        raise AssertionError("a chosen size has a tier")
    if model.abilities.has_sizes:
        return size, chosen, None
    return None, chosen, size.partition(" ")[2]


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


def _choose_size(kind: Kind, model: Model, asked: str, *, usual: str) -> str:
    """Return the size that is meant; of a tier and a ratio either may be left out."""
    # Begun at the first blank alone: a long run of them would be read once from each.
    size = re.sub(r"(?<!\s)\s*[x×*]\s*", "*", asked.strip().lower())
    if not model.abilities.has_sizes:
        words = {word.upper() if word.endswith("p") else word for word in size.split()}
        usual_tier, _, usual_ratio = usual.partition(" ")
        tiers = words & set(model.resolutions) or {usual_tier}
        ratios = words - set(model.resolutions) or {usual_ratio}
        size = " ".join([*sorted(tiers), *sorted(ratios)])
    if model.tier_of(kind, size) is None:
        raise InvalidOptionsError(
            problem=OptionProblem.SIZE_NOT_OFFERED,
            model=model.name,
            size=asked,
            sizes=", ".join(model.sizes(kind)),
        )
    return size


def _choose_duration(model: Model, asked: int | None) -> int:
    abilities = model.abilities
    if asked is None:
        return abilities.default_duration
    if model.can_last(asked):
        return asked
    if abilities.has_fixed_duration:
        raise InvalidOptionsError(
            problem=OptionProblem.DURATION_FIXED,
            model=model.name,
            seconds=abilities.default_duration,
        )
    shortest, longest = min(abilities.durations), abilities.longest
    if abilities.may_decide_duration:
        raise InvalidOptionsError(
            problem=OptionProblem.DURATION_RANGE_OR_OPEN,
            model=model.name,
            seconds=asked,
            shortest=shortest,
            longest=longest,
        )
    if abilities.durations == tuple(range(shortest, longest + 1)):
        raise InvalidOptionsError(
            problem=OptionProblem.DURATION_RANGE,
            model=model.name,
            seconds=asked,
            shortest=shortest,
            longest=longest,
        )
    raise InvalidOptionsError(
        problem=OptionProblem.DURATION_NOT_OFFERED,
        model=model.name,
        seconds=asked,
        durations=", ".join(str(seconds) for seconds in abilities.durations),
    )


def choose_audio(catalogue: Catalogue, kind: Kind, model: Model, choices: Choices) -> bool | None:
    """Return whether a video is heard; None where the model has no choice.

    Raises:
        InvalidOptionsError: the model cannot do what was asked, or a soundtrack would not be heard.
    """
    sound, asked = model.abilities.sound, choices.audio
    if choices.soundtrack:
        _require_soundtracks(catalogue, kind, model)
        if asked is False:
            raise InvalidOptionsError(problem=OptionProblem.SOUNDTRACK_AND_SILENCE)
    if asked is True and sound is Sound.NEVER:
        heard = [
            one.name for one in catalogue.of_kind(kind) if one.abilities.sound is not Sound.NEVER
        ]
        if not heard:
            raise InvalidOptionsError(problem=OptionProblem.NO_MODEL_HAS_SOUND)
        raise InvalidOptionsError(
            problem=OptionProblem.ALWAYS_SILENT, model=model.name, models=", ".join(heard)
        )
    if asked is False and sound is Sound.ALWAYS:
        raise InvalidOptionsError(problem=OptionProblem.NEVER_SILENT, model=model.name)
    if sound is not Sound.CHOICE:
        return None
    if asked is not None:
        return asked
    return catalogue.default_audio(kind, model, soundtrack=choices.soundtrack)


def _require_soundtracks(catalogue: Catalogue, kind: Kind, model: Model) -> None:
    """Make sure that a model takes a soundtrack.

    Raises:
        InvalidOptionsError: it does not.
    """
    if model.abilities.soundtrack is not None:
        return
    takers = [one.name for one in catalogue.of_kind(kind) if one.abilities.soundtrack is not None]
    if not takers:
        raise InvalidOptionsError(problem=OptionProblem.NO_MODEL_TAKES_SOUNDTRACKS)
    raise InvalidOptionsError(
        problem=OptionProblem.SOUNDTRACK_NOT_TAKEN, model=model.name, models=", ".join(takers)
    )


def _with_camera(options: VideoOptions, asked: str) -> VideoOptions:
    """Return options whose prompt ends with the words of a camera move.

    Raises:
        InvalidOptionsError: there is no such move.
    """
    move = asked.strip().casefold()
    if move not in CAMERA_MOVES:
        raise InvalidOptionsError(
            problem=OptionProblem.UNKNOWN_CAMERA, camera=asked, moves=", ".join(CAMERA_MOVES)
        )
    return replace(options, camera=move, prompt=with_camera(options.prompt, move))


def _check_texts(model: Model, options: VideoOptions) -> None:
    texts = (
        (PromptOption.PROMPT, options.prompt, model.abilities.prompt_limit),
        (
            PromptOption.NEGATIVE_PROMPT,
            options.negative_prompt,
            model.abilities.negative_prompt_limit,
        ),
    )
    if options.negative_prompt and not model.abilities.negative_prompt_limit:
        raise InvalidOptionsError(problem=OptionProblem.NO_NEGATIVE_PROMPT, model=model.name)
    for field, text, limit in texts:
        if text is not None and len(text) > limit:
            raise InvalidPromptError(field=field, model=model.name, limit=limit, actual=len(text))
