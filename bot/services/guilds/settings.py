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
from bot.domain.guilds.audit import Action
from bot.domain.guilds.settings import Guild, Notify, Setting
from bot.domain.ids import ChannelId, GuildId
from bot.domain.people import Person
from bot.domain.requests.submission import choose_model, choose_shape
from bot.services.audit_log import AuditLog
from bot.storage import guilds, permits
from bot.storage.engine import Connection, Database

_NOT_PLACES = frozenset({"Factory", "localtime"})
"""Keys of the time zone database that mean nothing to people, or another zone on each machine."""

_DECIDED = {True: "allowed", False: "denied", None: None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything a guild's admins decided."""

    guild: Guild
    permits: Permits
    defaults: Mapping[Kind, Choices]
    catalogue: Catalogue
    """What that leaves for members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a command of an admin did."""

    subject: str
    before: str | None
    """Readable; None where nothing was decided."""
    after: str | None
    """Likewise; the same as before where nothing was stored or told."""


class GuildSettings:
    """Shows and changes what a guild's admins decide."""

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
    ) -> Change:
        """Allow or deny videos in a channel, a category or a thread.

        Args:
            guild_id: whose channel it is.
            actor: who decides.
            channel_id: what is decided about.
            allowed: None takes the decision back.
        """

        def now(decided: Permits) -> bool | None:
            return decided.channels.get(channel_id)

        what = (Subject.CHANNEL, str(channel_id))
        return await self._decide(
            guild_id, actor, f"channel <#{channel_id}>", what, now=now, allowed=allowed
        )

    async def decide_model(
        self, guild_id: GuildId, actor: Person, name: str, *, allowed: bool
    ) -> Change:
        """Allow or deny a model.

        Raises:
            InvalidOptionsError: no such model is offered.
        """
        model = self._catalogue.get(name.strip())
        if model is None:
            names = ", ".join(model.name for model in self._catalogue)
            raise InvalidOptionsError(problem="unknown_model", model=name, models=names)

        def now(decided: Permits) -> bool | None:
            return decided.allows_model(model.name)

        what = (Subject.MODEL, model.name)
        return await self._decide(
            guild_id, actor, f"model {model.name}", what, now=now, allowed=allowed
        )

    async def decide_effect(
        self, guild_id: GuildId, actor: Person, name: str, *, allowed: bool
    ) -> Change:
        """Allow or deny an effect, named as the provider does or as people read it.

        Raises:
            InvalidOptionsError: no such effect is offered.
        """
        effect = self._catalogue.effect(name)
        if effect is None:
            raise InvalidOptionsError(problem="unknown_effect", effect=name)

        def now(decided: Permits) -> bool | None:
            return decided.allows_effect(effect)

        what = (Subject.EFFECT, effect.name)
        return await self._decide(
            guild_id, actor, f"effect {effect.label}", what, now=now, allowed=allowed
        )

    async def _decide(
        self,
        guild_id: GuildId,
        actor: Person,
        subject: str,
        what: tuple[Subject, str],
        *,
        now: Callable[[Permits], bool | None],
        allowed: bool | None,
    ) -> Change:
        async with self._database.write() as connection:
            guild = await guilds.lock(connection, guild_id)
            before = _DECIDED[now(await permits.of_guild(connection, guild_id))]
            change = Change(subject=subject, before=before, after=_DECIDED[allowed])
            if change.before == change.after:
                return change
            if allowed is None:
                await permits.reset(connection, guild_id, *what)
            else:
                await permits.decide(connection, guild_id, *what, allowed=allowed)
            await self._record(connection, guild, actor, Action.PERMIT_CHANGED, change)
        return change

    # --- what is taken when nobody chooses ---------------------------------------------------

    async def set_default(
        self, guild_id: GuildId, actor: Person, kind: Kind, choices: Choices
    ) -> Change:
        """Choose for members who choose nothing; without any choice the catalogue does again.

        Raises:
            InvalidOptionsError, ModelDeniedError: members could not choose this themselves.
        """
        async with self._database.write() as connection:
            guild = await guilds.lock(connection, guild_id)
            decided = await permits.of_guild(connection, guild_id)
            chosen = _checked(self._catalogue.within(decided, {}), kind, choices)
            before = (await permits.defaults_of(connection, guild_id)).get(kind, Choices())
            change = Change(
                subject=f"default for {kind.value}", before=_words(before), after=_words(chosen)
            )
            if before == chosen:
                return change
            if chosen == Choices():
                await permits.clear_default(connection, guild_id, kind)
            else:
                await permits.set_default(connection, guild_id, kind, chosen)
            await self._record(connection, guild, actor, Action.SETTING_CHANGED, change)
        return change

    # --- the rest ----------------------------------------------------------------------------

    async def set_prompts(self, guild_id: GuildId, actor: Person, *, shown: bool) -> Change:
        """Show prompts in the admins' usage log, or hide them."""

        def now(guild: Guild) -> str:
            return "show" if guild.show_prompts else "hide"

        return await self._set(guild_id, actor, "prompts", now, show_prompts=shown)

    async def set_preview(self, guild_id: GuildId, actor: Person, *, shown: bool) -> Change:
        """Show small pictures in status messages, or none."""

        def now(guild: Guild) -> str:
            return "on" if guild.preview else "off"

        return await self._set(guild_id, actor, "preview", now, preview=shown)

    async def set_others_pictures(
        self, guild_id: GuildId, actor: Person, *, allowed: bool
    ) -> Change:
        """Let members animate pictures that others posted, or only their own."""

        def now(guild: Guild) -> str:
            return "allow" if guild.others_pictures else "deny"

        return await self._set(guild_id, actor, "others-pictures", now, others_pictures=allowed)

    async def set_notify(self, guild_id: GuildId, actor: Person, how: Notify) -> Change:
        """Choose how requesters are told that a job is over."""

        def now(guild: Guild) -> str:
            return guild.notify.value

        return await self._set(guild_id, actor, "notify", now, notify=how)

    async def set_time_zone(self, guild_id: GuildId, actor: Person, name: str) -> Change:
        """Set where days, weeks and months begin.

        Raises:
            InvalidOptionsError: no such time zone.
        """
        asked = name.strip().replace(" ", "_").casefold()
        zone = next((name for name in await self.time_zones() if name.casefold() == asked), None)
        if zone is None:
            raise InvalidOptionsError(problem="unknown_time_zone", name=name)

        def now(guild: Guild) -> str:
            return guild.time_zone

        return await self._set(guild_id, actor, "timezone", now, time_zone=zone)

    async def time_zones(self) -> tuple[str, ...]:
        """Return the names of all time zones, in alphabetical order."""
        if not self._zones:
            # Hundreds of files are listed, once.
            names = await asyncio.to_thread(zoneinfo.available_timezones)
            self._zones = tuple(sorted(names - _NOT_PLACES))
        return self._zones

    async def set_log_channel(
        self, guild_id: GuildId, actor: Person, channel_id: ChannelId | None
    ) -> Change:
        """Choose where changes are told; None is nowhere."""

        def now(guild: Guild) -> str:
            return "off" if guild.log_channel_id is None else f"<#{guild.log_channel_id}>"

        return await self._set(guild_id, actor, "log-channel", now, log_channel_id=channel_id)

    async def _set(
        self,
        guild_id: GuildId,
        actor: Person,
        subject: str,
        now: Callable[[Guild], str],
        **setting: Unpack[Setting],
    ) -> Change:
        async with self._database.write() as connection:
            guild = await guilds.lock(connection, guild_id)
            changed = replace(guild, **setting)
            change = Change(subject=subject, before=now(guild), after=now(changed))
            if change.before == change.after:
                return change
            await guilds.change(connection, guild_id, **setting)
            # A log channel is told, as the last thing, that it is switched off.
            told = changed if changed.log_channel_id else guild
            await self._record(connection, told, actor, Action.SETTING_CHANGED, change)
        return change

    async def _record(
        self,
        connection: Connection,
        guild: Guild,
        actor: Person,
        action: Action,
        change: Change,
    ) -> None:
        await self._trail.record(
            connection,
            guild,
            actor,
            action,
            change.subject,
            before=change.before,
            after=change.after,
        )


def _checked(catalogue: Catalogue, kind: Kind, choices: Choices) -> Choices:
    """Return choices as the catalogue writes them, where members could make them themselves.

    Raises:
        InvalidOptionsError, ModelDeniedError: they could not.
    """
    if kind is Kind.TEXT and choices.resolution is not None:
        raise InvalidOptionsError(problem="text_has_size")
    if kind is not Kind.TEXT and choices.size is not None:
        raise InvalidOptionsError(problem="picture_has_resolution")
    if choices == Choices():
        return choices
    model = choose_model(catalogue, kind, choices.model)
    size, tier = choose_shape(catalogue, kind, model, choices)
    return Choices(
        model=None if choices.model is None else model.name,
        resolution=None if choices.resolution is None else tier,
        size=None if choices.size is None else size,
    )


def _words(choices: Choices) -> str | None:
    """Return a default as people read it; None where it is the catalogue's."""
    return " · ".join(filter(None, (choices.model, choices.resolution, choices.size))) or None
