"""Describes one REST call as its handler sees it, and the answer the handler gives."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from sandbox.discord.core import Core
from sandbox.discord.rules.errors import invalid_form
from sandbox.discord.wire.multipart import Body
from sandbox.discord.world.json import Json


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body of an answer; None is 204's emptiness."""

    status: int
    body: Json | list[Json] | None = None


NOTHING = Answer(204)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that found its route."""

    core: Core
    parameters: dict[str, str]
    query: dict[str, str]
    body: Body = field(default_factory=Body)
    number: int = 0
    """Of the record this call has in ``server.requests``."""

    def id(self, name: str) -> int:
        """Read a snowflake out of the path.

        Raises:
            ApiError: 50035 when it is none.
        """
        value = self.parameters[name]
        if not value.isdigit():
            raise invalid_form(
                {
                    name: {
                        "_errors": [
                            {
                                "code": "NUMBER_TYPE_COERCE",
                                "message": f'Value "{value}" is not snowflake.',
                            }
                        ]
                    }
                }
            )
        return int(value)

    @property
    def json(self) -> Json:
        """The body as an object; an empty one when there is none."""
        return self.body.json if isinstance(self.body.json, dict) else {}

    def flag(self, name: str) -> bool:
        """Read a yes or no out of the query."""
        return self.query.get(name, "").lower() in {"1", "true"}


Handler: TypeAlias = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Route:
    """Names a method and path template together with its handler."""

    method: str
    template: str
    """As in Discord's documentation, such as ``/channels/{channel_id}/messages``."""
    handler: Handler
    needs_token: bool = True
    """False where an interaction token in the path is the key."""
    global_limit: bool = True
    """False: outside the 50 requests per second (interaction endpoints)."""

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """Return the path parameters, or None."""
        if method != self.method:
            return None
        pattern = re.sub(r"\\?\{(\w+)\\?\}", r"(?P<\1>[^/]+)", self.template)
        found = re.fullmatch(pattern, path)
        return None if found is None else found.groupdict()

    def major(self, parameters: dict[str, str]) -> str:
        """Return what gives a path its own bucket."""
        names = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_token")
        return ":".join(parameters[name] for name in names if name in parameters)
