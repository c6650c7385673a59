"""The provider's JSON as it comes: unknown fields ignored, odd ones tolerated.

Answers are parsed whatever their content type says: a recorded 401 has none at all. Fields as in
``manage-asynchronous-tasks`` and ``legacy-image-to-video-by-first-and-last-frame-api-reference``
under https://help.aliyun.com/zh/model-studio/.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.domain.errors import MalformedResponseError

PROVIDER_TIME_ZONE = timezone(timedelta(hours=8))
"""Times in task answers are UTC+8 in every region."""
_MOST_SECONDS = 24 * 3600
"""A figure above this is no length of a video."""


def _text(value: Any) -> str | None:  # noqa: ANN401  # JSON before it is validated
    """Read text; numbers count as text, anything else and the empty string as absent."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _moment(value: Any) -> datetime | None:  # noqa: ANN401  # JSON before it is validated
    """Read ``YYYY-MM-DD HH:mm:ss.SSS`` of UTC+8, with or without the fraction."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=PROVIDER_TIME_ZONE)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


def _seconds(value: Any) -> Decimal | None:  # noqa: ANN401  # JSON before it is validated
    """Read a positive number of seconds; 0 stands for absent, as the SDK's own record shows."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        # By its digits: money is reckoned with it.
        seconds = Decimal(str(value))
    except InvalidOperation:
        return None
    return seconds if seconds.is_finite() and 0 < seconds <= _MOST_SECONDS else None


def _epoch_ms(value: Any) -> datetime:  # noqa: ANN401  # JSON before it is validated
    """Read milliseconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("not a number of milliseconds")  # noqa: TRY004  # pydantic wants this one
    try:
        return datetime.fromtimestamp(float(value) / 1000, tz=UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("not a moment") from error


def _object(value: Any) -> Any:  # noqa: ANN401  # JSON before it is validated
    """Read an object; anything else counts as absent."""
    return value if isinstance(value, dict) else None


Text = Annotated[str | None, BeforeValidator(_text)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Seconds = Annotated[Decimal | None, BeforeValidator(_seconds)]
EpochMs = Annotated[datetime, BeforeValidator(_epoch_ms)]


class Answer(BaseModel):
    """A JSON object of the provider."""

    # Each is made ready when it is first read, and not by every start.
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class ErrorBody(Answer):
    """``{"code", "message", "request_id"}``."""

    code: Text = None
    message: Text = None
    request_id: Text = None


class CreateOutput(Answer):
    """``output`` of the answer to a create."""

    task_id: Text = None


class CreateAnswer(ErrorBody):
    """Answer to a create; without a task id it is none."""

    output: Annotated[CreateOutput | None, BeforeValidator(_object)] = None


class TaskOutput(Answer):
    """``output`` of the answer to a query."""

    task_id: Text = None
    task_status: Text = None
    submit_time: Moment = None
    scheduled_time: Moment = None
    end_time: Moment = None
    video_url: Text = None
    orig_prompt: Text = None
    actual_prompt: Text = None
    code: Text = None
    message: Text = None


class Usage(Answer):
    """``usage``: each model family names the length of the video its own way."""

    duration: Seconds = None
    video_duration: Seconds = None
    input_video_duration: Seconds = None
    output_video_duration: Seconds = None


class TaskAnswer(ErrorBody):
    """Answer to the query of one task."""

    output: TaskOutput
    usage: Annotated[Usage | None, BeforeValidator(_object)] = None


class ListRow(Answer):
    """One task of a list; a row without these would hide a task from a search."""

    task_id: str = Field(min_length=1)
    model_name: Text = None
    status: str = Field(min_length=1)
    gmt_create: EpochMs
    api_key_id: Text = None


class ListAnswer(Answer):
    """One page of the task list; without the number of pages nobody knows where it ends."""

    data: tuple[ListRow, ...]
    page_no: int | None = None
    total_page: int
    request_id: Text = None


Unbroken = Annotated[str, Field(pattern=r"^[!-~]{1,4096}$")]
"""Text that cannot end a field of a form: visible ASCII without blanks."""


class UploadPolicy(Answer):
    """What may be posted to the temporary store, and where: ``data`` of a getPolicy answer."""

    policy: Unbroken = Field(repr=False)
    signature: Unbroken = Field(repr=False)
    upload_dir: Unbroken
    upload_host: Unbroken
    oss_access_key_id: Unbroken = Field(repr=False)
    x_oss_object_acl: Unbroken
    x_oss_forbid_overwrite: Unbroken
    max_file_size_mb: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None
    """Of the model; 100 in the documentation, 1024 in a recorded answer."""


class PolicyAnswer(ErrorBody):
    """Answer to getPolicy."""

    data: UploadPolicy


AnswerT = TypeVar("AnswerT", bound=Answer)


def parse(kind: type[AnswerT], body: bytes, *, call: str, status: int) -> AnswerT:
    """Read a body as this kind of answer, whatever its content type.

    Args:
        kind: The answer that is due.
        body: The bytes received.
        call: Which call it answers, for the message.
        status: HTTP status, for the record.

    Raises:
        MalformedResponseError: not JSON, or not of that shape.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        # Places and kinds of the misfits only: the values may hold a signed URL or a prompt.
        misfits = {
            f"{'.'.join(map(str, misfit['loc'])) or 'body'}: {misfit['type']}"
            for misfit in error.errors(
                include_url=False, include_context=False, include_input=False
            )
        }
        raise MalformedResponseError(
            f"{call}: HTTP {status} with an unreadable answer ({'; '.join(sorted(misfits)[:3])})",
            status=status,
            request_id=error_body(body).request_id,
        ) from None


def error_body(body: bytes) -> ErrorBody:
    """Read an error's code, message and request id, as far as they are there."""
    try:
        return ErrorBody.model_validate_json(body)
    except ValidationError:
        return ErrorBody()


_EXPIRES = re.compile(r"[?&]Expires=(\d{1,11})(?=&|$)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def expires_of(url: str) -> datetime | None:
    """Read the moment a signed URL dies from its ``Expires``, seconds since 1970."""
    found = _EXPIRES.search(url)
    return None if found is None else _EPOCH + timedelta(seconds=int(found.group(1)))
