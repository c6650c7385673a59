"""Factories of records, and doubles of everything outside: clock, provider, chat."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from typing_extensions import override

from bot.domain.amounts import Amounts
from bot.domain.catalogue import BilledLength, Kind, Price
from bot.domain.errors import (
    ChatUnavailableError,
    DeliveryError,
    ProviderError,
    TaskNotCancellableError,
)
from bot.domain.guilds.audit import AuditEntry, AuditLine
from bot.domain.guilds.reports import ReportPost
from bot.domain.guilds.settings import Notify
from bot.domain.host.alerts import Alert
from bot.domain.ids import (
    AccountId,
    ChannelId,
    GuildId,
    InteractionId,
    JobId,
    MessageId,
    RoleId,
    TaskId,
    UserId,
    new_job_id,
)
from bot.domain.jobs.changes import JobChanges, changed
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job, Messages, Times
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import Drawing, Purpose, StatusView
from bot.domain.people import Person, Requester
from bot.domain.ports import Chat, Clock, LocalFile, VideoProvider, Wakeup
from bot.domain.requests.pictures import Picture
from bot.domain.requests.submission import Origin, Submission, VideoOptions, VideoSpec
from bot.domain.requests.task import ListedTask, Task, TaskPage, TaskRequest, TaskState
from tests.temporary_store import InMemoryStore

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


_ORIGIN_FIELDS = {"guild_id", "channel_id", "interaction_id", "premium_tier", "retry_of"}
_SPEC_FIELDS = {"kind", "model", "resolution", "size", "duration_seconds", "soundtrack"}
_OPTION_FIELDS = {field.name for field in fields(VideoOptions)}


def a_spec(**changes: object) -> VideoSpec:
    """Return what the usual job asks of its model; options are named as the spec's own fields."""
    made: dict[str, Any] = {
        "kind": Kind.FRAMES,
        "model": MODEL,
        "resolution": "720P",
        "duration_seconds": 5,
    }
    options: dict[str, Any] = {"prompt": "a red fox", "seed": 7}
    made |= _taken(changes, _SPEC_FIELDS)
    options |= _taken(changes, _OPTION_FIELDS)
    if changes:
        raise TypeError(f"a spec has no {', '.join(changes)}")
    return VideoSpec(options=VideoOptions(**options), **made)


def a_price(micros: int = 1_000_000, *, seconds: int = 5) -> Price:
    """Return the price of a video by the second."""
    return Price(
        reserved=Amounts(videos=1, seconds=seconds, micros=micros),
        micros_per_second=micros // seconds,
    )


def a_job(**changes: object) -> Job:
    """Return a job that waits with its status message, unless told otherwise.

    Args:
        changes: see ``altered``.
    """
    job = Job(
        id=new_job_id(),
        origin=Origin(guild_id=GUILD, channel_id=CHANNEL, interaction_id=InteractionId(number())),
        requester=Person(user_id=MEMBER, name="Ada"),
        account=ACCOUNT,
        spec=a_spec(),
        price=a_price(),
        state=JobState.QUEUED,
        messages=Messages(status_channel_id=CHANNEL, status_message_id=MessageId(number())),
        times=Times(created_at=NOW, counted_at=NOW, entered_at=NOW),
    )
    return altered(job, **changes)


def altered(job: Job, **changes: object) -> Job:
    """Return a job with other values.

    Args:
        job: the job.
        changes: fields of the job, its origin, its spec and its options, and columns by the names
            of ``JobChanges``; ``requester_id``, ``price_micros`` and ``billed_seconds`` besides.
    """
    values: dict[str, Any] = dict(changes)
    own: dict[str, Any] = _taken(values, {field.name for field in fields(Job)})
    spec: VideoSpec = own.pop("spec", job.spec)
    options = replace(spec.options, **_taken(values, _OPTION_FIELDS))
    spec = replace(spec, **_taken(values, _SPEC_FIELDS), options=options)
    price: Price = own.pop("price", job.price)
    if "price_micros" in values or spec.duration_seconds != job.spec.duration_seconds:
        micros = values.pop("price_micros", price.reserved.micros)
        price = a_price(micros, seconds=spec.duration_seconds)
    if "billed_seconds" in values:
        seconds = values.pop("billed_seconds")
        values["billed"] = None if seconds is None else price.billed(seconds=seconds)
    if "requester_id" in values:
        own["requester"] = replace(job.requester, user_id=values.pop("requester_id"))
    origin = replace(job.origin, **_taken(values, _ORIGIN_FIELDS))
    own |= {"spec": spec, "price": price, "origin": origin}
    changed_job = replace(job, **own)
    return changed(changed_job, cast("JobChanges", values))


def _taken(values: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """Take the values of some names out of a mapping."""
    return {name: values.pop(name) for name in names & values.keys()}


def a_requester(
    guild_id: GuildId | None = GUILD,
    user_id: UserId = MEMBER,
    *,
    may_moderate: bool = False,
    role_ids: frozenset[RoleId] = frozenset(),
    channel_path: tuple[ChannelId, ...] = (),
) -> Requester:
    """Return who asks, a member without roles unless told otherwise."""
    return Requester(
        guild_id=guild_id,
        user_id=user_id,
        name="Ada",
        may_moderate=may_moderate,
        role_ids=role_ids,
        channel_path=channel_path,
    )


def a_picture(option: str) -> Picture:
    """Return a picture that was made to fit."""
    return Picture(option=option, file_name=f"{option}.jpg", width=640, height=480)


def a_submission(
    *,
    guild_id: GuildId = GUILD,
    requester_id: UserId = MEMBER,
    role_ids: frozenset[RoleId] = frozenset(),
    channel_path: tuple[ChannelId, ...] = (),
    interaction_id: int | None = None,
    model: str = MODEL,
    price_micros: int = 1_000_000,
    has_preview: bool = True,
    options: VideoOptions | None = None,
    **origin: object,
) -> Submission:
    """Return a validated request of a video of two frames."""
    whence: dict[str, Any] = {
        "interaction_id": InteractionId(interaction_id or number()),
        "guild_id": guild_id,
        "channel_id": CHANNEL,
    }
    whence.update(origin)
    return Submission(
        job_id=new_job_id(),
        requester=a_requester(guild_id, requester_id, role_ids=role_ids, channel_path=channel_path),
        origin=Origin(**whence),
        spec=replace(a_spec(model=model), options=options or VideoOptions(prompt="a red fox")),
        price=a_price(price_micros),
        pictures=tuple(a_picture(option) for option in ("first_frame", "last_frame")),
        has_preview=has_preview,
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
    seconds = made.pop("billed_seconds", None)
    if seconds is not None:
        made["billed"] = BilledLength(total=Decimal(str(seconds)))
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


class InMemoryProvider(InMemoryStore, VideoProvider):
    """Keeps tasks in memory; what it answers next can be scripted."""

    def __init__(self, clock: Clock, account: AccountId = ACCOUNT) -> None:
        super().__init__(clock)
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
        self.page_size, self.lists = 50, 0
        self.files: deque[bytes | Exception] = deque()
        self.downloaded: list[str] = []

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
    async def download(self, url: str, into: LocalFile, *, max_bytes: int) -> int:
        self.downloaded.append(url)
        answer = self.files.popleft() if self.files else VIDEO
        if isinstance(answer, Exception):
            raise answer
        await asyncio.to_thread(Path(into).write_bytes, answer)
        return len(answer)

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
        self.attached: dict[str, bytes] = {}
        """What members attached, by its URL."""
        self.fetched: list[str] = []
        """URLs that were asked for."""
        self.refusals: dict[str, deque[DeliveryError]] = defaultdict(deque)
        """The next errors of each method."""
        self.closed: dict[str, DeliveryError] = {}
        """Methods that always refuse."""
        self.standing: dict[tuple[Purpose, ChannelId], Receipt] = {}
        """Messages a search finds."""
        self.searches: list[tuple[Purpose, ChannelId]] = []
        self.alerts: list[Alert] = []
        self.logged: list[tuple[ChannelId, AuditEntry]] = []
        self.deleted: list[Receipt] = []
        self.reported: list[tuple[ReportPost, dict[str, bytes]]] = []
        """What moderators were shown, with the files by their names."""
        self.counted: list[tuple[ReportPost, Receipt]] = []
        """Of reports that stood already: what they say now."""
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

    async def _send(self, name: str, drawing: Drawing, file: LocalFile | None = None) -> None:
        view = drawing.content
        assert isinstance(view, StatusView)
        await self._call(name, view, file)

    async def _call(self, name: str, view: StatusView, file: LocalFile | None = None) -> None:
        if self.before is not None:
            await self.before(name)
        if name in self.closed:
            raise self.closed[name]
        if self.refusals[name]:
            raise self.refusals[name].popleft()
        self.calls.append((name, view.job.id))
        self.views.append(view)
        if file is not None:
            self.files.append(await asyncio.to_thread(Path(file).read_bytes))

    @override
    def draw(self, view: StatusView) -> Drawing:
        job = view.job
        shown = (
            job.state,
            view.position,
            view.pause,
            job.task.late_at,
            job.cancellation.requested_at,
        )
        digest = hashlib.sha256(repr(shown).encode()).hexdigest()
        return Drawing(digest=digest, content=view)

    @override
    async def post_status(self, job: Job, drawing: Drawing, *, preview: bytes | None) -> Receipt:
        await self._send("post_status", drawing)
        return Receipt(channel_id=job.origin.channel_id, message_id=MessageId(number()))

    @override
    async def edit_status(self, job: Job, drawing: Drawing) -> None:
        await self._send("edit_status", drawing)

    @override
    async def fetch_attachment(self, url: str, into: LocalFile, *, max_bytes: int) -> None:
        self.fetched.append(url)
        if url not in self.attached:
            raise ChatUnavailableError("404")
        await asyncio.to_thread(Path(into).write_bytes, self.attached[url])

    @override
    async def find_message(
        self, job: Job, channel_id: ChannelId, purpose: Purpose, *, since: datetime
    ) -> Receipt | None:
        self.searches.append((purpose, channel_id))
        if "find_message" in self.closed:
            raise self.closed["find_message"]
        return self.standing.get((purpose, channel_id))

    @override
    async def deliver_by_edit(self, job: Job, drawing: Drawing, file: LocalFile) -> Receipt:
        await self._send("deliver_by_edit", drawing, file)
        message_id = job.messages.status_message_id
        assert message_id is not None
        return Receipt(channel_id=job.origin.channel_id, message_id=message_id)

    @override
    async def deliver_in_channel(self, job: Job, drawing: Drawing, file: LocalFile) -> Receipt:
        await self._send("deliver_in_channel", drawing, file)
        return Receipt(channel_id=job.origin.channel_id, message_id=MessageId(number()))

    @override
    async def deliver_by_dm(self, job: Job, drawing: Drawing, file: LocalFile) -> Receipt:
        await self._send("deliver_by_dm", drawing, file)
        return Receipt(channel_id=self.dm_of(job.requester.user_id), message_id=MessageId(number()))

    @override
    async def delete_message(self, place: Receipt) -> None:
        await self._refuse(f"delete_message {place.channel_id}")
        self.deleted.append(place)

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
    async def tell_operators(self, alert: Alert) -> None:
        if self.before is not None:
            await self.before("tell_operators")
        if self.refusals["tell_operators"]:
            raise self.refusals["tell_operators"].popleft()
        self.alerts.append(alert)

    @override
    async def tell_log_channel(self, line: AuditLine) -> None:
        if self.before is not None:
            await self.before("tell_log_channel")
        if self.refusals["tell_log_channel"]:
            raise self.refusals["tell_log_channel"].popleft()
        self.logged.append((line.channel_id, line.entry))

    @override
    async def post_report(self, report: ReportPost, files: Sequence[LocalFile]) -> Receipt:
        await self._refuse("post_report")
        names = [Path(file) for file in files]
        self.reported.append(
            (report, {file.name: await asyncio.to_thread(file.read_bytes) for file in names})
        )
        return Receipt(channel_id=report.channel_id, message_id=MessageId(number()))

    @override
    async def count_reports(self, report: ReportPost, receipt: Receipt) -> None:
        await self._refuse("count_reports")
        self.counted.append((report, receipt))

    async def _refuse(self, name: str) -> None:
        """Raise what a method is to raise."""
        if self.before is not None:
            await self.before(name)
        if name in self.closed:
            raise self.closed[name]
        if self.refusals[name]:
            raise self.refusals[name].popleft()
