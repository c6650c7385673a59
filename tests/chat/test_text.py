"""A sentence for everything that can be told, and none that shows raw facts."""

from __future__ import annotations

import ast
import re
import string
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from bot.chat import text
from bot.chat.text import host, jobs, refusals
from bot.domain import errors
from bot.domain.catalogue import Catalogue, Choices, Kind, Override, Region
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
from bot.domain.failure import FailureReason
from bot.domain.guilds import denials as guild_denials
from bot.domain.guilds.denials import QueueFullError, QuotaExceededError
from bot.domain.guilds.quota import Refusal, Scope, Unit, Window
from bot.domain.host.alerts import Alert, AlertKind
from bot.domain.host.disk import DiskUnavailableError
from bot.domain.ids import ChannelId
from bot.domain.jobs.states import JobState
from bot.domain.money import Money
from bot.domain.requests import denials
from bot.domain.requests.pictures import PictureNote
from bot.domain.requests.submission import VideoOptions, validate
from bot.media import recognise
from tests.chat.examples import NOW

ROOT = Path(__file__).parents[2]
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
    InvalidPromptError(field="negative_prompt", model="m", limit=500, actual=501),
    InvalidImageError(option="first_frame", problem="truncated"),
    InvalidOptionsError(problem="no_last_frame"),
    QuotaExceededError(a_refusal()),
    QueueFullError(whose="guild", waiting=100, limit=100),
    QueueFullError(whose="member", waiting=5, limit=5),
    NotPermittedError(who="bot", required=("Send Messages", "Attach Files")),
    NotPermittedError(who="you", required=("Moderate Members",)),
    errors.GuildDisabledError(),
    errors.DrainingError(),
    guild_denials.MemberBlockedError(),
    guild_denials.ChannelClosedError(instead=(ChannelId(600),)),
    guild_denials.ChannelClosedError(instead=()),
    denials.ModelDeniedError("wan2.2-kf2v-flash", instead=("wanx2.1-kf2v-plus",)),
    denials.ModelDeniedError(None, instead=()),
    denials.EffectDeniedError("Hug"),
    guild_denials.WordBlockedError(field="negative_prompt"),
    errors.DuplicateInteractionError(),
    errors.JobNotFoundError("zzz"),
    JobNotCancellableError(job_id="7F3K2Q", state="running"),
    JobNotRetryableError(job_id="7F3K2Q", problem="retry_erased"),
    errors.JobNotOverError(job_id="7F3K2Q", state="running"),
    errors.ExportTooLargeError(limit_bytes=10 * 2**20, actual_bytes=11 * 2**20),
]


def subclasses(kind: type[BotError]) -> set[type[BotError]]:
    return {kind} | {found for each in kind.__subclasses__() for found in subclasses(each)}


def is_plain(sentence: str) -> bool:
    """Tell whether a sentence has no hole, no traceback and an end."""
    return (
        not re.search(r"[{}—]|Error|None", sentence)
        and sentence.rstrip("`").endswith((".", "!"))
        and sentence.count(". ") <= 2
        and len(sentence) <= 300
    )


def test_every_class_of_refusals_has_an_example_here() -> None:
    assert {type(example) for example in EXAMPLES} == subclasses(RequestError) - {RequestError}


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_every_refusal_is_a_plain_sentence(error: RequestError) -> None:
    sentence = text.refusal(error, MONEY)
    assert sentence is not None
    assert is_plain(sentence), sentence


@pytest.mark.parametrize("kind", sorted(subclasses(DeliveryError), key=str))
def test_every_refusal_of_discord_says_that_nothing_was_queued_or_to_wait(
    kind: type[BotError],
) -> None:
    sentence = text.refusal(kind("403 50001: Missing Access"), MONEY) or ""
    assert is_plain(sentence), sentence
    patient = issubclass(kind, ChatUnavailableError)
    assert ("try again in a minute" if patient else "nothing was queued") in sentence


@pytest.mark.parametrize("error", [errors.DatabaseUnavailableError("x"), DiskUnavailableError("x")])
def test_trouble_of_the_host_is_told_without_its_facts(error: BotError) -> None:
    sentence = text.refusal(error, MONEY) or ""
    assert is_plain(sentence), sentence
    assert "try again in a few minutes" in sentence


def test_a_refusal_by_discord_names_what_helps() -> None:
    assert "AutoMod" in (text.refusal(ContentBlockedError(), MONEY) or "")
    for error in (MissingAccessError(), ChannelGoneError()):
        assert "view, send, embed and attach" in (text.refusal(error, MONEY) or "")


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
    assert text.refusal(error, MONEY) is None


@pytest.mark.parametrize("state", JobState)
def test_a_cancel_that_comes_too_late_is_explained_in_every_state(state: JobState) -> None:
    error = JobNotCancellableError(job_id="7F3K2Q", state=state.value)
    assert is_plain(text.refusal(error, MONEY) or "")


@pytest.mark.parametrize(("scope", "unit"), list(product(Scope, Unit)))
def test_a_quota_refusal_names_the_rule_what_is_used_and_when_it_resets(
    scope: Scope, unit: Unit
) -> None:
    sentence = text.refusal(QuotaExceededError(a_refusal(scope, unit)), MONEY) or ""
    assert is_plain(sentence), sentence
    assert "<t:1795179600:R>" in sentence
    if scope is not Scope.BUDGET:
        assert text.scope_words(scope) in sentence
        assert text.amount(unit, 10, MONEY) in sentence


def test_the_hosts_budget_keeps_its_figure_to_itself() -> None:
    refusal = a_refusal(Scope.BUDGET, Unit.COST, 50_000_000)
    assert "50" not in (text.refusal(QuotaExceededError(refusal), MONEY) or "").replace("795", "")


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.BUDGET])
def test_a_rule_of_zero_is_called_a_block_with_somebody_to_ask(scope: Scope) -> None:
    sentence = text.refusal(QuotaExceededError(a_refusal(scope, limit=0)), MONEY) or ""
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
    assert text.quoted_prompt(prompt) == f"```\n{shown}\n```"


@pytest.mark.parametrize("prompt", ["", " ", "\u200b\u200b", "\x00"])
def test_a_prompt_of_nothing_is_not_quoted(prompt: str) -> None:
    assert text.quoted_prompt(prompt) == ""


def test_typed_options_come_back_short_and_harmless() -> None:
    typed = "```\n@everyone" + "x" * 5000
    for error in (
        InvalidOptionsError(problem="unknown_model", model=typed, models="a, b"),
        InvalidOptionsError(
            problem="resolution_not_offered", model="m", resolutions="720P", resolution=typed
        ),
    ):
        sentence = text.refusal(error, MONEY) or ""
        assert len(sentence) < 300
        assert "`" not in sentence
        assert "\n" not in sentence


# --- every word of the domain has a sentence ---------------------------------------------------


@pytest.mark.parametrize("reason", FailureReason)
def test_every_failure_says_whether_anything_was_charged(reason: FailureReason) -> None:
    free = text.failure(reason, charged=False, lost=False)
    lost = text.failure(reason, charged=False, lost=True)
    charged = text.failure(reason, charged=True, lost=False)
    assert free.endswith("Nothing was charged.")
    assert lost.endswith("does not count against your quota.")
    assert charged.endswith("so it counts against your quota.")
    assert len({free, lost, charged}) == 3
    assert is_plain(jobs.FAILURES[reason])


def test_every_state_and_note_has_words() -> None:
    assert set(text.STATES) == set(text.ICONS) == set(JobState)
    assert len(set(text.STATES.values())) == len(JobState)
    assert set(jobs.NOTES) == set(PictureNote)
    for note in PictureNote:
        assert text.picture_notes("first_frame", (note,)).startswith("First frame: ")


@pytest.mark.parametrize("told", AlertKind)
def test_every_notice_fits_a_message_whatever_its_facts(told: AlertKind) -> None:
    facts = dict.fromkeys(
        ("subject", "reason", "error", "sent_at", "model", "why", "job_id", "expires_at"), "x" * 900
    )
    sentence = text.alert_words(Alert(kind=told, facts=facts, at=NOW))
    assert 900 < len(sentence) <= 2000


def holes(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def calls(folder: str) -> list[ast.Call]:
    return [
        node
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]


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
        assert holes(host._ALERTS[AlertKind[first.attr]]) <= given, first.attr
        told.add(first.attr)
    assert told == {kind.name for kind in AlertKind}


def strings_in(node: ast.AST | None) -> set[str]:
    """Return the constant strings an expression may be: ``x``, ``a if c else b``, ``f() or x``."""
    match node:
        case ast.Constant(value=str(found)):
            return {found}
        case ast.IfExp():
            return strings_in(node.body) | strings_in(node.orelse)
        case _:
            return set()


def raised(folder: str, error: str) -> dict[str, set[str]]:
    """Return the problems that are raised as an error, each with the facts that come along."""
    found: dict[str, set[str]] = {}
    for call in calls(folder):
        if not (isinstance(call.func, ast.Name) and call.func.id == error):
            continue
        keywords = {str(keyword.arg): keyword.value for keyword in call.keywords}
        first = call.args[0] if call.args else keywords.get("problem")
        for problem in strings_in(first):
            found[problem] = set(keywords)
    return found


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
    for problem in by_signature | set(re.findall(r'return "(\w+)"', by_text)):
        found.setdefault(problem, set())
    of_videos = {"not_a_video", "no_h264", "too_wide", "too_long"}
    return {problem: facts for problem, facts in found.items() if problem not in of_videos}


def test_the_sources_show_their_problems() -> None:
    assert {"truncated", "too_small", "svg", "archive", "unsupported_format"} <= set(
        picture_problems()
    )


@pytest.mark.parametrize("problem", sorted(picture_problems()))
def test_every_problem_of_a_picture_has_a_sentence_and_its_facts(problem: str) -> None:
    assert problem in refusals._PICTURES
    assert holes(refusals._PICTURES[problem]) - {"option"} <= picture_problems()[problem]
    facts: dict[str, int | str] = dict.fromkeys(picture_problems()[problem], 7)
    facts = {key: fact for key, fact in facts.items() if key not in {"option", "problem"}}
    error = InvalidImageError(option="last_frame", problem=problem, **facts)
    sentence = text.refusal(error, MONEY) or ""
    assert sentence.startswith("Not queued: ")
    assert "last frame" in sentence
    assert is_plain(sentence), sentence


@pytest.mark.parametrize("folder", ["bot/domain", "bot/services", "cogs"])
def test_every_problem_of_options_has_a_sentence_and_its_facts(folder: str) -> None:
    problems = raised(folder, "InvalidOptionsError")
    assert problems
    for problem, facts in problems.items():
        assert holes(refusals._OPTIONS[problem]) <= facts, problem


# --- what a wish can be refused for, with its real facts -----------------------------------------

REFUSED: dict[str, tuple[Region, Kind, VideoOptions, Choices]] = {
    "no_effects": (Region.SINGAPORE, Kind.EFFECT, VideoOptions(effect="hug"), Choices()),
    "unknown_effect": (Region.BEIJING, Kind.EFFECT, VideoOptions(effect="boom"), Choices()),
    "unknown_model": (Region.BEIJING, Kind.IMAGE, VideoOptions(), Choices(model="wan9")),
    "model_without_effect": (
        Region.BEIJING,
        Kind.EFFECT,
        VideoOptions(effect="melt"),
        Choices(model="wanx2.1-i2v-turbo"),
    ),
    "resolution_not_offered": (
        Region.BEIJING,
        Kind.IMAGE,
        VideoOptions(),
        Choices(resolution="4K"),
    ),
    "size_not_offered": (
        Region.BEIJING,
        Kind.TEXT,
        VideoOptions(prompt="fog"),
        Choices(size="1x1"),
    ),
    "no_prompt": (Region.BEIJING, Kind.TEXT, VideoOptions(), Choices()),
    "seed_range": (Region.BEIJING, Kind.FRAMES, VideoOptions(seed=-1), Choices()),
    "duration_fixed": (
        Region.BEIJING,
        Kind.IMAGE,
        VideoOptions(),
        Choices(duration_seconds=3),
    ),
    "duration_not_offered": (
        Region.BEIJING,
        Kind.IMAGE,
        VideoOptions(),
        Choices(model="wanx2.1-i2v-turbo", duration_seconds=9),
    ),
}


def said_of(catalogue: Catalogue, kind: Kind, options: VideoOptions, choices: Choices) -> str:
    """Return what somebody reads whose wish is refused."""
    with pytest.raises(RequestError) as caught:
        validate(catalogue, kind, options, choices)
    return text.refusal(caught.value, MONEY) or ""


def test_every_problem_of_a_wish_is_tried_here() -> None:
    problems = set(raised("bot/domain", "InvalidOptionsError"))
    assert set(REFUSED) | {"kind_not_offered"} == problems


@pytest.mark.parametrize("problem", sorted(REFUSED))
def test_a_refused_wish_is_a_plain_sentence_with_its_facts(problem: str) -> None:
    region, kind, options, choices = REFUSED[problem]
    with pytest.raises(InvalidOptionsError) as caught:
        validate(Catalogue.of_region(region), kind, options, choices)
    assert caught.value.problem == problem
    sentence = text.refusal(caught.value, MONEY) or ""
    assert is_plain(sentence), sentence
    for fact in holes(refusals._OPTIONS[problem]):
        assert str(caught.value.facts[fact]) in sentence.replace("×", "*")


@pytest.mark.parametrize("name", [None, "wan2.2-t2v-plus"])
def test_a_kind_that_nobody_makes_is_refused_in_a_plain_sentence(name: str | None) -> None:
    models = Catalogue.of_region(Region.BEIJING).of_kind(Kind.TEXT)
    without = Catalogue.of_region(
        Region.BEIJING, {model.name: Override(enabled=False) for model in models}
    )
    sentence = said_of(without, Kind.TEXT, VideoOptions(prompt="fog"), Choices(model=name))
    assert sentence == "This kind of video is not offered here."


@pytest.mark.parametrize("region", Region)
def test_a_list_of_models_is_never_cut_off(region: Region) -> None:
    catalogue = Catalogue.of_region(region)
    for kind in Kind:
        effects = [effect.name for effect in catalogue.effects] if kind is Kind.EFFECT else [None]
        for effect in effects:
            options = VideoOptions(prompt="fog", effect=effect)
            sentence = said_of(catalogue, kind, options, Choices(model="x" * 900))
            offered = [model.name for model in catalogue.of_kind(kind, effect=effect)]
            assert sentence.endswith(f"Try {', '.join(offered)}.")


@pytest.mark.parametrize("region", Region)
def test_a_list_of_sizes_tiers_or_lengths_is_never_cut_off(region: Region) -> None:
    catalogue = Catalogue.of_region(region)
    for model in catalogue:
        options = VideoOptions(prompt="fog")
        if model.kind is Kind.TEXT:
            choices = Choices(model=model.name, size="9x" * 900)
            sentence = said_of(catalogue, model.kind, options, choices).replace("×", "*")
            assert sentence.endswith(f"Try {', '.join(model.sizes)}.")
            continue
        choices = Choices(model=model.name, resolution="9" * 900)
        sentence = said_of(catalogue, model.kind, options, choices)
        assert f"{model.name} makes {', '.join(model.resolutions)}, not 9" in sentence


def test_every_problem_of_a_retry_has_a_sentence() -> None:
    assert set(raised("bot/services", "JobNotRetryableError")) == set(refusals._NOT_RETRYABLE)
