"""Each command with options that satisfy it and services that grant it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from discord import app_commands

from bot.domain.catalogue import Region, SoundtrackBounds
from bot.domain.guilds.audit import SettingChange, SettingName
from bot.domain.guilds.quota import Standing
from bot.domain.guilds.quota_view import GuildQuota
from bot.domain.guilds.settings import BlockPage
from bot.domain.guilds.usage import By
from bot.domain.host.overview import JobHistory
from bot.domain.ids import JobId
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import GuildQueue, StatusView
from bot.domain.people import Requester
from bot.domain.requests.pictures import PictureFit, PictureSource
from bot.domain.requests.sounds import SoundSource, Soundtrack
from bot.services.guilds.export_file import ExportFile
from bot.services.guilds.moderation import Blocked
from bot.services.guilds.quota_rules import RuleCleared, RuleSet
from bot.services.guilds.settings import GuildSettings
from bot.services.intake.attachments import KeptAttachments
from bot.services.intake.lookup import ShownJob
from bot.services.intake.submissions import Queued
from cogs.help import HelpCog
from cogs.jobs import JobsCog
from cogs.moderate import ModerateCog
from cogs.operator import OperatorCog
from cogs.queue import QueueCog
from cogs.quota import QuotaCog
from cogs.settings import SettingsCog
from cogs.usage import UsageCog
from cogs.video import VideoCog
from tests.chat.examples import a_check, a_grant, a_job, a_quota, a_view
from tests.chat.host_examples import a_ceiling, a_guild, a_status
from tests.chat.usage_examples import (
    a_log_page,
    a_summary,
    an_audit_page,
    an_entry,
    chart_data,
)
from tests.cogs.doubles import Backstage, a_channel, a_member, an_attachment, run
from tests.fakes import a_picture

NEW_JOB = JobId("7F3K2Q")
"""The id that the next request draws."""


@dataclass(frozen=True)
class Case:
    """A command with options that satisfy it."""

    name: str
    build: Callable[[Backstage], Any]
    options: Callable[[], dict[str, Any]] = dict

    def of(self, backstage: Backstage) -> tuple[app_commands.Command[Any, Any, Any], Any]:
        cog = self.build(backstage)
        (command,) = [
            command for command in cog.walk_app_commands() if command.qualified_name == self.name
        ]
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
    def kept(
        _: JobId,
        sources: Sequence[PictureSource],
        __: Requester,
        ___: PictureFit,
        sound: SoundSource | None,
        ____: SoundtrackBounds | None,
    ) -> KeptAttachments:
        pictures = tuple(a_picture(source.option) for source in sources)
        return KeptAttachments(
            pictures=pictures,
            soundtrack=(
                None if sound is None else Soundtrack(file_name="soundtrack.mp3", seconds=5)
            ),
        )

    backstage.submissions.new_job_id.return_value = NEW_JOB
    backstage.attachments.keep.side_effect = kept
    backstage.submissions.queue.return_value = Queued(job=a_job(), quota=a_quota())
    return VideoCog(video_requests=backstage.video_requests())


def jobs(backstage: Backstage) -> JobsCog:
    backstage.lookup.list_jobs.return_value = [a_job()]
    backstage.lookup.show.return_value = nullcontext(
        ShownJob(view=a_view(), video=None, is_too_large=False)
    )
    backstage.cancellations.cancel.return_value = a_job(JobState.CANCELLED)
    backstage.remakes.retry.return_value = Queued(job=a_job(), quota=a_quota())
    backstage.erasure.forget.return_value = a_job(JobState.DELIVERED)
    return JobsCog(
        lookup=backstage.lookup,
        cancellations=backstage.cancellations,
        remakes=backstage.remakes,
        erasure=backstage.erasure,
    )


def usage(backstage: Backstage) -> UsageCog:
    backstage.usage_reports.newest_page.return_value = a_log_page(a_job())
    backstage.usage_reports.newest_changes.return_value = an_audit_page(an_entry())
    backstage.usage_reports.summary.return_value = a_summary()
    backstage.usage_reports.log.return_value = a_log_page(a_job())
    backstage.usage_reports.chart.return_value = chart_data(By.MEMBER)
    backstage.usage_reports.draw.return_value = b"png"
    backstage.usage_reports.export.side_effect = lambda *_, **__: ExportFile(
        name="usage.csv", content=io.BytesIO(b"csv"), jobs=1, is_compressed=False
    )
    backstage.usage_reports.audit.return_value = an_audit_page(an_entry())
    return UsageCog(usage=backstage.usage_reports)


def queue(backstage: Backstage) -> QueueCog:
    backstage.estimates.queue_of.return_value = GuildQueue(
        running=(), waiting=(StatusView(job=a_job(), position=1),), pause=None
    )
    return QueueCog(estimates=backstage.estimates)


def quota(backstage: Backstage) -> QuotaCog:
    return QuotaCog(quotas=backstage.quotas)


def helping(backstage: Backstage) -> HelpCog:
    services = backstage.services()
    return HelpCog(region=Region.BEIJING, retention=services.retention)


def moderating(backstage: Backstage) -> ModerateCog:
    rule = a_check(limit=3).rule
    backstage.quota_rules.set.return_value = RuleSet(rule=rule, ceiling=None)
    backstage.quota_rules.clear.return_value = [RuleCleared(rule=rule, default=None)]
    backstage.quota_rules.grant.return_value = a_grant()
    backstage.quotas.overview.return_value = GuildQuota(
        standings=(Standing(rule=rule, is_default=True, check=None),),
        grants=(a_grant(),),
        grants_count=1,
    )
    backstage.moderation.block.return_value = Blocked(is_new=True, cancelled=2, requested=1)
    backstage.moderation.unblock.return_value = True
    backstage.moderation.blocks.return_value = BlockPage(
        blocks=(), offset=0, count=0, has_older=False
    )
    backstage.moderation.add_word.return_value = True
    backstage.moderation.remove_word.return_value = "mud"
    backstage.moderation.words.return_value = ["mud"]
    backstage.moderation.cancellable.return_value = [a_job()]
    backstage.cancellations.cancel.return_value = a_job(JobState.CANCELLED)
    return ModerateCog(
        quota_rules=backstage.quota_rules,
        quotas=backstage.quotas,
        moderation=backstage.moderation,
        cancellations=backstage.cancellations,
    )


def settings(backstage: Backstage) -> SettingsCog:
    change = SettingChange(setting=SettingName.PREVIEW, before=True, after=False)
    for name in dir(GuildSettings):
        if name.startswith(("set_", "decide_")):
            getattr(backstage.guild_settings, name).return_value = change
    return SettingsCog(settings=backstage.guild_settings, catalogue=backstage.catalogue)


def operating(backstage: Backstage) -> OperatorCog:
    backstage.operator.status.return_value = a_status()
    backstage.operator.turn.return_value = a_status()
    backstage.operator.guilds.return_value = [a_guild()]
    backstage.operator.set_ceiling.return_value = a_ceiling()
    backstage.operator.history.return_value = JobHistory(job=a_job(), events=(), entries=())
    backstage.operator.reconcile.return_value = [a_job(JobState.UNCONFIRMED)]
    return OperatorCog(operator=backstage.operator)


FRAMES = Case("video frames", video, lambda: {"first_frame": an_attachment(), "loop": True})
IMAGE = Case("video image", video, lambda: {"image": an_attachment()})
TEXT = Case("video text", video, lambda: {"prompt": "fog over a lake"})
REFERENCE = Case("video reference", video, lambda: {"prompt": "a fox", "image1": an_attachment()})
EFFECT = Case("video effect", video, lambda: {"image": an_attachment(), "effect": "Kiss"})
VIDEOS = [FRAMES, IMAGE, TEXT, REFERENCE, EFFECT]
LIST = Case("jobs list", jobs)
SHOW = Case("jobs show", jobs, lambda: {"job": "7f3k2q"})
CANCEL = Case("jobs cancel", jobs, lambda: {"job": "7f3k2q"})
RETRY = Case("jobs retry", jobs, lambda: {"job": "7f3k2q"})
FORGET = Case("jobs forget", jobs, lambda: {"job": "7f3k2q"})
QUEUE = Case("queue show", queue)
USAGE = [
    Case("usage summary", usage),
    Case("usage log", usage),
    Case("usage chart", usage, lambda: {"by": "member"}),
    Case("usage export", usage, lambda: {"file_format": "csv"}),
    Case("usage audit", usage),
]
QUOTA = Case("quota show", quota)
HELP = Case("help", helping)
MODERATE = [
    Case("moderate quota set", moderating, lambda: {"limit": 3.0, "per": "day"}),
    Case("moderate quota clear", moderating),
    Case("moderate quota grant", moderating, lambda: {"member": a_member(43), "amount": 2.0}),
    Case("moderate quota list", moderating),
    Case("moderate block add", moderating, lambda: {"member": a_member(43)}),
    Case("moderate block remove", moderating, lambda: {"member": a_member(43)}),
    Case("moderate block list", moderating),
    Case("moderate words add", moderating, lambda: {"word": "mud"}),
    Case("moderate words remove", moderating, lambda: {"word": "mud"}),
    Case("moderate words list", moderating),
    Case("moderate cancel", moderating, lambda: {"job": "7f3k2q"}),
]
SETTINGS = [
    Case("settings show", settings),
    Case("settings channels allow", settings, lambda: {"channel": a_channel()}),
    Case("settings channels deny", settings, lambda: {"channel": a_channel()}),
    Case("settings channels reset", settings, lambda: {"channel": a_channel()}),
    Case("settings models allow", settings, lambda: {"model": "wan2.2-i2v-flash"}),
    Case("settings models deny", settings, lambda: {"model": "wan2.2-i2v-flash"}),
    Case("settings effects allow", settings, lambda: {"effect": "hug"}),
    Case("settings effects deny", settings, lambda: {"effect": "squish"}),
    Case("settings defaults", settings, lambda: {"kind": "image", "resolution": "480P"}),
    Case("settings prompts", settings, lambda: {"value": "show"}),
    Case("settings preview", settings, lambda: {"value": "off"}),
    Case("settings others-pictures", settings, lambda: {"value": "allow"}),
    Case("settings timezone", settings, lambda: {"name": "Europe/Berlin"}),
    Case("settings notify", settings, lambda: {"how": "dm"}),
    Case("settings log-channel", settings),
]
OPERATORS = [
    Case("operator status", operating),
    Case("operator pause", operating),
    Case("operator resume", operating),
    Case("operator drain", operating),
    Case(
        "operator ceiling",
        operating,
        lambda: {"guild": "500", "limit": 3.0, "unit": "videos", "per": "day"},
    ),
    Case("operator guilds", operating),
    Case("operator job", operating, lambda: {"id": "7f3k2q"}),
    Case("operator reconcile", operating),
]
CASES = [*VIDEOS, LIST, SHOW, CANCEL, RETRY, FORGET, QUEUE, QUOTA, HELP]

# Options that are completed while they are typed.
SUGGESTED_FOR_VIDEO = [
    ("video frames", "model"),
    ("video frames", "resolution"),
    ("video image", "model"),
    ("video image", "resolution"),
    ("video text", "model"),
    ("video text", "size"),
    ("video reference", "model"),
    ("video reference", "size"),
    *((f"video {kind}", "duration") for kind in ("frames", "image", "text", "reference")),
    ("video effect", "effect"),
    ("video effect", "model"),
    ("video effect", "resolution"),
]
SUGGESTED_FOR_SETTINGS = [
    ("settings models allow", "model"),
    ("settings models deny", "model"),
    ("settings effects allow", "effect"),
    ("settings effects deny", "effect"),
    ("settings defaults", "model"),
    ("settings defaults", "resolution"),
    ("settings defaults", "size"),
    ("settings timezone", "name"),
]
SUGGESTED_FOR_JOBS = [("jobs show", "job"), ("jobs cancel", "job"), ("jobs retry", "job")]
