"""The only reader of the environment: built once at start-up, passed down, never changed.

Variable names, defaults and meanings are a contract with the people who host Tween; README lists
them all. A wrong value ends the process with exit code 78 and one line that names it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.domain.catalogue import Catalogue, Override, Region
from bot.domain.errors import ConfigurationError
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.ids import GuildId, UserId
from bot.domain.money import MICROS
from bot.domain.network import (
    ForwardProxy,
    IPNetwork,
    is_loopback_name,
    parse_network,
    parse_proxy,
)
from bot.domain.units import MIB

MOST_SECONDS = 10 * 366 * 86_400
"""A bound that only a slip of the finger reaches; beyond it a date cannot be computed."""

_HOST_PATTERN = re.compile(r"\[[0-9a-fA-F:.]+\]|[A-Za-z0-9*?._\[\]!-]+")
_HOST_NAME = re.compile(r"\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+")

Seconds = Annotated[float, Field(gt=0, le=MOST_SECONDS, allow_inf_nan=False)]
Names = Annotated[tuple[str, ...], NoDecode]
Snowflakes = Annotated[frozenset[int], NoDecode]
Networks = Annotated[tuple[IPNetwork, ...], NoDecode]
Proxy = Annotated[ForwardProxy | None, NoDecode]


SHORTEST_SECRET = 4
"""Characters of a proxy's password that are looked for in log lines."""

SHORTEST_TOKEN = 8
"""Characters: the token is all that tells our rule's calls from those of anybody's rule."""

LEAST_BUDGET = 0.01
"""CNY; less would be rounded to nothing, and nothing is no bound."""


class Settings(BaseSettings):
    """Everything a host can choose."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    discord_token: SecretStr
    discord_api_base_url: str = "https://discord.com/api/v10"
    discord_proxy: Proxy = None
    dashscope_api_key: SecretStr
    dashscope_region: Region = Region.BEIJING
    dashscope_http_base_url: str | None = None
    dashscope_workspace_id: str | None = None
    dashscope_proxy: Proxy = None
    database_url: str = "sqlite:///data/tween.db"
    data_dir: Path = Path("data")
    result_hosts: Names = ("*.aliyuncs.com",)
    result_networks: Networks = ()
    catalogue_overrides: Path | None = None
    callback_token: SecretStr | None = None
    callback_url: str | None = None
    callback_certificate_hosts: Names = ("cn-beijing-eventbridge.oss-accelerate.aliyuncs.com",)
    daily_budget: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] = 50
    guild_budget_share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.5
    allowed_guilds: Snowflakes = frozenset()
    currency: str = "CNY"
    currency_per_cny: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1
    default_guild_daily_videos: Annotated[int, Field(ge=0)] = 50
    default_member_daily_videos: Annotated[int, Field(ge=0)] = 10
    max_queued_per_member: Annotated[int, Field(ge=1)] = 5
    max_queued_per_guild: Annotated[int, Field(ge=1)] = 100
    poll_interval_seconds: Seconds = 15
    status_edit_interval_seconds: Seconds = 5
    queue_ttl_seconds: Seconds = 86_400
    task_timeout_seconds: Seconds = 14_400
    operator_ids: Snowflakes = frozenset()
    operator_guild_id: int | None = None
    upload_limit_mib: Annotated[int, Field(ge=1, le=500)] = 10
    min_free_mib: Annotated[int, Field(ge=0, le=1_000_000)] = 2048
    retention_days: Annotated[float, Field(gt=0, le=3_660, allow_inf_nan=False)] = 7
    http_listen: str = "127.0.0.1:8080"
    shutdown_seconds: Seconds = 10
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("result_hosts", "callback_certificate_hosts", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        return _split(value)

    @field_validator("result_hosts")
    @classmethod
    def _some_host(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("is empty: no video could be fetched")
        for host in value:
            if not _HOST_PATTERN.fullmatch(host):
                raise ValueError(f"{host!r} is not a host name or pattern such as *.aliyuncs.com")
        return value

    @field_validator("callback_certificate_hosts")
    @classmethod
    def _exact_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("is empty: no call could be verified")
        for host in value:
            if not _HOST_NAME.fullmatch(host):
                # Everybody may have a bucket under oss-accelerate.aliyuncs.com.
                raise ValueError(f"{host!r} is not the exact name of one host, without port")
        return tuple(host.lower() for host in value)

    @field_validator("result_networks", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(parse_network(part.strip()) for part in value.split(",") if part.strip())

    @field_validator("discord_proxy", "dashscope_proxy", mode="before")
    @classmethod
    def _proxy(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return parse_proxy(value.strip()) if value.strip() else None

    @field_validator("allowed_guilds", "operator_ids", mode="before")
    @classmethod
    def _split_ids(cls, value: object) -> object:
        return _split(value)

    @field_validator(
        "dashscope_http_base_url",
        "dashscope_workspace_id",
        "catalogue_overrides",
        "callback_token",
        "callback_url",
        "operator_guild_id",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("discord_token", "dashscope_api_key", "callback_token")
    @classmethod
    def _not_blank(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        text = value.get_secret_value().strip()
        if not text or not text.isascii() or any(character.isspace() for character in text):
            raise ValueError("is empty or not a single word")
        return SecretStr(text)

    @field_validator("discord_api_base_url", "dashscope_http_base_url")
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        if value is not None:
            _require_http(value)
        return value.rstrip("/") if value else value

    @field_validator("callback_token")
    @classmethod
    def _not_short(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError(f"is shorter than {SHORTEST_TOKEN} characters")
        return value

    @field_validator("callback_url")
    @classmethod
    def _as_configured(cls, value: str | None) -> str | None:
        if value is not None:
            _require_http(value)
            if any(not "!" <= letter <= "~" for letter in value):
                raise ValueError("has a blank or an unusual character")
            if "@" in urlsplit(value).netloc:
                raise ValueError("has a user name in it")
        # Byte for byte: it is part of what EventBridge signs.
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        _parse_url(value)
        if value.removeprefix("sqlite:///") in {"", ":memory:"}:
            raise ValueError("must name a file: jobs in memory would not survive a restart")
        return value

    @field_validator("daily_budget")
    @classmethod
    def _none_or_some(cls, value: float) -> float:
        if 0 < value < LEAST_BUDGET:
            raise ValueError(f"must be at least {LEAST_BUDGET}, or 0 for no bound")
        return value

    @field_validator("http_listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        _, colon, port = value.rpartition(":")
        if value and not (colon and port.isdecimal() and int(port) <= 65_535):  # noqa: PLR2004
            raise ValueError("must be host:port, or empty for off")
        return value

    @model_validator(mode="after")
    def _callbacks_are_whole(self) -> Self:
        if (self.callback_token is None) != (self.callback_url is None):
            missing, given = ("CALLBACK_URL", "CALLBACK_TOKEN")
            if self.callback_token is None:
                missing, given = given, missing
            raise ConfigurationError(missing, f"is required with {given}")
        if self.callback_token is not None and not self.http_listen:
            raise ConfigurationError("HTTP_LISTEN", "is off, but CALLBACK_TOKEN needs it")
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no log line repeats: tokens, key, and the passwords of proxies."""
        proxies = (self.discord_proxy, self.dashscope_proxy)
        return (
            self.discord_token.get_secret_value(),
            self.dashscope_api_key.get_secret_value(),
            *([] if self.callback_token is None else [self.callback_token.get_secret_value()]),
            *(
                proxy.password
                for proxy in proxies
                # A shorter one would garble every line, and stands nowhere but in an address.
                if proxy is not None and proxy.password and len(proxy.password) >= SHORTEST_SECRET
            ),
        )

    @property
    def in_clear(self) -> tuple[str, ...]:
        """Settings that send token or key over plain http to another machine."""
        bases = {
            "DISCORD_API_BASE_URL": self.discord_api_base_url,
            "DASHSCOPE_HTTP_BASE_URL": self.dashscope_http_base_url or "",
            "CALLBACK_URL": self.callback_url or "",
        }
        return tuple(
            name
            for name, base in bases.items()
            if base.startswith("http://") and not is_loopback_name(urlsplit(base).hostname or "")
        )

    @property
    def daily_budget_micros(self) -> int:
        """The host's budget in micro-CNY per UTC day; 0 means no bound."""
        return round(self.daily_budget * MICROS)

    @property
    def min_free_bytes(self) -> int:
        """Room that pictures leave to results."""
        return self.min_free_mib * MIB

    @property
    def retention(self) -> timedelta:
        """How long pictures, prompts and archived videos are kept."""
        return timedelta(days=self.retention_days)

    @property
    def guilds(self) -> frozenset[GuildId]:
        """Guilds that may make videos; empty means all."""
        return frozenset(GuildId(guild) for guild in self.allowed_guilds)

    @property
    def operators(self) -> frozenset[UserId]:
        """People who run the process."""
        return frozenset(UserId(user) for user in self.operator_ids)

    @property
    def listen(self) -> tuple[str, int] | None:
        """Host and port of the health page; None where it is off."""
        if not self.http_listen:
            return None
        host, _, port = self.http_listen.rpartition(":")
        return host.strip("[]"), int(port)

    def default_rules(self) -> tuple[Rule, ...]:
        """Return the rules in force where nobody set others: the two defaults and the ceiling."""
        limits = {
            Scope.CEILING: self.default_guild_daily_videos,
            Scope.SERVER: self.default_guild_daily_videos,
            Scope.MEMBER_DEFAULT: self.default_member_daily_videos,
        }
        return tuple(
            Rule(scope=scope, unit=Unit.VIDEOS, window=Window.DAY, limit=limit)
            for scope, limit in limits.items()
        )

    def catalogue(self) -> Catalogue:
        """Return what this host offers.

        Raises:
            ConfigurationError: the overrides cannot be read, or leave nothing to offer.
        """
        if self.catalogue_overrides is None:
            return Catalogue.of_region(self.dashscope_region)
        return Catalogue.of_region(self.dashscope_region, _read_overrides(self.catalogue_overrides))


def load_settings() -> Settings:
    """Read the environment and ``.env``.

    Raises:
        ConfigurationError: a variable is missing or wrong; the message names it.
    """
    try:
        return Settings()
    except UnicodeDecodeError as error:
        raise ConfigurationError(".env", "is not a text file in UTF-8") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "settings"
        problem = "is required" if first["type"] == "missing" else first["msg"]
        raise ConfigurationError(name, problem.removeprefix("Value error, ")) from None


def _require_http(value: str) -> None:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must begin with https:// or http://")
    if not value.partition("://")[2].strip("/"):
        raise ValueError("names no host")
    _parse_url(value)


def _parse_url(value: str) -> None:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        # Not the words of the error: they repeat what follows a colon, which may be a password.
        raise ValueError(
            "is not a URL; write /, # and ? in a password as %2F, %23 and %3F"
        ) from error
    if any(character.isspace() for character in parts.netloc):
        raise ValueError("is not a URL: the host has blanks in it")


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


_RATIO = r"^([1-9]\d?:[1-9]\d?|adaptive)$"


class _OverrideRow(BaseModel):
    """One ``[model]`` table of the overrides file."""

    model_config = ConfigDict(extra="forbid")

    like: str | None = None
    # A price of nothing would leave DAILY_BUDGET without effect; the other bounds are far away.
    prices: dict[str, Annotated[float, Field(ge=0.000001, le=10_000, strict=True)]] = {}
    silent_prices: dict[str, Annotated[float, Field(ge=0.000001, le=10_000, strict=True)]] = {}
    ratios: Annotated[tuple[Annotated[str, Field(pattern=_RATIO)], ...], Field(max_length=8)] = ()
    in_flight: Annotated[int, Field(ge=1, le=1_000, strict=True)] | None = None
    submits_per_second: Annotated[float, Field(ge=0.001, le=1_000, strict=True)] | None = None
    enabled: bool | None = Field(default=None, validation_alias=AliasChoices("enabled", "on"))
    ends_on: date | None = None


def _read_overrides(path: Path) -> Mapping[str, Override]:
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError("CATALOGUE_OVERRIDES", f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError("CATALOGUE_OVERRIDES", f"{path}: {error}") from error
    rows = {name: _override_row(path, name, table) for name, table in tables.items()}
    return {
        name: Override(
            like=row.like,
            prices=_in_micros(row.prices),
            silent_prices=_in_micros(row.silent_prices),
            ratios=row.ratios,
            in_flight=row.in_flight,
            submits_per_second=row.submits_per_second,
            enabled=row.enabled,
            ends_on=row.ends_on,
        )
        for name, row in rows.items()
    }


def _in_micros(prices: Mapping[str, float]) -> dict[str, int]:
    return {tier: round(price * MICROS) for tier, price in prices.items()}


def _override_row(path: Path, name: str, table: object) -> _OverrideRow:
    try:
        return _OverrideRow.model_validate(table)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        if not first["loc"]:
            problem = f"{path}: {name} must be a table named after a model"
            raise ConfigurationError("CATALOGUE_OVERRIDES", problem) from None
        key = ".".join(str(part) for part in first["loc"])
        hint = " (is the model's name in quotes?)" if first["type"] == "extra_forbidden" else ""
        raise ConfigurationError(
            "CATALOGUE_OVERRIDES", f"{path}: [{name}] {key}: {first['msg']}{hint}"
        ) from None
