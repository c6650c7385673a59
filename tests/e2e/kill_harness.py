"""A stage on which the bot is killed at named points, and time passes while it is dead."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bot.domain.jobs.files import RESULT
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import POLLED, JobState
from bot.services.messages.status_updater import GONE_FOR
from bot.storage.unconfirmed import readings_of
from sandbox.dashscope import EmulatorSettings
from sandbox.discord.client.command_input import OptionValue
from sandbox.discord.client.invocation import Invocation
from sandbox.discord.world.records import Channel
from tests.e2e.crash_points import PART_WRITTEN
from tests.e2e.crash_process import ShiftedClock
from tests.e2e.forked_process import CrashableBot
from tests.e2e.invariants import NOTHING_ODD, Allowed, hold, is_settled
from tests.e2e.world import FRAMES_MODEL, World, cat, story

PATIENCE_SECONDS = 180.0
"""A loaded machine takes its time; nothing here waits for it to pass."""

READINGS_APART = timedelta(minutes=12)
"""Silence of the provider's list counts from eleven minutes after the create."""

QUICK = EmulatorSettings(
    task_seconds=(0.5, 0.7), queue_seconds=(0.3, 0.4), failure_seconds=(0.1, 0.2)
)

FAR_SECONDS = 5.0

ROOM = {
    "DEFAULT_GUILD_DAILY_VIDEOS": "1000",
    "DEFAULT_MEMBER_DAILY_VIDEOS": "1000",
    "MAX_QUEUED_PER_MEMBER": "100",
    "MAX_QUEUED_PER_GUILD": "100",
    "DAILY_BUDGET": "0",
    "POLL_INTERVAL_SECONDS": "0.15",
    "STATUS_EDIT_INTERVAL_SECONDS": "0.2",
}

Act = Callable[[], Awaitable[object]]


class KillHarness:
    """Both platforms, the bot's folder, and a bot that dies on request."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bot: CrashableBot = world.staged
        self.has_operator = False
        """Whether somebody settles what nothing else can, instead of that being a failure."""
        self.killed_at: list[str] = []
        """Where the process has died so far."""
        self.elsewhere: Channel = world.discord.channel
        """The channel of the last request with a channel of its own."""
        self._requests = 0

    async def ask(
        self, channel: Channel | None = None, **pictures: OptionValue | None
    ) -> Invocation:
        """Make one request, unlike any before, of the cats or of other pictures."""
        self._requests += 1
        return await self.world.ask(
            self.world.discord.users[1],
            channel,
            prompt=f"the cat says {self._requests}",
            seed=self._requests,
            **pictures,
        )

    async def ask_elsewhere(self) -> Invocation:
        """Make one request in a channel of its own."""
        discord = self.world.discord
        self.elsewhere = discord.build.add_channel(discord.guild, f"clips-{self._requests}")
        return await self.ask(self.elsewhere)

    async def ask_for_failure(self) -> None:
        """Make one request whose first task fails by the provider's fault."""
        self.world.dashscope.faults.add("task", "fail", code="InternalError.Algo", message="oops")
        await self.ask()

    async def ask_for_refusal(self) -> None:
        """Make one request whose result the provider refuses to give out."""
        self.world.dashscope.faults.add(
            "task", "fail", code="DataInspectionFailed", message="Output data may be inappropriate"
        )
        await self.ask()

    async def choose_log_channel(self, log: Channel | None = None) -> None:
        """Have an admin name the channel of the server's log."""
        discord = self.world.discord
        chosen = {"channel": log or discord.channel}
        await discord.actions.slash(
            discord.users[0], discord.channel, "settings log-channel", chosen
        )

    async def report(self, who: int) -> None:
        """Have somebody report the newest video."""
        discord = self.world.discord
        await discord.actions.click(discord.users[who], self.world.status_messages()[-1], "Report")

    async def go_on(self) -> None:
        """Have a member fill in the form that goes on from the newest video."""
        discord = self.world.discord
        member = discord.users[1]
        form = await discord.actions.click(member, self.world.status_messages()[-1], "Continue")
        await form.modal_shown()
        await discord.actions.submit_modal(
            member, form, {"Words": "it runs away", "Last frame": [cat("last")]}
        )

    async def cancel(self) -> None:
        """Cancel the oldest job that is not over."""
        (job, *_) = [job for job in await self.world.jobs() if not job.is_terminal]
        await self._use("jobs cancel", job.id)

    async def retry(self, job_id: str) -> None:
        """Have a job made again."""
        await self._use("jobs retry", job_id)

    async def forget(self, job_id: str) -> None:
        """Erase a job."""
        await self._use("jobs forget", job_id)

    async def _use(self, command: str, job_id: str) -> None:
        discord = self.world.discord
        await discord.actions.slash(discord.users[1], discord.channel, command, {"job": job_id})

    async def park(self, state: str) -> None:
        """Break every poll until the only job is parked; the process dies at that step, too."""
        for point in (f"written {state}>parked", f"committed {state}>parked"):
            is_over = False
            while not is_over:
                # Whatever holds the next poll back is over by then.
                self.pass_time(READINGS_APART.total_seconds())
                is_over = await self._dies_or_waits(point)

    async def _dies_or_waits(self, point: str) -> bool:
        """Let one poll break; return whether that was the last one that was allowed."""
        claims = (await self.only()).lease.claims
        await self.bot.start_until(point, break_at="before get_task")
        await until(partial(self._is_through, claims))
        died = not self.bot.is_running
        await self.bot.kill()
        if died:
            self.killed_at.append(point)
        return died

    async def decide_at(self, *points: str, choice: str) -> None:
        """Have the operator decide about the job that waits for it; the shell dies as well."""
        waits = {JobState.PARKED, JobState.UNCONFIRMED}
        (job,) = [job for job in await self.world.jobs() if job.state in waits]
        for point in points:
            ended = await self.bot.shell("jobs", "reconcile", job.id, choice, crash_at=point)
            assert ended == -signal.SIGKILL, self.bot.log()[-2000:]
            self.killed_at.append(point)

    async def decide_all(self) -> None:
        """Have the operator settle what only they can, by what the provider's console shows."""
        made = {
            task.parameters.get("seed"): task_id
            for task_id, task in self.world.dashscope.tasks.items()
        }
        for job in await self.world.jobs():
            is_theirs = _is_the_operators(job)
            if job.state is JobState.UNCONFIRMED and is_theirs and job.options.seed in made:
                choice = ["--task", made[job.options.seed]]
            elif is_theirs:
                # Parked: kills at random look like a job's fault.
                choice = ["--again"]
            else:
                continue
            assert await self.bot.shell("jobs", "reconcile", job.id, *choice) == 0

    def end_task(self, status: str) -> None:
        """Let the newest task end at the provider by somebody else's hand."""
        task = list(self.world.dashscope.tasks.values())[-1]
        board = self.world.dashscope._task_store
        board._finish(task, status, self.world.dashscope.clock.epoch())

    def sign_again(self) -> None:
        """Let the provider give the newest task another URL, a little later than the first."""
        task = list(self.world.dashscope.tasks.values())[-1]
        self.pass_time(5)
        task.ended_at = self.world.dashscope.clock.epoch()
        self.world.dashscope._results.publish(task)

    async def reading(self) -> None:
        """Let the bot read the provider's list once, long after the creates were lost."""
        self.pass_time(READINGS_APART.total_seconds())
        known = await self._readings()
        await self.bot.start()
        await until(partial(self._has_read, known))
        await self.bot.kill()

    async def kill_at(self, *points: str, act: Act | None = None, gap_seconds: float = 0) -> None:
        """Start the bot once for each point, let something happen, and see it die there.

        Where no act is given, what earlier rounds left is what leads there.
        """
        await self.bot.kill()
        for point in points:
            await self.bot.start_until(point)
            dying = asyncio.ensure_future(self.bot.ended(PATIENCE_SECONDS))
            acting = asyncio.ensure_future(self._act(act))
            try:
                await asyncio.wait({dying, acting}, return_when=asyncio.FIRST_COMPLETED)
                if acting.done() and not dying.done():
                    acting.result()
                assert await dying == -signal.SIGKILL, self.bot.log()[-2000:]
            except TimeoutError:
                raise AssertionError(f"never came to {point}") from None
            finally:
                for task in (acting, dying):
                    task.cancel()
                await asyncio.gather(acting, dying, return_exceptions=True)
            self.killed_at.append(point)
            self.pass_time(gap_seconds)

    async def kill_in_download(self) -> None:
        """Ask, and kill the bot while the result still comes in."""
        drip = self.world.dashscope.faults.add("result", "drip", bytes_per_second=256 * 1024)
        await self.bot.kill()
        await self.bot.start()
        await self.ask()
        await until(self._is_part_written)
        await self.bot.kill()
        self.world.dashscope.faults.remove(drip)
        self.killed_at.append(PART_WRITTEN)

    async def _is_part_written(self) -> bool:
        scratch = self.bot.folder / "data" / "scratch"
        return any(path.stat().st_size for path in scratch.glob(f"*/{RESULT}"))

    async def _act(self, act: Act | None) -> None:
        if act is not None:
            await self.bot.wait_until_ready()
            await act()

    def pass_time(self, seconds: float) -> None:
        """Move the time of day of all three on."""
        self.bot.shift.seconds += seconds
        self.world.dashscope.clock.advance(seconds)
        self.world.discord.clock.advance(seconds)

    async def until(self, is_so: Callable[[list[Job]], object]) -> list[Job]:
        """Wait until the stored jobs are so."""
        found: list[Job] = []

        async def are_so() -> bool:
            found[:] = await self.world.jobs()
            return bool(is_so(found))

        await until(are_so)
        return found

    async def only(self) -> Job:
        """Return the only job."""
        (job,) = await self.world.jobs()
        return job

    async def run_until(self, is_so: Callable[[list[Job]], object]) -> list[Job]:
        """Let the bot live until the stored jobs are so, then kill it."""
        await self.bot.start()
        found = await self.until(is_so)
        await self.bot.kill()
        return found

    async def recover(self) -> list[Job]:
        """Let the bot live, with breaks of some minutes, until nothing is left to do."""
        await self.bot.kill()
        for _ in range(8):
            known = await self._readings()
            await self.bot.start()
            await until(partial(self._waits, known))
            found = await self.world.jobs()
            if all(map(is_settled, found)):
                return found
            await self.bot.kill()
            self.pass_time(READINGS_APART.total_seconds())
        raise AssertionError([(job.id, job.state.value) for job in await self.world.jobs()])

    async def end(self, allowed: Allowed = NOTHING_ODD) -> list[Job]:
        """Recover, and assert everything that must hold; what died with a request is swept, too."""
        found = await self.recover()
        await self.bot.kill()
        self.pass_time(2 * 3600)
        await self.bot.start()
        await until(self._is_swept)
        await hold(self.world, allowed)
        return found

    async def _is_swept(self) -> bool:
        """Tell whether each folder has its job."""
        folder = self.bot.folder / "data" / "jobs"
        names = {job.id for job in await self.world.jobs()}
        return {path.name for path in folder.glob("*")} <= names

    async def _waits(self, known: int) -> bool:
        """Tell whether nothing happens without more time: tasks take theirs, or nobody has any."""
        open_jobs = [job for job in await self.world.jobs() if not is_settled(job)]
        if any(map(_is_the_operators, open_jobs)) and self.has_operator:
            await self.decide_all()
            return False
        assert not any(job.state is JobState.PARKED for job in open_jobs), "parked"
        open_jobs = [job for job in open_jobs if not self._is_out_of_sight(job)]
        unconfirmed = [job for job in open_jobs if job.state is JobState.UNCONFIRMED]
        if any(job not in unconfirmed and not self._takes_its_time(job) for job in open_jobs):
            return False
        return not any(map(self._is_to_be_read, unconfirmed)) or await self._has_read(known)

    def _is_out_of_sight(self, job: Job) -> bool:
        """Tell whether all that is left is a last word in a channel that may come back."""
        channel_id = job.messages.status_channel_id or job.origin.channel_id
        is_gone = self.world.discord.state.channels[channel_id].deleted
        return (
            is_gone
            and job.times.finished_at is not None
            and self._now() - job.times.finished_at < GONE_FOR
        )

    def _is_to_be_read(self, job: Job) -> bool:
        """Tell whether the silence of the provider's list would count by now."""
        return job.task.sent_at is not None and self._now() - job.task.sent_at >= READINGS_APART

    def _now(self) -> datetime:
        return ShiftedClock(self.bot.shift).now()

    def _takes_its_time(self, job: Job) -> bool:
        """Tell whether a job stays as it is for some seconds: what comes next is due later."""
        removal_due_at = job.messages.removal_due_at
        if removal_due_at is not None:
            return (removal_due_at - self._now()).total_seconds() > FAR_SECONDS
        task = self.world.dashscope.tasks.get(job.task.id or "")
        if task is None or task.finished or job.state not in POLLED:
            return False
        changes_at = (
            task.not_before
            if task.scheduled_at is None
            else self.world.dashscope._task_store.ends_at(task)
        )
        is_seen = (job.state is JobState.RUNNING) is (task.scheduled_at is not None)
        return is_seen and changes_at - self.world.dashscope.clock.epoch() > FAR_SECONDS

    async def _has_read(self, known: int) -> bool:
        return await self._readings() != known

    async def _is_through(self, claims: int) -> bool:
        """Tell whether the only job's work has failed once more, or the process died of it.

        A claim is seen before its work has failed, and a job that is parked, whose claims count
        from zero again, before the process dies of it; killed by then, it would never come there.
        """
        if not self.bot.is_running:
            return True
        job = await self.only()
        is_given_back = job.lease.owner is None and job.lease.claims != claims
        return is_given_back and job.state is not JobState.PARKED

    async def _readings(self) -> int:
        found = await self.world.jobs()
        async with self.world.database() as connection:
            return sum([len(await readings_of(connection, job.id)) for job in found])


STEPPED = EmulatorSettings(
    queue_seconds=(120, 120), task_seconds=(120, 120), failure_seconds=(0.1, 0.1)
)
"""Tasks that begin and end only when time is made to pass, on a loaded machine as well."""

UNTIL_BEGUN, UNTIL_DONE = 130, 130
"""Seconds to pass for them."""


def _is_the_operators(job: Job) -> bool:
    is_told = job.state is JobState.UNCONFIRMED and job.times.operator_told_at is not None
    return is_told or job.state is JobState.PARKED


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so, which is told by a file or a database."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await is_so():  # noqa: ASYNC110 - neither has an event to wait on
            await asyncio.sleep(0.1)


@asynccontextmanager
async def kill_harness(
    tmp_path: Path,
    *,
    emulator: EmulatorSettings = QUICK,
    models: Collection[str] = (FRAMES_MODEL,),
    **variables: str,
) -> AsyncIterator[KillHarness]:
    """Set the stage, with room for many requests and a bot that does not run yet."""
    async with story(tmp_path, emulator=emulator, start=False, models=models) as world:
        world.bot.variables |= ROOM | variables
        yield KillHarness(world)
