"""Shows what is only read: the gateway's address, users, the application, channels, guilds."""

from __future__ import annotations

from sandbox.discord.gateway import gateway
from sandbox.discord.rest.call import Answer, Call
from sandbox.discord.rest.messages import visible_channel
from sandbox.discord.rules.errors import (
    bad_recipient,
    missing_access,
    unknown_guild,
    unknown_member,
    unknown_user,
)
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Channel, ChannelKind, Guild

DAY_MS = 86_400_000


async def get_gateway(call: Call) -> Answer:
    """GET /gateway."""
    return Answer(200, {"url": f"{call.core.gateway.base_url}{gateway.PATH}"})


async def get_gateway_bot(call: Call) -> Answer:
    """GET /gateway/bot."""
    used = call.core.gateway.identifies
    return Answer(
        200,
        {
            "url": f"{call.core.gateway.base_url}{gateway.PATH}",
            "shards": call.core.settings.shards,
            "session_start_limit": {
                "total": gateway.IDENTIFIES_PER_DAY,
                "remaining": gateway.IDENTIFIES_PER_DAY - used,
                "reset_after": DAY_MS,
                "max_concurrency": 1,
            },
        },
    )


async def get_own_user(call: Call) -> Answer:
    """GET /users/@me."""
    return Answer(200, call.core.payloads.own_user())


async def get_user(call: Call) -> Answer:
    """GET /users/{user_id}."""
    user = call.core.state.users.get(call.id("user_id"))
    if user is None:
        raise unknown_user()
    return Answer(200, call.core.payloads.user(user))


async def get_application(call: Call) -> Answer:
    """GET /applications/@me and /oauth2/applications/@me."""
    state, payloads = call.core.state, call.core.payloads
    owner = next((user for user in state.users.values() if not user.bot), state.bot)
    data: Json = {
        "id": str(state.application_id),
        "name": state.bot.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": payloads.user(state.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": 0,
        "flags_new": "0",
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": payloads.user(owner),
        "approximate_guild_count": len(state.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
        "integration_types_config": {"0": {}},
    }
    return Answer(200, data)


async def open_direct_channel(call: Call) -> Answer:
    """POST /users/@me/channels: opening always works, sending may not."""
    state = call.core.state
    recipient = call.json.get("recipient_id")
    user = state.users.get(int(str(recipient))) if str(recipient).isdigit() else None
    if user is None or user.id == state.bot.id:
        raise bad_recipient()
    channel = state.direct_channel(user.id)
    if channel is None:
        channel = Channel(
            id=state.ids.next(), kind=ChannelKind.DM, name=user.name, recipient_id=user.id
        )
        state.channels[channel.id] = channel
    return Answer(200, call.core.payloads.channel(channel))


async def get_channel(call: Call) -> Answer:
    """GET /channels/{channel_id}."""
    return Answer(200, call.core.payloads.channel(visible_channel(call)))


def _guild(call: Call) -> Guild:
    guild = call.core.state.guilds.get(call.id("guild_id"))
    if guild is None or guild.deleted:
        raise unknown_guild()
    if guild.bot_removed:
        raise missing_access()
    return guild


async def get_guild(call: Call) -> Answer:
    """GET /guilds/{guild_id}."""
    guild = _guild(call)
    data = call.core.payloads.guild(guild)
    if call.flag("with_counts"):
        data["approximate_member_count"] = len(guild.members)
        data["approximate_presence_count"] = 1
    return Answer(200, data)


async def get_guild_channels(call: Call) -> Answer:
    """GET /guilds/{guild_id}/channels."""
    guild = _guild(call)
    channels = [
        channel for channel in call.core.state.channels_of(guild) if channel.owner_id is None
    ]
    return Answer(200, [call.core.payloads.channel(channel) for channel in channels])


async def get_guild_roles(call: Call) -> Answer:
    """GET /guilds/{guild_id}/roles."""
    return Answer(200, [call.core.payloads.role(role) for role in _guild(call).roles.values()])


async def get_member(call: Call) -> Answer:
    """GET /guilds/{guild_id}/members/{user_id}."""
    member = _guild(call).members.get(call.id("user_id"))
    if member is None:
        raise unknown_member()
    return Answer(200, call.core.payloads.member(member))
