"""/settings: each change is stored, written down with before and after, and told once."""

from __future__ import annotations

import asyncio
import zoneinfo
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.domain.catalogue import Choices, Kind
from bot.domain.catalogue.permits import Permits, Subject
from bot.domain.errors import InvalidOptionsError, RequestError
from bot.domain.guilds.audit import (
    AuditEntry,
    DefaultChange,
    PermitChange,
    SettingChange,
    SettingName,
)
from bot.domain.guilds.settings import Guild, Notify
from bot.domain.ids import ChannelId, GuildId, UserId
from bot.domain.people import Person
from bot.domain.requests.denials import ModelDeniedError
from bot.services.guilds.settings import GuildSettings
from bot.storage import audit, guilds
from tests.fakes import CHANNEL, GUILD, NOW
from tests.services.core import Core

ADMIN = Person(user_id=UserId(90), name="mia")
LOG = ChannelId(700)
FLASH, FRAMES_PLUS = "wan2.2-kf2v-flash", "wanx2.1-kf2v-plus"

Told = SettingChange | DefaultChange | PermitChange
Do = Callable[[GuildSettings], Awaitable[Told]]


async def entries(core: Core) -> list[AuditEntry]:
    """Return what was written down, oldest first."""
    async with core.database.read() as connection:
        found = await audit.newest(
            connection, GUILD, since=NOW, until=NOW + timedelta(days=1), limit=100
        )
    return found[::-1]


async def changes(core: Core) -> list[Told]:
    """Return what was changed, oldest first."""
    return [entry.change for entry in await entries(core) if isinstance(entry.change, Told)]


def channel(*, allowed: bool | None) -> Do:
    return lambda settings: settings.decide_channel(GUILD, ADMIN, CHANNEL, allowed=allowed)


def default(kind: Kind, **choices: str) -> Do:
    chosen = Choices(**choices)  # type: ignore[arg-type]
    return lambda settings: settings.set_default(GUILD, ADMIN, kind, chosen)


def permitted(
    subject: Subject, name: str, *, before: bool | None, after: bool | None
) -> PermitChange:
    return PermitChange(subject=subject, name=name, before=before, after=after)


def setting(name: SettingName, before: str | int | None, after: str | int | None) -> SettingChange:
    return SettingChange(setting=name, before=before, after=after)


HERE = str(CHANNEL)
CHANGES: list[tuple[Do, Told]] = [
    (channel(allowed=True), permitted(Subject.CHANNEL, HERE, before=None, after=True)),
    (channel(allowed=False), permitted(Subject.CHANNEL, HERE, before=None, after=False)),
    (
        lambda settings: settings.decide_model(GUILD, ADMIN, f" {FLASH} ", allowed=False),
        permitted(Subject.MODEL, FLASH, before=True, after=False),
    ),
    (
        lambda settings: settings.decide_effect(GUILD, ADMIN, "hug", allowed=True),
        permitted(Subject.EFFECT, "hug", before=False, after=True),
    ),
    (
        lambda settings: settings.decide_effect(GUILD, ADMIN, "Squish", allowed=False),
        permitted(Subject.EFFECT, "squish", before=True, after=False),
    ),
    (
        default(Kind.IMAGE, model="wanx2.1-i2v-turbo", resolution="480p"),
        DefaultChange(
            kind=Kind.IMAGE,
            before=Choices(),
            after=Choices(model="wanx2.1-i2v-turbo", resolution="480P"),
        ),
    ),
    (
        default(Kind.TEXT, size="480x832"),
        DefaultChange(kind=Kind.TEXT, before=Choices(), after=Choices(size="480*832")),
    ),
    (
        lambda settings: settings.set_prompts(GUILD, ADMIN, shown=True),
        setting(SettingName.PROMPTS, before=False, after=True),
    ),
    (
        lambda settings: settings.set_preview(GUILD, ADMIN, shown=False),
        setting(SettingName.PREVIEW, before=True, after=False),
    ),
    (
        lambda settings: settings.set_others_pictures(GUILD, ADMIN, allowed=True),
        setting(SettingName.OTHERS_PICTURES, before=False, after=True),
    ),
    (
        lambda settings: settings.set_time_zone(GUILD, ADMIN, "america/new york"),
        setting(SettingName.TIME_ZONE, before="UTC", after="America/New_York"),
    ),
    (
        lambda settings: settings.set_notify(GUILD, ADMIN, Notify.DM),
        setting(SettingName.NOTIFY, before="ping", after="dm"),
    ),
    (
        lambda settings: settings.set_log_channel(GUILD, ADMIN, LOG),
        setting(SettingName.LOG_CHANNEL, before=None, after=LOG),
    ),
]
IDS = [
    *("channel allowed", "channel denied", "model", "effect allowed", "effect denied"),
    *("default for image", "default for text", "prompts", "preview", "others-pictures"),
    *("timezone", "notify", "log-channel"),
]
every_change = pytest.mark.parametrize(("do", "written"), CHANGES, ids=IDS)


@every_change
async def test_a_change_is_written_down_with_before_and_after(
    core: Core, do: Do, written: Told
) -> None:
    assert await do(core.guild_settings) == written
    assert await entries(core) == [AuditEntry(guild_id=GUILD, at=NOW, actor=ADMIN, change=written)]


@every_change
async def test_what_is_so_already_is_neither_written_down_nor_told(
    core: Core, do: Do, written: Told
) -> None:
    await do(core.guild_settings)
    told = len(await core.logged())
    again = await do(core.guild_settings)
    assert (again.before, again.after) == (written.after, written.after)
    assert len(await entries(core)) == 1
    assert len(await core.logged()) == told


@every_change
async def test_a_change_is_told_in_the_log_channel(core: Core, do: Do, written: Told) -> None:
    await core.guild_settings.set_log_channel(GUILD, ADMIN, ChannelId(701))
    (await core.logged()).clear()
    await do(core.guild_settings)
    ((place, entry),) = await core.logged()
    is_of_log_channel = isinstance(written, SettingChange) and written.after == LOG
    assert place == (LOG if is_of_log_channel else 701)
    assert entry == (await entries(core))[-1]


async def test_what_was_changed_is_what_is_shown(core: Core) -> None:
    seen = await core.guild_settings.show(GUILD)
    assert (seen.guild, seen.permits, seen.defaults) == (Guild(guild_id=GUILD), Permits(), {})
    for do, _ in CHANGES:
        await do(core.guild_settings)
    seen = await core.guild_settings.show(GUILD)
    assert seen.guild == Guild(
        guild_id=GUILD,
        time_zone="America/New_York",
        notify=Notify.DM,
        preview=False,
        show_prompts=True,
        others_pictures=True,
        log_channel_id=LOG,
    )
    assert seen.permits == Permits(
        channels={CHANNEL: False}, models={FLASH: False}, effects={"hug": True, "squish": False}
    )
    assert seen.defaults == {
        Kind.IMAGE: Choices(model="wanx2.1-i2v-turbo", resolution="480P"),
        Kind.TEXT: Choices(size="480*832"),
    }
    assert seen.catalogue.get(FLASH) is None
    other = await core.guild_settings.show(GuildId(9))
    assert (other.permits, other.defaults) == (Permits(), {}), "of this guild alone"


async def test_a_change_can_be_taken_back(core: Core) -> None:
    settings = core.guild_settings
    for do in (
        channel(allowed=True),
        channel(allowed=None),
        default(Kind.IMAGE, resolution="480P"),
        default(Kind.IMAGE, model="wan2.2-i2v-plus"),
        default(Kind.IMAGE),
        lambda settings: settings.decide_model(GUILD, ADMIN, FLASH, allowed=False),
        lambda settings: settings.decide_model(GUILD, ADMIN, FLASH, allowed=True),
    ):
        await do(settings)
    seen = await settings.show(GUILD)
    assert (seen.permits.channels, seen.defaults) == ({}, {})
    assert seen.catalogue.get(FLASH) is not None
    tier, model = Choices(resolution="480P"), Choices(model="wan2.2-i2v-plus")
    assert [(change.before, change.after) for change in await changes(core)] == [
        (None, True),
        (True, None),
        (Choices(), tier),
        (tier, model),
        (model, Choices()),
        (True, False),
        (False, True),
    ]


async def test_a_log_channel_that_is_switched_off_is_told_so(core: Core) -> None:
    await core.guild_settings.set_log_channel(GUILD, ADMIN, LOG)
    await core.guild_settings.set_log_channel(GUILD, ADMIN, None)
    await core.guild_settings.set_preview(GUILD, ADMIN, shown=False)
    assert [(place, entry.change) for place, entry in await core.logged()] == [
        (LOG, setting(SettingName.LOG_CHANNEL, None, LOG)),
        (LOG, setting(SettingName.LOG_CHANNEL, LOG, None)),
    ]


@pytest.mark.parametrize(
    ("do", "problem"),
    [
        (
            lambda settings: settings.decide_model(GUILD, ADMIN, "wan9.9", allowed=True),
            "unknown_model",
        ),
        (
            lambda settings: settings.decide_effect(GUILD, ADMIN, "explode", allowed=True),
            "unknown_effect",
        ),
        (
            lambda settings: settings.set_time_zone(GUILD, ADMIN, "Mars/Olympus"),
            "unknown_time_zone",
        ),
        (
            lambda settings: settings.set_time_zone(GUILD, ADMIN, "../etc/passwd"),
            "unknown_time_zone",
        ),
        (default(Kind.TEXT, resolution="480P"), "text_has_size"),
        (default(Kind.FRAMES, size="832*480"), "picture_has_resolution"),
        (default(Kind.FRAMES, model="wan2.2-t2v-plus"), "unknown_model"),
        (default(Kind.FRAMES, resolution="4320P"), "resolution_not_offered"),
        (default(Kind.FRAMES, model=FRAMES_PLUS, resolution="480P"), "resolution_not_offered"),
        (default(Kind.TEXT, size="1*1"), "size_not_offered"),
    ],
)
async def test_what_does_not_exist_is_refused_and_nothing_is_written(
    core: Core, do: Do, problem: str
) -> None:
    with pytest.raises(InvalidOptionsError) as refused:
        await do(core.guild_settings)
    assert refused.value.problem == problem
    assert await entries(core) == []


async def test_a_denied_model_is_no_default(core: Core) -> None:
    await core.guild_settings.decide_model(GUILD, ADMIN, FRAMES_PLUS, allowed=False)
    with pytest.raises(ModelDeniedError):
        await default(Kind.FRAMES, model=FRAMES_PLUS)(core.guild_settings)


async def test_a_default_is_refused_only_while_it_would_be_refused_to_members(core: Core) -> None:
    try:
        await default(Kind.FRAMES, model=FRAMES_PLUS)(core.guild_settings)
    except RequestError as error:
        pytest.fail(str(error))
    await core.guild_settings.decide_model(GUILD, ADMIN, FRAMES_PLUS, allowed=False)
    seen = await core.guild_settings.show(GUILD)
    chosen = seen.catalogue.default(Kind.FRAMES)
    assert chosen is not None
    assert chosen.name == FLASH, "what is denied later does not count"


async def test_every_time_zone_can_be_set_and_used(core: Core) -> None:
    zones = await core.guild_settings.time_zones()
    assert {"UTC", "Europe/Berlin", "Asia/Kathmandu"} <= set(zones)
    assert not {"localtime", "Factory"} & set(zones)
    assert list(zones) == sorted(zones)
    for name in zones:
        assert len(name) <= 64
        assert zoneinfo.ZoneInfo(name).key == name
    await core.guild_settings.set_time_zone(GUILD, ADMIN, "asia/kathmandu")
    async with core.database.read() as connection:
        assert (await guilds.get(connection, GUILD)).zone.key == "Asia/Kathmandu"


async def test_changes_at_the_same_time_are_written_down_one_after_the_other(core: Core) -> None:
    zones = ["Europe/Berlin", "Asia/Tokyo", "America/Lima", "Africa/Cairo"]
    await asyncio.gather(*(core.guild_settings.set_time_zone(GUILD, ADMIN, name) for name in zones))
    written = await changes(core)
    assert {change.after for change in written} == set(zones)
    assert [change.before for change in written] == [
        "UTC",
        *(change.after for change in written[:-1]),
    ]
