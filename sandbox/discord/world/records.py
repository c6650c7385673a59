"""Describes the things Discord knows: users, guilds, channels, messages.

Plain mutable records; ``state.py`` owns the collections, ``payloads.py`` writes them as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from pathlib import Path

from sandbox.discord.world.component_tree import Kind, walk
from sandbox.discord.world.json import Json


class ChannelKind(IntEnum):
    """Channel types: https://discord.com/developers/docs/resources/channel#channel-object."""

    TEXT = 0
    DM = 1
    VOICE = 2
    CATEGORY = 4
    NEWS = 5
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    STAGE = 13
    FORUM = 15
    MEDIA = 16


THREAD_KINDS = frozenset({ChannelKind.PUBLIC_THREAD, ChannelKind.PRIVATE_THREAD})


class PingReason(StrEnum):
    """Why a message made somebody's device buzz."""

    MENTION = "mention"
    ROLE = "role"
    EVERYONE = "everyone"
    REPLY = "reply"
    DIRECT_MESSAGE = "direct message"


@dataclass(slots=True, kw_only=True)
class User:
    """An account."""

    id: int
    name: str
    bot: bool = False
    takes_direct_messages: bool = True
    """False: sending to them answers 50007."""
    nitro: bool = False
    """True: their own ``attachment_size_limit`` is 500 MiB, which is no limit of the bot's."""
    locale: str = "en-US"


@dataclass(slots=True, kw_only=True)
class Role:
    """A role; the one with the guild's id is @everyone."""

    id: int
    name: str
    permissions: int
    position: int
    mentionable: bool = False
    managed: bool = False


@dataclass(slots=True, kw_only=True)
class Overwrite:
    """What a channel allows or denies one role or member."""

    is_member: bool
    allow: int = 0
    deny: int = 0


@dataclass(slots=True, kw_only=True)
class Member:
    """A user in a guild."""

    user_id: int
    joined_at: datetime
    role_ids: set[int] = field(default_factory=set)
    nick: str | None = None


@dataclass(slots=True, kw_only=True)
class Guild:
    """A server."""

    id: int
    name: str
    owner_id: int
    premium_tier: int = 0
    """0 to 3; decides the upload limit."""
    locale: str = "en-US"
    """What its admins chose; the API shows it of a community alone."""
    community: bool = False
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    automod_words: set[str] = field(default_factory=set)
    """A message with one of these is refused with 200000."""
    deleted: bool = False
    bot_removed: bool = False

    @property
    def shown_locale(self) -> str:
        """``preferred_locale`` and ``guild_locale``: only a community can have another one.

        https://discord.com/developers/docs/resources/guild#guild-object
        """
        return self.locale if self.community else "en-US"

    @property
    def features(self) -> list[str]:
        """What the guild can do."""
        return ["COMMUNITY"] if self.community else []


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """Bytes on disk."""

    path: Path
    sha256: str
    size: int

    def read(self) -> bytes:
        """Load the whole file."""
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of a message or of a command option."""

    id: int
    channel_id: int
    filename: str
    content_type: str | None
    file: StoredFile
    width: int | None = None
    height: int | None = None
    description: str | None = None
    spoiler: bool = False
    ephemeral: bool = False

    @property
    def sha256(self) -> str:
        """Digest of the bytes."""
        return self.file.sha256

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.file.size

    @property
    def path(self) -> Path:
        """Where the bytes are."""
        return self.file.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """How a message looked from ``at`` on."""

    at: datetime
    content: str = ""
    embeds: tuple[Json, ...] = ()
    components: tuple[Json, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    """All files, those shown inside an embed too."""
    thinking: bool = False
    """True while a deferred answer shows "thinking"."""
    flags: int = 0
    mention_user_ids: tuple[int, ...] = ()
    mention_role_ids: tuple[int, ...] = ()
    mention_everyone: bool = False


@dataclass(slots=True, kw_only=True)
class Message:
    """A message with its whole history."""

    id: int
    channel_id: int
    author_id: int
    revisions: list[Revision]
    nonce: str | None = None
    reference_id: int | None = None
    ephemeral_for: int | None = None
    """The only user who sees it, or None when it is public."""
    interaction_id: int | None = None
    deleted: bool = False

    @property
    def current(self) -> Revision:
        """What is shown now, or was last."""
        return self.revisions[-1]

    @property
    def content(self) -> str:
        """Text now."""
        return self.current.content

    @property
    def embeds(self) -> tuple[Json, ...]:
        """Embeds now."""
        return self.current.embeds

    @property
    def components(self) -> tuple[Json, ...]:
        """Rows of buttons and selects now, or all that a message made of components shows."""
        return self.current.components

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Files now."""
        return self.current.attachments

    @property
    def text(self) -> str:
        """Everything readable now: content and text displays, then what the embeds say."""
        parts = [self.content]
        parts += [
            str(component["content"])
            for component in walk(self.components)
            if component.get("type") == Kind.TEXT_DISPLAY
        ]
        for embed in self.embeds:
            parts += [embed.get("title", ""), embed.get("description", "")]
            parts += [f"{field['name']}: {field['value']}" for field in embed.get("fields", ())]
            parts.append(embed.get("footer", {}).get("text", ""))
        return "\n".join(part for part in parts if part)


@dataclass(slots=True, kw_only=True)
class Channel:
    """A guild channel, a thread or a direct message."""

    id: int
    kind: ChannelKind
    name: str
    guild_id: int | None = None
    parent_id: int | None = None
    """Category of a channel, channel of a thread."""
    owner_id: int | None = None
    """Who started the thread."""
    recipient_id: int | None = None
    """The user at the other end of a direct message."""
    position: int = 0
    nsfw: bool = False
    slowmode_seconds: int = 0
    archived: bool = False
    locked: bool = False
    bot_is_member: bool = True
    """False in a private thread: the bot does not see it."""
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """One notification of one user."""

    user_id: int
    message_id: int
    channel_id: int
    reason: PingReason
    at: datetime
