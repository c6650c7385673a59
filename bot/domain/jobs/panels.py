"""What the private panel of More… shows."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.jobs.job import Job
from bot.domain.jobs.remaking import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelView:
    """A video, what can be made of it here today, and what was asked for from the panel."""

    offer: Offer
    has_original: bool
    """Whether the file is still kept as the provider made it."""
    followed: tuple[Job, ...] = ()
    """Jobs that were asked for from the panel, in their order."""
