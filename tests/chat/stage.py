"""What the messenger's tests share: jobs that live in the local Discord."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bot.chat.messenger import Messenger
from bot.domain.ids import ChannelId, GuildId, UserId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import Drawing, StatusView
from sandbox.discord import DiscordServer
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Channel, Message
from tests.chat.examples import a_job
from tests.fakes import altered

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
    return StatusView(job=altered(job, **place, **changes))


async def posted(messenger: Messenger, job: Job, *, preview: bytes | None = None) -> Receipt:
    """Post a job's status message."""
    drawing = messenger.draw(StatusView(job=job))
    return await messenger.post_status(job, drawing, preview=preview)


async def edit(messenger: Messenger, view: StatusView) -> None:
    """Let a status message show a view."""
    await messenger.edit_status(view.job, messenger.draw(view))


Deliver = Callable[[Job, Drawing, Path], Awaitable[Receipt]]


async def deliver(method: Deliver, messenger: Messenger, view: StatusView, file: Path) -> Receipt:
    """Put a video before people, with the message that a view makes."""
    return await method(view.job, messenger.draw(view), file)


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
