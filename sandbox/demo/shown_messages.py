"""Reads back from the Discord sandbox everything that was shown about one job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sandbox.demo.control import ControlClient
from sandbox.discord.world.json import Json, dump


class Visibility(StrEnum):
    """Who sees a message."""

    PRIVATE = "private"
    """One person: it answers a command of theirs."""
    PUBLIC = "public"
    """Everybody in the channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """A message as it was shown from one moment on."""

    visibility: Visibility
    at: datetime
    message_id: str
    revision: Json
    """Content, embeds, components and attachments, as the Discord sandbox shows them."""
    whom: str = ""
    """Who sees a private answer."""
    command: str = ""
    """What a private answer answers, such as ``/queue show``."""
    reference_id: str = ""
    """The message it replies to."""

    @property
    def labels(self) -> list[str]:
        """What the buttons below it say."""
        return [
            str(part["label"])
            for row in self.revision["components"]
            for part in row.get("components", ())
            if part.get("label")
        ]

    @property
    def video(self) -> Json | None:
        """The video attached to it."""
        files: Sequence[Json] = self.revision["attachments"]
        return next((file for file in files if file["content_type"] == "video/mp4"), None)

    def names(self, job: str) -> bool:
        """Tell whether it mentions a job."""
        return job in dump([self.revision["content"], self.revision["embeds"]])


async def messages_about(discord: ControlClient, *, channel: str, job: str) -> list[ShownMessage]:
    """Return everything that was shown about a job, in the order of time.

    Args:
        discord: The sandbox.
        channel: Id of the channel.
        job: The job's id.
    """
    public = {
        message["id"]: message for message in await discord.get(f"/messages?channel={channel}")
    }
    seen = []
    for event in await discord.get("/events?after=0"):
        if event["kind"] in {"message_posted", "message_edited"}:
            message = public.get(event["message_id"])
            if message is not None:
                seen.append(_shown(event, message, visibility=Visibility.PUBLIC))
        elif event["kind"] == "private_answer":
            answered = await discord.get(f"/invocations/{event['interaction_id']}")
            private = {message["id"]: message for message in answered["messages"]}
            message = private[event["message_id"]]
            seen.append(
                _shown(event, message, visibility=Visibility.PRIVATE, command=answered["title"])
            )
    return [message for message in seen if message.names(job)]


def _shown(
    event: Mapping[str, Any], message: Json, *, visibility: Visibility, command: str = ""
) -> ShownMessage:
    return ShownMessage(
        visibility=visibility,
        command=command,
        at=datetime.fromisoformat(event["at"]),
        message_id=event["message_id"],
        revision=message["revisions"][event["revision"] - 1],
        whom=event.get("ephemeral_for", ""),
        reference_id=message["reference_id"] or "",
    )
