"""What forms are about, until they are sent or nobody can send them any more."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.ids import UserId
from bot.domain.requests.drafts import Draft, DraftId
from bot.storage.tables import drafts

_COLUMNS = [drafts.c[field.name] for field in fields(Draft)]


async def add(connection: AsyncConnection, draft: Draft, *, keep: int) -> None:
    """Remember a form, and forget all but the newest of the same person.

    Args:
        connection: a transaction.
        draft: what the form is about.
        keep: how many of a person's forms are remembered.
    """
    values = {field.name: getattr(draft, field.name) for field in fields(Draft)}
    await connection.execute(insert(drafts).values(values))
    newest = (
        select(drafts.c.id)
        .where(drafts.c.user_id == draft.user_id)
        .order_by(drafts.c.made_at.desc(), drafts.c.id)
        .limit(keep)
    )
    await connection.execute(
        delete(drafts).where(drafts.c.user_id == draft.user_id, drafts.c.id.not_in(newest))
    )


async def get(connection: AsyncConnection, draft_id: DraftId, user_id: UserId) -> Draft | None:
    """Return a person's form; None where it is gone, or another person's."""
    query = select(*_COLUMNS).where(drafts.c.id == draft_id, drafts.c.user_id == user_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Draft(**row._mapping)  # noqa: SLF001


async def forget_before(connection: AsyncConnection, moment: datetime) -> int:
    """Forget forms that were opened before a moment; return how many."""
    return (await connection.execute(delete(drafts).where(drafts.c.made_at < moment))).rowcount
