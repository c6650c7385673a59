"""Every documented error of the provider, and what becomes of a job that meets it.

Codes and messages are those of the page ``error-code`` under
https://help.aliyun.com/zh/model-studio/, of the references named in ``bot.provider.mapping``, and
of live answers that users reported; an ellipsis of the page is left out. A code that comes in two
ways stands in two tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from typing_extensions import override

from bot.domain.failure import Advice, RefusedPart
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState

WAITING = (EntryKind.RESERVE,)
FREE = (EntryKind.RESERVE, EntryKind.RELEASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What people and the ledger see at once, and so what happens next."""

    reads: str
    """What the member reads in the status message."""
    state: JobState
    entries: tuple[EntryKind, ...]
    """What is charged: only a CHARGE is."""
    told: tuple[str, ...] = ()
    """What the operator is told."""
    part: RefusedPart | None = None
    """What was refused, of a job of words alone."""
    advice: Advice | None = None
    """Whether another try makes sense; None while the job goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One answer of the provider."""

    status: int
    """HTTP status; of a FAILED task it is only what the page lists."""
    code: str
    message: str
    means: Outcome
    tried_again: bool = False
    """As the reason of a FAILED task: a new task is made, once."""

    @override
    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message[:40]}"


def _fails(sentence: str, advice: Advice, part: RefusedPart | None = None) -> Outcome:
    return Outcome(
        reads=f"{sentence} Nothing was charged.",
        state=JobState.FAILED,
        entries=FREE,
        part=part,
        advice=advice,
    )


ACCOUNT: Final = Outcome(
    reads="The provider refuses the host's account at present; jobs wait.",
    state=JobState.QUEUED,
    entries=WAITING,
    told=("account_paused",),
)
MODEL: Final = replace(
    _fails(
        "The host's account may not use this model at present. Another try makes sense only with "
        "another model.",
        Advice.CHANGE_FIRST,
        RefusedPart.MODEL,
    ),
    told=("lane_off",),
)
WAIT: Final = Outcome(reads="Place **1** in line.", state=JobState.QUEUED, entries=WAITING)
LOST: Final = Outcome(
    reads="The provider's answer got lost. I look whether it has the job.",
    state=JobState.UNCONFIRMED,
    entries=WAITING,
)
SETTINGS: Final = _fails(
    "The provider refused these settings; the host can see the details in the log. Another try "
    "makes sense only with another model, or another size or length.",
    Advice.CHANGE_FIRST,
    RefusedPart.SETTINGS,
)
WHICH = "It does not say which picture: another try makes sense only with other ones."
PICTURE: Final = _fails(
    f"The provider could not use a picture. {WHICH}", Advice.CHANGE_FIRST, RefusedPart.PICTURES
)
SIZE: Final = _fails(
    f"The provider does not take a picture of that size or shape. {WHICH}",
    Advice.CHANGE_FIRST,
    RefusedPart.PICTURES,
)
PERSON: Final = _fails(
    "The provider needs a picture that shows one person, whole and from the front, and did not "
    f"find that. {WHICH}",
    Advice.CHANGE_FIRST,
    RefusedPart.PICTURES,
)
SOUND: Final = _fails(
    "The provider could not use the soundtrack. Another try makes sense only with another "
    "soundtrack, or with none.",
    Advice.CHANGE_FIRST,
    RefusedPart.SOUNDTRACK,
)
UNFETCHED: Final = _fails(
    "The provider could not fetch a file that belongs to the request. The same may well succeed: "
    "try again with /jobs retry.",
    Advice.AGAIN_AS_IS,
    RefusedPart.FILES,
)
# There are only words: the provider says no more than that it was the request.
INPUT: Final = _fails(
    "The provider's content check refused the prompt. Another try makes sense only with another "
    "prompt.",
    Advice.CHANGE_FIRST,
    RefusedPart.PROMPT,
)
IMAGE: Final = _fails(
    f"The provider's content check refused a picture. {WHICH}",
    Advice.CHANGE_FIRST,
    RefusedPart.PICTURES,
)
HEARD: Final = _fails(
    "The provider's content check refused the soundtrack. Another try makes sense only with "
    "another soundtrack, or with none.",
    Advice.CHANGE_FIRST,
    RefusedPart.SOUNDTRACK,
)
OUTPUT: Final = _fails(
    "The provider's content check held the finished video back, not the request. The same may "
    "well succeed: try again with /jobs retry.",
    Advice.AGAIN_AS_IS,
    RefusedPart.VIDEO,
)
CONTENT: Final = _fails(
    "The provider's content check refused the request or the finished video, without saying "
    "which. Another try makes sense only with other words or files.",
    Advice.CHANGE_FIRST,
)
RIGHTS: Final = _fails(
    "The provider suspects that something in the request copies somebody's protected work. "
    "Another try makes sense only with another prompt.",
    Advice.CHANGE_FIRST,
    RefusedPart.PROMPT,
)
BROKE: Final = _fails(
    "The provider broke down while making this. Try again later, with /jobs retry.", Advice.LATER
)
TOO_SLOW: Final = _fails(
    "The provider did not finish within its three hours. The same may well succeed: try again "
    "with /jobs retry.",
    Advice.AGAIN_AS_IS,
)

INTERNAL = "An internal error has occured, please try again later or contact service support."


def _faults(
    *rows: tuple[int, str, str, Outcome] | tuple[int, str, str, Outcome, bool],
) -> list[Fault]:
    return [
        Fault(
            status=row[0],
            code=row[1],
            message=row[2],
            means=row[3],
            tried_again=row[4] if len(row) > 4 else False,
        )
        for row in rows
    ]


CREATES: Final = _faults(
    # --- key and account ---------------------------------------------------------------------
    (401, "InvalidApiKey", "Invalid API-key provided.", ACCOUNT),
    (401, "InvalidApiKey", "No API-key provided.", ACCOUNT),
    (401, "invalid_api_key", "Incorrect API key provided.", ACCOUNT),
    (401, "NOT AUTHORIZED", "Access denied: not authorized to access this workspace", ACCOUNT),
    (400, "Arrearage", "Access denied, please make sure your account is in good standing.",
     ACCOUNT),
    (403, "AllocationQuota.FreeTierOnly",
     "The free tier of the model has been exhausted. Disable the 'use free tier only' mode.",
     ACCOUNT),
    (429, "Throttling.AllocationQuota", "Free allocated quota exceeded.", ACCOUNT),
    (429, "insufficient_quota", "Free allocated quota exceeded.", ACCOUNT),
    (429, "CommodityNotPurchased", "Commodity has not purchased yet.", ACCOUNT),
    (429, "PrepaidBillOverdue", "The prepaid bill is overdue.", ACCOUNT),
    (429, "PostpaidBillOverdue", "The postpaid bill is overdue.", ACCOUNT),
    (403, "Workspace.AccessDenied", "Workspace access denied.", ACCOUNT),
    (403, "App.AccessDenied", "App access denied.", ACCOUNT),
    (404, "WorkSpaceNotFound", "WorkSpace can not be found.", ACCOUNT),
    # --- the model ---------------------------------------------------------------------------
    (403, "AccessDenied", "current user api does not support synchronous calls.", MODEL),
    (403, "AccessDenied", "current user api does not support asynchronous calls.", MODEL),
    (403, "AccessDenied", "Access denied.", MODEL),
    (403, "AccessDenied.Unpurchased",
     "Access to model denied. Please make sure you are eligible for using the model.", MODEL),
    (403, "Model.AccessDenied", "Model access denied.", MODEL),
    (404, "ModelNotFound", "Model can not be found.", MODEL),
    (404, "model_not_found", "The model xxx does not exist (or you do not have access to it).",
     MODEL),
    (400, "InvalidParameter", "Model not exist.", MODEL),
    (400, "InvalidParameter", "url error, please check url！", MODEL),  # noqa: RUF001  # the service's own sign
    # --- patience ----------------------------------------------------------------------------
    (429, "Throttling", "Requests throttling triggered.", WAIT),
    (429, "Throttling", "Too many requests in route. Please try again later.", WAIT),
    (429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.", WAIT),
    (429, "LimitRequests", "You have exceeded your request limit.", WAIT),
    (429, "limit_requests", "You have exceeded your request limit.", WAIT),
    (429, "Throttling.BurstRate", "Request rate increased too quickly", WAIT),
    (429, "Throttling.AllocationQuota",
     "Allocated quota exceeded, please increase your quota limit.", WAIT),
    (429, "insufficient_quota", "Allocated quota exceeded, please increase your quota limit.",
     WAIT),
    (429, "Throttling.User", "Requests throttling triggered.", WAIT),
    (500, "ModelServingError",
     "Too many requests. Your requests are being throttled due to system capacity limits.", WAIT),
    (503, "ModelServingError",
     "Too many requests. Your requests are being throttled due to system capacity limits.", WAIT),
    (503, "ModelUnavailable", "Model is unavailable, please try again later.", WAIT),
    # --- the request -------------------------------------------------------------------------
    (404, "NotFound", "Not found!", SETTINGS),
    (400, "BadRequest.EmptyInput", "Required input parameter missing from request.", SETTINGS),
    (400, "BadRequest.EmptyParameters",
     'Required parameter "parameters" missing from request.', SETTINGS),
    (400, "BadRequest.EmptyModel", 'Required parameter "model" missing from request.', SETTINGS),
    (400, "BadRequest.IllegalInput", "The input parameter requires json format.", SETTINGS),
    (400, "BadRequest", "Bad request.", SETTINGS),
    (400, "InvalidParameter", "Required body invalid, please check the request body format.",
     SETTINGS),
    (400, "InvalidParameter", "Request method 'GET' is not supported.", SETTINGS),
    (400, "UnsupportedOperation", "The operation is unsupported on the referee object.", SETTINGS),
    (400, "BadRequest.TooLarge", "Payload Too Large.", SIZE),
    (400, "DataInspectionFailed", "Input data may contain inappropriate content.", INPUT),
    (400, "data_inspection_failed", "Input text data may contain inappropriate content.", INPUT),
    (400, "IPInfringementSuspect",
     "Input data is suspected of being involved in IP infringement.", RIGHTS),
    (400, "CustomRoleBlocked", "Custom role blocked.", CONTENT),
    (400, "FaqRuleBlocked", "Faq rule blocked.", CONTENT),
    # --- a task may exist all the same ---------------------------------------------------------
    (500, "InternalError", INTERNAL, LOST),
    (500, "internal_error", "Internal server error!", LOST),
    (500, "SystemError", "System error, please try again later.", LOST),
    (500, "ModelServiceFailed", "Model service failed.", LOST),
    (500, "RewriteFailed", "Failed to rewrite content for prompt.", LOST),
    (500, "RequestTimeOut", "Request timed out, please try again later.", LOST),
)  # fmt: skip

TASKS: Final = _faults(
    # --- settings ----------------------------------------------------------------------------
    (400, "InvalidParameter", "Field required: input.media", SETTINGS),
    (400, "InvalidParameter", "Field required: input.prompt", SETTINGS),
    (400, "InvalidParameter",
     "size must be in 1080*1920,1920*1080,1440*1440,1632*1248,1248*1632,480*832,832*480,624*624",
     SETTINGS),
    (400, "InvalidParameter", "duration customization is not supported", SETTINGS),
    (400, "InvalidParameter", "Duration should be between 2 and 15", SETTINGS),
    (400, "InvalidParameter", "Input should be '1080P' or '720P'", SETTINGS),
    (400, "InvalidParameter", "The size is not match xxxxxx", SETTINGS),
    (400, "InvalidParameter", "The two modes are mutually exclusive.", SETTINGS),
    # --- pictures: what could not be fetched is tried once more --------------------------------
    (400, "InvalidParameter", "Failed to download https://example.com/a.jpg", UNFETCHED, True),
    (400, "InvalidParameter",
     "Unable to download the media resource during the data inspection process.", UNFETCHED, True),
    (400, "InvalidParameter.DataInspection",
     "Unable to download the media resource during the data inspection process.", UNFETCHED, True),
    (400, "InvalidParameter.DataInspection",
     "Download the media resource timed out during the data inspection process.", UNFETCHED, True),
    (400, "InvalidParameter.DataInspection",
     "Failed to find the requested media resource during the data inspection process.", PICTURE),
    (400, "InvalidParameter.DataInspection",
     "Don't have authorization to access the media resource during the data inspection.", PICTURE),
    (400, "InvalidParameter.DataInspection",
     "Failed to decode the image during the data inspection.", PICTURE),
    (400, "InvalidParameter.DataInspection",
     "The media format is not supported or incorrect for the data inspection.", PICTURE),
    (400, "InvalidParameter.DataInspection",
     "The image size is not supported for the data inspection.", SIZE),
    (400, "InvalidParameter", "Failed to decode the image during the data inspection.", PICTURE),
    (400, "InvalidURL", "Required URL is missing or invalid, please check the request URL.",
     PICTURE),
    (400, "InvalidURL",
     "The request URL is invalid, make sure the url is correct and is an image.", PICTURE),
    (400, "InvalidURL", "The image format is one of JPEG, JPG, PNG, BMP, and WEBP.", PICTURE),
    (400, "InvalidURL", "The audio is longer than 30s.", SOUND),
    (400, "InvalidURL.ConnectionRefused", "Connection to xxx refused.", UNFETCHED, True),
    (400, "InvalidURL.Timeout", "Download xxx timeout.", UNFETCHED, True),
    (400, "InvalidImage.ImageSize", "The size of image is beyond limit.", SIZE),
    (400, "InvalidImageResolution", "The image resolution is invalid.", SIZE),
    (400, "InvalidImageFormat", "The image format is invalid.", PICTURE),
    (400, "InvalidImage.FileFormat", "The file format is invalid.", PICTURE),
    (400, "InvalidFile", "Invalid file.", PICTURE),
    (400, "InvalidFile.Resolution", "The file resolution is invalid.", SIZE),
    (400, "InvalidFile.Size", "The file size is invalid.", SIZE),
    (400, "InvalidFile.Format", "The file format is invalid.", PICTURE),
    (400, "InvalidFile.AspectRatio", "The aspect ratio is invalid.", SIZE),
    (400, "InvalidFile.Openerror", "The file cannot be opened.", PICTURE),
    (400, "InvalidFile.DownloadFailed", "The file cannot be downloaded.", UNFETCHED, True),
    (400, "InvalidURL", "File size is larger than 15MB.", SOUND),
    (400, "InvalidURL", "File type is not supported. Allowed types are: .wav, .mp3.", SOUND),
    (400, "InvalidFile.AudioLengthError", "Audio length must be between 1s and 300s.", SOUND),
    (400, "InvalidParameter.DataInspection", "The audio format is not supported.", SOUND),
    (400, "InvalidParameter", "The image size is not supported for the data inspection.", SIZE),
    (400, "InvalidImage.NoHumanFace", "No human face detected.", PERSON),
    (400, "InvalidFile.NoHuman", "The input image has no human body.", PERSON),
    (400, "InvalidFile.MultiHuman", "The input image has multi human bodies.", PERSON),
    (400, "InvalidFile.BodyProportion",
     "The proportion of the detected person in the picture is too large or too small.", PERSON),
    (400, "InvalidFile.FacePose", "The pose of the detected face is invalid.", PERSON),
    (400, "InvalidFile.FrontBody", "The person is not facing the camera.", PERSON),
    (400, "InvalidFile.FullFace", "The face is not fully visible.", PERSON),
    (400, "InvalidFile.FullBody", "The body is not fully visible.", PERSON),
    (400, "InvalidPerson", "The input image has no human body or multi human bodies.", PERSON),
    (400, "BadRequest.InputDownloadFailed", "Failed to download the input file: xxx.", UNFETCHED,
     True),
    (400, "BadRequest.UnsupportedFileFormat", "Input file format is not supported.", PICTURE),
    # --- moderation --------------------------------------------------------------------------
    (400, "DataInspectionFailed", "Input data may contain inappropriate content.", INPUT),
    (400, "DataInspectionFailed", "Output data may contain inappropriate content.", OUTPUT),
    (400, "DataInspectionFailed", "Input or output data may contain inappropriate content.",
     CONTENT),
    (400, "DataInspectionFailed", "Input text data may contain inappropriate content.", INPUT),
    (400, "DataInspectionFailed",
     "Green net check failed for text (input): Input data may contain inappropriate content.",
     INPUT),
    (400, "DataInspectionFailed", "Green net check failed for input text", INPUT),
    (400, "DataInspectionFailed", "Input image data may contain inappropriate content.", IMAGE),
    (400, "data_inspection_failed", "Input image data may contain inappropriate content.", IMAGE),
    (400, "DataInspectionFailed",
     "Green net check failed for image (input): Input data may contain inappropriate content.",
     IMAGE),
    (400, "DataInspectionFailed", "Green net check failed for input image", IMAGE),
    (400, "DataInspectionFailed", "Input audio data may contain inappropriate content.", HEARD),
    (400, "data_inspection_failed", "Input audio data may contain inappropriate content.", HEARD),
    (400, "DataInspectionFailed", "Green net check failed for output video", OUTPUT),
    (400, "DataInspectionFailed", "", CONTENT),
    (400, "data_inspection_failed", "Output data may contain inappropriate content.", OUTPUT),
    (400, "data_inspection_failed", "Input or output data may contain inappropriate content.",
     CONTENT),
    (400, "IPInfringementSuspect",
     "Input data is suspected of being involved in IP infringement.", RIGHTS),
    (400, "CustomRoleBlocked", "Custom role blocked.", CONTENT),
    (400, "FaqRuleBlocked", "Faq rule blocked.", CONTENT),
    # --- the provider broke: one new task --------------------------------------------------------
    (500, "InternalError", INTERNAL, BROKE, True),
    (500, "internal_error", "Internal server error!", BROKE, True),
    (500, "InternalError.Algo", "inference internal error.", BROKE, True),
    (500, "InternalError.Algo", "Missing Content-Length of multimodal url.", BROKE, True),
    (500, "InternalError.Algo",
     "An internal error has occured during algorithm execution.", BROKE, True),
    (500, "InternalError.Timeout",
     "An internal timeout error has occured during execution, please try again later.", TOO_SLOW,
     True),
    (500, "InternalError.Upload", "Failed to upload result.", BROKE, True),
    (500, "InternalError.FileUpload", "oss upload error.", BROKE, True),
    (500, "SystemError", "System error, please try again later.", BROKE, True),
    (500, "ModelServiceFailed", "Model service failed.", BROKE, True),
    (500, "RewriteFailed", "Failed to rewrite content for prompt.", BROKE, True),
    (500, "RequestTimeOut", "Request timed out, please try again later.", BROKE, True),
    (500, "ModelServingError",
     "Too many requests. Your requests are being throttled due to system capacity limits.", BROKE,
     True),
    (429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.", BROKE,
     True),
    (400, "ANewCode", "Nobody has heard of this.", BROKE),
)  # fmt: skip

FOLLOWED: Final = Outcome(
    reads="The provider has it, expected", state=JobState.PENDING, entries=WAITING
)
FOLLOWED_PAUSED: Final = replace(FOLLOWED, told=("account_paused",))

QUERIES: Final = _faults(
    (401, "InvalidApiKey", "Invalid API-key provided.", FOLLOWED_PAUSED),
    (429, "Throttling", "Requests throttling triggered.", FOLLOWED),
    (429, "Throttling", "Too many requests in route. Please try again later.", FOLLOWED),
    (429, "Throttling.RateQuota", "Requests rate limit exceeded, please try again later.",
     FOLLOWED),
    (429, "LimitRequests", "You have exceeded your request limit.", FOLLOWED),
    (429, "limit_requests", "You have exceeded your request limit.", FOLLOWED),
    (400, "UnsupportedOperation",
     "Failed to cancel the task, please confirm if the task is in PENDING status.", FOLLOWED),
    (400, "UnsupportedOperation", "The operation is unsupported on the referee object.", FOLLOWED),
    (500, "InternalError", INTERNAL, FOLLOWED),
    (500, "internal_error", "Internal server error!", FOLLOWED),
    (503, "ModelUnavailable", "Model is unavailable, please try again later.", FOLLOWED),
)  # fmt: skip
"""Of query, list and cancel: none of them says anything about the task."""
