"""What an attempt without an answer may have posted: looked for before anything is posted again."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.errors import MissingAccessError
from bot.domain.ids import ChannelId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job
from bot.domain.jobs.status import Purpose
from bot.domain.ports import Chat

NONCE_HOLDS = timedelta(minutes=2)
"""Discord recognises a repeated nonce "in the past few minutes": so long, posting again is safe."""


async def find_previous_attempt(
    chat: Chat,
    job: Job,
    channel_id: ChannelId,
    purpose: Purpose,
    *,
    attempted_at: datetime,
    now: datetime,
) -> tuple[Receipt | None, datetime]:
    """Look for the message an earlier attempt posted; None where it is safe to post one.

    Returns:
        The message, and the moment to store with another attempt: a later look must reach back to
        it, and where the channel cannot be read the nonce is as old as the first post.

    Raises:
        MissingAccessError: it may stand there; the channel cannot be read, and the attempt is
            too old for its nonce.
        DeliveryError: Discord could not be asked.
    """
    try:
        return await chat.find_message(job, channel_id, purpose, since=attempted_at), now
    except MissingAccessError:
        if now - attempted_at > NONCE_HOLDS:
            raise
        return None, attempted_at
