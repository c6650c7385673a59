"""Lists every route of the server. Anything else is 404 and stays in the record as unknown."""

from __future__ import annotations

from sandbox.discord.rest import commands, interactions, messages, places, webhooks
from sandbox.discord.rest.call import Handler, Route

CHANNEL_MESSAGES = "/channels/{channel_id}/messages"
ONE_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
GLOBAL_COMMANDS = "/applications/{application_id}/commands"
GUILD_COMMANDS = "/applications/{application_id}/guilds/{guild_id}/commands"
WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"
ANSWER = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"


def _token_in_path(method: str, template: str, handler: Handler) -> Route:
    # Interaction endpoints are not bound by the global limit:
    # https://discord.com/developers/docs/topics/rate-limits#global-rate-limit
    return Route(method, template, handler, needs_token=False, global_limit=False)


ROUTES = (
    Route("GET", "/gateway", places.get_gateway, needs_token=False),
    Route("GET", "/gateway/bot", places.get_gateway_bot),
    Route("GET", "/users/@me", places.get_own_user),
    Route("POST", "/users/@me/channels", places.open_direct_channel),
    Route("GET", "/users/{user_id}", places.get_user),
    Route("GET", "/applications/@me", places.get_application),
    Route("GET", "/oauth2/applications/@me", places.get_application),
    Route("GET", "/channels/{channel_id}", places.get_channel),
    Route("GET", "/guilds/{guild_id}", places.get_guild),
    Route("GET", "/guilds/{guild_id}/channels", places.get_guild_channels),
    Route("GET", "/guilds/{guild_id}/roles", places.get_guild_roles),
    Route("GET", "/guilds/{guild_id}/members/{user_id}", places.get_member),
    Route("GET", GLOBAL_COMMANDS, commands.list_commands),
    Route("PUT", GLOBAL_COMMANDS, commands.replace_commands),
    Route("POST", GLOBAL_COMMANDS, commands.upsert_command),
    Route("DELETE", f"{GLOBAL_COMMANDS}/{{command_id}}", commands.delete_command),
    Route("GET", GUILD_COMMANDS, commands.list_commands),
    Route("PUT", GUILD_COMMANDS, commands.replace_commands),
    Route("POST", GUILD_COMMANDS, commands.upsert_command),
    Route("DELETE", f"{GUILD_COMMANDS}/{{command_id}}", commands.delete_command),
    Route("GET", CHANNEL_MESSAGES, messages.list_messages),
    Route("POST", CHANNEL_MESSAGES, messages.create_message),
    Route("GET", ONE_MESSAGE, messages.get_message),
    Route("PATCH", ONE_MESSAGE, messages.edit_message),
    Route("DELETE", ONE_MESSAGE, messages.delete_message),
    Route("POST", "/channels/{channel_id}/typing", messages.start_typing),
    _token_in_path("POST", CALLBACK, interactions.respond),
    _token_in_path("POST", WEBHOOK, webhooks.follow_up),
    _token_in_path("GET", ANSWER, webhooks.get_answer),
    _token_in_path("PATCH", ANSWER, webhooks.edit_answer),
    _token_in_path("DELETE", ANSWER, webhooks.delete_answer),
)
