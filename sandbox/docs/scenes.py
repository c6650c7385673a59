"""Describes what can happen in the script.

A scene with a caption is shown in its section, which is that of a command or of something that is
pressed; the others only move the story on. Jobs are called by a name of the script's own: ``{cat}``
in an option is that job's id. So are messages and forms that later scenes come back to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.demo.video_requests import SAMPLES

MEMBER, MODERATOR, OTHER = "tom", "mia", "zoe"
"""Mia owns the server, so that she is its admin too; she also runs the bot. Zoe is a member."""


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

    under: str
    caption: str = ""
    job: str
    title: str
    """What the message's title ends with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Somebody presses a button, or chooses from the only select of a message."""

    under: str
    caption: str = ""
    job: str = ""
    """Whose status message has it."""
    on: str = ""
    """The message that has it, where it is another one."""
    button: str = ""
    """What it says, or ends with: a price is shown by what was offered."""
    choose: str = ""
    """What is chosen begins with this; instead of a button."""
    user: str = MEMBER
    keep: str = ""
    """Name of the message or form that answers it."""
    makes: tuple[str, ...] = ()
    """Names of the jobs it makes."""
    answered_beside: bool = False
    """The answer stands beside the message, which may change with it."""
    shown_from: str = ""
    """The first line that is shown, where those above were shown before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMenu:
    """Somebody chooses an entry of a message's menu."""

    under: str
    caption: str = ""
    entry: str
    job: str = ""
    on: str = ""
    user: str = MEMBER
    keep: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """Somebody fills in a form that was opened, and sends it."""

    under: str
    caption: str = ""
    form: str
    values: Mapping[str, Value] = field(default_factory=dict)
    """By label; an option by the beginning of what it says."""
    user: str = MEMBER
    makes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A private message that stands open comes to say something by itself."""

    under: str
    caption: str = ""
    on: str
    says: str
    times: int = 1
    """How often it says it."""
    user: str = MEMBER
    shown_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Somebody writes a message with files, or posts a job's video anew."""

    keep: str
    files: tuple[File, ...] = ()
    video_of: str = ""
    """Name of the job."""
    user: str = MEMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """The bot loses permissions in the channel; without any it has all again."""

    permissions: tuple[str, ...] = ()
    """In Discord's spelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """The requester is told that a job is over."""

    under: str
    caption: str
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Somebody reads what the bot wrote in another channel."""

    under: str
    caption: str = ""
    channel: str
    says: str
    keep: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceClock:
    """Time passes at the provider."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailTask:
    """The provider's next task goes wrong."""

    code: str
    model: str
    message: str = ""


Pressed = Press | OpenMenu | Fill | Watch
Told = Ask | Suggest | Show | Notify | Read | Pressed
"""What somebody sees the answer of."""

Silent = AdvanceClock | FailTask | Say | Deny
Scene = Told | Silent


def section(scene: Told) -> str:
    """Return the command, or what is pressed, in whose section a scene is shown."""
    match scene:
        case Ask():
            return scene.under or scene.command
        case Suggest():
            return scene.command
        case _:
            return scene.under


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Scenes that are played in a world of their own."""

    scenes: tuple[Scene, ...]
    settings: Mapping[str, str]
    """Of the bot."""
