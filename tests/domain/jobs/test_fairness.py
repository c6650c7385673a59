"""Turns: no guild and no member starves, and among one's own jobs the oldest is first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.ids import GuildId, JobId, UserId
from bot.domain.jobs.fairness import GuildInLine, Places, Waiting, in_order
from tests.fakes import NOW


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
MEMBER_AGES = st.dictionaries(
    st.tuples(st.integers(1, 4).map(GuildId), st.integers(1, 3).map(UserId)),
    st.integers(1, 999).map(lambda s: NOW - timedelta(seconds=s)),
)


def _ordered(
    line: list[Waiting],
    guilds: dict[GuildId, datetime] | None = None,
    members: dict[tuple[GuildId, UserId], datetime] | None = None,
) -> list[Waiting]:
    return list(in_order(line, guild_served_at=guilds or {}, member_served_at=members or {}))


def _check_turns(turns: Sequence[Hashable]) -> None:
    """Between two turns of one, everybody else who still waits has a turn."""
    last: dict[Hashable, int] = {}
    for at, who in enumerate(turns):
        if who in last:
            between = set(turns[last[who] + 1 : at])
            assert between >= set(turns[at:]) - {who}
        last[who] = at


@given(line=LINES, guilds=AGES, members=MEMBER_AGES)
def test_order_is_fair(
    line: list[Waiting],
    guilds: dict[GuildId, datetime],
    members: dict[tuple[GuildId, UserId], datetime],
) -> None:
    order = _ordered(line, guilds, members)
    assert sorted(order, key=lambda job: job.job_id) == line, "everybody, once"
    _check_turns([job.guild_id for job in order])
    by_guild: dict[GuildId, list[UserId]] = defaultdict(list)
    by_member: dict[tuple[GuildId, UserId], list[Waiting]] = defaultdict(list)
    for job in order:
        by_guild[job.guild_id].append(job.requester_id)
        by_member[job.guild_id, job.requester_id].append(job)
    for turns in by_guild.values():
        _check_turns(turns)
    for own in by_member.values():
        assert own == sorted(own, key=lambda job: job.created_at)


@given(line=LINES, guilds=AGES, members=MEMBER_AGES)
def test_places_without_the_line_are_those_of_the_order(
    line: list[Waiting],
    guilds: dict[GuildId, datetime],
    members: dict[tuple[GuildId, UserId], datetime],
) -> None:
    by_guild: dict[GuildId, list[Waiting]] = defaultdict(list)
    for job in line:
        by_guild[job.guild_id].append(job)
    places = Places(
        GuildInLine(
            guild_id=guild_id,
            waiting=len(own),
            first_at=min(job.created_at for job in own),
            served_at=guilds.get(guild_id),
        )
        for guild_id, own in by_guild.items()
    )
    nth: Counter[GuildId] = Counter()
    for place, job in enumerate(_ordered(line, guilds, members), start=1):
        assert places.of(job.guild_id, nth[job.guild_id]) == place
        nth[job.guild_id] += 1


@given(line=LINES, guilds=AGES)
def test_whoever_was_served_longest_ago_begins(
    line: list[Waiting], guilds: dict[GuildId, datetime]
) -> None:
    order = _ordered(line, guilds)
    if order:
        never = {job.guild_id for job in line} - guilds.keys()
        first = order[0].guild_id
        if never:
            assert first in never
        else:
            assert guilds[first] == min(guilds[job.guild_id] for job in line)


@given(line=LINES)
def test_order_does_not_depend_on_how_it_was_read(line: list[Waiting]) -> None:
    assert _ordered(line) == _ordered(line[::-1])


def test_one_job_does_not_wait_behind_another_guilds_thirty() -> None:
    line = [_waiting(at, 1, 1) for at in range(30)] + [_waiting(30, 2, 2)]
    assert [job.guild_id for job in _ordered(line)[:3]] == [1, 2, 1]


def test_equal_guilds_take_turns_by_their_oldest_job() -> None:
    line = [_waiting(0, 1, 1), _waiting(1, 2, 1), _waiting(2, 1, 2)]
    # Guild 1's turn comes first although its own member's turn goes to a younger job.
    order = _ordered(line, members={(GuildId(1), UserId(1)): NOW})
    assert [job.job_id for job in order] == ["000002", "000001", "000000"]


def test_nobody_waits_in_an_empty_line() -> None:
    assert _ordered([]) == []
