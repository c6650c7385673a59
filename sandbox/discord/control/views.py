"""Shows records as JSON for people and tests, which is not Discord's wire format."""

from __future__ import annotations

import dataclasses

from sandbox.discord.core import Core
from sandbox.discord.wire.cdn import Cdn
from sandbox.discord.world.json import Json
from sandbox.discord.world.recorded_request import RecordedRequest
from sandbox.discord.world.records import Attachment, Message, Ping


def world(core: Core) -> Json:
    """Show guilds, channels, users and commands."""
    state = core.state
    return {
        "application_id": str(state.application_id),
        "connected": core.gateway.connected,
        "sessions": len(core.gateway.sessions),
        "invalid_requests": core.limits.invalid_requests,
        "commands": [command.data for command in state.commands.values()],
        "users": [{"id": str(user.id), "name": user.name} for user in state.users.values()],
        "guilds": [
            {
                "id": str(guild.id),
                "name": guild.name,
                "premium_tier": guild.premium_tier,
                "members": [str(member) for member in guild.members],
                "roles": [{"id": str(role.id), "name": role.name} for role in guild.roles.values()],
                "deleted": guild.deleted,
            }
            for guild in state.guilds.values()
        ],
        "channels": [
            {
                "id": str(channel.id),
                "name": channel.name,
                "kind": channel.kind.name.lower(),
                "guild_id": str(channel.guild_id) if channel.guild_id else None,
                "archived": channel.archived,
                "locked": channel.locked,
                "deleted": channel.deleted,
            }
            for channel in state.channels.values()
        ],
    }


def message(cdn: Cdn, found: Message) -> Json:
    """Show a message with every revision; files with a path on disk and a fresh URL."""
    return {
        "id": str(found.id),
        "channel_id": str(found.channel_id),
        "author_id": str(found.author_id),
        "nonce": found.nonce,
        "reference_id": str(found.reference_id) if found.reference_id else None,
        "text": found.text,
        "revisions": [
            {
                "at": revision.at.isoformat(),
                "content": revision.content,
                "embeds": list(revision.embeds),
                "components": list(revision.components),
                "flags": revision.flags,
                "thinking": revision.thinking,
                "attachments": [_attachment(cdn, file) for file in revision.attachments],
            }
            for revision in found.revisions
        ],
    }


def _attachment(cdn: Cdn, found: Attachment) -> Json:
    return {
        "id": str(found.id),
        "filename": found.filename,
        "content_type": found.content_type,
        "size": found.size,
        "sha256": found.sha256,
        "path": str(found.path),
        "url": cdn.url(found),
    }


def ping(found: Ping) -> Json:
    """Show a notification."""
    return {
        "user_id": str(found.user_id),
        "message_id": str(found.message_id),
        "channel_id": str(found.channel_id),
        "reason": str(found.reason),
        "at": found.at.isoformat(),
    }


def request(found: RecordedRequest) -> Json:
    """Show a recorded request."""
    return {**dataclasses.asdict(found), "seconds": found.seconds}
