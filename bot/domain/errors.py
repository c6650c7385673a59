"""Every error of Tween, and who must act on it.

::

    BotError                                    .code (stable)
    ├── RequestError                            the user can fix it; answered privately
    │   ├── InvalidPromptError                  too long, empty, or only blanks
    │   ├── InvalidImageError                   a picture that cannot be made to fit
    │   ├── InvalidOptionsError                 a combination the model does not know; .problem
    │   ├── QuotaExceededError                  a rule, a ceiling or the budget has no room
    │   ├── QueueFullError                      too many waiting jobs
    │   ├── TooManyAttemptsError                five times the videos a rule allows were begun
    │   ├── TooManyContentRefusalsError         ten of a day, by the provider's moderation
    │   ├── NotPermittedError                   a permission is missing, the user's or the bot's
    │   ├── GuildDisabledError                  this server may not make videos
    │   ├── DrainingError                       the operator takes nothing new
    │   ├── MemberBlockedError                  this member may not, here
    │   ├── ChannelClosedError                  not in this channel
    │   ├── ModelDeniedError                    an admin of this server denied the model
    │   ├── EffectDeniedError                   an admin of this server denied the effect
    │   ├── WordBlockedError                    a word rule of this server stopped the prompt
    │   ├── DuplicateInteractionError           Discord sent the same command twice
    │   ├── JobNotFoundError
    │   ├── JobNotCancellableError
    │   ├── JobNotRetryableError
    │   ├── JobNotOverError
    │   ├── NotRequesterError                   the job is somebody else's
    │   ├── PriceRoseError                      it costs more than what was read
    │   ├── OriginalGoneError
    │   ├── OriginalTooLargeError
    │   ├── FormGoneError                       what a form was about is not known any more
    │   └── ExportTooLargeError                 even compressed
    ├── MediaError                              outside bytes that are not what they should be
    │   ├── MediaUnreadableError                cannot be decoded, or broke the decoder
    │   └── MediaTooLargeError
    ├── DeliveryError                           Discord would not take a message
    │   ├── MessageGoneError                    deleted, or in a thread that is closed
    │   ├── ChannelGoneError                    deleted, or out of our sight
    │   ├── MissingAccessError                  a permission is missing there
    │   ├── UploadTooLargeError                 413 or 40005: the limit is the truth
    │   ├── ContentBlockedError                 AutoMod refused the text (200000)
    │   └── ChatUnavailableError                5xx, dropped connection, rate limit
    ├── ProviderError                           raised only by bot.provider
    │   ├── ProviderUnavailableError            transport or 5xx; .request_was_sent
    │   ├── RateLimitedError                    a wait, not a failure
    │   ├── AuthenticationError                 key or account: the operator must act
    │   ├── ModelNotAvailableError              this account may not use this model
    │   ├── RequestRefusedError                 the provider will not do it; .reason
    │   ├── TaskNotCancellableError             no longer PENDING
    │   ├── ResultExpiredError                  the signed URL is past its Expires
    │   ├── ResultHostError                     a result, or the store, on a host not allowed
    │   └── MalformedResponseError              their contract broke
    ├── StorageError
    │   ├── ConflictError                       a constraint says no: the row exists already
    │   ├── StaleJobError                       somebody else advanced the job first
    │   ├── DatabaseUnavailableError            cannot be reached, or stays locked
    │   └── DiskUnavailableError                is not writable; ``bot.domain.host.disk``
    ├── InvalidTransitionError                  a bug; never caught
    ├── DecisionRefusedError                    an operator named a task that is not the job's
    ├── LostLeaseError                          another process serves the database
    ├── LateAcknowledgementError                Discord closed the interaction; nothing happened
    └── ConfigurationError                      at start-up; exit code 78

Some live with what they are about: ``guilds.denials``, ``requests.denials``, ``requests.sounds``.
Users' texts: ``bot.chat.text``; these are for logs.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from bot.domain.failure import FailureReason
    from bot.domain.problems import (
        DecisionProblem,
        OptionProblem,
        Permission,
        PictureProblem,
        PromptOption,
        RetryProblem,
    )


class BotError(Exception):
    """Something Tween knows the meaning of."""

    code: ClassVar[str] = "bot_error"


# --- the user can fix it ---------------------------------------------------------------------


class RequestError(BotError):
    """A request that cannot be fulfilled as it stands; the user reads why."""

    code = "request_error"


class InvalidPromptError(RequestError):
    """The prompt is empty or longer than the model reads."""

    code = "invalid_prompt"

    def __init__(self, *, field: PromptOption, model: str, limit: int, actual: int) -> None:
        self.field = field
        self.model = model
        self.limit = limit
        """Most characters the model reads; the provider cuts the rest off silently."""
        self.actual = actual
        super().__init__(f"{field} of {actual} characters, {model} reads {limit}")


class InvalidImageError(RequestError):
    """A picture that cannot be used, and what is wrong with it."""

    code = "invalid_image"

    def __init__(self, *, option: str, problem: PictureProblem, **facts: int | str) -> None:
        self.option = option
        """Name of the option the picture came in."""
        self.problem = problem
        self.facts = facts
        """Figures for the sentence, for instance ``limit_bytes``."""
        super().__init__(f"{option}: {problem} {facts}")


class InvalidOptionsError(RequestError):
    """Options that do not go together."""

    code = "invalid_options"

    def __init__(self, *, problem: OptionProblem, **facts: int | str) -> None:
        self.problem = problem
        self.facts = facts
        """Figures and typed words for the sentence."""
        super().__init__(f"{problem} {facts}")


class NotPermittedError(RequestError):
    """Somebody lacks a permission: ``you``, the ``bot``, or whoever is no ``operator``."""

    code = "not_permitted"

    def __init__(
        self,
        *,
        who: Literal["you", "bot", "operator"],
        required: tuple[Permission, ...] = (),
    ) -> None:
        self.who = who
        self.required = required
        """Empty for operators: no permission of Discord makes one."""
        super().__init__(f"{who} lacks {', '.join(required) or 'OPERATOR_IDS'}")


class GuildDisabledError(RequestError):
    """The host does not let this guild make videos."""

    code = "guild_disabled"


class DrainingError(RequestError):
    """The operator lets running jobs finish and takes no new ones."""

    code = "draining"


class DuplicateInteractionError(RequestError):
    """This interaction has made its job already."""

    code = "duplicate_interaction"


class JobNotFoundError(RequestError):
    """No such job, or not one whoever asks may see: the answer is the same."""

    code = "job_not_found"

    def __init__(self, asked: str) -> None:
        self.asked = asked
        super().__init__(f"no job {asked!r} for whoever asks")


class JobNotCancellableError(RequestError):
    """Too late to cancel, or over already."""

    code = "job_not_cancellable"

    def __init__(self, *, job_id: str, state: str) -> None:
        self.job_id = job_id
        self.state = state
        super().__init__(f"job {job_id} is {state}")


class JobNotRetryableError(RequestError):
    """The job's pictures are gone, or the job is still under way."""

    code = "job_not_retryable"

    def __init__(self, *, job_id: str, problem: RetryProblem) -> None:
        self.job_id = job_id
        self.problem = problem
        super().__init__(f"job {job_id}: {problem}")


class JobNotOverError(RequestError):
    """What is asked for is possible only when the job is over."""

    code = "job_not_over"

    def __init__(self, *, job_id: str, state: str) -> None:
        self.job_id = job_id
        self.state = state
        super().__init__(f"job {job_id} is {state}")


class ExportTooLargeError(RequestError):
    """An export is too large to be uploaded, compressed as it is."""

    code = "export_too_large"

    def __init__(self, *, limit_bytes: int, actual_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.actual_bytes = actual_bytes
        super().__init__(f"{actual_bytes} bytes, the limit is {limit_bytes}")


# --- outside bytes ---------------------------------------------------------------------------


class MediaError(BotError):
    """Outside bytes that are not what they should be."""

    code = "media_error"


class MediaUnreadableError(MediaError):
    """The bytes cannot be decoded, or the decoder died on them."""

    code = "media_unreadable"

    def __init__(self, problem: str, **facts: int | str) -> None:
        self.problem = problem
        """What is wrong, for instance ``truncated``; that of a picture is a ``PictureProblem``."""
        self.facts = facts
        super().__init__(f"{problem} {facts}")


class MediaTooLargeError(MediaError):
    """More bytes than allowed."""

    code = "media_too_large"

    def __init__(self, *, limit_bytes: int, actual_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.actual_bytes = actual_bytes
        super().__init__(f"{actual_bytes} bytes, the limit is {limit_bytes}")


# --- Discord ---------------------------------------------------------------------------------


class DeliveryError(BotError):
    """Discord would not take a message."""

    code = "delivery_error"


class MessageGoneError(DeliveryError):
    """The message was deleted, or its thread is closed."""

    code = "message_gone"


class ChannelGoneError(DeliveryError):
    """The channel was deleted, or the bot no longer sees it."""

    code = "channel_gone"


class MissingAccessError(DeliveryError):
    """A permission is missing, or a person takes no messages from us."""

    code = "missing_access"


class UploadTooLargeError(DeliveryError):
    """Discord refused the size of a file."""

    code = "upload_too_large"


class ContentBlockedError(DeliveryError):
    """AutoMod refused the text of a message."""

    code = "content_blocked"


class ChatUnavailableError(DeliveryError):
    """Discord cannot be reached, or asks for patience."""

    code = "chat_unavailable"


# --- the provider ----------------------------------------------------------------------------


class ProviderError(BotError):
    """The provider did not do what was asked."""

    code = "provider_error"

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        provider_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        self.status = status
        """HTTP status, where there was an answer."""
        self.provider_code = provider_code
        """The provider's own code, for instance ``Throttling.RateQuota``."""
        self.request_id = request_id
        super().__init__(message)


class ProviderUnavailableError(ProviderError):
    """No usable answer: no connection, a broken one, or a 5xx."""

    code = "provider_unavailable"

    def __init__(
        self,
        message: str,
        *,
        request_was_sent: bool,
        status: int | None = None,
        provider_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        self.request_was_sent = request_was_sent
        """False only where the body certainly did not arrive whole: a create may be repeated."""
        super().__init__(message, status=status, provider_code=provider_code, request_id=request_id)


class RateLimitedError(ProviderError):
    """The provider asks for patience; nothing was created."""

    code = "rate_limited"

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        status: int | None = None,
        provider_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        self.retry_after_seconds = retry_after_seconds
        """What the server asks for, where it says so."""
        super().__init__(message, status=status, provider_code=provider_code, request_id=request_id)


class AuthenticationError(ProviderError):
    """Key refused, account in arrears or out of free quota: the operator must act."""

    code = "authentication"


class ModelNotAvailableError(ProviderError):
    """This account may not use this model, or there is no such model."""

    code = "model_not_available"


class RequestRefusedError(ProviderError):
    """The provider will not make this video; repeating it would not help."""

    code = "request_refused"

    def __init__(
        self,
        message: str,
        *,
        reason: FailureReason,
        status: int | None = None,
        provider_code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        self.reason = reason
        super().__init__(message, status=status, provider_code=provider_code, request_id=request_id)


class TaskNotCancellableError(ProviderError):
    """Only a PENDING task can be cancelled."""

    code = "task_not_cancellable"


class ResultExpiredError(ProviderError):
    """The signed URL of a result is past its Expires."""

    code = "result_expired"


class ResultHostError(ProviderError):
    """A result, or the provider's temporary store, lies on a host or address we do not reach."""

    code = "result_host"


class MalformedResponseError(ProviderError):
    """An answer that is not in the provider's own format."""

    code = "malformed_response"


# --- storage, bugs, configuration ------------------------------------------------------------


class StorageError(BotError):
    """The database did not do what was asked."""

    code = "storage_error"


class ConflictError(StorageError):
    """A constraint of the database says no, for instance a task that another job owns."""

    code = "conflict"


class StaleJobError(StorageError):
    """Somebody else advanced the job first; this work is void."""

    code = "stale_job"

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        super().__init__(f"job {job_id} was advanced by somebody else")


class DatabaseUnavailableError(StorageError):
    """The database cannot be reached or is locked for too long."""

    code = "database_unavailable"


class InvalidTransitionError(BotError):
    """A state change that the table does not know: a bug."""

    code = "invalid_transition"


class ConfigurationError(BotError):
    """A setting is wrong or missing; the process ends with exit code 78."""

    code = "configuration"

    def __init__(self, setting: str, problem: str) -> None:
        self.setting = setting
        self.problem = problem
        super().__init__(f"{setting}: {problem}")


class DecisionRefusedError(BotError):
    """What an operator decided about a job contradicts what is known."""

    code = "decision_refused"

    def __init__(self, problem: DecisionProblem, **facts: str) -> None:
        self.problem = problem
        self.facts = facts
        """Ids and names for the sentence."""
        super().__init__(f"{problem} {facts}")


class LostLeaseError(BotError):
    """Another process serves the database now: this one must stop."""

    code = "lost_lease"


class LateAcknowledgementError(BotError):
    """Discord had closed the interaction before it was acknowledged; nothing may be queued."""

    code = "late_acknowledgement"

    def __init__(self, created_at: datetime) -> None:
        self.created_at = created_at
        super().__init__(f"the interaction of {created_at:%H:%M:%S} was already closed")
