"""/settings: what a guild's admins decide."""

from __future__ import annotations

from typing import TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import settings_panels, text
from bot.client import TweenBot
from bot.domain.catalogue import Catalogue, Choices
from bot.domain.errors import InvalidOptionsError
from bot.domain.guilds.audit import DefaultChange, PermitChange, SettingChange
from bot.domain.ids import ChannelId
from bot.domain.problems import OptionProblem, Permission
from bot.services.guilds.settings import GuildSettings
from cogs import _suggestions
from cogs._checks import actor_of, guild_of, is_admin
from cogs._errors import say, suggesting
from cogs._guarded import AdminCog
from cogs._options import AllowDeny, AnyChannel, AnyKind, AnyNotify, OnOff, ShowHide
from cogs._suggestions import Choice, matching

_Interaction: TypeAlias = discord.Interaction[TweenBot]


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.default_permissions(manage_guild=True)
class SettingsCog(
    AdminCog,
    commands.GroupCog,
    group_name="settings",
    group_description=text.staff_descriptions.SETTINGS,
):
    """Shows and changes settings."""

    channels = app_commands.Group(
        name="channels", description=text.staff_descriptions.SETTINGS_CHANNELS
    )
    models = app_commands.Group(name="models", description=text.staff_descriptions.SETTINGS_MODELS)
    effects = app_commands.Group(
        name="effects", description=text.staff_descriptions.SETTINGS_EFFECTS
    )

    def __init__(self, *, settings: GuildSettings, catalogue: Catalogue) -> None:
        self._settings = settings
        self._catalogue = catalogue
        super().__init__()

    @app_commands.command(
        name="show", description=text.staff_descriptions.SETTINGS_SHOW.description
    )
    async def show(self, interaction: _Interaction) -> None:
        """Show everything that is set, and what follows from it."""
        seen = await self._settings.show(guild_of(interaction))
        embed = settings_panels.overview(seen.guild, seen.permits, seen.defaults, seen.catalogue)
        await say(interaction, embed=embed)

    # --- what is allowed ---------------------------------------------------------------------

    @channels.command(
        name="allow", description=text.staff_descriptions.SETTINGS_CHANNELS_ALLOW.description
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_CHANNELS_ALLOW.options)
    async def allow_channel(self, interaction: _Interaction, channel: AnyChannel) -> None:
        """Let videos be made there; once anything is allowed, the rest is closed."""
        await self._decide_channel(interaction, channel, allowed=True)

    @channels.command(
        name="deny", description=text.staff_descriptions.SETTINGS_CHANNELS_DENY.description
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_CHANNELS_DENY.options)
    async def deny_channel(self, interaction: _Interaction, channel: AnyChannel) -> None:
        """Let no videos be made there."""
        await self._decide_channel(interaction, channel, allowed=False)

    @channels.command(
        name="reset", description=text.staff_descriptions.SETTINGS_CHANNELS_RESET.description
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_CHANNELS_RESET.options)
    async def reset_channel(self, interaction: _Interaction, channel: AnyChannel) -> None:
        """Take back what was decided about a channel."""
        await self._decide_channel(interaction, channel, allowed=None)

    async def _decide_channel(
        self, interaction: _Interaction, channel: AnyChannel, *, allowed: bool | None
    ) -> None:
        change = await self._settings.decide_channel(
            guild_of(interaction), actor_of(interaction), ChannelId(channel.id), allowed=allowed
        )
        await _tell(interaction, change, text.settings.channel_hint(allowed=allowed))

    @models.command(
        name="allow", description=text.staff_descriptions.SETTINGS_MODELS_ALLOW.description
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_MODELS_ALLOW.options)
    async def allow_model(self, interaction: _Interaction, model: str) -> None:
        """Let members use a model again."""
        await self._decide_model(interaction, model, allowed=True)

    @models.command(
        name="deny", description=text.staff_descriptions.SETTINGS_MODELS_DENY.description
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_MODELS_DENY.options)
    async def deny_model(self, interaction: _Interaction, model: str) -> None:
        """Let nobody use a model here."""
        await self._decide_model(interaction, model, allowed=False)

    async def _decide_model(self, interaction: _Interaction, model: str, *, allowed: bool) -> None:
        change = await self._settings.decide_model(
            guild_of(interaction), actor_of(interaction), model, allowed=allowed
        )
        await _tell(interaction, change)

    @effects.command(
        name="allow", description=text.staff_descriptions.SETTINGS_EFFECTS_ALLOW.description
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_EFFECTS_ALLOW.options)
    async def allow_effect(self, interaction: _Interaction, effect: str) -> None:
        """Let members play an effect; those for two people start denied."""
        await self._decide_effect(interaction, effect, allowed=True)

    @effects.command(
        name="deny", description=text.staff_descriptions.SETTINGS_EFFECTS_DENY.description
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_EFFECTS_DENY.options)
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

    @app_commands.command(
        name="defaults", description=text.staff_descriptions.SETTINGS_DEFAULTS.description
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_DEFAULTS.options)
    async def set_defaults(
        self,
        interaction: _Interaction,
        kind: AnyKind,
        model: str | None = None,
        resolution: str | None = None,
        size: str | None = None,
        audio: bool | None = None,  # noqa: FBT001 - an option of a slash command
    ) -> None:
        """Choose for members who choose nothing; give only the kind to take that back."""
        choices = Choices(model=model, resolution=resolution, size=size, audio=audio)
        change = await self._settings.set_default(
            guild_of(interaction), actor_of(interaction), kind, choices
        )
        await _tell(interaction, change)

    @app_commands.command(
        name="prompts", description=text.staff_descriptions.SETTINGS_PROMPTS.description
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_PROMPTS.options)
    async def set_prompts(self, interaction: _Interaction, value: ShowHide) -> None:
        """Show or hide prompts in the admins' usage log."""
        change = await self._settings.set_prompts(
            guild_of(interaction), actor_of(interaction), shown=value == "show"
        )
        await _tell(interaction, change)

    @app_commands.command(
        name="preview", description=text.staff_descriptions.SETTINGS_PREVIEW.description
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_PREVIEW.options)
    async def set_preview(self, interaction: _Interaction, value: OnOff) -> None:
        """Show a small preview of the pictures in status messages, or none."""
        change = await self._settings.set_preview(
            guild_of(interaction), actor_of(interaction), shown=value == "on"
        )
        await _tell(interaction, change)

    @app_commands.command(
        name="others-pictures",
        description=text.staff_descriptions.SETTINGS_OTHERS_PICTURES.description,
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_OTHERS_PICTURES.options)
    async def set_others_pictures(self, interaction: _Interaction, value: AllowDeny) -> None:
        """Whether the message menu takes pictures that others posted, or one's own only."""
        change = await self._settings.set_others_pictures(
            guild_of(interaction), actor_of(interaction), allowed=value == "allow"
        )
        await _tell(interaction, change)

    @app_commands.command(
        name="timezone", description=text.staff_descriptions.SETTINGS_TIMEZONE.description
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_TIMEZONE.options)
    async def set_time_zone(self, interaction: _Interaction, name: str) -> None:
        """Set the time zone in which quotas' days, weeks and months begin."""
        change = await self._settings.set_time_zone(
            guild_of(interaction), actor_of(interaction), name
        )
        await _tell(interaction, change)

    @app_commands.command(
        name="notify", description=text.staff_descriptions.SETTINGS_NOTIFY.description
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_NOTIFY.options)
    async def set_notify(self, interaction: _Interaction, how: AnyNotify) -> None:
        """Choose how requesters are told that a job is over."""
        change = await self._settings.set_notify(guild_of(interaction), actor_of(interaction), how)
        await _tell(interaction, change)

    @app_commands.command(
        name="log-channel", description=text.staff_descriptions.SETTINGS_LOG_CHANNEL.description
    )
    @app_commands.describe(**text.staff_descriptions.SETTINGS_LOG_CHANNEL.options)
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
            model.name for model in self._catalogue if permits.allows_model(model.name) == offered
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
        return matching(
            current,
            (
                (text.suggestions.permitted_effect(effect), effect.name)
                for effect in self._catalogue.effects
                if permits.allows_effect(effect) == offered
            ),
        )

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


async def _tell(
    interaction: _Interaction,
    change: SettingChange | DefaultChange | PermitChange,
    hint: str = "",
) -> None:
    await say(interaction, text.settings.changed(change, hint))


def _require_bot_may_write(channel: discord.TextChannel | discord.Thread) -> None:
    """Make sure that the bot can post a line in a channel.

    Raises:
        InvalidOptionsError: it lacks a permission there.
    """
    permissions = channel.permissions_for(channel.guild.me)
    in_thread = isinstance(channel, discord.Thread)
    needed = (
        Permission.VIEW_CHANNEL,
        Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES,
    )
    missing = tuple(name for name in needed if not getattr(permissions, name))
    if missing:
        raise InvalidOptionsError(
            problem=OptionProblem.LOG_CHANNEL_CLOSED, missing=" ".join(missing)
        )


async def setup(bot: TweenBot) -> None:
    """Load the cog."""
    services = bot.services
    await bot.add_cog(SettingsCog(settings=services.guild_settings, catalogue=services.catalogue))
