"""What ``python -m bot check`` looks at, before anything is started or paid."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import discord

from bot.app import App, build_app
from bot.chat.text import alerts
from bot.domain.errors import (
    BotError,
    ConfigurationError,
    DatabaseUnavailableError,
    MediaUnreadableError,
    ProviderUnavailableError,
    ResultHostError,
)
from bot.domain.ports import Files
from bot.domain.units import MIB
from bot.outside import Overrides
from bot.settings import Settings
from bot.storage import schema

_KEY_PREFIX = "sk-"

IN_CLEAR = "sends a secret over plain http to another machine, where anybody between can read it"
"""What is said of a base URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One line of the report."""

    subject: str
    detail: str = ""
    problem: str | None = None
    """What to do about it; None where all is well."""
    warning: str | None = None
    """What may be wrong, and does not keep the bot from starting."""

    @property
    def line(self) -> str:
        """What the host reads: ok, warn or FAIL, and about what."""
        mark = "FAIL" if self.problem else "warn" if self.warning else "ok  "
        return f"{mark} {self.subject}: {self.problem or self.warning or self.detail}"


class _DoubtError(Exception):
    """Something may be wrong."""


async def run_checks(settings: Settings, overrides: Overrides | None = None) -> list[CheckResult]:
    """Look at everything a start needs and report each point.

    Args:
        settings: the host's.
        overrides: parts that stand in for the product's own.
    """
    async with build_app(settings, overrides) as app:
        checks: list[tuple[str, Callable[[App], Awaitable[str]]]] = [
            ("catalogue", _catalogue),
            ("database", _database),
            ("disk", _disk),
            ("media", _media),
            ("DASHSCOPE_API_KEY", _key_shape),
            ("provider", _provider),
            ("results", _results),
            ("callbacks", _callbacks),
            ("Discord", _discord),
        ]
        return [
            *(CheckResult(subject=name, warning=IN_CLEAR) for name in settings.in_clear),
            *[await _run(subject, check, app) for subject, check in checks],
        ]


async def _run(subject: str, check: Callable[[App], Awaitable[str]], app: App) -> CheckResult:
    try:
        return CheckResult(subject=subject, detail=await check(app))
    except _DoubtError as error:
        return CheckResult(subject=subject, warning=str(error))
    except ConfigurationError as error:
        named = "" if error.setting == subject else f"{error.setting} "
        return CheckResult(subject=subject, problem=f"{named}{error.problem}")
    except discord.LoginFailure:
        return CheckResult(subject=subject, problem="refuses DISCORD_TOKEN")
    except ProviderUnavailableError as error:
        return CheckResult(subject=subject, problem=f"cannot be reached: {error}")
    except DatabaseUnavailableError as error:
        return CheckResult(subject=subject, problem=f"DATABASE_URL cannot be reached: {error}")
    except MediaUnreadableError:
        return CheckResult(
            subject=subject, problem="no child process could be started; run make setup again"
        )
    except (BotError, OSError, aiohttp.ClientError, discord.DiscordException) as error:
        return CheckResult(subject=subject, problem=str(error) or type(error).__name__)


async def _catalogue(app: App) -> str:
    today = app.clock.now().date()
    names = ", ".join(model.name for model in app.catalogue.on(today))
    said = f"{app.catalogue.region.value} offers {names}"
    ending = [
        f"{model.name} ends on {model.ends_on}" for model in app.catalogue if model.ends_soon(today)
    ]
    return "; ".join([said, *ending])


async def _database(app: App) -> str:
    file = app.database.file
    if file is not None and not file.exists():
        # Asking would make an empty file of a name that may be mistyped.
        return f"{file} does not exist; run creates it"
    current = await schema.current_revision(app.database)
    newest = schema.newest_revision()
    if current is None:
        return f"reachable, empty; run creates revision {newest}"
    return f"reachable, revision {current}, newest {newest}"


async def _disk(app: App) -> str:
    await require_writable(app.files)
    folder = app.settings.data_dir
    free, least = await app.files.free_bytes(), app.settings.min_free_mib
    if free < app.settings.min_free_bytes:
        raise ConfigurationError("DATA_DIR", f"has {free // MIB} MiB free; {least} are needed")
    return f"{folder} is writable, {free // MIB:,} MiB free"


async def require_writable(files: Files) -> None:
    """Make sure that files can be kept.

    Raises:
        ConfigurationError: they cannot.
    """
    try:
        await files.try_writing(size_bytes=1)
    except OSError as error:
        raise ConfigurationError("DATA_DIR", f"cannot be written: {error}") from error


async def _media(app: App) -> str:
    try:
        await require_writable(app.files)
    except ConfigurationError:  # that is another check's to say
        return "not looked at: a child process needs DATA_DIR"
    loads = "a child process loads what pictures and videos need"
    if not (missing := await app.media.check()):
        return loads
    return f"{loads}; this system does not shut it off from: {', '.join(missing)}"


async def _key_shape(app: App) -> str:
    key = app.settings.dashscope_api_key.get_secret_value()
    if not key.startswith(_KEY_PREFIX):
        raise ConfigurationError(
            "DASHSCOPE_API_KEY", f"does not begin with {_KEY_PREFIX} as Model Studio's keys do"
        )
    return "has the shape of Model Studio's keys"


async def _provider(app: App) -> str:
    model = next(iter(app.catalogue)).name
    page = await app.provider.list_tasks(model=model, page=1)
    return f"answers; {len(page.tasks)} tasks of {model} in the last 24 hours"


async def _results(app: App) -> str:
    """Judge where a result would come from as a download would."""
    proxy = app.settings.dashscope_proxy
    if proxy is not None:
        return f"not looked up here: the proxy at {proxy.address} does that"
    found = await app.result_lookups.look()
    if not found:
        return "not looked up: they come from this machine, or from hosts named by pattern alone"
    for lookup in found:
        if lookup.refused is not None:
            raise ResultHostError(alerts.result_address(lookup.host, lookup.refused))
    unknown = [lookup.host for lookup in found if not lookup.addresses]
    if unknown:
        raise _DoubtError(
            f"{', '.join(unknown)} does not resolve here; where the same is true of other hosts "
            "under RESULT_HOSTS, no result can be fetched"
        )
    return "; ".join(f"{lookup.host} leads to {', '.join(lookup.addresses)}" for lookup in found)


async def _callbacks(app: App) -> str:
    """Say where calls are taken; whether EventBridge makes any is seen in the log alone."""
    settings = app.settings
    if settings.callback_url is None:
        return "off: no CALLBACK_TOKEN; tasks are polled"
    from bot.callbacks import PATH  # brings cryptography, which most hosts have no use for

    url, query, _ = settings.callback_url.partition("?")
    shown = f"{url}?…" if query else url
    taken = f"taken at {PATH} on {settings.http_listen}, signed for {shown}"
    if settings.dashscope_proxy is not None:
        return f"{taken}; certificates come through the proxy at {settings.dashscope_proxy.address}"
    found = await app.look_up_certificates()
    for lookup in found:
        if lookup.refused is not None or not lookup.addresses:
            leads = f"leads to {lookup.refused}, which is not public"
            raise _DoubtError(
                f"{lookup.host} {leads if lookup.addresses else 'does not resolve here'}; no call "
                "with a certificate from there can be verified, and tasks are polled"
            )
    leading = [f"{lookup.host} leads to {', '.join(lookup.addresses)}" for lookup in found]
    return "; ".join([taken, *leading])


async def _discord(app: App) -> str:
    async with app.client as client:
        me = await client.http.static_login(app.settings.discord_token.get_secret_value())
    return f"logged in as {me['username']} ({me['id']})"
