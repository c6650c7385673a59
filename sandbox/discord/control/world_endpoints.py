"""Serves the part of ``/_sandbox`` that builds and changes the world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from sandbox.discord.client.world_builder import WorldBuilder
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import ChannelKind

Endpoint: TypeAlias = Callable[[Json, dict[str, str]], Awaitable[object]]
"""Takes body and path-and-query parameters, returns what becomes JSON."""


class WorldEndpoints:
    """Lets another process change users, guilds, channels, roles and permissions."""

    def __init__(self, build: WorldBuilder, *, bot_id: int) -> None:
        self._build = build
        self._bot_id = bot_id

    def table(self) -> dict[tuple[str, str], Endpoint]:
        """List the endpoints by method and path."""
        return {
            ("POST", "/users"): self.add_user,
            ("POST", "/guilds"): self.add_guild,
            ("PATCH", "/guilds/{id}"): self.update_guild,
            ("DELETE", "/guilds/{id}"): self.remove_guild,
            ("POST", "/channels"): self.add_channel,
            ("PATCH", "/channels/{id}"): self.update_channel,
            ("DELETE", "/channels/{id}"): self.remove_channel,
            ("POST", "/threads"): self.add_thread,
            ("POST", "/roles"): self.add_role,
            ("POST", "/members"): self.join,
            ("POST", "/overwrites"): self.overwrite,
            ("POST", "/direct-channels"): self.direct_channel,
            ("DELETE", "/messages/{id}"): self.delete_message,
        }

    async def add_user(self, body: Json, _given: dict[str, str]) -> object:
        """Add an account."""
        user = self._build.add_user(
            body["name"], nitro=bool(body.get("nitro")), locale=body.get("locale", "en-US")
        )
        if body.get("takes_direct_messages") is False:
            self._build.close_direct_messages(user)
        return {"id": str(user.id)}

    async def add_guild(self, body: Json, _given: dict[str, str]) -> object:
        """Add a guild."""
        guild = self._build.add_guild(
            body["name"], int(body.get("premium_tier", 0)), owner=body.get("owner")
        )
        return {"id": str(guild.id)}

    async def update_guild(self, body: Json, given: dict[str, str]) -> object:
        """Change tier, AutoMod words or language."""
        words = body.get("automod_words")
        self._build.update_guild(
            given["id"],
            premium_tier=body.get("premium_tier"),
            automod_words=None if words is None else set(words),
            locale=body.get("locale"),
            community=body.get("community"),
        )
        return {}

    async def remove_guild(self, _body: Json, given: dict[str, str]) -> object:
        """Delete a guild; ``?kick_only=1`` only removes the bot."""
        self._build.remove_guild(given["id"], kick_only=given.get("kick_only") == "1")
        return {}

    async def add_channel(self, body: Json, _given: dict[str, str]) -> object:
        """Add a channel."""
        channel = self._build.add_channel(
            body["guild"],
            body["name"],
            ChannelKind[str(body.get("kind", "text")).upper()],
            category=body.get("category"),
            nsfw=bool(body.get("nsfw")),
            slowmode_seconds=int(body.get("slowmode_seconds", 0)),
        )
        return {"id": str(channel.id)}

    async def update_channel(self, body: Json, given: dict[str, str]) -> object:
        """Change name, slow mode, archived, locked."""
        self._build.update_channel(given["id"], **body)
        return {}

    async def remove_channel(self, _body: Json, given: dict[str, str]) -> object:
        """Delete a channel or thread."""
        self._build.remove_channel(given["id"])
        return {}

    async def add_thread(self, body: Json, _given: dict[str, str]) -> object:
        """Start a thread."""
        thread = self._build.add_thread(body["parent"], body["name"], owner=body.get("owner"))
        return {"id": str(thread.id)}

    async def add_role(self, body: Json, _given: dict[str, str]) -> object:
        """Add a role and give it to ``members``."""
        role = self._build.add_role(body["guild"], body["name"], allow=body.get("allow", 0))
        for member in body.get("members") or ():
            self._build.give_role(body["guild"], member, role)
        return {"id": str(role.id)}

    async def join(self, body: Json, _given: dict[str, str]) -> object:
        """Put a user into a guild."""
        roles = tuple(int(role_id) for role_id in body.get("roles") or ())
        self._build.join(body["guild"], body["user"], roles)
        return {}

    async def overwrite(self, body: Json, _given: dict[str, str]) -> object:
        """Set a permission overwrite; without ``target`` it is the bot's."""
        target = int(body.get("target") or self._bot_id)
        self._build.overwrite(
            body["channel"], target, allow=body.get("allow", 0), deny=body.get("deny", 0)
        )
        return {}

    async def direct_channel(self, body: Json, _given: dict[str, str]) -> object:
        """Open the bot's DM with a user."""
        return {"id": str(self._build.direct_channel(body["user"]).id)}

    async def delete_message(self, _body: Json, given: dict[str, str]) -> object:
        """Delete a message."""
        self._build.delete_message(given["id"])
        return {}
