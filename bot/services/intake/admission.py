"""Whether a member may make this video here: blocks, channels, models, effects, words.

Asked before a picture is read, and again in the transaction of the RESERVE with the
guild's row locked, so that a block or a setting that came in between counts.
"""

from __future__ import annotations

from collections.abc import Collection

from bot.domain.catalogue import Catalogue, Choices, Kind
from bot.domain.catalogue.permits import Permits
from bot.domain.errors import DrainingError, InvalidOptionsError
from bot.domain.guilds.denials import ChannelClosedError, MemberBlockedError, WordBlockedError
from bot.domain.host.switch import Switch
from bot.domain.ids import GuildId
from bot.domain.people import Requester
from bot.domain.ports import Clock
from bot.domain.problems import OptionProblem, PromptOption
from bot.domain.requests.submission import (
    VideoOptions,
    VideoSpec,
    choose_effect,
    choose_model,
    validate,
)
from bot.domain.requests.words import found
from bot.storage import host_state, moderation, permits
from bot.storage.engine import Connection, Database


class Admission:
    """The only reader of what a guild's admins and moderators forbid."""

    def __init__(self, database: Database, catalogue: Catalogue, clock: Clock) -> None:
        self._database = database
        self._catalogue = catalogue
        self._clock = clock

    def offered(self) -> Catalogue:
        """Return what is sold today, whatever guilds make of it."""
        return self._catalogue.on(self._clock.now().date())

    async def catalogue(self, guild_id: GuildId) -> Catalogue:
        """Return what a guild's members may choose from, with the guild's defaults."""
        async with self._database.read() as connection:
            decided = await permits.of_guild(connection, guild_id, path=())
            chosen = await permits.defaults_of(connection, guild_id)
        return self.offered().within(decided, chosen)

    async def admit(
        self, requester: Requester, kind: Kind, options: VideoOptions, choices: Choices
    ) -> VideoSpec:
        """Return what was asked for, where this member may make it here.

        Raises:
            MemberBlockedError, ChannelClosedError, WordBlockedError: they may not.
            RequestError: whatever ``validate`` refuses.
        """
        async with self._database.read() as connection:
            guild_id, decided = await _enter(connection, requester)
            chosen = await permits.defaults_of(connection, guild_id)
            blocked = await moderation.words_of(connection, guild_id)
        spec = validate(self.offered().within(decided, chosen), kind, options, choices)
        _check_words(options, blocked)
        return spec

    async def readmit(self, connection: Connection, requester: Requester, spec: VideoSpec) -> None:
        """Make sure that a video may still be made; the caller's transaction holds the locks.

        Raises:
            MemberBlockedError, ChannelClosedError, ModelDeniedError, EffectDeniedError,
            WordBlockedError: it may not any more.
        """
        guild_id, decided = await _enter(connection, requester)
        offered = self.offered().within(decided, {})
        effect = spec.options.effect
        if effect is not None:
            choose_effect(offered, effect)
        choose_model(offered, spec.kind, spec.model, effect=effect)
        _check_words(spec.options, await moderation.words_of(connection, guild_id))


async def _enter(connection: Connection, requester: Requester) -> tuple[GuildId, Permits]:
    """Return the guild and what it decided, where this member may make videos in this channel."""
    guild_id = requester.guild_id
    if guild_id is None:
        raise InvalidOptionsError(problem=OptionProblem.GUILD_ONLY)
    if await host_state.switch_of(connection) is Switch.DRAINING:
        raise DrainingError
    if await moderation.is_blocked(connection, guild_id, requester.user_id):
        raise MemberBlockedError
    decided = await permits.of_guild(connection, guild_id, path=requester.channel_path)
    if not decided.allows_channel(requester.channel_path):
        opened = tuple(channel_id for channel_id, allowed in decided.channels.items() if allowed)
        raise ChannelClosedError(instead=opened)
    return guild_id, decided


def _check_words(options: VideoOptions, blocked: Collection[str]) -> None:
    if not blocked:
        return
    for field, prompt in (
        (PromptOption.PROMPT, options.prompt),
        (PromptOption.NEGATIVE_PROMPT, options.negative_prompt),
    ):
        if prompt is not None and found(prompt, blocked) is not None:
            raise WordBlockedError(field=field)
