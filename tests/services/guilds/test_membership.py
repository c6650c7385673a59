"""Guilds the bot left: never guessed, their waiting jobs given back, their settings forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.domain.amounts import NOTHING
from bot.domain.catalogue import Choices, Kind
from bot.domain.catalogue.permits import Subject
from bot.domain.errors import ChatUnavailableError
from bot.domain.failure import FailureReason
from bot.domain.guilds.quota import Draw, Rule, Scope, Unit, Window
from bot.domain.guilds.settings import Guild
from bot.domain.host.overview import GuildInfo
from bot.domain.ids import GuildId, UserId
from bot.domain.jobs.states import JobState
from bot.services.guilds.membership import SETTINGS_KEPT, GuildMembership
from bot.storage import departures as stored
from bot.storage import grants, guilds, host_state, moderation, permits
from tests.fakes import GUILD, MEMBER, NOW
from tests.services.core import RETENTION, Core

OTHER = GuildId(2)


@dataclass
class Discord:
    """What Discord says about guilds."""

    named: dict[GuildId, GuildInfo] | None = field(default_factory=dict)
    """What the gateway names; None while it is not well."""
    members: set[GuildId] = field(default_factory=set)
    """Where REST says yes."""
    is_down: bool = False
    asked: list[GuildId] = field(default_factory=list)

    async def is_member(self, guild_id: GuildId) -> bool:
        self.asked.append(guild_id)
        if self.is_down:
            raise ChatUnavailableError("503")
        return guild_id in self.members


def following(
    core: Core, discord: Discord, *, allowed: frozenset[GuildId] = frozenset()
) -> GuildMembership:
    return GuildMembership(
        database=core.database,
        clock=core.clock,
        writer=core.writer,
        present=lambda: discord.named,
        is_member=discord.is_member,
        allowed_guilds=allowed,
    )


async def left_at(core: Core, guild_id: GuildId = GUILD) -> object:
    async with core.database.read() as connection:
        return (await guilds.get(connection, guild_id)).left_at


async def test_waiting_jobs_of_a_guild_that_was_left_are_given_back(core: Core) -> None:
    waiting, sent = await core.put(), await core.put(JobState.PENDING)
    other = await core.put(guild_id=OTHER)
    discord = Discord(named={OTHER: GuildInfo(name="other")})
    await following(core, discord).run_once()
    assert discord.asked == [GUILD]
    assert await left_at(core) == NOW
    job = await core.job(waiting)
    assert (job.state, job.failure.reason) == (JobState.CANCELLED, FailureReason.GUILD_LEFT)
    assert await core.spent(waiting) == NOTHING
    assert await core.state(sent) is JobState.PENDING
    assert await core.state(other) is JobState.QUEUED
    assert await left_at(core, OTHER) is None


async def test_a_job_that_comes_back_into_the_line_later_is_cancelled_too(core: Core) -> None:
    sent = await core.put(JobState.SUBMITTING)
    follower = following(core, Discord())
    await follower.run_once()
    assert await core.state(sent) is JobState.SUBMITTING
    await core.patch(sent, state=JobState.QUEUED)
    await follower.run_once()
    assert await core.state(sent) is JobState.CANCELLED


@pytest.mark.parametrize(
    "discord",
    [
        Discord(named=None),
        Discord(is_down=True),
        Discord(members={GUILD}),
        Discord(named={GUILD: GuildInfo(name="")}),
    ],
    ids=["gateway away", "rest away", "rest says member", "unavailable"],
)
async def test_an_outage_is_not_a_departure(core: Core, discord: Discord) -> None:
    waiting = await core.put()
    follower = following(core, discord)
    for _ in range(3):
        await follower.run_once()
    assert await core.state(waiting) is JobState.QUEUED
    assert await left_at(core) is None


async def test_a_guild_the_bot_comes_back_to_keeps_its_settings(core: Core) -> None:
    await core.put()
    async with core.database.write() as connection:
        await guilds.change(connection, GUILD, time_zone="Europe/Berlin")
    discord = Discord()
    follower = following(core, discord)
    await follower.run_once()
    assert await left_at(core) == NOW
    discord.named = {GUILD: GuildInfo(name="back")}
    core.clock.advance(days=29)
    await follower.run_once()
    assert await left_at(core) is None
    core.clock.advance(days=30)
    await follower.run_once()
    async with core.database.read() as connection:
        assert (await guilds.get(connection, GUILD)).time_zone == "Europe/Berlin"


async def test_an_outage_does_not_take_a_guilds_name(core: Core) -> None:
    await core.put()
    discord = Discord(named={GUILD: GuildInfo(name="Tidepool", members=12)})
    follower = following(core, discord)
    for named in (discord.named, {GUILD: GuildInfo(name="")}, {}, None):
        discord.named, discord.is_down = named, True
        await follower.run_once()
        async with core.database.read() as connection:
            known = await host_state.present(connection)
        assert known == {GUILD: GuildInfo(name="Tidepool", members=12)}


async def test_jobs_of_a_guild_no_longer_allowed_are_given_back_at_the_start(core: Core) -> None:
    waiting, sent = await core.put(), await core.put(JobState.RUNNING)
    allowed = await core.put(guild_id=OTHER)
    discord = Discord(named=None)
    await following(core, discord, allowed=frozenset({OTHER})).run_once()
    job = await core.job(waiting)
    assert (job.state, job.failure.reason) == (JobState.CANCELLED, FailureReason.GUILD_DISABLED)
    assert await core.spent(waiting) == NOTHING
    assert await core.state(sent) is JobState.RUNNING
    assert await core.state(allowed) is JobState.QUEUED


async def test_everything_that_was_set_goes_30_days_after_and_the_ledger_stays(core: Core) -> None:
    job = await core.put()
    await set_everything(core)
    async with core.database.write() as connection:
        (grant,) = await grants.usable(connection, GUILD, now=NOW)
        await grants.draw(connection, job, [Draw(grant_id=grant.id, unit=Unit.VIDEOS, amount=1)])
    follower = following(core, Discord())
    await follower.run_once()
    core.clock.advance(seconds=(SETTINGS_KEPT - timedelta(hours=2)).total_seconds())
    await follower.run_once()
    async with core.database.read() as connection:
        assert await guilds.rules_of(connection, GUILD)
    core.clock.advance(hours=2)
    await follower.run_once()
    async with core.database.read() as connection:
        assert await guilds.rules_of(connection, GUILD) == []
        assert await guilds.get(connection, GUILD) == Guild(guild_id=GUILD)
        assert await moderation.blocks_of(connection, GUILD) == []
        assert await moderation.words_of(connection, GUILD) == {}
        assert not (await permits.of_guild(connection, GUILD)).models
        assert await permits.defaults_of(connection, GUILD) == {}
        assert await grants.usable(connection, GUILD, now=NOW) == []
        assert await stored.left_before(connection, core.clock.now()) == []
    assert len(await core.entries(job)) == 2
    assert await core.events(job)


async def test_a_ceiling_outlives_the_departure(core: Core) -> None:
    await core.put()
    await set_everything(core)
    ceiling = Rule(scope=Scope.CEILING, unit=Unit.VIDEOS, window=Window.DAY, limit=0)
    async with core.database.write() as connection:
        await guilds.set_rule(connection, GUILD, ceiling)
    follower = following(core, Discord())
    await follower.run_once()
    with capture_logs() as lines:
        for _ in range(2):
            core.clock.advance(seconds=SETTINGS_KEPT.total_seconds())
            await follower.run_once()
    assert [line["event"] for line in lines] == ["guild_forgotten"], "said once, not every hour"
    async with core.database.read() as connection:
        assert await guilds.rules_of(connection, GUILD) == [ceiling]
        assert await guilds.get(connection, GUILD) == Guild(guild_id=GUILD, left_at=NOW)


async def test_content_goes_with_its_retention_as_everywhere(core: Core) -> None:
    done = await core.put(JobState.UNDELIVERABLE)
    await core.put_video(done)
    await following(core, Discord()).run_once()
    await core.reaper.run_once()
    assert (await core.job(done)).times.forgotten_at is None
    core.clock.advance(seconds=RETENTION.total_seconds())
    await core.reaper.run_once()
    job = await core.job(done)
    assert job.times.forgotten_at is not None
    assert job.options.prompt is None
    assert not core.folder_of(done.id).exists()


async def set_everything(core: Core) -> None:
    """Let a guild decide one of each."""
    async with core.database.write() as connection:
        await guilds.ensure(connection, GUILD)
        await guilds.change(connection, GUILD, time_zone="Asia/Tokyo", log_channel_id=7)
        rule = Rule(scope=Scope.SERVER, unit=Unit.VIDEOS, window=Window.DAY, limit=3)
        await guilds.set_rule(connection, GUILD, rule)
        await grants.add(
            connection,
            GUILD,
            user_id=MEMBER,
            unit=Unit.VIDEOS,
            amount=5,
            granted_by=UserId(9),
            granted_at=NOW,
            expires_at=NOW + timedelta(days=90),
        )
        await permits.decide(connection, GUILD, Subject.MODEL, "wan2.2-i2v-flash", allowed=False)
        choices = Choices(model="wan2.2-i2v-flash")
        await permits.set_default(connection, GUILD, Kind.IMAGE, choices)
        await moderation.block(connection, GUILD, UserId(8), blocked_by=UserId(9), at=NOW)
        await moderation.add_word(connection, GUILD, folded="bad", word="Bad")
