"""What the messenger's tests share: jobs that live in the local Discord."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.chat.messenger import Messenger
from bot.domain.delivery import Receipt
from bot.domain.ids import ChannelId, GuildId, UserId
from bot.domain.job import Job, JobState
from bot.domain.status import StatusView
from sandbox.discord import DiscordServer
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Channel, Message
from tests.chat.examples import a_job

POSTS = "/channels/*/messages"
EDITS = "/channels/*/messages/*"


def job_in(
    server: DiscordServer,
    state: JobState = JobState.QUEUED,
    *,
    channel: Channel | None = None,
    **changes: Any,  # noqa: ANN401 - a job's fields
) -> Job:
    """Return tom's job in a channel of the local Discord, without a message yet."""
    place = {
        "guild_id": GuildId(server.guild.id),
        "channel_id": ChannelId((channel or server.channel).id),
        "requester_id": UserId(server.users[1].id),
        "created_at": server.clock.now(),
        "status_channel_id": None,
        "status_message_id": None,
        "delivered_channel_id": None,
        "delivered_message_id": None,
    }
    return a_job(state, **{**place, **changes})


def at(job: Job, receipt: Receipt, **changes: Any) -> StatusView:  # noqa: ANN401
    """Return the view of a job whose status message stands."""
    place: dict[str, Any] = {
        "status_channel_id": receipt.channel_id,
        "status_message_id": receipt.message_id,
    }
    return StatusView(job=replace(job, **place, **changes))


async def posted(messenger: Messenger, job: Job, *, preview: Path | None = None) -> Receipt:
    """Post a job's status message."""
    return await messenger.post_status(StatusView(job=job), preview=preview)


def only_message(server: DiscordServer, channel: Channel | None = None) -> Message:
    """Return the one message of a channel."""
    (message,) = server.messages(channel or server.channel)
    return message


def body_of(server: DiscordServer, method: str, route: str) -> Json:
    """Return the JSON of the last request to a route."""
    found = server.requests_to(method, route)[-1].json
    assert isinstance(found, dict)
    return found


def pinged(server: DiscordServer) -> list[str]:
    """Return the names of those who were notified."""
    return [server.state.users[ping.user_id].name for ping in server.pings]
