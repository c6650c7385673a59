"""Conditions on jobs that several questions share."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_

from bot.storage.tables import jobs


def ready(now: datetime) -> ColumnElement[bool]:
    """Return the condition that no lease and no wait holds a job back."""
    return and_(
        or_(jobs.c.not_before.is_(None), jobs.c.not_before <= now),
        or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now),
    )
