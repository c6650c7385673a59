"""What is asked for when somebody goes on from a job: the same, or with something changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.catalogue import CAMERA_MOVES, Catalogue, Choices, Kind, Model, Sound
from bot.domain.catalogue.camera import without_camera
from bot.domain.jobs.job import Job
from bot.domain.requests.pictures import Picture
from bot.domain.requests.submission import VideoOptions, VideoSpec

TAKES = 3
"""Made at once of a video that somebody likes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRequest:
    """What somebody asks for, before it meets the catalogue."""

    kind: Kind
    options: VideoOptions
    choices: Choices


class Rewriting(StrEnum):
    """Whose words a model is to follow."""

    MINE_REWRITTEN = "mine_rewritten"
    """The member's, after the provider has rewritten them."""
    MINE = "mine"
    """The member's, as they are."""
    REWRITTEN = "rewritten"
    """Those the provider made of them the last time, as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A model and a tier that can make what a job made, or something like it."""

    model: str
    resolution: str
    size: str | None
    """As it is chosen, where the model takes one."""
    seconds: int
    """``MODEL_DECIDES`` where it is left to the model."""
    audio: bool | None
    micros: int
    """What it reserves, in micro-CNY."""

    @property
    def key(self) -> str:
        """What names it among the others."""
        return f"{self.model} {self.resolution}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What somebody changed of a job."""

    prompt: str | None
    rewriting: Rewriting
    seed: int | None
    """None draws another one."""
    variant: Variant | None
    """None leaves model and tier as they were."""
    has_last_frame: bool = False
    """Whether a new last frame came along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledEdit:
    """What somebody filled in to change a job, before it meets the catalogue."""

    prompt: str | None
    rewriting: Rewriting
    seed: int | None
    """None draws another one."""
    variant: str | None
    """Key of a ``Variant``; None leaves model and tier as they were."""
    at_most_micros: int | None
    """What that was offered for, in micro-CNY."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A job, and what can be made of it here today."""

    job: Job
    variants: tuple[Variant, ...]
    """Models and tiers that make its kind of video, in the catalogue's order."""
    take: Variant | None
    """Its own model and tier; None where they cannot be had any more."""

    @property
    def higher_tiers(self) -> tuple[Variant, ...]:
        """Its own model's tiers above its own, smallest first."""
        own = [each for each in self.variants if each.model == self.job.spec.model]
        tiers = [each.resolution for each in own]
        if self.job.spec.resolution not in tiers:
            return ()
        return tuple(own[tiers.index(self.job.spec.resolution) + 1 :])

    @property
    def other_models(self) -> tuple[Variant, ...]:
        """What others make of it."""
        return tuple(each for each in self.variants if each.model != self.job.spec.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOffer:
    """What can be made here today of a picture a video begins with."""

    variants: tuple[Variant, ...]
    """What makes one of it alone, then what needs a last frame."""
    need_last_frame: frozenset[str]
    """Keys of the latter."""
    usual: str | None
    """Key of what is taken when nobody chooses."""

    @property
    def always_needs_last_frame(self) -> bool:
        """Whether nothing that is offered makes a video of the one picture alone."""
        return bool(self.variants) and all(
            each.key in self.need_last_frame for each in self.variants
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledStart:
    """What somebody filled in to go on from a picture or a video."""

    prompt: str | None
    variant: str | None
    """Key of a ``Variant``; None leaves it to the guild."""
    at_most_micros: int | None
    """What that was offered for, in micro-CNY."""


def start_offer(catalogue: Catalogue) -> StartOffer:
    """Return what a guild's members can make of a picture a video begins with."""
    alone = variants(catalogue, Kind.IMAGE)
    known = {each.key for each in alone}
    between = [each for each in variants(catalogue, Kind.FRAMES) if each.key not in known]
    kind = Kind.IMAGE if alone else Kind.FRAMES
    model = catalogue.default(kind)
    usual = None
    if model is not None:
        usual = f"{model.name} {catalogue.default_resolution(kind, model)}"
    return StartOffer(
        variants=(*alone, *between),
        need_last_frame=frozenset(each.key for each in between),
        usual=usual,
    )


def started(
    catalogue: Catalogue, filled: FilledStart, options: VideoOptions, *, has_last_frame: bool
) -> VideoRequest:
    """Return what asks for a video of a picture it begins with.

    Args:
        catalogue: a guild's own.
        filled: what somebody filled in.
        options: how the video is made besides.
        has_last_frame: whether a picture came along that it is to end with.
    """
    kind = Kind.FRAMES if has_last_frame else Kind.IMAGE
    choices = Choices()
    if filled.variant is not None:
        offered = {each.key: each for each in variants(catalogue, kind)}
        # One that makes another kind is refused by its name where the request meets the catalogue.
        model, _, resolution = filled.variant.partition(" ")
        choices = Choices(model=model, resolution=resolution)
        if filled.variant in offered:
            choices = choices_of(offered[filled.variant])
    return VideoRequest(kind=kind, options=replace(options, prompt=filled.prompt), choices=choices)


def request_of(spec: VideoSpec) -> VideoRequest:
    """Return what asks for a video exactly as it was asked for."""
    return VideoRequest(
        kind=spec.kind,
        options=_as_typed(spec.options),
        choices=Choices(
            model=spec.model,
            resolution=None if _size_of(spec) else spec.resolution,
            size=_size_of(spec),
            duration_seconds=spec.duration_seconds,
            audio=spec.audio,
            soundtrack=spec.soundtrack is not None,
        ),
    )


def another_take(job: Job) -> VideoRequest:
    """Return the same with another seed."""
    asked = request_of(job.spec)
    return replace(asked, options=replace(asked.options, seed=None))


def alike(job: Job, variant: Variant, model: Model) -> VideoRequest:
    """Return something as near to a video as another tier or model comes.

    The seed is the same, and so are the words that were followed, as far as the model reads them.

    Args:
        job: what it is to be like.
        variant: what makes it.
        model: the variant's.
    """
    options, words = job.options, job.result.actual_prompt
    if words and len(words) <= model.abilities.prompt_limit and job.spec.kind is not Kind.EFFECT:
        options = replace(options, prompt=words, prompt_extend=False, camera=None)
    else:
        options = _as_typed(options)
    if not model.abilities.negative_prompt_limit:
        options = replace(options, negative_prompt=None)
    choices = choices_of(variant, soundtrack=job.spec.soundtrack is not None)
    return VideoRequest(kind=job.spec.kind, options=options, choices=choices)


def edited(job: Job, edit: Edit) -> VideoRequest:
    """Return a job's request with what somebody changed of it.

    Args:
        job: what is changed.
        edit: as it was filled in. Words that end with those of the camera move keep the move.
    """
    asked = request_of(job.spec)
    options = replace(
        job.options,
        prompt=edit.prompt,
        prompt_extend=edit.rewriting is Rewriting.MINE_REWRITTEN,
        seed=edit.seed,
    )
    if edit.rewriting is Rewriting.REWRITTEN:
        options = replace(options, prompt=job.result.actual_prompt, camera=None)
    if edit.has_last_frame:
        options = replace(options, loop=False)
    kind = Kind.FRAMES if edit.has_last_frame and asked.kind is Kind.IMAGE else asked.kind
    choices = asked.choices
    if edit.variant is not None:
        choices = choices_of(edit.variant, soundtrack=job.spec.soundtrack is not None)
    return VideoRequest(kind=kind, options=_as_typed(options), choices=choices)


def choices_of(variant: Variant, *, soundtrack: bool = False) -> Choices:
    """Return the choice of a variant."""
    return Choices(
        model=variant.model,
        resolution=None if variant.size else variant.resolution,
        size=variant.size,
        duration_seconds=variant.seconds,
        audio=variant.audio,
        soundtrack=soundtrack,
    )


def variants(catalogue: Catalogue, kind: Kind, like: VideoSpec | None = None) -> list[Variant]:
    """Return what can make a kind of video, in the catalogue's order.

    Args:
        catalogue: a guild's own.
        kind: what is started from.
        like: whose length, shape and sound are kept where a model has them.
    """
    found = []
    effect = None if like is None else like.options.effect
    for model in catalogue.of_kind(kind, effect=effect):
        if like is not None and not _takes(model, like):
            continue
        found += [_variant(catalogue, kind, model, tier, like) for tier in model.resolutions]
    return found


def fits(model: Model, pictures: tuple[Picture, ...]) -> bool:
    """Tell whether a model takes pictures that were made to fit another one."""
    bounds = model.abilities.pictures
    return all(
        min(picture.width, picture.height) >= bounds.min_side
        and max(picture.width, picture.height) <= bounds.max_side
        and max(picture.width, picture.height)
        <= bounds.max_ratio * min(picture.width, picture.height)
        for picture in pictures
    )


def _takes(model: Model, like: VideoSpec) -> bool:
    """Tell whether a model can do with everything that a job was given."""
    return like.soundtrack is None or model.abilities.soundtrack is not None


def _variant(
    catalogue: Catalogue, kind: Kind, model: Model, tier: str, like: VideoSpec | None
) -> Variant:
    seconds, audio = model.abilities.default_duration, catalogue.default_audio(kind, model)
    if like is not None:
        if model.can_last(like.duration_seconds):
            seconds = like.duration_seconds
        if model.abilities.sound is Sound.CHOICE and like.audio is not None:
            audio = like.audio
    price = model.price(resolution=tier, seconds=seconds, audio=audio)
    return Variant(
        model=model.name,
        resolution=tier,
        size=_nearest_size(kind, model, tier, like),
        seconds=seconds,
        audio=audio,
        micros=price.reserved.micros,
    )


def _nearest_size(kind: Kind, model: Model, tier: str, like: VideoSpec | None) -> str | None:
    """Return the size of a tier whose shape is nearest; None where pictures decide."""
    sizes = [size for size in model.sizes(kind) if model.tier_of(kind, size) == tier]
    if not sizes:
        return None
    wanted = None if like is None else _shape(_size_of(like))
    if wanted is None:
        return sizes[0]
    shapes = {size: shape for size in sizes if (shape := _shape(size)) is not None}
    return min(shapes, key=lambda size: abs(shapes[size] - wanted), default=sizes[0])


def _shape(size: str | None) -> float | None:
    """Return width by height of ``W*H`` or ``720P 16:9``; None where neither is said."""
    if size is None:
        return None
    for sign in ("*", ":"):
        width, found, height = size.rpartition(" ")[2].partition(sign)
        if found:
            return int(width) / int(height)
    return None


def _size_of(spec: VideoSpec) -> str | None:
    """Return what was chosen as a size, where the model takes one."""
    if spec.size is not None:
        return spec.size
    if spec.ratio is not None and spec.kind in {Kind.TEXT, Kind.REFERENCE}:
        return f"{spec.resolution} {spec.ratio}"
    return None


def _as_typed(options: VideoOptions) -> VideoOptions:
    """Return options as they were typed: the words of the camera move are added anew."""
    if options.camera is None:
        return options
    if options.camera not in CAMERA_MOVES:
        return replace(options, camera=None)
    before = without_camera(options.prompt, options.camera)
    return replace(options, camera=None) if before is None else replace(options, prompt=before)
