"""Ids as people type them, upload limits, and the settings of a guild."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.guilds.settings import Guild, Notify
from bot.domain.ids import CROCKFORD, JOB_ID_LENGTH, GuildId, new_job_id, parse_job_id
from bot.domain.jobs.delivery import upload_limit_bytes
from bot.domain.units import MIB
from tests.fakes import a_job


@pytest.mark.parametrize(
    "typed", ["7FO3IL", "7fo3il", "#7F031L", " # 7F0311 ", "7F0311", "7fOiil".replace("i", "3", 1)]
)
def test_id_is_read_the_way_people_type_it(typed: str) -> None:
    assert parse_job_id(typed) == "7F0311"


@pytest.mark.parametrize("typed", ["", "#", "7F031", "7F03111", "7F03U1", "7F-311", "\uff17F0311"])
def test_what_is_no_id_is_none(typed: str) -> None:
    assert parse_job_id(typed) is None


@given(text=st.text(max_size=12))
def test_reading_never_fails_and_gives_only_ids(text: str) -> None:
    job_id = parse_job_id(text)
    if job_id is not None:
        assert len(job_id) == JOB_ID_LENGTH
        assert set(job_id) <= set(CROCKFORD)


def test_new_ids_are_read_back_and_differ() -> None:
    drawn = {new_job_id() for _ in range(200)}
    assert len(drawn) == 200
    assert all(parse_job_id(job_id.lower()) == job_id for job_id in drawn)


@pytest.mark.parametrize(
    ("tier", "base", "mib"),
    [
        (0, 10, 10),
        (1, 10, 10),
        (2, 10, 50),
        (3, 10, 100),
        (4, 10, 100),
        (0, 25, 25),
        (1, 25, 25),
        (2, 25, 50),
        (0, 8, 8),
        (1, 8, 10),
        (-1, 10, 10),
    ],
)
def test_limit_is_the_guilds_tier(tier: int, base: int, mib: int) -> None:
    assert upload_limit_bytes(premium_tier=tier, base_limit_mib=base) == mib * MIB


def test_guild_begins_in_utc_with_pings_and_previews() -> None:
    guild = Guild(guild_id=GuildId(1))
    assert (guild.zone.key, guild.notify, guild.preview) == ("UTC", Notify.PING, True)


def test_records_cannot_be_changed() -> None:
    job = a_job()
    with pytest.raises(AttributeError):
        job.state = "delivered"  # type: ignore[misc,assignment]
    assert job.times.created_at - job.times.counted_at == timedelta(0)
    assert Path(f"{job.id}").name == job.id
