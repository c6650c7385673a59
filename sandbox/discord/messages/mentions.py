"""Works out whom a message notifies, which is not everybody whose name stands in it.

https://discord.com/developers/docs/resources/message#allowed-mentions-object
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.discord.world.json import Json
from sandbox.discord.world.permissions import Permission
from sandbox.discord.world.records import Channel, Message, Ping, PingReason
from sandbox.discord.world.state import State

USER = re.compile(r"<@!?(\d+)>")
ROLE = re.compile(r"<@&(\d+)>")
EVERYONE = re.compile(r"@(everyone|here)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """Whom a message names: ``mentions``, ``mention_roles`` and ``mention_everyone``."""

    user_ids: tuple[int, ...] = ()
    role_ids: tuple[int, ...] = ()
    everyone: bool = False
    replied_user_id: int | None = None
    """Included in ``user_ids``; kept apart to tell why somebody was notified."""


def resolve(
    state: State, channel: Channel, content: str, allowed: Json | None, replied: Message | None
) -> Mentions:
    """Apply ``allowed_mentions`` to a text.

    Without the object everything in the content counts, and a reply notifies the replied-to
    author; with it, only what it names does.
    """
    guild = state.guild_of(channel)
    rules = allowed if allowed is not None else {"parse": ["users", "roles", "everyone"]}
    parse = set(rules.get("parse") or ())
    users = [int(user_id) for user_id in USER.findall(content) if int(user_id) in state.users]
    if "users" not in parse:
        listed = {int(user_id) for user_id in rules.get("users") or ()}
        users = [user_id for user_id in users if user_id in listed]
    replied_id = None
    wants_reply = allowed is None or bool(allowed.get("replied_user"))
    if replied is not None and wants_reply:
        replied_id = replied.author_id
        users.append(replied_id)
    roles: list[int] = []
    everyone = False
    if guild is not None:
        may_all = state.bot_may(channel, Permission.MENTION_EVERYONE)
        named = {int(role_id) for role_id in rules.get("roles") or ()}
        roles = [
            role_id
            for role_id in map(int, ROLE.findall(content))
            if role_id in guild.roles
            and ("roles" in parse or role_id in named)
            and (may_all or guild.roles[role_id].mentionable)
        ]
        everyone = may_all and "everyone" in parse and bool(EVERYONE.search(content))
    return Mentions(
        user_ids=tuple(dict.fromkeys(users)),
        role_ids=tuple(dict.fromkeys(roles)),
        everyone=everyone,
        replied_user_id=replied_id,
    )


def pings(state: State, channel: Channel, message: Message, mentions: Mentions) -> list[Ping]:
    """List who is notified by a new message; edits notify nobody."""
    reasons: dict[int, PingReason] = {}
    guild = state.guild_of(channel)
    if guild is None:
        if channel.recipient_id is not None:
            reasons[channel.recipient_id] = PingReason.DIRECT_MESSAGE
    else:
        for user_id in mentions.user_ids:
            is_reply = user_id == mentions.replied_user_id
            reasons[user_id] = PingReason.REPLY if is_reply else PingReason.MENTION
        for member in guild.members.values():
            if mentions.everyone:
                reasons.setdefault(member.user_id, PingReason.EVERYONE)
            elif member.role_ids & set(mentions.role_ids):
                reasons.setdefault(member.user_id, PingReason.ROLE)
    return [
        Ping(
            user_id=user_id,
            message_id=message.id,
            channel_id=channel.id,
            reason=reason,
            at=message.current.at,
        )
        for user_id, reason in reasons.items()
        if user_id != message.author_id and _sees(state, channel, user_id)
    ]


def _sees(state: State, channel: Channel, user_id: int) -> bool:
    if channel.guild_id is None:
        return True
    return bool(state.permissions(channel, user_id) & Permission.VIEW_CHANNEL)
