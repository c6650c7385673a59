"""What a process has for itself and its host: part of the composition root in ``bot.app``."""

from __future__ import annotations

from functools import cached_property

from bot.domain.host.alerts import Alert
from bot.outside import Outside
from bot.services.alerts import Alerts
from bot.services.host.clock_watch import ClockStepWatch
from bot.services.host.process_lease import ProcessLease
from bot.services.host.storage_watch import StorageWatch
from bot.services.host.watchdogs import GatewayWatch, LagWatch


class Host(Outside):
    """The services of a process that know of no job."""

    @cached_property
    def alerts(self) -> Alerts:
        """Tells the operators what needs them."""
        # Discord is not looked for before there is something to tell: the shell has none.
        return Alerts(self._tell_operators, self.clock)

    async def _tell_operators(self, alert: Alert) -> None:
        await self.chat.tell_operators(alert)

    @cached_property
    def process_lease(self) -> ProcessLease:
        """This process's hold on the database."""
        return ProcessLease(self.database, self.clock)

    @cached_property
    def storage_watch(self) -> StorageWatch:
        """Tells of a disk or database that is not writable."""
        return StorageWatch(
            files=self.files,
            database_trouble=lambda: self.process_lease.trouble,
            clock=self.clock,
            alerts=self.alerts,
        )

    @cached_property
    def clock_watch(self) -> ClockStepWatch:
        """Notices a host's clock that was set."""
        return ClockStepWatch(self.database, self.clock)

    @cached_property
    def lag_watch(self) -> LagWatch:
        """Measures how late the event loop is."""
        return self.overrides.lag_watch(self.clock, self.metrics)

    @cached_property
    def gateway_watch(self) -> GatewayWatch:
        """Ends the process when the gateway stays away."""
        return GatewayWatch(
            self.clock,
            self.client.gateway_is_well_or_spared,
            patience_seconds=self.overrides.gateway_patience_seconds,
        )
