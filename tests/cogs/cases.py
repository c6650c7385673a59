"""Each command with options that satisfy it and services that grant it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from discord import app_commands

from bot.domain.catalogue import Region
from bot.domain.job import JobState
from bot.domain.status import StatusView
from bot.domain.submission import Picture
from cogs.help import HelpCog
from cogs.jobs import JobsCog
from cogs.queue import QueueCog
from cogs.quota import QuotaCog
from cogs.video import VideoCog
from tests.chat.examples import a_job, a_view
from tests.cogs.doubles import Backstage, an_attachment, run


def a_picture(option: str) -> Picture:
    """Return what becomes of any attachment."""
    return Picture(option=option, jpeg=b"jpeg", width=640, height=480)


@dataclass(frozen=True)
class Case:
    """A command with options that satisfy it."""

    name: str
    build: Callable[[Backstage], Any]
    options: Callable[[], dict[str, Any]] = dict

    def of(self, backstage: Backstage) -> tuple[app_commands.Command[Any, Any, Any], Any]:
        cog = self.build(backstage)
        (command,) = [each for each in cog.walk_app_commands() if each.qualified_name == self.name]
        return command, cog

    async def run(
        self,
        backstage: Backstage,
        interaction: Any,  # noqa: ANN401 - a double
        **changes: object,
    ) -> str:
        command, cog = self.of(backstage)
        return await run(command, cog, interaction, **{**self.options(), **changes})


def video(backstage: Backstage) -> VideoCog:
    def prepared(sources: Sequence[tuple[str, object]]) -> tuple[tuple[Picture, ...], bytes | None]:
        pictures = tuple(a_picture(option) for option, _ in sources)
        return pictures, b"preview" if pictures else None

    backstage.pictures.prepare.side_effect = prepared
    backstage.submissions.submit.return_value = a_job()
    return VideoCog(
        catalogue=backstage.catalogue,
        pictures=backstage.pictures,
        submissions=backstage.submissions,
        quotas=backstage.quotas,
    )


def jobs(backstage: Backstage) -> JobsCog:
    backstage.submissions.list_jobs.return_value = [a_job()]
    backstage.submissions.find.return_value = a_job()
    backstage.submissions.cancel.return_value = a_job(JobState.CANCELLED)
    backstage.submissions.retry.return_value = a_job()
    backstage.submissions.collectable.return_value = None
    backstage.estimates.view.return_value = a_view()
    return JobsCog(
        submissions=backstage.submissions,
        estimates=backstage.estimates,
        quotas=backstage.quotas,
    )


def queue(backstage: Backstage) -> QueueCog:
    backstage.submissions.active.return_value = [a_job()]
    backstage.estimates.views.return_value = [StatusView(job=a_job(), position=1)]
    backstage.estimates.pause.return_value = None
    return QueueCog(submissions=backstage.submissions, estimates=backstage.estimates)


def quota(backstage: Backstage) -> QuotaCog:
    return QuotaCog(quotas=backstage.quotas)


def helping(backstage: Backstage) -> HelpCog:
    services = backstage.services()
    return HelpCog(region=Region.BEIJING, retention=services.retention)


FRAMES = Case("video frames", video, lambda: {"first_frame": an_attachment(), "loop": True})
IMAGE = Case("video image", video, lambda: {"image": an_attachment()})
TEXT = Case("video text", video, lambda: {"prompt": "fog over a lake"})
EFFECT = Case("video effect", video, lambda: {"image": an_attachment(), "effect": "Kiss"})
VIDEOS = [FRAMES, IMAGE, TEXT, EFFECT]
LIST = Case("jobs list", jobs)
SHOW = Case("jobs show", jobs, lambda: {"job": "7f3k2q"})
CANCEL = Case("jobs cancel", jobs, lambda: {"job": "7f3k2q"})
RETRY = Case("jobs retry", jobs, lambda: {"job": "7f3k2q"})
QUEUE = Case("queue show", queue)
QUOTA = Case("quota show", quota)
HELP = Case("help", helping)
CASES = [*VIDEOS, LIST, SHOW, CANCEL, RETRY, QUEUE, QUOTA, HELP]
