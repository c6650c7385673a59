"""The Chat port on Discord's REST API: ids in, receipts out, discord.py's errors converted.

discord.py does not repeat a request after a 503 or a dropped connection, so the calls here have
retries of their own. They are safe: an edit says the same thing twice, and a post carries a nonce
by which Discord recognises its repetition for some minutes.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import aiohttp
import discord
import stamina

from bot.chat import limits, text
from bot.chat.status import PREVIEW_NAME, Rendered, announcement, footer, render
from bot.chat.text import Money
from bot.crashpoints import Call, outside
from bot.domain.audit import AuditEntry
from bot.domain.delivery import Receipt
from bot.domain.errors import (
    ChannelGoneError,
    ChatUnavailableError,
    ContentBlockedError,
    DeliveryError,
    MessageGoneError,
    MissingAccessError,
    UploadTooLargeError,
)
from bot.domain.guild import Notify
from bot.domain.ids import ChannelId, JobId, MessageId, UserId
from bot.domain.job import Job
from bot.domain.status import Notice, Purpose, StatusView
from bot.logs import get_logger

log = get_logger(__name__)

_T = TypeVar("_T")

ATTEMPTS = 4
FIRST_WAIT_SECONDS = 0.5
MOST_WAIT_SECONDS = 4.0
HISTORY_LIMIT = 300
"""Messages of a channel searched for one of ours."""

CLOCK_MARGIN = timedelta(minutes=1)
"""Discord's clock and ours may differ."""

_ERRORS: dict[int, type[DeliveryError]] = {
    limits.UNKNOWN_CHANNEL: ChannelGoneError,
    limits.MISSING_ACCESS: ChannelGoneError,
    limits.UNKNOWN_MESSAGE: MessageGoneError,
    limits.CANNOT_EDIT_OTHERS: MessageGoneError,
    limits.THREAD_ARCHIVED: MessageGoneError,
    limits.THREAD_LOCKED: ChannelGoneError,
    limits.REQUEST_ENTITY_TOO_LARGE: UploadTooLargeError,
    limits.BLOCKED_BY_AUTOMOD: ContentBlockedError,
    limits.CANNOT_SEND_TO_USER: MissingAccessError,
    limits.MISSING_PERMISSIONS: MissingAccessError,
    limits.REPLY_WITHOUT_HISTORY: MissingAccessError,
    limits.SLOW_MODE: ChatUnavailableError,
    limits.TOO_MANY_EDITS_OF_OLD_MESSAGE: ChatUnavailableError,
}


_PATIENCE = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNAUTHORIZED})
"""A refused token says nothing about a channel: nobody's video is given up for it."""


def converted(error: Exception) -> DeliveryError:
    """Return what an error of discord.py means."""
    if isinstance(error, discord.HTTPException):
        message = f"{error.status} {error.code}: {error.text[:200]}"
        if error.code in _ERRORS:
            return _ERRORS[error.code](message)
        if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return UploadTooLargeError(message)
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.status in _PATIENCE:
            return ChatUnavailableError(message)
        if error.status == HTTPStatus.FORBIDDEN:
            return MissingAccessError(message)
        return DeliveryError(message)
    return ChatUnavailableError(f"{type(error).__name__}: {error}")


class Messenger:
    """Posts, edits and finds a job's messages."""

    def __init__(
        self, client: discord.Client, *, money: Money, operators: Iterable[UserId]
    ) -> None:
        self._client = client
        self._money = money
        self._operators = tuple(operators)

    def digest(self, view: StatusView) -> str:
        """Return a fingerprint of what a status message would show."""
        return render(view, self._money).digest

    @outside(Call.POST_STATUS)
    async def post_status(self, view: StatusView, *, preview: Path | None) -> Receipt:
        """Post a job's status message into its channel."""
        job = view.job

        async def post(rendered: Rendered) -> Receipt:
            files = [discord.File(preview, PREVIEW_NAME)] if preview else []
            message = await self._channel(job.channel_id).send(
                embed=rendered.embed,
                view=rendered.view or discord.utils.MISSING,
                files=files,
                nonce=nonce(job.id, Purpose.STATUS),
            )
            return _receipt(message)

        return await self._with_prompt_if_allowed(view, post)

    @outside(Call.EDIT_STATUS)
    async def edit_status(self, view: StatusView) -> None:
        """Show the present state; attachments stay as they are."""
        message = self._status_message(view.job)

        async def edit(rendered: Rendered) -> None:
            await message.edit(embed=rendered.embed, view=rendered.view)

        await self._with_prompt_if_allowed(view, edit)

    @outside(Call.DELIVER_BY_EDIT)
    async def deliver_by_edit(self, view: StatusView, file: Path) -> Receipt:
        """Attach the video to the status message."""
        message = self._status_message(view.job)

        async def edit(rendered: Rendered) -> Receipt:
            edited = await message.edit(
                embed=rendered.embed, view=rendered.view, attachments=[_video(view.job, file)]
            )
            return _receipt(edited)

        return await self._with_prompt_if_allowed(view, edit)

    @outside(Call.DELIVER_IN_CHANNEL)
    async def deliver_in_channel(self, view: StatusView, file: Path) -> Receipt:
        """Post the video as a new message into the job's channel."""
        return await self._deliver_new(view, file, view.job.channel_id)

    @outside(Call.DELIVER_BY_DM)
    async def deliver_by_dm(self, view: StatusView, file: Path) -> Receipt:
        """Post the video into the requester's direct messages."""
        return await self._deliver_new(view, file, await self.open_dm(view.job.requester_id))

    async def _deliver_new(self, view: StatusView, file: Path, channel_id: ChannelId) -> Receipt:
        async def post(rendered: Rendered) -> Receipt:
            message = await self._channel(channel_id).send(
                embed=rendered.embed,
                view=rendered.view or discord.utils.MISSING,
                file=_video(view.job, file),
                nonce=nonce(view.job.id, Purpose.DELIVERY),
            )
            return _receipt(message)

        return await self._with_prompt_if_allowed(view, post)

    @outside(Call.ANNOUNCE)
    async def announce(self, view: StatusView, notify: Notify) -> None:
        """Tell the requester that the job is over."""
        job = view.job
        if notify is Notify.DM:
            channel_id, reference = await self.open_dm(job.requester_id), None
        else:
            channel_id, reference = self._announcement_place(job)
        if reference is not None:
            try:
                await self._say(view, notify, channel_id, reference)
            except MissingAccessError as error:
                if _code(error) != limits.REPLY_WITHOUT_HISTORY:
                    raise
                # Without Read Message History nothing can be replied to, but it can be said.
            else:
                return
        await self._say(view, notify, channel_id)

    async def _say(
        self,
        view: StatusView,
        notify: Notify,
        channel_id: ChannelId,
        reference: discord.MessageReference | None = None,
    ) -> None:
        job = view.job
        channel = self._channel(channel_id)
        # discord.py would take its MISSING for a message to reply to.
        send = channel.send if reference is None else partial(channel.send, reference=reference)

        async def post() -> None:
            await send(
                announcement(view, ping=notify is Notify.PING),
                allowed_mentions=discord.AllowedMentions(
                    everyone=False,
                    roles=False,
                    replied_user=False,
                    users=[discord.Object(job.requester_id)],
                ),
                nonce=nonce(job.id, Purpose.ANNOUNCEMENT),
            )

        await _retried(post)

    @staticmethod
    def _announcement_place(
        job: Job,
    ) -> tuple[ChannelId, discord.MessageReference | None]:
        channel_id = job.delivered_channel_id or job.status_channel_id or job.channel_id
        message_id = job.delivered_message_id or job.status_message_id
        if message_id is None:
            return channel_id, None
        reference = discord.MessageReference(
            message_id=message_id, channel_id=channel_id, fail_if_not_exists=False
        )
        return channel_id, reference

    @outside(Call.FIND_MESSAGE)
    async def find_message(
        self, job: Job, channel_id: ChannelId, purpose: Purpose, *, since: datetime
    ) -> Receipt | None:
        """Search a channel for a message of ours about the job, posted by an earlier process."""
        me = self._client.user

        async def search() -> Receipt | None:
            history = self._channel(channel_id).history(
                limit=HISTORY_LIMIT, after=since - CLOCK_MARGIN, oldest_first=True
            )
            async for message in history:
                if me and message.author.id == me.id and _purpose(message, job) is purpose:
                    return _receipt(message)
            return None

        return await _retried(search)

    @outside(Call.OPEN_DM)
    async def open_dm(self, user_id: UserId) -> ChannelId:
        """Return the channel of somebody's direct messages."""

        async def create() -> ChannelId:
            channel = await self._client.create_dm(discord.Object(user_id))
            return ChannelId(channel.id)

        return await _retried(create)

    @outside(Call.TELL_OPERATORS)
    async def tell_operators(self, notice: Notice) -> None:
        """Send each operator a direct message.

        Raises:
            DeliveryError: one of them was not reached; the others were told all the same.
        """
        failed: DeliveryError | None = None
        for operator in self._operators:
            try:
                await self._tell(operator, text.notice(notice))
            except DeliveryError as error:
                failed = error
        if failed is not None:
            raise failed

    @outside(Call.TELL_LOG_CHANNEL)
    async def tell_log_channel(self, entry: AuditEntry, channel_id: ChannelId) -> None:
        """Post one line about a change; nobody is pinged.

        Raises:
            DeliveryError: Discord would not take it.
        """
        await self._post_words(channel_id, text.audit_line(entry))

    async def _tell(self, operator: UserId, words: str) -> None:
        await self._post_words(await self.open_dm(operator), words)

    async def _post_words(self, channel_id: ChannelId, words: str) -> None:
        once = secrets.token_hex(8)

        async def post() -> None:
            await self._channel(channel_id).send(words, nonce=once)

        await _retried(post)

    def _channel(self, channel_id: ChannelId) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel_id)

    def _status_message(self, job: Job) -> discord.PartialMessage:
        if job.status_message_id is None:
            raise MessageGoneError("no status message is stored")
        channel = self._channel(job.status_channel_id or job.channel_id)
        return channel.get_partial_message(job.status_message_id)

    async def _with_prompt_if_allowed(
        self, view: StatusView, send: Callable[[Rendered], Awaitable[_T]]
    ) -> _T:
        """Send a drawing; where AutoMod refuses its words, send it without the prompt."""
        try:
            return await _retried(lambda: send(render(view, self._money)))
        except ContentBlockedError:
            log.info("prompt_withheld", job_id=view.job.id)
            bare = render(view, self._money, with_prompt=False)
            return await _retried(lambda: send(bare))


async def _retried(call: Callable[[], Awaitable[_T]]) -> _T:
    """Call Discord, again where it is unavailable.

    Raises:
        DeliveryError: what Discord's last answer means.
    """
    async for attempt in stamina.retry_context(
        on=ChatUnavailableError,
        attempts=ATTEMPTS,
        wait_initial=FIRST_WAIT_SECONDS,
        wait_max=MOST_WAIT_SECONDS,
    ):
        with attempt:
            try:
                return await call()
            except FileNotFoundError:
                raise  # a file of ours is missing, which waiting for Discord does not mend
            except (
                discord.HTTPException,
                discord.RateLimited,
                aiohttp.ClientError,
                OSError,
                TimeoutError,
            ) as error:
                raise converted(error) from error
    raise AssertionError("stamina ends with a result or an error")


def _code(error: DeliveryError) -> int | None:
    """Return Discord's code of what was converted."""
    cause = error.__cause__
    return cause.code if isinstance(cause, discord.HTTPException) else None


def nonce(job_id: JobId, purpose: Purpose) -> str:
    """Return the nonce of one of a job's messages."""
    return f"{job_id}:{purpose.value}"


def _purpose(message: discord.Message, job: Job) -> Purpose | None:
    """Tell which of a job's messages this is, if any."""
    if message.content.endswith(f"-# {footer(job)}"):
        return Purpose.ANNOUNCEMENT
    if not any(embed.footer.text == footer(job) for embed in message.embeds):
        return None
    if any(attachment.filename.endswith(".mp4") for attachment in message.attachments):
        return Purpose.DELIVERY
    return Purpose.STATUS


def _receipt(message: discord.Message) -> Receipt:
    return Receipt(channel_id=ChannelId(message.channel.id), message_id=MessageId(message.id))


def _video(job: Job, file: Path) -> discord.File:
    return discord.File(file, f"tween-{job.id}.mp4", spoiler=job.spoiler)
