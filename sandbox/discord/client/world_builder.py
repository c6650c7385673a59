"""Builds and changes the world; the gateway tells the bot about each change."""

from __future__ import annotations

from sandbox.discord.core import Core
from sandbox.discord.messages import posting
from sandbox.discord.world import permissions
from sandbox.discord.world.json import Json
from sandbox.discord.world.permissions import BOT_INVITE, EVERYONE_DEFAULT
from sandbox.discord.world.records import (
    THREAD_KINDS,
    Channel,
    ChannelKind,
    Guild,
    Member,
    Overwrite,
    Role,
    User,
)
from sandbox.discord.world.state import ChannelRef, GuildRef, MessageRef, UserRef

PermissionsLike = int | str | list[str] | tuple[str, ...]


class WorldBuilder:
    """Does to users, guilds and channels what a person with a mouse would."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._state = core.state

    def _dispatch(self, event: str, data: Json, guild_id: int) -> None:
        self._core.gateway.dispatch(event, data, guild_id=guild_id)

    def add_user(
        self, name: str, *, bot: bool = False, nitro: bool = False, locale: str = "en-US"
    ) -> User:
        """Add an account."""
        return self._state.add_user(
            User(id=self._state.ids.next(), name=name, bot=bot, nitro=nitro, locale=locale)
        )

    def add_guild(self, name: str, premium_tier: int = 0, *, owner: UserRef | None = None) -> Guild:
        """Add a guild with the bot in it; its owner is made up if not given."""
        state = self._state
        guild_id = state.ids.next()
        owner_user = state.user(owner) if owner else self.add_user(f"owner of {name}")
        guild = Guild(id=guild_id, name=name, owner_id=owner_user.id, premium_tier=premium_tier)
        guild.roles[guild_id] = Role(
            id=guild_id, name="@everyone", permissions=int(EVERYONE_DEFAULT), position=0
        )
        bot_role = Role(
            id=state.ids.next(),
            name=state.bot.name,
            permissions=int(BOT_INVITE),
            position=1,
            managed=True,
        )
        guild.roles[bot_role.id] = bot_role
        now = self._core.clock.now()
        guild.members[owner_user.id] = Member(user_id=owner_user.id, joined_at=now)
        guild.members[state.bot.id] = Member(
            user_id=state.bot.id, joined_at=now, role_ids={bot_role.id}
        )
        state.guilds[guild_id] = guild
        self._dispatch("GUILD_CREATE", self._core.payloads.guild_create(guild), guild_id)
        return guild

    def update_guild(
        self,
        guild: GuildRef,
        *,
        premium_tier: int | None = None,
        automod_words: set[str] | None = None,
        locale: str | None = None,
        community: bool | None = None,
    ) -> Guild:
        """Change a guild; its locale shows once it is a community."""
        found = self._state.guild(guild)
        if premium_tier is not None:
            found.premium_tier = premium_tier
        if automod_words is not None:
            found.automod_words = automod_words
        if locale is not None:
            found.locale = locale
        if community is not None:
            found.community = community
        self._dispatch("GUILD_UPDATE", self._core.payloads.guild(found), found.id)
        return found

    def remove_guild(self, guild: GuildRef, *, kick_only: bool = False) -> None:
        """Delete a guild, or only throw the bot out of it."""
        found = self._state.guild(guild)
        found.deleted, found.bot_removed = not kick_only, True
        self._dispatch("GUILD_DELETE", {"id": str(found.id)}, found.id)

    def join(self, guild: GuildRef, user: UserRef, roles: tuple[Role | int, ...] = ()) -> Member:
        """Put a user into a guild."""
        found, who = self._state.guild(guild), self._state.user(user)
        member = Member(
            user_id=who.id,
            joined_at=self._core.clock.now(),
            role_ids={role.id if isinstance(role, Role) else role for role in roles},
        )
        found.members[who.id] = member
        return member

    def leave(self, guild: GuildRef, user: UserRef) -> None:
        """Take a user out of a guild."""
        self._state.guild(guild).members.pop(self._state.user(user).id, None)

    def add_role(
        self,
        guild: GuildRef,
        name: str,
        *,
        allow: PermissionsLike = 0,
        mentionable: bool = False,
    ) -> Role:
        """Add a role."""
        found = self._state.guild(guild)
        role = Role(
            id=self._state.ids.next(),
            name=name,
            permissions=permissions.parse(allow),
            position=len(found.roles),
            mentionable=mentionable,
        )
        found.roles[role.id] = role
        data = {"guild_id": str(found.id), "role": self._core.payloads.role(role)}
        self._dispatch("GUILD_ROLE_CREATE", data, found.id)
        return role

    def give_role(self, guild: GuildRef, user: UserRef, role: Role | int) -> None:
        """Give a member a role."""
        member = self._state.guild(guild).members[self._state.user(user).id]
        member.role_ids.add(role.id if isinstance(role, Role) else role)

    def add_channel(
        self,
        guild: GuildRef,
        name: str,
        kind: ChannelKind = ChannelKind.TEXT,
        *,
        category: ChannelRef | None = None,
        nsfw: bool = False,
        slowmode_seconds: int = 0,
    ) -> Channel:
        """Add a channel."""
        found = self._state.guild(guild)
        channel = Channel(
            id=self._state.ids.next(),
            kind=kind,
            name=name,
            guild_id=found.id,
            parent_id=self._state.channel(category).id if category else None,
            position=len(self._state.channels_of(found)),
            nsfw=nsfw,
            slowmode_seconds=slowmode_seconds,
        )
        self._state.channels[channel.id] = channel
        self._dispatch("CHANNEL_CREATE", self._core.payloads.channel(channel), found.id)
        return channel

    def add_thread(
        self, parent: ChannelRef, name: str, *, owner: UserRef | None = None, private: bool = False
    ) -> Channel:
        """Start a thread (a post, when the parent is a forum)."""
        found = self._state.channel(parent)
        guild = self._state.guild_of(found)
        if guild is None:
            msg = "threads live in guild channels"
            raise ValueError(msg)
        channel = Channel(
            id=self._state.ids.next(),
            kind=ChannelKind.PRIVATE_THREAD if private else ChannelKind.PUBLIC_THREAD,
            name=name,
            guild_id=guild.id,
            parent_id=found.id,
            owner_id=self._state.user(owner).id if owner else guild.owner_id,
            bot_is_member=not private,
        )
        self._state.channels[channel.id] = channel
        if channel.bot_is_member:
            data = {**self._core.payloads.channel(channel), "newly_created": True}
            self._dispatch("THREAD_CREATE", data, guild.id)
        return channel

    def update_channel(
        self,
        channel: ChannelRef,
        *,
        name: str | None = None,
        slowmode_seconds: int | None = None,
        nsfw: bool | None = None,
        archived: bool | None = None,
        locked: bool | None = None,
    ) -> Channel:
        """Change a channel or thread."""
        found = self._state.channel(channel)
        found.name = name or found.name
        if slowmode_seconds is not None:
            found.slowmode_seconds = slowmode_seconds
        found.nsfw = found.nsfw if nsfw is None else nsfw
        found.archived = found.archived if archived is None else archived
        found.locked = found.locked if locked is None else locked
        self._tell_changed(found)
        return found

    def remove_channel(self, channel: ChannelRef) -> None:
        """Delete a channel or thread, and the threads below it."""
        found = self._state.channel(channel)
        found.deleted = True
        for thread in self._state.channels.values():
            if thread.parent_id == found.id and thread.kind in THREAD_KINDS:
                thread.deleted = True
        if found.guild_id is not None:
            event = "THREAD_DELETE" if found.kind in THREAD_KINDS else "CHANNEL_DELETE"
            self._dispatch(event, self._core.payloads.channel(found), found.guild_id)

    def overwrite(
        self,
        channel: ChannelRef,
        target: User | Role | int,
        *,
        allow: PermissionsLike = 0,
        deny: PermissionsLike = 0,
    ) -> None:
        """Set a channel's permission overwrite for a role or member; nothing given removes it."""
        found = self._state.channel(channel)
        identifier = target if isinstance(target, int) else target.id
        entry = Overwrite(
            is_member=identifier in self._state.users,
            allow=permissions.parse(allow),
            deny=permissions.parse(deny),
        )
        found.overwrites[identifier] = entry
        if not entry.allow and not entry.deny:
            del found.overwrites[identifier]
        self._tell_changed(found)

    def deny_bot(self, channel: ChannelRef, *denied: str) -> None:
        """Take permissions from the bot in one channel; none named gives all back."""
        self.overwrite(channel, self._state.bot, deny=list(denied))

    def _tell_changed(self, channel: Channel) -> None:
        if channel.guild_id is not None:
            event = "THREAD_UPDATE" if channel.kind in THREAD_KINDS else "CHANNEL_UPDATE"
            self._dispatch(event, self._core.payloads.channel(channel), channel.guild_id)

    def direct_channel(self, user: UserRef) -> Channel:
        """Open the bot's DM with a user, as the user writing to it would."""
        who = self._state.user(user)
        channel = self._state.direct_channel(who.id)
        if channel is None:
            channel = Channel(
                id=self._state.ids.next(),
                kind=ChannelKind.DM,
                name=who.name,
                recipient_id=who.id,
            )
            self._state.channels[channel.id] = channel
        return channel

    def close_direct_messages(self, user: UserRef, *, closed: bool = True) -> None:
        """Let a user refuse (or take) direct messages from the bot."""
        self._state.user(user).takes_direct_messages = not closed

    def delete_message(self, message: MessageRef) -> None:
        """Delete a message as a moderator would."""
        found = self._state.message(message)
        posting.remove(self._core, self._state.channels[found.channel_id], found)


def default_world(build: WorldBuilder) -> tuple[Guild, Channel, list[User]]:
    """Build one guild with one channel, its owner and a second member."""
    users = [build.add_user("mia"), build.add_user("tom")]
    guild = build.add_guild("Kitten Club", owner=users[0])
    channel = build.add_channel(guild, "videos")
    build.join(guild, users[1])
    return guild, channel, users
