"""/video: what a member asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import text as words  # a command is called text
from bot.client import TweenBot
from bot.domain.catalogue import MODEL_DECIDES, MODELS, Choices, Kind
from bot.domain.errors import InvalidOptionsError
from bot.domain.problems import OptionProblem
from bot.domain.requests.pictures import PictureSource
from bot.domain.requests.sounds import SoundSource
from bot.domain.requests.submission import MAX_SEED, VideoOptions
from bot.services.intake.video_requests import VideoRequests
from cogs import _suggestions
from cogs._answers import say_queued
from cogs._checks import origin_of, requester_of, require_bot_may_post
from cogs._guarded import GuardedCog
from cogs._options import AnyCamera
from cogs._prompts import prompt_of

MOST_TYPED = 6000
"""Characters of an option at most:
https://discord.com/developers/docs/interactions/application-commands."""
MAX_PROMPT = min(MOST_TYPED, max(row.abilities.prompt_limit for row in MODELS))
MAX_NEGATIVE_PROMPT = max(row.abilities.negative_prompt_limit for row in MODELS)
LONGEST = max(row.abilities.longest for row in MODELS)

if TYPE_CHECKING:
    PromptText = str
    NegativePromptText = str
    SeedNumber = int
    Seconds = int
else:
    PromptText = app_commands.Range[str, 1, MAX_PROMPT]
    NegativePromptText = app_commands.Range[str, 1, MAX_NEGATIVE_PROMPT]
    SeedNumber = app_commands.Range[int, 0, MAX_SEED]
    Seconds = app_commands.Range[int, MODEL_DECIDES, LONGEST]


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class VideoCog(
    GuardedCog, commands.GroupCog, group_name="video", group_description=words.descriptions.VIDEO
):
    """Takes requests for videos."""

    def __init__(self, *, video_requests: VideoRequests) -> None:
        self._video_requests = video_requests
        super().__init__()

    @app_commands.command(name="frames", description=words.descriptions.VIDEO_FRAMES.description)
    @app_commands.describe(**words.descriptions.VIDEO_FRAMES.options)
    @app_commands.autocomplete(model=_suggestions.models, resolution=_suggestions.resolutions)
    @app_commands.autocomplete(duration=_suggestions.durations)
    async def frames(
        self,
        interaction: discord.Interaction[TweenBot],
        first_frame: discord.Attachment,
        last_frame: discord.Attachment | None = None,
        loop: bool = False,  # noqa: FBT001, FBT002 - options of a slash command
        prompt: PromptText | None = None,
        model: str | None = None,
        resolution: str | None = None,
        duration: Seconds | None = None,
        audio: bool | None = None,  # noqa: FBT001 - options of a slash command
        soundtrack: discord.Attachment | None = None,
        camera: AnyCamera | None = None,
        negative_prompt: NegativePromptText | None = None,
        seed: SeedNumber | None = None,
        prompt_extend: bool = True,  # noqa: FBT001, FBT002
        watermark: bool = False,  # noqa: FBT001, FBT002
        spoiler: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        """Make a video between a first and a last frame."""
        if last_frame is None and not loop:
            raise InvalidOptionsError(problem=OptionProblem.NO_LAST_FRAME)
        if last_frame is not None and loop:
            raise InvalidOptionsError(problem=OptionProblem.LOOP_AND_LAST_FRAME)
        options = VideoOptions(
            prompt=await prompt_of(interaction, prompt),
            negative_prompt=await prompt_of(interaction, negative_prompt),
            seed=seed,
            prompt_extend=prompt_extend,
            watermark=watermark,
            spoiler=spoiler,
            loop=loop,
            camera=camera,
        )
        attachments = [("first_frame", first_frame)]
        if last_frame is not None:
            attachments.append(("last_frame", last_frame))
        choices = Choices(
            model=model,
            resolution=resolution,
            duration_seconds=duration,
            audio=audio,
            soundtrack=soundtrack is not None,
        )
        await self._queue(interaction, Kind.FRAMES, options, choices, attachments, soundtrack)

    @app_commands.command(name="image", description=words.descriptions.VIDEO_IMAGE.description)
    @app_commands.describe(**words.descriptions.VIDEO_IMAGE.options)
    @app_commands.autocomplete(model=_suggestions.models, resolution=_suggestions.resolutions)
    @app_commands.autocomplete(duration=_suggestions.durations)
    async def image(
        self,
        interaction: discord.Interaction[TweenBot],
        image: discord.Attachment,
        prompt: PromptText | None = None,
        model: str | None = None,
        resolution: str | None = None,
        duration: Seconds | None = None,
        audio: bool | None = None,  # noqa: FBT001 - options of a slash command
        soundtrack: discord.Attachment | None = None,
        camera: AnyCamera | None = None,
        negative_prompt: NegativePromptText | None = None,
        seed: SeedNumber | None = None,
        prompt_extend: bool = True,  # noqa: FBT001, FBT002
        watermark: bool = False,  # noqa: FBT001, FBT002
        spoiler: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        """Make a video that begins with your picture."""
        options = VideoOptions(
            prompt=await prompt_of(interaction, prompt),
            negative_prompt=await prompt_of(interaction, negative_prompt),
            seed=seed,
            prompt_extend=prompt_extend,
            watermark=watermark,
            spoiler=spoiler,
            camera=camera,
        )
        choices = Choices(
            model=model,
            resolution=resolution,
            duration_seconds=duration,
            audio=audio,
            soundtrack=soundtrack is not None,
        )
        await self._queue(interaction, Kind.IMAGE, options, choices, [("image", image)], soundtrack)

    @app_commands.command(name="text", description=words.descriptions.VIDEO_TEXT.description)
    @app_commands.describe(**words.descriptions.VIDEO_TEXT.options)
    @app_commands.autocomplete(model=_suggestions.models, size=_suggestions.sizes)
    @app_commands.autocomplete(duration=_suggestions.durations)
    async def text(
        self,
        interaction: discord.Interaction[TweenBot],
        prompt: PromptText,
        model: str | None = None,
        size: str | None = None,
        duration: Seconds | None = None,
        audio: bool | None = None,  # noqa: FBT001 - options of a slash command
        soundtrack: discord.Attachment | None = None,
        camera: AnyCamera | None = None,
        negative_prompt: NegativePromptText | None = None,
        seed: SeedNumber | None = None,
        prompt_extend: bool = True,  # noqa: FBT001, FBT002
        watermark: bool = False,  # noqa: FBT001, FBT002
        spoiler: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        """Make a video from words alone."""
        options = VideoOptions(
            prompt=await prompt_of(interaction, prompt),
            negative_prompt=await prompt_of(interaction, negative_prompt),
            seed=seed,
            prompt_extend=prompt_extend,
            watermark=watermark,
            spoiler=spoiler,
            camera=camera,
        )
        choices = Choices(
            model=model,
            size=size,
            duration_seconds=duration,
            audio=audio,
            soundtrack=soundtrack is not None,
        )
        await self._queue(interaction, Kind.TEXT, options, choices, [], soundtrack)

    @app_commands.command(
        name="reference", description=words.descriptions.VIDEO_REFERENCE.description
    )
    @app_commands.describe(**words.descriptions.VIDEO_REFERENCE.options)
    @app_commands.autocomplete(model=_suggestions.models, size=_suggestions.sizes)
    @app_commands.autocomplete(duration=_suggestions.durations)
    async def reference(
        self,
        interaction: discord.Interaction[TweenBot],
        prompt: PromptText,
        image1: discord.Attachment,
        image2: discord.Attachment | None = None,
        image3: discord.Attachment | None = None,
        image4: discord.Attachment | None = None,
        image5: discord.Attachment | None = None,
        model: str | None = None,
        size: str | None = None,
        duration: Seconds | None = None,
        audio: bool | None = None,  # noqa: FBT001
        seed: SeedNumber | None = None,
        watermark: bool = False,  # noqa: FBT001, FBT002
        spoiler: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        """Make a video in which people or things of your pictures appear."""
        options = VideoOptions(
            prompt=await prompt_of(interaction, prompt),
            seed=seed,
            watermark=watermark,
            spoiler=spoiler,
        )
        given = [image for image in (image1, image2, image3, image4, image5) if image is not None]
        # Counted anew: a gap would shift what the words call them.
        attachments = [(f"image{number}", image) for number, image in enumerate(given, start=1)]
        choices = Choices(model=model, size=size, duration_seconds=duration, audio=audio)
        await self._queue(interaction, Kind.REFERENCE, options, choices, attachments)

    @app_commands.command(name="effect", description=words.descriptions.VIDEO_EFFECT.description)
    @app_commands.describe(**words.descriptions.VIDEO_EFFECT.options)
    @app_commands.autocomplete(
        effect=_suggestions.effects,
        model=_suggestions.models,
        resolution=_suggestions.resolutions,
    )
    async def effect(
        self,
        interaction: discord.Interaction[TweenBot],
        image: discord.Attachment,
        effect: str,
        model: str | None = None,
        resolution: str | None = None,
        seed: SeedNumber | None = None,
        watermark: bool = False,  # noqa: FBT001, FBT002
        spoiler: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        """Play a ready-made effect on your picture."""
        options = VideoOptions(effect=effect, seed=seed, watermark=watermark, spoiler=spoiler)
        choices = Choices(model=model, resolution=resolution)
        await self._queue(interaction, Kind.EFFECT, options, choices, [("image", image)])

    async def _queue(
        self,
        interaction: discord.Interaction[TweenBot],
        kind: Kind,
        options: VideoOptions,
        choices: Choices,
        attachments: list[tuple[str, discord.Attachment]],
        soundtrack: discord.Attachment | None = None,
    ) -> None:
        """Have a video made, and answer privately."""
        origin = origin_of(interaction)
        require_bot_may_post(interaction)
        queued = await self._video_requests.request(
            requester_of(interaction),
            origin,
            kind,
            options,
            choices,
            [_source(option, attachment) for option, attachment in attachments],
            None if soundtrack is None else _sound(soundtrack),
        )
        await say_queued(interaction, queued)


def _source(option: str, attachment: discord.Attachment) -> PictureSource:
    return PictureSource(
        option=option,
        url=attachment.url,
        size_bytes=attachment.size,
        content_type=attachment.content_type,
    )


def _sound(attachment: discord.Attachment) -> SoundSource:
    return SoundSource(
        url=attachment.url, size_bytes=attachment.size, content_type=attachment.content_type
    )


async def setup(bot: TweenBot) -> None:
    """Load the cog."""
    await bot.add_cog(VideoCog(video_requests=bot.services.video_requests))
