"""What admins read of settings."""

from __future__ import annotations

import discord
import pytest

from bot.chat import limits, settings_panels, text
from bot.domain.catalogue import Catalogue, Choices, Kind, Region
from bot.domain.catalogue.permits import Permits, Subject
from bot.domain.errors import BotError
from bot.domain.guilds.audit import DefaultChange, PermitChange, SettingChange, SettingName
from bot.domain.guilds.denials import ChannelClosedError, MemberBlockedError, WordBlockedError
from bot.domain.guilds.settings import Guild, Notify
from bot.domain.ids import ChannelId, GuildId
from bot.domain.money import Money
from bot.domain.problems import PromptOption
from bot.domain.requests.denials import EffectDeniedError, ModelDeniedError

CATALOGUE = Catalogue.of_region(Region.BEIJING)
FLASH = "wan2.2-kf2v-flash"


def drawn(
    guild: Guild | None = None,
    permits: Permits | None = None,
    defaults: dict[Kind, Choices] | None = None,
) -> dict[str, str]:
    """Return the fields of the overview."""
    permits, defaults = permits or Permits(), defaults or {}
    embed = settings_panels.overview(
        guild or Guild(guild_id=GuildId(1)), permits, defaults, CATALOGUE.within(permits, defaults)
    )
    assert len(embed) <= 6000
    assert all(
        len(str(field.value)) <= limits.EMBED_FIELD_VALUE_CHARACTERS for field in embed.fields
    )
    return {str(field.name): str(field.value) for field in embed.fields}


def test_a_server_that_decided_nothing_reads_what_counts() -> None:
    assert drawn() == {
        "Videos are made": "everywhere",
        "Denied models": "none",
        "Denied effects": "Hug, Kiss, Couple heart",
        "When a member chooses nothing": (
            "frames: **wan2.2-kf2v-flash** · **720P** (the catalogue's)\n"
            "image: **wan2.2-i2v-flash** · **720P** (the catalogue's)\n"
            "text: **wan2.2-t2v-plus** · **832×480** (the catalogue's)\n"
            "reference: **wan2.6-r2v-flash** · **1280×720** (the catalogue's)\n"
            "effect: **wanx2.1-i2v-turbo** · **720P** (the catalogue's)"
        ),
        "Time zone": "UTC",
        "Log channel": "off",
        "When a job is over": "a reply that pings",
        "Preview of pictures": "on",
        "Prompts in the usage log": "hidden",
        "Others' pictures": "denied",
    }


def test_what_was_decided_is_shown_with_what_follows_from_it() -> None:
    texts = [model.name for model in CATALOGUE.of_kind(Kind.TEXT)]
    fields = drawn(
        Guild(
            guild_id=GuildId(1),
            time_zone="America/New_York",
            notify=Notify.DM,
            preview=False,
            show_prompts=True,
            others_pictures=True,
            log_channel_id=ChannelId(7),
        ),
        Permits(
            channels={ChannelId(5): True, ChannelId(6): False},
            models=dict.fromkeys((FLASH, *texts), False),
            effects=dict.fromkeys(("hug", "frenchkiss", "coupleheart"), True),
        ),
        # A default that was denied since gives way.
        {Kind.FRAMES: Choices(model=FLASH), Kind.IMAGE: Choices(resolution="480P")},
    )
    assert fields["Videos are made"] == "only in <#5>; not in <#6>"
    assert fields["Denied models"] == ", ".join([FLASH, *texts])
    assert fields["Denied effects"] == "none"
    assert fields["When a member chooses nothing"].splitlines() == [
        "frames: **wan2.7-i2v** · **720P**",
        "image: **wan2.2-i2v-flash** · **480P**",
        "text: every model is denied",
        "reference: **wan2.6-r2v-flash** · **1280×720** (the catalogue's)",
        "effect: **wanx2.1-i2v-turbo** · **720P** (the catalogue's)",
    ]
    assert fields["Time zone"] == discord.utils.escape_markdown("America/New_York")
    assert (fields["Log channel"], fields["When a job is over"]) == ("<#7>", "a direct message")
    assert (fields["Preview of pictures"], fields["Prompts in the usage log"]) == ("off", "shown")


def test_many_channels_are_cut_between_two() -> None:
    first = 1_234_567_890_123_456_000
    channels = {ChannelId(first + number): number % 2 == 0 for number in range(100)}
    value = drawn(permits=Permits(channels=channels))["Videos are made"]
    assert value.count("<#") == value.count(">") == 2 * settings_panels.MOST_NAMES
    assert value.count(" and 30 more") == 2


IMAGES = Choices(resolution="480P")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            SettingChange(setting=SettingName.PREVIEW, before=True, after=False),
            "Preview of pictures: **off**, before: on. It counts from now on.",
        ),
        (
            DefaultChange(kind=Kind.IMAGE, before=Choices(), after=IMAGES),
            "Default for image: **480P**, before: not set. It counts from now on.",
        ),
        (
            DefaultChange(kind=Kind.IMAGE, before=IMAGES, after=Choices()),
            "Default for image: **not set**, before: 480P. It counts from now on.",
        ),
        (
            SettingChange(setting=SettingName.PREVIEW, before=False, after=False),
            "Nothing to change. Preview of pictures: **off** already.",
        ),
        (
            SettingChange(setting=SettingName.TIME_ZONE, before="A_b_c", after="x*y"),
            r"Time zone: **x\*y**, before: A\_b\_c. It counts from now on.",
        ),
        (
            SettingChange(setting=SettingName.NOTIFY, before=Notify.PING, after=Notify.NONE),
            (
                "When a job is over: **nothing but the status message**, before: a reply that "
                "pings. It counts from now on."
            ),
        ),
        (
            SettingChange(setting=SettingName.LOG_CHANNEL, before=None, after=7),
            "Log channel: **<#7>**, before: off. It counts from now on.",
        ),
        (
            PermitChange(subject=Subject.EFFECT, name="hug", before=False, after=True),
            "Effect Hug: **allowed**, before: denied. It counts from now on.",
        ),
        (
            PermitChange(subject=Subject.MODEL, name=FLASH, before=True, after=False),
            f"Model {FLASH}: **denied**, before: allowed. It counts from now on.",
        ),
    ],
)
def test_a_change_says_what_was_before(
    change: SettingChange | DefaultChange | PermitChange, said: str
) -> None:
    assert text.settings.changed(change) == said


@pytest.mark.parametrize("name", SettingName)
def test_every_setting_has_a_name_and_words_for_its_values(name: SettingName) -> None:
    switched = {SettingName.PROMPTS, SettingName.PREVIEW, SettingName.OTHERS_PICTURES}
    before: bool | str = False if name in switched else "dm"
    change = SettingChange(setting=name, before=before, after=before)
    assert text.settings.changed(change).startswith("Nothing to change. ")


@pytest.mark.parametrize("allowed", [True, False, None])
def test_a_decision_about_a_channel_says_what_it_means_for_the_rest(
    *, allowed: bool | None
) -> None:
    hint = text.settings.channel_hint(allowed=allowed)
    change = PermitChange(
        subject=Subject.CHANNEL, name="5", before=None if allowed else True, after=allowed
    )
    said = text.settings.changed(change, hint)
    assert said.startswith("Channel <#5>: **")
    assert said.endswith(hint)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            MemberBlockedError(),
            "A moderator of this server has blocked you from making videos. Ask a moderator.",
        ),
        (
            ChannelClosedError(instead=tuple(ChannelId(number) for number in range(1, 9))),
            (
                "This server's admins keep videos out of this channel. "
                "Try <#1>, <#2>, <#3>, <#4>, <#5>."
            ),
        ),
        (
            ChannelClosedError(instead=()),
            "This server's admins keep videos out of this channel. Try another channel.",
        ),
        (
            ModelDeniedError("a`b", instead=("c", "d")),
            "An admin of this server has denied a'b. Try c, d.",
        ),
        (
            ModelDeniedError(None, instead=()),
            "An admin of this server has denied every model that could make this.",
        ),
        (
            EffectDeniedError("Hug"),
            (
                "The effect Hug is denied on this server; an admin can allow it. "
                "Choose one from the list that opens."
            ),
        ),
        (
            WordBlockedError(field=PromptOption.NEGATIVE_PROMPT),
            "A word rule of this server stopped the negative prompt. Put it in other words.",
        ),
    ],
)
def test_a_member_reads_who_denied_it(error: BotError, said: str) -> None:
    assert text.refusals.refusal(error, Money()) == said
