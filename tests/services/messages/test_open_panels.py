"""Panels that are open follow what changes, and nobody remembers them for longer."""

from __future__ import annotations

from bot.domain.errors import ChatUnavailableError
from bot.domain.ids import MessageId
from bot.domain.jobs.panels import PanelView
from bot.domain.jobs.states import JobState, Owner
from bot.domain.people import Requester
from bot.services.messages.open_panels import MOST_OPEN, OPEN_FOR
from tests.fakes import GUILD, MEMBER, a_submission
from tests.services.core import Core

OWNER = Requester(user_id=MEMBER, guild_id=GUILD)
PANEL = MessageId(70)


class Shown(list[PanelView]):
    """Everything a panel was made to show."""

    error: ChatUnavailableError | None = None

    async def __call__(self, view: PanelView) -> None:
        if self.error is not None:
            raise self.error
        self.append(view)


async def opened(core: Core, shown: Shown, *, message_id: MessageId = PANEL) -> PanelView:
    job = await core.submit(a_submission())
    await core.writer.advance(job, JobState.EXPIRED, owner=Owner.REAPER)
    followed = await core.submit(a_submission())
    view = await core.open_panels.view(job.id, OWNER, [followed.id])
    core.open_panels.remember(message_id, OWNER, view, shown)
    return view


async def test_a_panel_is_drawn_anew_when_something_changed(core: Core) -> None:
    shown = Shown()
    view = await opened(core, shown)
    await core.open_panels.run_once()
    assert shown == []
    await core.writer.advance(view.followed[0], JobState.EXPIRED, owner=Owner.REAPER)
    for _ in range(2):
        await core.open_panels.run_once()
    (drawn,) = shown
    assert [job.state for job in drawn.followed] == [JobState.EXPIRED]


async def test_what_cannot_be_shown_any_more_is_left(core: Core) -> None:
    shown = Shown()
    view = await opened(core, shown)
    await core.erasure.forget(view.offer.job.id, OWNER)
    await core.open_panels.run_once()
    assert (shown, core.open_panels._open) == ([], {})
    shown.error = ChatUnavailableError("10015")
    view = await opened(core, shown)
    await core.writer.advance(view.followed[0], JobState.EXPIRED, owner=Owner.REAPER)
    await core.open_panels.run_once()
    assert core.open_panels._open == {}


async def test_panels_are_forgotten_in_time_and_beyond_a_number(core: Core) -> None:
    shown = Shown()
    view = await opened(core, shown)
    for place in range(MOST_OPEN + 10):
        core.open_panels.remember(MessageId(place), OWNER, view, shown)
    assert len(core.open_panels._open) == MOST_OPEN
    core.clock.advance(seconds=OPEN_FOR.total_seconds())
    await core.open_panels.run_once()
    assert core.open_panels._open == {}
