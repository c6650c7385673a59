"""The real services on the real HTTP client, which speaks to the emulated provider over sockets.

Both sides share one clock, so that a day passes at once for the bot and for the provider.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from unittest.mock import patch

import httpx
from typing_extensions import override

from bot.chat.status import announcement, render
from bot.domain.catalogue import Choices, Kind, Region
from bot.domain.jobs.job import Job
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState
from bot.domain.money import Money
from bot.domain.requests.submission import VideoOptions
from bot.media.child import MediaPool
from bot.provider import DashScopeProvider, Deadlines
from sandbox.dashscope import DashScopeServer, EmulatorClock, EmulatorSettings
from sandbox.dashscope.tasks import TaskRecord
from sandbox.dashscope.video import VideoPlan
from tests.fakes import ACCOUNT, VIDEO, ManualClock
from tests.services.core import Core
from tests.services.video_requests import a_submission_for

KEY = "sk-made-up-key-of-a-test"
LANE = "wan2.2-t2v-plus"
OPTIONS = VideoOptions(prompt="a red fox")
CHOICES = Choices(model=LANE, size="832*480")

QUICK = EmulatorSettings(
    task_seconds=(1.0, 1.0),
    queue_seconds=(0.0, 0.0),
    failure_seconds=(0.1, 0.1),
    # Time stands still but for what a test lets pass: a busy machine changes nothing.
    speed=1e-9,
    # The limits count in real seconds, and these tests hurry.
    query_qps=10_000,
    create_rps=10_000,
)


HURRIED = Deadlines(create=0.3, query=0.3, download=0.3)


class SharedClock(ManualClock):
    """The emulator's clock as the services'; to sleep is to let that time pass."""

    def __init__(self, emulated: EmulatorClock) -> None:
        super().__init__()
        self._emulated = emulated

    @override
    def now(self) -> datetime:
        return self._emulated.now()

    @override
    def monotonic(self) -> float:
        return self._emulated.epoch()

    @override
    def advance(self, **span: float) -> datetime:
        self._emulated.advance(timedelta(**span).total_seconds())
        return self.now()


class Shelf:
    """Has the same file for every video; nothing is rendered."""

    def __init__(self, content: bytes = VIDEO) -> None:
        self.content = content

    async def video(self, _plan: VideoPlan) -> bytes:
        return self.content

    def start(self, _plan: VideoPlan) -> None:
        """Have nothing to begin."""

    def close(self) -> None:
        """Have nothing to let go of."""


@dataclass(slots=True, kw_only=True)
class Stage:
    """One process of the bot, and its provider."""

    core: Core
    server: DashScopeServer
    shelf: Shelf
    client: DashScopeProvider

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Have the client give up soon, in real time, on answers that never come."""
        patient = self.client._deadlines
        self.client._deadlines = self.client._downloader._deadlines = HURRIED
        yield
        self.client._deadlines = self.client._downloader._deadlines = patient

    async def ask(self) -> Job:
        """Let a member ask for a video of words."""
        submission = a_submission_for(self.core.catalogue, Kind.TEXT, OPTIONS, CHOICES)
        return await self.core.submit(submission)

    async def ask_and_send(self) -> Job:
        """Let a member ask, and hand the job over."""
        job = await self.ask()
        await self.send()
        assert await self.core.state(job) is JobState.PENDING
        return job

    async def send(self) -> float:
        """Let the lane do a round."""
        return await self.core.dispatcher.run_once(LANE)

    async def poll(self, job: Job) -> Job:
        """Let time pass until a job's task is due, and ask for it."""
        due_at = (await self.core.job(job)).task.next_poll_at
        assert due_at is not None
        self.pass_time(max(0.0, (due_at - self.core.clock.now()).total_seconds()))
        await self.core.poller.run_once()
        return await self.core.job(job)

    async def fetch(self, job: Job) -> Job:
        """Let time pass until a job's result is due, and fetch it."""
        not_before = (await self.core.job(job)).lease.not_before or self.core.clock.now()
        self.pass_time(max(0.0, (not_before - self.core.clock.now()).total_seconds()))
        await self.core.downloader.run_once()
        return await self.core.job(job)

    def pass_time(self, seconds: float) -> None:
        """Let time pass on both sides."""
        self.core.clock.advance(seconds=seconds)

    async def reads(self, job: Job) -> str:
        """Return the line of the status message that says how things stand."""
        view = await self.core.estimates.view(await self.core.job(job))
        return (render(view, Money()).embed.description or "").splitlines()[-1]

    async def title(self, job: Job) -> str:
        """Return the title of the status message, without its icon."""
        view = await self.core.estimates.view(await self.core.job(job))
        return (render(view, Money()).embed.title or "").partition(" ")[2]

    async def is_told(self, job: Job) -> str:
        """Return the line that tells the requester that a job is over."""
        view = await self.core.estimates.view(await self.core.job(job))
        return announcement(view, ping=False).splitlines()[0]

    async def entries(self, job: Job) -> list[EntryKind]:
        """Return a job's ledger entries, and make sure that they add up."""
        entries = await self.core.entries(job)
        paid = EntryKind.ADJUST not in entries and EntryKind.RELEASE not in entries
        assert bool((await self.core.spent(job)).micros) is paid
        return entries

    def creates(self) -> int:
        """Return how many creates the provider saw."""
        return self.count("create")

    def count(self, point: str) -> int:
        """Return how many requests of a kind the provider saw."""
        return sum(request.point == point for request in self.server.requests)

    def task(self) -> TaskRecord:
        """Return the newest task at the provider."""
        return list(self.server.tasks.values())[-1]

    @asynccontextmanager
    async def restarted(self, *, result_hosts: Sequence[str]) -> AsyncIterator[Stage]:
        """Run the next process on the same data, with other settings."""
        async with _client(self.server, self.core.clock, result_hosts) as client:
            core = _core_of(self.core, self.core.clock, client, self.core.media)
            await core.dispatcher.prepare()
            yield Stage(core=core, server=self.server, shelf=self.shelf, client=client)


@asynccontextmanager
async def emulated(
    core: Core,
    *,
    result_hosts: Sequence[str] = ("127.0.0.1",),
    media: MediaPool | None = None,
) -> AsyncIterator[Stage]:
    """Set the stage on a process's database and files."""
    shelf = Shelf()
    async with DashScopeServer(QUICK, videos=shelf) as server:
        clock = SharedClock(server.clock)
        async with _client(server, clock, result_hosts) as client:
            staged = _core_of(core, clock, client, media or core.media)
            yield Stage(core=staged, server=server, shelf=shelf, client=client)


@cache
def _certificates(**_: bool) -> ssl.SSLContext:
    """Read the certificates once: that takes longer than a test."""
    return ssl.create_default_context()


def _client(server: DashScopeServer, clock: ManualClock, hosts: Sequence[str]) -> DashScopeProvider:
    with patch.object(httpx, "create_ssl_context", _certificates):
        client = DashScopeProvider(
            base_url=server.base_url,
            api_key=KEY,
            region=Region.BEIJING,
            result_hosts=hosts,
            clock=clock,
        )
    # The services of a test know one account.
    client.account = ACCOUNT
    return client


def _core_of(core: Core, clock: ManualClock, client: DashScopeProvider, media: MediaPool) -> Core:
    return Core(
        database=core.database,
        data_dir=core.settings.data_dir,
        clock=clock,
        provider=client,  # type: ignore[arg-type]  # the services need no more than the port
        chat=core.chat,
        media=media,  # type: ignore[arg-type]  # likewise
        catalogue=core.catalogue,
        defaults=core.quota_defaults,
    )
