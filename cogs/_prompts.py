"""What was typed, as a model should read it: names where Discord wrote ids.

The names come with the command, else from what the gateway tells of every server (its roles and
channels), else Discord is asked for them: of members it tells nothing without a privileged intent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TypeAlias, cast

import discord

from bot.chat import text
from bot.client import TweenBot
from bot.domain.requests.mentions import Mention, MentionKind, mentions_in, with_names

_Sent: TypeAlias = Mapping[str, Mapping[str, Mapping[str, str | None]]]
"""What Discord sends along: by kind and id, as far as it is read here."""

MOST_ASKED = 5
"""Members of one command that Discord is asked for; who mentions more mentions a crowd."""
PATIENCE_SECONDS = 3.0


async def prompt_of(interaction: discord.Interaction[TweenBot], typed: str | None) -> str | None:
    """Return a text as a model should read it; none where nothing visible is left."""
    stripped = (typed or "").strip()
    if not text.phrases.one_line(stripped, len(stripped)):
        return None
    mentioned = mentions_in(stripped)
    names = {mention: _known_name(interaction, mention) for mention in mentioned}
    unknown = [mention for mention in mentioned if names[mention] is None]
    asked = await _ask(interaction, unknown)
    return with_names(
        stripped,
        {at: name or asked.get(at) or text.mentions.UNKNOWN[at.kind] for at, name in names.items()},
        written=text.mentions.moment,
        page=text.mentions.PAGE,
    )


def _known_name(interaction: discord.Interaction[TweenBot], mention: Mention) -> str | None:
    guild = interaction.guild
    match mention.kind:
        case MentionKind.MEMBER:
            user = _sent_along(interaction, "users", mention)
            nick = _sent_along(interaction, "members", mention).get("nick")
            return nick or user.get("global_name") or user.get("username")
        case MentionKind.ROLE:
            sent = _sent_along(interaction, "roles", mention).get("name")
            role = guild.get_role(mention.id) if guild else None
            return sent or (role.name if role else None)
        case MentionKind.CHANNEL:
            sent = _sent_along(interaction, "channels", mention).get("name")
            channel = guild.get_channel_or_thread(mention.id) if guild else None
            return sent or (channel.name if channel else None)


def _sent_along(
    interaction: discord.Interaction[TweenBot], kind: str, mention: Mention
) -> Mapping[str, str | None]:
    """Return what came with the command about somebody or something that it mentions."""
    data = cast("Mapping[str, _Sent]", interaction.data or {})
    return data.get("resolved", {}).get(kind, {}).get(str(mention.id), {})


async def _ask(
    interaction: discord.Interaction[TweenBot], unknown: list[Mention]
) -> dict[Mention, str]:
    """Ask Discord for the display names of members; who is not found is left out."""
    guild = interaction.guild
    members = [at for at in unknown if at.kind is MentionKind.MEMBER][:MOST_ASKED]
    found: dict[Mention, str] = {}
    if guild is None or not members:
        return found
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            for mention in members:
                try:
                    found[mention] = (await guild.fetch_member(mention.id)).display_name
                except discord.NotFound:
                    continue
    except (discord.DiscordException, TimeoutError, OSError):
        pass  # a word stands for each: no reason to refuse the whole request
    return found
