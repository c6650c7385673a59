"""Nothing is bought while its result could not be fetched."""

from __future__ import annotations

from dataclasses import replace

import discord
import pytest
from structlog.testing import capture_logs

from bot.chat.text.alerts import alert_words
from bot.domain.jobs.states import JobState
from bot.domain.network import ResultLookup
from bot.loops import UNTIL_OPEN_SECONDS, supervise
from bot.services.host.result_route import AGAIN_SECONDS, LOOK_SECONDS, ResultRouteWatch
from tests.services.core import Core

MODEL = "wan2.2-kf2v-flash"
HOST = "dashscope-result-bj.oss-cn-beijing.aliyuncs.com"


class Watched:
    """A watch, and what the name service says."""

    def __init__(self, core: Core) -> None:
        self.addresses: tuple[str, ...] = ()
        self.refused: str | None = None
        self.watch = ResultRouteWatch(self._look, core.alerts, hosts=(HOST,))

    def leads_to(self, *addresses: str, refused: str | None = None) -> None:
        """Let the host lead somewhere."""
        self.addresses, self.refused = addresses, refused

    async def _look(self) -> list[ResultLookup]:
        return [ResultLookup(host=HOST, addresses=self.addresses, refused=self.refused)]

    async def look(self) -> list[str]:
        """Look once; return what was logged."""
        with capture_logs() as logs:
            seconds = await self.watch.run_once()
        assert seconds == (LOOK_SECONDS if self.watch.is_open else AGAIN_SECONDS)
        return [line["event"] for line in logs]


@pytest.fixture
def watched(core: Core) -> Watched:
    return Watched(core)


async def test_a_refused_address_closes_until_it_is_gone_and_is_told_once(
    core: Core, watched: Watched
) -> None:
    watched.leads_to("198.18.0.7", refused="198.18.0.7")
    for _ in range(2):
        assert await watched.look() == ["result_address_refused", "operator_needed"]
        assert await watched.look() == []
        assert not watched.watch.is_open
        watched.leads_to("47.100.1.1")
        assert await watched.look() == ["result_address_allowed"]
        assert watched.watch.is_open
        watched.leads_to("198.18.0.7", refused="198.18.0.7")
    assert core.told() == ["result_address"] * 2
    assert core.chat.alerts[0].facts == {"subject": HOST, "address": "198.18.0.7"}
    words = alert_words(core.chat.alerts[0])
    for part in (HOST, "198.18.0.7", "RESULT_NETWORKS", "DASHSCOPE_PROXY", "nothing is submitted"):
        assert part in words


async def test_a_host_that_does_not_resolve_changes_nothing(watched: Watched) -> None:
    assert await watched.look() == ["result_host_unresolved"]
    assert watched.watch.is_open
    watched.leads_to("198.18.0.7", refused="198.18.0.7")
    await watched.look()
    watched.leads_to()
    assert await watched.look() == ["result_host_unresolved"]
    assert not watched.watch.is_open


async def test_a_lane_buys_nothing_before_the_first_look_nor_while_it_is_closed(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, name in (
        (discord.http.Route, "BASE"),
        (discord.VoiceClient, "warn_nacl"),
        (discord.VoiceClient, "warn_dave"),
    ):
        monkeypatch.setattr(place, name, getattr(place, name))
    addresses = ["198.18.0.7"]

    async def resolver(host: str) -> list[str]:
        assert host == HOST
        return addresses

    core.overrides = replace(core.overrides, resolver=resolver)
    loops = {loop.name: loop for loop in supervise(core).loops}
    lane, watch = loops[f"lane {MODEL}"], loops["result route watch"]
    job = await core.put(JobState.QUEUED)
    assert await lane.run_once() == UNTIL_OPEN_SECONDS
    await watch.run_once()
    assert await lane.run_once() == UNTIL_OPEN_SECONDS
    assert core.provider.creates == []
    assert core.told() == ["result_address"]

    addresses[0] = "47.100.1.1"
    await watch.run_once()
    await lane.run_once()
    assert await core.state(job) is JobState.PENDING


async def test_where_nothing_is_looked_up_all_is_open(core: Core) -> None:
    async def nothing() -> list[ResultLookup]:
        return []

    watch = ResultRouteWatch(nothing, core.alerts, hosts=())
    assert watch.is_open
    assert await watch.run_once() == LOOK_SECONDS
    assert watch.is_open
