"""The gateway that stays away ends the process; one that comes back in time does not."""

from __future__ import annotations

import pytest

from bot.services.host.watchdogs import (
    CHECK_SECONDS,
    GATEWAY_PATIENCE_SECONDS,
    GatewayLostError,
    GatewayWatch,
)
from tests.fakes import ManualClock


class Gateway:
    """Well or not."""

    def __init__(self) -> None:
        self.well = True

    def is_well(self) -> bool:
        return self.well


async def test_a_gateway_that_stays_away_ends_the_process(clock: ManualClock) -> None:
    gateway = Gateway()
    watch = GatewayWatch(clock, gateway.is_well)
    clock.advance(hours=5)
    assert await watch.run_once() == CHECK_SECONDS
    gateway.well = False
    clock.advance(seconds=GATEWAY_PATIENCE_SECONDS)
    await watch.run_once()
    clock.advance(seconds=1)
    with pytest.raises(GatewayLostError, match="no gateway for 301 s"):
        await watch.run_once()


async def test_a_gateway_that_comes_back_has_all_the_time_again(clock: ManualClock) -> None:
    gateway = Gateway()
    watch = GatewayWatch(clock, gateway.is_well, patience_seconds=20)
    for _ in range(10):
        gateway.well = False
        clock.advance(seconds=19)
        await watch.run_once()
        gateway.well = True
        await watch.run_once()


async def test_a_gateway_that_never_was_counts_from_the_first_look(clock: ManualClock) -> None:
    watch = GatewayWatch(clock, lambda: False, patience_seconds=20)
    clock.advance(seconds=60)
    assert await watch.run_once() == 5, "a long start is not the gateway's fault"
    clock.advance(seconds=21)
    with pytest.raises(GatewayLostError):
        await watch.run_once()
