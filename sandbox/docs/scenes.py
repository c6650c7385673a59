"""Describes what can happen in the script.

A scene with a caption is shown under its command; the others only move the story on. Jobs are
called by a name of the script's own: ``{cat}`` in an option is that job's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.demo.video_requests import SAMPLES

MEMBER, MODERATOR = "tom", "mia"
"""Mia owns the server, so that she is its admin too; she also runs the bot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Something attached to an option."""

    name: str
    data: bytes
    content_type: str

    @classmethod
    def sample(cls, name: str) -> File:
        """Return one of the sample pictures."""
        return cls(name=name, data=(SAMPLES / name).read_bytes(), content_type="image/jpeg")


Value = str | int | bool | File


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Somebody uses a command."""

    command: str
    caption: str = ""
    options: Mapping[str, Value] = field(default_factory=dict)
    user: str = MEMBER
    under: str = ""
    """The command whose section shows it, where that is another one."""
    makes: str = ""
    """Name of the job it makes."""
    picture: str = ""
    """Name under which the picture in the reply is kept and shown."""
    in_direct_messages: bool = False
    bot_lacks: tuple[str, ...] = ()
    """Permissions taken from the bot for this scene, in Discord's spelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggest:
    """Somebody types into an option and reads the list."""

    command: str
    caption: str
    option: str
    options: Mapping[str, Value] = field(default_factory=dict)
    user: str = MEMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A job's status message comes to say something."""

    command: str
    caption: str = ""
    job: str
    title: str
    """What the message's title ends with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Somebody presses a button of a job's status message."""

    command: str
    caption: str
    job: str
    button: str
    user: str = MEMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """The requester is told that a job is over."""

    command: str
    caption: str
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Somebody reads what the bot wrote in another channel."""

    command: str
    caption: str
    channel: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceClock:
    """Time passes at the provider."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailTask:
    """The provider's next task goes wrong."""

    code: str
    model: str


Scene = Ask | Suggest | Show | Press | Notify | Read | AdvanceClock | FailTask


def section(scene: Ask | Suggest | Show | Press | Notify | Read) -> str:
    """Return the command under which a scene is shown."""
    return (isinstance(scene, Ask) and scene.under) or scene.command
