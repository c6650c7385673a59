"""/jobs: a member's own jobs; a moderator's whole guild; in the DM one's own of all guilds."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import limits, panels, text
from bot.client import TweenBot
from bot.domain.ids import UserId
from bot.domain.jobs.states import ACTIVE, TERMINAL, JobState, StateFilter
from bot.services.intake.cancellation import Cancellations
from bot.services.intake.erasure import Erasure
from bot.services.intake.lookup import JobLookup
from bot.services.intake.remakes import Remakes
from cogs._answers import say_queued
from cogs._checks import money_of, origin_of, requester_of, require_bot_may_post, require_moderator
from cogs._deletion import deleted
from cogs._errors import say, suggesting
from cogs._guarded import GuardedCog
from cogs._options import AnyState


class JobsCog(
    GuardedCog, commands.GroupCog, group_name="jobs", group_description=text.descriptions.JOBS
):
    """Looks jobs up, cancels and repeats them."""

    def __init__(
        self,
        *,
        lookup: JobLookup,
        cancellations: Cancellations,
        remakes: Remakes,
        erasure: Erasure,
    ) -> None:
        self._lookup = lookup
        self._cancellations = cancellations
        self._remakes = remakes
        self._erasure = erasure
        super().__init__()

    @app_commands.command(name="list", description=text.descriptions.JOBS_LIST.description)
    @app_commands.describe(**text.descriptions.JOBS_LIST.options)
    async def list_jobs(
        self,
        interaction: discord.Interaction[TweenBot],
        member: discord.User | None = None,
        state: AnyState = StateFilter.ALL,
    ) -> None:
        """List jobs, newest first."""
        if member is not None and member.id != interaction.user.id:
            require_moderator(interaction)
        jobs = await self._lookup.list_jobs(
            requester_of(interaction),
            member_id=None if member is None else UserId(member.id),
            states=state.states,
        )
        answers = text.answers
        whose = answers.YOUR_JOBS if member is None else answers.jobs_of(member.display_name)
        await say(interaction, embed=panels.job_list(jobs, whose))

    @app_commands.command(name="show", description=text.descriptions.JOBS_SHOW.description)
    @app_commands.describe(**text.descriptions.JOBS_SHOW.options)
    async def show(self, interaction: discord.Interaction[TweenBot], job: str) -> None:
        """Show one job; a video that could not be posted is handed out here."""
        async with self._lookup.show(
            job, requester_of(interaction), limit_bytes=interaction.filesize_limit
        ) as shown:
            found, video = shown.view.job, shown.video
            file = (
                discord.File(
                    video,
                    f"tween-{found.id}.mp4",
                    spoiler=found.options.spoiler,
                    description=text.alt_texts.video(found),
                )
                if video
                else None
            )
            embed = panels.job_details(shown.view, money_of(interaction))
            said = text.refusals.ANSWER_TOO_LARGE if shown.is_too_large else None
            await say(interaction, said, embed=embed, file=file)

    @app_commands.command(name="cancel", description=text.descriptions.JOBS_CANCEL.description)
    @app_commands.describe(**text.descriptions.JOBS_CANCEL.options)
    async def cancel(self, interaction: discord.Interaction[TweenBot], job: str) -> None:
        """Cancel a job that the provider has not begun."""
        cancelled = await self._cancellations.cancel(job, requester_of(interaction))
        await say(interaction, panels.cancelled(cancelled))

    @app_commands.command(name="retry", description=text.descriptions.JOBS_RETRY.description)
    @app_commands.describe(**text.descriptions.JOBS_RETRY.options)
    async def retry(self, interaction: discord.Interaction[TweenBot], job: str) -> None:
        """Make a job again: same settings, new seed."""
        origin = origin_of(interaction)
        require_bot_may_post(interaction)
        made = await self._remakes.retry(job, requester_of(interaction), origin)
        await say_queued(interaction, made)

    @app_commands.command(name="forget", description=text.descriptions.JOBS_FORGET.description)
    @app_commands.describe(**text.descriptions.JOBS_FORGET.options)
    async def forget(self, interaction: discord.Interaction[TweenBot], job: str) -> None:
        """Delete a job's pictures, prompt, video and messages, before retention does."""
        erased = await self._erasure.forget(job, requester_of(interaction))
        await say(interaction, deleted(erased))

    @show.autocomplete("job")
    @suggesting
    async def _any_job(
        self, interaction: discord.Interaction[TweenBot], current: str
    ) -> list[app_commands.Choice[str]]:
        return await self._choices(interaction, current, frozenset())

    @cancel.autocomplete("job")
    @suggesting
    async def _active_job(
        self, interaction: discord.Interaction[TweenBot], current: str
    ) -> list[app_commands.Choice[str]]:
        return await self._choices(interaction, current, ACTIVE)

    @retry.autocomplete("job")
    @forget.autocomplete("job")
    @suggesting
    async def _ended_job(
        self, interaction: discord.Interaction[TweenBot], current: str
    ) -> list[app_commands.Choice[str]]:
        return await self._choices(interaction, current, TERMINAL)

    async def _choices(
        self,
        interaction: discord.Interaction[TweenBot],
        current: str,
        states: frozenset[JobState],
    ) -> list[app_commands.Choice[str]]:
        """Return the asker's newest jobs that fit what was typed: one indexed query."""
        jobs = await self._lookup.list_jobs(
            requester_of(interaction), states=states, limit=limits.CHOICES
        )
        typed = current.strip().upper()
        return [
            app_commands.Choice(name=panels.choice(job), value=job.id)
            for job in jobs
            if typed in job.id
        ]


async def setup(bot: TweenBot) -> None:
    """Load the cog."""
    services = bot.services
    await bot.add_cog(
        JobsCog(
            lookup=services.lookup,
            cancellations=services.cancellations,
            remakes=services.remakes,
            erasure=services.erasure,
        )
    )
