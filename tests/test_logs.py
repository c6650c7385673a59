"""One line a record, and no secret in any of them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any, Literal

import httpx
import pytest
import structlog

from bot.logs import OUR_LOGGERS, QUIET_LOGGERS, Redactor, configure_logs, get_logger
from bot.storage.engine import Database

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789"
SECRET = "correct-horse-battery"
Writer = Callable[..., io.StringIO]


def logger(name: str | None) -> logging.Logger:
    return logging.getLogger(name)  # noqa: TID251 - what libraries do


@pytest.fixture
def configured() -> Iterator[Writer]:
    """Configure logs as ``run`` does, into a text; put everything back at the end."""
    names = (None, *OUR_LOGGERS, *QUIET_LOGGERS)
    levels = {name: logger(name).level for name in names}
    handlers = logger(None).handlers

    def configure(level: str = "INFO", style: Literal["json", "console"] = "json") -> io.StringIO:
        configure_logs(level=level, style=style, secrets=(SECRET, ""))
        (handler,) = logger(None).handlers
        assert isinstance(handler, logging.StreamHandler)
        written = io.StringIO()
        handler.setStream(written)
        return written

    yield configure
    logger(None).handlers = handlers
    for name, level in levels.items():
        logger(name).setLevel(level)
    structlog.reset_defaults()


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_record_is_one_json_object_with_its_facts(configured: Writer) -> None:
    written = configured()
    get_logger("bot.x").info("job_advanced", job_id="7F3K2Q", words="猫\nthe end")
    (line,) = lines(written)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "job_advanced",
        "job_id": "7F3K2Q",
        "words": "猫\nthe end",
        "level": "info",
        "logger": "bot.x",
    }


def test_an_error_brings_its_traceback_on_the_same_line(configured: Writer) -> None:
    written = configured()
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        get_logger("bot.x").exception("loop_failed")
    (line,) = lines(written)
    assert line["exception"].startswith("Traceback")
    assert "ZeroDivisionError" in line["exception"]


def test_libraries_write_the_same_lines(configured: Writer) -> None:
    written = configured()
    logger("discord.client").warning("shard %s is late", 3, extra={"shard_id": 3})
    (line,) = lines(written)
    assert (line["event"], line["shard_id"]) == ("shard 3 is late", 3)


def test_the_console_shows_errors_without_a_warning_of_its_own(configured: Writer) -> None:
    written = configured(style="console")
    error = ValueError(f"no {SECRET}")
    get_logger("bot.x").error("loop_failed", exc_info=error)
    assert "ValueError: no [hidden]" in written.getvalue()


# --- secrets ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "api_key",
        "authorization",
        "Authorization",
        "prompt",
        "negative_prompt",
        "orig_prompt",
        "actual_prompt",
        "url",
        "result_url",
        "data",
        "jpeg",
    ],
)
@pytest.mark.parametrize("place", ["top", "inside", "in a list"])
def test_some_keys_are_never_written(configured: Writer, key: str, place: str) -> None:
    written = configured()
    fact = {key: "a cat, and more"}
    places: dict[str, dict[str, Any]] = {
        "top": fact,
        "inside": {"answer": {"output": fact}},
        "in a list": {"several": [fact, (fact,)]},
    }
    facts = places[place]
    get_logger("bot.x").info("seen", **facts)
    assert "a cat" not in written.getvalue()
    assert "[hidden]" in written.getvalue()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"login with {SECRET} failed", "login with [hidden] failed"),
        (f"Authorization: Bot {TOKEN}", "Authorization: Bot [hidden]"),
        (f"somebody wrote {TOKEN} here", "somebody wrote [hidden] here"),
        ("Bearer abcdef123456==", "Bearer [hidden]"),
        ("the key sk-0123456789abcdef is", "the key [hidden] is"),
        (
            "GET https://x.oss-cn.aliyuncs.com/a/b.mp4?Expires=1&Signature=abc%3D 403",
            "GET https://x.oss-cn.aliyuncs.com/a/b.mp4?[hidden] 403",
        ),
        (
            "/a/b.mp4?Expires=1&OSSAccessKeyId=LTAI&Signature=abc%3D",
            "/a/b.mp4?Expires=[hidden]&OSSAccessKeyId=[hidden]&Signature=[hidden]",
        ),
        (
            "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3",
            "https://cdn.discordapp.com/attachments/1/2/a.png?[hidden]",
        ),
        (
            "POST /webhooks/123/aW50ZXJhY3Rpb246 and /interactions/4/aW50ZXJhY3Rpb246/callback",
            "POST /webhooks/123/[hidden] and /interactions/4/[hidden]/callback",
        ),
        (
            "IntegrityError: x\n[SQL: INSERT]\n[parameters: ('a cat', 7)]\n(Background",
            "IntegrityError: x\n[SQL: INSERT]\n[parameters: [hidden]\n(Background",
        ),
        ("Failing row contains (7, a cat, null).", "Failing row contains [hidden]"),
        ("Failing row contains (7, a cat\nin two lines).", "Failing row contains [hidden]"),
        ("postgresql://tween:S3cret@db/tween is gone", "postgresql://db/tween is gone"),
        ("sk-abc.def refused", "[hidden] refused"),
        ("sk-ws-ab_c.d-e.f: refused", "[hidden]: refused"),
        ("Failing row contains (7, a\n\ncat\r\n).\nat line 3", "Failing row contains [hidden]"),
        ("postgresql://tween:S3/cr#et?@db:5432/tween is", "postgresql://db:5432/tween is"),
        ("postgresql+asyncpg://tween:S3@cret@db/tween", "postgresql+asyncpg://db/tween"),
        ("postgresql://db/tween?password=S3cret", "postgresql://db/tween?password=[hidden]"),
        ("host=db password='S3 cr\\'et' user=tween", "host=db password=[hidden] user=tween"),
        ("host=db PASSWORD = S3cret user=tween", "host=db PASSWORD = [hidden] user=tween"),
        ("the password is wrong: ask the host", "the password is wrong: ask the host"),
        (
            'password authentication failed for user "tween"',
            'password authentication failed for user "tween"',
        ),
        (
            "https://discord.com/channels/1/2/3 is public",
            "https://discord.com/channels/1/2/3 is public",
        ),
        ("job 7F3K2Q is 5 s late", "job 7F3K2Q is 5 s late"),
    ],
)
def test_secrets_are_recognised_by_their_shape(text: str, kept: str) -> None:
    assert Redactor((SECRET,)).clean(text) == kept


def test_secrets_are_taken_out_of_everything_that_becomes_text(configured: Writer) -> None:
    written = configured()
    error = RuntimeError(f"Bearer {SECRET}")
    log = get_logger("bot.x").bind(bound=SECRET)
    log.warning("failed", error=error, nested={"a": [SECRET]}, raw=b"\xff" * 10, exc_info=error)
    (line,) = lines(written)
    assert SECRET not in written.getvalue()
    assert (line["raw"], line["bound"]) == ("10 bytes", "[hidden]")
    logger("somebody.else").error("oops %s", SECRET)
    assert SECRET not in written.getvalue()


def test_figures_and_absent_things_stay_what_they_are(configured: Writer) -> None:
    written = configured()
    get_logger("bot.x").info("seen", count=3, share=0.5, fine=True, prompt=None, nothing=None)
    (line,) = lines(written)
    assert (line["count"], line["share"], line["fine"]) == (3, 0.5, True)
    assert line["prompt"] is None


# --- levels -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["httpx", "httpcore", "discord.http", "discord.gateway"])
@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_libraries_that_write_addresses_stay_silent_below_warning(
    configured: Writer, name: str, level: str
) -> None:
    written = configured(level)
    logger(name).info("a cat")
    logger(name).debug("a cat")
    assert written.getvalue() == ""
    logger(name).warning("late")
    assert len(lines(written)) == 1


@pytest.mark.parametrize("name", ["aiosqlite", "sqlalchemy.engine", "asyncio", "PIL"])
def test_at_debug_only_our_own_modules_say_more(configured: Writer, name: str) -> None:
    written = configured("DEBUG")
    logger(name).debug("INSERT a cat")
    assert written.getvalue() == ""
    get_logger("bot.services.stages.poller").debug("round_ended")
    get_logger("cogs.video").debug("option_read")
    assert [line["event"] for line in lines(written)] == ["round_ended", "option_read"]


@pytest.mark.parametrize("level", ["WARNING", "ERROR"])
def test_a_high_level_silences_ours_and_theirs(configured: Writer, level: str) -> None:
    written = configured(level)
    get_logger("bot.x").info("job_advanced")
    logger("discord.client").info("connected")
    logger("httpx").info("GET")
    assert written.getvalue() == ""


async def test_real_libraries_at_debug_leak_neither_query_nor_prompt(
    configured: Writer, tmp_path: object
) -> None:
    from sqlalchemy import text

    written = configured("DEBUG")
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    async with httpx.AsyncClient(transport=transport) as client:
        await client.get("https://x.aliyuncs.com/a.mp4?Signature=abcdef")
    database = Database(f"sqlite:///{tmp_path}/logs.db")
    async with database.read() as connection:
        await connection.execute(text("SELECT :prompt"), {"prompt": "a cat"})
    await database.aclose()
    assert "abcdef" not in written.getvalue()
    assert "a cat" not in written.getvalue()
