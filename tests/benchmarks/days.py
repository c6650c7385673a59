"""The whole bot but its gateway, on simulated time: many jobs from request to delivery.

Storage, services, provider client, media children, messenger and both sandboxes are the real
ones; the loops are those of ``bot.loops``. Left out are the gateway (requests go to the
service a command would call), the two loops that watch real time, and both sandboxes' rate limits,
which count in real time: what is spread over hours would look like a burst to them.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bot.app import App, build_app
from bot.callbacks import PATH, callback_routes
from bot.domain.catalogue import Catalogue, Choices, Kind, Region
from bot.domain.ids import ChannelId, GuildId, InteractionId, UserId
from bot.domain.jobs.job import Job
from bot.domain.people import Requester
from bot.domain.requests.pictures import PictureSource
from bot.domain.requests.submission import Origin, VideoOptions
from bot.loops import supervise
from bot.outside import Overrides
from bot.settings import Settings
from bot.storage import jobs, migrate
from bot.web import HealthPage
from sandbox.dashscope import CallbackTarget, DashScopeServer, EmulatorSettings
from sandbox.dashscope.tasks import TaskRecord
from sandbox.discord import Upload
from sandbox.discord.server import DiscordServer
from sandbox.discord.world.records import Message
from sandbox.discord.world.settings import DiscordSettings
from tests.benchmarks.simulated_time import SimulatedClock, SimulatedWakeup
from tests.e2e.process import free_port
from tests.e2e.world import KEY, SAMPLES, is_over

MODEL = "wan2.2-kf2v-flash"
WATCHES_OF_REAL_TIME = {"gateway watch", "lag watch"}
UNLIMITED = 1_000_000
PATIENCE_SECONDS = 550.0
"""Real seconds a day may take; the runner's own patience is a little longer."""


def emulator_settings(task_seconds: tuple[float, float]) -> EmulatorSettings:
    """Return an account whose tasks take so long, with rates that never refuse."""
    return EmulatorSettings(
        task_seconds=task_seconds,
        query_qps=UNLIMITED,
        create_rps=UNLIMITED,
        upload_qps=UNLIMITED,
    )


def seconds_of(task: TaskRecord) -> float:
    """Return what the emulator drew for a task: its own start-up and its running time."""
    return task.not_before - task.submitted_at + task.run_seconds


@dataclass(slots=True, kw_only=True)
class Day:
    """The bot and its sandboxes on simulated time."""

    clock: SimulatedClock
    dashscope: DashScopeServer
    discord: DiscordServer
    app: App

    async def submit(self, count: int) -> None:
        """Queue jobs of one member, one after the other, as fast as they are taken."""
        # The seed is given, so that the emulator draws one film and not a hundred.
        options = VideoOptions(prompt="the cat looks up", seed=7)
        requester = Requester(
            user_id=UserId(self.discord.users[1].id),
            guild_id=GuildId(self.discord.guild.id),
            name="tom",
        )
        sources = await self._attached()
        with self.clock.working():
            for _ in range(count):
                origin = Origin(
                    interaction_id=InteractionId(self.discord.state.ids.next()),
                    guild_id=GuildId(self.discord.guild.id),
                    channel_id=ChannelId(self.discord.channel.id),
                )
                await self.app.video_requests.request(
                    requester, origin, Kind.FRAMES, options, Choices(model=MODEL), sources
                )

    async def _attached(self) -> list[PictureSource]:
        """Attach the two cats, as a command does."""
        discord = self.discord
        cats = [
            Upload(f"{option}.jpg", SAMPLES / f"cat-{option.partition('_')[0]}.jpg", "image/jpeg")
            for option in ("first_frame", "last_frame")
        ]
        message = await discord.actions.say(discord.users[1], discord.channel, files=cats)
        return [
            PictureSource(
                option=file.filename.removesuffix(".jpg"),
                url=discord.cdn.url(file),
                size_bytes=file.size,
                content_type=file.content_type,
            )
            for file in message.current.attachments
        ]

    def status_messages(self) -> list[Message]:
        """Return the status messages, oldest first."""
        return [
            message
            for message in self.discord.messages(self.discord.channel)
            if message.current.embeds
        ]

    async def all_delivered(self, count: int) -> None:
        """Wait until so many status messages show their end, and are up to date.

        Raises:
            RuntimeError: one did not end with a video.
        """
        await self.discord.wait_for(
            lambda: sum(map(is_over, self.status_messages())) >= count, PATIENCE_SECONDS
        )
        bad = [message.text for message in self.status_messages() if not _has_film(message)]
        if bad:
            raise RuntimeError(bad[0])

    async def jobs(self) -> list[Job]:
        """Return all jobs, oldest first."""
        async with self.app.database.read() as connection:
            return sorted(
                await jobs.newest(connection, limit=1000), key=lambda job: job.times.created_at
            )


def called(dashscope: DashScopeServer, clock: SimulatedClock) -> dict[str, object]:
    """Have the emulator tell of finished tasks; return the settings that takes.

    A jump stops at each end of a task, and waits for the call that tells of it.
    """
    token, port = "a-token-of-a-benchmark", free_port()
    url = f"http://127.0.0.1:{port}{PATH}"
    dashscope.callbacks.target = CallbackTarget(url=url, token=token)
    clock.stop_at(dashscope.seconds_to_next_event)
    clock.wait_for(lambda: dashscope.callbacks.busy > 0)
    return {
        "http_listen": f"127.0.0.1:{port}",
        "callback_token": SecretStr(token),
        "callback_url": url,
        "callback_certificate_hosts": ("127.0.0.1",),
    }


@asynccontextmanager
async def a_day(
    task_seconds: tuple[float, float], *, is_called: bool = False, **choices: object
) -> AsyncIterator[Day]:
    """Set the stage; everything is taken down at the end.

    Args:
        task_seconds: the shortest and the longest task.
        is_called: whether the provider tells of finished tasks.
        choices: settings other than the defaults.
    """
    with tempfile.TemporaryDirectory(prefix="tween-bench-") as name:
        folder = Path(name)
        clock = SimulatedClock()
        async with (
            DashScopeServer(emulator_settings(task_seconds)) as dashscope,
            DiscordServer(DiscordSettings(rate_limits=False)) as discord,
        ):
            clock.follow(dashscope.clock.advance)
            clock.follow(discord.clock.advance)
            clock.wait_for(lambda: _inspects(dashscope))
            if is_called:
                choices |= called(dashscope, clock)
            settings = _settings(folder, discord, dashscope, choices)
            overrides = Overrides(clock=clock, wakeup=lambda: SimulatedWakeup(clock))
            async with build_app(settings, overrides) as app, _serving(app, clock):
                yield Day(clock=clock, dashscope=dashscope, discord=discord, app=app)


@asynccontextmanager
async def _serving(app: App, clock: SimulatedClock) -> AsyncIterator[None]:
    """Do what ``bot.serving`` does between the lease and the stop, without a gateway."""
    await migrate.upgrade(app.database)
    await app.process_lease.acquire()
    app.client.services = app.services
    await app.dispatcher.prepare()
    supervisor = supervise(app)
    supervisor.loops = [loop for loop in supervisor.loops if loop.name not in WATCHES_OF_REAL_TIME]
    await app.client.login(app.settings.discord_token.get_secret_value())
    clock.begin_work(len(supervisor.loops))
    routes = callback_routes(app, supervisor)
    page = HealthPage(checks={}, registry=app.metrics.registry, routes=routes)
    address = app.settings.listen if routes else None
    async with page.listening(address), asyncio.TaskGroup() as group:
        group.create_task(supervisor.run())
        try:
            yield
        finally:
            await supervisor.stop(within_seconds=5)
            await app.client.close()


def _settings(
    folder: Path,
    discord: DiscordServer,
    dashscope: DashScopeServer,
    choices: Mapping[str, object],
) -> Settings:
    """Return the defaults of a host, pointed at the sandboxes, with room for every request.

    One model is offered: the idle rounds of the other lanes would take longer than the jobs.
    """
    others = [model.name for model in Catalogue.of_region(Region.BEIJING) if model.name != MODEL]
    overrides = folder / "catalogue.toml"
    overrides.write_text("".join(f'["{name}"]\nenabled = false\n' for name in others), "utf-8")
    settings = Settings(
        catalogue_overrides=overrides,
        discord_token=SecretStr(discord.token),
        discord_api_base_url=discord.api_base_url,
        dashscope_api_key=SecretStr(KEY),
        dashscope_http_base_url=dashscope.base_url,
        result_hosts=("127.0.0.1",),
        database_url=f"sqlite:///{folder}/tween.db",
        data_dir=folder / "data",
        daily_budget=0,
        default_guild_daily_videos=UNLIMITED,
        default_member_daily_videos=UNLIMITED,
        max_queued_per_member=UNLIMITED,
        max_queued_per_guild=UNLIMITED,
    )
    return settings.model_copy(update=choices)


def _inspects(dashscope: DashScopeServer) -> bool:
    """Tell whether the emulator still looks at the pictures of a task."""
    return any(not task.inspected and not task.finished for task in dashscope.tasks.values())


def _has_film(message: Message) -> bool:
    return any(file.filename.endswith(".mp4") for file in message.current.attachments)
