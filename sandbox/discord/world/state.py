"""Holds all records of one server and finds them. Nothing here does I/O."""

from __future__ import annotations

import base64
import secrets
from typing import TypeAlias, TypeVar

from sandbox.discord.world import permissions
from sandbox.discord.world.clock import Clock
from sandbox.discord.world.interaction_records import Command, Interaction
from sandbox.discord.world.permissions import Permission
from sandbox.discord.world.records import THREAD_KINDS, Channel, Guild, Message, Ping, User
from sandbox.discord.world.settings import DiscordSettings
from sandbox.discord.world.snowflakes import Snowflakes

Named = TypeVar("Named", User, Guild, Channel)
UserRef: TypeAlias = User | int | str
"""A user, an id, or a name."""
ChannelRef: TypeAlias = Channel | int | str
"""A channel, an id, or a name."""
GuildRef: TypeAlias = Guild | int | str
"""A guild, an id, or a name."""
MessageRef: TypeAlias = Message | int | str
"""A message or an id."""


class State:
    """Knows the world as the server does."""

    def __init__(self, settings: DiscordSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.ids = Snowflakes(clock)
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.interactions: dict[int, Interaction] = {}
        self.commands: dict[int, Command] = {}
        self.pings: list[Ping] = []
        self.nonces: dict[tuple[int, str], tuple[int, float]] = {}
        """(author, nonce) to (message, time): what ``enforce_nonce`` looks up."""
        self.last_send_at: dict[int, float] = {}
        """When the bot last posted, by channel: slow mode."""
        self.command_creates = 0
        """New commands registered; Discord allows 200 a day and guild (30034)."""
        application_id = self.ids.next()
        self.application_id = application_id
        self.bot = self.add_user(User(id=application_id, name=settings.bot_name, bot=True))
        self.token = settings.token or self._made_up_token()

    def _made_up_token(self) -> str:
        head = base64.urlsafe_b64encode(str(self.application_id).encode()).decode().rstrip("=")
        return f"{head}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(28)}"

    def add_user(self, user: User) -> User:
        """Keep a user."""
        self.users[user.id] = user
        return user

    def user(self, ref: UserRef) -> User:
        """Find a user.

        Raises:
            KeyError: there is none.
        """
        if isinstance(ref, User):
            return ref
        if isinstance(ref, int) or ref.isdigit():
            return self.users[int(ref)]
        return self._by_name(ref, list(self.users.values()))

    def guild(self, ref: GuildRef) -> Guild:
        """Find a guild.

        Raises:
            KeyError: there is none.
        """
        if isinstance(ref, Guild):
            return ref
        if isinstance(ref, int) or ref.isdigit():
            return self.guilds[int(ref)]
        return self._by_name(ref, list(self.guilds.values()))

    def channel(self, ref: ChannelRef) -> Channel:
        """Find a channel, thread or direct message.

        Raises:
            KeyError: there is none.
        """
        if isinstance(ref, Channel):
            return ref
        if isinstance(ref, int) or ref.isdigit():
            return self.channels[int(ref)]
        return self._by_name(ref.removeprefix("#"), list(self.channels.values()))

    def message(self, ref: MessageRef) -> Message:
        """Find a message.

        Raises:
            KeyError: there is none.
        """
        return ref if isinstance(ref, Message) else self.messages[int(ref)]

    @staticmethod
    def _by_name(name: str, among: list[Named]) -> Named:
        for thing in among:
            if thing.name == name:
                return thing
        raise KeyError(name)

    def guild_of(self, channel: Channel) -> Guild | None:
        """Return the guild a channel is in; None for a direct message."""
        return None if channel.guild_id is None else self.guilds[channel.guild_id]

    def channels_of(self, guild: Guild) -> list[Channel]:
        """List a guild's living channels and threads."""
        return [
            channel
            for channel in self.channels.values()
            if channel.guild_id == guild.id and not channel.deleted
        ]

    def public_messages(self, ref: ChannelRef) -> list[Message]:
        """List what everybody in a channel sees, oldest first."""
        messages = self.channel(ref).messages.values()
        return [message for message in messages if message.ephemeral_for is None]

    def permissions(self, channel: Channel, user_id: int) -> int:
        """Add up what a user may do in a channel; a thread takes its parent's overwrites."""
        guild = self.guild_of(channel)
        if guild is None:
            return permissions.DIRECT_MESSAGE_APP_PERMISSIONS
        if channel.kind in THREAD_KINDS and channel.parent_id is not None:
            if user_id == self.bot.id and not channel.bot_is_member:
                return 0
            channel = self.channels[channel.parent_id]
        return permissions.in_channel(guild, channel, user_id)

    def bot_may(self, channel: Channel, permission: Permission) -> bool:
        """Tell whether the bot has a permission; everything goes in its own DMs."""
        if channel.guild_id is None:
            return True
        return bool(self.permissions(channel, self.bot.id) & permission)

    def upload_limit(self, channel: Channel) -> int:
        """Return the largest file the bot may post there, in bytes."""
        guild = self.guild_of(channel)
        return self.settings.upload_limits_bytes[guild.premium_tier if guild else 0]

    def direct_channel(self, user_id: int) -> Channel | None:
        """Find the bot's DM with a user."""
        for channel in self.channels.values():
            if channel.recipient_id == user_id:
                return channel
        return None

    def shares_guild(self, user_id: int) -> bool:
        """Tell whether bot and user have a guild in common."""
        return any(
            user_id in guild.members
            for guild in self.guilds.values()
            if not guild.deleted and not guild.bot_removed
        )
