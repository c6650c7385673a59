"""A sentence for everything that can be told, and none that shows raw facts."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from itertools import product

import pytest

from bot.chat import limits, text
from bot.chat.text import alerts, failures, jobs, pictures, refusals
from bot.domain import errors
from bot.domain.catalogue import (
    CAMERA_MOVES,
    EFFECTS,
    Region,
    Suits,
)
from bot.domain.errors import (
    BotError,
    ChannelGoneError,
    ChatUnavailableError,
    ContentBlockedError,
    DeliveryError,
    InvalidImageError,
    InvalidOptionsError,
    InvalidPromptError,
    JobNotCancellableError,
    JobNotRetryableError,
    MissingAccessError,
    NotPermittedError,
    RequestError,
)
from bot.domain.failure import MEANINGS, Advice, FailureReason, RefusedPart
from bot.domain.guilds import denials as guild_denials
from bot.domain.guilds import reports
from bot.domain.guilds.denials import QueueFullError, QuotaExceededError
from bot.domain.guilds.quota import Refusal, Scope, Unit, Window
from bot.domain.host.alerts import Alert, AlertKind
from bot.domain.host.disk import DiskUnavailableError
from bot.domain.ids import ChannelId, JobId
from bot.domain.jobs import denials as job_denials
from bot.domain.jobs.refused import Refused
from bot.domain.jobs.states import JobState
from bot.domain.money import Money
from bot.domain.problems import (
    DecisionProblem,
    OptionProblem,
    Permission,
    PictureProblem,
    PromptOption,
    RetryProblem,
    SoundProblem,
)
from bot.domain.requests import denials
from bot.domain.requests.pictures import PictureNote
from bot.domain.requests.sounds import InvalidSoundError
from bot.media import recognise
from tests.chat.examples import NOW
from tests.chat.sources import ROOT, calls, holes, is_plain, raised, strings_in

MONEY = Money()


def a_refusal(scope: Scope = Scope.MEMBER, unit: Unit = Unit.VIDEOS, limit: int = 10) -> Refusal:
    return Refusal(
        scope=scope,
        unit=unit,
        window=Window.DAY,
        limit=limit,
        used=limit,
        resets_at=NOW + timedelta(hours=1),
    )


EXAMPLES: list[RequestError] = [
    InvalidPromptError(field=PromptOption.NEGATIVE_PROMPT, model="m", limit=500, actual=501),
    InvalidImageError(option="first_frame", problem=PictureProblem.TRUNCATED),
    InvalidOptionsError(problem=OptionProblem.NO_LAST_FRAME),
    InvalidSoundError(option="soundtrack", problem=SoundProblem.SILENT),
    QuotaExceededError(a_refusal()),
    QueueFullError(whose="guild", waiting=100, limit=100),
    QueueFullError(whose="member", waiting=5, limit=5),
    *(
        guild_denials.TooManyAttemptsError(limit=50, window=window, resets_at=NOW)
        for window in Window
    ),
    guild_denials.TooManyContentRefusalsError(limit=10, resets_at=NOW),
    NotPermittedError(who="bot", required=(Permission.SEND_MESSAGES, Permission.ATTACH_FILES)),
    NotPermittedError(who="you", required=(Permission.MODERATE_MEMBERS,)),
    errors.GuildDisabledError(),
    errors.DrainingError(),
    guild_denials.MemberBlockedError(),
    guild_denials.ChannelClosedError(instead=(ChannelId(600),)),
    guild_denials.ChannelClosedError(instead=()),
    denials.ModelDeniedError("wan2.2-kf2v-flash", instead=("wanx2.1-kf2v-plus",)),
    denials.ModelDeniedError(None, instead=()),
    denials.EffectDeniedError("Hug"),
    guild_denials.WordBlockedError(field=PromptOption.NEGATIVE_PROMPT),
    reports.NoLogChannelError(),
    reports.JobDeletedError(JobId("7F3K2Q")),
    reports.TooManyReportsError(limit=20),
    errors.DuplicateInteractionError(),
    errors.JobNotFoundError("zzz"),
    JobNotCancellableError(job_id="7F3K2Q", state="running"),
    JobNotRetryableError(job_id="7F3K2Q", problem=RetryProblem.ERASED),
    errors.JobNotOverError(job_id="7F3K2Q", state="running"),
    job_denials.NotRequesterError("7F3K2Q"),
    job_denials.PriceRoseError(micros=2_000_000, shown_micros=1_000_000),
    job_denials.OriginalGoneError("7F3K2Q"),
    job_denials.OriginalTooLargeError(actual_bytes=30 * 2**20, limit_bytes=10 * 2**20),
    denials.FormGoneError("0123456789AB"),
    errors.ExportTooLargeError(limit_bytes=10 * 2**20, actual_bytes=11 * 2**20),
    InvalidOptionsError(
        problem=OptionProblem.ABOVE_CEILING, unit=Unit.COST, window=Window.DAY, limit=10**6
    ),
    InvalidOptionsError(problem=OptionProblem.AMOUNT_RANGE, unit=Unit.COST, least=0, most=9),
    InvalidOptionsError(problem=OptionProblem.AMOUNT_RANGE, unit=Unit.VIDEOS, least=1, most=9),
    InvalidOptionsError(problem=OptionProblem.LOG_CHANNEL_CLOSED, missing="view_channel"),
    InvalidOptionsError(problem=OptionProblem.NO_EFFECTS, region="singapore"),
]


def subclasses(kind: type[BotError]) -> set[type[BotError]]:
    return {kind} | {found for below in kind.__subclasses__() for found in subclasses(below)}


def test_every_class_of_refusals_has_an_example_here() -> None:
    assert {type(example) for example in EXAMPLES} == subclasses(RequestError) - {RequestError}


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_every_refusal_is_a_plain_sentence(error: RequestError) -> None:
    sentence = text.refusals.refusal(error, MONEY)
    assert sentence is not None
    assert is_plain(sentence), sentence


@pytest.mark.parametrize("kind", sorted(subclasses(DeliveryError), key=str))
def test_every_refusal_of_discord_says_that_nothing_was_queued_or_to_wait(
    kind: type[BotError],
) -> None:
    sentence = text.refusals.refusal(kind("403 50001: Missing Access"), MONEY) or ""
    assert is_plain(sentence), sentence
    patient = issubclass(kind, ChatUnavailableError)
    assert ("try again in a minute" if patient else "nothing was queued") in sentence


@pytest.mark.parametrize("error", [errors.DatabaseUnavailableError("x"), DiskUnavailableError("x")])
def test_trouble_of_the_host_is_told_without_its_facts(error: BotError) -> None:
    sentence = text.refusals.refusal(error, MONEY) or ""
    assert is_plain(sentence), sentence
    assert "try again in a few minutes" in sentence


def test_a_refusal_by_discord_names_what_helps() -> None:
    assert "AutoMod" in (text.refusals.refusal(ContentBlockedError(), MONEY) or "")
    for error in (MissingAccessError(), ChannelGoneError()):
        assert "view, send, embed and attach" in (text.refusals.refusal(error, MONEY) or "")


@pytest.mark.parametrize(
    "error",
    [
        errors.ConflictError("x"),
        errors.StaleJobError("7F3K2Q"),
        errors.InvalidTransitionError("x"),
        errors.MediaUnreadableError("x"),
        errors.ProviderError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_nobody_asked_for_has_no_sentence(error: BotError) -> None:
    assert text.refusals.refusal(error, MONEY) is None


@pytest.mark.parametrize("state", JobState)
def test_a_cancel_that_comes_too_late_is_explained_in_every_state(state: JobState) -> None:
    error = JobNotCancellableError(job_id="7F3K2Q", state=state.value)
    assert is_plain(text.refusals.refusal(error, MONEY) or "")


@pytest.mark.parametrize(("scope", "unit"), list(product(Scope, Unit)))
def test_a_quota_refusal_names_the_rule_what_is_used_and_when_it_resets(
    scope: Scope, unit: Unit
) -> None:
    sentence = text.refusals.refusal(QuotaExceededError(a_refusal(scope, unit)), MONEY) or ""
    assert is_plain(sentence), sentence
    assert "<t:1795179600:R>" in sentence
    if scope not in {Scope.BUDGET, Scope.BUDGET_SHARE}:
        assert text.phrases.SCOPES[scope] in sentence
        assert text.phrases.amount(unit, 10, MONEY) in sentence


@pytest.mark.parametrize("scope", [Scope.BUDGET, Scope.BUDGET_SHARE])
def test_the_hosts_budget_keeps_its_figure_to_itself(scope: Scope) -> None:
    refusal = a_refusal(scope, Unit.COST, 50_000_000)
    assert "50" not in (text.refusals.refusal(QuotaExceededError(refusal), MONEY) or "").replace(
        "795", ""
    )


@pytest.mark.parametrize("scope", sorted(set(Scope) - {Scope.BUDGET, Scope.BUDGET_SHARE}))
def test_a_rule_of_zero_is_called_a_block_with_somebody_to_ask(scope: Scope) -> None:
    sentence = text.refusals.refusal(QuotaExceededError(a_refusal(scope, limit=0)), MONEY) or ""
    assert sentence.startswith("Videos are blocked here by")
    assert "Ask " in sentence


# --- prompts and other people's words ---------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("a cat", "a cat"),
        ("```js\n@everyone```", "'''js @everyone'''"),
        ("a\tb\r\n\n\nc", "a b c"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("\u202eevil\u2066\u200b\ufeff", "evil"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 299 + "…"),
        ("猫" * 400, "猫" * 299 + "…"),
    ],
)
def test_a_prompt_is_quoted_in_a_code_block_without_what_could_leave_it(
    prompt: str, shown: str
) -> None:
    assert text.phrases.quoted_prompt(prompt) == f"```\n{shown}\n```"


@pytest.mark.parametrize("prompt", ["", " ", "\u200b\u200b", "\x00"])
def test_a_prompt_of_nothing_is_not_quoted(prompt: str) -> None:
    assert text.phrases.quoted_prompt(prompt) == ""


def test_typed_options_come_back_short_and_harmless() -> None:
    typed = "```\n@everyone" + "x" * 5000
    for error in (
        InvalidOptionsError(problem=OptionProblem.UNKNOWN_MODEL, model=typed, models="a, b"),
        InvalidOptionsError(
            problem=OptionProblem.RESOLUTION_NOT_OFFERED,
            model="m",
            resolutions="720P",
            resolution=typed,
        ),
    ):
        sentence = text.refusals.refusal(error, MONEY) or ""
        assert len(sentence) < 300
        assert "`" not in sentence
        assert "\n" not in sentence


# --- every word of the domain has a sentence ---------------------------------------------------


def _refused(
    reason: FailureReason, part: RefusedPart | None = None, number: int | None = None
) -> Refused:
    meaning = MEANINGS[reason]
    return Refused(reason=reason, advice=meaning.advice, part=part or meaning.part, number=number)


@pytest.mark.parametrize("reason", FailureReason)
def test_every_failure_says_whether_anything_was_charged(reason: FailureReason) -> None:
    known = _refused(reason)
    free = text.failures.failure(known, charged=False, lost=False)
    lost = text.failures.failure(known, charged=False, lost=True)
    charged = text.failures.failure(known, charged=True, lost=False)
    assert free.endswith("Nothing was charged.")
    assert lost.endswith("does not count against your quota.")
    assert charged.endswith("so it counts against your quota.")
    assert len({free, lost, charged}) == 3
    assert all(is_plain(said) for said in (free, lost, charged))


TRY = {
    Advice.AGAIN_AS_IS: r"[Tt]ry again with /jobs retry",
    Advice.LATER: r"Try again .*later",
    Advice.CHANGE_FIRST: r"another try makes sense only with (another|other) ",
    Advice.NEVER: r"other try (makes no sense|is needed)",
}


@pytest.mark.parametrize("reason", FailureReason)
def test_every_failure_says_whether_another_try_makes_sense(reason: FailureReason) -> None:
    known = _refused(reason)
    said = text.failures.failure(known, charged=False, lost=False)
    assert [advice for advice, words in TRY.items() if re.search(words, said, re.IGNORECASE)] == [
        known.advice
    ]


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (
            _refused(FailureReason.CONTENT_PROMPT),
            (
                "The provider's content check refused the prompt. Another try makes sense only "
                "with another prompt. Nothing was charged."
            ),
        ),
        (
            _refused(FailureReason.CONTENT_INPUT),
            (
                "The provider's content check refused something in the request. It does not say "
                "what: another try makes sense only with other words or files. Nothing was "
                "charged."
            ),
        ),
        (
            _refused(FailureReason.CONTENT_PICTURE, RefusedPart.FIRST_FRAME),
            (
                "The provider's content check refused a picture. It is the first frame: another "
                "try makes sense only with another one. Nothing was charged."
            ),
        ),
        (
            _refused(FailureReason.PICTURE_SIZE, RefusedPart.LAST_FRAME),
            (
                "The provider does not take a picture of that size or shape. It is the last "
                "frame: another try makes sense only with another one. Nothing was charged."
            ),
        ),
        (
            _refused(FailureReason.PERSON_NOT_FOUND, RefusedPart.PICTURE),
            (
                "The provider needs a picture that shows one person, whole and from the front, "
                "and did not find that. Another try makes sense only with another picture. "
                "Nothing was charged."
            ),
        ),
        (
            _refused(FailureReason.IMAGE_REJECTED, RefusedPart.PICTURE, 3),
            (
                "The provider could not use a picture. It is picture 3: another try makes sense "
                "only with another one. Nothing was charged."
            ),
        ),
        (
            _refused(FailureReason.UPLOAD_REFUSED),
            (
                "The provider's store did not take what you attached. It does not say which file: "
                "another try makes sense only with other ones, or with a model that needs none. "
                "Nothing was charged."
            ),
        ),
        (
            _refused(FailureReason.CONTENT_OUTPUT),
            (
                "The provider's content check held the finished video back, not the request. The "
                "same may well succeed: try again with /jobs retry. Nothing was charged."
            ),
        ),
    ],
    ids=lambda value: value.reason.value if isinstance(value, Refused) else "",
)
def test_a_refusal_says_what_happened_which_part_and_what_to_do(known: Refused, said: str) -> None:
    assert text.failures.failure(known, charged=False, lost=False) == said


def test_every_part_that_may_have_to_change_has_a_sentence() -> None:
    assert set(failures.CHANGES) == set(RefusedPart) - {RefusedPart.VIDEO}
    assert set(failures.ADVICE) == set(Advice)
    assert set(failures.FAILURES) == set(FailureReason)


def test_every_state_and_note_has_words() -> None:
    assert set(text.jobs.STATES) == set(text.jobs.ICONS) == set(JobState)
    assert len(set(text.jobs.STATES.values())) == len(JobState)
    assert set(jobs.NOTES) == set(PictureNote)
    for note in PictureNote:
        assert text.jobs.picture_notes("first_frame", (note,)).startswith("First frame: ")


@pytest.mark.parametrize("told", AlertKind)
def test_every_notice_fits_a_message_whatever_its_facts(told: AlertKind) -> None:
    facts = dict.fromkeys(
        ("subject", "reason", "error", "sent_at", "model", "why", "job_id", "expires_at"), "x" * 900
    )
    sentence = text.alerts.alert_words(Alert(kind=told, facts=facts, at=NOW))
    assert 900 < len(sentence) <= 2000


def test_every_effect_says_in_one_line_what_it_does_and_whom_it_suits() -> None:
    assert set(text.effects.DOES) == {effect.name for effect in EFFECTS}
    assert set(text.effects.SUITS) == set(Suits)
    for effect in EFFECTS:
        line = text.suggestions.effect(effect)
        assert line.startswith(text.suggestions.permitted_effect(effect))
        assert len(line) <= limits.CHOICE_CHARACTERS


def test_every_notice_gets_the_facts_its_sentence_needs() -> None:
    told: set[str] = set()
    for call in calls("bot/services"):
        first = call.args[0] if call.args else None
        if not (
            isinstance(first, ast.Attribute)
            and isinstance(first.value, ast.Name)
            and first.value.id == "AlertKind"
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "fire"
        ):
            continue
        given = {"subject"} | {str(keyword.arg) for keyword in call.keywords}
        assert holes(alerts._ALERTS[AlertKind[first.attr]]) <= given, first.attr
        told.add(first.attr)
    assert told == {kind.name for kind in AlertKind}


def picture_problems() -> dict[str, set[str]]:
    """Return every problem of a picture that the sources can raise."""
    found: dict[str, set[str]] = {}
    for folder, error in (
        ("bot/media", "MediaUnreadableError"),
        ("bot/media", "InvalidImageError"),
        ("bot/services", "InvalidImageError"),
        ("cogs", "InvalidImageError"),
    ):
        found |= raised(folder, error)
    source = (ROOT / "bot/media/recognise.py").read_text("utf-8")
    by_text = source.partition("def _text_problem")[2].partition("\ndef ")[0]
    by_signature = {problem for _, problem in recognise._OTHERS}
    named = set(re.findall(r'"(\w+)"', source)) & set(PictureProblem)
    for problem in by_signature | named | set(re.findall(r'return "(\w+)"', by_text)):
        found.setdefault(problem, set())
    of_videos = {"not_a_video", "unknown_codec", "odd_layout", "too_wide", "too_long"}
    return {problem: facts for problem, facts in found.items() if problem not in of_videos}


def test_the_sources_show_their_problems() -> None:
    assert {"truncated", "too_small", "svg", "archive", "unsupported_format"} <= set(
        picture_problems()
    )


def test_every_problem_of_a_picture_is_raised_and_has_a_sentence() -> None:
    assert set(picture_problems()) == set(PictureProblem) == set(pictures.PROBLEMS)


@pytest.mark.parametrize("problem", PictureProblem)
def test_every_problem_of_a_picture_gets_the_facts_of_its_sentence(
    problem: PictureProblem,
) -> None:
    assert holes(pictures.PROBLEMS[problem]) - {"picture"} <= picture_problems()[problem]
    facts: dict[str, int | str] = dict.fromkeys(picture_problems()[problem], 7)
    facts = {key: fact for key, fact in facts.items() if key not in {"option", "problem"}}
    error = InvalidImageError(option="last_frame", problem=problem, **facts)
    sentence = text.refusals.refusal(error, MONEY) or ""
    assert sentence.startswith("Not queued: ")
    assert "last frame" in sentence
    assert is_plain(sentence), sentence


def sound_problems() -> dict[str, set[str]]:
    """Return every problem of a sound that the sources can raise, with its facts."""
    return (
        raised("bot/media", "refusal")
        | raised("bot/media", "InvalidSoundError")
        | raised("bot/services", "InvalidSoundError")
    )


def test_every_problem_of_a_sound_is_raised_and_has_a_sentence() -> None:
    assert set(sound_problems()) == set(SoundProblem) == set(text.sounds.PROBLEMS)


@pytest.mark.parametrize("problem", SoundProblem)
def test_every_problem_of_a_sound_is_a_plain_sentence(problem: SoundProblem) -> None:
    facts: dict[str, int | str] = dict.fromkeys(holes(text.sounds.PROBLEMS[problem]) - {"sound"}, 7)
    error = InvalidSoundError(option="soundtrack", problem=problem, **facts)
    sentence = text.refusals.refusal(error, MONEY) or ""
    assert sentence.startswith("Not queued: ")
    assert "soundtrack" in sentence
    assert is_plain(sentence), sentence


def test_every_problem_of_options_is_raised_and_has_a_sentence() -> None:
    found = {
        problem
        for folder in ("bot/domain", "bot/services", "cogs")
        for problem in raised(folder, "InvalidOptionsError")
    }
    assert found == set(OptionProblem) == set(text.options.PROBLEMS)


WORDED: dict[str, set[str]] = {
    OptionProblem.ABOVE_CEILING: {"unit", "window", "limit"},
    OptionProblem.AMOUNT_RANGE: {"unit", "least", "most"},
}
"""Facts that become words before they stand in a sentence."""


@pytest.mark.parametrize("folder", ["bot/domain", "bot/services", "cogs"])
def test_every_problem_of_options_gets_the_facts_of_its_sentence(folder: str) -> None:
    problems = raised(folder, "InvalidOptionsError")
    assert problems
    for problem, facts in problems.items():
        needed = WORDED.get(problem) or holes(text.options.PROBLEMS[OptionProblem(problem)])
        assert needed <= facts, problem


def test_every_refused_decision_has_a_sentence_and_its_facts() -> None:
    found: dict[str, set[str]] = {}
    for call in calls("bot/services/reconciliation"):
        if isinstance(call.func, ast.Name) and call.func.id == "DecisionRefusedError":
            (problem,) = strings_in(call.args[0])
            found[problem] = {str(keyword.arg) for keyword in call.keywords}
    assert set(found) == set(DecisionProblem) == set(text.decisions.PROBLEMS)
    for problem, facts in found.items():
        assert holes(text.decisions.PROBLEMS[DecisionProblem(problem)]) == facts, problem


def test_every_problem_of_a_retry_is_raised_and_has_a_sentence() -> None:
    found = set(raised("bot/services", "JobNotRetryableError"))
    assert found == set(RetryProblem) == set(refusals._NOT_RETRYABLE)


def test_every_permission_and_option_with_words_has_its_sentence() -> None:
    assert set(refusals._PERMISSIONS) == set(Permission)
    assert set(refusals._TOO_LONG) == set(text.denials._WORD_STOPPED) == set(PromptOption)


def test_every_camera_move_has_its_name() -> None:
    assert set(text.choices.CAMERA_MOVES) == set(CAMERA_MOVES)
    assert len(CAMERA_MOVES) == 12


@pytest.mark.parametrize("region", Region)
def test_every_region_has_its_names(region: Region) -> None:
    assert region in text.options.REGIONS
    assert text.guide.pictures(region)
