"""The use cases of /settings: each change is one transaction with its audit entry.

The guild's row is locked for a change, as it is for a RESERVE: whichever comes first, the other
sees what it did. Nothing is cached, so a change counts at once.
"""

from __future__ import annotations

import asyncio
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Unpack

from bot.domain.catalogue import Catalogue, Choices, Kind
from bot.domain.catalogue.permits import Permits, Subject
from bot.domain.errors import InvalidOptionsError
from bot.domain.guilds.audit import DefaultChange, PermitChange, SettingChange, SettingName
from bot.domain.guilds.bounds import MAX_CHANNELS
from bot.domain.guilds.settings import Guild, Notify, Setting
from bot.domain.ids import ChannelId, GuildId
from bot.domain.people import Person
from bot.domain.problems import OptionProblem
from bot.domain.requests.submission import choose_audio, choose_model, choose_shape
from bot.services.audit_log import AuditLog
from bot.storage import guilds, permits
from bot.storage.engine import Connection, Database

_NOT_PLACES = frozenset({"Factory", "localtime"})
"""Keys of the time zone database that mean nothing to people, or another zone on each machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything a guild's admins decided."""

    guild: Guild
    permits: Permits
    defaults: Mapping[Kind, Choices]
    catalogue: Catalogue
    """What that leaves for members."""


class GuildSettings:
    """Shows and changes what a guild's admins decide.

    Each change is returned as it is written down; where before and after are the same, nothing
    was stored or told.
    """

    def __init__(self, database: Database, catalogue: Catalogue, trail: AuditLog) -> None:
        self._database = database
        self._catalogue = catalogue
        self._trail = trail
        self._zones: tuple[str, ...] = ()

    async def show(self, guild_id: GuildId) -> Overview:
        """Return everything as it is now."""
        async with self._database.read() as connection:
            guild = await guilds.get(connection, guild_id)
            decided = await permits.of_guild(connection, guild_id)
            chosen = await permits.defaults_of(connection, guild_id)
        return Overview(
            guild=guild,
            permits=decided,
            defaults=chosen,
            catalogue=self._catalogue.within(decided, chosen),
        )

    # --- what is allowed ---------------------------------------------------------------------

    async def decide_channel(
        self, guild_id: GuildId, actor: Person, channel_id: ChannelId, *, allowed: bool | None
    ) -> PermitChange:
        """Allow or deny videos in a channel, a category or a thread.

        Args:
            guild_id: whose channel it is.
            actor: who decides.
            channel_id: what is decided about.
            allowed: None takes the decision back.

        Raises:
            InvalidOptionsError: about too many channels something is decided already.
        """

        def now(decided: Permits) -> bool | None:
            return decided.channels.get(channel_id)

        what = (Subject.CHANNEL, str(channel_id))
        return await self._decide(guild_id, actor, what, now=now, allowed=allowed)

    async def decide_model(
        self, guild_id: GuildId, actor: Person, name: str, *, allowed: bool
    ) -> PermitChange:
        """Allow or deny a model.

        Raises:
            InvalidOptionsError: no such model is offered.
        """
        model = self._catalogue.get(name.strip())
        if model is None:
            names = ", ".join(offered.name for offered in self._catalogue)
            raise InvalidOptionsError(problem=OptionProblem.UNKNOWN_MODEL, model=name, models=names)

        def now(decided: Permits) -> bool | None:
            return decided.allows_model(model.name)

        what = (Subject.MODEL, model.name)
        return await self._decide(guild_id, actor, what, now=now, allowed=allowed)

    async def decide_effect(
        self, guild_id: GuildId, actor: Person, name: str, *, allowed: bool
    ) -> PermitChange:
        """Allow or deny an effect, named as the provider does or as people read it.

        Raises:
            InvalidOptionsError: no such effect is offered.
        """
        effect = self._catalogue.effect(name)
        if effect is None:
            raise InvalidOptionsError(problem=OptionProblem.UNKNOWN_EFFECT, effect=name)

        def now(decided: Permits) -> bool | None:
            return decided.allows_effect(effect)

        what = (Subject.EFFECT, effect.name)
        return await self._decide(guild_id, actor, what, now=now, allowed=allowed)

    async def _decide(
        self,
        guild_id: GuildId,
        actor: Person,
        what: tuple[Subject, str],
        *,
        now: Callable[[Permits], bool | None],
        allowed: bool | None,
    ) -> PermitChange:
        subject, name = what
        async with self._database.write() as connection:
            guild = await self._trail.begin(connection, guild_id)
            path = [ChannelId(int(name))] if subject is Subject.CHANNEL else []
            before = now(await permits.of_guild(connection, guild_id, path=path))
            change = PermitChange(subject=subject, name=name, before=before, after=allowed)
            if change.before == change.after:
                return change
            if subject is Subject.CHANNEL and before is None:
                await _require_room(connection, guild_id)
            if allowed is None:
                await permits.reset(connection, guild_id, *what)
            else:
                await permits.decide(connection, guild_id, *what, allowed=allowed)
            await self._trail.record(connection, guild, actor, change)
        return change

    # --- what is taken when nobody chooses ---------------------------------------------------

    async def set_default(
        self, guild_id: GuildId, actor: Person, kind: Kind, choices: Choices
    ) -> DefaultChange:
        """Choose for members who choose nothing; without any choice the catalogue does again.

        Raises:
            InvalidOptionsError, ModelDeniedError: members could not choose this themselves.
        """
        async with self._database.write() as connection:
            guild = await self._trail.begin(connection, guild_id)
            decided = await permits.of_guild(connection, guild_id, path=())
            chosen = _checked(self._catalogue.within(decided, {}), kind, choices)
            before = (await permits.defaults_of(connection, guild_id)).get(kind, Choices())
            change = DefaultChange(kind=kind, before=before, after=chosen)
            if before == chosen:
                return change
            if chosen == Choices():
                await permits.clear_default(connection, guild_id, kind)
            else:
                await permits.set_default(connection, guild_id, kind, chosen)
            await self._trail.record(connection, guild, actor, change)
        return change

    # --- the rest ----------------------------------------------------------------------------

    async def set_prompts(self, guild_id: GuildId, actor: Person, *, shown: bool) -> SettingChange:
        """Show prompts in the admins' usage log, or hide them."""
        return await self._set(guild_id, actor, SettingName.PROMPTS, show_prompts=shown)

    async def set_preview(self, guild_id: GuildId, actor: Person, *, shown: bool) -> SettingChange:
        """Show small pictures in status messages, or none."""
        return await self._set(guild_id, actor, SettingName.PREVIEW, preview=shown)

    async def set_others_pictures(
        self, guild_id: GuildId, actor: Person, *, allowed: bool
    ) -> SettingChange:
        """Let members animate pictures that others posted, or only their own."""
        return await self._set(
            guild_id, actor, SettingName.OTHERS_PICTURES, others_pictures=allowed
        )

    async def set_notify(self, guild_id: GuildId, actor: Person, how: Notify) -> SettingChange:
        """Choose how requesters are told that a job is over."""
        return await self._set(guild_id, actor, SettingName.NOTIFY, notify=how)

    async def set_time_zone(self, guild_id: GuildId, actor: Person, name: str) -> SettingChange:
        """Set where days, weeks and months begin.

        Raises:
            InvalidOptionsError: no such time zone.
        """
        asked = name.strip().replace(" ", "_").casefold()
        known = await self.time_zones()
        zone = next((zone for zone in known if zone.casefold() == asked), None)
        if zone is None:
            raise InvalidOptionsError(problem=OptionProblem.UNKNOWN_TIME_ZONE, name=name)

        return await self._set(guild_id, actor, SettingName.TIME_ZONE, time_zone=zone)

    async def time_zones(self) -> tuple[str, ...]:
        """Return the names of all time zones, in alphabetical order."""
        if not self._zones:
            # Hundreds of files are listed, once.
            names = await asyncio.to_thread(zoneinfo.available_timezones)
            self._zones = tuple(sorted(names - _NOT_PLACES))
        return self._zones

    async def set_log_channel(
        self, guild_id: GuildId, actor: Person, channel_id: ChannelId | None
    ) -> SettingChange:
        """Choose where changes are told; None is nowhere."""
        return await self._set(guild_id, actor, SettingName.LOG_CHANNEL, log_channel_id=channel_id)

    async def _set(
        self,
        guild_id: GuildId,
        actor: Person,
        name: SettingName,
        **setting: Unpack[Setting],
    ) -> SettingChange:
        (field,) = setting
        async with self._database.write() as connection:
            guild = await self._trail.begin(connection, guild_id)
            changed = replace(guild, **setting)
            change = SettingChange(
                setting=name, before=getattr(guild, field), after=getattr(changed, field)
            )
            if change.before == change.after:
                return change
            await guilds.change(connection, guild_id, **setting)
            # A log channel is told, as the last thing, that it is switched off.
            told = changed if changed.log_channel_id else guild
            await self._trail.record(connection, told, actor, change)
        return change


async def _require_room(connection: Connection, guild_id: GuildId) -> None:
    if await permits.count_channels(connection, guild_id) >= MAX_CHANNELS:
        raise InvalidOptionsError(problem=OptionProblem.TOO_MANY_CHANNELS, limit=MAX_CHANNELS)


def _checked(catalogue: Catalogue, kind: Kind, choices: Choices) -> Choices:
    """Return choices as the catalogue writes them, where members could make them themselves.

    Raises:
        InvalidOptionsError, ModelDeniedError: they could not.
    """
    has_size = kind in {Kind.TEXT, Kind.REFERENCE}
    if has_size and choices.resolution is not None:
        raise InvalidOptionsError(problem=OptionProblem.TEXT_HAS_SIZE)
    if not has_size and choices.size is not None:
        raise InvalidOptionsError(problem=OptionProblem.PICTURE_HAS_RESOLUTION)
    if choices == Choices():
        return choices
    model = choose_model(catalogue, kind, choices.model)
    size, tier, ratio = choose_shape(catalogue, kind, model, choices)
    choose_audio(catalogue, kind, model, choices)
    if ratio is not None:
        size = f"{tier} {ratio}"
    return Choices(
        model=None if choices.model is None else model.name,
        resolution=None if choices.resolution is None else tier,
        size=None if choices.size is None else size,
        audio=choices.audio,
    )
