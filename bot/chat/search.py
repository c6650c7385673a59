"""Looks for a message of ours about a job, which an attempt without an answer may have posted."""

from __future__ import annotations

from datetime import datetime, timedelta

import discord

from bot.chat import text
from bot.domain.errors import MissingAccessError
from bot.domain.ids import ChannelId, MessageId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job
from bot.domain.jobs.status import Purpose

STANDS_WITHIN = timedelta(minutes=15)
"""What an attempt posts stands by then, or never: the search need not read on to the present."""

CLOCK_MARGIN = timedelta(minutes=1)
"""Discord's clock and ours may differ."""

HISTORY_LIMIT = 2000
"""Messages looked through: more than two a second, and twenty requests."""


async def find(
    channel: discord.PartialMessageable,
    job: Job,
    purpose: Purpose,
    *,
    own_id: int | None,
    since: datetime,
) -> Receipt | None:
    """Search a channel for one of a job's messages.

    Args:
        channel: where it may stand.
        job: the job it is about.
        purpose: which of the job's messages.
        own_id: the bot's user.
        since: when it was attempted.

    Raises:
        MissingAccessError: it may stand there, and nobody can tell.
        discord.HTTPException: Discord refused or was not there.
    """
    if (
        purpose is Purpose.DELIVERY
        and job.messages.status_message_id
        and job.messages.status_channel_id == channel.id
    ):
        delivered = await _fetch(channel, job.messages.status_message_id)
        if delivered is not None and purpose_of(delivered, job) is purpose:
            return receipt_of(delivered)
    count = 0
    begin, end = since - CLOCK_MARGIN, since + STANDS_WITHIN
    async for message in channel.history(limit=HISTORY_LIMIT, after=begin, oldest_first=True):
        count += 1
        if message.created_at > end:
            return None
        if message.author.id == own_id and purpose_of(message, job) is purpose:
            return receipt_of(message)
    if count == 0:
        # Where it may not be read, Discord shows an empty history; asked for a message by its id
        # it says so. No message has the id of its channel but the one a thread began with.
        await _fetch(channel, MessageId(channel.id))
    if count >= HISTORY_LIMIT:
        raise MissingAccessError("too many messages to look through")
    return None


async def _fetch(
    channel: discord.PartialMessageable, message_id: MessageId
) -> discord.Message | None:
    try:
        return await channel.fetch_message(message_id)
    except discord.NotFound:
        return None
    except discord.Forbidden as error:
        raise MissingAccessError(f"the history may not be read: {error.text[:200]}") from error


def purpose_of(message: discord.Message, job: Job) -> Purpose | None:
    """Tell which of a job's messages this is, if any."""
    # Before the others: a report has the job's video, too.
    if message.content.startswith(text.reports.mark(job.id)):
        return Purpose.REPORT
    if message.content.endswith(f"-# {text.jobs.footer(job.id)}"):
        return Purpose.ANNOUNCEMENT
    # Without Embed Links a message has no embed, and so no footer.
    if any(attachment.filename.endswith(video_name(job)) for attachment in message.attachments):
        return Purpose.DELIVERY
    if any(embed.footer.text == text.jobs.footer(job.id) for embed in message.embeds):
        return Purpose.STATUS
    return None


def video_name(job: Job) -> str:
    """Return the name a job's video is attached under."""
    return f"tween-{job.id}.mp4"


def receipt_of(message: discord.Message) -> Receipt:
    """Return what proves a message."""
    return Receipt(channel_id=ChannelId(message.channel.id), message_id=MessageId(message.id))
