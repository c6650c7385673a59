"""The one way to write a log: structlog over the standard library, one JSON object a line.

Event names are past-tense constants, data goes into keys. A processor of its own takes tokens,
prompts and signed queries out of whatever reaches it, libraries' records included, so that a
careless line cannot leak them.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import structlog
from structlog.stdlib import BoundLogger
from structlog.typing import EventDict, WrappedLogger

from bot.domain.redaction import DATA_URI, DATABASE, KEY, PASSWORD, QUERY, SIGNED, USERINFO

HIDDEN = "[hidden]"

_SECRET_KEYS = frozenset(
    {
        "token",
        "api_key",
        "authorization",
        "prompt",
        "negative_prompt",
        "orig_prompt",
        "actual_prompt",
        "url",
        "result_url",
        "data",
        "jpeg",
    }
)
_BEARER = re.compile(r"(?i)\b(bearer|bot)\s+[\w.~+/-]{8,}=*")
_WEBHOOK = re.compile(r"(/(?:webhooks|interactions)/\d+)/[\w.-]{8,}")
_TOKEN = re.compile(r"\b[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}")
"""A Discord token, whoever's."""
_PARAMETERS = re.compile(r"(\[parameters: )[^\n]*")
_ROW = re.compile(r"(Failing row contains ).*", re.DOTALL)
"""PostgreSQL's complaint about a row repeats the row, and a prompt in it may have lines."""

OUR_LOGGERS = ("bot", "cogs")
"""Only these speak at DEBUG: libraries write addresses, headers, payloads and SQL values there."""

QUIET_LOGGERS = (
    "alembic",
    "discord.client",
    "httpx",
    "httpcore",
    "discord.http",
    "discord.webhook.async_",
    "discord.gateway",
)
"""Libraries that write addresses or whole payloads at INFO."""


class Redactor:
    """Takes secrets out of every record, by key and by pattern."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = tuple(secret for secret in secrets if secret)

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """Return the record without secrets; structlog calls this for each one."""
        return self._fields(event)

    def _fields(self, fields: Mapping[Any, object]) -> dict[Any, object]:
        return {
            key: HIDDEN if str(key).lower() in _SECRET_KEYS and value else self._clean(value)
            for key, value in fields.items()
        }

    def _clean(self, value: object) -> object:
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, bytes | bytearray):
            return f"{len(value)} bytes"
        if isinstance(value, Mapping):
            return self._fields(value)
        if isinstance(value, list | tuple):
            return [self._clean(item) for item in value]
        if isinstance(value, int | float | bool | None):
            return value
        return self.clean(str(value))

    def clean(self, text: str) -> str:
        """Return a text without known secrets, keys, bearer tokens and URL queries."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        text = DATA_URI.sub(f"data:{HIDDEN}", text)
        text = DATABASE.sub(r"\1", text)
        text = USERINFO.sub(r"\1", text)
        text = QUERY.sub(rf"\1?{HIDDEN}", text)
        text = _WEBHOOK.sub(rf"\1/{HIDDEN}", text)
        text = _BEARER.sub(rf"\1 {HIDDEN}", text)
        text = SIGNED.sub(rf"\1={HIDDEN}", text)
        text = PASSWORD.sub(rf"\1\2{HIDDEN}", text)
        text = _TOKEN.sub(HIDDEN, text)
        text = _PARAMETERS.sub(rf"\1{HIDDEN}", text)
        text = _ROW.sub(rf"\1{HIDDEN}", text)
        return KEY.sub(HIDDEN, text)


def configure_logs(
    *,
    level: str,
    style: Literal["json", "console"],
    secrets: Sequence[str] = (),
) -> None:
    """Send every record of the process through one formatter to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                Redactor(secrets),
                renderer,
            ],
        )
    )
    ours = logging.getLevelNamesMapping()[level]
    _logger(None).handlers = [handler]
    _logger(None).setLevel(max(logging.INFO, ours))
    for name in OUR_LOGGERS:
        _logger(name).setLevel(ours)
    for name in QUIET_LOGGERS:
        _logger(name).setLevel(max(logging.WARNING, ours))


def _logger(name: str | None) -> logging.Logger:
    return logging.getLogger(name)  # noqa: TID251 - this module is the one place


def get_logger(name: str) -> BoundLogger:
    """Return a module's logger."""
    logger: BoundLogger = structlog.stdlib.get_logger(name)
    return logger
