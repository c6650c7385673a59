"""Keeps private panels up to date while they are open.

Discord lets a private answer be edited for 15 minutes; what is remembered of a panel is forgotten
with that, or with the process. A panel of an earlier process is drawn anew by its next press: what
was asked for from it stands in the panel itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.errors import BotError, DatabaseUnavailableError
from bot.domain.ids import JobId, MessageId
from bot.domain.jobs.files import RESULT, key_of
from bot.domain.jobs.panels import PanelView
from bot.domain.people import Requester
from bot.domain.ports import Clock, Files
from bot.logs import get_logger
from bot.services.intake.lookup import JobLookup
from bot.services.intake.remakes import Remakes

log = get_logger(__name__)

OPEN_FOR = timedelta(minutes=14)
"""Discord takes edits of a private answer for 15 minutes:
https://discord.com/developers/docs/interactions/receiving-and-responding."""
MOST_OPEN = 200
"""Panels that are kept up to date; the oldest is left as it is where there are more."""
MOST_FOLLOWED = 12
"""Jobs a panel shows: its text has an end."""
INTERVAL_SECONDS = 5.0

Show = Callable[[PanelView], Awaitable[None]]
"""Lets a panel show a view; raises what Discord answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _OpenPanel:
    job_id: JobId
    requester: Requester
    followed: tuple[JobId, ...]
    show: Show
    shown: PanelView
    until: datetime


class OpenPanels:
    """Remembers which panels are open, and redraws those that changed."""

    def __init__(self, *, clock: Clock, remakes: Remakes, lookup: JobLookup, files: Files) -> None:
        self._clock = clock
        self._remakes = remakes
        self._lookup = lookup
        self._files = files
        self._open: dict[MessageId, _OpenPanel] = {}

    async def view(
        self, job_id: JobId, requester: Requester, followed: Sequence[JobId] = ()
    ) -> PanelView:
        """Return what a panel shows now.

        Args:
            job_id: the video it is about.
            requester: who reads it.
            followed: what was asked for from it.

        Raises:
            JobNotFoundError, JobNotRetryableError: see ``Remakes.offer``.
        """
        offer = await self._remakes.offer(job_id, requester, own=False)
        has_original = False
        with suppress(OSError):  # the entry is left out
            has_original = await self._files.size(key_of(job_id, RESULT)) > 0
        jobs = await self._lookup.several(list(followed)[-MOST_FOLLOWED:], requester)
        return PanelView(offer=offer, has_original=has_original, followed=tuple(jobs))

    def remember(
        self, message_id: MessageId, requester: Requester, view: PanelView, show: Show
    ) -> None:
        """Keep a panel up to date from now on.

        Args:
            message_id: where it stands.
            requester: who reads it.
            view: what it shows.
            show: lets it show something else.
        """
        self._open.pop(message_id, None)
        while len(self._open) >= MOST_OPEN:
            del self._open[next(iter(self._open))]
        self._open[message_id] = _OpenPanel(
            job_id=view.offer.job.id,
            requester=requester,
            followed=tuple(job.id for job in view.followed),
            show=show,
            shown=view,
            until=self._clock.now() + OPEN_FOR,
        )

    async def run_once(self) -> float:
        """Redraw the panels whose view changed; return seconds until the next look."""
        now = self._clock.now()
        for message_id, panel in list(self._open.items()):
            if panel.until <= now:
                self._open.pop(message_id, None)
            else:
                await self._refresh(message_id, panel)
        return INTERVAL_SECONDS

    async def _refresh(self, message_id: MessageId, panel: _OpenPanel) -> None:
        try:
            view = await self.view(panel.job_id, panel.requester, panel.followed)
            if view == panel.shown:
                return
            await panel.show(view)
        except DatabaseUnavailableError:
            return
        except BotError as error:
            # Deleted meanwhile, or dismissed: a press still says which.
            log.info("panel_left", job_id=panel.job_id, reason=error.code)
            self._open.pop(message_id, None)
            return
        # A press may have taken the panel further meanwhile.
        if self._open.get(message_id) is panel:
            self._open[message_id] = replace(panel, shown=view)
