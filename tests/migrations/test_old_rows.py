"""Rows of older schemas become the records of today, and what they were when taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, Table, insert, select

from bot.domain.amounts import Amounts
from bot.domain.catalogue import Kind, Price
from bot.domain.host.account import Account, AccountStatus
from bot.domain.host.overview import GuildInfo
from bot.domain.host.switch import Switch
from bot.domain.ids import AccountId, GuildId, JobId
from bot.domain.jobs.job import StoredVideo
from bot.domain.requests.submission import VideoOptions, VideoSpec
from bot.storage import accounts, host_state, jobs, migrate, queue_order, render_times, unconfirmed
from bot.storage.engine import Database
from bot.storage.tables import lane_guilds

BEFORE = "0005"
AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
ACCOUNT, MODEL = "of a key", "wan2.2-kf2v-flash"

JOB = {
    "id": "AAAAAA",
    "guild_id": 10,
    "channel_id": 11,
    "requester_id": 12,
    "requester_name": "Ada",
    "interaction_id": 13,
    "kind": "frames",
    "model": MODEL,
    "account": ACCOUNT,
    "resolution": "480P",
    "size": None,
    "duration_seconds": 5,
    "price_micros": 100_000,
    "prompt": "a kelp forest, „wide”",
    "negative_prompt": None,
    "effect": None,
    "seed": 2**31 - 1,
    "prompt_extend": True,
    "watermark": False,
    "spoiler": True,
    "loop": False,
    "pictures": "[]",
    "has_preview": False,
    "premium_tier": 2,
    "state": "delivered",
    "version": 7,
    "created_at": AT,
    "counted_at": AT,
    "entered_at": AT + timedelta(minutes=3),
    "finished_at": AT + timedelta(minutes=3),
    "claims": 0,
    "attempts": 1,
    "sent_at": AT + timedelta(minutes=1),
    "gave_up_at": AT + timedelta(minutes=2),
    "task_id": "0385dc79-5ff8-4d82-bcb6-xxxxxx",
    "tasks_failed": 1,
    "adopted": True,
    "unknown_polls": 0,
    "billed_seconds": 4,
    "media_file": "video.mp4",
    "media_bytes": 1_234,
    "media_sha256": "0" * 64,
    "media_width": 640,
    "media_height": 480,
    "media_seconds": 4.96,
    "shown_version": 7,
    "possibly_billed": False,
    "operator_loss": False,
}
WAITING = JOB | {
    "id": "BBBBBB",
    "guild_id": 20,
    "interaction_id": 14,
    "kind": "text",
    "size": "832*480",
    "state": "queued",
    "finished_at": None,
    "sent_at": None,
    "gave_up_at": None,
    "task_id": None,
    "tasks_failed": 0,
    "adopted": False,
    "billed_seconds": None,
    **dict.fromkeys(name for name in JOB if name.startswith("media_")),
}
RENDERED = {"model": MODEL, "resolution": "480P", "duration_seconds": 5, "learnt": 2}
ROWS: Mapping[str, Sequence[Mapping[str, object]]] = {
    "jobs": [JOB, WAITING],
    "making_times": [{**RENDERED, "recent_seconds": [40, 60], "updated_at": AT}],
    "listings": [{"id": 1, "job_id": "BBBBBB", "at": AT, "has_control": True}],
    "accounts": [
        {"account": ACCOUNT, "api_key_id": "15001", "paused_at": AT, "pause_reason": "Arrearage"},
        {"account": "tried", "paused_at": AT, "probe_at": AT + timedelta(minutes=5)},
        {"account": "open"},
    ],
    "facts": [
        {"key": "switch", "value": "draining"},
        {"key": "left_at", "value": AT.isoformat()},
        {"key": "guilds", "value": '{"10": ["Tidepool", 12], "20": ["", null]}'},
        {"key": "commands:99", "value": "d" * 64},
        {"key": "commands:99:10", "value": "e" * 64},
        {"key": "operator_guild:99", "value": "10"},
        {"key": "account_pause_told", "value": f"{ACCOUNT} {AT}"},
    ],
}


def _tables(connection: Connection) -> dict[str, Table]:
    metadata = MetaData()
    metadata.reflect(connection)
    return metadata.tables


def _fill(connection: Connection) -> None:
    """Insert as the old schema's own columns take it."""
    tables = _tables(connection)
    is_file = connection.dialect.name == "sqlite"
    for name, rows in ROWS.items():
        for row in rows:
            moments = {
                key: value.replace(tzinfo=None) if is_file else value
                for key, value in row.items()
                if isinstance(value, datetime)
            }
            connection.execute(insert(tables[name]).values({**row, **moments}))


def _read(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    tables = _tables(connection)
    rows = {
        name: [dict(row) for row in connection.execute(select(tables[name])).mappings()]
        for name in ROWS
    }
    return {
        name: sorted(some, key=lambda row: [str(value) for value in row.values()])
        for name, some in rows.items()
    }


@pytest.fixture
async def old(empty_url: str) -> AsyncIterator[Database]:
    """A database of the schema before, with its rows."""
    database = Database(empty_url)
    await migrate.upgrade(database, BEFORE)
    async with database.write() as connection:
        await connection.run_sync(_fill)
    yield database
    await database.aclose()


async def test_jobs_keep_what_they_were_asked_for_and_what_it_cost(old: Database) -> None:
    await migrate.upgrade(old)
    async with old.read() as connection:
        done = await jobs.get(connection, JobId("AAAAAA"))
        waiting = await jobs.get(connection, JobId("BBBBBB"))
    assert done is not None
    assert waiting is not None
    reserved = Amounts(videos=1, seconds=5, micros=100_000)
    assert done.spec == VideoSpec(
        kind=Kind.FRAMES,
        model=MODEL,
        resolution="480P",
        duration_seconds=5,
        options=VideoOptions(prompt="a kelp forest, „wide”", seed=2**31 - 1, spoiler=True),
    )
    assert done.price == Price(reserved=reserved, micros_per_second=20_000)
    assert done.result.billed == Amounts(videos=1, seconds=4, micros=80_000)
    assert done.video == StoredVideo(
        file_name="video.mp4", size_bytes=1_234, width=640, height=480, duration_seconds=4.96
    )
    assert (done.task.create_abandoned_at, done.task.failed_before) == (
        AT + timedelta(minutes=2),
        1,
    )
    assert (waiting.spec.size, waiting.result.billed) == ("832*480", None)
    assert waiting.video == StoredVideo()


async def test_render_times_and_readings_keep_their_rows(old: Database) -> None:
    await migrate.upgrade(old)
    async with old.read() as connection:
        known = await render_times.of_models(connection, {MODEL})
        readings = await unconfirmed.readings_of(connection, JobId("BBBBBB"))
    assert [list(times) for times in known.values()] == [[40, 60]]
    assert [(reading.at, reading.has_control) for reading in readings] == [(AT, True)]


async def test_turns_are_those_of_the_jobs_there_are(old: Database) -> None:
    await migrate.upgrade(old)
    async with old.read() as connection:
        query = select(lane_guilds).order_by(lane_guilds.c.guild_id)
        rows = [tuple(row) for row in await connection.execute(query)]
    assert rows == [
        (ACCOUNT, MODEL, 10, JOB["sent_at"], AT, False),
        (ACCOUNT, MODEL, 20, queue_order.NEVER, AT, True),
    ]


async def test_accounts_and_facts_are_where_they_belong(old: Database) -> None:
    await migrate.upgrade(old)
    async with old.read() as connection:
        known = [
            await accounts.get(connection, AccountId(name)) for name in (ACCOUNT, "tried", "open")
        ]
        assert await host_state.switch_of(connection) is Switch.DRAINING
        assert await host_state.left_at(connection) == AT
        assert await host_state.present(connection) == {
            GuildId(10): GuildInfo(name="Tidepool", members=12),
            GuildId(20): GuildInfo(name="", members=None),
        }
        assert await host_state.registered(connection, 99, None) == "d" * 64
        assert await host_state.registered(connection, 99, GuildId(10)) == "e" * 64
        assert await host_state.registered_guilds(connection, 99) == {10}
    on_trial, paused, is_open = known
    assert on_trial == Account(
        account=AccountId(ACCOUNT),
        api_key_id="15001",
        status=AccountStatus.ON_TRIAL,
        paused_at=AT,
        pause_reason="Arrearage",
        pause_told_at=AT,
    )
    assert (paused.status, paused.pause_told_at) == (AccountStatus.PAUSED, None)
    assert is_open.status is AccountStatus.OPEN


async def test_rows_taken_back_are_what_they_were(old: Database) -> None:
    async with old.read() as connection:
        before = await connection.run_sync(_read)
    await migrate.upgrade(old)
    await migrate.downgrade(old, BEFORE)
    async with old.read() as connection:
        after = await connection.run_sync(_read)
    for row in before["jobs"]:
        row["media_sha256"] = None  # nobody read it
    assert after == before
