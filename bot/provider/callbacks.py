"""Calls of EventBridge that tell of a finished task: whether one is genuine, and what it names.

The provider itself signs nothing and takes no address in a create; EventBridge calls the target of
a rule, and signs what it sends: RSA-SHA256 over the target's address as configured, five headers
and the body, with the key of a certificate the call names. Its key is the same for everybody's
rules, so that only the token tells ours from others'.

Sources: https://help.aliyun.com/en/eventbridge/user-guide/signature-algorithm and, for the event,
page ``async-task-api`` under https://help.aliyun.com/zh/model-studio/.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import BaseModel, Field, ValidationError

from bot.domain.errors import MalformedResponseError, ProviderUnavailableError, ResultHostError
from bot.domain.ids import TaskId
from bot.domain.ports import Clock
from bot.provider.certificates import CertificateKeys

MOST_SKEW = timedelta(seconds=60)
"""Between the moment a call was signed and now; EventBridge's own figure."""

_PREFIX: Final = "x-eventbridge-"
_TIMESTAMP: Final = f"{_PREFIX}signature-timestamp"
_HASH_METHOD: Final = f"{_PREFIX}hash-method"
_VERSION: Final = f"{_PREFIX}signature-version"
_URL: Final = f"{_PREFIX}signature-url"
_TOKEN: Final = f"{_PREFIX}signature-token"
_SIGNED_HEADERS: Final = (_TIMESTAMP, _HASH_METHOD, _VERSION, _URL, _TOKEN)
"""In the order they are signed in."""
_SIGNATURE: Final = f"{_PREFIX}signature-v2"
_NEEDED: Final = frozenset({*_SIGNED_HEADERS, _SIGNATURE})
_LONGEST_TIMESTAMP: Final = 15
"""Digits; today's milliseconds have 13."""

_SOURCE: Final = "acs.dashscope"
_TYPE: Final = "dashscope:System:AsyncTaskFinish"


class RefusalReason(StrEnum):
    """Why a call is not taken."""

    MALFORMED = "malformed"
    """Not of the form EventBridge's calls have."""
    WRONG_TOKEN = "wrong_token"  # noqa: S105 - a reason
    TOO_OLD = "too_old"
    """Signed more than a minute ago, or ahead."""
    FOREIGN_CERTIFICATE = "foreign_certificate"
    """Its certificate lies on a host that is not named."""
    NO_CERTIFICATE = "no_certificate"
    """Its certificate cannot be had just now: it may be genuine, and may come again."""
    WRONG_SIGNATURE = "wrong_signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRefusal:
    """A call that is not taken."""

    reason: RefusalReason
    detail: str = ""
    """For the log: nothing of the body, and no token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GenuineCallback:
    """A call that EventBridge made for our rule."""

    task_id: TaskId | None
    """The task that has ended, as the call says; None where it tells of something else."""


class _Data(BaseModel):
    """What we read of the event's ``data``."""

    task_id: Annotated[str, Field(min_length=1, max_length=128)]


class _Event(BaseModel):
    """What we read of the event, in the CloudEvents form."""

    source: str
    type: str
    data: object = None


class CallbackVerifier:
    """Tells genuine calls from all others."""

    def __init__(self, *, token: str, url: str, keys: CertificateKeys, clock: Clock) -> None:
        """Remember what is compared.

        Args:
            token: as set at the rule's target.
            url: the target's address, byte for byte as configured there.
            keys: where the signing keys come from.
            clock: tells how old a call is.
        """
        self._token = token.encode()
        self._url = url
        self._keys = keys
        self._clock = clock

    async def aclose(self) -> None:
        """Close what is open."""
        await self._keys.aclose()

    async def verify(
        self, headers: Iterable[tuple[str, str]], body: bytes
    ) -> GenuineCallback | CallbackRefusal:
        """Judge a call; nothing is fetched for one that has not our token.

        Args:
            headers: of the request; names in any case.
            body: of the request, as it was sent.
        """
        found = _single(headers)
        if found is None:
            return CallbackRefusal(reason=RefusalReason.MALFORMED)
        if not hmac.compare_digest(found[_TOKEN].encode(), self._token):
            return CallbackRefusal(reason=RefusalReason.WRONG_TOKEN)
        if found[_HASH_METHOD] != "SHA256" or found[_VERSION] != "1.0":
            return CallbackRefusal(
                reason=RefusalReason.MALFORMED, detail="another kind of signature"
            )
        signed_at = _moment(found[_TIMESTAMP])
        signature = _decoded(found[_SIGNATURE])
        if signed_at is None or signature is None:
            return CallbackRefusal(reason=RefusalReason.MALFORMED)
        skew = self._clock.now() - signed_at
        if abs(skew) > MOST_SKEW:
            seconds = f"signed {skew.total_seconds():.0f} s ago"
            return CallbackRefusal(reason=RefusalReason.TOO_OLD, detail=seconds)
        refusal = await self._signature_refusal(found, signature, body)
        return refusal or _told_by(body)

    async def _signature_refusal(
        self, found: dict[str, str], signature: bytes, body: bytes
    ) -> CallbackRefusal | None:
        try:
            key = await self._keys.key_of(found[_URL])
        except ResultHostError as error:
            return CallbackRefusal(reason=RefusalReason.FOREIGN_CERTIFICATE, detail=str(error))
        except (ProviderUnavailableError, MalformedResponseError) as error:
            return CallbackRefusal(reason=RefusalReason.NO_CERTIFICATE, detail=str(error))
        lines = (self._url, *(f"{name}: {found[name]}" for name in _SIGNED_HEADERS), "")
        try:
            key.verify(signature, "\n".join(lines).encode() + body, PKCS1v15(), SHA256())
        except InvalidSignature:
            return CallbackRefusal(reason=RefusalReason.WRONG_SIGNATURE)
        return None


def _single(headers: Iterable[tuple[str, str]]) -> dict[str, str] | None:
    """Return EventBridge's headers; None unless each is there once, in plain letters."""
    found: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        if lower not in _NEEDED:
            continue
        if lower in found or not value.isascii():
            return None
        found[lower] = value
    return found if found.keys() == _NEEDED and all(found.values()) else None


def _moment(text: str) -> datetime | None:
    """Read milliseconds since 1970."""
    if not text.isdecimal() or len(text) > _LONGEST_TIMESTAMP:
        return None
    try:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _told_by(body: bytes) -> GenuineCallback | CallbackRefusal:
    """Read a body whose signature is right."""
    try:
        event = _Event.model_validate_json(body)
        if event.source != _SOURCE or event.type != _TYPE:
            return GenuineCallback(task_id=None)
        task_id = _Data.model_validate(event.data).task_id
    except ValidationError:
        return CallbackRefusal(reason=RefusalReason.MALFORMED, detail="a body of no known form")
    return GenuineCallback(task_id=TaskId(task_id))
