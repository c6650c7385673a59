"""Every route of Discord's REST API the bot uses, and what goes wrong on it in the stories."""

from __future__ import annotations

from typing import TypeAlias

from sandbox.discord.rules.faults import Fault
from sandbox.discord.server import DiscordServer
from sandbox.discord.wire import cdn

Route: TypeAlias = tuple[str, str]
"""Method and template."""

TROUBLES = (
    Fault(method="*", path="*", status=503),
    Fault(method="*", path="*", drop=True),
    Fault(method="*", path="*", status=503, after=True),
    Fault(method="*", path="*", drop=True, after=True),
)
"""Not there, and cut off: each before and after Discord did what was asked."""

COMMANDS = "/applications/{application_id}/commands"
MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = "/channels/{channel_id}/messages/{message_id}"
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
ANSWER = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"

AT_START: frozenset[Route] = frozenset(
    {
        ("GET", "/users/@me"),
        ("GET", "/oauth2/applications/@me"),
        ("GET", "/gateway/bot"),
        ("PUT", COMMANDS),
    }
)
"""Trouble on one of these ends the process, and the supervisor starts it again."""

AT_WORK: frozenset[Route] = frozenset(
    {
        ("POST", CALLBACK),
        ("PATCH", ANSWER),
        ("POST", MESSAGES),
        ("GET", MESSAGES),
        ("GET", MESSAGE),
        ("PATCH", MESSAGE),
        ("POST", "/users/@me/channels"),
        ("GET", "/guilds/{guild_id}"),
    }
)

OF_OPERATORS: frozenset[Route] = frozenset(
    {("PUT", "/applications/{application_id}/guilds/{guild_id}/commands")}
)
"""Refused, the commands are missing and the shell has them; the bot serves all the same."""

KNOWN = AT_START | AT_WORK | OF_OPERATORS


def used(server: DiscordServer) -> set[Route]:
    """Return the routes the bot has used."""
    return {
        (request.method, request.route) for request in server.requests if request.route is not None
    }


def troubles_met(server: DiscordServer) -> dict[Route, set[str]]:
    """Return what went wrong on each route."""
    met: dict[Route, set[str]] = {}
    for request in server.requests:
        if request.route is not None and request.fault is not None:
            met.setdefault((request.method, request.route), set()).add(request.fault)
    return met


ALL_TROUBLES = {trouble.describe() for trouble in TROUBLES}
CDN_READS = f"GET {cdn.PREFIX}"
