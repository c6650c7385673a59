"""Every documented error code, as the answer to a create and as the reason of a FAILED task."""

from __future__ import annotations

import json

import pytest

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
from bot.domain.failure import FailureReason as Why
from bot.provider.mapping import ROWS, error_of, failure_of, row_of
from bot.provider.redaction import LONGEST_MESSAGE, scrub

ACCOUNT, MODEL, WAIT = AuthenticationError, ModelNotAvailableError, RateLimitedError
REFUSED, BROKEN = RequestRefusedError, ProviderUnavailableError

Case = tuple[int, str, str, type[ProviderError], Why, bool]

CODES: list[Case] = [
    (401, "InvalidApiKey", "Invalid API-key provided.", ACCOUNT, Why.MODEL_OFF, False),
    (401, "InvalidApiKey", "No API-key provided.", ACCOUNT, Why.MODEL_OFF, False),
    (401, "invalid_api_key", "Incorrect API key provided.", ACCOUNT, Why.MODEL_OFF, False),
    (401, "NOT AUTHORIZED", "Access denied: not authorized to access this workspace",
     ACCOUNT, Why.MODEL_OFF, False),
    (400, "Arrearage", "Access denied, please make sure your account is in good standing.",
     ACCOUNT, Why.MODEL_OFF, False),
    (400, "Arrearage", "x", ACCOUNT, Why.MODEL_OFF, False),
    (403, "AccessDenied", "Access denied, please make sure your account is in good standing.",
     ACCOUNT, Why.MODEL_OFF, False),
    (403, "AccessDenied", "current user api does not support synchronous calls.",
     MODEL, Why.MODEL_OFF, False),
    (403, "AccessDenied", "current user api does not support asynchronous calls.",
     MODEL, Why.MODEL_OFF, False),
    (403, "AccessDenied", "Access denied.", MODEL, Why.MODEL_OFF, False),
    (403, "AccessDenied.Unpurchased", "Access to model denied. Please make sure you are eligible",
     MODEL, Why.MODEL_OFF, False),
    (403, "Model.AccessDenied", "Model access denied.", MODEL, Why.MODEL_OFF, False),
    (403, "Workspace.AccessDenied", "Workspace access denied.", ACCOUNT, Why.MODEL_OFF, False),
    (403, "App.AccessDenied", "App access denied.", ACCOUNT, Why.MODEL_OFF, False),
    (403, "AllocationQuota.FreeTierOnly", "The free tier of the model has been exhausted.",
     ACCOUNT, Why.MODEL_OFF, False),
    (403, "AllocationQuota.FreeTierOnly", "other words", ACCOUNT, Why.MODEL_OFF, False),
    (404, "ModelNotFound", "Model can not be found.", MODEL, Why.MODEL_OFF, False),
    (404, "model_not_found", "The model xxx does not exist (or you do not have access to it).",
     MODEL, Why.MODEL_OFF, False),
    (400, "InvalidParameter", "Model not exist.", MODEL, Why.MODEL_OFF, False),
    (400, "InvalidParameter", "url error, please check url！", MODEL, Why.MODEL_OFF, False),  # noqa: RUF001  # the service's own sign
    (404, "WorkSpaceNotFound", "WorkSpace can not be found.", ACCOUNT, Why.MODEL_OFF, False),
    (404, "NotFound", "Not found!", REFUSED, Why.PARAMETERS_REJECTED, False),
    (429, "Throttling", "Requests throttling triggered.", WAIT, Why.PROVIDER_FAULT, True),
    (429, "Throttling", "Too many requests in route. Please try again later.",
     WAIT, Why.PROVIDER_FAULT, True),
    (429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.",
     WAIT, Why.PROVIDER_FAULT, True),
    (429, "LimitRequests", "You have exceeded your request limit.", WAIT, Why.PROVIDER_FAULT, True),
    (429, "limit_requests", "You have exceeded your request limit.",
     WAIT, Why.PROVIDER_FAULT, True),
    (429, "Throttling.BurstRate", "Request rate increased too quickly",
     WAIT, Why.PROVIDER_FAULT, True),
    (429, "Throttling.AllocationQuota", "Allocated quota exceeded, please increase your quota.",
     WAIT, Why.PROVIDER_FAULT, True),
    (429, "insufficient_quota", "You exceeded your current quota", WAIT, Why.PROVIDER_FAULT, True),
    (429, "Throttling.User", "Requests throttling triggered.", WAIT, Why.PROVIDER_FAULT, True),
    (429, "Throttling.AllocationQuota", "Free allocated quota exceeded.",
     ACCOUNT, Why.MODEL_OFF, False),
    (403, "AccessDenied", "Free allocated quota exceeded.", ACCOUNT, Why.MODEL_OFF, False),
    (400, "SomethingNew", "Free allocated quota exceeded.", ACCOUNT, Why.MODEL_OFF, False),
    (500, "SomethingNew", "Free allocated quota exceeded.", ACCOUNT, Why.MODEL_OFF, False),
    (429, "CommodityNotPurchased", "Commodity has not purchased yet.",
     ACCOUNT, Why.MODEL_OFF, False),
    (429, "PrepaidBillOverdue", "The prepaid bill is overdue.", ACCOUNT, Why.MODEL_OFF, False),
    (429, "PostpaidBillOverdue", "The postpaid bill is overdue.", ACCOUNT, Why.MODEL_OFF, False),
    (400, "BadRequest.EmptyInput", "Required input parameter missing from request.",
     REFUSED, Why.PARAMETERS_REJECTED, False),
    (400, "BadRequest.EmptyParameters", 'Required parameter "parameters" missing from request.',
     REFUSED, Why.PARAMETERS_REJECTED, False),
    (400, "BadRequest.EmptyModel", 'Required parameter "model" missing from request.',
     REFUSED, Why.PARAMETERS_REJECTED, False),
    (400, "BadRequest.IllegalInput", "The input parameter requires json format.",
     REFUSED, Why.PARAMETERS_REJECTED, False),
    (400, "BadRequest.TooLarge", "Payload Too Large.", REFUSED, Why.PICTURE_SIZE, False),
    (400, "BadRequest.InputDownloadFailed", "Failed to download the input file: xxx.",
     REFUSED, Why.FILE_NOT_FETCHED, True),
    (400, "BadRequest.UnsupportedFileFormat", "Input file format is not supported.",
     REFUSED, Why.IMAGE_REJECTED, False),
    (400, "InvalidParameter", "Required body invalid, please check the request body format.",
     REFUSED, Why.PARAMETERS_REJECTED, False),
    (400, "InvalidParameter", "Request method 'GET' is not supported.",
     REFUSED, Why.PARAMETERS_REJECTED, False),
    (400, "InvalidParameter", "Field required: input.media",
     REFUSED, Why.PARAMETERS_REJECTED, False),
    (400, "InvalidParameter", "Failed to download https://x.com/a.jpg",
     REFUSED, Why.FILE_NOT_FETCHED, True),
    (400, "InvalidParameter", "size must be in 1080*1920,1920*1080",
     REFUSED, Why.PARAMETERS_REJECTED, False),
    (400, "InvalidParameter", "duration customization is not supported",
     REFUSED, Why.PARAMETERS_REJECTED, False),
    (400, "InvalidParameter", "Duration should be between 2 and 15",
     REFUSED, Why.PARAMETERS_REJECTED, False),
    (400, "InvalidParameter", "Input should be '1080P' or '720P'",
     REFUSED, Why.PARAMETERS_REJECTED, False),
    (400, "InvalidParameter", "The size is not match xxxxxx",
     REFUSED, Why.PARAMETERS_REJECTED, False),
    (400, "InvalidParameter.DataInspection",
     "Unable to download the media resource during the data inspection process.",
     REFUSED, Why.FILE_NOT_FETCHED, True),
    (400, "InvalidParameter", "Download the media resource timed out during the data inspection",
     REFUSED, Why.FILE_NOT_FETCHED, True),
    (400, "InvalidParameter", "Failed to find the requested media resource",
     REFUSED, Why.IMAGE_REJECTED, False),
    (400, "InvalidParameter", "Don't have authorization to access the media resource",
     REFUSED, Why.IMAGE_REJECTED, False),
    (400, "InvalidParameter.DataInspection",
     "Failed to decode the image during the data inspection.",
     REFUSED, Why.IMAGE_REJECTED, False),
    (400, "InvalidParameter.DataInspection",
     "The media format is not supported or incorrect for the data inspection.",
     REFUSED, Why.IMAGE_REJECTED, False),
    (400, "InvalidParameter", "The image size is not supported for the data inspection.",
     REFUSED, Why.PICTURE_SIZE, False),
    (400, "InvalidURL", "Required URL is missing or invalid", REFUSED, Why.IMAGE_REJECTED, False),
    (400, "InvalidURL.ConnectionRefused", "Connection to xxx refused",
     REFUSED, Why.FILE_NOT_FETCHED, True),
    (400, "InvalidURL.Timeout", "Download xxx timeout", REFUSED, Why.FILE_NOT_FETCHED, True),
    (400, "InvalidImage.ImageSize", "The size of image is beyond limit.",
     REFUSED, Why.PICTURE_SIZE, False),
    (400, "InvalidImageResolution", "x", REFUSED, Why.PICTURE_SIZE, False),
    (400, "InvalidImageFormat", "x", REFUSED, Why.IMAGE_REJECTED, False),
    (400, "InvalidImage.FileFormat", "x", REFUSED, Why.IMAGE_REJECTED, False),
    (400, "InvalidFile.Resolution", "x", REFUSED, Why.PICTURE_SIZE, False),
    (400, "InvalidFile.AspectRatio", "x", REFUSED, Why.PICTURE_SIZE, False),
    (400, "InvalidFile.DownloadFailed", "x", REFUSED, Why.FILE_NOT_FETCHED, True),
    (400, "DataInspectionFailed", "Input data may contain inappropriate content.",
     REFUSED, Why.CONTENT_INPUT, False),
    (400, "DataInspectionFailed", "Input text data may contain inappropriate content.",
     REFUSED, Why.CONTENT_PROMPT, False),
    (400, "DataInspectionFailed",
     "Green net check failed for text (input): Input data may contain inappropriate content.",
     REFUSED, Why.CONTENT_PROMPT, False),
    (400, "DataInspectionFailed", "Green net check failed for input text",
     REFUSED, Why.CONTENT_PROMPT, False),
    (400, "DataInspectionFailed", "Input image data may contain inappropriate content.",
     REFUSED, Why.CONTENT_PICTURE, False),
    (400, "DataInspectionFailed",
     "Green net check failed for image (input): Input data may contain inappropriate content.",
     REFUSED, Why.CONTENT_PICTURE, False),
    (400, "DataInspectionFailed", "Green net check failed for input image",
     REFUSED, Why.CONTENT_PICTURE, False),
    (400, "DataInspectionFailed", "Input audio data may contain inappropriate content.",
     REFUSED, Why.CONTENT_SOUND, False),
    (400, "DataInspectionFailed", "Green net check failed for output video",
     REFUSED, Why.CONTENT_OUTPUT, False),
    (400, "InvalidURL", "The input audio is longer than 30s.",
     REFUSED, Why.SOUND_REJECTED, False),
    (400, "InvalidURL", "File size is larger than 15MB.", REFUSED, Why.SOUND_REJECTED, False),
    (400, "InvalidURL", "File type is not supported. Allowed types are: .wav, .mp3.",
     REFUSED, Why.SOUND_REJECTED, False),
    (400, "InvalidFile.AudioLengthError", "Audio length must be between 1s and 300s.",
     REFUSED, Why.SOUND_REJECTED, False),
    (400, "InvalidImage.NoHumanFace", "No human face detected.",
     REFUSED, Why.PERSON_NOT_FOUND, False),
    (400, "InvalidFile.NoHuman",
     "The input image has no human body. Please upload other image with single person.",
     REFUSED, Why.PERSON_NOT_FOUND, False),
    (400, "DataInspectionFailed", "Output data may contain inappropriate content.",
     REFUSED, Why.CONTENT_OUTPUT, False),
    (400, "DataInspectionFailed", "Input or output data may contain inappropriate content.",
     REFUSED, Why.CONTENT, False),
    (400, "data_inspection_failed", "Input data may contain inappropriate content.",
     REFUSED, Why.CONTENT_INPUT, False),
    (400, "DataInspectionFailed", "", REFUSED, Why.CONTENT, False),
    (400, "IPInfringementSuspect", "Input data is suspected of being involved in IP infringement.",
     REFUSED, Why.IP_INFRINGEMENT, False),
    (400, "CustomRoleBlocked", "x", REFUSED, Why.CONTENT, False),
    (400, "FaqRuleBlocked", "x", REFUSED, Why.CONTENT, False),
    (400, "UnsupportedOperation", "Failed to cancel the task, please confirm",
     TaskNotCancellableError, Why.PARAMETERS_REJECTED, False),
    (500, "InternalError", "An internal error has occured, please try again later",
     BROKEN, Why.PROVIDER_FAULT, True),
    (500, "internal_error", "Internal server error!", BROKEN, Why.PROVIDER_FAULT, True),
    (500, "InternalError.Algo", "inference internal error.", BROKEN, Why.PROVIDER_FAULT, True),
    (500, "InternalError.Timeout", "An internal timeout error has occured during execution",
     BROKEN, Why.PROVIDER_TIMEOUT, True),
    (500, "InternalError.Upload", "Failed to upload result.", BROKEN, Why.PROVIDER_FAULT, True),
    (500, "InternalError.FileUpload", "oss upload error.", BROKEN, Why.PROVIDER_FAULT, True),
    (500, "SystemError", "x", BROKEN, Why.PROVIDER_FAULT, True),
    (500, "ModelServiceFailed", "x", BROKEN, Why.PROVIDER_FAULT, True),
    (500, "RewriteFailed", "Failed to rewrite content for prompt.",
     BROKEN, Why.PROVIDER_FAULT, True),
    (500, "RequestTimeOut", "x", BROKEN, Why.PROVIDER_FAULT, True),
    (500, "ModelServingError", "Too many requests. Your requests are being throttled",
     WAIT, Why.PROVIDER_FAULT, True),
    (503, "ModelServingError", "x", WAIT, Why.PROVIDER_FAULT, True),
    (503, "ModelUnavailable", "Model is unavailable, please try again later.",
     WAIT, Why.PROVIDER_FAULT, True),
]  # fmt: skip

IDS = [f"{status}-{code}-{number}" for number, (status, code, *_) in enumerate(CODES)]


def _body(code: str, message: str) -> bytes:
    return json.dumps({"code": code, "message": message, "request_id": "r-1"}).encode()


@pytest.mark.parametrize(("status", "code", "message", "kind", "why", "_"), CODES, ids=IDS)
def test_code_as_the_answer_to_a_call(
    status: int, code: str, message: str, kind: type[ProviderError], why: Why, _: object
) -> None:
    error = error_of(status, _body(code, message), call="create_task")
    assert type(error) is kind
    assert (error.status, error.provider_code, error.request_id) == (status, code, "r-1")
    if isinstance(error, RequestRefusedError):
        assert error.reason is why
    if isinstance(error, ProviderUnavailableError):
        assert error.request_was_sent


@pytest.mark.parametrize(("_", "code", "message", "__", "why", "transient"), CODES, ids=IDS)
def test_code_as_the_reason_of_a_failed_task(
    _: object,
    code: str,
    message: str,
    __: object,
    why: Why,
    transient: bool,  # noqa: FBT001  # a column
) -> None:
    failure = failure_of(code, message)
    assert failure.reason is why
    assert failure.transient is transient
    assert failure.provider_code == code


def test_every_row_has_a_case_and_a_source() -> None:
    used = {id(row_of(code, message)) for _, code, message, *_ in CODES}
    assert [row for row in ROWS if id(row) not in used] == []
    assert all(row.source for row in ROWS)


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "why"),
    [
        (401, "SomethingNew", "x", ACCOUNT, None),
        (401, "InternalError", "x", ACCOUNT, None),
        (403, "SomethingNew", "this model is not for you", MODEL, None),
        (404, "ModelGone", "x", MODEL, None),
        (403, "SomethingNew", "no", REFUSED, Why.PARAMETERS_REJECTED),
        (400, "SomethingNew", "the model says no", REFUSED, Why.PARAMETERS_REJECTED),
        (413, "SomethingNew", "x", REFUSED, Why.PICTURE_SIZE),
        (418, "SomethingNew", "x", REFUSED, Why.PARAMETERS_REJECTED),
        (429, "SomethingNew", "x", WAIT, None),
        (408, "SomethingNew", "x", BROKEN, None),
        (500, "SomethingNew", "x", BROKEN, None),
        (599, "SomethingNew", "x", BROKEN, None),
        # A refusal under a 5xx contradicts itself: a task may exist.
        (500, "InvalidParameter", "size must be in 1*1", BROKEN, None),
        (503, "ModelNotFound", "x", BROKEN, None),
        # A known fault under a 4xx is believed: a task may exist.
        (400, "InternalError.Algo", "x", BROKEN, None),
        # Explicit throttling is believed under any status.
        (503, "Throttling.RateQuota", "x", WAIT, None),
        (200, "Throttling.RateQuota", "x", MalformedResponseError, None),
    ],
)
def test_unknown_or_contradictory_answers_get_the_safe_reading(
    status: int, code: str, message: str, kind: type[ProviderError], why: Why | None
) -> None:
    error = error_of(status, _body(code, message))
    assert type(error) is kind
    assert getattr(error, "reason", None) is why
    assert getattr(error, "request_was_sent", True)


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"[]", b'"x"', b"\xff", b"{}"])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, MalformedResponseError),
        (400, REFUSED),
        (401, ACCOUNT),
        (403, REFUSED),
        (404, REFUSED),
        (429, WAIT),
        (500, BROKEN),
        (503, BROKEN),
    ],
)
def test_answers_that_are_not_the_providers_own(
    status: int, kind: type[ProviderError], body: bytes
) -> None:
    error = error_of(status, body)
    assert type(error) is kind
    assert getattr(error, "reason", Why.PROVIDER_FAULT) is Why.PROVIDER_FAULT
    assert error.provider_code is None


def test_unknown_failure_is_the_providers_and_not_repeated() -> None:
    failure = failure_of("SomethingNew", "x")
    assert failure.reason is Why.PROVIDER_FAULT
    assert not failure.transient


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain words, 5*5 and 3?", "plain words, 5*5 and 3?"),
        ("Failed to download https://x.com/a.jpg?Signature=a%3D&b=c now",
         "Failed to download https://x.com/a.jpg now"),
        ("see 'HTTPS://X.com?a=b'", "see 'HTTPS://X.com'"),
        ("oss://bucket/a?x=1", "oss://bucket/a"),
        ("https://me:pw@x.com/a", "https://x.com/a"),
        ("data:image/png;base64,iVBOR/+= end", "data:[hidden] end"),
        ("Expires=1&OSSAccessKeyId=b&Signature=c",
         "Expires=[hidden]&OSSAccessKeyId=[hidden]&Signature=[hidden]"),
        ("key sk-a1.b_c-d!", "key sk-[hidden]!"),
        ("two\nlines\x00\x1b[31m", "two lines [31m"),
    ],
)  # fmt: skip
def test_scrub_keeps_only_what_may_be_logged(text: str, kept: str) -> None:
    assert scrub(text) == kept


def test_scrub_hides_given_secrets_and_bounds_the_length() -> None:
    assert scrub("say my prompt!", secrets=("my prompt", "s", "")) == "say [hidden]!"
    assert len(scrub("x" * 5000)) == LONGEST_MESSAGE


@pytest.mark.parametrize(
    "prompt",
    ["a sign: model not exist", "free allocated quota exceeded", "an account is in good standing"],
)
def test_a_prompt_that_is_repeated_is_no_verdict(prompt: str) -> None:
    body = _body("InvalidParameter", f"prompt is too odd: {prompt}")
    plain = error_of(400, _body("InvalidParameter", "prompt is too odd"))
    error = error_of(400, body, secrets=(prompt,))
    assert type(error) is type(plain)
    assert prompt not in str(error)
    failure = failure_of("InvalidParameter", f"prompt is too odd: {prompt}", secrets=(prompt,))
    assert failure.reason is failure_of("InvalidParameter", "prompt is too odd").reason
    assert prompt not in failure.message
