"""Messages that show a reported job to moderators: how they look, and how they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import discord

from bot.chat import colours, search, text
from bot.chat.custom_ids import ModerationVerb, report_button
from bot.chat.panels import job_link
from bot.chat.retry import DiscordRetry
from bot.chat.status import Buttons
from bot.domain.errors import ContentBlockedError
from bot.domain.guilds.reports import ReportedJob, ReportPost, is_deleted
from bot.domain.ids import UserId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import CANCELLABLE
from bot.domain.jobs.status import Purpose
from bot.domain.ports import LocalFile

SHOWN_REPORTERS = 10
NAME_CHARACTERS = 32
"""Discord's own limit of names, which a webhook's may exceed."""

VIDEO_SUFFIX = ".mp4"

_STYLES = {
    ModerationVerb.CANCEL: discord.ButtonStyle.secondary,
    ModerationVerb.DELETE: discord.ButtonStyle.danger,
    ModerationVerb.BLOCK: discord.ButtonStyle.danger,
}


class ReportMessages:
    """Posts and counts reports."""

    def __init__(self, client: discord.Client, retry: DiscordRetry) -> None:
        self._client = client
        self._discord = retry

    async def post(self, report: ReportPost, files: Sequence[LocalFile]) -> Receipt:
        """Show a reported job to the moderators; without its prompt where AutoMod refuses it.

        Raises:
            DeliveryError: Discord would not take it.
        """
        try:
            return await self._post(report, files, with_prompt=report.shows_prompt)
        except ContentBlockedError:
            if not report.shows_prompt:
                raise
            return await self._post(report, files, with_prompt=False)

    async def _post(
        self, report: ReportPost, files: Sequence[LocalFile], *, with_prompt: bool
    ) -> Receipt:
        job = report.job
        has_video = any(Path(file).suffix == VIDEO_SUFFIX for file in files)

        async def send() -> Receipt:
            message = await self._client.get_partial_messageable(report.channel_id).send(
                content(report),
                embed=embed(job, has_video=has_video, with_prompt=with_prompt),
                # A new file for each attempt: sending one reads it to its end.
                files=[_spoiler(job, file) for file in files],
                view=buttons(ReportedJob(job=job, is_blocked=report.is_blocked))
                or discord.utils.MISSING,
                allowed_mentions=discord.AllowedMentions.none(),
                nonce=f"{job.id}:{Purpose.REPORT}{report.number}",
            )
            return search.receipt_of(message)

        return await self._discord.write(send)

    async def count(self, report: ReportPost, receipt: Receipt) -> None:
        """Let a message say who has reported the job by now; all else in it stays.

        Raises:
            DeliveryError: Discord would not take it.
        """
        channel = self._client.get_partial_messageable(receipt.channel_id)
        message = channel.get_partial_message(receipt.message_id)

        async def edit() -> None:
            await message.edit(
                content=content(report), allowed_mentions=discord.AllowedMentions.none()
            )

        await self._discord.write(edit)


def content(report: ReportPost) -> str:
    """Return who has reported a job."""
    shown = [
        text.reports.reporter(
            reporter.user_id,
            discord.utils.escape_markdown(text.phrases.one_line(reporter.name, NAME_CHARACTERS)),
        )
        for reporter in report.reporters[:SHOWN_REPORTERS]
    ]
    return text.reports.reported(report.job.id, shown, len(report.reporters))


def embed(job: Job, *, has_video: bool, with_prompt: bool) -> discord.Embed:
    """Draw a reported job.

    Args:
        job: what was reported.
        has_video: whether its video goes with it.
        with_prompt: whether its prompt may be read, behind a spoiler.
    """
    prompt = text.phrases.quoted_prompt(job.options.prompt or "") if with_prompt else ""
    lines = [f"||{prompt}||"] if prompt else []
    if job.video.file_name is not None and not has_video:
        lines.append(text.reports.NO_VIDEO)
    drawn = discord.Embed(
        title=text.reports.TITLE, description="\n".join(lines) or None, colour=colours.AMBER
    )
    drawn.add_field(name=text.jobs.REQUESTED_BY, value=f"<@{job.requester.user_id}>")
    drawn.add_field(name=text.reports.MODEL, value=job.spec.model)
    if link := job_link(job):
        drawn.add_field(name=text.jobs.MESSAGE, value=text.answers.message(link))
    return drawn


def buttons(reported: ReportedJob) -> discord.ui.View | None:
    """Return what moderators can still do about a reported job."""
    job = reported.job
    view = Buttons()
    for verb in _verbs(reported):
        view.add_item(
            discord.ui.Button(
                label=text.reports.BUTTONS[verb],
                style=_STYLES[verb],
                custom_id=report_button(verb, job.id),
            )
        )
    return view if view.children else None


def _verbs(reported: ReportedJob) -> list[ModerationVerb]:
    job = reported.job
    verbs = []
    if job.state in CANCELLABLE and job.cancellation.requested_at is None:
        verbs.append(ModerationVerb.CANCEL)
    if not is_deleted(job):
        verbs.append(ModerationVerb.DELETE)
    if not reported.is_blocked:
        verbs.append(ModerationVerb.BLOCK)
    return verbs


def handled(
    shown: Sequence[discord.Embed], verb: ModerationVerb, moderator_id: UserId
) -> discord.Embed:
    """Return a report's embed with what was done about it and by whom.

    Args:
        shown: what the message shows.
        verb: what was done; what was deleted is not to be read any more.
        moderator_id: by whom.
    """
    drawn = shown[0].copy() if shown else discord.Embed(title=text.reports.TITLE)
    name = text.reports.DONE[verb]
    if verb is ModerationVerb.DELETE:
        drawn.description = None
    if all(field.name != name for field in drawn.fields):
        drawn.add_field(name=name, value=f"<@{moderator_id}>")
    return drawn


def _spoiler(job: Job, file: LocalFile) -> discord.File:
    path = Path(file)
    is_video = path.suffix == VIDEO_SUFFIX
    return discord.File(
        path,
        search.video_name(job) if is_video else path.name,
        spoiler=True,
        description=text.alt_texts.video(job) if is_video else text.alt_texts.PICTURE,
    )
