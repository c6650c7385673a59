"""The tables, their indexes but for those of ``partial_indexes``.

Migrations create them; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from bot.domain.amounts import Amounts
from bot.domain.catalogue import Kind, Price
from bot.domain.catalogue.permits import Subject
from bot.domain.failure import FailureReason
from bot.domain.guilds.audit import (
    Action,
    Change,
    DefaultChange,
    GrantChange,
    JobChange,
    MemberChange,
    PermitChange,
    QuotaChange,
    SettingChange,
    WordChange,
    Worded,
)
from bot.domain.guilds.quota import Scope, Unit, Window
from bot.domain.host.account import AccountStatus
from bot.domain.host.switch import Switch
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.uploads import Uploads
from bot.domain.requests.submission import VideoSpec
from bot.storage.types import (
    EnumText,
    EventDetail,
    OutsideText,
    PictureList,
    Record,
    RecordOfKinds,
    Snowflake,
    UtcDateTime,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


jobs = Table(
    "jobs",
    metadata,
    Column("id", String(6), primary_key=True),
    Column("guild_id", Snowflake, nullable=False),
    Column("channel_id", Snowflake, nullable=False),
    Column("requester_id", Snowflake, nullable=False),
    Column("requester_name", OutsideText, nullable=False),
    Column("interaction_id", Snowflake, nullable=False, unique=True),
    Column("account", String(128), nullable=False),
    Column("spec", Record(VideoSpec), nullable=False, server_default=text("'{}'")),
    # What queries need of the spec; a job is read from the spec alone.
    Column("kind", EnumText(Kind), nullable=False),
    Column("model", String(64), nullable=False),
    Column("resolution", String(8), nullable=False),
    Column("duration_seconds", Integer, nullable=False),
    Column("price", Record(Price), nullable=False, server_default=text("'{}'")),
    Column("pictures", PictureList, nullable=False),
    Column("has_preview", Boolean, nullable=False),
    Column("premium_tier", Integer, nullable=False),
    Column("retry_of", String(6)),
    Column("state", EnumText(JobState), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("counted_at", UtcDateTime, nullable=False),
    Column("entered_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("not_before", UtcDateTime),
    Column("claims", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_owner", String(64)),
    Column("lease_until", UtcDateTime),
    Column("parked_from", EnumText(JobState)),
    Column("sent_at", UtcDateTime),
    Column("create_abandoned_at", UtcDateTime),
    Column("confirmed_at", UtcDateTime),
    # The provider's id as it is: a type that could refuse it would lose a paid task.
    Column("task_id", Text),
    Column("failed_before", Integer, nullable=False),
    Column("adopted", Boolean, nullable=False),
    Column("next_poll_at", UtcDateTime),
    Column("unknown_since", UtcDateTime),
    Column("unknown_polls", Integer, nullable=False),
    Column("late_at", UtcDateTime),
    Column("uploads", Record(Uploads)),
    Column("operator_told_at", UtcDateTime),
    Column("cancel_requested_at", UtcDateTime),
    Column("cancel_requested_by", Snowflake),
    Column("result_url", OutsideText),
    Column("url_expires_at", UtcDateTime),
    Column("billed", Record(Amounts)),
    Column("actual_prompt", OutsideText),
    Column("video_file", String(64)),
    Column("video_bytes", Snowflake),
    Column("video_width", Integer),
    Column("video_height", Integer),
    Column("video_seconds", Float),
    Column("status_channel_id", Snowflake),
    Column("status_message_id", Snowflake),
    Column("status_attempted_at", UtcDateTime),
    Column("status_gone_at", UtcDateTime),
    Column("shown_version", Integer, nullable=False),
    Column("shown_digest", String(64)),
    Column("delivery_attempted_at", UtcDateTime),
    Column("delivered_channel_id", Snowflake),
    Column("delivered_message_id", Snowflake),
    Column("delivered_bytes", Snowflake),
    Column("announce_attempted_at", UtcDateTime),
    Column("announced_at", UtcDateTime),
    Column("failure_reason", EnumText(FailureReason)),
    Column("failure_detail", OutsideText),
    Column("possibly_billed", Boolean, nullable=False),
    Column("operator_loss", Boolean, nullable=False),
    Column("forgotten_at", UtcDateTime),
    UniqueConstraint("account", "task_id"),
    Index("ix_jobs_poll", "state", "next_poll_at"),
    Index("ix_jobs_guild", "guild_id", "created_at"),
    Index("ix_jobs_guild_state", "guild_id", "state", "created_at"),
    Index("ix_jobs_requester", "requester_id", "created_at"),
    Index("ix_jobs_finished", "finished_at"),
)

job_events = Table(
    "job_events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(6), ForeignKey("jobs.id"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("owner", EnumText(Owner), nullable=False),
    Column("name", String(48), nullable=False),
    Column("source", EnumText(JobState)),
    Column("target", EnumText(JobState)),
    Column("detail", EventDetail, nullable=False),
)

_AMOUNTS = ("videos", "seconds", "micros")

ledger_entries = Table(
    "ledger_entries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(6), ForeignKey("jobs.id"), nullable=False, index=True),
    Column("guild_id", Snowflake, nullable=False),
    Column("user_id", Snowflake, nullable=False),
    Column("model", String(64), nullable=False, server_default=text("''")),
    Column("kind", EnumText(EntryKind), nullable=False),
    Column("videos", Integer, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("micros", Snowflake, nullable=False),
    Column("counted_at", UtcDateTime, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("reason", String(48), nullable=False),
    # The sums of a guild are read from these alone: a busy one has half a million entries.
    Index("ix_ledger_entries_guild", "guild_id", "counted_at", *_AMOUNTS),
    Index("ix_ledger_entries_shares", "guild_id", "user_id", "model", "counted_at", *_AMOUNTS),
    Index("ix_ledger_entries_member", "guild_id", "user_id", "counted_at"),
    Index("ix_ledger_entries_counted", "counted_at"),
)

guilds = Table(
    "guilds",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("time_zone", String(64), nullable=False),
    Column("notify", String(8), nullable=False),
    Column("preview", Boolean, nullable=False),
    Column("show_prompts", Boolean, nullable=False, server_default=false()),
    Column("others_pictures", Boolean, nullable=False, server_default=false()),
    Column("log_channel_id", Snowflake),
    Column("left_at", UtcDateTime),
)

# A channel's id, a model's or an effect's name: only what was decided.
permits = Table(
    "permits",
    metadata,
    Column("guild_id", Snowflake, ForeignKey("guilds.guild_id"), primary_key=True),
    Column("subject", EnumText(Subject), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("allowed", Boolean, nullable=False),
)

kind_defaults = Table(
    "kind_defaults",
    metadata,
    Column("guild_id", Snowflake, ForeignKey("guilds.guild_id"), primary_key=True),
    Column("kind", EnumText(Kind), primary_key=True),
    Column("model", String(64)),
    Column("resolution", String(8)),
    Column("size", String(16)),
    Column("audio", Boolean),
)

blocks = Table(
    "blocks",
    metadata,
    Column("guild_id", Snowflake, ForeignKey("guilds.guild_id"), primary_key=True),
    Column("user_id", Snowflake, primary_key=True, autoincrement=False),
    Column("blocked_by", Snowflake, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

words = Table(
    "words",
    metadata,
    Column("guild_id", Snowflake, ForeignKey("guilds.guild_id"), primary_key=True),
    # As it is compared; two spellings of one word are one rule.
    Column("folded", String(128), primary_key=True),
    Column("word", OutsideText, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("guild_id", Snowflake, ForeignKey("guilds.guild_id"), nullable=False),
    Column("user_id", Snowflake, nullable=False),
    Column("unit", EnumText(Unit), nullable=False),
    Column("amount", Snowflake, nullable=False),
    Column("granted_by", Snowflake, nullable=False),
    Column("granted_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_grants_member", "guild_id", "user_id", "expires_at"),
)

# What jobs hold of grants: never more than the ledger says of the job.
draws = Table(
    "draws",
    metadata,
    Column("grant_id", Integer, ForeignKey("grants.id"), primary_key=True, autoincrement=False),
    Column("job_id", String(6), ForeignKey("jobs.id"), primary_key=True),
    Column("guild_id", Snowflake, nullable=False),
    Column("user_id", Snowflake, nullable=False),
    Column("unit", EnumText(Unit), nullable=False),
    Column("amount", Snowflake, nullable=False),
    Column("counted_at", UtcDateTime, nullable=False),
    Index("ix_draws_job", "job_id"),
    Index("ix_draws_member", "guild_id", "user_id", "counted_at"),
)

_CHANGES: Mapping[str, type[Change]] = {
    "quota": QuotaChange,
    "grant": GrantChange,
    "setting": SettingChange,
    "default": DefaultChange,
    "permit": PermitChange,
    "member": MemberChange,
    "word": WordChange,
    "job": JobChange,
    "worded": Worded,
}

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("guild_id", Snowflake, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor_id", Snowflake, nullable=False),
    Column("actor_name", OutsideText, nullable=False),
    Column("action", EnumText(Action), nullable=False),
    Column("change", RecordOfKinds(_CHANGES), nullable=False, server_default=text("'{}'")),
    # The log channel that is still to be told; nothing once it is, or where there was none.
    Column("tell_in", Snowflake),
    Index("ix_audit_entries_guild", "guild_id", "at"),
)

# How often a request was refused, by error code and UTC day: no person, no prompt.
refusals = Table(
    "refusals",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("code", String(48), primary_key=True),
    Column("count", Integer, nullable=False),
)

rules = Table(
    "rules",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("guild_id", Snowflake, ForeignKey("guilds.guild_id"), nullable=False),
    Column("scope", EnumText(Scope), nullable=False),
    # 0 where the scope has no target: NULLs would not be unique.
    Column("target_id", Snowflake, nullable=False),
    Column("unit", EnumText(Unit), nullable=False),
    Column("window", EnumText(Window), nullable=False),
    Column("limit", Snowflake, nullable=False),
    UniqueConstraint("guild_id", "scope", "target_id", "unit", "window"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("account", String(128), primary_key=True),
    # The provider's id of our key, learnt from tasks we own; it tells ours from strangers'.
    Column("api_key_id", String(64)),
    Column("status", EnumText(AccountStatus), nullable=False, server_default=text("'open'")),
    Column("paused_at", UtcDateTime),
    Column("pause_reason", OutsideText),
    Column("probe_at", UtcDateTime),
    Column("pause_told_at", UtcDateTime),
)

# Whose turn it is: one row for each guild that ever queued a job in a lane.
lane_guilds = Table(
    "lane_guilds",
    metadata,
    Column("account", String(128), primary_key=True),
    Column("model", String(64), primary_key=True),
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("served_at", UtcDateTime, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("is_waiting", Boolean, nullable=False),
    Index("ix_lane_guilds_turn", "account", "model", "is_waiting", "served_at", "added_at"),
)

lanes = Table(
    "lanes",
    metadata,
    Column("account", String(128), primary_key=True),
    Column("model", String(64), primary_key=True),
    Column("in_flight", Integer, nullable=False),
    Column("submits_per_second", Float, nullable=False),
    Column("next_submit_at", UtcDateTime),
    Column("throttled", Integer, nullable=False),
    Column("off_at", UtcDateTime),
    Column("off_reason", OutsideText),
)

reconciliation_readings = Table(
    "reconciliation_readings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(6), ForeignKey("jobs.id"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    # A complete reading of the provider's list without a candidate for the job.
    Column("has_control", Boolean, nullable=False),
)

orphan_tasks = Table(
    "orphan_tasks",
    metadata,
    Column("account", String(128), primary_key=True),
    Column("task_id", Text, primary_key=True),
    Column("job_id", String(6)),
    Column("found_at", UtcDateTime, nullable=False),
)

render_times = Table(
    "render_times",
    metadata,
    # What retention keeps: nothing here says whose video it was.
    Column("model", String(64), primary_key=True),
    Column("resolution", String(8), primary_key=True),
    Column("duration_seconds", Integer, primary_key=True, autoincrement=False),
    # The newest render times, oldest of them first.
    Column("recent_seconds", JSON, nullable=False),
    Column("learnt", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

processes = Table(
    "processes",
    metadata,
    # One row: the process that serves this database.
    Column("role", String(16), primary_key=True),
    Column("worker_id", String(64), nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("renewed_at", UtcDateTime, nullable=False),
)

# One row: what an operator decided about the whole host, and when its last process left.
host_state = Table(
    "host_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("switch", EnumText(Switch), nullable=False),
    Column("left_at", UtcDateTime),
)

# The guilds the bot was in when it last looked: the shell has no gateway to ask.
present_guilds = Table(
    "present_guilds",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("name", OutsideText, nullable=False),
    Column("members", Integer),
)

# Which commands Discord has of us; guild 0 stands for everywhere.
registered_commands = Table(
    "registered_commands",
    metadata,
    Column("application_id", Snowflake, primary_key=True, autoincrement=False),
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False),
)
