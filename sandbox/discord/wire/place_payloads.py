"""Writes users, roles, channels and guilds as Discord's JSON.

discord.py needs every key that is here; see its ``types`` package.
"""

from __future__ import annotations

from sandbox.discord.world.json import Json
from sandbox.discord.world.records import (
    THREAD_KINDS,
    Channel,
    ChannelKind,
    Guild,
    Member,
    Role,
    User,
)
from sandbox.discord.world.state import State


class PlacePayloads:
    """Writes JSON; needs the state to follow ids."""

    def __init__(self, state: State) -> None:
        self._state = state

    def user(self, user: User) -> Json:
        """Write a user."""
        return {
            "id": str(user.id),
            "username": user.name,
            "global_name": None if user.bot else user.name.title(),
            "discriminator": "0000" if user.bot else "0",
            "avatar": None,
            "bot": user.bot,
            "system": False,
            "banner": None,
            "accent_color": None,
            "avatar_decoration_data": None,
            "collectibles": None,
            "primary_guild": None,
            "public_flags": 0,
            "flags": 0,
        }

    def own_user(self) -> Json:
        """Write the bot's user as ``/users/@me`` shows it."""
        return {
            **self.user(self._state.bot),
            "mfa_enabled": True,
            "locale": "en-US",
            "premium_type": 0,
            "email": None,
            "verified": True,
        }

    def member(self, member: Member, *, permissions: int | None = None) -> Json:
        """Write a member; interactions add what they may do in the channel."""
        data: Json = {
            "user": self.user(self._state.users[member.user_id]),
            "nick": member.nick,
            "avatar": None,
            "banner": None,
            "collectibles": None,
            "roles": [str(role_id) for role_id in sorted(member.role_ids)],
            "joined_at": member.joined_at.isoformat(),
            "premium_since": None,
            "communication_disabled_until": None,
            "pending": False,
            "deaf": False,
            "mute": False,
            "flags": 0,
        }
        if permissions is not None:
            data["permissions"] = str(permissions)
        return data

    @staticmethod
    def role(role: Role) -> Json:
        """Write a role."""
        return {
            "id": str(role.id),
            "name": role.name,
            "permissions": str(role.permissions),
            "position": role.position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": role.managed,
            "mentionable": role.mentionable,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }

    def channel(self, channel: Channel, *, permissions: int | None = None) -> Json:
        """Write a guild channel, thread or direct message."""
        if channel.kind is ChannelKind.DM:
            data = self._direct_channel(channel)
        elif channel.kind in THREAD_KINDS:
            data = self._thread(channel)
        else:
            data = self._guild_channel(channel)
        if permissions is not None:
            data["permissions"] = str(permissions)
        return data

    def _base_channel(self, channel: Channel) -> Json:
        last = [
            message.id for message in channel.messages.values() if message.ephemeral_for is None
        ]
        return {
            "id": str(channel.id),
            "type": int(channel.kind),
            "flags": 0,
            "last_message_id": str(last[-1]) if last else None,
        }

    def _direct_channel(self, channel: Channel) -> Json:
        recipient = self._state.users[channel.recipient_id or 0]
        return {**self._base_channel(channel), "recipients": [self.user(recipient)]}

    def _thread(self, channel: Channel) -> Json:
        data: Json = {
            **self._base_channel(channel),
            "guild_id": str(channel.guild_id),
            "parent_id": str(channel.parent_id),
            "owner_id": str(channel.owner_id),
            "name": channel.name,
            "rate_limit_per_user": channel.slowmode_seconds,
            "message_count": len(channel.messages),
            "total_message_sent": len(channel.messages),
            "member_count": 2,
            "thread_metadata": {
                "archived": channel.archived,
                "locked": channel.locked,
                "auto_archive_duration": 1440,
                "archive_timestamp": self._state.clock.iso(),
                "create_timestamp": self._state.clock.iso(),
            },
        }
        if channel.bot_is_member:
            data["member"] = {
                "id": str(channel.id),
                "user_id": str(self._state.bot.id),
                "join_timestamp": self._state.clock.iso(),
                "flags": 0,
            }
        return data

    def _guild_channel(self, channel: Channel) -> Json:
        data: Json = {
            **self._base_channel(channel),
            "guild_id": str(channel.guild_id),
            "name": channel.name,
            "position": channel.position,
            "parent_id": str(channel.parent_id) if channel.parent_id else None,
            "nsfw": channel.nsfw,
            "permission_overwrites": [
                {
                    "id": str(target),
                    "type": int(overwrite.is_member),
                    "allow": str(overwrite.allow),
                    "deny": str(overwrite.deny),
                }
                for target, overwrite in channel.overwrites.items()
            ],
        }
        if channel.kind is not ChannelKind.CATEGORY:
            data |= {"topic": None, "rate_limit_per_user": channel.slowmode_seconds}
        if channel.kind in {ChannelKind.VOICE, ChannelKind.STAGE}:
            data |= {"bitrate": 64_000, "user_limit": 0, "rtc_region": None}
        if channel.kind in {ChannelKind.FORUM, ChannelKind.MEDIA}:
            data |= {"available_tags": [], "default_forum_layout": 0, "default_sort_order": None}
        return data

    def guild(self, guild: Guild) -> Json:
        """Write a guild as REST shows it."""
        return {
            "id": str(guild.id),
            "name": guild.name,
            "icon": None,
            "description": None,
            "home_header": None,
            "splash": None,
            "discovery_splash": None,
            "features": guild.features,
            "banner": None,
            "owner_id": str(guild.owner_id),
            "application_id": None,
            "region": "rotterdam",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "widget_enabled": False,
            "widget_channel_id": None,
            "verification_level": 1,
            "roles": [self.role(role) for role in guild.roles.values()],
            "default_message_notifications": 1,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": None,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": None,
            "premium_tier": guild.premium_tier,
            "premium_subscription_count": 0,
            "preferred_locale": guild.shown_locale,
            "rules_channel_id": None,
            "safety_alerts_channel_id": None,
            "public_updates_channel_id": None,
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "nsfw_level": 0,
            "emojis": [],
            "stickers": [],
            "incidents_data": None,
        }

    def guild_create(self, guild: Guild) -> Json:
        """Write a guild as GUILD_CREATE brings it, with channels, threads and the bot's member."""
        me = guild.members[self._state.bot.id]
        channels = self._state.channels_of(guild)
        return {
            **self.guild(guild),
            "joined_at": me.joined_at.isoformat(),
            "large": False,
            "unavailable": False,
            "member_count": len(guild.members),
            "members": [self.member(me)],
            "channels": [
                self.channel(channel) for channel in channels if channel.kind not in THREAD_KINDS
            ],
            "threads": [
                self.channel(channel)
                for channel in channels
                if channel.kind in THREAD_KINDS and not channel.archived and channel.bot_is_member
            ],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
