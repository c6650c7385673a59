"""The house's rules that a reader would otherwise have to check by eye."""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
PRODUCT = sorted(path for folder in ("bot", "cogs") for path in (ROOT / folder).rglob("*.py"))
NAMED = PRODUCT + sorted(
    path for folder in ("sandbox", "migrations") for path in (ROOT / folder).rglob("*.py")
)
MOST_LINES = 500
BANNED_NAMES = {"utils", "util", "helpers", "manager", "common", "misc"}

SYNONYMS = {
    "balance": "usage",
    "grab": "claim",
    "counter": "ledger",
    "pool": "lane",
}
"""Words the vocabulary replaces, as parts of names the domain gives."""

BOUNDARIES = {
    "cogs/_buttons.py": "buttons",
    "cogs/_errors.py": "autocompletes",
    "cogs/_pages.py": "page buttons",
    "cogs/_deletion.py": "the button that deletes",
    "cogs/_forms.py": "forms",
    "cogs/_panels.py": "panels",
    "cogs/_reports.py": "buttons under reports",
    "bot/services/messages/report_posts.py": "a report that cannot be drawn",
    "cogs/_guarded.py": "checks before a command",
    "bot/services/stages/supervisor.py": "the loop supervisor",
    "bot/services/messages/log_channels.py": "a line that cannot be drawn",
    "bot/services/jobs/outcomes.py": "work on one job, which parks the job that breaks it",
    "bot/services/messages/announcer.py": "a job that breaks its announcement",
    "bot/services/messages/status_updater.py": "a job that breaks its message or announcement",
    "bot/services/stages/dispatcher.py": "a job that breaks its create",
    "bot/media/decode.py": "decoders in the media child",
    "bot/media/turning.py": "hostile metadata in the media child",
    "bot/media/answers.py": "answers of the media child",
    "bot/media/worker_main.py": "work in the media child",
    "bot/cli.py": "the process",
}
"""Where everything may be caught, and what for."""

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
STILL_GOING_ON = {"stopping", "instance_waiting"}
"""Events that announce a wait before it is over."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def test_imports_go_the_allowed_ways(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))
    loggers = logging.Logger.manager.loggerDict.values()
    silent = {
        logger for logger in loggers if isinstance(logger, logging.Logger) and logger.disabled
    }
    code = lint_imports(config_filename="pyproject.toml", no_cache=True)
    for logger in loggers:  # import-linter silences everybody else's
        if isinstance(logger, logging.Logger):
            logger.disabled = logger in silent
    assert code == 0, capsys.readouterr().out


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_a_module_fits_in_the_head(path: Path) -> None:
    lines = path.read_text("utf-8").count("\n")
    assert lines <= MOST_LINES


def test_no_module_is_named_after_nothing() -> None:
    named = {part for path in NAMED for part in path.relative_to(ROOT).with_suffix("").parts}
    assert named & BANNED_NAMES == set()


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree_of(path))


@pytest.mark.parametrize("path", sorted((ROOT / "bot/domain").rglob("*.py")), ids=name_of)
def test_the_domain_uses_its_own_words(path: Path) -> None:
    names = {
        node.name.lower()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    used = {word for name in names for word in SYNONYMS if word in re.split(r"_|(?=[A-Z])", name)}
    assert used == set()


def catchers(path: Path) -> Iterator[ast.ExceptHandler]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ExceptHandler):
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            names = {kind.id if isinstance(kind, ast.Name) else None for kind in kinds}
            if node.type is None or names & {"Exception", "BaseException"}:
                yield node


def reraises(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler only cleans up: its last word is a bare ``raise``."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_everything_is_caught_only_at_a_named_boundary(path: Path) -> None:
    swallowing = [catcher.lineno for catcher in catchers(path) if not reraises(catcher)]
    assert not swallowing or name_of(path) in BOUNDARIES, f"{name_of(path)}:{swallowing}"


def test_every_named_boundary_is_one() -> None:
    real = {
        name_of(path)
        for path in PRODUCT
        if any(not reraises(catcher) for catcher in catchers(path))
    }
    assert set(BOUNDARIES) == real


def events(path: Path) -> Iterator[tuple[int, ast.expr | None]]:
    """Yield the event of each log call: ``log.info(event, …)``."""
    for node in ast.walk(tree_of(path)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in {"log", "_log", "logger"}
        ):
            yield node.lineno, node.args[0] if node.args else None


LOGGING = [path for path in PRODUCT if any(True for _ in events(path))]


@pytest.mark.parametrize("path", LOGGING, ids=name_of)
def test_a_log_event_is_a_constant_in_snake_case(path: Path) -> None:
    for line, event in events(path):
        if isinstance(event, ast.Name) and event.id == "name":
            continue  # an event that is also a line of the job's history
        assert isinstance(event, ast.Constant), f"{name_of(path)}:{line}"
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", repr(event.value)[1:-1]), f"{name_of(path)}:{line}"


@pytest.mark.parametrize("path", LOGGING, ids=name_of)
def test_a_log_event_says_what_happened(path: Path) -> None:
    named = {str(event.value) for _, event in events(path) if isinstance(event, ast.Constant)}
    unfinished = {name for name in named if re.search(r"ing(_|$)", name)}
    assert unfinished <= STILL_GOING_ON


def test_there_are_log_events_at_all() -> None:
    assert len(LOGGING) > 10
