"""Pauses an account the provider refuses, and tries it again with a free call."""

from __future__ import annotations

from bot.domain.errors import AuthenticationError, ProviderError
from bot.domain.ids import AccountId
from bot.domain.pacing import ACCOUNT_PROBE_INTERVAL
from bot.domain.ports import Clock, VideoProvider
from bot.domain.status import Told
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.services.operators import Operators
from bot.storage import lanes
from bot.storage.engine import Database

log = get_logger(__name__)


class Accounts:
    """Keeps the account's pause; jobs wait, nothing fails."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        provider: VideoProvider,
        operators: Operators,
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._clock = clock
        self._provider = provider
        self._operators = operators
        self._metrics = metrics

    async def pause(self, account: AccountId, error: AuthenticationError) -> None:
        """Stop submitting until the provider takes the account again."""
        now = self._clock.now()
        reason = error.provider_code or error.code
        async with self._database.write() as connection:
            row = await lanes.account_of(connection, account)
            await lanes.set_account(
                connection,
                account,
                paused_at=row.paused_at or now,
                pause_reason=reason,
                probe_at=now + ACCOUNT_PROBE_INTERVAL,
            )
        self._metrics.account_paused.set(1)
        await self._operators.tell(Told.ACCOUNT_PAUSED, account, reason=reason)

    async def works(self, account: AccountId) -> None:
        """Note that the provider took a paid call: whatever paused the account is over."""
        async with self._database.read() as connection:
            row = await lanes.account_of(connection, account)
        if row.paused_at is not None:
            await self._resume(account)
        self._operators.over(Told.ACCOUNT_PAUSED, account)

    async def probe(self, account: AccountId, model: str) -> None:
        """Try a paused account with a list call, which costs nothing.

        A list call that succeeds does not prove that a create would: then the next create decides,
        and pauses the account again. The operator is not told again before one was taken.
        """
        async with self._database.read() as connection:
            row = await lanes.account_of(connection, account)
        now = self._clock.now()
        if row.paused_at is None or (row.probe_at is not None and row.probe_at > now):
            return
        try:
            await self._provider.list_tasks(model=model, page=1)
        except ProviderError as error:
            log.info("account_still_paused", account=account, code=error.code)
            async with self._database.write() as connection:
                await lanes.set_account(connection, account, probe_at=now + ACCOUNT_PROBE_INTERVAL)
            return
        await self._resume(account)

    async def _resume(self, account: AccountId) -> None:
        async with self._database.write() as connection:
            await lanes.set_account(
                connection, account, paused_at=None, pause_reason=None, probe_at=None
            )
        self._metrics.account_paused.set(0)
        log.info("account_resumed", account=account)
