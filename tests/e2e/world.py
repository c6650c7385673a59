"""Both platforms and the bot between them, ready for a story."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.amounts import Amounts
from bot.domain.catalogue import Catalogue, Region
from bot.domain.jobs.job import Job
from bot.storage import jobs, ledger
from bot.storage.engine import Database
from sandbox.dashscope import DashScopeServer, EmulatorSettings
from sandbox.discord.client.command_input import OptionValue, Upload
from sandbox.discord.client.invocation import Invocation
from sandbox.discord.rules.openapi import Validator
from sandbox.discord.server import DiscordServer
from sandbox.discord.world.records import Channel, Message, User
from sandbox.discord.world.settings import DiscordSettings
from tests.e2e.film_archive import ARCHIVE
from tests.e2e.forked_process import CrashableBot
from tests.e2e.process import ROOT, BotProcess

KEY = "sk-made-up-key-of-a-test"
SAMPLES = ROOT / "sandbox" / "samples"

FRAMES_MODEL = "wan2.2-kf2v-flash"
IMAGE_MODEL = "wan2.2-i2v-flash"
MODELS = frozenset(
    {
        *(FRAMES_MODEL, "wanx2.1-kf2v-plus"),
        *(IMAGE_MODEL, "wanx2.1-i2v-turbo"),
        *("wan2.2-t2v-plus", "wanx2.1-t2v-turbo"),
    }
)
"""What a forked bot offers unless a story wants more: each model's lane looks for work by itself,
so that all of them cost a start more than everything else it does."""


def cat(name: str) -> Upload:
    """Return one of the two cat pictures: ``first`` or ``last``."""
    return Upload(f"cat-{name}.jpg", (SAMPLES / f"cat-{name}.jpg").read_bytes(), "image/jpeg")


@cache
def validator() -> Validator:
    """Return who judges the bot's requests, by the whole document where there is one."""
    spec = os.environ.get("DISCORD_OPENAPI_SPEC")  # noqa: TID251 - a developer's choice
    return Validator(Path(spec)) if spec else Validator()


@dataclass(slots=True, kw_only=True)
class World:
    """A story's stage."""

    discord: DiscordServer
    dashscope: DashScopeServer
    bot: BotProcess
    databases: dict[str, Database] = field(default_factory=dict)
    """By their URL. Without connections between two looks, but each has compiled its statements."""

    @property
    def staged(self) -> CrashableBot:
        """The bot, where the story may stop it anywhere."""
        assert isinstance(self.bot, CrashableBot)
        return self.bot

    async def ask(
        self, user: User, channel: Channel | None = None, **options: OptionValue | None
    ) -> Invocation:
        """Let somebody use /video frames with the two cats; None leaves an option out."""
        request = {"first_frame": cat("first"), "last_frame": cat("last"), **options}
        given = {name: value for name, value in request.items() if value is not None}
        place = channel or self.discord.channel
        return await self.discord.actions.slash(user, place, "video frames", given)

    def pictures_sent(self) -> tuple[bytes, ...]:
        """Return the pictures of the only task, as the provider decoded them."""
        (task,) = self.dashscope.tasks.values()
        assert task.plan is not None
        return task.plan.pictures

    async def all_over(
        self, count: int, channel: Channel | None = None, *, within_seconds: float = 60
    ) -> list[Message]:
        """Wait until so many status messages show a final state."""

        def done() -> list[Message] | None:
            over = [message for message in self.status_messages(channel) if is_over(message)]
            return over if len(over) >= count else None

        found = await self.discord.wait_for(done, within_seconds)
        return found or []

    def polite(self) -> None:
        """Assert what every story shares: Discord was asked nothing it does not know or allow."""
        assert self.discord.unknown_requests == []
        spec = os.environ.get("DISCORD_OPENAPI_SPEC")  # noqa: TID251 - a developer's choice
        validator = Validator(Path(spec)) if spec else Validator()
        problems = [
            problem for request in self.discord.requests for problem in validator.problems(request)
        ]
        assert problems == [], problems[:3]

    @asynccontextmanager
    async def database(self) -> AsyncIterator[AsyncConnection]:
        """Look into the bot's own database."""
        url = self.bot.variables.get("DATABASE_URL", f"sqlite:///{self.bot.folder}/data/tween.db")
        database = self.databases.setdefault(url, Database(url))
        try:
            async with database.read() as connection:
                yield connection
        finally:
            await database.aclose()

    async def jobs(self) -> list[Job]:
        """Return all jobs, oldest first."""
        async with self.database() as connection:
            return sorted(
                await jobs.newest(connection, limit=1000), key=lambda job: job.times.created_at
            )

    def kept_sha256(self, job: Job) -> str:
        """Return the digest of a job's video in the archive."""
        kept = self.bot.folder / "data" / "jobs" / job.id / (job.video.file_name or "")
        return hashlib.sha256(kept.read_bytes()).hexdigest()

    async def balances(self) -> dict[str, Amounts]:
        """Return each job's ledger sum."""
        sums: dict[str, Amounts] = {}
        found = await self.jobs()
        async with self.database() as connection:
            for job in found:
                entries = await ledger.of_job(connection, job.id)
                sums[job.id] = sum((entry.amounts for entry in entries), Amounts())
        return sums

    def status_messages(self, channel: Channel | None = None) -> list[Message]:
        """Return the bot's status messages of a channel, oldest first."""
        place = channel or self.discord.channel
        return [
            message
            for message in self.discord.messages(place)
            if message.author_id == self.discord.bot_user.id and message.current.embeds
        ]


def title_of(message: Message) -> str:
    """Return the present title of a status message."""
    return str(message.current.embeds[0]["title"])


def footer_of(message: Message) -> str:
    """Return the footer of a status message."""
    return str(message.current.embeds[0]["footer"]["text"])


def is_over(message: Message) -> bool:
    """Tell whether a status message shows a final state."""
    words = ("Done", "Failed", "Cancelled", "Expired")
    return title_of(message).partition(" ")[2].startswith(words)


def offering(folder: Path, models: Collection[str], *, limits: str = "") -> dict[str, str]:
    """Return the setting of a host that offers no other models.

    Args:
        folder: where the file it names is written to.
        models: what is offered.
        limits: lines of TOML about each of them.
    """
    path = folder / "catalogue.toml"
    path.write_text(
        "".join(
            f'["{model.name}"]\n{limits if model.name in models else "enabled = false"}\n'
            for model in Catalogue.of_region(Region.BEIJING)
        ),
        encoding="utf-8",
    )
    return {"CATALOGUE_OVERRIDES": str(path)}


@asynccontextmanager
async def story(
    tmp_path: Path,
    *,
    emulator: EmulatorSettings | None = None,
    discord: DiscordSettings | None = None,
    start: bool = True,
    process: type[BotProcess] = CrashableBot,
    models: Collection[str] | None = MODELS,
    **variables: str,
) -> AsyncIterator[World]:
    """Set the stage; take everything down at the end, however it went.

    Args:
        tmp_path: the bot's folder.
        emulator: how the provider is.
        discord: how Discord is.
        start: whether the bot runs when the story begins.
        process: how the bot is started; ``BotProcess`` is ``python -m bot run`` to the letter,
            and offers everything there is.
        models: what a forked bot offers; None: likewise.
        variables: settings other than a test's usual ones.
    """
    settings = emulator or EmulatorSettings(task_seconds=(1.0, 2.0), failure_seconds=(0.1, 0.2))
    # The system's folder for such files, in which nothing may be left.
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    offered = {}
    if models is not None and issubclass(process, CrashableBot):
        offered = offering(tmp_path, models)
    async with (
        DashScopeServer(settings, videos=ARCHIVE) as dashscope,
        DiscordServer(discord or DiscordSettings()) as server,
    ):
        bot = process(
            tmp_path,
            {
                "DISCORD_TOKEN": server.token,
                "DISCORD_API_BASE_URL": server.api_base_url,
                "DASHSCOPE_API_KEY": KEY,
                "DASHSCOPE_HTTP_BASE_URL": dashscope.base_url,
                "RESULT_HOSTS": "127.0.0.1",
                "POLL_INTERVAL_SECONDS": "0.3",
                "STATUS_EDIT_INTERVAL_SECONDS": "0.3",
                "LOG_LEVEL": "DEBUG",
                "MIN_FREE_MIB": "0",
                "TMPDIR": str(temporary),
                **offered,
                **variables,
            },
        )
        world = World(discord=server, dashscope=dashscope, bot=bot)
        try:
            if start:
                await bot.start()
                await server.wait_until_ready(commands=5)
            yield world
            world.polite()
        finally:
            await bot.kill()
