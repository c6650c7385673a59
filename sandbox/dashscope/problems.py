"""Lists the service's errors: those answered at once, and those a task fails with.

Codes and messages are those of help.aliyun.com/zh/model-studio/error-code ("occured" included);
where a message is known from live answers only, the place that uses it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

INVALID_URL = "The request URL is invalid, make sure the url is correct."


@dataclass(frozen=True, slots=True)
class TaskProblem:
    """Why a task is FAILED: an answer with status 200 carries it in ``output``."""

    code: str
    message: str


class ApiError(Exception):
    """An answer that is an error by itself.

    Attributes:
        status: HTTP status.
        code: the service's code.
        message: the service's sentence.
        request_id_first: the cancel answer alone puts ``request_id`` before the code.
    """

    def __init__(
        self, status: int, code: str, message: str, *, request_id_first: bool = False
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.request_id_first = request_id_first


class InputRejectedError(Exception):
    """A picture or parameter will make its task fail."""

    def __init__(self, problem: TaskProblem) -> None:
        super().__init__(f"{problem.code}: {problem.message}")
        self.problem = problem


def no_api_key() -> ApiError:
    """Return the answer to a request without a key."""
    return ApiError(401, "InvalidApiKey", "No API-key provided.")


def invalid_api_key() -> ApiError:
    """Return the answer to a key that is unknown, revoked or of another region."""
    return ApiError(401, "InvalidApiKey", "Invalid API-key provided.")


def arrearage() -> ApiError:
    """Return the answer to an account that has not paid."""
    return ApiError(
        400, "Arrearage", "Access denied, please make sure your account is in good standing."
    )


def synchronous_call() -> ApiError:
    """Return the answer to a creation without ``X-DashScope-Async: enable``."""
    return ApiError(403, "AccessDenied", "current user api does not support synchronous calls.")


def rate_exceeded() -> ApiError:
    """Return the answer to one request too many in a second."""
    return ApiError(
        429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later."
    )


def invalid_body() -> ApiError:
    """Return the answer to a body that is no JSON object."""
    return ApiError(
        400,
        "InvalidParameter",
        "Required body invalid, please check the request body format.",
    )


def empty_model() -> ApiError:
    """Return the answer to a body without a model."""
    return ApiError(
        400, "BadRequest.EmptyModel", 'Required parameter "model" missing from request.'
    )


def empty_input() -> ApiError:
    """Return the answer to a body without an input."""
    return ApiError(400, "BadRequest.EmptyInput", "Required input parameter missing from request.")


def illegal_input() -> ApiError:
    """Return the answer to an input or parameters that are not JSON objects."""
    return ApiError(400, "BadRequest.IllegalInput", "The input parameter requires json format.")


def wrong_path() -> ApiError:
    """Return the answer to a model sent to the other path. The full-width mark is the service's."""
    return ApiError(400, "InvalidParameter", "url error, please check url\uff01")


def model_not_found() -> ApiError:
    """Return the answer to a model that is unknown or of another region."""
    return ApiError(404, "ModelNotFound", "Model can not be found.")


def too_large() -> ApiError:
    """Return the answer to a body beyond all limits."""
    return ApiError(400, "BadRequest.TooLarge", "Payload Too Large.")


def not_found() -> ApiError:
    """Return the answer to an address nobody serves."""
    return ApiError(404, "NotFound", "Not found!")


def cancel_refused() -> ApiError:
    """Return the answer to a cancel of a task that is not PENDING."""
    return ApiError(
        400,
        "UnsupportedOperation",
        "Failed to cancel the task, please confirm if the task is in PENDING status.",
        request_id_first=True,
    )


def invalid_parameter(message: str) -> InputRejectedError:
    """Return the failure of a task whose parameters do not fit its model."""
    return InputRejectedError(TaskProblem("InvalidParameter", message))


def data_inspection(message: str) -> InputRejectedError:
    """Return the failure of a task whose picture cannot be used."""
    return InputRejectedError(TaskProblem("InvalidParameter.DataInspection", message))


def invalid_url(message: str = INVALID_URL) -> InputRejectedError:
    """Return the failure of a task whose sound or link cannot be used."""
    return InputRejectedError(TaskProblem("InvalidURL", message))


def unsupported_file_type(extensions: Sequence[str]) -> InputRejectedError:
    """Return the failure of a task with a sound or document of another kind."""
    allowed = ", ".join(f".{extension}" for extension in extensions)
    return invalid_url(f"File type is not supported. Allowed types are: {allowed}.")


EXECUTION_TIMEOUT = TaskProblem(
    "InternalError.Timeout",
    "An internal timeout error has occured during execution, please try again later or contact "
    "service support.",
)
