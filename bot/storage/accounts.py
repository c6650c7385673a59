"""Accounts at the provider: whose money, which key, and whether the provider takes them."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict, Unpack

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.host.account import Account, AccountStatus
from bot.domain.ids import AccountId
from bot.storage.tables import accounts
from bot.storage.upsert import insert_unless_there


class AccountChanges(TypedDict, total=False):
    """New values of an account's columns."""

    api_key_id: str | None
    status: AccountStatus
    paused_at: datetime | None
    pause_reason: str | None
    probe_at: datetime | None
    pause_told_at: datetime | None


async def ensure(connection: AsyncConnection, account: AccountId) -> None:
    """Store an account that runs here for the first time."""
    values = {"account": account, "status": AccountStatus.OPEN}
    await insert_unless_there(connection, accounts, values)


async def get(connection: AsyncConnection, account: AccountId) -> Account:
    """Return an account as it stands; one that has never run here is open."""
    query = select(accounts).where(accounts.c.account == account)
    row = (await connection.execute(query)).one_or_none()
    return Account(account=account) if row is None else Account(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name begins so


async def lock(connection: AsyncConnection, account: AccountId) -> None:
    """Lock the account's row until the transaction ends: the host's budget is counted under it."""
    await connection.execute(
        select(accounts.c.account).where(accounts.c.account == account).with_for_update()
    )


async def change(
    connection: AsyncConnection, account: AccountId, **changes: Unpack[AccountChanges]
) -> None:
    """Change an account's row."""
    await connection.execute(
        update(accounts).where(accounts.c.account == account).values(**changes)
    )
