"""The commands of ``python -m bot``. A wrong setting ends any of them with exit code 78."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, BinaryIO, ParamSpec

import click

from bot import __version__
from bot.chat.text import decisions, operators, refusals
from bot.domain.errors import (
    BotError,
    ConfigurationError,
    DecisionRefusedError,
    InvalidOptionsError,
    JobNotFoundError,
)
from bot.domain.guilds.exports import ExportFormat
from bot.domain.guilds.periods import Period
from bot.domain.guilds.quota import Unit, Window
from bot.domain.host.switch import Switch
from bot.domain.ids import GuildId, TaskId, UserId, parse_job_id
from bot.domain.jobs.states import ACTIVE, JobState
from bot.domain.people import Person
from bot.logs import configure_logs, get_logger
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    from bot.app import App
    from bot.outside import Overrides

EXIT_CONFIGURATION = 78
"""``EX_CONFIG`` of sysexits.h."""

SHELL = Person(user_id=UserId(0), name="")
"""Whoever may start the process: the audit trail has neither id nor name of theirs."""

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
        except DecisionRefusedError as error:
            _fail(f"{error.code}: {decisions.refused(error)}", 1)
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
        secrets=settings.secrets,
    )
    return settings


def _overrides() -> Overrides | None:
    """Return what stands in for parts of the product: nothing, in a shell."""
    overrides: Overrides | None = click.get_current_context().obj
    return overrides


def _app() -> AbstractAsyncContextManager[App]:
    from bot.app import build_app

    return build_app(_settings(quiet=True), _overrides())


@click.group()
@click.version_option(__version__, prog_name="tween")
def main() -> None:
    """Tween: a Discord bot that turns frames, pictures and prompts into short videos."""


@main.command()
@_configured
async def run() -> None:
    """Apply migrations and serve until SIGTERM."""
    from bot.serving import run as serve

    try:
        await serve(_settings(), _overrides())
    except Exception as error:
        named = _named(error)
        if named is not None:
            raise named from None
        log.exception("crashed")
        sys.exit(1)


def _named(error: BaseException) -> BotError | None:
    """Return the trouble with a name that ended the process, if it was nothing else."""
    if isinstance(error, BaseExceptionGroup):
        leaves = [_named(inner) for inner in error.exceptions]
        return None if None in leaves else leaves[0]
    return error if isinstance(error, BotError) else None


@main.command()
@_configured
async def check() -> None:
    """Check configuration, database, disk, key, provider and Discord."""
    from bot.checks import run_checks

    findings = await run_checks(_settings(quiet=True), _overrides())
    for finding in findings:
        click.echo(finding.line)
    if any(finding.problem for finding in findings):
        sys.exit(EXIT_CONFIGURATION)


@main.group()
def db() -> None:
    """Look after the database."""


@db.command()
@_configured
async def upgrade() -> None:
    """Apply all missing migrations."""
    from bot.storage import migrate, schema
    from bot.storage.engine import Database

    database = Database(_settings(quiet=True).database_url)
    try:
        await migrate.upgrade(database)
        click.echo(await schema.current_revision(database))
    finally:
        await database.aclose()


@db.command()
@_configured
async def current() -> None:
    """Print the schema revision the database has, and the newest one."""
    from bot.storage import schema
    from bot.storage.engine import Database

    database = Database(_settings(quiet=True).database_url)
    try:
        revision = await schema.current_revision(database)
        click.echo(f"{revision or 'empty'} (newest: {schema.newest_revision()})")
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
    from bot.storage import jobs

    states = {JobState(name) for name in state} or ACTIVE
    async with _app() as app, app.database.read() as connection:
        found = await jobs.newest(connection, states=states, limit=limit)
    for job in found:
        click.echo(operators.job_line(job))
    if not found:
        click.echo(operators.NO_JOBS)


@jobs_group.command(name="show")
@click.argument("job_id")
@_configured
async def show_job(job_id: str) -> None:
    """Print a job's history and ledger entries."""
    await _print_history(job_id)


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
    decisions = [bool(task), failed, again].count(True)
    if job_id is None and decisions:
        raise click.UsageError("say which job that is for: reconcile JOB_ID …")
    if job_id is not None and decisions != 1:
        raise click.UsageError("give one of --task, --failed and --again")
    async with _app() as app:
        if job_id is None:
            click.echo(operators.unconfirmed_left(await app.operator.reconcile()))
            return
        asked = parse_job_id(job_id)
        if asked is None:
            raise click.UsageError(f"{job_id} is not a job id")
        job = await app.decisions.carry_out(
            asked, taken=TaskId(task) if task else None, failed=failed
        )
        click.echo(operators.job_line(job))


@main.group(name="usage")
def usage_group() -> None:
    """Read what servers spent."""


@usage_group.command(name="export")
@click.option("--guild", "guild_id", type=int, required=True, help="Id of the server.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice([file_format.value for file_format in ExportFormat]),
    default=ExportFormat.CSV.value,
    show_default=True,
)
@click.option(
    "--period",
    type=click.Choice([period.value for period in Period]),
    default=Period.ALL.value,
    show_default=True,
    help="In the server's time zone.",
)
@click.option("--output", type=click.File("wb"), default="-", help="File; standard output if none.")
@_configured
async def export_usage(guild_id: int, file_format: str, period: str, output: BinaryIO) -> None:
    """Write the file that /usage export hands out, of any length and uncompressed."""
    async with _app() as app:
        pieces = app.usage_reports.pieces(
            GuildId(guild_id), Period(period), ExportFormat(file_format)
        )
        async for piece, _ in pieces:
            output.write(piece.encode())


@main.group(name="operator")
def operator_group() -> None:
    """Do what /operator does; a process that serves the database obeys at once."""


@operator_group.command(name="status")
@_configured
async def show_status() -> None:
    """Print switch, account, lanes, queue and the money of today."""
    async with _app() as app:
        status = await app.operator.status()
        for fact in operators.status_facts(status, app.money, _moment):
            indent = " " * (len(fact.name) + 2)
            click.echo(f"{fact.name}: " + fact.value.replace("\n", f"\n{indent}"))


@operator_group.command()
@_configured
async def pause() -> None:
    """Submit nothing more; new jobs wait in line."""
    await _turn(Switch.PAUSED)


@operator_group.command()
@_configured
async def resume() -> None:
    """End a pause or a drain."""
    await _turn(Switch.OPEN)


@operator_group.command()
@_configured
async def drain() -> None:
    """Take and submit no new jobs; let those under way finish."""
    await _turn(Switch.DRAINING)


async def _turn(switch: Switch) -> None:
    async with _app() as app:
        status = await app.operator.turn(switch, SHELL)
    click.echo(operators.TURNED[switch])
    if switch is Switch.DRAINING:
        click.echo(operators.drained(status))


@operator_group.command()
@click.argument("guild")
@click.argument("limit")
@click.option("--unit", type=click.Choice([unit.value for unit in Unit]), required=True)
@click.option("--per", type=click.Choice([window.value for window in Window]), required=True)
@_configured
async def ceiling(guild: str, limit: str, unit: str, per: str) -> None:
    """Set what a server may spend at most.

    GUILD is its id. LIMIT counts videos, seconds or money; 0 blocks, "default" takes back what was
    set.
    """
    from cogs._amounts import read_amount

    async with _app() as app:
        money = app.money
        try:
            units = None if limit == "default" else read_amount(Unit(unit), _figure(limit), money)
        except InvalidOptionsError as error:
            _fail(f"{error.code}: {refusals.refusal(error, money)}", 1)
        changed = await app.operator.set_ceiling(
            guild, unit=Unit(unit), window=Window(per), limit=units, actor=SHELL
        )
        click.echo(operators.ceiling(changed, money))


def _figure(typed: str) -> float:
    try:
        return float(typed)
    except ValueError:
        raise click.UsageError(f"{typed} is neither a number nor “default”") from None


@operator_group.command(name="guilds")
@_configured
async def list_guilds() -> None:
    """List servers: members, jobs and cost of 30 days, ceiling, left or not."""
    async with _app() as app:
        money = app.money
        found = await app.operator.guilds()
    for guild in found:
        name, facts = operators.guild_name(guild), operators.guild_facts(guild, money, _moment)
        click.echo(f"{guild.guild_id} {name}: {facts}")
    if not found:
        click.echo(operators.NO_SERVERS)


@operator_group.command(name="job")
@click.argument("job_id")
@_configured
async def show_history(job_id: str) -> None:
    """Print a job's history and ledger entries, as jobs show does."""
    await _print_history(job_id)


@operator_group.command(name="reconcile")
@_configured
async def reconcile_all() -> None:
    """Settle unconfirmed jobs by the provider's list, as jobs reconcile does without a job."""
    async with _app() as app:
        click.echo(operators.unconfirmed_left(await app.operator.reconcile()))


async def _print_history(job_id: str) -> None:
    async with _app() as app:
        try:
            told = await app.operator.history(job_id)
        except JobNotFoundError:
            _fail(operators.no_job(job_id), 1)
            return
    for line in operators.history(told):
        click.echo(line)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
