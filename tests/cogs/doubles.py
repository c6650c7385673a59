"""Spec'd doubles of an interaction and of the services behind the cogs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from unittest.mock import MagicMock, create_autospec

import aiohttp
import discord
from discord import app_commands

from bot.client import Interactions, TweenBot
from bot.clock import WallClock
from bot.domain.catalogue import Catalogue, Choices, Kind, Region
from bot.domain.catalogue.permits import Permits
from bot.domain.guilds.settings import Guild
from bot.domain.ids import ChannelId, GuildId, RoleId, UserId
from bot.domain.money import Money
from bot.domain.people import Requester
from bot.domain.requests.submission import VideoOptions, VideoSpec, validate
from bot.services import Services
from bot.services.guilds.moderation import Moderation
from bot.services.guilds.quota_rules import QuotaRules
from bot.services.guilds.reports import Reports
from bot.services.guilds.settings import GuildSettings, Overview
from bot.services.guilds.usage_reports import UsageReports
from bot.services.host.command_registry import CommandRegistry
from bot.services.host.operator import OperatorActions
from bot.services.intake.admission import Admission
from bot.services.intake.attachments import Attachments
from bot.services.intake.cancellation import Cancellations
from bot.services.intake.continuations import Continuations
from bot.services.intake.erasure import Erasure
from bot.services.intake.lookup import JobLookup
from bot.services.intake.menu_forms import MenuForms
from bot.services.intake.quotas import Quotas
from bot.services.intake.remakes import Remakes
from bot.services.intake.requests_in_hand import RequestsInHand
from bot.services.intake.submissions import Submissions
from bot.services.intake.video_requests import VideoRequests
from bot.services.jobs.estimates import Estimates
from bot.services.messages.open_panels import OpenPanels
from bot.services.reconciliation.operator_decisions import OperatorDecisions
from bot.services.switch import IntakeSwitch
from cogs import _errors
from cogs._guarded import GuardedCog
from cogs._options import OneOf
from tests.chat.examples import GUILD, REQUESTER, a_check, a_quota, words

MAY_POST = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
)
OPERATOR = 9000
CATEGORY = ChannelId(650)
OPERATOR_GUILD = GuildId(9001)
NOBODY = discord.Permissions.none()
MODERATOR = discord.Permissions(moderate_members=True)
ADMIN = discord.Permissions(manage_guild=True)


def http_error(status: int, code: int) -> discord.HTTPException:
    """Return what discord.py raises for an answer of Discord."""
    answer = MagicMock(spec=aiohttp.ClientResponse)
    answer.status, answer.reason = status, "refused"
    kinds = {404: discord.NotFound, 403: discord.Forbidden}
    kind: type[discord.HTTPException] = kinds.get(status, discord.HTTPException)
    return kind(answer, {"code": code, "message": "refused"})


DOUBLES: Mapping[str, type[object]] = {
    "admission": Admission,
    "cancellations": Cancellations,
    "command_registry": CommandRegistry,
    "decisions": OperatorDecisions,
    "erasure": Erasure,
    "estimates": Estimates,
    "guild_settings": GuildSettings,
    "lookup": JobLookup,
    "moderation": Moderation,
    "operator": OperatorActions,
    "attachments": Attachments,
    "quota_rules": QuotaRules,
    "quotas": Quotas,
    "reports": Reports,
    "remakes": Remakes,
    "continuations": Continuations,
    "menu_forms": MenuForms,
    "open_panels": OpenPanels,
    "submissions": Submissions,
    "switch": IntakeSwitch,
    "usage_reports": UsageReports,
}
"""The services, by their names in ``Services``; those of ``_INSIDE`` are parts of /video."""

_INSIDE = {"attachments", "submissions"}


_IDLE: dict[type[object], list[Any]] = defaultdict(list)
_LENT: list[tuple[type[object], Any]] = []


def lent(kind: type[object]) -> Any:  # noqa: ANN401 - a double
    """Return a double that knows the methods of a class and what they take, for one test.

    To look at a class takes ten milliseconds, and a thousand doubles are asked for: it is done
    once for each that is needed at the same time.
    """
    made = _IDLE[kind].pop() if _IDLE[kind] else create_autospec(kind, instance=True)
    _LENT.append((kind, made))
    return made


def take_back() -> None:
    """Make what was lent as good as new; the test is over."""
    while _LENT:
        kind, made = _LENT.pop()
        made.reset_mock(return_value=True, side_effect=True)
        _IDLE[kind].append(made)


@dataclass
class Backstage:
    """The services, each a double that knows its own methods."""

    admission: Any = field(default_factory=lambda: lent(DOUBLES["admission"]))
    cancellations: Any = field(default_factory=lambda: lent(DOUBLES["cancellations"]))
    command_registry: Any = field(default_factory=lambda: lent(DOUBLES["command_registry"]))
    decisions: Any = field(default_factory=lambda: lent(DOUBLES["decisions"]))
    erasure: Any = field(default_factory=lambda: lent(DOUBLES["erasure"]))
    estimates: Any = field(default_factory=lambda: lent(DOUBLES["estimates"]))
    guild_settings: Any = field(default_factory=lambda: lent(DOUBLES["guild_settings"]))
    lookup: Any = field(default_factory=lambda: lent(DOUBLES["lookup"]))
    moderation: Any = field(default_factory=lambda: lent(DOUBLES["moderation"]))
    operator: Any = field(default_factory=lambda: lent(DOUBLES["operator"]))
    attachments: Any = field(default_factory=lambda: lent(DOUBLES["attachments"]))
    quota_rules: Any = field(default_factory=lambda: lent(DOUBLES["quota_rules"]))
    quotas: Any = field(default_factory=lambda: lent(DOUBLES["quotas"]))
    reports: Any = field(default_factory=lambda: lent(DOUBLES["reports"]))
    remakes: Any = field(default_factory=lambda: lent(DOUBLES["remakes"]))
    continuations: Any = field(default_factory=lambda: lent(DOUBLES["continuations"]))
    menu_forms: Any = field(default_factory=lambda: lent(DOUBLES["menu_forms"]))
    open_panels: Any = field(default_factory=lambda: lent(DOUBLES["open_panels"]))
    submissions: Any = field(default_factory=lambda: lent(DOUBLES["submissions"]))
    switch: Any = field(default_factory=lambda: lent(DOUBLES["switch"]))
    usage_reports: Any = field(default_factory=lambda: lent(DOUBLES["usage_reports"]))
    catalogue: Catalogue = field(default_factory=lambda: Catalogue.of_region(Region.BEIJING))
    acknowledged_after: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.admission.admit.side_effect = self._admit
        self.admission.catalogue.side_effect = lambda _: self.catalogue
        self.admission.offered.side_effect = lambda: self.catalogue
        self.guild_settings.show.side_effect = self._settings
        self.command_registry.guilds.return_value = set()
        self.quotas.show.return_value = a_quota(a_check())

    def _admit(
        self, _: Requester, kind: Kind, options: VideoOptions, choices: Choices
    ) -> VideoSpec:
        """Grant whatever the catalogue offers."""
        return validate(self.catalogue, kind, options, choices)

    def _settings(self, guild_id: GuildId) -> Overview:
        """Return the settings of a guild whose admins decided nothing."""
        return Overview(
            guild=Guild(guild_id=guild_id),
            permits=Permits(),
            defaults={},
            catalogue=self.catalogue.within(Permits(), {}),
        )

    async def _refuse(self, _: GuildId | None, code: str) -> None:
        self.refused.append(code)

    def services(self) -> Services:
        """Return the record a cog's ``setup`` unpacks."""
        doubles = {name: getattr(self, name) for name in DOUBLES if name not in _INSIDE}
        return Services(
            **doubles,
            catalogue=self.catalogue,
            clock=WallClock(),
            money=Money(),
            video_requests=self.video_requests(),
            acknowledged=self.acknowledged_after.append,
            refused=self._refuse,
            region=Region.BEIJING,
            retention=timedelta(days=7),
            operators=frozenset({UserId(OPERATOR)}),
            operator_guild=OPERATOR_GUILD,
        )

    def video_requests(self) -> VideoRequests:
        """Return the use case of /video on doubles."""
        return VideoRequests(
            admission=self.admission,
            attachments=self.attachments,
            submissions=self.submissions,
            in_hand=RequestsInHand(5),
        )

    @property
    def untouched(self) -> bool:
        """True while no service was asked for anything."""
        asked = DOUBLES.keys() - {"admission"}
        return not any(getattr(self, name).mock_calls for name in asked)

    def break_down(self, error: BaseException) -> None:
        """Let every service fail with the same error."""
        for double, kind in DOUBLES.items():
            for name in dir(kind):
                if not name.startswith("_"):
                    getattr(getattr(self, double), name).side_effect = error


def an_interaction(
    backstage: Backstage,
    *,
    user_id: int = REQUESTER,
    guild_id: int | None = GUILD,
    permissions: discord.Permissions = NOBODY,
    app_permissions: discord.Permissions = MAY_POST,
    thread: bool = False,
) -> Any:  # noqa: ANN401 - a double
    """Return an interaction that nobody has acknowledged yet."""
    interaction = lent(discord.Interaction)
    interaction.response = lent(discord.InteractionResponse)
    interaction.followup = MagicMock(spec=discord.Webhook)
    interaction.response.is_done.return_value = False
    interaction.id = 900
    interaction.created_at = datetime.now(UTC)  # noqa: TID251 - Discord's own clock
    interaction.guild_id = guild_id
    interaction.channel_id = 600
    kind = discord.Thread if thread else discord.TextChannel
    interaction.channel = MagicMock(spec=kind)
    interaction.channel.category_id = CATEGORY
    interaction.guild = MagicMock(spec=discord.Guild)
    interaction.guild.premium_tier = 2
    interaction.user = MagicMock(spec=discord.Member)
    interaction.user.id, interaction.user.display_name = user_id, "tom"
    role = MagicMock(spec=discord.Role)
    role.id = 77
    interaction.user.roles = [role]
    interaction.permissions, interaction.app_permissions = permissions, app_permissions
    interaction.filesize_limit = 10_000_000
    interaction.data = {"custom_id": "job:cancel:7F3K2Q"}
    interaction.command = None
    interaction.message = None
    interaction.namespace = app_commands.Namespace(interaction, {}, [])
    interaction.client = MagicMock(spec=TweenBot)
    interaction.client.services = backstage.services()
    interaction.client.interactions = Interactions()
    interaction.extras = {}

    def acknowledged(*_: object, **__: object) -> None:
        interaction.response.is_done.return_value = True

    interaction.response.defer.side_effect = acknowledged
    interaction.response.send_message.side_effect = acknowledged
    return interaction


def a_requester(
    user_id: int = REQUESTER, guild_id: int | None = GUILD, *, may_moderate: bool = False
) -> Requester:
    """Return what a service is told of whoever used such an interaction."""
    return Requester(
        user_id=UserId(user_id),
        guild_id=None if guild_id is None else GuildId(guild_id),
        name="tom",
        may_moderate=may_moderate,
        role_ids=frozenset({RoleId(77)}),
        channel_path=(ChannelId(600), CATEGORY),
    )


def an_attachment(
    *,
    size: int = 1000,
    content_type: str | None = "image/png",
    url: str = "https://cdn.discordapp.com/attachments/1/2/cat.png?ex=6",
) -> Any:  # noqa: ANN401 - a double
    """Return a picture that was attached to a command."""
    attachment = lent(discord.Attachment)
    attachment.size, attachment.content_type, attachment.url = size, content_type, url
    return attachment


def a_channel(channel_id: int = 601) -> Any:  # noqa: ANN401 - a double
    """Return a channel chosen in an option, as Discord resolves it."""
    channel = MagicMock(spec=app_commands.AppCommandChannel)
    channel.id = channel_id
    return channel


def a_role(role_id: int) -> Any:  # noqa: ANN401 - a double
    """Return a role chosen in an option."""
    role = MagicMock(spec=discord.Role)
    role.id = role_id
    return role


def a_member(user_id: int, name: str = "mia") -> Any:  # noqa: ANN401 - a double
    """Return somebody chosen in an option."""
    member = MagicMock(spec=discord.Member)
    member.id, member.display_name, member.roles = user_id, name, []
    return member


async def run(
    command: app_commands.Command[Any, Any, Any],
    cog: object,
    interaction: MagicMock,
    **options: object,
) -> str:
    """Run a command as discord.py does, errors included; return what the person reads."""
    callback = cast("Callable[..., Any]", command.callback)
    try:
        if isinstance(cog, GuardedCog):
            await cog.interaction_check(interaction)
        await callback(cog, interaction, **await received(command, interaction, options))
    except app_commands.CheckFailure as error:
        await _errors.answer(interaction, error)
    except Exception as error:  # noqa: BLE001 - discord.py wraps whatever comes
        wrapped = app_commands.CommandInvokeError(command, error)
        wrapped.__cause__ = error
        await _errors.answer(interaction, wrapped)
    return answered(interaction)


async def received(
    command: app_commands.Command[Any, Any, Any],
    interaction: MagicMock,
    options: Mapping[str, object],
) -> dict[str, object]:
    """Return options as the callback gets them, made of what Discord sends."""
    given = dict(options)
    for name, value in options.items():
        parameter = command._params[name]
        if value is not None and isinstance(parameter._annotation, OneOf):
            given[name] = await parameter.transform(interaction, value)
    return given


def answered(interaction: MagicMock) -> str:
    """Return the private answer as text; empty where there is none."""
    edits = interaction.edit_original_response.call_args_list
    sent = interaction.response.send_message.call_args_list
    aside = interaction.followup.send.call_args_list
    if aside:
        (said,) = aside
        assert said.kwargs["ephemeral"] is True
        return str(said.args[0])
    beside = interaction.followup.send.call_args_list
    assert len(edits) + len(sent) + len(beside) <= 1, "answered twice"
    if beside:
        assert beside[0].kwargs["ephemeral"] is True
        content, embed = beside[0].args[0], beside[0].kwargs["embed"]
    elif sent:
        assert sent[0].kwargs["ephemeral"] is True
        content, embed = sent[0].args[0], sent[0].kwargs["embed"]
    elif edits:
        content, embed = edits[0].kwargs["content"], edits[0].kwargs["embed"]
    else:
        return ""
    shown = words(embed) if isinstance(embed, discord.Embed) else ""
    return "\n".join(part for part in (content, shown) if part)
