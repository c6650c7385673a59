"""Options of commands that discord.py has no annotation for: one of a few values, any channel.

discord.py would name a choice of ``Literal`` after its value, and would not look at a choice of
its own again when it arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeAlias, TypeVar

import discord
from discord import app_commands
from discord.app_commands import AppCommandChannel, AppCommandThread
from typing_extensions import override

from bot.chat import text
from bot.domain.catalogue import Kind
from bot.domain.guilds.exports import ExportFormat
from bot.domain.guilds.periods import Period
from bot.domain.guilds.quota import Unit, Window
from bot.domain.guilds.settings import Notify
from bot.domain.guilds.usage import By
from bot.domain.jobs.states import StateFilter

T = TypeVar("T", bound=str)


class OneOf(app_commands.Transformer, Generic[T]):
    """Takes one of a few values."""

    def __init__(self, names: Mapping[T, str]) -> None:
        """Take the values.

        Args:
            names: what each value is called, in the order they are offered.
        """
        self._names = names

    @property
    @override
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.string

    @property
    @override
    def choices(self) -> list[app_commands.Choice[int | float | str]]:
        return [app_commands.Choice(name=name, value=str(at)) for at, name in self._names.items()]

    @override
    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> T:
        """Return the value that was chosen.

        Raises:
            TransformerError: Discord's own clients do not send this.
        """
        for known in self._names:
            if known == value:
                return known
        raise app_commands.TransformerError(value, self.type, self)


class Place(app_commands.Transformer):
    """Takes every kind of channel a video can be made in, and what holds such channels.

    Not media channels, which discord.py would add to forums: Discord's OpenAPI document does not
    know them as an option's type.
    """

    @property
    @override
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    @override
    def channel_types(self) -> list[discord.ChannelType]:
        kinds = discord.ChannelType
        return [
            *(kinds.text, kinds.voice, kinds.category, kinds.news, kinds.stage_voice, kinds.forum),
            *(kinds.news_thread, kinds.public_thread, kinds.private_thread),
        ]

    @override
    async def transform(
        self,
        interaction: discord.Interaction[Any],
        value: Any,
        /,
    ) -> AppCommandChannel | AppCommandThread:
        if not isinstance(value, AppCommandChannel | AppCommandThread):
            raise app_commands.TransformerError(value, self.type, self)
        return value


AllowDeny: TypeAlias = app_commands.Transform[str, OneOf(text.choices.ALLOW_DENY)]
AnyChannel: TypeAlias = app_commands.Transform[AppCommandChannel | AppCommandThread, Place]
"""Wherever a command can be given, or what that belongs to; the id is enough."""

AnyCamera: TypeAlias = app_commands.Transform[str, OneOf(text.choices.CAMERA_MOVES)]
AnyFormat: TypeAlias = app_commands.Transform[ExportFormat, OneOf(text.choices.FORMATS)]
AnyKind: TypeAlias = app_commands.Transform[Kind, OneOf(text.choices.KINDS)]
AnyNotify: TypeAlias = app_commands.Transform[Notify, OneOf(text.choices.NOTIFY)]
AnyPeriod: TypeAlias = app_commands.Transform[Period, OneOf(text.choices.PERIODS)]
AnyState: TypeAlias = app_commands.Transform[StateFilter, OneOf(text.choices.STATES)]
AnyUnit: TypeAlias = app_commands.Transform[Unit, OneOf(text.choices.UNITS)]
AnyWindow: TypeAlias = app_commands.Transform[Window, OneOf(text.choices.WINDOWS)]
Compared: TypeAlias = app_commands.Transform[By, OneOf(text.choices.COMPARED)]
OnOff: TypeAlias = app_commands.Transform[str, OneOf(text.choices.ON_OFF)]
ShowHide: TypeAlias = app_commands.Transform[str, OneOf(text.choices.SHOW_HIDE)]
