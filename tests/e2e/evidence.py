"""What is known at the end of a story: the bot's database and files, the provider, Discord."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from sqlalchemy import func, select

from bot.domain.amounts import Amounts
from bot.domain.jobs.job import Job, JobEvent
from bot.domain.jobs.ledger import LedgerEntry
from bot.storage import jobs, ledger
from bot.storage.tables import ledger_entries, orphan_tasks
from sandbox.dashscope.recorder import RequestRecord
from sandbox.dashscope.tasks import TaskRecord
from sandbox.discord.world.recorded_request import RecordedRequest
from sandbox.discord.world.records import Message
from tests.e2e.world import KEY, World, footer_of

AMOUNTS = ("videos", "seconds", "micros")


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The three accounts of what happened, as they are now."""

    jobs: tuple[Job, ...]
    events: Mapping[str, tuple[JobEvent, ...]]
    entries: Mapping[str, tuple[LedgerEntry, ...]]
    total: Amounts
    """The sum of the whole ledger."""
    orphans: frozenset[str]
    tasks: Mapping[str, TaskRecord]
    """Ours, by id."""
    limits: Mapping[str, tuple[int, int]]
    """Tasks at once and creates per second, by model."""
    peaks: Mapping[str, int]
    calls: tuple[RequestRecord, ...]
    messages: tuple[Message, ...]
    """The bot's own that still stand, of all channels and direct messages."""
    pings: tuple[tuple[int, int], ...]
    """Who was notified by which message."""
    files: Mapping[str, tuple[str, ...]]
    """Names in the folders of jobs."""
    loose_files: tuple[str, ...]
    """What else lies in DATA_DIR, and in the story's own TMPDIR where it has one."""
    data_dir: Path
    posts: tuple[RecordedRequest, ...]
    """What the bot sent to Discord."""
    log: tuple[str, ...]

    @cached_property
    def tasks_of(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of all tasks each job ever had, as it tells them."""
        told: dict[str, tuple[str, ...]] = {}
        for job in self.jobs:
            ids = [event.detail.get("task_id") for event in self.events[job.id]]
            told[job.id] = tuple(
                dict.fromkeys(str(task_id) for task_id in [*ids, job.task.id] if task_id)
            )
        return told

    @cached_property
    def made_for(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of all tasks that were made with a job's seed, whether it knows them or not."""
        seeds = Counter(job.options.seed for job in self.jobs)
        return {
            job.id: tuple(
                task_id
                for task_id, task in self.tasks.items()
                if task.parameters.get("seed") == job.options.seed
            )
            for job in self.jobs
            if seeds[job.options.seed] == 1  # drawn, and not chosen by a member who likes it
        }

    @cached_property
    def by_footer(self) -> Mapping[str, tuple[Message, ...]]:
        """The messages with an embed, by the job they belong to."""
        found = footer_index(self.messages)
        return {job.id: found.pop(f"Job {job.id}", ()) for job in self.jobs} | {
            footer: strays for footer, strays in found.items() if footer.startswith("Job ")
        }

    @cached_property
    def announcements(self) -> Mapping[str, tuple[Message, ...]]:
        """The one-line messages that told somebody of an end, by job."""
        return {
            job.id: tuple(
                message
                for message in self.messages
                if not message.current.embeds and message.content.endswith(f"-# Job {job.id}")
            )
            for job in self.jobs
        }


def footer_index(messages: Iterable[Message]) -> dict[str, tuple[Message, ...]]:
    """Return messages with an embed by its footer, which names the job."""
    found: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        if message.current.embeds and "footer" in message.current.embeds[0]:
            found[footer_of(message)].append(message)
    return {footer: tuple(several) for footer, several in found.items()}


async def read(world: World) -> Evidence:
    """Collect the evidence."""
    found = await world.jobs()
    events: dict[str, tuple[JobEvent, ...]] = {}
    entries: dict[str, tuple[LedgerEntry, ...]] = {}
    async with world.database() as connection:
        for job in found:
            events[job.id] = tuple(await jobs.history(connection, job.id))
            entries[job.id] = tuple(await ledger.of_job(connection, job.id))
        sums = await connection.execute(
            select(*(func.coalesce(func.sum(ledger_entries.c[name]), 0) for name in AMOUNTS))
        )
        total = Amounts(**dict(zip(AMOUNTS, map(int, sums.one()), strict=True)))
        orphans = {row.task_id for row in await connection.execute(select(orphan_tasks))}
    provider, settings = world.dashscope, world.dashscope.settings
    rows = {task.model: task.row for task in provider.tasks.values()}
    data_dir = world.bot.folder / world.bot.variables.get("DATA_DIR", "data")
    return Evidence(
        jobs=tuple(found),
        events=events,
        entries=entries,
        total=total,
        orphans=frozenset(orphans),
        tasks={key: task for key, task in provider.tasks.items() if task.api_key == KEY},
        limits={
            model: (
                settings.concurrency or row.limits[settings.region].running,
                settings.create_rps or row.limits[settings.region].creates_per_second,
            )
            for model, row in rows.items()
        },
        peaks={model: provider.peak_in_flight(model).accepted for model in rows},
        calls=tuple(provider.requests),
        messages=tuple(
            message
            for channel in world.discord.state.channels.values()
            for message in channel.messages.values()
            if message.author_id == world.discord.bot_user.id
            and message.ephemeral_for is None
            and not (message.deleted or channel.deleted)
        ),
        pings=tuple((ping.user_id, ping.message_id) for ping in world.discord.pings),
        files=_files(data_dir / "jobs"),
        loose_files=tuple(_loose_files(data_dir, world.bot.variables.get("TMPDIR"))),
        data_dir=data_dir,
        posts=tuple(request for request in world.discord.requests if request.method != "GET"),
        log=tuple(world.bot.log().splitlines()),
    )


def _files(root: Path) -> dict[str, tuple[str, ...]]:
    if not root.is_dir():
        return {}
    return {
        folder.name: tuple(sorted(path.name for path in folder.iterdir()))
        for folder in root.iterdir()
    }


def _loose_files(data_dir: Path, scratch: str | None) -> Iterator[str]:
    for path in data_dir.iterdir() if data_dir.is_dir() else ():
        if path.name in {"exports", "scratch"}:
            yield from (str(file) for file in path.iterdir())
        elif path.name != "jobs" and not path.name.startswith("tween.db"):
            yield str(path)
    if scratch is not None:
        yield from (str(path) for path in Path(scratch).iterdir())


def history(evidence: Evidence, job: Job) -> Iterator[str]:
    """Tell what happened to a job: its events, its lines in the log, its messages."""
    yield f"history of {job.id}, requester {job.requester.user_id}:"
    for event in evidence.events[job.id]:
        yield (
            f"  {event.at:%H:%M:%S.%f} {event.owner} {event.name} "
            f"{event.source} -> {event.target} {dict(event.detail)}"
        )
    for line in evidence.log:
        if f'"{job.id}"' in line and '"job_advanced"' not in line:
            yield f"  {line}"
    for post in evidence.posts:
        if job.id in str(post.json):
            at = datetime.fromtimestamp(post.started_at, UTC)
            yield (
                f"  {at:%H:%M:%S.%f} {post.method} {post.path[:60]} {post.status} "
                f"{post.fault or ''} done: {post.done}"
            )
