"""Every sentence a person reads, in one place: a second language replaces this file.

Layout lives in ``status`` and ``panels``; which sentence fits which error is decided here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from bot.chat import limits
from bot.domain.errors import (
    BotError,
    ChannelGoneError,
    ChatUnavailableError,
    ContentBlockedError,
    DeliveryError,
    DuplicateInteractionError,
    GuildDisabledError,
    InvalidImageError,
    InvalidOptionsError,
    InvalidPromptError,
    JobNotCancellableError,
    JobNotFoundError,
    JobNotRetryableError,
    MissingAccessError,
    NotPermittedError,
    QueueFullError,
    QuotaExceededError,
)
from bot.domain.failure import FailureReason
from bot.domain.job import JobState
from bot.domain.pacing import Estimate
from bot.domain.quota import MICROS, Refusal, Scope, Unit, Window
from bot.domain.status import Notice, Told
from bot.domain.submission import PictureNote


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """How amounts are shown; the ledger holds micro-CNY."""

    currency: str = "CNY"
    per_cny: float = 1.0

    def show(self, micros: int) -> str:
        """Return an amount with its currency."""
        return f"{self.figure(micros)} {self.currency}"

    def figure(self, micros: int) -> str:
        """Return an amount without its currency."""
        return f"{micros / MICROS * self.per_cny:,.2f}"


STATES = {
    JobState.QUEUED: "Waiting",
    JobState.SUBMITTING: "Being handed over",
    JobState.UNCONFIRMED: "Checking with the provider",
    JobState.PENDING: "In the provider's queue",
    JobState.RUNNING: "Being made",
    JobState.DOWNLOADING: "Fetching the video",
    JobState.DELIVERING: "Uploading",
    JobState.PARKED: "Needs the host",
    JobState.DELIVERED: "Done",
    JobState.UNDELIVERABLE: "Done, but could not be posted",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Cancelled",
    JobState.EXPIRED: "Expired",
}

ICONS = {
    JobState.QUEUED: "🕓",
    JobState.SUBMITTING: "📨",
    JobState.UNCONFIRMED: "🔎",
    JobState.PENDING: "🕓",
    JobState.RUNNING: "🎬",
    JobState.DOWNLOADING: "📥",
    JobState.DELIVERING: "📤",
    JobState.PARKED: "🛠️",
    JobState.DELIVERED: "✅",
    JobState.UNDELIVERABLE: "📦",
    JobState.FAILED: "❌",
    JobState.CANCELLED: "🚫",
    JobState.EXPIRED: "⌛",
}

NOTES = {
    PictureNote.ROTATED: "turned upright",
    PictureNote.FIRST_OF_ANIMATION: "first picture of the animation taken",
    PictureNote.FLATTENED: "transparency set on white",
    PictureNote.SCALED_DOWN: "scaled down",
    PictureNote.SCALED_UP: "scaled up",
    PictureNote.CROPPED: "cropped to the first frame's shape",
    PictureNote.PADDED: "set on a blurred edge to match the first frame's shape",
}

OPTIONS = {"first_frame": "first frame", "last_frame": "last frame", "image": "picture"}

NOT_CHARGED = "Nothing was charged."
CHARGED = "It was made, so it counts against your quota."
GIVEN_BACK = "It does not count against your quota."

FAILURES = {
    FailureReason.CONTENT_INPUT: (
        "The provider's content check refused the pictures or the prompt. Try other ones."
    ),
    FailureReason.CONTENT_OUTPUT: (
        "The provider's content check held the finished video back. Try another prompt or seed."
    ),
    FailureReason.CONTENT: (
        "The provider's content check refused this. Try other pictures or another prompt."
    ),
    FailureReason.IP_INFRINGEMENT: (
        "The provider suspects that this copies somebody's protected work. Try other pictures "
        "or another prompt."
    ),
    FailureReason.IMAGE_REJECTED: (
        "The provider could not use a picture. Try it as a plain JPEG or PNG."
    ),
    FailureReason.PARAMETERS_REJECTED: (
        "The provider refused these settings. Try another model or resolution; the host can see "
        "the details in the log."
    ),
    FailureReason.MODEL_OFF: (
        "The host's account may not use this model at present. Choose another one."
    ),
    FailureReason.PROVIDER_FAULT: "The provider broke down while making this. Try again later.",
    FailureReason.PROVIDER_TIMEOUT: (
        "The provider did not finish within its three hours. Try again later."
    ),
    FailureReason.TASK_LOST: "The provider no longer knows this video.",
    FailureReason.OUTCOME_UNKNOWN: (
        "Nobody could find out whether the provider took this. Please ask again with /jobs retry."
    ),
    FailureReason.RESULT_EXPIRED: (
        "The video was made, but its address expired before it could be fetched."
    ),
    FailureReason.RESULT_UNREADABLE: "What the provider handed out is not a playable video.",
    FailureReason.QUEUE_EXPIRED: "This waited in line for too long.",
    FailureReason.STATUS_REFUSED: "Discord would not let me post the status message here.",
    FailureReason.STATUS_MISSING: "The status message could not be posted in time.",
    FailureReason.UNDELIVERABLE: (
        "The video is done, but neither this channel nor your direct messages take it. "
        "Collect it with /jobs show."
    ),
    FailureReason.BROKEN: "Something went wrong on our side, more than once.",
}

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
    "unknown_model": "There is no model {model} for this. Choose one of: {models}.",
    "kind_not_offered": "This kind of video is not offered here.",
    "model_off": "{model} is switched off at present. Choose another model.",
    "model_without_effect": "{model} does not know this effect. Choose one of: {models}.",
    "unknown_effect": "There is no effect “{effect}”. Choose one from the list that opens.",
    "no_effects": "The provider has no effects in {region}, where this bot's account is.",
    "no_prompt": "Say in the prompt what is to be seen.",
    "resolution_not_offered": "{model} makes {resolutions}, not {resolution}.",
    "size_not_offered": "{model} does not make {size}. Choose one of: {sizes}.",
    "duration_fixed": "Videos of {model} are always {seconds} seconds long. Leave duration out.",
    "duration_not_offered": "{model} makes videos of {durations} seconds, not {seconds}.",
    "seed_range": "A seed is a whole number from 0 to {limit}.",
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
RESTARTING = "I am restarting. Please try again in a minute."
ONLY_OWN_BUTTON = "Only the requester or a moderator can do that."

_PAUSES = {"account": "The provider refuses the host's account at present; jobs wait."}

_NOTICES = {
    Told.ACCOUNT_PAUSED: (
        "The provider refuses the account ({reason}). Nothing is submitted; jobs wait. "
        "I try again every 5 minutes."
    ),
    Told.LANE_OFF: "The account may not use {subject} ({reason}). Its jobs failed, uncharged.",
    Told.JOB_PARKED: (
        "Job {subject} broke its worker three times ({error}) and is parked. "
        "See `python -m bot jobs show {subject}`; go on with "
        "`python -m bot jobs reconcile {subject} --again` or give up with `--failed`."
    ),
    Told.JOB_UNCONFIRMED: (
        "Nobody saw the answer to job {subject}'s create at {sent_at} ({model}, {why}). "
        "Decide with `python -m bot jobs reconcile {subject}` and one of `--task ID`, `--failed`, "
        "`--again`."
    ),
    Told.ORPHAN_TASK: "Task {subject} belongs to no job any more (job {job_id}).",
    Told.RESULT_HOST: (
        "Job {subject}: the result lies on a host outside RESULT_HOSTS. {reason} "
        "Widen RESULT_HOSTS and restart; I try until the address expires."
    ),
    Told.RESULT_DEADLINE: "Job {subject}: the result expires at {expires_at} and is not on disk.",
    Told.OPERATOR_LOSS: "Job {subject}: a billed video was lost ({reason}); given back.",
}

_INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
"""Unicode categories that show nothing or turn the direction of what follows."""

_FACT_CHARACTERS = 200
"""What somebody typed is repeated to them no longer than this; every list of ours is shorter."""

_WINDOW_WORDS = {Window.DAY: "day", Window.WEEK: "week", Window.MONTH: "month"}

_SCOPE_WORDS = {
    Scope.BUDGET: "the host's budget for all servers",
    Scope.CEILING: "the host's ceiling for this server",
    Scope.SERVER: "this server's rule",
    Scope.MEMBER_DEFAULT: "the rule for members",
    Scope.ROLE: "your role's rule",
    Scope.MEMBER: "your own rule",
}


def relative(moment: datetime) -> str:
    """Return a moment that Discord counts down by itself."""
    return f"<t:{int(moment.timestamp())}:R>"


def clock_time(moment: datetime) -> str:
    """Return a moment as the time of day of whoever reads it."""
    return f"<t:{int(moment.timestamp())}:t>"


def expected(estimate: Estimate) -> str:
    """Return when a job should be done, and how sure that is."""
    words = f"expected {relative(estimate.done_at)}"
    if not estimate.samples:
        return f"{words} (a first guess)"
    if estimate.late_at is not None:
        return f"{words}, by {clock_time(estimate.late_at)} in 9 of 10 cases"
    return words


def one_line(typed: str, most_characters: int) -> str:
    """Return what somebody typed on one short line, without backticks and invisible characters."""
    visible = "".join(
        character
        for character in " ".join(typed.split())
        if unicodedata.category(character) not in _INVISIBLE
    )
    return shortened(visible.replace("`", "'").strip(), most_characters)


def shortened(words: str, most_characters: int) -> str:
    """Return a text cut to a length, with an ellipsis where something is missing."""
    if len(words) <= most_characters:
        return words
    return words[: most_characters - 1].rstrip() + "…"


def quoted_prompt(prompt: str) -> str:
    """Return a prompt as a code block; nothing where no visible character is left."""
    cleaned = one_line(prompt, limits.PROMPT_CHARACTERS)
    return f"```\n{cleaned}\n```" if cleaned else ""


def amount(unit: Unit, figure: int, money: Money) -> str:
    """Return a figure with its unit."""
    match unit:
        case Unit.VIDEOS:
            return f"{figure:,} {plural('video', figure)}"
        case Unit.SECONDS:
            return f"{figure:,} s of video"
        case Unit.COST:
            return money.show(figure)
        case _:
            assert_never(unit)


def figure(unit: Unit, amount: int, money: Money) -> str:
    """Return a figure whose unit follows: the 3 in 3 of 10 videos."""
    return money.figure(amount) if unit is Unit.COST else f"{amount:,}"


def plural(word: str, count: int) -> str:
    """Return a word for a count."""
    return word if count == 1 else f"{word}s"


def this_window(window: Window) -> str:
    """Return a window as the present one: today, this week, this month."""
    return "today" if window is Window.DAY else f"this {_WINDOW_WORDS[window]}"


def window_words(window: Window) -> str:
    """Return a window's name."""
    return _WINDOW_WORDS[window]


def scope_words(scope: Scope) -> str:
    """Return whose rule it is."""
    return _SCOPE_WORDS[scope]


def pause(key: str) -> str:
    """Return why nothing is submitted."""
    return _PAUSES[key]


def notice(told: Notice) -> str:
    """Return what an operator reads."""
    words = _NOTICES[told.told].format_map(_Lenient(told.facts))
    return shortened(words, limits.CONTENT_CHARACTERS)


def picture_notes(option: str, notes: tuple[PictureNote, ...]) -> str:
    """Return what was done to a picture."""
    return f"{OPTIONS[option].capitalize()}: {', '.join(NOTES[note] for note in notes)}"


def failure(reason: FailureReason, *, charged: bool, lost: bool) -> str:
    """Return why there is no video, and whether anything was charged."""
    if charged:
        return f"{FAILURES[reason]} {CHARGED}"
    return f"{FAILURES[reason]} {GIVEN_BACK if lost else NOT_CHARGED}"


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
            if error.who == "you":
                return f"You need {what} for that. Ask a moderator."
            return f"I need {what} in this channel. Ask a moderator, or use another channel."
        case GuildDisabledError():
            return "The host of this bot has not enabled videos for this server. Ask the host."
        case DuplicateInteractionError():
            return DUPLICATE
        case JobNotFoundError():
            return "There is no such job. Job ids look like `7F3K2Q`; see /jobs list."
        case JobNotCancellableError():
            state = JobState(error.state)
            return _NOT_CANCELLABLE.get(state, "That job is over already.")
        case JobNotRetryableError():
            return _NOT_RETRYABLE[error.problem]
        case ChatUnavailableError():
            return CHAT_UNAVAILABLE
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
            return None


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
        return f"Videos are blocked here by {_SCOPE_WORDS[refused.scope]}. Ask {whom}."
    limit = amount(refused.unit, refused.limit, money)
    full = refused.used >= refused.limit
    used = "all of it is" if full else f"{amount(refused.unit, refused.used, money)} are"
    return (
        f"No room: {_SCOPE_WORDS[refused.scope]} allows {limit} per "
        f"{_WINDOW_WORDS[refused.window]}, and {used} used. It resets {resets}."
    )


def _facts(facts: Mapping[str, int | str]) -> _Lenient:
    """Return facts for a sentence; some of them are what somebody typed."""
    return _Lenient(
        {
            # Two asterisks would be read as italics, and sizes are full of them.
            key: (
                one_line(fact, _FACT_CHARACTERS).replace("*", "×")
                if isinstance(fact, str)
                else fact
            )
            for key, fact in facts.items()
        }
    )


class _Lenient(dict[str, object]):
    """Facts for a sentence; a missing one is a dash, never a traceback."""

    def __missing__(self, key: str) -> str:
        return "—"
