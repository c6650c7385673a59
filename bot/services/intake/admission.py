"""Whether a member may make this wish here: blocks, channels, models, effects, words.

Asked before anything is read of a wish, and again in the transaction of the RESERVE with the
guild's row locked, so that a block or a setting that came in between counts.
"""

from __future__ import annotations

from collections.abc import Collection

from bot.domain.catalogue import Catalogue, Kind
from bot.domain.catalogue.permits import Permits
from bot.domain.errors import DrainingError
from bot.domain.host.overview import Switch
from bot.domain.ids import GuildId
from bot.domain.requests.denials import ChannelClosedError, MemberBlockedError, WordBlockedError
from bot.domain.requests.submission import (
    Choices,
    GenerationOptions,
    Origin,
    Wish,
    choose_effect,
    choose_model,
    validate,
)
from bot.domain.requests.words import found
from bot.services.switch import switch_of
from bot.storage import moderation, permits
from bot.storage.engine import Connection, Database


class Admission:
    """The only reader of what a guild's admins and moderators forbid."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue

    async def catalogue(self, guild_id: GuildId) -> Catalogue:
        """Return what a guild's members may choose from, with the guild's defaults."""
        async with self._database.read() as connection:
            decided = await permits.of_guild(connection, guild_id)
            chosen = await permits.defaults_of(connection, guild_id)
        return self._catalogue.within(decided, chosen)

    async def admit(
        self, origin: Origin, kind: Kind, options: GenerationOptions, choices: Choices
    ) -> Wish:
        """Return the wish that was typed, where this member may make it here.

        Raises:
            MemberBlockedError, ChannelClosedError, WordBlockedError: they may not.
            RequestError: whatever ``validate`` refuses.
        """
        async with self._database.read() as connection:
            decided = await _enter(connection, origin)
            chosen = await permits.defaults_of(connection, origin.guild_id)
            blocked = await moderation.words_of(connection, origin.guild_id)
        wish = validate(self._catalogue.within(decided, chosen), kind, options, choices)
        _check_words(options, blocked)
        return wish

    async def readmit(self, connection: Connection, origin: Origin, wish: Wish) -> None:
        """Make sure that a wish may still be made; the caller's transaction holds the locks.

        Raises:
            MemberBlockedError, ChannelClosedError, ModelDeniedError, EffectDeniedError,
            WordBlockedError: it may not any more.
        """
        decided = await _enter(connection, origin)
        offered = self._catalogue.within(decided, {})
        effect = wish.options.effect
        if effect is not None:
            choose_effect(offered, effect)
        choose_model(offered, wish.kind, wish.model, effect=effect)
        _check_words(wish.options, await moderation.words_of(connection, origin.guild_id))


async def _enter(connection: Connection, origin: Origin) -> Permits:
    """Return what the guild decided, where this member may make videos in this channel."""
    if await switch_of(connection) is Switch.DRAINING:
        raise DrainingError
    if await moderation.is_blocked(connection, origin.guild_id, origin.requester_id):
        raise MemberBlockedError
    decided = await permits.of_guild(connection, origin.guild_id)
    if not decided.allows_channel(origin.channel_path):
        opened = tuple(each for each, allowed in decided.channels.items() if allowed)
        raise ChannelClosedError(instead=opened)
    return decided


def _check_words(options: GenerationOptions, blocked: Collection[str]) -> None:
    if not blocked:
        return
    for field, prompt in (
        ("prompt", options.prompt),
        ("negative_prompt", options.negative_prompt),
    ):
        if prompt is not None and found(prompt, blocked) is not None:
            raise WordBlockedError(field=field)
