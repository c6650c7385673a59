"""/settings: what a guild's admins decide."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import discord
from discord import app_commands
from discord.app_commands import AppCommandChannel, AppCommandThread
from discord.ext import commands
from typing_extensions import override

from bot.chat import settings_panels, text
from bot.client import TweenBot
from bot.domain.catalogue import Catalogue, Choices, Kind
from bot.domain.errors import InvalidOptionsError
from bot.domain.guilds.settings import Notify
from bot.domain.ids import ChannelId
from bot.services.guilds.settings import Change, GuildSettings
from cogs import _suggestions
from cogs._checks import actor_of, guild_of, is_admin
from cogs._errors import say, suggesting
from cogs._guarded import AdminCog
from cogs._suggestions import Choice, matching

KindName = Literal["frames", "image", "text", "effect"]
OnOff = Literal["on", "off"]
AllowDeny = Literal["allow", "deny"]
ShowHide = Literal["show", "hide"]
NotifyName = Literal["ping", "dm", "none"]


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


AnyChannel: TypeAlias = app_commands.Transform[AppCommandChannel | AppCommandThread, Place]
"""Wherever a command can be given, or what that belongs to; the id is enough."""

_Interaction: TypeAlias = discord.Interaction[TweenBot]


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.default_permissions(manage_guild=True)
class SettingsCog(
    AdminCog, commands.GroupCog, group_name="settings", group_description="What this server allows"
):
    """Shows and changes settings."""

    channels = app_commands.Group(name="channels", description="Where videos are made")
    models = app_commands.Group(name="models", description="Which models make them")
    effects = app_commands.Group(name="effects", description="Which effects may be played")

    def __init__(self, *, settings: GuildSettings, catalogue: Catalogue) -> None:
        self._settings = settings
        self._catalogue = catalogue
        super().__init__()

    @app_commands.command(name="show")
    async def show(self, interaction: _Interaction) -> None:
        """Show everything that is set, and what follows from it."""
        seen = await self._settings.show(guild_of(interaction))
        embed = settings_panels.overview(seen.guild, seen.permits, seen.defaults, seen.catalogue)
        await say(interaction, embed=embed)

    # --- what is allowed ---------------------------------------------------------------------

    @channels.command(name="allow")
    @app_commands.describe(channel="A channel, a category with its channels, or a thread")
    async def allow_channel(self, interaction: _Interaction, channel: AnyChannel) -> None:
        """Let videos be made there; once anything is allowed, the rest is closed."""
        await self._decide_channel(interaction, channel, allowed=True)

    @channels.command(name="deny")
    @app_commands.describe(channel="A channel, a category with its channels, or a thread")
    async def deny_channel(self, interaction: _Interaction, channel: AnyChannel) -> None:
        """Let no videos be made there."""
        await self._decide_channel(interaction, channel, allowed=False)

    @channels.command(name="reset")
    @app_commands.describe(channel="What was allowed or denied")
    async def reset_channel(self, interaction: _Interaction, channel: AnyChannel) -> None:
        """Take back what was decided about a channel."""
        await self._decide_channel(interaction, channel, allowed=None)

    async def _decide_channel(
        self, interaction: _Interaction, channel: AnyChannel, *, allowed: bool | None
    ) -> None:
        change = await self._settings.decide_channel(
            guild_of(interaction), actor_of(interaction), ChannelId(channel.id), allowed=allowed
        )
        await _tell(interaction, change, text.channel_hint(allowed=allowed))

    @models.command(name="allow")
    @app_commands.describe(model="Which model")
    async def allow_model(self, interaction: _Interaction, model: str) -> None:
        """Let members use a model again."""
        await self._decide_model(interaction, model, allowed=True)

    @models.command(name="deny")
    @app_commands.describe(model="Which model")
    async def deny_model(self, interaction: _Interaction, model: str) -> None:
        """Let nobody use a model here."""
        await self._decide_model(interaction, model, allowed=False)

    async def _decide_model(self, interaction: _Interaction, model: str, *, allowed: bool) -> None:
        change = await self._settings.decide_model(
            guild_of(interaction), actor_of(interaction), model, allowed=allowed
        )
        await _tell(interaction, change)

    @effects.command(name="allow")
    @app_commands.describe(effect="Which effect")
    async def allow_effect(self, interaction: _Interaction, effect: str) -> None:
        """Let members play an effect; those for two people start denied."""
        await self._decide_effect(interaction, effect, allowed=True)

    @effects.command(name="deny")
    @app_commands.describe(effect="Which effect")
    async def deny_effect(self, interaction: _Interaction, effect: str) -> None:
        """Let nobody play an effect here."""
        await self._decide_effect(interaction, effect, allowed=False)

    async def _decide_effect(
        self, interaction: _Interaction, effect: str, *, allowed: bool
    ) -> None:
        change = await self._settings.decide_effect(
            guild_of(interaction), actor_of(interaction), effect, allowed=allowed
        )
        await _tell(interaction, change)

    # --- the rest ----------------------------------------------------------------------------

    @app_commands.command(name="defaults")
    @app_commands.describe(
        kind="What a member starts from",
        model="Which model makes it; without it the cheapest recommended one",
        resolution="Resolution tier, for videos from pictures",
        size="Width*height in pixels, for videos from words",
    )
    async def set_defaults(
        self,
        interaction: _Interaction,
        kind: KindName,
        model: str | None = None,
        resolution: str | None = None,
        size: str | None = None,
    ) -> None:
        """Choose for members who choose nothing; give only the kind to take that back."""
        choices = Choices(model=model, resolution=resolution, size=size)
        change = await self._settings.set_default(
            guild_of(interaction), actor_of(interaction), Kind(kind), choices
        )
        await _tell(interaction, change)

    @app_commands.command(name="prompts")
    @app_commands.describe(value="Whether admins read prompts there")
    async def set_prompts(self, interaction: _Interaction, value: ShowHide) -> None:
        """Show or hide prompts in the admins' usage log."""
        change = await self._settings.set_prompts(
            guild_of(interaction), actor_of(interaction), shown=value == "show"
        )
        await _tell(interaction, change)

    @app_commands.command(name="preview")
    @app_commands.describe(value="Whether there is one")
    async def set_preview(self, interaction: _Interaction, value: OnOff) -> None:
        """Show a small preview of the pictures in status messages, or none."""
        change = await self._settings.set_preview(
            guild_of(interaction), actor_of(interaction), shown=value == "on"
        )
        await _tell(interaction, change)

    @app_commands.command(name="others-pictures")
    @app_commands.describe(value="Whether the message menu takes pictures that others posted")
    async def set_others_pictures(self, interaction: _Interaction, value: AllowDeny) -> None:
        """Whether the message menu takes pictures that others posted, or one's own only."""
        change = await self._settings.set_others_pictures(
            guild_of(interaction), actor_of(interaction), allowed=value == "allow"
        )
        await _tell(interaction, change)

    @app_commands.command(name="timezone")
    @app_commands.describe(name="For instance Europe/Berlin")
    async def set_time_zone(self, interaction: _Interaction, name: str) -> None:
        """Set the time zone in which quotas' days, weeks and months begin."""
        change = await self._settings.set_time_zone(
            guild_of(interaction), actor_of(interaction), name
        )
        await _tell(interaction, change)

    @app_commands.command(name="notify")
    @app_commands.describe(how="A reply that pings, a direct message, or nothing")
    async def set_notify(self, interaction: _Interaction, how: NotifyName) -> None:
        """Choose how requesters are told that a job is over."""
        change = await self._settings.set_notify(
            guild_of(interaction), actor_of(interaction), Notify(how)
        )
        await _tell(interaction, change)

    @app_commands.command(name="log-channel")
    @app_commands.describe(channel="Where; leave it out for nowhere")
    async def set_log_channel(
        self,
        interaction: _Interaction,
        channel: discord.TextChannel | discord.Thread | None = None,
    ) -> None:
        """Choose where changes of quotas, settings and blocks are told."""
        if channel is not None:
            _require_bot_may_write(channel)
        change = await self._settings.set_log_channel(
            guild_of(interaction),
            actor_of(interaction),
            None if channel is None else ChannelId(channel.id),
        )
        await _tell(interaction, change)

    # --- suggestions -------------------------------------------------------------------------

    @allow_model.autocomplete("model")
    @suggesting
    async def _denied_models(self, interaction: _Interaction, current: str) -> list[Choice]:
        return await self._models(interaction, current, offered=False)

    @deny_model.autocomplete("model")
    @suggesting
    async def _allowed_models(self, interaction: _Interaction, current: str) -> list[Choice]:
        return await self._models(interaction, current, offered=True)

    async def _models(
        self, interaction: _Interaction, current: str, *, offered: bool
    ) -> list[Choice]:
        if not is_admin(interaction):
            return []
        permits = (await self._settings.show(guild_of(interaction))).permits
        names = [
            each.name for each in self._catalogue if permits.allows_model(each.name) == offered
        ]
        return matching(current, ((name, name) for name in names))

    @allow_effect.autocomplete("effect")
    @suggesting
    async def _denied_effects(self, interaction: _Interaction, current: str) -> list[Choice]:
        return await self._effects(interaction, current, offered=False)

    @deny_effect.autocomplete("effect")
    @suggesting
    async def _allowed_effects(self, interaction: _Interaction, current: str) -> list[Choice]:
        return await self._effects(interaction, current, offered=True)

    async def _effects(
        self, interaction: _Interaction, current: str, *, offered: bool
    ) -> list[Choice]:
        if not is_admin(interaction):
            return []
        permits = (await self._settings.show(guild_of(interaction))).permits
        found = [each for each in self._catalogue.effects if permits.allows_effect(each) == offered]
        return matching(current, ((f"{each.label}: {each.does}", each.name) for each in found))

    @set_defaults.autocomplete("model")
    @suggesting
    async def _kind_models(self, interaction: _Interaction, current: str) -> list[Choice]:
        return await _suggestions.models(interaction, current) if is_admin(interaction) else []

    @set_defaults.autocomplete("resolution")
    @suggesting
    async def _resolutions(self, interaction: _Interaction, current: str) -> list[Choice]:
        return await _suggestions.resolutions(interaction, current) if is_admin(interaction) else []

    @set_defaults.autocomplete("size")
    @suggesting
    async def _sizes(self, interaction: _Interaction, current: str) -> list[Choice]:
        return await _suggestions.sizes(interaction, current) if is_admin(interaction) else []

    @set_time_zone.autocomplete("name")
    @suggesting
    async def _time_zones(self, interaction: _Interaction, current: str) -> list[Choice]:
        if not is_admin(interaction):
            return []
        zones = await self._settings.time_zones()
        typed = current.replace(" ", "_")
        return matching(typed, ((zone, zone) for zone in zones))


async def _tell(interaction: _Interaction, change: Change, hint: str = "") -> None:
    answer = settings_panels.changed(change.subject, change.before, change.after, hint)
    await say(interaction, answer)


def _require_bot_may_write(channel: discord.TextChannel | discord.Thread) -> None:
    """Make sure that the bot can post a line in a channel.

    Raises:
        InvalidOptionsError: it lacks a permission there.
    """
    permissions = channel.permissions_for(channel.guild.me)
    needed = {
        "View Channel": permissions.view_channel,
        "Send Messages in Threads": permissions.send_messages_in_threads,
    }
    if isinstance(channel, discord.TextChannel):
        needed = {
            "View Channel": permissions.view_channel,
            "Send Messages": permissions.send_messages,
        }
    missing = [name for name, granted in needed.items() if not granted]
    if missing:
        raise InvalidOptionsError(problem="log_channel_closed", missing=" and ".join(missing))


async def setup(bot: TweenBot) -> None:
    """Load the cog."""
    services = bot.services
    await bot.add_cog(SettingsCog(settings=services.guild_settings, catalogue=services.catalogue))
