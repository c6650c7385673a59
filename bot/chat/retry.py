"""How Discord's REST API is asked: what its errors mean, when to ask again, when to keep quiet.

discord.py does not repeat a request after a 503 or a dropped connection, so there are retries
here. They are safe: an edit says the same thing twice, and a post carries a nonce by which Discord
recognises its repetition for some minutes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

import aiohttp
import discord
import stamina

from bot.chat import limits
from bot.domain.errors import (
    ChannelGoneError,
    ChatUnavailableError,
    ContentBlockedError,
    DeliveryError,
    MessageGoneError,
    MissingAccessError,
    UploadTooLargeError,
)
from bot.logs import get_logger

log = get_logger(__name__)

_T = TypeVar("_T")

ATTEMPTS = 4
FIRST_WAIT_SECONDS = 0.5
MOST_WAIT_SECONDS = 4.0

RESPITE_SECONDS = 60.0
"""After a refused token, or a ban that does not say how long it lasts."""

MOST_RESPITE_SECONDS = 3600.0

_ERRORS: dict[int, type[DeliveryError]] = {
    limits.UNKNOWN_CHANNEL: ChannelGoneError,
    limits.MISSING_ACCESS: ChannelGoneError,
    limits.UNKNOWN_MESSAGE: MessageGoneError,
    limits.CANNOT_EDIT_OTHERS: MessageGoneError,
    # Nothing in it can be edited, but whatever is posted there opens it again.
    limits.THREAD_ARCHIVED: MissingAccessError,
    limits.THREAD_LOCKED: ChannelGoneError,
    limits.REQUEST_ENTITY_TOO_LARGE: UploadTooLargeError,
    limits.BLOCKED_BY_AUTOMOD: ContentBlockedError,
    limits.CANNOT_SEND_TO_USER: MissingAccessError,
    limits.MISSING_PERMISSIONS: MissingAccessError,
    limits.REPLY_WITHOUT_HISTORY: MissingAccessError,
    limits.SLOW_MODE: ChatUnavailableError,
    limits.TOO_MANY_EDITS_OF_OLD_MESSAGE: ChatUnavailableError,
}

_PATIENCE = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.UNAUTHORIZED})
"""A refused token says nothing about a channel: nobody's video is given up for it."""

_SAME_WAY = (ContentBlockedError, UploadTooLargeError)
"""Refusals after which the message goes by the same way again, changed: its nonce keeps it one."""


def converted(error: Exception) -> DeliveryError:
    """Return what an error of discord.py means."""
    if isinstance(error, discord.HTTPException):
        message = f"{error.status} {error.code}: {error.text[:200]}"
        if error.code in _ERRORS:
            return _ERRORS[error.code](message)
        if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return UploadTooLargeError(message)
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.status in _PATIENCE:
            return ChatUnavailableError(message)
        if error.status == HTTPStatus.FORBIDDEN:
            return MissingAccessError(message)
        return DeliveryError(message)
    return ChatUnavailableError(f"{type(error).__name__}: {error}")


class _NotNowError(ChatUnavailableError):
    """Asking again at once would not help."""


class DiscordRetry:
    """Calls Discord again where that helps, and not at all where every answer counts against us.

    10,000 answers of 401, 403 or 429 in ten minutes make Cloudflare ban the host's address:
    https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
    """

    def __init__(self) -> None:
        self._quiet_until = 0.0
        """Time of the event loop."""

    async def read(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """Make a call that changes nothing people see.

        Raises:
            DeliveryError: what Discord's last answer means.
        """
        return await self._repeat(call, is_read=True)

    async def write(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """Make a call that says the same thing where it is made twice.

        Raises:
            DeliveryError: what Discord's last answer means. A refusal after a lost answer is
                ``ChatUnavailableError``: whoever asked must look whether it was done before
                they do anything else.
        """
        return await self._repeat(call, is_read=False)

    async def _repeat(self, call: Callable[[], Awaitable[_T]], *, is_read: bool) -> _T:
        is_unsettled = False
        async for attempt in stamina.retry_context(
            on=_is_worth_repeating,
            attempts=ATTEMPTS,
            wait_initial=FIRST_WAIT_SECONDS,
            wait_max=MOST_WAIT_SECONDS,
        ):
            with attempt:
                try:
                    return await self._once(call)
                except ChatUnavailableError as error:
                    is_unsettled = is_unsettled or (not is_read and _may_have_happened(error))
                    raise
                except DeliveryError as error:
                    if is_unsettled and not isinstance(error, _SAME_WAY):
                        raise _NotNowError(f"refused after a lost answer: {error}") from error
                    raise
        raise AssertionError("stamina ends with a result or an error")

    async def _once(self, call: Callable[[], Awaitable[_T]]) -> _T:
        now = asyncio.get_running_loop().time()
        if now < self._quiet_until:
            raise _NotNowError(f"Discord is left alone for {self._quiet_until - now:.0f} s")
        try:
            return await call()
        except FileNotFoundError:
            raise  # a file of ours is missing, which waiting for Discord does not mend
        except (
            discord.HTTPException,
            discord.RateLimited,
            aiohttp.ClientError,
            OSError,
        ) as error:
            self._keep_quiet_after(error)
            raise converted(error) from error

    def _keep_quiet_after(self, error: Exception) -> None:
        if not isinstance(error, discord.HTTPException):
            return
        headers = error.response.headers
        # discord.py waits by itself where Discord, and not Cloudflare before it, asks for that.
        is_ban = error.status == HTTPStatus.TOO_MANY_REQUESTS and "Via" not in headers
        if not is_ban and error.status != HTTPStatus.UNAUTHORIZED:
            return
        asked = str(headers.get("Retry-After", ""))
        seconds = min(MOST_RESPITE_SECONDS, int(asked)) if asked.isdecimal() else RESPITE_SECONDS
        self._quiet_until = asyncio.get_running_loop().time() + seconds
        log.warning("discord_left_alone", seconds=seconds, status=error.status)


def _is_worth_repeating(error: Exception) -> bool:
    """Tell whether Discord may take at once what it did not take now."""
    if not isinstance(error, ChatUnavailableError) or isinstance(error, _NotNowError):
        return False
    return not _asks_for_patience(error.__cause__)


def _asks_for_patience(error: BaseException | None) -> bool:
    if isinstance(error, discord.HTTPException):
        return error.status in _PATIENCE
    return isinstance(error, discord.RateLimited)


def _may_have_happened(meaning: ChatUnavailableError) -> bool:
    """Tell whether Discord may have done what it gave no answer to."""
    cause = meaning.__cause__
    never_sent = isinstance(cause, aiohttp.ClientConnectorError) or cause is None
    return not never_sent and not _asks_for_patience(cause)
