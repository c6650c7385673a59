"""Which sentence fits which error, so that a person knows what to do."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.text.jobs import OPTIONS
from bot.chat.text.phrases import (
    FACT_CHARACTERS,
    SCOPE_WORDS,
    WINDOW_WORDS,
    amount,
    one_line,
    plural,
    relative,
)
from bot.chat.text.settings import denied
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
from bot.domain.guilds.denials import QueueFullError, QuotaExceededError
from bot.domain.guilds.quota import Refusal, Scope
from bot.domain.host.disk import DiskUnavailableError
from bot.domain.jobs.states import JobState
from bot.domain.money import Money

_PICTURES = {
    "empty": "the {option} is an empty file",
    "html": "the {option} is a web page, not a picture. Save the picture itself and attach that",
    "svg": "the {option} is an SVG drawing. Export it as PNG first",
    "heic": "the {option} is a HEIC photo. Save it as JPEG first",
    "pdf": "the {option} is a PDF. Save the page as PNG first",
    "video": "the {option} is a video. Attach a picture, for instance a screenshot of it",
    "audio": "the {option} is a sound file. Attach a picture",
    "archive": "the {option} is an archive. Attach the picture itself",
    "unsupported_format": (
        "the {option} is a picture of the kind {format}, which I do not read. Save it as JPEG or "
        "PNG first"
    ),
    "not_an_image": "the {option} is not a picture I can read. Attach a JPEG, PNG or WebP",
    "truncated": "the {option} is damaged: the file ends too early. Upload it again",
    "too_large": "the {option} is larger than {limit_mib} MiB. Make it smaller first",
    "too_many_pixels": (
        "the {option} has {megapixels} megapixels; {limit} is the most. Make it smaller first"
    ),
    "too_small": (
        "the {option} is {width}×{height} pixels; its shorter side must have at least {limit}. "
        "Use a larger picture"
    ),
    "too_elongated": (
        "the {option} is {width}×{height} pixels; the longer side may be at most {limit} times "
        "the shorter one. Crop it first"
    ),
    "decoder_failed": "the {option} cannot be decoded. Save it again as JPEG or PNG",
    "unavailable": "Discord no longer hands out the {option}. Upload it again",
}


_OPTIONS = {
    "no_last_frame": "Add a last_frame, or set loop to true to end where it began.",
    "loop_and_last_frame": "Give either a last_frame or loop, not both.",
    "unknown_model": "There is no model {model} for this. Try {models}.",
    "kind_not_offered": "This kind of video is not offered here.",
    "model_off": "{model} is switched off at present. Choose another model.",
    "model_without_effect": "{model} does not know this effect. Try {models}.",
    "unknown_effect": "There is no effect “{effect}”. Choose one from the list that opens.",
    "no_effects": "The provider has no effects in {region}, where this bot's account is.",
    "no_prompt": "Say in the prompt what is to be seen.",
    "resolution_not_offered": "{model} makes {resolutions}, not {resolution}.",
    "size_not_offered": "{model} does not make {size}. Try {sizes}.",
    "duration_fixed": "Videos of {model} are always {seconds} seconds long. Leave duration out.",
    "duration_not_offered": "{model} makes videos of {durations} seconds, not {seconds}.",
    "seed_range": "A seed is a whole number from 0 to {limit}.",
    "text_has_size": "Videos from words have a size, not a resolution. Set size instead.",
    "picture_has_resolution": (
        "The picture sets the shape of such a video; only its resolution can be set, not a size."
    ),
    "unknown_time_zone": "There is no time zone {name}. Choose one from the list that opens.",
    "log_channel_closed": "I need {missing} in that channel. Allow it there, or choose another.",
    "each_and_target": "Give either a target or each, not both.",
    "whole_number": "{unit} are whole numbers; {typed} is not.",
    "amount_range": "That amount is out of range. Give at least {least} and at most {most}.",
    "above_ceiling": (
        "The host's ceiling for this server is {ceiling} per {window}; moderators can only lower "
        "what the ceiling allows. Set no more than that, or ask the host."
    ),
    "grant_to_self": "Nobody grants to themselves. Ask another moderator.",
    "too_many_rules": (
        "{limit} rules are set on this server, which is the most. Clear one first; "
        "/moderate quota clear also drops those of deleted roles."
    ),
    "too_many_grants": (
        "That member has {limit} grants to use up already, which is the most. Wait until one is "
        "used or ends, or set a rule of their own."
    ),
    "word_empty": "There is nothing in that word that a prompt could be searched for.",
    "word_too_long": "That word is too long to be searched for. Block a shorter one.",
    "too_many_words": "{limit} words are blocked already, which is the most. Remove one first.",
    "unknown_guild": "I know of no server “{guild}”. Choose one from the list that opens.",
    "guild_not_ready": "I have just started. Please try again in a moment.",
    "guild_only": "Videos are made in a server, not here. Ask again in a channel of the server.",
}


_NOT_CANCELLABLE = {
    JobState.RUNNING: "This video is being made already; the provider cannot stop it.",
    JobState.DOWNLOADING: "This video is finished and on its way.",
    JobState.DELIVERING: "This video is finished and on its way.",
    JobState.PARKED: "This job waits for the host, who has been told.",
}


_NOT_RETRYABLE = {
    "retry_active": "That job is still under way. Wait for its end, or cancel it.",
    "retry_model_gone": "What that job asked for is no longer offered.",
    "retry_erased": "What that job was made from was erased. Start again.",
}


SOMETHING_WRONG = "Something went wrong (ref {reference}). The host can find it in the log."


OUTDATED_COMMAND = "This command has changed meanwhile. Reload Discord and try again."


UNUSABLE_OPTION = (
    "I cannot use one of these options here. Choose from Discord's list and try again."
)


ANSWER_TOO_LARGE = (
    "Discord does not take this video as an answer: it is too large. The host still has the file."
)


DUPLICATE = "This command has made its job already."


CHAT_UNAVAILABLE = "Discord cannot be reached just now. Please try again in a minute."


HOST_TROUBLE = (
    "I cannot keep anything just now: the disk or the database of my host is in trouble. Please "
    "try again in a few minutes; /jobs list shows whether anything was queued."
)


RESTARTING = "I am restarting. Please try again in a minute."


ONLY_OWN_BUTTON = "Only the requester or a moderator can do that."


def refusal(error: BotError, money: Money) -> str | None:
    """Return the sentence for an error the user can do something about; else None."""
    match error:
        case InvalidPromptError():
            option = error.field.replace("_", " ")
            return (
                f"The {option} has {error.actual:,} characters; {error.model} reads "
                f"{error.limit:,}. Shorten it."
            )
        case InvalidImageError():
            return _picture_sentence(error)
        case InvalidOptionsError():
            return _OPTIONS[error.problem].format_map(_facts(error.facts))
        case QuotaExceededError():
            return _quota_sentence(error.refusal, money)
        case QueueFullError():
            whose = "You have" if error.whose == "member" else "This server has"
            return (
                f"{whose} {error.waiting} {plural('job', error.waiting)} waiting already, which "
                "is the most allowed. Wait until one is done, or cancel one."
            )
        case NotPermittedError():
            names = " and ".join(f"**{name}**" for name in error.required)
            what = f"the {plural('permission', len(error.required))} {names}"
            if error.who == "operator":
                return "Only the host of this bot may do that."
            if error.who == "you":
                return f"You need {what} for that. Ask a moderator."
            return f"I need {what} in this channel. Ask a moderator, or use another channel."
        case GuildDisabledError():
            return "The host of this bot has not enabled videos for this server. Ask the host."
        case DrainingError():
            return (
                "The host of this bot takes no new videos for a while; those under way are "
                "finished. Please ask again later."
            )
        case DuplicateInteractionError():
            return DUPLICATE
        case JobNotFoundError():
            return "There is no such job. Job ids look like `7F3K2Q`; see /jobs list."
        case JobNotCancellableError():
            state = JobState(error.state)
            return _NOT_CANCELLABLE.get(state, "That job is over already.")
        case JobNotOverError():
            return "That job is still under way. Wait for its end, or cancel it first."
        case ExportTooLargeError():
            return (
                "That export is too large for Discord, even compressed. Choose a shorter period; "
                "the host can write any with `python -m bot usage export`."
            )
        case JobNotRetryableError():
            return _NOT_RETRYABLE[error.problem]
        case ChatUnavailableError():
            return CHAT_UNAVAILABLE
        case DatabaseUnavailableError() | DiskUnavailableError():
            return HOST_TROUBLE
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


def _picture_sentence(error: InvalidImageError) -> str:
    facts = _facts({"option": OPTIONS.get(error.option, error.option), **error.facts})
    template = _PICTURES.get(error.problem, _PICTURES["not_an_image"])
    return f"Not queued: {template.format_map(facts)}."


def _quota_sentence(refused: Refusal, money: Money) -> str:
    resets = relative(refused.resets_at)
    if refused.scope is Scope.BUDGET:
        return f"The host's budget for today is used up. It starts anew {resets}."
    if refused.limit == 0:
        whom = "the host" if refused.scope is Scope.CEILING else "a moderator"
        return f"Videos are blocked here by {SCOPE_WORDS[refused.scope]}. Ask {whom}."
    limit = amount(refused.unit, refused.limit, money)
    full = refused.used >= refused.limit
    used = "all of it is" if full else f"{amount(refused.unit, refused.used, money)} are"
    return (
        f"No room: {SCOPE_WORDS[refused.scope]} allows {limit} per "
        f"{WINDOW_WORDS[refused.window]}, and {used} used. It resets {resets}."
    )


def _facts(facts: Mapping[str, int | str]) -> SafeFormatMap:
    """Return facts for a sentence; some of them are what somebody typed."""
    return SafeFormatMap(
        {
            # Two asterisks would be read as italics, and sizes are full of them.
            key: (
                one_line(fact, FACT_CHARACTERS).replace("*", "×") if isinstance(fact, str) else fact
            )
            for key, fact in facts.items()
        }
    )


class SafeFormatMap(dict[str, object]):
    """Facts for a sentence; a missing one is a dash, never a traceback."""

    def __missing__(self, key: str) -> str:
        return "—"
