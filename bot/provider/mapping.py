"""What every error of the provider means: ONE table, read from the top, first match wins.

A code comes in two places. As the answer to a call it becomes an exception; as the reason of a
FAILED task (HTTP 200, ``output.code``) it becomes a ``TaskFailure``. Creation checks hardly
anything, so most codes of bad input come the second way.

Sources: page ``error-code`` under https://help.aliyun.com/zh/model-studio/ unless a row names
another; FIELD marks a message reported by users of the live service. The part that was refused is
told as "Input image data may …" (page) or "Green net check failed for image (input): …" (FIELD).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.errors import (
    AuthenticationError,
    MalformedResponseError,
    ModelNotAvailableError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    RequestRefusedError,
    TaskNotCancellableError,
)
from bot.domain.failure import FailureReason
from bot.domain.requests.task import TaskFailure
from bot.provider.redaction import scrub
from bot.provider.wire import error_body


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRow:
    """What some codes mean, possibly only with certain words in the message."""

    codes: tuple[str, ...]
    """In lower case; a trailing ``*`` stands for any ending."""
    says: str | None
    """Pattern the message must contain, where the code alone does not decide."""
    call: type[ProviderError]
    """What the code means as the answer to a call."""
    reason: FailureReason
    """Why there is no video, as a FAILED task or a refused create."""
    transient: bool
    """As a FAILED task: one new task may succeed."""
    source: str

    def fits(self, code: str, message: str) -> bool:
        """Tell whether this row speaks of such an error."""
        code = code.lower()
        return any(
            code.startswith(known[:-1]) if known.endswith("*") else code == known
            for known in self.codes
        ) and (self.says is None or re.search(self.says, message, re.IGNORECASE) is not None)


def _row(
    *codes: str,
    call: type[ProviderError],
    reason: FailureReason,
    source: str,
    says: str | None = None,
    transient: bool = False,
) -> ErrorRow:
    codes = tuple(code.lower() for code in codes)
    return ErrorRow(
        codes=codes, says=says, call=call, reason=reason, transient=transient, source=source
    )


_ACCOUNT, _MODEL, _WAIT = AuthenticationError, ModelNotAvailableError, RateLimitedError
_REFUSED, _BROKEN = RequestRefusedError, ProviderUnavailableError
_R = FailureReason

ROWS: tuple[ErrorRow, ...] = (
    # --- the account: the operator must act; the jobs wait -----------------------------------
    _row("*", says=r"free allocated quota exceeded|free tier of the model has been exhausted",
         call=_ACCOUNT, reason=_R.MODEL_OFF, source="error-code 403, 429"),
    _row("*", says=r"account is in good standing",
         call=_ACCOUNT, reason=_R.MODEL_OFF, source="error-code 400 Arrearage"),
    _row("AllocationQuota.FreeTierOnly",
         call=_ACCOUNT, reason=_R.MODEL_OFF, source="error-code 403"),
    _row("InvalidApiKey", "invalid_api_key", "NOT AUTHORIZED",
         call=_ACCOUNT, reason=_R.MODEL_OFF, source="error-code 401"),
    _row("Arrearage", call=_ACCOUNT, reason=_R.MODEL_OFF, source="error-code 400"),
    _row("CommodityNotPurchased", "PrepaidBillOverdue", "PostpaidBillOverdue",
         call=_ACCOUNT, reason=_R.MODEL_OFF, source="error-code 429"),
    # A workspace is a setting of the host, not a property of one model.
    _row("Workspace.AccessDenied", "App.AccessDenied", "WorkSpaceNotFound",
         call=_ACCOUNT, reason=_R.MODEL_OFF, source="error-code 403, 404"),
    # --- the model: its lane goes off --------------------------------------------------------
    _row("AccessDenied", "AccessDenied.*", "Model.AccessDenied",
         call=_MODEL, reason=_R.MODEL_OFF, source="error-code 403"),
    _row("ModelNotFound", "model_not_found",
         call=_MODEL, reason=_R.MODEL_OFF, source="error-code 404"),
    # The second: a model posted to the other endpoint, so nothing of this lane can succeed.
    _row("InvalidParameter", says=r"model not exist|url error",
         call=_MODEL, reason=_R.MODEL_OFF, source="error-code 400"),
    # --- patience: nothing was created -------------------------------------------------------
    _row("Throttling", "Throttling.*", "LimitRequests", "limit_requests", "insufficient_quota",
         call=_WAIT, reason=_R.PROVIDER_FAULT, transient=True, source="error-code 429"),
    _row("ModelServingError", "ModelUnavailable",
         call=_WAIT, reason=_R.PROVIDER_FAULT, transient=True, source="error-code 500, 503"),
    # --- moderation --------------------------------------------------------------------------
    _row("DataInspectionFailed", "data_inspection_failed", says=r"input\b.*\boutput|output.*input",
         call=_REFUSED, reason=_R.CONTENT, source="error-code 400"),
    _row("DataInspectionFailed", "data_inspection_failed", says=r"\boutput\b",
         call=_REFUSED, reason=_R.CONTENT_OUTPUT, source="error-code 400"),
    _row("DataInspectionFailed", "data_inspection_failed", says=r"\b(text|prompt)\b",
         call=_REFUSED, reason=_R.CONTENT_PROMPT, source="error-code 400; FIELD"),
    _row("DataInspectionFailed", "data_inspection_failed", says=r"\b(image|picture)s?\b",
         call=_REFUSED, reason=_R.CONTENT_PICTURE, source="error-code 400; FIELD"),
    _row("DataInspectionFailed", "data_inspection_failed", says=r"\baudio\b",
         call=_REFUSED, reason=_R.CONTENT_SOUND, source="error-code 400"),
    _row("DataInspectionFailed", "data_inspection_failed", says=r"\binput\b",
         call=_REFUSED, reason=_R.CONTENT_INPUT, source="error-code 400"),
    _row("DataInspectionFailed", "data_inspection_failed", "CustomRoleBlocked", "FaqRuleBlocked",
         call=_REFUSED, reason=_R.CONTENT, source="error-code 400"),
    _row("IPInfringementSuspect",
         call=_REFUSED, reason=_R.IP_INFRINGEMENT, source="error-code 400"),
    # --- files -------------------------------------------------------------------------------
    _row("InvalidParameter", "InvalidParameter.DataInspection", transient=True,
         says=r"(failed|unable) to download|download\b.*\btimed? ?out",
         call=_REFUSED, reason=_R.FILE_NOT_FETCHED, source="error-code 400; FIELD"),
    _row("InvalidURL.Timeout", "InvalidURL.ConnectionRefused", "InvalidFile.DownloadFailed*",
         "BadRequest.InputDownloadFailed", transient=True,
         call=_REFUSED, reason=_R.FILE_NOT_FETCHED, source="error-code 400"),
    # The kinds of files and the 15 MB: a soundtrack's, in words that do not say so.
    _row("InvalidURL", "InvalidFile.*", "InvalidParameter.DataInspection",
         says=r"\baudio\b|\.(wav|mp3)\b|larger than 15 ?MB",
         call=_REFUSED, reason=_R.SOUND_REJECTED, source="error-code 400"),
    _row("InvalidImage.NoHumanFace", "InvalidFile.NoHuman", "InvalidFile.MultiHuman",
         "InvalidFile.BodyProportion", "InvalidFile.FacePose", "InvalidFile.FrontBody",
         "InvalidFile.FullFace", "InvalidFile.FullBody", "InvalidPerson",
         call=_REFUSED, reason=_R.PERSON_NOT_FOUND, source="error-code 400"),
    _row("InvalidImage.ImageSize", "InvalidImageResolution", "InvalidFile.Resolution",
         "InvalidFile.Size", "InvalidFile.AspectRatio", "BadRequest.TooLarge",
         call=_REFUSED, reason=_R.PICTURE_SIZE, source="error-code 400"),
    _row("InvalidParameter", "InvalidParameter.DataInspection", says=r"\bimage size\b",
         call=_REFUSED, reason=_R.PICTURE_SIZE, source="error-code 400"),
    _row("InvalidParameter", says=r"media resource|decode the image|media format",
         call=_REFUSED, reason=_R.IMAGE_REJECTED, source="error-code 400"),
    _row("InvalidParameter.DataInspection", "InvalidURL", "InvalidURL.*", "InvalidImage*",
         "InvalidFile", "InvalidFile.*", "BadRequest.UnsupportedFileFormat",
         call=_REFUSED, reason=_R.IMAGE_REJECTED, source="error-code 400"),
    # --- settings: our catalogue and the provider disagree -----------------------------------
    _row("InvalidParameter", says=r"size must be in|size is not match|duration|input should be",
         call=_REFUSED, reason=_R.PARAMETERS_REJECTED,
         source="FIELD; legacy-image-to-video-by-first-and-last-frame-api-reference"),
    _row("InvalidParameter", "InvalidParameter.*",
         call=_REFUSED, reason=_R.PARAMETERS_REJECTED, source="error-code 400; FIELD"),
    _row("BadRequest", "BadRequest.*", "NotFound",
         call=_REFUSED, reason=_R.PARAMETERS_REJECTED, source="error-code 400, 404"),
    _row("UnsupportedOperation",
         call=TaskNotCancellableError, reason=_R.PARAMETERS_REJECTED,
         source="manage-asynchronous-tasks"),
    # --- the provider broke: as the answer to a create, a task may exist ---------------------
    _row("InternalError.Timeout",
         call=_BROKEN, reason=_R.PROVIDER_TIMEOUT, transient=True, source="error-code 500"),
    _row("InternalError", "InternalError.*", "internal_error",
         call=_BROKEN, reason=_R.PROVIDER_FAULT, transient=True, source="error-code 500"),
    _row("SystemError", "ModelServiceFailed", "RewriteFailed", "RequestTimeOut",
         call=_BROKEN, reason=_R.PROVIDER_FAULT, transient=True, source="error-code 500"),
)  # fmt: skip


def row_of(code: str, message: str) -> ErrorRow | None:
    """Return the first row that speaks of such an error."""
    return next((row for row in ROWS if row.fits(code, message)), None)


def failure_of(
    code: str | None, message: str | None, *, secrets: Sequence[str] = ()
) -> TaskFailure:
    """Say why a task failed. An unknown code is nobody's mistake and not worth a second task.

    Args:
        code: the provider's.
        message: the provider's words; they may repeat what was asked for.
        secrets: what was asked for; it is taken out before the words are understood or kept.
    """
    code, message = code or "", scrub(message or "", secrets=secrets)
    row = row_of(code, message)
    return TaskFailure(
        provider_code=scrub(code),
        message=message,
        reason=FailureReason.PROVIDER_FAULT if row is None else row.reason,
        transient=row is not None and row.transient,
    )


def error_of(
    status: int,
    body: bytes,
    *,
    call: str = "call",
    retry_after_seconds: float | None = None,
    request_id: str | None = None,
    request_was_sent: bool = True,
    secrets: Sequence[str] = (),
) -> ProviderError:
    """Say what an answer other than success means.

    Args:
        status: HTTP status.
        body: The bytes received; not necessarily JSON.
        call: Which call it answers, for the message.
        retry_after_seconds: The server's word, where it gave one.
        request_id: From the headers, where the body names none.
        request_was_sent: False where the body certainly did not arrive whole.
        secrets: What must not be repeated in the message.
    """
    answer = error_body(body)
    code = scrub(answer.code or "", secrets=secrets)
    # Scrubbed before it is matched: a prompt that is repeated must not be taken for a verdict.
    message = scrub(answer.message or "", secrets=secrets)
    meaning, reason = _meaning(status, answer.code or "", message)
    text = f"{call}: HTTP {status} {' '.join(word for word in (code, message) if word)}".rstrip()
    request_id = answer.request_id or request_id
    if meaning is RateLimitedError:
        return RateLimitedError(
            text,
            retry_after_seconds=retry_after_seconds,
            status=status,
            provider_code=code or None,
            request_id=request_id,
        )
    if meaning is RequestRefusedError:
        return RequestRefusedError(
            text,
            reason=reason,
            status=status,
            provider_code=code or None,
            request_id=request_id,
        )
    if meaning is ProviderUnavailableError:
        return ProviderUnavailableError(
            text,
            request_was_sent=request_was_sent,
            status=status,
            provider_code=code or None,
            request_id=request_id,
        )
    return meaning(text, status=status, provider_code=code or None, request_id=request_id)


_UNAUTHORIZED, _REQUEST_TIMEOUT = 401, 408
_FIRST_CLIENT_ERROR, _FIRST_SERVER_ERROR = 400, 500
_ABOUT_MODEL = frozenset({403, 404})
"""Statuses of a missing or forbidden model, where the words speak of one."""
_BY_STATUS: dict[int, tuple[type[ProviderError], FailureReason]] = {
    _UNAUTHORIZED: (AuthenticationError, FailureReason.MODEL_OFF),
    413: (RequestRefusedError, FailureReason.PICTURE_SIZE),
    429: (RateLimitedError, FailureReason.PROVIDER_FAULT),
}


def _meaning(status: int, code: str, message: str) -> tuple[type[ProviderError], FailureReason]:
    if status < _FIRST_CLIENT_ERROR:
        # A redirect, which is never followed, or an odd success: whoever sent it was not the API,
        # so nothing is known, and after a create a task may exist.
        return MalformedResponseError, FailureReason.PROVIDER_FAULT
    row = row_of(code, message) if code or message else None
    if row is None or status == _UNAUTHORIZED:
        return _meaning_of_status(status, code, message)
    believed_anyway = (AuthenticationError, RateLimitedError, ProviderUnavailableError)
    if status >= _FIRST_SERVER_ERROR and row.call not in believed_anyway:
        # A 5xx that claims to refuse contradicts itself; the reading that buys nothing twice wins.
        return ProviderUnavailableError, row.reason
    return row.call, row.reason


def _meaning_of_status(
    status: int, code: str, message: str
) -> tuple[type[ProviderError], FailureReason]:
    """Return the safe reading of an error whose code says nothing to us."""
    # A gateway's 408 comes after the request was passed on as well as before.
    if status >= _FIRST_SERVER_ERROR or status == _REQUEST_TIMEOUT:
        return ProviderUnavailableError, FailureReason.PROVIDER_FAULT
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status in _ABOUT_MODEL and "model" in f"{code} {message}".lower():
        return ModelNotAvailableError, FailureReason.MODEL_OFF
    if not code and not message:
        # Not the provider's own words: a proxy or a wrong base URL, not the member's settings.
        return RequestRefusedError, FailureReason.PROVIDER_FAULT
    return RequestRefusedError, FailureReason.PARAMETERS_REJECTED
