"""Resolves the options of commands as Discord's client does before it sends them.

A value the client would not let through is refused here too, so a test cannot pass with input
that no user could give.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from sandbox.discord.core import Core
from sandbox.discord.messages.composing import make_attachment
from sandbox.discord.rules.commands import NESTING, OptionKind
from sandbox.discord.rules.facts import schemas
from sandbox.discord.rules.file_types import takes
from sandbox.discord.wire.multipart import UploadedFile
from sandbox.discord.wire.payloads import NITRO_LIMIT_BYTES
from sandbox.discord.world.interaction_records import Command
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Channel, Role, User

SAFE_INTEGER = 2**53

_MENTION = re.compile(r"<(@!?|@&|#)(\d+)>")


class ClientRefusedError(Exception):
    """Discord's client would not send this; the bot never hears of it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file a user attaches to a command."""

    filename: str
    data: bytes | Path
    content_type: str | None = None


OptionValue: TypeAlias = str | int | float | bool | Upload | User | Channel | Role
"""What a user can put into an option."""


@dataclass(slots=True)
class Resolved:
    """Collects ``data.options`` and the objects it names."""

    options: list[Json] = field(default_factory=list)
    objects: dict[str, Json] = field(default_factory=dict)

    def add(self, kind: str, identifier: int, data: Json) -> str:
        """Note an object and return its id for the option."""
        self.objects.setdefault(kind, {})[str(identifier)] = data
        return str(identifier)


async def command_data(
    core: Core,
    channel: Channel,
    user: User,
    command: Command,
    words: list[str],
    values: Mapping[str, OptionValue],
    focused: str | None = None,
) -> Json:
    """Build ``data`` of a slash command or autocomplete.

    Raises:
        ClientRefusedError: the client would not send it.
    """
    options, path = _descend(command, words)
    resolved = Resolved()
    reader = Reader(core, channel, user, resolved)
    unknown = set(values) - {option["name"] for option in options}
    if unknown:
        raise ClientRefusedError(f"/{' '.join(words)} has no option {', '.join(sorted(unknown))}")
    for option in options:
        name = option["name"]
        if name not in values:
            if option.get("required") and focused is None:
                raise ClientRefusedError(f"/{' '.join(words)} needs {name}")
            continue
        entry: Json = {"name": name, "type": option["type"]}
        if name == focused:
            entry |= {"value": str(values[name]), "focused": True}
        else:
            entry["value"] = await reader.read(option, values[name])
        resolved.options.append(entry)
    nested = resolved.options
    for step in reversed(path):
        nested = [{"name": step["name"], "type": step["type"], "options": nested}]
    data: Json = {"id": str(command.id), "name": command.name, "type": 1, "options": nested}
    if command.guild_id is not None:
        data["guild_id"] = str(command.guild_id)
    if resolved.objects:
        data["resolved"] = resolved.objects
    return data


def _descend(command: Command, words: list[str]) -> tuple[list[Json], list[Json]]:
    """Follow sub-commands; return the options of the last one and the steps to it."""
    options: list[Json] = command.data.get("options") or []
    path: list[Json] = []
    for word in words[1:]:
        step = next(
            (option for option in options if option["name"] == word and option["type"] in NESTING),
            None,
        )
        if step is None:
            known = ", ".join(option["name"] for option in options)
            raise ClientRefusedError(f"/{' '.join(words)}: no {word!r} among {known}")
        path.append(step)
        options = step.get("options") or []
    if any(option["type"] in NESTING for option in options):
        raise ClientRefusedError(f"/{' '.join(words)} is a group, not a command")
    return options, path


class Reader:
    """Turns what a user gave into wire values."""

    def __init__(self, core: Core, channel: Channel, user: User, resolved: Resolved) -> None:
        self._core = core
        self._channel = channel
        self._user = user
        self._resolved = resolved

    async def read(self, option: Json, value: OptionValue) -> object:
        """Check one value against its option."""
        kind = OptionKind(option["type"])
        if kind is OptionKind.ATTACHMENT:
            return await self.attach(option, value)
        if kind in {OptionKind.STRING, OptionKind.INTEGER, OptionKind.NUMBER, OptionKind.BOOLEAN}:
            plain = _plain(option, kind, value)
            if kind is OptionKind.STRING:
                self._resolve_mentions(option, str(plain))
            return plain
        return self.mention(option, kind, value)

    async def attach(self, option: Json, value: object) -> str:
        """Upload a file as an ephemeral attachment and return its id.

        Raises:
            ClientRefusedError: it is no file, of another type, or larger than the user may upload.
        """
        core, name = self._core, option["name"]
        if not isinstance(value, Upload):
            raise ClientRefusedError(f"{name} takes a file")
        types = option.get("file_types")
        if types and not takes(types, value.filename):
            raise ClientRefusedError(f"{name}: {value.filename} is none of {', '.join(types)}")
        file = core.store.put(value.data)
        limit = core.state.upload_limit(self._channel)
        if file.size > (max(limit, NITRO_LIMIT_BYTES) if self._user.nitro else limit):
            msg = f"{name}: {file.size} bytes are above {self._user.name}'s limit"
            raise ClientRefusedError(msg)
        upload = UploadedFile(
            field_name=name, filename=value.filename, content_type=value.content_type, file=file
        )
        attachment = await make_attachment(core, self._channel, upload, {}, ephemeral=True)
        data = core.payloads.attachment(attachment)
        return self._resolved.add("attachments", attachment.id, data)

    def mention(self, option: Json, kind: OptionKind, value: object) -> str:
        """Name a user, role or channel, and put it among what is resolved.

        Raises:
            ClientRefusedError: nothing of that kind is offered.
        """
        if isinstance(value, bool) or not isinstance(value, str | int | User | Channel | Role):
            raise ClientRefusedError(f"{option['name']} takes a {kind.name.lower()}")
        try:
            return self._named(option, kind, value)
        except LookupError:
            raise ClientRefusedError(f"{option['name']} does not offer {value}") from None

    def _named(
        self, option: Json, kind: OptionKind, value: User | Channel | Role | str | int
    ) -> str:
        if kind is OptionKind.CHANNEL:
            return self._channel_option(option, value)
        if kind is OptionKind.ROLE or isinstance(value, Role):
            return self._role(option, value)
        if kind is OptionKind.MENTIONABLE and self._is_role_id(value):
            return self._role(option, value)
        return self._member(option, value)

    def _resolve_mentions(self, option: Json, text: str) -> None:
        """Send along what a text mentions, as far as the client knows it."""
        for sign, digits in _MENTION.findall(text):
            resolve = {"#": self._channel_option, "@&": self._role}.get(sign, self._member)
            with suppress(ClientRefusedError, LookupError):
                resolve(option, int(digits))

    def _is_role_id(self, value: object) -> bool:
        guild = self._core.state.guild_of(self._channel)
        return guild is not None and str(value).isdigit() and int(str(value)) in guild.roles

    def _member(self, option: Json, value: User | Channel | Role | str | int) -> str:
        state = self._core.state
        if isinstance(value, Channel | Role):
            raise ClientRefusedError(f"{option['name']} takes a user")
        user = state.user(value)
        guild = state.guild_of(self._channel)
        if guild is not None and user.id in guild.members:
            data = self._core.payloads.member(
                guild.members[user.id], permissions=state.permissions(self._channel, user.id)
            )
            del data["user"]
            self._resolved.add("members", user.id, data)
        return self._resolved.add("users", user.id, self._core.payloads.user(user))

    def _role(self, option: Json, value: User | Channel | Role | str | int) -> str:
        guild = self._core.state.guild_of(self._channel)
        for role in guild.roles.values() if guild else ():
            if value is role or str(value) in {str(role.id), role.name}:
                return self._resolved.add("roles", role.id, self._core.payloads.role(role))
        raise ClientRefusedError(f"{option['name']}: no such role")

    def _channel_option(self, option: Json, value: User | Channel | Role | str | int) -> str:
        state = self._core.state
        if isinstance(value, User | Role):
            raise ClientRefusedError(f"{option['name']} takes a channel")
        channel = state.channel(value)
        allowed = option.get("channel_types")
        if channel.guild_id != self._channel.guild_id or (allowed and channel.kind not in allowed):
            raise ClientRefusedError(f"{option['name']}: #{channel.name} is not offered")
        data = self._core.payloads.channel(
            channel, permissions=state.permissions(channel, self._user.id)
        )
        return self._resolved.add("channels", channel.id, data)


def _plain(option: Json, kind: OptionKind, value: object) -> object:
    """Check text, numbers and yes-or-no."""
    name = option["name"]
    fits = {
        OptionKind.STRING: isinstance(value, str),
        OptionKind.BOOLEAN: isinstance(value, bool),
        OptionKind.INTEGER: isinstance(value, int) and not isinstance(value, bool),
        OptionKind.NUMBER: isinstance(value, int | float) and not isinstance(value, bool),
    }
    if not fits[kind]:
        raise ClientRefusedError(f"{name} takes a {kind.name.lower()}, not {value!r}")
    choices = option.get("choices")
    if choices:
        for choice in choices:
            if value in {choice["value"], choice["name"]}:
                return choice["value"]
        raise ClientRefusedError(f"{name}: {value!r} is not among the choices")
    if isinstance(value, str):
        limits = schemas()["ApplicationCommandStringOption"]["properties"]["max_length"]
        low, high = option.get("min_length") or 1, option.get("max_length") or limits["maximum"]
        if not low <= len(value) <= high:
            raise ClientRefusedError(f"{name}: {len(value)} characters are not in {low}..{high}")
    elif not isinstance(value, bool) and isinstance(value, int | float):
        low = option.get("min_value", -SAFE_INTEGER)
        high = option.get("max_value", SAFE_INTEGER)
        if not low <= value <= high:
            raise ClientRefusedError(f"{name}: {value} is not in {low}..{high}")
    return value
