"""Sums, pages and exports of one guild, on both engines."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.amounts import NOTHING, Amounts
from bot.domain.guilds.quota import Span
from bot.domain.guilds.usage import Cursor, LogQuery
from bot.domain.ids import GuildId, JobId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.transitions import open_job, transition
from bot.storage import jobs, usage
from bot.storage.engine import Connection, Database
from tests.fakes import GUILD, MEMBER, NOW, a_job

WEEK = Span(start=NOW - timedelta(days=7), end=NOW + timedelta(days=1))
OTHER_MODEL = "wan2.2-i2v-flash"
HOUR = timedelta(hours=1)


def at(hours: int, **changes: object) -> Job:
    """Return a job asked for some hours ago."""
    moment = NOW - hours * HOUR
    return a_job(created_at=moment, counted_at=moment, **changes)


async def put(connection: Connection, *made: Job) -> None:
    for job in made:
        await jobs.apply(connection, open_job(job))


async def test_sums_name_the_dearest_members_and_models(database: Database) -> None:
    others = [UserId(number) for number in range(5)]
    async with database.write() as connection:
        await put(connection, at(1, price_micros=7), at(2, model=OTHER_MODEL, price_micros=5))
        for place, user_id in enumerate(others):
            await put(connection, at(3, requester_id=user_id, price_micros=place + 1))
        await put(connection, at(1, guild_id=GuildId(1)), at(24 * 8))
        sums = await usage.sums(connection, GUILD, WEEK, top=3)
    assert sums.total == Amounts(videos=7, seconds=35, micros=27)
    assert sums.members_count == 6
    assert [(share.key, share.amounts.micros) for share in sums.members] == [
        (str(MEMBER), 12),
        ("4", 5),
        ("3", 4),
    ]
    assert [share.amounts.micros for share in sums.models] == [22, 5]


async def test_what_was_released_is_nobodys_share(database: Database) -> None:
    async with database.write() as connection:
        job = at(1)
        await put(connection, job)
        step = transition(job, JobState.CANCELLED, owner=Owner.SUBMISSIONS, at=NOW)
        await jobs.apply(connection, step)
        sums = await usage.sums(connection, GUILD, WEEK, top=3)
    assert (sums.total, sums.members, sums.models, sums.members_count) == (NOTHING, (), (), 0)


async def test_sums_of_days_follow_their_bounds(database: Database) -> None:
    midnight = NOW.replace(hour=0)
    days = [
        Span(start=midnight - timedelta(days=ago), end=midnight - timedelta(days=ago - 1))
        for ago in (2, 1, 0)
    ]
    async with database.write() as connection:
        last = midnight - timedelta(microseconds=1)
        await put(
            connection,
            a_job(created_at=last, counted_at=last),
            a_job(created_at=midnight, counted_at=midnight),
            a_job(),
        )
        found = await usage.sums_per_span(connection, GUILD, days)
        assert await usage.first_counted_at(connection, GUILD) == last
        assert await usage.first_counted_at(connection, GuildId(1)) is None
    assert [amounts.videos for amounts in found] == [0, 1, 2]


async def test_a_member_is_called_as_they_were_last_until_that_is_forgotten(
    database: Database,
) -> None:
    forgotten, stranger = UserId(8), UserId(9)
    async with database.write() as connection:
        await put(
            connection,
            at(2, requester_name="old"),
            at(1, requester_name="new"),
            at(0, requester_name="", forgotten_at=NOW),
            at(1, requester_id=forgotten, forgotten_at=NOW),
        )
        names = await usage.names_of(connection, GUILD, [MEMBER, forgotten, stranger])
        assert names == {MEMBER: "new"}
        assert await usage.names_of(connection, GuildId(1), [MEMBER]) == {}


async def test_states_and_times_are_of_the_period(database: Database) -> None:
    async with database.write() as connection:
        done = {"state": JobState.DELIVERED, "finished_at": NOW}
        await put(
            connection,
            at(1, sent_at=NOW - HOUR + timedelta(seconds=20), **done),
            at(24 * 8, sent_at=NOW, **done),
            at(2, state=JobState.FAILED, finished_at=NOW),
            at(3),
        )
        states = await usage.count_by_state(connection, GUILD, WEEK)
        times = await usage.newest_times(connection, GUILD, WEEK, limit=10)
    assert states == {JobState.DELIVERED: 1, JobState.FAILED: 1, JobState.QUEUED: 1}
    assert times == [(20.0, 3580.0)]


# --- pages ------------------------------------------------------------------------------------


async def walk(connection: Connection, query: LogQuery, size: int) -> list[JobId]:
    """Turn all pages towards the past, and return what was on them."""
    seen: list[JobId] = []
    while found := await usage.page(connection, GUILD, query, limit=size):
        seen += [job.id for job in found]
        place = Cursor(at=found[-1].times.created_at, job_id=found[-1].id)
        query = LogQuery(
            span=query.span, states=query.states, member_id=query.member_id, cursor=place
        )
    return seen


async def test_pages_show_each_job_once_even_of_one_moment(database: Database) -> None:
    async with database.write() as connection:
        made = [a_job() for _ in range(7)] + [at(hours) for hours in range(1, 6)]
        await put(connection, *made, at(1, guild_id=GuildId(1)))
        seen = await walk(connection, LogQuery(span=WEEK), 3)
    expected = sorted(made, key=lambda job: (job.times.created_at, job.id), reverse=True)
    assert seen == [job.id for job in expected]


async def test_the_way_back_shows_the_same_jobs(database: Database) -> None:
    async with database.write() as connection:
        made = [at(hours) for hours in range(6)]
        await put(connection, *made)
        place = Cursor(at=made[3].times.created_at, job_id=made[3].id)
        newer = LogQuery(span=WEEK, cursor=place, is_newer=True)
        found = await usage.page(connection, GUILD, newer, limit=2)
    assert [job.id for job in found] == [made[2].id, made[1].id]


async def test_filters_hold_on_every_page(database: Database) -> None:
    wanted = frozenset({JobState.FAILED, JobState.EXPIRED})
    async with database.write() as connection:
        ended = [
            at(hours, state=JobState.FAILED if hours % 2 else JobState.EXPIRED)
            for hours in range(6)
        ]
        own = at(7, state=JobState.FAILED, requester_id=UserId(8))
        await put(connection, *ended, own, at(2))
        query = LogQuery(span=WEEK, states=wanted)
        assert await walk(connection, query, 2) == [*[job.id for job in ended], own.id]
        query = LogQuery(span=WEEK, states=wanted, member_id=UserId(8))
        assert await walk(connection, query, 2) == [own.id]


async def test_an_export_has_each_job_with_its_sum_oldest_first(database: Database) -> None:
    cancelled = at(1)
    async with database.write() as connection:
        await put(connection, cancelled, at(2, forgotten_at=NOW), at(3), at(24 * 9))
        step = transition(cancelled, JobState.CANCELLED, owner=Owner.SUBMISSIONS, at=NOW)
        await jobs.apply(connection, step)
        rows = []
        after: Cursor | None = None
        while found := await usage.exported(connection, GUILD, WEEK, after=after, limit=2):
            rows += found
            after = Cursor(at=found[-1].asked_at, job_id=found[-1].job_id)
    assert [row.spent.videos for row in rows] == [1, 1, 0]
    assert [row.member_name for row in rows] == ["Ada", None, "Ada"]
    assert [row.state for row in rows] == [JobState.QUEUED, JobState.QUEUED, JobState.CANCELLED]
    assert rows[0].message_id is not None


async def test_a_guild_without_jobs_has_empty_answers(database: Database) -> None:
    async with database.read() as connection:
        assert (await usage.sums(connection, GUILD, WEEK, top=3)).total == NOTHING
        assert await usage.count_by_state(connection, GUILD, WEEK) == {}
        assert await usage.page(connection, GUILD, LogQuery(span=WEEK), limit=3) == []
        assert await usage.exported(connection, GUILD, WEEK, after=None, limit=3) == []
