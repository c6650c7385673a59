"""The Chat port on Discord's REST API: ids in, receipts out, discord.py's errors converted."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from typing import TypeVar

import discord

from bot.chat import limits, search, text
from bot.chat.attachments import Attachments
from bot.chat.reports import ReportMessages
from bot.chat.retry import DiscordRetry
from bot.chat.status import PREVIEW_NAME, Rendered, announcement, render
from bot.domain.errors import (
    ChatUnavailableError,
    ContentBlockedError,
    DeliveryError,
    MessageGoneError,
    MissingAccessError,
)
from bot.domain.guilds.audit import AuditLine
from bot.domain.guilds.reports import ReportPost
from bot.domain.guilds.settings import Notify
from bot.domain.host.alerts import Alert
from bot.domain.ids import ChannelId, JobId, UserId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job
from bot.domain.jobs.status import Drawing, Purpose, StatusView
from bot.domain.money import Money
from bot.domain.network import ForwardProxy
from bot.domain.ports import LocalFile
from bot.logs import get_logger

log = get_logger(__name__)

_T = TypeVar("_T")


TELL_SECONDS = 10.0
"""The loop that tells an operator something has other work."""


class Messenger:
    """Posts, edits and finds a job's messages."""

    def __init__(
        self,
        client: discord.Client,
        *,
        money: Money,
        operators: Iterable[UserId],
        proxy: ForwardProxy | None = None,
    ) -> None:
        self._client = client
        self._money = money
        self._operators = tuple(operators)
        self._discord = DiscordRetry()
        self._attachments = Attachments(proxy)
        self._reports = ReportMessages(client, self._discord)

    async def aclose(self) -> None:
        """Close the connections of its own; the client's are the client's."""
        await self._attachments.aclose()

    async def fetch_attachment(self, url: str, into: LocalFile, *, max_bytes: int) -> None:
        """Stream what somebody attached to a file that is not there yet."""
        await self._attachments.fetch(url, into, max_bytes=max_bytes)

    def draw(self, view: StatusView) -> Drawing:
        """Draw a job's status message."""
        drawn = _Drawn(view=view, rendered=render(view, self._money))
        return Drawing(digest=drawn.rendered.digest, content=drawn)

    async def post_status(self, job: Job, drawing: Drawing, *, preview: bytes | None) -> Receipt:
        """Post a job's status message into its channel."""

        async def post(rendered: Rendered) -> Receipt:
            # A new file for each attempt: sending one reads it to its end.
            files = [_preview(preview)] if preview else []
            message = await self._channel(job.origin.channel_id).send(
                embed=rendered.embed,
                view=rendered.view or discord.utils.MISSING,
                files=files,
                nonce=nonce(job.id, Purpose.STATUS),
            )
            return search.receipt_of(message)

        return await self._with_prompt_if_allowed(drawing, post)

    async def edit_status(self, job: Job, drawing: Drawing) -> None:
        """Let the status message show a drawing; attachments stay as they are."""
        message = self._status_message(job)

        async def edit(rendered: Rendered) -> None:
            await message.edit(embed=rendered.embed, view=rendered.view)

        await self._with_prompt_if_allowed(drawing, edit)

    async def deliver_by_edit(self, job: Job, drawing: Drawing, file: LocalFile) -> Receipt:
        """Attach the video to the status message."""
        message = self._status_message(job)

        async def edit(rendered: Rendered) -> Receipt:
            edited = await message.edit(
                embed=rendered.embed, view=rendered.view, attachments=[_video(job, file)]
            )
            return search.receipt_of(edited)

        return await self._with_prompt_if_allowed(drawing, edit)

    async def deliver_in_channel(self, job: Job, drawing: Drawing, file: LocalFile) -> Receipt:
        """Post the video as a new message into the job's channel."""
        return await self._deliver_new(job, drawing, file, job.origin.channel_id)

    async def deliver_by_dm(self, job: Job, drawing: Drawing, file: LocalFile) -> Receipt:
        """Post the video into the requester's direct messages."""
        channel_id = await self.open_dm(job.requester.user_id)
        return await self._deliver_new(job, drawing, file, channel_id, has_buttons=False)

    async def _deliver_new(
        self,
        job: Job,
        drawing: Drawing,
        file: LocalFile,
        channel_id: ChannelId,
        *,
        has_buttons: bool = True,
    ) -> Receipt:
        """Post the video; its buttons make videos, for which a server's quotas are needed."""

        async def post(rendered: Rendered) -> Receipt:
            message = await self._channel(channel_id).send(
                embed=rendered.embed,
                view=(rendered.view if has_buttons else None) or discord.utils.MISSING,
                file=_video(job, file),
                nonce=nonce(job.id, Purpose.DELIVERY),
            )
            return search.receipt_of(message)

        return await self._with_prompt_if_allowed(drawing, post)

    async def delete_message(self, place: Receipt) -> None:
        """Take a message of ours out of Discord; one that is gone already is fine."""

        async def delete() -> None:
            try:
                await self._channel(place.channel_id).get_partial_message(place.message_id).delete()
            except discord.NotFound as error:
                if error.code not in {limits.UNKNOWN_MESSAGE, limits.UNKNOWN_CHANNEL}:
                    raise

        await self._discord.write(delete)

    async def announce(self, view: StatusView, notify: Notify) -> None:
        """Tell the requester that the job is over."""
        job = view.job
        if notify is Notify.DM:
            channel_id, reference = await self.open_dm(job.requester.user_id), None
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
                    users=[discord.Object(job.requester.user_id)],
                ),
                nonce=nonce(job.id, Purpose.ANNOUNCEMENT),
            )

        await self._discord.write(post)

    @staticmethod
    def _announcement_place(
        job: Job,
    ) -> tuple[ChannelId, discord.MessageReference | None]:
        channel_id, message_id = job.message_place
        if message_id is None:
            return channel_id, None
        reference = discord.MessageReference(
            message_id=message_id, channel_id=channel_id, fail_if_not_exists=False
        )
        return channel_id, reference

    async def find_message(
        self, job: Job, channel_id: ChannelId, purpose: Purpose, *, since: datetime
    ) -> Receipt | None:
        """Search a channel for a message of ours about the job, posted by an earlier process."""
        me = self._client.user
        own_id = None if me is None else me.id
        channel = self._channel(channel_id)
        return await self._discord.read(
            lambda: search.find(channel, job, purpose, own_id=own_id, since=since)
        )

    async def open_dm(self, user_id: UserId) -> ChannelId:
        """Return the channel of somebody's direct messages."""

        async def create() -> ChannelId:
            channel = await self._client.create_dm(discord.Object(user_id))
            return ChannelId(channel.id)

        return await self._discord.read(create)

    async def tell_operators(self, alert: Alert) -> None:
        """Send each operator a direct message.

        Raises:
            DeliveryError: one of them was not reached; the others were told all the same.
        """
        words = text.alerts.alert_words(alert)
        answers = await asyncio.gather(
            *(self._tell(operator, words) for operator in self._operators), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    async def tell_log_channel(self, line: AuditLine) -> None:
        """Post one line about a change; nobody is pinged. Soon repeated, it stands there once.

        Raises:
            DeliveryError: Discord would not take it.
        """
        words = text.audit.line(line.entry, self._money)
        await self._post_words(line.channel_id, words, once=f"audit:{line.id}")

    async def post_report(self, report: ReportPost, files: Sequence[LocalFile]) -> Receipt:
        """Show a reported job to the moderators, its files behind spoilers; nobody is pinged."""
        return await self._reports.post(report, files)

    async def count_reports(self, report: ReportPost, receipt: Receipt) -> None:
        """Let a message about a reported job say who has reported it by now."""
        await self._reports.count(report, receipt)

    async def _tell(self, operator: UserId, words: str) -> None:
        try:
            async with asyncio.timeout(TELL_SECONDS):
                await self._post_words(
                    await self.open_dm(operator), words, once=secrets.token_hex(8)
                )
        except TimeoutError as error:
            raise ChatUnavailableError("no answer in time") from error

    async def _post_words(self, channel_id: ChannelId, words: str, *, once: str) -> None:
        async def post() -> None:
            await self._channel(channel_id).send(words, nonce=once)

        await self._discord.write(post)

    def _channel(self, channel_id: ChannelId) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel_id)

    def _status_message(self, job: Job) -> discord.PartialMessage:
        if job.messages.status_message_id is None:
            raise MessageGoneError("no status message is stored")
        channel = self._channel(job.current_channel_id)
        return channel.get_partial_message(job.messages.status_message_id)

    async def _with_prompt_if_allowed(
        self, drawing: Drawing, send: Callable[[Rendered], Awaitable[_T]]
    ) -> _T:
        """Send a drawing; where AutoMod refuses its words, send it without the prompt."""
        drawn = drawing.content
        if not isinstance(drawn, _Drawn):
            raise TypeError(type(drawn))
        try:
            return await self._discord.write(lambda: send(drawn.rendered))
        except ContentBlockedError:
            log.info("prompt_withheld", job_id=drawn.view.job.id)
            bare = render(drawn.view, self._money, with_prompt=False)
            return await self._discord.write(lambda: send(bare))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """What a ``Drawing`` of ours holds."""

    view: StatusView
    """From which it is drawn again without the prompt."""
    rendered: Rendered


def _code(error: DeliveryError) -> int | None:
    """Return Discord's code of what was converted."""
    cause = error.__cause__
    return cause.code if isinstance(cause, discord.HTTPException) else None


def nonce(job_id: JobId, purpose: Purpose) -> str:
    """Return the nonce of one of a job's messages."""
    return f"{job_id}:{purpose.value}"


def _video(job: Job, file: LocalFile) -> discord.File:
    return discord.File(
        file,
        search.video_name(job),
        spoiler=job.options.spoiler,
        description=text.alt_texts.video(job),
    )


def _preview(content: bytes) -> discord.File:
    return discord.File(BytesIO(content), PREVIEW_NAME, description=text.alt_texts.PREVIEW)
