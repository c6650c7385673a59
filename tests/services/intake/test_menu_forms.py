"""Forms of a message's menu: whose pictures and videos, and what is remembered of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.domain.catalogue import Kind
from bot.domain.errors import InvalidOptionsError
from bot.domain.ids import GuildId, InteractionId, UserId
from bot.domain.jobs.remaking import FilledStart
from bot.domain.people import Requester
from bot.domain.problems import OptionProblem
from bot.domain.requests.denials import FormGoneError
from bot.domain.requests.drafts import AttachedFile
from bot.domain.requests.submission import Origin
from bot.services.intake.menu_forms import MOST_OPEN
from bot.storage import guilds
from tests.fakes import CHANNEL, GUILD, MEMBER, number
from tests.services.core import Core

OWNER = Requester(user_id=MEMBER, guild_id=GUILD)
OTHER = UserId(4)
NOTHING_CHOSEN = FilledStart(prompt="it wakes up", variant=None, at_most_micros=None)


def a_file(
    name: str = "cat.png", content_type: str | None = "image/png", size: int = 1000
) -> AttachedFile:
    return AttachedFile(
        name=name, url=f"https://cdn/{name}", size_bytes=size, content_type=content_type
    )


def an_origin() -> Origin:
    return Origin(guild_id=GUILD, channel_id=CHANNEL, interaction_id=InteractionId(number()))


async def test_a_picture_of_ones_own_becomes_a_video(core: Core) -> None:
    core.chat.attached["https://cdn/b.heic"] = b"picture"
    files = [a_file("notes.txt", "text/plain"), a_file(), a_file("b.heic", None)]
    opened = await core.menu_forms.open_pictures(OWNER, MEMBER, files)
    assert [file.name for file in opened.draft.files.files] == ["cat.png", "b.heic"]
    queued = await core.restarted().menu_forms.animate(
        opened.draft.id, 1, OWNER, an_origin(), NOTHING_CHOSEN
    )
    assert queued.job.spec.kind is Kind.IMAGE
    assert queued.job.options.prompt == "it wakes up"
    assert core.chat.fetched == ["https://cdn/b.heic"]


async def test_others_pictures_only_where_admins_let_members(core: Core) -> None:
    with pytest.raises(InvalidOptionsError) as refused:
        await core.menu_forms.open_pictures(OWNER, OTHER, [a_file()])
    assert refused.value.problem is OptionProblem.ONLY_OWN_PICTURES
    async with core.database.write() as connection:
        await guilds.ensure(connection, GUILD)
        await guilds.change(connection, GUILD, others_pictures=True)
    await core.menu_forms.open_pictures(OWNER, OTHER, [a_file()])
    with pytest.raises(InvalidOptionsError) as refused:
        await core.menu_forms.open_videos(OWNER, OTHER, [a_file("a.mp4", "video/mp4")])
    assert refused.value.problem is OptionProblem.ONLY_OWN_VIDEOS


@pytest.mark.parametrize("files", [[], [a_file("a.mp4", "video/mp4")], [a_file("a.txt", None)]])
async def test_a_message_without_a_picture_opens_nothing(
    core: Core, files: Sequence[AttachedFile]
) -> None:
    with pytest.raises(InvalidOptionsError) as refused:
        await core.menu_forms.open_pictures(OWNER, MEMBER, files)
    assert refused.value.problem is OptionProblem.NO_PICTURE_THERE


@pytest.mark.parametrize(
    ("who", "which"),
    [
        (Requester(user_id=OTHER, guild_id=GUILD), 0),
        (Requester(user_id=MEMBER, guild_id=GuildId(9)), 0),
        (OWNER, 1),
        (OWNER, -1),
    ],
)
async def test_a_form_is_its_openers_and_has_so_many_files(
    core: Core, who: Requester, which: int
) -> None:
    opened = await core.menu_forms.open_pictures(OWNER, MEMBER, [a_file()])
    with pytest.raises(FormGoneError):
        await core.menu_forms.animate(opened.draft.id, which, who, an_origin(), NOTHING_CHOSEN)


async def test_forms_are_forgotten_after_a_day_and_beyond_twenty(core: Core) -> None:
    first = await core.menu_forms.open_pictures(OWNER, MEMBER, [a_file()])
    core.clock.advance(seconds=1)
    last = [
        await core.menu_forms.open_pictures(OWNER, MEMBER, [a_file()]) for _ in range(MOST_OPEN)
    ]
    with pytest.raises(FormGoneError):
        await core.menu_forms.animate(first.draft.id, 0, OWNER, an_origin(), NOTHING_CHOSEN)
    core.clock.advance(seconds=timedelta(days=1).total_seconds() + 1)
    await core.reaper.run_once()
    with pytest.raises(FormGoneError):
        await core.menu_forms.animate(last[-1].draft.id, 0, OWNER, an_origin(), NOTHING_CHOSEN)
