"""Factories of records, and doubles of everything outside: clock, provider, chat."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from typing_extensions import override

from bot.domain.catalogue import Kind
from bot.domain.errors import DeliveryError, ProviderError, TaskNotCancellableError
from bot.domain.guilds.audit import AuditEntry, AuditLine
from bot.domain.guilds.settings import Notify
from bot.domain.ids import (
    AccountId,
    ChannelId,
    GuildId,
    InteractionId,
    JobId,
    MessageId,
    TaskId,
    UserId,
    new_job_id,
)
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job, JobState
from bot.domain.jobs.status import Alert, Purpose, StatusView
from bot.domain.ports import Chat, Clock, VideoProvider, Wakeup
from bot.domain.requests.submission import GenerationOptions, Origin, Picture, Submission, Wish
from bot.domain.requests.task import Download, ListedTask, Task, TaskPage, TaskRequest, TaskState

NOW = datetime(2026, 5, 6, 12, 0, tzinfo=UTC)
ACCOUNT = AccountId("beijing:dashscope.aliyuncs.com:0123456789ab")
MODEL = "wan2.2-kf2v-flash"
SLOW_MODEL = "wanx2.1-kf2v-plus"
GUILD = GuildId(1_000)
CHANNEL = ChannelId(2_000)
MEMBER = UserId(3_000)
VIDEO = b"\x00\x00\x00\x18ftypmp42 not really a film"
URL = "https://results.aliyuncs.com/film.mp4?Expires=1&Signature=secret"
KEY_ID = "15001"
"""The provider's id of our key."""

_numbers = iter(range(1, 1 << 40))


def number() -> int:
    """Return a number no other call returned."""
    return next(_numbers)


def a_job(**changes: object) -> Job:
    """Return a job that waits with its status message, unless told otherwise."""
    made: dict[str, Any] = {
        "id": new_job_id(),
        "guild_id": GUILD,
        "channel_id": CHANNEL,
        "requester_id": MEMBER,
        "requester_name": "Ada",
        "interaction_id": InteractionId(number()),
        "kind": Kind.FRAMES,
        "model": MODEL,
        "account": ACCOUNT,
        "resolution": "720P",
        "duration_seconds": 5,
        "price_micros": 1_000_000,
        "prompt": "a red fox",
        "seed": 7,
        "state": JobState.QUEUED,
        "created_at": NOW,
        "counted_at": NOW,
        "entered_at": NOW,
        "status_channel_id": CHANNEL,
        "status_message_id": MessageId(number()),
    }
    made.update(changes)
    return Job(**made)


def a_submission(
    *,
    guild_id: GuildId = GUILD,
    requester_id: UserId = MEMBER,
    interaction_id: int | None = None,
    model: str = MODEL,
    price_micros: int = 1_000_000,
    preview: bytes | None = b"preview",
    options: GenerationOptions | None = None,
    **origin: object,
) -> Submission:
    """Return a validated wish for two frames."""
    whence: dict[str, Any] = {
        "interaction_id": InteractionId(interaction_id or number()),
        "guild_id": guild_id,
        "channel_id": CHANNEL,
        "requester_id": requester_id,
        "requester_name": "Ada",
    }
    whence.update(origin)
    return Submission(
        origin=Origin(**whence),
        wish=Wish(
            kind=Kind.FRAMES,
            model=model,
            resolution="720P",
            duration_seconds=5,
            price_micros=price_micros,
            options=options or GenerationOptions(prompt="a red fox"),
        ),
        pictures=tuple(
            Picture(option=option, jpeg=option.encode(), width=640, height=480)
            for option in ("first_frame", "last_frame")
        ),
        preview=preview,
    )


def a_task(task_id: str, state: TaskState = TaskState.PENDING, **changes: object) -> Task:
    """Return what a query of a task told; a success has a URL."""
    made: dict[str, Any] = {"task_id": TaskId(task_id), "state": state}
    if state is TaskState.SUCCEEDED:
        made |= {
            "video_url": URL,
            "url_expires_at": NOW + timedelta(hours=24),
            "billed_seconds": 5,
            "orig_prompt": "a red fox",
        }
    made.update(changes)
    return Task(**made)


class ManualClock(Clock):
    """Time passes only while somebody sleeps, or when told to."""

    def __init__(self, at: datetime = NOW) -> None:
        self._at = at
        self.slept: list[float] = []

    @override
    def now(self) -> datetime:
        return self._at

    @override
    def monotonic(self) -> float:
        return (self._at - NOW).total_seconds()

    @override
    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds=seconds)
        await asyncio.sleep(0)

    def advance(self, **span: float) -> datetime:
        """Let time pass; return the new time."""
        self._at += timedelta(**span)
        return self._at


class SilentWakeup(Wakeup):
    """Never waits longer than a turn of the event loop; remembers what was asked."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    @override
    def notify(self) -> None:
        pass

    @override
    async def wait(self, timeout_seconds: float) -> None:
        self.waits.append(timeout_seconds)
        await asyncio.sleep(0)


class InMemoryProvider(VideoProvider):
    """Keeps tasks in memory; what it answers next can be scripted."""

    def __init__(self, clock: Clock, account: AccountId = ACCOUNT) -> None:
        self.account = account
        self.creates: list[TaskRequest] = []
        self.create_answers: deque[str | Exception] = deque()
        """What the next creates answer; a task of a new id where nothing is scripted."""
        self.during_create: Callable[[], Awaitable[None]] | None = None
        """Runs while the create is outstanding."""
        self.outstanding = 0
        self.most_outstanding = 0
        self.tasks: dict[str, Task | Exception] = {}
        self.asked: list[str] = []
        self.cancelled: list[str] = []
        self.cancel_error: ProviderError | None = None
        self.listed: list[ListedTask] = []
        self.list_error: ProviderError | None = None
        self.page_size = 50
        self.lists = 0
        self.files: deque[bytes | Exception] = deque()
        self.downloaded: list[str] = []
        self._clock = clock

    @override
    async def create_task(self, request: TaskRequest) -> TaskId:
        self.creates.append(request)
        self.outstanding += 1
        self.most_outstanding = max(self.most_outstanding, self.outstanding)
        try:
            await asyncio.sleep(0)
            if self.during_create is not None:
                await self.during_create()
            answer = self.create_answers.popleft() if self.create_answers else f"task-{number()}"
            if isinstance(answer, Exception):
                raise answer
        finally:
            self.outstanding -= 1
        self.tasks.setdefault(answer, a_task(answer))
        return TaskId(answer)

    @override
    async def get_task(self, task_id: TaskId) -> Task:
        self.asked.append(task_id)
        await asyncio.sleep(0)
        answer = self.tasks.get(task_id, a_task(task_id, TaskState.UNKNOWN))
        if isinstance(answer, Exception):
            raise answer
        return answer

    @override
    async def list_tasks(self, *, model: str, page: int) -> TaskPage:
        self.lists += 1
        if self.list_error is not None:
            raise self.list_error
        rows = [task for task in self.listed if task.model == model]
        size = self.page_size
        return TaskPage(
            tasks=tuple(rows[(page - 1) * size : page * size]),
            page=page,
            total_pages=max(1, -(-len(rows) // size)),
        )

    @override
    async def cancel_task(self, task_id: TaskId) -> None:
        self.cancelled.append(task_id)
        if self.cancel_error is not None:
            raise self.cancel_error
        task = self.tasks.get(task_id)
        if not isinstance(task, Task) or task.state is not TaskState.PENDING:
            raise TaskNotCancellableError("it is not PENDING", status=400)
        self.tasks[task_id] = a_task(task_id, TaskState.CANCELED)

    @override
    async def download(self, url: str, into: Path, *, max_bytes: int) -> Download:
        self.downloaded.append(url)
        answer = self.files.popleft() if self.files else VIDEO
        if isinstance(answer, Exception):
            raise answer
        await asyncio.to_thread(into.write_bytes, answer)
        digest = hashlib.sha256(answer).hexdigest()
        return Download(path=into, size_bytes=len(answer), sha256=digest)

    def list_task(
        self,
        task_id: str,
        *,
        at: datetime,
        model: str = MODEL,
        api_key_id: str = KEY_ID,
        state: TaskState = TaskState.PENDING,
    ) -> None:
        """Put a task into the list."""
        self.listed.append(
            ListedTask(
                task_id=TaskId(task_id),
                model=model,
                state=state,
                created_at=at,
                api_key_id=api_key_id,
            )
        )


class RecordingChat(Chat):
    """Remembers every message; refuses what it is told to refuse."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, JobId]] = []
        self.views: list[StatusView] = []
        self.files: list[bytes] = []
        self.refusals: dict[str, deque[DeliveryError]] = defaultdict(deque)
        """The next errors of each method."""
        self.closed: dict[str, DeliveryError] = {}
        """Methods that always refuse."""
        self.standing: dict[tuple[Purpose, ChannelId], Receipt] = {}
        """Messages a search finds."""
        self.searches: list[tuple[Purpose, ChannelId]] = []
        self.notices: list[Alert] = []
        self.logged: list[tuple[ChannelId, AuditEntry]] = []
        self.pings: list[tuple[JobId, Notify]] = []
        self.before: Callable[[str], Awaitable[None]] | None = None
        """Runs before each message, with the method's name."""

    def dm_of(self, user_id: UserId) -> ChannelId:
        """Return the channel of somebody's direct messages."""
        return ChannelId(9_000_000 + user_id)

    def names(self, job_id: JobId | None = None) -> list[str]:
        """Return the names of the calls, of one job where it is given."""
        return [name for name, of in self.calls if job_id in {None, of}]

    def last(self) -> StatusView:
        """Return what was shown last."""
        return self.views[-1]

    async def _call(self, name: str, view: StatusView, file: Path | None = None) -> None:
        if self.before is not None:
            await self.before(name)
        if name in self.closed:
            raise self.closed[name]
        if self.refusals[name]:
            raise self.refusals[name].popleft()
        self.calls.append((name, view.job.id))
        self.views.append(view)
        if file is not None:
            self.files.append(await asyncio.to_thread(file.read_bytes))

    @override
    def digest(self, view: StatusView) -> str:
        job = view.job
        shown = (job.state, view.position, view.pause, job.late_at, job.cancel_requested_at)
        return hashlib.sha256(repr(shown).encode()).hexdigest()

    @override
    async def post_status(self, view: StatusView, *, preview: Path | None) -> Receipt:
        await self._call("post_status", view)
        return Receipt(channel_id=view.job.channel_id, message_id=MessageId(number()))

    @override
    async def edit_status(self, view: StatusView) -> None:
        await self._call("edit_status", view)

    @override
    async def find_message(
        self, job: Job, channel_id: ChannelId, purpose: Purpose, *, since: datetime
    ) -> Receipt | None:
        self.searches.append((purpose, channel_id))
        if "find_message" in self.closed:
            raise self.closed["find_message"]
        return self.standing.get((purpose, channel_id))

    @override
    async def deliver_by_edit(self, view: StatusView, file: Path) -> Receipt:
        await self._call("deliver_by_edit", view, file)
        message_id = view.job.status_message_id
        assert message_id is not None
        return Receipt(channel_id=view.job.channel_id, message_id=message_id)

    @override
    async def deliver_in_channel(self, view: StatusView, file: Path) -> Receipt:
        await self._call("deliver_in_channel", view, file)
        return Receipt(channel_id=view.job.channel_id, message_id=MessageId(number()))

    @override
    async def deliver_by_dm(self, view: StatusView, file: Path) -> Receipt:
        await self._call("deliver_by_dm", view, file)
        return Receipt(channel_id=self.dm_of(view.job.requester_id), message_id=MessageId(number()))

    @override
    async def announce(self, view: StatusView, notify: Notify) -> None:
        await self._call("announce", view)
        self.pings.append((view.job.id, notify))

    @override
    async def open_dm(self, user_id: UserId) -> ChannelId:
        if "open_dm" in self.closed:
            raise self.closed["open_dm"]
        return self.dm_of(user_id)

    @override
    async def tell_operators(self, notice: Alert) -> None:
        if self.before is not None:
            await self.before("tell_operators")
        if self.refusals["tell_operators"]:
            raise self.refusals["tell_operators"].popleft()
        self.notices.append(notice)

    @override
    async def tell_log_channel(self, line: AuditLine) -> None:
        if self.before is not None:
            await self.before("tell_log_channel")
        if self.refusals["tell_log_channel"]:
            raise self.refusals["tell_log_channel"].popleft()
        self.logged.append((line.channel_id, line.entry))
