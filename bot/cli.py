"""The commands of ``python -m bot``. A wrong setting ends any of them with exit code 78."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import ParamSpec

import click

from bot import __version__
from bot.chat import text
from bot.domain.errors import BotError, ConfigurationError
from bot.domain.ids import TaskId, parse_job_id
from bot.domain.job import ACTIVE, Job, JobState
from bot.logs import configure_logs, get_logger
from bot.settings import Settings, load_settings

EXIT_CONFIGURATION = 78
"""``EX_CONFIG`` of sysexits.h."""

log = get_logger(__name__)

_P = ParamSpec("_P")


def _configured(command: Callable[_P, Coroutine[None, None, None]]) -> Callable[_P, None]:
    """Run an asynchronous command; its named errors become one line and an exit code."""

    @wraps(command)
    def run(*args: _P.args, **kwargs: _P.kwargs) -> None:
        try:
            asyncio.run(command(*args, **kwargs))
        except ConfigurationError as error:
            _fail(f"{error.setting}: {error.problem}", EXIT_CONFIGURATION)
        except BotError as error:
            _fail(f"{error.code}: {error}", 1)
        except KeyboardInterrupt:
            sys.exit(130)

    return run


def _fail(line: str, code: int) -> None:
    click.echo(line, err=True)
    sys.exit(code)


def _settings(*, quiet: bool = False) -> Settings:
    settings = load_settings()
    configure_logs(
        level="ERROR" if quiet else settings.log_level,
        style=settings.log_format,
        secrets=(
            settings.discord_token.get_secret_value(),
            settings.dashscope_api_key.get_secret_value(),
        ),
    )
    return settings


@click.group()
@click.version_option(__version__, prog_name="tween")
def main() -> None:
    """Tween: a Discord bot that turns frames, pictures and prompts into short videos."""


@main.command()
@_configured
async def run() -> None:
    """Apply migrations and serve until SIGTERM."""
    from bot.app import run as serve
    from bot.checks import require_writable

    settings = _settings()
    require_writable(settings.data_dir)
    try:
        await serve(settings)
    except Exception as error:
        named = _named(error)
        if named is not None:
            raise named from None
        log.exception("crashed")
        sys.exit(1)


def _named(error: BaseException) -> BotError | None:
    """Return the trouble with a name that ended the process, if it was nothing else."""
    if isinstance(error, BaseExceptionGroup):
        leaves = [_named(each) for each in error.exceptions]
        return None if None in leaves else leaves[0]
    return error if isinstance(error, BotError) else None


@main.command()
@_configured
async def check() -> None:
    """Check configuration, database, disk, key, provider and Discord."""
    from bot.checks import run_checks

    findings = await run_checks(_settings(quiet=True))
    for finding in findings:
        mark = "ok  " if finding.problem is None else "FAIL"
        click.echo(f"{mark} {finding.subject}: {finding.problem or finding.detail}")
    if any(finding.problem for finding in findings):
        sys.exit(EXIT_CONFIGURATION)


@main.group()
def db() -> None:
    """Look after the database."""


@db.command()
@_configured
async def upgrade() -> None:
    """Apply all missing migrations."""
    from bot.storage import migrate
    from bot.storage.engine import Database

    database = Database(_settings(quiet=True).database_url)
    try:
        await migrate.upgrade(database)
        click.echo(await migrate.current_revision(database))
    finally:
        await database.aclose()


@db.command()
@_configured
async def current() -> None:
    """Print the schema revision the database has, and the newest one."""
    from bot.storage import migrate
    from bot.storage.engine import Database

    database = Database(_settings(quiet=True).database_url)
    try:
        revision = await migrate.current_revision(database)
        click.echo(f"{revision or 'empty'} (newest: {migrate.newest_revision()})")
    finally:
        await database.aclose()


@main.group(name="jobs")
def jobs_group() -> None:
    """Look at jobs, and decide about those that need the operator."""


@jobs_group.command(name="list")
@click.option("--state", type=click.Choice([state.value for state in JobState]), multiple=True)
@click.option("--limit", default=50, show_default=True, help="Most jobs printed.")
@_configured
async def list_jobs(state: tuple[str, ...], limit: int) -> None:
    """List jobs, newest first; without --state those that are not over."""
    from bot.app import build_app
    from bot.storage import jobs

    states = {JobState(name) for name in state} or ACTIVE
    async with build_app(_settings(quiet=True)) as wiring, wiring.database.read() as connection:
        found = await jobs.newest(connection, states=states, limit=limit)
    for job in found:
        click.echo(_line(job))
    if not found:
        click.echo("no jobs")


@jobs_group.command(name="show")
@click.argument("job_id")
@_configured
async def show_job(job_id: str) -> None:
    """Print a job's history and ledger entries."""
    from bot.app import build_app
    from bot.storage import jobs, ledger

    asked = parse_job_id(job_id)
    async with build_app(_settings(quiet=True)) as wiring, wiring.database.read() as connection:
        job = None if asked is None else await jobs.get(connection, asked)
        if job is None:
            _fail(f"no job {job_id}", 1)
            return
        click.echo(_line(job))
        for event in await jobs.history(connection, job.id):
            arrow = f"{event.source} -> {event.target}" if event.target else event.name
            facts = " ".join(f"{key}={value}" for key, value in event.detail.items())
            click.echo(f"  {event.at:%Y-%m-%d %H:%M:%S} {event.owner:12} {arrow} {facts}")
        for entry in await ledger.of_job(connection, job.id):
            amounts = entry.amounts
            click.echo(
                f"  {entry.at:%Y-%m-%d %H:%M:%S} {entry.kind:12} {amounts.videos:+d} videos "
                f"{amounts.seconds:+d} s {amounts.micros / 1_000_000:+.6f} CNY {entry.reason}"
            )


@jobs_group.command()
@click.argument("job_id", required=False)
@click.option("--task", help="Id of the task that is this job's.")
@click.option("--failed", is_flag=True, help="Give the job up; nothing is charged.")
@click.option("--again", is_flag=True, help="Let it go on: an unconfirmed job is queued again.")
@_configured
async def reconcile(job_id: str | None, task: str | None, *, failed: bool, again: bool) -> None:
    """Settle unconfirmed jobs by the provider's list, or decide about one job.

    Without JOB_ID one round of reconciling is made. With it, one of --task, --failed and --again
    is the decision; --again may pay twice where the provider has the job after all.
    """
    from bot.app import build_app
    from bot.storage import jobs

    decisions = [bool(task), failed, again].count(True)
    if job_id is None and decisions:
        raise click.UsageError("say which job that is for: reconcile JOB_ID …")
    if job_id is not None and decisions != 1:
        raise click.UsageError("give one of --task, --failed and --again")
    async with build_app(_settings(quiet=True)) as wiring:
        reconciler = wiring.reconciler()
        if job_id is None:
            await reconciler.run_once()
            async with wiring.database.read() as connection:
                left = await jobs.in_states(connection, {JobState.UNCONFIRMED})
            click.echo(f"{len(left)} unconfirmed")
            return
        asked = parse_job_id(job_id)
        if asked is None:
            raise click.UsageError(f"{job_id} is not a job id")
        job = await reconciler.decide(asked, taken=TaskId(task) if task else None, failed=failed)
        click.echo(_line(job))


def _line(job: Job) -> str:
    return (
        f"{job.id} {job.created_at:%Y-%m-%d %H:%M:%S} {job.state.value:13} {job.model} "
        f"{job.resolution} guild={job.guild_id} member={job.requester_id} "
        f"{text.Money().show(job.price_micros)}"
        + (f" {job.failure_reason.value}" if job.failure_reason else "")
        + (f": {job.failure_detail}" if job.failure_detail else "")
    )
