"""/video: what a member asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import panels
from bot.chat import text as words  # a command is called text
from bot.client import TweenBot
from bot.domain.catalogue import MODELS, Choices, Kind
from bot.domain.errors import InvalidOptionsError
from bot.domain.problems import OptionProblem
from bot.domain.requests.pictures import PictureSource
from bot.domain.requests.submission import MAX_SEED, VideoOptions
from bot.services.intake.video_requests import VideoRequests
from cogs import _suggestions
from cogs._checks import money_of, origin_of, requester_of, require_bot_may_post
from cogs._errors import say
from cogs._guarded import GuardedCog
from cogs._prompts import prompt_of

MAX_PROMPT = max(row.prompt_limit for row in MODELS)
MAX_NEGATIVE_PROMPT = max(row.negative_prompt_limit for row in MODELS)
DURATIONS = {
    kind: [seconds for row in MODELS if row.kind is kind for seconds in row.durations]
    for kind in (Kind.IMAGE, Kind.TEXT)
}

if TYPE_CHECKING:
    PromptText = str
    NegativePromptText = str
    SeedNumber = int
    ImageSeconds = int
    TextSeconds = int
else:
    PromptText = app_commands.Range[str, 1, MAX_PROMPT]
    NegativePromptText = app_commands.Range[str, 1, MAX_NEGATIVE_PROMPT]
    SeedNumber = app_commands.Range[int, 0, MAX_SEED]
    ImageSeconds = app_commands.Range[int, min(DURATIONS[Kind.IMAGE]), max(DURATIONS[Kind.IMAGE])]
    TextSeconds = app_commands.Range[int, min(DURATIONS[Kind.TEXT]), max(DURATIONS[Kind.TEXT])]


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
    async def frames(
        self,
        interaction: discord.Interaction[TweenBot],
        first_frame: discord.Attachment,
        last_frame: discord.Attachment | None = None,
        loop: bool = False,  # noqa: FBT001, FBT002 - options of a slash command
        prompt: PromptText | None = None,
        model: str | None = None,
        resolution: str | None = None,
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
        )
        attachments = [("first_frame", first_frame)]
        if last_frame is not None:
            attachments.append(("last_frame", last_frame))
        choices = Choices(model=model, resolution=resolution)
        await self._queue(interaction, Kind.FRAMES, options, choices, attachments)

    @app_commands.command(name="image", description=words.descriptions.VIDEO_IMAGE.description)
    @app_commands.describe(**words.descriptions.VIDEO_IMAGE.options)
    @app_commands.autocomplete(model=_suggestions.models, resolution=_suggestions.resolutions)
    async def image(
        self,
        interaction: discord.Interaction[TweenBot],
        image: discord.Attachment,
        prompt: PromptText | None = None,
        model: str | None = None,
        resolution: str | None = None,
        duration: ImageSeconds | None = None,
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
        )
        choices = Choices(model=model, resolution=resolution, duration_seconds=duration)
        await self._queue(interaction, Kind.IMAGE, options, choices, [("image", image)])

    @app_commands.command(name="text", description=words.descriptions.VIDEO_TEXT.description)
    @app_commands.describe(**words.descriptions.VIDEO_TEXT.options)
    @app_commands.autocomplete(model=_suggestions.models, size=_suggestions.sizes)
    async def text(
        self,
        interaction: discord.Interaction[TweenBot],
        prompt: PromptText,
        model: str | None = None,
        size: str | None = None,
        duration: TextSeconds | None = None,
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
        )
        choices = Choices(model=model, size=size, duration_seconds=duration)
        await self._queue(interaction, Kind.TEXT, options, choices, [])

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
        )
        await say(interaction, panels.queued(queued.job, queued.quota, money_of(interaction)))


def _source(option: str, attachment: discord.Attachment) -> PictureSource:
    return PictureSource(
        option=option,
        url=attachment.url,
        size_bytes=attachment.size,
        content_type=attachment.content_type,
    )


async def setup(bot: TweenBot) -> None:
    """Load the cog."""
    await bot.add_cog(VideoCog(video_requests=bot.services.video_requests))
