"""Many guilds that make requests at once, on platforms that misbehave a little all the time.

Every kind of fault meets a share of its occasions, drawn by lot. The bot's settings let all of them
in: what is under test is what becomes of them.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from sandbox.dashscope import EmulatorSettings
from sandbox.discord.client.command_input import ClientRefusedError, OptionValue
from sandbox.discord.client.invocation import NoAnswerError
from sandbox.discord.rules.faults import Fault
from sandbox.discord.world.records import Channel, Message, User
from sandbox.discord.world.settings import DiscordSettings
from tests.e2e.evidence import footer_index
from tests.e2e.world import World, cat

ANSWER_SECONDS = 30.0
AT_ONCE = 8
"""Requests that are being typed at the same moment."""

FRAMES: Mapping[str, str] = {"wan2.2-kf2v-flash": "480P", "wanx2.1-kf2v-plus": "720P"}
IMAGE: Mapping[str, str] = {
    "wan2.2-i2v-flash": "480P",
    "wan2.2-i2v-plus": "480P",
    "wanx2.1-i2v-turbo": "480P",
    "wanx2.1-i2v-plus": "720P",
}
TEXT: Mapping[str, str] = {
    "wan2.2-t2v-plus": "832*480",
    "wanx2.1-t2v-turbo": "832*480",
    "wanx2.1-t2v-plus": "1280*720",
}
"""The account's lanes, with the smallest video of each."""

PROMPTS = ("a harbour in the fog", "rain on a tin roof", "Nebel über dem See 雾")

LANES = (*FRAMES, *IMAGE, *TEXT)

SETTINGS: Mapping[str, str] = {
    "DAILY_BUDGET": "0",
    "DEFAULT_GUILD_DAILY_VIDEOS": "100000",
    "DEFAULT_MEMBER_DAILY_VIDEOS": "100000",
    "MAX_QUEUED_PER_MEMBER": "1000",
    "MAX_QUEUED_PER_GUILD": "1000",
    "QUEUE_TTL_SECONDS": "864000",
    "POLL_INTERVAL_SECONDS": "0.5",
    "STATUS_EDIT_INTERVAL_SECONDS": "2",
    "LOG_LEVEL": "INFO",
}

TRANSIENT = "InternalError.Algo"
"""A task that fails so is made once more; failed tasks are free."""

_SLOW_DOWN = {"status": 429, "message": "Requests rate limit exceeded, please try again later."}

PROVIDER_FAULTS: tuple[tuple[str, str, Mapping[str, object]], ...] = (
    ("create", "delay", {"seconds": 1.5}),
    ("create", "drop", {"accept": True}),
    ("create", "reset", {"accept": True}),
    ("create", "cut", {"accept": True}),
    ("create", "hang", {"accept": True, "seconds": 5.0}),
    ("create", "error", {"accept": True, "status": 500}),
    ("create", "html", {"accept": True}),
    ("create", "no_task_id", {"accept": True}),
    ("create", "error", {"code": "Throttling.RateQuota", **_SLOW_DOWN}),
    ("create", "error", {"code": "Throttling.AllocationQuota", **_SLOW_DOWN}),
    ("create", "error", {"code": "ModelUnavailable", "status": 503}),
    ("query", "drop", {}),
    ("query", "reset", {}),
    ("query", "cut", {}),
    ("query", "hang", {"seconds": 3.0}),
    ("query", "delay", {"seconds": 1.0}),
    ("query", "error", {"status": 500}),
    ("query", "error", {"code": "Throttling", **_SLOW_DOWN}),
    ("query", "html", {}),
    ("query", "unknown", {}),
    ("list", "drop", {}),
    ("list", "cut", {}),
    ("list", "delay", {"seconds": 1.0}),
    ("list", "error", {"status": 500}),
    ("list", "html", {}),
    ("cancel", "drop", {}),
    ("cancel", "delay", {"seconds": 1.0}),
    ("cancel", "error", {"status": 500}),
    ("task", "fail", {"code": TRANSIENT, "message": "inference error"}),
    ("task", "fail", {"code": "DataInspectionFailed", "message": "Output data is inappropriate."}),
    ("task", "fail", {"code": "InvalidParameter", "message": "The size is wrong.", "seconds": 0.1}),
    ("task", "status", {"text": "SUSPENDED"}),
    ("result", "drop", {}),
    ("result", "reset", {}),
    ("result", "hang", {"seconds": 3.0}),
    ("result", "delay", {"seconds": 1.0}),
    ("result", "error", {"status": 503, "code": "ServiceUnavailable"}),
    ("result", "html", {}),
    ("result", "expired", {}),
    ("result", "truncate", {}),
    ("result", "short_file", {}),
    ("result", "redirect", {}),
    ("result", "drip", {"bytes_per_second": 512 * 1024}),
)
"""Point, action, details; each ends well without anybody's help."""

NOT_TAKEN: tuple[tuple[str, str, Mapping[str, object]], ...] = (
    ("create", "drop", {"accept": False}),
    ("create", "hang", {"accept": False, "seconds": 5.0}),
    ("create", "error", {"accept": False, "status": 500}),
    ("create", "html", {"accept": False}),
    ("create", "no_task_id", {"accept": False}),
)
"""No answer and no task: only eleven minutes later is it certain that nothing was bought."""

_POST, _PATCH, _GET = "POST", "PATCH", "GET"
DISCORD_ROUTES: tuple[tuple[str, str], ...] = (
    (_POST, "/channels/*/messages"),
    (_PATCH, "/channels/*/messages/*"),
    (_GET, "/channels/*/messages"),
    (_PATCH, "/webhooks/*/*/messages/*"),
    (_POST, "/interactions/*/*/callback"),
    (_GET, "/cdn/*"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to happen."""

    seed: int
    """Of everything that is drawn by lot."""
    guilds: int
    requests: int
    """Jobs there are to be in the end."""
    share: float
    """On which share of its occasions each kind of fault strikes."""
    cancels: float = 0.02
    """Which share of the requests is cancelled at once."""
    gateway_seconds: float = 20.0
    """Mean time between two troubles of the gateway."""
    faults: tuple[tuple[str, str, Mapping[str, object]], ...] = PROVIDER_FAULTS


@dataclass(slots=True, kw_only=True)
class Tally:
    """What members saw of their requests."""

    asked: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    cancels_pressed: int = 0
    slowest_acknowledgement_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A guild's channel, and who makes requests there."""

    channel: Channel
    members: tuple[User, ...]


def emulator(seed: int) -> EmulatorSettings:
    """Return a provider whose tasks are short; its limits are the real ones."""
    return EmulatorSettings(
        seed=seed, task_seconds=(0.5, 2.0), queue_seconds=(0.0, 0.3), cached_videos=64
    )


def discord(seed: int, *, nonce_seconds: float = 300.0) -> DiscordSettings:
    """Return a Discord with its real limits."""
    return DiscordSettings(seed=seed, nonce_seconds=nonce_seconds)


class BusyMembers:
    """Asks for everything, and breaks things meanwhile."""

    def __init__(self, world: World, plan: Plan) -> None:
        self.world = world
        self.plan = plan
        self.tally = Tally()
        self._random = random.Random(plan.seed)  # noqa: S311 - reproducible lots, not keys
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._may_ask = asyncio.Event()
        self._may_ask.set()
        self._asking = 0
        self.places = [self._place(number) for number in range(plan.guilds)]

    def _place(self, number: int) -> Place:
        discord = self.world.discord
        guild = discord.build.add_guild(f"guild {number}")
        members = tuple(discord.build.add_user(f"member {number}.{nth}") for nth in range(2))
        for member in members:
            discord.build.join(guild, member)
        return Place(channel=discord.build.add_channel(guild, "videos"), members=members)

    @property
    def shares(self) -> list[int]:
        """How many requests each guild has: the first tenth of them makes about a third of all."""
        guilds, requests = self.plan.guilds, self.plan.requests - len(LANES)
        weights = [8 if number < self._eager else 1 + number % 3 for number in range(guilds)]
        counts = [requests * weight // sum(weights) for weight in weights]
        for number in range(requests - sum(counts)):
            counts[number] += 1
        return counts

    @property
    def _eager(self) -> int:
        """How many guilds ask first and most."""
        return max(1, self.plan.guilds // 10)

    async def warm_up(self) -> None:
        """Have each lane make one video before anything breaks.

        Without a task of ours in the list nothing can be concluded from its silence.
        """
        for number, model in enumerate(LANES):
            place = self.places[number % len(self.places)]
            await self._ask(place, place.members[0], model)

    def break_things(self) -> None:
        """Begin to misbehave."""
        share = self.plan.share
        for point, action, details in self.plan.faults:
            self.world.dashscope.faults.add(point, action, **details, times=None, share=share)
        for fault in self._discord_faults():
            fault.share = share

    def _discord_faults(self) -> list[Fault]:
        """Plan every kind of fault for every route the bot uses."""
        faults, always = self.world.discord.faults, 1 << 40
        planned = []
        for method, path in DISCORD_ROUTES:
            planned += [
                faults.respond(method, path, 503, count=always),
                faults.drop(method, path, count=always),
            ]
            if path.startswith("/cdn"):
                continue
            planned += [
                faults.respond(method, path, 503, count=always, after=True),
                faults.drop(method, path, count=always, after=True),
                faults.delay(method, path, 1.0, count=always),
                faults.rate_limit(method, path, 0.5, count=always),
            ]
        return planned

    @asynccontextmanager
    async def troubled_gateway(self) -> AsyncIterator[None]:
        """Cut, move and invalidate the gateway now and then while the block runs."""
        async with meanwhile(self._trouble_gateway()):
            yield

    async def _trouble_gateway(self) -> None:
        gateway = self.world.discord.gateway
        lots = random.Random(self.plan.seed)  # noqa: S311 - likewise
        while True:
            await asyncio.sleep(lots.expovariate(1 / self.plan.gateway_seconds))
            match lots.randrange(4):
                case 0 | 1:
                    gateway.drop()
                case 2:
                    gateway.reconnect()
                case _:
                    gateway.invalidate()

    async def ask(self) -> None:
        """Let everybody ask; come back when there are as many jobs as planned.

        The guilds that want most ask first: all others find a long line.
        """
        wanted = list(zip(self.places, self.shares, strict=True))
        for several in (wanted[: self._eager], wanted[self._eager :]):
            async with asyncio.TaskGroup() as group:
                for place, count in several:
                    for nth, member in enumerate(place.members):
                        mine = (count + 1 - nth) // len(place.members)
                        group.create_task(self._requests(place, member, mine))
        while (missing := self.plan.requests - len(await self.world.jobs())) > 0:
            # Some never reached the bot, or were refused where Discord kept a picture back.
            for _ in range(missing):
                place = self._random.choice(self.places)
                await self._ask(place, place.members[0], self._random.choice(LANES))

    async def _requests(self, place: Place, member: User, count: int) -> None:
        for _ in range(count):
            async with self._at_once:
                await self._ask(place, member, self._random.choice(LANES))

    async def _ask(self, place: Place, member: User, model: str) -> None:
        await self._may_ask.wait()
        self._asking += 1
        try:
            await self._ask_now(place, member, model)
        finally:
            self._asking -= 1

    async def _ask_now(self, place: Place, member: User, model: str) -> None:
        command, options = self._options(model)
        self.tally.asked += 1
        asked = await self.world.discord.actions.slash(member, place.channel, command, options)
        try:
            reply = await asked.final_reply(ANSWER_SECONDS)
        except (NoAnswerError, TimeoutError) as error:
            self.tally.answers[type(error).__name__] += 1
            return
        self.tally.answers[reply.text.partition("`")[0].strip()] += 1
        waited = asked.acknowledged_after_seconds or 0.0
        self.tally.slowest_acknowledgement_seconds = max(
            self.tally.slowest_acknowledgement_seconds, waited
        )
        if "Queued as Job" in reply.text and self._random.random() < self.plan.cancels:
            await self._cancel(place, member, reply.text.split("`")[1])

    def _options(self, model: str) -> tuple[str, dict[str, OptionValue]]:
        prompt = self._random.choice(PROMPTS)
        request: dict[str, OptionValue] = {"model": model, "prompt": prompt}
        if model in FRAMES:
            frames = {"first_frame": cat("first"), "last_frame": cat("last")}
            return "video frames", {**request, **frames, "resolution": FRAMES[model]}
        if model in IMAGE:
            return "video image", {**request, "image": cat("first"), "resolution": IMAGE[model]}
        return "video text", {**request, "size": TEXT[model]}

    async def _cancel(self, place: Place, member: User, job_id: str) -> None:
        messages = footer_index(self.world.discord.messages(place.channel))
        message: Message | None = next(iter(messages.get(f"Job {job_id}", ())), None)
        if message is None:
            return
        try:
            await self.world.discord.actions.click(member, message, "Cancel")
        except ClientRefusedError:
            return  # too late: the button is gone
        self.tally.cancels_pressed += 1

    @asynccontextmanager
    async def nobody_asks(self) -> AsyncIterator[None]:
        """Hold back new requests until the block ends; those under way have got their answer."""
        self._may_ask.clear()
        try:
            while self._asking:  # noqa: ASYNC110 - a count has no event to wait on
                await asyncio.sleep(0.05)
            yield
        finally:
            self._may_ask.set()

    def unexplained(self, jobs: list[Job]) -> list[str]:
        """Return a sentence for each job whose end no fault and no member explains."""
        tasks = self.world.dashscope.tasks
        problems = []
        for job in jobs:
            task = tasks.get(job.task.id or "")
            match job.state:
                case JobState.DELIVERED:
                    continue
                case JobState.FAILED if task is not None and task.problem is not None:
                    continue
                case JobState.CANCELLED if job.cancellation.requested_at is not None:
                    continue
            problems.append(
                f"job {job.id} is {job.state}: {job.failure.reason} {job.failure.detail}"
            )
        return problems

    def free_failures(self) -> int:
        """Return how many tasks failed for a reason after which another is made."""
        problems = [task.problem for task in self.world.dashscope.tasks.values()]
        return sum(problem is not None and problem.code == TRANSIENT for problem in problems)


@asynccontextmanager
async def meanwhile(*works: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run endless works beside the block."""
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(work) for work in works]
        yield
        for task in running:
            task.cancel()


def spoilt(world: World) -> int:
    """Count the answers that were spoilt on purpose, of both platforms."""
    ours = [request for request in world.discord.requests if request.fault is not None]
    return len(ours) + world.dashscope.faults.taken


def outcomes(jobs: list[Job]) -> dict[str, int]:
    """Count the ends of jobs, and why there was no video."""
    counted: dict[str, int] = defaultdict(int)
    for job in jobs:
        reason = f" ({job.failure.reason.value})" if job.failure.reason else ""
        counted[f"{job.state.value}{reason}"] += 1
    return dict(sorted(counted.items(), key=lambda item: -item[1]))
