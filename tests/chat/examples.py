"""Jobs, views and checks to draw, and Discord's limits to hold the drawings against."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import discord

from bot.domain.amounts import Amounts
from bot.domain.failure import FailureReason
from bot.domain.guilds.quota import Check, Grant, Rule, Scope, Span, Unit, Window
from bot.domain.guilds.quota_view import MemberQuota
from bot.domain.guilds.settings import Guild
from bot.domain.ids import (
    AccountId,
    ChannelId,
    GuildId,
    InteractionId,
    JobId,
    MessageId,
    TaskId,
    UserId,
)
from bot.domain.jobs.estimates import Estimate
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import StatusView
from tests import fakes

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GUILD, CHANNEL, STATUS = GuildId(500), ChannelId(600), MessageId(700)
REQUESTER = UserId(42)
TOMORROW = Span(start=NOW - timedelta(hours=12), end=NOW + timedelta(hours=12))

_OF_STATE: dict[JobState, dict[str, Any]] = {
    JobState.DELIVERED: {
        "finished_at": NOW + timedelta(seconds=95),
        "billed_seconds": 5,
        "video_width": 1280,
        "video_height": 720,
        "video_seconds": 5.04,
        "video_bytes": 3_000_000,
        "delivered_bytes": 3_000_000,
        "delivered_channel_id": CHANNEL,
        "delivered_message_id": STATUS,
    },
    JobState.UNDELIVERABLE: {
        "finished_at": NOW,
        "billed_seconds": 5,
        "failure_reason": FailureReason.UNDELIVERABLE,
    },
    JobState.FAILED: {"finished_at": NOW, "failure_reason": FailureReason.PROVIDER_FAULT},
    JobState.EXPIRED: {"finished_at": NOW, "failure_reason": FailureReason.QUEUE_EXPIRED},
    JobState.CANCELLED: {"finished_at": NOW},
}


def a_job(state: JobState = JobState.QUEUED, **changes: object) -> Job:
    """Return a job as it looks in a state."""
    base: dict[str, object] = {
        "id": JobId("7F3K2Q"),
        "guild_id": GUILD,
        "channel_id": CHANNEL,
        "requester_id": REQUESTER,
        "requester_name": "tom",
        "interaction_id": InteractionId(900),
        "account": AccountId("beijing:test"),
        "prompt": "a cat turns its head",
        "state": state,
        "created_at": NOW,
        "counted_at": NOW,
        "entered_at": NOW,
        "task_id": TaskId("task-1"),
        "status_channel_id": CHANNEL,
        "status_message_id": STATUS,
    }
    return fakes.a_job(**base | _OF_STATE.get(state, {}) | changes)


def a_view(state: JobState = JobState.QUEUED, **changes: object) -> StatusView:
    """Return the view of such a job."""
    return StatusView(job=a_job(state, **changes))


def soon(samples: int = 3, *, late_minutes: int | None = None) -> Estimate:
    """Return an estimate."""
    late_at = None if late_minutes is None else NOW + timedelta(minutes=late_minutes)
    return Estimate(done_at=NOW + timedelta(minutes=2), samples=samples, late_at=late_at)


def a_check(
    scope: Scope = Scope.MEMBER_DEFAULT,
    unit: Unit = Unit.VIDEOS,
    window: Window = Window.DAY,
    *,
    limit: int = 10,
    used: int = 3,
) -> Check:
    """Return a rule with what is used of it."""
    return Check(
        rule=Rule(scope=scope, unit=unit, window=window, limit=limit),
        used=Amounts(videos=used, seconds=used, micros=used),
        span=TOMORROW,
    )


def a_quota(*checks: Check, grants: tuple[Grant, ...] = ()) -> MemberQuota:
    """Return what a member has left, by these rules and grants."""
    return MemberQuota(
        guild=Guild(guild_id=GUILD), checks=checks, grants=grants, waiting=1, max_waiting=5
    )


def a_grant(unit: Unit = Unit.VIDEOS, *, amount: int = 5, drawn: int = 2) -> Grant:
    """Return a grant that is partly used."""
    return Grant(
        id=1,
        user_id=REQUESTER,
        unit=unit,
        amount=amount,
        drawn=drawn,
        granted_by=UserId(43),
        expires_at=NOW + timedelta(days=2),
    )


def words(embed: discord.Embed) -> str:
    """Return everything readable of an embed."""
    parts = [embed.title or "", embed.description or ""]
    parts += [f"{field.name}: {field.value}" for field in embed.fields]
    return "\n".join([*parts, embed.footer.text or ""])


def too_long(embed: discord.Embed) -> list[str]:
    """Return which of Discord's limits an embed breaks.

    https://discord.com/developers/docs/resources/message#embed-object-embed-limits
    """
    parts = {
        "title": (embed.title, 256),
        "description": (embed.description, 4096),
        "footer": (embed.footer.text, 2048),
    }
    for number, field in enumerate(embed.fields):
        parts[f"name {number}"] = (field.name, 256)
        parts[f"value {number}"] = (field.value, 1024)
    problems = [name for name, (part, limit) in parts.items() if len(part or "") > limit]
    problems += [f"field {number}" for number, field in enumerate(embed.fields) if not field.value]
    if len(embed.fields) > 25:
        problems.append("fields")
    return problems + (["all of it"] if len(embed) > 6000 else [])
