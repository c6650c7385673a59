"""Keeps anything from being bought while its result could not be fetched here.

Where this machine's name service leads results to an address that is refused, every paid video
would be lost. Nothing is submitted then; what the provider has is followed as always, and the
operators are told. The first look is made before the first create.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from bot.domain.host.alerts import AlertKind
from bot.domain.network import ResultLookup
from bot.logs import get_logger
from bot.services.alerts import Alerts

log = get_logger(__name__)

LOOK_SECONDS = 300.0
"""A VPN may be switched on at any time; a look costs one question to the name service."""

AGAIN_SECONDS = 30.0
"""While nothing is submitted."""


class ResultRouteWatch:
    """Tells whether results could be fetched."""

    def __init__(
        self,
        look: Callable[[], Awaitable[Sequence[ResultLookup]]],
        alerts: Alerts,
        *,
        hosts: Sequence[str],
    ) -> None:
        """Take who looks.

        Args:
            look: looks up where results will come from.
            alerts: told of an address that would be refused.
            hosts: what is looked up; without any, results can always be fetched.
        """
        self._look = look
        self._alerts = alerts
        self._refused: dict[str, str] = {}
        """The address that would be refused, for each host that leads to one."""
        self.is_open = not hosts
        """Whether something may be bought; not before the first look."""

    async def run_once(self) -> float:
        """Look once; return the seconds until the next look."""
        for found in await self._look():
            await self._judge(found)
        self.is_open = not self._refused
        return LOOK_SECONDS if self.is_open else AGAIN_SECONDS

    async def _judge(self, found: ResultLookup) -> None:
        if not found.addresses:
            # Nobody can tell: what was known stands.
            log.warning("result_host_unresolved", host=found.host)
            return
        if found.refused is None:
            if self._refused.pop(found.host, None) is not None:
                log.info("result_address_allowed", host=found.host)
                self._alerts.resolve(AlertKind.RESULT_ADDRESS, found.host)
            return
        if self._refused.get(found.host) != found.refused:
            log.error("result_address_refused", host=found.host, address=found.refused)
        self._refused[found.host] = found.refused
        self.is_open = False
        await self._alerts.fire(AlertKind.RESULT_ADDRESS, found.host, address=found.refused)
