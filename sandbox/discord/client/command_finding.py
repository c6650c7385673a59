"""Finds the commands a member is offered, as Discord's client does."""

from __future__ import annotations

from sandbox.discord.client.command_input import ClientRefusedError
from sandbox.discord.core import Core
from sandbox.discord.rules.commands import CommandKind
from sandbox.discord.world.interaction_records import Command
from sandbox.discord.world.permissions import Permission
from sandbox.discord.world.records import Channel, ChannelKind, User


def find_command(core: Core, channel: Channel, user: User, name: str, kind: CommandKind) -> Command:
    """Find a command the user sees in a channel.

    Raises:
        ClientRefusedError: the client would not offer it.
    """
    state = core.state
    candidates = [
        command
        for command in state.commands.values()
        if command.data["type"] == kind
        and command.name == name
        and command.guild_id in {None, channel.guild_id}
    ]
    if not candidates:
        known = sorted(command.name for command in state.commands.values())
        msg = f"no command {name!r} here; registered: {', '.join(known) or 'none'}"
        raise ClientRefusedError(msg)
    command = max(candidates, key=lambda command: command.guild_id or 0)
    _check_context(command, channel)
    if channel.guild_id is not None:
        guild = state.guilds[channel.guild_id]
        needed = Permission.VIEW_CHANNEL | Permission.USE_APPLICATION_COMMANDS
        if user.id not in guild.members or guild.bot_removed:
            raise ClientRefusedError(f"{user.name} and the bot are not both in {guild.name}")
        if state.permissions(channel, user.id) & needed != needed:
            raise ClientRefusedError(f"{user.name} may not use commands in #{channel.name}")
    return command


def _check_context(command: Command, channel: Channel) -> None:
    contexts = command.data.get("contexts")
    if channel.kind is ChannelKind.DM:
        if (contexts is not None and 1 not in contexts) or not command.data.get("dm_permission"):
            raise ClientRefusedError(f"/{command.name} is not offered in direct messages")
    elif contexts is not None and 0 not in contexts:
        raise ClientRefusedError(f"/{command.name} is not offered in guilds")
    elif command.data.get("nsfw") and not channel.nsfw:
        raise ClientRefusedError(f"/{command.name} needs an age-restricted channel")


def check_default_permissions(core: Core, channel: Channel, user: User, command: Command) -> None:
    """Refuse what the client hides by ``default_member_permissions``.

    Guild admins can override those, so a caller may skip this check.

    Raises:
        ClientRefusedError: the member lacks them.
    """
    needed = command.data.get("default_member_permissions")
    if needed is None or channel.guild_id is None:
        return
    has = core.state.permissions(channel, user.id)
    wanted = int(needed) or int(Permission.ADMINISTRATOR)
    if has & wanted != wanted:
        raise ClientRefusedError(f"/{command.name} is hidden from {user.name}")
