"""/video: what a member wishes for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import aiohttp
import discord
import stamina
from discord import app_commands
from discord.ext import commands

from bot.chat import panels
from bot.client import TweenBot
from bot.domain.catalogue import MODELS, Catalogue, Kind
from bot.domain.errors import InvalidImageError, InvalidOptionsError
from bot.domain.submission import MAX_SEED, GenerationOptions, Submission, validate
from bot.logs import get_logger
from bot.services import Services
from bot.services.pictures import Pictures
from bot.services.quotas import Quotas
from bot.services.submissions import Submissions
from cogs._checks import acknowledge, origin_of, require_bot_may_post
from cogs._errors import say, suggesting

log = get_logger(__name__)

MAX_PROMPT = max(row.prompt_limit for row in MODELS)
MAX_NEGATIVE_PROMPT = max(row.negative_prompt_limit for row in MODELS)
MAX_CHOICES = 25
"""https://discord.com/developers/docs/interactions/application-commands#autocomplete"""

READ_ATTEMPTS = 3
"""Discord's CDN does not always have a fresh file: https://github.com/python-discord/bot/pull/1230"""

_UNREAD = (discord.HTTPException, aiohttp.ClientError, OSError)

if TYPE_CHECKING:
    PromptText = str
    NegativePromptText = str
    SeedNumber = int
else:
    PromptText = app_commands.Range[str, 1, MAX_PROMPT]
    NegativePromptText = app_commands.Range[str, 1, MAX_NEGATIVE_PROMPT]
    SeedNumber = app_commands.Range[int, 0, MAX_SEED]


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class VideoCog(commands.GroupCog, group_name="video", group_description="Make a short video"):
    """Checks a wish and queues it."""

    def __init__(
        self, *, catalogue: Catalogue, pictures: Pictures, submissions: Submissions, quotas: Quotas
    ) -> None:
        self._catalogue = catalogue
        self._pictures = pictures
        self._submissions = submissions
        self._quotas = quotas
        super().__init__()

    @app_commands.command(name="frames")
    @app_commands.describe(
        first_frame="The picture the video begins with",
        last_frame="The picture the video ends with",
        loop="End where it began: the last frame is the first frame",
        prompt="What happens in between, in your own words",
        model="Which model makes it; without it the cheapest recommended one",
        resolution="Resolution tier; higher costs more",
        negative_prompt="What should not be seen",
        seed="Same seed and settings make a similar video again",
        prompt_extend="Let the provider rewrite the prompt (default: yes)",
        watermark="Mark the video as AI-generated (default: no)",
        spoiler="Hide the video behind a spoiler and show no preview",
    )
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
        await acknowledge(interaction)
        if last_frame is None and not loop:
            raise InvalidOptionsError(problem="no_last_frame")
        if last_frame is not None and loop:
            raise InvalidOptionsError(problem="loop_and_last_frame")
        options = GenerationOptions(
            prompt=_text(prompt),
            negative_prompt=_text(negative_prompt),
            seed=seed,
            prompt_extend=prompt_extend,
            watermark=watermark,
            spoiler=spoiler,
            loop=loop,
        )
        attachments = [("first_frame", first_frame)]
        if last_frame is not None:
            attachments.append(("last_frame", last_frame))
        await self._queue(interaction, Kind.FRAMES, options, attachments, model, resolution)

    async def _queue(
        self,
        interaction: discord.Interaction[TweenBot],
        kind: Kind,
        options: GenerationOptions,
        attachments: list[tuple[str, discord.Attachment]],
        model: str | None,
        resolution: str | None,
    ) -> None:
        """Check everything, read the pictures, queue the job, answer privately."""
        origin = origin_of(interaction)
        self._submissions.require_guild(origin.guild_id)
        require_bot_may_post(interaction)
        wish = validate(self._catalogue, kind, options, model=model, resolution=resolution)
        for option, attachment in attachments:
            self._pictures.check_declared(option, attachment.size, attachment.content_type)
        pictures, preview = await self._pictures.prepare(
            [(option, _reader(option, attachment)) for option, attachment in attachments]
        )
        job = await self._submissions.submit(
            Submission(
                origin=origin,
                wish=wish,
                pictures=pictures,
                preview=None if options.spoiler else preview,
            )
        )
        quota = await self._quotas.show(origin.guild_id, origin.requester_id, origin.role_ids)
        await say(interaction, panels.queued(job, quota.checks, interaction.client.money))

    @frames.autocomplete("model")
    @suggesting
    async def _models(
        self, interaction: discord.Interaction[TweenBot], current: str
    ) -> list[app_commands.Choice[str]]:
        money = interaction.client.money
        return [
            app_commands.Choice(
                name=f"{model.name} · from {money.show(min(model.prices.values()))}/s",
                value=model.name,
            )
            for model in self._catalogue.of_kind(Kind.FRAMES)
            if current.casefold() in model.name
        ][:MAX_CHOICES]

    @frames.autocomplete("resolution")
    @suggesting
    async def _resolutions(
        self, interaction: discord.Interaction[TweenBot], current: str
    ) -> list[app_commands.Choice[str]]:
        chosen = self._catalogue.get(str(interaction.namespace.model or ""))
        model = chosen or self._catalogue.default(Kind.FRAMES)
        if model is None:
            return []
        money = interaction.client.money
        seconds = model.default_duration
        return [
            app_commands.Choice(
                name=f"{tier} · {money.show(model.price_micros(resolution=tier, seconds=seconds))}",
                value=tier,
            )
            for tier in model.resolutions
            if current.casefold() in tier.casefold()
        ][:MAX_CHOICES]


def _reader(option: str, attachment: discord.Attachment) -> Callable[[], Awaitable[bytes]]:
    """Return how to read an attachment: at once, because its URL expires."""

    async def read() -> bytes:
        try:
            async for attempt in stamina.retry_context(
                on=_UNREAD, attempts=READ_ATTEMPTS, wait_initial=0.3, wait_max=1.0
            ):
                with attempt:
                    return await attachment.read()
        except _UNREAD as error:
            log.info("attachment_unread", option=option, reason=type(error).__name__)
            raise InvalidImageError(option=option, problem="unavailable") from error
        raise AssertionError("stamina ends with a result or an error")

    return read


def _text(value: str | None) -> str | None:
    """Return a text without surrounding blanks; none where nothing is left."""
    return (value or "").strip() or None


async def setup(bot: TweenBot) -> None:
    """Load the cog."""
    services: Services = bot.services
    await bot.add_cog(
        VideoCog(
            catalogue=services.catalogue,
            pictures=services.pictures,
            submissions=services.submissions,
            quotas=services.quotas,
        )
    )
