"""Which sentence fits which error, so that a person knows what to do."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.text import options, pictures, quotas, sounds
from bot.chat.text.denials import denied
from bot.chat.text.phrases import (
    FACT_CHARACTERS,
    all_of,
    allowance,
    amount,
    one_line,
)
from bot.chat.text.sentences import SafeFormatMap, counted, say
from bot.domain.errors import (
    BotError,
    ChannelGoneError,
    ChatUnavailableError,
    ContentBlockedError,
    DatabaseUnavailableError,
    DeliveryError,
    DrainingError,
    DuplicateInteractionError,
    ExportTooLargeError,
    GuildDisabledError,
    InvalidImageError,
    InvalidOptionsError,
    InvalidPromptError,
    JobNotCancellableError,
    JobNotFoundError,
    JobNotOverError,
    JobNotRetryableError,
    MissingAccessError,
    NotPermittedError,
)
from bot.domain.guilds.denials import (
    QueueFullError,
    QuotaExceededError,
    TooManyAttemptsError,
    TooManyContentRefusalsError,
)
from bot.domain.guilds.quota import Unit, Window
from bot.domain.host.disk import DiskUnavailableError
from bot.domain.jobs.denials import (
    NotRequesterError,
    OriginalGoneError,
    OriginalTooLargeError,
    PriceRoseError,
)
from bot.domain.jobs.states import JobState
from bot.domain.money import Money
from bot.domain.problems import OptionProblem, Permission, PromptOption, RetryProblem
from bot.domain.requests.denials import FormGoneError
from bot.domain.requests.sounds import InvalidSoundError
from bot.domain.units import MIB

_PERMISSIONS: Mapping[Permission, str] = {
    Permission.VIEW_CHANNEL: "View Channel",
    Permission.SEND_MESSAGES: "Send Messages",
    Permission.SEND_MESSAGES_IN_THREADS: "Send Messages in Threads",
    Permission.EMBED_LINKS: "Embed Links",
    Permission.ATTACH_FILES: "Attach Files",
    Permission.MODERATE_MEMBERS: "Moderate Members",
    Permission.MANAGE_GUILD: "Manage Server",
}
"""As Discord's client writes them."""

_TOO_LONG: Mapping[PromptOption, str] = {
    PromptOption.PROMPT: (
        "The prompt has {actual:,} characters; {model} reads {limit:,}. Shorten it."
    ),
    PromptOption.NEGATIVE_PROMPT: (
        "The negative prompt has {actual:,} characters; {model} reads {limit:,}. Shorten it."
    ),
}

_NOT_CANCELLABLE: Mapping[JobState, str] = {
    JobState.RUNNING: "This video is being made already; the provider cannot stop it.",
    JobState.DOWNLOADING: "This video is finished and on its way.",
    JobState.DELIVERING: "This video is finished and on its way.",
    JobState.PARKED: "This job waits for the host, who has been told.",
}

_NOT_RETRYABLE: Mapping[RetryProblem, str] = {
    RetryProblem.ACTIVE: "That job is still under way. Wait for its end, or cancel it.",
    RetryProblem.MODEL_GONE: "What that job asked for is no longer offered.",
    RetryProblem.NO_VIDEO: "There is no video of that job to go on from.",
    RetryProblem.ERASED: "What that job was made from was erased. Start again.",
}

OUTDATED_COMMAND = "This command has changed meanwhile. Reload Discord and try again."

UNUSABLE_OPTION = (
    "I cannot use one of these options here. Choose from Discord's list and try again."
)

ANSWER_TOO_LARGE = (
    "Discord does not take this video as an answer: it is too large. The host still has the file."
)

RESTARTING = "I am restarting. Please try again in a minute."

ONLY_REQUESTER = (
    "Only its requester can do that. Under a finished video, More… and Continue are for everybody."
)

ONLY_OWN_BUTTON = "Only the requester or a moderator can do that."


def something_wrong(reference: str) -> str:
    """Return what is said of an error nobody foresaw; the log has the same reference."""
    return say(
        "Something went wrong (ref {reference}). The host can find it in the log.",
        reference=reference,
    )


def refusal(error: BotError, money: Money) -> str | None:
    """Return the sentence for an error the user can do something about; else None."""
    match error:
        case InvalidPromptError():
            return say(
                _TOO_LONG[error.field], actual=error.actual, model=error.model, limit=error.limit
            )
        case InvalidImageError():
            picture = pictures.OPTIONS.get(error.option, error.option)
            facts = {**_typed(error.facts), "picture": picture}
            return pictures.PROBLEMS[error.problem].format_map(SafeFormatMap(facts))
        case InvalidSoundError():
            sound = sounds.OPTIONS.get(error.option, error.option)
            facts = {**_typed(error.facts), "sound": sound}
            return sounds.PROBLEMS[error.problem].format_map(SafeFormatMap(facts))
        case InvalidOptionsError():
            return _of_options(error, money)
        case QuotaExceededError():
            return quotas.refused(error.refusal, money)
        case QueueFullError():
            return quotas.queue_full(error)
        case TooManyAttemptsError():
            return quotas.too_many_attempts(error)
        case TooManyContentRefusalsError():
            return quotas.too_many_content_refusals(error)
        case NotPermittedError():
            return _of_permissions(error)
        case GuildDisabledError():
            return "The host of this bot has not enabled videos for this server. Ask the host."
        case DrainingError():
            return (
                "The host of this bot takes no new videos for a while; those under way are "
                "finished. Please ask again later."
            )
        case DuplicateInteractionError():
            return "This command has made its job already."
        case JobNotFoundError():
            return "There is no such job. Job ids look like `7F3K2Q`; see /jobs list."
        case JobNotCancellableError():
            return _NOT_CANCELLABLE.get(JobState(error.state), "That job is over already.")
        case JobNotOverError():
            return "That job is still under way. Wait for its end, or cancel it first."
        case ExportTooLargeError():
            return (
                "That export is too large for Discord, even compressed. Choose a shorter period; "
                "the host can write any with `python -m bot usage export`."
            )
        case JobNotRetryableError():
            return _NOT_RETRYABLE[error.problem]
        case NotRequesterError():
            return ONLY_REQUESTER
        case PriceRoseError():
            return say(
                "That costs {price} now; {shown} was shown. Nothing was queued. Press again to "
                "see what is offered.",
                price=money.show(error.micros),
                shown=money.show(error.shown_micros),
            )
        case OriginalGoneError():
            return "The original of this video is not kept any more."
        case OriginalTooLargeError():
            return say(
                "The original has {actual:,.1f} MiB; Discord lets you have {limit:,.1f} MiB here.",
                actual=error.actual_bytes / MIB,
                limit=error.limit_bytes / MIB,
            )
        case FormGoneError():
            return "This form is too old, or it is somebody else's. Open it again."
        case ChatUnavailableError():
            return "Discord cannot be reached just now. Please try again in a minute."
        case DatabaseUnavailableError() | DiskUnavailableError():
            return (
                "I cannot keep anything just now: the disk or the database of my host is in "
                "trouble. Please try again in a few minutes; /jobs list shows whether anything "
                "was queued."
            )
        case ContentBlockedError():
            return (
                "This server's AutoMod blocked the status message, so nothing was queued. "
                "Ask a moderator."
            )
        case MissingAccessError() | ChannelGoneError():
            return (
                "Discord would not let me post in this channel, so nothing was queued. "
                "Ask a moderator to let me view, send, embed and attach here."
            )
        case DeliveryError():
            return (
                "Discord would not take the status message, so nothing was queued. "
                "Try another channel."
            )
        case _:
            return denied(error)


def _of_options(error: InvalidOptionsError, money: Money) -> str:
    """Return what does not fit; facts that are values get their words here."""
    facts = error.facts
    match error.problem:
        case OptionProblem.ABOVE_CEILING:
            unit, window = Unit(str(facts["unit"])), Window(str(facts["window"]))
            ceiling = allowance(unit, window, int(facts["limit"]), money)
            return _filled(error.problem, {"ceiling": ceiling})
        case OptionProblem.AMOUNT_RANGE:
            least, most = int(facts["least"]), int(facts["most"])
            return _of_range(Unit(str(facts["unit"])), least, most, money)
        case OptionProblem.LOG_CHANNEL_CLOSED:
            missing = [_PERMISSIONS[Permission(name)] for name in str(facts["missing"]).split()]
            return _filled(error.problem, {"missing": all_of(missing)})
        case OptionProblem.NO_EFFECTS:
            return _filled(error.problem, {"region": options.REGIONS[str(facts["region"])]})
        case _:
            return _filled(error.problem, _typed(facts))


def _filled(problem: OptionProblem, facts: Mapping[str, object]) -> str:
    return options.PROBLEMS[problem].format_map(SafeFormatMap(facts))


def _of_range(unit: Unit, least: int, most: int, money: Money) -> str:
    if unit is not Unit.COST:
        figures = {"least": amount(unit, least, money), "most": amount(unit, most, money)}
        return _filled(OptionProblem.AMOUNT_RANGE, figures)
    figures = {"least": f"0.01 {money.currency}", "most": f"{most:,} {money.currency}"}
    if least:
        return _filled(OptionProblem.AMOUNT_RANGE, figures)
    return say(
        "That amount is out of range. Give at least {least} (or 0) and at most {most}.", **figures
    )


def _of_permissions(error: NotPermittedError) -> str:
    if error.who == "operator":
        return "Only the host of this bot may do that."
    names = all_of([f"**{_PERMISSIONS[name]}**" for name in error.required])
    if error.who == "you":
        return counted(
            len(error.required),
            one="You need the permission {names} for that. Ask a moderator.",
            other="You need the permissions {names} for that. Ask a moderator.",
            names=names,
        )
    return counted(
        len(error.required),
        one=(
            "I need the permission {names} in this channel. Ask a moderator, or use another "
            "channel."
        ),
        other=(
            "I need the permissions {names} in this channel. Ask a moderator, or use another "
            "channel."
        ),
        names=names,
    )


def _typed(facts: Mapping[str, int | str]) -> dict[str, object]:
    """Return facts for a sentence; some of them are what somebody typed."""
    return {
        # Two asterisks would be read as italics, and sizes are full of them.
        key: one_line(fact, FACT_CHARACTERS).replace("*", "×") if isinstance(fact, str) else fact
        for key, fact in facts.items()
    }
