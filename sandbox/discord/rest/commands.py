"""Registers application commands.

https://discord.com/developers/docs/interactions/application-commands
"""

from __future__ import annotations

from sandbox.discord.core import Core
from sandbox.discord.rest.call import NOTHING, Answer, Call
from sandbox.discord.rules.commands import check_command, check_commands, kinds_over_limit
from sandbox.discord.rules.errors import (
    ApiError,
    broken_json,
    missing_access,
    unknown_command,
    unknown_guild,
)
from sandbox.discord.rules.problems import Problems
from sandbox.discord.world.interaction_records import Command
from sandbox.discord.world.json import Json

CREATES_PER_DAY = 200


def _scope(call: Call) -> int | None:
    """Check the application and return the guild, or None for global commands."""
    state = call.core.state
    if call.id("application_id") != state.application_id:
        raise ApiError(
            403, 20012, "You are not authorized to perform this action on this application"
        )
    if "guild_id" not in call.parameters:
        return None
    guild = state.guilds.get(call.id("guild_id"))
    if guild is None or guild.deleted:
        raise unknown_guild()
    if guild.bot_removed:
        raise missing_access()
    return guild.id


def _registered(core: Core, guild_id: int | None) -> list[Command]:
    return [command for command in core.state.commands.values() if command.guild_id == guild_id]


async def list_commands(call: Call) -> Answer:
    """GET …/commands."""
    scope = _scope(call)
    return Answer(200, [command.data for command in _registered(call.core, scope)])


async def replace_commands(call: Call) -> Answer:
    """PUT …/commands: the list becomes the whole truth; commands keep their id by name."""
    scope = _scope(call)
    wanted = call.body.json
    if not isinstance(wanted, list):
        raise broken_json()
    check_commands(wanted)
    _check_room(wanted)
    core = call.core
    old = {(command.name, command.data["type"]): command for command in _registered(core, scope)}
    for command in old.values():
        del core.state.commands[command.id]
    kept = [_keep(core, scope, command, old) for command in wanted]
    names = ", ".join(command.name for command in kept)
    core.event_log.publish("commands", f"Commands registered: {names}", count=len(kept))
    return Answer(200, [command.data for command in kept])


def _check_room(commands: list[Json]) -> None:
    limit = kinds_over_limit(commands)
    if limit is not None:
        raise ApiError(400, 30032, f"Maximum number of application commands reached ({limit}).")


async def upsert_command(call: Call) -> Answer:
    """POST …/commands: create, or replace the one of the same name."""
    scope = _scope(call)
    core, wanted = call.core, call.json
    problems = Problems()
    check_command(problems, (), wanted)
    problems.refuse()
    old = {(command.name, command.data["type"]): command for command in _registered(core, scope)}
    known = (wanted["name"], wanted.get("type") or 1) in old
    if not known:
        _check_room([*(command.data for command in old.values()), wanted])
    command = _keep(core, scope, wanted, old)
    return Answer(200 if known else 201, command.data)


async def delete_command(call: Call) -> Answer:
    """DELETE …/commands/{command_id}."""
    scope = _scope(call)
    command = call.core.state.commands.get(call.id("command_id"))
    if command is None or command.guild_id != scope:
        raise unknown_command()
    del call.core.state.commands[command.id]
    return NOTHING


def _keep(
    core: Core, scope: int | None, wanted: Json, old: dict[tuple[str, int], Command]
) -> Command:
    kind = int(wanted.get("type") or 1)
    known = old.get((wanted["name"], kind))
    if known is None:
        core.state.command_creates += 1
        if core.state.command_creates > CREATES_PER_DAY:
            raise ApiError(
                400,
                30034,
                f"Max number of daily application command creates has been reached "
                f"({CREATES_PER_DAY})",
            )
    allowed = wanted.get("default_member_permissions")
    data: Json = {
        "id": str(known.id if known else core.state.ids.next()),
        "application_id": str(core.state.application_id),
        "version": str(core.state.ids.next()),
        "type": kind,
        "name": wanted["name"],
        "name_localizations": wanted.get("name_localizations"),
        "description": wanted.get("description") or "",
        "description_localizations": wanted.get("description_localizations"),
        "default_member_permissions": None if allowed is None else str(allowed),
        "dm_permission": wanted.get("dm_permission", True),
        "contexts": wanted.get("contexts"),
        "integration_types": wanted.get("integration_types") or [0],
        "nsfw": bool(wanted.get("nsfw")),
    }
    if wanted.get("options"):
        data["options"] = [_without_nulls(option) for option in wanted["options"]]
    if scope is not None:
        data["guild_id"] = str(scope)
    command = Command(id=int(data["id"]), guild_id=scope, data=data)
    core.state.commands[command.id] = command
    return command


def _without_nulls(option: Json) -> Json:
    data = {key: value for key, value in option.items() if value is not None}
    if "options" in data:
        data["options"] = [_without_nulls(option) for option in data["options"]]
    return data
