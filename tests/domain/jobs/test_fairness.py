"""Places in a line of which only the guilds' numbers are read."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ids import GuildId, JobId, UserId
from bot.domain.jobs.fairness import GuildInLine, LinePlaces
from tests.fakes import NOW
from tests.turns import Waiting, played_out


def _waiting(at: int, guild: int, member: int) -> Waiting:
    return Waiting(
        job_id=JobId(f"{at:06}"),
        guild_id=GuildId(guild),
        requester_id=UserId(member),
        created_at=NOW + timedelta(seconds=at),
    )


LINES = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), max_size=40).map(
    lambda rows: [_waiting(at, guild, member) for at, (guild, member) in enumerate(rows)]
)
AGES = st.dictionaries(
    st.integers(1, 4).map(GuildId), st.integers(1, 999).map(lambda s: NOW - timedelta(seconds=s))
)


@given(line=LINES, served_at=AGES)
def test_places_are_those_of_the_line_played_out(
    line: list[Waiting], served_at: dict[GuildId, datetime]
) -> None:
    order = [job.guild_id for job in played_out(line, guild_served_at=served_at)]
    waiting = Counter(order)
    places = LinePlaces(
        GuildInLine(guild_id=guild_id, waiting=waiting[guild_id])
        for guild_id in dict.fromkeys(order)  # in the order of their first turns
    )
    nth: Counter[GuildId] = Counter()
    for place, guild_id in enumerate(order, start=1):
        assert places.of(guild_id, nth[guild_id]) == place
        nth[guild_id] += 1


def test_one_job_does_not_wait_behind_another_guilds_thirty() -> None:
    places = LinePlaces(
        [GuildInLine(guild_id=GuildId(1), waiting=30), GuildInLine(guild_id=GuildId(2), waiting=1)]
    )
    assert places.of(GuildId(2), 0) == 2
    assert places.of(GuildId(1), 29) == 31
    assert GuildId(3) not in places
