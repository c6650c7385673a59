"""Pauses an account the provider refuses, and tries it again with a free call.

The pause lasts until the provider takes a create, or until a free call works and nothing waits: a
free call alone does not prove that a paid one would be taken. Between the two the account is on
trial, paused for whoever reads it and open to the next create, so that nothing flaps.
"""

from __future__ import annotations

from bot.domain.errors import AuthenticationError, ProviderError
from bot.domain.host.account import Account, AccountStatus
from bot.domain.host.alerts import AlertKind
from bot.domain.ids import AccountId
from bot.domain.jobs.deadlines import ACCOUNT_PROBE_INTERVAL
from bot.domain.jobs.states import JobState
from bot.domain.ports import Clock, VideoProvider
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.services.alerts import Alerts
from bot.storage import accounts, jobs
from bot.storage.engine import Database

log = get_logger(__name__)


class AccountPause:
    """Keeps the account's pause; jobs wait, nothing fails."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        provider: VideoProvider,
        alerts: Alerts,
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._clock = clock
        self._provider = provider
        self._alerts = alerts
        self._metrics = metrics

    async def pause(self, account: AccountId, error: AuthenticationError) -> None:
        """Stop submitting until the provider takes the account again."""
        now = self._clock.now()
        async with self._database.write() as connection:
            known = await accounts.get(connection, account)
            is_paused = known.status is AccountStatus.PAUSED
            await accounts.change(
                connection,
                account,
                status=AccountStatus.PAUSED,
                paused_at=known.paused_at or now,
                pause_reason=error.provider_code or error.code,
                # Polls that are refused meanwhile must not put the probe off.
                probe_at=known.probe_at if is_paused else now + ACCOUNT_PROBE_INTERVAL,
            )
        self._metrics.account_paused.set(1)
        await self._tell(account)

    async def works(self, account: AccountId) -> None:
        """Note that the provider took a paid call: whatever paused the account is over."""
        async with self._database.read() as connection:
            known = await accounts.get(connection, account)
        if known.status is not AccountStatus.OPEN:
            await self._resume(account)

    async def probe(self, account: AccountId, model: str) -> None:
        """Try a paused account with a list call, which costs nothing."""
        async with self._database.read() as connection:
            known = await accounts.get(connection, account)
        self._metrics.account_paused.set(known.status is not AccountStatus.OPEN)
        if known.status is AccountStatus.OPEN:
            return
        await self._tell(account)
        if known.status is AccountStatus.PAUSED and not await self._answers(known, model):
            return
        async with self._database.read() as connection:
            waiting = await jobs.in_states(connection, {JobState.QUEUED}, limit=1)
        if not waiting:
            await self._resume(account)
        elif known.status is AccountStatus.PAUSED:
            async with self._database.write() as connection:
                await accounts.change(
                    connection, account, status=AccountStatus.ON_TRIAL, probe_at=None
                )

    async def _answers(self, paused: Account, model: str) -> bool:
        """Make the free call of a paused account, when it is due; tell whether it worked."""
        now = self._clock.now()
        if paused.probe_at is not None and paused.probe_at > now:
            return False
        try:
            await self._provider.list_tasks(model=model, page=1)
        except ProviderError as error:
            log.info("account_still_paused", account=paused.account, code=error.code)
            async with self._database.write() as connection:
                await accounts.change(
                    connection, paused.account, probe_at=now + ACCOUNT_PROBE_INTERVAL
                )
            return False
        return True

    async def _resume(self, account: AccountId) -> None:
        async with self._database.write() as connection:
            await accounts.change(
                connection,
                account,
                status=AccountStatus.OPEN,
                paused_at=None,
                pause_reason=None,
                probe_at=None,
            )
        self._metrics.account_paused.set(0)
        self._alerts.resolve(AlertKind.ACCOUNT_PAUSED, account)
        log.info("account_resumed", account=account)

    async def _tell(self, account: AccountId) -> None:
        """Tell the operators of a pause once, whatever process it began in.

        What is stored is the pause they were told of; a crash in between tells them twice rather
        than never.
        """
        async with self._database.read() as connection:
            known = await accounts.get(connection, account)
        if known.paused_at is None or known.pause_told_at == known.paused_at:
            return
        reason = known.pause_reason or ""
        if not await self._alerts.fire(AlertKind.ACCOUNT_PAUSED, account, reason=reason):
            return
        async with self._database.write() as connection:
            await accounts.change(connection, account, pause_told_at=known.paused_at)
