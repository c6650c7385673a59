"""Adds up who may do what where: roles, then overwrites.

Order of evaluation: https://discord.com/developers/docs/topics/permissions#permission-overwrites
"""

from __future__ import annotations

from enum import IntFlag

from sandbox.discord.world.records import THREAD_KINDS, Channel, ChannelKind, Guild


class Permission(IntFlag):
    """The bits this server looks at; others pass through as numbers."""

    KICK_MEMBERS = 1 << 1
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    BYPASS_SLOWMODE = 1 << 52


EVERYONE_DEFAULT = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.MENTION_EVERYONE
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
"""What @everyone may do in a new guild."""

BOT_INVITE = Permission(274_878_024_704)
"""View, send, embed, attach, history, send in threads: the role the bot's invitation makes."""

DIRECT_MESSAGE_APP_PERMISSIONS = 442_368
"""``app_permissions`` of an interaction in the bot's own DM as the documentation samples it.

Neither VIEW_CHANNEL nor SEND_MESSAGES is in it:
https://discord.com/developers/docs/interactions/receiving-and-responding
"""

ALL = sum(Permission) | ((1 << 53) - 1)


def parse(value: int | str | Permission | list[str] | tuple[str, ...]) -> int:
    """Read permissions from a number, a name, or a list of names."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return int(value) if value.isdigit() else int(Permission[value.upper()])
    total = 0
    for name in value:
        total |= int(Permission[name.upper()])
    return total


def in_guild(guild: Guild, user_id: int) -> int:
    """Add up what a member's roles allow."""
    member = guild.members.get(user_id)
    if member is None:
        return 0
    if guild.owner_id == user_id:
        return ALL
    allowed = guild.roles[guild.id].permissions
    for role_id in member.role_ids:
        allowed |= guild.roles[role_id].permissions
    return ALL if allowed & Permission.ADMINISTRATOR else allowed


def in_channel(guild: Guild, channel: Channel, user_id: int) -> int:
    """Apply a channel's overwrites: @everyone, then roles, then the member.

    ``channel`` is the parent for a thread, which has no overwrites of its own.
    """
    base = in_guild(guild, user_id)
    if base in {0, ALL}:
        return base
    everyone = channel.overwrites.get(guild.id)
    if everyone is not None:
        base = (base & ~everyone.deny) | everyone.allow
    denied = allowed = 0
    for role_id in guild.members[user_id].role_ids:
        overwrite = channel.overwrites.get(role_id)
        if overwrite is not None:
            denied |= overwrite.deny
            allowed |= overwrite.allow
    base = (base & ~denied) | allowed
    own = channel.overwrites.get(user_id)
    if own is not None:
        base = (base & ~own.deny) | own.allow
    return base


def send_bit(channel: Channel) -> Permission:
    """Name the permission that posting needs in this kind of channel."""
    if channel.kind in THREAD_KINDS:
        return Permission.SEND_MESSAGES_IN_THREADS
    return Permission.SEND_MESSAGES


def holds_messages(channel: Channel) -> bool:
    """Tell whether messages can be posted there at all."""
    return channel.kind not in {ChannelKind.CATEGORY, ChannelKind.FORUM, ChannelKind.MEDIA}
